"""Members of a tar file, one after the other out of a stream.

The standard library's reader is not used: it ends in silence at a header that is damaged or cut off, and takes headers
of any size into memory. Formats: ustar (POSIX.1-1988), pax (POSIX.1-2001), and GNU's long names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

_BLOCK: Final = 512
#: Headers that hold a long name or pax records are refused beyond this.
_MOST_HEADER: Final = 1024 * 1024
_LINKS: Final = {b"1": "a link", b"2": "a link"}
_DEVICES: Final = {b"3": "a device", b"4": "a device", b"6": "a FIFO"}


class TarError(Exception):
    """The tar file is damaged or cut off from here on."""


@dataclass(frozen=True, slots=True)
class TarMember:
    """A member: its name as it stands in the file, its size in bytes, and why it is no regular file, if it is none.

    `folder` is true of a folder, whose data (there should be none) is of no use either.
    """

    name: str
    size: int
    odd: str | None
    folder: bool


class TarStream:
    """The members of a tar file. `data` gives the bytes of the one that iterating gave last.

    Parameters
    ----------
    pieces : the decompressed bytes of the file.
    """

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._held, self._at = b"", 0
        self._left = 0  # bytes of the member's data that are still to come
        self._padding = 0

    def _take(self, most: int) -> bytes:
        """Up to `most` bytes, at least one; raises `TarError` at the end."""
        while self._at == len(self._held):
            piece = next(self._pieces, None)
            if piece is None:
                raise TarError("it is cut off")
            self._held, self._at = piece, 0
        taken = self._held[self._at : self._at + most]
        self._at += len(taken)
        return taken

    def _exactly(self, size: int) -> bytes:
        parts = []
        while size:
            parts.append(self._take(size))
            size -= len(parts[-1])
        return b"".join(parts)

    def data(self) -> Iterator[bytes]:
        """The bytes of the member in hand."""
        while self._left:
            piece = self._take(min(self._left, 256 * 1024))
            self._left -= len(piece)
            yield piece

    def __iter__(self) -> Iterator[TarMember]:
        shared: dict[str, str] = {}
        own: dict[str, str] = {}
        while True:
            for _ in self.data():
                pass
            self._exactly(self._padding)
            header = self._exactly(_BLOCK)
            if not header.strip(b"\0"):
                return
            size, kind = _checked(header), header[156:157]
            size = _number(own.get("size", "")) if "size" in own else size
            self._left, self._padding = size, -size % _BLOCK
            if kind in b"LKxg":
                if size > _MOST_HEADER:
                    raise TarError(f"a header of {size} bytes")
                text = b"".join(self.data())
                if kind in b"LK":
                    own["path" if kind == b"L" else "linkpath"] = _text(text.rstrip(b"\0"))
                else:
                    (own if kind == b"x" else shared).update(_pax(text))
                continue
            yield _member(header, size, kind, {**shared, **own})
            own = {}


def _member(header: bytes, size: int, kind: bytes, pax: dict[str, str]) -> TarMember:
    name = header[:100].split(b"\0")[0]
    if header[257:263] == b"ustar\0" and (prefix := header[345:500].split(b"\0")[0]):
        name = prefix + b"/" + name
    path = pax.get("path", _text(name))
    odd = _LINKS.get(kind) or _DEVICES.get(kind)
    if kind == b"S" or any(key.startswith("GNU.sparse") for key in pax):
        odd = "a sparse file"
    elif odd is None and kind not in {b"0", b"\0", b"7", b"5"}:
        odd = "of an unknown kind"
    return TarMember(path, size, odd, folder=kind == b"5" or (kind == b"\0" and path.endswith("/")))


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")


def _checked(header: bytes) -> int:
    """The size in a header, whose check sum must be right."""
    total = sum(header) - sum(header[148:156]) + 8 * ord(" ")
    if total != _octal(header[148:156]):
        raise TarError("a header is damaged")
    field = header[124:136]
    size = int.from_bytes(field[1:], "big") if field[0] == 0x80 else _octal(field)
    if size < 0:
        raise TarError("a header is damaged")
    return size


def _octal(field: bytes) -> int:
    digits = field.split(b"\0")[0].strip()
    try:
        return int(digits or b"0", 8)
    except ValueError:
        raise TarError("a header is damaged") from None


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise TarError("a header is damaged")
    return int(text)


def _pax(text: bytes) -> dict[str, str]:
    """The records `length key=value` of a pax header."""
    records: dict[str, str] = {}
    while text:
        length, space, _ = text.partition(b" ")
        size = _number(length.decode("ascii", "replace")) if space and len(length) < 20 else 0
        key, equals, value = text[len(length) + 1 : size].partition(b"=")
        if not equals or not value.endswith(b"\n"):
            raise TarError("a header is damaged")
        records[_text(key)] = _text(value[:-1])
        text = text[size:]
    return records
