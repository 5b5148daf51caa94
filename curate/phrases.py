"""Phrases by which an assistant declines, presents itself as a model, or says whose model it is.

Patterns of polars (Rust) regular expressions. Each asks for the beginning of a turn, a sentence or a line: an essay
that mentions what language models say is none of them.
"""

# patterns are easier to read in whole alternatives
# ruff: noqa: ISC004
from __future__ import annotations

from typing import Final

import polars as pl

from curate.text import any_of, excerpt, scattered

#: Stands before the head of each assistant turn, so that one pattern can ask for the beginning of any of them.
TURN: Final = "\x1e"
#: Stands before the tail of each assistant turn, whose first sentence is not whole.
TAIL: Final = "\x1f"

#: The beginning of a turn, a sentence or a line.
_START: Final = rf"(?:{TURN}|[.!?。]['\"”»)\]*]*\s+|\n)[\s*>#(\[:-]*"

#: What a match carries along from the sentence before.
_EDGE: Final = f" .!?。\"'*>#([)],:-{TURN}{TAIL}"

#: Words for a model, with the adjectives before and the nouns after; "an AI researcher" is none of them, because
#: every use of this pattern asks for a comma or a pronoun after it.
_MODEL: Final = (
    r"(?:(?:helpful|harmless|responsible|respectful|honest|ethical|neutral|unbiased|safe|friendly|positive|versatile|"
    r"well-informed|large|highly|very|advanced|capable|sophisticated|conversational|digital|virtual|mere|simple|"
    r"text-based|and),? )*"
    r"(?:(?:A\.?I\.?|artificial intelligence|language model|machine learning model|LLM|GPT(?:-\d)?)"
    r"(?:[ -](?:powered|based|trained|driven))?"
    r"(?: (?:large |virtual |text-based |text )?(?:language model|model|assistant|chat ?bot|bot|"
    r"program|system|entity))*"
    r"|virtual assistant|chat ?bot|"
    r"(?:helpful|responsible|respectful|honest|ethical|unbiased|positive|versatile|well-informed|digital|text-based) "
    r"(?:AI )?assistant)"
)
#: Politeness before the point: "Well, I'm sorry, but", "Thank you for asking! However, I must say that".
_LEAD: Final = (
    r"(?:(?:oh|well|yes|no|hello|hi|hey|sure|thank you[^.!?\n]*|thanks[^.!?\n]*|sorry|unfortunately|regrettably|"
    r"i(?:'m| am) (?:very |so |truly |deeply )?(?:sorry|afraid)|i (?:do |must |sincerely )?apologi[sz]e|(?:my "
    r")?apologies|"
    r"(?:please |also |just )?(?:note|remember|be aware|keep in mind|bear in mind|don't forget|do not forget)|"
    r"however|but|that|and|so|while|though|although|as such|also|finally|actually|in fact|of course|certainly|"
    r"by the way|to be clear|full disclosure|disclaimer|for the record|just (?:so you know|a reminder|to be clear)|"
    r"as a reminder|i hope (?:that|this|it) helps[^.!?\n]*|"
    r"it(?:'s| is) (?:important|worth) (?:to note|noting|to remember)|"
    r"i understand[^.!?\n]*|for (?:any|the|my) \w+(?: \w+)?|"
    r"i (?:must|should|need to|have to|want to|would like to) "
    r"(?:inform you|point out|clarify|note|mention|emphasi[sz]e|stress|say|remind you))"
    r"[,.;:!\s-]+){0,5}"
)
_AS_MODEL: Final = rf"(?:(?:as|being) (?:just |only |merely )?an? {_MODEL}\b[^.!?\n]*?[,\s]+)?"
_UNABLE: Final = (
    r"(?:i (?:simply |just |really |also |personally )?"
    r"(?:can ?not|can't|could not|couldn't|won't|will not|should not|shouldn't|refuse to|(?:must |respectfully "
    r"){0,2}decline to|"
    r"(?:am|was) (?:unable|not able|not allowed|not permitted|not programmed|not designed|not comfortable|"
    r"prohibited|not capable)"
    r"(?: to| of| from)?|(?:do not|don't) (?:feel comfortable|have the (?:ability|capability|capacity) to))"
    r"|i'm (?:unable|not able|not allowed|not permitted|not programmed|not designed|not comfortable|not "
    r"capable)(?: to| of)?"
    r"|unable to)"
)
#: What an assistant declines to do. Verbs of other people's letters and stories ("attend", "believe", "wait") are
#: left out.
_TASK: Final = (
    r"(?:[a-z,-]+ ){0,3}(?:assist(?:ing)?|help(?:ing)? (?:you|with|in|out|people|anyone)|help(?:ing)?[.,;!\n]|"
    r"comply(?:ing)?|complet(?:e|ing) (?:the|this|that|your)|fulfil\w*|answer(?:ing)?|respond(?:ing)?|provid(?:e|ing)|"
    r"generat(?:e|ing)|creat(?:e|ing)|writ(?:e|ing)|produc(?:e|ing)|perform(?:ing)?|execut(?:e|ing)|process(?:ing)?|"
    r"engag(?:e|ing)|discuss(?:ing)?|offer(?:ing)?|giv(?:e|ing) you|support(?:ing)? (?:the|this|that|any)|"
    r"participat(?:e|ing) in|access(?:ing)?|brows(?:e|ing)|search(?:ing)?|fetch|set up|"
    r"do (?:that|this|so)(?:[.,;!\n]| for you)|"
    r"recommend(?:ing)?|satisf(?:y|ying)|fabricat(?:e|ing)|speculat(?:e|ing)|impersonat(?:e|ing)|"
    r"promot(?:e|ing)|endors(?:e|ing)|translat(?:e|ing)|draw(?:ing)?|carry out|condone|facilitate|encourage|"
    r"fully understand (?:the|your|this)|tell you)"
)
_IMPERSONAL: Final = (
    r"(?:(?:this|the|your|that)(?: \w+)? (?:instruction|request|task|prompt|question|query)s? "
    r"(?:can ?not|can't|could not|is unable to|is impossible to|is not possible to|does not meet the requirements) ?"
    r"(?:be )?(?:\w+ )?(?:complet|fulfil|answer|perform|execut|process|generat|satisf|accomplish|of the GPT)\w*"
    r"|(?:this|it) (?:can ?not|can't) be (?:\w+ )?(?:done|completed|performed|generated) by (?:a|an|the) (?:GPT|"
    r"AI|language)"
    r"|(?:there is )?no (?:response|output|answer) (?:can be|is|could be) (?:generated|provided|given|possible)"
    r"|[^.!?\n]*\b(?:GPT|language|AI) models? (?:can ?not|can't|(?:is|are) (?:unable|not able|not capable)) "
    r"|it(?:'s| is) (?:not (?:possible|appropriate|ethical)|impossible|inappropriate|unethical) for me to)"
)
_TASK_DE: Final = (
    r"(?:(?:weiter)?helfen|behilflich|beantworten|erfüllen|nachkommen|bereitstellen|anbieten|erstellen|generieren|"
    r"unterstützen|ausführen|auskunft|ratschläge)\b"
)
_TASK_FR: Final = (
    r"(?:aider|répondre|fournir|satisfaire|donner suite|générer|créer|accéder|assister|traiter|effectuer|proposer)\b"
)
_TASK_ES: Final = (
    r"(?:ayudar|responder|proporcionar|cumplir|ofrecer|generar|crear|realizar|acceder|asistir|proveer|brindar|"
    r"completar)"
    r"(?:te|le|les|los)?\b"
)
#: What is missing when a model says that it has nothing to go by.
_LACKING: Final = (
    r"have (?:(?:access to |any |the )?(?:enough|sufficient|adequate)|access to (?:any|the|that|this|your|an?)|"
    r"the|any) "
    r"(?:[\w-]+ ){0,3}?(?:information|context|knowledge|data(?:set|base)?|details?|content|input|article|passage|text|"
    r"image|picture|photo|file|document|website|internet)s?\b"
)
_TASK_PT: Final = (
    r"(?:ajudar|auxiliar|responder|fornecer|cumprir|atender|oferecer|gerar|criar|realizar|aces?s?[ae]r|aceder|"
    r"assistir|prestar|completar|satisfazer|executar|processar|discutir|produzir|escrever|dar (?:informaç|conselho))"
)
_TASK_IT: Final = (
    r"(?:aiutar|assister|risponder|fornir|soddisfar|offrir|generar|crear|completar|eseguir|acceder|elaborar|"
    r"esaudir|procedere con|scriver|dar(?:e|ti|le|vi) (?:informazioni|consigli))"
)
_REFUSALS: Final = (
    rf"{_START}{_LEAD}{_AS_MODEL}{_LEAD}{_UNABLE} {_TASK}",
    rf"{_START}{_LEAD}{_AS_MODEL}{_LEAD}i (?:do not|don't) (?:{_LACKING}|know how to (?:respond|answer|reply)\b)",
    # An impersonal refusal only opens a turn: further on it is about somebody else's model.
    rf"\x1e[\s\"'*]*{_LEAD}(?:no (?:out|in)put[^.\n]*?)?{_IMPERSONAL}",
    # German, French, Spanish: "I can't come tomorrow" is a letter, so what cannot be done is named here, too.
    rf"{_START}(?:es )?tut mir (?:sehr |wirklich )?leid[,.;]? [^.!?\n]*\b(?:kann|darf|nicht in der "
    rf"lage)\b[^.!?\n]*\b{_TASK_DE}",
    rf"{_START}(?:leider )?(?:ich kann|kann ich) (?:leider )?(?:(?:dir|ihnen|euch|dabei|damit|hierbei) "
    rf")+[^.!?\n]*\b{_TASK_DE}",
    rf"{_START}(?:leider )?(?:ich kann|kann ich) [^.!?\n]*(?:anfrage|aufforderung|bitte) (?:leider )?nicht "
    rf"\b{_TASK_DE}",
    rf"{_START}(?:je suis (?:vraiment |sincèrement )?désolée?|désolée?|je m'excuse|navrée?)[,.;]? [^.!?\n]*"
    rf"\bje ne (?:peux|puis|suis) pas [^.!?\n]*\b{_TASK_FR}",
    rf"{_START}(?:malheureusement, )?je ne (?:peux|puis|suis) pas (?:en mesure de |capable de )?(?:vous |t'|te "
    rf")?{_TASK_FR}",
    rf"{_START}(?:lo siento|lo lamento|disculpa|disculpe|perdón)\b[^.!?\n]*\bno (?:puedo|me es posible|soy capaz|"
    rf"estoy)\b"
    rf"[^.!?\n]*\b{_TASK_ES}",
    rf"{_START}(?:lamentablemente, )?no puedo {_TASK_ES}",
    # Portuguese and Italian.
    rf"{_START}(?:(?:eu )?(?:sinto muito|lamento|desculp[ae](?:-me)?|peço desculpas?|infelizmente))\b[^.!?\n]*"
    rf"\bnão (?:posso|consigo|sou capaz|me é possível|estou)\b[^.!?\n]*\b{_TASK_PT}",
    rf"{_START}(?:eu )?não (?:posso|consigo|sou capaz de) (?:(?:te|lhe|o|a) )?{_TASK_PT}",
    rf"{_START}(?:mi dispiace|mi spiace|(?:sono )?spiacente|mi scuso|scus[ai]|purtroppo)\b[^.!?\n]*"
    rf"\bnon (?:posso|riesco|sono in grado|mi è possibile)\b[^.!?\n]*\b{_TASK_IT}",
    rf"{_START}non (?:posso|riesco a|sono in grado di) {_TASK_IT}",
)
REFUSAL: Final = any_of(*_REFUSALS)
#: The same politeness, and words for a model, in the other languages.
_ABROAD: Final = (
    r"(?:(?:leider|aber|doch|(?:es )?tut mir (?:sehr )?leid|hallo|nein|ja|(?:je suis )?désolée?|mais|bonjour|"
    r"malheureusement|lo siento|pero|hola|lamentablemente|sí|no|sinto muito|mas|olá|infelizmente|não|"
    r"mi dispiace|ma|ciao|purtroppo)[,.;:!\s]+){0,4}"
)
_KI: Final = r"(?:KI(?:-(?:Sprach)?modell|-Assistent\w*)?|künstliche Intelligenz|(?:großes )?Sprachmodell)"
_IA_FR: Final = r"(?:IA|intelligence artificielle|(?:grand )?modèle de langage|assistant (?:virtuel|IA))"
_IA_ES: Final = r"(?:IA|inteligencia artificial|(?:gran )?modelo de (?:lenguaje|IA)|asistente (?:virtual|de IA))"
_IA_PT: Final = r"(?:IA|inteligência artificial|(?:grande )?modelo de (?:linguagem|IA)|assistente (?:virtual|de IA))"
_IA_IT: Final = (
    r"(?:IA|intelligenza artificiale|(?:grande )?modello (?:linguistico|di linguaggio)|assistente (?:virtuale|IA))"
)
#: Sentences that present the speaker as a model, wherever in a text they stand.
_OWN: Final = (
    rf"{_START}{_LEAD}(?:as|being|speaking as|since i(?:'m| am)) (?:just |only |merely )?an? {_MODEL}(?: myself)?"
    r"(?: (?:trained|developed|created|made|built) by [^,\n]{1,80}| without [^,.\n]+)?\s?(?:,|\b(?:i|my)\b)",
    rf"{_START}{_LEAD}i(?:'m| am) (?:just |only |merely |actually |simply )?an? {_MODEL}(?:[.,;:!\n]|\s(?:and|"
    rf"that|so|but|without|designed|"
    r"trained|created|developed|based|here|which|with|who|living|running|not|named|called)\b)",
    # In the middle of a sentence "I" must follow: "he worked as an AI, they said" is about somebody.
    rf"[,;–—] (?:but |and |so |because )?(?:as|being) (?:just |only )?an? {_MODEL},? (?:i|my)\b",
    r"\b(?:AI|language|artificial intelligence)(?: language)? (?:models?|assistants?|systems?)(?:,? such as| like) "
    r"(?:me|myself)\b",
    rf"{_START}{_LEAD}my (?:knowledge|training)(?: data)? (?:cut-?off|was last updated|only goes|only extends|"
    rf"ends in|is limited to)",
    rf"{_START}{_LEAD}(?:as of|up to|based on) my (?:last |latest |most recent )?(?:knowledge|training)(?: data)? "
    rf"(?:cut-?off|update)",
    rf"{_START}{_ABROAD}(?:als (?:eine? )?{_KI},? (?:kann|darf|habe|bin|besitze|verfüge|möchte|muss) ich|ich bin "
    rf"(?:nur )?eine? {_KI}\b)",
    rf"{_START}{_ABROAD}(?:en tant qu(?:e |')(?:une? )?{_IA_FR}, ?(?:je|j'|il)|je (?:ne )?suis (?:qu')?une? "
    rf"{_IA_FR}\b)",
    rf"{_START}{_ABROAD}(?:como (?:una? )?{_IA_ES}, ?(?:no|yo|mi|me|puedo|soy|estoy|tengo)\b|soy (?:solo )?una? "
    rf"{_IA_ES}\b)",
    rf"{_START}{_ABROAD}(?:como (?:uma? )?{_IA_PT}, ?(?:eu|não|meu|posso|sou|estou|tenho)\b|"
    rf"(?:eu )?sou (?:apenas |só )?uma? {_IA_PT}\b)",
    rf"{_START}{_ABROAD}(?:(?:come|in quanto|essendo) (?:una? |un')?{_IA_IT}, ?(?:io|non|posso|sono|ho)\b|"
    rf"(?:io )?sono (?:solo |soltanto )?un(?:a |'| ){_IA_IT}\b)",
)
#: A disclaimer as the closing sentence: only what names the speaker as a model. "I don't have feelings for him"
#: closes many a story.
CLOSING_DISCLAIMER: Final = any_of(*_OWN)
_DISCLAIMERS: Final = (
    *_OWN,
    rf"{_START}{_LEAD}i (?:do not|don't|can ?not|can't) (?:actually |really )?(?:have|possess|experience|hold|form) "
    r"(?:any )?(?:(?:personal|human|subjective|emotions?|feelings?|beliefs?|opinions?|thoughts|preferences|"
    r"or|and),? ){1,6}"
    r"(?:opinions?|feelings?|emotions?|beliefs?|experiences?|preferences?|thoughts|consciousness)",
    rf"{_START}{_LEAD}i (?:do not|don't) have (?:(?:access to |the ability to )"
    r"(?:real-?time|current|live|up-to-date|the internet|personal|browse|external)|real-?time )",
)
DISCLAIMER: Final = any_of(*_DISCLAIMERS)
#: Names that only a model has.
_NAMED: Final = (
    r"(?:Chat-?GPT|(?:Instruct)?GPT-?[234](?:\.5|o)?|text-davinci-\d+|OpenAI(?:'s)? (?:assistant|model)|Open Assistant)"
)
#: Names that people, animals and planets have too: they count with a word for a model or its maker beside them.
_SHARED: Final = (
    r"(?:Claude|Bard|Gemini|Llama(?: ?\d)?|Vicuna|Alpaca|Koala|Falcon|Mistral|Bing(?: Chat)?|Grok|Copilot|Qwen|Guanaco|"
    r"Dolly|Sydney|DeepSeek[\w-]*|Phi|Gemma|Tulu|Zephyr|Command)"
)
_MAKER: Final = (
    r"(?:Open ?AI|Anthropic|Google(?: AI| DeepMind| Research)?|DeepMind|Meta(?: AI)?|Microsoft|LMSYS|Mistral AI|"
    r"Alibaba(?: Cloud)?|"
    r"DeepSeek|xAI|Cohere|Stability AI|Databricks|Hugging ?Face|LAION|Nomic(?: AI)?|Baidu|Zhipu(?: AI)?|"
    r"the Technology Innovation Institute)"
)
_MADE: Final = r"(?:trained|developed|created|made|built|designed|programmed|provided)"
_MADE_ABROAD: Final = (
    r"(?:entwickelt|trainiert|erstellt|geschaffen|entraînée?|créée?|développée?|conçue?|entrenad[oa]|cread[oa]|"
    r"desarrollad[oa]|diseñad[oa]|treinad[oa]|criad[oa]|desenvolvid[oa]|creat[oa]|sviluppat[oa]|addestrat[oa])"
)
_MODEL_ABROAD: Final = rf"(?:{_KI}|{_IA_FR}|{_IA_ES}|{_IA_PT}|{_IA_IT})"
_I_AM: Final = r"(?:i am|i'm|my name is|this is|(?:you (?:can|may) )?(?:call me|refer to me as))"
_IDENTITIES: Final = (
    rf"{_START}{_LEAD}{_I_AM} (?:just |only )?(?:an? )?{_NAMED}\b",
    rf"{_START}{_LEAD}as (?:{_NAMED}|{_SHARED}), (?:i|my)\b",
    rf"{_START}{_LEAD}you (?:can|may) (?:call me|refer to me as) (?:an? |the )?(?:AI |virtual )?"
    rf"(?:assistant|chat ?bot)\b",
    rf"{_START}{_LEAD}(?:{_I_AM}|as) {_SHARED}, (?:an?|the|your|from|by|{_MADE})\b[^.!?\n]*"
    rf"(?:\bAI\b|assistant|language model|chat ?bot|{_MAKER})",
    # Any name will do before a word for a model and its maker, or before "and I was created by" such a maker.
    rf"{_START}{_LEAD}(?:{_I_AM}|as) [\w-]+(?: [\w-]+)?, an? {_MODEL}[^.!?\n]*?\b(?:by|from|at) (?:\w+ )?{_MAKER}\b",
    rf"{_START}{_LEAD}{_I_AM} [\w-]+(?: [\w-]+)?,? (?:and |who )?(?:i )?(?:am |was |have been )"
    rf"(?:developed|created|made|built|designed|programmed)(?: and \w+)? by (?:\w+ )?{_MAKER}\b",
    rf"{_START}{_LEAD}(?:i am|i'm|i was|i have been)(?: just| actually| only)?(?: an? {_MODEL})?"
    rf"(?: (?:called|named) [\w-]+)?(?:,| that was| which was| based on [^.!?\n]+)? ?"
    rf"{_MADE}(?: and \w+)? (?:by|at) (?:\w+ )?{_MAKER}\b",
    rf"(?:{_START}{_LEAD}(?:as|being)|[,;–—] (?:but |and )?(?:i am|i'm|as))(?: just| actually| only)? an? {_MODEL}"
    rf"(?: (?:called|named) [\w-]+)?(?:,| that was| which was)? ?{_MADE}(?: and \w+)? (?:by|at) (?:\w+ )?{_MAKER}\b",
    rf"{_START}{_ABROAD}(?:ich bin|ich heiße|je suis|je m'appelle|soy|me llamo|mi nombre es|(?:eu )?sou|meu nome é|"
    rf"(?:io )?sono|mi chiamo) (?:une? |un' ?|uma? |eine? )?{_NAMED}\b",
    rf"{_START}[^.!?\n]*\b(?:ich (?:bin|wurde)|je suis|j'ai été|soy|fui|he sido|sou|sono(?: stat[oa])?)\b[^.!?\n]*"
    rf"\b(?:{_MODEL_ABROAD}|{_MADE_ABROAD})(?: {_MADE_ABROAD})? (?:von|par|por|pel[ao]|da|dalla|de|di) (?:\w+ )?"
    rf"{_MAKER}\b",
    rf"{_START}[^.!?\n]*\bich (?:bin|wurde)\b[^.!?\n]*\bvon (?:\w+ )?{_MAKER} {_MADE_ABROAD}",
)
IDENTITY: Final = any_of(*_IDENTITIES)

# A text without any of these words can match nothing above; looking for them first is many times as fast.
_MODEL_WORDS: Final = (
    r"(?-u:\b)(?:A\.?I|IA|KI)(?-u:\b)|artificial|artificiel|künstlich|language (?:model|assistant|system)|LLM|GPT|"
    r"machine learning|chat ?bot|assistant|assistent|asistente|sprachmodell|de langage|de lenguaje|de linguagem|"
    r"di linguaggio|linguistico"
)
MAY_REFUSE: Final = any_of(
    r"can ?not|can't|could ?n[o']t|won't|will not|should ?n[o']t|refuse|decline|unable|not (?:able|allowed|permitted|"
    r"programmed|designed|comfortable|capable|possible|appropriate|ethical|meet)|prohibited|do not|don't|impossible|"
    r"inappropriate|unethical|no (?:response|output|answer)",
    r"kann|darf|nicht in der|ne (?:peux|puis|suis)|no (?:puedo|me es|soy|estoy)|não|non (?:posso|riesco|sono|mi)",
)
MAY_DISCLAIM: Final = any_of(
    _MODEL_WORDS, r"my (?:\w+ \w+ |\w+ )?(?:knowledge|training)|i (?:do not|don't|can ?not|can't) "
)
MAY_NAME: Final = any_of(_NAMED, _MAKER, r"(?:call me|refer to me as)", rf"(?:as|am|i'm|is|me|by) {_SHARED},")


def _core(pattern: str) -> str:
    """A pattern without what leads up to the point, which stands first, and without word boundaries.

    It matches in each text in which `pattern` does.
    """
    for part in (_START, _LEAD, _AS_MODEL, _ABROAD):
        pattern = pattern.replace(part, "")
    return pattern.replace(r"\b", "")


#: Of each pattern, what each of its alternatives has after what may lead up to it, without word boundaries. A text
#: in which this is not found cannot match the pattern either. It is looked for first, since an automaton of what
#: leads up has so many states that most of its time goes into making them, and no automaton knows the word boundaries
#: of Unicode.
_CORES: Final[dict[str, str]] = {
    any_of(*patterns): any_of(*map(_core, patterns)) for patterns in (_REFUSALS, _OWN, _DISCLAIMERS, _IDENTITIES)
}


def may_hold(texts: pl.Series, screen: str) -> pl.Series:
    """Whether the fast `screen` of a pattern matches each of `texts`; Boolean, false for null."""
    return texts.str.contains(screen).fill_null(value=False)


def phrases(texts: pl.Series, screen: str, pattern: str) -> pl.Series:
    """The match of `pattern` in each of `texts`, looked for only where `screen` matches, now and on this thread.

    To compile one of the patterns above takes some hundredths of a second. Polars keeps the last 32 that a thread has
    used; in a lazy query they give way to others, here they are there for the next shard.
    """
    there = may_hold(texts, screen)
    some = texts.filter(there)
    held = some.str.contains(_CORES[pattern])
    found = some.filter(held).to_frame("text").select(excerpt(pl.col("text"), pattern, trim=_EDGE)).to_series()
    return scattered(scattered(found, held), there)
