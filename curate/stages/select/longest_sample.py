"""`longest_sample`: the examples with the longest responses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import polars as pl
from pydantic import Field

from curate.stage import Selection, Selector, Shards
from curate.verdict import first_of


class LongestSample(Selector):
    """Keep the `size` examples with the longest responses.

    Length is counted in characters (Unicode code points) of `response`; of equally long ones, the smaller id goes
    first. `rank` 1 is the longest. The evidence of a dropped example is its length. Where fewer than `size` examples
    are left, all stay, and a finding says so.

    Why: on Alpaca and Dolly, training on the thousand longest responses beat far more elaborate choices in
    head-to-head comparisons, which makes it the baseline to run beside any score. It also rewards padding, repetition
    and answers that were cut off, so put `damage_filter`, `repetition_filter` and the dedup stages before it, and do
    not use it where short answers are right (classification, extraction, closed questions).

    Example
    -------
    ```yaml
    - stage: longest_sample
      size: 1000
    ```

    References
    ----------
    - Zhao, Andriushchenko, Croce & Flammarion (2024), *Long Is More for Alignment: A Simple but Tough-to-Beat Baseline
      for Instruction Fine-Tuning*: the 1,000 longest responses. They count tokens; characters need no tokenizer.
    """

    stage: Literal["longest_sample"] = "longest_sample"

    reads: ClassVar[tuple[str, ...]] = ("response",)
    writes: ClassVar[Mapping[str, pl.DataType]] = {"rank": pl.UInt32()}
    reasons: ClassVar[Mapping[str, str]] = {"not_selected": "Enough examples have longer responses."}

    size: int = Field(1000, ge=1, description="How many examples to keep. Default: 1,000 (Zhao et al. 2024).")

    def verdict(self, shards: Shards) -> Selection:
        """The `size` longest, ties by id."""
        length = pl.col("response").str.len_chars().alias("length")
        frame = shards.map(lambda part: part.select("row", "id", length)).collect()
        order = frame.with_row_index("at").sort(["length", "id"], descending=[True, False])["at"]
        return first_of(frame, order, self.size, value=frame["length"])
