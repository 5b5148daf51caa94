"""Similarities of points to a ground set that they are to cover, as whole numbers; exact whatever the tiles."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from curate.algorithms.coverage import inverse_norms
from curate.algorithms.jit import kernel
from curate.algorithms.parallel import thread_map
from curate.algorithms.wording import Covered

#: The value of a ground point covered in full: similarities are whole numbers in 0..255.
FULL: Final = 255

#: Bytes allowed for keeping similarities; those that do not fit are computed again at need. No result depends on it.
MEMORY: Final = 2**31

#: Points compared with so many others at a time: their products stay in the processor's cache.
_TILE: Final = 256


@kernel
def _quantise(dots: Any, left: Any, right: Any, out: Any, corner: Any) -> None:
    """A tile of similarities into `out`, at row and column `corner`; `left` is of its rows, `right` of all columns."""
    at, low = corner
    across = right[low : low + dots.shape[1]]
    for i in range(dots.shape[0]):
        # Parts by themselves, for an index that might be negative would keep the loop from becoming wide.
        row, scale = out[at + i, low : low + dots.shape[1]], left[i]
        for j in range(dots.shape[1]):
            # Products alone, no sums: each is rounded once, so every machine and blocking gets the same bits.
            value = max(dots[i, j] * scale * across[j], np.float32(0))
            row[j] = np.uint8(min(value + np.float32(0.5), np.float32(255)))


@kernel
def _mirror(dots: Any, left: Any, right: Any, out: Any, corner: Any) -> None:
    """As `_quantise`, of the tile beyond the diagonal: `dots` is that on this side, `left` of all rows."""
    at, low = corner
    down = right[at : at + dots.shape[0]]
    for j in range(dots.shape[1]):
        row, scale = out[low + j, at : at + dots.shape[0]], left[low + j]
        for i in range(dots.shape[0]):
            value = max(dots[i, j] * scale * down[i], np.float32(0))
            row[i] = np.uint8(min(value + np.float32(0.5), np.float32(255)))


@kernel
def _gains(
    similar: NDArray[np.uint8], rows: NDArray[np.int64], cover: NDArray[np.uint8], out: NDArray[np.int64]
) -> None:
    covered = np.int64(0)
    for j in range(len(cover)):
        covered += np.int64(cover[j])
    for r in range(len(rows)):
        row = similar[rows[r]]
        total = np.int32(0)  # 8 million ground points fit, and the loop becomes four times as wide as with int64
        for j in range(len(cover)):
            total = np.int32(total + np.int32(max(row[j], cover[j])))
        out[r] = total - covered


class Ground:
    """Similarities of points to the ground set: kept from when they are first needed, as many as fit."""

    def __init__(
        self,
        vectors: NDArray[np.int8],
        ground: NDArray[np.int8],
        utility: NDArray[np.float64],
        wording: Covered | None,
    ) -> None:
        self.vectors, self.wording = vectors, wording
        self.left = (inverse_norms(vectors) * utility * FULL).astype(np.float32)
        self.right = inverse_norms(ground).astype(np.float32)
        self.points = ground.astype(np.float32)
        self.mutual = ground is vectors
        self.cover = np.zeros(len(ground), dtype=np.uint8)
        self.cache = np.empty((min(len(vectors), MEMORY // max(len(ground), 1)), len(ground)), dtype=np.uint8)
        self.slot = np.full(len(vectors), -1, dtype=np.int64)
        self.kept = 0

    def _into(
        self, rows: NDArray[np.int64], out: NDArray[np.uint8], at: int, low: int = 0, *, both: bool = False
    ) -> None:
        """Similarities of these points to the ground set from its point `low` on, into the rows of `out` from `at` on.

        With `both`, `out` has a row for each point of the ground set, and gets those the other way round, too.
        """
        mine = self.vectors[rows].astype(np.float32)
        for begin in range(low, len(self.cover), _TILE):
            dots = mine @ self.points[begin : begin + _TILE].T
            _quantise(dots, self.left[rows], self.right, out, (at, begin))
            if both and begin > low:
                _mirror(dots, self.left, self.right, out, (at, begin))

    def compute(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Similarities (len(rows), m) of these points to the ground set, 0..255."""
        out = np.empty((len(rows), len(self.cover)), dtype=np.uint8)
        self._into(rows, out, 0)
        return out

    def keep(self, rows: NDArray[np.int64], similar: NDArray[np.uint8]) -> None:
        """Keep the similarities of these points, as far as there is room."""
        room = min(len(rows), len(self.cache) - self.kept)
        self.slot[rows[:room]] = np.arange(self.kept, self.kept + room)
        self.cache[self.kept : self.kept + room] = similar[:room]
        self.kept += room

    def fill(self) -> NDArray[np.int64]:
        """The gain of every point on its own."""
        n = len(self.vectors)
        gains = np.empty(n, dtype=np.int64)
        whole = len(self.cache) == n

        def similar(start: int) -> None:
            rows = np.arange(start, min(start + _TILE, n))
            if whole:  # what is above the diagonal is also what is below it
                self._into(rows, self.cache, start, start if self.mutual else 0, both=self.mutual)
            else:
                _gains(self.compute(rows), rows - start, self.cover, gains[start : start + _TILE])

        thread_map(similar, range(0, n, _TILE))
        if whole:
            self.slot[:] = np.arange(n)
            self.kept = n
            _gains(self.cache, self.slot, self.cover, gains)
        if self.wording is not None:
            self.wording.add_gains(np.arange(n), gains)
        return gains

    def gains(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """What each of these points would add to the cover."""
        out = np.empty(len(rows), dtype=np.int64)
        known = self.slot[rows] >= 0
        if not known.all():
            fresh = rows[~known]
            similar, found = self.compute(fresh), np.empty(len(fresh), dtype=np.int64)
            _gains(similar, np.arange(len(fresh)), self.cover, found)
            self.keep(fresh, similar)
            out[~known] = found
        if known.any():
            found = np.empty(int(known.sum()), dtype=np.int64)
            _gains(self.cache, self.slot[rows[known]], self.cover, found)
            out[known] = found
        if self.wording is not None:
            self.wording.add_gains(rows, out)
        return out

    def add(self, point: int) -> None:
        """Cover the ground with one more point."""
        slot = self.slot[point]
        row = self.compute(np.array([point]))[0] if slot < 0 else self.cache[slot]
        np.maximum(self.cover, row, out=self.cover)
        if self.wording is not None:
            self.wording.add(point)
