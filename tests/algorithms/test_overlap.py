"""Shared runs of words, against a search that tries every pair of places."""

from __future__ import annotations

import hashlib
import random
from itertools import pairwise

import numpy as np
import pytest

from curate.algorithms import overlap
from curate.algorithms.overlap import NGRAM, build, hits, longest, ngram_hashes, telling, word_hash

VOCABULARY = [f"w{i}" for i in range(60)]


def hashed(rows: list[list[str]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    flat = [word for row in rows for word in row]
    offsets = np.cumsum([0, *map(len, rows)])
    return np.array([word_hash(w) for w in flat], np.uint64), np.array([w.isdigit() for w in flat], bool), offsets


def longest_shared(text: list[str], items: list[list[str]]) -> int:
    """The longest common run of a text and any item, by the table of Wagner and Fischer's kind."""
    best = 0
    for item in items:
        row = [0] * (len(item) + 1)
        for word in text:
            new = [0] * (len(item) + 1)
            for at, other in enumerate(item):
                if word == other:
                    new[at + 1] = row[at] + 1
                    best = max(best, new[at + 1])
            row = new
    return best


def runs(texts: list[list[str]], items: list[list[str]]) -> list[tuple[int, int, int]]:
    """(start, words, item) of each text."""
    index = build(*hashed(items))
    words, _, offsets = hashed(texts)
    at, entries = hits(index, words, offsets)
    out = []
    for begin, end in pairwise(offsets.tolist()):
        mine = (at >= begin) & (at < end)
        if mine.any():
            found = longest(index, words[begin:end], (at[mine] - begin).tolist(), entries[mine].tolist())
            out.append((found.start, found.words, found.item))
        else:
            out.append((0, 0, 0))
    return out


def cases(seed: int) -> tuple[list[list[str]], list[list[str]]]:
    draw = random.Random(seed)
    items = [draw.choices(VOCABULARY, k=draw.randint(0, 60)) for _ in range(40)]
    texts = []
    for _ in range(60):
        text = draw.choices(VOCABULARY, k=draw.randint(0, 40))
        item = draw.choice(items)
        begin = draw.randint(0, len(item))
        text[draw.randint(0, len(text)) : 0] = item[begin : begin + draw.randint(0, 30)]
        at = draw.randint(0, len(text))
        texts.append([*text[:at], *item[begin : begin + draw.randint(0, 12)], *text[at:]])
    return texts, items


@pytest.mark.parametrize("places", [1024, 1, 2])
@pytest.mark.parametrize("seed", range(4))
def test_the_longest_run_is_that_of_a_full_search(seed: int, places: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlap, "PLACES", places)
    monkeypatch.setattr(overlap, "DISTINCT", 1)
    texts, items = cases(seed)
    items = items + items[:10] if places > 1 else items
    found = runs(texts, items)
    expected = [longest_shared(text, items) for text in texts]
    assert sum(n >= NGRAM for n in expected) > 10
    for text, (start, words, item), most in zip(texts, found, expected, strict=True):
        assert words == (most if most >= NGRAM else 0)
        if words:
            shared = text[start : start + words]
            places_of = [items[item][i : i + words] for i in range(len(items[item]))]
            assert shared in places_of
            earlier = (items[k][i : i + words] for k in range(item) for i in range(len(items[k])))
            assert places < 1024 or shared not in list(earlier), "an earlier item has it too"


def test_boilerplate_of_a_set_hides_no_longer_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlap, "PLACES", 3)
    preamble = VOCABULARY[:20]
    items = [[*preamble, f"a{i}", f"b{i}", f"c{i}"] for i in range(50)]
    found = runs([[*preamble, "a37", "b37", "c37", "end"], [*preamble, "other"]], items)
    assert [words for _, words, _ in found] == [23, 20]
    assert found[0][2] == 37


def test_runs_do_not_cross_from_one_item_or_text_to_the_next() -> None:
    items = [VOCABULARY[:6], VOCABULARY[6:12]]
    assert runs([VOCABULARY[:12]], items) == [(0, 0, 0)]
    assert runs([VOCABULARY[:6], VOCABULARY[6:12]], [VOCABULARY[:12]]) == [(0, 0, 0)] * 2
    assert runs([VOCABULARY[:12]], [[]]) == [(0, 0, 0)]
    assert runs([[]], [VOCABULARY[:12]]) == [(0, 0, 0)]


def test_rows_of_numbers_and_repeated_words_say_nothing() -> None:
    counting = [str(i) for i in range(1, 20)]
    table = ["total", "0", "0"] * 8
    assert runs([counting, table], [counting, table]) == [(0, 0, 0)] * 2
    words, number, _ = hashed([["a", "b", "c", "1", "2", "3", "4", "5"], ["a", "b", "c", "d", "1", "2", "3", "a"]])
    expected = [
        len({w for w in row if not w.isdigit()}) >= overlap.DISTINCT
        for row in (["a", "b", "c", "1", "2", "3", "4", "5"], ["a", "b", "c", "d", "1", "2", "3", "a"])
    ]
    assert telling(words[:8], number[:8]).tolist() + telling(words[8:], number[8:]).tolist() == expected


def test_hashes_are_those_of_the_definition() -> None:
    """Shipped lists depend on them: the same on every machine, now and later."""
    assert word_hash("naïve") == int.from_bytes(hashlib.blake2b("naïve".encode(), digest_size=8).digest(), "little")
    words = [word_hash(w) for w in VOCABULARY[:10]]
    full = 2**64
    expected = []
    for start in range(3):
        value = 0
        for word in words[start : start + 8]:
            value = (value * 0x9E3779B97F4A7C15 + word) % full
        value ^= value >> 31
        value = value * 0xBF58476D1CE4E5B9 % full
        expected.append(value ^ value >> 31)
    assert ngram_hashes(np.array(words, np.uint64)).tolist() == expected


def test_without_texts_a_run_is_within_one_item() -> None:
    items = [VOCABULARY[:14], [*VOCABULARY[20:30], *VOCABULARY[40:50]]]
    rows = hashed(items)
    index = build(*rows, texts=False)
    assert index.words is None
    words, _, _ = hashed([[*VOCABULARY[2:14], *VOCABULARY[20:30]]])
    at, entries = hits(index, words, np.array([0, len(words)]))
    run = longest(index, words, at.tolist(), entries.tolist())
    assert (run.start, run.words, run.item) == (0, 12, 0)


def test_telling_counts_the_different_words_of_each_window() -> None:
    draw = random.Random(11)
    row = draw.choices(["a", "b", "c", "d", "e", "1", "2", "3"], k=2000)
    words, number, _ = hashed([row])
    windows = [row[i : i + NGRAM] for i in range(len(row) - NGRAM + 1)]
    expected = [len({w for w in window if not w.isdigit()}) >= overlap.DISTINCT for window in windows]
    assert 0.2 < sum(expected) / len(expected) < 0.95
    assert telling(words, number).tolist() == expected


def test_of_equally_long_runs_the_first_counts() -> None:
    items = [VOCABULARY[20:30], VOCABULARY[:10]]
    assert runs([[*VOCABULARY[:10], "x", *VOCABULARY[20:30]]], items) == [(0, 10, 1)]
