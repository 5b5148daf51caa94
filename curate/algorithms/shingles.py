"""Texts as sets of hashed n-grams: UTF-8 bytes -> tokens -> 64-bit shingles, in one pass per text.

A *token* is a maximal run of word characters, lower-cased code point by code point; in scripts written
without spaces between words (Han, kana, Thai, Lao, Khmer, Myanmar) every code point is its own token. A word
character has a Unicode general category of L, M or N (letters, marks, numbers) or is not yet assigned; all
else (white space, punctuation, symbols, emoji, the underscore, controls, variation selectors) separates
tokens. A *shingle* is `ngram` consecutive tokens. With `unit="char"` the tokens are the code points of the
same words, with one space between words.

The kernels read UTF-8 that is known to be valid (polars guarantees it) and never make Python strings.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from curate.algorithms.jit import kernel

Unit = Literal["word", "char"]
Bytes = NDArray[np.uint8]
Hashes = NDArray[np.uint64]
Offsets = NDArray[np.int64]

#: Scripts that put no space between words: first and last code point of each block.
UNSPACED: Final[tuple[tuple[int, int], ...]] = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x2FDF),  # CJK and Kangxi radicals
    (0x3005, 0x3007),  # iteration mark, closing mark, zero
    (0x3040, 0x312F),  # Hiragana, Katakana, Bopomofo
    (0x31A0, 0x31BF),  # Bopomofo extended
    (0x31F0, 0x31FF),  # Katakana extensions
    (0x3400, 0x9FFF),  # Han
    (0xA9E0, 0xA9FF),  # Myanmar extended
    (0xAA60, 0xAA7F),  # Myanmar extended
    (0xF900, 0xFAFF),  # Han, compatibility
    (0xFF66, 0xFF9D),  # Katakana, half width
)

_OWN = np.uint32(1 << 31)
# Odd 64-bit constants: fractional parts of the golden ratio and of square roots of primes.
_BASE = np.uint64(0x9E3779B97F4A7C15)
_GRAM = np.uint64(0x6A09E667F3BCC909)
_MIX = np.uint64(0xBB67AE8584CAA73B)
_ONE_STEP = np.uint64(0x3C6EF372FE94F82B)
_TWO_STEP = np.uint64(0xA54FF53A5F1D36F1)
_TWO_MIX = np.uint64(0x510E527FADE682D1)
_ZERO = np.uint64(0)


@dataclass(frozen=True, slots=True)
class Shingled:
    """The shingles of n texts.

    Parameters
    ----------
    values : uint64 `(total,)`; the shingles of text i are `values[offsets[i] : offsets[i + 1]]`, in text order
        with repeats. Texts with fewer than `ngram` tokens have none.
    offsets : int64 `(n + 1,)`.
    digests : uint64 `(n, 2)`, a 128-bit hash of the sequence of tokens; for texts without shingles also of how
        they are divided into sides. Equal digests mean equal shingles.
    tokens : int64 `(n,)`, the number of tokens.
    """

    values: Hashes
    offsets: Offsets
    digests: Hashes
    tokens: Offsets


@cache
def fold_table() -> NDArray[np.uint32]:
    """What each code point of the Basic Multilingual Plane becomes, uint32 `(65536,)`.

    0 for a separator, else the lower-case code point (the first one, where there are several), with bit 31
    set where the code point is a token of its own.
    """
    table = np.zeros(65536, dtype=np.uint32)
    for point in range(65536):
        category = unicodedata.category(chr(point))
        if category[0] in "LMN" or category == "Cn":
            table[point] = ord(chr(point).lower()[0])
    table[0xFE00:0xFE10] = 0
    for first, last in UNSPACED:
        block = table[first : last + 1]
        block[block > 0] |= _OWN
    table.setflags(write=False)
    return table


def shingles(data: Bytes, starts: Offsets, ends: Offsets, *, ngram: int = 5, unit: Unit = "word") -> Shingled:
    """The shingles of texts in one buffer, in text order with repeats.

    Parameters
    ----------
    data : uint8, valid UTF-8.
    starts, ends : int64 `(n, sides)`, the byte range of each side of each text; a token never spans two
        sides, a shingle may.
    ngram : tokens per shingle, at least 1.
    unit : what a token is, a word or a code point.
    """
    _check(starts, ends, ngram)
    values, offsets, digests, tokens = _shingles(data, starts, ends, ngram, unit == "char", fold_table())
    return Shingled(values, offsets, digests, tokens)


def distinct(found: Shingled) -> tuple[Hashes, Offsets]:
    """The shingles of each text ascending and without repeats, and their offsets, as in `Shingled`."""
    values, offsets = _distinct(found.values, found.offsets)
    return values, offsets


def _check(starts: Offsets, ends: Offsets, ngram: int) -> None:
    if ngram < 1:
        raise ValueError(f"ngram must be at least 1, not {ngram}")
    if starts.ndim != 2 or starts.shape != ends.shape:
        raise ValueError(f"starts {starts.shape} and ends {ends.shape} must both be (texts, sides)")


@kernel
def _decode(data, i, fold):  # type: ignore[no-untyped-def]  # numba infers the types of a kernel
    """The folded code point of the multi-byte sequence at `i`, and where the next begins."""
    c = np.uint32(data[i])
    second = np.uint32(data[i + 1] & 0x3F)
    if c < 0xE0:
        return fold[(c & np.uint32(0x1F)) << np.uint32(6) | second], i + 2
    third = np.uint32(data[i + 2] & 0x3F)
    if c < 0xF0:
        return fold[(c & np.uint32(0x0F)) << np.uint32(12) | second << np.uint32(6) | third], i + 3
    fourth = np.uint32(data[i + 3] & 0x3F)
    point = (c & np.uint32(0x07)) << np.uint32(18) | second << np.uint32(12) | third << np.uint32(6) | fourth
    # Beyond the table: emoji and other pictures, tags and private use separate; planes 2 and 3 are Han.
    if 0x1F000 <= point < 0x1FB00 or point >= 0xE0000:
        return np.uint32(0), i + 4
    if 0x20000 <= point < 0x40000:
        return np.uint32(point) | _OWN, i + 4
    return np.uint32(point), i + 4


@kernel
def _words(data, low, high, fold, out, n):  # type: ignore[no-untyped-def]  # numba
    """Append the hash of each word in `data[low:high]` to `out` at `n`; the new length."""
    h = _ZERO
    i = low
    while i < high:
        if data[i] < 0x80:
            t = np.uint64(fold[data[i]])
            i += 1
            # Written without branches: a word ends where a separator follows one or more word characters.
            out[n] = h
            n += np.int64(t == _ZERO) & np.int64(h != _ZERO)
            h = (h * _BASE + t) if t != _ZERO else _ZERO
            continue
        point, i = _decode(data, i, fold)
        if point == 0 or point & _OWN:
            out[n] = h
            n += np.int64(h != _ZERO)
            h = _ZERO
        if point & _OWN:
            out[n] = np.uint64(point ^ _OWN)
            n += 1
        elif point != 0:
            h = h * _BASE + np.uint64(point)
    out[n] = h
    return n + np.int64(h != _ZERO)


@kernel
def _chars(data, low, high, fold, out, n):  # type: ignore[no-untyped-def]  # numba
    """Append each code point of the words in `data[low:high]` to `out` at `n`, with a space between words."""
    i = low
    gap = n > 0
    while i < high:
        if data[i] < 0x80:
            point = fold[data[i]]
            i += 1
        else:
            point, i = _decode(data, i, fold)
        if point == 0:
            gap = n > 0
            continue
        if gap:
            out[n] = np.uint64(32)
            n += 1
            gap = False
        out[n] = np.uint64(point & ~_OWN)
        n += 1
    return n


@kernel
def _mixed(x, factor):  # type: ignore[no-untyped-def]  # numba
    x = (x ^ (x >> np.uint64(32))) * factor
    return x ^ (x >> np.uint64(29))


@kernel
def _shingles(data, starts, ends, ngram, by_char, fold):  # type: ignore[no-untyped-def]  # numba
    n, sides = starts.shape
    longest = 0
    total = 0
    for row in range(n):
        size = 2 * sides
        for side in range(sides):
            size += ends[row, side] - starts[row, side]
        longest = max(longest, size)
        # A word and its separator take two bytes at least, except in unspaced scripts (two or three bytes a
        # token); characters and the spaces between words take no more bytes than the text and a space a side.
        total += size if by_char else size // 2 + sides
    tokens = np.empty(longest + 2, dtype=np.uint64)
    values = np.empty(total, dtype=np.uint64)
    offsets = np.zeros(n + 1, dtype=np.int64)
    digests = np.empty((n, 2), dtype=np.uint64)
    counts = np.empty(n, dtype=np.int64)
    at = 0
    for row in range(n):
        count = 0
        split = 0
        for side in range(sides):
            split = split * 1_000_003 + count
            if by_char:
                count = _chars(data, starts[row, side], ends[row, side], fold, tokens, count)
            else:
                count = _words(data, starts[row, side], ends[row, side], fold, tokens, count)
        one = np.uint64(count)
        two = np.uint64(split if count < ngram else 0)
        for j in range(count):
            token = _mixed(tokens[j], _MIX)
            tokens[j] = token
            step = np.uint64(j + 1)
            one += _mixed(token + step * _ONE_STEP, _BASE)
            two += _mixed(token + step * _TWO_STEP, _TWO_MIX)
        digests[row, 0] = one
        digests[row, 1] = two
        counts[row] = count
        length = max(count - ngram + 1, 0)
        out = values[at : at + length]
        for j in range(length):
            out[j] = tokens[j]
        for i in range(1, ngram):
            ahead = tokens[i : i + length]
            for j in range(length):
                out[j] = out[j] * _GRAM + ahead[j]
        for j in range(length):
            out[j] = _mixed(out[j], _MIX)
        at += length
        offsets[row + 1] = at
    return values[:at].copy(), offsets, digests, counts


@kernel
def _distinct(values, offsets):  # type: ignore[no-untyped-def]  # numba
    n = offsets.size - 1
    out = np.empty(values.size, dtype=np.uint64)
    ends = np.zeros(n + 1, dtype=np.int64)
    longest = 1
    for row in range(n):
        longest = max(longest, offsets[row + 1] - offsets[row])
    slots = np.empty(4 * longest + 2, dtype=np.int64)
    spread = np.empty(longest, dtype=np.uint64)
    at = 0
    for row in range(n):
        low, high = offsets[row], offsets[row + 1]
        # Shingles are uniform 64-bit hashes: dealt out by their leading bits to about as many slots as there are
        # of them, they are all but sorted, and inserting each one among the few before it finishes the work.
        bits = 1
        while (1 << bits) < high - low:
            bits += 1
        shift = np.uint64(64 - bits)
        slots[: (1 << bits) + 1] = 0
        for j in range(low, high):
            slots[(values[j] >> shift) + np.uint64(1)] += 1
        for slot in range(1 << bits):
            slots[slot + 1] += slots[slot]
        for j in range(low, high):
            slot = values[j] >> shift
            spread[slots[slot]] = values[j]
            slots[slot] += 1
        first = at
        for j in range(high - low):
            value = spread[j]
            place = at
            while place > first and out[place - 1] > value:
                place -= 1
            if place > first and out[place - 1] == value:
                continue
            for k in range(at, place, -1):
                out[k] = out[k - 1]
            out[place] = value
            at += 1
        ends[row + 1] = at
    return out[:at].copy(), ends
