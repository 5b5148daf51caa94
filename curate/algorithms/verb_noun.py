"""The root verb of an instruction and that verb's object, by a light rule instead of a parser.

An instruction is most often an imperative: its first word that can be a verb is the root, and the head of the noun
phrase after it the object (`Write a short story about rain` gives write, story). So a list of verbs and a few lists of
function words go a long way. English only. What the rule does not cover gives None: a question has no verb that asks
for something, and a text in another language none that is known.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from curate.algorithms.verb_noun_words import (
    ADJECTIVES,
    ADVERBS,
    DETERMINERS,
    ENDERS,
    INVARIANT,
    IRREGULAR_PLURALS,
    LY_NOUNS,
    NOUN_PHRASE_OF,
    PRONOUNS,
    QUESTION_STARTS,
    UNITS,
    VERBS,
)

#: What is read of an instruction, in characters.
MAX_CHARS: Final = 600

_POLITE: Final = re.compile(
    r"^(?:(?:hi(?: there)?|hello|hey|okay|ok|so|now|then|first|next|also|please|pls|kindly|dear \w+|task|instructions?"
    r"|question|q|your task is to|the task is to|your job is to|i(?:'d| would)? (?:want|like|need) you to|i want to"
    r"|i need to|i(?:'d| would) like to|you (?:should|must|have to|need to|will|are asked to|are to)|let's|let us"
    r"|(?:can|could|would|will) (?:you|u|we)|help me(?: to)?|try to|be sure to|make sure to|do your best to"
    r"|go ahead and|in this task,?|for this task,?)\b[\s,.:;!-]*)+"
)
_LEAD: Final = re.compile(
    r"^(?:given|using|based on|considering|according to|with|from|for|in|as|after|before|if|when|assuming|imagine"
    r"|suppose|consider|read|to)\b[^.?!\n]{0,200}?,\s+(?:please\s+|then\s+|and\s+)?"
)
_WORD: Final = re.compile(r"\d+-[a-z-]+|[a-z][a-z'-]*|\d[\d.,]*|[^\sa-z\d]")
_SENTENCE: Final = re.compile(r"(?<=[.!?:])\s+|\n+")


class VerbNoun(NamedTuple):
    """The lemma of the root verb and that of its object; None for what there is not."""

    verb: str | None
    noun: str | None


def verb_noun(instruction: str) -> VerbNoun:
    """The root verb and its object of the first sentence that asks for something.

    Up to three sentences of the first 600 characters are tried. Both are None where none of them is an imperative or
    a request; the object alone is None where the verb has none (`Explain why ...`).
    """
    text = instruction[:MAX_CHARS].replace("\u2019", "'").strip().lower()
    for sentence in [s for s in _SENTENCE.split(text) if s.strip()][:3]:
        found = _of_sentence(sentence.strip())
        if found.verb:
            return found
    return VerbNoun(None, None)


def _of_sentence(sentence: str) -> VerbNoun:
    plain = _POLITE.sub("", sentence)
    for start in (plain, _POLITE.sub("", _LEAD.sub("", plain))):
        words = _WORD.findall(start.strip(" \"'“”*-•#>"))
        while words and words[0] in ADVERBS:
            words = words[1:]
        if not words or words[0] in QUESTION_STARTS:
            continue
        verb = VERBS.get(words[0])
        # A noun in front of a verb form ("list price?", "answer:") is not an order.
        if verb and words[1:2] not in ([":"], ["is"], ["are"], ["was"]):
            return VerbNoun(verb, _object(_after_particle(words)))
    return VerbNoun(None, None)


def _after_particle(words: list[str]) -> list[str]:
    rest = words[1:]
    # "Compare and contrast", "design and build": the object is that of both.
    if rest[:1] == ["and"] and rest[1:2] and rest[1] in VERBS:
        rest = rest[2:]
    if rest[:1] == ["that"]:
        return []
    for particle in (("up", "with"), ("out",), ("up",), ("down",), ("of",), ("off",), ("for",), ("to",), ("about",)):
        if tuple(rest[: len(particle)]) == particle:
            rest = rest[len(particle) :]
            break
    # The one something is done for: "give me a list", "teach the class a song" is left to the rule below.
    while rest and rest[0] in PRONOUNS:
        rest = rest[1:]
    return rest[1:] if rest[:1] == ["with"] else rest


def _object(rest: list[str]) -> str | None:
    """The head of the noun phrase that `rest` begins with: its last noun before a preposition, verb or mark."""
    head: str | None = None
    for place, word in enumerate(rest):
        if _is_filler(word):
            if head is not None:
                break
        elif word == "of" and head in NOUN_PHRASE_OF:
            return _object(rest[place + 1 :]) or head
        elif word in ENDERS or not word[0].isalpha():
            if head is not None or word not in {",", "and", "or"}:
                break
        elif head is not None and ((word.endswith("ing") and word not in UNITS) or _is_verb_here(rest, place)):
            break
        else:
            head = word
    if head is None or head in ADJECTIVES or head in PRONOUNS:
        return None
    return singular(head)


def _is_filler(word: str) -> bool:
    """Whether a word stands before a noun and is none: an article, a number ("7", "6-digit"), an adverb."""
    return word in DETERMINERS or word in ADVERBS or word[0].isdigit() or (word.endswith("ly") and word not in LY_NOUNS)


def _is_verb_here(rest: list[str], place: int) -> bool:
    """Whether a word that may be a verb or a noun is a verb, by what follows it: an article makes it one."""
    if rest[place] not in VERBS:
        return False
    following = rest[place + 1] if place + 1 < len(rest) else ""
    return following in DETERMINERS or following in PRONOUNS


def singular(noun: str) -> str:
    """The singular of an English noun, by its ending."""
    noun = noun.removesuffix("'s")
    if noun in IRREGULAR_PLURALS:
        return IRREGULAR_PLURALS[noun]
    if noun in INVARIANT or len(noun) < 4 or not noun.endswith("s") or noun.endswith(("ss", "us", "is")):
        return noun
    if noun.endswith("ies"):
        return noun[:-3] + "y"
    if noun.endswith(("ches", "shes", "xes", "sses", "zzes")):
        return noun[:-2]
    return noun[:-1]
