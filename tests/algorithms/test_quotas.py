from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.algorithms.quotas import Seats, allocate

NAMES = "abcdef"
groups = st.dictionaries(st.sampled_from(NAMES), st.integers(1, 12), min_size=1, max_size=4)
limits = st.dictionaries(st.sampled_from(NAMES), st.integers(0, 8), max_size=4)
temperatures = st.sampled_from([0.5, 1.0, 2.0, 3.0, 100.0])


def boxes(low: list[int], high: list[int], total: int) -> Iterator[tuple[int, ...]]:
    """All vectors between `low` and `high` that sum to `total`."""
    if not low:
        if total == 0:
            yield ()
        return
    for first in range(low[0], min(high[0], total) + 1):
        for rest in boxes(low[1:], high[1:], total - first):
            yield (first, *rest)


@settings(max_examples=150, deadline=None)
@given(groups, limits, limits, temperatures, st.integers(0, 20))
def test_allocation_is_the_closest_to_the_shares_of_all_that_the_limits_allow(
    counts: dict[str, int], low: dict[str, int], high: dict[str, int], temperature: float, size: int
) -> None:
    # The method of Webster minimises the sum of (a - q)**2 / q over allocations a with shares q, which for a fixed
    # total is the sum of a**2 / weight up to constants.
    names = sorted(counts)
    most = [min(counts[g], high.get(g, counts[g])) for g in names]
    least = [min(low.get(g, 0), m) for g, m in zip(names, most, strict=True)]
    got = allocate(counts, size, temperature=temperature, minimum=low, maximum=high)
    assert list(got) == names
    assert sum(got.values()) == min(size, sum(most))
    if sum(least) > size:
        assert all(got[g] <= m for g, m in zip(names, least, strict=True))
        return
    assert all(a <= got[g] <= b for a, g, b in zip(least, names, most, strict=True))

    def loss(places: tuple[int, ...]) -> float:
        return sum(p * p / counts[g] ** (1 / temperature) for p, g in zip(places, names, strict=True))

    best = min(loss(a) for a in boxes(least, most, min(size, sum(most))))
    assert loss(tuple(got.values())) == pytest.approx(best, rel=1e-9)


@settings(max_examples=100, deadline=None)
@given(groups, limits, limits, temperatures)
def test_one_more_place_goes_to_one_group_and_takes_none_away(
    counts: dict[str, int], low: dict[str, int], high: dict[str, int], temperature: float
) -> None:
    last = allocate(counts, 0, temperature=temperature, minimum=low, maximum=high)
    for size in range(1, 16):
        this = allocate(counts, size, temperature=temperature, minimum=low, maximum=high)
        steps = sorted(this[g] - last[g] for g in counts)
        assert steps[:-1] == [0] * (len(steps) - 1)
        assert steps[-1] in (0, 1)
        last = this


@settings(max_examples=100, deadline=None)
@given(groups, temperatures, st.integers(0, 30))
def test_a_larger_group_never_gets_less(counts: dict[str, int], temperature: float, size: int) -> None:
    got = allocate(counts, size, temperature=temperature)
    ranked = sorted(counts, key=lambda g: counts[g])
    for small, large in pairwise(ranked):
        assert got[small] <= got[large] or counts[small] == counts[large]


def test_ties_go_to_the_first_name_whatever_the_order_given() -> None:
    assert allocate({"b": 5, "c": 5, "a": 5}, 2) == {"a": 1, "b": 1, "c": 0}


def test_temperature_flattens_the_shares() -> None:
    counts = {"large": 8_100, "small": 900}
    assert allocate(counts, 100, temperature=1) == {"large": 90, "small": 10}
    assert allocate(counts, 100, temperature=2) == {"large": 75, "small": 25}  # square roots are 90 and 30
    assert allocate(counts, 100, temperature=math.inf) == {"large": 50, "small": 50}


def test_what_a_group_lacks_goes_to_the_others_in_proportion() -> None:
    assert allocate({"a": 3, "b": 100, "c": 200}, 93, temperature=math.inf, maximum={"b": 30}) == {
        "a": 3,
        "b": 30,
        "c": 60,
    }


def test_minimums_come_first_and_free_places_follow_the_shares() -> None:
    assert allocate({"a": 90, "b": 10}, 10, minimum={"b": 4}) == {"a": 6, "b": 4}


def test_limits_that_cannot_be_met_are_not_broken() -> None:
    assert allocate({"a": 10, "b": 10}, 15, maximum={"a": 2, "b": 3}) == {"a": 2, "b": 3}
    assert allocate({"a": 2, "b": 10}, 8, minimum={"a": 5}) == {"a": 2, "b": 6}
    assert allocate({}, 5) == {}


def test_without_temperature_every_group_below_its_minimum_is_open_then_every_one_below_its_maximum() -> None:
    seats = Seats({"a": 9, "b": 9, "c": 9}, minimum={"a": 1, "b": 1}, maximum={"a": 2, "c": 0})
    assert seats.open().tolist() == [True, True, False]
    seats.take(0)
    assert seats.open().tolist() == [False, True, False]
    seats.take(1)
    assert seats.open().tolist() == [True, True, False]
    seats.take(0)
    assert seats.open().tolist() == [False, True, False]


def test_a_temperature_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        Seats({"a": 1}, temperature=0)
