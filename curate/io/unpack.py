"""Unpacks gzip, bzip2, xz and zstd piece by piece, giving every byte that stands before damage.

The standard library's file objects and zstandard's readers are not used: they lose what they have unpacked when they
come to the damage, take a cut-off frame for the end of the file, or say nothing of what follows the data.

Whole gzip data is unpacked by ISA-L, in less than half of zlib's time. Where it finds anything wrong the file is gone
through again with zlib, which can be held just before the damage.
"""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Final, Protocol

_OUT: Final = 256 * 1024
_IN: Final = 64 * 1024
#: Large steps, because at the end of each a thread that unpacks waits for the one that works on what is unpacked.
_LARGE: Final = 1024 * 1024
#: Four bytes of zstd may stand for 128 KiB, and what they unpack to comes in one piece.
_ZSTD_IN: Final = 4 * 1024
#: bzip2 and xz lose what one step has unpacked when the step meets damage.
_SMALL_IN: Final = 16 * 1024
#: An xz file says how much memory it takes to unpack; `xz -9` asks for 65 MiB.
_XZ_MEMORY: Final = 1024 * 1024 * 1024
_GZIP_MAGIC: Final = b"\x1f\x8b"
#: Where the flags of a gzip header stand (RFC 1952, section 2.3.1), and those that ISA-L does not look at as zlib does:
#: the reserved ones, which must be zero, and that of a check sum of the header.
_FLAGS: Final = 3
_UNCOMMON: Final = 0b1110_0010


class CorruptStreamError(Exception):
    """The compressed data is damaged, ends early, or is not read on; `reason` is a key of `REJECT_REASONS`."""

    def __init__(self, message: str, *, reason: str = "corrupt_stream") -> None:
        super().__init__(message)
        self.reason = reason


class ChecksumError(Exception):
    """The data unpacked well, but is not what was packed."""


_CUT: Final = "it ends before its end marker"


def gzip_pieces(raw: BinaryIO) -> Iterator[bytes]:
    """The members of a gzip file, joined; zero bytes after a member are padding.

    Parameters
    ----------
    raw : at the start of the file; it can seek.

    Raises
    ------
    CorruptStreamError : damage, a cut, or other data after a member.
    ChecksumError : a member's check sum or length is not that of its data.
    """
    given = 0
    try:
        for piece in _whole_gzip(raw):
            given += len(piece)
            yield piece
    except _DoubtError:
        raw.seek(0)
        for piece in _any_gzip(raw):
            if len(piece) > given:
                yield piece[given:]
            given = max(0, given - len(piece))


class _DoubtError(Exception):
    """The data is to be looked at more closely."""


def _whole_gzip(raw: BinaryIO) -> Iterator[bytes]:
    from isal import igzip_lib, isal_zlib

    block = raw.read(_LARGE)
    while block:
        while len(block) <= _FLAGS and (more := raw.read(_LARGE)):
            block += more
        if len(block) <= _FLAGS or block[_FLAGS] & _UNCOMMON:
            raise _DoubtError
        member = isal_zlib.decompressobj(wbits=31)
        while not member.eof:
            if not block and not (block := raw.read(_LARGE)):
                raise _DoubtError
            try:
                piece = member.decompress(block, _LARGE)
            except igzip_lib.IsalError as error:  # type: ignore[misc] # its stub takes the class for an instance
                raise _DoubtError from error
            block = member.unused_data if member.eof else member.unconsumed_tail
            if piece:
                yield piece
        block = block or raw.read(_LARGE)
        if block and not block.startswith(_GZIP_MAGIC):
            raise _DoubtError


def _any_gzip(raw: BinaryIO) -> Iterator[bytes]:
    block = raw.read(_IN)
    while block:
        member = zlib.decompressobj(wbits=31)
        while not member.eof:
            if not block and not (block := raw.read(_IN)):
                raise CorruptStreamError(_CUT)
            before = member.copy()
            try:
                piece = member.decompress(block, _OUT)
            except zlib.error as error:
                yield from _up_to_damage(before, block)
                if "incorrect data check" in str(error) or "incorrect length check" in str(error):
                    raise ChecksumError from error
                raise CorruptStreamError(str(error)) from error
            block = member.unused_data if member.eof else member.unconsumed_tail
            if piece:
                yield piece
        block = _after_padding(block, raw)
        while len(block) < len(_GZIP_MAGIC) and (more := raw.read(_IN)):
            block += more
        if block and not block.startswith(_GZIP_MAGIC):
            raise CorruptStreamError("after its end comes something that is no gzip data")


class _Inflater(Protocol):
    def decompress(self, data: bytes, max_length: int = ..., /) -> bytes: ...


def _up_to_damage(member: _Inflater, block: bytes) -> Iterator[bytes]:
    """What `block` gives before the error in it, byte by byte so that none of it is lost with the error."""
    got = bytearray()
    try:
        for at in range(len(block)):
            got += member.decompress(block[at : at + 1])
    except zlib.error:
        pass  # the one that is being looked into
    if got:
        yield bytes(got)


def _after_padding(block: bytes, raw: BinaryIO) -> bytes:
    block = block.lstrip(b"\0")
    while not block and (more := raw.read(_IN)):
        block = more.lstrip(b"\0")
    return block


def bz2_pieces(raw: BinaryIO) -> Iterator[bytes]:
    """The streams of a bzip2 file, joined. Raises `CorruptStreamError`."""
    block = raw.read(_SMALL_IN)
    while block:
        stream = bz2.BZ2Decompressor()
        while not stream.eof:
            if not block and stream.needs_input and not (block := raw.read(_SMALL_IN)):
                raise CorruptStreamError(_CUT)
            try:
                piece = stream.decompress(block, _OUT)
            except OSError as error:
                raise CorruptStreamError(str(error).lower()) from error
            block = b""
            if piece:
                yield piece
        block = _after_padding(stream.unused_data, raw)


def xz_pieces(raw: BinaryIO) -> Iterator[bytes]:
    """The streams of an xz file, joined. Raises `CorruptStreamError`."""
    block = raw.read(_SMALL_IN)
    while block:
        stream = lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)
        while not stream.eof:
            if not block and stream.needs_input and not (block := raw.read(_SMALL_IN)):
                raise CorruptStreamError(_CUT)
            try:
                piece = stream.decompress(block, _OUT)
            except lzma.LZMAError as error:
                raise CorruptStreamError(str(error).lower()) from error
            block = b""
            if piece:
                yield piece
        block = _after_padding(stream.unused_data, raw)


def zstd_pieces(raw: BinaryIO) -> Iterator[bytes]:
    """The frames of a zstd file, joined. Raises as `gzip_pieces`."""
    import zstandard

    make = zstandard.ZstdDecompressor(max_window_size=1 << 31).decompressobj
    frame = make()
    fed = False
    while piece := raw.read(_ZSTD_IN):
        while piece:
            if frame.eof:
                frame = make()
            try:
                out = frame.decompress(piece)
            except zstandard.ZstdError as error:
                if "checksum" in str(error):
                    raise ChecksumError from error
                raise CorruptStreamError(str(error)) from error
            fed = True
            piece = frame.unused_data if frame.eof else b""
            if out:
                yield out
    if fed and not frame.eof:
        raise CorruptStreamError(_CUT)
