"""`score_product`: against fractions; unknown stays unknown; what is no share is an error."""

from __future__ import annotations

import math
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from curate.errors import StageError
from curate.stages.annotate.score_product import ScoreProduct

SHARE = st.one_of(st.none(), st.just(math.nan), st.sampled_from([0.0, 1.0]), st.floats(0, 1))


def frame(rows: list[tuple[float | None, ...]]) -> pl.DataFrame:
    data = {name: [row[i] for row in rows] for i, name in enumerate("abc")}
    return pl.DataFrame(
        {"row": range(len(rows)), "id": [f"{i:03}" for i in range(len(rows))], **data},
        schema={"row": pl.UInt64, "id": pl.String, **dict.fromkeys("abc", pl.Float64)},
    )


@given(st.lists(st.tuples(SHARE, SHARE, SHARE), max_size=20))
def test_is_the_exact_product(rows: list[tuple[float | None, ...]]) -> None:
    found = ScoreProduct(of=["a", "b"], without=["c"]).columns(frame(rows))["score_product"].to_list()
    for value, row in zip(found, rows, strict=True):
        if any(x is None or math.isnan(x) for x in row):
            assert value is None
        else:
            a, b, c = (Fraction(x) for x in row if x is not None)
            assert value == pytest.approx(float(a * b * (1 - c)), rel=1e-12, abs=1e-300)


@pytest.mark.parametrize("wrong", [-0.1, 1.0001, math.inf, -math.inf])
def test_what_is_no_share_is_an_error(wrong: float) -> None:
    with pytest.raises(StageError, match="column b is not from 0 to 1"):
        ScoreProduct(of=["a", "b"]).columns(frame([(0.5, 0.5, None), (0.5, wrong, None)]))


def test_text_is_an_error() -> None:
    with pytest.raises(StageError, match="not numeric"):
        ScoreProduct(of=["id"]).columns(frame([(0.5, 0.5, 0.5)]))


def test_a_column_named_twice_is_refused() -> None:
    with pytest.raises(ValidationError, match="`a` is named twice"):
        ScoreProduct(of=["a"], without=["a"])
    with pytest.raises(ValidationError):
        ScoreProduct(of=[])
    assert ScoreProduct(of=["b", "a"], without=["c"]).needs() == ("b", "a", "c")
