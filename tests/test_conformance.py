"""Every registered stage keeps the contract; and the checks catch stages that do not."""

from __future__ import annotations

import dataclasses
from typing import ClassVar, Literal

import polars as pl
import pytest

from curate.errors import StageError
from curate.registry import stage_classes
from curate.stage import Annotator, Filter, Rule, Selection, Selector, Shards, verdict_frame
from tests import conformance
from tests.helpers import corpus, frame, run_stage, shards


@pytest.mark.parametrize("name", list(stage_classes()))
def test_stage_conforms(name: str) -> None:
    conformance.check_stage(stage_classes()[name])


class ByPosition(Selector):
    """Keeps every second row: a stage that depends on the order of rows."""

    stage: Literal["by_position"] = "by_position"
    reasons: ClassVar = {"odd_row": "The row's number is odd."}

    def verdict(self, shards: Shards) -> Selection:
        row = shards.collect()["row"]
        return Selection(verdict_frame(row, keep=row % 2 == 0, reason="odd_row"))


class PerShard(Annotator):
    """Numbers the rows of a shard: a stage that depends on how rows are split."""

    stage: Literal["per_shard"] = "per_shard"
    writes: ClassVar = {"number": pl.Int64()}

    def columns(self, frame: pl.DataFrame) -> pl.DataFrame:
        return frame.select(pl.int_range(pl.len()).alias("number"))


class Greedy(Filter):
    """Reads a column that it does not declare."""

    stage: Literal["greedy"] = "greedy"
    reasons: ClassVar = {"long": "The response is long."}

    def rules(self) -> list[Rule]:
        return [Rule("long", pl.col("response").str.len_chars() > 5, pl.lit(1))]


def test_order_dependence_is_caught() -> None:
    with pytest.raises(AssertionError, match="order of rows"):
        conformance.check_row_order(ByPosition(), frame(corpus()))


def test_shard_dependence_is_caught() -> None:
    with pytest.raises(AssertionError, match="shards differ"):
        conformance.check_shards(PerShard(), frame(corpus()))


def test_undeclared_read_is_caught() -> None:
    with pytest.raises(pl.exceptions.ColumnNotFoundError):
        conformance.check_deterministic(Greedy(), frame(corpus()))


def test_undocumented_stage_is_caught() -> None:
    with pytest.raises(AssertionError, match="no section"):
        conformance.check_documented(Greedy)


class Wrong(Annotator):
    """Gives what `answer` says."""

    stage: Literal["wrong"] = "wrong"
    writes: ClassVar = {"n": pl.Int64()}
    answer: str = "height"

    def columns(self, frame: pl.DataFrame) -> pl.DataFrame:
        n = pl.int_range(pl.len())
        match self.answer:
            case "height":
                return frame.select(n.alias("n")).head(1)
            case "dtype":
                return frame.select(n.cast(pl.Int32).alias("n"))
            case "extra":
                return frame.select(n.alias("n"), n.alias("m"))
            case _:
                return frame.select(n.alias("m"))


@pytest.mark.parametrize(
    ("answer", "message"),
    [("height", "1 rows for"), ("dtype", "Int32, declared Int64"), ("extra", "undeclared m"), ("other", "missing n")],
)
def test_annotator_contract(answer: str, message: str) -> None:
    with pytest.raises(StageError, match=message):
        run_stage(Wrong(answer=answer), frame(corpus()))


class Rules(Filter):
    """Gives the rules it is told to."""

    stage: Literal["rules"] = "rules"
    reads: ClassVar = ("response",)
    reasons: ClassVar = {"a": "Has an a.", "b": "Has a b."}
    which: str = "ab"

    def rules(self) -> list[Rule]:
        text = pl.col("response")
        known = {c: Rule(c, text.str.contains(c), text.str.count_matches(c)) for c in "abc"}
        known["n"] = Rule("a", text.str.len_chars(), pl.lit(1))
        known["0"] = Rule("a", pl.when(text == "a").then(True), pl.lit(0.5))
        known["s"] = dataclasses.replace(known["a"], screen=text.str.starts_with("a"))
        starts = pl.when(text != "x").then(text.str.starts_with("b"))  # of "x" it cannot tell
        known["u"] = Rule("b", starts, text, screen=starts)
        return [known[c] for c in self.which]


def test_filter_takes_the_first_rule_and_notes_the_others() -> None:
    rows = frame([("q", "a"), ("q", "ab"), ("q", "bb"), ("q", "x")])
    out = run_stage(Rules(), rows)
    assert out["keep"].to_list() == [False, False, False, True]
    assert out["reason"].to_list() == ["a", "a", "b", None]
    assert out["value"].to_list() == ["1", "1", "2", None]
    assert out["also"].to_list() == [[], ["b"], [], []]
    swapped = run_stage(Rules(which="ba"), rows)
    assert swapped["reason"].to_list() == ["a", "b", "b", None]
    assert swapped["also"].to_list() == [[], ["a"], [], []]


def test_filter_keeps_and_counts_what_it_cannot_decide() -> None:
    out = run_stage(Rules(which="0"), frame([("q", "a"), ("q", "b")]))
    assert out["keep"].to_list() == [False, True]
    assert out["unknown"].to_list() == [False, True]


def test_screened_rules_look_at_some_rows_only() -> None:
    rows = frame([("q", "ab"), ("q", "b"), ("q", "bb"), ("q", "xab"), ("q", "x")])
    assert run_stage(Rules(which="s"), rows)["value"].to_list() == ["1", None, None, None, None]
    out = run_stage(Rules(which="bs"), rows)
    assert out["reason"].to_list() == ["b", "b", "b", "b", None]
    assert out["also"].to_list() == [["a"], [], [], [], []]
    assert run_stage(Rules(which="s"), rows.tail(3))["keep"].all()
    undecided = run_stage(Rules(which="u"), rows)
    assert undecided["keep"].to_list() == [True, False, False, True, True]
    assert undecided["unknown"].to_list() == [False, False, False, False, True]


def test_screens_that_hide_a_drop_are_found() -> None:
    rows = frame([("q", "ab"), ("q", "xab")])
    conformance.check_screens(Rules(which="s"), rows.head(1))
    with pytest.raises(AssertionError, match="a screen hides"):
        conformance.check_screens(Rules(which="s"), rows)


def test_filter_without_rules_keeps_all() -> None:
    assert run_stage(Rules(which=""), frame(corpus()))["keep"].all()


def test_filter_contract() -> None:
    with pytest.raises(StageError, match="undeclared reason c"):
        run_stage(Rules(which="abc"), frame(corpus()))
    with pytest.raises(StageError, match="not Boolean"):
        run_stage(Rules(which="n"), frame(corpus()))


class Selects(Selector):
    """Gives the verdicts it is told to."""

    stage: Literal["selects"] = "selects"
    reasons: ClassVar = {"why": "Because."}
    answer: str = "unreasoned"

    def verdict(self, shards: Shards) -> Selection:
        row = shards.collect()["row"]
        keep = row > 0
        if self.answer == "unreasoned":
            return Selection(verdict_frame(row, keep=keep))
        if self.answer == "undeclared":
            return Selection(verdict_frame(row, keep=keep, reason="other"))
        return Selection(verdict_frame(row, keep=keep, reason="why").with_columns(more=1))


@pytest.mark.parametrize(
    ("answer", "message"),
    [("unreasoned", "a reason must be given"), ("undeclared", "undeclared reason other"), ("extra", "undeclared more")],
)
def test_selector_contract(answer: str, message: str) -> None:
    with pytest.raises(StageError, match=message):
        Selects(answer=answer).apply(shards(frame(corpus()), 2))
