"""What an engine is, and how it tells of its progress."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Protocol

import numpy as np
import polars as pl

from curate.cache import Step, Table
from curate.errors import CurateError, StageError
from curate.stage import Annotator, Filter, Finding, Selection, Selector, Stage


class Progress(Protocol):
    """Told of long work as it goes on; every method may do nothing."""

    def start(self, label: str, total: int) -> None:
        """Work named `label` begins, of `total` units."""

    def advance(self, units: int = 1) -> None:
        """`units` more are done; may be called from any thread."""

    def finish(self, summary: str) -> None:
        """The work is over; `summary` is one line for a person."""


class Silent:
    """A `Progress` that says nothing."""

    def start(self, label: str, total: int) -> None:
        """Say nothing."""

    def advance(self, units: int = 1) -> None:
        """Say nothing."""

    def finish(self, summary: str) -> None:
        """Say nothing."""


class Engine(Protocol):
    """Runs one stage over a table. The same input, stage and seed give the same bytes on every engine."""

    def prepare(self, stages: Sequence[Stage], root: Path) -> None:
        """Called once, before anything is read: `stages` will run, and all steps lie below the cache folder `root`.

        Raises
        ------
        UsageError : the engine cannot run them, for want of a package, a model or a folder that all can see.
        """

    def run(self, stage: Stage, table: Table, step: Step, progress: Progress) -> tuple[Finding, ...]:
        """Write, into `step`, one part for each shard of `table` with a row for each row still there.

        Parts that a stopped run of the same row stage had finished are taken over.

        Raises
        ------
        StageError : the stage broke its contract or failed; the message names it, the shard and, where one record
            alone is at fault, that record.
        """


def run_stage(
    stage: Stage, corpus: Callable[[Selector], tuple[Finding, ...]], rows: Callable[[Annotator | Filter], None]
) -> tuple[Finding, ...]:
    """`corpus` of a selector, `rows` of another stage; whatever fails in them is a `StageError`."""
    try:
        if isinstance(stage, Selector):
            return corpus(stage)
        if isinstance(stage, Annotator | Filter):
            rows(stage)
            return ()
    except (CurateError, MemoryError):
        raise
    except Exception as error:
        raise StageError(f"{stage.name} failed: {type(error).__name__}: {error}") from error
    raise StageError(f"{stage.name} is neither an annotator, a filter nor a selector")


def row_parts(stage: Annotator | Filter, table: Table, shards: Sequence[int]) -> list[pl.DataFrame]:
    """What a row stage says of the rows of some shards, which it sees as one frame; a frame for each.

    Raises
    ------
    StageError : as `Engine.run`.
    """
    frame = table.load_all(shards, stage.needs())
    try:
        said = stage.apply(frame)
    except StageError as error:
        raise StageError(f"{error} ({place(table, shards)})") from error
    except (CurateError, MemoryError):
        raise
    except Exception as error:
        rows = _culprit(stage, frame)["row"]
        raise StageError(
            f"{stage.name} failed on {place(table, shards, rows)}: {type(error).__name__}: {error}"
        ) from error
    if len(shards) == 1:
        return [said]
    ends = accumulate((len(table.alive(shard)) for shard in shards), initial=0)
    # Rows are gathered, for a column of lists that is a slice of another one takes more room on disk.
    return [said[np.arange(*some)] for some in pairwise(ends)]


def _culprit(stage: Annotator | Filter, frame: pl.DataFrame) -> pl.DataFrame:
    """The one row of `frame` on which `stage` fails, or all where no half of them fails on its own."""
    while frame.height > 1:
        half = frame.height // 2
        for part in (frame[:half], frame[half:]):
            try:
                stage.apply(part)
            except Exception:  # noqa: BLE001 - the error is on its way already; only its place is looked for
                frame = part
                break
        else:
            break
    return frame


def place(table: Table, shards: Sequence[int], rows: pl.Series | None = None) -> str:
    """Some shards for a person, with their first and last record; or those that hold `rows`, with these."""
    rows = pl.concat([table.alive(shard) for shard in shards]) if rows is None else rows
    if not rows.is_empty():
        starts = [table.parts[shard].offset for shard in shards]
        first, last = (bisect(starts, row) - 1 for row in (rows[0], rows[-1]))
        shards = shards[first : last + 1]
    told = f"shard {shards[0]}" if len(shards) == 1 else f"shards {shards[0]} to {shards[-1]}"
    if rows.is_empty():
        return told
    at = [(shards[0], rows[:1]), (shards[-1], rows[-1:])][: len(rows)]
    ends = pl.concat([table.load(shard, ["file", "line"], rows=row) for shard, row in at])
    where = [f"{file}:{line}" for file, line in ends.select("file", "line").iter_rows()]
    return f"{told}, " + (f"record {where[0]} ({ends['id'][0]})" if len(where) == 1 else " to ".join(where))


def write_verdicts(stage: Stage, selection: Selection, table: Table, step: Step) -> None:
    """A selector's verdicts, one part for each shard.

    Raises
    ------
    StageError : they are not one for each row of `table`.
    """
    alive = [table.alive(index) for index in range(len(table.parts))]
    if selection.frame["keep"].has_nulls() or not selection.frame["row"].equals(pl.concat(alive)):
        raise StageError(f"{stage.name}: the verdicts are not one for each row handed in")
    start = 0
    for index, rows in enumerate(alive):
        step.write(index, selection.frame.slice(start, len(rows)))
        start += len(rows)
