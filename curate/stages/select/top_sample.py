"""`top_sample`: the examples that are best by a column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

import polars as pl
from pydantic import Field, model_validator

from curate.quotas import Quotas, findings, fits, group_of
from curate.stage import Selection, Selector, Shards
from curate.verdict import first_of


class TopSample(Selector):
    """Keep the `size` examples with the highest number in a column, under quotas if there are any.

    Equal numbers go to the smaller id; an example without a number (null or NaN) comes after all others, and is
    counted as unknown. `rank` is the order of choice from 1, and the first n ranks are the result for a size of n.
    The evidence of a dropped example is its number.

    With `quotas`, each place goes to a group first and then to the best of that group: to groups below their minimum,
    then, with a temperature, always to the group that is furthest below its share, by the method of Webster
    (Sainte-Laguë) for seats in a parliament. What a group cannot fill goes to the others. Where a limit cannot be met,
    fewer examples stay, and a finding says which limit and what to relax.

    Why: where the score is the judgement of people, the best are simply the best; the quotas keep one large source
    from filling the set, or one where votes are cheap. The best by one score resemble each other, so drop near
    duplicates before, and use `facility_location` with this column as `weight` where the set must be varied.

    Example
    -------
    ```yaml
    - stage: text_stats
    - stage: top_sample
      by: length_score
      size: 400
      quotas: {by: source, temperature: 3}
    ```

    References
    ----------
    - Zhou et al. (2023), *LIMA: Less Is More for Alignment*, section 2.1: the questions with the highest score of each
      exchange, the exchanges sampled with a temperature of 3.
    - Balinski and Young (1982), *Fair Representation*: why a divisor method.
    """

    stage: Literal["top_sample"] = "top_sample"
    writes: ClassVar[Mapping[str, pl.DataType]] = {"rank": pl.UInt32()}
    reasons: ClassVar[Mapping[str, str]] = {
        "not_selected": "Other examples have a higher number, or the group has its share."
    }

    size: int = Field(description="Examples to keep. LIMA (Zhou et al. 2023) has 400 of StackExchange.", ge=1)
    by: str = Field(min_length=1, description="The column of numbers, higher is better, written by an earlier stage.")
    quotas: Quotas | None = Field(None, description="Limits per group of one column or several. Default: none.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        fits(self.quotas, self.size)
        return self

    def needs(self) -> tuple[str, ...]:
        """The columns that `by` and `quotas` name."""
        return self.reads_with(self.by, *(self.quotas.columns if self.quotas else ()))

    def verdict(self, shards: Shards) -> Selection:
        """The best, one place after the other."""

        def compact(part: pl.DataFrame) -> pl.DataFrame:
            score = self.numbers(part, self.by).fill_nan(None).alias("score")
            return part.select("row", "id", group_of(self.quotas).alias("group")).with_columns(score)

        frame = shards.map(compact).collect()
        best_first = frame.with_row_index("at").sort(["score", "id"], descending=[True, False], nulls_last=True)
        order = best_first["at"] if self.quotas is None else self._under(self.quotas, best_first)
        chosen = first_of(frame, order, self.size, value=frame["score"]).frame
        counts: dict[str, int] = dict(frame["group"].value_counts().iter_rows())
        kept = min(len(order), self.size)
        return Selection(
            chosen.with_columns(unknown=frame["score"].is_null()),
            findings(self.quotas, counts, kept=kept, size=self.size),
        )

    def _under(self, quotas: Quotas, best_first: pl.DataFrame) -> pl.Series:
        """The places of the chosen rows in the order of choice, at most `size`."""
        groups: dict[str, list[tuple[int, int]]] = {}
        for place, (at, group) in enumerate(best_first.select("at", "group").iter_rows()):
            groups.setdefault(group, []).append((place, at))
        seats = quotas.seats({group: len(rows) for group, rows in groups.items()})
        queues = [iter(groups[name]) for name in seats.names]
        heads = [next(queue) for queue in queues]
        chosen: list[int] = []
        while len(chosen) < self.size:
            may = [index for index, open_ in enumerate(seats.open().tolist()) if open_]
            if not may:
                break
            # Without a temperature several groups may have the place: it goes to the best of their next ones.
            group_index = min(may, key=lambda index: heads[index][0])
            chosen.append(heads[group_index][1])
            seats.take(group_index)
            heads[group_index] = next(queues[group_index], (best_first.height, -1))
        return pl.Series("at", chosen, dtype=best_first.schema["at"])
