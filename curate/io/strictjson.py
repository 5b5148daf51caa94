"""JSON as the standard says, and no more: the standard library's parser with its leniencies closed.

Refused: a key given twice in one object, NaN and Infinity, numbers too large for a double, integers of
more digits than Python converts (4,300 unless set otherwise), escapes of half a surrogate pair, and
nesting over 128 levels. Integers stay exact; other numbers are doubles, as in every other reader.

`quickjson` gives the values of `loads` in less time, where it is certain of them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any, Final

from curate.io.model import RecordError, show

MAX_DEPTH: Final = 128
WHITE: Final = " \t\n\r"


class StrictJSONError(ValueError):
    """Well-formed for a lenient parser, but refused; `reason` is a key of `REJECT_REASONS`."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise StrictJSONError("duplicate_key", f"The key {show(key)} occurs twice in one object.")
            seen.add(key)
    return result


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise StrictJSONError("number_out_of_range", f"The number {show(text)} is too large for a double.")
    return value


def _constant(name: str) -> None:
    raise StrictJSONError("not_finite", f"{name} is not JSON.")


_scan: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_float, parse_constant=_constant
).scan_once  # type: ignore[attr-defined] # there since Python 3.0, missing from the type stubs


def scan(text: str, start: int) -> tuple[Any, int]:
    """The JSON value that starts exactly at `start` in `text`, and the index after it.

    Raises
    ------
    json.JSONDecodeError : there is no well-formed value.
    StrictJSONError : there is one, but it is refused.
    """
    try:
        value, end = _scan(text, start)
    except StopIteration as stop:
        raise json.JSONDecodeError("Expecting value", text, stop.value) from None
    except RecursionError:
        raise StrictJSONError("too_deep", f"Nested more than {MAX_DEPTH} levels deep.") from None
    except (json.JSONDecodeError, StrictJSONError):
        raise
    except ValueError as error:
        # The one other error of the parser: an integer of more digits than `int` takes.
        raise StrictJSONError("number_out_of_range", f"An integer has too many digits: {error}.") from None
    try:
        _check(value)
    except UnicodeEncodeError as error:
        code = ord(error.object[error.start])
        raise StrictJSONError("lone_surrogate", f"The escape \\u{code:04x} is half of a surrogate pair.") from None
    return value, end


def _check(value: Any) -> None:
    """Refuse deep nesting; raise UnicodeEncodeError for a lone surrogate. Flat objects take the short way."""
    if type(value) is not dict:
        _check_nested([value], -1)
        return
    for key, item in value.items():
        kind = type(item)
        if kind is str:
            if not item.isascii():
                item.encode()
        elif kind is dict or kind is list:
            _check_nested(value, 0)
            return
        if not key.isascii():
            key.encode()


def _check_nested(top: dict[str, Any] | list[Any], depth: int) -> None:
    """`_check` level by level, `top` being one level below `depth`."""
    level: list[Any] = [top]
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise StrictJSONError("too_deep", f"Nested more than {MAX_DEPTH} levels deep.")
        below: list[Any] = []
        for node in level:
            if type(node) is dict:
                for key in node:
                    if not key.isascii():
                        key.encode()
                node = node.values()  # noqa: PLW2901 (both kinds are then walked alike)
            for item in node:
                kind = type(item)
                if kind is str:
                    if not item.isascii():
                        item.encode()
                elif kind is dict or kind is list:
                    below.append(item)
        level = below


def loads(text: str) -> Any:
    """The value of a JSON text, white space around it allowed.

    Raises
    ------
    json.JSONDecodeError, StrictJSONError : as `scan`; both are ValueErrors.
    """
    start = 0
    if text[:1] in WHITE:  # also true of the empty text
        start = len(text) - len(text.lstrip(WHITE))
    value, end = scan(text, start)
    if end != len(text) and text[end:].strip(WHITE):
        raise json.JSONDecodeError("Extra data", text, end)
    return value


def record_error(error: ValueError) -> RecordError:
    """The reject reason of an error raised by `scan`, `loads` or by decoding UTF-8."""
    if isinstance(error, StrictJSONError):
        return RecordError(error.reason, error.detail)
    if isinstance(error, UnicodeDecodeError):
        return RecordError("invalid_utf8", f"Byte {error.start + 1} of the record is not UTF-8: {error.reason}.")
    if isinstance(error, json.JSONDecodeError):
        return RecordError("malformed_json", f"{error.msg} at character {error.pos + 1} of the record.")
    raise error
