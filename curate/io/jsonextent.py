"""Where a JSON value ends: by its brackets and texts alone, whether or not it is well-formed."""

from __future__ import annotations

import re
from typing import Final

#: A text that is complete, an opening bracket, a closing one, or a mark that opens a text which is not complete.
_token = re.compile(rb'"(?:[^"\\\x00-\x1f]++|\\[^\x00-\x1f])*+"|([\[{])|([\]}])|(")').finditer
_inside = re.compile(rb'(?:[^"\\\x00-\x1f]++|\\[^\x00-\x1f])*+').match
_end_of_scalar = re.compile(rb"[,\]}\[{\" \t\n\r]").search
_gap = re.compile(rb"[ \t\n\r,]+").match

_MARK: Final = ord('"')
_BACKSLASH: Final = ord("\\")


class NoEndError(Exception):
    """The value has no end: the text is over, or a text in it holds a line end or another control character.

    `cut` tells which.
    """

    def __init__(self, *, cut: bool) -> None:
        super().__init__(cut)
        self.cut = cut


class Extent:
    """Follows brackets and texts to the end of a value."""

    def __init__(self) -> None:
        self._depth = 0
        self._quoted = False
        self._begun = self._scalar_begun = False

    def go(self, data: bytes, start: int, after: int, *, over: bool) -> tuple[int, bool]:
        """How many bytes from `start` on have been followed, `after` of them before, and whether the value ends there.

        Raises `NoEndError` at a control character in a text.
        """
        at = start + after
        if not self._begun:
            if at >= len(data):
                return after, over and self._scalar_begun
            if self._scalar_begun or data[at] not in b'"[{':
                return self._scalar(data, start, after, over=over)
            self._begun = True
        while at < len(data):
            if not self._quoted:
                at, done = self._tokens(data, at)
            else:
                at, closed = self._text(data, at)
                if not closed:
                    break
                self._quoted = False
                done = not self._depth
            if done:
                return at - start, True
        return at - start, False

    def _tokens(self, data: bytes, at: int) -> tuple[int, bool]:
        """Where the value ends, or a text is open, or `data` ends; and whether it is the first."""
        for token in _token(data, at):
            kind = token.lastindex
            if kind == 3:
                self._quoted = True
                return token.end(), False
            self._depth += (kind == 1) - (kind == 2)
            if self._depth <= 0:
                return token.end(), True
        return len(data), False

    @staticmethod
    def _text(data: bytes, at: int) -> tuple[int, bool]:
        """Where the text that is open at `at` ends, or from where on it has to be followed; and whether it ends."""
        found = _inside(data, at)
        at = found.end() if found else at
        if at >= len(data):
            return at, False
        if data[at] == _MARK:
            return at + 1, True
        if data[at] == _BACKSLASH and at + 1 >= len(data):
            return at, False
        raise NoEndError(cut=False)

    def _scalar(self, data: bytes, start: int, after: int, *, over: bool) -> tuple[int, bool]:
        # Whatever the first byte is, it is part of the value.
        found = _end_of_scalar(data, start + after + (not self._scalar_begun))
        self._scalar_begun = True
        if found:
            return found.start() - start, True
        return len(data) - start, over


def spans(joined: bytes) -> list[tuple[int, int]]:
    """Where each of the values lies that are separated by commas in `joined`."""
    found: list[tuple[int, int]] = []
    at = 0
    while at < len(joined):
        after, _ = Extent().go(joined, at, 0, over=True)
        found.append((at, at + after))
        gap = _gap(joined, at + after)
        at = gap.end() if gap else len(joined)
    return found
