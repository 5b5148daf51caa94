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
    """Memory that the kernels here work in, text after text.

    Parameters
    ----------
    size : int64 `(n, sides)`, bytes of each side of each text.
    """

    def __init__(self, size: Offsets) -> None:
        longest = int(size.max(initial=0))
        # Folding adds at most two separators to a code point of two bytes, or a byte to it.
        room = 2 * longest + 4 * CHUNK
        # The same memory as bytes and as words of eight: reinterpreting is quick here and slow to compile.
        chars = np.zeros(room // 8, dtype=np.uint64)
        folded, kinds = np.zeros(room, dtype=np.uint8), np.zeros(room, dtype=np.uint8)
        most = int(size.sum(axis=1).max(initial=0)) + size.shape[1] + 8
        tokens, values = np.empty(most, dtype=np.uint64), np.empty(most, dtype=np.uint64)
        self.arrays = (chars.view(np.uint8), chars, folded, kinds, tokens, values)


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
    values = np.empty(int(size.sum()) + size.size, dtype=np.uint64)
    offsets, digests, tokens = _shingles(
        at, size, (ngram, unit == "char"), fold_table(), Workspace(size).arrays, values
    )
    return Shingled(values[: offsets[-1]], offsets, digests, tokens)


@dataclass(frozen=True, slots=True)
class Room:
    """Where the sets of n texts may be written: that of text i to `values[begins[i] : ends[i]]`.

    Parameters
    ----------
    begins, ends : int64 `(n,)`; ranges do not overlap.
    values : uint64.
    """

    begins: Offsets
    ends: Offsets
    values: Hashes

    @classmethod
    def of(cls, tokens: Offsets, ngram: int, values: Hashes | None = None) -> Room:
        """Room for texts of so many `tokens` each, int64 `(n,)`: in `values` if these are enough, or in new memory."""
        most = np.maximum(tokens - (ngram - 1), 0)
        ends = np.cumsum(most)
        size = int(ends[-1]) if ends.size else 0
        if values is None or values.size < size:
            values = np.empty(size, dtype=np.uint64)
        return cls(ends - most, ends, values)

    def part(self, chosen: Offsets | NDArray[np.bool_]) -> Room:
        """That of some of the texts, by their places (int64) or a mask (Boolean)."""
        return Room(self.begins[chosen], self.ends[chosen], self.values)


def sets(at: Offsets, size: Offsets, room: Room, *, ngram: int = 5, unit: Unit = "word") -> Offsets:
    """Write the shingles of texts without repeats, in the order of their first occurrences; how many, int64 `(n,)`.

    Parameters
    ----------
    at, size, ngram, unit : as in `shingles`.
    room : for each text, that of its shingles with repeats at least; changed in place.

    Raises
    ------
    ValueError : as in `shingles`; or a text needs more room.
    """
    check(at, size, ngram)
    slots = np.empty(table_room(int(size.sum(axis=1).max(initial=0)) + size.shape[1]), dtype=np.uint64)
    how = (ngram, unit == "char"), fold_table()
    sizes: Offsets = _sets(at, size, how, Workspace(size).arrays, slots, room.begins, room.ends, room.values)
    check_room(sizes)
    return sizes


def check_room(sizes: Offsets) -> None:
    """Raise `ValueError` where a size is -1: that set was not written."""
    if sizes.size and sizes.min() < 0:
        raise ValueError("a text has more shingles than there is room for")


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
    # Horner's scheme, for many shingles at once: four steps at a time, so that less goes to memory and back.
    done = 1
    while done + 4 <= ngram:
        ahead = tokens[done : done + length + 3]
        for j in range(length):
            out[j] = (((out[j] * GRAM + ahead[j]) * GRAM + ahead[j + 1]) * GRAM + ahead[j + 2]) * GRAM + ahead[j + 3]
        done += 4
    for i in range(done, ngram):
        ahead = tokens[i : i + length]
        for j in range(length):
            out[j] = out[j] * GRAM + ahead[j]
    for j in range(length):
        out[j] = mixed(out[j], MIX)
    return length


@kernel
def text_shingles(at, size, how, fold, workspace, digest, out):  # type: ignore[no-untyped-def]  # numba
    """The shingles of one text into `out`, its digest into `digest`; the numbers of tokens and of shingles.

    `at` and `size` are of each side; `how`: tokens of a shingle, and whether these are characters; `workspace`, the
    arrays of a `Workspace`.
    """
    chars, char_words, folded, kinds, tokens, _ = workspace
    ngram, by_char = how
    count = 0
    split = 0
    for side in range(at.size):
        split = split * SPLIT + count
        text = carray(at_address(at[side]), size[side], dtype=np.uint8)
        end = fold_text(text, chars, char_words, folded, kinds, not by_char, fold)
        count = characters(folded, end, tokens, count) if by_char else words(folded, kinds, end, tokens, count)
    return count, _grams(tokens, count, ngram, split, digest, out)


@kernel
def _shingles(at, size, how, fold, workspace, values):  # type: ignore[no-untyped-def]  # numba
    n = at.shape[0]
    offsets = np.zeros(n + 1, dtype=np.int64)
    digests = np.empty((n, 2), dtype=np.uint64)
    counts = np.empty(n, dtype=np.int64)
    used = 0
    for row in range(n):
        counts[row], found = text_shingles(at[row], size[row], how, fold, workspace, digests[row], values[used:])
        used += found
        offsets[row + 1] = used
    return offsets, digests, counts


@kernel
def _sets(at, size, how, workspace, slots, begins, ends, out):  # type: ignore[no-untyped-def]  # numba
    shingling, fold = how
    values = workspace[5]
    digest = np.empty(2, dtype=np.uint64)
    sizes = np.empty(begins.size, dtype=np.int64)
    for row in range(begins.size):
        _, found = text_shingles(at[row], size[row], shingling, fold, workspace, digest, values)
        sizes[row] = -1
        if found <= ends[row] - begins[row]:
            sizes[row] = _distinct(values[:found], slots, out[begins[row] : ends[row]])
    return sizes


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
def _distinct(values, slots, out):  # type: ignore[no-untyped-def]  # numba
    """`values` without repeats into `out`, and how many; `slots` has room for a hash table of them."""
    if not values.size:
        return 0
    last = (np.uint64(1) << table_bits(values.size)) - np.uint64(1)
    # Shingles are uniform hashes, so their last bits are a place. The first one marks what is empty.
    first = values[0]
    slots[: np.int64(last) + 1] = first
    out[0] = first
    used = 1
    for value in values:
        place = value & last
        while slots[place] != value and slots[place] != first:
            place = (place + np.uint64(1)) & last
        if slots[place] != value:
            slots[place] = value
            out[used] = value
            used += 1
    return used
