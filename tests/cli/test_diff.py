"""`curate diff`: what two runs kept apart, against the sets and ledgers themselves."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from curate.pipeline import Pipeline
from curate.stages.filter.length_filter import LengthFilter
from curate.stages.select.random_sample import RandomSample
from tests.runs import assert_fails, curate


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """Two runs that differ in a threshold and the seed, and one of other input."""
    home = tmp_path_factory.mktemp("diff")
    pairs = [(f"Question number {i}?", f"Answer {i} " + "word " * i + "end.") for i in range(40)]
    dumps = []
    for name, some in (("dump", pairs), ("half", pairs[:20])):
        path = home / name / f"{name}.jsonl"
        path.parent.mkdir()
        path.write_text("".join(json.dumps({"instruction": q, "output": a}) + "\n" for q, a in some))
        dumps.append(path)
    out = home / "a", home / "b", home / "c"
    Pipeline([LengthFilter(min_response_chars=40), RandomSample(size=15)], seed=1).run(dumps[0], out[0])
    Pipeline([LengthFilter(min_response_chars=80), RandomSample(size=15)], seed=2).run(dumps[0], out[1])
    Pipeline([LengthFilter(min_response_chars=40), RandomSample(size=15)], seed=1).run(dumps[1], out[2])
    return out


def test_each_record_that_only_one_run_kept_is_told_with_the_other_s_reason(runs: tuple[Path, Path, Path]) -> None:
    a, b, _ = runs
    found = json.loads(curate("diff", a, b, "--json").out)
    kept = [pl.read_parquet(run / "examples.parquet") for run in (a, b)]
    for side, mine, other, run in (("only_a", kept[0], kept[1], b), ("only_b", kept[1], kept[0], a)):
        swapped = [i for i in mine.sort("rank")["id"] if i not in set(other["id"])]
        assert [r["id"] for r in found[side]["records"]] == swapped
        ledger = {row["id"]: row for row in pl.read_parquet(run / "ledger.parquet").iter_rows(named=True)}
        for record in found[side]["records"]:
            there = ledger[record["id"]]
            for key in ("step", "stage", "reason", "value", "kept_id", "file", "line"):
                assert record[key] == there[key]
        assert sum(found[side]["reasons"].values()) == len(swapped)
    assert {r["stage"] for r in found["only_a"]["records"]} == {"length_filter", "random_sample"}
    assert found["kept"] == {"a": 15, "b": 15, "both": len(set(kept[0]["id"]) & set(kept[1]["id"]))}
    assert {c["place"]: (c["a"], c["b"]) for c in found["changed"]} == {
        "seed": (1, 2),
        "read.seed": (1, 2),
        "stages.0 (length_filter).min_response_chars": (40, 80),
        "stages.1 (random_sample).seed": (1, 2),
    }


def test_the_text_names_counts_thresholds_and_records(runs: tuple[Path, Path, Path]) -> None:
    a, b, _ = runs
    found = json.loads(curate("diff", a, b, "--json").out)
    done = curate("diff", a, b, "--limit", "2")
    assert (done.code, done.err) == (0, "")
    assert "stages.0 (length_filter).min_response_chars: 40 in A, 80 in B" in done.out
    assert f"kept in A, not in B: {len(found['only_a']['records'])}\n" in done.out
    for side in ("only_a", "only_b"):
        for reason, number in found[side]["reasons"].items():
            assert f"{number}  {reason}\n" in done.out
        shown = [r["id"] in done.out for r in found[side]["records"]]
        assert shown == [True, True, *[False] * (len(shown) - 2)]


def test_a_run_is_not_different_from_itself(runs: tuple[Path, Path, Path]) -> None:
    found = json.loads(curate("diff", runs[0], runs[0], "--json").out)
    assert (found["only_a"]["records"], found["only_b"]["records"], found["changed"]) == ([], [], [])


def test_what_the_other_run_never_read(runs: tuple[Path, Path, Path]) -> None:
    a, _, c = runs
    found = json.loads(curate("diff", a, c, "--json").out)
    unread = [r for r in found["only_a"]["records"] if r["reason"] == "not_read"]
    assert unread
    assert all(r["line"] > 20 and r["stage"] is None for r in unread)
    assert found["only_a"]["reasons"]["not_read"] == len(unread)
    assert {c["place"] for c in found["changed"]} == {"inputs.dump.jsonl", "inputs.half.jsonl"}


def test_a_folder_without_a_run_is_refused(runs: tuple[Path, Path, Path], tmp_path: Path) -> None:
    assert_fails(curate("diff", runs[0], tmp_path), 3, str(tmp_path))
