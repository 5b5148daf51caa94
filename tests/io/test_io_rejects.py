from __future__ import annotations

import bz2
import gzip
import hashlib
import json
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard

from curate.io import FORMATS, REJECT_REASONS, discover, read
from curate.io.model import RAW_BYTES

GOOD: dict[str, Any] = {
    "messages": {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]},
    "sharegpt": {"conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]},
    "alpaca": {"instruction": "a", "output": "b"},
    "dolly": {"instruction": "a", "response": "b"},
    "preference": {"prompt": "a", "chosen": "b", "rejected": "c"},
    "prompt_completion": {"prompt": "a", "completion": "b"},
    "question_answer": {"question": "a", "answer": "b"},
    "self_instruct": {"instruction": "a", "instances": [{"input": "", "output": "b"}]},
    "wikihow": {"title": "a", "steps": ["b"]},
    "wildchat": {"conversation": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]},
    "oasst_trees": {"thread": [{"role": "prompter", "text": "a"}, {"role": "assistant", "text": "b"}]},
}


def chat(*turns: Any) -> dict[str, Any]:
    return {"messages": list(turns)}


def turn(role: str, content: Any = "x", **more: Any) -> dict[str, Any]:
    return {"role": role, "content": content, **more}


def sides(chosen: list[Any], rejected: list[Any]) -> dict[str, Any]:
    return {"chosen": chosen, "rejected": rejected}


RECORDS: list[tuple[str, Any, str, str]] = [
    ("alpaca", ["a"], "not_an_object", "a list"),
    ("alpaca", None, "not_an_object", "null"),
    ("alpaca", {"instruction": "a"}, "missing_field", "`output`"),
    ("alpaca", {"instruction": "a", "ouput": "b"}, "missing_field", "did you mean it by `ouput`?"),
    ("alpaca", {"Instruction": "a", "output": "b"}, "missing_field", "did you mean it by `Instruction`?"),
    ("alpaca", {"instruction": "a", "output": None}, "null_field", "`output`"),
    ("alpaca", {"instruction": None, "output": "b"}, "null_field", "`instruction`"),
    ("alpaca", {"instruction": "a", "output": 3}, "wrong_type", "`output` is a number"),
    ("alpaca", {"instruction": "a", "input": ["x"], "output": "b"}, "wrong_type", "`input` is a list"),
    ("alpaca", {"instruction": "a", "input": 0, "output": "b"}, "wrong_type", "`input` is a number"),
    ("alpaca", {"instruction": "a", "output": "b", "_parts": 1}, "reserved_field", "`_parts`"),
    ("alpaca", {"instruction": "a", "output": "b", "_instance": 1}, "reserved_field", "`_instance`"),
    ("dolly", {"instruction": "a", "respnse": "b"}, "missing_field", "`respnse`"),
    ("dolly", {"response": "a"}, "missing_field", "`instruction`"),
    ("preference", {"prompt": "a", "chosen": "b"}, "missing_field", "`rejected`"),
    ("preference", {"prompt": "a", "chosen": "b", "rejectd": "c"}, "missing_field", "did you mean it by `rejectd`?"),
    ("preference", {"prompt": "a", "chosen": "b", "rejected": None}, "null_field", "`rejected`"),
    ("preference", {"prompt": "a", "chosen": 1, "rejected": "c"}, "wrong_type", "`chosen` is a number"),
    ("preference", {"prompt": "a", "chosen": "b", "rejected": [turn("assistant")]}, "wrong_type", "is a list"),
    ("preference", {"prompt": {"a": 1}, "chosen": "b", "rejected": "c"}, "wrong_type", "`prompt` is an object"),
    ("preference", {"chosen": "b", "rejected": "c"}, "missing_field", "`prompt` or `question` or `instruction`"),
    ("preference", {"instruction": "a", "input": 3, "chosen": "b", "rejected": "c"}, "wrong_type", "`input`"),
    ("preference", {"prompt": "a", "system": 3, "chosen": "b", "rejected": "c"}, "wrong_type", "`system`"),
    ("preference", {"prompt": "a", "chosen": "b", "rejected": "c", "_pair": 1}, "reserved_field", "`_pair`"),
    ("preference", {"prompt": "a", "chosen": [], "rejected": []}, "no_response", "is not the assistant's"),
    ("preference", sides([turn("user")], [turn("user"), turn("assistant")]), "no_response", "last of 1"),
    (
        "preference",
        sides([turn("user"), turn("assistant")], [turn("user")]),
        "no_response",
        "The rejected conversation",
    ),
    (
        "preference",
        sides([turn("user", "a"), turn("assistant")], [turn("user", "b"), turn("assistant")]),
        "prompt_differs",
        "part at turn 1",
    ),
    (
        "preference",
        sides([turn("user"), turn("assistant")], [turn("user"), turn("assistant"), turn("user"), turn("assistant")]),
        "prompt_differs",
        "part at turn 3",
    ),
    (
        "preference",
        sides([turn("system"), turn("user"), turn("assistant")], [turn("user"), turn("assistant")]),
        "prompt_differs",
        "part at turn 1",
    ),
    (
        "preference",
        sides([turn("user"), turn("assistant")], [turn("assistant")]),
        "bad_turn_order",
        "`rejected` with an answer",
    ),
    (
        "preference",
        sides([turn("user"), turn("assistant")], [turn("user"), turn("tool"), turn("assistant")]),
        "unsupported_content",
        "The rejected conversation: Turn 2",
    ),
    (
        "preference",
        {"chosen": "\n\nHuman: a\n\nHuman: b\n\nAssistant: c", "rejected": "\n\nHuman: a"},
        "bad_turn_order",
        "Turn 2 of 3",
    ),
    ("prompt_completion", {"prompt": "a"}, "missing_field", "`completion` or `response` or `output`"),
    ("prompt_completion", {"prompt": True, "completion": "x"}, "wrong_type", "true or false"),
    ("prompt_completion", {"prompt": "a", "completion": None, "output": "x"}, "null_field", "`completion`"),
    ("question_answer", {"question": "a", "answer": {"text": ["b"]}}, "wrong_type", "an object"),
    ("question_answer", {"question": "a", "answers": []}, "wrong_type", "a list"),
    ("question_answer", {"question": "a"}, "missing_field", "`answer` or `answers`"),
    ("question_answer", {"answer": "a"}, "missing_field", "`question`"),
    ("self_instruct", {"instruction": "a", "instances": []}, "no_instances", "empty"),
    ("self_instruct", {"instruction": "a", "instances": "b"}, "wrong_type", "not a list"),
    ("self_instruct", {"instruction": "a", "instances": ["b"]}, "wrong_type", "Instance 1 of 1"),
    ("self_instruct", {"instruction": "a", "instances": [{"output": "x", "input": 4}]}, "wrong_type", "`input`"),
    ("self_instruct", {"instances": [{"output": "x"}]}, "missing_field", "`instruction`"),
    ("messages", {"messages": "x"}, "wrong_type", "not a list"),
    ("messages", chat(), "no_messages", "no turns"),
    ("messages", chat("x"), "wrong_type", "Turn 1"),
    ("messages", chat(turn("user")), "no_response", "last of 1"),
    ("messages", chat(turn("system")), "no_response", "last of 1"),
    ("messages", chat(turn("assistant"), turn("user")), "bad_turn_order", "Turn 1 of 2"),
    ("messages", chat(turn("user"), turn("user"), turn("assistant")), "bad_turn_order", "Turn 2 of 3"),
    ("messages", chat(turn("user"), turn("system"), turn("assistant")), "bad_turn_order", "Turn 2 of 3"),
    ("messages", chat(turn("system"), turn("system"), turn("user"), turn("assistant")), "bad_turn_order", "Turn 2"),
    ("messages", chat(turn("system"), turn("assistant")), "bad_turn_order", "Turn 2"),
    ("messages", chat(turn("usr"), turn("assistant")), "unknown_role", "did you mean `user`?"),
    ("messages", chat(turn("tool"), turn("assistant")), "unsupported_content", "`tool`"),
    ("messages", chat(turn("owner"), turn("assistant")), "unknown_role", "`owner`"),
    ("messages", chat({"content": "x"}, turn("assistant")), "missing_field", "`role`"),
    ("messages", chat({"role": ["user"], "content": "x"}, turn("assistant")), "wrong_type", "`role` is a list"),
    ("messages", chat({"role": "user", "contnt": "x"}, turn("assistant")), "missing_field", "`contnt`"),
    ("messages", chat({"role": "user"}, turn("assistant")), "missing_field", "`content`"),
    ("messages", chat(turn("user", None), turn("assistant")), "null_field", "`content`"),
    ("messages", chat(turn("user", 3), turn("assistant")), "wrong_type", "`content` is a number"),
    ("messages", chat(turn("user", [{"type": "image_url"}]), turn("assistant")), "unsupported_content", "`image_url`"),
    ("messages", chat(turn("user", name="Ann"), turn("assistant")), "unsupported_content", "`name`"),
    ("messages", chat(turn("user"), turn("assistant", None, tool_calls=[1])), "unsupported_content", "`tool_calls`"),
    ("sharegpt", {"conversations": [{"from": "moon", "value": "x"}]}, "unknown_role", "`moon`"),
    ("sharegpt", {"conversation": []}, "missing_field", "`conversation`"),
    ("wikihow", {"title": "a", "steps": 3}, "wrong_type", "`steps` is a number"),
    ("wildchat", {"conversations": []}, "missing_field", "`conversations`"),
    ("oasst_trees", {"prompt": {"text": "x", "replies": []}}, "missing_field", "`role`"),
]

#: Lines that never become records, with their reasons.
LINES: list[tuple[bytes, str]] = [
    (b'{"instruction": "\xff\xfe", "output": "b"}', "invalid_utf8"),
    (b'{"instruction": "a", "output": "b"', "malformed_json"),
    (b'{"instruction": "a", "output": "b"} {}', "malformed_json"),
    (b'{"instruction": "a", "output": "b", "output": "c"}', "duplicate_key"),
    (b'{"instruction": "a", "output": "b", "x": NaN}', "not_finite"),
    (b'{"instruction": "a", "output": "b", "x": -1e400}', "number_out_of_range"),
    (b'{"instruction": "\\ud800", "output": "b"}', "lone_surrogate"),
    (b'{"instruction": "a", "output": "b", "x": ' + b"[" * 200 + b"]" * 200 + b"}", "too_deep"),
]


@pytest.mark.parametrize(("form", "record", "reason", "part"), RECORDS)
def test_records(form: str, record: Any, reason: str, part: str, read_file: Any) -> None:
    before = json.dumps(GOOD[form]).encode() + b"\n\n"
    raw = json.dumps(record).encode()
    whole = read_file(before + raw + b"\n" + before, form=form)
    (reject,) = whole.rejects
    assert (reject.reason, reject.line, reject.offset) == (reason, 3, len(before))
    assert part in reject.detail
    assert (reject.raw, reject.sha256) == (raw.decode(), hashlib.sha256(raw).hexdigest())
    assert (reject.escaped, reject.truncated) == (False, False)
    assert whole.frame["line"].to_list() == [1, 4]
    assert (whole.lines, whole.blank) == (5, 2)


@pytest.mark.parametrize(
    ("container", "raw", "reason"),
    [("jsonl", *case) for case in LINES]
    # In an array nothing after a malformed element can be told apart: see test_array_that_breaks.
    + [("json", *case) for case in LINES if case[1] != "malformed_json"],
)
def test_lines(container: str, raw: bytes, reason: str, read_file: Any) -> None:
    good = '{"instruction": "é", "output": "b"}'.encode()
    if container == "jsonl":
        before, data = good + b"\n", good + b"\n" + raw + b"\n" + good
    else:
        before, data = b"[\n  " + good + b",\n\t", b"[\n  " + good + b",\n\t" + raw + b" , " + good + b"]"
    whole = read_file(data, f"a.{container}")
    (reject,) = whole.rejects
    assert (reject.reason, reject.line, reject.offset) == (reason, 2, len(before))
    assert reject.sha256 == hashlib.sha256(raw).hexdigest()
    assert whole.frame["line"].to_list() == [1, 3]


@pytest.mark.parametrize(
    ("tail", "reason"),
    [
        (b', {"instruction": "a" "b"}, {"x": 1}]', "malformed_json"),
        (b', {"instruction": "a", "out', "malformed_json"),
        (b' {"instruction": "a", "output": "b"}]', "malformed_json"),
        (b",]", "malformed_json"),
        (b"", "malformed_json"),
        (b"] []", "trailing_data"),
        (b', {"a":' + b"[" * 100_000 + b"]}]", "too_deep"),
    ],
)
def test_array_that_breaks(tail: bytes, reason: str, read_file: Any) -> None:
    head = '[{"instruction": "ü", "output": "b"}, {"instruction": "c", "output": "d"}'.encode()
    whole = read_file(head + tail, "a.json")
    assert whole.frame["response"].to_list() == ["b", "d"]
    (reject,) = whole.rejects
    rest = tail.lstrip(b", ") if tail[:2] == b", " else tail[1:] if tail[:1] in b", " else tail[2:]
    assert (reject.reason, reject.line) == (reason, 3)
    assert reject.offset == len(head + tail) - len(rest)
    assert reject.sha256 == hashlib.sha256(rest).hexdigest()
    assert whole.lines == 3


@pytest.mark.parametrize("tail", [b', "b": [1, 2', b', "b" 3}', b", 3: 4}", b', "b": {"c": 1, "c": 2}}', b" x"])
def test_object_that_breaks_after_its_list(tail: bytes, read_file: Any) -> None:
    whole = read_file(b'{"data": [{"prompt": "a", "completion": "b"}]' + tail, "a.json")
    assert whole.frame["response"].to_list() == ["b"]
    (reject,) = whole.rejects
    assert reject.reason in {"malformed_json", "duplicate_key"}
    assert reject.offset > 44


CSV_HEAD = "prompt,completion,x\nä,b,1\n".encode()


@pytest.mark.parametrize(
    ("row", "reason", "rows_after"),
    [
        (b"a,b", "wrong_field_count", 1),
        (b"a,b,c,d", "wrong_field_count", 1),
        (b"a,\xff,c", "invalid_utf8", 1),
        (b'a,"b"c,d', "malformed_csv", 1),
        (b'a,"never closed', "malformed_csv", 0),
    ],
)
def test_csv_rows(row: bytes, reason: str, rows_after: int, read_file: Any) -> None:
    whole = read_file(CSV_HEAD + row + b"\np,q,r\n", "a.csv")
    (reject,) = whole.rejects
    assert (reject.reason, reject.line, reject.offset) == (reason, 2, len(CSV_HEAD))
    assert whole.frame.height == 1 + rows_after
    assert reject.raw.startswith("a,")


UNPACKERS: dict[str, Callable[[], Any]] = {
    "gz": lambda: zlib.decompressobj(31),
    "zst": lambda: zstandard.ZstdDecompressor().decompressobj(),
    "bz2": bz2.BZ2Decompressor,
    "xz": lzma.LZMADecompressor,
}
COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "zst": zstandard.ZstdCompressor().compress,
    "bz2": bz2.compress,
    "xz": lambda data: lzma.compress(data, preset=0),
}


@pytest.mark.parametrize("packing", sorted(COMPRESSORS))
@pytest.mark.parametrize("container", ["jsonl", "json", "csv"])
def test_cut_off_stream(container: str, packing: str, tmp_path: Path, pack: Any) -> None:
    import random

    noise = random.Random(5)
    records = [{"prompt": f"p{i}", "completion": noise.randbytes(2000).hex()} for i in range(400)]
    data = pack(records, container)
    path = tmp_path / f"a.{container}.{packing}"
    whole = COMPRESSORS[packing](data)
    cut = whole[: len(whole) * 2 // 3]
    path.write_bytes(cut)
    there = UNPACKERS[packing]().decompress(cut)
    (file,) = discover([str(path)]).files
    batches = list(read(file))
    rows = [text for batch in batches for text in batch.frame["instruction"]]
    rejects = [reject for batch in batches for reject in batch.rejects]
    assert 0 < len(rows) < 400
    if container == "jsonl":
        assert len(rows) == there.count(b"\n")
        assert rejects[0].sha256 == hashlib.sha256(there.rpartition(b"\n")[2]).hexdigest()
    assert rows == [f"p{i}" for i in range(len(rows))]
    assert [(reject.reason, reject.line) for reject in rejects] == [("corrupt_stream", len(rows) + 1)]
    assert sum(batch.lines for batch in batches) == len(rows) + 1
    raw = rejects[0].raw.encode()
    assert data[rejects[0].offset :].startswith(raw)


def test_damaged_parquet_is_unknown(tmp_path: Path, pack: Any) -> None:
    from curate.errors import InputError

    path = tmp_path / "a.parquet"
    path.write_bytes(pack([GOOD["alpaca"]], "parquet")[:-20])
    with pytest.raises(InputError, match=r"a\.parquet: .*The Parquet file is damaged"):
        discover([str(path)])


def test_parquet_rejects_have_no_offset(read_file: Any, pack: Any) -> None:
    whole = read_file(pack([{"prompt": "a", "completion": "b"}, {"prompt": "c", "completion": None}], "parquet"), "a")
    (reject,) = whole.rejects
    assert (reject.line, reject.offset, reject.reason) == (2, -1, "null_field")
    assert json.loads(reject.raw) == {"prompt": "c", "completion": None}
    assert reject.sha256 == hashlib.sha256(reject.raw.encode()).hexdigest()


def test_one_bad_instance_of_several(read_file: Any) -> None:
    record = {
        "instruction": "a",
        "instances": [{"input": "", "output": "1"}, {"input": "x"}, {"input": "y", "output": "2"}],
    }
    whole = read_file(json.dumps(record).encode(), form="self_instruct")
    assert whole.frame["response"].to_list() == ["1", "2"]
    assert whole.frame["line"].to_list() == [1, 1]
    assert [reject.detail[:16] for reject in whole.rejects] == ["Instance 2 of 3:"]
    assert (whole.lines, whole.expanded) == (1, 2)


def test_empty_texts_are_no_rejects(read_file: Any) -> None:
    whole = read_file(b'{"instruction": "", "output": ""}')
    assert (whole.frame["instruction"][0], whole.frame["response"][0], whole.rejects) == ("", "", [])


def test_null_extras_of_a_turn_are_nothing(read_file: Any) -> None:
    record = chat(turn("user", name=None, tool_calls=None), turn("assistant", "y"))
    assert read_file(json.dumps(record).encode()).frame["response"].to_list() == ["y"]


@pytest.mark.parametrize("end", ["é", "😀", "x"])
def test_a_long_raw_is_cut_between_characters(end: str, read_file: Any) -> None:
    for shift in range(4):
        raw = ("[" + "x" * (RAW_BYTES - 5 + shift) + end * 3).encode()
        (reject,) = read_file(json.dumps(GOOD["alpaca"]).encode() + b"\n" + raw).rejects
        assert reject.truncated == (len(raw) > RAW_BYTES)
        assert raw.decode().startswith(reject.raw)
        assert RAW_BYTES - 4 < len(reject.raw.encode()) <= RAW_BYTES
        assert not reject.escaped


def test_names_out_of_records_cannot_steer_a_terminal(read_file: Any) -> None:
    record = chat(turn("user\u001b[31m"), turn("assistant"))
    (reject,) = read_file(json.dumps(record).encode()).rejects
    assert "\x1b" not in reject.detail
    assert "\\x1b" in reject.detail


def test_every_reason_is_given_somewhere() -> None:
    given = {reason for *_, reason, _ in RECORDS} | {reason for _, reason in LINES}
    given |= {"malformed_csv", "wrong_field_count", "trailing_data", "corrupt_stream", "record_too_long"}
    given |= {"id_collision", "too_many_paths"}  # test_oasst.py
    given |= {"malformed_xml", "duplicate_id"}  # of XML dumps: test_stackexchange.py
    given |= {"expands_too_far"}  # test_bad_input.py
    given |= {"unknown_format"}  # a file that was empty when it was found; its size is checked before
    given |= {"unknown_label", "text_too_long"}  # of templates: test_task_table.py
    assert given == set(REJECT_REASONS)
    assert all(sentence.endswith(".") for sentence in REJECT_REASONS.values())
    assert {form for form, *_ in RECORDS} == set(FORMATS) - {"task_table"}
