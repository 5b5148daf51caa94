"""Datasets that stages compare with: how they are found and read, and what their bytes decide."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

import polars as pl
import pytest

from curate.errors import InputError, StageError
from curate.pipeline import Options, Pipeline
from curate.stage import Selection, Selector, Shards, verdict_frame
from tests.helpers import compared_with, frame, shards


class Known(Selector):
    """Drops examples whose id or instruction stands in the dataset `against` or, as text of a record, in `items`."""

    stage: Literal["known"] = "known"
    reads: ClassVar[tuple[str, ...]] = ("instruction",)
    reasons: ClassVar[Mapping[str, str]] = {"known": "It is known."}
    references: ClassVar[Mapping[str, Literal["examples", "records"]]] = {"against": "examples", "items": "records"}

    against: tuple[str, ...] | None = None
    items: str | None = None

    def verdict(self, shards: Shards) -> Selection:
        rows = shards.collect()
        known: list[str] = []
        texts: list[str] = []
        if against := self.reference("against"):
            known = [i for part in against.frames([]) for i in part["id"]]
        if items := self.reference("items"):
            texts = [t for part in items.frames(["instruction"]) for t in part["instruction"]]
        keep = [i not in known and not any(q in t for t in texts) for i, q in rows.select("id", "instruction").rows()]
        return Selection(verdict_frame(rows["row"], keep=pl.Series(keep, dtype=pl.Boolean), reason="known"))


def alpaca(path: Path, pairs: list[tuple[str, str]]) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps({"instruction": q, "input": "", "output": a}) + "\n" for q, a in pairs))
    return path


PAIRS = [(f"Question {i}?", f"Answer {i}.") for i in range(6)]


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    return alpaca(tmp_path / "in" / "dump.jsonl", PAIRS)


def kept(result: Any) -> list[str]:
    return sorted(m[0]["content"] for m in result.kept["messages"])


def test_a_stage_gets_the_dataset_that_its_parameter_names(tmp_path: Path, dump: Path) -> None:
    other = alpaca(tmp_path / "old" / "old.jsonl", [PAIRS[1], PAIRS[4], ("Else?", "Yes.")])
    result = Pipeline([Known(against=(str(other),))]).run(dump, tmp_path / "out")
    assert kept(result) == [PAIRS[i][0] for i in (0, 2, 3, 5)]
    (listed,) = result.manifest["steps"][0]["references"]["against"]
    assert (listed["file"], listed["read"], listed["rejected"]) == ("old.jsonl", 3, 0)
    assert listed["sha256"] == hashlib.sha256(other.read_bytes()).hexdigest()
    assert result.manifest["counts"]["read"] == 6, "its rows are no part of the run"


def test_the_folder_of_a_finished_run_stands_for_its_set(tmp_path: Path, dump: Path) -> None:
    before = alpaca(tmp_path / "old" / "old.jsonl", PAIRS[:3])
    Pipeline([Known()]).run(before, tmp_path / "first")
    result = Pipeline([Known(against=(str(tmp_path / "first"),))]).run(dump, tmp_path / "out")
    assert kept(result) == [q for q, _ in PAIRS[3:]]


def test_records_of_any_fields_are_read_where_only_their_texts_count(tmp_path: Path, dump: Path) -> None:
    items = tmp_path / "test.jsonl"
    records = [{"turns": ["Question 2?", "More."], "n": 3}, {"task_id": "T/9", "deep": {"er": [["Question 5?"]]}}, {}]
    items.write_text("".join(json.dumps(r) + "\n" for r in records))
    result = Pipeline([Known(items=str(items))]).run(dump, tmp_path / "out")
    assert kept(result) == [PAIRS[i][0] for i in (0, 1, 3, 4)]
    assert result.manifest["steps"][0]["references"]["items"][0]["format"] == "record"
    assert not result.findings


def test_other_bytes_in_the_dataset_are_another_result_and_the_same_are_cached(tmp_path: Path, dump: Path) -> None:
    other = alpaca(tmp_path / "old" / "old.jsonl", PAIRS[:1])
    pipeline = Pipeline([Known(against=(str(other),))])
    first = pipeline.run(dump, tmp_path / "out")
    again = pipeline.run(dump, tmp_path / "out")
    assert again.manifest == first.manifest
    alpaca(other, PAIRS[:2])
    changed = pipeline.run(dump, tmp_path / "out")
    assert kept(changed) == [q for q, _ in PAIRS[2:]]
    assert changed.manifest["fingerprint"] != first.manifest["fingerprint"]


def test_what_cannot_be_compared_with_is_said(tmp_path: Path, dump: Path) -> None:
    with pytest.raises(InputError, match=r"stages\.0 \(known\): against: .*none\.jsonl: no such file"):
        Pipeline([Known(against=("none.jsonl",))]).run(dump, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    strange = tmp_path / "strange.jsonl"
    strange.write_text('{"a": 1}\n')
    with pytest.raises(InputError, match=r"against: .*strange\.jsonl"):
        Pipeline([Known(against=(str(strange),))]).run(dump, tmp_path / "out")
    bad = alpaca(tmp_path / "old" / "old.jsonl", PAIRS[:2])
    bad.write_text(bad.read_text() + "{broken\n")
    result = Pipeline([Known(against=(str(bad),))]).run(dump, tmp_path / "out")
    assert [f.code for f in result.findings] == ["reference_rejects"]
    assert "1 of 3 lines" in result.findings[0].message
    assert "old.jsonl:3" in result.findings[0].message


def test_shards_and_the_dataset_s_folder_change_no_byte(tmp_path: Path, dump: Path) -> None:
    outputs = []
    for rows in (1, 4):
        one = alpaca(tmp_path / f"folder{rows}" / "old.jsonl", PAIRS[:2])
        out = tmp_path / f"out{rows}"
        Pipeline([Known(against=(str(one),))]).run(dump, out, options=Options(shard_rows=rows))
        outputs.append([(out / name).read_bytes() for name in ("train.jsonl", "examples.parquet", "ledger.parquet")])
    assert outputs[0] == outputs[1]


def test_a_stage_that_was_not_given_its_dataset_fails() -> None:
    stage = Known(against=("x.jsonl",))
    with pytest.raises(StageError, match="known: the dataset of `against` was not read"):
        stage.apply(shards(frame(PAIRS)))
    assert stage.reference("items") is None
    bound = compared_with(stage, PAIRS[:2])
    assert bound.apply(shards(frame(PAIRS))).frame["keep"].to_list() == [False] * 2 + [True] * 4
    assert bound.content_key() != stage.content_key()
    assert bound.model_dump() == stage.model_dump()
    assert pickle.loads(pickle.dumps(bound)).content_key() == bound.content_key()
