"""Hashed word and character features of a request, for the classifier of task types.

Each feature is hashed into one of `BUCKETS` columns (Weinberger et al. 2009, *Feature Hashing for Large Scale Multitask
Learning*), counted once a text, weighted by inverse document frequency and divided by the Euclidean norm of its group.
There are three groups:

======= ===============================================================================================
words   words and pairs of neighbouring words of the request
heads   the first four words of the opening with their place, its first two and first three words as one,
        and the first four again marked by whether a text to work on comes along
chars   runs of four bytes of the first 120 bytes of the opening, word boundaries included
======= ===============================================================================================

A word is a run of ASCII letters, digits, `'`, `+` and `#`, or of bytes beyond ASCII; `?` and `:` are words too. Texts
are expected in lower case.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from curate.algorithms.jit import kernel, trailing_zeros

#: Columns that features are hashed into; a power of two.
BUCKETS: Final = 1 << 16
GROUPS: Final = 3

_WORDS: Final = 0
_HEADS: Final = 1
_CHARS: Final = 2
_HEAD_WORDS: Final = 4
_CHAR_BYTES: Final = 120
_GRAM: Final = 4
#: Types that weights are added for at once, a multiple of what a register holds.
_LANES: Final = 16
_BASIS: Final = np.uint64(0xCBF29CE484222325)
_PRIME: Final = np.uint64(0x100000001B3)
_MULTIPLIER: Final = np.uint64(0x9E3779B97F4A7C15)
_SHIFT: Final = np.uint64(32)
_MASK: Final = np.uint64(BUCKETS - 1)


class Hashed(NamedTuple):
    """Features of n texts: sorted, distinct columns of each text and group.

    `columns` int64 (m,); `starts` int64 (3 n + 1,): those of group g of text i are
    `columns[starts[3 i + g] : starts[3 i + g + 1]]`.
    """

    columns: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]


def hashed(requests: Sequence[str], openings: Sequence[str], context: npt.NDArray[np.bool_]) -> Hashed:
    """The features of n texts, given as lower-case requests and openings; `context` is Boolean of shape (n,)."""
    request, request_at = _buffer(requests)
    opening, opening_at = _buffer(openings)
    # Of each byte at most one word and one pair begin; heads and character runs are bounded.
    room = 2 * len(request) + len(requests) * (2 * _HEAD_WORDS + 2 + _CHAR_BYTES + 2)
    columns = np.empty(room, dtype=np.int64)
    starts = np.zeros(GROUPS * len(requests) + 1, dtype=np.int64)
    used = _hash_texts(request, request_at, opening, opening_at, context.astype(np.uint8), columns, starts)
    return Hashed(columns[:used], starts)


def dot(features: Hashed, idf: npt.NDArray[np.float32], weights: npt.NDArray[np.int8]) -> npt.NDArray[np.float64]:
    """The sum of the weights of the features of n texts: float64 of shape (n, k).

    Parameters
    ----------
    idf : float32 of shape (BUCKETS,).
    weights : int8 of shape (BUCKETS, k), k up to 16, in whatever unit the caller scales the result by.
    """
    count = (len(features.starts) - 1) // GROUPS
    out = np.zeros((count, _LANES), dtype=np.float64)
    wide = np.zeros((len(weights), _LANES), dtype=np.int8)
    wide[:, : weights.shape[1]] = weights
    _dot(features.columns, features.starts, idf, wide, out)
    return out[:, : weights.shape[1]]


def add_signs(
    total: npt.NDArray[np.float64], signs: npt.NDArray[np.bool_], weights: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """`total`, of shape (n, k), and for each sign of a text, one after another, its row of `weights`, (signs, k)."""
    out = total.copy()
    _add_signs(out, signs, weights)
    return out


def values(features: Hashed, idf: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """The value of each feature in `features.columns`: its inverse document frequency over its group's norm, or 0."""
    out = np.empty(len(features.columns), dtype=np.float64)
    _values(features.columns, features.starts, idf, out)
    return out


def _buffer(texts: Sequence[str]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    at = np.zeros(len(encoded) + 1, dtype=np.int64)
    np.cumsum([len(text) for text in encoded], out=at[1:])
    return np.frombuffer(b"".join(encoded), dtype=np.uint8), at


@kernel
def _is_word(byte: int) -> bool:
    return (
        0x61 <= byte <= 0x7A
        or 0x30 <= byte <= 0x39
        or byte >= 0x80
        or byte in (0x27, 0x2B, 0x23)
        or 0x41 <= byte <= 0x5A
    )


@kernel
def _column(hashed: np.uint64, kind: int) -> Any:
    mixed = (hashed ^ np.uint64(kind)) * _MULTIPLIER
    mixed = (mixed ^ (mixed >> _SHIFT)) * _MULTIPLIER
    return np.int64((mixed >> _SHIFT) & _MASK)


@kernel
def _next_word(text: Any, i: int, end: int) -> Any:
    """The hash of the next word from byte i on, and where it ends; 0 where there is none."""
    while i < end and not _is_word(text[i]) and text[i] not in (0x3F, 0x3A):
        i += 1
    if i == end:
        return np.uint64(0), i
    hashed = (_BASIS ^ np.uint64(text[i])) * _PRIME
    if not _is_word(text[i]):
        return hashed, i + 1
    i += 1
    while i < end and _is_word(text[i]):
        hashed = (hashed ^ np.uint64(text[i])) * _PRIME
        i += 1
    return hashed, i


@kernel
def _settle(columns: Any, start: int, end: int, seen: Any, words: Any) -> int:
    """Sort columns[start:end], keep each once; where they end now.

    By a bit for each column in `seen`, and one for each word of it in `words`; both are left empty.
    """
    for i in range(start, end):
        place = columns[i] >> 6
        seen[place] |= np.uint64(1) << np.uint64(columns[i] & 63)
        words[place >> 6] |= np.uint64(1) << np.uint64(place & 63)
    used = start
    for high in range(len(words)):
        full = words[high]
        words[high] = np.uint64(0)
        while full:
            place = 64 * high + np.int64(trailing_zeros(full))
            full &= full - np.uint64(1)
            bits = seen[place]
            seen[place] = np.uint64(0)
            while bits:
                columns[used] = 64 * place + np.int64(trailing_zeros(bits))
                used += 1
                bits &= bits - np.uint64(1)
    return used


@kernel
def _heads(text: Any, i: int, end: int, context: int, columns: Any, used: int) -> int:
    joined = _BASIS
    for place in range(_HEAD_WORDS):
        word, i = _next_word(text, i, end)
        if word == 0:
            break
        columns[used] = _column(word, 10 + place)
        columns[used + 1] = _column(word, 20 + context)
        used += 2
        joined = (joined ^ word) * _MULTIPLIER
        if place in (1, 2):
            columns[used] = _column(joined, 30 + place)
            used += 1
    return used


@kernel
def _hash_texts(
    request: Any, request_at: Any, opening: Any, opening_at: Any, context: Any, columns: Any, starts: Any
) -> int:
    used = 0
    seen, words = np.zeros(BUCKETS // 64, np.uint64), np.zeros(BUCKETS // 64 // 64, np.uint64)
    for n in range(len(context)):
        begin = used
        i, end, before = request_at[n], request_at[n + 1], np.uint64(0)
        while True:
            word, i = _next_word(request, i, end)
            if word == 0:
                break
            columns[used] = _column(word, 1)
            used += 1
            if before != 0:
                columns[used] = _column(before * _MULTIPLIER ^ word, 2)
                used += 1
            before = word
        used = _settle(columns, begin, used, seen, words)
        starts[GROUPS * n + _HEADS] = used
        begin = used
        low, high = opening_at[n], opening_at[n + 1]
        used = _settle(columns, begin, _heads(opening, low, high, context[n], columns, used), seen, words)
        starts[GROUPS * n + _CHARS] = used
        begin = used
        # One boundary before the text, so that its first letters are told from the same ones inside.
        for first in range(low - 1, min(high, low + _CHAR_BYTES) - _GRAM + 1):
            hashed = _BASIS
            for j in range(first, first + _GRAM):
                byte = 0x20 if j < low or not _is_word(opening[j]) else opening[j]
                hashed = (hashed ^ np.uint64(byte)) * _PRIME
            columns[used] = _column(hashed, 40)
            used += 1
        used = _settle(columns, begin, used, seen, words)
        starts[GROUPS * (n + 1) + _WORDS] = used
    return used


@kernel
def _norm(columns: Any, start: int, end: int, idf: Any) -> float:
    total = 0.0
    for i in range(start, end):
        total += float(idf[columns[i]]) * float(idf[columns[i]])
    return np.sqrt(total)  # type: ignore[no-any-return]


@kernel
def _values(columns: Any, starts: Any, idf: Any, out: Any) -> None:
    for g in range(len(starts) - 1):
        norm = _norm(columns, starts[g], starts[g + 1], idf)
        for i in range(starts[g], starts[g + 1]):
            out[i] = float(idf[columns[i]]) / norm if norm > 0 else 0.0


@kernel
def _dot(columns: Any, starts: Any, idf: Any, weights: Any, out: Any) -> None:
    for n in range(len(out)):
        total = out[n]
        for g in range(GROUPS * n, GROUPS * (n + 1)):
            norm = _norm(columns, starts[g], starts[g + 1], idf)
            # Nothing there, or nothing that was there when the frequencies were counted.
            if norm == 0:
                continue
            for i in range(starts[g], starts[g + 1]):
                value = float(idf[columns[i]]) / norm
                row = weights[columns[i]]
                for k in range(_LANES):
                    total[k] += value * float(row[k])


@kernel
def _add_signs(total: Any, signs: Any, weights: Any) -> None:
    for n in range(len(total)):
        for sign in range(signs.shape[1]):
            if signs[n, sign]:
                for k in range(total.shape[1]):
                    total[n, k] += weights[sign, k]
