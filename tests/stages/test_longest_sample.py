"""`longest_sample`: the longest responses, against a sort in Python."""

from __future__ import annotations

import random

import polars as pl
import pytest

from curate.engine.local import LocalShards
from curate.stages.select.longest_sample import LongestSample


def frame(responses: list[str], seed: int = 0) -> pl.DataFrame:
    ids = [f"{i:016x}" for i in random.Random(seed).sample(range(10_000), len(responses))]
    return pl.DataFrame(
        {
            "row": pl.Series(range(len(responses)), dtype=pl.UInt64),
            "id": pl.Series(ids, dtype=pl.String),
            "response": pl.Series(responses, dtype=pl.String),
        }
    )


def shards(rows: pl.DataFrame, parts: int = 1) -> LocalShards:
    return LocalShards(tuple((lambda i=i: rows[i::parts]) for i in range(parts)))


RESPONSES = [random.Random(i).choice("aé語🙂") * random.Random(i).randrange(12) for i in range(120)]


@pytest.mark.parametrize("parts", [1, 2, 7])
@pytest.mark.parametrize("size", [1, 30, 119])
def test_takes_the_longest_ties_by_id(size: int, parts: int) -> None:
    rows = frame(RESPONSES)
    pairs = zip(rows["id"].to_list(), RESPONSES, strict=True)
    want = [i for i, _ in sorted(pairs, key=lambda pair: (-len(pair[1]), pair[0]))][:size]
    selection = LongestSample(size=size).apply(shards(rows, parts))
    out = selection.frame.with_columns(rows["id"], rows["response"])
    kept = out.filter("keep").sort("rank")
    assert kept["id"].to_list() == want
    assert kept["rank"].to_list() == list(range(1, size + 1))
    assert selection.findings == ()
    dropped = out.filter(~pl.col("keep"))
    assert dropped["reason"].unique().to_list() == ["not_selected"]
    assert dropped["value"].to_list() == [str(len(text)) for text in dropped["response"]]
    assert dropped["rank"].null_count() == dropped.height


def test_position_does_not_matter() -> None:
    rows = frame(RESPONSES)
    other = rows.sample(fraction=1, shuffle=True, seed=3).with_columns(rows["row"])

    def ids(table: pl.DataFrame) -> set[str]:
        return set(table.filter(LongestSample(size=40).apply(shards(table)).frame["keep"])["id"])

    assert ids(rows) == ids(other)


@pytest.mark.parametrize("count", [0, 1, 4])
def test_too_few_are_all_kept_and_said_so(count: int) -> None:
    selection = LongestSample(size=5).apply(shards(frame(RESPONSES[:count])))
    assert selection.frame["keep"].sum() == count
    (finding,) = selection.findings
    assert finding.code == "size_not_met"
    assert f"{count} of the 5 examples asked for" in finding.message
