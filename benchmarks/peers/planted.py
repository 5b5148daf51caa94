"""Documents with planted near-duplicates whose clusters are known.

The words are made of syllables; no text of anybody is in them. A third of the documents stand in clusters: a base and
copies of it with a few words changed, each with a Jaccard index of word 5-grams of at least `COPY` with the base. One
in ten is a decoy: a copy of a base with so many words changed that the index is about one half, and at most `DECOY`.
All else is chance. So the exact components at any threshold between `DECOY` and `COPY` are the planted clusters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

Index = NDArray[np.int64]

NGRAM: Final = 5
#: Least Jaccard index of a copy with its base.
COPY: Final = 0.74
#: Greatest Jaccard index of a decoy with any other document.
DECOY: Final = 0.6
_VOCABULARY: Final = 50_000
#: Words of a document: at least, and fewer than.
WORDS: Final = (40, 240)
_SIZES: Final = (1, 2, 3, 5, 9)  # copies of a base
_ODDS: Final = (0.5, 0.25, 0.15, 0.07, 0.03)


@dataclass(frozen=True)
class Planted:
    """`texts`, one for each document, and `labels` int64 `(n,)`, equal within a planted cluster and nowhere else."""

    texts: list[str]
    labels: Index


def vocabulary() -> list[str]:
    """50,000 distinct made-up words."""
    syllables = [a + b for a, b in product("bdfgklmnprstvz", "aeiou")]
    words = ("".join(parts) for count in (2, 3) for parts in product(syllables, repeat=count))
    return [word for word, _ in zip(words, range(_VOCABULARY), strict=False)]


def planted(count: int, seed: int = 0, length: tuple[int, int] = WORDS) -> Planted:
    """`count` documents of `length` words (at least, below) in an order that says nothing of their clusters."""
    rng = np.random.default_rng([seed, count])
    # Zipf's law, as in running text.
    odds = np.cumsum(1 / np.arange(1, _VOCABULARY + 1))
    odds /= odds[-1]
    words = np.array(vocabulary(), dtype=object)
    documents: list[str] = []
    labels: list[int] = []
    cluster = 0
    while len(documents) < count:
        for copies, decoy in _shapes(rng):
            base = np.searchsorted(odds, rng.random(rng.integers(*length)))
            for version in [base, *_copies(rng, base, copies)]:
                documents.append(" ".join(words[version]))
                labels.append(cluster)
            if decoy:
                cluster += 1
                documents.append(" ".join(words[_decoy(rng, base)]))
                labels.append(cluster)
            cluster += 1
    order = rng.permutation(count)  # of the first `count`: a base stands before its copies, so none loses its base
    return Planted([documents[i] for i in order], np.array(labels, dtype=np.int64)[order])


def _shapes(rng: np.random.Generator) -> Iterator[tuple[int, bool]]:
    """How many copies the next bases get, and whether a decoy; about a third of all documents are in clusters."""
    for kind in rng.random(1000):
        if kind < 0.15:
            yield int(rng.choice(_SIZES, p=_ODDS)), bool(kind < 0.05)
        else:
            yield 0, bool(kind > 0.93)


def _changes(grams: int, index: float) -> float:
    """Words to change, of a text of `grams` n-grams, to come down to a Jaccard index of `index`.

    A changed word takes up to NGRAM n-grams out of both sets, so that (grams - 5w) / (grams + 5w) = index.
    """
    return grams * (1 - index) / (1 + index) / NGRAM


def _copies(rng: np.random.Generator, base: Index, copies: int) -> Iterator[Index]:
    most = int(_changes(base.size - NGRAM + 1, COPY))
    for _ in range(copies):
        version = base.copy()
        at = rng.choice(base.size, size=rng.integers(0, most + 1), replace=False)
        version[at] = rng.integers(0, _VOCABULARY, at.size)
        yield version


def _decoy(rng: np.random.Generator, base: Index) -> Index:
    # NGRAM words apart and away from both ends, each changed word costs NGRAM n-grams, no fewer.
    places = np.arange(NGRAM - 1, base.size - NGRAM + 1, NGRAM)
    count = min(int(np.ceil(_changes(base.size - NGRAM + 1, 0.5))), places.size)
    version = base.copy()
    at = rng.choice(places, size=count, replace=False)
    version[at] = (version[at] + rng.integers(1, _VOCABULARY, count)) % _VOCABULARY
    return version
