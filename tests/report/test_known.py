"""An audit takes from its run what the stages said, and only where it would have had them say the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from curate.pipeline import Options, Pipeline
from curate.report.build import audit, dump
from curate.report.known import Known
from curate.stage import Annotator, Filter

_WORDS = [
    "The",
    "keeper",
    "of",
    "the",
    "harbour",
    "writes",
    "down",
    "every",
    "ship",
    "that",
    "comes",
    "in",
    "from",
    "the",
    "north",
    "and",
    "what",
    "it",
    "has",
    "on",
    "board",
]
_ENDS = [
    ".",
    "",
    " <b>bold</b> <i>slanted</i> &quot;said&quot; <br> <p>more</p> <li>listed</li>.",
    " Il porto è chiuso.",
]


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("raw") / "raw.jsonl"
    rows = [
        {"instruction": f"List {i} things that a keeper of a harbour writes down.", "output": _answer(i)}
        for i in range(60)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def _answer(i: int) -> str:
    return " ".join(_WORDS[(7 * i + j) % len(_WORDS)] for j in range(40 + i)) + _ENDS[i % len(_ENDS)]


def run(raw: Path, out: Path, stages: list[dict[str, Any]]) -> list[tuple[str, int]]:
    """Run `stages` with a report; of each stage that the report asked for, how many records the run had told it of."""
    path = out.with_suffix(".yaml")
    path.write_text(yaml.safe_dump({"name": "x", "stages": stages}))
    asked: list[tuple[str, int]] = []
    of = Known.of

    def noted(self: Known, stage: Annotator | Filter, ids: pl.Series) -> pl.DataFrame:
        found = of(self, stage, ids)
        asked.append((stage.name, found.height))
        assert found["id"].is_in(ids.implode()).all()
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Known, "of", noted)
        Pipeline.from_yaml(path).run(raw, out, options=Options(report=True))
    return asked


SAME = [{"stage": "language"}, {"stage": "damage"}, {"stage": "damage_filter"}, {"stage": "task_type"}]
OTHER = [
    {"stage": "language", "on": "response", "min_letters": 1},
    {"stage": "damage", "min_prose_words": 400, "min_sentence_words": 400, "max_html_share": 1.0},
    {"stage": "damage_filter"},
    {"stage": "task_type", "min_confidence": 0.9},
]


@pytest.mark.parametrize(("stages", "taken"), [(SAME, True), (OTHER, False)], ids=["same", "other parameters"])
def test_a_report_is_the_same_with_and_without_what_the_stages_said(
    raw: Path, tmp_path: Path, stages: list[dict[str, Any]], taken: bool
) -> None:
    told = run(raw, tmp_path / "out", [*stages, {"stage": "random_sample", "size": 20}])
    for name in ("language", "damage_filter", "task_type"):
        found = [height for asked, height in told if asked == name]
        assert found
        assert any(found) is taken
    assert dump(audit(tmp_path / "out")) == (tmp_path / "out" / "report.json").read_bytes()


def test_records_that_a_stage_never_saw_are_asked_after(raw: Path, tmp_path: Path) -> None:
    """The filter drops records before `task_type`: of the pool's the run knows only some."""
    told = run(raw, tmp_path / "out", SAME)
    heights = {height for name, height in told if name == "task_type"}
    assert any(0 < height < 60 for height in heights)
    assert {height for name, height in told if name == "language"} == {60} | heights - {0}
    report = json.loads((tmp_path / "out" / "report.json").read_bytes())
    assert sum(kind["pool"] for kind in report["tasks"]["kinds"]) == 60
    assert dump(audit(tmp_path / "out")) == (tmp_path / "out" / "report.json").read_bytes()
