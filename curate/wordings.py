"""Recurring wording of the instructions of a pool: runs of words that many of them share, in one process or in many."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curate.handles import Shards

if TYPE_CHECKING:
    from curate.algorithms.wording import Wording

#: Characters read at either end of an instruction, where the request stands; words in a run; and how many
#: instructions must share a run: one of so many, and at least so many.
_WINDOW: Final = 256
_RUN: Final = 4
_ONE_OF: Final = 1000
_LEAST: Final = 5


def with_runs(frame: pl.DataFrame) -> pl.DataFrame:
    """`frame` and in `_runs`, List(UInt64), hashes of the runs of words in `instruction`, each once."""
    return frame.with_columns(_runs(frame["instruction"]).alias("_runs"))


def recurring_in(runs: pl.Series) -> Wording:
    """The recurring wordings of n rows that are the whole pool, from their `_runs`."""
    from curate.algorithms.wording import recurring

    return recurring(*_flat(runs), _least(len(runs)))


def listed(wordings: pl.Series, count: int) -> Wording:
    """Those of `count` wordings that each row has, from the column that `with_wordings` gives."""
    from curate.algorithms.wording import Wording

    ids, offsets = _flat(wordings)
    return Wording(offsets, ids.astype(np.int64), count)


def recurring_apart(shards: Shards, rows: int) -> NDArray[np.uint64]:
    """One run of words for each recurring wording, uint64 (v,); the same wordings as `recurring_in` finds.

    Parameters
    ----------
    rows : how many there are in all.
    """
    often = shards.map(_each).group("run", partial(_often, least=_least(rows))).collect()
    # Runs that stand in as many rows, with one sum of well mixed numbers, stand in the same: they are one wording.
    return often.sort("run").unique(["rows", "low", "high"], keep="first", maintain_order=True)["run"].to_numpy()


def _each(frame: pl.DataFrame) -> pl.DataFrame:
    """`row` and `run`: each run of words of each row."""
    flat = with_runs(frame).select("row", pl.col("_runs").alias("run")).explode("run")
    return flat.drop_nulls("run").cast({"run": pl.UInt64})


def _often(frame: pl.DataFrame, least: int) -> pl.DataFrame:
    """The runs of at least `least` rows: in how many, and a sum over these, in halves that cannot overflow."""
    from curate.algorithms.wording import mixed

    often = frame.filter(pl.len().over("run") >= least)
    salt = pl.Series(mixed(often["row"].to_numpy().astype(np.uint64)), dtype=pl.UInt64)
    often = often.with_columns(low=salt & 0xFFFFFFFF, high=salt // 2**32)
    return often.group_by("run").agg(pl.col("row").min(), pl.len().alias("rows"), pl.col("low", "high").sum())


def with_wordings(frame: pl.DataFrame, wordings: NDArray[np.uint64]) -> pl.DataFrame:
    """`frame` and in `wordings`, List(UInt32), which of the recurring ones that `recurring_apart` gave each row has."""
    places = pl.DataFrame({"run": wordings, "wordings": np.arange(wordings.size, dtype=np.uint32)})
    mine = _each(frame).join(places, on="run").group_by("row").agg("wordings")
    return frame.join(mine, on="row", how="left", maintain_order="left").with_columns(pl.col("wordings").fill_null([]))


def _least(rows: int) -> int:
    """In how many of so many instructions a run must stand to be a wording that recurs."""
    return max(_LEAST, -(-rows // _ONE_OF))


def _flat(lists: pl.Series) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """All values of a series of lists, and where those of each begin, int64 (n + 1,)."""
    sizes = lists.list.len().to_numpy().astype(np.int64)
    return lists.explode(empty_as_null=False).to_numpy(), np.concatenate([[0], np.cumsum(sizes)])


def _runs(texts: pl.Series) -> pl.Series:
    """Hashes of the runs of `_RUN` lower-cased words at either end of each text, each once: List(UInt64)."""
    from curate.algorithms.wording import runs

    parts = []
    for end in (texts.str.head(_WINDOW), texts.str.slice(_WINDOW).str.tail(_WINDOW)):
        words = end.str.to_lowercase().str.extract_all(r"[\p{L}\p{M}\p{N}]+")
        flat = words.explode(empty_as_null=False).hash().to_numpy()
        owner, value = runs(flat, words.list.len().to_numpy().astype(np.int64), _RUN)
        parts.append(pl.DataFrame({"owner": owner, "runs": value}))
    each = pl.concat(parts).unique().group_by("owner").agg("runs")
    every = pl.DataFrame({"owner": np.arange(len(texts))}).join(each, on="owner", how="left", maintain_order="left")
    return every["runs"].fill_null([])
