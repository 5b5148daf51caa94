"""The engine of this machine: shards in threads, small ones together; of text, one large shard a thread is held."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import polars as pl

from curate.algorithms.parallel import thread_map, threads
from curate.cache import Step, Table
from curate.engine.base import Progress, row_parts, run_stage, write_verdicts
from curate.errors import StageError
from curate.stage import Annotator, Filter, Finding, FrameFn, Selector, Stage

T = TypeVar("T")


@dataclass(frozen=True)
class LocalShards:
    """A selector's handle on rows: functions that each load one shard.

    `alive` tells which rows there are without loading them all; without it the loaders are asked.
    """

    loaders: tuple[Callable[[], pl.DataFrame], ...]
    alive: Callable[[], pl.Series] | None = None
    apart: bool = False

    def rows(self) -> pl.Series:
        """`row` of all rows."""
        return self.collect()["row"] if self.alive is None else self.alive()

    def map(self, fn: FrameFn) -> LocalShards:
        """`fn` over every shard, when collected."""

        def chained(load: Callable[[], pl.DataFrame]) -> Callable[[], pl.DataFrame]:
            return lambda: fn(load())

        return LocalShards(tuple(chained(load) for load in self.loaders), self.alive)

    def group(self, key: str, fn: FrameFn) -> LocalShards:
        """`fn` over one frame that holds all rows of all values of `key`."""
        frame = self.collect()
        if key not in frame.columns:
            raise StageError(f"group: no column `{key}`")
        return LocalShards((lambda: fn(frame),), self.alive)

    def collect(self) -> pl.DataFrame:
        """One frame of all rows, sorted by `row`."""
        frames = thread_map(lambda load: load(), self.loaders)
        frame = pl.concat(frames, how="vertical")
        # They nearly always are: shards hold the rows in order, and a sort would copy all columns.
        return frame if frame["row"].is_sorted() else frame.sort("row", maintain_order=True)

    def share(self, value: T) -> T:
        """`value` itself: all threads see the same memory."""
        return value


def together(table: Table, shards: Sequence[int], at_least: int) -> list[list[int]]:
    """`shards` in groups of neighbours, for what is done once for each frame, however few rows are left in it.

    No group has more rows or text than the largest shard that was read, so memory stays as it was. There are
    `at_least` so many if shards are small enough.
    """
    sizes = [(part.rows, part.read.part_path(part.index).stat().st_size) for part in table.parts]
    alive = [len(table.alive(shard)) for shard in shards]
    room = min(max(rows for rows, _ in sizes), -(-sum(alive) // at_least)), max(size for _, size in sizes)
    groups: list[list[int]] = []
    rows = text = 0.0
    for shard, there in zip(shards, alive, strict=True):
        size = sizes[shard][1] * there / max(sizes[shard][0], 1)
        if not groups or rows + there > room[0] or text + size > room[1]:
            groups.append([])
            rows = text = 0.0
        groups[-1].append(shard)
        rows, text = rows + there, text + size
    return groups


class LocalEngine:
    """Runs stages in threads of this process."""

    def prepare(self, stages: Sequence[Stage], root: Path) -> None:
        """Nothing is to be prepared: the pipeline itself checks what this process needs."""

    def run(self, stage: Stage, table: Table, step: Step, progress: Progress) -> tuple[Finding, ...]:
        """See `Engine.run`."""
        step.start()
        return run_stage(
            stage,
            lambda selector: self._corpus(selector, table, step, progress),
            lambda rows: self._rows(rows, table, step, progress),
        )

    @staticmethod
    def _rows(stage: Annotator | Filter, table: Table, step: Step, progress: Progress) -> None:
        finished = step.resume(len(table.parts))

        progress.advance(len(finished))
        todo = [shard for shard in range(len(table.parts)) if shard not in finished]

        def some(shards: Sequence[int]) -> None:
            for shard, part in zip(shards, row_parts(stage, table, shards), strict=True):
                step.write(shard, part)
            progress.advance(len(shards))

        thread_map(some, together(table, todo, threads()))

    @staticmethod
    def _corpus(stage: Selector, table: Table, step: Step, progress: Progress) -> tuple[Finding, ...]:
        groups = together(table, range(len(table.parts)), threads())
        unread = set(range(len(groups)))

        def loader(group: int) -> Callable[[], pl.DataFrame]:
            def load() -> pl.DataFrame:
                frame = table.load_all(groups[group], stage.needs())
                if group in unread:  # a selector may go over the rows more than once
                    unread.discard(group)
                    progress.advance(len(groups[group]))
                return frame

            return load

        selection = stage.apply(LocalShards(tuple(loader(i) for i in range(len(groups))), table.rows))
        write_verdicts(stage, selection, table, step)
        return selection.findings
