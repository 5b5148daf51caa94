"""Quotas over the combinations of several columns."""

from __future__ import annotations

from collections import Counter
from itertools import product

import polars as pl
import pytest
from pydantic import ValidationError

from curate.algorithms.quotas import allocate
from curate.config import parse_config
from curate.errors import ConfigError
from curate.quotas import Quotas, group_of
from curate.stages.select.top_sample import TopSample
from tests.helpers import frame, run_stage, shards

BOTH = Quotas(by=("task_type", "source"), temperature=2, min={"coding / (none)": 3}, max={"math / beer": 4})
NASTY = ["a", "b", "/", " /", "/ ", " / ", " // ", "a /", "/ b", "a / b", "a // b", "a / / b", "", " ", None]

PLAN = """
name: both
stages:
  - stage: {annotator}
  - stage: random_sample
    size: 5
  - stage: text_stats
  - stage: top_sample
    by: response_chars
    size: 2
    quotas:
      by: {by}
"""


def pool(n: int = 240) -> pl.DataFrame:
    """Rows of six combinations in unequal numbers, one column with nulls; `score` has ties."""
    tasks = ["math", "coding", "math", "math", "open_qa"]
    sources = ["beer", "beer", None, "tea", "tea", "tea", "tea"]
    return frame([(f"question {i}", f"answer {i}") for i in range(n)]).with_columns(
        pl.Series("task_type", [tasks[i * i % 5] for i in range(n)]),
        pl.Series("source", [sources[i % 7] for i in range(n)], dtype=pl.String),
        pl.Series("score", [i * 37 % 23 for i in range(n)]),
    )


def kept(table: pl.DataFrame, size: int, quotas: Quotas) -> pl.DataFrame:
    out = run_stage(TopSample(size=size, by="score", quotas=quotas), table)
    return table.join(out.select("row", "keep", "rank"), on="row").filter("keep").sort("rank")


def combination(task: str, source: str | None) -> str:
    return f"{task} / {source or '(none)'}"


@pytest.mark.parametrize("size", [20, 75])
def test_seats_are_the_allocation_over_combinations(size: int) -> None:
    table = pool()
    counts = Counter(combination(*row) for row in table.select("task_type", "source").iter_rows())
    got = Counter(combination(*row) for row in kept(table, size, BOTH).select("task_type", "source").iter_rows())
    expected = allocate(counts, size, temperature=2, minimum=BOTH.min, maximum=BOTH.max)
    assert got == Counter({group: places for group, places in expected.items() if places})
    assert len(counts) > 5
    assert got["math / beer"] <= 4 < counts["math / beer"]


def test_a_smaller_size_is_a_prefix() -> None:
    table = pool()
    whole = kept(table, 60, BOTH)["id"].to_list()
    for size in (7, 31, 59):
        assert kept(table, size, BOTH)["id"].to_list() == whole[:size]


def test_no_two_combinations_have_one_name() -> None:
    for columns in (("a", "b"), ("a", "b", "c")):
        rows = pl.DataFrame(
            list(product(NASTY, repeat=len(columns))), schema=dict.fromkeys(columns, pl.String), orient="row"
        )
        names = rows.with_columns(pl.all().fill_null("(none)")).select(group_of(Quotas(by=columns)))
        assert names.to_series().n_unique() == rows.height


def test_a_list_of_one_column_is_that_column() -> None:
    table = pool()
    for by in ("source", ("source",)):
        assert (
            table.select(group_of(Quotas(by=by))).to_series().to_list() == table["source"].fill_null("(none)").to_list()
        )


def test_a_finding_names_the_combination() -> None:
    quotas = Quotas(by=("task_type", "source"), min={"open_qa / nowhere": 2})
    (finding,) = TopSample(size=20, by="score", quotas=quotas).apply(shards(pool())).findings
    assert finding.code == "quota_not_met"
    assert "task_type / source is open_qa / nowhere" in finding.message


@pytest.mark.parametrize(
    ("by", "message"),
    [((), "at least 1"), (("a", "a"), "named twice: a, a"), (("a", ""), "at least 1 character"), ("", "at least 1")],
)
def test_what_is_refused(by: str | tuple[str, ...], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Quotas(by=by)


def test_a_pipeline_names_columns_as_a_list_and_each_must_be_written() -> None:
    config = parse_config(PLAN.format(annotator="task_type", by="[task_type, source]"), name="x")
    (stage,) = [s for s in config.stages if s.name == "top_sample"]
    assert isinstance(stage, TopSample)
    assert stage.quotas is not None
    assert stage.quotas.columns == ("task_type", "source")
    assert set(stage.needs()) >= {"task_type", "source"}
    with pytest.raises(ConfigError, match="task_type"):
        parse_config(PLAN.format(annotator="exact_dedup", by="[task_type, source]"), name="x")
