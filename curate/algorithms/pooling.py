"""Mean pooling of static word-piece vectors in exact integer arithmetic."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import carray

from curate.algorithms.jit import at_address, is_loaded, kernel
from curate.algorithms.wordpiece import LONGEST, Pieces, cut


class PieceVectors(NamedTuple):
    """Vectors of word pieces.

    Attributes
    ----------
    pieces : int8 of shape (vocabulary, d); the vector of piece p is `steps[p] * pieces[p]`, up to a factor
        common to all.
    steps : int32 of length vocabulary, positive; 127 * max(steps) * pieces of a text must be below 2**31.
    mean : float64 of length d, the mean of the normalised vectors of a reference corpus.
    """

    pieces: npt.NDArray[np.int8]
    steps: npt.NDArray[np.int32]
    mean: npt.NDArray[np.float64]


@kernel
def _centre(total: Any, mean: Any, centred: Any, out: Any) -> None:
    """The unit vector of a sum, centred, normalised again and rounded."""
    square = 0.0
    for j in range(len(total)):
        square += np.float64(total[j]) * np.float64(total[j])
    if square == 0.0:
        return
    length = np.sqrt(square)
    square = 0.0
    for j in range(len(total)):
        centred[j] = np.float64(total[j]) / length - mean[j]
        square += centred[j] * centred[j]
    if square == 0.0:
        return
    length = np.sqrt(square)
    for j in range(len(total)):
        out[j] = np.int8(np.rint(centred[j] / length * 127.0))


@kernel
def _add(text: Any, limit: int, table: Any, odd: Any, seen: int, vectors: Any, cutting: Any, total: Any) -> Any:
    """Add the vectors of the pieces of `text` to `total`; how many there are, and odd chunks seen so far."""
    hashes, found = cutting
    pieces, steps, _ = vectors
    count, seen = cut(text, limit, table, odd, seen, hashes, found)
    spot = 0
    while spot + 4 <= count:  # four at once, as each pass over `total` takes as long as to look at one piece
        a, b, c, d = found[spot], found[spot + 1], found[spot + 2], found[spot + 3]
        by_a, by_b, by_c, by_d = steps[a], steps[b], steps[c], steps[d]
        for j in range(len(total)):
            total[j] += pieces[a, j] * by_a + pieces[b, j] * by_b + pieces[c, j] * by_c + pieces[d, j] * by_d
        spot += 4
    while spot < count:
        piece = found[spot]
        step = steps[piece]
        for j in range(len(total)):
            total[j] += np.int32(pieces[piece, j]) * step
        spot += 1
    return count, seen


@kernel
def _pool(at: Any, size: Any, limit: int, table: Any, odd: Any, vectors: Any, room: Any, out: Any) -> None:
    cutting, totals, centred = room
    seen = 0
    for d in range(len(at)):
        text = carray(at_address(at[d]), size[d], dtype=np.uint8)
        totals[0] = 0
        _, seen = _add(text, limit, table, odd, seen, vectors, cutting, totals[0])
        _centre(totals[0], vectors.mean, centred, out[d])


@kernel
def _pool_halves(  # noqa: PLR0913, PLR0917 - a kernel takes arrays one by one
    at: Any, size: Any, places: Any, limit: int, table: Any, odd: Any, vectors: Any, room: Any, out: Any
) -> None:
    cutting, totals, centred = room
    seen = 0
    for d in range(len(at)):
        text = carray(at_address(at[d]), size[d], dtype=np.uint8)
        begin, middle, end = places[d]
        totals[:] = 0
        # The whole is what lies before the chunk in the middle, that chunk, and what lies after it; each half has a
        # part of that chunk instead.
        before, seen = _add(text[:begin], limit, table, odd, seen, vectors, cutting, totals[1])
        totals[0] = totals[1]
        inside, _ = _add(text[begin:end], limit - before, table, odd, seen, vectors, cutting, totals[0])
        _add(text[begin:middle], limit - before, table, odd, seen, vectors, cutting, totals[1])
        right, _ = _add(text[middle:end], limit, table, odd, seen, vectors, cutting, totals[2])
        first, second = limit - before - inside, limit - right
        after, next_seen = _add(text[end:], min(first, second), table, odd, seen, vectors, cutting, totals[3])
        if after < min(first, second):
            totals[0] += totals[3]
            totals[2] += totals[3]
        else:  # how much of it is read is not the same in both
            _add(text[end:], first, table, odd, seen, vectors, cutting, totals[0])
            _add(text[end:], second, table, odd, seen, vectors, cutting, totals[2])
        seen = next_seen
        for part in range(3):
            _centre(totals[part], vectors.mean, centred, out[part, d])


def pool_texts(
    at: npt.NDArray[np.int64],
    size: npt.NDArray[np.int64],
    limit: int,
    table: Pieces,
    odd: tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]],
    vectors: PieceVectors,
) -> npt.NDArray[np.int8]:
    """Unit vectors of texts: sum of their pieces' vectors, normalised, centred, normalised again, rounded.

    The sum is over integers, hence exact in any order, and what follows is done for one text at a time in a
    fixed order without fused or reordered operations: a text's bytes depend on nothing but the text.

    Parameters
    ----------
    at, size : int64 of length n, the address and the number of bytes of each text, valid UTF-8.
    limit : how many pieces of a text are read, from its beginning.
    odd : the pieces of the texts' odd chunks (`wordpiece.odd_chunks`), int32, one chunk after another, and where those
        of each begin, int64, one more than there are chunks.

    Returns
    -------
    int8 of shape (n, d), unit vectors times 127; a row of zeros for a text without pieces.
    """
    out = np.zeros((len(at), vectors.pieces.shape[1]), dtype=np.int8)
    _pool(at, size, limit, table, odd, vectors, _room(limit, vectors), out)
    return out


def pool_halves(
    at: npt.NDArray[np.int64],
    size: npt.NDArray[np.int64],
    places: npt.NDArray[np.int64],
    limit: int,
    table: Pieces,
    odd: tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]],
    vectors: PieceVectors,
) -> npt.NDArray[np.int8]:
    """As `pool_texts`, of texts and of their first and second halves, in the time of one and a half passes.

    Parameters
    ----------
    places : int64 of shape (n, 3), where each text is halved (`wordpiece.middles`), not -1 for any of them.

    Returns
    -------
    int8 of shape (3, n, d): the wholes, the first halves, the second halves.
    """
    out = np.zeros((3, len(at), vectors.pieces.shape[1]), dtype=np.int8)
    _pool_halves(at, size, places, limit, table, odd, vectors, _room(limit, vectors), out)
    return out


def _room(limit: int, vectors: PieceVectors) -> tuple[Any, Any, Any]:
    """What cutting needs; four sums; a centred one."""
    width = vectors.pieces.shape[1]
    return (
        (np.empty(LONGEST, np.uint64), np.empty(limit + LONGEST, np.int32)),
        np.zeros((4, width), np.int32),
        np.zeros(width, np.float64),
    )


def is_ready() -> bool:
    """Whether `pool_texts` takes no time to load."""
    return is_loaded(_pool)


def pool_plain(pieces: list[list[int]], vectors: PieceVectors) -> npt.NDArray[np.int8]:
    """As `pool_texts`, bit by bit, of texts that are cut already; for a few, without a compiler."""
    out = np.zeros((len(pieces), vectors.pieces.shape[1]), dtype=np.int8)
    for row, ids in enumerate(pieces):
        total = (vectors.pieces[ids].astype(np.int32) * vectors.steps[ids, None]).sum(axis=0).astype(np.float64)
        if not total.any():
            continue
        # Running sums, since those are added in order.
        centred = total / np.sqrt(np.cumsum(total * total)[-1]) - vectors.mean
        square = np.cumsum(centred * centred)[-1]
        if square > 0.0:
            out[row] = np.rint(centred / np.sqrt(square) * 127.0).astype(np.int8)
    return out
