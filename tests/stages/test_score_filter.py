"""`score_filter`: fractions by group, ties by id, unknown scores kept; against a loop in Python."""

from __future__ import annotations

import math
from collections import defaultdict
from fractions import Fraction
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from curate.engine.local import LocalShards
from curate.errors import StageError
from curate.stages.select.score_filter import ScoreFilter

ROWS = st.lists(
    st.tuples(
        st.one_of(st.none(), st.just(math.nan), st.sampled_from([0.0, 0.5, 1.0, -2.0, math.inf]), st.floats(-5, 5)),
        st.sampled_from(["code", "math", None]),
    ),
    max_size=40,
)


def frame(rows: list[tuple[float | None, str | None]]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "row": pl.Series(range(len(rows)), dtype=pl.UInt64),
            # Ids in another order than rows.
            "id": pl.Series([f"{i * 7919 % 1009:04d}" for i in range(len(rows))], dtype=pl.String),
            "quality": pl.Series([score for score, _ in rows], dtype=pl.Float64, strict=False),
            "task": pl.Series([task for _, task in rows], dtype=pl.String),
        }
    )


def apply(stage: ScoreFilter, table: pl.DataFrame, parts: int = 1) -> pl.DataFrame:
    table = table.select("row", "id", *stage.needs())
    selection = stage.apply(LocalShards(tuple((lambda i=i: table[i::parts]) for i in range(parts))))
    assert selection.findings == ()
    return selection.frame


def kept_by_loop(table: pl.DataFrame, share: str, *, within: bool, least: int, worst: str) -> list[bool]:
    groups: dict[Any, list[int]] = defaultdict(list)
    scores = table["quality"].to_list()
    for i, score in enumerate(scores):
        if score is not None and not math.isnan(score):
            groups[table["task"][i] if within else 0].append(i)
    keep = [True] * table.height
    for members in groups.values():
        ids = table["id"].to_list()
        sign = -1 if worst == "lowest" else 1
        best_first = sorted(members, key=lambda i: (sign * scores[i], ids[i]))
        stay = max(math.ceil(len(members) * (1 - Fraction(share))), min(least, len(members)))
        for i in best_first[stay:]:
            keep[i] = False
    return keep


@settings(max_examples=120, deadline=None)
@given(
    rows=ROWS,
    share=st.sampled_from(["0.0", "0.1", "0.3", "0.5", "0.7", "0.9", "0.99"]),
    within=st.booleans(),
    least=st.integers(0, 4),
    worst=st.sampled_from(["lowest", "highest"]),
    parts=st.sampled_from([1, 2, 7]),
)
def test_agrees_with_a_loop(
    rows: list[tuple[float | None, str | None]], share: str, within: bool, least: int, worst: str, parts: int
) -> None:
    table = frame(rows)
    stage = ScoreFilter.model_validate(
        {
            "by": "quality",
            "drop_fraction": float(share),
            "within": "task" if within else None,
            "min_per_group": least,
            "worst": worst,
        }
    )
    out = apply(stage, table, parts)
    assert out["row"].to_list() == list(range(len(rows)))
    assert out["keep"].to_list() == kept_by_loop(table, share, within=within, least=least, worst=worst)
    assert out["unknown"].to_list() == [s is None or math.isnan(s) for s in table["quality"].to_list()]
    reasons = set(out["reason"].drop_nulls())
    assert reasons <= {"low_score" if worst == "lowest" else "high_score"}


def test_evidence_is_the_score() -> None:
    out = apply(ScoreFilter(by="quality"), frame([(0.25, None), (0.5, None), (None, None), (1.0, None), (0.125, None)]))
    assert out["keep"].to_list() == [False, True, True, True, False]
    assert out["value"].to_list() == ["0.25", None, None, None, "0.125"]
    assert out["unknown"].to_list() == [False, False, True, False, False]


def test_fractions_are_meant_in_decimals() -> None:
    # In binary, 100 * 0.29 is a little less than 29, and 10 * (1 - 0.7) a little more than 3.
    for share, count, stay in ((0.29, 100, 71), (0.7, 10, 3)):
        rows: list[tuple[float | None, str | None]] = [(float(i), None) for i in range(count)]
        assert apply(ScoreFilter(by="quality", drop_fraction=share), frame(rows))["keep"].sum() == stay


def test_unknown_scores_do_not_move_the_line() -> None:
    known = [(float(i), None) for i in range(10)]
    without = apply(ScoreFilter(by="quality"), frame(known))["keep"].to_list()
    among = apply(ScoreFilter(by="quality"), frame(known + [(None, None)] * 50))["keep"].to_list()
    assert among == without + [True] * 50


@pytest.mark.parametrize("dtype", [pl.Int8, pl.UInt32, pl.Float32, pl.Boolean])
def test_any_number_is_a_score(dtype: pl.DataType) -> None:
    table = frame([(0.0, None), (1.0, None)]).with_columns(pl.col("quality").cast(dtype))
    assert apply(ScoreFilter(by="quality"), table)["keep"].to_list() == [False, True]


def test_text_is_no_score() -> None:
    with pytest.raises(StageError, match="score_filter: the column task is String"):
        apply(ScoreFilter(by="task"), frame([(1.0, "code")]))


def test_needs_what_it_names() -> None:
    assert ScoreFilter(by="a").needs() == ("a",)
    assert ScoreFilter(by="a", within="b").needs() == ("a", "b")
    assert ScoreFilter(by="a", within="a").needs() == ("a",)


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"by": ""},
        {"by": "q", "drop_fraction": 1.0},
        {"by": "q", "drop_fraction": -0.1},
        {"by": "q", "worst": "low"},
    ],
)
def test_refuses(parameters: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ScoreFilter.model_validate(parameters)


@settings(max_examples=60, deadline=None)
@given(
    rows=ROWS, bands=st.lists(st.sampled_from([0, 1, None]), min_size=40, max_size=40), parts=st.sampled_from([1, 3])
)
def test_groups_by_several_columns_are_those_of_one_that_joins_them(
    rows: list[tuple[float | None, str | None]], bands: list[int | None], parts: int
) -> None:
    table = frame(rows).with_columns(pl.Series("band", bands[: len(rows)], dtype=pl.UInt8))
    joined = table.with_columns(
        task=pl.Series([repr(pair) for pair in table.select("task", "band").iter_rows()], dtype=pl.String)
    )
    several = ScoreFilter(by="quality", within=("task", "band"))
    assert apply(several, table, parts)["keep"].to_list() == kept_by_loop(
        joined, "0.5", within=True, least=1, worst="lowest"
    )
    one = ScoreFilter(by="quality", within=("task",))
    assert apply(one, table, parts).equals(apply(ScoreFilter(by="quality", within="task"), table, parts))


def test_columns_are_named_once_and_at_least_one_is() -> None:
    with pytest.raises(ValidationError, match="a column is named twice: task"):
        ScoreFilter(by="quality", within=("task", "task"))
    with pytest.raises(ValidationError):
        ScoreFilter(by="quality", within=())
