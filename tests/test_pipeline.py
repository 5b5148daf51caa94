"""The contract of a run: every record accounted for, the same bytes however it is run, and no fault hidden."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar, Literal

import polars as pl
import pytest

import curate
from curate.errors import ConfigError, InputError, StageError, UsageError
from curate.io import ReadOptions
from curate.pipeline import Options, Pipeline
from curate.stage import Annotator, Filter, Rule, Selection, Selector, verdict_frame
from curate.stages.dedup.exact_dedup import ExactDedup
from curate.stages.filter.length_filter import LengthFilter
from curate.stages.select.random_sample import RandomSample
from tests.conftest import Finished
from tests.runs import OUTPUTS, Dump, process, snapshot

RECIPE = Path(__file__).resolve().parent.parent / "pipelines" / "lima_1k.yaml"


def recipe() -> Pipeline:
    return Pipeline.from_yaml(RECIPE, size=40)


# --- every record is accounted for


def test_run_ends_well_and_writes_exactly_these_files(finished: Finished) -> None:
    assert finished.done.code == 0, finished.done.err
    assert finished.done.out == ""
    assert set(snapshot(finished.out)) == OUTPUTS
    assert {p.name for p in finished.out.iterdir()} == OUTPUTS | {".curate"}


def test_accounts_are_printed_and_true(finished: Finished, dump: Dump) -> None:
    read, rejected = len(dump.records), len(dump.rejected)
    assert dump.lines == dump.blank + rejected + read  # the dump itself
    assert f"lines {dump.lines} = blank {dump.blank} + rejected {rejected} + read {read}" in finished.done.err
    train = (finished.out / "train.jsonl").read_bytes().count(b"\n")
    dropped = pl.read_parquet(finished.out / "ledger.parquet").height
    assert train + dropped == read
    assert f"read {read} = kept {train} + dropped {dropped}" in finished.done.err
    assert train == 40


def test_each_record_has_exactly_one_fate(finished: Finished, dump: Dump) -> None:
    kept = pl.read_parquet(finished.out / "examples.parquet")
    ledger = pl.read_parquet(finished.out / "ledger.parquet")
    fates = [(r["id"], r["file"], r["line"]) for f in (kept, ledger) for r in f.iter_rows(named=True)]
    expected = [(id_, r.file, r.line) for id_, r in zip(dump.ids(), dump.records, strict=True)]
    assert sorted(fates) == sorted(expected)
    assert len(set(fates)) == len(fates)
    rejects = [json.loads(line) for line in (finished.out / "rejects.jsonl").read_text().splitlines()]
    assert [(r["file"], r["line"]) for r in rejects] == sorted(dump.rejected)


def test_ledger_stands_in_the_order_of_the_input(finished: Finished, dump: Dump) -> None:
    places = [(r.file, r.line) for r in dump.records]
    ledger = pl.read_parquet(finished.out / "ledger.parquet")
    at = [places.index((r["file"], r["line"])) for r in ledger.iter_rows(named=True)]
    assert at == sorted(at)
    assert (ledger["reason"].str.len_chars() > 0).all()
    assert (ledger["source"] == ledger["file"].str.split(".").list.first()).all()


def test_text_is_kept_byte_for_byte(finished: Finished, dump: Dump) -> None:
    texts = dict(zip(dump.ids(), (r.messages for r in dump.records), strict=True))
    kept = pl.read_parquet(finished.out / "examples.parquet")
    lines = (finished.out / "train.jsonl").read_bytes().split(b"\n")
    assert lines.pop() == b""
    assert len(lines) == kept.height
    for id_, line in zip(kept["id"], lines, strict=True):
        pairs = json.loads(line, object_pairs_hook=list)
        assert [key for key, _ in pairs] == ["messages"]
        assert all([key for key, _ in message] == ["role", "content"] for message in pairs[0][1])
        assert [dict(message) for message in pairs[0][1]] == texts[id_]
    assert kept["rank"].to_list() == list(range(1, 41))


def test_repeats_get_numbers_in_the_order_of_files_and_lines(finished: Finished, dump: Dump) -> None:
    ids = [dump.id_at(what) for what in ("twin", "twin_again", "twin_third")]
    assert ids == [ids[0], f"{ids[0]}-2", f"{ids[0]}-3"]
    everyone = pl.concat(
        [
            pl.read_parquet(finished.out / name).select("id", "file", "line")
            for name in ("examples.parquet", "ledger.parquet")
        ]
    )
    for what, id_ in zip(("twin", "twin_again", "twin_third"), ids, strict=True):
        row = everyone.filter(pl.col("id") == id_)
        assert [tuple(r) for r in row.select("file", "line").iter_rows()] == [dump.planted[what]]


def test_planted_records_go_for_the_reasons_planted(finished: Finished, dump: Dump) -> None:
    ledger = {r["id"]: r for r in pl.read_parquet(finished.out / "ledger.parquet").iter_rows(named=True)}
    assert ledger[dump.id_at("german")]["stage"] == "language_filter"
    assert ledger[dump.id_at("refusal")]["reason"] == "refusal"
    twins = {dump.id_at(what) for what in ("twin", "twin_again", "twin_third", "twin_spaced")}
    gone = {i for i in twins if i in ledger and ledger[i]["reason"] == "exact_duplicate"}
    assert len(gone) == 3
    assert {ledger[i]["kept_id"] for i in gone} == twins - gone
    near = {dump.id_at("near_short"), dump.id_at("near_long")}
    # Which of the two stays is for their scores to say.
    assert [
        (r["id"], r["kept_id"]) for r in ledger.values() if r["reason"] == "near_duplicate" and r["id"] in near
    ] in (
        [tuple(near)],
        [tuple(near)[::-1]],
    )


# --- the same bytes, however it is run


def test_second_run_takes_all_from_the_cache_and_changes_no_byte(light_run: Finished, dump: Dump, light: Path) -> None:
    before = snapshot(light_run.out)
    again = process("run", light, *reversed(dump.files), "--out", light_run.out)
    assert again.code == 0, again.err
    assert snapshot(light_run.out) == before
    work = [line for line in again.err.splitlines() if line[:1].isdigit() and "/" in line.split()[0]]
    assert len(work) == 5
    assert all("cached" in line for line in work)
    assert all("cached" in line for line in again.err.splitlines() if line.startswith("read ") and " lines" in line)


@pytest.mark.parametrize(("shard_rows", "threads"), [(23, 2), (100_000, 1)])
def test_shards_and_threads_change_no_byte(
    finished: Finished, dump: Dump, tmp_path: Path, shard_rows: int, threads: int
) -> None:
    inputs = [dump.files[1], dump.files[2], dump.files[0]]
    recipe().run(inputs, tmp_path / "out", options=Options(shard_rows=shard_rows, threads=threads))
    assert snapshot(tmp_path / "out") == snapshot(finished.out)


def test_shards_of_three_records_change_no_byte(light: Path, dump: Dump, tmp_path: Path) -> None:
    plan = Pipeline.from_yaml(light)
    plan.run(dump.files[1], tmp_path / "one")
    plan.run(dump.files[1], tmp_path / "many", options=Options(shard_rows=3))
    assert snapshot(tmp_path / "many") == snapshot(tmp_path / "one")


def test_environment_and_directory_change_no_byte(finished: Finished, dump: Dump, tmp_path: Path) -> None:
    env = {"PYTHONHASHSEED": "1", "LC_ALL": "C", "TZ": "Asia/Tokyo", "COLUMNS": "20"}
    names = [f"../{dump.folder.name}/{path.name}" for path in reversed(dump.files)]
    elsewhere = dump.folder.parent / "elsewhere"
    elsewhere.mkdir()
    args = ("run", "lima_1k", *names, "--out", tmp_path / "out", "--size", 40, "--threads", 1)
    done = process(*args, cwd=elsewhere, **env)
    assert done.code == 0, done.err
    assert snapshot(tmp_path / "out") == snapshot(finished.out)


def test_outputs_hold_no_path_time_or_name_of_this_machine(finished: Finished, dump: Dump) -> None:
    import getpass
    import platform

    for name, data in snapshot(finished.out).items():
        for word in (str(dump.folder), str(finished.out), "/tmp/", platform.node()):
            assert len(word) < 4 or word.encode() not in data, (name, word)
        assert getpass.getuser() == "root" or getpass.getuser().encode() not in data


def test_another_seed_chooses_others(dump: Dump, light_run: Finished, light: Path, tmp_path: Path) -> None:
    Pipeline.from_yaml(light, seed=4).run(dump.files, tmp_path)
    one, other = (set(pl.read_parquet(out / "examples.parquet")["id"]) for out in (light_run.out, tmp_path))
    assert one != other
    assert len(other) == 40


def test_prefix_of_a_result_is_the_smaller_result(finished: Finished, dump: Dump, tmp_path: Path) -> None:
    Pipeline.from_yaml(RECIPE, size=17).run(dump.files, tmp_path)
    first = snapshot(finished.out)["train.jsonl"].splitlines()[:17]
    assert snapshot(tmp_path)["train.jsonl"].splitlines() == first


# --- the Python interface


def test_result_carries_kept_ledger_rejects_manifest(dump: Dump) -> None:
    result = Pipeline([LengthFilter(min_response_chars=12), ExactDedup(), RandomSample(size=9)], name="api").run(
        str(dump.folder)
    )
    assert result.kept.height == 9
    assert result.ledger.height == len(dump.records) - 9
    assert [(r["file"].rpartition("/")[2], r["line"]) for r in result.rejects] == sorted(dump.rejected)
    assert result.manifest["selected"] == result.kept["id"].to_list()
    assert result.manifest["counts"]["kept"] == 9
    assert result.findings == ()
    texts = dict(zip(dump.ids(), (r.messages for r in dump.records), strict=True))
    assert [m.to_list() if isinstance(m, pl.Series) else m for m in result.kept["messages"]] == [
        texts[i] for i in result.kept["id"]
    ]


@pytest.mark.filterwarnings("error::ResourceWarning")
def test_temporary_result_goes_with_the_object(dump: Dump) -> None:
    result = Pipeline([ExactDedup()]).run(dump.files[2])
    folder = result.out
    assert folder.is_dir()
    del result
    gc.collect()
    assert not folder.exists()


@pytest.mark.filterwarnings("error::ResourceWarning")
def test_temporary_folder_of_a_failed_run_goes_too(dump: Dump, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(StageError):
        Pipeline([Broken(how="raises")]).run(dump.files[2])
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_pipeline_without_stages_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least one stage"):
        Pipeline([])


def test_seed_of_the_pipeline_fills_in_those_not_given() -> None:
    stages = Pipeline([RandomSample(size=2), RandomSample(size=1, seed=0)], seed=11).stages
    assert [s.seed for s in stages] == [11, 0]  # type: ignore[attr-defined]


def test_errors_of_inputs_come_as_exceptions(tmp_path: Path, dump: Dump) -> None:
    with pytest.raises(InputError, match="no such file"):
        Pipeline([ExactDedup()]).run(tmp_path / "nothing.jsonl", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with pytest.raises(UsageError, match="no record format"):
        Pipeline([ExactDedup()], read=ReadOptions(format="alpacca")).run(dump.files, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_result_inside_an_input_folder_is_refused(dump: Dump, tmp_path: Path) -> None:
    """A second run would otherwise read what the first one wrote."""
    raw = tmp_path / "raw"
    raw.mkdir()
    (raw / "tasks.jsonl").write_bytes(dump.files[2].read_bytes())
    for _ in range(2):
        with pytest.raises(UsageError, match="out"):
            Pipeline([ExactDedup()]).run(raw, raw / "out")
    assert sorted(p.name for p in raw.iterdir()) == ["tasks.jsonl"]


# --- stages that break their word


class Broken(Filter):
    stage: Literal["broken"] = "broken"
    reads: ClassVar[tuple[str, ...]] = ("response",)
    reasons: ClassVar[dict[str, str]] = {"known": "A reason."}
    how: str

    def rules(self) -> list[Rule]:
        text = pl.col("response")
        match self.how:
            case "raises":
                raise KeyError("no such \x1b[31mthing")
            case "reason":
                return [Rule("unknown_reason", text == "", text)]
            case "type":
                return [Rule("known", text, text)]
            case "column":
                return [Rule("known", pl.col("instruction") == "", text)]
            case "fails_on_data":
                return [Rule("known", text.str.to_integer() > 0, text)]
        return [Rule("known", (text == "").filter(text.str.len_chars() > 200), text)]


class BrokenAnnotator(Annotator):
    stage: Literal["broken_annotator"] = "broken_annotator"
    reads: ClassVar[tuple[str, ...]] = ("response",)
    writes: ClassVar[dict[str, pl.DataType]] = {"extra": pl.Int64()}
    how: str

    def columns(self, frame: pl.DataFrame) -> pl.DataFrame:
        extra = pl.DataFrame({"extra": pl.Series(range(frame.height), dtype=pl.Int64)})
        match self.how:
            case "height":
                return extra.head(max(frame.height - 1, 0))
            case "name":
                return extra.rename({"extra": "other"})
            case "type":
                return extra.cast(pl.Float64)
        return extra.with_columns(more=1)


class BrokenSelector(Selector):
    stage: Literal["broken_selector"] = "broken_selector"
    reasons: ClassVar[dict[str, str]] = {"known": "A reason."}
    how: str

    def verdict(self, shards: Any) -> Selection:
        rows = shards.collect()["row"]
        frame = verdict_frame(rows)
        match self.how:
            case "fewer":
                frame = frame.head(rows.len() - 1)
            case "twice":
                frame = pl.concat([frame.head(1), frame.head(rows.len() - 1)])
            case "others":
                frame = frame.with_columns(pl.col("row") + 1)
            case "no_reason":
                frame = frame.with_columns(keep=pl.lit(value=False))
            case "reason_of_kept":
                frame = frame.with_columns(reason=pl.lit("known"))
            case "null_keep":
                frame = frame.with_columns(keep=pl.lit(None, dtype=pl.Boolean))
        return Selection(frame)


_BROKEN = [
    *(Broken(how=how) for how in ("raises", "reason", "type", "column", "fails_on_data", "height")),
    *(BrokenAnnotator(how=how) for how in ("height", "name", "type", "more")),
    *(BrokenSelector(how=how) for how in ("fewer", "twice", "others", "no_reason", "reason_of_kept", "null_keep")),
]


@pytest.mark.parametrize("stage", _BROKEN, ids=lambda s: f"{s.stage}-{s.how}")
def test_stage_that_breaks_its_word_is_named_and_nothing_is_written(stage: Any, dump: Dump, tmp_path: Path) -> None:
    with pytest.raises(StageError, match=rf"\b{stage.stage}\b"):
        Pipeline([ExactDedup(), stage]).run(dump.files, tmp_path, options=Options(shard_rows=64))
    assert snapshot(tmp_path) == {}


class Numbered(Annotator):
    """Fails on one text, and gives too few rows where there is another."""

    stage: Literal["numbered"] = "numbered"
    reads: ClassVar[tuple[str, ...]] = ("response",)
    writes: ClassVar[dict[str, pl.DataType]] = {"extra": pl.Int64()}

    def columns(self, frame: pl.DataFrame) -> pl.DataFrame:
        if "fail" in frame["response"]:
            raise ValueError("told")
        height = frame.height - ("short" in frame["response"])
        return pl.DataFrame({"extra": pl.Series(range(height), dtype=pl.Int64)})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("fail", r"numbered failed on shard 1, record b\.jsonl:2 \([0-9a-f]{16}\): ValueError: told"),
        ("short", r"numbered: 4 rows for 5 \(shards 0 to 2, a\.jsonl:2 to c\.jsonl:60\)"),
    ],
)
def test_the_place_of_a_failure_is_told_where_small_shards_go_together(tmp_path: Path, text: str, told: str) -> None:
    """Three files, of which a filter leaves a row, two and two: fewer than the largest shard that was read."""
    for name, lines, kept in (("a", 4, {2}), ("b", 3, {1, 2}), ("c", 60, {7, 60})):
        answers = [f"answer {name} {i}" if i in kept else "" for i in range(1, lines + 1)]
        if name == "b":
            answers[1] = text
        records = [{"instruction": f"question {name} {i}", "output": answer} for i, answer in enumerate(answers)]
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))
    with pytest.raises(StageError, match=told):
        Pipeline([LengthFilter(min_response_chars=1), Numbered()]).run(
            sorted(tmp_path.glob("*.jsonl")), tmp_path / "out", options=Options(threads=1)
        )


def test_old_result_stays_whole_when_a_later_run_fails(dump: Dump, tmp_path: Path) -> None:
    Pipeline([ExactDedup()]).run(dump.files, tmp_path)
    before = snapshot(tmp_path)
    with pytest.raises(StageError):
        Pipeline([ExactDedup(), Broken(how="raises")]).run(dump.files, tmp_path)
    assert snapshot(tmp_path) == before


# --- nothing to choose from


def test_all_dropped_by_a_gate_is_a_finding(dump: Dump, tmp_path: Path) -> None:
    stages = [LengthFilter(min_response_chars=10**6, max_response_chars=None), ExactDedup(), RandomSample(size=3)]
    result = Pipeline(stages).run(dump.files, tmp_path, options=Options(shard_rows=50))
    assert result.kept.is_empty()
    assert result.ledger.height == len(dump.records)
    assert "nothing_left" in {f.code for f in result.findings}
    assert (tmp_path / "train.jsonl").read_bytes() == b""
    assert pl.read_parquet(tmp_path / "examples.parquet").schema["line"] == pl.UInt64


@pytest.mark.parametrize("recipe_name", ["lima_1k", "deita_like", "longest_1k", "dedup_only"])
def test_input_in_which_nothing_can_be_read_is_a_finding(tmp_path: Path, recipe_name: str) -> None:
    (tmp_path / "bad.jsonl").write_text('{"instruction": "half\n[1]\n\n{"x": 1}\n')
    plan = Pipeline.from_yaml(RECIPE.with_name(f"{recipe_name}.yaml"), format="alpaca")
    result = plan.run(tmp_path / "bad.jsonl", tmp_path / "out")
    assert {"too_many_rejects", "nothing_left"} <= {f.code for f in result.findings}
    counts = result.manifest["counts"]
    assert (counts["lines"], counts["blank"], counts["rejected"], counts["read"]) == (4, 1, 3, 0)
    assert result.kept.is_empty()
    assert result.ledger.is_empty()
    assert set(snapshot(tmp_path / "out")) == OUTPUTS
    assert pl.read_parquet(tmp_path / "out" / "examples.parquet").schema["line"] == pl.UInt64


def test_empty_file_beside_a_full_one_changes_nothing(dump: Dump, tmp_path: Path) -> None:
    (tmp_path / "nil.jsonl").write_text("\n \n")
    result = Pipeline([ExactDedup()]).run([*dump.files, tmp_path / "nil.jsonl"], tmp_path / "out")
    assert result.manifest["counts"]["blank"] == dump.blank + 2
    assert result.findings == ()


def test_one_record_is_enough(tmp_path: Path) -> None:
    line = '{"instruction": "How far away is the moon from the earth?", "input": "", "output": "About 384,400 kilometres."}'
    (tmp_path / "one.jsonl").write_text(line)
    result = Pipeline.from_yaml(RECIPE, size=1).run(tmp_path / "one.jsonl", tmp_path / "out")
    assert result.kept.height + result.ledger.height == 1


def test_rejects_above_the_limit_are_a_finding_and_below_are_not(tmp_path: Path) -> None:
    good = '{"instruction": "a b %d", "input": "", "output": "c"}'
    lines = [good % i for i in range(19)] + ["{"]
    (tmp_path / "x.jsonl").write_text("\n".join(lines))  # 1 of 20 is exactly 5%
    assert Pipeline([ExactDedup()]).run(tmp_path / "x.jsonl").findings == ()
    (tmp_path / "x.jsonl").write_text("\n".join([*lines[1:], ""]))  # 1 of 19 is more
    found = Pipeline([ExactDedup()]).run(tmp_path / "x.jsonl").findings
    assert [f.code for f in found] == ["too_many_rejects"]
    assert "1 of 19" in found[0].message
    assert Pipeline([ExactDedup()]).run(tmp_path / "x.jsonl", options=Options(max_rejects=0.06)).findings == ()


def test_rank_of_the_last_choice_orders_the_lines(dump: Dump, tmp_path: Path) -> None:
    result = Pipeline([RandomSample(size=50, seed=1), RandomSample(size=20, seed=2)]).run(dump.files, tmp_path)
    assert result.kept.height == 20
    assert Counter(result.ledger["step"]) == {0: len(dump.records) - 50, 1: 30}
    alone = Pipeline([RandomSample(size=299, seed=2)]).run(dump.files).kept["id"].to_list()
    mine = result.kept["id"].to_list()
    assert mine == [i for i in alone if i in set(mine)]


def test_importing_curate_loads_nothing_heavy() -> None:
    code = "import sys, curate; print([m for m in ('polars', 'numpy', 'pydantic', 'torch') if m in sys.modules])"
    root = str(Path(curate.__file__).resolve().parents[1])
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                          env={**os.environ, "PYTHONPATH": root})  # fmt: skip
    assert done.stdout.strip() == "[]"
