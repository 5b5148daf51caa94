"""What filters and selectors say of rows, and how a selector builds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Finding:
    """Something the user must know of a finished run (exit code 1): a size or quota that was not met."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Selection:
    """What a selector returns: one row per input row, and what it could not do.

    `frame` has the columns of `schema.VERDICT` and the stage's `writes`; `verdict_frame` builds it.
    """

    frame: pl.DataFrame
    findings: tuple[Finding, ...] = field(default=())


def verdict_frame(
    row: pl.Series,
    *,
    keep: pl.Series | None = None,
    reason: pl.Series | str | None = None,
    value: pl.Series | None = None,
    kept_id: pl.Series | None = None,
    columns: Mapping[str, pl.Series] | None = None,
) -> pl.DataFrame:
    """A verdict per row from its parts; all series are parallel to `row`.

    Parameters
    ----------
    keep : Boolean; all kept where not given.
    reason : String, ignored for kept rows; one text for all dropped rows, or a series.
    value, kept_id : evidence (cast to text) and the id kept in the row's place, ignored for kept rows.
    columns : the stage's `writes`, for kept and dropped rows alike.
    """
    height = len(row)
    kept = keep if keep is not None else pl.repeat(value=True, n=height, eager=True)

    def when_dropped(part: pl.Series | str | None, name: str) -> pl.Series:
        if part is None or isinstance(part, str):
            part = pl.repeat(part, height, dtype=pl.String, eager=True)
        masked = pl.select(pl.when(~kept).then(part.cast(pl.String)).otherwise(None).alias(name))
        return masked[name].cast(pl.String)

    return pl.DataFrame(
        {
            "row": row.cast(pl.UInt64),
            "keep": kept,
            "reason": when_dropped(reason, "reason"),
            "value": when_dropped(value, "value"),
            "kept_id": when_dropped(kept_id, "kept_id"),
            "also": pl.Series([[]], dtype=pl.List(pl.String)).new_from_index(0, height),
            "unknown": pl.repeat(value=False, n=height, eager=True),
            **(columns or {}),
        },
    )


def first_of(frame: pl.DataFrame, order: pl.Series, size: int, *, value: pl.Series | None = None) -> Selection:
    """Keep the first `size` rows of an order; the rest are `not_selected`. Writes `rank`, from 1.

    Parameters
    ----------
    frame : has `row`, in any order, n rows.
    order : (n,) unsigned: the places in `frame`, the best first.
    value : (n,) evidence for the rows of `frame`.
    """
    chosen = pl.DataFrame({"at": order.head(size)}).with_row_index("rank", offset=1)
    every = pl.DataFrame({"at": pl.Series(range(frame.height), dtype=order.dtype)})
    rank = every.join(chosen, on="at", how="left", maintain_order="left")["rank"].cast(pl.UInt32)
    out = verdict_frame(
        frame["row"], keep=rank.is_not_null(), reason="not_selected", value=value, columns={"rank": rank}
    )
    return Selection(out, () if frame.height >= size else (size_not_met(frame.height, size),))


def covered_by(
    row: pl.Series,
    rank: NDArray[np.uint32],
    gain: NDArray[np.float64],
    nearest: NDArray[np.int64],
    cosine: NDArray[np.float64],
    ids: pl.Series,
) -> pl.DataFrame:
    """The verdict of a selector by vectors: each dropped row names the chosen one that stands nearest to it.

    Parameters
    ----------
    row : (n,) the rows.
    rank, gain : (n,) the place in the order of choice from 1, 0 for rows not chosen, and what choosing the row gained.
    nearest, cosine : (n,) the place in `ids` of the nearest chosen row, and the cosine of the angle to it.
    """
    keep = pl.Series("keep", rank > 0, dtype=pl.Boolean)
    mine = pl.DataFrame({"keep": keep, "rank": rank, "gain": gain}).with_columns(
        pl.when("keep").then(name).alias(name) for name in ("rank", "gain")
    )
    return verdict_frame(
        row,
        keep=keep,
        reason="not_selected",
        value=pl.Series([f"{c:.4f}" for c in np.round(cosine, 4) + 0.0], dtype=pl.String),
        kept_id=ids.gather(nearest) if keep.any() else None,
        columns={"rank": mine["rank"], "gain": mine["gain"]},
    )


def size_not_met(kept: int, size: int, *, relax: str = "Relax") -> Finding:
    """The finding that only `kept` of `size` examples could be chosen; `relax` begins the sentence of remedies."""
    return Finding(
        "size_not_met",
        f"only {kept:,} of the {size:,} examples asked for could be chosen. "
        f"{relax} an earlier stage, add input, or lower `size`.",
    )
