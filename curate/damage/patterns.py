"""Signs of damage in a text: leaked templates, stand-ins, mis-decoded characters, leftover markup, broken endings.

Patterns of polars (Rust) regular expressions, and of what an instruction is about where such signs are no damage.
"""

# ruff: noqa: E501 - patterns are easier to read in whole alternatives
from __future__ import annotations

from typing import Final

from curate.text import any_of

# --- template_tokens -------------------------------------------------------------------------------------------------
#: Marks of the common chat templates: ChatML, Llama 2 and 3, Gemma, Phi, Zephyr, Alpaca.
TEMPLATE: Final = (
    r"<\|(?:im_start|im_end|im_sep|endoftext|endofprompt|eot_id|eom_id|start_header_id|end_header_id|"
    r"begin_of_text|end_of_text|"
    r"system|user|assistant|end|eos|pad)\|>"
    r"|\[/?INST\]|<</?SYS>>|</?(?:start|end)_of_turn>|<start_of_turn>|<end_of_turn>|</s>[ \t]*(?:\n|\z)|\A<s>"
    r"|(?m:^### ?(?:Response|Instruction|Human|Assistant|Input|Output|Answer|User|System|Question)\b ?:)"
    r"|<\|[a-z_]{2,24}\|>|<(?:pad|eos|bos|unk|EOS|BOS|PAD|UNK|eod|eot)>"
    r"|Below is an instruction that describes a task|Write a response that appropriately completes the request"
)

#: A mark that a program put where a text ends.
END_MARK: Final = r"(?:<\|[a-z_]{2,24}\|>|</s>|<(?:eos|EOS|eod|eot|end_of_turn)>)\s*\z"
#: The evidence where a response ends in one; reading can take such a mark off (`end_of_text`).
ENDS_IN: Final = "ends in {}"

#: Another request and its answer, after an answer.
ASKS_ON: Final = r"\n\s*(?:Human|User|Instruction|Prompt|Q|Question|Input):"
WENT_ON: Final = rf"\S\s*{ASKS_ON}[^\n]*\n+\s*(?:Assistant|AI|Bot|Response|Output|Answer|A|GPT):"
ABOUT_DIALOGUE: Final = (
    r"(?i)\b(?:dialog(?:ue)?|conversation|chat|interview|script|scene|play|faq|questions?|q&a|quiz|flash ?cards?|format|"
    r"example|role|transcript|prompt|text messages?|texts|exchange|messages|riddles?|trivia|instructions?|inputs?)"
)

ABOUT_TEMPLATE: Final = r"(?i)\b(?:(?:chat|prompt) ?(?:template|format)|special tokens?|tokeni[sz]er|chatml)"

# --- hidden_text -----------------------------------------------------------------------------------------------------
#: Flags of parts of countries (a black flag, tag letters, a cancel tag), the one good use of tag characters.
FLAG: Final = r"\x{1F3F4}[\x{E0030}-\x{E0039}\x{E0061}-\x{E007A}]{3,7}\x{E007F}"
#: Tag characters, which no one sees, and marks that overrule the direction of what follows.
HIDDEN: Final = r"[\x{E0000}-\x{E007F}\x{202D}\x{202E}]"
#: Marks that set a direction, which text from right to left has good use for.
DIRECTED: Final = r"[\x{202A}\x{202B}\x{2066}-\x{2068}]"
RIGHT_TO_LEFT: Final = r"[\p{Hebrew}\p{Arabic}\p{Syriac}\p{Thaana}\p{Nko}\p{Adlam}]"

ABOUT_HIDDEN: Final = (
    r"(?i)\b(?:unicode|bidi|bidirectional|right-to-left|invisible character|code ?points?|tag characters?)"
)

# --- placeholder -----------------------------------------------------------------------------------------------------
PLACEHOLDER: Final = any_of(
    r"<\s*no[ _]?(?:in|out)put\s*>",
    r"\blorem ipsum\b",
    r"\[\s*(?:insert|add|enter|put|type|your) (?:the |an? |your )?(?:answer|response|output|text|content|summary|"
    r"code|essay|story)"
    r"(?: goes)?(?: here)?\s*\]",
    r"\[[^\]\n]{1,60} (?:goes )?here\s*\]",
    r"<\s*(?:insert|enter)[ _-][^>\n]{1,40}>",
)
#: Stand-ins that say nothing when they are the whole response.
STAND_IN: Final = any_of(
    r"\A[\s\"'<\[(*_]*(?:n\.?/?a\.?|not applicable|no (?:in|out)put|no (?:response|answer|content)(?: needed)?|"
    r"nooutput|noinput|none given|"
    r"tbd|todo|tba|null|nan|undefined|x{3,}|\[(?:blank|empty|deleted|removed|redacted)\]|"
    r"no output needed|\.{2,}|…+|-+|_+|\?+|#+)[\s\"'>\])*_.!]*\z"
)

#: What fills a slot that was to be filled.
_FILLING: Final = (
    r"(?:placeholder|response|answer|output|reply|completion|text|content|result|solution|explanation|translation|"
    r"summary|insert|your|todo|tbd|fixme)"
)
#: One slot, or a note to oneself, as the whole response.
SLOT: Final = any_of(
    rf"\A[\s\"'*_]*(?:\[{{1,2}}|<{{1,2}}|\{{{{1,2}})\s*(?:[a-z'-]+[ _]){{0,6}}{_FILLING}(?:[ _][a-z'-]+){{0,6}}"
    rf"[\s.:…]*(?:\]{{1,2}}|>{{1,2}}|\}}{{1,2}})[\s\"'*_.]*\z",
    r"\A[\s\"'<\[({*_]*(?-i:TODO|TBD|TBA|FIXME)\b(?:\s*[:–—(-]|[ ]+(?:write|add|fill|complete|insert|finish|answer|"
    r"provide|implement|translate|replace|update|later)\b)(?:[^\n\S]*\S+){0,10}\s*\z",
    rf"\A[\s\"'<\[(*_]*(?:(?:the|your|my|an?) )?{_FILLING} (?:(?:is|are|still|yet|not yet|will|has) )*"
    r"(?:(?:to )?be (?:added|written|provided|filled in|completed|inserted|supplied)|to come|(?:goes )?here)"
    r"(?: (?:later|here|soon|shortly|afterwards|below))*[\s.!…\])>\"'*_]*(?:XXX|TODO|TBD|FIXME)?[\s.!…]*\z",
)

#: What each of them begins with, soon found and soon compiled.
SLOT_BEGINS: Final = any_of(
    rf"\A[\s\"'<\[({{*_]*(?:[\[<{{]|(?-i:TODO|TBD|TBA|FIXME)|(?:(?:the|your|my|an?) )?{_FILLING} )"
)

#: About twelve words: a longer response is more than a slot.
SLOT_CHARS: Final = 100

ABOUT_PLACEHOLDER: Final = (
    r"(?i)\b(?:template|form|lorem|ipsum|placeholder|boilerplate|dummy|sample text|filler|fill(?:ed)?[- ]in|noinput)\b"
)
#: Where a slot may be the answer: markup, template languages, brackets, and lists of what is to be done.
ABOUT_SLOT: Final = (
    r"(?i)\b(?:html5?|xml|svg|tags?|elements?|jinja2?|mustache|handlebars|liquid|vue|angular|latex|code|syntax|variables?|"
    r"expression|brac(?:e|ket)s?|parenthes[ei]s|to-?dos?|tbd|tba|fixme|comments?|program|function|script|sql|regex|"
    r"stage directions?)\b|[<{\[]"
)

#: Where a word for nothing may be the answer.
ABOUT_VALUE: Final = (
    r"(?i)\b(?:values?|returns?|python|javascript|java|sql|(?-i:R)|missing|keyword|data ?type|evaluate|prints?|outputs?|"
    r"form|fill|symbol|stands? for|abbreviat\w*|acronym|chemical|sodium|code|word for|extract|one word|punctuation|mark)\b"
)

# --- mojibake --------------------------------------------------------------------------------------------------------
#: What the bytes 0x80 to 0xBF of UTF-8 look like in Latin-1 and Windows-1252, without the quotes, dashes and dots
#: that may
#: follow a capital letter in good text.
_CONTINUED: Final = "[\x80-\x9f\xa0-\xaa\xac-\xba\xbc-\xbf€‚ƒ†‡ˆ‰Š‹ŒŽ˜™š›œžŸ]"
_ANY_CONTINUED: Final = "[\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"
MOJIBAKE: Final = (
    "\ufffd"
    rf"|Ã{_CONTINUED}|[a-zà-ÿ]Ã{_ANY_CONTINUED}"
    "|Â[\xa0-\xaa\xac-\xba\xbc-\xbf]"
    "|â[\x80-\x9f€]|â‚¬|â„¢|ï»¿|ï¿½|ðŸ"
    rf"|(?:[ÐÑ]{_ANY_CONTINUED}){{2}}"
    rf"|(?:[ãäåæçèé]{_ANY_CONTINUED}{{2}}){{2}}"
    rf"|(?:[ØÙ]{_ANY_CONTINUED}){{3}}"
)
ABOUT_ENCODING: Final = (
    r"(?i)\b(?:utf-?8|unicode|latin-?1|iso-?8859|cp1252|windows-1252|mojibake|encod(?:ing|ed)|charset|replacement "
    r"character)"
)

# --- html_residue ----------------------------------------------------------------------------------------------------
HTML: Final = (
    r"(?i)</?(?:p|div|span|font|img|strong|em|ul|ol|li|h[1-6]|table|tbody|tr|td|blockquote|center|section|"
    r"article)(?:\s[^<>\n]*)?/?>"
    r"|<a\s+href[^<>\n]*>|</(?:a|b|i|u)>|<(?:br|hr) ?/?>"
    r"|&(?:nbsp|amp|lt|gt|quot|apos|rsquo|lsquo|rdquo|ldquo|mdash|ndash|hellip|#\d{2,5}|#x[0-9a-f]{2,4});"
)
ABOUT_HTML: Final = (
    r"(?i)\b(?:x?html5?|xml|tags?|mark-?up|markdown|css|java-?script|js|jsx|react|angular|vue|php|svg|dom|web "
    r"?(?:page|site|app)s?|"
    r"pages?|urls?|links?|forms?|templates?|codes?|script|element|entit(?:y|ies)|attribute|hyperlink|selector|rss|"
    r"table|bold|button|embed)\b|</?\w+[^>]*>|&\w+;"
)

#: A whole page or form, which is code.
PAGE: Final = r"(?i)<(?:!doctype|html|head|script|style|form|input|svg)\b"

# --- prompt_echo -----------------------------------------------------------------------------------------------------
#: Requests whose answer may begin with the text that was given.
ECHOING: Final = (
    r"(?i)\b(?:re-?writ|re-?phras|paraphras|edit|correct|proofread|translat|repeat|copy|copie|continu|complet|"
    r"finish|extend|"
    r"punctuat|capitali[sz]|grammar|spell|typo|convert|format|quot|transcri|fill|cloze)"
)

MARKS: Final = " .!?:;…。！？"
REQUEST_END: Final = r"[.!?:。！？：؟।]\z"

# --- truncated, unpunctuated -----------------------------------------------------------------------------------------
SENTENCE_END: Final = r"[.!?。！？][)\"'”’]*\s*\z"
#: The last line of a text that ends in no white space.
LAST_LINE: Final = r"[^\n]+\z"
LISTED: Final = r"\A\s*(?:[-*•‣◦–—+#>|]|\(?\d{1,3}[.):]|\(?[A-Za-z][.)])"
#: Words that no sentence ends with, in English, German, French and Spanish.
HANGING: Final = (
    r"(?i)(?:\A|\s|['’])(?:a|an|the|of|and|or|with|from|into|than|because|but|if|whether|their|its|your|our|my|"
    r"every|which|"
    r"der|die|das|und|oder|mit|von|für|ein|eine|einen|einem|dass|weil|le|la|les|des|et|ou|avec|pour|dans|une|que|qui|"
    r"el|los|las|del|y|con|por|para|una|un)\z"
)
#: A word in small letters, or a mark that opens or goes on; names, hashtags, signatures and scripts without case
#: end otherwise.
OPEN_END: Final = r"(?:(?:\A|[\s(\"“‘'’-])[\p{Ll}'’-]+|[,(–—])\z"
#: "See you then. xx": a signature.
KISSES: Final = r"(?i)[.!?…]\s+(?:x{1,3}|(?:xo){1,3})\z"
#: A sum and what it counts: "so they have 4 x 5 = 20 apples left".
SUM_END: Final = r"=\s*\S*\d\S*(?:\s+\S+){0,5}\s*\z"
#: Where a text may stop, or go without marks, as it was asked to.
ABOUT_CUT: Final = (
    r"(?i)\b(?:shuffl|scrambl|jumble|unfinished|incomplete|cliffhanger|middle of a sentence|(?:beginning|start|half|part) of a "
    r"sentence|fragment|stream[- ]of|without (?:any )?(?:punctuation|marks|full stops?|periods?)|(?:remove|strip|no) (?:all "
    r"|the |any )*(?:punctuation|marks|commas)|lower ?case|lower-case|reverse|backwards?|that i can (?:finish|complete))"
)
#: The fewest words of a line that a hanging word makes unfinished; below, it may be the word that was asked for.
HANGING_WORDS: Final = 8
#: The end of a sentence with another after it.
SENTENCE_INSIDE: Final = r"[\p{Ll})\"”'’][.!?][\"”'’)]*\s+[\"“‘'(]?[\p{Lu}\d]"

#: The same in a list that has lost its line breaks.
ITEM_INSIDE: Final = r"[\p{Ll})\"”'’][.!?]\s+\d{1,2}[.)]\s"
#: A capital, a letter of a script without case, or a mark that prose, code and tables have.
PUNCTUATED: Final = r"[\p{Lu}\p{Lt}\p{Lo}.,!?;:\"”()=<>{}/\\|_]"
BARE_WORDS: Final = 20
#: Words to a line, on average, up to which lines without marks are items of a list.
ITEM_WORDS: Final = 5

#: White space round a line, as it stays behind where bullets and commas were stripped.
STRIPPED: Final = r"(?m)^[ \t]+\S|\S[ \t]+$"

#: More lines of code, mark-up or table than this, and the response is no prose.
CODE_SHARE: Final = 0.3

# --- refusal, ai_disclaimer ---------------------------------------------------------------------------------------------
#: Where declining is what was asked for, or right.
ABOUT_REFUSAL: Final = (
    r"(?i)\b(?:refus|declin|reject|turn(?:ing)? down|say(?:ing)? no\b|unable|"
    r"kill|murder|bomb|explosiv|weapon|poison|hack|steal|shoplift|burglar|suicid|self-harm|drugs?\b|cocaine|meth\b|racis|"
    r"sexist|slur|porn|nude|child abuse|malware|ransomware|phishing|counterfeit|forge|launder|terroris|illegal|stalk|"
    r"blackmail|hate speech|pick a lock|doxx|torture|hotwire|bully|dangerous|harmful|insult|"
    r"(?:current|live|real-?time|latest|today'?s?) (?:news|weather|price|stock|time|score|date|temperature)|"
    r"right now|(?:weather|news|price|traffic)[^.\n]{0,40}(?:now|today|tomorrow|current)|what (?:time|day) is it|browse|open (?:the|this) (?:link|url|file)|home address|phone number of)"
)
#: Where a model may have to speak of itself.
ABOUT_SELF: Final = (
    r"(?i)\b(?:disclaimer|(?:are|do|did|can|have|were|will|would|could) you\b[^.\n]{0,40}\b(?:an? |you )?(?:ai|bot|human|"
    r"robot|model|real|feel\w*|dream\w*|remember|conscious|sentient|opinion|experience\w*|access|browse|see|hear|sleep|eat|"
    r"love|age|born|trained|made|alive|emotions?|favou?rite|think|prefer)\b|who (?:are|made|created|built|trained) you|"
    r"(?:what|who) are you|your (?:name|opinions?|feelings?|favou?rite|creator|training|birthday|age|limit\w*|"
    r"capabilit\w*|knowledge)|how (?:are you|do you (?:feel|work))|chatgpt|you as an? (?:ai|model|assistant)|introduce yourself|"
    r"about yourself|dialog(?:ue)?|conversation between|chat between)"
)
