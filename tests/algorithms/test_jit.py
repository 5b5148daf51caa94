"""What is kept of compiled kernels."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.helpers import ROOT

COMPARE = """
import numpy as np
from curate.algorithms import minhash
sets = np.arange(9, dtype=np.uint64), np.array([0, 4]), np.array([4, 5])
minhash._jaccard(sets, minhash._marks(*sets), np.array([0]), np.array([1]), 0.5)
print(minhash.__file__, sum(minhash._jaccard.stats.cache_hits.values()))
"""


def test_a_kernel_is_compiled_anew_when_one_that_it_calls_has_changed(tmp_path: Path) -> None:
    package = tmp_path / "curate"
    shutil.copytree(ROOT / "curate", package, ignore=shutil.ignore_patterns("__pycache__"))
    env = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": str(tmp_path)}

    def from_cache() -> bool:
        done = subprocess.run([sys.executable, "-c", COMPARE], cwd=tmp_path, env=env, check=True, capture_output=True)
        where, hits = done.stdout.decode().split()
        assert where == str(package / "algorithms" / "minhash.py")
        return hits != "0"

    assert [from_cache(), from_cache()] == [False, True]
    called = package / "algorithms" / "shingles.py"  # where the size of the kernel's hash table is worked out
    called.write_text(called.read_text("utf-8") + "\n# changed\n", "utf-8")
    assert [from_cache(), from_cache()] == [False, True]
    os.utime(package / "algorithms" / "minhash.py")  # the same text with another date is the same
    assert from_cache()


CALL = """
import sys
import numpy as np
from curate.algorithms.components import _join
from curate.algorithms.jit import kernel

def united():
    parent = np.arange(4)
    _join(parent, np.array([1]), np.array([3]))
    return parent

found = united()
light = "scipy.linalg" not in sys.modules

@kernel
def another():
    parent = np.arange(4)
    _join(parent, np.array([1]), np.array([3]))
    return np.dot(parent.astype(np.float64), np.ones(4))

print(light, sum(_join.stats.cache_hits.values()), *found, another(), sep=",")
"""


def test_a_kept_kernel_loads_no_compiler_and_another_can_be_compiled_after_it(tmp_path: Path) -> None:
    env = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}

    def call() -> list[str]:
        done = subprocess.run([sys.executable, "-c", CALL], cwd=ROOT, env=env, check=True, capture_output=True)
        return done.stdout.decode().strip().split(",")

    assert call() == ["False", "0", "0", "1", "2", "1", "4.0"]  # compiled here, and kept
    assert call() == ["True", "1", "0", "1", "2", "1", "4.0"]
