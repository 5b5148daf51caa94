"""`repr_filter`: down a ranking, keep what is not too like anything kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np
import polars as pl
from pydantic import Field

from curate.encoders import to_matrix
from curate.stage import Selection, Selector, Shards, verdict_frame
from curate.verdict import size_not_met


class ReprFilter(Selector):
    """Go down a ranking and keep each example that is not too like one already kept, until there are `size`.

    Examples are taken by the column `by`, highest first (ties by id; those without a score come last). One
    is kept if the cosine of its `embedding` with that of every example kept so far is at most `max_cosine`; otherwise
    it is `too_similar`, with the nearest kept example in `kept_id` and their cosine as evidence. After `size` are kept,
    the rest are `not_selected`. `rank` 1 is the first one kept; a smaller size gives a prefix. Where the examples
    run out first, a finding says how many were found.

    Why: the best thousand by score alone are often many wordings of the same few tasks. This is the simplest cure: it
    keeps the score's order and only skips repeats. It does not try to cover the pool, so it stays wherever the score
    is high; use `facility_location` to spread. What a cosine of 0.9 means depends on the encoder.

    Example
    -------
    ```yaml
    - stage: repr_filter
      by: length_score
      size: 1000
      max_cosine: 0.9
    ```

    References
    ----------
    - Liu, Zeng, He, Jiang & He (2024), *What Makes Good Data for Alignment? A Comprehensive Study of Automatic Data
      Selection in Instruction Tuning* (DEITA), section 2.4: score first, and the threshold of 0.9 on the nearest
      neighbour. They embed with LLaMA-1 13B and multiply a score of complexity with one of quality.
    """

    stage: Literal["repr_filter"] = "repr_filter"

    reads: ClassVar[tuple[str, ...]] = ("embedding",)
    writes: ClassVar[Mapping[str, pl.DataType]] = {"rank": pl.UInt32()}
    reasons: ClassVar[Mapping[str, str]] = {
        "too_similar": "A kept example with a higher score is too like it.",
        "not_selected": "Enough examples with higher scores were kept before it was reached.",
    }

    by: str = Field(min_length=1, description="The column that holds the score (a number, higher is better).")
    size: int = Field(1000, ge=1, description="How many examples to keep. Default: LIMA's 1,000 (Zhou et al. 2023).")
    max_cosine: float = Field(
        0.9,
        ge=-1,
        le=1,
        description="Keep an example if no kept one has a higher cosine with it. Default: DEITA's 0.9.",
    )

    def needs(self) -> tuple[str, ...]:
        """`embedding` and the column that `by` names."""
        return self.reads_with(self.by)

    def verdict(self, shards: Shards) -> Selection:
        """Keeps down the ranking."""
        from curate.algorithms.repr_filter import representatives

        def scored(part: pl.DataFrame) -> pl.DataFrame:
            score = self.numbers(part, self.by).fill_nan(None).alias("score")
            return part.select("row", "id", "embedding").with_columns(score)

        frame = shards.map(scored).collect()
        ranking = frame.select("id", "score").with_row_index("at")
        order = ranking.sort(["score", "id"], descending=[True, False], nulls_last=True)["at"]
        found = representatives(
            to_matrix(frame["embedding"]), order.cast(pl.Int64).to_numpy(), self.max_cosine, self.size
        )

        rank = np.zeros(frame.height, dtype=np.uint32)
        rank[found.kept] = np.arange(1, len(found.kept) + 1)
        near = np.zeros(frame.height, dtype=bool)
        near[found.too_near] = True
        neighbour = np.zeros(frame.height, dtype=np.int64)
        neighbour[found.too_near] = found.neighbour
        cosine = np.zeros(frame.height)
        cosine[found.too_near] = found.cosine
        parts = pl.DataFrame({"rank": rank, "near": near, "cosine": cosine, "kept_id": frame["id"].gather(neighbour)})
        parts = parts.select(
            pl.col("rank").replace(0, None),
            pl.when("near").then(pl.lit("too_similar")).otherwise(pl.lit("not_selected")).alias("reason"),
            pl.when("near").then(pl.col("cosine").round(6)).alias("value"),
            pl.when("near").then("kept_id").alias("kept_id"),
        )
        out = verdict_frame(
            frame["row"],
            keep=parts["rank"].is_not_null(),
            reason=parts["reason"],
            value=parts["value"],
            kept_id=parts["kept_id"],
            columns={"rank": parts["rank"]},
        )
        met = len(found.kept) >= self.size
        return Selection(
            out, () if met else (size_not_met(len(found.kept), self.size, relax="Raise `max_cosine`, relax"),)
        )
