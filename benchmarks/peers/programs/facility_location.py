"""One peer's facility location; run by `benchmarks/selection.py` with the interpreter of the peer's environment.

    python facility_location.py apricot-select|submodlib-py VECTORS.npy SIZE OUT.json

Times what a user must run once the library is imported and its kernels are compiled: similarities and greedy choice.
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np


def apricot(vectors: np.ndarray, size: int) -> list[int]:
    from apricot import FacilityLocationSelection

    found = FacilityLocationSelection(size, metric="cosine", optimizer="lazy").fit(vectors)
    return [int(i) for i in found.ranking]


def submodlib(vectors: np.ndarray, size: int) -> list[int]:
    from submodlib.functions.facilityLocation import FacilityLocationFunction

    function = FacilityLocationFunction(n=len(vectors), mode="dense", data=vectors, metric="cosine", separate_rep=False)
    found = function.maximize(
        budget=size, optimizer="LazyGreedy", stopIfZeroGain=False, stopIfNegativeGain=False, show_progress=False
    )
    return [int(i) for i, _ in found]


PEERS = {"apricot-select": apricot, "submodlib-py": submodlib}


def main() -> None:
    name, path, size, out = sys.argv[1:]
    choose = PEERS[name]
    vectors = np.load(path)
    choose(vectors[:300], 10)
    wall, cpu = time.perf_counter(), time.process_time()
    order = choose(vectors, int(size))
    facts = {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
    Path(out).write_text(json.dumps({**facts, "version": version(name), "order": order}), encoding="utf-8")


if __name__ == "__main__":
    main()
