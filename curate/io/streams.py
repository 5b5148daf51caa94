"""Decompressed bytes of a file, as a stream; the compression is told by the first bytes, not the name."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from curate.errors import InputError
from curate.io.model import Compression

CHUNK: Final = 1024 * 1024
_ZSTD_INPUT: Final = 16 * 1024

_MAGIC: Final[tuple[tuple[bytes, Compression], ...]] = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\x00", "xz"),
)


class CorruptStreamError(Exception):
    """The compressed data is damaged or ends early."""


def compression_of(head: bytes) -> Compression | None:
    """The compression whose signature `head` (6 bytes or more) starts with."""
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    if head[1:4] == b"\x2a\x4d\x18" and 0x50 <= head[0] <= 0x5F:
        return "zstd"  # a skippable frame in front
    return None


@contextmanager
def open_raw(path: Path) -> Iterator[io.BufferedReader]:
    """The stored bytes of a file; what the system refuses is an `InputError` that names the path."""
    try:
        with path.open("rb") as stream:
            yield stream
    except OSError as error:
        if error.errno is None:
            raise
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


def chunks(path: Path, compression: Compression | None) -> Iterator[bytes]:
    """The decompressed bytes of a file, in pieces of at most about 1 MiB.

    Raises
    ------
    CorruptStreamError : the compressed data is damaged or ends early (after the pieces before that place).
    InputError : the file cannot be opened or read.
    """
    with open_raw(path) as raw:
        if compression == "zstd":
            yield from _zstd(raw)
            return
        with _opened(raw, compression) as stream:
            while piece := _piece(stream):
                yield piece


_Stream = gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile | io.BufferedReader


def _opened(raw: io.BufferedReader, compression: Compression | None) -> _Stream:
    if compression == "gzip":
        return gzip.GzipFile(fileobj=raw)
    if compression == "bz2":
        return bz2.BZ2File(raw)
    if compression == "xz":
        return lzma.LZMAFile(raw)
    return raw


def _piece(stream: _Stream) -> bytes:
    try:
        # `read1`, because `read` would lose what it has already unpacked when it comes to the damage.
        return stream.read1(CHUNK)
    except (EOFError, zlib.error, lzma.LZMAError) as error:
        raise CorruptStreamError(str(error)) from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise CorruptStreamError(str(error)) from error  # gzip and bz2 report bad data so


def _zstd(raw: io.BufferedReader) -> Iterator[bytes]:
    # Frame by frame with `decompressobj`: the library's readers take a cut-off frame for the end of the file.
    import zstandard

    make = zstandard.ZstdDecompressor(max_window_size=1 << 31).decompressobj
    frame = make()
    fed = False
    while piece := raw.read(_ZSTD_INPUT):
        while piece:
            if frame.eof:
                frame = make()
            try:
                out = frame.decompress(piece)
            except zstandard.ZstdError as error:
                raise CorruptStreamError(str(error)) from error
            fed = True
            piece = frame.unused_data if frame.eof else b""
            if out:
                yield out
    if fed and not frame.eof:
        raise CorruptStreamError("the compressed data ends before its end marker")
