"""Compiled loops: numba's `njit`, with its cache where there is a place for one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numba
from llvmlite import ir
from numba import types
from numba.core.caching import FunctionCache
from numba.core.runtime import rtsys
from numba.extending import intrinsic


class _Kept(FunctionCache):  # type: ignore[misc]  # numba has no types
    """The compiled code of one kernel on disk."""

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The code for arguments of these types, or None."""
        # Code that is compiled needs the runtime. numba's own method also makes known whatever a compilation may need,
        # which takes a quarter of a second and imports scipy.linalg; the compiler does so itself.
        load = getattr(self, "_load_overload", None)
        if load is None:  # a version of numba that has it elsewhere
            return super().load_overload(sig, target_context)
        rtsys.initialize(target_context)
        with self._guard_against_spurious_io_errors():
            return load(sig, target_context)


def kernel(fn: Callable[..., Any]) -> Any:
    """`fn` compiled on its first call, without the interpreter's lock, and kept on disk for the next process.

    Where neither the package's folder nor the user's cache folder can be written, it is compiled in each process.
    """
    compiled = numba.njit(nogil=True)(fn)
    try:
        kept = _Kept(fn)
    except RuntimeError:
        # numba finds no folder to keep the code in (a read-only installation, a full disk).
        return compiled
    # numba compares the date of the one file that `fn` stands in, and would go on with old code of kernels that `fn`
    # calls in others. In a version without this attribute that remains so.
    with suppress(AttributeError):
        kept._cache_file._source_stamp = _sources()  # noqa: SLF001 - numba has no other way
    compiled._cache = kept  # noqa: SLF001 - nor a public name for what `cache=True` sets
    return compiled


@cache
def _sources() -> str:
    """A digest of all files with kernels."""
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(Path(__file__).parent.glob("*.py")):
        source = path.read_bytes()
        if b"@kernel" in source or path == Path(__file__):
            digest.update(len(source).to_bytes(8, "little") + source)
    return digest.hexdigest()


def is_loaded(function: Any) -> bool:
    """Whether a `kernel` is ready to run in this process: compiled in it, or read from the disk."""
    return bool(getattr(function, "signatures", ()))


@intrinsic
def at_address(_typing, address):  # type: ignore[no-untyped-def]  # noqa: ARG001 (numba passes its type)
    """In a kernel: the memory at an address (int64), for `numba.carray`."""

    def pointer(context, builder, _, arguments):  # type: ignore[no-untyped-def]
        return builder.inttoptr(arguments[0], context.get_value_type(types.voidptr))

    return types.voidptr(types.int64), pointer


@intrinsic
def eight_bytes(_typing, address):  # type: ignore[no-untyped-def]  # noqa: ARG001
    """In a kernel: the eight bytes at an address (uint64) that need not be a multiple of eight, as uint64."""

    def load(context, builder, _, arguments):  # type: ignore[no-untyped-def]
        pointer = context.get_value_type(types.uint64).as_pointer()
        found = builder.load(builder.inttoptr(arguments[0], pointer))
        found.align = 1
        return found

    return types.uint64(types.uint64), load


@intrinsic
def trailing_zeros(_typing, value):  # type: ignore[no-untyped-def]  # noqa: ARG001
    """In a kernel: how many of the lowest bits of a uint64 are 0, as uint64; 64 where all are."""

    def count(context, builder, _, arguments):  # type: ignore[no-untyped-def]
        return builder.cttz(arguments[0], context.get_constant(types.boolean, False))

    return types.uint64(types.uint64), count


@intrinsic
def count_ones(_typing, value):  # type: ignore[no-untyped-def]  # noqa: ARG001
    """In a kernel: how many bits of a uint64 are 1, as uint64."""

    def count(_context, builder, _, arguments):  # type: ignore[no-untyped-def]
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), count


@intrinsic
def equal_bits(_typing, address, value):  # type: ignore[no-untyped-def]  # noqa: ARG001
    """In a kernel: which of the 64 bytes at an address (uint64) are `value` (uint8), as the bits of a uint64.

    The first byte's is the lowest. The compiler is given one comparison of 64 bytes, and divides it as the processor at
    hand needs it.
    """
    eights = ir.VectorType(ir.IntType(8), 64)

    def compare(_context, builder, _, arguments):  # type: ignore[no-untyped-def]
        found = builder.load(builder.inttoptr(arguments[0], eights.as_pointer()))
        found.align = 1
        none = ir.Constant(eights, ir.Undefined)
        one = builder.insert_element(none, arguments[1], ir.Constant(ir.IntType(32), 0))
        every = builder.shuffle_vector(one, none, ir.Constant(ir.VectorType(ir.IntType(32), 64), [0] * 64))
        return builder.bitcast(builder.icmp_unsigned("==", found, every), ir.IntType(64))

    return types.uint64(types.uint64, types.uint8), compare
