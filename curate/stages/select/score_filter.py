"""`score_filter`: drop the worst fraction by a column."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, ClassVar, Literal

import polars as pl
from pydantic import Field, field_validator

from curate.schema import VERDICT
from curate.stage import Selection, Selector, Shards, verdict_frame

_Column = Annotated[str, Field(min_length=1)]


class ScoreFilter(Selector):
    """Drop the worst fraction of the examples by the score in one column.

    Examples are ordered by the column `by`, ties by id, and of n scored ones the worst n × `drop_fraction`, rounded
    down, are dropped. With `within`, this is done inside each group of equal values of that column or of those columns
    (null is a value too), and at least `min_per_group` of each group stay. The evidence is the score.

    An example without a score (null or NaN) is neither good nor bad: it stays, is counted as unknown, and is left
    out of n, so that no number of missing scores moves the line for the others.

    Why: a score sorts better than it measures. What it means depends on the source and the task, so a fixed threshold
    that is right for one pool empties another; a fraction is not affected by that. Most scores favour long prose over
    short exact answers, so whole tasks disappear: take the fraction `within: [task_type, length_band]` (`text_stats`
    writes the bands), and an answer of one word competes with its like. Do not use the stage with scores that are
    nearly all equal, since then the ids decide, nor with so many columns in `within` that groups hold a few examples.

    Example
    -------
    ```yaml
    - stage: score_filter
      by: length_score
      drop_fraction: 0.5
      within: [task_type, length_band]
    ```

    References
    ----------
    - Chen et al. (2024), *AlpaGasus: Training a Better Alpaca with Fewer Data*: filtering by one score of quality
      before fine-tuning. The fraction of one half is ours: choosing for coverage afterwards then has room.
    """

    stage: Literal["score_filter"] = "score_filter"

    reads: ClassVar[tuple[str, ...]] = ()
    reasons: ClassVar[Mapping[str, str]] = {
        "low_score": "The score is among the lowest, and low is bad.",
        "high_score": "The score is among the highest, and high is bad.",
    }

    by: str = Field(
        min_length=1, description="The column that holds the score (a number), written by an earlier stage."
    )
    drop_fraction: float = Field(
        0.5,
        ge=0,
        lt=1,
        description="Share of the scored examples to drop, 0 to below 1. Default ours: the better half.",
    )
    within: _Column | Annotated[tuple[_Column, ...], Field(min_length=1)] | None = Field(
        None,
        description="A column, or a list of columns: the fraction is taken inside each group of equal values. "
        "Default: of all examples.",
    )
    min_per_group: int = Field(
        1, ge=0, description="How many scored examples of each group stay at least. Default ours: no group disappears."
    )
    worst: Literal["lowest", "highest"] = Field(
        "lowest", description="Which end of the score is bad; `highest` for a perplexity or a count of errors."
    )

    @field_validator("within")
    @classmethod
    def _distinct(cls, within: str | tuple[str, ...] | None) -> str | tuple[str, ...] | None:
        if isinstance(within, tuple) and len(set(within)) < len(within):
            raise ValueError(f"a column is named twice: {', '.join(within)}")
        return within

    def needs(self) -> tuple[str, ...]:
        """The columns that `by` and `within` name."""
        return self.reads_with(self.by, *self._columns)

    @property
    def _columns(self) -> tuple[str, ...]:
        return (self.within,) if isinstance(self.within, str) else self.within or ()

    def verdict(self, shards: Shards) -> Selection:
        """Drops the worst of each group."""
        group = pl.struct(self._columns) if self._columns else pl.lit(None, dtype=pl.String)

        def scored(part: pl.DataFrame) -> pl.DataFrame:
            score = self.numbers(part, self.by).fill_nan(None).alias("score")
            return part.select("row", "id", group.alias("group")).with_columns(score)

        frame = shards.map(scored).collect()
        dropped = self._worst(frame.drop_nulls("score"))
        keep = ~frame["row"].is_in(dropped.implode())
        reason = "low_score" if self.worst == "lowest" else "high_score"
        out = verdict_frame(frame["row"], keep=keep, reason=reason, value=frame["score"])
        return Selection(out.with_columns(frame["score"].is_null().alias("unknown")).select(*VERDICT))

    def _worst(self, scored: pl.DataFrame) -> pl.Series:
        """The rows to drop."""
        best_first = scored.sort(["score", "id"], descending=[self.worst == "lowest", False])
        # In decimals, as the user wrote it: in binary, 100 × 0.29 is less than 29.
        share = Decimal(repr(self.drop_fraction))
        sizes = best_first.group_by("group").agg(pl.len().alias("size"))
        stay = [max(n - int(n * share), min(n, self.min_per_group)) for n in sizes["size"].to_list()]
        return (
            best_first.with_columns(pl.int_range(pl.len()).over("group").alias("place"))
            .join(sizes.with_columns(pl.Series("stay", stay, dtype=pl.Int64)), on="group", nulls_equal=True)
            .filter(pl.col("place") >= pl.col("stay"))["row"]
        )
