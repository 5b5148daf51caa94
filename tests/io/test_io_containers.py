from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from curate.io import FORMATS, discover, read
from curate.schema import CANONICAL, SEPARATOR, example_id, sides

U, A, S = "user", "assistant", "system"

#: For each record format: records, the conversations in them, and each example's meta.
CASES: dict[str, tuple[list[dict[str, Any]], list[list[tuple[str, str]]], list[dict[str, Any]]]] = {
    "messages": (
        [
            {"messages": [{"role": U, "content": "Hi\u2028there"}, {"role": A, "content": "Hello"}], "tag": "x"},
            {"messages": [{"role": r, "content": c} for r, c in [(S, "Be brief"), (U, "1"), (A, "2"), (U, "3"), (A, "")]]},
        ],
        [[(U, "Hi\u2028there"), (A, "Hello")], [(S, "Be brief"), (U, "1"), (A, "2"), (U, "3"), (A, "")]],
        [{"tag": "x"}, {}],
    ),
    "sharegpt": (
        [
            {"id": "7", "conversations": [{"from": "human", "value": "Ça va ?"}, {"from": "gpt", "value": "Oui 😀"}]},
            {"id": "8", "conversations": [{"from": f, "value": f} for f in ["system", "user", "bard", "human", "chatgpt"]]},
        ],
        [[(U, "Ça va ?"), (A, "Oui 😀")], [(S, "system"), (U, "user"), (A, "bard"), (U, "human"), (A, "chatgpt")]],
        [{"id": "7"}, {"id": "8"}],
    ),
    "alpaca": (
        [
            {"instruction": "Sum up.", "input": "A\nlong\ttext", "output": "Short."},
            {"instruction": "Greet.", "input": "", "output": 'Say "hi"\\', "response": "kept in meta"},
            {"instruction": "Greet.", "input": None, "output": "Hi"},
        ],
        [
            [(U, "Sum up." + SEPARATOR + "A\nlong\ttext"), (A, "Short.")],
            [(U, "Greet."), (A, 'Say "hi"\\')],
            [(U, "Greet."), (A, "Hi")],
        ],
        [
            {"_parts": {"instruction": 7, "input": 11}},
            {"input": "", "response": "kept in meta"},
            {"input": None},
        ],
    ),
    "dolly": (
        [
            {"instruction": "Who?", "context": "Ann wrote it.", "response": "Ann", "category": "closed_qa"},
            {"instruction": "Why?", "context": "", "response": "Because", "category": "open_qa"},
        ],
        [[(U, "Who?" + SEPARATOR + "Ann wrote it."), (A, "Ann")], [(U, "Why?"), (A, "Because")]],
        [
            {"category": "closed_qa", "_parts": {"instruction": 4, "input": 13}},
            {"context": "", "category": "open_qa"},
        ],
    ),
    "preference": (
        [
            {"prompt": "1", "margin": "4", "chosen": [{"role": U, "content": "1"}, {"role": A, "content": "[2]"}],
             "rejected": [{"role": U, "content": "1"}, {"role": A, "content": ""}]},
            {"prompt": "3", "margin": "5", "chosen": [{"role": r, "content": c} for r, c in [(S, "s"), (U, "3"), (A, "4\n")]],
             "rejected": [{"role": r, "content": c} for r, c in [(S, "s"), (U, "3"), (A, "4"), (U, "5"), (A, "6")]]},
        ],
        [[(U, "1"), (A, "[2]")], [(S, "s"), (U, "3"), (A, "4\n")]],
        [
            {"prompt": "1", "margin": "4", "_pair": {"turns": 1, "rejected": [""], "fields": {"chosen": "conversation", "rejected": "conversation"}}},
            {"prompt": "3", "margin": "5", "_pair": {"turns": 2, "rejected": ["4", "5", "6"], "fields": {"chosen": "conversation", "rejected": "conversation"}}},
        ],
    ),
    "prompt_completion": (
        [{"template": "t1", "prompt": "Two and two?", "completion": "4"}],
        [[(U, "Two and two?"), (A, "4")]],
        [{"template": "t1"}],
    ),
    "question_answer": (
        [{"question": "Where?", "answer": "Here", "level": "easy"}],
        [[(U, "Where?"), (A, "Here")]],
        [{"level": "easy"}],
    ),
    "self_instruct": (
        [
            {"id": "t0", "instruction": "Add.", "instances": [{"input": "1 1", "output": "2"}, {"input": "", "output": "?"}]},
            {"id": "t1", "instruction": "Name a colour.", "instances": [{"input": "", "output": "Red"}]},
        ],
        [[(U, "Add." + SEPARATOR + "1 1"), (A, "2")], [(U, "Add."), (A, "?")], [(U, "Name a colour."), (A, "Red")]],
        [
            {"id": "t0", "_parts": {"instruction": 4, "input": 3}, "_instance": {"number": 1, "of": 2, "fields": {}}},
            {"id": "t0", "_instance": {"number": 2, "of": 2, "fields": {"input": ""}}},
            {"id": "t1", "_instance": {"number": 1, "of": 1, "fields": {"input": ""}}},
        ],
    ),
    "wildchat": (
        [{"model": "m", "conversation": [{"role": U, "content": "Hi", "toxic": True}, {"role": A, "content": "Ho"}]}],
        [[(U, "Hi"), (A, "Ho")]],
        [{"model": "m", "_turns": [{"toxic": True}, {}]}],
    ),
    "oasst_trees": (
        [{"tree_state": None, "thread": [{"role": "prompter", "text": "Hi"}, {"role": A, "text": "Ho", "rank": 0}]}],
        [[(U, "Hi"), (A, "Ho")]],
        [{"_tree": {"path": [None, None], "ranks": [None, 0], "messages": 2, "cut": {}}, "_turns": [{}, {"rank": 0}]}],
    ),
    "wikihow": (
        [
            {"title": "How to", "intro": "This article.", "sections": [{"title": "One", "steps": [{"headline": "A.", "text": "B"}]}]},
            {"title": "How not to", "sections": [{"title": "Two", "text": "C", "steps": []}], "category": "x"},
        ],
        [[(U, "How to"), (A, "The following answer.\n\n## One\n\n1. A. B")], [(U, "How not to"), (A, "## Two\n\nC")]],
        [{"_reader": {"opening": "This article"}}, {"category": "x"}],
    ),
}  # fmt: skip


def test_every_format_has_a_case() -> None:
    assert set(CASES) == set(FORMATS) - {"task_table"}  # which needs a template: test_task_table.py


@pytest.mark.parametrize("compression", [None, "gzip", "zstd", "bz2", "xz"])
@pytest.mark.parametrize("container", ["jsonl", "json", "csv", "parquet"])
@pytest.mark.parametrize("form", sorted(CASES))
def test_matrix(form: str, container: str, compression: str | None, pack: Any, read_file: Any) -> None:
    records, conversations, metas = CASES[form]
    # The name says nothing of the compression, and of the container only what its bytes do not.
    name = "data.csv" if container == "csv" else "data"
    whole = read_file(pack(records, container, compression), name)
    file = whole.file
    assert (file.container, file.compression, file.format) == (container, compression, form)
    assert (file.name, file.source) == (name, "data")
    assert form in file.detected
    assert not whole.rejects
    assert (whole.lines, whole.blank, whole.expanded) == (len(records), 0, len(conversations) - len(records))
    frame = whole.frame
    assert dict(frame.schema) == {name: dtype for name, dtype in CANONICAL.items() if name != "row"}
    assert frame.columns == [name for name in CANONICAL if name != "row"]
    for row, conversation, meta in zip(frame.iter_rows(named=True), conversations, metas, strict=True):
        messages = [{"role": role, "content": content} for role, content in conversation]
        assert row["messages"] == messages
        assert row["id"] == example_id(messages)
        assert (row["instruction"], row["response"]) == sides(messages)
        assert without_nulls(json.loads(row["meta"])) == without_nulls(meta)
    assert set(frame["source"]) == {"data"}
    assert set(frame["file"]) == {name}


def without_nulls(meta: dict[str, Any]) -> dict[str, Any]:
    """Tables have a value for every column, so that an absent field and a null one are the same there."""
    return {
        key: without_nulls(value)
        if isinstance(value, dict)
        else [without_nulls(item) if isinstance(item, dict) else item for item in value]
        if isinstance(value, list)
        else value
        for key, value in meta.items()
        if value is not None
    }


def test_batches_cut_between_records(pack: Any, read_file: Any) -> None:
    records = [{"prompt": f"p{i}", "completion": f"c{i}"} for i in range(10)]
    data = pack(records, "jsonl").replace(b"\n", b"\n\n", 4) + b"broken\n"
    one = read_file(data, batch_rows=1)
    all_ = read_file(data, batch_rows=1000)
    assert len(all_.batches) == 1
    assert len(one.batches) == 11
    assert one.frame.equals(all_.frame)
    assert one.rejects == all_.rejects
    assert (one.lines, one.blank) == (all_.lines, all_.blank) == (15, 4)
    assert one.frame["line"].to_list() == [1, 3, 5, 7, 9, 10, 11, 12, 13, 14]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("a.jsonl", b'{"prompt": "p", "completion": "c"}\r\n'),
        ("a.json", b'\n[{"prompt": "p", "completion": "c"}]\n'),
        ("a.csv", b"prompt,completion\np,c\n"),
    ],
)
def test_byte_order_mark(mark: bytes, name: str, body: bytes, read_file: Any) -> None:
    whole = read_file(mark + body, name)
    assert whole.frame["instruction"].to_list() == ["p"]
    assert whole.frame["response"].to_list() == ["c"]
    assert json.loads(whole.frame["meta"][0]) == {}


def test_object_around_lists_of_records(read_file: Any) -> None:
    data = b'{"version": [1, 2], "data": [{"prompt": "a", "completion": "b"}], "more": [{"prompt": "c", "completion": "d"}], "x": {}}'
    whole = read_file(data, "a.json")
    assert whole.file.container == "json"
    assert whole.frame["instruction"].to_list() == ["a", "c"]
    assert whole.frame["line"].to_list() == [1, 2]


def test_a_single_pretty_record(read_file: Any) -> None:
    record = {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}
    whole = read_file(json.dumps(record, indent=1).encode(), "a.json")
    assert (whole.file.container, whole.lines) == ("json", 1)
    assert whole.frame["response"].to_list() == ["b"]


def test_json_lines_named_json(pack: Any, read_file: Any) -> None:
    assert read_file(pack([{"prompt": "a", "completion": "b"}] * 2, "jsonl"), "a.json").file.container == "jsonl"
    assert read_file(pack([{"prompt": "a", "completion": "b"}] * 2, "json"), "a.jsonl").file.container == "json"


def test_csv_keeps_null_and_empty_apart(read_file: Any) -> None:
    data = b'instruction,input,output,note\nA,,"x, ""y""",1\nB,"","multi\nline",\nC,"",,2\n\n'
    whole = read_file(data, "a.csv")
    assert [json.loads(meta) for meta in whole.frame["meta"]] == [
        {"input": None, "note": "1"},
        {"input": "", "note": None},
    ]
    assert whole.frame["response"].to_list() == ['x, "y"', "multi\nline"]
    assert [(r.line, r.reason, r.raw) for r in whole.rejects] == [(3, "null_field", 'C,"",,2')]
    assert (whole.lines, whole.blank) == (4, 1)


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_csv_delimiters(delimiter: str, read_file: Any) -> None:
    data = delimiter.join(["prompt", "completion", "x"]) + "\n" + delimiter.join(["a,b", "c", ""]) + "\n"
    whole = read_file(data.encode(), "a.tsv")
    assert whole.frame["instruction"].to_list() == ["a,b"]
    assert json.loads(whole.frame["meta"][0]) == {"x": None}


def test_parquet_values_that_json_lacks(tmp_path: Any) -> None:
    import datetime as dt

    frame = pl.DataFrame(
        {
            "prompt": ["p", "q"],
            "completion": ["c", "d"],
            "day": [dt.date(2024, 2, 29), None],
            "score": [float("nan"), 0.1],
            "blob": [b"\x00\xff", None],
            "big": [2**63, 0],
            "nested": [{"a": [1.5, float("inf")]}, {"a": None}],
        },
        schema_overrides={"big": pl.UInt64},
    )
    frame.write_parquet(tmp_path / "a.parquet")
    (file,) = discover([str(tmp_path / "a.parquet")]).files
    metas = [json.loads(meta) for batch in read(file) for meta in batch.frame["meta"]]
    assert metas[0] == {
        "day": "2024-02-29",
        "score": "NaN",
        "blob": "AP8=",
        "big": 2**63,
        "nested": {"a": [1.5, "Infinity"]},
    }
    assert metas[1] == {"day": None, "score": 0.1, "blob": None, "big": 0, "nested": {"a": None}}


def test_several_frames_of_one_compressed_file(tmp_path: Any) -> None:
    import bz2
    import gzip
    import lzma

    import zstandard

    parts = [b'{"prompt": "a", "completion": "b"}\n{"prom', b'pt": "c", "completion": "d"}\n']
    makers: list[Callable[[bytes], bytes]] = [
        gzip.compress,
        bz2.compress,
        lzma.compress,
        zstandard.ZstdCompressor().compress,
    ]
    for make in makers:
        path = tmp_path / "a"
        path.write_bytes(b"".join(map(make, parts)))
        (file,) = discover([str(path)]).files
        (batch,) = read(file)
        assert batch.frame["instruction"].to_list() == ["a", "c"]
