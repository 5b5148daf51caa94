"""semhash on vectors that are given; run by `benchmarks/selection.py` with the interpreter of its environment.

    python semhash_dedup.py VECTORS.npy THRESHOLD OUT.json

Times what a user must run once the library is imported: the index and the deduplication.
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np


def main() -> None:
    from semhash import SemHash

    path, threshold, out = sys.argv[1:]
    vectors = np.load(path)
    records = [str(row) for row in range(len(vectors))]
    # The model would embed further records; here there are none.
    SemHash.from_embeddings(vectors[:300], records[:300], model=None).self_deduplicate(threshold=0.5)
    wall, cpu = time.perf_counter(), time.process_time()
    found = SemHash.from_embeddings(vectors, records, model=None).self_deduplicate(threshold=float(threshold))
    facts = {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
    kept = sorted(int(record) for record in found.selected)
    Path(out).write_text(json.dumps({**facts, "version": version("semhash"), "kept": kept}), encoding="utf-8")


if __name__ == "__main__":
    main()
