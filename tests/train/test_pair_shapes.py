"""A preference step reads pairs in any shape that they are shared in, as `curate run` does, and makes the same tokens."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from curate.errors import InputError
from curate.train.records import are_pairs, pairs, read_records
from tests.io.test_preference_records import BAD, GOOD, QUESTION, SHAPES


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_is_the_same_pair(shape: str, tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.write_text(json.dumps(SHAPES[shape]) + "\n", encoding="utf-8")
    file = read_records(path)
    assert are_pairs(file)
    (pair,) = pairs(file)
    assert [list(part) for part in (pair.prompt, pair.chosen, pair.rejected)] == [QUESTION, GOOD, BAD]
    assert pair.line == 1


def test_a_system_message_and_earlier_turns_are_the_prompt(tmp_path: Path) -> None:
    before = [{"role": "system", "content": "Be brief."}, *QUESTION, *GOOD, {"role": "user", "content": "And?"}]
    records = [
        {"chosen": before + GOOD, "rejected": before + BAD},
        {"system": "Be brief.", "prompt": "Why?", "chosen": "So.", "rejected": "No."},
    ]
    path = tmp_path / "train.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    first, second = pairs(read_records(path))
    assert (list(first.prompt), list(first.chosen), list(first.rejected)) == (before, GOOD, BAD)
    assert (list(second.prompt), second.line) == (before[:2], 2)


def test_what_is_no_pair_names_the_way_on(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.write_text(json.dumps({"prompt": "a", "chosen": "b", "rejected": None}) + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"train\.jsonl:1: not a pair: .*null.*`curate export --to preference`"):
        pairs(read_records(path))
