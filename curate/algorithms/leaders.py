"""Leader clustering by cosine: down a ranking, what is too like a row that leads joins it; exact, without an index."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from curate.algorithms.coverage import check_vectors, squared_norms
from curate.algorithms.jit import kernel
from curate.algorithms.parallel import thread_map

#: Rows that look for a leader among those of earlier rows before they look among themselves; rows per thread's share.
_ROWS: Final = 1024
_SHARE: Final = 256

#: A matrix product takes so many rows by so many leaders, and so many of these products are made in one call. At this
#: size a library of linear algebra starts no threads of its own, which would only wait for each other.
_TILE: Final = (128, 64)
_TILES: Final = 32

#: Columns of the matrix that is multiplied in full; every cosine that this cannot rule out is computed exactly.
_HEAD: Final = 32

#: How many rows the axes of the head are fitted to, and turned at a time. No result depends on them.
_FIT: Final = 4096

#: What float32 may take off a bound of at most 1: far more than 32 products of rounded numbers can lose.
_SLACK: Final = 1e-4

#: Vectors, their squared lengths, and the threshold.
_Field = tuple[NDArray[np.int8], NDArray[np.float64], float]


@dataclass(frozen=True, slots=True)
class Leaders:
    """Who leads each row, and how near.

    Attributes
    ----------
    leader : int64 (n,), the row that each row joined; leaders name themselves.
    cosine : float64 (n,), their cosine; 1 for leaders.
    exact : how many cosines with leaders of earlier blocks the bounds could not rule out.
    """

    leader: NDArray[np.int64]
    cosine: NDArray[np.float64]
    exact: int


@kernel
def _cosine(vectors: NDArray[np.int8], squared: NDArray[np.float64], a: int, b: int) -> float:
    dot = np.int32(0)
    for k in range(vectors.shape[1]):
        dot = np.int32(dot + np.int32(vectors[a, k]) * np.int32(vectors[b, k]))
    scale = squared[a] * squared[b]
    return min(dot / np.sqrt(scale), 1.0) if scale > 0 else 0.0


@kernel
def _first_match(
    bounds: NDArray[np.float32],
    rows: NDArray[np.int64],
    leaders: NDArray[np.int64],
    field: _Field,
    match: NDArray[np.int64],
    cosine: NDArray[np.float64],
) -> int:
    """For each row the first of the leaders that is near enough, -1 where none is.

    `bounds` has the tiles of rows, the tiles of leaders, and the rows and leaders of a tile.
    """
    vectors, squared, threshold = field
    floor, width, exact = np.float32(threshold - _SLACK), bounds.shape[3], 0
    for i in range(len(rows)):
        match[i] = -1
        for t in range(bounds.shape[1]):
            run = bounds[i // bounds.shape[2], t, i % bounds.shape[2]]
            above = np.int32(0)
            for j in range(width):  # shaped so that it becomes a few wide comparisons
                above += np.int32(1) if run[j] >= floor else np.int32(0)
            for j in range(min(width, len(leaders) - t * width) if above else 0):
                if run[j] >= floor:
                    exact += 1
                    leader = leaders[t * width + j]
                    value = _cosine(vectors, squared, rows[i], leader)
                    if value >= threshold:
                        match[i], cosine[i] = leader, value
                        break
            if match[i] >= 0:
                break
    return exact


@kernel
def _among(
    rows: NDArray[np.int64], field: _Field, leader: NDArray[np.int64], cosine: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Let each row join the first leader among the rows before it, or lead; the new leaders."""
    vectors, squared, threshold = field
    fresh, count = np.empty_like(rows), 0
    for row in rows:
        leader[row] = row
        for j in range(count):
            value = _cosine(vectors, squared, row, fresh[j])
            if value >= threshold:
                leader[row], cosine[row] = fresh[j], value
                break
        if leader[row] == row:
            fresh[count] = row
            count += 1
    return fresh[:count]


def _heads(vectors: NDArray[np.int8], squared: NDArray[np.float64]) -> NDArray[np.float32]:
    """Short vectors whose products are at least the cosines of the long ones, float32 (n, at most 32).

    Unit vectors are turned so that the first axes carry most of their length (principal axes); those are kept, and
    the length of what is left becomes one more component: by Cauchy and Schwarz, the product of two rests is at most
    the product of their lengths.
    """
    inverse = np.where(squared > 0, 1 / np.sqrt(np.maximum(squared, 1)), 0.0)
    step = max(1, len(vectors) // _FIT)
    sample = vectors[::step] * inverse[::step, None]
    width = vectors.shape[1]
    axes = np.eye(width)
    if width > _HEAD:
        axes = np.linalg.eigh(sample.T @ sample)[1][:, :-_HEAD:-1]
    heads = np.empty((len(vectors), min(width, _HEAD)), dtype=np.float32)
    for start in range(0, len(vectors), _FIT):
        part = slice(start, start + _FIT)
        turned = (vectors[part] * inverse[part, None]) @ axes
        heads[part, : turned.shape[1]] = turned
        if width > _HEAD:  # turning changes no length, so that what is not kept of it need not be computed
            rest = (squared[part] > 0) - (turned**2).sum(axis=1)
            heads[part, -1] = np.sqrt(np.maximum(rest, 0))
    return heads


class _Front:
    """The leaders so far, their heads in tiles; rows look for the first one that is near enough."""

    def __init__(self, heads: NDArray[np.float32], field: _Field) -> None:
        self.heads, self.field = heads, field
        self.leaders = np.empty(len(heads), dtype=np.int64)
        self.count = 0
        self.tiles = np.zeros((-(-len(heads) // _TILE[1]), heads.shape[1], _TILE[1]), dtype=np.float32)

    def extend(self, rows: NDArray[np.int64]) -> None:
        """Let these rows lead, too."""
        at = np.arange(self.count, self.count + len(rows))
        self.leaders[at] = rows
        self.tiles[at // _TILE[1], :, at % _TILE[1]] = self.heads[rows]
        self.count += len(rows)

    def search(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64], int]:
        """The first near leader of each row or -1, their cosine, and how many cosines were computed."""
        found, cosine, exact = np.full(len(rows), -1, dtype=np.int64), np.ones(len(rows)), 0
        left = np.arange(len(rows))
        for low in range(0, -(-self.count // _TILE[1]), _TILES):
            height = -(-len(left) // _TILE[0])
            block = np.zeros((height * _TILE[0], self.heads.shape[1]), dtype=np.float32)
            block[: len(left)] = self.heads[rows[left]]
            some = self.leaders[low * _TILE[1] : min((low + _TILES) * _TILE[1], self.count)]
            right = self.tiles[low : low + -(-len(some) // _TILE[1])]
            bounds = block.reshape(height, 1, _TILE[0], -1) @ right[None]
            match, near = np.empty(len(left), dtype=np.int64), np.empty(len(left))
            exact += int(_first_match(bounds, rows[left], some, self.field, match, near))
            joined = match >= 0
            found[left[joined]], cosine[left[joined]] = match[joined], near[joined]
            left = left[~joined]
            if not len(left):
                break
        return found, cosine, exact


def leaders(vectors: NDArray[np.int8], order: NDArray[np.int64], threshold: float) -> Leaders:
    """Go through rows in `order`; one joins the first leader at `threshold` or above it, else it leads.

    Leader clustering (Hartigan 1975, *Clustering Algorithms*, chapter 3): no two leaders are as near as the
    threshold, and every other row is as near as that to the one it names, the earliest such in `order`. It is the
    first maximal independent set in that order of the graph of all pairs at the threshold or above it, so it is
    unique. Connected components would follow chains, and drop rows that resemble no row that is kept.

    Every pair is decided exactly. A product of two short vectors is an upper bound of a cosine and rules out nearly
    all; the cosines of the others are computed from whole numbers. A row that has found its leader is compared no
    further. Time grows with the number of rows times that of leaders.

    Parameters
    ----------
    vectors : int8 (n, d), d <= 1,040. A zero vector has cosine 0 with all.
    order : int64 (n,), a permutation of the rows, the one to keep first.
    threshold : least cosine of two rows of one cluster, in 0 < threshold <= 1. Cosines are rounded once, as float64;
        the one of two equal vectors counts as 1.

    Returns
    -------
    The same for any number of threads and any library of linear algebra.
    """
    check_vectors(vectors)
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold must be above 0 and at most 1, not {threshold}")
    leader, cosine = np.arange(len(vectors)), np.ones(len(vectors))
    if not len(vectors):
        return Leaders(leader, cosine, 0)
    vectors = np.ascontiguousarray(vectors)
    squared = squared_norms(vectors)
    field = vectors, squared, float(threshold)
    front, exact = _Front(_heads(vectors, squared), field), 0
    for start in range(0, len(order), _ROWS):
        rows = order[start : start + _ROWS]
        shares = [rows[low : low + _SHARE] for low in range(0, len(rows), _SHARE)]
        match, near, taken = zip(*thread_map(front.search, shares), strict=True)
        leader[rows], cosine[rows] = np.concatenate(match), np.concatenate(near)
        front.extend(_among(rows[leader[rows] < 0], field, leader, cosine))
        exact += sum(taken)
    return Leaders(leader, cosine, exact)
