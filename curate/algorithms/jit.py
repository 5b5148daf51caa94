"""Compiled loops: numba's `njit`, with its cache where there is a place for one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba


def kernel(fn: Callable[..., Any]) -> Any:
    """`fn` compiled on its first call, without the interpreter's lock, and kept on disk for the next process.

    Where neither the package's folder nor the user's cache folder can be written, it is compiled in each process.
    """
    try:
        return numba.njit(nogil=True, cache=True)(fn)
    except RuntimeError:
        # numba finds no folder to keep the code in (a read-only installation, a full disk).
        return numba.njit(nogil=True)(fn)
