"""Farthest-first traversal of rows that lie in many processes: the sequence of `algorithms.k_center`, in a few rounds.

A row's distance to the chosen ones only falls. In a round each part of the rows is told all that are chosen, measures
its own, and puts forward those that are farthest, with their vectors. What it holds back is nearer than the last one
that it put forward, and stays so. So here, among all that were put forward, the greedy choice goes on as if every row
were here, until the farthest is one that some part's last one is before; then the next round begins.

The largest distances of a round become the smallest of the next, so that a round chooses more than the one before: of
a million vectors in 2,000 clusters seven rounds chose 1,000, the first of them one, the last 459. Any number of
rows put forward gives the same sequence; with one of each part a round chooses one row.

Gonzalez (1985), *Clustering to Minimize the Maximum Intercluster Distance*, TCS 38: the traversal. The rounds are ours.
"""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curate.encoders import to_matrix
from curate.errors import StageError
from curate.handles import Shards

#: Vectors that come here in a round, at most (16 MiB of 256 dimensions). A pool of no more comes here as a whole.
HELD: Final = 65_536
#: So many rows are put forward for each one to be chosen. With 4, 9 rounds took 36,270 rows of the million (in 62
#: parts), with 8, 7 rounds took 56,420; with more, parts measure many rows in full that are not chosen.
_EACH: Final = 8


def held(shards: Shards) -> Shards:
    """`row`, `id` and `embedding` of all rows, divided by a hash of `row`; where `apart`, in the cluster's memory.

    So a round reads no files, and rows of one kind that lie in one shard are put forward by many parts.
    """
    return shards.map(_vectors).group("row", _vectors)


def _vectors(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select("row", "id", "embedding")


def central_row(shards: Shards) -> pl.DataFrame:
    """`row`, `id` and `embedding` of the row with the highest cosine to the mean, of equal ones the first id.

    There is one row at least. Raises `StageError` where vectors are of different lengths.
    """
    sums = shards.map(_sum).collect()["sum"]
    if sums.list.len().n_unique() > 1:
        raise StageError("column embedding: vectors of different lengths cannot be compared")
    total = np.array(sums.to_list(), dtype=np.int64).sum(axis=0)
    return _first(shards.map(partial(_most_central, total=shards.share(total))).collect(), "along").drop("along")


def _sum(frame: pl.DataFrame) -> pl.DataFrame:
    total = to_matrix(frame["embedding"]).sum(axis=0, dtype=np.int64)
    return frame.select(pl.col("row").head(1)).with_columns(
        sum=pl.Series([total.tolist()], dtype=pl.List(pl.Int64)).head(frame.height)
    )


def _most_central(frame: pl.DataFrame, total: NDArray[np.int64]) -> pl.DataFrame:
    from curate.algorithms.k_center import along

    found = along(to_matrix(frame["embedding"]), total) if frame.height else np.empty(0)
    return _first(frame.with_columns(along=pl.Series(found, dtype=pl.Float64)), "along")


def _first(frame: pl.DataFrame, by: str) -> pl.DataFrame:
    """The row with the largest value, of equal ones the first id."""
    return frame.filter(pl.col(by) == pl.col(by).max()).sort("id").head(1)


def drawn_row(shards: Shards, seed: int) -> pl.DataFrame:
    """`row`, `id` and `embedding` of the row whose hash with the seed is lowest."""
    return shards.map(partial(_drawn, seed=seed)).collect().sort("hash", "id").head(1).drop("hash")


def _drawn(frame: pl.DataFrame, seed: int) -> pl.DataFrame:
    from curate.algorithms.coverage import hash64

    hashes = pl.Series(hash64(frame["id"], seed), dtype=pl.UInt64)
    return frame.with_columns(hash=hashes).sort("hash", "id").head(1)


def farthest_first(shards: Shards, count: int, size: int, first: pl.DataFrame) -> pl.DataFrame:
    """The first `size` rows of the traversal that begins with `first`, in order.

    Parameters
    ----------
    shards : have `row`, `id` and `embedding`.
    count : how many rows there are.
    size : rows to choose; all are, where there are no more.
    first : the row to begin with, as `central_row` gives it.

    Returns
    -------
    `row`, `id`, `embedding`, and `distance` to the nearest of those before, Float64, 2 for the first.
    """
    asked = min(_EACH * size, HELD)
    chosen = first.select("row", "id", "embedding", distance=pl.lit(2.0))
    while chosen.height < min(size, count):
        told = shards.share((to_matrix(chosen["embedding"]), chosen["row"]))
        found = shards.map(partial(_farthest, told=told, asked=asked, count=count)).collect()
        chosen = pl.concat([chosen, _chosen(found, size - chosen.height)])
    return chosen


def _farthest(frame: pl.DataFrame, told: tuple[NDArray[np.int8], pl.Series], asked: int, count: int) -> pl.DataFrame:
    """What a part puts forward: its share of `asked` of `count` rows, the farthest first, and whether it has more."""
    from curate.algorithms.k_center import farthest_points

    if not frame.height:
        return _vectors(frame).with_columns(distance=pl.lit(0.0), last=pl.lit(value=False))
    centres, rows = told
    size = -(-frame.height * asked // count)
    taken = frame["row"].is_in(rows.implode()).to_numpy()
    places, distances, _ = farthest_points(to_matrix(frame["embedding"]), centres, taken, size)
    found = _vectors(frame[places]).with_columns(distance=pl.Series(distances))
    found = found.sort("distance", "id", descending=[True, False]).head(size)
    return found.with_columns(last=pl.int_range(1, pl.len() + 1) == size)


def _chosen(found: pl.DataFrame, size: int) -> pl.DataFrame:
    """The next rows of the traversal, up to `size`: as many as what was put forward decides."""
    from curate.algorithms.k_center import farthest

    found = found.sort("id")
    distance, least = found["distance"].to_numpy(), (0.0, found.height)
    if found["last"].any():
        # Of all that stand last, the one that comes first: whatever was held back is behind it.
        places = np.flatnonzero(found["last"].to_numpy())
        at = int(places[np.argmax(distance[places])])
        least = (float(distance[at]), at)
    traversal = farthest(to_matrix(found["embedding"]), distance, size, least=least)
    return found[traversal.order].select("row", "id", "embedding", distance=pl.Series(traversal.distances))
