"""`length_filter`: each bound flips at its value; against plain Python on random texts and bounds."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from curate.stages.filter.length_filter import LengthFilter
from tests.helpers import corpus, frame
from tests.test_text import MIXED, count_words

OPEN: dict[str, Any] = {
    "min_instruction_chars": None,
    "max_instruction_chars": None,
    "min_response_chars": None,
    "max_response_chars": None,
}


def reason(stage: LengthFilter, question: str, answer: str) -> tuple[str | None, str | None]:
    verdict = stage.apply(frame([(question, answer)])).row(0, named=True)
    assert verdict["keep"] == (verdict["reason"] is None)
    return verdict["reason"], verdict["value"]


@pytest.mark.parametrize("side", ["instruction", "response"])
@pytest.mark.parametrize(("unit", "made"), [("chars", "é" * 7), ("words", "é, " * 7)])
def test_bounds_flip_at_their_value(side: str, unit: str, made: str) -> None:
    question, answer = (made, "x") if side == "instruction" else ("x", made)

    def dropped(**bound: int) -> str | None:
        return reason(LengthFilter(**{**OPEN, **bound}), question, answer)[0]

    assert dropped(**{f"min_{side}_{unit}": 7}) is None
    assert dropped(**{f"min_{side}_{unit}": 8}) == f"{side}_too_short"
    assert dropped(**{f"max_{side}_{unit}": 7}) is None
    assert dropped(**{f"max_{side}_{unit}": 6}) == f"{side}_too_long"


def test_turns_flip_at_their_value() -> None:
    def turn(role: str) -> dict[str, str]:
        return {"role": role, "content": "words"}

    rows = frame([("q", "a")] * 3)
    chats = [[turn("user"), turn("assistant")] * n for n in (1, 2, 3)]
    rows = rows.with_columns(pl.Series("messages", chats, dtype=rows.schema["messages"]))
    verdict = LengthFilter(**OPEN, min_turns=2, max_turns=2).apply(rows)
    assert verdict["reason"].to_list() == ["too_few_turns", None, "too_many_turns"]
    assert verdict["value"].to_list() == ["1", None, "3"]


def test_the_value_is_the_measured_number() -> None:
    stage = LengthFilter(min_response_words=4)
    assert reason(stage, "How many?", "Three or so") == ("response_too_short", "3 words")
    stage = LengthFilter(max_instruction_chars=3)
    assert reason(stage, "Hello", "Hi") == ("instruction_too_long", "5 chars")


def test_later_rules_are_named() -> None:
    verdict = LengthFilter(min_response_words=2, max_instruction_words=1).apply(frame([("two words", "one")]))
    assert verdict["reason"][0] == "instruction_too_long"
    assert verdict["also"][0].to_list() == ["response_too_short"]


@pytest.mark.parametrize("answer", ["B", "7", "是", "No", "Да", "نعم", "हाँ", "x²", "1", "🙂", "A.", "True"])
def test_one_word_is_an_answer(answer: str) -> None:
    assert reason(LengthFilter(), "Which one is it?", answer) == (None, None)


@pytest.mark.parametrize("question", ["Hi", "1+1", "π?", "你好", "Go!", "Why", "x?", "Ja?", "سلام", "नमस्ते", "ok", "?!"])
def test_a_short_request_is_a_request(question: str) -> None:
    assert reason(LengthFilter(), question, "That depends.") == (None, None)


def test_defaults_drop_what_has_nothing_or_is_endless() -> None:
    stage = LengthFilter()
    assert reason(stage, "Go on", "")[0] == "response_too_short"
    assert reason(stage, "", "Yes")[0] == "instruction_too_short"
    assert reason(stage, "Go on", "word " * 4001)[0] == "response_too_long"
    assert reason(stage, "word " * 2001, "Yes")[0] == "instruction_too_long"


def test_none_is_no_bound_and_zero_is_one() -> None:
    assert LengthFilter(**OPEN).rules() == []
    assert LengthFilter(**OPEN).apply(frame([("", "")]))["keep"].to_list() == [True]
    assert reason(LengthFilter(**{**OPEN, "max_response_words": 0}), "q", "a") == ("response_too_long", "1 words")
    assert reason(LengthFilter(**{**OPEN, "max_response_words": 0}), "q", "!?") == (None, None)


@pytest.mark.parametrize(
    "what", ["instruction_chars", "instruction_words", "response_chars", "response_words", "turns"]
)
def test_a_minimum_above_the_maximum_is_an_error(what: str) -> None:
    with pytest.raises(ValidationError, match=f"min_{what} .5. is above max_{what} .4."):
        LengthFilter(**{f"min_{what}": 5, f"max_{what}": 4})
    LengthFilter(**{f"min_{what}": 4, f"max_{what}": 4})


def test_bounds_are_numbers() -> None:
    for bad in (-1, 2.5, "3", True):
        with pytest.raises(ValidationError):
            LengthFilter(min_response_words=bad)


@given(
    st.lists(st.tuples(MIXED, MIXED), min_size=1, max_size=8),
    st.fixed_dictionaries({
        f"{end}_{what}": st.none() | st.integers(0, 20)
        for end in ("min", "max")
        for what in ("instruction_chars", "instruction_words", "response_chars", "response_words")
    }),
)  # fmt: skip
@settings(max_examples=100, deadline=None)
def test_agrees_with_python(pairs: list[tuple[str, str]], bounds: dict[str, int | None]) -> None:
    for what in ("instruction_chars", "instruction_words", "response_chars", "response_words"):
        low, high = bounds[f"min_{what}"], bounds[f"max_{what}"]
        if low is not None and high is not None and low > high:
            bounds[f"min_{what}"], bounds[f"max_{what}"] = high, low
    verdict = LengthFilter(**bounds).apply(frame(pairs))
    for (question, answer), keep in zip(pairs, verdict["keep"], strict=True):
        sizes = {"instruction_chars": len(question), "instruction_words": count_words(question),
                 "response_chars": len(answer), "response_words": count_words(answer)}  # fmt: skip
        within = all(
            (bounds[f"min_{what}"] is None or size >= bounds[f"min_{what}"])  # type: ignore[operator]
            and (bounds[f"max_{what}"] is None or size <= bounds[f"max_{what}"])  # type: ignore[operator]
            for what, size in sizes.items()
        )
        assert keep == within


def test_a_clean_corpus_stays() -> None:
    assert LengthFilter().apply(frame(corpus()))["keep"].all()
