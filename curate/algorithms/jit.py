"""Compiled loops: numba's `njit`, with its cache where there is a place for one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
from numba import types
from numba.extending import intrinsic


def kernel(fn: Callable[..., Any]) -> Any:
    """`fn` compiled on its first call, without the interpreter's lock, and kept on disk for the next process.

    Where neither the package's folder nor the user's cache folder can be written, it is compiled in each process.
    """
    try:
        return numba.njit(nogil=True, cache=True)(fn)
    except RuntimeError:
        # numba finds no folder to keep the code in (a read-only installation, a full disk).
        return numba.njit(nogil=True)(fn)


@intrinsic
def at_address(_typing, address):  # type: ignore[no-untyped-def]  # noqa: ARG001 (numba passes its type)
    """In a kernel: the memory at an address (int64), for `numba.carray`."""

    def pointer(context, builder, _, arguments):  # type: ignore[no-untyped-def]
        return builder.inttoptr(arguments[0], context.get_value_type(types.voidptr))

    return types.voidptr(types.int64), pointer
