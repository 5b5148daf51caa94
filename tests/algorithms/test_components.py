from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components as scipy_components

from curate.algorithms.components import connected_components, flatten, join, roots, survivors, unite


def smallest_members(size: int, left: np.ndarray, right: np.ndarray) -> list[int]:
    graph = coo_matrix((np.ones(left.size), (left, right)), shape=(size, size))
    _, labels = scipy_components(graph, directed=False)
    first: dict[int, int] = {}
    return [first.setdefault(label, node) for node, label in enumerate(labels.tolist())]


@pytest.mark.parametrize(("size", "edges"), [(1, 0), (2, 1), (50, 10), (200, 150), (1000, 500), (1000, 3000)])
def test_components_are_those_of_scipy(size: int, edges: int) -> None:
    for seed in range(5):
        rng = np.random.default_rng(seed)
        left, right = rng.integers(0, size, (2, edges))
        assert connected_components(size, left, right).tolist() == smallest_members(size, left, right)


@pytest.mark.parametrize("order", ["up", "down", "shuffled"])
def test_a_long_chain_is_one_component(order: str) -> None:
    size = 20_000
    left = np.arange(size - 1)
    edges = {"up": left, "down": left[::-1], "shuffled": np.random.default_rng(1).permutation(left)}[order]
    assert not connected_components(size, edges, edges + 1).any()


def test_edges_may_come_in_parts() -> None:
    rng = np.random.default_rng(7)
    left, right = rng.integers(0, 500, (2, 400))
    parent = np.arange(500)
    for part in np.array_split(np.arange(400), 9):
        unite(parent, left[part], right[part])
    assert parent.tolist() == smallest_members(500, left, right)


@pytest.mark.parametrize("edges", [0, 100, 400, 2000])
def test_joined_nodes_have_the_root_of_their_component_before_and_after_flattening(edges: int) -> None:
    rng = np.random.default_rng(edges)
    left, right = rng.integers(0, 500, (2, edges))
    parent, nodes = np.arange(500), np.arange(500)
    for part in np.array_split(np.arange(edges), 7):
        join(parent, left[part], right[part])
        done = slice(part[-1] + 1) if part.size else slice(0)
        wanted = smallest_members(500, left[done], right[done])
        assert roots(parent, nodes).tolist() == wanted
    flatten(parent)
    assert parent.tolist() == smallest_members(500, left, right)


def test_edges_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="out of the 3 nodes"):
        connected_components(3, np.array([0]), np.array([3]))
    with pytest.raises(ValueError, match="out of the 3 nodes"):
        connected_components(3, np.array([-1]), np.array([0]))
    with pytest.raises(ValueError, match="2 left and 1 right"):
        connected_components(3, np.array([0, 1]), np.array([2]))


def test_survivor_has_the_largest_score_then_the_first_id() -> None:
    labels = np.array([0, 1, 0, 1, 2, 0, 3, 3, 3])
    ids = np.array([3, 9, 2, 8, 7, 1, 6, 5, 4])
    assert survivors(labels, ids).tolist() == [5, 3, 5, 3, 4, 5, 8, 8, 8]
    scores = np.array([1.0, 5.0, 2.0, 5.0, np.nan, 2.0, np.nan, np.nan, -np.inf])
    assert survivors(labels, ids, scores).tolist() == [5, 3, 5, 3, 4, 5, 8, 8, 8]
    scores[0] = 3.0
    scores[1] = 5.5
    assert survivors(labels, ids, scores).tolist() == [0, 1, 0, 1, 4, 0, 8, 8, 8]


def test_survivors_do_not_depend_on_the_order_of_nodes() -> None:
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 40, 300)
    ids = rng.permutation(300)
    scores = rng.integers(0, 3, 300).astype(float)
    expected = {ids[node]: ids[kept] for node, kept in enumerate(survivors(labels, ids, scores).tolist())}
    for label in range(40):
        members = np.flatnonzero(labels == label)
        if members.size:
            best = min(members.tolist(), key=lambda node: (-scores[node], ids[node]))
            assert all(expected[ids[node]] == ids[best] for node in members)
    order = rng.permutation(300)
    again = survivors(labels[order], ids[order], scores[order])
    assert {ids[order[node]]: ids[order[kept]] for node, kept in enumerate(again.tolist())} == expected


def test_nothing_has_no_survivors() -> None:
    assert survivors(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)).size == 0
    assert connected_components(0, np.zeros(0, np.int64), np.zeros(0, np.int64)).size == 0
