"""Texts with one ASCII character of the same sort in place of each character beyond ASCII, compiled."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import carray

from curate.algorithms.jit import at_address, kernel
from curate.algorithms.texts import Texts


@kernel
def _twins(at: Any, size: Any, table: Any, out: Any, ends: Any) -> None:
    count = 0
    for d in range(len(at)):
        text = carray(at_address(at[d]), size[d], dtype=np.uint8)
        i = 0
        while i < len(text):
            point = np.int64(text[i])
            if point >= 0xE0:
                point = ((point & 0x0F) << 12) | (np.int64(text[i + 1] & 0x3F) << 6) | np.int64(text[i + 2] & 0x3F)
                i += 2
            elif point >= 0x80:
                point = ((point & 0x1F) << 6) | np.int64(text[i + 1] & 0x3F)
                i += 1
            out[count] = table[point]
            count += 1
            i += 1
        ends[d] = count


def twins(texts: Texts, table: npt.NDArray[np.uint8]) -> list[str]:
    """Each text with `table[c]` in place of the code point c.

    Parameters
    ----------
    texts : well-formed UTF-8 without code points from 0x10000 on.
    table : uint8, (65536,), ASCII.
    """
    out, ends = np.empty(int(texts.size.sum()), np.uint8), np.zeros(len(texts) + 1, np.int64)
    _twins(texts.at, texts.size, table, out, ends[1:])
    joined = out[: ends[-1]].tobytes().decode("ascii")
    cuts = ends.tolist()
    return [joined[begin:end] for begin, end in pairwise(cuts)]
