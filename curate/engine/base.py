"""What an engine is, and how it tells of its progress."""

from __future__ import annotations

from typing import Protocol

from curate.cache import Step, Table
from curate.stage import Finding, Stage


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

    def run(self, stage: Stage, table: Table, step: Step, progress: Progress) -> tuple[Finding, ...]:
        """Write, into `step`, one part for each shard of `table` with a row for each row still there.

        Raises
        ------
        StageError : the stage broke its contract or failed; the message names it and the shard's rows.
        """
