"""Farthest-first traversal (greedy k-center), exact, with most distances never computed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from curate.algorithms.coverage import BLOCK, check_vectors, squared_norms
from curate.algorithms.jit import kernel
from curate.algorithms.parallel import threads

#: Points whose bounds are skipped together when the highest of them is too low.
_GROUP: Final = 512

#: Points each thread must have to be worth its wake-up at every step.
_SHARE: Final = 50_000

#: Groups visited from the highest bound down, before the rest is swept in order.
_FIRST: Final = 4

#: The distance given for the first point, which has no earlier one: the largest cosine distance there is.
_FARTHEST: Final = 2.0


#: Vectors and their squared lengths, chosen vectors and theirs, bounds, and how many centres each has seen.
_State = tuple[
    NDArray[np.int8],
    NDArray[np.float64],
    NDArray[np.int8],
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.int32],
]


@dataclass(frozen=True, slots=True)
class Traversal:
    """The chosen points in order, and how far each was from the nearest earlier one.

    `order` is int64 (k,), `distances` float64 (k,) in 0..2, never rising; the first is 2 by convention.
    `products` counts the inner products computed, where the plain loop takes n * (k - 1).
    """

    order: NDArray[np.int64]
    distances: NDArray[np.float64]
    products: int


@kernel
def _refresh(lo: int, hi: int, state: _State, count: int, best: float, at: int) -> tuple[float, int, float, int]:
    """Raise (best, at) over the points lo..hi; also their highest bound, and the products taken."""
    vectors, squared, centres, centre_squared, bound, seen = state
    top, products = -1.0, 0
    for i in range(lo, hi):
        b = bound[i]
        if b > best or (b == best and i < at):
            t = seen[i]
            row = vectors[i]
            while t < count and (b > best or (b == best and i < at)):
                centre = centres[t]
                dot = np.int32(0)
                for k in range(row.shape[0]):
                    dot = np.int32(dot + np.int32(row[k]) * np.int32(centre[k]))
                scale = squared[i] * centre_squared[t]
                distance = 1.0 - dot / np.sqrt(scale) if scale > 0 else 1.0
                b = min(b, max(distance, 0.0))
                t += 1
                products += 1
            bound[i] = b
            seen[i] = t
            if b > best or (b == best and i < at):  # then every centre was seen
                best, at = b, i
        top = max(top, b)
    return best, at, top, products


@kernel
def _farthest(first: int, last: int, state: _State, tops: NDArray[np.float64], count: int) -> tuple[float, int, int]:
    """The farthest point of the groups first..last from the first `count` centres, ties to the lower index."""
    n = state[0].shape[0]
    best, at, products = -1.0, n, 0
    for _ in range(min(_FIRST, last - first)):
        g = first + int(np.argmax(tops[first:last]))
        best, at, tops[g], taken = _refresh(g * _GROUP, min(n, (g + 1) * _GROUP), state, count, best, at)
        products += taken
    for g in range(first, last):
        if tops[g] > best or (tops[g] == best and g * _GROUP < at):
            best, at, tops[g], taken = _refresh(g * _GROUP, min(n, (g + 1) * _GROUP), state, count, best, at)
            products += taken
    return best, at, products


def _search(span: tuple[int, int], *, state: _State, tops: NDArray[np.float64], count: int) -> tuple[float, int, int]:
    best, at, products = _farthest(span[0], span[1], state, tops, count)
    return float(best), int(at), int(products)


def central_point(vectors: NDArray[np.int8]) -> int:
    """The row with the highest cosine to the sum of all rows, the lower index among equals.

    Parameters
    ----------
    vectors : int8 (n, d), n >= 1. Sums are exact integers, so no order of addition shows.
    """
    total = vectors.sum(axis=0, dtype=np.int64)
    along = np.empty(len(vectors), dtype=np.float64)
    for start in range(0, len(vectors), BLOCK):
        along[start : start + BLOCK] = vectors[start : start + BLOCK].astype(np.int64) @ total
    squared = squared_norms(vectors)
    return int(np.argmax(np.where(squared > 0, along / np.sqrt(np.maximum(squared, 1)), -np.inf)))


def k_center(vectors: NDArray[np.int8], k: int, *, first: int) -> Traversal:
    """Choose `k` points, each the farthest from all chosen before it, by cosine distance.

    The traversal of Gonzalez (1985), *Clustering to Minimize the Maximum Intercluster Distance*: the largest
    distance of any point to its nearest chosen one is at most twice the least possible, where the distance is
    a metric (for vectors of one length, the Euclidean distance has the same order as the cosine distance).
    Sener & Savarese (2018), *Active Learning for Convolutional Neural Networks: A Core-Set Approach*, use it
    to choose training data.

    A point's distance to the chosen set only falls, so an old value is an upper bound: a point is looked at
    again only while its bound is above the farthest point found so far, and only against the centres it has
    not seen, stopping as soon as it is out of the running. The sequence is that of the plain loop.

    Parameters
    ----------
    vectors : int8 (n, d), d <= 1,040. The distance is `1 - cosine`, computed in float64 from exact integers.
        A zero vector has no direction: its distance counts as 0, so that it comes after all others.
    k : points to choose; at most n are.
    first : index of the point to start from.

    Returns
    -------
    The order, ties to the lower index, the same for any number of threads.
    """
    check_vectors(vectors)
    vectors = np.ascontiguousarray(vectors)
    n, d = vectors.shape
    k = min(k, n)
    squared = squared_norms(vectors)
    centres, centre_squared = np.zeros((k, d), dtype=np.int8), np.zeros(k, dtype=np.float64)
    bound = np.where(squared > 0, _FARTHEST, 0.0)
    state = (vectors, squared, centres, centre_squared, bound, np.zeros(n, dtype=np.int32))
    groups = -(-n // _GROUP)
    tops = np.full(groups, _FARTHEST)
    workers = max(1, min(threads(), n // _SHARE))
    cuts = np.linspace(0, groups, workers + 1).astype(int).tolist()
    spans = list(pairwise(cuts))
    order, distances = np.empty(k, dtype=np.int64), np.empty(k, dtype=np.float64)
    at, distance, products = first, _FARTHEST, 0
    with ThreadPoolExecutor(workers) as pool:
        over = pool.map if workers > 1 else map
        for count in range(1, k + 1):
            order[count - 1], distances[count - 1] = at, distance
            centres[count - 1], centre_squared[count - 1] = vectors[at], squared[at]
            bound[at] = -1.0
            if count == k:
                break
            found = list(over(partial(_search, state=state, tops=tops, count=count), spans))
            distance, at = max((value, -i) for value, i, _ in found)
            at = -at
            products += sum(taken for _, _, taken in found)
    return Traversal(order, distances, products)
