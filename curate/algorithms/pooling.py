"""Mean pooling of static word-piece vectors in exact integer arithmetic."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import carray

from curate.algorithms.jit import at_address, kernel
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
def _pool(at: Any, size: Any, limit: int, table: Any, odd: Any, vectors: Any, room: Any, out: Any) -> None:
    pieces, steps, mean = vectors
    hashes, found, total, centred = room
    width, seen = pieces.shape[1], 0
    for d in range(len(at)):
        text = carray(at_address(at[d]), size[d], dtype=np.uint8)
        count, seen = cut(text, limit, table, odd, seen, hashes, found)
        total[:] = 0
        for spot in range(count):
            piece = found[spot]
            step = steps[piece]
            for j in range(width):
                total[j] += np.int32(pieces[piece, j]) * step
        _centre(total, mean, centred, out[d])


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
    width = vectors.pieces.shape[1]
    out = np.zeros((len(at), width), dtype=np.int8)
    room = (
        np.empty(LONGEST, np.uint64),
        np.empty(limit + LONGEST, np.int32),
        np.zeros(width, np.int32),
        np.zeros(width, np.float64),
    )
    _pool(at, size, limit, table, odd, vectors, room, out)
    return out


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
