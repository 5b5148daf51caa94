from __future__ import annotations

import numpy as np
import pytest
from datasketch import MinHashLSH
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from curate.algorithms import banding, plain, sketch
from curate.algorithms.buckets import bucket_members, buckets, candidate_components
from curate.algorithms.minhash import ShingleSets


@pytest.mark.parametrize("num_perm", [16, 64, 128])
@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7, 0.8, 0.95])
def test_bands_are_those_of_datasketch(threshold: float, num_perm: int) -> None:
    lsh = MinHashLSH(threshold=threshold, num_perm=num_perm, weights=(0.01, 0.99))
    assert banding.optimal_bands(threshold, num_perm) == (lsh.b, lsh.r)


def test_bands_at_the_defaults() -> None:
    assert banding.optimal_bands(0.7, 128) == (25, 5)
    bands, rows = banding.optimal_bands(1.0, 128)
    assert bands * rows <= 128


def test_texts_share_a_key_exactly_where_they_agree_on_a_band() -> None:
    rng = np.random.default_rng(2)
    signature = rng.integers(0, 3, (400, 12)).astype(np.uint32)
    keys = banding.band_keys(signature, 4, 3)
    assert keys.shape == (400, 4)
    for band in range(4):
        part = signature[:, 3 * band : 3 * band + 3]
        agree = (part[:, None] == part[None]).all(axis=2)
        assert (agree == (keys[:, band, None] == keys[None, :, band])).all()


def test_buckets_hold_the_nodes_of_each_shared_key() -> None:
    rng = np.random.default_rng(12)
    keys = rng.choice([0, 1, 2**11, 2**11 - 1, 2**22, 2**31, 2**32 - 1, 5 * 2**25], (400, 3)).astype(np.uint32)
    keys[:200, 2] = np.arange(200, dtype=np.uint32) << np.uint32(20)
    nodes = np.sort(rng.choice(400, 350, replace=False))
    for band, table in enumerate(buckets(keys, nodes)):
        expected = [nodes[keys[nodes, band] == key].tolist() for key in np.unique(keys[nodes, band])]
        found = [table.order[a:b].tolist() for a, b in zip(table.starts, table.ends, strict=True)]
        assert found == [members for members in expected if len(members) > 1]


def test_bucket_members_are_all_who_share_a_band_and_no_others() -> None:
    rng = np.random.default_rng(9)
    keys = rng.integers(0, 4000, (300, 5)).astype(np.uint32)
    nodes = np.sort(rng.choice(300, 200, replace=False))
    shares = (keys[nodes][:, None] == keys[nodes][None]).any(axis=2).sum(axis=1) > 1
    assert 20 < shares.sum() < 180
    assert bucket_members(buckets(keys, nodes), 300).tolist() == nodes[shares].tolist()


def test_each_pair_of_a_bucket_comes_once() -> None:
    rng = np.random.default_rng(3)
    keys = rng.integers(0, 9, (60, 4)).astype(np.uint32)
    tables, apart = buckets(keys, np.arange(60)), np.arange(60)
    crowded = np.zeros(60, dtype=np.bool_)
    batches = [*banding.first_pairs(keys, tables, apart), *banding.other_pairs(keys, tables, apart, crowded)]
    found = [(int(a), int(b)) for left, right in batches for a, b in zip(left, right, strict=True)]
    assert not crowded.any()
    expected = {(a, b) for b in range(60) for a in range(b) if (keys[a] == keys[b]).any()}
    assert {(min(pair), max(pair)) for pair in found} == expected
    assert len(found) == len(expected)


def test_pairs_of_one_component_are_left_out() -> None:
    keys = np.zeros((6, 2), dtype=np.uint32)
    tables, parent = buckets(keys, np.arange(6)), np.array([0, 0, 2, 0, 2, 5])
    first = [
        (a, b) for left, right in banding.first_pairs(keys, tables, parent) for a, b in zip(left, right, strict=True)
    ]
    assert first == [(0, 2), (0, 4), (0, 5)]
    crowded = np.zeros(6, dtype=np.bool_)
    batches = banding.other_pairs(keys, tables, parent, crowded)
    other = [(a, b) for left, right in batches for a, b in zip(left, right, strict=True)]
    assert other == [(1, 2), (1, 4), (1, 5), (3, 2), (3, 4), (3, 5), (2, 5), (4, 5)]


def test_a_stranger_in_a_large_bucket_costs_no_more_than_its_own_pairs() -> None:
    count = 200_000
    keys, parent = np.zeros((count, 1), dtype=np.uint32), np.zeros(count, dtype=np.int64)
    parent[-1] = count - 1
    tables = buckets(keys, np.arange(count))
    first = list(banding.first_pairs(keys, tables, parent))
    assert [pair.tolist() for pair in first[0]] == [[0], [count - 1]]
    crowded = np.zeros(count, dtype=np.bool_)
    other = list(banding.other_pairs(keys, tables, parent, crowded))
    assert sum(left.size for left, _ in other) == count - 2
    assert not crowded.any()


def test_a_bucket_of_too_many_pairs_is_marked_and_not_compared() -> None:
    count = 4 * banding.CROWDED
    keys, parent = np.zeros((count + 3, 1), dtype=np.uint32), np.arange(count + 3)
    keys[count:] = 1
    tables, crowded = buckets(keys, np.arange(count + 3)), np.zeros(count + 3, dtype=np.bool_)
    other = list(banding.other_pairs(keys, tables, parent, crowded))
    assert [(left.tolist(), right.tolist()) for left, right in other] == [([count + 1], [count + 2])]
    # All but the bucket's first member, which `first_pairs` has compared with each of them.
    assert np.flatnonzero(crowded).tolist() == list(range(1, count))


def test_nodes_that_share_a_band() -> None:
    keys = np.random.default_rng(4).integers(0, 12, (80, 5)).astype(np.uint32)
    left, right = np.triu_indices(80, 1)
    assert banding.share_a_band(keys, left, right).tolist() == (keys[left] == keys[right]).any(axis=1).tolist()


def test_no_texts_have_no_buckets() -> None:
    keys = np.zeros((0, 25), dtype=np.uint32)
    tables = buckets(keys, np.zeros(0, np.int64))
    assert len(tables) == 25
    assert bucket_members(tables, 0).size == 0


def test_candidate_components_are_those_of_the_graph_of_shared_bands() -> None:
    rng = np.random.default_rng(8)
    keys = rng.integers(0, 400, (500, 3)).astype(np.uint32)
    nodes = np.flatnonzero(rng.random(500) < 0.6)
    pairs = [(a, b) for a in nodes for b in nodes if a < b and (keys[a] == keys[b]).any()]
    left, right = np.array(pairs).T
    graph = coo_matrix((np.ones(left.size), (left, right)), shape=(500, 500))
    _, labels = connected_components(graph, directed=False)
    smallest = {label: int(np.flatnonzero(labels == label)[0]) for label in set(labels.tolist())}
    got = candidate_components(buckets(keys, nodes), 500)
    assert got.tolist() == [smallest[label] for label in labels.tolist()]


@pytest.mark.parametrize("at_once", [1, 300, 10**9])
def test_parts_part_no_two_that_share_a_band(at_once: int) -> None:
    rng = np.random.default_rng(9)
    keys = rng.integers(0, 900, (600, 3)).astype(np.uint32)
    nodes, sizes = np.flatnonzero(rng.random(600) < 0.7), rng.integers(1, 50, 600)
    assert nodes.size > plain.FEW

    def own(some: NDArray[np.int64]) -> ShingleSets:  # no two have a member in common
        return ShingleSets(some, some.astype(np.uint64), np.arange(some.size), np.ones_like(some))

    how = {"sizes": sizes, "at_once": at_once}
    parts = [sets.nodes for sets in sketch.cluster(keys, nodes, 0.7, np.arange(600), own, **how)]
    of = {int(node): number for number, part in enumerate(parts) for node in part}
    assert len(of) == sum(map(len, parts))
    assert (len(parts) == 1) == (at_once == 10**9)
    shared = 0
    for a in nodes.tolist():
        for b in nodes[nodes > a].tolist():
            if (keys[a] == keys[b]).any():
                shared += 1
                assert of[a] == of[b]
    assert shared > 100
    if at_once == 300:  # beyond the limit goes a part by its last component only
        label = candidate_components(buckets(keys, nodes), 600)
        largest = max(int(sizes[nodes[label[nodes] == one]].sum()) for one in set(label[nodes].tolist()))
        assert all(sizes[part].sum() <= at_once + largest for part in parts)
