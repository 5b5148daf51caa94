"""Records one by one: what a reader of a container is, and the one for lines of JSON."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import accumulate
from typing import Any, Final

import jsonlines

from curate.io.ahead import ahead
from curate.io.model import MAX_RECORD_BYTES, RAW_BYTES, RawRecord, RecordError
from curate.io.quickjson import UNSURE, Lines, quick
from curate.io.streams import CHUNK, CorruptStreamError, damage
from curate.io.strictjson import loads, record_error

BOM: Final = b"\xef\xbb\xbf"

#: Fields whose value is a list of objects inside one record; such a list is no list of records.
NESTED_FIELDS: Final = ("messages", "conversations", "conversation", "thread", "replies", "instances")
#: Those of a preference record, each of which may be text as well.
PAIR_FIELDS: Final = ("prompt", "chosen", "rejected")


def parse_nested(record: dict[str, Any]) -> None:
    """Put in place of the JSON text of a table's cell the list of objects that it stands for, where a format has one.

    Other text stays as it is, such as an answer that happens to be a JSON list of numbers.
    """
    for name in NESTED_FIELDS:
        value = record.get(name)
        if type(value) is str and value.startswith("["):
            with suppress(ValueError):  # then it stays text, which the format rejects as of the wrong type
                record[name] = loads(value)
    if "chosen" not in record or "rejected" not in record:
        return
    for name in PAIR_FIELDS:
        value = record.get(name)
        if type(value) is str and value.startswith("["):
            with suppress(ValueError):
                turns = loads(value)
                if turns and isinstance(turns[0], dict) and "role" in turns[0]:
                    record[name] = turns


class Records(ABC):
    """An iterator over a container's records that knows where it is.

    Iterating gives the parsed record, or the `RecordError` for which it cannot be had.
    `line` and `raw()` are about the record given last; `line` and `blank` are totals at the end.
    """

    def __init__(self) -> None:
        self.line = 0
        self.blank = 0

    @property
    @abstractmethod
    def taken(self) -> int:
        """Bytes read so far, about."""

    @abstractmethod
    def __iter__(self) -> Iterator[Any]: ...

    @abstractmethod
    def raw(self) -> RawRecord:
        """The bytes of the record given last."""

    def groups(self) -> Iterator[list[Any]]:
        """The same records, of which objects on consecutive lines may come together."""
        for value in self:
            yield [value]

    def point(self, index: int) -> None:
        """Make `line` and `raw()` be about that record of the group given last, as they are about its last."""
        assert index == 0  # groups are of one here


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


class JsonLines(Records):
    """Records of a JSONL stream, parsed line by line; lines end at byte 0x0A and nowhere else.

    Parameters
    ----------
    pieces : the decompressed bytes, in pieces of any size.
    max_bytes : a longer line is rejected, and not held in memory.
    read_ahead : whether the next pieces are taken while those before are worked on.
    """

    def __init__(self, pieces: Iterable[bytes], max_bytes: int = MAX_RECORD_BYTES, *, read_ahead: bool = False) -> None:
        super().__init__()
        self._pieces = _cut(ahead(iter(pieces)) if read_ahead else pieces)
        self._max = max_bytes
        self._next = self._start = 0  # bytes read, and where the lines in hand start
        self._unheld: RawRecord | None = None
        self._group = b""
        self._first = self._index = 0  # of the group given last the first line, and the one pointed at
        self._lines: list[bytes] = []  # those of `_group`, and where they start, as soon as they are asked for
        self._offsets: list[int] = []
        self._slot = _Slot()
        self._judge = jsonlines.Reader(self._slot, loads=loads)

    @property
    def taken(self) -> int:
        """Bytes read so far."""
        return self._next

    def raw(self) -> RawRecord:
        """The line given last, without its line end."""
        if self._unheld is not None:
            return self._unheld
        if not self._offsets:
            self._lines = self._group.removesuffix(b"\n").split(b"\n")
            self._offsets = list(accumulate((len(line) + 1 for line in self._lines), initial=self._start))
        at, line = self._offsets[self._index], self._lines[self._index]
        if at == 0 and line.startswith(BOM):
            at, line = len(BOM), line[len(BOM) :]
        return RawRecord(at, line)

    def point(self, index: int) -> None:
        """Make `line` and `raw()` be about that line of the group given last."""
        index += self._first
        self.line += index - self._index
        self._index = index

    def __iter__(self) -> Iterator[Any]:
        for group in self.groups():
            for index, value in enumerate(group):
                self.point(index)
                yield value

    def groups(self) -> Iterator[list[Any]]:
        """The records, all the objects of a piece of the file together where there is nothing else in it."""
        for group in self._split():
            self._start, self._first, self._index = self._next, 0, 0
            if isinstance(group, tuple):
                long, why = group
                self.line += 1
                self._next += long.size + 1
                self._unheld = long.raw(self._start, rest=why.reason != "record_too_long")
                yield [why]
                self._unheld = None
                continue
            self._group, self._offsets = group.raw, []
            self._next += len(group.raw)
            values = group.objects()
            if values is not None:
                self._index = len(values) - 1
                self.line += len(values)
                yield values
                continue
            for index, raw in enumerate(group.split()):
                self._first = self._index = index
                self.line += 1
                value = quick(raw)
                if value is UNSURE:
                    value = self._slowly(raw)
                if value is not UNSURE:
                    yield [value]

    def _slowly(self, raw: bytes) -> Any:
        """The value of a line, or the error for which it has none; `UNSURE` for a blank one."""
        if self.line == 1:
            raw = raw.removeprefix(BOM)  # the mark is no part of the record
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

    def _split(self) -> Iterator[Lines | tuple[Unheld, RecordError]]:
        """Whole lines, many together; and lines that are not held, each with the reason."""
        held: list[bytes] = []
        size = 0
        long: Unheld | None = None
        pieces = iter(self._pieces)
        while True:
            try:
                piece = next(pieces, None)
            except CorruptStreamError as error:
                yield long or Unheld(b"".join(held)), damage(error)
                return
            if piece is None:
                break
            first = 0
            if long is not None:
                first = piece.find(b"\n") + 1
                long.add(piece[: first - 1] if first else piece)
                if not first:
                    continue
                yield long, self._too_long()
                long = None
            end = piece.rfind(b"\n") + 1
            if end > first:
                held.append(piece[first:end])
                yield from self._bounded(b"".join(held))
                held, size = [], 0
            if len(piece) > max(first, end):
                held.append(piece[max(first, end) :])
                size += len(held[-1])
                if size > self._max:
                    long = Unheld(b"".join(held))
                    held, size = [], 0
        if long is not None:
            yield long, self._too_long()
        elif held:
            yield Lines(b"".join(held))

    def _too_long(self) -> RecordError:
        return RecordError("record_too_long", f"The line is longer than {self._max} bytes.")

    def _bounded(self, group: bytes) -> Iterator[Lines | tuple[Unheld, RecordError]]:
        """The lines of `group`, those apart that are too long."""
        if len(group) <= self._max or len(max(group.split(b"\n"), key=len)) <= self._max:
            yield Lines(group)
            return
        for line in group[:-1].split(b"\n"):
            if len(line) > self._max:
                yield Unheld(line), self._too_long()
            else:
                yield Lines(line + b"\n")


def _cut(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces that fit a processor's cache, as each is gone through several times."""
    for piece in pieces:
        if len(piece) <= CHUNK:
            yield piece
        else:
            for start in range(0, len(piece), CHUNK):
                yield piece[start : start + CHUNK]


class _Slot:
    """An endless iterator that gives the line put into it."""

    line = b""

    def __iter__(self) -> _Slot:
        return self

    def __next__(self) -> bytes:
        return self.line
