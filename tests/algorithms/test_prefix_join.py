from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from curate.algorithms import prefix_join


def packed(sets: list[set[int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    values = np.concatenate([np.array(sorted(s), dtype=np.uint64) for s in sets])
    sizes = np.array([len(s) for s in sets], dtype=np.int64)
    return values, np.cumsum(sizes) - sizes, sizes


def families(seed: int) -> list[set[int]]:
    """Sets around common cores, so that the index of many pairs stands close to any threshold, on both sides."""
    rng = np.random.default_rng(seed)
    universe = rng.integers(0, 2**63, 60)
    cores = [rng.choice(universe, int(rng.integers(1, 30)), replace=False) for _ in range(6)]
    sets = []
    for _ in range(120):
        core = cores[int(rng.integers(6))]
        own = rng.integers(0, 2**63, int(rng.integers(0, 8)))
        sets.append(
            {int(v) for v in core[rng.random(core.size) < rng.uniform(0.5, 1.1)]} | {int(v) for v in own} or {7}
        )
    return sets


@pytest.mark.parametrize("batch", [1, 50, 1 << 20])
@pytest.mark.parametrize("threshold", [0.1, 0.5, 0.6, 2 / 3, 0.7, 0.8, 1.0])
def test_no_pair_that_reaches_the_threshold_is_left_out(
    threshold: float, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prefix_join, "_PAIRS_PER_BATCH", batch)
    for seed in range(4):
        sets = families(seed)
        rng = np.random.default_rng(seed)
        places = np.sort(rng.choice(len(sets), 100, replace=False))
        nodes = 3 * places + 1
        parent = np.arange(3 * len(sets) + 1)
        apart = prefix_join.possible_pairs(packed(sets), nodes, places, threshold, parent)
        found = [frozenset(p) for left, right in apart for p in zip(left.tolist(), right.tolist(), strict=True)]
        assert len(found) == len(set(found))
        pairs = list(combinations(places.tolist(), 2))
        assert set(found) <= {frozenset((3 * a + 1, 3 * b + 1)) for a, b in pairs}
        true = {
            frozenset((3 * a + 1, 3 * b + 1)) for a, b in pairs
            if len(sets[a] & sets[b]) >= threshold * len(sets[a] | sets[b])
        }  # fmt: skip
        assert true
        assert true <= set(found)


def test_pairs_of_one_component_are_left_out_also_while_it_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prefix_join, "_PAIRS_PER_BATCH", 1)
    sets = [{1, 2, 3, 4, 5}] * 30
    nodes, parent = np.arange(30), np.arange(30)
    parent[:10] = 0
    count = 0
    for left, right in prefix_join.possible_pairs(packed(sets), nodes, nodes, 0.7, parent):
        assert (parent[left] != parent[right]).all()
        count += left.size
        parent[:] = 0
    assert 0 < count <= 30


def test_what_all_sets_share_brings_none_together() -> None:
    rng = np.random.default_rng(1)
    template = {int(v) for v in rng.integers(0, 2**63, 80)}
    sets = [template | {int(v) for v in rng.integers(0, 2**63, 20)} for _ in range(1000)]
    nodes = np.arange(1000)
    found = list(prefix_join.possible_pairs(packed(sets), nodes, nodes, 0.7, nodes.copy()))
    assert sum(left.size for left, _ in found) == 0


def test_no_sets() -> None:
    none = np.zeros(0, np.int64)
    assert list(prefix_join.possible_pairs((np.zeros(0, np.uint64), none, none), none, none, 0.7, none)) == []
