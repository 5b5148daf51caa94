"""Rows chosen in two rounds: in partitions, each on its own, and then from all that the partitions chose.

No process holds the vectors of more than its partitions. What comes here is some bytes of each row, the rows that the
partitions chose, and the vectors on which coverage is measured. Nothing depends on where the rows lie, nor on how many
processes hold them: a row's partition is a hash of its id and the seed.

Mirzasoleiman, Karbasi, Sarkar and Krause (2013), *Distributed Submodular Maximization: Identifying Representative
Elements in Massive Data*, NeurIPS: the two rounds, named GreeDi. Barbosa, Ene, Nguyen and Ward (2015), *The Power of
Randomization: Distributed Submodular Maximization on Massive Datasets*, ICML: why the partitions are drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curate.encoders import to_matrix
from curate.handles import FrameFn, Shards
from curate.wordings import with_wordings


@dataclass(frozen=True, slots=True)
class Pool:
    """What a partition must know of all rows to choose as if it saw them.

    Attributes
    ----------
    counts : rows of each group.
    weights : float64 (w,), all known weights, ascending.
    wordings : uint64 (v,), one run of words for each recurring wording.
    """

    counts: Mapping[str, int]
    weights: NDArray[np.float64]
    wordings: NDArray[np.uint64]


#: Places in a frame that are chosen, first to last. The frame is sorted, best first, and has what `Split` says.
Choose = Callable[[pl.DataFrame], NDArray[np.int64]]


def partition_of(hashes: NDArray[np.uint64], partitions: int) -> NDArray[np.uint64]:
    """The partition of each of n rows, below `partitions`, uint64 (n,), from `hash64` of their ids and the seed.

    By SplitMix64 of the hash, so that it tells nothing of who is among the first by hash, the rows that are measured.
    """
    from curate.algorithms.wording import mixed

    return mixed(hashes) % np.uint64(partitions)


def drawn(hashes: NDArray[np.uint64], size: int) -> NDArray[np.int64]:
    """The places of the `size` rows of lowest hash, ascending, int64."""
    return np.sort(np.argsort(hashes, kind="stable")[:size])


def survey(shards: Shards, weighed: FrameFn, seed: int) -> pl.DataFrame:
    """`row`, `hash` (of id and seed), `_weight` and `_group` of all rows, sorted by `row`."""
    return shards.map(partial(_facts, weighed=weighed, seed=seed)).collect()


def _facts(frame: pl.DataFrame, weighed: FrameFn, seed: int) -> pl.DataFrame:
    return weighed(_hashed(frame, seed)).select("row", "hash", "_weight", "_group")


def _hashed(frame: pl.DataFrame, seed: int) -> pl.DataFrame:
    from curate.algorithms.coverage import hash64

    return frame.with_columns(hash=pl.Series(hash64(frame["id"], seed), dtype=pl.UInt64))


@dataclass(frozen=True, slots=True)
class Split:
    """How the rows are divided, and what a partition is told of each.

    Attributes
    ----------
    partitions, seed : into how many, by which draw.
    weighed : adds `_weight`, Float64 (NaN: not known), and `_group`, String.
    wording : whether it is told in `wordings`, List(UInt32), the recurring ones that each row has.
    """

    partitions: int
    seed: int
    weighed: FrameFn
    wording: bool


def first_round(shards: Shards, split: Split, pool: Pool, choose: Choose) -> pl.DataFrame:
    """The rows that `choose` takes in each partition, with all that it was told of them; sorted by `row`."""
    member = partial(_member, split=split, wordings=shards.share(pool.wordings))
    return shards.map(member).group("part", partial(_chosen, choose=choose)).collect()


def _member(frame: pl.DataFrame, split: Split, wordings: NDArray[np.uint64]) -> pl.DataFrame:
    out = split.weighed(_hashed(frame, split.seed))
    out = out.with_columns(part=pl.Series(partition_of(out["hash"].to_numpy(), split.partitions), dtype=pl.UInt64))
    if split.wording:
        out = with_wordings(out, wordings)
    told = ["row", "id", "embedding", "part", "hash", "_weight", "_group"]
    return out.select(*told, *(["wordings"] if split.wording else []))


def _chosen(frame: pl.DataFrame, choose: Choose) -> pl.DataFrame:
    """What `choose` takes of each partition in `frame`."""
    parts = [part[choose(part)] for part in map(best_first, frame.partition_by("part"))]
    return pl.concat([frame.clear(), *parts])


def best_first(frame: pl.DataFrame) -> pl.DataFrame:
    """Sorted by `_weight`, the largest first and NaN last, then by `id`."""
    return frame.sort(pl.col("_weight").fill_nan(float("-inf")), "id", descending=[True, False])


def vectors_of(shards: Shards, rows: pl.Series) -> NDArray[np.int8]:
    """The vectors of these rows, int8 (n, d), in the order of `row`."""
    found = shards.map(partial(_vectors, rows=shards.share(rows))).collect()
    return to_matrix(found["embedding"])


def _vectors(frame: pl.DataFrame, rows: pl.Series) -> pl.DataFrame:
    return frame.filter(pl.col("row").is_in(rows.implode())).select("row", "embedding")
