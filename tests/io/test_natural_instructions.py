from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from curate.errors import InputError
from curate.io import discover
from curate.io.formats.natural_instructions import recognise
from tests.helpers import ROOT
from tests.io.taken import Taken, take

SAMPLE = ROOT / "sample_data" / "dumps" / "natural_instructions"


def task(**more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "Contributors": ["Ann"],
        "Definition": ["Turn the word round."],
        "Positive Examples": [
            {"input": "abc", "output": "cba", "explanation": "round"},
            {"input": "xy", "output": "yx", "explanation": "round"},
        ],
        "Negative Examples": [{"input": "abc", "output": "abc", "explanation": "not"}],
        "Instances": [
            {"id": "i1", "input": "pool", "output": ["loop"]},
            {"id": "i2", "input": "été", "output": ["été", "ete"]},
            {"id": "i3", "input": "", "output": "?"},
        ],
        "Instance License": ["MIT"],
    }
    made.update(more)
    return {name: value for name, value in made.items() if value is not ...}


def read(folder: Path, data: dict[str, Any] | bytes, **options: Any) -> Taken:
    path = folder / "task1_round.json"
    path.write_bytes(data if isinstance(data, bytes) else json.dumps(data, ensure_ascii=False, indent=4).encode())
    return take(path, **options)


EXPECTED = [
    ("Turn the word round.\n\npool", "loop"),
    ("Turn the word round.\n\nété", "été"),
    ("Turn the word round.", "?"),
]


@pytest.mark.parametrize("batch_rows", [1, 2, 3, 100])
@pytest.mark.parametrize("packed", [False, True])
def test_a_task(packed: bool, batch_rows: int, tmp_path: Path) -> None:
    text = json.dumps(task(), ensure_ascii=packed, indent=None if packed else 2).encode()
    taken = read(tmp_path, gzip.compress(text) if packed else text, batch_rows=batch_rows)
    assert taken.pairs == EXPECTED
    assert [row["line"] for row in taken.rows] == [1, 2, 3]
    assert {row["source"] for row in taken.rows} == {"task1_round"}
    shared = {
        "Contributors": ["Ann"],
        "Instance License": ["MIT"],
        "_reader": {"shown": 0, "Positive Examples": 2, "Negative Examples": 1},
    }
    own = [{"id": "i1"}, {"id": "i2", "output": ["été", "ete"]}, {"id": "i3", "input": ""}]
    parts = [{"_parts": {"instruction": 20, "input": 4}}, {"_parts": {"instruction": 20, "input": 3}}, {}]
    assert taken.metas == [
        {**shared, **parts[n], "_instance": {"number": n + 1, "of": 3, "fields": own[n]}} for n in range(3)
    ]


def test_fields_may_stand_in_any_order(tmp_path: Path) -> None:
    given = task()
    turned = {name: given[name] for name in ["Contributors", "Instances", "Instance License", "Definition"]}
    assert read(tmp_path, turned).pairs == EXPECTED


@pytest.mark.parametrize("count", [1, 2])
def test_positive_examples_can_be_shown(count: int, tmp_path: Path) -> None:
    taken = read(tmp_path, task(), task_examples=count)
    shown = ["Input: abc\nOutput: cba", "Input: xy\nOutput: yx"][:count]
    assert taken.pairs[0] == ("\n\n".join(["Turn the word round.", *shown, "Input: pool\nOutput:"]), "loop")
    assert taken.metas[0]["_reader"]["shown"] == count
    assert taken.metas[0]["_instance"]["fields"]["input"] == "pool"
    few = read(tmp_path, task(), task_examples=3)
    assert {one.reason for one in few.rejects} == {"missing_field"}
    assert "2 positive examples" in few.rejects[0].detail


def test_version_1_of_the_collection(tmp_path: Path) -> None:
    given = task(Title="t", Examples={"Positive Examples": [{"input": "a", "output": "b"}]}, Definition="Do.")
    del given["Positive Examples"], given["Negative Examples"]
    taken = read(tmp_path, given, task_examples=1)
    assert taken.pairs[0][0] == "Do.\n\nInput: a\nOutput: b\n\nInput: pool\nOutput:"
    assert taken.metas[0]["_reader"] == {"shown": 1, "Positive Examples": 1}


def test_of_several_definitions_the_first(tmp_path: Path) -> None:
    taken = read(tmp_path, task(Definition=["Do it.", "Do that."]))
    assert taken.pairs[0][0] == "Do it.\n\npool"
    assert taken.metas[0]["Definition"] == ["Do it.", "Do that."]


@pytest.mark.parametrize(
    ("instance", "reason", "part"),
    [
        ({"input": "a", "output": []}, "wrong_type", "`output` is a list"),
        ({"input": "a", "output": [1]}, "wrong_type", "`output` is a list"),
        ({"input": "a", "output": None}, "null_field", "`output`"),
        ({"input": "a", "ouput": ["b"]}, "missing_field", "did you mean it by `ouput`?"),
        ({"output": ["b"]}, "missing_field", "`input`"),
        ({"input": 5, "output": ["b"]}, "wrong_type", "`input` is a number"),
        ({"input": "a", "output": ["b"], "_instance": 1}, "reserved_field", "`_instance`"),
        ("a", "wrong_type", "The instance is text"),
    ],
)
def test_a_bad_instance_costs_itself_only(instance: Any, reason: str, part: str, tmp_path: Path) -> None:
    instances = task()["Instances"]
    taken = read(tmp_path, task(Instances=[instances[0], instance, instances[2]]))
    (reject,) = taken.rejects
    assert (reject.reason, reject.line, taken.lines) == (reason, 2, 3)
    assert part in reject.detail
    assert json.loads(reject.raw) == instance
    data = (tmp_path / "task1_round.json").read_bytes()
    assert data[reject.offset :].startswith(reject.raw.encode())
    assert taken.pairs == [EXPECTED[0], EXPECTED[2]]


@pytest.mark.parametrize(
    ("change", "reason", "part"),
    [
        ({"Definition": []}, "wrong_type", "`Definition` is a list"),
        ({"Definition": None}, "null_field", "`Definition`"),
        ({"Definition": {"text": "Do."}}, "wrong_type", "an object"),
        ({"_reader": "mine"}, "reserved_field", "`_reader`"),
    ],
)
def test_a_bad_task_rejects_each_instance(change: dict[str, Any], reason: str, part: str, tmp_path: Path) -> None:
    taken = read(tmp_path, task(**change))
    assert [(one.line, one.reason) for one in taken.rejects] == [(n, reason) for n in (1, 2, 3)]
    assert part in taken.rejects[0].detail
    assert not taken.rows


@pytest.mark.parametrize(
    ("change", "reason", "part"),
    [
        ({"Instances": []}, "no_instances", "empty"),
        ({"Instances": None}, "null_field", "`Instances`"),
        ({"Instances": {"input": "a"}}, "wrong_type", "not a list"),
        ({"Instances": ...}, "missing_field", "`Instances`"),
        ({"Instances": ..., "Instanses": [1]}, "missing_field", "did you mean it by `Instanses`?"),
    ],
)
def test_a_task_without_instances_is_one_reject(change: dict[str, Any], reason: str, part: str, tmp_path: Path) -> None:
    taken = read(tmp_path, task(**change))
    (reject,) = taken.rejects
    assert (reject.reason, reject.line, taken.lines) == (reason, 1, 1)
    assert part in reject.detail


def test_a_text_that_breaks_gives_what_stands_before(tmp_path: Path) -> None:
    whole = json.dumps(task()).encode()
    cut = whole[: whole.index(b'{"id": "i3"') + 5]
    taken = read(tmp_path, cut)
    assert taken.pairs == EXPECTED[:2]
    (reject,) = taken.rejects
    assert (reject.reason, reject.line) == ("malformed_json", 3)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    whole = json.dumps(task(), ensure_ascii=False).encode()
    taken = read(tmp_path, whole.replace(b"pool", b"p\xffl"))
    assert [(one.line, one.reason) for one in taken.rejects] == [(1, "invalid_utf8")]
    assert taken.pairs == EXPECTED[1:]
    # In what all instances share, it costs all of them.
    taken = read(tmp_path, whole.replace(b"Turn", b"T\xffrn"))
    assert [one.reason for one in taken.rejects] == ["invalid_utf8"] * 3


def test_a_field_given_twice_is_refused(tmp_path: Path) -> None:
    whole = json.dumps(task()).replace('"Instance License"', '"Definition": "Other.", "Instance License"', 1)
    taken = read(tmp_path, whole.encode())
    assert taken.pairs == EXPECTED
    assert [one.reason for one in taken.rejects] == ["duplicate_key"]


def test_what_is_a_task_and_what_is_not(tmp_path: Path) -> None:
    one = json.dumps(task()).encode()
    assert recognise(one, "x")
    assert recognise(one[:150], "x"), "the start of a long one"
    assert recognise(one + b"\n \n", "x")
    assert not recognise(one + b"\n" + one, "x"), "several records"
    assert not recognise(b"[" + one + b"]", "x")
    assert not recognise(json.dumps({"Definition": "a", "input": "b"}).encode(), "x")
    assert not recognise(b'{"instruction": "a", "Instances": []}', "x")
    assert not recognise(b'{"Definition', "x")
    (tmp_path / "a.json").write_bytes(b'{"instruction": "a", "output": "b"}')
    with pytest.raises(InputError, match="does not look like natural_instructions"):
        discover([str(tmp_path / "a.json")], format="natural_instructions")


def test_the_sample() -> None:
    taken = take(SAMPLE)
    assert [file.format for file in taken.files] == ["natural_instructions"]
    assert (taken.lines, len(taken.rows)) == (5, 4)
    assert [one.reason for one in taken.rejects] == ["wrong_type"]
