"""How varied a set is, from vectors and from counts: plain functions over numpy arrays.

Vectors are int8 rows (n, d), d <= 1,040, compared by the cosine of their angle. A row of zeros (an empty text) has no
direction; each function says what it does with one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from curate.algorithms.coverage import check_vectors, inverse_norms, nearest
from curate.algorithms.jit import kernel

#: Numbers of a block of cosines held at a time (float32): 4 MB, which stay in the processor's cache.
_CELLS: Final = 1 << 20

#: What NovelSum's authors add to a mean distance before it is raised to a power (their `novelsum.py`).
_REGULARISATION: Final = 1e-9


def vendi_score(vectors: NDArray[np.int8]) -> float:
    """The Vendi score with the cosine as kernel: how many wholly different examples the set is worth.

    `exp(-sum l_i ln l_i)` over the eigenvalues `l` of `K / n`, K the (n, n) matrix of cosines (Friedman and Dieng
    2023, *The Vendi Score: A Diversity Evaluation Metric for Machine Learning*, definition 3.1, of order 1). The
    eigenvalues of `X X' / n` other than 0 are those of `X' X / n`, so that it takes O(n d^2 + d^3).

    Returns
    -------
    Between 1 (all alike) and the smaller of n and d; NaN where no row has a direction. Rows of zeros are left out.
    """
    check_vectors(vectors)
    lengths = inverse_norms(vectors)
    rows = vectors[lengths > 0]
    if not len(rows):
        return float("nan")
    unit = rows.astype(np.float64) * lengths[lengths > 0, None]
    values = np.linalg.eigvalsh(unit.T @ unit / len(rows))
    values = values[values > 0]
    return float(np.exp(-(values * np.log(values)).sum()))


def nearest_cosines(
    vectors: NDArray[np.int8], rows: NDArray[np.int64], others: NDArray[np.int8] | None = None
) -> NDArray[np.float64]:
    """The highest cosine of each of `rows` with any other row, float64 (len(rows),), in -1..1.

    Parameters
    ----------
    vectors : int8 (n, d).
    rows : int64 (q,), places in `vectors`.
    others : int8 (m, d), compared with these instead, of which none is the row itself.

    A row of zeros has the cosine 0 with all; where there is nothing to compare with, the value is NaN.
    """
    check_vectors(vectors)
    against = vectors if others is None else others
    if len(against) < (2 if others is None else 1):
        return np.full(len(rows), np.nan)
    if others is not None:
        joined = np.concatenate([vectors[rows], others])
        return nearest(joined, np.arange(len(rows)), np.arange(len(rows), len(joined)))[1]
    right, inverse = against.astype(np.float32).T, inverse_norms(against).astype(np.float32)
    out = np.empty(len(rows), dtype=np.float64)
    step = max(1, _CELLS // len(against))
    for start in range(0, len(rows), step):
        part = rows[start : start + step]
        dots = vectors[part].astype(np.float32) @ right
        dots *= inverse
        dots[np.arange(len(part)), part] = -np.inf
        out[start : start + step] = dots.max(axis=1)
    return out * inverse_norms(vectors[rows])


def local_density(
    vectors: NDArray[np.int8], reference: NDArray[np.int8], *, neighbours: int = 10, power: float = 0.5
) -> NDArray[np.float64]:
    """How densely the reference is populated around each row: NovelSum's density factor, float64 (n,).

    One over the mean squared Euclidean distance (of unit vectors) to the `neighbours` nearest distinct rows of
    `reference` other than the very nearest, which is the row itself, raised to `power`. As Yang et al. compute it
    (see `novelsum`), with their recommended 10 and 0.5.

    Raises
    ------
    ValueError : `reference` has fewer than `neighbours + 1` distinct rows.
    """
    check_vectors(vectors)
    distinct = distinct_rows(reference)
    if len(distinct) <= neighbours:
        raise ValueError(f"{len(distinct)} distinct rows, for {neighbours} neighbours")
    right, inverse = distinct.astype(np.float32).T, inverse_norms(distinct).astype(np.float32)
    mine = inverse_norms(vectors)
    out = np.empty(len(vectors), dtype=np.float64)
    step = max(1, _CELLS // len(distinct))
    for start in range(0, len(vectors), step):
        part = slice(start, start + step)
        dots = vectors[part].astype(np.float32) @ right
        top = np.empty((len(dots), neighbours + 1), dtype=np.float32)
        _largest(dots, inverse, top)
        cosines = top[:, :neighbours].astype(np.float64) * mine[part, None]
        out[part] = np.maximum(2 - 2 * cosines, 0).mean(axis=1)
    return np.asarray((out + _REGULARISATION) ** -power)


@kernel
def _largest(dots: Any, inverse: Any, top: Any) -> None:
    """The largest of `dots * inverse` in each row into that of `top`, the least first; there are enough of them."""
    size = top.shape[1]
    for i in range(dots.shape[0]):
        row = top[i]
        row[:] = -np.inf
        least = row[0]
        for j in range(dots.shape[1]):
            value = dots[i, j] * inverse[j]
            if value > least:
                at = 1
                while at < size and row[at] < value:
                    row[at - 1] = row[at]
                    at += 1
                row[at - 1] = value
                least = row[0]


def distinct_rows(vectors: NDArray[np.int8]) -> NDArray[np.int8]:
    """The rows of an int8 matrix (n, d), d >= 1, each once."""
    whole = np.ascontiguousarray(vectors).view(np.dtype((np.void, vectors.shape[1]))).ravel()
    return np.unique(whole).view(np.int8).reshape(-1, vectors.shape[1])


def novelties(vectors: NDArray[np.int8], *, power: float = 1.0) -> NDArray[np.float64]:
    """How far each example is from all, near ones weighing most: its novelty in NovelSum before density, float64 (n,).

    Distances (1 - cosine) are sorted, and the k-th nearest weighs `k ** -power`. The example itself stands first, at
    distance 0. It costs n^2, so give it a sample of some thousands at most.

    Parameters
    ----------
    vectors : int8 (n, d).
    power : Yang et al.'s recommended 1.
    """
    check_vectors(vectors)
    n = len(vectors)
    weights = np.arange(1, n + 1, dtype=np.float64) ** -power
    weights /= weights.sum()
    right, inverse = vectors.astype(np.float32).T, inverse_norms(vectors)
    novelty = np.empty(n, dtype=np.float64)
    step = max(1, _CELLS // max(n, 1))
    for start in range(0, n, step):
        rows = np.arange(start, min(start + step, n))
        cosines = (vectors[rows].astype(np.float32) @ right) * (inverse[rows, None] * inverse)
        distances = np.maximum(1 - cosines, 0)
        distances[np.arange(len(rows)), rows] = 0
        novelty[rows] = np.sort(distances, axis=1) @ weights
    return novelty


def novelsum(novelty: NDArray[np.float64], density: NDArray[np.float64] | None = None) -> float:
    """NovelSum: the mean over all examples of their novelty, a weighted mean of their distances to all.

    Yang et al. (2025), *Measuring Data Diversity for Instruction Tuning*, ACL: each novelty is multiplied by the
    density. Taken as the paper measured it, by the authors' code (`novelsum.py` of github.com/UmeanNever/NovelSum,
    commit 6ef6611): the example itself stands first, at distance 0, which their later default leaves out without having
    measured it; the weights are divided by their sum, and the density is that at the example whose novelty it is.

    Parameters
    ----------
    novelty : float64 (n,), from `novelties`.
    density : float64 (n,), from `local_density` over the pool; None: 1, for want of a pool (their power of 0).

    Returns
    -------
    A number from 0 up; NaN for fewer than two rows.
    """
    if len(novelty) < 2:
        return float("nan")
    return float((novelty if density is None else novelty * density).mean())


def effective_number(counts: Iterable[int]) -> float:
    """How many equally frequent kinds would be as varied: exp of Shannon's entropy, the Hill number of order 1.

    Hill (1973), *Diversity and Evenness*, Ecology 54(2); Jost (2006), *Entropy and diversity*, Oikos 113(2). NaN
    where there is nothing to count.
    """
    array = np.array([c for c in counts if c > 0], dtype=np.float64)
    if not array.size:
        return float("nan")
    shares = array / array.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))


def principal_plane(vectors: NDArray[np.int8], basis: NDArray[np.int8] | None = None) -> NDArray[np.float64]:
    """Each row on the plane of the two directions in which `basis` (default: itself) varies most, float64 (n, 2).

    Principal component analysis (Pearson 1901) of unit vectors. The sign of a direction, which is arbitrary, is the one
    that makes its largest component positive. Rows of zeros and all rows of a basis without variation are at 0.
    """
    check_vectors(vectors)
    base = vectors if basis is None else basis
    unit = base.astype(np.float64) * inverse_norms(base)[:, None]
    if len(unit) < 2:
        return np.zeros((len(vectors), 2))
    middle = unit.mean(axis=0)
    _, directions = np.linalg.eigh(unit.T @ unit / len(unit) - np.outer(middle, middle))
    top = directions[:, ::-1][:, :2]
    top = top * np.where(top[np.abs(top).argmax(axis=0), np.arange(top.shape[1])] < 0, -1, 1)
    out = np.zeros((len(vectors), 2))
    lengths = inverse_norms(vectors)
    out[:, : top.shape[1]] = (vectors.astype(np.float64) * lengths[:, None] - middle) @ top
    out[lengths == 0] = 0
    return out
