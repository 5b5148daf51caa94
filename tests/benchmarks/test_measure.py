"""What a command costs is counted over its children too, and one that takes too long is stopped with all of them."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from benchmarks.peers.measure import Cost, measure

BURN = "import time\nwhile time.process_time() < 0.4: pass\n"


def cost(tmp_path: Path, code: str, limit_s: float = 60) -> Cost:
    return measure([sys.executable, "-c", code], cwd=tmp_path, log=tmp_path / "log.txt", limit_s=limit_s)


def test_the_time_of_children_counts(tmp_path: Path) -> None:
    found = cost(tmp_path, f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {BURN!r}], check=True)")
    assert found.exit == 0
    assert found.cpu_s >= 0.4


def test_the_memory_of_children_counts(tmp_path: Path) -> None:
    hold = "import time\nheld = bytearray(b'x') * 80_000_000\ntime.sleep(1)\n"
    both = f"import subprocess, sys\nchild = subprocess.Popen([sys.executable, '-c', {hold!r}])\n{hold}child.wait()\n"
    assert cost(tmp_path, both).peak_mb > 2 * 80_000_000 / 2**20
    assert cost(tmp_path, "pass").peak_mb < 80


def test_a_failure_keeps_its_message(tmp_path: Path) -> None:
    found = cost(tmp_path, "raise ValueError('told')")
    assert found.exit == 1
    assert found.error.endswith("ValueError: told")


@pytest.mark.parametrize("where", ["itself", "child"])
def test_what_takes_too_long_is_stopped(tmp_path: Path, where: str) -> None:
    sleep = f"import os, time\nopen({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)\n"
    child = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {sleep!r}])\n"
    # Long enough for the interpreter to start on a busy machine: the file it writes is looked at below.
    assert cost(tmp_path, sleep if where == "itself" else child, limit_s=5).exit is None
    pid = (tmp_path / "pid").read_text()
    state = Path(f"/proc/{pid}/stat")
    for _ in range(100):  # what was killed is gone as soon as the machine finds the time
        if not state.exists() or state.read_text().rpartition(")")[2].split()[0] == "Z":
            break
        time.sleep(0.1)
    else:
        pytest.fail("it is still there")
    assert int(pid) != os.getpid()
