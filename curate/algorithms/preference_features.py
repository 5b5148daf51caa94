"""What a linear preference model looks at in an instruction and its response: 31 numbers, most of them in 0 to 1.

No number grows with length without bound: lengths are logarithmic and end at a cap, everything else is a share or a
yes or no. So a model on top of them cannot be won by writing on and on.
"""

# a word list is easier to read and to extend as one string
# ruff: noqa: SIM905
from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

#: What is read of each text, in characters; the end of a response is always looked at.
MAX_CHARS: Final = 6000

#: Response lengths, in words, from which on more words count nothing.
SHORT_CAP: Final = 80
LONG_CAP: Final = 200
#: Words a response that should be a label may have without being called long.
LABEL_WORDS: Final = 20

# One character of an unspaced script, or a run of letters and digits that may hold apostrophes.
UNSPACED: Final = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD: Final = re.compile(rf"[{UNSPACED}]|[^\W_{UNSPACED}]+(?:['’][^\W_{UNSPACED}]+)*")
_SENTENCE_END: Final = re.compile(r"[.!?。！？]+(?=\s|$|[\"'”)])|\n+")
_MARKER: Final = re.compile(r"^\W*\d*\W*")
_LIST_LINE: Final = re.compile(r"(?:[-*•]|\d+[.)]|[a-zA-Z][.)])\s*\S")
_ENDED: Final = re.compile(r"[.!?。！？…:)\]\"'”`}]$")
_STOPPED: Final = re.compile(r"[.!?。！？…)\]\"'”`}*>|\d]$")
_PLACEHOLDER: Final = re.compile(r"\[[a-z][a-z' ]{1,30}\]|<[a-z ]{3,20}>|no ?(?:in|out)put")
#: Phrases by which a response declines, and by which an instruction asks for each sort of answer. They stand at the
#: bounds of words; `*` at the end is the rest of a word, `.` any character.
REFUSALS: Final = ("sorry", "cannot", "can't", "unable", "as an ai", "i don't know", "not sure", "not able")
ASKS: Final[dict[str, tuple[str, ...]]] = {
    "long": tuple(
        """
        write explain describe essay story email letter article paragraph poem compose create discuss analysis draft
        elaborate tell review post plan
        """.split()
    ),
    "short": (
        *"short brief briefly concise summar* headline title tagline slogan hook catchy tweet single".split(),
        "one sentence",
        "one word",
        "name of",
    ),
    "label": (
        *"classif* categori* sentiment label choose identify determine detect relevant offensive".split(),
        "true or false",
        "yes or no",
        "which of",
        "correct option",
        "multiple.choice",
    ),
    "list": tuple("list name ideas example examples steps ways reasons tips suggest questions".split()),
    "edit": tuple(
        """
        rewrite rephrase correct fix edit improve paraphrase translate convert change replace remove simplif* turn
        proofread add
        """.split()
    ),
}
#: English function words: they say nothing of what a text is about.
STOP_WORDS: Final = frozenset(
    """
    a an the of to in and or for on with at by from is are was were be been it its this that these those as i
    you he she we they my your his her our their me him them us do does did have has had will would can could
    should may might not no so if then than there here what which who whom how when where why about into over
    under up down out very just also more most some any such
    """.split()
)


def _one_of(phrases: Iterable[str]) -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(phrase.replace("*", r"\w*") for phrase in phrases) + r")\b")


_REFUSAL: Final = _one_of(REFUSALS)
_ASKS: Final = {name: _one_of(phrases) for name, phrases in ASKS.items()}

#: The features in the order of `features`, each with what it measures.
FEATURES: Final[dict[str, str]] = {
    "empty": "1 if the response has no word",
    "length_80": "ln(1 + words) / ln(81), at most 1",
    "length_200": "ln(1 + words) / ln(201), at most 1",
    "length_80_if_long_asked": "length_80 where the instruction asks for prose (write, explain, letter, ...)",
    "length_80_if_short_asked": "length_80 where it asks for something short (brief, title, summary, ...)",
    "length_80_if_label_asked": "length_80 where it asks for a label (classify, true or false, ...)",
    "excess_if_long_asked": "ln(1 + words beyond 20) / ln(201), at most 1, where prose is asked for",
    "excess_if_short_asked": "the same where something short is asked for",
    "excess_if_label_asked": "the same where a label is asked for",
    "paragraphs": "ln(1 + paragraphs), six at most",
    "lines": "ln(1 + lines) / ln(13), at most 1",
    "new_words_60": "ln(1 + distinct content words not in the instruction) / ln(61), at most 1",
    "new_words_15": "the same with 15: saturates early",
    "repeated_lines": "share of lines that occurred before, list markers aside",
    "repeated_sentences": "share of sentences that occurred before",
    "repeated_openings": "share of sentences whose first three words began one before",
    "repeated_trigrams": "share of word trigrams that occurred before",
    "copied": "share of word 4-grams that stand in the instruction",
    "copied_if_edit_asked": "the same where the instruction asks for an edit or a translation",
    "echo": "share of content words that stand in the instruction",
    "coverage": "share of the instruction's distinct content words that the response uses",
    "ended": "1 if the response ends like a sentence, a list or code does",
    "cut_off": "1 if a response of more than 25 words ends in the middle of a line of prose",
    "placeholder": "1 if it holds a placeholder such as [your name], or the word noinput or nooutput",
    "refusal": "1 if its first 200 characters apologise or refuse",
    "function_words": "share of English function words",
    "sentence_length": "ln(1 + words per sentence) / ln(41), at most 1",
    "word_length": "mean characters per word / 8, at most 1",
    "list": "1 if two lines or more are list items",
    "list_share": "share of lines that are list items",
    "list_if_asked": "list where the instruction asks for a list",
}


def words(text: str) -> list[str]:
    """The words of `text` in lower case; a character of Chinese or Japanese is a word of its own."""
    return [word.lower() for word in _WORD.findall(text)]


def features(instruction: str, response: str) -> list[float]:
    """The values of `FEATURES`, in their order, for one record.

    Of each text the first 6,000 characters are read, and of the response its end.
    """
    text = response.strip()
    head, asked = text[:MAX_CHARS], instruction[:MAX_CHARS]
    said, given = words(head), words(asked)
    lines = [line.strip() for line in head.split("\n") if line.strip()]
    values = {
        "empty": float(not said),
        **_lengths(len(said), asked.lower()),
        **_repeats(head, said, lines),
        **_overlap(said, given),
        **_shape(text, head, said, lines),
    }
    wants_edit, wants_list = _asks("edit", asked.lower()), _asks("list", asked.lower())
    values["copied_if_edit_asked"] = values["copied"] * wants_edit
    values["list_if_asked"] = values["list"] * wants_list
    return [values[name] for name in FEATURES]


def _asks(name: str, asked: str) -> float:
    return float(_ASKS[name].search(asked) is not None)


def log_share(count: float, cap: int) -> float:
    """ln(1 + count) / ln(1 + cap), at most 1."""
    return math.log1p(min(count, cap)) / math.log1p(cap)


def _lengths(count: int, asked: str) -> dict[str, float]:
    short = log_share(count, SHORT_CAP)
    excess = log_share(max(count - LABEL_WORDS, 0), LONG_CAP)
    out = {"length_80": short, "length_200": log_share(count, LONG_CAP)}
    for name in ("long", "short", "label"):
        wanted = _asks(name, asked)
        out[f"length_80_if_{name}_asked"] = short * wanted
        out[f"excess_if_{name}_asked"] = excess * wanted
    return out


def _repeated(items: Iterable[Any]) -> float:
    """The share of items that occurred before; 0 for none."""
    counts = Counter(items)
    total = counts.total()
    return (total - len(counts)) / total if total else 0.0


def _repeats(head: str, said: list[str], lines: list[str]) -> dict[str, float]:
    sentences = [s.strip().lower() for s in _SENTENCE_END.split(head) if s.strip()]
    openings = [w for w in (tuple(words(s[:80])[:3]) for s in sentences) if len(w) == 3]
    return {
        "repeated_lines": _repeated(_MARKER.sub("", line.lower()) for line in lines),
        "repeated_sentences": _repeated(sentences),
        "repeated_openings": _repeated(openings),
        "repeated_trigrams": _repeated(zip(said, said[1:], said[2:], strict=False)),
        "sentence_length": log_share(len(said) / max(len(sentences), 1), 40),
    }


def _overlap(said: list[str], given: list[str]) -> dict[str, float]:
    content = [word for word in said if word not in STOP_WORDS]
    mine, theirs = set(content), set(given) - STOP_WORDS
    grams = list(zip(said, said[1:], said[2:], said[3:], strict=False))
    known = set(zip(given, given[1:], given[2:], given[3:], strict=False))
    new = len(mine - theirs)
    return {
        "new_words_60": log_share(new, 60),
        "new_words_15": log_share(new, 15),
        "copied": sum(gram in known for gram in grams) / max(len(grams), 1),
        "echo": sum(word in theirs for word in content) / max(len(content), 1),
        "coverage": len(mine & theirs) / max(len(theirs), 1),
        "function_words": (len(said) - len(content)) / max(len(said), 1),
    }


def _shape(text: str, head: str, said: list[str], lines: list[str]) -> dict[str, float]:
    last = text[-MAX_CHARS:].rsplit("\n", 1)[-1]
    cut = len(said) > 25 and len(last.split()) > 6 and not _STOPPED.search(text)
    items = sum(_LIST_LINE.match(line) is not None for line in lines)
    return {
        "paragraphs": math.log1p(min(sum(bool(part.strip()) for part in head.split("\n\n")), 6)),
        "lines": log_share(len(lines), 12),
        "ended": float(_ENDED.search(text[-1:]) is not None),
        "cut_off": float(cut),
        "placeholder": float(_PLACEHOLDER.search(head.lower()) is not None),
        "refusal": float(_REFUSAL.search(text[:200].lower()) is not None),
        "word_length": min(sum(map(len, said)) / max(len(said), 1), 8) / 8,
        "list": float(items >= 2),
        "list_share": items / max(len(lines), 1),
    }
