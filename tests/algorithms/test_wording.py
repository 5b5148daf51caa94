"""Recurring wording: against sets and dictionaries in Python."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.algorithms.wording import Covered, recurring, runs

TEXTS = st.lists(st.lists(st.integers(0, 7), max_size=9), max_size=25)


def flat(texts: list[list[int]], dtype: type = np.uint64) -> tuple[np.ndarray, np.ndarray]:
    return np.array([x for t in texts for x in t], dtype=dtype), np.array([len(t) for t in texts], dtype=np.int64)


@settings(max_examples=150, deadline=None)
@given(texts=TEXTS, size=st.integers(1, 4))
def test_equal_runs_of_words_and_only_those_have_equal_hashes(texts: list[list[int]], size: int) -> None:
    words, lengths = flat(texts)
    spread = np.random.default_rng(0).integers(0, 2**63, 8).astype(np.uint64)
    owner, value = runs(spread[words.astype(int)], lengths, size)
    expected = [(i, tuple(t[a : a + size])) for i, t in enumerate(texts) for a in range(len(t) - size + 1)]
    assert owner.tolist() == [i for i, _ in expected]
    assert len({*zip(value.tolist(), (run for _, run in expected), strict=True)}) == len({run for _, run in expected})
    assert len(set(value.tolist())) == len({run for _, run in expected})


@settings(max_examples=200, deadline=None)
@given(texts=TEXTS, least=st.integers(1, 4))
def test_wordings_are_the_distinct_sets_of_texts_that_share_a_gram(texts: list[list[int]], least: int) -> None:
    texts = [list(dict.fromkeys(t)) for t in texts]
    grams, lengths = flat(texts)
    found = recurring(grams, np.concatenate([[0], np.cumsum(lengths)]), least)
    having: dict[int, set[int]] = defaultdict(set)
    for i, text in enumerate(texts):
        for gram in text:
            having[gram].add(i)
    expected = {frozenset(s) for s in having.values() if len(s) >= least}
    got: dict[int, set[int]] = defaultdict(set)
    for i in range(len(texts)):
        mine = found.ids[found.offsets[i] : found.offsets[i + 1]].tolist()
        assert len(mine) == len(set(mine))
        for wording in mine:
            got[wording].add(i)
    assert len(found.offsets) == len(texts) + 1
    assert found.count == len(got) == len(expected)
    assert {frozenset(s) for s in got.values()} == expected


def test_a_wording_is_worth_what_the_best_text_that_has_it_is_worth() -> None:
    wording = recurring(np.array([1, 2, 1, 2, 3, 3, 1], np.uint64), np.array([0, 2, 5, 6, 7]), 2)
    assert wording.count == 3
    covered = Covered(wording, np.array([10, 4, 7, 12]))

    def gains() -> list[int]:
        out = np.zeros(4, dtype=np.int64)
        covered.add_gains(np.arange(4), out)
        return out.tolist()

    assert gains() == [20, 12, 7, 12]
    covered.add(1)
    assert gains() == [12, 0, 3, 8]
    covered.add(3)
    assert gains() == [6, 0, 3, 0]
