"""The values that `strictjson.loads` gives, several times as fast, where it is certain that it would give them.

The parser of pydantic refuses all that `loads` refuses but three things. Infinite numbers and deep nesting are looked
for in the values. A key given twice is told by the quotation marks in the text: those that delimit the keys and texts
of a value are all that are not escaped, unless a value was lost. Whatever there is a doubt about is left to `loads`.
"""

from __future__ import annotations

import math
import secrets
from collections import Counter
from collections.abc import Sequence
from functools import partial
from itertools import chain
from typing import Any, Final

from pydantic_core import from_json

from curate.io.strictjson import MAX_DEPTH

#: What `quick` returns of a text that it leaves to `loads`.
UNSURE: Final = object()

_parse = partial(from_json, allow_inf_nan=False, cache_strings="keys")
_PLAIN: Final = frozenset({str, int, bool, type(None)})
#: For the types of a flat object's values: how many quotation marks delimit its keys and texts.
_quotes: dict[tuple[type, ...], int] = {}
_QUOTES_KEPT: Final = 1024

#: Stands between two lines that are parsed together. No data can hold it, as it is another one in each process.
_BETWEEN: Final = secrets.token_hex(16)
_COMMAS: Final = f',"{_BETWEEN}",'.encode()


def quick(raw: bytes) -> Any:
    """The object in a JSON text, or `UNSURE`."""
    try:
        value = _parse(raw)
    except ValueError:
        return UNSURE
    if type(value) is not dict:
        return UNSURE
    marks = _marks(value)
    there = raw.count(b'"')
    # After an escaped backslash a mark is no escaped one, so that escaped ones cannot simply be counted.
    if there != marks and (b'\\\\"' in raw or there - raw.count(b'\\"') != marks):
        return UNSURE
    return value


class Lines:
    """Lines of JSON that are to be parsed together; made ready apart from it, as most of that can run beside.

    Parameters
    ----------
    raw : whole lines; the last one's end may be missing.
    """

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        lines = raw.removesuffix(b"\n")
        self._text = b"[%b]" % lines.replace(b"\n", _COMMAS)
        self._between = (len(self._text) - 2 - len(lines)) // (len(_COMMAS) - 1)
        self._marks = unescaped_marks(raw)

    def split(self) -> list[bytes]:
        """The lines without their ends."""
        return self.raw.removesuffix(b"\n").split(b"\n")

    def objects(self) -> list[dict[str, Any]] | None:
        """The object in each line, or None if there is a doubt about any."""
        try:
            values = _parse(self._text)
        except ValueError:
            return None
        # As each separator is a value of its own, whatever stands between two of them is one value.
        if len(values) != 2 * self._between + 1 or values[1::2] != [_BETWEEN] * self._between:
            return None
        values = values[::2]
        return values if _certain(values, self._marks) else None


def quick_elements(raw: bytes) -> list[dict[str, Any]] | None:
    """The objects in a JSON text that are separated by commas, or None if there is a doubt about any."""
    try:
        values = _parse(b"[" + raw + b"]")
    except ValueError:
        return None
    return values if _certain(values, unescaped_marks(raw)) else None


def _certain(values: Sequence[Any], there: int) -> bool:
    """Whether all are objects of which nothing was lost, given how many marks were there."""
    if set(map(type, values)) != {dict}:
        return False
    kinds = Counter(map(type, chain.from_iterable(map(dict.values, values))))
    if _PLAIN.issuperset(kinds):
        marks = 2 * (sum(map(len, values)) + kinds[str])
    else:
        several = list(map(_marks, values))
        marks = -1 if -1 in several else sum(several)
    # As no object has fewer marks in its text than in its value, equal sums mean that each has as many.
    return marks == there


def unescaped_marks(raw: bytes) -> int:
    """How many quotation marks have an even number of backslashes before them, or none."""
    import numpy as np

    data = np.frombuffer(raw, np.uint8)
    marks, slashes = data == ord('"'), data == ord("\\")
    after = marks[1:] & slashes[:-1]
    count = int(np.count_nonzero(marks)) - int(np.count_nonzero(after))
    for at in np.flatnonzero(after[1:] & slashes[:-2]).tolist():
        start = at
        while start > 0 and raw[start - 1] == ord("\\"):
            start -= 1
        count += (at + 2 - start) % 2 == 0
    return count


def _marks(value: dict[str, Any]) -> int:
    """How many quotation marks delimit the keys and texts; -1 for a value that is too deep or not finite."""
    kinds = tuple(map(type, value.values()))
    marks = _quotes.get(kinds)
    if marks is None:
        if not _PLAIN.issuperset(kinds):
            return _nested_marks(value)
        marks = 2 * (len(kinds) + kinds.count(str))
        if len(_quotes) < _QUOTES_KEPT:
            _quotes[kinds] = marks
    return marks


def _nested_marks(top: dict[str, Any]) -> int:
    texts = depth = 0
    level: list[Any] = [top]
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            return -1
        below: list[Any] = []
        for node in level:
            if type(node) is dict:
                texts += len(node)
                node = node.values()  # noqa: PLW2901 (both kinds are then walked alike)
            for item in node:
                kind = type(item)
                if kind is str:
                    texts += 1
                elif kind is dict or kind is list:
                    below.append(item)
                elif kind is float and math.isinf(item):
                    return -1
        level = below
    return 2 * texts
