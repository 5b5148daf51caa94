"""Texts of ASCII with white space folded, as `exact_dedup` hashes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import carray
from numpy.typing import NDArray

from curate.algorithms.jit import at_address, kernel
from curate.algorithms.texts import Texts

#: Bytes before a text that hold its length, the lowest first.
LENGTH_BYTES = 8


@kernel
def _fold(addresses: Any, sizes: Any, out: Any, ends: Any, plain: Any) -> None:
    place = 0
    for row in range(len(plain)):
        begin = place
        plain[row] = True
        for side in range(sizes.shape[1]):
            text = carray(at_address(addresses[row, side]), sizes[row, side], dtype=np.uint8)
            head = place
            place += LENGTH_BYTES
            first, space, together = place, False, np.uint8(0)
            for i in range(len(text)):
                byte = text[i]
                together |= byte
                if byte == 0x20 or 0x09 <= byte <= 0x0D:
                    space = place > first
                    continue
                if space:
                    out[place] = 0x20
                    place += 1
                    space = False
                out[place] = byte
                place += 1
            length = np.uint64(place - first)
            for k in range(LENGTH_BYTES):
                out[head + k] = (length >> np.uint64(8 * k)) & np.uint64(0xFF)
            plain[row] &= together < 0x80
        if not plain[row]:
            place = begin
        ends[row] = place


def folded(sides: Sequence[Texts]) -> tuple[memoryview, NDArray[np.int64], NDArray[np.bool_]]:
    """Of n records the sides that are all ASCII: each run of white space is one space, and none is at the ends.

    Returns
    -------
    A buffer; int64 (n,), where each record ends in it, which is where the next one begins; and Boolean (n,), whether all
    its sides are ASCII. If so it holds, of each side, the number of its bytes (8 bytes, the lowest first) and those
    bytes; else nothing.
    """
    count = len(sides[0])
    at, size = (np.stack([getattr(side, name) for side in sides], axis=1) for name in ("at", "size"))
    out = np.empty(int(size.sum()) + LENGTH_BYTES * size.size, np.uint8)
    ends, plain = np.empty(count, np.int64), np.empty(count, np.bool_)
    _fold(at, size, out, ends, plain)
    return memoryview(out), ends, plain
