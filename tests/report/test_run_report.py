"""The report of a run, the audit of a run's folder, and the commands around them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from curate.pipeline import Options, Pipeline
from curate.report.build import audit, dump
from tests.runs import Dump, assert_fails, curate, snapshot


@pytest.fixture(scope="module")
def run(dump: Dump, light: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("reported") / "out"
    done = curate("run", light, *dump.files, "--out", out, "--report", "--hf", "--licence", "a=mit")
    assert "audit light" in done.err
    return out


def numbers(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "report.json").read_bytes())
    return found


def test_a_run_writes_page_and_numbers_and_the_manifest_vouches_for_them(run: Path) -> None:
    manifest = json.loads((run / "manifest.json").read_bytes())
    assert {"report.html", "report.json", "data/train-00000-of-00001.parquet"} <= set(manifest["outputs"])
    assert curate("verify", run).code == 0
    (run / "report.html").write_bytes((run / "report.html").read_bytes() + b" ")
    try:
        assert curate("verify", run).code == 1
    finally:
        (run / "report.html").write_bytes((run / "report.html").read_bytes()[:-1])


def test_numbers_are_those_of_the_manifest_and_the_ledger(run: Path) -> None:
    told, manifest = numbers(run), json.loads((run / "manifest.json").read_bytes())
    ledger = pl.read_parquet(run / "ledger.parquet")
    assert {a["name"]: a["records"] for a in told["accounts"] if a["records"]} == {
        name: number for name, number in manifest["counts"].items() if number
    }
    for stage in told["stages"]:
        mine = ledger.filter(pl.col("step") == stage["step"])
        assert {d["reason"]: d["records"] for d in stage["dropped"]} == dict(mine["reason"].value_counts().iter_rows())
        assert stage["rows"] - stage["kept"] == mine.height
    overlaps = {(o["stage"], o["reason"], o["also"]): o["records"] for o in told["overlaps"]}
    expected: dict[tuple[str, str, str], int] = {}
    for stage, reason, also in ledger.select("stage", "reason", "also").iter_rows():
        for other in also or []:
            expected[stage, reason, other] = expected.get((stage, reason, other), 0) + 1
    assert overlaps == expected
    assert told["set"]["records"] == manifest["counts"]["kept"]
    assert told["pool"]["records"] == manifest["counts"]["read"]
    dropped = dict(ledger.select("id", "reason").iter_rows())
    assert len(told["samples"]["dropped"]) == 20
    assert all(dropped[t["id"]] == t["reason"] for t in told["samples"]["dropped"])
    assert {t["id"] for t in told["samples"]["kept"]} <= set(manifest["selected"])


def test_auditing_the_folder_gives_the_same_numbers(run: Path) -> None:
    assert dump(audit(run)) == (run / "report.json").read_bytes()


def test_without_its_cache_a_folder_is_audited_without_its_pool(run: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    for name, content in snapshot(run).items():
        (bare / name).parent.mkdir(parents=True, exist_ok=True)
        (bare / name).write_bytes(content)
    found = audit(bare)
    assert found.pool is None
    assert found.set.records == 40
    assert found.stages


def test_threads_and_shards_change_nothing(run: Path, dump: Dump, light: Path, tmp_path: Path) -> None:
    options = Options(threads=1, shard_rows=37, report=True)
    result = Pipeline.from_yaml(light).run([str(f) for f in dump.files], tmp_path / "out", options=options)
    assert (result.out / "report.html").read_bytes() == (run / "report.html").read_bytes()


def test_a_run_without_report_takes_an_older_one_away(dump: Dump, light: Path, tmp_path: Path) -> None:
    pipeline, out = Pipeline.from_yaml(light), tmp_path / "out"
    pipeline.run([str(f) for f in dump.files], out, options=Options(report=True, hub=True))
    assert (out / "report.html").exists()
    result = pipeline.run([str(f) for f in dump.files], out)
    assert not {"report.html", "report.json"} & set(snapshot(out))
    assert not list((out / "data").iterdir())
    shown = result.report()
    assert shown.report.set.records == 40
    assert shown._repr_html_().startswith('<iframe sandbox="allow-scripts"')
    assert "<script>" not in shown._repr_html_()  # all of the page is text of an attribute


def test_a_run_that_keeps_nothing_is_audited(dump: Dump, tmp_path: Path) -> None:
    recipe = tmp_path / "none.yaml"
    recipe.write_text("name: none\nstages:\n  - stage: length_filter\n    min_response_chars: 19000\n")
    done = curate("run", recipe, dump.files[0], "--out", tmp_path / "out", "--report")
    assert done.code == 1
    assert numbers(tmp_path / "out")["verdict"]["headline"] == "There is no record to judge."


def test_card_of_a_hub(run: Path) -> None:
    card = (run / "README.md").read_text()
    front = yaml.safe_load(card.split("---\n")[1])
    assert front["configs"][0]["data_files"] == [{"split": "train", "path": "data/train-*.parquet"}]
    assert "license" not in front  # of most sources it is not known
    assert "not known" in card


def test_card_names_the_licences_it_was_told(run: Path) -> None:
    from curate.report.card import dataset_card

    manifest = json.loads((run / "manifest.json").read_bytes())
    sources = list(manifest["kept_by_source"])
    manifest["options"]["licences"] = dict.fromkeys(sources, "mit")
    assert yaml.safe_load(dataset_card(manifest).split("---\n")[1])["license"] == "mit"
    if len(sources) > 1:
        manifest["options"]["licences"][sources[0]] = "cc-by-4.0"
        assert yaml.safe_load(dataset_card(manifest).split("---\n")[1])["license"] == "other"


def test_hub_file_has_small_types_and_the_lines_of_the_set(run: Path) -> None:
    pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    import pyarrow.parquet as pq

    table = pq.read_table(run / "data" / "train-00000-of-00001.parquet")
    turn = pa.struct([("role", pa.string()), ("content", pa.string())])
    assert table.schema.equals(pa.schema([("messages", pa.list_(turn))]))
    lines = [json.loads(line) for line in (run / "train.jsonl").read_text().splitlines()]
    assert table.to_pylist() == lines


def test_hub_file_concatenates_with_what_datasets_reads_from_json(run: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets", reason="datasets is not installed")
    read = {
        kind: datasets.load_dataset(kind, data_files=str(run / name), split="train", cache_dir=str(tmp_path / kind))
        for kind, name in (("parquet", "data/train-00000-of-00001.parquet"), ("json", "train.jsonl"))
    }
    assert len(datasets.concatenate_datasets(list(read.values()))) == 80


def test_commands_write_print_and_fail_on_a_bound(run: Path, tmp_path: Path) -> None:
    train = run / "train.jsonl"
    page = tmp_path / "page.html"
    done = curate("audit", train, "--out", page, "--json", "--fail-on", "vendi<1", "--fail-on", "near_duplicates>90%")
    assert done.code == 0
    assert json.loads(done.out) == json.loads(page.with_suffix(".json").read_bytes())
    assert page.read_text().startswith("<!doctype html>")
    failed = curate("audit", train, "--fail-on", "vendi > 1")
    assert failed.code == 1
    assert "finding: vendi > 1" in failed.err
    assert failed.out == ""
    both = curate("compare", train, run, "--json")
    assert both.code == 0
    told = json.loads(both.out)
    assert [m["totals"]["records"] for m in told["members"]] == [40, 40]
    assert {p["same_ids"] for p in told["pairs"]} == {40}
    schema = json.loads(curate("audit", "--schema").out)
    assert set(schema["required"]) <= set(json.loads(done.out))


def test_wrong_calls(run: Path, tmp_path: Path) -> None:
    train = run / "train.jsonl"
    assert_fails(curate("audit", train), 2, "nothing to do")
    assert_fails(curate("audit", train, "--fail-on", "vendi=3"), 2, "--fail-on vendi=3")
    assert_fails(curate("audit", train, "--fail-on", "vendy<3"), 2, "no such metric", "vendi")
    assert_fails(curate("audit", tmp_path / "none.jsonl", "--json"), 3, "none.jsonl")
    assert_fails(curate("compare", train, "--json"), 2, "two datasets")
    assert_fails(curate("audit", train, "--out", tmp_path / "no" / "page.html"), 4, "page.html")
    empty = tmp_path / "empty.jsonl"
    empty.write_text("")
    assert_fails(curate("audit", empty, "--json"), 3, "empty.jsonl")
    assert_fails(curate("run", "lima_1k", train, "--out", tmp_path / "o", "--licence", "mit"), 2, "SOURCE=ID")
