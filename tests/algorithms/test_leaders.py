"""Leader clustering: against the list of all pairs, in exact arithmetic."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics.pairwise import cosine_similarity

from curate.algorithms import leaders as module
from curate.algorithms.leaders import leaders
from curate.algorithms.parallel import set_threads


def clusters(n: int, d: int, centres: int, spread: float = 9, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    middle = rng.normal(0, 30, (centres, d))
    points = middle[rng.integers(0, centres, n)] + rng.normal(0, spread, (n, d)) * rng.uniform(0.1, 1, (n, 1))
    return np.clip(np.rint(points), -127, 127).astype(np.int8)


def plain(points: np.ndarray, order: np.ndarray, threshold: float) -> tuple[list[int], list[float]]:
    """The textbook loop over all pairs: whole numbers up to one root and one division."""
    wide = points.astype(np.int64)
    dots = wide @ wide.T
    scale = np.sqrt((np.diag(dots)[:, None] * np.diag(dots)).astype(np.float64))
    cosine = np.divide(dots, scale, out=np.zeros(dots.shape), where=scale > 0)
    leader, value, lead = list(range(len(points))), [1.0] * len(points), []
    for i in order.tolist():
        first = next((j for j in lead if cosine[i, j] >= threshold), None)
        if first is None:
            lead.append(i)
        else:
            leader[i], value[i] = first, min(cosine[i, first], 1.0)
    return leader, value


# More rows than a block and than the leaders of one call, and tiles that are not full.
@pytest.mark.parametrize(
    ("n", "d", "centres", "threshold"),
    [(2500, 64, 300, 0.9), (3700, 48, 3000, 0.95), (1300, 256, 5, 0.8), (1025, 20, 400, 0.5), (130, 33, 40, 0.05)],
)
def test_every_row_joins_the_leader_of_the_plain_loop(n: int, d: int, centres: int, threshold: float) -> None:
    points = clusters(n, d, centres)
    points[::97] = 0
    order = np.random.default_rng(1).permutation(n)
    found = leaders(points, order, threshold)
    expected, cosine = plain(points, order, threshold)
    assert found.leader.tolist() == expected
    np.testing.assert_array_equal(found.cosine, cosine)
    assert 1 < len(set(expected)) < n


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_ties_copies_and_zeros(data: st.DataObject) -> None:
    n = data.draw(st.integers(0, 30))
    points = data.draw(arrays(np.int8, (n, data.draw(st.integers(1, 3))), elements=st.integers(-2, 2)))
    order = np.array(data.draw(st.permutations(range(n))), dtype=np.int64)
    threshold = data.draw(st.sampled_from([1e-9, 0.5, math.sqrt(0.5), 0.8, 1.0]))
    assert leaders(points, order, threshold).leader.tolist() == plain(points, order, threshold)[0]


def test_bounds_are_never_below_the_cosines() -> None:
    points = clusters(700, 300, 60)
    cosine = cosine_similarity(points.astype(np.float64))
    heads = module._heads(points, (points.astype(np.float64) ** 2).sum(1))
    assert heads.shape == (700, 32)
    bounds = heads @ heads.T
    assert (bounds >= cosine - 1e-6).all()
    assert np.median(bounds - cosine) < 0.5  # and they say something


def test_kept_rows_are_apart_and_dropped_ones_near_to_the_row_they_name() -> None:
    points = clusters(3000, 40, 200)
    found = leaders(points, np.arange(3000), 0.85)
    cosine = cosine_similarity(points.astype(np.float64))
    kept = np.flatnonzero(found.leader == np.arange(3000))
    assert np.triu(cosine[np.ix_(kept, kept)], 1).max() < 0.85
    np.testing.assert_allclose(cosine[np.arange(3000), found.leader], found.cosine, atol=1e-12)
    assert set(found.leader) == set(kept)
    assert found.cosine.min() >= 0.85


def test_chains_are_not_followed() -> None:
    angles = np.deg2rad([0, 20, 40])
    points = np.rint(127 * np.stack([np.cos(angles), np.sin(angles)], axis=1)).astype(np.int8)
    assert leaders(points, np.arange(3), 0.9).leader.tolist() == [0, 0, 2]
    assert leaders(points, np.array([1, 0, 2]), 0.9).leader.tolist() == [1, 1, 1]


def test_copies_of_one_vector_join_the_first_at_the_highest_threshold() -> None:
    points = np.repeat(clusters(3, 50, 3), 1500, axis=0)
    found = leaders(points, np.arange(4500), 1.0)
    assert found.leader.tolist() == [0] * 1500 + [1500] * 1500 + [3000] * 1500
    assert (found.cosine == 1).all()


def test_any_number_of_threads_gives_the_same() -> None:
    points = clusters(2600, 70, 400)
    results = []
    try:
        for threads in (1, 2, 7):
            set_threads(threads)
            results.append(leaders(points, np.arange(2600)[::-1], 0.9))
    finally:
        set_threads(None)
    for other in results[1:]:
        np.testing.assert_array_equal(other.leader, results[0].leader)
        np.testing.assert_array_equal(other.cosine, results[0].cosine)


def test_most_cosines_are_never_computed() -> None:
    # A spectrum that falls, as the one of texts does.
    scale = np.arange(1, 201) ** -0.8
    points = np.random.default_rng(2).normal(size=(4000, 200)) * scale
    points = np.rint(127 * points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.int8)
    assert leaders(points, np.arange(4000), 0.95).exact < 0.01 * 4000 * 3999 / 2


def test_what_cannot_be_compared_exactly_is_refused() -> None:
    with pytest.raises(ValueError, match="int8"):
        leaders(np.zeros((2, 3)), np.arange(2), 0.9)  # type: ignore[arg-type]
    for threshold in (0.0, 1.1, math.nan):
        with pytest.raises(ValueError, match="threshold"):
            leaders(np.zeros((2, 3), np.int8), np.arange(2), threshold)
