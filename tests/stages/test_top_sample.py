"""`top_sample`: the best, shares as `allocate` gives them, and no trace of position."""

from __future__ import annotations

import math
import random
from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from curate.algorithms.quotas import allocate
from curate.errors import StageError
from curate.quotas import Quotas
from curate.stage import Selection
from curate.stages.select.top_sample import TopSample
from tests.helpers import shards


def pool(n: int = 200, seed: int = 0) -> pl.DataFrame:
    """Scores with many equal ones and some missing; groups of very different sizes, one of them null."""
    rng = random.Random(seed)
    return pl.DataFrame(
        {
            "row": pl.Series(range(n), dtype=pl.UInt64),
            "id": [f"{i:016x}" for i in rng.sample(range(10 * n), n)],
            "n": [rng.choice([None, math.nan, *range(15)]) for _ in range(n)],
            "site": rng.choices(["beer", "tea", "math", None], [80, 15, 4, 1], k=n),
        },
        schema_overrides={"n": pl.Float64},
        strict=False,
    )


def run(frame: pl.DataFrame, parts: int = 1, **parameters: Any) -> Selection:
    return TopSample(by="n", **parameters).apply(shards(frame, parts))


def chosen(frame: pl.DataFrame, **parameters: Any) -> list[str]:
    out = run(frame, **parameters).frame.with_columns(frame["id"]).filter("keep").sort("rank")
    assert out["rank"].to_list() == list(range(1, out.height + 1))
    return out["id"].to_list()


def ranked(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Best first, in plain Python."""

    def key(row: dict[str, Any]) -> tuple[bool, float, str]:
        unknown = row["n"] is None or math.isnan(row["n"])
        return (unknown, 0 if unknown else -row["n"], row["id"])

    return sorted(frame.to_dicts(), key=key)


@pytest.mark.parametrize("size", [1, 50, 200])
def test_the_best_by_number_then_id(size: int) -> None:
    frame = pool()
    assert chosen(frame, size=size) == [row["id"] for row in ranked(frame)[:size]]


def test_verdicts() -> None:
    frame = pool()
    out = run(frame, size=30).frame.with_columns(frame["n"])
    dropped = out.filter(~pl.col("keep"))
    assert set(dropped["reason"]) == {"not_selected"}
    assert dropped["value"].cast(pl.Float64).to_list() == dropped["n"].fill_nan(None).to_list()
    assert out["unknown"].to_list() == [v is None or math.isnan(v) for v in frame["n"]]


@pytest.mark.parametrize("temperature", [1, 3, 100])
@pytest.mark.parametrize(
    "limits", [{}, {"min": {"math": 3}}, {"max": {"beer": 12}}, {"min": {"tea": 5}, "max": {"tea": 6}}]
)
def test_shares_are_those_of_allocate_and_each_group_gives_its_best(
    temperature: float, limits: dict[str, dict[str, int]]
) -> None:
    frame = pool().with_columns(pl.col("site").fill_null("(none)").alias("group"))
    counts = dict(frame["group"].value_counts().iter_rows())
    quotas = Quotas(by="site", temperature=temperature, **limits)  # type: ignore[arg-type]
    ids = chosen(frame, size=40, quotas=quotas)
    shares = allocate(counts, 40, temperature=temperature, minimum=limits.get("min"), maximum=limits.get("max"))
    for group, places in shares.items():
        best = [row["id"] for row in ranked(frame) if row["group"] == group][:places]
        assert {i for i in ids if i in set(frame.filter(pl.col("group") == group)["id"])} == set(best)


def test_without_a_temperature_the_best_go_first_within_the_limits() -> None:
    frame = pool().with_columns(pl.col("site").fill_null("(none)").alias("group"))
    quotas = Quotas(by="site", min={"math": 4}, max={"beer": 10})
    left = {"beer": 10}
    need = 4
    order = ranked(frame)
    expected = [row["id"] for row in order if row["group"] == "math"][:need]
    for row in order:
        if len(expected) == 30 or row["id"] in expected or left.get(row["group"]) == 0:
            continue
        expected.append(row["id"])
        if row["group"] in left:
            left[row["group"]] -= 1
    assert chosen(frame, size=30, quotas=quotas) == expected


@pytest.mark.parametrize("quotas", [None, Quotas(by="site", temperature=3), Quotas(by="site", max={"beer": 9})])
def test_a_smaller_size_is_a_prefix_and_position_is_nothing(quotas: Quotas | None) -> None:
    frame = pool()
    ids = chosen(frame, size=60, quotas=quotas)
    assert chosen(frame, size=20, quotas=quotas) == ids[:20]
    shuffled = frame.sample(fraction=1, shuffle=True, seed=3).with_columns(frame["row"])
    assert chosen(shuffled, size=60, quotas=quotas) == ids
    for parts in (2, 7):
        assert run(frame, parts, size=60, quotas=quotas).frame.equals(run(frame, size=60, quotas=quotas).frame)


def test_temperature_evens_out() -> None:
    frame = pool(1000)

    def share(temperature: float) -> float:
        ids = set(chosen(frame, size=100, quotas=Quotas(by="site", temperature=temperature)))
        return float((frame.filter(pl.col("id").is_in(ids))["site"] == "beer").sum()) / 100

    assert share(1) > share(3) > share(100)
    # 800, 150, 40 and 10 of 1,000, to the power of a third: 9.28, 5.31, 3.42 and 2.15, so 46% for the largest.
    assert abs(share(3) - 0.46) < 0.05


def test_what_cannot_be_met_is_told() -> None:
    frame = pool(20)
    assert [f.code for f in run(frame, size=21).findings] == ["size_not_met"]
    assert run(frame, size=20).findings == ()
    (capped,) = run(frame, size=20, quotas=Quotas(by="site", max={"beer": 2})).findings
    assert capped.code == "size_not_met"
    assert "beer: 2 of" in capped.message
    assert [f.code for f in run(frame, size=5, quotas=Quotas(by="site", min={"coffee": 1})).findings] == [
        "quota_not_met"
    ]


def test_no_rows() -> None:
    assert run(pool(5).clear(), size=3, quotas=Quotas(by="site", temperature=3)).frame.height == 0


def test_parameters_are_checked() -> None:
    with pytest.raises(ValidationError, match="asks for 4 examples, size is 3"):
        TopSample(by="n", size=3, quotas=Quotas(by="site", min={"a": 4}))
    with pytest.raises(StageError, match="the column site is String, not numeric"):
        TopSample(by="site", size=3).apply(shards(pool()))
