"""`end_of_text`: marks go off the ends of responses only, what was taken is noted, and joining it on gives all back."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from curate.io import ReadOptions
from curate.io.endings import cut
from curate.schema import example_id, sides
from tests.io.taken import Taken, jsonl, operations, take

EOS = "<|endoftext|>"
PAIRS = [
    ("Is it?", f"Yes{EOS}", "Yes"),
    ("Is it not?", f"No \n{EOS} \n", "No \n"),
    ("Twice?", f"So{EOS} {EOS}", "So"),
    ("Alone?", EOS, ""),
    ("What ends a text?", f"{EOS} does, I think.", f"{EOS} does, I think."),
    (f"Asked{EOS}", "Plain", "Plain"),
]


def records() -> list[dict[str, str]]:
    return [{"instruction": question, "input": "", "output": answer} for question, answer, _ in PAIRS]


def write(folder: Path, name: str, rows: list[Any]) -> Path:
    path = folder / name
    path.write_bytes(jsonl(rows))
    return path


def given_back(row: dict[str, Any]) -> list[str]:
    """The contents of a row's messages as they stood in the input, by the note in `meta`."""
    contents = [message["content"] for message in row["messages"]]
    for note in json.loads(row["meta"]).get("_reader", {}).get("end_of_text", []):
        if "turn" in note:
            contents[note["turn"] - 1] += note["text"]
    return contents


def check(taken: Taken) -> None:
    for row in taken.rows:
        assert row["id"] == example_id(row["messages"])
        assert (row["instruction"], row["response"]) == sides(row["messages"])


@pytest.mark.parametrize("batch_rows", [1, 2, 100])
def test_marks_go_off_the_ends_and_come_back(tmp_path: Path, batch_rows: int) -> None:
    path = write(tmp_path, "a.jsonl", records())
    taken = take(path, batch_rows=batch_rows, end_of_text=(EOS,))
    check(taken)
    assert taken.pairs == [(question, wanted) for question, _, wanted in PAIRS]
    assert [given_back(row) for row in taken.rows] == [[question, answer] for question, answer, _ in PAIRS]
    changed = ["_reader" in meta for meta in taken.metas]
    assert changed == [answer != wanted for _, answer, wanted in PAIRS]


def test_without_the_option_every_byte_stays(tmp_path: Path) -> None:
    taken = take(write(tmp_path, "a.jsonl", records()))
    assert taken.pairs == [(question, answer) for question, answer, _ in PAIRS]


def test_the_fields_of_meta_stay_beside_the_note(tmp_path: Path) -> None:
    record = {
        "instruction": "Is it?",
        "input": "It is.",
        "output": f"Yes{EOS}",
        "big": 10**30,
        "rate": 0.1,
        "id": "é\u2028",
    }
    (plain,), (noted,) = (take(write(tmp_path, "a.jsonl", [record]), **o).metas for o in ({}, {"end_of_text": (EOS,)}))
    assert noted.pop("_reader") == {"end_of_text": [{"turn": 2, "text": EOS}]}
    assert list(noted.items()) == list(plain.items())


def test_each_turn_of_the_assistant_is_a_response(tmp_path: Path) -> None:
    said = [("system", f"Be brief.{EOS}"), ("user", f"Hi{EOS}"), ("assistant", f"Hello{EOS}"), ("user", "Bye"),
            ("assistant", "Bye</s>")]  # fmt: skip
    record = {"messages": [{"role": role, "content": text} for role, text in said]}
    taken = take(write(tmp_path, "a.jsonl", [record]), end_of_text=(EOS, "</s>"))
    check(taken)
    assert taken.rows[0]["response"] == "Hello\n\nBye"
    assert taken.rows[0]["messages"][0]["content"] == said[0][1]
    assert given_back(taken.rows[0]) == [text for _, text in said]


def test_both_answers_of_a_pair_lose_their_mark(tmp_path: Path) -> None:
    mark = '</"s">'  # escaped in `meta`
    rows = [
        {"prompt": "Why?", "chosen": f"So.{mark}", "rejected": f"No.{mark}\n"},
        {"prompt": "How?", "chosen": "So.", "rejected": f"No.{mark}"},
        {"prompt": "When?", "chosen": "Now.", "rejected": "Never."},
    ]
    taken = take(write(tmp_path, "a.jsonl", rows), end_of_text=(mark,))
    check(taken)
    for row, meta, before in zip(taken.rows, taken.metas, rows, strict=True):
        (rejected,) = meta["_pair"]["rejected"]
        assert (row["response"], rejected) == (before["chosen"].split("<")[0], before["rejected"].split("<")[0])
        notes = {note.get("rejected", 0): note["text"] for note in meta.get("_reader", {}).get("end_of_text", [])}
        assert rejected + notes.get(1, "") == before["rejected"]
        assert row["response"] + notes.get(0, "") == before["chosen"]


def test_a_field_of_the_name_of_a_pair_is_no_pair(tmp_path: Path) -> None:
    record = {"instruction": "Is it?", "output": f"Yes{EOS}", "_pair": "left", "note": EOS}
    (meta,) = take(write(tmp_path, "a.jsonl", [record]), end_of_text=(EOS,)).metas
    assert (meta["_pair"], meta["note"]) == ("left", EOS)


def test_a_note_of_the_reader_keeps_its_own(tmp_path: Path) -> None:
    """The reader of Natural Instructions notes what it chose; the mark joins that note. It is a dump with its own reader."""
    task = {"Definition": ["Name the opposite."], "Positive Examples": [],
            "Instances": [{"id": "a", "input": "hot", "output": [f"cold{EOS}", "icy"]}]}  # fmt: skip
    path = tmp_path / "task1_opposites.json"
    path.write_text(json.dumps(task))
    plain = take(path)
    assert plain.metas[0]["_reader"]
    taken = take(path, end_of_text=(EOS,))
    assert taken.rows[0]["response"] == "cold"
    note = taken.metas[0]["_reader"]
    assert note.pop("end_of_text")
    assert note == plain.metas[0]["_reader"]
    assert given_back(taken.rows[0]) == [message["content"] for message in plain.rows[0]["messages"]]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(["</s>", "<e>", "s>", "a", " ", "\n", "\u2003", "<", "\x1c"]), max_size=12).map("".join),
       st.sets(st.sampled_from(["</s>", "<e>", "s>"]), min_size=1))  # fmt: skip
def test_what_is_cut_is_marks_and_white_space_only(text: str, marks: set[str]) -> None:
    kept = cut(text, sorted(marks))
    one = "|".join(re.escape(mark) for mark in sorted(marks, key=len, reverse=True))
    assert re.fullmatch(rf"(?:(?:{one})\s*)*", text[kept:])
    assert kept == len(text) or not text[:kept].rstrip().endswith(tuple(marks))
    assert bool(re.search(rf"(?:{one})\s*\Z", text)) == (kept < len(text))


def test_many_marks_take_time_in_proportion() -> None:
    few, many = (operations(lambda n=n: cut(f"{EOS} " * n, (EOS,))) for n in (100, 1000))  # type: ignore[misc]
    assert many < 11 * few


@pytest.mark.parametrize(("marks", "message"), [
    ((" </s>",), "white space at an end"), (("",), "a mark is empty"), (("</s>", "</s>"), "named twice"),
])  # fmt: skip
def test_a_mark_that_cannot_be_meant_is_refused(marks: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ReadOptions(end_of_text=marks)
