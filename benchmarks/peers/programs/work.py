"""What every program here shares: reading the documents, timing itself, and writing down what it removed.

Only the standard library, since each program runs in the environment of its package.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


class Work:
    """One program's run: `python PROGRAM DOCUMENTS.jsonl OUT_FOLDER [name=value …]`."""

    def __init__(self, package: str) -> None:
        self.documents, self.out = Path(sys.argv[1]), Path(sys.argv[2])
        self.options = dict(argument.split("=", 1) for argument in sys.argv[3:])
        self.phases: dict[str, dict[str, float]] = {}
        self.rounds: list[dict[str, float]] = []
        self.settings: dict[str, object] = {}
        self.version = version(package)

    def texts(self) -> list[str]:
        """The documents in order of their ids, which are 0, 1, 2, …"""
        with self.documents.open(encoding="utf-8") as lines:
            return [json.loads(line)["text"] for line in lines]

    def split(self) -> Callable[[str], list[str]]:
        """How a library's user gets the words of a document.

        Of normalised documents by white space alone. With `words=found`, of documents as they are, by the common idiom:
        runs of letters, digits and underscores, in lower case.
        """
        if self.options.get("words") != "found":
            return str.split
        find = re.compile(r"\w+").findall
        return lambda text: find(text.lower())

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Adds CPU seconds (of this process and its children) and wall seconds of the block to a phase."""
        cpu, wall = _cpu(), time.perf_counter()
        yield
        spent = self.phases.setdefault(name, {"cpu_s": 0.0, "wall_s": 0.0})
        spent["cpu_s"] += _cpu() - cpu
        spent["wall_s"] += time.perf_counter() - wall

    def round(self, job: Callable[[], T]) -> T:
        """Run the whole job once; its CPU and wall seconds, and how far memory rose above what was there before."""
        loaded = _reset_peak()
        cpu, wall = _cpu(), time.perf_counter()
        result = job()
        spent = {"cpu_s": _cpu() - cpu, "wall_s": time.perf_counter() - wall}
        self.rounds.append({**spent, "loaded_mb": loaded, "rise_mb": _memory("VmHWM") - loaded})
        return result

    def finish(self, removed: Iterable[int], labels: Sequence[int] | None = None) -> None:
        """Write `result.json`: rows removed, clusters where the program tells them, times and settings."""
        result = {
            "version": self.version,
            "settings": self.settings,
            "rounds": self.rounds,
            "phases": self.phases,
            "removed": sorted(int(row) for row in removed),
            "labels": None if labels is None else [int(label) for label in labels],
        }
        (self.out / "result.json").write_text(json.dumps(result), encoding="utf-8")


def _cpu() -> float:
    """CPU seconds of this process and of those of its children that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _memory(field: str) -> float:
    """`VmRSS` or `VmHWM` (its peak) of this process in MB."""
    with Path("/proc/self/status").open(encoding="ascii") as lines:
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))


def _reset_peak() -> float:
    """Make the peak of memory start again from what is in use, which is returned, in MB."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _memory("VmRSS")
