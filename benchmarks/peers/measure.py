"""What a command costs: CPU seconds of its whole process tree, wall seconds, and peak memory."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")
_EVERY_S = 0.1


@dataclass(frozen=True)
class Cost:
    """What a finished command took.

    Parameters
    ----------
    cpu_s : user and system time of the command and of all its descendants that ended before it.
    wall_s : wall time.
    peak_mb : the greatest sum of their resident memory seen at any tenth of a second (a page that two of them share
        counts twice), or the kernel's own account of the first one's peak, if that is more.
    exit : exit status; None where it was stopped after its time.
    error : the end of what it wrote, where it failed.
    """

    cpu_s: float
    wall_s: float
    peak_mb: float
    exit: int | None
    error: str = ""


def measure(
    command: Sequence[str], *, cwd: Path, log: Path, limit_s: float, environment: Mapping[str, str] | None = None
) -> Cost:
    """Run `command` to its end, or kill it and its process group after `limit_s` seconds of wall time."""
    began = time.monotonic()
    # Python's own setting: modules are compiled once, as after any installation, though the caller may keep none.
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            env={**inherited, **(environment or {})},
        )  # fmt: skip
    peak, stopped, over = [0.0], threading.Event(), threading.Event()

    def watch() -> None:
        while not stopped.wait(_EVERY_S):
            peak[0] = max(peak[0], _resident(process.pid), _high_water(process.pid))
            if time.monotonic() - began > limit_s:
                over.set()
                os.killpg(process.pid, 9)
                return

    watcher = threading.Thread(target=watch)
    watcher.start()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - began
    stopped.set()
    watcher.join()
    process.returncode = code = os.waitstatus_to_exitcode(status)
    return Cost(
        cpu_s=usage.ru_utime + usage.ru_stime,
        wall_s=wall,
        peak_mb=peak[0],
        exit=None if over.is_set() else code,
        error=log.read_text("utf-8", "replace").strip()[-600:] if code else "",
    )


def _high_water(pid: int) -> float:
    """The peak of one process, MB; `ru_maxrss` would count what its parent had in memory when it forked."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text("ascii", "replace").splitlines()
    except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


def _resident(root: int) -> float:
    """Resident memory of a process and its descendants, MB."""
    parents: dict[int, int] = {}
    pages: dict[int, int] = {}
    for entry in os.listdir("/proc"):  # noqa: PTH208  # ten times a second: no Path objects
        if not entry.isdecimal():
            continue
        try:
            with open(f"/proc/{entry}/stat", encoding="ascii", errors="replace") as stat:  # noqa: PTH123
                fields = stat.read().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
            continue
        parents[int(entry)], pages[int(entry)] = int(fields[1]), int(fields[21])
    total = 0
    for pid, count in pages.items():
        ancestor = pid
        while ancestor in parents and ancestor != root:
            ancestor = parents[ancestor]
        total += count if ancestor == root else 0
    return total * _PAGE / 2**20
