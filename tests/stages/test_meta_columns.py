"""`meta_columns`: against `json.loads`, and loud where a number is none."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from curate.errors import StageError
from curate.stages.annotate.meta_columns import MetaColumns
from tests.helpers import frame, run_stage


def columns(metas: list[Any], **keys: str) -> pl.DataFrame:
    rows = frame([(f"q{n}", "a") for n in range(len(metas))], meta=[json.dumps(meta) for meta in metas])
    return run_stage(MetaColumns(**keys), rows)


def test_numbers_texts_and_what_is_not_there() -> None:
    metas = [{"s": 12, "g": "beer"}, {"s": "-3.5", "g": None}, {"s": None}, {}, {"s": True, "g": 7}, {"s": 1e300}]
    out = columns(metas, score="s", group="g")
    assert out["meta_score"].to_list() == [12.0, -3.5, None, None, 1.0, 1e300]
    assert out["meta_group"].to_list() == ["beer", None, None, None, "7", None]
    assert out["meta_weight"].to_list() == [None] * 6
    assert out.schema["meta_weight"] == pl.Float64


def test_two_numbers() -> None:
    out = columns([{"a": 1, "b": 2}], score="a", weight="b")
    assert out.select("meta_score", "meta_weight").row(0) == (1.0, 2.0)


def test_dots_lead_into_objects_and_names_may_be_odd() -> None:
    metas = [{"a": {"b c": {"d-e": 4}}, "$": 5, "é'": 6, "a b": "x"}, {"a": 1}, {"a": [], "x.y": 9, "x": {"y": 8}}]
    assert columns(metas, score="x.y")["meta_score"].to_list() == [None, None, 9.0]
    assert columns(metas, score="a.b c.d-e")["meta_score"].to_list() == [4.0, None, None]
    assert columns(metas, score="$")["meta_score"].to_list() == [5.0, None, None]
    assert columns(metas, score="é'", group="a b").row(0)[1:] == (6.0, None, "x")


@pytest.mark.parametrize("bad", ["many", "", [1], {"x": 1}, "1,5", "0x10", "1_000", "9" * 400 + "x", 10**400])
def test_a_number_that_is_none_ends_the_run(bad: Any) -> None:
    with pytest.raises(StageError, match=r"meta_columns: [0-9a-f]{16}: `s` is .* not a number"):
        columns([{"s": 1}, {"s": bad}], score="s")


def test_not_a_number_is_unknown() -> None:
    assert columns([{"s": "NaN"}], score="s")["meta_score"].to_list() == [None]


@pytest.mark.parametrize("keys", [{}, {"score": ""}, {"score": 1}, {"group": None}])
def test_keys_are_checked(keys: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        MetaColumns(**keys)


PLAIN = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)


@given(st.lists(st.dictionaries(st.sampled_from(["s", "t", "u v"]), PLAIN, max_size=3), min_size=1, max_size=5))
@settings(max_examples=100, deadline=None)
def test_numbers_agree_with_json(metas: list[dict[str, Any]]) -> None:
    out = columns(metas, score="u v")["meta_score"].to_list()
    assert out == [None if meta.get("u v") is None else float(meta["u v"]) for meta in metas]


@given(st.lists(TEXT, min_size=1, max_size=5))
@settings(max_examples=100, deadline=None)
def test_texts_agree_with_json(values: list[str]) -> None:
    assert columns([{"g": value} for value in values], group="g")["meta_group"].to_list() == values
