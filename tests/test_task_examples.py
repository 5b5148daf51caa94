"""The templates that the classifier of task types is fitted on: well formed, deterministic, apart from the tests."""

from __future__ import annotations

import json
import re

from curate.algorithms.task_rules import TASKS
from tests.helpers import ROOT, TEXTS
from tests.stages.test_task_type import CASES
from tools.expand_examples import FOLDER, expand, slots


def test_every_type_has_templates_and_every_slot_is_known() -> None:
    files = {path.stem for path in FOLDER.glob("*.txt")} - {"slots", "passages"}
    assert files == set(TASKS)
    known = set(slots())
    for name in files:
        lines = (FOLDER / f"{name}.txt").read_text(encoding="utf-8").strip().split("\n")
        assert len(lines) >= 25, name
        assert len(set(lines)) == len(lines), name
        for line in lines:
            used = set(re.findall(r"\{([a-z]\w*)\}", line))
            assert used <= known, line
            assert line.count(" => ") <= 1, line


def test_expansion_is_deterministic_and_complete() -> None:
    made = expand(3)
    assert made == expand(3)
    assert {e.task for e in made} == set(TASKS)
    assert not [e for e in made if re.search(r"\{[a-z]\w*\}", e.instruction + e.response)]
    assert not [e for e in made if " => " in e.instruction or not e.instruction.strip()]


def test_what_the_stage_is_tested_on_is_no_template() -> None:
    asked = {e.instruction.lower().rstrip(".") for e in expand(8)}
    assert not asked & {case[1].lower().rstrip(".") for case in CASES}
    assert not asked & {question.lower().rstrip(".") for question, _ in TEXTS}


def test_labels_name_types_and_hold_no_text() -> None:
    labels = json.loads((ROOT / "tools" / "task_examples" / "labels.json").read_text(encoding="utf-8"))
    for source, named in labels.items():
        assert len(named) >= 100, source
        assert set(named.values()) <= set(TASKS)
        assert all(re.fullmatch(r"seed_task_\d+|[0-9a-f]{16}", key) for key in named)
