from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError
from sklearn.metrics.pairwise import cosine_similarity

from curate.algorithms.parallel import set_threads
from curate.algorithms.quotas import allocate
from curate.encoders import to_matrix
from curate.errors import StageError
from curate.stage import Selection
from curate.stages.select.facility_location import FacilityLocation, Quotas

POOL = Path(__file__).parents[2] / "../shared/data/truth/pool_diversity.parquet"


@dataclass
class Parts:
    """Rows in memory, in any number of parts."""

    frames: list[pl.DataFrame]

    def map(self, fn: Callable[[pl.DataFrame], pl.DataFrame]) -> Parts:
        return Parts([fn(frame) for frame in self.frames])

    def group(self, key: str, fn: Callable[[pl.DataFrame], pl.DataFrame]) -> Parts:
        return Parts([fn(pl.concat(self.frames))])

    def collect(self) -> pl.DataFrame:
        return pl.concat(self.frames).sort("row")

    def share(self, value: Any) -> Any:
        return value


def table(n: int, *, d: int = 12, centres: int = 6, seed: int = 0) -> pl.DataFrame:
    """`n` rows in unequal clusters, with a group (some null) and a score (some null)."""
    rng = np.random.default_rng(seed)
    middle = rng.normal(0, 30, (centres, d))
    points = middle[np.minimum(rng.geometric(0.3, n) - 1, centres - 1)] + rng.normal(0, 12, (n, d))
    kind = rng.choice(["open_qa", "coding", "math", None], n, p=[0.6, 0.25, 0.1, 0.05])
    score = [None if rng.random() < 0.05 else float(rng.integers(0, 50)) for _ in range(n)]
    return pl.DataFrame(
        {
            "row": pl.Series(range(n), dtype=pl.UInt64),
            "id": [f"{i:016x}" for i in rng.permutation(n)],
            "embedding": pl.Series(
                np.clip(np.rint(points), -127, 127).astype(np.int8).tolist(), dtype=pl.List(pl.Int8)
            ),
            "instruction": pl.Series([f"Task {i} of many, with words of its own" for i in range(n)], dtype=pl.String),
            "task_type": pl.Series(kind.tolist(), dtype=pl.String),
            "score": pl.Series(score, dtype=pl.Float64),
        }
    )


def run(stage: FacilityLocation, frame: pl.DataFrame, parts: int = 1) -> Selection:
    """The stage over what it declares to need, and no other column."""
    cuts = np.linspace(0, frame.height, parts + 1).astype(int).tolist()
    narrow = frame.select("row", "id", *stage.needs())
    selection = stage.apply(Parts([narrow.slice(a, b - a) for a, b in pairwise(cuts)]))
    assert selection.frame["row"].equals(frame["row"].sort())
    return selection


def by_rank(frame: pl.DataFrame, selection: Selection) -> list[str]:
    joined = frame.select("row", "id").join(selection.frame, on="row")
    return joined.filter("keep").sort("rank")["id"].to_list()


def test_exactly_size_are_kept_with_ranks_and_falling_gains() -> None:
    frame = table(400)
    selection = run(FacilityLocation(size=30, wording=0.0), frame)
    kept, dropped = selection.frame.filter("keep").sort("rank"), selection.frame.filter(~pl.col("keep"))
    assert kept["rank"].to_list() == list(range(1, 31))
    assert kept["gain"].diff().drop_nulls().max() <= 0
    vectors = to_matrix(frame["embedding"]).astype(np.float64)
    chosen = frame["row"].is_in(kept["row"].implode()).to_numpy()
    coverage = np.maximum(cosine_similarity(vectors, vectors[chosen]), 0).max(1).mean()
    assert kept["gain"].sum() == pytest.approx(coverage, abs=2e-3)  # similarities are rounded to 1/255
    assert dropped.height == 370
    assert dropped["rank"].null_count() == dropped["gain"].null_count() == 370
    assert selection.findings == ()


def test_a_dropped_example_names_the_nearest_kept_one_and_their_cosine() -> None:
    frame = table(300)
    joined = frame.join(run(FacilityLocation(size=20), frame).frame, on="row", maintain_order="left")
    kept, dropped = joined.filter("keep"), joined.filter(~pl.col("keep"))
    cosine = cosine_similarity(*(to_matrix(f["embedding"]).astype(np.float64) for f in (dropped, kept)))
    assert dropped["kept_id"].to_list() == kept["id"].gather(cosine.argmax(1)).to_list()
    assert dropped["value"].to_list() == [f"{c:.4f}" for c in cosine.max(1)]
    assert set(dropped["reason"]) == {"not_selected"}
    assert kept["kept_id"].null_count() == kept["value"].null_count() == kept.height


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"weight": "score"},
        {"ground_size": 100, "seed": 5},
        {"candidates": 20},
        {"quotas": Quotas(by="task_type", temperature=3), "weight": "score", "ground_size": 150},
    ],
)
def test_order_of_rows_shards_and_threads_do_not_matter(options: dict[str, Any]) -> None:
    frame, stage = table(500), FacilityLocation(size=40, **options)
    expected = run(stage, frame)
    other = frame.sample(fraction=1, shuffle=True, seed=3).with_columns(row=pl.int_range(500, dtype=pl.UInt64))
    try:
        for threads, parts in ((1, 1), (2, 7)):
            set_threads(threads)
            assert by_rank(other, run(stage, other, parts)) == by_rank(frame, expected)
            assert run(stage, frame, parts).frame.equals(expected.frame)
    finally:
        set_threads(None)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"weight": "score", "ground_size": 120, "candidates": 15},
        {"quotas": Quotas(by="task_type", temperature=3)},
        {"quotas": Quotas(by="task_type", temperature=2, min={"math": 8}, max={"open_qa": 20})},
    ],
)
def test_a_smaller_size_is_a_prefix(options: dict[str, Any]) -> None:
    frame = table(400)
    large = by_rank(frame, run(FacilityLocation(size=60, **options), frame))
    for size in (10, 33):
        assert by_rank(frame, run(FacilityLocation(size=size, **options), frame)) == large[:size]


def test_seed_draws_the_ground_that_is_measured_but_every_example_can_be_chosen() -> None:
    frame = table(600)
    runs = [by_rank(frame, run(FacilityLocation(size=20, ground_size=60, seed=s), frame)) for s in (1, 1, 2, 42)]
    assert runs[0] == runs[1] != runs[2]
    assert runs[3] == by_rank(frame, run(FacilityLocation(size=20, ground_size=60), frame))
    assert len(by_rank(frame, run(FacilityLocation(size=600, ground_size=60), frame))) == 600


def test_weight_raises_the_quality_of_what_is_kept_and_costs_coverage() -> None:
    frame = table(800).with_columns(pl.col("score").fill_null(0.0))
    means, coverage = [], []
    for quality_weight in (0.0, 0.5, 0.9):
        selection = run(FacilityLocation(size=40, weight="score", quality_weight=quality_weight), frame)
        kept = frame.join(selection.frame, on="row").filter("keep")
        means.append(kept["score"].mean())
        vectors = (to_matrix(f["embedding"]).astype(np.float64) for f in (frame, kept))
        coverage.append(np.maximum(cosine_similarity(*vectors), 0).max(1).mean())
    assert means == sorted(means)
    assert means[2] > means[0] + 10
    assert coverage == sorted(coverage, reverse=True)


def test_equal_gains_go_to_the_larger_weight_then_to_the_first_id() -> None:
    frame = pl.DataFrame(
        {
            "row": pl.Series([0, 1, 2, 3], dtype=pl.UInt64),
            "id": ["d", "c", "b", "a"],
            "embedding": pl.Series([[5, 1]] * 4, dtype=pl.List(pl.Int8)),
            "score": [1, 7, 7, None],
        }
    )
    assert by_rank(frame, run(FacilityLocation(size=4, wording=0.0), frame)) == ["a", "b", "c", "d"]
    weighted = FacilityLocation(size=4, weight="score", quality_weight=0.0, wording=0.0)
    assert by_rank(frame, run(weighted, frame)) == ["b", "c", "d", "a"]


def test_an_unknown_weight_is_counted_and_a_text_is_refused() -> None:
    frame = table(200)
    selection = run(FacilityLocation(size=10, weight="score"), frame)
    assert selection.frame["unknown"].to_list() == frame["score"].is_null().to_list()
    assert not run(FacilityLocation(size=10), frame).frame["unknown"].any()
    with pytest.raises(StageError, match="task_type is String, not numeric"):
        run(FacilityLocation(size=10, weight="task_type"), frame)


def in_templates(count: int, each: int) -> pl.DataFrame:
    """Templates around one long text, so that vectors cannot tell them apart; the first has nearly all rows."""
    passage = "a long passage that every one of the templates is asked about " * 9
    asks = [f"{'abcdefgh'[t]} question {'stuvwxyz'[t]} asks {'ijklmnop'[t]} kind" for t in range(count)]
    ask = [0] * (60 * each) + [t for t in range(1, count) for _ in range(each)]
    rng = np.random.default_rng(4)
    points = np.clip(np.rint(rng.normal(0, 1, (len(ask), 6)) + rng.normal(0, 60, 6)), -127, 127).astype(np.int8)
    return pl.DataFrame(
        {
            "row": pl.Series(range(len(ask)), dtype=pl.UInt64),
            "id": [f"{i:08x}" for i in rng.permutation(len(ask))],
            "embedding": pl.Series(points.tolist(), dtype=pl.List(pl.Int8)),
            "instruction": [f"{passage} {asks[t].upper()} {i}" for i, t in enumerate(ask)],
            "template": ask,
        }
    )


def test_wording_finds_the_templates_that_vectors_cannot_tell_apart() -> None:
    frame = in_templates(8, 6)

    def templates(stage: FacilityLocation, parts: int = 1) -> int:
        return frame.join(run(stage, frame, parts).frame, on="row").filter("keep")["template"].n_unique()

    assert templates(FacilityLocation(size=8, wording=0.0)) < 5
    assert templates(FacilityLocation(size=8)) == 8
    assert templates(FacilityLocation(size=8), 7) == 8


@pytest.mark.parametrize(("sharing", "expected"), [(4, ["id00", "id01"]), (5, ["id09", "id00"])])
def test_wording_counts_where_five_share_it(sharing: int, expected: list[str]) -> None:
    """Equal vectors: after the first choice only wording can be gained; where there is none, ids decide."""
    asks = [f"thing number {'abcdefghijklmnopqrst'[i]}" for i in range(20)]
    asks[9 : 9 + sharing] = [f"What is said of {ask}?" for ask in asks[9 : 9 + sharing]]
    frame = pl.DataFrame(
        {
            "row": pl.Series(range(20), dtype=pl.UInt64),
            "id": [f"id{i:02d}" for i in range(20)],
            "embedding": pl.Series([[5, 1]] * 20, dtype=pl.List(pl.Int8)),
            "instruction": asks,
        }
    )
    assert by_rank(frame, run(FacilityLocation(size=2), frame)) == expected


def groups_of(frame: pl.DataFrame, selection: Selection) -> Counter[str]:
    kept = frame.join(selection.frame, on="row").filter("keep")
    return Counter(kept["task_type"].fill_null("(none)").to_list())


def test_quotas_by_temperature_are_the_allocation_and_null_is_a_group() -> None:
    frame = table(500)
    counts = Counter(frame["task_type"].fill_null("(none)").to_list())
    for temperature in (1.0, 3.0, 100.0):
        selection = run(FacilityLocation(size=90, quotas=Quotas(by="task_type", temperature=temperature)), frame)
        assert groups_of(frame, selection) == allocate(counts, 90, temperature=temperature)
        assert selection.findings == ()


def test_explicit_limits_hold() -> None:
    frame = table(500)
    quotas = Quotas(by="task_type", min={"math": 25, "(none)": 5}, max={"open_qa": 10, "coding": 30})
    selection = run(FacilityLocation(size=80, quotas=quotas), frame)
    got = groups_of(frame, selection)
    assert sum(got.values()) == 80
    assert got["math"] >= 25
    assert got["(none)"] >= 5
    assert got["open_qa"] <= 10
    assert got["coding"] <= 30
    assert selection.findings == ()


def test_quotas_by_a_column_that_is_no_text() -> None:
    frame = table(200).with_columns(task_type=pl.col("row") % 2)
    selection = run(FacilityLocation(size=20, quotas=Quotas(by="task_type", max={"0": 4})), frame)
    kept = frame.join(selection.frame, on="row").filter("keep")
    assert kept["task_type"].to_list().count(0) <= 4


def test_a_minimum_that_cannot_be_met_is_a_finding_and_the_size_still_is() -> None:
    frame = table(500)
    there = int((frame["task_type"] == "math").sum())
    quotas = Quotas(by="task_type", min={"math": there + 7, "poetry": 3})
    selection = run(FacilityLocation(size=150, quotas=quotas), frame)
    assert groups_of(frame, selection)["math"] == there
    assert selection.frame["keep"].sum() == 150
    assert [f.code for f in selection.findings] == ["quota_not_met"] * 2
    math_, poetry = (f.message for f in selection.findings)
    assert f"{there} of the {there + 7} examples" in math_
    assert f"task_type is math are there. Lower that minimum to {there}" in math_
    assert "0 of the 3 examples" in poetry


def test_maximums_that_leave_too_few_are_a_finding_that_names_them() -> None:
    frame = table(300)
    quotas = Quotas(by="task_type", max={"open_qa": 5, "coding": 6, "math": 7, "(none)": 0})
    selection = run(FacilityLocation(size=100, quotas=quotas), frame)
    assert groups_of(frame, selection) == {"open_qa": 5, "coding": 6, "math": 7}
    (finding,) = selection.findings
    assert finding.code == "size_not_met"
    assert "only 18 of the 100 examples" in finding.message
    for group, places in (("coding", 6), ("open_qa", 5), ("math", 7), ("(none)", 0)):
        there = int((frame["task_type"].fill_null("(none)") == group).sum())
        assert f"{group}: {places} of {there}" in finding.message


def test_nothing_may_be_kept() -> None:
    frame = table(9).with_columns(task_type=pl.lit("math"))
    selection = run(FacilityLocation(size=5, quotas=Quotas(by="task_type", max={"math": 0})), frame)
    assert not selection.frame["keep"].any()
    assert selection.frame["kept_id"].null_count() == 9


@pytest.mark.parametrize("n", [0, 1, 5])
def test_a_pool_smaller_than_the_size_is_kept_whole_with_a_finding(n: int) -> None:
    frame = table(n)
    selection = run(FacilityLocation(size=6, weight="score", quotas=Quotas(by="task_type", temperature=3)), frame)
    assert selection.frame["keep"].to_list() == [True] * n
    (finding,) = selection.findings
    assert finding.code == "size_not_met"
    assert f"only {n} of the 6 examples" in finding.message


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"size": 0}, "greater than or equal to 1"),
        ({"size": 5, "quotas": {"by": "x", "min": {"a": 3, "b": 3}}}, "asks for 6 examples, size is 5"),
        ({"size": 5, "quotas": {"by": "x", "min": {"a": 3}, "max": {"a": 2}}}, "min of a is 3, above its max of 2"),
        ({"size": 5, "quotas": {"by": "x", "temperature": 0}}, "greater than 0"),
        ({"size": 5, "quotas": {"by": "x", "mim": {"a": 1}}}, "not permitted"),
        ({"size": 5, "quality_weight": 1.5}, "less than or equal to 1"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        FacilityLocation.model_validate_json(json.dumps(config))


def test_configuration_survives_a_round_trip() -> None:
    stage = FacilityLocation.model_validate_json(
        '{"size": 9, "weight": "score", "quotas": {"by": "task_type", "temperature": 3, "min": {"math": 2}}}'
    )
    assert FacilityLocation.model_validate_json(stage.model_dump_json()) == stage
    assert stage.needs() == ("embedding", "instruction", "score", "task_type")
    same = FacilityLocation(size=9, weight="score", quotas=Quotas(by="score"), wording=0.0)
    assert same.needs() == ("embedding", "score")


@pytest.mark.skipif(not POOL.exists(), reason="needs the real pool, ../shared/data/truth/pool_diversity.parquet")
def test_real_pool_is_covered_better_than_by_a_random_draw() -> None:
    from curate.encoders import get_encoder, to_series

    pool = pl.read_parquet(POOL)
    vectors = get_encoder("static").encode(pool["instruction"].to_list())
    frame = pl.DataFrame(
        {
            "row": pl.int_range(pool.height, dtype=pl.UInt64, eager=True),
            "id": [f"{i:016x}" for i in range(pool.height)],
            "embedding": to_series(vectors).alias("embedding"),
            "instruction": pool["instruction"],
        }
    )
    kept = run(FacilityLocation(size=1000), frame).frame["keep"].to_numpy()
    alone = run(FacilityLocation(size=1000, wording=0.0), frame).frame["keep"].to_numpy()
    unit = vectors / np.maximum(np.linalg.norm(vectors.astype(np.float32), axis=1, keepdims=True), 1)

    def uncovered(chosen: np.ndarray) -> float:
        return 1 - float(np.maximum(unit[::4] @ unit[chosen].T, 0).max(1).mean())

    draws = [np.random.default_rng(seed).permutation(pool.height)[:1000] for seed in range(3)]
    assert kept.sum() == 1000
    assert uncovered(kept) < 0.9 * math.fsum(uncovered(d) for d in draws) / 3
    assert 1 - uncovered(kept) > 0.99 * (1 - uncovered(np.flatnonzero(alone)))

    def templates(chosen: np.ndarray) -> int:
        return pool["template"].gather(np.flatnonzero(chosen)).drop_nulls().n_unique()

    # 212 templates; of a random thousand 192 on average.
    assert templates(kept) >= 1.03 * 192 > templates(alone)
