"""The quick ways to read JSON give what the strict one gives, or nothing; arrays are read as if parsed as a whole."""

from __future__ import annotations

import json
import math
import random
import re
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from curate.io.jsonarray import JsonArray
from curate.io.model import RecordError
from curate.io.quickjson import UNSURE, Lines, quick, quick_elements, unescaped_marks
from curate.io.records import JsonLines
from curate.io.strictjson import loads

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**60), 10**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(
        ['"', "\\", '\\"', "\\\\", '"\\', "\0", "\u2028", "é", "😀", "\ufeff", "a\\\\", '","', "},{", "\n"]
    )
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=10,
)
objects = st.dictionaries(st.text(max_size=4) | st.sampled_from(['"', "\\", "k"]), values, max_size=5)


def same(found: Any, expected: Any) -> bool:
    """Equal in value, type and order of keys."""
    return repr(found) == repr(expected)


def strictly(raw: bytes) -> Any:
    try:
        return loads(raw.decode("utf-8"))
    except ValueError as error:
        return error


@settings(max_examples=400)
@given(objects, st.booleans(), st.sampled_from([None, (",", ":"), (" ,\t", "\r :")]))
def test_objects(value: dict[str, Any], ascii_only: bool, separators: Any) -> None:
    raw = json.dumps(value, ensure_ascii=ascii_only, separators=separators).encode()
    found = quick(raw)
    # After an escaped backslash it leaves the text to the strict way.
    assert same(found, value) or (found is UNSURE and b'\\\\"' in raw)
    many = quick_elements(raw + b", " + raw)
    assert many is not None
    assert same(many, [value, value])


PIECES = [
    '"a"', '"b"', '"\\ud83d"', '"\\ude00"', '"\\ud83d\\ude00"', '"x\\\\ud83d"', '"\\"a\\": 1"', '"é"', '"\\u0061"', '"\\u0022"',
    '"\\\\"', '"\\\\\\""', ":", ": ", ",", "{", "}", "[", "]", "1", "-0", "01", "1.", ".5", "1e5", "1e999", "-1e-999", "NaN",
    "Infinity", "null", "true", " ", "\t", "\n", "\x0b", "\0", "\ufeff", '"', "\\", "'a'", "9" * 5000, "[" * 130, "]" * 130,
]  # fmt: skip
texts = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)


@settings(max_examples=1500)
@given(texts)
@example('{"a":1,"a":1}')
@example('{"a":"\\\\","a":"\\\\"}')
@example('{"a":"\\"","a":1}')
@example('{"a":{"b":1,"b":2}}')
@example('{"\\u0061":1,"a":2}')
@example('{"a":"\\u0022\\u0022","a":1}')
@example('{"a":1e400}')
@example('{"a":' + "[" * 128 + "]" * 128 + "}")
@example('{"a":' + "[" * 127 + "]" * 127 + "}")
@example('{"a": -0, "b": -0.0, "c": 1E5}')
def test_any_text_wrapped_or_not(text: str) -> None:
    for raw in (text.encode(), b'{"k":' + text.encode() + b"}", b'{"k":"v",' + text.encode() + b"}"):
        check(raw)


@settings(max_examples=500)
@given(objects, st.binary(max_size=3), st.integers(0, 200), st.booleans())
def test_mutated_bytes(value: dict[str, Any], piece: bytes, at: int, over: bool) -> None:
    raw = bytearray(json.dumps(value, ensure_ascii=False).encode())
    place = at % (len(raw) + 1)
    raw[place : place + (len(piece) if over else 0)] = piece
    check(bytes(raw))


@settings(max_examples=300)
@given(objects, st.data())
def test_repeated_keys(value: dict[str, Any], data: st.DataObject) -> None:
    def write(item: Any) -> str:
        if isinstance(item, dict):
            pairs = list(item.items())
            if pairs and data.draw(st.booleans()):
                pairs.append((data.draw(st.sampled_from(pairs))[0], data.draw(scalars)))
            return "{" + ",".join(f"{json.dumps(key)}:{write(inner)}" for key, inner in pairs) + "}"
        return "[" + ",".join(map(write, item)) + "]" if isinstance(item, list) else json.dumps(item)

    check(write(value).encode())


def check(raw: bytes) -> None:
    expected = strictly(raw)
    found = quick(raw)
    assert found is UNSURE or same(found, expected)
    several = Lines(raw + b'\n{"z": 1}\n' + raw).objects()
    if several is not None:
        lines = (raw + b'\n{"z": 1}\n' + raw).split(b"\n")
        assert same(several, [strictly(one) for one in lines])
    many = quick_elements(raw)
    if many is not None:
        assert same(many, [strictly(one.encode()) for one in separated(raw.decode())])


def separated(text: str) -> list[str]:
    """The texts of the values that commas separate, as the standard library finds their ends."""
    json.loads(f"[{text}]")
    decoder, texts, at = json.JSONDecoder(), [], 0
    while (start := re.compile(r"[ \t\n\r,]*").match(text, at).end()) < len(text):  # type: ignore[union-attr]
        at = decoder.raw_decode(text, start)[1]
        texts.append(text[start:at])
    return texts


def test_what_is_read_most_is_read_the_quick_way() -> None:
    lines = [
        {
            "instruction": 'Say "hi" twice.\n',
            "input": "",
            "output": 'C:\\temp and "quotes"',
            "n": 1,
            "ok": True,
            "x": None,
        },
        {"messages": [{"role": "user", "content": 'a "b"'}, {"role": "assistant", "content": "c"}], "score": 0.5},
    ]
    for line in lines:
        raw = json.dumps(line, ensure_ascii=False).encode()
        assert same(quick(raw), line)
        assert same(Lines(raw + b"\n" + raw).objects(), [line, line])
        assert same(quick_elements(raw + b",\n" + raw), [line, line])


@pytest.mark.parametrize(
    "lines",
    [
        b'{"a":[1\n2]}',
        b'{"a":1},{"b":2}\n{"c":3}',
        b'{"a":1},{"b":2}\n{"a":1,\n"b":2}',
        b'{"a":"x\ny"}',
        b'{"a":1\n"b":2}',
        b'{"a":1}\n\n{"b":1}',
        b'{"a":1}\n[{"b":1}]',
        b'{"a":1}]\n[{"b":1}',
        b'{"a":1}\n{"b":1,"b":2}',
    ],
)
def test_lines_that_are_no_objects_by_themselves(lines: bytes) -> None:
    """Put together some of these are well-formed; none is taken for what it is not."""
    assert Lines(lines).objects() is None


def test_numbers_are_the_standard_librarys() -> None:
    rng = random.Random(7)
    for _ in range(20_000):
        digits = "".join(rng.choice("0123456789") for _ in range(rng.randint(1, 30))).lstrip("0") or "0"
        text = rng.choice([digits, f"{digits}.{rng.randrange(10**12)}", f"{digits}e{rng.randint(-340, 280)}"])
        raw = f'{{"x": {rng.choice(["", "-"])}{text}}}'.encode()
        found, expected = quick(raw), strictly(raw)
        if isinstance(expected, ValueError):
            assert found is UNSURE
        else:
            assert same(found, expected)
    # Half-way between two doubles, where rounding shows.
    for _ in range(2_000):
        low = rng.random() * 10.0 ** rng.randint(-300, 300)
        numerator, denominator = low.as_integer_ratio()
        above, below = math.nextafter(low, math.inf).as_integer_ratio()
        text = exact_decimal(numerator * below + above * denominator, 2 * denominator * below)
        assert same(quick(f'{{"x": {text}}}'.encode()), {"x": float(text)})


def exact_decimal(numerator: int, denominator: int) -> str:
    """A fraction whose denominator is a power of two, as decimals."""
    places = denominator.bit_length() - 1
    digits = str(numerator * 5**places).rjust(places + 1, "0")
    return f"{digits[: len(digits) - places]}.{digits[len(digits) - places :]}" if places else digits


@settings(max_examples=300)
@given(st.lists(st.sampled_from([b'"', b"\\", b"x", b"\\\\", b"\n"]), max_size=20).map(b"".join))
def test_unescaped_marks(raw: bytes) -> None:
    assert unescaped_marks(raw) == len(re.findall(rb'(?<!\\)(?:\\\\)*"', raw))


# Arrays


def trace(data: bytes, size: int, limit: int) -> list[Any]:
    array = JsonArray([data[at : at + size] for at in range(0, len(data), size)], limit)
    out: list[Any] = []
    for value in array:
        raw = array.raw()
        out.append(
            (value.reason if isinstance(value, RecordError) else value, array.line, raw.offset, raw.head, raw.rest)
        )
    return out


layouts = st.sampled_from(
    [
        json.dumps,
        lambda items: json.dumps(items, indent=2),
        lambda items: json.dumps(items, indent=0, ensure_ascii=False),
        lambda items: "[\n" + ",\n".join(json.dumps(i, ensure_ascii=False) for i in items) + "\n]\n",
        lambda items: "[" + ",".join(json.dumps(i, separators=(",", ":")) for i in items) + "]",
        lambda items: "\r\n[\r\n" + "\r\n,".join(json.dumps(i) for i in items) + "]",
        lambda items: json.dumps(
            {"version": [1, "x"], "list": items if items and isinstance(items[0], dict) else [{}], "z": {}}
        ),
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(objects | objects | scalars, max_size=8), layouts, st.integers(1, 60))
def test_elements_are_those_of_the_whole(items: list[Any], layout: Any, size: int) -> None:
    text = layout(items)
    whole = json.loads(text)
    if isinstance(whole, dict):
        whole = whole["list"]
    data = text.encode()
    for pieces in (size, len(data)):
        seen = trace(data, pieces, 10**6)
        assert same([value for value, *_ in seen], whole)
        assert [number for _, number, *_ in seen] == list(range(1, len(whole) + 1))
        for value, _, offset, raw, rest in seen:
            assert same(json.loads(raw), value)
            assert data[offset : offset + len(raw)] == raw
            assert not rest


@settings(max_examples=400, deadline=None)
@given(
    st.lists(objects, min_size=1, max_size=6), layouts, st.integers(0, 10**6), st.binary(max_size=4), st.integers(1, 50)
)
def test_a_mutated_array_reads_the_same_in_any_pieces(
    items: list[Any], layout: Any, at: int, piece: bytes, size: int
) -> None:
    data = bytearray(layout(items).encode())
    place = at % len(data)
    data[place : place + 1] = piece
    whole = trace(bytes(data), len(data) or 1, 10**6)
    assert trace(bytes(data), size, 10**6) == whole
    # Every byte of the text is white space, a comma, a bracket around, or part of one record.
    covered = 0
    for _, _, offset, raw, _ in whole:
        assert bytes(data[offset : offset + len(raw)]) == raw
        assert offset >= covered
        covered = offset + len(raw)


@pytest.mark.parametrize("limit", [60, 200])
@pytest.mark.parametrize("size", [1, 13, 1000])
def test_long_elements_are_not_held(limit: int, size: int) -> None:
    items = [{"a": "x" * n} for n in (3, 300, 5, 190, 52)] + [{"b": [{"c": "y" * 50}] * 9}, {"z": 1}]
    for text in (json.dumps(items), json.dumps(items, indent=1), json.dumps({"d": items})):
        data = text.encode()
        seen = trace(data, size, limit)
        assert len(seen) == len(items)
        for item, (value, _, offset, raw, rest) in zip(items, seen, strict=True):
            assert value == "record_too_long" or same(value, item)
            assert data[offset : offset + len(raw)] == raw
            assert not rest
            assert (value == "record_too_long") == (len(raw) > limit)


def test_memory_follows_the_element_and_not_the_array() -> None:
    import tracemalloc

    element = json.dumps({"prompt": "p" * 1000, "completion": [{"c": "d" * 1000}]}, indent=1).encode()

    def peak(count: int) -> int:
        def pieces() -> Any:
            yield b"["
            for _ in range(count):
                yield (element + b",\n") * 100
            yield element + b"]"

        tracemalloc.start()
        assert sum(1 for _ in JsonArray(pieces())) == count * 100 + 1
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    assert peak(100) < peak(20) * 1.1


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=12), max_size=12), st.integers(1, 30))
def test_reading_ahead_changes_nothing(raws: list[bytes], size: int) -> None:
    data = b"\n".join(raws)

    def trace_lines(ahead: bool) -> list[Any]:
        lines = JsonLines([data[at : at + size] for at in range(0, len(data), size)], read_ahead=ahead)
        seen = [(v.reason if isinstance(v, RecordError) else v, lines.line, lines.raw()) for v in lines]
        return [*seen, lines.line, lines.blank]

    assert trace_lines(True) == trace_lines(False)
