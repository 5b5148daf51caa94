"""What an encoder is, and how its vectors travel in a frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import polars as pl

from curate.errors import StageError

#: A component of 1.0 is stored as 127: nothing is ever clipped, and cosine = dot / 127², up to rounding.
SCALE: Final = 127
#: Above this many dimensions a dot product of int8 vectors no longer fits float32's 24 bits exactly.
MAX_DIMENSIONS: Final = 1040

Vectors = npt.NDArray[np.int8]


@runtime_checkable
class Encoder(Protocol):
    """Text to vectors. The same text gives the same bytes, whatever it is encoded with, in any order.

    Attributes
    ----------
    name : the encoder and the hash of its model, part of cache addresses.
    slow : whether keeping its vectors on disk is worthwhile.
    dimensions : the length of a vector, at most 1,040.
    """

    @property
    def name(self) -> str:
        """The encoder and the hash of its model."""

    @property
    def slow(self) -> bool:
        """Whether keeping its vectors on disk is worthwhile."""

    @property
    def dimensions(self) -> int:
        """The length of a vector."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """int8 of shape (len(texts), dimensions): unit vectors times 127, rounded; zeros for an empty text."""


def quantise(unit: npt.NDArray[np.float32]) -> Vectors:
    """Unit vectors (float, shape (n, d)) as int8: times 127, rounded to the nearest, halves to even."""
    rounded: Vectors = np.clip(np.rint(unit * np.float32(SCALE)), -SCALE, SCALE).astype(np.int8)
    return rounded


def to_series(vectors: Vectors, name: str = "embedding") -> pl.Series:
    """int8 vectors of shape (n, d) as a series `List(Int8)` of n rows."""
    if len(vectors) == 0:
        return pl.Series(name, [], dtype=pl.List(pl.Int8))
    flat = pl.Series(name, np.ascontiguousarray(vectors).reshape(-1), dtype=pl.Int8)
    return flat.reshape(vectors.shape).cast(pl.List(pl.Int8))


def to_matrix(series: pl.Series) -> Vectors:
    """A series `List(Int8)` of n vectors as a contiguous int8 array of shape (n, d).

    Raises
    ------
    StageError : another dtype, a null, or vectors of unequal lengths.
    """
    if series.dtype != pl.List(pl.Int8):
        raise StageError(f"column {series.name}: vectors are List(Int8), not {series.dtype}; run `embedding` first")
    if series.null_count():
        raise StageError(f"column {series.name}: {series.null_count()} rows have no vector")
    if len(series) == 0:
        return np.zeros((0, 0), dtype=np.int8)
    lengths = series.list.len()
    width = int(lengths[0])
    if width == 0 or (lengths != width).any():
        raise StageError(f"column {series.name}: vectors of different lengths, or none, cannot be compared")
    flat: Vectors = series.explode(empty_as_null=False).to_numpy()
    return np.ascontiguousarray(flat.reshape(len(series), width))
