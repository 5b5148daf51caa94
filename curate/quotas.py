"""How many examples each group of a selection may have, as parameters of the stages that choose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Final, Self

import polars as pl
from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, field_validator, model_validator

from curate.verdict import Finding, size_not_met

if TYPE_CHECKING:
    from curate.algorithms.quotas import Seats

#: The group of rows whose `by` column is null.
NONE: Final = "(none)"

#: Between the values of several columns in the name of a group.
BETWEEN: Final = " / "

_Column = Annotated[str, Field(min_length=1)]


class Quotas(BaseModel):
    """How many examples each group may have: shares by a temperature, and explicit minimums and maximums."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    by: _Column | Annotated[tuple[_Column, ...], Field(min_length=1)] = Field(
        description="Column whose values are the groups, or a list of columns: each combination of values is a group, "
        "named `a / b`. Null is `(none)`; in a list, a slash after a space within a value is written twice."
    )
    temperature: float | None = Field(
        None,
        description="Shares follow `n ** (1 / temperature)` of a group's n examples: 1 proportional to what is "
        "there, 3 as LIMA's draw over StackExchange, 100 nearly equal. Default: none, the stage's own order alone "
        "decides within `min` and `max`.",
        gt=0,
        allow_inf_nan=False,
    )
    min: dict[str, NonNegativeInt] = Field(
        default_factory=dict, description="Least number of examples per group; these are chosen first. Default: none."
    )
    max: dict[str, NonNegativeInt] = Field(
        default_factory=dict, description="Largest number of examples per group. Default: no limit."
    )

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns whose values make the groups."""
        return (self.by,) if isinstance(self.by, str) else self.by

    @property
    def named(self) -> str:
        """The columns as one text, as the groups are named."""
        return BETWEEN.join(self.columns)

    @field_validator("by")
    @classmethod
    def _distinct(cls, by: str | tuple[str, ...]) -> str | tuple[str, ...]:
        if not isinstance(by, str) and len(set(by)) < len(by):
            raise ValueError(f"a column is named twice: {', '.join(by)}")
        return by

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        for group, least in self.min.items():
            if least > self.max.get(group, least):
                raise ValueError(f"min of {group} is {least}, above its max of {self.max[group]}")
        return self

    def seats(self, counts: Mapping[str, int], there: Mapping[str, int] | None = None) -> Seats:
        """The places of groups of these sizes; with `there`, of a part of them that has so many of each."""
        from curate.algorithms.quotas import Seats

        return Seats(counts, temperature=self.temperature, minimum=self.min, maximum=self.max, there=there)


def group_of(quotas: Quotas | None) -> pl.Expr:
    """The group of each row as text; one for all where there are no quotas.

    With several columns, no two combinations have one name: a slash that follows a space within a value is doubled, so
    the first ` / ` in the name is always the one between the first value and the next.
    """
    if quotas is None:
        return pl.lit(NONE)
    values = [pl.col(column).cast(pl.String).fill_null(NONE) for column in quotas.columns]
    if len(values) == 1:
        return values[0]
    return pl.concat_str([value.str.replace_all(" /", " //", literal=True) for value in values], separator=BETWEEN)


def fits(quotas: Quotas | None, size: int) -> None:
    """Raise `ValueError` if the minimums ask for more than `size` examples."""
    asked = sum(quotas.min.values()) if quotas else 0
    if asked > size:
        raise ValueError(f"quotas.min asks for {asked} examples, size is {size}")


def findings(quotas: Quotas | None, counts: Mapping[str, int], *, kept: int, size: int) -> tuple[Finding, ...]:
    """What of the minimums and of `size` could not be met, and what to relax.

    Parameters
    ----------
    counts : examples there are per group.
    kept, size : examples that were chosen, and that were asked for.
    """
    found = []
    if quotas is not None:
        for group, least in sorted(quotas.min.items()):
            there = counts.get(group, 0)
            if there < least:
                found.append(
                    Finding(
                        "quota_not_met",
                        f"only {there:,} of the {least:,} examples that `quotas.min` asks for where {quotas.named} is "
                        f"{group} are there. Lower that minimum to {there}, or drop less of that group before it.",
                    )
                )
    if kept < size:
        found.append(size_not_met(kept, size, relax=_full(quotas, counts)))
    return tuple(found)


def _full(quotas: Quotas | None, counts: Mapping[str, int]) -> str:
    """How to get more, where it is a maximum that leaves rows out."""
    caps = {} if quotas is None else {g: m for g, m in quotas.max.items() if counts.get(g, 0) > m}
    if not caps:
        return "Relax"
    full = ", ".join(f"{group}: {cap:,} of {counts[group]:,}" for group, cap in sorted(caps.items()))
    return f"`quotas.max` leaves out the rest ({full}). Raise a maximum, relax"
