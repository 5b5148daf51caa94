"""Patterns of signs that are weighed: what is counted in a response, how it ends, and what an instruction asks for.

Of polars (Rust) regular expressions, as in `curate.damage.patterns`.
"""

# patterns are easier to read in whole alternatives
# ruff: noqa: E501, ISC004
from __future__ import annotations

from typing import Final

from curate.damage.patterns import ABOUT_DIALOGUE, ECHOING, HTML, LISTED, SUM_END
from curate.text import any_of

#: Phrases that say nothing of the matter: hedges, transitions, and closings of a letter to nobody.
FILLER: Final = any_of(
    r"\b(?:it(?:'s| is)|it should be) (?:also |very |always )?(?:important|worth|good|essential|crucial|said|noted)"
    r"(?: to)? ?(?:note|noting|mention|mentioning|remember|remembering|keep|be said|be noted|understand|idea|that)",
    r"\b(?:many|several|various|lots? of|countless|a number of|multiple) (?:different |other )?(?:factors|aspects|things|"
    r"sides|opinions|possibilities|considerations)\b",
    r"\b(?:it|this|that) (?:all |really |just )?(?:depends|comes down)\b",
    r"\beveryone is different|every(?:one|body) has (?:their|his)|every (?:situation|case|person|one) is (?:different|unique)",
    r"\b(?:in conclusion|to sum (?:it )?up|to summarize|in summary|all in all|at the end of the day|overall,|"
    r"when all is said|needless to say|as (?:we|you) all know|as everyone knows|last but not least|first and foremost|"
    r"having said that|that being said|with that (?:being )?said|as (?:mentioned|stated|discussed) (?:above|before|earlier))",
    r"\bi hope (?:this|that|it|these|you)\b[^.!?\n]{0,40}\b(?:help|useful|clear|answer|enjoy|find)",
    r"\b(?:let me know|feel free|do(?:n't| not) hesitate|please (?:ask|contact|reach out)|if you (?:have|need) (?:any|"
    r"anything|more|further|other))\b",
    r"\bin today's (?:\w+[- ]){0,3}(?:world|society|age|times?)|in this day and age|more (?:than|important than) ever",
    r"\b(?:that(?:'s| is)|what) (?:a|an) (?:great|good|excellent|interesting) question|happy to (?:help|assist)|"
    r"glad (?:you asked|to help)",
    r"\bthere is (?:so )?much more|more (?:could|can) be (?:said|added)|the (?:list|possibilities) (?:goes|are)",
    r"\bthank you for (?:asking|your question|reading)|have a (?:great|nice|wonderful|good) day|hope (?:that )?helps",
    r"\b(?:results|mileage) may vary|do your own research|take (?:it )?with a grain|no (?:single |one )?right answer",
    r"\bwithout further ado|let(?:'s| us) (?:dive|take a (?:closer )?look|explore)|(?:play|plays) an? (?:\w+ )?role",
)
_LANGUAGES: Final = (
    r"(?:english|german|french|spanish|portuguese|italian|dutch|russian|chinese|mandarin|cantonese|japanese|korean|"
    r"arabic|hindi|latin|greek|polish|swedish|danish|norwegian|finnish|turkish|hebrew|ukrainian|czech|romanian|"
    r"hungarian|vietnamese|thai|indonesian|malay|swahili|persian|farsi|urdu|bengali|tamil|telugu|esperanto|catalan|irish|"
    r"welsh|bulgarian|croatian|serbian|slovak|filipino|tagalog|inglés|alemán|francés|español|castellano|anglais|allemand|"
    r"français|espagnol|italien|englisch|deutsch|französisch|spanisch|italienisch|inglês|alemão|francês|espanhol|italiano|"
    r"inglese|tedesco|francese|spagnolo|英|中|日|translat|übersetz|tradu|vertaal|перев|language|bilingual|multilingual|"
    r"sprache|langue|idioma|lingua)"
)
#: Per response, how often each is there, beside `FILLER`.
COUNTED: Final[dict[str, str]] = {
    "html": HTML,
    "markup": r"\[\d{1,3}\]|\[edit\]|\[/?(?:b|i|u|url|quote|img|code|size|color)(?:=[^\]\n]*)?\]|\[\[|\]\]|\]\(\s*#?\s*\)|"
    r"!\[[^\]\n]*\]\(\s*\)|\]\([^)\s]*(?:\s|\z)|&lt;|&gt;|&amp;|\{\{|\}\}",
    "stars": r"\*\*",
    "escapes": r"\\(?:n|t|r|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[\"'])|&#\d{2,4};",
    "lost": r"\p{L}[?\x{FFFD}]\p{Ll}|\s\?\p{Ll}|\x{FFFD}",
    "opened": r"[(\[{]",
    "closed": r"[)\]}]",
    "quotes": r"\"",
    "single": r"(?:^|\s)\S(?:\s\S){5,}",
    "unclosed_line": r"(?m)[^\s.!?:;,。！？؟।…)\]\"'”’*|`>}]\s*$",
    "inline_items": r"[^\n\d][ \t](?:\d{1,2}[.)]|[-•*])[ \t]+\p{Lu}",
    "labels": r"(?m)^[\s#*]*(?:Instruction|Input|Output|Response|Answer|Question|Human|Assistant|User|AI|Bot|Q|A|GPT|Prompt|"
    r"Completion|System|Context|Task)\s?\d?\**:",
}
#: Of the last line.
ENDINGS: Final[dict[str, str]] = {
    "end_mark": r"[.!?。！？؟।…][)\]\"'”’»*_`]*\s*\z",
    "end_small": r"\p{Ll}\z",
    "end_inside": r"[\p{Ll}\p{Lo})\"”'’]{2}[.!?][\"”'’)]*\s+[\"“‘'(]?[\p{Lu}\d][^.!?]*\z",
    "end_pause": r"[,;(\[{–—-]\z|[,;(\[{–—=+]\s*\z",
    "end_sum": SUM_END,
    "end_colon": r":[*_]*\z",
    "end_listed": LISTED,
    "end_bullet": r"\A\s*(?:[-*•]|\(?\d{1,3}[.):])\s*\z",
}
#: Whether each is in a text of `curate.damage.raw.texts_of`.
HOLDS: Final[dict[str, tuple[str, str]]] = {
    "starts_small": ("response", r"\A[\"'(*_]*\p{Ll}"),
    "starts_pause": ("response", r"\A[,;:.!?)\]}%]"),
    "label_first": (
        "prose",
        r"\A[\s#*]*(?:Instruction|Input|Output|Response|Answer|Assistant|AI|Bot|GPT|Completion|Model|ChatGPT)\**:",
    ),
    "promise": (
        "prose",
        r"(?i)\A(?:sure|of course|certainly|absolutely|okay|ok|yes|no problem|got it|alright|here (?:you go|it is|is|are)|"
        r"see (?:above|below|attached)|as (?:discussed|requested|mentioned|before)|i (?:will|would|can|'ll)|i'll|"
        r"please (?:see|wait|find)|coming|working on|let me|done|thanks?)\b",
    ),
}
#: What an instruction asks for: the text of `curate.damage.excuses` that it is looked for in, and a pattern.
ASKS: Final[dict[str, tuple[str, str]]] = {
    "asks_text": (
        "asked_first",
        r"(?i)\b(?:describe|explain|compose|discuss|summari[sz]e|essay|story|paragraph|poem|a speech|letter (?:to|of|for|from)|"
        r"an? e-?mail (?:to|for|about)|article (?:on|about)|report (?:on|about)|outline|compare|contrast|how (?:do|does|can|to|would|should|did)|why|steps|plan|in detail|"
        r"(?:list|name|give|suggest|write|provide|generate|create)(?: me)? (?:at least )?(?:three|four|five|six|seven|eight|"
        r"ten|[3-9]|1\d|some|several|a few|a list of|ideas|ways|tips|examples|reasons))\b",
    ),
    "asks_short": (
        "asked",
        r"(?i)\b(?:one[- ]word|single[- ]word|in a word|classif|categori[sz]|label|yes or no|true or false|sentiment|"
        r"emoji|joke|how (?:many|much|old|long|far|tall)|which|one number|just the|only the|title|name for)",
    ),
    "asks_dialogue": ("asked", ABOUT_DIALOGUE),
    "asks_echo": ("asked", ECHOING),
    "asks_form": (
        "asked",
        r"(?i)\b(?:lower ?case|lower-case|upper ?case|capital|caps|without (?:any )?punctuation|unpunctuated|punctuation|"
        r"shout|haiku|e\. ?e\.|poem|lyrics?|texting|text message|send a text|slang|telegram|headline|acronym|tweet|tanka|stream|"
        r"metaphor|shuffl|scrambl|jumble|backwards?|nonsense|gibberish|random|sign\b|ticker|mashing|pig latin)",
    ),
    "asks_language": ("instruction", rf"(?i){_LANGUAGES}"),
    "asks_letter": (
        "asked",
        r"(?i)\b(?:e-?mails?|letter|reply|message|invitation|note\b|out-of-office|closing|customer|clich|phrases|announcement|"
        r"thank[- ]you|cover letter|speech|welcome|memo|farewell|greeting)",
    ),
    "asks_code": (
        "asked",
        r"(?i)\b(?:code|function|program|script|sql|query|regex|python|java|javascript|html|css|c\+\+|class|method|json|xml|"
        r"command|algorithm|api|bash|shell|formula|equation|latex|yaml|csv|table)\b",
    ),
    "asks_repeat": (
        "asked",
        r"(?i)\b(?:repeat|sing\b|verses?|counting|sound|noise|echo|onomatop|laugh|stutter|write out|chant|refrain|chorus|song|lyrics?|times|anaphora|drill|mantra|loop|alliterat|rhyme|nursery|poem|"
        r"pattern)",
    ),
}
