"""DEITA's Repr Filter: go down a ranking and keep what is not too like anything kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from curate.algorithms.coverage import check_vectors, inverse_norms

# Candidates compared at a time: the matrix products stay large while few are computed in vain after the last is kept.
_BLOCK: Final = 512


@dataclass(frozen=True, slots=True)
class Representatives:
    """What was kept, and what each row passed over was too like.

    Attributes
    ----------
    kept : int64 (k,), rows in the order they were kept.
    too_near : int64 (m,), rows passed over, in order.
    neighbour : int64 (m,), for each of those the kept row nearest to it when it was reached (the earliest of equals).
    cosine : float64 (m,), their cosine.
    """

    kept: NDArray[np.int64]
    too_near: NDArray[np.int64]
    neighbour: NDArray[np.int64]
    cosine: NDArray[np.float64]


def representatives(
    vectors: NDArray[np.int8], order: NDArray[np.int64], max_cosine: float, size: int
) -> Representatives:
    """Go through rows in `order`; keep one if its cosine with all kept so far is at most `max_cosine`, until `size`.

    Liu et al. (2024), *What Makes Good Data for Alignment?*, section 2.4. Products of int8 vectors are
    exact in float32, so the result depends neither on blocks nor on threads. A zero vector has cosine 0 with all.

    Parameters
    ----------
    vectors : int8 (n, d), d <= 1,040.
    order : int64, rows of `vectors`, best first.
    max_cosine : in -1..1.
    size : how many to keep at most; rows after the last one kept are not looked at.
    """
    check_vectors(vectors)
    inverse = inverse_norms(vectors)
    kept: list[int] = []
    passed: list[tuple[int, int, float]] = []
    chosen = np.empty((min(size, len(order)), vectors.shape[1]), dtype=np.float32)
    for start in range(0, len(order), _BLOCK):
        if len(kept) == size:
            break
        rows = order[start : start + _BLOCK]
        block = vectors[rows].astype(np.float32)
        before = len(kept)
        old = (block @ chosen[:before].T) * inverse[kept] * inverse[rows][:, None]
        own = (block @ block.T) * inverse[rows] * inverse[rows][:, None]
        fresh: list[int] = []
        for i, row in enumerate(rows.tolist()):
            cosines = np.concatenate([old[i], own[i, fresh]])
            # Rounding may lift the cosine of equal vectors above 1.
            np.minimum(cosines, 1.0, out=cosines)
            near = int(cosines.argmax()) if len(cosines) else -1
            if near >= 0 and cosines[near] > max_cosine:
                passed.append((row, kept[near], float(cosines[near])))
                continue
            chosen[len(kept)] = block[i]
            kept.append(row)
            fresh.append(i)
            if len(kept) == size:
                break
    return Representatives(
        np.array(kept, dtype=np.int64),
        np.array([p[0] for p in passed], dtype=np.int64),
        np.array([p[1] for p in passed], dtype=np.int64),
        np.array([p[2] for p in passed], dtype=np.float64),
    )
