"""What a stage is handed beside its parameters: the rows of the run, and data sets to compare them with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import polars as pl

T = TypeVar("T")
FrameFn = Callable[[pl.DataFrame], pl.DataFrame]


class Shards(Protocol):
    """The engine's handle on the rows a selector reads; frames carry `row`, `id` and the stage's columns.

    Functions must be pure: an engine may call them on any split of the rows, in any order, more than once.
    """

    @property
    def apart(self) -> bool:
        """Whether other processes hold the rows, so that `group` divides work and memory that `collect` puts into one.

        A stage gives the same either way. Where they do not, functions share this process's memory.
        """

    def rows(self) -> pl.Series:
        """`row` of all rows, ascending; no other column is read for it. To be asked before any `map`."""

    def map(self, fn: FrameFn) -> Shards:
        """`fn` over every shard; any split of the rows must give the same rows. Output keeps `row`."""

    def group(self, key: str, fn: FrameFn) -> Shards:
        """`fn` over frames that each hold all rows of some values of the column `key`."""

    def collect(self) -> pl.DataFrame:
        """One frame of all rows, sorted by `row`."""

    def share(self, value: T) -> T:
        """`value`, made cheap to use inside later functions on every worker."""


class Reference(Protocol):
    """A dataset that a stage compares its rows with: what a parameter listed in `Stage.references` names.

    The pipeline reads it before the inputs, with the same readers. Its rows are no part of the run.
    """

    @property
    def digest(self) -> str:
        """A hash over all that decides what was read of it; part of the stage's cache address."""

    @property
    def files(self) -> Sequence[Mapping[str, Any]]:
        """Each file's facts for the manifest: name, hash, size, format, lines, rejects and examples."""

    def frames(self, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """`row`, `id` and the canonical `columns` of all examples, part by part, in the order of files and lines."""
