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
from curate.algorithms.tokens import BASE, characters, mixed, words

Unit = Literal["word", "char"]
Hashes = NDArray[np.uint64]
Offsets = NDArray[np.int64]

# Odd 64-bit constants: fractional parts of square roots of primes.
GRAM: Final = np.uint64(0x6A09E667F3BCC909)
MIX: Final = np.uint64(0xBB67AE8584CAA73B)
ONE_STEP: Final = np.uint64(0x3C6EF372FE94F82B)
TWO_STEP: Final = np.uint64(0xA54FF53A5F1D36F1)
TWO_MIX: Final = np.uint64(0x510E527FADE682D1)
#: Mixes the number of tokens of each side but the last into the digests of short texts.
SPLIT: Final = 1_000_003


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


class Workspace:
    """Memory that `shingles` works in, for many calls: allocating it takes as long as a short call.

    Parameters
    ----------
    longest : bytes of the longest side of any text.
    sides : of a text.
    most : bytes of all the texts, and the number of their sides, of the call that has most of both together.
    """

    def __init__(self, longest: int, sides: int, most: int) -> None:
        # Folding adds at most two separators to a code point of two bytes, or a byte to it.
        room = 2 * longest + 4 * CHUNK
        # Each of these twice, as bytes and as words of eight: reinterpreting is quick here and slow to compile.
        chars, kinds = np.zeros(room // 8, dtype=np.uint64), np.zeros(room // 8, dtype=np.uint64)
        folded = np.zeros(room, dtype=np.uint8)
        tokens = np.empty(sides * (longest + 1) + 1, dtype=np.uint64)
        self.arrays = (chars.view(np.uint8), chars, folded, kinds.view(np.uint8), kinds, tokens)
        self.values = np.empty(most, dtype=np.uint64)


def shingles(
    at: Offsets, size: Offsets, *, ngram: int = 5, unit: Unit = "word", workspace: Workspace | None = None
) -> Shingled:
    """The shingles of texts in memory, in text order with repeats.

    Parameters
    ----------
    at, size : int64 `(n, sides)`, the address and the number of bytes of each side of each text (`texts.Texts`),
        valid UTF-8; a token never spans two sides, a shingle may.
    ngram : tokens per shingle, at least 1.
    unit : what a token is, a word (or symbol) or a code point.
    workspace : `values` of the result lie in it, until the next call with the same one. Default: a new one.

    Raises
    ------
    ValueError : `ngram` is less than 1, or the shapes differ.
    """
    check(at, size, ngram)
    space = workspace or Workspace(int(size.max(initial=0)), at.shape[1], int(size.sum()) + at.size)
    offsets, digests, tokens = _shingles(at, size, ngram, unit == "char", fold_table(), space.arrays, space.values)
    return Shingled(space.values[: offsets[-1]], offsets, digests, tokens)


def distinct(found: Shingled, out: Hashes | None = None) -> tuple[Hashes, Offsets]:
    """The shingles of each text without repeats, in the order of their first occurrences, and their offsets.

    Parameters
    ----------
    out : what the shingles are written to, uint64, room for all that are found with repeats. Default: a new array.
    """
    room = np.empty(found.values.size, dtype=np.uint64) if out is None else out
    offsets: Offsets = _distinct(found.values, found.offsets, room)
    return room[: offsets[-1]], offsets


def check(at: Offsets, size: Offsets, ngram: int) -> None:
    """Raise `ValueError` for arguments that `shingles` does not take."""
    if ngram < 1:
        raise ValueError(f"ngram must be at least 1, not {ngram}")
    if at.ndim != 2 or at.shape != size.shape:
        raise ValueError(f"addresses {at.shape} and sizes {size.shape} must both be (texts, sides)")


@kernel
def _grams(tokens, count, ngram, split, digest, out):  # type: ignore[no-untyped-def]  # numba
    """The shingles of `count` tokens into `out`, the digests into `digest`; the number of shingles."""
    one = np.uint64(count)
    two = np.uint64(split if count < ngram else 0)
    for j in range(count):
        token = mixed(tokens[j], MIX)
        tokens[j] = token
        step = np.uint64(j + 1)
        one += mixed(token + step * ONE_STEP, BASE)
        two += mixed(token + step * TWO_STEP, TWO_MIX)
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
        out[j] = mixed(out[j], MIX)
    return length


@kernel
def _shingles(at, size, ngram, by_char, fold, workspace, values):  # type: ignore[no-untyped-def]  # numba
    chars, char_words, folded, kinds, kind_words, tokens = workspace
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
                count = characters(folded, end, tokens, count)
            else:
                count = words(folded, kinds, kind_words, end, tokens, count)
        counts[row] = count
        used += _grams(tokens, count, ngram, split, digests[row], values[used:])
        offsets[row + 1] = used
    return offsets, digests, counts


@kernel
def table_bits(size):  # type: ignore[no-untyped-def]  # numba
    """Bits of a place in a hash table for `size` members, at most a quarter of it taken; a half of a large one."""
    bits = np.uint64(2)
    room = 4 * size if size < 4096 else 2 * size
    while (np.int64(1) << np.int64(bits)) < room:
        bits += np.uint64(1)
    return bits


@kernel
def table_room(size):  # type: ignore[no-untyped-def]  # numba
    """Places that are enough for the hash tables of up to `size` members."""
    return max(np.int64(1) << np.int64(table_bits(size)), np.int64(1) << np.int64(table_bits(min(size, 4095))))


@kernel
def _distinct(values, offsets, out):  # type: ignore[no-untyped-def]  # numba
    n = offsets.size - 1
    ends = np.zeros(n + 1, dtype=np.int64)
    longest = np.int64(0)
    for row in range(n):
        longest = max(longest, offsets[row + 1] - offsets[row])
    slots = np.empty(table_room(longest), dtype=np.uint64)
    used = 0
    for row in range(n):
        one = values[offsets[row] : offsets[row + 1]]
        if one.size:
            last = (np.uint64(1) << table_bits(one.size)) - np.uint64(1)
            # Shingles are uniform hashes, so their last bits are a place. The first one marks what is empty.
            first = one[0]
            slots[: np.int64(last) + 1] = first
            out[used] = first
            used += 1
            for value in one:
                place = value & last
                while slots[place] != value and slots[place] != first:
                    place = (place + np.uint64(1)) & last
                if slots[place] != value:
                    slots[place] = value
                    out[used] = value
                    used += 1
        ends[row + 1] = used
    return ends
