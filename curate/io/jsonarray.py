"""Records one by one out of one JSON text: an array, or an object around lists of records."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any

from curate.io.model import RawRecord, RecordError
from curate.io.records import BOM, NESTED_FIELDS
from curate.io.streams import CorruptStreamError
from curate.io.strictjson import StrictJSONError, record_error, scan

_SKIP = re.compile(r"[ \t\n\r]*").match
#: Finds where a refused value ends.
_lenient: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder(parse_float=str, parse_int=str).scan_once  # type: ignore[attr-defined] # there since Python 3.0, missing from the type stubs


class _BrokenError(Exception):
    """The JSON text cannot be followed from `at` on."""

    def __init__(self, at: int, error: RecordError) -> None:
        super().__init__(at, error)
        self.at = at
        self.error = error


class JsonArray:
    """Records of one JSON text: the elements of an array, or of an object's lists of objects.

    `{"data": [{…}, …], "version": 1}` gives the elements of `data`; an object without such a list is
    one record. `line` is the element's number. A text that breaks half-way gives the elements before
    the break and one error for the rest.

    Parameters
    ----------
    pieces : the decompressed bytes, in pieces of any size; held in memory as a whole.
    """

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self.line = 0
        self.blank = 0
        self.taken = 0
        self._corrupt: str | None = None
        data = bytearray()
        try:
            for piece in pieces:
                data += piece
        except CorruptStreamError as error:
            self._corrupt = str(error)
        self._base = len(BOM) if data.startswith(BOM) else 0
        # Bytes that are no UTF-8 become surrogates here, so that only the elements that hold them are rejected.
        self._text = data[self._base :].decode("utf-8", "surrogateescape")
        del data
        self._dirty = not self._text.isascii() and re.search("[\udc80-\udcff]", self._text) is not None
        self._start = self._end = 0
        self._known = (0, self._base)

    def raw(self) -> RawRecord:
        """The element given last, or the rest of the text."""
        return RawRecord(self._byte(self._start), self._bytes(self._start, self._end))

    def _bytes(self, start: int, end: int) -> bytes:
        return self._text[start:end].encode("utf-8", "surrogateescape")

    def _byte(self, index: int) -> int:
        if self._text.isascii():
            return self._base + index
        at, offset = self._known
        if index < at:
            at, offset = 0, self._base
        self._known = (index, offset + len(self._bytes(at, index)))
        return self._known[1]

    def __iter__(self) -> Iterator[Any]:
        try:
            yield from self._top()
        except _BrokenError as broken:
            self.line += 1
            self._start, self._end = broken.at, len(self._text)
            if self._corrupt is not None:
                yield RecordError("corrupt_stream", f"The compressed data is damaged or cut off: {self._corrupt}.")
            else:
                yield broken.error

    def _white(self, index: int) -> int:
        found = _SKIP(self._text, index)
        return found.end() if found else index

    def _top(self) -> Iterator[Any]:
        text = self._text
        at = self._white(0)
        if text[at : at + 1] == "[":
            end = yield from self._elements(at)
        elif text[at : at + 1] == "{":
            end = yield from self._members(at)
        else:
            raise _BrokenError(at, RecordError("malformed_json", "The text is neither a JSON array nor an object."))
        rest = self._white(end)
        if rest < len(text):
            raise _BrokenError(rest, RecordError("trailing_data", "The file goes on after the end of its JSON value."))
        if self._corrupt is not None:
            raise _BrokenError(rest, RecordError("corrupt_stream", self._corrupt))

    def _elements(self, bracket: int) -> Generator[Any, None, int]:
        """The elements of the array whose `[` is at `bracket`; returns the index after its `]`."""
        text, white = self._text, self._white
        at = white(bracket + 1)
        if text[at : at + 1] == "]":
            return at + 1
        while True:
            value = self._element(at)
            self.line += 1
            self.taken = self._end
            yield value
            at = white(self._end)
            mark = text[at : at + 1]
            if mark == ",":
                at = white(at + 1)
            elif mark == "]":
                return at + 1
            else:
                what = "ends inside its array" if not mark else "has no comma or closing bracket here"
                raise _BrokenError(at, RecordError("malformed_json", f"The file {what}."))

    def _element(self, at: int) -> Any:
        """The value that starts at `at`, or why it is refused; notes where it ends."""
        value: Any
        try:
            value, end = scan(self._text, at)
        except json.JSONDecodeError as error:
            raise _BrokenError(at, _relative(error, at)) from None
        except StrictJSONError as error:
            value = record_error(error)
            end = self._lenient_end(at, value)
        self._start, self._end = at, end
        if self._dirty:
            try:
                self._bytes(at, end).decode("utf-8")
            except UnicodeDecodeError as error:
                return record_error(error)
        return value

    def _lenient_end(self, at: int, why: RecordError) -> int:
        try:
            return int(_lenient(self._text, at)[1])
        except StopIteration:
            raise _BrokenError(at, why) from None
        except json.JSONDecodeError as error:
            raise _BrokenError(at, _relative(error, at)) from None
        except RecursionError:
            raise _BrokenError(at, why) from None

    def _members(self, brace: int) -> Generator[Any, None, int]:
        """The elements of every list of objects in the object at `brace`; returns the index after it."""
        text, white = self._text, self._white
        lists = 0
        at = white(brace + 1)
        while text[at : at + 1] != "}":
            if text[at : at + 1] != '"':
                raise _BrokenError(at, RecordError("malformed_json", "The file has no field name where one must be."))
            key, at = self._skip(at)
            at = white(at)
            if text[at : at + 1] != ":":
                raise _BrokenError(at, RecordError("malformed_json", "The file has no colon after a field name."))
            at = white(at + 1)
            if text[at : at + 1] == "[" and key not in NESTED_FIELDS and text.startswith("{", white(at + 1)):
                lists += 1
                at = yield from self._elements(at)
            else:
                _, at = self._skip(at)
            at = white(at)
            if text[at : at + 1] == ",":
                at = white(at + 1)
            elif text[at : at + 1] != "}":
                raise _BrokenError(at, RecordError("malformed_json", "The file has no comma between two fields."))
        if not lists:
            self.line += 1
            yield self._element(brace)
        return at + 1

    def _skip(self, at: int) -> tuple[Any, int]:
        try:
            return scan(self._text, at)
        except json.JSONDecodeError as error:
            raise _BrokenError(at, _relative(error, at)) from None
        except StrictJSONError as error:
            raise _BrokenError(at, record_error(error)) from None


def _relative(error: json.JSONDecodeError, start: int) -> RecordError:
    return RecordError("malformed_json", f"{error.msg} at character {error.pos - start + 1} of the record.")
