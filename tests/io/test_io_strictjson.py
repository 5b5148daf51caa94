from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from curate.io.strictjson import MAX_DEPTH, StrictJSONError, loads

STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
PAIR = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
HALF = re.compile(r"\\u[dD][89a-fA-F]")


def slow_reason(text: str) -> str | None:
    """Why a JSON text must be refused, worked out from the text and with Python's own slow parser; None: it must not."""

    def no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        if any(keys.count(key) > 1 for key in keys):
            raise StrictJSONError("duplicate_key", "")
        return dict(pairs)

    def constant(name: str) -> None:
        raise StrictJSONError("not_finite", name)

    def number(digits: str) -> float:
        if float(digits) in (float("inf"), float("-inf")):
            raise StrictJSONError("number_out_of_range", digits)
        return float(digits)

    try:
        json.loads(text, object_pairs_hook=no_repeats, parse_constant=constant, parse_float=number)
    except json.JSONDecodeError:
        return "malformed_json"
    except StrictJSONError as error:
        return error.reason
    depth = deepest = 0
    for char in STRING.sub("", text):
        depth += (char in "[{") - (char in "]}")
        deepest = max(deepest, depth)
    reasons = {"too_deep"} if deepest > MAX_DEPTH else set()
    for literal in STRING.findall(text):
        # An escaped backslash stands between two escapes; a high half followed by a low half at once is a pair.
        plain = literal.replace("\\\\", "x")
        if HALF.search(PAIR.sub("", plain)):
            reasons.add("lone_surrogate")
    return min(reasons, default=None)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"a": 1, "a": 1}', "duplicate_key"),
        ('{"a": {"b": [{"c": 1, "c": 2}]}}', "duplicate_key"),
        ('{"a": 1, "\\u0061": 2}', "duplicate_key"),
        ('{"a": NaN}', "not_finite"),
        ('{"a": [-Infinity]}', "not_finite"),
        ('{"a": 1e999}', "number_out_of_range"),
        ('{"a": ' + "9" * 5000 + "}", "number_out_of_range"),
        ('{"a": "\\ud800"}', "lone_surrogate"),
        ('{"a": "\\udc00\\ud800"}', "lone_surrogate"),
        ('{"\\ud800": 1}', "lone_surrogate"),
        ('{"a": [{"b": ["\\uDFFF"]}]}', "lone_surrogate"),
        ('{"a": {"\\udabc": 1}}', "lone_surrogate"),
        ('["\\ud800"]', "lone_surrogate"),
        ('"\\ud800"', "lone_surrogate"),
        ("[" * 129 + "]" * 129, "too_deep"),
        ('{"a":' * 129 + "1" + "}" * 129, "too_deep"),
        ('{"z": "' + "[" * 300 + '", "a": ' + "[" * 128 + "]" * 128 + "}", "too_deep"),
        ("[" * 100_000 + "]" * 100_000, "too_deep"),
    ],
)
def test_refused(text: str, reason: str) -> None:
    with pytest.raises(StrictJSONError) as caught:
        loads(text)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    "text",
    [
        '{"a": "\\ud83d\\ude00", "é": "ü\\u2028"}',
        "[" * 128 + "]" * 128,
        '{"a":' * 128 + "1" + "}" * 128,
        '{"text": "' + "[{" * 500 + '", "b": [1]}',
        ' \t\r\n{"a": 1} \r\n',
        "12345678901234567890123456789012345678901234567890",
        '{"a": "NaN", "b": "a\\": 1"}',
        "null",
        '"\\\\ud800"',
    ],
)
def test_accepted_as_json_does(text: str) -> None:
    assert loads(text) == json.loads(text)


@pytest.mark.parametrize(
    "text", ["", " ", "{", '{"a": 1} x', "{'a': 1}", '{"a": 1,}', '"a\nb"', "\ufeff{}", "\x0b{}", "01"]
)
def test_malformed(text: str) -> None:
    with pytest.raises(json.JSONDecodeError):
        loads(text)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(values, st.booleans())
def test_round_trip(value: Any, ascii_only: bool) -> None:
    assert loads(json.dumps(value, ensure_ascii=ascii_only)) == value


PIECES = [
    '"a"', '"b"', '"\\ud83d"', '"\\ude00"', '"\\ud83d\\ude00"', '"x\\\\ud83d"', '"\\"a\\": 1"', '"é"', ":", ": ", ",", "{", "}", "[", "]",
    "1", "1e999", "-1e-999", "NaN", "Infinity", "null", "true", " ", "\t",
]  # fmt: skip


@settings(max_examples=400)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
@example('{"a":{"a":1},"b":"a"}')
@example('{"a":1,"b":{"b":1,"b":2}}')
def test_pieces_against_the_slow_parser(text: str) -> None:
    check(text)


@settings(max_examples=300)
@given(values, st.data())
def test_repeated_members_against_the_slow_parser(value: Any, data: st.DataObject) -> None:
    """Well-formed texts whose objects repeat a key, at any depth, as often as not."""

    def write(item: Any) -> str:
        if isinstance(item, dict):
            pairs = list(item.items())
            if pairs and data.draw(st.booleans()):
                pairs.append((data.draw(st.sampled_from(pairs))[0], 1))
            return "{" + ",".join(f"{json.dumps(key)}:{write(inner)}" for key, inner in pairs) + "}"
        if isinstance(item, list):
            return "[" + ",".join(map(write, item)) + "]"
        return json.dumps(item)

    check(write(value))


def check(text: str) -> None:
    expected = slow_reason(text)
    found, refused = None, None
    try:
        found = loads(text)
    except json.JSONDecodeError:
        refused = "malformed_json"
    except StrictJSONError as error:
        refused = error.reason
    if refused is None:
        assert expected is None
        assert found == json.loads(text)
    else:
        # Of a text that is wrong in two ways either may be told, but malformed it must be.
        assert expected in {refused, "malformed_json"}
