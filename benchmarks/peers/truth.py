"""Exact truth of near-duplicates: all pairs of documents whose word n-grams have at least some Jaccard index.

A prefix-filter join (Bayardo, Ma and Srikant 2007, *Scaling up all pairs similarity search*, WWW, section 4; Xiao,
Wang, Lin and Yu 2008, *Efficient similarity joins for near duplicate detection*, WWW, section 3). It shares no code
with `curate`: words are split by Python, n-grams are numbered by numpy, and the threshold is compared in whole numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numba import njit
from numpy.typing import NDArray

Index = NDArray[np.int64]
Flags = NDArray[np.bool_]

_PRIME = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Truth:
    """All near-duplicate pairs of n documents.

    `pairs` is int64 `(m, 2)`, the smaller row first; `labels` int64 `(n,)`, equal within a component of their graph.
    """

    pairs: Index
    labels: Index

    @property
    def removals(self) -> int:
        """How many documents go if one of each component stays."""
        return int(self.labels.size - np.unique(self.labels).size)


def ngram_sets(texts: Sequence[str], ngram: int = 5) -> tuple[Index, Index]:
    """Each text's set of n-grams of words (divided by single spaces), as ranks from the rarest n-gram up.

    Returns
    -------
    values : int64 `(total,)`, ascending without repeats within each text.
    offsets : int64 `(n + 1,)`; text i has `values[offsets[i] : offsets[i + 1]]`.
    """
    numbers: dict[str, int] = {}
    words = [
        np.array([numbers.setdefault(w, len(numbers)) for w in text.split(" ")], dtype=np.uint64) for text in texts
    ]
    counts = np.array([max(w.size - ngram + 1, 0) for w in words], dtype=np.int64)
    grams = np.empty(int(counts.sum()), dtype=np.uint64)
    at = 0
    for one, count in zip(words, counts.tolist(), strict=True):
        value = np.zeros(count, dtype=np.uint64)
        for place in range(ngram if count else 0):
            # A bijection of 64-bit numbers between two words, so that two n-grams agree by chance once in 2^64.
            value = (value ^ (value >> np.uint64(29))) * _PRIME + one[place : place + count]
        grams[at : at + count] = value
        at += count
    _, place, repeats = np.unique(grams, return_inverse=True, return_counts=True)
    rank = np.empty(repeats.size, dtype=np.int64)
    rank[np.argsort(repeats, kind="stable")] = np.arange(repeats.size)
    row = np.repeat(np.arange(counts.size, dtype=np.int64), counts)
    keys = np.unique(row * repeats.size + rank[place])
    offsets = np.searchsorted(keys, np.arange(counts.size + 1, dtype=np.int64) * max(repeats.size, 1))
    return keys % max(repeats.size, 1), offsets.astype(np.int64)


def exact_truth(texts: Sequence[str], threshold: Fraction, ngram: int = 5) -> Truth:
    """Every pair of texts with an exact Jaccard index of at least `threshold`, and their components.

    A text without n-grams is near no other.
    """
    values, offsets = ngram_sets(texts, ngram)
    classes: dict[bytes, list[int]] = {}
    for row in range(len(texts)):
        if offsets[row + 1] > offsets[row]:
            classes.setdefault(values[offsets[row] : offsets[row + 1]].tobytes(), []).append(row)
    groups = sorted(classes.values(), key=lambda rows: (offsets[rows[0] + 1] - offsets[rows[0]], rows[0]))
    first = np.array([rows[0] for rows in groups], dtype=np.int64)
    left, right = _join(values, offsets[first], offsets[first + 1], threshold.numerator, threshold.denominator)
    found = [(a, b) for rows in groups for i, a in enumerate(rows) for b in rows[i + 1 :]]
    for i, j in zip(left.tolist(), right.tolist(), strict=True):
        found.extend((min(a, b), max(a, b)) for a in groups[i] for b in groups[j])
    pairs = np.array(sorted(found), dtype=np.int64).reshape(-1, 2)
    return Truth(pairs, components(len(texts), pairs))


def components(size: int, pairs: Index) -> Index:
    """The connected component of each of `size` nodes, int64 `(size,)`, by scipy."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ones = np.ones(len(pairs), dtype=np.int8)
    _, labels = connected_components(coo_array((ones, (pairs[:, 0], pairs[:, 1])), shape=(size, size)), directed=False)
    return np.asarray(labels, dtype=np.int64)


def removal_scores(truth: Truth, removed: Flags, labels: Index | None = None) -> dict[str, float | int]:
    """How good a choice of removed documents is.

    Parameters
    ----------
    removed : bool `(n,)`.
    labels : int64 `(n,)`, the clusters that the program formed, where it tells them.

    Returns
    -------
    removed_precision : of the removed ones, the share that had to go. Of a component of k all but one have to; where a
        program removes all k, one of them is wrong, as is each one that is in no component.
    removals_found : of those that have to go, the share that is removed.
    pair_recall : of the true pairs, the share that is not left in the output, with both of its members.
    pairs_joined : of the true pairs, the share with both members in one cluster (only with `labels`).
    """
    size = np.bincount(truth.labels)
    gone = np.bincount(truth.labels, weights=removed).astype(np.int64)
    right = int(np.minimum(gone, size - 1).sum())
    left = int((~removed[truth.pairs]).all(axis=1).sum())
    total = int(removed.sum())
    scores: dict[str, float | int] = {
        "removed": total,
        "removed_precision": right / total if total else 1.0,
        "removals_found": right / truth.removals if truth.removals else 1.0,
        "pair_recall": 1 - left / len(truth.pairs) if len(truth.pairs) else 1.0,
    }
    if labels is not None and len(truth.pairs):
        scores["pairs_joined"] = float((labels[truth.pairs[:, 0]] == labels[truth.pairs[:, 1]]).mean())
    return scores


@njit(cache=True)  # type: ignore[untyped-decorator]
def _join(values, starts, ends, numerator, denominator):  # type: ignore[no-untyped-def]  # numba infers the types
    """Pairs of sets, given in ascending order of size, whose Jaccard index is numerator / denominator or more."""
    n = starts.size
    head = np.full(values.max() + 1 if values.size else 1, -1, dtype=np.int64)  # the posting last added for each n-gram
    posting_set = np.empty((ends - starts).sum(), dtype=np.int64)
    posting_next = np.empty(posting_set.size, dtype=np.int64)
    postings = 0
    seen = np.full(n, -1, dtype=np.int64)
    found = np.empty((1024, 2), dtype=np.int64)
    count = 0
    for x in range(n):
        size = ends[x] - starts[x]
        # Two sets that share t or more of x agree on one of its |x| - ceil(t |x|) + 1 rarest members.
        least = (numerator * size + denominator - 1) // denominator
        prefix = values[starts[x] : ends[x] - least + 1]
        for gram in prefix:
            posting = head[gram]
            while posting >= 0:
                y = posting_set[posting]
                if ends[y] - starts[y] < least:
                    break  # postings run from the largest set to the smallest
                posting = posting_next[posting]
                if seen[y] == x:
                    continue
                seen[y] = x
                one, two = values[starts[x] : ends[x]], values[starts[y] : ends[y]]
                if _similar(one, two, numerator, denominator):
                    if count == len(found):
                        found = np.concatenate((found, np.empty_like(found)))
                    found[count] = y, x
                    count += 1
        for gram in prefix:
            posting_set[postings] = x
            posting_next[postings] = head[gram]
            head[gram] = postings
            postings += 1
    return found[:count, 0].copy(), found[:count, 1].copy()


@njit(cache=True)  # type: ignore[untyped-decorator]
def _similar(one, two, numerator, denominator):  # type: ignore[no-untyped-def]  # numba
    """Whether shared / (|one| + |two| - shared) >= numerator / denominator, both sets ascending."""
    needed = numerator * (one.size + two.size)
    i = j = shared = 0
    while i < one.size and j < two.size:
        if (numerator + denominator) * (shared + min(one.size - i, two.size - j)) < needed:
            return False
        shared += one[i] == two[j]
        step_one, step_two = one[i] <= two[j], two[j] <= one[i]
        i += step_one
        j += step_two
    return (numerator + denominator) * shared >= needed
