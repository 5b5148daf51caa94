"""Texts with white space folded, as `exact_dedup` hashes them, where NFC would change nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numba import carray
from numpy.typing import NDArray

from curate.algorithms.jit import at_address, kernel
from curate.algorithms.texts import Texts

#: Bytes before a text that hold its length, the lowest first.
LENGTH_BYTES: Final = 8


_IS_SPACE: Final = np.array([byte in b"\t\n\v\f\r " for byte in range(256)], np.uint8)


@kernel
def _is_composed(text: Any) -> bool:
    """Whether a text beyond ASCII holds nothing but code points that NFC leaves alone, and that are no white space.

    Those are all below U+0300 (but for two that are white space), and U+2010 to U+2027: dashes, quotation marks, dots.
    """
    i = 0
    while i < len(text):
        byte = text[i]
        i += 1
        if byte < 0x80:
            continue
        if byte < 0xCC:
            if byte == 0xC2 and text[i] in (0x85, 0xA0):
                return False
            i += 1
        elif byte == 0xE2 and text[i] == 0x80 and 0x90 <= text[i + 1] <= 0xA7:
            i += 2
        else:
            return False
    return True


@kernel
def _fold(addresses: Any, sizes: Any, out: Any, ends: Any, plain: Any) -> None:
    place: Any = 0
    for row in range(len(plain)):
        begin = place
        plain[row] = True
        for side in range(sizes.shape[1]):
            text = carray(at_address(addresses[row, side]), sizes[row, side], dtype=np.uint8)
            head = place
            place += LENGTH_BYTES
            first, after, together = place, np.uint8(1), np.uint8(0)
            for i in range(len(text)):
                byte = text[i]
                space = _IS_SPACE[byte]
                together |= byte
                # Written always, kept unless it goes on with white space: a jump for each word would take longer.
                out[place] = 0x20 if space else byte
                place += 1 - (space & after)
                after = space
            place -= after and place > first
            length = np.uint64(place - first)
            for k in range(LENGTH_BYTES):
                out[head + k] = (length >> np.uint64(8 * k)) & np.uint64(0xFF)
            plain[row] &= together < 0x80 or _is_composed(text)
        if not plain[row]:
            place = begin
        ends[row] = place


def folded(sides: Sequence[Texts]) -> tuple[memoryview, NDArray[np.int64], NDArray[np.bool_]]:
    """Of n records the sides that hold what NFC leaves alone: each run of white space is one space, none at the ends.

    Returns
    -------
    A buffer; int64 (n,), where each record ends in it, which is where the next one begins; and Boolean (n,), whether it
    is known at a glance that NFC changes none of its sides. If so it holds, of each side, the number of its bytes (8
    bytes, the lowest first) and those bytes; else nothing.
    """
    count = len(sides[0])
    at, size = (np.stack([getattr(side, name) for side in sides], axis=1) for name in ("at", "size"))
    out = np.empty(int(size.sum()) + LENGTH_BYTES * size.size, np.uint8)
    ends, plain = np.empty(count, np.int64), np.empty(count, np.bool_)
    _fold(at, size, out, ends, plain)
    return out.data, ends, plain
