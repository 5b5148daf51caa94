from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import cdist
from sklearn.metrics.pairwise import cosine_similarity

from curate.algorithms import k_center as module
from curate.algorithms.k_center import central_point, farthest, farthest_points, k_center
from curate.algorithms.parallel import set_threads


def clusters(n: int, d: int, centres: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    middle = rng.normal(0, 30, (centres, d))
    points = middle[rng.integers(0, centres, n)] + rng.normal(0, 9, (n, d))
    return np.clip(np.rint(points), -127, 127).astype(np.int8)


def plain(points: np.ndarray, k: int, first: int) -> tuple[list[int], list[float]]:
    """The textbook loop: all distances to each new centre, in integers up to the one division."""
    wide = points.astype(np.int64)
    squared = (wide**2).sum(1)
    near = np.where(squared > 0, 2.0, 0.0)
    order, distances = [first], [2.0]
    near[first] = -1
    while len(order) < min(k, len(points)):
        scale = (squared * squared[order[-1]]).astype(np.float64)
        cosine = np.divide(wide @ wide[order[-1]], np.sqrt(scale), out=np.zeros(len(points)), where=scale > 0)
        near = np.minimum(near, np.maximum(1 - cosine, 0))
        near[order] = -1
        order.append(int(np.argmax(near)))
        distances.append(float(near[order[-1]]))
    return order, distances


@pytest.mark.parametrize(("n", "d", "centres"), [(700, 16, 12), (3000, 8, 40), (2000, 64, 5), (513, 3, 50)])
def test_sequence_is_that_of_the_plain_loop(n: int, d: int, centres: int) -> None:
    points = clusters(n, d, centres)
    found = k_center(points, 150, first=3)
    order, distances = plain(points, 150, 3)
    assert found.order.tolist() == order
    assert found.distances.tolist() == distances


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_sequence_is_that_of_the_plain_loop_with_ties_duplicates_and_zeros(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 30))
    points = data.draw(arrays(np.int8, (n, data.draw(st.integers(1, 3))), elements=st.integers(-2, 2)))
    first = data.draw(st.integers(0, n - 1))
    k = data.draw(st.integers(1, n + 2))
    found = k_center(points, k, first=first)
    assert found.order.tolist() == plain(points, k, first)[0]
    assert sorted(found.order.tolist()[: n + 2]) == sorted(set(found.order.tolist()))


@pytest.mark.parametrize("threads", [1, 3])
def test_ties_across_the_whole_pool_go_to_the_lower_index(monkeypatch: pytest.MonkeyPatch, threads: int) -> None:
    monkeypatch.setattr(module, "_SHARE", 100)
    try:
        set_threads(threads)
        for seed in range(6):
            points = np.random.default_rng(seed).integers(-4, 5, (5000, 3)).astype(np.int8)
            assert k_center(points, 400, first=17).order.tolist() == plain(points, 400, 17)[0]
    finally:
        set_threads(None)


def test_distances_are_scipys_to_the_points_before() -> None:
    points = clusters(400, 12, 9)
    found = k_center(points, 60, first=0)
    table = cdist(points[found.order].astype(float), points[found.order].astype(float), "cosine")
    expected = [table[i, :i].min() for i in range(1, 60)]
    np.testing.assert_allclose(found.distances[1:], expected, atol=1e-12)
    assert (np.diff(found.distances) <= 0).all()


def test_covering_radius_is_at_most_twice_the_least_possible() -> None:
    for seed in range(6):
        points = clusters(13, 5, 4, seed)
        unit = points / np.linalg.norm(points.astype(float), axis=1, keepdims=True)
        table = cdist(unit, unit)
        for k in (2, 3, 4):
            least = min(table[:, list(s)].min(1).max() for s in combinations(range(13), k))
            order = k_center(points, k, first=seed).order
            assert table[:, order].min(1).max() <= 2 * least + 1e-9


def test_any_number_of_threads_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SHARE", 100)  # so that a small pool is shared among threads at all
    points = np.concatenate([clusters(2500, 10, 30), clusters(1500, 10, 30)])
    results = []
    try:
        for threads in (1, 2, 7):
            set_threads(threads)
            results.append(k_center(points, 200, first=11))
    finally:
        set_threads(None)
    for other in results[1:]:
        np.testing.assert_array_equal(other.order, results[0].order)
        np.testing.assert_array_equal(other.distances, results[0].distances)


def test_a_smaller_size_is_a_prefix() -> None:
    points = clusters(900, 16, 20)
    assert k_center(points, 40, first=5).order.tolist() == k_center(points, 300, first=5).order[:40].tolist()


def test_most_products_are_never_taken() -> None:
    points = clusters(20_000, 32, 200)
    assert k_center(points, 300, first=0).products < 0.5 * len(points) * 299


def test_zero_vectors_come_last() -> None:
    points = np.concatenate([np.zeros((2, 6), np.int8), clusters(10, 6, 3)])
    assert set(k_center(points, 12, first=4).order[-2:].tolist()) == {0, 1}
    assert k_center(np.zeros((3, 4), np.int8), 9, first=0).order.tolist() == [0, 1, 2]
    assert k_center(np.zeros((0, 4), np.int8), 2, first=0).order.tolist() == []


def test_central_point_has_the_highest_cosine_to_the_mean() -> None:
    points = clusters(2500, 20, 7)
    mean = points.astype(np.float64).mean(0, keepdims=True)
    assert central_point(points) == int(cosine_similarity(points.astype(np.float64), mean)[:, 0].argmax())
    assert central_point(np.array([[0, 0], [1, 2], [2, 4]], np.int8)) in (1, 2)


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_farthest_points_are_those_of_the_whole_table(data: st.DataObject) -> None:
    n, d, c = data.draw(st.integers(1, 30)), data.draw(st.integers(1, 3)), data.draw(st.integers(1, 6))
    points, centres = (data.draw(arrays(np.int8, (m, d), elements=st.integers(-2, 2))) for m in (n, c))
    taken, size = data.draw(arrays(np.bool_, n)), data.draw(st.integers(1, n + 2))
    places, distances, products = farthest_points(points, centres, taken, size)
    left, right = points.astype(np.int64), centres.astype(np.int64)
    scale = np.outer((left**2).sum(1), (right**2).sum(1)).astype(np.float64)
    cosine = np.divide(left @ right.T, np.sqrt(scale), out=np.zeros((n, c)), where=scale > 0)
    near = np.minimum(np.maximum(1 - cosine, 0).min(1), np.where(left.any(1), 2.0, 0.0))
    open_ = np.sort(near[~taken])[::-1]
    least = open_[min(size, len(open_)) - 1] if len(open_) else 0.0
    assert places.tolist() == np.flatnonzero(~taken & (near >= least)).tolist()
    assert distances.tolist() == near[places].tolist()
    assert products <= n * c


def test_few_of_the_distances_to_many_centres_are_computed() -> None:
    points = clusters(20_000, 32, 200)
    centres = points[k_center(points, 300, first=0).order]
    assert farthest_points(points, centres, np.zeros(len(points), bool), 100)[2] < 0.5 * len(points) * 300


@pytest.mark.parametrize("cut", [1, 7, 60])
def test_a_choice_goes_on_from_where_it_ended(cut: int) -> None:
    points = clusters(500, 8, 30)
    whole = k_center(points, 100, first=3)
    bound = np.maximum(cdist(points.astype(float), points[whole.order[:cut]].astype(float), "cosine").min(1), 0)
    bound[whole.order[:cut]] = -1
    rest = farthest(points, bound, 100 - cut, least=(0.0, 500))
    assert rest.order.tolist() == whole.order[cut:].tolist()
    # It ends before what is nearer than the last one asked for, and not before that one.
    last = (float(whole.distances[cut + 20]), int(whole.order[cut + 20]))
    assert farthest(points, bound, 100, least=last).order.tolist() == whole.order[cut : cut + 21].tolist()
