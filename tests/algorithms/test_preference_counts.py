"""The compiled features of `preference` against the same in plain Python, over hostile text."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.algorithms.parallel import thread_map
from curate.algorithms.preference_features import ASKS, FEATURES, MAX_CHARS, REFUSALS, UNSPACED, features
from curate.algorithms.preference_matrix import compiled
from curate.algorithms.preference_text import DIGIT, ODD, POINTS, SPACE, WORD, character_tables
from curate.algorithms.texts import texts

#: What the features look for, whole and in parts, and characters that Unicode has rules of its own for.
PARTS = [
    *(phrase.replace("*", "").replace(".", "-") for group in ASKS.values() for phrase in group), *REFUSALS,
    "multiple\nchoice", "multiple choice", "word", "Word", "the", "of", "and", "a", "I", "x", "it's", "O’Brien", "'", "’",
    ".", "!", "?", "...", "。", "！", "…", ":", ",", ";", '."', ".'", ".)", "”", "\n", "\n\n", "\n\n\n", " ", " ", " ",
    "\t", "\r", "\x0b", "\x1c", "\x1f", "\x85", "\u00a0", "\u2028", "\u3000", "\u200b", "\ufeff", "\x00", "_", "__",
    "- ", "* ", "• ", "1. ", "12) ", "٣. ", "a) ", "B. ", "²", "½", "٣", "[your name]", "[a]", "[ab", "[Name's x]", "<no input>",
    "<abc>", "<a b", "noinput", "no output", "NO OUTPUT", "nooutpu", "no inout", "[" + "y" * 31 + "]", "[" + "y" * 32 + "]",
    "<" + "y" * 20 + ">", "<" + "y" * 21 + ">", "é", "É", "e\u0301", "ß", "ẞ", "ſ", "\u212a", "İ", "ı", "Σ", "ς", "σ", "ΑΣ",
    "Ⓐ", "ⓐ", "我", "喜", "・", "ご", "ﾊ", "ห", "🙂", "\U00020000", "\U0002fa1d", "\U000e0061", "\U0010ffff", "`", "}", "|", ">", "*",
]  # fmt: skip
TEXT = st.one_of(st.lists(st.sampled_from(PARTS), max_size=60).map("".join), st.text(max_size=40))


def by_kernel(pairs: list[tuple[str, str]]) -> np.ndarray:
    columns = (pl.Series([pair[side] for pair in pairs], dtype=pl.String) for side in (0, 1))
    return compiled(*map(texts, columns))


def by_hand(pairs: list[tuple[str, str]]) -> np.ndarray:
    return np.array([features(*pair) for pair in pairs]).reshape(len(pairs), len(FEATURES))


def differing(pairs: list[tuple[str, str]]) -> list[tuple[str, tuple[str, str]]]:
    got, want = by_kernel(pairs), by_hand(pairs)
    return [(list(FEATURES)[column], pairs[row]) for row, column in np.argwhere(got != want)]


@given(st.lists(st.tuples(TEXT, TEXT), max_size=8))
@settings(max_examples=120, deadline=None)
def test_every_feature_is_that_of_plain_python(pairs: list[tuple[str, str]]) -> None:
    assert not differing(pairs)


def test_texts_beyond_what_is_read() -> None:
    long = "A sentence of words. " * 400
    edges = [long[: MAX_CHARS + more] + end for more in (-2, -1, 0, 1) for end in ("", " end", ".", "\n- x\n- y", "é")]
    lines = ["\n".join(["one line of eight words in all here"] * 300), "\n\n" * 4000 + "x", " " * 7000 + "word " * 30]
    texts_ = [*edges, *lines, "x" * 20_000, "🙂" * 6001, "é" * 5999 + "..", long + "one two three four five six seven"]
    assert not differing([(a, b) for a in (long, "Write a list.") for b in texts_])


def test_a_record_does_not_depend_on_those_beside_it_nor_on_threads() -> None:
    pairs = [(PARTS[i] * 3, " ".join(PARTS[: i + 1])) for i in range(len(PARTS))]
    alone = np.concatenate([by_kernel([pair]) for pair in pairs])
    assert np.array_equal(by_kernel(pairs), alone)
    assert np.array_equal(np.concatenate(thread_map(by_kernel, [pairs[:50], pairs[50:]])), alone)


def test_what_python_says_of_characters() -> None:
    """Each code point; what is left to Python is all that has no lower case of its own."""
    lower, facts = character_tables(UNSPACED)
    every = [chr(point) for point in range(0x110000)]
    for fact, says in ((WORD, str.isalnum), (SPACE, str.isspace), (DIGIT, str.isdecimal)):
        assert [bool(known) for known in (facts & fact).tolist()] == [says(one) for one in every[:POINTS]]
        assert not any(says(one) for one in every[POINTS:])
    plain = [point for point in range(POINTS) if not facts[point] & ODD]
    assert [every[point].lower() for point in plain] == [chr(small) for small in lower[plain].tolist()]
    assert all(one.lower() == one for one in every[POINTS:])
    # Words are cut after the text was made small in one place, and before in the other.
    assert np.array_equal(facts[plain], facts[lower[plain]])
    assert not any(every[point].lower().isascii() for point in plain[0x80:])
