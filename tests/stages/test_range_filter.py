"""`range_filter`: bounds flip at their value; unknown is neither below nor above."""

from __future__ import annotations

import math
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from curate.config import check_chain
from curate.errors import ConfigError, StageError
from curate.stages.filter.range_filter import RangeFilter
from tests.helpers import frame, run_stage


def verdict(values: Any, dtype: Any = None, **bounds: float) -> pl.DataFrame:
    column = pl.Series("n", values, dtype=dtype)
    rows = frame([(f"q{n}", "a") for n in range(len(column))], n=column)
    return run_stage(RangeFilter(by="n", **bounds), rows)


def test_bounds_flip_at_their_value() -> None:
    out = verdict([9, 10, 11, 20, 21], min=10, max=20)
    assert out["reason"].to_list() == ["below_minimum", None, None, None, "above_maximum"]
    assert out["value"].to_list() == ["9", None, None, None, "21"]
    assert verdict([9.99, 10.0], min=10)["keep"].to_list() == [False, True]
    assert verdict([20.0, 20.01], max=20)["keep"].to_list() == [True, False]


def test_what_is_not_known_stays_and_is_counted() -> None:
    out = verdict([None, math.nan, 1.0], min=5, max=9)
    assert out["keep"].to_list() == [True, True, False]
    assert out["unknown"].to_list() == [True, True, False]


def test_booleans_and_narrow_integers_are_numbers() -> None:
    assert verdict([True, False], min=1)["keep"].to_list() == [True, False]
    assert verdict([0, 255], pl.UInt8, min=-5, max=254.5)["keep"].to_list() == [True, False]


def test_text_is_refused() -> None:
    with pytest.raises(StageError, match="range_filter: the column n is String, not numeric"):
        verdict(["10"], min=1)


@pytest.mark.parametrize("bounds", [{}, {"min": 2, "max": 1}, {"min": math.nan}, {"max": math.inf}, {"min": "3"}])
def test_bounds_are_checked(bounds: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RangeFilter(by="n", **bounds)
    RangeFilter(by="n", min=1, max=1)


def test_the_column_must_be_written_before() -> None:
    with pytest.raises(ConfigError, match=r"reads the column `meta_score`.*add `meta_columns` before it"):
        check_chain([RangeFilter(by="meta_score", min=1)])


@given(
    st.lists(st.none() | st.floats() | st.integers(-50, 50).map(float), min_size=1),
    st.integers(-50, 50),
    st.integers(0, 40),
)
@settings(max_examples=100, deadline=None)
def test_agrees_with_python(values: list[float | None], low: int, span: int) -> None:
    keep = verdict(values, pl.Float64, min=low, max=low + span)["keep"].to_list()
    assert keep == [v is None or math.isnan(v) or low <= v <= low + span for v in values]
