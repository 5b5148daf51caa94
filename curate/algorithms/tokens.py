"""The tokens of a folded text: kernels that find where each begins and ends, and hash it.

What a token is says `curate.algorithms.shingles`; what the arrays hold, `folding.fold_text`.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from curate.algorithms.folding import SIGN, WORD
from curate.algorithms.jit import eight_bytes, equal_bits, kernel, trailing_zeros

#: An odd 64-bit constant: the fractional part of the golden ratio.
BASE: Final = np.uint64(0x9E3779B97F4A7C15)

_ALL: Final = np.uint64(0xFFFFFFFFFFFFFFFF)
_ONE: Final = np.uint64(1)
_LAST: Final = np.uint64(63)


@kernel
def mixed(x, factor):  # type: ignore[no-untyped-def]  # numba infers the types of a kernel
    """A bijection of 64-bit numbers in which each bit depends on most others; `factor` is odd."""
    x = (x ^ (x >> np.uint64(32))) * factor
    return x ^ (x >> np.uint64(29))


@kernel
def _bytes(address, count):  # type: ignore[no-untyped-def]  # numba
    """Up to eight of the `count` bytes at an address, the first in the lowest bits; zeros beyond those."""
    return eight_bytes(address) & (_ALL >> (np.uint64(64) - (min(count, np.uint64(8)) << np.uint64(3))))


@kernel
def words(folded, kinds, end, out, n):  # type: ignore[no-untyped-def]  # numba
    """Append the hash of each token to `out` at `n`; the new length.

    `folded` has the bytes from 1 to `end`, `kinds` the kind of each.
    Kinds are looked at 64 at a time, as bits: the time goes by the number of tokens and of blocks, not of bytes.
    """
    kinds[end : end + 64] = 0
    at = np.uint64(n)
    begin = np.uint64(0)
    word_before, sign_before = np.uint64(0), np.uint64(0)
    for block in range((end >> 6) + 1):
        kind = np.uint64(kinds.ctypes.data) + np.uint64(64 * block)
        word, sign = equal_bits(kind, WORD), equal_bits(kind, SIGN)
        word_shifted, sign_shifted = (word << _ONE) | word_before, (sign << _ONE) | sign_before
        change = (word ^ word_shifted) | (sign ^ sign_shifted)
        starts, ends = (word | sign) & change, (word_shifted | sign_shifted) & change
        here = np.uint64(folded.ctypes.data) + np.uint64(64 * block)
        if word_before | sign_before == 0:
            begin = here + trailing_zeros(starts)
            starts &= starts - _ONE
        word_before, sign_before = word >> _LAST, sign >> _LAST
        while ends != 0:
            size = here + trailing_zeros(ends) - begin
            ends &= ends - _ONE
            h = _bytes(begin, size)
            while size > np.uint64(8):
                begin += np.uint64(8)
                size -= np.uint64(8)
                h = mixed(h, BASE) + _bytes(begin, size)
            out[at] = h
            at += _ONE
            # Where no other one begins in this block the address is wrong, and set anew in the block where one does.
            begin = here + trailing_zeros(starts)
            starts &= starts - _ONE
    return np.int64(at)


@kernel
def characters(folded, end, out, n):  # type: ignore[no-untyped-def]  # numba
    """Append each code point in `folded[1:end]` to `out` at `n`, with a space where something separates."""
    i = 1
    gap = n > 0
    while i < end:
        if folded[i] == 0:
            gap = n > 0
            i += 1
            continue
        if gap:
            out[n] = np.uint64(32)
            n += 1
            gap = False
        c = np.uint64(folded[i])
        length = 1 + int(c >= 0xC0) + int(c >= 0xE0) + int(c >= 0xF0)
        # The bytes themselves are as good as the code point: one-to-one, and nothing to decode.
        for j in range(1, length):
            c |= np.uint64(folded[i + j]) << np.uint64(8 * j)
        out[n] = c
        n += 1
        i += length
    return n
