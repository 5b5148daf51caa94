"""The bytes of a column of texts where they lie, by the Arrow C data interface: no copy, no Python strings.

A polars column offers itself by `__arrow_c_stream__` (the Arrow PyCapsule interface) as *string views*: 16 bytes for
each text, which hold its length and either the text itself (up to 12 bytes) or a buffer's number and a place in it.

References: *The Arrow C data interface*, *The Arrow C stream interface*, *The Arrow PyCapsule interface*, and
*Arrow columnar format*, section "Variable-size binary view layout" (arrow.apache.org/docs/format).
"""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

Index = NDArray[np.int64]

_VIEW: Final = 16
_INLINE: Final = 12


class ArrowStream(Protocol):
    """A column that offers itself through the Arrow PyCapsule interface."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


class _Schema(ctypes.Structure):
    pass


_Schema._fields_ = [
    ("format", ctypes.c_char_p),
    ("name", ctypes.c_char_p),
    ("metadata", ctypes.c_char_p),
    ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("children", ctypes.c_void_p),
    ("dictionary", ctypes.c_void_p),
    ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(_Schema))),
    ("private_data", ctypes.c_void_p),
]


class _Array(ctypes.Structure):
    pass


_Array._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.c_void_p),
    ("dictionary", ctypes.c_void_p),
    ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(_Array))),
    ("private_data", ctypes.c_void_p),
]


class _Stream(ctypes.Structure):
    pass


_Stream._fields_ = [
    ("get_schema", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Stream), ctypes.POINTER(_Schema))),
    ("get_next", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Stream), ctypes.POINTER(_Array))),
    ("get_last_error", ctypes.c_void_p),
    ("release", ctypes.c_void_p),
    ("private_data", ctypes.c_void_p),
]


class _Held:
    """One imported array, given back to its owner when nothing refers to it any more."""

    def __init__(self, array: _Array) -> None:
        self.array = array
        weakref.finalize(self, array.release, ctypes.pointer(array))


@dataclass(frozen=True, slots=True)
class Texts:
    """Where the bytes of n texts (or of n byte strings) lie in memory.

    Parameters
    ----------
    at : int64 `(n,)`, the address of the first byte of each.
    size : int64 `(n,)`, bytes of each; 0 for null.
    owner : what keeps those bytes in memory.
    """

    at: Index
    size: Index
    owner: object

    def __len__(self) -> int:
        return self.at.size

    def filter(self, chosen: NDArray[np.bool_]) -> Texts:
        """Those of the texts that are `chosen`, Boolean `(n,)`."""
        return Texts(self.at[chosen], self.size[chosen], self.owner)

    def bytes(self, row: int) -> bytes:
        """A copy of one text."""
        return ctypes.string_at(int(self.at[row]), int(self.size[row]))


def texts(column: ArrowStream) -> Texts:
    """The texts of a String or Binary column.

    Raises
    ------
    TypeError : the column offers neither string views nor binary views.
    """
    capsule = column.__arrow_c_stream__()
    pointer = _capsule_pointer(capsule, b"arrow_array_stream")
    stream = ctypes.cast(pointer, ctypes.POINTER(_Stream))
    schema = _Schema()
    _checked(stream.contents.get_schema(stream, ctypes.byref(schema)))
    layout = schema.format
    schema.release(ctypes.byref(schema))
    if layout not in (b"vu", b"vz"):
        raise TypeError(f"a column in the Arrow layout {layout!r}, not of texts")
    chunks: list[_Held] = []
    while True:
        array = _Array()
        _checked(stream.contents.get_next(stream, ctypes.byref(array)))
        if not array.release:
            break
        chunks.append(_Held(array))
    parts = [_places(held.array) for held in chunks]
    at, size = (np.concatenate([np.zeros(0, np.int64), *(part[i] for part in parts)]) for i in (0, 1))
    return Texts(at, size, chunks)


def _places(array: _Array) -> tuple[Index, Index]:
    """The addresses and sizes of one chunk's texts."""
    if not array.length:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    first = int(array.buffers[1] or 0) + _VIEW * array.offset
    views = _memory(first, _VIEW * array.length).view(np.int32).reshape(-1, 4)
    size = views[:, 0].astype(np.int64)
    # After the validity and the views come the data buffers, and last an array of their sizes.
    data = np.array([array.buffers[i] or 0 for i in range(2, array.n_buffers - 1)] or [0], dtype=np.int64)
    inside = first + 4 + _VIEW * np.arange(array.length, dtype=np.int64)
    far = size > _INLINE
    at = np.where(far, data[np.where(far, views[:, 2], 0)] + views[:, 3], inside)
    if array.null_count and array.buffers[0]:
        bits = _memory(int(array.buffers[0]), (array.offset + array.length + 7) // 8)
        valid = np.unpackbits(bits, bitorder="little")[array.offset : array.offset + array.length]
        size[valid == 0] = 0
    return at, size


def _memory(address: int, size: int) -> NDArray[np.uint8]:
    return np.ctypeslib.as_array((ctypes.c_uint8 * size).from_address(address))


def _checked(code: int) -> None:
    if code:
        raise TypeError(f"the column's Arrow stream failed (errno {code})")


_capsule_pointer: Callable[[Any, bytes], int] = ctypes.pythonapi.PyCapsule_GetPointer
_capsule_pointer.restype = ctypes.c_void_p  # type: ignore[attr-defined]
_capsule_pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]  # type: ignore[attr-defined]
