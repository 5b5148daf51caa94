"""Records one by one: what a reader of a container is, and the one for lines of JSON."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, Final, Protocol

import jsonlines

from curate.io.model import MAX_RECORD_BYTES, RAW_BYTES, RawRecord, RecordError
from curate.io.streams import CorruptStreamError, damage
from curate.io.strictjson import UNSURE, loads, quick, record_error

BOM: Final = b"\xef\xbb\xbf"

#: Fields whose value is a list of objects inside one record; such a list is no list of records.
NESTED_FIELDS: Final = ("messages", "conversations", "conversation", "thread", "replies", "instances")


class Records(Protocol):
    """An iterator over a container's records that knows where it is.

    Iterating gives the parsed record, or the `RecordError` for which it cannot be had.
    `line` and `raw()` are about the record given last; `line` and `blank` are totals at the end.
    """

    line: int
    blank: int

    @property
    def taken(self) -> int:
        """Bytes read so far, about."""

    def __iter__(self) -> Iterator[Any]: ...

    def raw(self) -> RawRecord:
        """The bytes of the record given last."""


class Unheld:
    """A record that is not kept in memory: its first bytes, its hash and its size, as it goes by."""

    def __init__(self, start: bytes = b"") -> None:
        self.head = b""
        self.size = 0
        self._hash = hashlib.sha256()
        self.add(start)

    def add(self, more: bytes) -> None:
        """Take in the next bytes."""
        if len(self.head) <= RAW_BYTES:
            self.head += more[: RAW_BYTES + 1 - len(self.head)]
        self.size += len(more)
        self._hash.update(more)

    def raw(self, offset: int, *, rest: bool = False) -> RawRecord:
        """What there is to tell of it."""
        whole = len(self.head) == self.size
        return RawRecord(offset, self.head, None if whole else self._hash.hexdigest(), rest)


class JsonLines:
    """Records of a JSONL stream, parsed line by line; lines end at byte 0x0A and nowhere else.

    Parameters
    ----------
    pieces : the decompressed bytes, in pieces of any size.
    max_bytes : a longer line is rejected, and not held in memory.
    """

    def __init__(self, pieces: Iterable[bytes], max_bytes: int = MAX_RECORD_BYTES) -> None:
        self.line = 0
        self.blank = 0
        self.taken = 0
        self._pieces = pieces
        self._max = max_bytes
        self._offset = 0
        self._raw = b""
        self._unheld: RawRecord | None = None
        self._slot = _Slot()
        self._judge = jsonlines.Reader(self._slot, loads=loads)

    def raw(self) -> RawRecord:
        """The line given last, without its line end."""
        return self._unheld or RawRecord(self._offset, self._raw)

    def __iter__(self) -> Iterator[Any]:
        at = 0
        for group in self._split():
            if isinstance(group, tuple):
                self.line += 1
                long, why = group
                self._unheld = long.raw(at, rest=why.reason != "record_too_long")
                at += long.size + 1
                self.taken = at
                yield why
                self._unheld = None
                continue
            for raw in group:
                self.line += 1
                self._offset = at
                at += len(raw) + 1
                self._raw = raw
                value = quick(raw)
                if value is UNSURE:
                    if not raw or raw.isspace():
                        self.blank += 1
                        continue
                    value = self._slowly(raw)
                    if value is UNSURE:
                        continue
                yield value
            self.taken = at

    def _slowly(self, raw: bytes) -> Any:
        """The value of a line, or the error for which it has none; `UNSURE` for a blank one."""
        if self.line == 1 and raw.startswith(BOM):
            raw = raw[3:]  # the mark is no part of the record
            self._offset, self._raw = 3, raw
            if not raw or raw.isspace():
                self.blank += 1
                return UNSURE
        self._slot.line = raw
        try:
            return self._judge.read(allow_none=True)
        except jsonlines.InvalidLineError as error:
            cause = error.__cause__
            if not isinstance(cause, ValueError):
                raise
            return record_error(cause)

    def _split(self) -> Iterator[list[bytes] | tuple[Unheld, RecordError]]:
        """Whole lines, in groups; and lines that are not held, each with the reason."""
        held: list[bytes] = []
        size = 0
        long: Unheld | None = None
        too_long = RecordError("record_too_long", f"The line is longer than {self._max} bytes.")
        pieces = iter(self._pieces)
        while True:
            try:
                piece = next(pieces, None)
            except CorruptStreamError as error:
                yield long or Unheld(b"".join(held)), damage(error)
                return
            if piece is None:
                break
            lines = piece.split(b"\n")
            if long is not None:
                long.add(lines[0])
                if len(lines) == 1:
                    continue
                yield long, too_long
                long, lines = None, lines[1:]
            elif len(lines) > 1:
                held.append(lines[0])
                lines[0] = b"".join(held)
                held, size = [], 0
            last = lines.pop()
            if lines and len(max(lines, key=len)) > self._max:
                for line in lines:
                    if len(line) > self._max:
                        yield Unheld(line), too_long
                    else:
                        yield [line]
            else:
                yield lines
            if last:
                held.append(last)
                size += len(last)
                if size > self._max:
                    long = Unheld(b"".join(held))
                    held, size = [], 0
        if long is not None:
            yield long, too_long
        elif held:
            yield [b"".join(held)]


class _Slot:
    """An endless iterator that gives the line put into it."""

    line = b""

    def __iter__(self) -> _Slot:
        return self

    def __next__(self) -> bytes:
        return self.line
