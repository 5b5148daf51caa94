"""A window on the bytes of a JSON text: where its values end, without holding more of it than one value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from curate.io.jsonextent import Extent, NoEndError
from curate.io.model import RawRecord, RecordError
from curate.io.records import BOM, Unheld
from curate.io.streams import CorruptStreamError, damage

#: Pieces are joined to at least this much, so that tiny ones cost no more than large ones.
_FILL: Final = 64 * 1024
#: Of a longer run of white space only the end is kept.
_WHITE_KEPT: Final = 1024

_white = re.compile(rb"[ \t\n\r]*").match
_first_field = re.compile(rb'\{[ \t\n\r]*(?:"[^"\\]{0,60}")?').match


def indent_of(white: bytes) -> bytes | None:
    """What stands before a value on its line, given the white space before it; None if more than that stands there."""
    _, line_end, indent = white.rpartition(b"\n")
    return indent if line_end else None


class TooLongError(Exception):
    """The value is longer than the limit."""


class Tape:
    """A copy of what the window passes, as long as it is not longer than the limit, and its hash."""

    def __init__(self, offset: int, limit: int) -> None:
        self.offset = offset
        self._limit = limit
        self._parts: list[bytes] = []
        self._seen = Unheld()

    def add(self, more: bytes) -> None:
        """Take in the next bytes."""
        self._seen.add(more)
        self._parts.append(more)
        if self._seen.size > self._limit:
            self._parts.clear()

    def bytes(self) -> bytes | None:
        """All of it, or None if it is too long."""
        return None if self._seen.size > self._limit else b"".join(self._parts)

    def raw(self, *, rest: bool = False) -> RawRecord:
        """All of it, or its beginning and hash."""
        whole = self.bytes()
        if whole is None:
            return self._seen.raw(self.offset, rest=rest)
        return RawRecord(self.offset, whole, rest=rest)


class Window:
    """The bytes of a JSON text from a place on, which only moves forward.

    Parameters
    ----------
    pieces : the bytes, in pieces of any size.
    limit : the longest value in bytes.
    """

    def __init__(self, pieces: Iterable[bytes], limit: int) -> None:
        self.damage: RecordError | None = None
        self.tape: Tape | None = None
        self.white = b""  # the white space that `visible` went over last, or its end
        self.limit = limit
        self._pieces = iter(pieces)
        self._data = b""
        self._at = 0
        self._base = 0
        self._over = False
        if self._has(len(BOM)) and self._data.startswith(BOM):
            self._at = len(BOM)

    @property
    def offset(self) -> int:
        """The place, in bytes from the beginning of the text."""
        return self._base + self._at

    def _fill(self) -> bool:
        """Hold more of the text; False if there is no more."""
        if self._over:
            return False
        more: list[bytes] = []
        size = 0
        try:
            while size < _FILL:
                piece = next(self._pieces, None)
                if piece is None:
                    self._over = True
                    break
                more.append(piece)
                size += len(piece)
        except CorruptStreamError as error:
            self.damage, self._over = damage(error), True
        self._data = b"".join([self._data[self._at :], *more])
        self._base += self._at
        self._at = 0
        return size > 0

    def _has(self, count: int) -> bool:
        while len(self._data) - self._at < count:
            if not self._fill():
                return False
        return True

    def take(self, count: int) -> bytes:
        """Move over `count` bytes, which the window holds."""
        passed = self._data[self._at : self._at + count]
        self._at += count
        if self.tape is not None:
            self.tape.add(passed)
        return passed

    def visible(self) -> bytes:
        """Move over white space; the byte that is next then, or nothing at the end."""
        self.white = b""
        while True:
            found = _white(self._data, self._at)
            end = found.end() if found else self._at
            if end > self._at:
                self.white = (self.white + self.take(end - self._at))[-_WHITE_KEPT:]
            if self._at < len(self._data):
                return self._data[self._at : self._at + 1]
            if not self._fill():
                return b""

    def first_inside(self) -> bytes:
        """The first visible byte after the bracket that is next."""
        after = 1
        while True:
            found = _white(self._data, self._at + after)
            end = found.end() if found else self._at + after
            if end < len(self._data):
                return self._data[end : end + 1]
            after = end - self._at
            if after > self.limit or not self._fill():
                return b""

    def first_field(self) -> bytes:
        """The opening brace that is next, and the name of the first field as far as it is near."""
        found = _first_field(self._data, self._at)
        return found.group() if found else b"{"

    def until_last(self, mark: bytes, inside: int) -> bytes:
        """What comes before the last `mark` that the window holds, and `inside` bytes of the mark itself.

        It is not moved over. Nothing if there is no mark near.
        """
        while True:
            found = self._data.rfind(mark, self._at)
            if found >= 0:
                return self._data[self._at : found + inside]
            if self.size > self.limit or not self._fill():
                return b""

    @property
    def size(self) -> int:
        """How many bytes the window holds."""
        return len(self._data) - self._at

    def until(self, mark: bytes) -> bytes | None:
        """What comes before the second byte of the next `mark`, not moved over; None if it is too far away."""
        after = 0
        while True:
            found = self._data.find(mark, self._at + after)
            if found >= 0:
                end = found + 1
                return self._data[self._at : end] if end - self._at <= self.limit else None
            after = max(0, len(self._data) - self._at - len(mark) + 1)
            if after > self.limit or not self._fill():
                return None

    def value(self) -> bytes:
        """The value that is next, not moved over.

        Raises
        ------
        TooLongError : it is longer than the limit.
        NoEndError : it has no end.
        """
        extent = Extent()
        after, over = 0, False
        while True:
            after, done = extent.go(self._data, self._at, after, over=over)
            if after > self.limit:
                raise TooLongError
            if done:
                return self._data[self._at : self._at + after]
            if over:
                raise NoEndError(cut=True)
            over = not self._fill()

    def pass_value(self) -> Iterator[bytes]:
        """The bytes of the value that is next, moved over as they are given. Raises `NoEndError`."""
        extent = Extent()
        over = False
        while True:
            after, done = extent.go(self._data, self._at, 0, over=over)
            yield self.take(after)
            if done:
                return
            if over:
                raise NoEndError(cut=True)
            over = not self._fill()

    def pass_until(self, mark: bytes) -> Iterator[bytes]:
        """The bytes up to the next `mark`, moved over as they are given. Raises `NoEndError` if there is none."""
        while True:
            found = self._data.find(mark, self._at)
            if found >= 0:
                yield self.take(found - self._at)
                return
            yield self.take(max(0, len(self._data) - self._at - len(mark) + 1))
            if not self._fill():
                raise NoEndError(cut=True)

    def startswith(self, text: bytes, after: int) -> bool:
        """Whether `text` stands `after` bytes from the place."""
        return self._has(after + len(text)) and self._data.startswith(text, self._at + after)

    def held(self) -> bytes:
        """What the window holds from the place on."""
        return self._data[self._at :]

    def rest(self) -> Iterator[bytes]:
        """All that is left, moved over as it is given."""
        while self._at < len(self._data) or self._fill():
            yield self.take(len(self._data) - self._at)
