"""Wording that recurs in a pool: n-grams that many texts share, as features that a choice should cover."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curate.algorithms.jit import kernel


@dataclass(frozen=True, slots=True)
class Wording:
    """Which recurring wordings each text has.

    Attributes
    ----------
    offsets, ids : int64 (n + 1,) and (total,); text i has the wordings `ids[offsets[i] : offsets[i + 1]]`, each once.
    count : how many there are; ids are 0 … count - 1.
    """

    offsets: NDArray[np.int64]
    ids: NDArray[np.int64]
    count: int


def runs(
    words: NDArray[np.uint64], lengths: NDArray[np.int64], size: int
) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """All runs of `size` words: the text each stands in, int64, and its hash, uint64, in text order with repeats.

    Parameters
    ----------
    words : uint64, hashes of the words of all texts, one text after another.
    lengths : int64 (n,), the number of words of each text.
    """
    owner = np.repeat(np.arange(len(lengths)), lengths)
    last = len(words) - size + 1
    if last < 1:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.uint64)
    value = np.zeros(last, dtype=np.uint64)
    for at in range(size):
        value = value * np.uint64(0xBB67AE8584CAA73B) + words[at : at + last]  # an odd factor loses nothing
    whole = owner[:last] == owner[size - 1 :]
    return owner[:last][whole], value[whole]


def recurring(grams: NDArray[np.uint64], offsets: NDArray[np.int64], least: int) -> Wording:
    """The n-grams that at least `least` texts have; those that exactly the same texts have are one wording.

    A sentence that stands in a hundred texts has many n-grams, all in the same hundred: it counts once, however
    long it is.

    Parameters
    ----------
    grams : uint64, hashes of the n-grams of all texts, each once in a text.
    offsets : int64 (n + 1,); those of text i are `grams[offsets[i] : offsets[i + 1]]`.
    least : texts that must share an n-gram, at least 1.

    Returns
    -------
    Wordings, which do not depend on the order of the n-grams in a text, nor on what their hashes are.
    """
    texts = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    order = np.argsort(grams, kind="stable")
    starts = np.flatnonzero(np.diff(grams[order], prepend=~grams[order][:1]))
    sizes = np.diff(starts, append=len(grams))
    often = sizes >= least
    member = np.repeat(often, sizes)
    rows = texts[order][member]
    if not len(rows):
        return Wording(np.zeros(len(offsets), dtype=np.int64), np.empty(0, dtype=np.int64), 0)
    sizes = sizes[often]
    starts = np.cumsum(sizes) - sizes
    # A sum of well mixed numbers names a set of texts; sums of 64 bits overflow, which is meant.
    salt = mixed(np.arange(len(offsets) - 1, dtype=np.uint64))[rows]
    lists = np.stack([np.add.reduceat(salt, starts), sizes.astype(np.uint64)], axis=1)
    _, first = np.unique(lists, axis=0, return_index=True)
    chosen = np.zeros(len(sizes), dtype=bool)
    chosen[first] = True
    rows = rows[np.repeat(chosen, sizes)]
    ids = np.repeat(np.arange(len(first)), sizes[chosen])
    by_text = np.argsort(rows, kind="stable")
    ends = np.cumsum(np.bincount(rows, minlength=len(offsets) - 1))
    return Wording(np.concatenate([[0], ends]).astype(np.int64), ids[by_text], len(first))


def mixed(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64 (Steele, Lea & Flood 2014, *Fast Splittable Pseudorandom Number Generators*) of each number."""
    x = (x + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@kernel
def _add_gains(
    rows: NDArray[np.int64],
    offsets: NDArray[np.int64],
    ids: NDArray[np.int64],
    worth: NDArray[np.int64],
    cover: NDArray[np.int64],
    out: NDArray[np.int64],
) -> None:
    for r in range(len(rows)):
        row = rows[r]
        for at in range(offsets[row], offsets[row + 1]):
            out[r] += max(worth[row] - cover[ids[at]], 0)


class Covered:
    """How well each wording is covered by the texts chosen so far: by the worth of the best of them that has it.

    Parameters
    ----------
    wording : of the n texts.
    worth : int64 (n,), what a text adds for a wording that nothing covers yet, >= 0.
    """

    def __init__(self, wording: Wording, worth: NDArray[np.int64]) -> None:
        self.wording, self.worth = wording, worth
        self.cover = np.zeros(wording.count, dtype=np.int64)

    def add_gains(self, rows: NDArray[np.int64], gains: NDArray[np.int64]) -> None:
        """Add to `gains`, int64 (len(rows),), what each of these texts would add to the cover."""
        _add_gains(rows, self.wording.offsets, self.wording.ids, self.worth, self.cover, gains)

    def add(self, row: int) -> None:
        """Cover the wordings of one more text."""
        mine = self.wording.ids[self.wording.offsets[row] : self.wording.offsets[row + 1]]
        self.cover[mine] = np.maximum(self.cover[mine], self.worth[row])
