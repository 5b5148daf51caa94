from __future__ import annotations

from collections import defaultdict
from itertools import combinations
from typing import ClassVar

import numpy as np
import pytest
from datasketch import MinHash
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components as scipy_components

from curate.algorithms import banding, minhash, parallel, prefix_join
from curate.algorithms.buckets import buckets
from curate.algorithms.minhash import ShingleSets


def flat(sets: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    values = np.concatenate([*sets, np.zeros(0, np.uint64)])
    return values, np.concatenate([[0], np.cumsum([len(s) for s in sets], dtype=np.int64)]).astype(np.int64)


def shingle_sets(sets: list[np.ndarray], nodes: np.ndarray | None = None) -> ShingleSets:
    values, offsets = flat([np.unique(s) for s in sets])
    return ShingleSets(np.arange(len(sets)) if nodes is None else nodes, values, offsets[:-1], np.diff(offsets))


def random_hashes(rng: np.random.Generator, size: int) -> np.ndarray:
    return rng.integers(0, 2**64, size, dtype=np.uint64)


def true_jaccard(a: np.ndarray, b: np.ndarray) -> float:
    left, right = set(a.tolist()), set(b.tolist())
    return len(left & right) / len(left | right) if left | right else 0.0


def planted(rng: np.random.Generator, families: int, copies: int) -> list[np.ndarray]:
    """Families of sets that share from all to a third of their members with a common origin, and with each other."""
    sets = []
    for _ in range(families):
        origin = random_hashes(rng, int(rng.integers(1, 120)))
        for _ in range(int(rng.integers(1, copies + 1))):
            kept = origin[rng.random(origin.size) < rng.choice([rng.uniform(0.3, 1.0), 0.98, 1.0])]
            sets.append(np.concatenate([kept, random_hashes(rng, int(rng.choice([0, 0, 3, 12])))]))
    return [sets[i] for i in rng.permutation(len(sets))]


def brute_force(keys: np.ndarray, sets: list[np.ndarray], threshold: float) -> list[int]:
    buckets = defaultdict(list)
    for node, row in enumerate(keys.tolist()):
        for band, key in enumerate(row):
            buckets[band, key].append(node)
    pairs = {pair for members in buckets.values() for pair in combinations(members, 2)}
    edges = [(a, b) for a, b in pairs if true_jaccard(sets[a], sets[b]) >= threshold]
    left, right = np.array(edges, dtype=np.int64).reshape(-1, 2).T
    graph = coo_matrix((np.ones(left.size), (left, right)), shape=(len(sets), len(sets)))
    labels = scipy_components(graph, directed=False)[1].tolist()
    first: dict[int, int] = {}
    return [first.setdefault(label, node) for node, label in enumerate(labels)]


def clusters(keys: np.ndarray, sets: ShingleSets, threshold: float) -> list[int]:
    parent = np.arange(keys.shape[0])
    minhash.cluster(keys, buckets(keys, sets.nodes), sets, threshold, parent)
    return parent.tolist()


@pytest.mark.parametrize("num_perm", [1, 16, 128, 200])
def test_signatures_are_bit_equal_to_datasketch(num_perm: int) -> None:
    rng = np.random.default_rng(num_perm)
    sets = [random_hashes(rng, size) for size in (0, 1, 2, 15, 63, 64, 65, 128, 500)]
    sets.append(np.repeat(sets[3], 7))
    found = minhash.signatures(*flat(sets), num_perm)
    assert found.dtype == np.uint32
    for row, values in zip(found, sets, strict=True):
        sketch = MinHash(num_perm, seed=1, scheme="affine32", hashfunc=lambda h: int(h) & 0xFFFFFFFF)
        sketch.update_batch(values)
        assert row.tolist() == sketch.hashvalues.tolist()


def test_a_shortened_signature_is_the_beginning_of_the_whole() -> None:
    values, offsets = flat([random_hashes(np.random.default_rng(1), 40)])
    whole = minhash.signatures(values, offsets, 128)
    assert (minhash.signatures(values, offsets, 128, used=125) == whole[:, :125]).all()


def test_jaccard_is_that_of_python_sets() -> None:
    rng = np.random.default_rng(4)
    sets = [*planted(rng, 12, 8), np.zeros(0, np.uint64), np.zeros(0, np.uint64)]
    nodes = np.sort(rng.choice(1000, len(sets), replace=False))
    packed = shingle_sets(sets, nodes)
    left, right = rng.integers(0, len(sets), (2, 6000))
    exact = [true_jaccard(sets[a], sets[b]) for a, b in zip(left, right, strict=True)]
    assert packed.jaccard(nodes[left], nodes[right]).tolist() == exact
    for least in {0.2, 0.5, 0.7, 1.0, *exact[:40]}:
        stopped = packed.jaccard(nodes[left], nodes[right], least=least)
        assert [x for x in stopped if x >= least] == [x for x in exact if x >= least]
        assert ((stopped >= least) == (np.array(exact) >= least)).all()
        for a, b in ((left, right), (right, left)):  # what is remembered of it is of the same pair
            assert packed.jaccard(nodes[a], nodes[b]).tolist() == exact


@pytest.mark.parametrize("size", [4095, 4096, 5000, 9000])
def test_jaccard_of_large_sets(size: int) -> None:
    rng = np.random.default_rng(size)
    origin = random_hashes(rng, size)
    sets = [
        origin,
        origin[: size // 2],
        np.concatenate([origin[: size // 3], random_hashes(rng, size // 2)]),
        origin[:3],
    ]
    packed = shingle_sets(sets)
    left, right = (np.array(side) for side in zip(*combinations(range(4), 2), strict=True))
    for a, b in ((left, right), (right, left)):
        exact = [true_jaccard(sets[i], sets[j]) for i, j in zip(a, b, strict=True)]
        assert packed.jaccard(a, b).tolist() == exact


def test_a_pair_without_a_set_is_refused() -> None:
    sets = shingle_sets([np.arange(3, dtype=np.uint64)], np.array([5]))
    for node in (4, 6):
        with pytest.raises(ValueError, match="without a set"):
            sets.jaccard(np.array([5]), np.array([node]))


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7, 0.9, 1.0])
def test_clusters_are_the_components_of_all_verified_candidates(threshold: float) -> None:
    bands, rows = banding.optimal_bands(threshold, 128)
    for seed in range(3):
        sets = planted(np.random.default_rng(seed), 30, 9)
        keys = banding.band_keys(minhash.signatures(*flat(sets), 128), bands, rows)
        expected = brute_force(keys, sets, threshold)
        assert clusters(keys, shingle_sets(sets), threshold) == expected
        assert len(set(expected)) < len(sets)


@pytest.mark.parametrize("crowded", [0, 2, 32])
@pytest.mark.parametrize("batch", [1, 7, 1 << 20])
def test_large_false_buckets_hide_no_pair(batch: int, crowded: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(banding, "_PAIRS_PER_BATCH", batch)
    monkeypatch.setattr(prefix_join, "_PAIRS_PER_BATCH", batch)
    monkeypatch.setattr(banding, "CROWDED", crowded)
    for seed in range(4):
        rng = np.random.default_rng(seed)
        sets = planted(rng, 25, 6)
        keys = rng.integers(0, 6, (len(sets), 3)).astype(np.uint32)
        expected = brute_force(keys, sets, 0.4)
        assert clusters(keys, shingle_sets(sets), 0.4) == expected
        assert clusters(np.zeros_like(keys), shingle_sets(sets), 0.4) == brute_force(np.zeros_like(keys), sets, 0.4)


def test_nodes_left_out_stay_alone() -> None:
    same = [np.arange(10, dtype=np.uint64)] * 4
    keys = np.zeros((6, 2), dtype=np.uint32)
    assert clusters(keys, shingle_sets(same, np.array([0, 2, 3, 5])), 0.7) == [0, 1, 0, 0, 4, 0]


class Counting(ShingleSets):
    """Sets that count how many pairs are compared."""

    compared: ClassVar[int] = 0

    def jaccard(self, left: np.ndarray, right: np.ndarray, *, least: float = 0.0) -> np.ndarray:
        Counting.compared += left.size
        return super().jaccard(left, right, least=least)


def counted(sets: list[np.ndarray], threshold: float = 0.7) -> tuple[int, int]:
    """The comparisons made, and the clusters found."""
    packed = shingle_sets(sets)
    keys = banding.band_keys(minhash.signatures(*flat(sets), 128), 25, 5)
    Counting.compared = 0
    found = clusters(keys, Counting(packed.nodes, packed.values, packed.begins, packed.sizes), threshold)
    return Counting.compared, len(set(found))


def test_a_bucket_of_texts_all_alike_takes_one_comparison_a_text() -> None:
    count = 50_000
    values = np.tile(np.arange(20, dtype=np.uint64), count)
    alike = Counting(np.arange(count), values, np.arange(count) * 20, np.full(count, 20))
    Counting.compared = 0
    assert set(clusters(np.zeros((count, 25), dtype=np.uint32), alike, 0.7)) == {0}
    assert Counting.compared == count - 1


@pytest.mark.parametrize("own", [19, 25, 40])
def test_texts_around_a_template_take_few_comparisons_a_text(own: int) -> None:
    # Mutual Jaccard indices from 0.43 to 0.68: most of the millions of pairs share a band, and none is a near-duplicate.
    rng = np.random.default_rng(own)
    template = random_hashes(rng, 100 - own)
    sets = [np.concatenate([template, random_hashes(rng, own)]) for _ in range(4000)]
    compared, found = counted(sets)
    assert found == len(sets)
    assert compared < 10 * len(sets)


def test_a_giant_cluster_of_near_duplicates_takes_few_comparisons_a_text() -> None:
    rng = np.random.default_rng(0)
    template = random_hashes(rng, 100)
    sets = [np.concatenate([template[rng.random(100) < 0.93], random_hashes(rng, 4)]) for _ in range(6000)]
    compared, found = counted(sets)
    assert found < 10
    assert compared < 30 * len(sets)


def test_threads_change_nothing() -> None:
    sets = planted(np.random.default_rng(11), 60, 30)
    keys = banding.band_keys(minhash.signatures(*flat(sets), 64), 32, 2)
    results = []
    for count in (1, 2, 5):
        parallel.set_threads(count)
        try:
            results.append(clusters(keys, shingle_sets(sets), 0.5))
        finally:
            parallel.set_threads(None)
    assert results[0] == results[1] == results[2]


def test_no_texts_at_all() -> None:
    keys = np.zeros((0, 25), dtype=np.uint32)
    assert clusters(keys, shingle_sets([]), 0.7) == []
