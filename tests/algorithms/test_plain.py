"""The numpy path and the kernels are each other's oracle: written apart, and equal bit by bit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from curate.algorithms import banding, components, minhash, plain, shingles
from curate.algorithms.buckets import bucket_members, buckets
from curate.algorithms.minhash import ShingleSets
from curate.algorithms.texts import texts


def places(pairs: Sequence[Sequence[str]]) -> tuple[np.ndarray, np.ndarray, object]:
    sides = [texts(pl.Series(list(side), dtype=pl.String)) for side in zip(*pairs, strict=True)]
    return np.stack([s.at for s in sides], axis=1), np.stack([s.size for s in sides], axis=1), sides


PARTS = ["word", "Word", "a", "antidisestablishmentarianism", "+", "->", "é", "Ⱥ", "İ", "漢", "字", "ไทย", "×", "👍", "𠮷",
         "\U000e0020", ".", "\n", " ", "`", "_", "x" * 64, "ß" * 40, "1", "≤≥", "a×b×", "€"]  # fmt: skip
SIDE = st.one_of(st.text(max_size=80), st.lists(st.sampled_from(PARTS), max_size=60).map("".join))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(SIDE, SIDE), min_size=1, max_size=6), st.integers(1, 6), st.sampled_from(["word", "char"]))
@example([("", ""), ("a", ""), ("", "a")], 1, "char")
@example([("a" * 63 + "é", "b" * 200), ("é" + "a" * 300, "x")], 2, "word")
def test_shingles_digests_and_counts_are_equal(pairs: list[tuple[str, str]], ngram: int, unit: shingles.Unit) -> None:
    at, size, _kept = places(pairs)
    fast = shingles.shingles(at, size, ngram=ngram, unit=unit)
    slow = plain.shingles(at, size, ngram=ngram, unit=unit)
    assert fast.tokens.tolist() == slow.tokens.tolist()
    assert fast.offsets.tolist() == slow.offsets.tolist()
    assert fast.values.tolist() == slow.values.tolist()
    assert fast.digests.tolist() == slow.digests.tolist()
    for one, other in zip(shingles.distinct(fast), plain.distinct(slow), strict=True):
        assert one.tolist() == other.tolist()


@pytest.mark.parametrize("threshold", [0.4, 0.7, 0.95])
def test_signatures_keys_and_clusters_are_equal(threshold: float) -> None:
    rng = np.random.default_rng(3)
    sets = []
    for _ in range(40):
        origin = rng.integers(0, 2**64, int(rng.integers(0, 90)), dtype=np.uint64)
        copies = int(rng.integers(1, 7))
        sets += [np.unique(origin[rng.random(origin.size) < rng.uniform(0.6, 1.0)]) for _ in range(copies)]
    values = np.concatenate(sets)
    offsets = np.concatenate([[0], np.cumsum([s.size for s in sets])]).astype(np.int64)
    fast, slow = (m.signatures(values, offsets, 128, used=125) for m in (minhash, plain))
    assert (fast == slow).all()
    bands, rows = banding.optimal_bands(threshold, 128)
    fast, slow = (m.signatures(values, offsets, 128) for m in (minhash, plain))
    keys = banding.band_keys(fast, bands, rows)
    assert (keys == plain.band_keys(slow, bands, rows)).all()
    nodes = np.flatnonzero(np.diff(offsets))
    tables = buckets(keys, nodes)
    assert bucket_members(tables, len(sets)).tolist() == plain.bucket_members(keys, nodes).tolist()
    packed = ShingleSets(np.arange(len(sets)), values, offsets)
    left, right = rng.integers(0, len(sets), (2, 500))
    assert packed.jaccard(left, right).tolist() == plain.jaccard(packed, left, right).tolist()
    some = ShingleSets(nodes, values, np.concatenate([[0], np.cumsum(np.diff(offsets)[nodes])]).astype(np.int64))
    parents = [np.arange(len(sets)) for _ in range(2)]
    minhash.cluster(keys, tables, some, threshold, parents[0])
    plain.cluster(keys, some, threshold, parents[1])
    assert parents[0].tolist() == parents[1].tolist()
    assert len(set(parents[0].tolist())) < len(sets)


@pytest.mark.parametrize("same_place", [False, True])
def test_the_first_of_equal_rows_is_found(same_place: bool) -> None:
    rng = np.random.default_rng(7)
    digests = rng.integers(0, 2**64, (40, 2), dtype=np.uint64)
    if same_place:  # all meet in one place of the table, and many agree in their first half
        digests[:, 0] = rng.integers(0, 3, 40).astype(np.uint64) << np.uint64(40)
    digests = digests[rng.integers(0, 40, 1000)]
    rows = [tuple(row) for row in digests.tolist()]
    expected = [rows.index(row) for row in rows]
    for module in (components, plain):
        assert module.first_equal(digests).tolist() == expected
        assert module.first_equal(digests[:0]).size == 0


def test_nothing() -> None:
    none = np.zeros((0, 2), dtype=np.int64)
    assert plain.shingles(none, none).offsets.tolist() == [0]
    keys = np.zeros((0, 25), dtype=np.uint32)
    assert plain.bucket_members(keys, np.zeros(0, np.int64)).size == 0
    assert plain.signatures(np.zeros(0, np.uint64), np.zeros(1, np.int64), 16).shape == (0, 16)
    plain.cluster(keys, ShingleSets(np.zeros(0, np.int64), np.zeros(0, np.uint64), np.zeros(1, np.int64)), 0.7,
                  np.zeros(0, np.int64))  # fmt: skip
