"""What the coverage selectors share: exact cosines of int8 vectors, the nearest chosen point, seeded order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from curate.algorithms.jit import kernel
from curate.algorithms.parallel import thread_map

#: Rows multiplied at a time: bounds the float32 copies to some tens of MB.
BLOCK: Final = 1024

#: Rows compared with all chosen ones at a time; few, so that the products stay in the processor's cache.
_FEW: Final = 256

#: Above this many dimensions a sum of int8 products can pass 2**24 and float32 is no longer exact.
MAX_DIMENSIONS: Final = 1040


def check_vectors(vectors: NDArray[np.int8]) -> None:
    """Raise `ValueError` unless `vectors` is an int8 matrix (n, d) with d <= 1,040."""
    if vectors.ndim != 2 or vectors.dtype != np.int8:
        raise ValueError(f"vectors must be an int8 matrix, not {vectors.dtype} of shape {vectors.shape}")
    if vectors.shape[1] > MAX_DIMENSIONS:
        raise ValueError(f"vectors have {vectors.shape[1]} dimensions; at most {MAX_DIMENSIONS} multiply exactly")


def squared_norms(vectors: NDArray[np.int8]) -> NDArray[np.float64]:
    """Squared Euclidean length of each row of an int8 matrix (n, d), exact, as float64 (n,)."""
    out = np.empty(len(vectors), dtype=np.float64)
    for start in range(0, len(vectors), BLOCK):
        block = vectors[start : start + BLOCK].astype(np.int32)
        out[start : start + BLOCK] = np.einsum("ij,ij->i", block, block)
    return out


def inverse_norms(vectors: NDArray[np.int8]) -> NDArray[np.float64]:
    """One over the Euclidean length of each row, float64 (n,); 0 for a zero vector, which has no direction."""
    squared = squared_norms(vectors)
    return np.where(squared > 0, 1 / np.sqrt(np.maximum(squared, 1)), 0.0)


def hash64(ids: Iterable[str], seed: int) -> NDArray[np.uint64]:
    """A 64-bit number per id that depends on the id and the seed alone (BLAKE2b), uint64 (n,).

    Sorting by it is a random order that no row's position, shard or neighbour can change.
    """
    prefix = f"{seed}:"
    digests = (hashlib.blake2b((prefix + i).encode("utf-8"), digest_size=8).digest() for i in ids)
    return np.frombuffer(b"".join(digests), dtype=">u8").astype(np.uint64)


@kernel
def _nearest_in(
    dots: NDArray[np.float32],
    inverse: NDArray[np.float64],
    best: NDArray[np.int64],
    cosine: NDArray[np.float64],
) -> None:
    for i in range(dots.shape[0]):
        at, top = 0, dots[i, 0] * inverse[0]
        for j in range(1, dots.shape[1]):
            value = dots[i, j] * inverse[j]
            if value > top:
                at, top = j, value
        best[i] = at
        cosine[i] = top


def nearest(
    vectors: NDArray[np.int8], points: NDArray[np.int64], chosen: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """For each of `points`, the chosen point with the highest cosine, and that cosine.

    Parameters
    ----------
    vectors : int8 (n, d).
    points : int64 (p,), rows of `vectors`.
    chosen : int64 (k,), rows of `vectors`, k >= 1; of several equally near, the earliest is named.

    Returns
    -------
    Positions in `chosen`, int64 (p,), and cosines in -1..1, float64 (p,); 0 where either is a zero vector.
    """
    check_vectors(vectors)
    best = np.empty(len(points), dtype=np.int64)
    cosine = np.empty(len(points), dtype=np.float64)
    right = np.ascontiguousarray(vectors[chosen].astype(np.float32).T)
    inverse = inverse_norms(vectors[chosen])

    def look(start: int) -> None:
        rows = vectors[points[start : start + _FEW]]
        part = slice(start, start + len(rows))
        _nearest_in(rows.astype(np.float32) @ right, inverse, best[part], cosine[part])
        cosine[part] *= inverse_norms(rows)

    thread_map(look, range(0, len(points), _FEW))
    return best, cosine


def standing(
    vectors: NDArray[np.int8], order: NDArray[np.int64]
) -> tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.float64]]:
    """Where each point stands after a selection.

    Parameters
    ----------
    vectors : int8 (n, d).
    order : int64 (k,), the chosen rows, first to last.

    Returns
    -------
    Rank, uint32 (n,), 1 for the first chosen and 0 for those not chosen; and for each point not chosen the row
    of the chosen point nearest to it, int64 (n,), and the cosine with it, float64 (n,). Chosen points name
    themselves, with cosine 1; where nothing was chosen the rows are -1 and the cosines 0.
    """
    rank = np.zeros(len(vectors), dtype=np.uint32)
    rank[order] = np.arange(1, len(order) + 1)
    row = np.full(len(vectors), -1, dtype=np.int64)
    cosine = np.zeros(len(vectors), dtype=np.float64)
    row[order], cosine[order] = order, 1.0
    rest = np.flatnonzero(rank == 0)
    if len(order) and len(rest):
        best, cosine[rest] = nearest(vectors, rest, order)
        row[rest] = order[best]
    return rank, row, cosine
