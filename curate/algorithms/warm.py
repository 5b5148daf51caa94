"""`python -m curate.algorithms.warm`: compile the kernels of near-duplicate search now, not in the first run.

Numba keeps compiled kernels in `__pycache__` beside their source; where that cannot be written, in the user's cache
folder (`~/.cache/numba`, or what `NUMBA_CACHE_DIR` names); where neither can, each process compiles them again. The
code is made for the processor at hand, so it cannot be shipped, only made once after an installation.
"""

from __future__ import annotations

import numpy as np

from curate.algorithms import plain, sketch
from curate.algorithms.minhash import ShingleSets
from curate.algorithms.texts import Texts


def warm() -> None:
    """Run every kernel once, on texts around a template: a crowded bucket, with one pair of near-duplicates."""
    count = plain.FEW + 1
    bodies = [
        f"a template of many words that all have {' '.join(f'own{i}x{j}' for j in range(4))}" for i in range(count)
    ]
    data = [f"{body} é {body}".encode() for body in [*bodies, bodies[-1] + " more"]]
    memory = np.frombuffer(b"".join(data), dtype=np.uint8)
    size = np.array([len(text) for text in data], dtype=np.int64)
    sides = [Texts(memory.ctypes.data + np.cumsum(size) - size, size, memory)]
    for unit in ("char", "word"):
        found = sketch.sketches(sides, ngram=3, unit=unit, num_perm=128, bands=(128, 1))
    sketch.first_equal(found.digests)
    values, sizes = zip(*sketch.shingle_sets(sides, ngram=3, unit="word"), strict=True)
    nodes = np.arange(size.size)
    offsets = np.concatenate([[0], np.cumsum(np.concatenate(sizes))]).astype(np.int64)
    sets = ShingleSets(nodes, np.concatenate(values), offsets)

    def sets_of(some: np.typing.NDArray[np.int64]) -> ShingleSets:
        if some.size != nodes.size:
            raise AssertionError("texts around a template must share a band")
        return sets

    sketch.cluster(found.keys, nodes, 0.7, nodes.copy(), sets_of)


if __name__ == "__main__":
    warm()
