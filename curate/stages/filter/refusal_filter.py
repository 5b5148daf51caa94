"""The stage `refusal_filter`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final, Literal, get_args

import polars as pl
from pydantic import Field

from curate.stage import Filter, Rule
from curate.text import any_of, excerpt, plain_quotes, turn_heads

Check = Literal["refusal", "provider_identity", "ai_disclaimer"]
_ALL: Final[tuple[Check, ...]] = get_args(Check)

#: Stands before the head of each assistant turn, so that one pattern can ask for the beginning of any of them.
_TURN: Final = "\x1e"

#: The beginning of a turn, a sentence or a line.
_START: Final = r"(?:\x1e|[.!?。]['\")\]*]*\s+|\n)[\s*>#(\[-]*"

#: What a match carries along from the sentence before.
_EDGE: Final = " .!?。\"'*>#([)]-\x1e"

#: Words for a model, with the adjectives before and the nouns after; "an AI researcher" is none of them, because
#: every use of this pattern asks for a comma or a pronoun after it.
_MODEL: Final = (
    r"(?:(?:helpful|harmless|responsible|respectful|honest|ethical|neutral|safe|friendly|large|highly|very|"
    r"advanced|capable|"
    r"sophisticated|conversational|digital|mere|simple|text-based|and),? )*"
    r"(?:(?:A\.?I\.?|artificial intelligence|language model|machine learning model|LLM|GPT(?:-\d)?)"
    r"(?:[ -](?:powered|based|trained|driven))?"
    r"(?: (?:large |virtual |text-based )?(?:language model|model|assistant|chat ?bot|bot|program|system|entity))*"
    r"|virtual assistant|chat ?bot|(?:helpful|responsible|respectful|honest|digital|text-based) (?:AI )?assistant)"
)
#: Politeness before the point: "Well, I'm sorry, but", "Thank you for asking! However, I must say that".
_LEAD: Final = (
    r"(?:(?:oh|well|yes|no|hello|hi|hey|sure|thank you[^.!?\n]*|thanks[^.!?\n]*|sorry|unfortunately|regrettably|"
    r"i(?:'m| am) (?:very |so |truly |deeply )?(?:sorry|afraid)|i (?:do |must |sincerely )?apologi[sz]e|(?:my "
    r")?apologies|"
    r"(?:please )?note|however|but|that|and|while|though|as such|i understand[^.!?\n]*|for (?:any|the|my) \w+(?: \w+)?|"
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
    r"recommend(?:ing)?|"
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
_REFUSAL: Final = any_of(
    rf"{_START}{_LEAD}{_AS_MODEL}{_LEAD}{_UNABLE} {_TASK}",
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
)
#: The same politeness, and words for a model, in German, French and Spanish.
_ABROAD: Final = (
    r"(?:(?:leider|aber|doch|(?:es )?tut mir (?:sehr )?leid|hallo|nein|ja|(?:je suis )?désolée?|mais|bonjour|"
    r"malheureusement|"
    r"lo siento|pero|hola|lamentablemente|sí|no)[,.;:!\s]+){0,4}"
)
_KI: Final = r"(?:KI(?:-(?:Sprach)?modell|-Assistent\w*)?|künstliche Intelligenz|(?:großes )?Sprachmodell)"
_IA_FR: Final = r"(?:IA|intelligence artificielle|(?:grand )?modèle de langage|assistant (?:virtuel|IA))"
_IA_ES: Final = r"(?:IA|inteligencia artificial|(?:gran )?modelo de (?:lenguaje|IA)|asistente (?:virtual|de IA))"
_DISCLAIMER: Final = any_of(
    rf"{_START}{_LEAD}(?:as|being|speaking as|since i(?:'m| am)) (?:just |only |merely )?an? {_MODEL}(?: myself)?"
    r"(?: (?:trained|developed|created|made|built) by [^,.\n]+| without [^,.\n]+)?\s?(?:,|\b(?:i|my)\b)",
    rf"{_START}{_LEAD}i(?:'m| am) (?:just |only |merely |actually |simply )?an? {_MODEL}(?:[.,;:!\n]|\s(?:and|"
    rf"that|so|but|without|designed|"
    r"trained|created|developed|based|here|which|with|who|living|running|not|named|called)\b)",
    rf"{_START}{_LEAD}i (?:do not|don't|can ?not|can't) (?:actually |really )?(?:have|possess|experience|hold|form) "
    r"(?:any )?(?:(?:personal|human|subjective|emotions?|feelings?|beliefs?|opinions?|or|and),? ){1,6}"
    r"(?:opinions?|feelings?|emotions?|beliefs?|experiences?|preferences?|thoughts|consciousness)",
    rf"{_START}{_LEAD}i (?:do not|don't) have (?:access to |the ability to )"
    r"(?:real-?time|current|live|up-to-date|the internet|personal|browse|external)",
    rf"{_START}{_LEAD}my (?:knowledge|training)(?: data)? (?:cut-?off|was last updated|only goes|only extends|"
    rf"ends in|is limited to)",
    rf"{_START}{_ABROAD}(?:als (?:eine? )?{_KI},? (?:kann|darf|habe|bin|besitze|verfüge|möchte|muss) ich|ich bin "
    rf"(?:nur )?eine? {_KI}\b)",
    rf"{_START}{_ABROAD}(?:en tant qu(?:e |')(?:une? )?{_IA_FR}, ?(?:je|j'|il)|je (?:ne )?suis (?:qu')?une? "
    rf"{_IA_FR}\b)",
    rf"{_START}{_ABROAD}(?:como (?:una? )?{_IA_ES}, ?(?:no|yo|mi|me|puedo|soy|estoy|tengo)\b|soy (?:solo )?una? "
    rf"{_IA_ES}\b)",
)
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
_IDENTITY: Final = any_of(
    rf"{_START}{_LEAD}(?:i am|i'm|my name is|this is|you can call me) (?:just |only )?(?:an? )?{_NAMED}\b",
    rf"{_START}{_LEAD}(?:i am|i'm|my name is|you can call me|as) {_SHARED}, (?:an?|the|your|from|by|{_MADE})\b[^.!?\n]*"
    rf"(?:\bAI\b|assistant|language model|chat ?bot|{_MAKER})",
    rf"{_START}{_LEAD}(?:i am|i'm|i was|i have been|as|being)(?: just| actually| only)?(?: an? {_MODEL})?(?: "
    rf"(?:called|named) [\w-]+)?"
    rf"(?:,| that was| which was| based on [^.!?\n]+)? ?{_MADE}(?: and \w+)? (?:by|at) (?:\w+ )?{_MAKER}\b",
    rf"{_START}[^.!?\n]*\b(?:ich (?:bin|wurde)|je suis|j'ai été|soy|fui|he sido)\b[^.!?\n]*\b(?:{_NAMED}|{_MAKER})\b",
)


class RefusalFilter(Filter):
    """Drops refusals, "as an AI" disclaimers and responses in which the model says whose it is.

    Looks at the first `head_chars` characters of each assistant turn, and there only at the beginning of the
    turn, of a sentence or of a line: "I'm sorry, but I can't help with that" opens a refusal, while an essay that
    mentions what language models refuse does not. The phrases are English, with the common German, French and
    Spanish ones; straight and curly apostrophes are the same. The evidence is the matched phrase.

    - `refusal`: the turn declines, and has at most `short_chars` characters.
    - `provider_identity`: the turn says that it is ChatGPT, or was made by OpenAI, Anthropic, Google, Meta and
      others. Names that people have too (Claude, Bard, Gemini) count only beside a word for a model or its maker.
    - `ai_disclaimer`: the turn presents itself as an AI, or declines and then goes on beyond `short_chars`.

    Why: a model learns to refuse from few examples and then refuses too much; and it repeats whose assistant it
    is, true or not. Leave the stage out, or leave `refusal` out of `checks`, where refusing is what the set
    should teach: of LIMA's 1,000 examples it drops 7, all of which were written to teach just that.

    Example
    -------
    ```yaml
    - stage: refusal_filter
      checks: [refusal, provider_identity]
    ```

    References
    ----------
    - Zhou et al. (2023), *LIMA: Less Is More for Alignment*, section 2.2: a few refusals written on purpose.
    - Wang et al. (2024), *Do-Not-Answer*, EACL Findings: how refusals are told from answers that begin with a
      warning.
    """

    stage: Literal["refusal_filter"] = "refusal_filter"
    reads: ClassVar[tuple[str, ...]] = ("messages",)
    reasons: ClassVar[Mapping[str, str]] = {
        "refusal": "An assistant turn declines the request and stops there.",
        "provider_identity": "An assistant turn opens by naming the model or the company behind it.",
        "ai_disclaimer": "An assistant turn opens by saying that it is an AI, or by declining, and goes on.",
    }

    checks: list[Check] = Field(
        list(_ALL), min_length=1, description="The reasons to look for; one that is not in the list is switched off."
    )
    head_chars: int = Field(
        300,
        ge=40,
        description="Characters that open each assistant turn in which a phrase counts: two or three sentences.",
    )
    short_chars: int = Field(
        600,
        ge=0,
        description="Characters up to which a turn that declines is a `refusal`; a longer one goes on to answer and is "
        "an `ai_disclaimer`. About 100 words: an apology, a ground and an offer of something else.",
    )

    def rules(self) -> list[Rule]:
        """One rule for each of `checks`, in the order of `reasons`."""
        messages, short = pl.col("messages"), self.short_chars
        heads = plain_quotes(turn_heads(messages, "assistant", chars=self.head_chars, mark=_TURN))
        long = plain_quotes(turn_heads(messages, "assistant", chars=self.head_chars, mark=_TURN, longer_than=short))
        declines, declines_long = excerpt(heads, _REFUSAL, trim=_EDGE), excerpt(long, _REFUSAL, trim=_EDGE)
        disclaims, names = excerpt(heads, _DISCLAIMER, trim=_EDGE), excerpt(heads, _IDENTITY, trim=_EDGE)
        goes_on = pl.coalesce(disclaims, declines_long)
        rules = {
            "refusal": Rule("refusal", declines.is_not_null() & declines_long.is_null(), declines),
            "provider_identity": Rule("provider_identity", names.is_not_null(), names),
            "ai_disclaimer": Rule("ai_disclaimer", goes_on.is_not_null(), goes_on),
        }
        return [rules[check] for check in _ALL if check in self.checks]
