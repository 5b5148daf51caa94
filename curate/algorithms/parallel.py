"""How many threads the kernels may use. No result depends on the number."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

S = TypeVar("S")
R = TypeVar("R")

_threads: int | None = None


def set_threads(count: int | None) -> None:
    """Let kernels use `count` threads from now on; None: one for each core this process may run on."""
    global _threads
    if count is not None and count < 1:
        raise ValueError(f"threads must be at least 1, not {count}")
    _threads = count


def threads() -> int:
    """The number of threads kernels may use."""
    if _threads is not None:
        return _threads
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)


def thread_map(fn: Callable[[S], R], items: Iterable[S]) -> list[R]:
    """`fn` of each item, in the items' order, in up to `threads()` threads (for functions that release the GIL)."""
    items = list(items)
    workers = min(threads(), len(items))
    if workers <= 1:
        return [fn(item) for item in items]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(fn, items))
