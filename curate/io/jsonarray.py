"""Records one by one out of one JSON text: an array, or an object around lists of records."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Iterator
from typing import Any

from curate.io.jsonwindow import WHITE, CutError, TooLongError, UnclosedError, Window
from curate.io.model import MAX_RECORD_BYTES, RawRecord, RecordError, show
from curate.io.records import NESTED_FIELDS, Unheld
from curate.io.strictjson import UNSURE, StrictJSONError, loads, quick, record_error

#: After so many elements that did not end where the one before suggests, no more is guessed.
_MISSES: int = 32


class _BrokenError(Exception):
    """The JSON text cannot be followed from the window's place on."""

    def __init__(self, error: RecordError) -> None:
        super().__init__(error)
        self.error = error


def _malformed(detail: str) -> _BrokenError:
    return _BrokenError(RecordError("malformed_json", detail))


class JsonArray:
    """Records of one JSON text: the elements of an array, or of an object's lists of objects.

    `{"data": [{…}, …], "version": 1}` gives the elements of `data`; an object without such a list is
    one record, and so is each further object that follows it. `line` is the element's number.

    Memory follows the longest element, not the text. An element that is refused but complete costs only itself.
    So does a malformed one where elements start lines of their own, because a line end cannot stand inside JSON
    text: the next element is the next line that starts as the well-formed ones do. Elsewhere nothing tells where a
    malformed element ends, and one error stands for it and all that follows.

    Parameters
    ----------
    pieces : the decompressed bytes, in pieces of any size.
    max_bytes : a longer element is rejected, and not held in memory.
    only : the one field of an object whose elements are records; the object's other fields are kept in `others`
        (one that is not UTF-8 as a `RecordError`), as far as the text has been read, and `lists` counts the lists of
        records. Without it, every list of objects holds records.
    """

    def __init__(
        self, pieces: Iterable[bytes], max_bytes: int = MAX_RECORD_BYTES, *, only: str | None = None
    ) -> None:
        self.line = 0
        self.blank = 0
        self.others: dict[str, Any] = {}
        self.lists = 0
        self._only = only
        self._max = max_bytes
        self._window = Window(pieces, max_bytes)
        self._raw = RawRecord(0, b"")
        self._between = b""  # what stands between two elements, from the closing brace to the opening one
        self._misses = 0
        self._last = b""  # the last well-formed element, and what its line starts with
        self._indent: bytes | None = None

    @property
    def taken(self) -> int:
        """Bytes read so far."""
        return self._window.offset

    def raw(self) -> RawRecord:
        """The element given last, or the rest of the text."""
        return self._raw

    def __iter__(self) -> Iterator[Any]:
        window = self._window
        try:
            yield from self._top()
            if window.damage is not None:
                raise _BrokenError(window.damage)
        except _BrokenError as broken:
            self.line += 1
            start = window.offset
            rest = Unheld()
            for piece in window.rest():
                rest.add(piece)
            self._raw = rest.raw(start, rest=True)
            yield window.damage or broken.error

    def _top(self) -> Iterator[Any]:
        window = self._window
        window.skip_mark()
        first = window.visible()
        if first == b"[":
            yield from self._elements()
        elif first == b"{":
            yield from self._members()
            while not self.lists and window.visible() == b"{":
                yield self._element()
        else:
            raise _malformed("The text is neither a JSON array nor an object.")
        if window.visible():
            raise _BrokenError(RecordError("trailing_data", "The file goes on after the end of its JSON value."))

    def _elements(self) -> Iterator[Any]:
        """The elements of the array whose `[` is next; the window is then after its `]`."""
        window = self._window
        window.take(1)
        self._between, self._misses, self._last = b"", 0, b""
        if window.visible() == b"]":
            window.take(1)
            return
        while True:
            yield self._guessed() or self._element()
            start = window.offset
            mark = window.visible()
            if mark == b",":
                window.take(1)
                if window.visible() == b"{" and self._last.endswith(b"}"):
                    self._between = b"}" + window.since(start) + b"{"
            elif mark == b"]":
                window.take(1)
                return
            else:
                what = "ends inside its array" if not mark else "has no comma or closing bracket here"
                raise _malformed(f"The file {what}.")

    def _guessed(self) -> Any:
        """The element that is next, if it ends where what stood between the last two comes again; else None.

        Where that is wrong the bytes up to there are no JSON text, because no JSON object is the start of another.
        """
        window = self._window
        if not self._between or self._misses > _MISSES:
            return None
        raw = window.until(self._between)
        if raw is None:
            return None
        value = quick(raw)
        if value is UNSURE:
            self._misses += 1
            return None
        self._misses = 0
        self._raw = RawRecord(window.offset, raw)
        window.take(len(raw))
        self._last = raw
        self.line += 1
        return value

    def _element(self) -> Any:
        """The element that is next, or why it is refused, complete as it is."""
        window = self._window
        start, indent = window.offset, window.indent()
        try:
            raw = window.value()
        except TooLongError as long:
            return self._too_long(start, long)
        except UnclosedError:
            return self._next_line(start, indent, None)
        except CutError:
            raise _BrokenError(_why(window.held())) from None
        value = quick(raw)
        if value is UNSURE:
            try:
                value = loads(raw.decode("utf-8"))
            except json.JSONDecodeError as error:
                return self._next_line(start, indent, record_error(error))
            except (UnicodeDecodeError, StrictJSONError) as error:
                value = record_error(error)
        if not isinstance(value, RecordError):
            self._last, self._indent = raw, indent
        self._raw = RawRecord(start, raw)
        window.take(len(raw))
        self.line += 1
        return value

    def _too_long(self, start: int, long: TooLongError) -> RecordError:
        if (why := _why(long.head)).reason == "malformed_json" and not long.cut:
            raise _BrokenError(why)
        error = RecordError("record_too_long", f"The element is longer than {self._max} bytes.")
        record = Unheld()
        for piece in self._window.go_on():
            record.add(piece)
        if not self._window.ended_well:
            self._raw = record.raw(start, rest=True)
        else:
            self._raw = record.raw(start)
        self.line += 1
        return error

    def _next_line(self, start: int, indent: bytes | None, why: RecordError | None) -> RecordError:
        """The error of the malformed element that is next; the window is then before the comma that follows it.

        Raises `_BrokenError` where nothing tells which comma that is.
        """
        window = self._window
        raise _BrokenError(why or _why(window.held()))
