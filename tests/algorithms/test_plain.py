"""The numpy path and the kernels are each other's oracle: written apart, and equal bit by bit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from curate.algorithms import banding, components, minhash, plain, shingles, sketch
from curate.algorithms.buckets import bucket_members, buckets
from curate.algorithms.minhash import ShingleSets
from curate.algorithms.shingles import Room
from curate.algorithms.texts import Texts, texts


def places(pairs: Sequence[Sequence[str]]) -> tuple[np.ndarray, np.ndarray, object]:
    sides = [texts(pl.Series(list(side), dtype=pl.String)) for side in zip(*pairs, strict=True)]
    return np.stack([s.at for s in sides], axis=1), np.stack([s.size for s in sides], axis=1), sides


PARTS = ["word", "Word", "a", "antidisestablishmentarianism", "+", "->", "é", "Ⱥ", "İ", "漢", "字", "ไทย", "×", "👍", "𠮷",
         "\U000e0020", ".", "\n", " ", "`", "_", "x" * 64, "ß" * 40, "1", "≤≥", "a×b×", "€"]  # fmt: skip
SIDE = st.one_of(st.text(max_size=80), st.lists(st.sampled_from(PARTS), max_size=60).map("".join))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(SIDE, SIDE), min_size=1, max_size=6), st.integers(1, 11), st.sampled_from(["word", "char"]))
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
    rooms = [Room.of(slow.tokens, ngram) for _ in range(2)]
    sizes = [m.sets(at, size, r, ngram=ngram, unit=unit) for m, r in zip((shingles, plain), rooms, strict=True)]
    assert sizes[0].tolist() == sizes[1].tolist()
    for begin, many in zip(rooms[0].begins, sizes[0], strict=True):
        assert rooms[0].values[begin : begin + many].tolist() == rooms[1].values[begin : begin + many].tolist()


@pytest.mark.parametrize(("ngram", "unit"), [(5, "word"), (2, "word"), (7, "char")])
def test_sketches_of_many_are_the_keys_of_signatures(ngram: int, unit: shingles.Unit) -> None:
    rng = np.random.default_rng(5)
    texts = [("".join(rng.choice(PARTS, n)), "a b " * (n % 3)) for n in rng.integers(0, 60, plain.FEW + 1)]
    at, size, _kept = places(texts)
    slow = plain.shingles(at, size, ngram=ngram, unit=unit)
    signature = plain.signatures(slow.values, slow.offsets, 128)
    sides = [Texts(at[:, side].copy(), size[:, side].copy(), None) for side in range(2)]
    for bands in (None, (25, 5), (128, 1), (3, 41)):
        found = sketch.sketches(sides, ngram=ngram, unit=unit, num_perm=128, bands=bands)
        assert (found.keys == (signature if bands is None else banding.band_keys(signature, *bands))).all()
        assert (found.digests == slow.digests).all()
        assert (found.tokens == slow.tokens).all()


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
    assert (fast == slow).all()
    keys = banding.band_keys(fast, bands, rows)
    nodes = np.flatnonzero(np.diff(offsets))
    tables = buckets(keys, nodes)
    assert bucket_members(tables, len(sets)).tolist() == plain.bucket_members(keys, nodes).tolist()
    packed = ShingleSets(np.arange(len(sets)), values, offsets[:-1], np.diff(offsets))
    left, right = rng.integers(0, len(sets), (2, 500))
    assert packed.jaccard(left, right).tolist() == plain.jaccard(packed, left, right).tolist()
    some = ShingleSets(nodes, values, offsets[nodes], np.diff(offsets)[nodes])
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
    nothing = np.zeros(0, np.int64)
    plain.cluster(keys, ShingleSets(nothing, np.zeros(0, np.uint64), nothing, nothing), 0.7, nothing)
