"""Where the records went: the accounts of reading, each stage's drops, and which reasons overlap."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from curate.report.material import Material
from curate.report.model import Account, Overlap, Reason, StageAccount

#: The accounts in the order in which they are told, and what each is called.
_FATES: Final = {
    "lines": "records in the inputs",
    "expanded": "further examples of records that hold several",
    "blank": "blank lines",
    "rejected": "rejected: could not be read",
    "joined": "joined to another record's example",
    "left": "left out by the rules of their format",
    "read": "read as examples",
    "end_of_text": "of these with a response that ended in an end-of-text mark, which was taken off",
    "dropped": "dropped by a stage",
    "kept": "kept",
}


def accounts(counts: Mapping[str, int]) -> list[Account]:
    """The counts that are known; those seldom other than 0 only where they are."""
    rare = {"expanded", "blank", "joined", "left"}
    return [
        Account(name=name, records=counts[name], text=text)
        for name, text in _FATES.items()
        if name in counts and (counts[name] or name not in rare)
    ]


def stages(material: Material) -> list[StageAccount]:
    """One entry for each stage of the run."""
    return [
        StageAccount(
            step=step["step"],
            stage=step["stage"],
            kind=step["kind"],
            rows=step["rows"],
            kept=step["kept"],
            unknown=step["unknown"],
            dropped=[
                Reason(reason=reason, text=step["reasons"].get(reason, ""), records=number)
                for reason, number in step["dropped"].items()
            ],
        )
        for step in material.steps
    ]


def overlaps(ledger: pl.DataFrame | None) -> list[Overlap]:
    """How often a record dropped for one reason would have been dropped for another too, the most frequent first."""
    if ledger is None or ledger.is_empty():
        return []
    pairs = (
        ledger.filter(pl.col("step").is_not_null())
        .select("stage", "reason", "also")
        .explode("also", empty_as_null=False)
        .drop_nulls("also")
        .group_by("stage", "reason", "also")
        .len("records")
        .sort("records", "stage", "reason", "also", descending=[True, False, False, False])
    )
    return [Overlap(**row) for row in pairs.iter_rows(named=True)]
