"""Texts as sets of hashed n-grams: UTF-8 bytes -> tokens -> 64-bit shingles, in one pass per text.

A *token* is

- a maximal run of word characters, lower-cased code point by code point. A word character has a Unicode general
  category of L, M or N (letters, marks, numbers) or is not yet assigned;
- a maximal run of the ASCII symbols `# $ % & * + - / < = > @ ^ | ~`, so that `2+3`, `2-3` and `2 >= 3` differ;
- any other symbol (category S: `×`, `€`, `≤`, an emoji), and in scripts written without spaces between words (Han,
  kana, Thai, Lao, Khmer, Myanmar) any code point, each on its own.

All else separates tokens: white space, controls, variation selectors, and the punctuation of sentences, quotations and
brackets (category P apart from the signs above, the underscore and the backtick). A *shingle* is `ngram` consecutive
tokens. With `unit="char"` the tokens are the code points of all these, with one space wherever something separates.

The kernels read UTF-8 that is known to be valid (polars guarantees it) and never make Python strings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numba import carray
from numpy.typing import NDArray

from curate.algorithms.folding import CHUNK, fold_table, fold_text
from curate.algorithms.jit import at_address, kernel

Unit = Literal["word", "char"]
Hashes = NDArray[np.uint64]
Offsets = NDArray[np.int64]

# Odd 64-bit constants: fractional parts of the golden ratio and of square roots of primes.
BASE: Final = np.uint64(0x9E3779B97F4A7C15)
GRAM: Final = np.uint64(0x6A09E667F3BCC909)
MIX: Final = np.uint64(0xBB67AE8584CAA73B)
ONE_STEP: Final = np.uint64(0x3C6EF372FE94F82B)
TWO_STEP: Final = np.uint64(0xA54FF53A5F1D36F1)
TWO_MIX: Final = np.uint64(0x510E527FADE682D1)
#: Mixes the number of tokens of each side but the last into the digests of short texts.
SPLIT: Final = 1_000_003

_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
_B = np.uint8


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


def shingles(at: Offsets, size: Offsets, *, ngram: int = 5, unit: Unit = "word") -> Shingled:
    """The shingles of texts in memory, in text order with repeats.

    Parameters
    ----------
    at, size : int64 `(n, sides)`, the address and the number of bytes of each side of each text (`texts.Texts`),
        valid UTF-8; a token never spans two sides, a shingle may.
    ngram : tokens per shingle, at least 1.
    unit : what a token is, a word (or symbol) or a code point.

    Raises
    ------
    ValueError : `ngram` is less than 1, or the shapes differ.
    """
    check(at, size, ngram)
    sides = at.shape[1]
    longest = int(size.max(initial=0))
    # Folding adds at most two separators to a code point of two bytes, or a byte to it.
    room = 2 * longest + 4 * CHUNK
    # Each of these twice, as bytes and as words of eight: reinterpreting is quick here and slow to compile.
    chars, folded = np.zeros(room // 8, dtype=np.uint64), np.zeros(room // 8, dtype=np.uint64)
    scratch = (
        chars.view(np.uint8),
        chars,
        folded.view(np.uint8),
        folded,
        np.zeros(room, dtype=np.uint8),  # kinds
        np.empty(room, dtype=np.uint8),  # edges
        np.empty(room, dtype=np.uint32),  # starts
        np.empty(room, dtype=np.uint32),  # ends
        np.empty(sides * (longest + 1) + 1, dtype=np.uint64),  # tokens
    )
    values = np.empty(int(size.sum()) + at.size, dtype=np.uint64)
    offsets, digests, tokens = _shingles(at, size, ngram, unit == "char", fold_table(), scratch, values)
    return Shingled(values[: offsets[-1]], offsets, digests, tokens)


def distinct(found: Shingled) -> tuple[Hashes, Offsets]:
    """The shingles of each text ascending and without repeats, and their offsets, as in `Shingled`."""
    values, offsets = _distinct(found.values, found.offsets)
    return values, offsets


def check(at: Offsets, size: Offsets, ngram: int) -> None:
    """Raise `ValueError` for arguments that `shingles` does not take."""
    if ngram < 1:
        raise ValueError(f"ngram must be at least 1, not {ngram}")
    if at.ndim != 2 or at.shape != size.shape:
        raise ValueError(f"addresses {at.shape} and sizes {size.shape} must both be (texts, sides)")


@kernel
def _load(words, place):  # type: ignore[no-untyped-def]  # numba
    """The eight bytes from `place` on, the first in the lowest bits, from an array of aligned words."""
    at = place >> np.uint64(3)
    shift = (place & np.uint64(7)) << np.uint64(3)
    return (words[at] >> shift) | ((words[at + np.uint64(1)] << np.uint64(1)) << (np.uint64(63) - shift))


@kernel
def _words(words, kinds, edges, end, starts, ends, out, n):  # type: ignore[no-untyped-def]  # numba
    """Append the hash of each token to `out` at `n`; the new length. `words` has the bytes from 1 to `end`."""
    kinds[end] = 0
    here, before, edge = kinds[1 : end + 1], kinds[0:end], edges[0:end]
    for i in range(end):
        change = here[i] != before[i]
        edge[i] = _B(_B((here[i] != 0) & change) | _B(_B((before[i] != 0) & change) << _B(1)))
    begun, done = np.uint64(0), np.uint64(0)
    for i in range(end):  # without branches: a place is written each time, and kept where a token begins or ends
        starts[begun] = i + 1
        ends[done] = i + 1
        begun += np.uint64(edge[i] & _B(1))
        done += np.uint64(edge[i] >> _B(1))
    tail = out[n : n + np.int64(begun)]
    for token in range(tail.size):
        place = np.uint64(starts[token])
        left = int(ends[token]) - int(starts[token])
        h = _load(words, place)
        h &= _ALL if left >= 8 else _ALL >> np.uint64(64 - 8 * left)
        while left > 8:
            place += np.uint64(8)
            left -= 8
            rest = _load(words, place)
            h = _mixed(h, BASE) + (rest & (_ALL if left >= 8 else _ALL >> np.uint64(64 - 8 * left)))
        tail[token] = h
    return n + tail.size


@kernel
def _chars(folded, end, out, n):  # type: ignore[no-untyped-def]  # numba
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


@kernel
def _mixed(x, factor):  # type: ignore[no-untyped-def]  # numba
    x = (x ^ (x >> np.uint64(32))) * factor
    return x ^ (x >> np.uint64(29))


@kernel
def _grams(tokens, count, ngram, split, digest, out):  # type: ignore[no-untyped-def]  # numba
    """The shingles of `count` tokens into `out`, the digests into `digest`; the number of shingles."""
    one = np.uint64(count)
    two = np.uint64(split if count < ngram else 0)
    for j in range(count):
        token = _mixed(tokens[j], MIX)
        tokens[j] = token
        step = np.uint64(j + 1)
        one += _mixed(token + step * ONE_STEP, BASE)
        two += _mixed(token + step * TWO_STEP, TWO_MIX)
    digest[0] = one
    digest[1] = two
    length = count - ngram + 1 if count >= ngram else 0
    for j in range(length):
        out[j] = tokens[j]
    for i in range(1, ngram):
        ahead = tokens[i : i + length]
        for j in range(length):
            out[j] = out[j] * GRAM + ahead[j]
    for j in range(length):
        out[j] = _mixed(out[j], MIX)
    return length


@kernel
def _shingles(at, size, ngram, by_char, fold, scratch, values):  # type: ignore[no-untyped-def]  # numba
    chars, char_words, folded, folded_words, kinds, edges, starts, ends, tokens = scratch
    n, sides = at.shape
    offsets = np.zeros(n + 1, dtype=np.int64)
    digests = np.empty((n, 2), dtype=np.uint64)
    counts = np.empty(n, dtype=np.int64)
    used = 0
    for row in range(n):
        count = 0
        split = 0
        for side in range(sides):
            split = split * SPLIT + count
            text = carray(at_address(at[row, side]), size[row, side], dtype=np.uint8)
            end = fold_text(text, chars, char_words, folded, kinds, not by_char, fold)
            if by_char:
                count = _chars(folded, end, tokens, count)
            else:
                count = _words(folded_words, kinds, edges, end, starts, ends, tokens, count)
        counts[row] = count
        used += _grams(tokens, count, ngram, split, digests[row], values[used:])
        offsets[row + 1] = used
    return offsets, digests, counts


@kernel
def _distinct(values, offsets):  # type: ignore[no-untyped-def]  # numba
    n = offsets.size - 1
    out = np.empty(values.size, dtype=np.uint64)
    ends = np.zeros(n + 1, dtype=np.int64)
    longest = 1
    for row in range(n):
        size = offsets[row + 1] - offsets[row]
        longest = max(longest, size)
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
    return out[:at], ends
