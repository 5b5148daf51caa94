"""The stage `range_filter`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

import polars as pl
from pydantic import Field, model_validator

from curate.stage import Filter, Rule


class RangeFilter(Filter):
    """Drops records whose number in a column is below a minimum or above a maximum.

    Both bounds are inclusive: exactly `min` stays. A record without a number (null or NaN) is neither below nor above:
    it stays, and is counted as unknown. The evidence is the number.

    Why: some scores mean something by themselves, such as the votes of people or a probability, and then a threshold
    says what is wanted. Where a score only orders records, or means another thing in each source, take a fraction
    with `score_filter` instead: a threshold that is right for one pool empties another.

    Example
    -------
    ```yaml
    - stage: text_stats
    - stage: range_filter
      by: response_words
      min: 5
      max: 2000
    ```

    References
    ----------
    - Zhou et al. (2023), *LIMA: Less Is More for Alignment*, section 2.1: only answers with a score of at least 10.
    """

    stage: Literal["range_filter"] = "range_filter"
    reasons: ClassVar[Mapping[str, str]] = {
        "below_minimum": "The column's number is below the minimum.",
        "above_maximum": "The column's number is above the maximum.",
    }

    by: str = Field(min_length=1, description="The column of numbers, written by an earlier stage.")
    min: float | None = Field(None, allow_inf_nan=False, description="Smallest number that stays. Default: no bound.")
    max: float | None = Field(None, allow_inf_nan=False, description="Largest number that stays. Default: no bound.")

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("give `min`, `max` or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min ({self.min:g}) is above max ({self.max:g}): no record could stay")
        return self

    def needs(self) -> tuple[str, ...]:
        """The column that `by` names."""
        return self.reads_with(self.by)

    def apply(self, frame: pl.DataFrame) -> pl.DataFrame:
        """See `Filter.apply`.

        Raises
        ------
        StageError : the column holds no numbers.
        """
        self.numbers(frame.clear(), self.by)
        return super().apply(frame)

    def rules(self) -> list[Rule]:
        """One rule for each bound that is set."""
        number = pl.col(self.by).cast(pl.Float64).fill_nan(None)
        rules = []
        if self.min is not None:
            rules.append(Rule("below_minimum", number < self.min, pl.col(self.by)))
        if self.max is not None:
            rules.append(Rule("above_maximum", number > self.max, pl.col(self.by)))
        return rules
