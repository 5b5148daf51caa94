"""Bad input, row by row: what is quarantined, what is read unchanged, and what is refused with one message."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import json
import lzma
import os
import socket
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import zstandard

from curate.errors import InputError
from curate.io import InputFile, ReadOptions, Reject, discover, read
from curate.io.model import MAX_RECORD_BYTES, RAW_BYTES
from curate.io.streams import RATIO_AFTER
from tests.runs import assert_fails, curate, process


def record(number: int, **more: Any) -> dict[str, Any]:
    return {"instruction": f"Question {number}, ünïcode?", "output": f"Answer {number}: a sentence or two.", **more}


def line(number: int, **more: Any) -> bytes:
    return json.dumps(record(number, **more), ensure_ascii=False).encode() + b"\n"


def turns(*pairs: tuple[str, Any]) -> bytes:
    return json.dumps({"messages": [{"role": role, "content": content} for role, content in pairs]}).encode()


class Outcome:
    """What became of a file: its rows in order, and its rejects."""

    def __init__(self, file: InputFile, options: ReadOptions | None = None) -> None:
        self.file = file
        batches = list(read(file, options, batch_rows=7))
        self.frame = pl.concat([batch.frame for batch in batches])
        self.rejects: list[Reject] = [reject for batch in batches for reject in batch.rejects]
        self.blank = sum(batch.blank for batch in batches)
        self.lines = sum(batch.lines for batch in batches)
        assert self.lines == self.blank + len(self.rejects) + self.frame.height
        assert {reject.file for reject in self.rejects} <= {file.name}

    @property
    def answers(self) -> list[str]:
        return self.frame["response"].to_list()

    @property
    def reasons(self) -> list[tuple[int, str]]:
        return [(reject.line, reject.reason) for reject in self.rejects]


@pytest.fixture
def outcome(tmp_path: Path) -> Callable[..., Outcome]:
    def of(
        data: bytes, name: str = "data.jsonl", options: ReadOptions | None = None, form: str | None = None
    ) -> Outcome:
        path = tmp_path / name
        path.write_bytes(data)
        (file,) = discover([str(path)], format=form).files
        return Outcome(file, options)

    return of


def answers(*numbers: int) -> list[str]:
    return [f"Answer {number}: a sentence or two." for number in numbers]


# A bad line among good ones

DEEP = b'{"instruction": "a", "output": "b", "x": '
LINES: dict[str, tuple[bytes, str]] = {
    "malformed": (b'{"instruction": "a" "output": "b"}', "malformed_json"),
    "single quotes": (b"{'instruction': 'a', 'output': 'b'}", "malformed_json"),
    "trailing comma": (b'{"instruction": "a", "output": "b",}', "malformed_json"),
    "cut": (b'{"instruction": "a", "outp', "malformed_json"),
    "no JSON": (b"plain words", "malformed_json"),
    "latin-1": ("{'instruction': 'é'}".replace("'", '"').encode("latin-1"), "invalid_utf8"),
    "overlong UTF-8": (b'{"instruction": "\xc0\xaf", "output": "b"}', "invalid_utf8"),
    "overlong UTF-8, three bytes": (b'{"instruction": "\xe0\x80\xaf", "output": "b"}', "invalid_utf8"),
    "a surrogate in UTF-8": (b'{"instruction": "\xed\xa0\x80", "output": "b"}', "invalid_utf8"),
    "UTF-8 beyond Unicode": (b'{"instruction": "\xf4\x90\x80\x80", "output": "b"}', "invalid_utf8"),
    "half a character": (b'{"instruction": "a", "output": "\xc3"}', "invalid_utf8"),
    "NUL in a text": (b'{"instruction": "a\x00b", "output": "b"}', "malformed_json"),
    "NUL before": (b"\x00" * 40 + b'{"instruction": "a", "output": "b"}', "malformed_json"),
    "only NUL": (b"\x00" * 40, "malformed_json"),
    "a tab in a text": (b'{"instruction": "a\tb", "output": "b"}', "malformed_json"),
    "lone high surrogate": (b'{"instruction": "\\ud800 x", "output": "b"}', "lone_surrogate"),
    "lone low surrogate": (b'{"instruction": "\\udc00", "output": "b"}', "lone_surrogate"),
    "lone surrogate in a key": (b'{"instruction": "a", "output": "b", "\\ud83d": 1}', "lone_surrogate"),
    "two objects": (b'{"instruction": "a", "output": "b"}{"instruction": "c", "output": "d"}', "malformed_json"),
    "two objects, a space": (
        b'{"instruction": "a", "output": "b"} {"instruction": "c", "output": "d"}',
        "malformed_json",
    ),
    "two objects, a comma": (
        b'{"instruction": "a", "output": "b"},{"instruction": "c", "output": "d"}',
        "malformed_json",
    ),
    "a list": (b'["instruction", "output"]', "not_an_object"),
    "a list of an object": (b'[{"instruction": "a", "output": "b"}]', "not_an_object"),
    "a number": (b"17", "not_an_object"),
    "a text": (b'"instruction"', "not_an_object"),
    "null": (b"null", "not_an_object"),
    "duplicate key": (b'{"instruction": "a", "output": "b", "output": "c"}', "duplicate_key"),
    "duplicate key, the same value": (b'{"instruction": "a", "output": "b", "output": "b"}', "duplicate_key"),
    "duplicate key, escaped": (b'{"instruction": "a", "output": "b", "outp\\u0075t": "c"}', "duplicate_key"),
    "duplicate key, deep": (b'{"instruction": "a", "output": "b", "x": [{"y": 1, "y": 2}]}', "duplicate_key"),
    "NaN": (b'{"instruction": "a", "output": "b", "x": NaN}', "not_finite"),
    "-Infinity": (b'{"instruction": "a", "output": "b", "x": [-Infinity]}', "not_finite"),
    "1e999": (b'{"instruction": "a", "output": "b", "x": 1e999}', "number_out_of_range"),
    "-1e999, deep": (b'{"instruction": "a", "output": "b", "x": {"y": [-1e999]}}', "number_out_of_range"),
    "5,000 digits": (b'{"instruction": "a", "output": "b", "x": ' + b"7" * 5000 + b"}", "number_out_of_range"),
    "129 levels": (DEEP + b"[" * 128 + b"]" * 128 + b"}", "too_deep"),
    "129 levels of objects": (DEEP + b'{"k":' * 128 + b"1" + b"}" * 129, "too_deep"),
    "100,000 levels": (DEEP + b"[" * 100_000 + b"]" * 100_000 + b"}", "too_deep"),
    "100,000 levels, never closed": (DEEP + b"[" * 100_000, "too_deep"),
    "missing field": (b'{"instruction": "a"}', "missing_field"),
    "misspelt field": (b'{"instruction": "a", "outptu": "b"}', "missing_field"),
    "null field": (b'{"instruction": null, "output": "b"}', "null_field"),
    "number for text": (b'{"instruction": "a", "output": 7}', "wrong_type"),
    "list for text": (b'{"instruction": "a", "output": ["b"]}', "wrong_type"),
}


@pytest.mark.parametrize("what", LINES)
@pytest.mark.parametrize("place", ["between", "last", "first"])
def test_a_bad_line_costs_itself_only(what: str, place: str, outcome: Callable[..., Outcome]) -> None:
    bad, reason = LINES[what]
    before = b"" if place == "first" else line(1) + b"\n" + line(2)
    after = b"" if place == "last" else line(3) + line(4)
    seen = outcome(before + bad + (b"\n" if after else b"") + after)
    (reject,) = seen.rejects
    at = before.count(b"\n") + 1
    assert (reject.line, reject.offset, reject.reason) == (at, len(before), reason)
    assert reject.sha256 == hashlib.sha256(bad).hexdigest()
    assert not reject.rest
    assert "\ufffd" not in reject.raw + reject.detail
    assert reject.truncated == (len(bad) > RAW_BYTES)
    assert seen.answers == answers(*([] if place == "first" else [1, 2]), *([] if place == "last" else [3, 4]))
    assert seen.frame["instruction"].str.contains("ünïcode").all()


def test_a_misspelt_field_is_named(outcome: Callable[..., Outcome]) -> None:
    (reject,) = outcome(line(1) + b'{"instruction": "a", "outptu": "b"}\n').rejects
    assert "`output`" in reject.detail
    assert "did you mean it by `outptu`?" in reject.detail


U, A = "user", "assistant"
CHATS: dict[str, tuple[bytes, str]] = {
    "answer first": (turns((A, "x"), (U, "y")), "bad_turn_order"),
    "two questions": (turns((U, "x"), (U, "y"), (A, "z")), "bad_turn_order"),
    "system in the middle": (turns((U, "x"), ("system", "y"), (A, "z")), "bad_turn_order"),
    "no answer": (turns((U, "x")), "no_response"),
    "no turns": (turns(), "no_messages"),
    "unknown role": (turns(("oracle", "x"), (A, "y")), "unknown_role"),
    "misspelt role": (turns(("usr", "x"), (A, "y")), "unknown_role"),
    "null content": (turns((U, None), (A, "y")), "null_field"),
    "an image": (turns((U, [{"type": "image_url", "image_url": {"url": "x"}}]), (A, "y")), "unsupported_content"),
}


@pytest.mark.parametrize("what", CHATS)
def test_a_bad_chat_costs_itself_only(what: str, outcome: Callable[..., Outcome]) -> None:
    bad, reason = CHATS[what]
    good = turns((U, "Who?"), (A, "Ann."))
    seen = outcome(good + b"\n" + bad + b"\n" + good)
    assert seen.reasons == [(2, reason)]
    assert seen.rejects[0].offset == len(good) + 1
    assert seen.answers == ["Ann."] * 2


# Longer than the limit


@pytest.mark.parametrize("container", ["jsonl", "json", "csv", "parquet"])
def test_a_record_beyond_the_limit(container: str, tmp_path: Path, pack: Callable[..., bytes]) -> None:
    limit = 5000
    records = [record(1), record(2), record(3, note="x" * 20_000), record(4), record(5, note="y" * 30_000)]
    for one in records:
        one.setdefault("note", "")
    path = tmp_path / f"a.{container}"
    data = pack(records, container)
    path.write_bytes(data)
    (file,) = discover([str(path)]).files
    seen = Outcome(file, ReadOptions(max_record_bytes=limit))
    assert seen.reasons == [(3, "record_too_long"), (5, "record_too_long")]
    assert seen.answers == answers(1, 2, 4)
    for reject in seen.rejects:
        assert reject.truncated
        assert not reject.rest
        if container != "parquet":
            assert data[reject.offset :].startswith(reject.raw.encode())
            assert len(reject.raw.encode()) > RAW_BYTES - 4
    assert Outcome(file).reasons == []


@pytest.mark.parametrize("container", ["jsonl", "json"])
def test_the_hash_of_a_long_record_is_of_all_of_it(container: str, tmp_path: Path) -> None:
    long = line(2, note="z" * 3_000_000)[:-1]
    data = {"jsonl": line(1) + long + b"\n" + line(3), "json": b"[" + line(1) + b"," + long + b"," + line(3) + b"]"}
    path = tmp_path / f"a.{container}"
    path.write_bytes(data[container])
    (file,) = discover([str(path)]).files
    seen = Outcome(file, ReadOptions(max_record_bytes=1_000_000))
    (reject,) = seen.rejects
    assert reject.sha256 == hashlib.sha256(long).hexdigest()
    assert reject.offset == data[container].index(long)
    assert seen.answers == answers(1, 3)


def test_the_limit_is_8_mib_and_exact(outcome: Callable[..., Outcome]) -> None:
    assert MAX_RECORD_BYTES == 8 * 1024 * 1024 == ReadOptions().max_record_bytes
    empty = len(line(2, note="")) - 1
    just = line(2, note="x" * (MAX_RECORD_BYTES - empty))
    assert len(just) == MAX_RECORD_BYTES + 1  # with its line end
    assert outcome(line(1) + just + line(3)).answers == answers(1, 2, 3)
    seen = outcome(line(1) + just.replace(b"xx", b"xxx", 1) + line(3))
    assert (seen.answers, seen.reasons) == (answers(1, 3), [(2, "record_too_long")])


def test_a_quoted_row_beyond_the_limit_is_one_row(outcome: Callable[..., Outcome]) -> None:
    # Its text looks like rows; none of it may be taken for one.
    text = "\n".join(["fake question,fake answer"] * 400) + ' and a ""quoted"" word\nfake,row'
    data = f'instruction,output\nq1,a1\n"{text}",a2\nq3,a3\n'.encode()
    seen = outcome(data, "a.csv", ReadOptions(max_record_bytes=2000))
    assert seen.answers == ["a1", "a3"]
    assert seen.reasons == [(2, "record_too_long")]
    row = data[data.index(b'"fake') : data.index(b"q3")]
    assert seen.rejects[0].sha256 == hashlib.sha256(row).hexdigest()


# Compressed data

PACK: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstandard.ZstdCompressor(write_checksum=True).compress,
}
UNPACK: dict[str, Callable[[], Any]] = {
    "gz": lambda: zlib.decompressobj(31),
    "bz2": bz2.BZ2Decompressor,
    "xz": lzma.LZMADecompressor,
    "zst": lambda: zstandard.ZstdDecompressor().decompressobj(),
}


def noisy(count: int) -> bytes:
    return b"".join(line(i, noise=hashlib.sha256(b"%d" % i).hexdigest() * 20) for i in range(count))


@pytest.mark.parametrize("packing", PACK)
@pytest.mark.parametrize("share", [0.4, 0.9, 0.999])
def test_a_truncated_file_gives_its_complete_lines(packing: str, share: float, outcome: Callable[..., Outcome]) -> None:
    packed = PACK[packing](noisy(3000))
    cut = packed[: int(len(packed) * share)]
    there = UNPACK[packing]().decompress(cut)
    complete = there.count(b"\n")
    assert complete > 10
    seen = outcome(cut, f"a.jsonl.{packing}")
    assert seen.answers == answers(*range(complete))
    (reject,) = seen.rejects
    assert (reject.reason, reject.line, reject.rest) == ("corrupt_stream", complete + 1, True)
    assert reject.offset == there.rindex(b"\n") + 1
    assert reject.sha256 == hashlib.sha256(there.rpartition(b"\n")[2]).hexdigest()


@pytest.mark.parametrize("packing", PACK)
def test_what_follows_compressed_data_is_told(packing: str, outcome: Callable[..., Outcome]) -> None:
    data = line(1) + line(2)
    for rubbish in (b"rubbish after the end", b"\n", b"\x00\x00\x00x"):
        seen = outcome(PACK[packing](data) + rubbish, f"a.jsonl.{packing}")
        assert seen.answers == answers(1, 2)
        assert seen.reasons == [(3, "corrupt_stream")]
        assert (seen.rejects[0].offset, seen.rejects[0].rest) == (len(data), True)


def test_zero_bytes_after_gzip_are_padding(outcome: Callable[..., Outcome]) -> None:
    seen = outcome(gzip.compress(line(1)) + bytes(700_000), "a.jsonl.gz")
    assert (seen.answers, seen.rejects) == (answers(1), [])


def test_damage_in_the_middle_keeps_every_line_before_it(outcome: Callable[..., Outcome]) -> None:
    """Bytes that no deflate stream can have: what stands before them is read, to the last line."""
    data = noisy(800)
    packer = zlib.compressobj(wbits=31)
    packed = packer.compress(data[: len(data) // 2]) + packer.flush(zlib.Z_FULL_FLUSH) + b"\x07" * 100
    seen = outcome(packed, "a.jsonl.gz")
    complete = data[: len(data) // 2].count(b"\n")
    assert seen.answers == answers(*range(complete))
    assert seen.reasons == [(complete + 1, "corrupt_stream")]


@pytest.mark.parametrize("packing", ["gz", "xz"])
def test_a_bomb_is_not_unpacked(packing: str, outcome: Callable[..., Outcome], tmp_path: Path) -> None:
    size = RATIO_AFTER * 3
    path = tmp_path / f"a.jsonl.{packing}"
    opener: Any = gzip.open if packing == "gz" else lzma.open
    with opener(path, "wb") as stream:
        stream.write(line(1) + line(2))
        for _ in range(size // 2**20):
            stream.write(b" " * 2**20)
        stream.write(b"\n" + line(3))
    (file,) = discover([str(path)]).files
    seen = Outcome(file)
    assert seen.answers == answers(1, 2)
    assert seen.reasons == [(3, "expands_too_far")]
    assert seen.rejects[0].rest
    assert "200 times" in seen.rejects[0].detail


def test_much_repetition_is_no_bomb(outcome: Callable[..., Outcome]) -> None:
    """100,000 identical records pack 250 times, but are less than what is looked at."""
    data = line(1) * 100_000
    packed = gzip.compress(data)
    assert len(data) > 200 * len(packed)
    assert outcome(packed, "a.jsonl.gz").frame.height == 100_000


# JSON arrays

ARRAYS: dict[str, tuple[str, str, str]] = {
    "one per line": ("[\n", ",\n", "\n]\n"),
    "one per line, indented": ("[\n  ", ",\n  ", "\n]"),
    "one per line, CRLF": ("[\r\n ", ",\r\n ", "\r\n]\r\n"),
    "in an object": ('{"version": 1,\n "data": [\n', ",\n", "\n]}"),
}
BROKEN = {
    "no comma": '{"instruction": "a" "output": "b"}',
    "no closing quote": '{"instruction": "a", "output": "b}',
    "a quote too many": '{"instruction": "a "quoted" word", "output": "b"}',
    "no closing brace": '{"instruction": "a", "output": "b"',
    "a line end in a text": '{"instruction": "a\nand {so on", "output": "b"}',
    "rubbish": "{]",
    "words": "no JSON at all",
    "a bracket too many": '{"instruction": "a", "output": ["b"}',
}


@pytest.mark.parametrize("layout", ARRAYS)
@pytest.mark.parametrize("what", BROKEN)
def test_an_array_goes_on_at_the_next_line(what: str, layout: str, outcome: Callable[..., Outcome]) -> None:
    start, between, end = ARRAYS[layout]
    good = [line(i)[:-1].decode() for i in range(6)]
    for place in (1, 3):
        elements = [*good[:place], BROKEN[what], *good[place:]]
        data = (start + between.join(elements) + end).encode()
        seen = outcome(data, "a.json")
        assert seen.answers == answers(*range(6)), place
        assert seen.reasons == [(place + 1, "malformed_json")]
        (reject,) = seen.rejects
        bad = BROKEN[what].encode()
        assert (reject.offset, reject.raw.encode(), reject.rest) == (data.index(bad), bad, False)


@pytest.mark.parametrize("what", ["no comma", "no closing quote", "a quote too many", "a line end in a text"])
@pytest.mark.parametrize("indent", [1, 2, "\t"])
def test_a_pretty_array_goes_on_at_the_next_element(what: str, indent: Any, outcome: Callable[..., Outcome]) -> None:
    records = [record(i, list=[{"a": [1, {}]}, {"b": "{"}]) for i in range(6)]
    text = json.dumps(records, indent=indent, ensure_ascii=False)
    for number in (1, 4):
        value = f'"Answer {number}: a sentence or two."'
        broken = {
            "no comma": value + ' "more"',
            "no closing quote": value[:-1],
            "a quote too many": value.replace("two", 'two"'),
            "a line end in a text": value.replace("two", "two\nlines {\n" + "  {"),
        }[what]
        seen = outcome(text.replace(value, broken).encode(), "a.json")
        assert seen.answers == answers(*(i for i in range(6) if i != number))
        assert seen.reasons == [(number + 1, "malformed_json")]
        assert not seen.rejects[0].rest


def test_an_array_on_one_line_ends_at_the_break(outcome: Callable[..., Outcome]) -> None:
    """Where nothing tells the next element, nothing is guessed; and what was not read is told."""
    text = json.dumps([record(i) for i in range(6)], ensure_ascii=False)
    data = text.replace('"Answer 2:', '"An "answer" 2:').encode()
    seen = outcome(data, "a.json")
    assert seen.answers == answers(0, 1)
    (reject,) = seen.rejects
    assert (reject.line, reject.reason, reject.rest) == (3, "malformed_json", True)
    assert reject.offset == data.index(b'{"instruction": "Question 2')
    assert reject.sha256 == hashlib.sha256(data[reject.offset :]).hexdigest()


def test_no_record_is_made_of_a_broken_elements_inside(outcome: Callable[..., Outcome]) -> None:
    """Written without indentation, the lines of inner objects look like those of elements."""
    records = [record(i, list=[record(7), record(8)]) for i in range(4)]
    text = json.dumps(records, indent=0, ensure_ascii=False)
    seen = outcome(text.replace('"Answer 1: a', '"An "answer" 1: a', 1).encode(), "a.json")
    assert seen.answers == answers(0)
    assert [(r.line, r.rest) for r in seen.rejects] == [(2, True)]


def test_a_cut_array(outcome: Callable[..., Outcome]) -> None:
    data = json.dumps([record(i) for i in range(6)], indent=1).encode()
    seen = outcome(data[: data.index(b"Answer 4")], "a.json")
    assert seen.answers == answers(0, 1, 2, 3)
    assert [(r.line, r.reason, r.rest) for r in seen.rejects] == [(5, "malformed_json", True)]


@pytest.mark.parametrize("what", [w for w in LINES if LINES[w][1] != "malformed_json" and "never" not in w])
def test_a_refused_element_costs_itself_only(what: str, outcome: Callable[..., Outcome]) -> None:
    bad, reason = LINES[what]
    if bad.startswith(b'{"instruction": "\xc3') or what == "latin-1":
        bad = bad[:-1] + b', "output": "b"}'
    data = b"[" + line(1) + b"," + bad + b"," + line(2) + b"]"
    seen = outcome(data, "a.json")
    assert (seen.answers, seen.reasons) == (answers(1, 2), [(2, reason)])
    assert seen.rejects[0].offset == len(line(1)) + 2
    assert seen.rejects[0].sha256 == hashlib.sha256(bad).hexdigest()


# Tables


def test_csv_oddities(outcome: Callable[..., Outcome]) -> None:
    rows = [
        b'q1,"a1, with ""quotes"""',
        b"too,many,values",
        b"few",
        b"q4,\xff\xfe",
        b'q5,"closed"too early',
        b"q6,nul\x00byte",
        b'q7,5" nails',
        b'"q8\r\nsecond line",a8',
    ]
    seen = outcome(b"instruction,output\r\n" + b"\r\n".join(rows) + b"\r\n", "a.csv")
    assert seen.answers == ['a1, with "quotes"', '5" nails', "a8"]
    assert seen.frame["instruction"].to_list() == ["q1", "q7", "q8\r\nsecond line"]
    assert seen.reasons == [
        (2, "wrong_field_count"),
        (3, "wrong_field_count"),
        (4, "invalid_utf8"),
        (5, "malformed_csv"),
        (6, "malformed_csv"),
    ]
    assert not any(reject.rest for reject in seen.rejects)


def test_a_quote_that_is_never_closed_is_told_to_take_the_rest(outcome: Callable[..., Outcome]) -> None:
    data = b'instruction,output\nq1,a1\nq2,"a2\n' + b"q3,a3\n" * 50
    for limit in (MAX_RECORD_BYTES, 1024):
        seen = outcome(data + b"q3,a3\n" * 200, "a.csv", ReadOptions(max_record_bytes=limit))
        assert seen.answers == ["a1"]
        assert [(r.line, r.rest) for r in seen.rejects] == [(2, True)]
        assert seen.rejects[0].offset == data.index(b"q2")


def test_a_header_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("instruction,output,caf\xe9\n1,2,3\n".encode("latin-1"))
    with pytest.raises(InputError, match="the header row is not UTF-8"):
        discover([str(tmp_path)])


# Read unchanged

ODD = "line\u2028paragraph\u2029next\u0085line\x0bvertical\x0cform\x1cfile\x7fdelete\ufeffmark"
ACCEPTED: dict[str, tuple[str, bytes, list[str]]] = {
    "CRLF": ("a.jsonl", line(1)[:-1] + b"\r\n" + line(2)[:-1] + b"\r\n", answers(1, 2)),
    "no final line end": ("a.jsonl", line(1) + line(2)[:-1], answers(1, 2)),
    "UTF-8 mark": ("a.jsonl", b"\xef\xbb\xbf" + line(1) + line(2), answers(1, 2)),
    "UTF-8 mark in an array": ("a.json", b"\xef\xbb\xbf[" + line(1) + b"]", answers(1)),
    "separators inside texts": (
        "a.jsonl",
        json.dumps({"instruction": "q", "output": ODD}, ensure_ascii=False).replace("\x0b", "\\u000b").replace("\x0c", "\\f").replace("\x1c", "\\u001c").encode(),
        [ODD],
    ),
    "escaped NUL": ("a.jsonl", b'{"instruction": "q", "output": "a\\u0000b"}', ["a\0b"]),
    "escaped pair": ("a.jsonl", b'{"instruction": "q", "output": "\\ud83d\\ude00"}', ["😀"]),
    "escaped marks": ("a.jsonl", b'{"instruction": "q", "output": "\\u0022\\"\\\\\\u005c"}', ['""\\\\']),
    "a JSON array": ("a.json", json.dumps([record(1), record(2)]).encode(), answers(1, 2)),
    "a pretty JSON array": ("a.json", json.dumps([record(1), record(2)], indent=4).encode(), answers(1, 2)),
    "an array called .jsonl": ("a.jsonl", json.dumps([record(1), record(2)]).encode(), answers(1, 2)),
    "an array of lines called .jsonl": ("a.jsonl", b"[\n" + line(1)[:-1] + b",\n" + line(2) + b"]\n", answers(1, 2)),
    "a pretty array called .jsonl": ("a.jsonl", json.dumps([record(1), record(2)], indent=2).encode(), answers(1, 2)),
    "a pretty object": ("a.json", json.dumps(record(1), indent=2).encode(), answers(1)),
    "pretty objects one after the other": (
        "a.json",
        b"".join(json.dumps(record(i), indent=2).encode() + b"\n" for i in (1, 2, 3)),
        answers(1, 2, 3),
    ),
    "an object around an array": ("a.json", json.dumps({"v": 1, "data": [record(1), record(2)]}).encode(), answers(1, 2)),
    "a pretty object around lines": ("a.json", b'{"data": [\n' + line(1)[:-1] + b",\n" + line(2) + b"]}", answers(1, 2)),
    "lines called .json": ("a.json", line(1) + line(2), answers(1, 2)),
    "lines called .csv": ("a.csv", line(1) + line(2), answers(1, 2)),
    "lines called .parquet": ("a.parquet", line(1) + line(2), answers(1, 2)),
    "lines called .txt": ("a.txt", line(1) + line(2), answers(1, 2)),
    "lines called .gz that are not packed": ("a.jsonl.gz", line(1) + line(2), answers(1, 2)),
    "an array called .csv": ("a.csv", json.dumps([record(1), record(2)]).encode(), answers(1, 2)),
    "a table called .jsonl": ("a.jsonl", b"instruction,output\nq,a1\nq,a2\n", ["a1", "a2"]),
    "a table called .json": ("a.json", b"instruction\toutput\nq\ta1\nq\ta2\n", ["a1", "a2"]),
    "packed lines without a hint": ("a", gzip.compress(line(1) + line(2)), answers(1, 2)),
    "packed lines called .jsonl": ("a.jsonl", PACK["zst"](line(1) + line(2)), answers(1, 2)),
    "several gzip members": ("a.gz", gzip.compress(line(1)[:20]) + gzip.compress(line(1)[20:] + line(2)), answers(1, 2)),
    "odd keys": ("a.jsonl", line(1, **{"": 1, "a.b": 2, " ": 3, "__proto__": 4, "😀": 5, "\n": 6}), answers(1)),
    "128 levels": ("a.jsonl", line(1)[:-2] + b', "x": ' + b"[" * 127 + b"]" * 127 + b"}", answers(1)),
    "the user's ids collide": ("a.jsonl", line(1, id="x") + line(2, id="x"), answers(1, 2)),
    "white space around": ("a.jsonl", b"  \t" + line(1)[:-1] + b" \r\n", answers(1)),
}  # fmt: skip


@pytest.mark.parametrize("what", ACCEPTED)
def test_read_unchanged(what: str, outcome: Callable[..., Outcome]) -> None:
    name, data, expected = ACCEPTED[what]
    seen = outcome(data, name)
    assert (seen.answers, seen.rejects, seen.blank) == (expected, [], 0)


def test_parquet_under_any_name(tmp_path: Path) -> None:
    for name in ("a.jsonl", "a.csv", "a", "a.json.gz"):
        pl.DataFrame([record(1), record(2)]).write_parquet(tmp_path / name)
        (file,) = discover([str(tmp_path / name)]).files
        assert Outcome(file).answers == answers(1, 2)


def test_blank_lines_are_counted(outcome: Callable[..., Outcome]) -> None:
    seen = outcome(b"\n\r\n" + line(1) + b" \t\n" + line(2) + b"\n")
    assert (seen.answers, seen.blank, seen.lines, seen.rejects) == (answers(1, 2), 4, 6, [])


def test_large_integers_are_exact(outcome: Callable[..., Outcome]) -> None:
    numbers = [2**63, -(2**63) - 1, 2**64 + 1, 10**40 + 1, int("9" * 4000), 0, -0]
    seen = outcome(line(1, numbers=numbers) + line(2, n=10**30 + 7))
    assert json.loads(seen.frame["meta"][0]) == {"numbers": numbers}
    assert seen.frame["meta"][1] == f'{{"n":{10**30 + 7}}}'


@pytest.mark.parametrize("container", ["jsonl", "json", "csv"])
def test_a_type_that_drifts_costs_only_the_lines_that_do(
    container: str, outcome: Callable[..., Outcome], pack: Any
) -> None:
    records: list[dict[str, Any]] = [record(i, score=i) for i in range(10_200)]
    bad = {10_050, 10_060, 10_199}
    for i in bad:
        records[i]["output"] = None if container == "csv" else ["now", "a", "list"]
    records[10_100]["score"] = "text now"
    records[10_101]["new"] = {"a": [1]} if container != "csv" else "x"
    if container == "csv":
        for one in records:
            one.setdefault("new", "")
    seen = outcome(pack(records, container), f"a.{container}")
    assert [reject.line - 1 for reject in seen.rejects] == sorted(bad)
    assert seen.frame.height == 10_197
    at = seen.frame["line"].to_list().index(10_101)
    assert json.loads(seen.frame["meta"][at])["score"] == "text now"


# Refused: one message, no traceback, no output


def cut_parquet(raw: bytes) -> bytes:
    return raw[: len(raw) * 2 // 3]


def parquet_bytes() -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame([record(i) for i in range(50)]).write_parquet(buffer)
    return buffer.getvalue()


def bad_crc(length: bool = False) -> bytes:
    packed = bytearray(gzip.compress(noisy(3000)))
    packed[-2 if length else -6] ^= 0x55
    return bytes(packed)


REFUSED: dict[str, tuple[str, bytes, str]] = {
    "a wrong check sum": ("a.jsonl.gz", bad_crc(), "check sum is wrong"),
    "a wrong length": ("a.jsonl.gz", bad_crc(length=True), "check sum is wrong"),
    "a wrong check sum, zstd": ("a.zst", PACK["zst"](noisy(3000))[:-3] + b"abc", "check sum is wrong"),
    "a cut Parquet file": ("a.parquet", cut_parquet(parquet_bytes()), "The Parquet file is damaged"),
    "a Parquet file without its end": ("a.parquet", parquet_bytes()[:-4], "The Parquet file is damaged"),
    "UTF-16": ("a.jsonl", (line(1) + line(2)).decode().encode("utf-16"), "UTF-16 text: convert it to UTF-8 first"),
    "UTF-16 without a mark": ("a.jsonl", b'{"instruction": 1}'.decode().encode("utf-16-le"), "UTF-16 text"),
    "UTF-16, big end first": ("a.csv", "instruction,output\nq,a\n".encode("utf-16-be"), "UTF-16 text"),
    "a UTF-16 table": ("a.csv", "instruction,output\nq,a\n".encode("utf-16"), "UTF-16 text"),
    "UTF-32": ("a.json", "[{}]".encode("utf-32"), "UTF-32 text"),
    "nothing": ("a.jsonl", b"", "empty"),
    "white space": ("a.jsonl", b"\n \n\r\n", "empty"),
    "packed nothing": ("a.jsonl.gz", gzip.compress(b""), "empty"),
    "no records": ("a.json", b"[]", "none there"),
    "binary data": ("a.bin", bytes(range(256)) * 30, "binary data"),
    "only NUL": ("a.jsonl", bytes(5000), "binary data"),
    "a page": ("a.html", b"<!DOCTYPE html><html></html>", "HTML"),
    "Arrow": ("a.arrow", b"ARROW1\0\0" + bytes(100), "an Arrow file"),
    "words": ("a.txt", b"some words and no more\n" * 30, "neither JSON, nor Parquet, nor CSV"),
    "no field of any format": ("a.jsonl", b'{"title": "x", "url": "y"}\n', "no record format has its fields"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_refused_with_one_message(what: str, tmp_path: Path, light: Path) -> None:
    name, data, why = REFUSED[what]
    path = tmp_path / name
    path.write_bytes(data)
    done = curate("run", light, path, "--out", tmp_path / "out")
    assert_fails(done, 3, why, name)
    assert len(done.errors) == 1
    kept = [p for p in (tmp_path / "out").rglob("*") if p.is_file()] if (tmp_path / "out").exists() else []
    assert [p for p in kept if ".curate" not in p.parts] == []


@pytest.mark.parametrize("kind", ["FIFO", "socket", "device", "folder", "missing", "unreadable", "broken link", "loop"])
def test_what_is_no_file_is_refused_at_once(kind: str, tmp_path: Path, light: Path) -> None:
    path = tmp_path / "input.jsonl"
    words = {"folder": "there is no file to read", "missing": "no such file", "unreadable": "cannot be read",
             "broken link": "a broken link", "loop": "cannot be read"}  # fmt: skip
    with socket.socket(socket.AF_UNIX) as server:
        if kind == "FIFO":
            os.mkfifo(path)
        elif kind == "socket":
            server.bind(str(path))
        elif kind == "device":
            path = Path("/dev/zero")
        elif kind == "folder":
            path.mkdir()
        elif kind == "unreadable":
            if os.geteuid() == 0:
                pytest.skip("root may read everything")
            path.write_bytes(line(1))
            path.chmod(0)
        elif kind == "broken link":
            path.symlink_to("nowhere")
        elif kind == "loop":
            path.symlink_to(path.name)
        # A reader that waits for a FIFO or a device would not come back: the process is given up after two minutes.
        done = process("run", light, path, "--out", tmp_path / "out")
    assert_fails(done, 3, words.get(kind, f"a {kind}, not a regular file"), str(path))
    assert len(done.errors) == 1
    assert not (tmp_path / "out" / "train.jsonl").exists()


def test_a_fifo_in_the_place_of_a_file_that_was_found(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"")
    other = tmp_path / "b.jsonl"
    other.write_bytes(line(1))
    files = discover([str(tmp_path)]).files
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(InputError, match="not a regular file"):
        list(read(files[0]))


def test_a_truncated_file_is_a_finding(tmp_path: Path, light: Path) -> None:
    packed = gzip.compress(noisy(1500))
    (tmp_path / "a.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    done = curate("run", light, tmp_path / "a.jsonl.gz", "--out", tmp_path / "out")
    assert done.code == 1
    assert "a.jsonl.gz" in done.err
    assert "damaged or cut off" in done.err
    assert "Traceback" not in done.err
    rejects = [json.loads(raw) for raw in (tmp_path / "out" / "rejects.jsonl").read_bytes().splitlines()]
    assert [(r["reason"], r["rest"]) for r in rejects] == [("corrupt_stream", True)]
    assert (tmp_path / "out" / "train.jsonl").read_bytes().count(b"\n") == 40


def test_hostile_names_and_values_are_escaped(tmp_path: Path) -> None:
    folder = tmp_path / "raw"
    folder.mkdir()
    (folder / "a\x1b[31m\n.jsonl").write_bytes(line(1) + b'{"instruction": "a", "ou\\u001b[2Jtput": "b"}\n')
    (folder / "b\x07.bin").write_bytes(bytes(range(256)))
    (folder / os.fsdecode(b"c\xff.jsonl")).write_bytes(line(2))
    found = discover([str(folder)])
    assert [file.name for file in found.files] == ["raw/a\\x1b[31m\\n.jsonl", "raw/c\\xff.jsonl"]
    assert [file.name for file in found.unknown] == ["raw/b\\x07.bin"]
    seen = Outcome(found.files[0])
    assert seen.frame["file"][0] == "raw/a\\x1b[31m\\n.jsonl"
    assert Outcome(found.files[1]).answers == answers(2)
    texts = [f"{f.name} {f.source} {f.detected}" for f in found.files] + [r.detail for r in seen.rejects]
    assert all(text.isprintable() for text in texts)
