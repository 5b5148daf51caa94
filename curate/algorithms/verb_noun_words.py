"""Lists of words for `verb_noun`: verbs that instructions begin with, and the small words that bound a noun phrase."""

# a word list is easier to read and to extend as one string
# ruff: noqa: SIM905
from __future__ import annotations

from typing import Final

#: Verbs that ask for something, in their base form.
_BASE: Final = """
abbreviate accept access act adapt add address adjust advise aggregate align allocate amend analyse analyze animate
annotate anonymise anonymize answer apply appraise approach approximate argue arrange ask assemble assess assign
assist assume attach audit augment automate balance bake be begin bold book boil brainstorm break brief bring browse
build calculate call cancel capitalise capitalize caption capture carry cast catalog categorise categorize celebrate
change characterise characterize chart chat check choose cite clarify classify clean close cluster code coin collate
collect color combine come comment communicate compare compile complete compose compress compute conceptualize conclude
condense conduct configure confirm connect consider construct contextualize continue contrast convert convey convince
cook copy correct count cover craft create criticise criticize critique curate customise customize cut debate debug
decide declare decode decompose decorate deduce defend define delete deliver demonstrate deploy derive describe design
detail detect determine develop devise diagnose differentiate digest disassemble discover discuss display dissect
distinguish divide do document draft draw edit elaborate eliminate embed emphasize employ enable encode encourage
encrypt enhance enter enumerate envision establish estimate evaluate examine exchange execute exemplify expand explain
explore export express extend extract fact-check factor fetch figure fill filter find finish fix flip fold follow
forecast form format formulate gather generate get give go grade graph greet group guess guide handle help highlight
hypothesize identify illustrate imagine imitate implement import improve improvise include incorporate increase
indicate infer inform insert inspect install integrate interpret interview introduce invent investigate invite invoke
judge justify keep label learn leave link list listen locate look make manage map mark match measure memorize mention
merge mix modify name narrate negotiate normalize note number observe obtain offer open optimise optimize order organise
organize outline output pack paint paraphrase parse perform persuade pick pinpoint place plan play plot point polish
pose post practice predict prepare present pretend print prioritize produce program promote prompt proofread propose
prove provide publish pull punctuate put quantify quote randomize rank rate react read rearrange recall recite
recognize recommend reconstruct recap rectify redesign reduce refactor refer refine reflect reformat reformulate refute
reimagine relate remember remove rename render reorder reorganize repair repeat rephrase replace reply report represent
request research resolve respond restate restructure retrieve return reveal reverse review revise rewrite rework reword
rotate round run save say scan schedule scrape search select send separate set share shorten show simplify simulate
sing sketch solve sort speak specify spell split spot standardize start state stop stress strip structure study
subtract suggest sum summarise summarize supply support suppose swap switch synthesize tabulate tag take talk teach
tell test think tokenize track train transcribe transform translate transpose trim try turn uncover underline
understand unscramble update use utilize validate verify view visit visualise visualize vote walk watch weigh write zip
"""

_IRREGULAR_FORMS: Final = {
    "re-write": "rewrite",
    "proof-read": "proofread",
    "role-play": "roleplay",
    "rewriting": "rewrite",
}

#: Word forms that begin an instruction, each with its lemma.
VERBS: Final[dict[str, str]] = {word: word for word in _BASE.split()} | _IRREGULAR_FORMS

#: What a question begins with.
QUESTION_STARTS: Final = frozenset(
    """
    what what's who who's whom whose when where where's why which how how's is are was were am do does did can could
    will would should shall may might has have had isn't aren't don't doesn't
    """.split()
)

DETERMINERS: Final = frozenset(
    """
    a an the this that these those some any each every all both my your his her its our their another other such no one
    two three four five six seven eight nine ten eleven twelve fifteen twenty thirty fifty hundred several few many
    multiple various different most more least less enough half
    """.split()
)

PRONOUNS: Final = frozenset("me us him them you it yourself myself themselves itself oneself everyone someone".split())

ADVERBS: Final = frozenset(
    """
    briefly quickly carefully clearly concisely accurately simply just only also then first finally next now please
    always never again really very at roughly approximately exactly about up-to additionally step-by-step manually
    thoroughly properly correctly randomly creatively automatically together kindly immediately further instead
    """.split()
)

#: Nouns that only count or hold what follows after `of`: "a list of animals" asks for animals.
NOUN_PHRASE_OF: Final = frozenset("couple lot number pair bunch set variety range series kind type sort piece".split())

#: Words that end a noun phrase.
ENDERS: Final = frozenset(
    """
    of about for on in at to with from by into as using that which who whose where when why how if whether because while
    than and or but is are was were be been being has have had can could will would should may might must so such
    between among during against through over under above below without within across after before until since per
    via regarding concerning including containing describing explaining based given like onto towards toward around
    not do does did what it's there whom related used made called caused found written located needed inspired
    , . ; : ! ? ( ) [ ] { } " ' / \\ | * # < > = + & % $ @ ^ ~ ` “ ” – — …
    """.split()
)

#: Adjectives that may stand alone after a verb and are no object.
ADJECTIVES: Final = frozenset(
    """
    short brief long simple new following given good best better creative funny original detailed specific possible
    able sure happy sad clear concise correct true false formal polite proper last first next single main
    """.split()
)

#: Words in -ly that are nouns.
LY_NOUNS: Final = frozenset(
    "family reply supply assembly anomaly butterfly jelly fly ally italy monopoly bully".split()
)

#: Words in -ing that are nouns.
UNITS: Final = frozenset(
    """
    meaning building painting meeting feeling thing ending opening setting warning greeting wedding string morning
    evening heading rating ranking recording listing drawing training marketing writing reading spelling pricing king
    ring spring saying finding training blessing briefing casing ceiling clothing offering posting king wing
    outing housing icing
    """.split()
)

#: Plurals that no ending tells.
IRREGULAR_PLURALS: Final[dict[str, str]] = {
    "people": "person",
    "children": "child",
    "men": "man",
    "women": "woman",
    "mice": "mouse",
    "feet": "foot",
    "teeth": "tooth",
    "criteria": "criterion",
    "analyses": "analysis",
    "hypotheses": "hypothesis",
    "synopses": "synopsis",
    "indices": "index",
    "movies": "movie",
    "cookies": "cookie",
    "ties": "tie",
    "lives": "life",
    "knives": "knife",
    "leaves": "leaf",
    "halves": "half",
    "haikus": "haiku",
    "menus": "menu",
    "emus": "emu",
}

#: Nouns that end in s and are singular, or the same in both.
INVARIANT: Final = frozenset(
    """
    news lyrics mathematics physics economics ethics politics series species lens gas bus class process
    business address analysis synopsis thesis hypothesis basis status campus focus virus bonus plus thus yes
    canvas always chess pros cons sales
    """.split()
)
