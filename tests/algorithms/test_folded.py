"""White space folded by a kernel, against Python's regular expressions and `unicodedata`."""

from __future__ import annotations

import itertools
import re
import sys
import unicodedata

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.algorithms.folded import folded
from curate.algorithms.texts import texts

#: Unicode's property White_Space; Python's `\s` has four separators more.
SPACES = "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
PARTS = [*SPACES, "  ", "\r\n", "a", "two words", "é", "e\u0301", "ſ", "\u02ff", "\u0300", "—", "“", "…", "\u2010", "\u2027", "\u200b",
         "\x1c", "\x1f", "\x00", "\x7f", "\x80", "\x84", "\x86", "中", "\u212b", "\u0340", "😀", "\ufeff"]  # fmt: skip
TEXT = st.one_of(st.lists(st.sampled_from(PARTS), max_size=12).map("".join), st.text(max_size=20))


def by_kernel(pairs: list[tuple[str, str]]) -> list[bytes | None]:
    columns = [pl.Series([pair[side] for pair in pairs], dtype=pl.String) for side in (0, 1)]
    buffer, ends, plain = folded([texts(column) for column in columns])
    begins = [0, *ends.tolist()]
    return [
        bytes(buffer[begin:end]) if known else None
        for begin, end, known in zip(begins, begins[1:], plain.tolist(), strict=False)
    ]


def by_hand(pair: tuple[str, str]) -> bytes:
    sides = [re.sub(f"[{SPACES}]+", " ", side).strip(" ") for side in pair]
    data = [unicodedata.normalize("NFC", side).encode() for side in sides]
    return b"".join(len(side).to_bytes(8, "little") + side for side in data)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(TEXT, TEXT), max_size=6))
def test_what_is_folded_is_as_by_hand(pairs: list[tuple[str, str]]) -> None:
    for pair, got in zip(pairs, by_kernel(pairs), strict=True):
        assert got is None or got == by_hand(pair)
        assert got is not None or not "".join(pair).isascii()


def test_every_character_that_is_left_alone_stays_so_beside_any_other() -> None:
    known = [chr(point) for point in range(sys.maxunicode + 1) if not 0xD800 <= point < 0xE000]
    pairs = [(one, "x") for one in known]
    plain = [one for one, got in zip(known, by_kernel(pairs), strict=True) if got is not None]
    assert {"é", "—", "“", "\u02ff"} < set(plain)
    assert len(plain) > 0x300
    beyond = [one for one in plain if not one.isascii()]
    assert not set(beyond) & set(SPACES)
    assert all(unicodedata.is_normalized("NFC", "".join(two)) for two in itertools.product(beyond, "aeiou~^'\"" + "é"))
    assert all(not unicodedata.combining(one) for one in plain)
    joined = "".join(beyond)
    assert unicodedata.normalize("NFC", joined + joined[::-1]) == joined + joined[::-1]
