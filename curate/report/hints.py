"""What a person might change, read off what was dropped; a hint is no finding and changes no exit code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import polars as pl

#: Evidence of `template_tokens` where a response ends in a mark, and nowhere else holds one before it.
_REASON: Final = "template_tokens"
_ENDS_IN: Final = r"\Aends in (\S+)\z"
#: So many records ending in one mark, and such a share of all that were read, are the dump's habit and not damage.
_LEAST: Final = 20
_SHARE: Final = 0.01


def end_of_text(ledger: pl.DataFrame, manifest: Mapping[str, Any]) -> str | None:
    """One sentence where many records were dropped for the same mark at the end of the response, else None.

    Parameters
    ----------
    ledger : of a finished run, with `reason` and `value`.
    manifest : of the same run.
    """
    marks = ledger.filter(pl.col("reason") == _REASON)["value"].str.extract(_ENDS_IN, 1).drop_nulls()
    counted = marks.alias("mark").value_counts(name="records").sort("records", "mark", descending=[True, False])
    if counted.is_empty():
        return None
    mark, records = counted.row(0)
    if records < max(_LEAST, _SHARE * manifest["counts"]["read"]):
        return None
    return f"{records:,} records were dropped because the response ends in {mark}; {_take_off(mark)}"


def of_drop(reason: str | None, value: str | None) -> str | None:
    """The same of one dropped record."""
    found = pl.Series([value], dtype=pl.String).str.extract(_ENDS_IN, 1)[0] if reason == _REASON else None
    return None if found is None else f"The response ends in {found}; {_take_off(found)}"


def _take_off(mark: str) -> str:
    option = f"`read: {{end_of_text: [{json.dumps(mark)}]}}`"
    return f"if that is how the dump ends its texts, {option} in the pipeline takes it off."
