"""Takes marks such as `<|endoftext|>` off the ends of responses, where the user names them, and notes what it took."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import Any, Final

import polars as pl

from curate.io.formats.preference import PAIR
from curate.io.meta import READER, dump
from curate.io.model import Batch
from curate.schema import example_id, sides

#: Member of `_reader` in `meta`: for each response that was cut, its place and the text that was taken off its end.
ENDED: Final = "end_of_text"
_HELD: Final = ("id", "messages", "instruction", "response", "meta")


def cut(text: str, marks: Sequence[str]) -> int:
    """How many characters of `text` stand before the marks that it ends in; all of them where it ends in none.

    White space after a mark goes with it, between two marks as well; what stands before the first stays as it is.

    Parameters
    ----------
    marks : each without white space at its ends; where one ends in another, the longer one counts.
    """
    longest = sorted(marks, key=lambda mark: (-len(mark), mark))
    kept = end = len(text)
    while True:
        while end and text[end - 1].isspace():
            end -= 1
        mark = next((mark for mark in longest if text.endswith(mark, 0, end)), None)
        if mark is None:
            return kept
        kept = end = end - len(mark)


def without_marks(batch: Batch, marks: Sequence[str], *, paired: bool) -> Batch:
    """`batch` with the marks off the end of every response, and in `ended` how many examples that changed.

    The assistant's turns are responses, and so is the rejected answer of a preference record, since a pair of which one
    side keeps its mark would teach that the mark is what people prefer, or do not. The `id` is that of the new text;
    `_reader` in `meta` has the text that was taken off each turn, so that joining it on gives the record back.

    Parameters
    ----------
    paired : whether the records are preference records.
    """
    frame = batch.frame
    # A rejected answer lies in `meta`, where the mark may be escaped; so of pairs every one is looked at.
    may = pl.col("response").str.contains_any(list(marks)) | pl.lit(paired)
    found = frame.with_row_index("_at").filter(may).select("_at", *_HELD)
    changed = [row for row in found.iter_rows(named=True) if _cut_off(row, marks, paired=paired)]
    if not changed:
        return batch
    rows = pl.DataFrame(changed, schema=found.schema)
    rest = frame.with_row_index("_at").join(rows.select("_at"), on="_at", how="anti", maintain_order="left")
    others = frame.select(pl.exclude(_HELD))[rows["_at"]]
    new = pl.concat([rows, others], how="horizontal").select(rest.columns)
    whole = pl.concat([rest, new]).sort("_at").select(frame.columns)
    return dataclasses.replace(batch, frame=whole, ended=len(changed))


def _cut_off(row: dict[str, Any], marks: Sequence[str], *, paired: bool) -> bool:
    """Take the marks off the responses of a row, in place; whether there were any."""
    taken: list[dict[str, Any]] = []
    messages = row["messages"]
    for number, message in enumerate(messages, 1):
        text = message["content"]
        if message["role"] == "assistant" and (kept := cut(text, marks)) < len(text):
            message["content"] = text[:kept]
            taken.append({"turn": number, "text": text[kept:]})
    meta: dict[str, Any] = json.loads(row["meta"])
    if paired:
        rejected: list[str] = meta[PAIR]["rejected"]
        for at in range(0, len(rejected), 2):  # it begins with an answer
            text = rejected[at]
            if (kept := cut(text, marks)) < len(text):
                rejected[at] = text[:kept]
                taken.append({"rejected": at + 1, "text": text[kept:]})
    if not taken:
        return False
    meta.setdefault(READER, {})[ENDED] = taken
    row["instruction"], row["response"] = sides(messages)
    row["id"], row["meta"] = example_id(messages), dump(meta)
    return True
