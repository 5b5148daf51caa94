"""Marks at the ends of responses through whole runs: hinted at where they are dropped, taken off, counted, the same bytes."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import polars as pl
import pytest

from curate.io import ReadOptions
from curate.pipeline import Options, Pipeline
from tests.runs import answer, curate, question, snapshot

EOS = "<|endoftext|>"
ENDED, PLAIN = 40, 15
PLAN = """\
name: marks
stages:
  - stage: exact_dedup
  - stage: damage
  - stage: damage_filter
    checks: [template_tokens]
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Two dumps: records most of which end in the mark, and others; one of them differs from another by the mark alone."""
    rng = random.Random(11)
    said = [(question(rng), answer(rng)) for _ in range(ENDED + PLAIN)]
    ended = [(q, f"{a}{EOS}") for q, a in said[:ENDED]]
    (tmp_path / "in").mkdir()
    for name, rows in (("a", [*ended, *said[ENDED:]]), ("b", [(ended[0][0], said[0][1])])):
        lines = [json.dumps({"prompt": q, "completion": a}) + "\n" for q, a in rows]
        (tmp_path / "in" / f"{name}.jsonl").write_text("".join(lines))
    (tmp_path / "plan.yaml").write_text(PLAN)
    return tmp_path


def run(place: Path, *more: str) -> tuple[str, Path]:
    done = curate("run", place / "plan.yaml", place / "in", "--out", place / "out", *more)
    assert done.code == 0, done.err
    return done.err, place / "out"


def test_the_summary_and_why_name_the_option(place: Path) -> None:
    told, out = run(place)
    option = f'read: {{end_of_text: ["{EOS}"]}}'
    hints = [line for line in told.splitlines() if line.startswith("hint: ")]
    assert len(hints) == 1
    assert f"{ENDED} records" in hints[0]
    assert option in hints[0]
    ledger = pl.read_parquet(out / "ledger.parquet")
    assert ledger.height == ENDED
    assert option in curate("why", out, ledger["id"][0]).out
    kept = pl.read_parquet(out / "examples.parquet")["id"][0]
    assert EOS not in curate("why", out, kept).out
    (place / "hinted.yaml").write_text(f"{PLAN}{option}\n")
    assert curate("validate", place / "hinted.yaml").code == 0


def test_a_few_marks_are_damage_and_no_habit(place: Path) -> None:
    lines = (place / "in" / "a.jsonl").read_text().splitlines(keepends=True)
    (place / "in" / "a.jsonl").write_text("".join(lines[ENDED - 5 :]))
    told, out = run(place)
    assert pl.read_parquet(out / "ledger.parquet").height == 5
    assert "hint" not in told


@pytest.mark.parametrize("way", ["in the pipeline", "on the command line"])
def test_the_option_takes_them_off_and_counts(place: Path, way: str) -> None:
    if way == "in the pipeline":
        (place / "plan.yaml").write_text(f"{PLAN}read:\n  end_of_text: ['{EOS}']\n")
    told, out = run(place, "--report", *(["--end-of-text", EOS] if way != "in the pipeline" else []))
    assert "hint" not in told
    assert f"{ENDED} responses ended with {EOS}" in told
    kept = [json.loads(line)["messages"][1]["content"] for line in (out / "train.jsonl").read_text().splitlines()]
    assert len(kept) == ENDED + PLAIN
    assert not any(EOS in text for text in kept)
    # The one that differed by the mark alone is a repeat now, and the ledger says so.
    assert pl.read_parquet(out / "ledger.parquet")["reason"].to_list() == ["exact_duplicate"]
    facts = json.loads((out / "manifest.json").read_text())
    assert facts["read"]["end_of_text"] == [EOS]
    assert facts["counts"]["end_of_text"] == ENDED
    assert {one["file"].split("/")[-1]: one["end_of_text"] for one in facts["inputs"]} == {
        "a.jsonl": ENDED,
        "b.jsonl": 0,
    }
    shown = json.loads((out / "report.json").read_text())["accounts"]
    assert [one["records"] for one in shown if one["name"] == "end_of_text"] == [ENDED]
    assert re.search(rf"\| of these .*end-of-text mark.* \| {ENDED} \|", (out / "README.md").read_text())
    assert curate("verify", out).code == 0


def test_without_marks_the_accounts_say_nothing_of_them(place: Path) -> None:
    _, out = run(place)
    assert "end_of_text" not in json.loads((out / "manifest.json").read_text())["counts"]


@pytest.mark.parametrize(("threads", "shard_rows"), [(1, 16), (3, 25)])
def test_the_same_bytes_for_any_threads_and_shards(place: Path, threads: int, shard_rows: int) -> None:
    (place / "plan.yaml").write_text(f"{PLAN}  - stage: random_sample\n    size: 20\n")
    plan = Pipeline.from_yaml(place / "plan.yaml", end_of_text=(EOS,))
    whole = plan.run(place / "in", place / "one")
    parts = plan.run(place / "in", place / "two", options=Options(threads=threads, shard_rows=shard_rows))
    assert snapshot(whole.out) == snapshot(parts.out)
    assert plan.config.read == ReadOptions(seed=42, end_of_text=(EOS,))


def test_an_audit_reads_them_the_same_way(place: Path) -> None:
    def faults(*more: str) -> list[str]:
        done = curate("audit", place / "in", "--json", *more)
        assert done.code == 0, done.err
        return [one["reason"] for one in json.loads(done.out)["findings"]["checks"]]

    assert "template_tokens" in faults()
    assert "template_tokens" not in faults("--end-of-text", EOS)
