"""`curate init`, `validate`, `stages` and `schema`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from curate.config import load_config
from curate.registry import stage_classes
from tests.helpers import ROOT
from tests.runs import assert_fails, curate, process

RECIPES = sorted(path.stem for path in (ROOT / "pipelines").glob("*.yaml"))


def test_init_writes_a_pipeline_that_is_valid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = curate("init")
    assert (done.code, done.out) == (0, "")
    assert (tmp_path / "pipeline.yaml").read_bytes() == (ROOT / "pipelines" / "lima_1k.yaml").read_bytes()
    assert curate("validate", "pipeline.yaml").code == 0
    assert_fails(curate("init"), 4, "pipeline.yaml exists", "--force")
    assert curate("init", "--force", "--from", "dedup_only").code == 0
    assert load_config("pipeline.yaml").name == "dedup_only"


def test_init_that_cannot(tmp_path: Path) -> None:
    assert_fails(curate("init", tmp_path / "a.yaml", "--from", "lima1k"), 2, "lima1k", "did you mean `lima_1k`?")
    assert_fails(curate("init", tmp_path / "no" / "a.yaml"), 4, "a.yaml")
    (tmp_path / "file").write_text("")
    assert_fails(curate("init", tmp_path / "file" / "a.yaml"), 4, "a.yaml")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_validate_takes_files_and_recipes(tmp_path: Path) -> None:
    assert RECIPES
    done = curate("validate", *RECIPES, *(ROOT / "pipelines" / f"{name}.yaml" for name in RECIPES))
    assert (done.code, done.out) == (0, "")
    assert sum("valid, " in line for line in done.err.splitlines()) == 2 * len(RECIPES)


def test_validate_reports_every_file(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("name: a\nstages: [{stage: exact}]\n")
    (tmp_path / "b.yaml").write_text("name: b\n")
    done = curate("validate", tmp_path / "a.yaml", "dedup_only", tmp_path / "b.yaml", tmp_path / "c.yaml")
    assert_fails(done, 2, "a.yaml:2: stages.0: no stage named `exact`", "b.yaml:1:", "`stages` is required", "c.yaml")


def test_shipped_recipes_are_found_from_any_directory(tmp_path: Path) -> None:
    assert process("validate", "lima_1k", cwd=tmp_path).code == 0


def test_stages_lists_them_all() -> None:
    lines = curate("stages").out.splitlines()
    assert [line.split()[0] for line in lines] == sorted(stage_classes())
    assert all(line.split()[1] in {"annotator", "filter", "selector"} for line in lines)
    facts = json.loads(curate("stages", "--json").out)
    assert facts["schema"] == 1
    assert [stage["stage"] for stage in facts["stages"]] == sorted(stage_classes())


def test_manual_page_names_every_parameter_and_reason() -> None:
    for name, cls in stage_classes().items():
        page = curate("stages", name).out
        assert page.startswith(f"# {name}\n")
        for word in [*(f for f in cls.model_fields if f != "stage"), *cls.reasons, *cls.writes]:
            assert f"`{word}`" in page, (name, word)
        facts = json.loads(curate("stages", name, "--json").out)
        assert (facts["schema"], facts["stage"]) == (1, name)
        assert set(facts["parameters"]) == set(cls.model_fields)


def test_page_of_an_unknown_stage() -> None:
    assert_fails(curate("stages", "k_centre"), 2, "k_centre", "did you mean `k_center`?")


def test_schema_knows_each_stage_and_parameter() -> None:
    schema = json.loads(curate("schema").out)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    by_name = {
        definition["properties"]["stage"]["const"]: definition
        for definition in schema["$defs"].values()
        if "stage" in definition["properties"]
    }
    assert sorted(by_name) == sorted(stage_classes())
    for name, cls in stage_classes().items():
        assert set(by_name[name]["properties"]) == set(cls.model_fields)
        assert by_name[name]["additionalProperties"] is False
    for recipe in RECIPES:
        parsed = yaml.safe_load((ROOT / "pipelines" / f"{recipe}.yaml").read_text())
        assert set(parsed) <= set(schema["properties"])
        for stage in parsed["stages"]:
            keys = {"on" if key is True else key for key in stage}
            assert keys <= set(by_name[stage["stage"]]["properties"])
