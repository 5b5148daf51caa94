"""Decompressed bytes of a file, as a stream; the compression is told by the first bytes, not the name."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from curate.errors import InputError
from curate.io.model import Compression, RecordError
from curate.io.unpack import ChecksumError, CorruptStreamError, bz2_pieces, gzip_pieces, xz_pieces, zstd_pieces

__all__ = [
    "CHUNK",
    "MAX_RATIO",
    "RATIO_AFTER",
    "CorruptStreamError",
    "bounded",
    "chunks",
    "compression_of",
    "damage",
    "open_raw",
]

CHUNK: Final = 96 * 1024

#: Data that unpacks to more than this many times its stored size is refused, from `RATIO_AFTER` unpacked bytes on.
#: Text of records packs 3 to 20 times with gzip and up to 50 times with zstd or xz; gzip cannot pack anything more
#: than 1,032 times (Gailly and Adler, zlib technical details), and a bomb comes close to that.
MAX_RATIO: Final = 200
RATIO_AFTER: Final = 64 * 1024 * 1024

_MAGIC: Final[tuple[tuple[bytes, Compression], ...]] = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\x00", "xz"),
)
_UNPACK: Final = {"gzip": gzip_pieces, "zstd": zstd_pieces, "bz2": bz2_pieces, "xz": xz_pieces}


def compression_of(head: bytes) -> Compression | None:
    """The compression whose signature `head` (6 bytes or more) starts with."""
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    if head[1:4] == b"\x2a\x4d\x18" and 0x50 <= head[0] <= 0x5F:
        return "zstd"  # a skippable frame in front
    return None


def _open_at_once(path: str, flags: int) -> int:
    # Without waiting, and looked at once it is open: a FIFO may have come in the file's place since it was found.
    handle = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise InputError(f"{path}: not a regular file")
    return handle


@contextmanager
def open_raw(path: Path) -> Iterator[io.BufferedReader]:
    """The stored bytes of a file; what the system refuses is an `InputError` that names the path."""
    try:
        with open(path, "rb", opener=_open_at_once) as stream:
            yield stream
    except OSError as error:
        if error.errno is None:
            raise
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


def bounded(pieces: Iterator[bytes], raw: io.BufferedReader) -> Iterator[bytes]:
    """`pieces` unpacked from `raw`, as long as they are not out of all proportion to what was read of it.

    Raises
    ------
    CorruptStreamError : they are (`MAX_RATIO`, `RATIO_AFTER`), or as `pieces` does.
    """
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > RATIO_AFTER and size > MAX_RATIO * raw.tell():
            why = f"it unpacks to more than {MAX_RATIO} times its size"
            raise CorruptStreamError(why, reason="expands_too_far")
        yield piece


def chunks(path: Path, compression: Compression | None) -> Iterator[bytes]:
    """The decompressed bytes of a file, in pieces of about 256 KiB.

    Raises
    ------
    CorruptStreamError : the compressed data is damaged, ends early, or expands out of all proportion (after the
        pieces before that place).
    InputError : the file cannot be opened or read, or its check sum is wrong, so that the damage has no place.
    """
    with open_raw(path) as raw:
        if compression is None:
            while piece := raw.read(CHUNK):
                yield piece
            return
        try:
            yield from bounded(_UNPACK[compression](raw), raw)
        except ChecksumError as error:
            raise InputError(
                f"{path}: the {compression} check sum is wrong: some of the data was altered, and nothing tells which"
            ) from error


def damage(error: CorruptStreamError) -> RecordError:
    """Why what stands at a damaged place of a compressed file is rejected."""
    if error.reason == "corrupt_stream":
        return RecordError(error.reason, f"The compressed data is damaged or cut off: {error}.")
    return RecordError(error.reason, f"The compressed data is not read on: {error}.")
