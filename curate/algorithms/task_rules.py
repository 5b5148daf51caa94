"""Which kind of task an example is: a table of evidence, each entry a pattern that speaks for one task.

A task's score is the sum of the weights of its entries that match, and the highest score wins. Weights are meant as
log-odds: 1 is a hint, 2 a sign, 4 nearly a proof; a negative one speaks against the task. Patterns are Rust regular
expressions (no look-around) over these views of an example, all in lower case, polite phrases cut from the front:

========== =========================================================================================
opening    the first line of the instruction, 400 characters at most
request    the first and the last line of the instruction, 400 characters each at most
text       the instruction, 2,000 characters at most
response   the response, 2,000 characters at most
exchange   the opening, a line break and the response
========== =========================================================================================

Some entries count only where a text to work on comes along (`context`: at least `CONTEXT_CHARS` characters after the
first line of the instruction, or in the first line if the last one is a question), or only where none does (`bare`).
Cue words are English, German, French, Spanish, Portuguese and Italian. Where nothing matches, `open_qa` wins by the
last entry, which always matches.

The kinds of task are those that instruction data sets name themselves, foremost Dolly (Conover et al., 2023) and
InstructGPT (Ouyang et al., 2022, table 1). Entries and weights are our own judgement, not fitted.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from curate.algorithms.task_words import WORDS

#: All tasks; a tie goes to the one that stands first.
TASKS: Final[tuple[str, ...]] = (
    "coding",
    "math",
    "translation",
    "summarization",
    "rewriting",
    "extraction",
    "classification",
    "roleplay",
    "creative_writing",
    "brainstorming",
    "open_qa",
    "closed_qa",
    "advice",
)

#: From this many characters on, what stands beside the request is a text to work on.
CONTEXT_CHARS: Final = 120


class Evidence(NamedTuple):
    """An entry of the table: `weight` goes to `task` where `view` matches `pattern` and `given` holds.

    `view` is `opening`, `request`, `text`, `response` or `exchange`; `given` is `anything`, `context` or `bare`.
    """

    task: str
    weight: float
    view: str
    given: str
    pattern: str


# Cut from the front of the instruction, as often as they follow each other:
_POLITE: Final = r"""
    ^(?:(?:hi(?: there| again)?|hello|hey|okay|ok|so|now|dear \w+|please|pls|kindly|chatgpt|help me(?: to| with)?
    |let's|(?:can|could|would|will) (?:you|u)|i(?:'d| would)? (?:want|like|need) you to|(?:your|the) task is to
    |task:|instructions?:|question:|q:|bitte|kannst du|können sie|könntest du|könnten sie|hallo|ich möchte, dass du
    |s'il (?:te|vous) pla[iî]t|peux-tu|pouvez-vous|pourriez-vous|bonjour|salut|por favor|puedes|puede|podrías|hola
    |você pode|pode|poderia|olá|per favore|puoi|potresti|ciao)(?:[\s,.!:;-]+|$))+
"""

# Task, weight, view, and what must be given:
_TABLE: Final = r"""
coding 3.5 request
    (?:^|[^a-z])<CODE_NAMES>(?:[^a-z+#]|$)
coding 2.5 opening
    ^<CODE_VERBS>\b[^.?!\n]{0,60}\b<CODE_THINGS>\b
coding 1.5 request
    \b(?:code|coding|function|algorithm|bug|database|table|query|command|git|github|server|npm|program)\b
coding 3.0 response
    (?m)^[ \t]*(?:def \w+ ?\(|(?:public|private|static) \w|#include|import [\w.]+;?$|from \w+ import|function \w*\(
    |(?:const|let|var) \w+ ?=|<html|<!doctype|<\?php|class \w+ ?[:({]|select [^\n]+ from |(?:print|console\.log
    |echo)\b ?[(\"'])|```\w
coding 2.0 response
    (?m)[;{}]$|^[a-z_.\[\]0-9]+ ?(?:=|\+=) ?\S|^\w[\w.]*\(.*\)$|^<\w+[^>]*>|select \*|^(?:create table|insert into
    |update \w+ set)
coding 4.0 text
    (?m)^[ \t]*(?:def \w+ ?\(|(?:public|private|static) \w|#include|import [\w.]+;?$|from \w+ import|function \w*\(
    |(?:const|let|var) \w+ ?=|<html|<\?php|select [^\n]+ from |\w+ = [\[{(\"'\d]|for \w+ in [^\n]+:$)|[;{]\n|```
    |\w+\(\w*\);
coding -2.0 exchange bare
    ^<QUESTIONWORDS>\b[^\n]*\n[^{}<>;=`]{50,}$
math 3.0 opening
    ^(?:calculate|compute|solve|evaluate|simplify|factor|integrate|differentiate|prove|add|subtract|multiply|divide
    |berechne|löse|calcule[rz]?|résous|résolvez|calcula|resuelve|resolva|risolvi|find the (?:value|sum|area|product
    |derivative|integral|average|mean|median|volume|slope|roots?|perimeter|probability|square root|greatest common
    |least common|missing number))\b
math 3.5 opening
    ^(?:what is|what's|what does|how much is|was ist|wie ?viel ist|combien (?:font|fait)|cuánto es|quanto é
    |quanto fa) \(?-?[\d.]+ ?(?:[-+*/x×÷^%]|plus|minus|times|mal|geteilt|divided|percent|prozent|fois|por|per|más
    |mais|più)
math 3.5 text
    (?s)<QUANTITY>.*<QUANTITY>.*(?:\bhow (?:many|much|long|far|fast|old|tall|often|big|heavy)|\b(?:what|calculate
    |find|determine)\b[^?.]{0,60}\b(?:total|number|sum|average|cost|price|distance|rate|ratio|percentage|fraction
    |profit|amount|age|year|speed|mean|variance|probability|value|weight|mass|salary|difference|area|volume)\b
    |what's the total|\bwie ?viele?\b|\bcombien\b|\bcuánt[oa]s?\b|\bquant[oaie]s?\b)[^?]*[?.]\s*(?:\([^()]*\))?$
math 2.0 text
    \b(?:equations?|triangle|rectangle|probability|perimeter|derivative|integral|polynomial|matrix|prime numbers?
    |square root|integers?|theorem|covariance|variance|gleichung|wahrscheinlichkeit|équation|probabilité|ecuación
    |probabilidad|equação|equazione)\b|\\frac|\b[a-z]\^\d|\b\d?x ?[-+=] ?\d
math 3.0 response
    \d ?[-+*/x×÷] ?\$?\d[\d.,]*%?[^\n]{0,12}=|= ?\$?-?\d
math -1.5 exchange bare
    ^<QUESTIONWORDS>\b[^\n]*\n[^{}<>;=`+]{50,}$
math 1.0 response
    (?:^|\n)[^\n]{0,20}\$?-?\d[\d.,]*\s*$
translation 5.0 request
    \btranslat(?:e|ion|ing)\b|\bübersetz|\btradu(?:c|z|i[st])|翻译|翻譯|перевед
translation 3.5 request
    \bhow (?:do|would) (?:you|i) say\b|wie sagt man|comment dit-on|cómo se dice|como se diz|come si dice
translation 2.0 opening
    \b(?:in|into|to|auf|ins|en|al|em|para o) <LANGUAGE>\s*[:.?!]?$
summarization 5.0 request
    \bsumm?[ae]r(?:y|i[sz])|\btl;?dr\b|\bsum up\b|\brecap\b|\bfass\w*\b[^.]*\bzusammen|\bzusammenfass|\brésum
    |\bresum(?:a|e|en|ir|o)\b(?: (?:el|la|los|este|esta|o|os|il|lo|this|the)\b|:|$)|\bresúm|\briassum|\bsintetiz
summarization 3.5 request
    \bcondense\b|\b(?:key|main|top \d+|important|talking) (?:points?|takeaways?|ideas?)\b|\bmeeting notes\b
    |\bshort notes\b|\bgist\b|\bin (?:one|a single|two|three|\d) (?:sentences?|words?|lines?)\b[^.]*\b<PASSAGE>\b
summarization 2.0 request context
    \b(?:key|main|top \d+|important) (?:points?|takeaways?|ideas?)\b
summarization 3.0 opening context
    \b(?:brief|short)\b.{0,40}\b(?:overview|history|description|introduction|paragraph)\b
rewriting 5.0 request
    \bre-?writ(?:e|ing|ten)\b|\brephras|\bparaphras|\breword|\bproof-?read|\bumschreib|\bumformulier
    |\bformuliere?\b[^.]*\bum\b|\bschreibe?\b[^.]*\bum\b|\breformul|\bréécri|\breescr[ie]|\briscriv|\bparafra
    |\breorgani[sz]e\b|\bproof read|\bstreamline (?:this|the)|\brevamp (?:this|the)
rewriting 4.5 opening
    ^(?:edit|correct|fix|improve|polish|simplify|shorten|revise|refine|expand|enhance|tighten|review and|korrigiere
    |verbessere|corrige[rz]?|corrija|améliore[rz]?|mejora|melhore|correggi|migliora)\b[^.?!\n]{0,50}\b(?:sentences?
    |grammar|grammatical|spelling|punctuation|wording|phrase|writing|tone|title|typos|<PASSAGE>|satz|sätze|phrases?
    |oración|frases?|fehler|erros?|errores|errori|fautes)\b
rewriting 3.5 request
    \b(?:make|turn|change|convert|put|transform|write|expand on)\b[^.?!\n]{0,60}\b(?:more (?:concise|formal|polite
    |professional|engaging|readable|persuasive|interesting|natural)|shorter|simpler|longer|nicer|politely?|passive
    |active voice|(?:past|present|future) tense|third person|sounds?|aggress?ive tone|this title)\b|\bgrammar\b
    |\bgrammatical|\bfeedback on my (?:writing|essay)|\bmore formal
extraction 5.0 request
    \bextract(?:ed|ing|ion)?\b|\bpull out\b|\bextrahier|\bextrai[st]?\b|\bextrae|\bextra(?:er|ia)\b|\bestra[ei]
    |\bnamed entit
extraction 3.5 request
    \b(?:from|in) (?:the|this|these|that|given)\b[^.?!\n]{0,40}\b<PASSAGE>\b[^.?!\n]*\b(?:list|find|tell|separate
    |which|what)\b|^from (?:the|this)\b[^.?!\n]{0,40}\b<PASSAGE>\b|\bmentioned\b|\breferenced in\b|\bkeywords?\b
    |\b(?:topics?|themes?) (?:of|from|in) (?:the|this)
extraction 3.5 opening
    ^(?:list|find|identify|give me|provide|name)\b[^.?!\n]{0,80}\b(?:in|of|from) (?:the|this)(?: \w+)? <PASSAGE>\b
extraction 4.5 opening context
    ^(?:list|find|give me|provide|name|identify|nenne|liste|enumera|elenca)\b|\bbullet|\b(?:comma|numbered list)\b
extraction 1.0 response context
    ^[^.\n]{1,80}(?:, [^.\n]{1,60}){2,}$|(?m)^(?:[-*•]|\d+[.)]) ?\S[^\n]{0,60}\n(?:[-*•]|\d+[.)])
extraction 1.5 response context
    ^(?:[^\n]{0,60}:\s)?[^.\n:,;]{1,60}(?:[,;] [^.,;\n]{1,60}){2,}\.?$
extraction 1.5 response context
    <LISTED>
closed_qa 3.0 request
    \b(?:given|based on|according to|using|read|considering)\b[^.?!\n]{0,40}\b<PASSAGE>\b
    |\banswer the (?:following )?questions?\b
closed_qa 1.0 opening context
    \?\s*$
classification 4.5 opening
    ^(?:classify|categori[sz]e|label|sort|group|klassifiziere?|ordne|classe[rz]?|classifie[rz]?|clasifi[cq]\w+
    |classifi(?:ca|que)|rotule|etichetta)\b
classification 4.0 request
    \bclassify\b|\bclassification of\b|\bcategori[sz]e\b|\bsentiment\b|\bodd one out\b
    |\bthe (?:proper |right |correct )?category\b|\bone of (?:the|these) (?:following )?categories
    |\bbelongs? to [^?\n]{1,60} or\b|\b(?:what|which) \w+ (?:is |are )?(?:each (?:of|one)|these \w+|the following)\b
    |\b(?:positive|negative|positiv|positif|positiva?) (?:or|and
    |oder|ou|o|and|und) (?:negative|positive|negativ|négatif|negativ[ao])\b|\bspam or\b
classification 4.5 opening bare
    ^(?:identify|tell me|determine|decide|state|say|detect|predict|figure out|sag mir|dis-moi|dime),? (?:which
    |whether|if|what|ob|si)\b[^?]*\b(?:or|are|is|oder|ou|o)\b
classification 4.0 opening
    ^(?:identify|determine|predict|detect) (?:the )?(?:type|category|genre|intent|sentiment|tone|emotion|topic)\b
    |\bdetermine (?:if|whether)\b
classification 4.0 opening bare
    ^(?:from|out of|of|among) (?:the following|these|this|the)\b.*,|\b(?:which|what|who)\b[^?\n]{0,40}\b(?:of|from
    |in|among) (?:these|the following|the below|this list|following)\b|^which (?:of|ones?)\b.*,
classification 2.5 opening bare
    \b(?:are|is|as|into|either|whether) [^:?\n]{1,60} or [^:?\n]{1,40}[:?,]|^(?:which|what
    |who)\b[^?\n]* or [^?\n]*\?? [^?\n]+, |(?:[\w' ]+, ){4,}
classification 3.0 opening bare
    ^(?:which is|which are|are these|are the following|is each) [^?\n]{1,80} or [^?\n]{1,40}[?:]
    |^(?:label|mark|assign|apply)\b[^.?!\n]{0,60}\b(?:each|following|these)\b
classification 2.0 response bare
    ^(?:positive|negative|neutral|spam|true|false)\.?$|(?:^
    |\n)[^:\n]{1,40}: ?[^:\n]{1,30}\n[^:\n]{1,40}: ?[^:\n]{1,30}(?:\n|$)
classification 2.0 opening bare
    ^(?:which|what) (?:\w+ )?(?:continents?|country|countries|types?|kinds?|category|categories|genres?|sports?|class
    |colou?rs?|family|families|groups?|shapes?|languages?) (?:of \w+ )?(?:do|does|is|are|was|were)\b[^?\n]*(?::|, )
roleplay 5.0 opening
    ^(?:you are|you're|you've|you were|you have (?:been|just)|imagine|pretend|act (?:as|like)|role-?play
    |assume (?:you|the (?:role|identity))|take (?:on )?the role|in the (?:role|character|voice) of
    |in an? [^,]{3,30}, you are|stell dir vor, du|du bist (?:ein|der|die)|tu es une?|vous êtes une?
    |imagine[rz]? que (?:tu|vous)|eres una?|imagina que (?:eres|você)|você é uma?|sei un[ao']?|immagina di essere
    |play the)\b|^as (?:an? |the )?[^,?.\n]{3,80},[ ]
roleplay 4.0 request
    (?s)^.{5,}\b(?:act(?:ing)? as|act like|behave like|pretend (?:to be|you|that you)|imagine (?:that )?you(?:'re
    | are| were|rself)|role-?play|take (?:on )?the (?:role|persona)|assume the (?:role|identity|persona)
    |play the (?:role|part|character)|in the (?:role|voice|shoes|speaking style) of|step into|put yourself
    |from the (?:perspective|point of view) of|(?:speak|talk|answer|respond) (?:to me )?like an?|as if you (?:are
    |were)|in character|actúa como|fais comme si|joue le rôle|tu als|so, als|spiele die rolle|rollenspiel|finja ser
    |aja como|fai finta|comportati come|haz de|finge (?:ser|que))\b
roleplay 5.0 text
    ^(?:how are you|how (?:is|was) your day|how's it going|good morning|what's up|what is your name|do you (?:like
    |love|dream|have (?:feelings|a favou?rite))|are you (?:human|alive|real|sentient|happy|ready))\b
roleplay 1.0 response
    ^(?:\"|\*)?(?:as an? |ah,|greetings|my dear|well,|i am |i'm |dear |your (?:majesty|honor))
creative_writing 4.0 opening
    ^<WRITE>\b[^.?!:\n]{0,80}\b<PIECE>\b
creative_writing 2.0 opening
    ^(?:write|compose|draft|craft|pen|schreibe?|verfasse|écri[st]|écrivez|rédige[rz]?|escrib[ea]|redacta|escreva
    |scrivi)\b
creative_writing 3.0 request
    \b(?:write|writing|compose|draft|craft|create|creating|generate|build|turn this into)\b[^.?!\n]{0,60}\b<PIECE>\b
creative_writing 2.5 opening
    \b(?:copy|content|blog|letter|proposal|article|screen|script|speech) ?writ(?:er|ing)\b|\bmarket(?:er|ing)\b
    |\bseo\b|\bad copy\b|\brecip(?:e|ie)s?\b
creative_writing 2.0 opening
    \b<PIECE> (?:on|about|for|explaining|über|sur|sobre|su)\b
brainstorming 5.0 request
    \bbrainstorm|\bcome up with\b|\bthink of\b|\b(?:ideas|ideen|idées|ideias|idee|tormenta de ideas
    |lluvia de ideas)\b|\bnames? (?:ideas|for (?:a|an|my|the|our))\b|\bexplore possibilities\b
brainstorming 4.0 opening bare
    ^(?:list|name|suggest|give(?: me| us)?|propose|provide(?: me)?(?: with)?|enumerate|generate|create|tell me
    |nenne(?: mir)?|gib mir|liste|nomme[rz]?|cite[rz]?|donne[rz]?(?:-moi)?|propose[rz]?|enumera|nombra|dame|sugiere
    |menciona|cite|sugira|me dê|elenca|suggerisci|dammi|schlage?)\b[^.?!\n]{0,12}\b(?:<NUMBER>|an? list|list
    |examples?|ways|things|reasons|topics)\b
brainstorming 1.5 opening bare
    ^(?:list|name|suggest|propose|nenne|enumera|nombra|elenca)\b
brainstorming 4.5 opening bare
    ^(?:what|who|which|where|quels?|quelles?|cuáles|quais|quali|welche|was) (?:are|were|sont|son|são|sono
    |sind) (?:the (?:best|top) )?<NUMBER>\b
brainstorming 2.5 request
    \blist of (?:\d+ )?(?:potential|possible|things)|\b(?:\d+|some|any) (?:\w+ )?(?:suggestions|topics|options
    |alternatives|titles)\b
brainstorming 3.0 request
    \b\d+ (?:\w+ ){0,3}(?:keywords|hashtags|headlines|taglines|slogans|titles|names|topics|questions|captions)\b
brainstorming 1.0 response bare
    (?m)^(?:[-*•]|\d+[.)]) ?\S[^\n]{0,80}\n+(?:[-*•]|\d+[.)])
brainstorming 1.0 response bare
    <LISTED>
brainstorming 2.0 text bare
    (?:^|[.!?] )(?:suggest|identify|name|list|give(?: me)?|propose) (?:two|three|four|five|six|ten|\d+) (?:\w+ )?(?:ways
    |exercises|ideas|options|things|examples|reasons|suggestions|alternatives|steps)\b
advice 4.5 request
    \bshould (?:i|we|my)\b|\badvice\b|\badvise\b|\brecommend|\bsuggest(?:ions)? (?:to )?me\b|\bcourse of action\b
    |\btips\b|\bhelp me (?:plan|choose|decide|with)|\bsoll(?:te)? ich\b|\brat(?:schlag|schläge)\b|\btipps\b
    |\bconseil|\bdevrais-je\b|\bdois-je\b|\bdebería\b|\bconsejos?\b|\bconselhos?\b|\bdevo\b|\bdevrei\b|\bconsigli
    |\bdicas\b
advice 3.0 request
    \bhow (?:can|could|do|would|might) (?:i|we|one)\b|\bhow to\b|\bbest way\b|\bis there (?:a|any) way\b
    |\bwhere can i\b|\bwhat to (?:do|wear|eat|buy)\b|\bbest practices\b|\bwhat (?:can|could|would) (?:i|we)\b
    |\bwie kann ich\b|\bwas kann ich\b|\bcomment (?:puis-je|faire|je peux)\b|\bque puis-je\b|\bcómo puedo\b
    |\bqué puedo\b|\bcomo posso\b|\bcome posso\b|\bcosa posso\b
advice 4.0 opening
    ^(?:create|make|develop|plan|design|build|give me|suggest|erstelle|plane|crée|planifie|crea|planea|organi[sz]e
    |crie|planeje|teach me|guide me)\b[^.?!\n]{0,50}\b(?:plan|roadmap|itinerary|schedule|strategy|routine|curriculum
    |reise(?:plan)?|urlaub|itinéraire|voyage|viaje|viagem|viaggio|programme|itinerario|roteiro|trip)\b
    |^(?:teach|guide) me\b
advice 1.0 text
    \b(?:i am|i'm|i have|i've|i feel|i want|my|ich bin|ich habe|mein\w*|je suis|j'ai|soy|tengo|estoy|sou|tenho|estou
    |sono|ho)\b
open_qa 2.0 opening bare
    ^¿?<QUESTIONWORDS>\b
open_qa 1.0 opening bare
    \?\s*$
open_qa 1.5 exchange bare
    ^(?:[^:,\n]* )?(?:what|who|whom|which|where|when)(?: \w+){0,2}\??\n[^\n:,]{1,30}$
open_qa 2.0 opening bare
    ^(?:give(?: me| us)? |provide |share )?(?:with )?(?:an? |the )?(?:brief |short |quick )?(?:history|overview
    |explanation|definition|meaning) (?:of|behind)\b
closed_qa 2.5 request context
    (?m)^¿?<QUESTIONWORDS>\b
closed_qa 1.5 request context
    \?\s*$|\?\n
summarization 2.0 exchange context
    ^<OVERVIEW>\b[^\n]*\n(?s:.{300,})$
open_qa 1.0 opening
"""


def _entries(text: str) -> list[tuple[str, str]]:
    """Each line at the margin, with the indented lines after it as one text."""
    entries: list[tuple[str, str]] = []
    for line in text.strip("\n").split("\n"):
        if line.startswith(" "):
            head, pattern = entries[-1]
            entries[-1] = head, pattern + line.strip()
        else:
            entries.append((line, ""))
    return entries


def _table() -> tuple[Evidence, ...]:
    words = {f"<{name}>": f"(?:{pattern})" for name, pattern in _entries(WORDS)}
    table = []
    for head, text in _entries(_TABLE):
        task, weight, view, *given = head.split()
        pattern = text
        for name, alternatives in words.items():
            pattern = pattern.replace(name, alternatives)
        table.append(Evidence(task, float(weight), view, given[0] if given else "anything", pattern))
    return tuple(table)


#: Cut from the front of the instruction.
POLITE: Final = "".join(line.strip() for line in _POLITE.split("\n"))

#: The table; the order of its entries does not matter.
TABLE: Final[tuple[Evidence, ...]] = _table()
