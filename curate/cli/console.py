"""What commands share: narration on stderr, progress, and text made safe for a terminal."""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
import threading
import time
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from curate.errors import UsageError


def printable(text: str) -> str:
    """`text` with every control, format, surrogate and private character written as an escape."""
    return "".join(c if unicodedata.category(c)[0] != "C" else c.encode("unicode_escape").decode() for c in text)


def say(text: str = "") -> None:
    """One line of narration on stderr."""
    click.echo(printable(text), err=True)


def data(value: Mapping[str, Any] | Sequence[Any]) -> None:
    """JSON on stdout; what a terminal might act on is escaped as JSON allows, so a reader gets it whole."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    click.echo("".join(c if c == "\n" or unicodedata.category(c)[0] != "C" else json.dumps(c)[1:-1] for c in text))


def table(rows: Iterable[Sequence[str]], *, indent: str = "  ") -> str:
    """Rows as columns two spaces apart; cells that are numbers stand to the right."""
    rows = [[printable(cell) for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))] if rows else []
    lines = []
    for row in rows:
        cells = [
            cell.rjust(w) if cell.replace(",", "").replace(".", "").isdigit() else cell.ljust(w)
            for cell, w in zip(row, widths, strict=True)
        ]
        lines.append((indent + "  ".join(cells)).rstrip())
    return "\n".join(lines)


def set_up(threads: int | None) -> None:
    """Make this process ready for a run: threads of polars and of numpy's matrix products, and garbage collection.

    Both libraries read the number of threads when they are first imported. Products are shared among our own threads;
    those of OpenBLAS wait for each other by spinning: with two, the products of a run cost 1.7 times the processor time
    for next to no gain. Other libraries that bring an OpenBLAS keep its threads.
    """
    name = "OPENBLAS_NUM_THREADS"
    if "numpy" not in sys.modules and name not in os.environ:
        os.environ[name] = "1"
        try:
            importlib.import_module("numpy")
        finally:
            del os.environ[name]
    if threads is not None and "polars" not in sys.modules:
        os.environ["POLARS_MAX_THREADS"] = str(threads)
    # A run makes millions of objects and next to no cycles of them: looking for these every 700 objects is in vain.
    gc.set_threshold(50_000, 20, 20)


class Narrator:
    """Progress of a run on stderr: a bar on a terminal, and one line for each finished piece of work."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False, markup=False, emoji=False)
        self._bar = (
            Progress(TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=self._console,
                     transient=True)
            if self._console.is_terminal
            else None
        )  # fmt: skip
        self._task: TaskID | None = None
        self._lock = threading.Lock()
        self._label = ""
        self._began = 0.0

    def start(self, label: str, total: int) -> None:
        """See `curate.engine.base.Progress`."""
        self._label, self._began = printable(label), time.monotonic()
        if self._bar is not None:
            self._bar.start()
            self._task = self._bar.add_task(self._label, total=total)

    def advance(self, units: int = 1) -> None:
        """See `curate.engine.base.Progress`."""
        if self._bar is not None and self._task is not None:
            with self._lock:
                self._bar.advance(self._task, units)

    def finish(self, summary: str) -> None:
        """See `curate.engine.base.Progress`."""
        if self._bar is not None and self._task is not None:
            self._bar.remove_task(self._task)
            self._bar.stop()
        say(f"{self._label}: {summary} · {time.monotonic() - self._began:.1f} s")

    def close(self) -> None:
        """Take the bar off the terminal, whatever happened."""
        if self._bar is not None:
            self._bar.stop()


def shipped() -> dict[str, Path]:
    """The recipes that come with the package, by name."""
    package = Path(__file__).resolve().parent.parent
    # In an installed package they lie inside it, in a checkout beside it.
    for folder in (package / "pipelines", package.parent / "pipelines"):
        if folder.is_dir():
            return {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    return {}


def recipe(name: str) -> Path:
    """The pipeline file that `name` means: a path, or the name of a shipped recipe.

    Raises
    ------
    UsageError : neither.
    """
    path = Path(name)
    if path.exists() or path.suffix in {".yaml", ".yml"} or "/" in name:
        if not path.is_file():
            raise UsageError(f"{name}: no such pipeline file; shipped recipes are {', '.join(shipped())}")
        return path
    if name in shipped():
        return shipped()[name]
    raise UsageError(f"{name}: no such pipeline file or shipped recipe; shipped are {', '.join(shipped())}")
