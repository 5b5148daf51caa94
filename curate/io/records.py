"""Records one by one: what a reader of a container is, and the one for lines of JSON."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, Final, Protocol

import jsonlines

from curate.io.model import MAX_RECORD_BYTES, RAW_BYTES, RawRecord, RecordError
from curate.io.streams import CorruptStreamError
from curate.io.strictjson import loads, record_error

BOM: Final = b"\xef\xbb\xbf"

#: Fields whose value is a list of objects inside one record; such a list is no list of records.
NESTED_FIELDS: Final = ("messages", "conversations", "instances")


class Records(Protocol):
    """An iterator over a container's records that knows where it is.

    Iterating gives the parsed record, or the `RecordError` for which it cannot be had.
    `line` and `raw()` are about the record given last; `line` and `blank` are totals at the end.
    """

    line: int
    blank: int
    taken: int

    def __iter__(self) -> Iterator[Any]: ...

    def raw(self) -> RawRecord:
        """The bytes of the record given last."""


class JsonLines:
    """Records of a JSONL stream, parsed line by line; lines end at byte 0x0A and nowhere else.

    Parameters
    ----------
    pieces : the decompressed bytes, in pieces of any size.
    """

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self.line = 0
        self.blank = 0
        self.taken = 0
        self._pieces = pieces
        self._offset = 0
        self._raw = b""
        self._sha256: str | None = None
        self._problem: RecordError | None = None

    def raw(self) -> RawRecord:
        """The line given last, without its line end."""
        return RawRecord(self._offset, self._raw, self._sha256)

    def __iter__(self) -> Iterator[Any]:
        read = jsonlines.Reader(self._lines(), loads=loads).read
        while True:
            try:
                value = read(allow_none=True)
            except EOFError:
                return
            except jsonlines.InvalidLineError as error:
                if self._problem is not None:
                    yield self._problem
                    self._problem = None
                    self._sha256 = None
                    continue
                cause = error.__cause__
                if not isinstance(cause, ValueError):
                    raise
                yield record_error(cause)
                continue
            yield value

    def _lines(self) -> Iterator[bytes]:
        """The lines that are not blank, keeping count; an empty one stands for `_problem`."""
        next_offset = 0
        for piece in self._split():
            if isinstance(piece, _Unheld):
                self.line += 1
                self._offset, next_offset = next_offset, next_offset + piece.size + 1
                self._raw, self._sha256, self._problem = piece.head, piece.sha256, piece.why
                self.taken = next_offset
                yield b""
                continue
            for raw in piece:
                self.line += 1
                self._offset = next_offset
                next_offset += len(raw) + 1
                if not raw or raw.isspace():
                    self.blank += 1
                    continue
                if self.line == 1 and raw.startswith(BOM):
                    raw = raw[3:]  # noqa: PLW2901 (the mark is no part of the record)
                    self._offset = 3
                    if not raw or raw.isspace():
                        self.blank += 1
                        continue
                self._raw = raw
                yield raw
            self.taken = next_offset

    def _split(self) -> Iterator[list[bytes] | _Unheld]:
        held: list[bytes] = []
        size = 0
        long: _Unheld | None = None
        pieces = iter(self._pieces)
        while True:
            try:
                piece = next(pieces, None)
            except CorruptStreamError as error:
                why = RecordError("corrupt_stream", f"The compressed data is damaged or cut off: {error}.")
                long = long or _Unheld(b"".join(held), why)
                long.why = why
                yield long
                return
            if piece is None:
                break
            lines = piece.split(b"\n")
            if long is not None:
                long.add(lines[0])
                if len(lines) == 1:
                    continue
                yield long
                long, lines = None, lines[1:]
            elif len(lines) > 1:
                held.append(lines[0])
                lines[0] = b"".join(held)
                held, size = [], 0
            last = lines.pop()
            yield lines
            if last:
                held.append(last)
                size += len(last)
                if size > MAX_RECORD_BYTES:
                    why = RecordError("record_too_long", f"The line is longer than {MAX_RECORD_BYTES} bytes.")
                    long = _Unheld(b"".join(held), why)
                    held, size = [], 0
        if long is not None:
            yield long
        elif held:
            yield [b"".join(held)]


class _Unheld:
    """A line that is not kept in memory: its first bytes, its hash and its size."""

    def __init__(self, start: bytes, why: RecordError) -> None:
        self.head = start[: RAW_BYTES + 1]
        self.size = len(start)
        self.why = why
        self._hash = hashlib.sha256(start)

    def add(self, more: bytes) -> None:
        self.size += len(more)
        self._hash.update(more)

    @property
    def sha256(self) -> str | None:
        return None if len(self.head) == self.size else self._hash.hexdigest()
