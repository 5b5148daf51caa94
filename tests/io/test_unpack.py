"""Gzip data, whole or damaged anywhere, unpacks to what zlib makes of it byte by byte."""

from __future__ import annotations

import gzip
import io
import random
import zlib

from hypothesis import example, given, settings
from hypothesis import strategies as st

from curate.io.unpack import ChecksumError, CorruptStreamError, gzip_pieces

#: Repeats and noise, more than one step of unpacking holds.
TEXT = random.Random(3).randbytes(30_000) * 3 + b"line of text\n" * 90_000


def by_bytes(data: bytes) -> tuple[bytes, str]:
    """All that stands before the first fault, and what the fault is."""
    out = bytearray()
    while data:
        member = zlib.decompressobj(wbits=31)
        for at in range(len(data)):
            try:
                out += member.decompress(data[at : at + 1])
            except zlib.error as error:
                return bytes(out), "sum" if "check" in str(error) and "header" not in str(error) else "corrupt"
            if member.eof:
                break
        if not member.eof:
            return bytes(out), "corrupt"
        data = data[at + 1 :].lstrip(b"\0")
        if data and not data.startswith(b"\x1f\x8b"):
            return bytes(out), "corrupt"
    return bytes(out), ""


def in_pieces(data: bytes) -> tuple[bytes, str]:
    out = bytearray()
    try:
        for piece in gzip_pieces(io.BytesIO(data)):
            out += piece
    except CorruptStreamError:
        return bytes(out), "corrupt"
    except ChecksumError:
        return bytes(out), "sum"
    return bytes(out), ""


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.binary(max_size=400), min_size=1, max_size=3),
    st.integers(0, 10**6),
    st.binary(max_size=3),
    st.booleans(),
    st.sampled_from([b"", b"\0\0", b"\x1f", b"garbage"]),
)
@example([b"abc" * 9], 10**6, b"", True, b"")
@example([b"a"], 3, b"\x20", False, b"\0\0")
@example([b"a"], 3, b"\x20", False, b"")
@example([b"a"], 3, b"\x02", False, b"")
def test_small(parts: list[bytes], at: int, piece: bytes, cut: bool, after: bytes) -> None:
    data = bytearray(b"".join(map(gzip.compress, parts)) + after)
    place = at % (len(data) + 1)
    data[place : len(data) if cut else place + len(piece)] = piece
    assert in_pieces(bytes(data)) == by_bytes(bytes(data))


def test_large() -> None:
    whole = gzip.compress(TEXT, 6)
    assert in_pieces(whole) == (TEXT, "")
    assert in_pieces(whole + whole) == (TEXT + TEXT, "")
    rng = random.Random(5)
    places = [len(whole) - 1, len(whole) - 5, len(whole) - 9, *(rng.randrange(20, len(whole)) for _ in range(12))]
    for place in places:
        assert in_pieces(whole[:place]) == by_bytes(whole[:place])
        wrong = bytearray(whole)
        wrong[place] ^= 1 << rng.randrange(8)
        assert in_pieces(bytes(wrong)) == by_bytes(bytes(wrong))
