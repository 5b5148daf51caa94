"""Shared runs of words: which word n-grams of a text stand in a set of other texts, and the longest run of them.

A word is a 64-bit hash (`word_hash`), a text a row of words. The n-grams of `NGRAM` words of all items of a set are
indexed by their hashes; a run of m words of a text that stands in an item is a run of m - NGRAM + 1 n-grams whose
places in the set go up by one. Hashes are the same on every machine, so that an index can be shipped without texts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]
Places = NDArray[np.int64]

#: Words of an indexed n-gram; shorter runs are never seen. The shortest in use: Chowdhery et al. (2022), PaLM.
NGRAM: Final = 8
#: An n-gram with fewer different words other than numbers says nothing (rows of a table, a count from one to ten).
DISTINCT: Final = 4
#: Places that are kept of one n-gram; one that stands in more items is boilerplate of the set.
PLACES: Final = 1024

_FACTOR: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX: Final = np.uint64(0xBF58476D1CE4E5B9)
_SHIFT: Final = np.uint64(31)


def word_hash(word: str) -> int:
    """The first eight bytes of BLAKE2b over the word's UTF-8, as a little-endian number."""
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little")


def ngram_hashes(words: Words, size: int = NGRAM) -> Words:
    """The hash of each run of `size` words, uint64 `(max(n - size + 1, 0),)`: a polynomial modulo 2**64, mixed."""
    count = max(len(words) - size + 1, 0)
    value = np.zeros(count, dtype=np.uint64)
    for start in range(size if count else 0):
        value *= _FACTOR
        value += words[start : start + count]
    value ^= value >> _SHIFT
    value *= _MIX
    value ^= value >> _SHIFT
    return value


def starts(offsets: Places, size: int = NGRAM) -> NDArray[np.bool_]:
    """Of each word of rows that end at `offsets`, whether a run of `size` words of its row begins there."""
    sizes = np.diff(offsets)
    left = np.repeat(offsets[1:], sizes) - np.arange(offsets[-1])
    fits: NDArray[np.bool_] = left >= size
    return fits


def telling(words: Words, number: NDArray[np.bool_], size: int = NGRAM) -> NDArray[np.bool_]:
    """Of each run of `size` words, whether it has `DISTINCT` different words that are no numbers.

    Parameters
    ----------
    words, number : (n,) the words, and whether each is a number.
    """
    count = max(len(words) - size + 1, 0)
    order = np.argsort(words, kind="stable")
    same = np.zeros(len(words), dtype=bool)
    same[1:] = words[order[1:]] == words[order[:-1]]
    before = np.full(len(words), -1, dtype=np.int64)
    before[order[1:]] = np.where(same[1:], order[:-1], -1)
    here = np.arange(count)
    different = np.zeros(count, dtype=np.int64)
    for step in range(size):
        part = slice(step, step + count)
        different += ~number[part] & (before[part] < here)
    enough: NDArray[np.bool_] = different >= DISTINCT
    return enough


@dataclass(frozen=True, slots=True)
class Index:
    """The n-grams of a set of items.

    Parameters
    ----------
    hashes : uint64 (m,) of the n-grams, sorted; equal ones in the order of `places`.
    places : int64 (m,) the first word of each n-gram in `words`, or, without texts, its item.
    words : uint64 (n,) the words of all items; None in an index without texts.
    offsets : int64 (items + 1,) where each item begins in `words`; without texts 0, 1, 2, ….
    """

    hashes: Words
    places: Places
    words: Words | None
    offsets: Places

    @property
    def step(self) -> int:
        """By how much the place of the next n-gram of a run is greater."""
        return 0 if self.words is None else 1

    def item(self, place: int) -> int:
        """The number of the item that a place lies in."""
        return int(np.searchsorted(self.offsets, place, side="right")) - 1


def build(words: Words, number: NDArray[np.bool_], offsets: Places, *, texts: bool = True) -> Index:
    """The index of items.

    Parameters
    ----------
    words, number : (n,) all items' words one after the other, and whether each is a number.
    offsets : (items + 1,) where each item begins.
    texts : whether to keep the words; without them a place is the number of an item.
    """
    hashes = ngram_hashes(words)
    good = telling(words, number) & starts(offsets)[: len(hashes)]
    places = np.flatnonzero(good)
    hashes = hashes[places]
    if not texts:
        places = np.searchsorted(offsets, places, side="right") - 1
    order = np.lexsort((places, hashes))
    hashes, places = hashes[order], places[order].astype(np.int64)
    if not texts and len(hashes):
        first = np.r_[True, (hashes[1:] != hashes[:-1]) | (places[1:] != places[:-1])]
        hashes, places = hashes[first], places[first]
    begins = offsets if texts else np.arange(len(offsets), dtype=np.int64)
    return Index(hashes, places, words if texts else None, begins)


@dataclass(frozen=True, slots=True)
class Run:
    """The longest run of words that a text shares with an item: where it begins in each, and its length in words."""

    start: int
    words: int
    item: int


def hits(index: Index, words: Words, offsets: Places) -> tuple[Places, Places]:
    """The n-grams of rows that stand in `index`: where each begins in `words`, ascending, and its first entry.

    Parameters
    ----------
    words : (n,) all rows' words one after the other.
    offsets : (rows + 1,) where each row begins.
    """
    hashes = ngram_hashes(words)
    if not len(hashes) or not len(index.hashes):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    entry = np.searchsorted(index.hashes, hashes)
    found = index.hashes[np.minimum(entry, len(index.hashes) - 1)] == hashes
    at = np.flatnonzero(found & starts(offsets)[: len(hashes)])
    return at, entry[at]


def longest(index: Index, words: Words, at: Sequence[int], entries: Sequence[int]) -> Run:
    """The longest run of one row; the first of those that are equally long, in the earliest item.

    An index without texts knows items alone: there a run is one of n-grams that follow each other in the text and
    stand in one item, wherever in it.

    Parameters
    ----------
    words : (n,) the words that `at` counts in.
    at, entries : the row's part of what `hits` found, at least one.
    """
    best = Run(at[0], 0, 0)
    place = np.zeros(0, np.int64)
    length = np.zeros(0, np.int64)
    last, crowded = -2, False
    for here, entry in zip(at, entries, strict=True):
        end = entry + int(np.searchsorted(index.hashes[entry:], index.hashes[entry], side="right"))
        now = index.places[entry : min(end, entry + PLACES)]
        grown = np.full(len(now), NGRAM, dtype=np.int64)
        if here == last + 1 and len(place):
            before = np.minimum(np.searchsorted(place, now - index.step), len(place) - 1)
            goes_on = place[before] == now - index.step
            grown[goes_on] = length[before[goes_on]] + 1
            if crowded and index.words is not None:
                for new in np.flatnonzero(~goes_on):
                    grown[new] += _before(index, words, int(now[new]), here)
        top = int(np.argmax(grown))
        if grown[top] > best.words:
            size = int(grown[top])
            best = Run(here + NGRAM - size, size, index.item(int(now[top])))
        place, length, last, crowded = now, grown, here, end - entry > PLACES
    return best


def _before(index: Index, words: Words, place: int, here: int) -> int:
    """How many words before the two places are equal, within the item."""
    assert index.words is not None
    begin = int(index.offsets[index.item(place)])
    most = min(place - begin, here)
    mine, theirs = words[here - most : here][::-1], index.words[place - most : place][::-1]
    other = np.flatnonzero(mine != theirs)
    return int(other[0]) if len(other) else most
