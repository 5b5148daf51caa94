"""The kept row that is nearest to each row, found where the rows lie; for the selectors that choose by vectors."""

from __future__ import annotations

from functools import partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curate.encoders import to_matrix
from curate.handles import Shards


def nearest_kept(shards: Shards, rows: pl.Series, vectors: NDArray[np.int8]) -> pl.DataFrame:
    """For each of `rows`, which are all, the place in `vectors` of the nearest, Int64, and their `cosine`; by `row`.

    Parameters
    ----------
    shards : have `row` and `embedding`.
    vectors : int8 (k, d), of the kept rows; where there are none, the places are -1 and the cosines 0.
    """
    if not len(vectors):
        return pl.DataFrame({"row": rows}).with_columns(nearest=pl.lit(-1, pl.Int64), cosine=pl.lit(0.0))
    return shards.map(partial(_nearest, vectors=shards.share(vectors))).collect()


def _nearest(frame: pl.DataFrame, vectors: NDArray[np.int8]) -> pl.DataFrame:
    from curate.algorithms.coverage import nearest

    best, cosine = np.empty(0, np.int64), np.empty(0)
    if frame.height:
        both = np.concatenate([vectors, to_matrix(frame["embedding"])])
        best, cosine = nearest(both, np.arange(len(vectors), len(both)), np.arange(len(vectors)))
    return frame.select("row", nearest=pl.Series(best, dtype=pl.Int64), cosine=pl.Series(cosine, dtype=pl.Float64))
