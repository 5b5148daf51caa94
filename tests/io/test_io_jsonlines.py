"""Every line of a JSONL file has exactly one fate, whatever its bytes and however they arrive."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from curate.io import InputFile, read
from curate.io.formats import FORMATS
from curate.io.model import RAW_BYTES, RecordError
from curate.io.records import JsonLines
from curate.io.strictjson import loads

GOOD = '{"instruction": "Grüße \\u00fc", "input": "", "output": "a\u2028b\u0085c", "n": 1}'.encode()
SEEDS = [
    GOOD,
    b'{"instruction": "x", "output": null}',
    b'{"instruction": "x"}',
    b"[1, 2]",
    b"null",
    b"",
    b" \t\r",
    b'{"instruction": "a", "instruction": "b", "output": "c"}',
    b'{"instruction": "\\ud800", "output": "c"}',
    b'{"instruction": "\xff", "output": "c"}',
    b'\xef\xbb\xbf{"instruction": "bom", "output": "c"}',
]

mutations = st.tuples(
    st.sampled_from(["insert", "delete", "replace"]),
    st.integers(0, 500),
    st.sampled_from(
        [b"\n", b"\r\n", b'"', b"\\", b"{", b"}", b"\xff", b"\xc3", b"\xe2\x80\xa8", b"\x00", b",", b"x", b"\x1e"]
    ),
)


@st.composite
def files(draw: Any) -> bytes:
    data = bytearray(b"\n".join(draw(st.lists(st.sampled_from(SEEDS), max_size=6))))
    for kind, at, piece in draw(st.lists(mutations, max_size=5)):
        place = at % (len(data) + 1)
        if kind == "insert":
            data[place:place] = piece
        elif kind == "delete":
            del data[place : place + len(piece)]
        else:
            data[place : place + len(piece)] = piece
    return bytes(data)


def fate(raw: bytes, number: int) -> str:
    """What must become of one line, worked out on its own."""
    if number == 1:
        raw = raw.removeprefix(b"\xef\xbb\xbf")
    if not raw.strip():
        return "blank"
    try:
        text = raw.decode("utf-8")
        value = loads(text[1:] if text[0] in "\ufeff\x1e" else text)
        if not isinstance(value, dict):
            return "reject"
        FORMATS["alpaca"].convert(value)
    except (ValueError, RecordError):
        return "reject"
    return "row"


def input_file(path: Path) -> InputFile:
    return InputFile("f", path, "f", "jsonl", None, "alpaca", path.stat().st_size, "", "")


@settings(max_examples=300, deadline=None)
@given(files())
@example(b"\xef\xbb\xbf\n" + GOOD)
@example(b"\xef\xbb\xbf")
@example(b"\n\n")
@example(GOOD + b"\n" + GOOD)
def test_every_line_has_one_fate(tmp_path_factory: Any, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "mutated.jsonl"
    path.write_bytes(data)
    raws = data.split(b"\n")
    if not raws[-1]:
        raws.pop()
    expected = {number: fate(raw, number) for number, raw in enumerate(raws, 1)}
    starts = [sum(len(raw) + 1 for raw in raws[:i]) for i in range(len(raws))]
    batches = list(read(input_file(path), batch_rows=2))
    assert sum(batch.lines for batch in batches) == len(raws)
    assert sum(batch.blank for batch in batches) == list(expected.values()).count("blank")
    rows = [line for batch in batches for line in batch.frame["line"]]
    rejects = [reject for batch in batches for reject in batch.rejects]
    assert rows == [number for number, what in expected.items() if what == "row"]
    assert [reject.line for reject in rejects] == [number for number, what in expected.items() if what == "reject"]
    for batch in batches:
        assert batch.lines == batch.blank + len(batch.rejects) + batch.frame.height
    for reject in rejects:
        mark = 3 if reject.line == 1 and data.startswith(b"\xef\xbb\xbf") else 0
        assert reject.offset == starts[reject.line - 1] + mark
        assert unescape(reject.raw, escaped=reject.escaped) == raws[reject.line - 1][mark:]


def unescape(raw: str, *, escaped: bool) -> bytes:
    """The bytes that `Reject.raw` stands for, by the rule in its docstring."""
    if not escaped:
        return raw.encode()
    out = bytearray()
    at = 0
    while at < len(raw):
        if raw.startswith("\\\\", at):
            out += b"\\"
            at += 2
        elif raw.startswith("\\x", at):
            out.append(int(raw[at + 2 : at + 4], 16))
            at += 4
        else:
            out += raw[at].encode()
            at += 1
    return bytes(out)


@settings(deadline=None)
@given(files(), st.integers(1, 40))
def test_the_size_of_pieces_does_not_matter(data: bytes, size: int) -> None:
    def trace(pieces: Iterator[bytes]) -> list[Any]:
        lines = JsonLines(pieces)
        seen: list[Any] = []
        for value in lines:
            what = (value.reason, value.detail) if isinstance(value, RecordError) else value
            seen.append((what, lines.line, lines.raw()))
        return [*seen, lines.line, lines.blank, lines.taken]

    whole = trace(iter([data] if data else []))
    cut = trace(data[at : at + size] for at in range(0, len(data), size))
    # `taken` counts what was read; its last line end may not be there.
    assert cut[:-1] == whole[:-1]


def test_a_line_too_long_is_not_held() -> None:
    import hashlib

    long = b'{"a": "' + b"x" * 20_000 + b'"}'
    data = b'{"a": 1}\n' + long + b'\n{"a": 2}\n' + long
    lines = JsonLines((data[at : at + 1000] for at in range(0, len(data), 1000)), 5000)
    seen = []
    for value in lines:
        raw = lines.raw()
        seen.append((lines.line, raw.offset, value.reason if isinstance(value, RecordError) else value))
        if isinstance(value, RecordError):
            reject = raw.reject("f", lines.line, value)
            assert reject.raw == long[:RAW_BYTES].decode()
            assert reject.truncated
            assert reject.sha256 == hashlib.sha256(long).hexdigest()
    assert seen == [
        (1, 0, {"a": 1}),
        (2, 9, "record_too_long"),
        (3, 9 + len(long) + 1, {"a": 2}),
        (4, 9 + len(long) + 1 + 9, "record_too_long"),
    ]


def test_memory_does_not_grow_with_the_file() -> None:
    import tracemalloc

    line = json.dumps({"prompt": "p" * 1000, "completion": "c" * 1000}).encode() + b"\n"
    piece = line * 500  # 1 MB

    def peak(count: int) -> int:
        tracemalloc.start()
        for _ in JsonLines(piece for _ in range(count)):
            pass
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    assert peak(20) < peak(4) * 1.5
