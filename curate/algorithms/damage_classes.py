"""Classes of English words by which order is told from disorder: function words by list, the rest by form."""

from __future__ import annotations

from typing import Final

#: Function words of each class. A word that is in none is classed by its form (`FORMS`).
FUNCTION_WORDS: Final[dict[str, str]] = {
    "article": "a an the",
    "demonstrative": "this that these those",
    "possessive": "my your his her its our their whose",
    "preposition": "of in on at by for with from into onto about after before between through during without within "
    "against among across over under around near toward towards along beyond behind above below beside besides despite "
    "except inside outside per via upon throughout like",
    "to": "to",
    "and": "and or nor",
    "but": "but yet",
    "conjunction": "because although while if when whether since unless until though whereas as than once",
    "subject": "i he she we they who",
    "pronoun": "you it there someone everyone anyone something everything anything nothing nobody everybody",
    "object": "me him us them myself yourself himself herself itself ourselves themselves",
    "be": "is are was were am",
    "been": "be been being",
    "have": "have has had do does did",
    "modal": "can could will would shall should may might must cannot",
    "not": "not never",
    "adverb": "also very just only even still already too so more most much less quite often always usually sometimes "
    "rather really almost then now here again soon well however therefore instead perhaps maybe",
    "quantity": "some any each every all both many few several no another other such one two three four five six seven "
    "eight nine ten first second last next same own",
    "question": "what which how why where whom",
    "negated": "don't doesn't didn't isn't aren't wasn't weren't won't wouldn't can't couldn't shouldn't haven't "
    "hasn't hadn't",
    "contracted": "i'm i've i'll i'd you're you've you'll you'd he's she's it's we're we've we'll they're they've "
    "they'll that's there's let's what's",
}
#: Classes of all other words, by their last letters or their form; and of the marks between words.
FORMS: Final[tuple[str, ...]] = (
    "other",
    "ly",
    "ing",
    "ed",
    "s",
    "capital",
    "number",
    "comma",
    "boundary",
)
#: All classes; a class is its place here.
CLASSES: Final[tuple[str, ...]] = (*FORMS, *FUNCTION_WORDS)
#: Classes that nothing ends with: neither a sentence nor a text.
HANGING: Final[tuple[str, ...]] = ("article", "possessive", "to", "and", "but", "conjunction", "question")


def listed() -> list[tuple[str, int]]:
    """Each function word with the number of its class."""
    return [(word, CLASSES.index(name)) for name, words in FUNCTION_WORDS.items() for word in words.split()]
