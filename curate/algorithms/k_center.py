"""Farthest-first traversal (greedy k-center), exact, with most distances never computed.

`k_center` sees all points. `farthest_points` and `farthest` divide the work: what any part of the points puts forward,
and what the choice from all of that is (`curate.farthest_first` puts them together).
"""

from __future__ import annotations

import heapq
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
def _distance(vectors: NDArray[np.int8], i: int, centres: NDArray[np.int8], j: int, scale: float) -> float:
    """`1 - cosine`, at least 0; `scale` is the product of the squared lengths, and without one there is no angle."""
    row, centre = vectors[i], centres[j]
    dot = np.int32(0)
    for k in range(row.shape[0]):
        dot = np.int32(dot + np.int32(row[k]) * np.int32(centre[k]))
    return max(1.0 - dot / np.sqrt(scale), 0.0) if scale > 0 else 1.0


@kernel
def _refresh(lo: int, hi: int, state: _State, count: int, best: float, at: int) -> tuple[float, int, float, int]:
    """Raise (best, at) over the points lo..hi; also their highest bound, and the products taken."""
    vectors, squared, centres, centre_squared, bound, seen = state
    top, products = -1.0, 0
    for i in range(lo, hi):
        b = bound[i]
        if b > best or (b == best and i < at):
            t = seen[i]
            while t < count and (b > best or (b == best and i < at)):
                b = min(b, _distance(vectors, i, centres, t, squared[i] * centre_squared[t]))
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


def along(vectors: NDArray[np.int8], total: NDArray[np.int64]) -> NDArray[np.float64]:
    """Each row's length in the direction of `total`, int64 (d,), times the length of that; -inf for a zero vector.

    Its order is that of the cosines. Products are exact integers, rounded once, so no split of the rows shows.
    """
    out = np.empty(len(vectors), dtype=np.float64)
    for start in range(0, len(vectors), BLOCK):
        out[start : start + BLOCK] = vectors[start : start + BLOCK].astype(np.int64) @ total
    squared = squared_norms(vectors)
    return np.where(squared > 0, out / np.sqrt(np.maximum(squared, 1)), -np.inf)


def central_point(vectors: NDArray[np.int8]) -> int:
    """The row with the highest cosine to the sum of all rows, the lower index among equals.

    Parameters
    ----------
    vectors : int8 (n, d), n >= 1. Sums are exact integers, so no order of addition shows.
    """
    return int(np.argmax(along(vectors, vectors.sum(axis=0, dtype=np.int64))))


def k_center(vectors: NDArray[np.int8], k: int, *, first: int) -> Traversal:
    """Choose `k` points, each the farthest from all chosen before it, by cosine distance.

    The traversal of Gonzalez (1985), *Clustering to Minimize the Maximum Intercluster Distance*: the largest
    distance of any point to its nearest chosen one is at most twice the least possible, where the distance is
    a metric (for vectors of one length, the Euclidean distance has the same order as the cosine distance).
    Sener & Savarese (2018), *Active Learning for Convolutional Neural Networks: A Core-Set Approach*, use it
    to choose training data.

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
    squared = squared_norms(vectors)
    bound = np.where(squared > 0, _FARTHEST, 0.0)
    bound[first : first + 1] = np.inf
    return _traversal(vectors, squared, bound, k, (0.0, len(vectors)))


def farthest(vectors: NDArray[np.int8], bound: NDArray[np.float64], k: int, *, least: tuple[float, int]) -> Traversal:
    """Choose up to `k` points, each the farthest from those chosen before it, here and earlier.

    Parameters
    ----------
    vectors : int8 (n, d), d <= 1,040.
    bound : float64 (n,), how far each is from the nearest one chosen earlier.
    least : a distance and an index. The choice ends before a point that is nearer than that, or as near and of a
        higher index.

    Returns
    -------
    The order, ties to the lower index, the same for any number of threads.
    """
    check_vectors(vectors)
    return _traversal(vectors, squared_norms(vectors), bound.copy(), k, least)


def _traversal(
    vectors: NDArray[np.int8],
    squared: NDArray[np.float64],
    bound: NDArray[np.float64],
    k: int,
    least: tuple[float, int],
) -> Traversal:
    """As `farthest`, with the squared lengths given; `bound` is used up.

    A point's distance to the chosen set only falls, so an old value is an upper bound: a point is looked at
    again only while its bound is above the farthest point found so far, and only against the centres it has
    not seen, stopping as soon as it is out of the running. The sequence is that of the plain loop.
    """
    vectors = np.ascontiguousarray(vectors)
    n, d = vectors.shape
    k = min(k, n)
    centres, centre_squared = np.zeros((k, d), dtype=np.int8), np.zeros(k, dtype=np.float64)
    state = (vectors, squared, centres, centre_squared, bound, np.zeros(n, dtype=np.int32))
    begins = np.arange(0, n, _GROUP)
    tops = np.maximum.reduceat(bound, begins)
    workers = max(1, min(threads(), n // _SHARE))
    cuts = np.linspace(0, len(begins), workers + 1).astype(int).tolist()
    spans = list(pairwise(cuts))
    order, distances = np.empty(k, dtype=np.int64), np.empty(k, dtype=np.float64)
    count, products = 0, 0
    with ThreadPoolExecutor(workers) as pool:
        over = pool.map if workers > 1 else map
        while count < k:
            found = list(over(partial(_search, state=state, tops=tops, count=count), spans))
            distance, at = max((value, -i) for value, i, _ in found)
            products += sum(taken for _, _, taken in found)
            if (distance, at) < (least[0], -least[1]):
                break
            order[count], distances[count] = -at, min(distance, _FARTHEST)
            centres[count], centre_squared[count] = vectors[-at], squared[-at]
            bound[-at] = -1.0
            count += 1
    return Traversal(order[:count], distances[:count], products)


@kernel
def _leading(
    vectors: NDArray[np.int8],
    squared: NDArray[np.float64],
    taken: NDArray[np.bool_],
    centres: NDArray[np.int8],
    centre_squared: NDArray[np.float64],
    size: int,
    out: NDArray[np.float64],
) -> tuple[float, int]:
    """Fill `out` with the distances that may be among the `size` largest, -1 for others; the smallest of those."""
    count, products = centres.shape[0], 0
    turn = np.arange(count)
    largest = [-1.0] * size
    for i in range(vectors.shape[0]):
        out[i] = -1.0
        if taken[i]:
            continue
        b, least = 2.0 if squared[i] > 0 else 0.0, max(largest[0], 0.0)
        alive = b >= least
        for t in range(count):
            j = turn[t]
            b = min(b, _distance(vectors, i, centres, j, squared[i] * centre_squared[j]))
            products += 1
            if b < least:
                # The centres that are near many points come to be asked first.
                turn[t], turn[t // 2] = turn[t // 2], j
                alive = False
                break
            if b == 0.0:
                break
        if alive:
            out[i] = b
            if b > largest[0]:
                heapq.heapreplace(largest, b)
    return largest[0], products


def farthest_points(
    vectors: NDArray[np.int8], centres: NDArray[np.int8], taken: NDArray[np.bool_], size: int
) -> tuple[NDArray[np.int64], NDArray[np.float64], int]:
    """The points that are farthest from their nearest centre: `size` of them, and those as far as the last one.

    A point is measured against one centre after the other until it is nearer than `size` others are.

    Parameters
    ----------
    vectors : int8 (n, d), d <= 1,040.
    centres : int8 (c, d).
    taken : Boolean (n,), points that are left out.
    size : at least 1.

    Returns
    -------
    Their places, int64 (m,), ascending; their distances, float64 (m,), which are those of `k_center`; and how many
    inner products were computed, of n * c.

    Raises
    ------
    ValueError : centres and points have not the same number of dimensions.
    """
    for each in (vectors, centres):
        check_vectors(each)
    if vectors.shape[1] != centres.shape[1]:
        raise ValueError(f"vectors have {vectors.shape[1]} dimensions, the chosen ones {centres.shape[1]}")
    near = np.empty(len(vectors), dtype=np.float64)
    vectors, centres = np.ascontiguousarray(vectors), np.ascontiguousarray(centres)
    least, products = _leading(vectors, squared_norms(vectors), taken, centres, squared_norms(centres), size, near)
    places = np.flatnonzero(near >= max(least, 0.0))
    return places, near[places], int(products)
