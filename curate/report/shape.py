"""How many, how long and of which kinds the records of a set and its pool are."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl

from curate.algorithms.diversity import effective_number
from curate.report.material import Side
from curate.report.model import Breakdown, Histogram, Kind, Quantiles, Totals

#: Bins of a histogram, below the 99th percentile.
_BINS: Final = 40
#: Kinds that are named; the others are summed as `OTHERS`.
_KINDS: Final = 14
OTHERS: Final = "all others"
#: What stands for a value that is not known.
UNKNOWN: Final = "not known"


def rounded(value: float) -> float | None:
    """`value` to six significant digits; None where it is not a number."""
    return float(f"{value:.6g}") if math.isfinite(value) else None


def totals(side: Side) -> Totals:
    """The sums over all records of a side."""
    light = side.light
    return Totals(
        name=side.name,
        records=light.height,
        tokens=int(light["tokens"].sum()),
        sources=light["source"].n_unique(),
        turns=int(light["turns"].sum()),
        multi_turn=int((light["turns"] > 1).sum()),
        prompt_words=int(light["prompt_words"].sum()),
        response_words=int(light["response_words"].sum()),
        texts=side.texts.height,
    )


def quantiles(lengths: pl.Series) -> Quantiles:
    """Quantiles of whole numbers by the nearest-rank method (the smallest value with at least that share up to it)."""
    ordered = np.sort(lengths.to_numpy())
    if not len(ordered):
        return Quantiles(p5=0, p25=0, p50=0, p75=0, p95=0, p99=0, max=0)

    def at(share: int) -> int:
        return int(ordered[max(0, -(-share * len(ordered) // 100) - 1)])

    return Quantiles(p5=at(5), p25=at(25), p50=at(50), p75=at(75), p95=at(95), p99=at(99), max=int(ordered[-1]))


def histogram(column: str, chosen: Side, pool: Side | None) -> Histogram:
    """Lengths in `column` in whole-number bins of equal width, up to the 99th percentile of the longer side."""
    mine = chosen.light[column]
    of_set = quantiles(mine)
    of_pool = None if pool is None else quantiles(pool.light[column])
    top = max(of_set.p99, of_pool.p99 if of_pool else 0)
    width = max(1, math.ceil((top + 1) / _BINS))
    edges = list(range(0, top + width + 1, width))

    def count(lengths: pl.Series) -> tuple[list[int], int]:
        found, _ = np.histogram(lengths.to_numpy(), bins=[*edges[:-1], edges[-1] - 0.5])
        return found.tolist(), int((lengths >= edges[-1]).sum())

    inside, above = count(mine)
    other = None if pool is None else count(pool.light[column])
    return Histogram(
        edges=edges,
        set=inside,
        pool=other[0] if other else None,
        above_set=above,
        above_pool=other[1] if other else None,
        set_quantiles=of_set,
        pool_quantiles=of_pool,
    )


def breakdown(
    chosen: pl.DataFrame,
    pool: pl.DataFrame | None,
    column: str,
    *,
    sampled: tuple[bool, bool] = (False, False),
    lima: Mapping[str, float] | None = None,
) -> Breakdown:
    """Records of a set and its pool by the value of `column`, the most frequent of the set first, then by name.

    Parameters
    ----------
    sampled : whether the set, and whether the pool, are samples, so that shares have an error.
    lima : LIMA's share of each value, where it is known.
    """
    mine = _tally(chosen, column)
    theirs = None if pool is None else _tally(pool, column)
    every = {**dict.fromkeys(mine), **dict.fromkeys(theirs or {})}
    ranked = sorted(every, key=lambda v: (-mine.get(v, 0), -(theirs or {}).get(v, 0), v))
    shown = ranked if len(ranked) <= _KINDS + 1 else ranked[:_KINDS]
    kinds = [
        Kind(value=v, set=mine.get(v, 0), pool=None if theirs is None else theirs.get(v, 0),
             lima=None if lima is None else round(lima.get(v, 0.0), 4))
        for v in shown
    ]  # fmt: skip
    if rest := ranked[len(shown) :]:
        number = f"{OTHERS} ({len(rest):,})"
        pooled = None if theirs is None else sum(theirs.get(v, 0) for v in rest)
        kinds.append(Kind(value=number, set=sum(mine.get(v, 0) for v in rest), pool=pooled))
    sizes = [f.height for f, drawn in zip((chosen, pool), sampled, strict=True) if drawn and f is not None and f.height]
    error = max((0.5 / math.sqrt(size) for size in sizes), default=0.0)
    return Breakdown(
        kinds=kinds,
        set_of=chosen.height,
        pool_of=None if pool is None else pool.height,
        effective_set=rounded(effective_number(mine.values())),
        effective_pool=None if theirs is None else rounded(effective_number(theirs.values())),
        error=round(error, 4),
    )


def _tally(frame: pl.DataFrame, column: str) -> dict[str, int]:
    if column not in frame.columns:
        return {}
    counted = frame.select(pl.col(column).cast(pl.String).fill_null(UNKNOWN).alias("value")).group_by("value").len()
    return {value: int(number) for value, number in counted.sort("value").iter_rows()}
