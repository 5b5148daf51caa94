from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import rankdata
from sklearn.metrics.pairwise import cosine_similarity
from threadpoolctl import threadpool_limits

from curate.algorithms import facility_location as module
from curate.algorithms import ground as kept
from curate.algorithms.facility_location import Quota, facility_location, rank_scale
from curate.algorithms.parallel import set_threads
from curate.algorithms.quotas import Seats, allocate
from curate.algorithms.wording import Wording


def clusters(n: int, d: int, centres: int, seed: int = 0) -> np.ndarray:
    """Unequal clusters: the first holds about half of the points, the second a quarter, and so on."""
    rng = np.random.default_rng(seed)
    middle = rng.normal(0, 30, (centres, d))
    points = middle[np.minimum(rng.geometric(0.3, n) - 1, centres - 1)] + rng.normal(0, 12, (n, d))
    return np.clip(np.rint(points), -127, 127).astype(np.int8)


def similarity(points: np.ndarray, ground: np.ndarray, utility: np.ndarray) -> np.ndarray:
    """The table that is never built: scikit-learn's cosines in whole 255ths, negative ones 0."""
    cosine = cosine_similarity(points.astype(np.float64), points[ground].astype(np.float64))
    return np.floor(255 * utility[:, None] * np.maximum(cosine, 0) + 0.5).astype(np.int64)


def plain(table: np.ndarray, size: int, group: np.ndarray, seats: Seats) -> tuple[list[int], list[int]]:
    """The textbook greedy: every gain of every point at every step."""
    order: list[int] = []
    gains: list[int] = []
    cover = np.zeros(table.shape[1], dtype=np.int64)
    for _ in range(size):
        allowed = seats.open()[group]
        allowed[order] = False
        if not allowed.any():
            break
        gain = np.where(allowed, np.maximum(table - cover, 0).sum(1), -1)
        at = int(np.argmax(gain))
        order.append(at)
        gains.append(int(gain[at]))
        cover = np.maximum(cover, table[at])
        seats.take(int(group[at]))
    return order, gains


def value(table: np.ndarray, order: Any) -> int:
    return int(table[list(order)].max(0).sum())


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_sequence_is_that_of_the_plain_greedy(data: st.DataObject) -> None:
    n, d = data.draw(st.integers(1, 40)), data.draw(st.integers(1, 6))
    points = data.draw(arrays(np.int8, (n, d), elements=st.integers(-3, 3)))
    ground = np.sort(np.array(data.draw(st.lists(st.integers(0, n - 1), min_size=1, unique=True))))
    utility = data.draw(arrays(np.float64, n, elements=st.sampled_from([1.0, 0.75, 0.5, 0.0])))
    size = data.draw(st.integers(1, 45))
    table = similarity(points, ground, utility)
    cosine = cosine_similarity(points.astype(np.float64), points[ground].astype(np.float64))
    # What lies halfway between two whole numbers may be rounded either way by float32 and float64.
    assume((np.abs((255 * utility[:, None] * cosine) % 1 - 0.5) > 1e-3).all())
    found = facility_location(points, size, ground=points[ground], utility=utility)
    order, gains = plain(table, size, np.zeros(n, int), Seats({"": n}))
    assert found.order.tolist() == order
    assert found.gains.tolist() == gains
    assert found.total == 255 * len(ground)


def test_coverage_on_clusters_is_that_of_the_plain_greedy() -> None:
    points = clusters(1500, 24, 12)
    ground = np.arange(0, 1500, 3)
    utility = np.random.default_rng(3).random(1500)
    table = similarity(points, ground, utility)
    found = facility_location(points, 60, ground=points[ground], utility=utility)
    order, gains = plain(table, 60, np.zeros(1500, int), Seats({"": 1500}))
    # A similarity may differ by one 255th between float32 and float64, so near ties may fall the other way.
    assert value(table, found.order) == pytest.approx(sum(gains), rel=1e-4)
    assert found.order.tolist()[:10] == order[:10]
    assert found.gains.sum() == pytest.approx(value(table, found.order), rel=1e-4)
    assert (np.diff(found.gains) <= 0).all()
    assert found.evaluations < 0.3 * 1500 * 60


def test_coverage_is_at_least_63_percent_of_the_best_set() -> None:
    for seed in range(5):
        points = clusters(12, 3, 5, seed)
        table = similarity(points, np.arange(12), np.ones(12))
        for size in (1, 2, 3, 4):
            best = max(value(table, s) for s in combinations(range(12), size))
            assert value(table, facility_location(points, size).order) >= (1 - 1 / np.e) * best


def test_quotas_hold_and_the_sequence_is_that_of_the_plain_greedy_under_them() -> None:
    points = clusters(400, 16, 8)
    group = np.random.default_rng(5).choice(4, 400, p=[0.7, 0.2, 0.07, 0.03]).astype(np.int32)
    counts = {name: int((group == g).sum()) for g, name in enumerate("abcd")}
    limits: list[dict[str, Any]] = [
        {"temperature": 3.0},
        {"temperature": 1.0, "minimum": {"d": 9}, "maximum": {"a": 12}},
        {"minimum": {"c": 20, "d": 3}, "maximum": {"b": 2}},
    ]
    table = similarity(points, np.arange(400), np.ones(400))
    for limit in limits:
        found = facility_location(points, 60, quota=Quota(group, Seats(counts, **limit)))
        _, gains = plain(table, 60, group, Seats(counts, **limit))
        assert value(table, found.order) == pytest.approx(sum(gains), rel=1e-4)
        assert len(set(found.order.tolist())) == 60
        got = {name: int((group[found.order] == g).sum()) for g, name in enumerate("abcd")}
        for name, places in got.items():
            assert places >= limit.get("minimum", {}).get(name, 0)
            assert places <= limit.get("maximum", {}).get(name, 60)
        if "temperature" in limit:
            assert got == allocate(counts, 60, **limit)


def test_a_smaller_size_is_a_prefix_with_and_without_quotas_and_candidates() -> None:
    points = clusters(600, 16, 8)
    group = (np.arange(600) % 7 == 0).astype(np.int32)
    counts = {"a": int((group == 0).sum()), "b": int(group.sum())}
    cases: list[dict[str, Any]] = [
        {},
        {"candidates": 25},
        {"quota": 2.0},
        {"quota": None},
        {"quota": 3.0, "candidates": 9},
    ]
    for case in cases:
        runs = []
        for size in (15, 40, 120):
            options = dict(case)
            if "quota" in case:
                seats = Seats(counts, temperature=case["quota"], minimum={"b": 11}, maximum={"a": 80})
                options["quota"] = Quota(group, seats)
            runs.append(facility_location(points, size, **options))
        for run in runs[:-1]:
            assert run.order.tolist() == runs[-1].order[: len(run.order)].tolist()
            assert run.gains.tolist() == runs[-1].gains[: len(run.gains)].tolist()


def test_candidates_cover_nearly_as_much_as_all_points() -> None:
    points = clusters(3000, 24, 30)
    table = similarity(points, np.arange(3000), np.ones(3000))
    full = value(table, facility_location(points, 100).order)
    drawn = [facility_location(points, 100, candidates=138, seed=seed) for seed in (1, 2)]  # 3000 / 100 * ln(100)
    assert drawn[0].order.tolist() != drawn[1].order.tolist()
    for run in drawn:
        assert len(set(run.order.tolist())) == 100
        assert full >= value(table, run.order) >= 0.98 * full
    few = facility_location(points, 100, candidates=1)
    assert value(table, few.order) < value(table, drawn[0].order)


def test_all_candidates_are_the_exact_greedy() -> None:
    points = clusters(300, 8, 6)
    assert facility_location(points, 40, candidates=300).order.tolist() == facility_location(points, 40).order.tolist()


def test_neither_memory_nor_threads_change_a_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    points = clusters(1200, 32, 10)
    ground = np.arange(0, 1200, 2)
    whole = facility_location(points, 80, ground=points[ground])
    for threads in (1, 2):
        with threadpool_limits(threads):
            for memory in (0, 2**30):
                monkeypatch.setattr(kept, "MEMORY", memory)
                other = facility_location(points, 80, ground=points[ground])
                np.testing.assert_array_equal(other.order, whole.order)
                np.testing.assert_array_equal(other.gains, whole.gains)


@pytest.mark.parametrize("threads", [1, 3])
def test_points_that_cover_each_other_are_compared_once_but_count_both_ways(threads: int) -> None:
    points, utility = clusters(700, 16, 9, seed=2), np.random.default_rng(3).random(700)
    set_threads(threads)
    try:
        mutual = kept.Ground(points, points, utility, None)
        mutual.fill()
        apart = kept.Ground(points, points.copy(), utility, None)
        apart.fill()
    finally:
        set_threads(None)
    np.testing.assert_array_equal(mutual.cache, apart.cache)
    table = similarity(points, np.arange(700), utility)
    # Where an exact value is on the edge between two whole numbers, single precision may round it the other way.
    assert np.abs(mutual.cache - table).max() <= 1
    assert (mutual.cache == table).mean() > 0.9999


def test_points_evaluated_at_once_do_not_matter_even_among_ties(monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(8):
        points = np.random.default_rng(seed).integers(-2, 3, (400, 3)).astype(np.int8)
        table = similarity(points, np.arange(0, 400, 9), np.ones(400))
        expected = plain(table, 120, np.zeros(400, int), Seats({"": 400}))[0]
        for batch in ((1, 1), (2, 3), (64, 256), (400, 400)):
            monkeypatch.setattr(module, "_BATCH", batch)
            assert facility_location(points, 120, ground=points[::9]).order.tolist() == expected


def test_once_no_more_than_the_candidates_are_left_all_are_looked_at() -> None:
    points = clusters(60, 8, 4)
    table = similarity(points, np.arange(60), np.ones(60))
    order = facility_location(points, 30, candidates=50).order.tolist()
    for step in range(10, 30):
        gain = np.maximum(table - table[order[:step]].max(0), 0).sum(1)
        gain[order[:step]] = -1
        assert gain[order[step]] >= gain.max() - 2  # a similarity may be rounded the other way


def test_utility_prefers_the_better_of_equals() -> None:
    points = np.array([[9, 0], [9, 0], [0, 9], [0, 9]], dtype=np.int8)
    found = facility_location(points, 4, utility=np.array([0.6, 0.9, 0.8, 0.5]))
    assert found.order.tolist()[:2] == [1, 2]
    assert found.gains.tolist() == [2 * 230, 2 * 204, 0, 0]  # 0.9 and 0.8 of 255, rounded, for two points each
    assert found.order.tolist()[2:] == [0, 3]


def test_zero_vectors_come_last_and_a_size_above_the_pool_takes_all() -> None:
    points = np.concatenate([np.zeros((2, 8), np.int8), clusters(9, 8, 3)])
    found = facility_location(points, 50)
    assert sorted(found.order.tolist()) == list(range(11))
    assert found.order[-2:].tolist() == [0, 1]
    assert facility_location(np.zeros((0, 8), np.int8), 3).order.tolist() == []


def test_mid_ranks_are_scipys() -> None:
    weights = np.random.default_rng(0).integers(0, 20, 200).astype(np.float64)
    among = np.sort(weights)
    expected = (rankdata(weights) - 0.5) / 200
    np.testing.assert_allclose(rank_scale(weights, among), expected)
    with_unknown = np.concatenate([weights, [np.nan, np.nan]])
    np.testing.assert_allclose(rank_scale(with_unknown, among), [*expected, 0.5, 0.5])
    assert rank_scale(np.array([np.nan]), among[:0]).tolist() == [0.5]
    np.testing.assert_allclose(rank_scale(weights * 1000 - 7, among * 1000 - 7), expected)
    # Of a part of the points, the ranks are those among all.
    np.testing.assert_array_equal(rank_scale(weights[3::7], among), rank_scale(weights, among)[3::7])


def wordings(n: int, count: int, seed: int = 0) -> Wording:
    """Each text has each of `count` wordings with a probability that falls with its number."""
    has = np.random.default_rng(seed).random((n, count)) < 0.5 / np.arange(2, count + 2)
    return Wording(np.concatenate([[0], np.cumsum(has.sum(1))]), np.nonzero(has)[1], count)


def test_wordings_are_ground_points_that_those_who_have_them_cover() -> None:
    points, wording = clusters(300, 16, 8), wordings(300, 40)
    utility = np.random.default_rng(1).random(300)
    each = 0.3 * 255 * 300 / 40
    extra = np.zeros((300, 40), dtype=np.int64)
    for i in range(300):
        mine = wording.ids[wording.offsets[i] : wording.offsets[i + 1]]
        extra[i, mine] = round(utility[i] * each)
    table = np.concatenate([similarity(points, np.arange(300), utility), extra], axis=1)
    for quota in (False, True):
        group = (np.arange(300) % 3).astype(np.int32)
        limits: dict[str, Any] = {"temperature": 2.0} if quota else {}
        seats = [Seats({"a": 100, "b": 100, "c": 100}, **limits) for _ in range(2)]
        found = facility_location(
            points, 50, utility=utility, wording=(wording, 0.3), quota=Quota(group, seats[0]) if quota else None
        )
        order, gains = plain(table, 50, group, seats[1])
        assert found.order.tolist()[:10] == order[:10]
        assert value(table, found.order) == pytest.approx(sum(gains), rel=1e-4)
        assert found.total == 255 * 300 + 40 * round(each)
    without = facility_location(points, 50, utility=utility)
    assert without.order.tolist() != found.order.tolist()
    assert (
        facility_location(points, 50, utility=utility, wording=(wording, 0.0)).order.tolist() == without.order.tolist()
    )
