"""Mean pooling of static word-piece vectors in exact integer arithmetic."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curate.algorithms.jit import kernel


@kernel
def pool_centred(
    words: npt.NDArray[np.int64],
    starts: npt.NDArray[np.int64],
    ids: npt.NDArray[np.int32],
    begins: npt.NDArray[np.int64],
    pieces: npt.NDArray[np.int8],
    steps: npt.NDArray[np.int32],
    mean: npt.NDArray[np.float64],
    limit: int,
) -> npt.NDArray[np.int8]:
    """Unit vectors of texts: sum of their pieces' vectors, normalised, centred, normalised again, rounded.

    The sum is over integers, hence exact in any order, and what follows is done for one text at a time in a
    fixed order without fused or reordered operations: a text's bytes depend on nothing but the text.

    Parameters
    ----------
    words : int64, the words of all texts, one text after another, as numbers of distinct words.
    starts : int64 of length n + 1; the words of text i are `words[starts[i]:starts[i + 1]]`.
    ids : int32, the pieces of all distinct words, one word after another, as indices into `pieces`.
    begins : int64 of length distinct + 1; the pieces of word w are `ids[begins[w]:begins[w + 1]]`.
    pieces : int8 of shape (vocabulary, d); the vector of piece p is `steps[p] * pieces[p]`, up to a factor
        common to all.
    steps : int32 of length vocabulary, positive; 127 * max(steps) * limit must be below 2**31.
    mean : float64 of length d, the mean of the normalised vectors of a reference corpus.
    limit : how many pieces of a text are read, from its beginning.

    Returns
    -------
    int8 of shape (n, d), unit vectors times 127; a row of zeros for a text without pieces.
    """
    count = len(starts) - 1
    width = pieces.shape[1]
    out = np.zeros((count, width), dtype=np.int8)
    total = np.zeros(width, dtype=np.int32)
    centred = np.zeros(width, dtype=np.float64)
    for text in range(count):
        total[:] = 0
        left = limit
        for at in range(starts[text], starts[text + 1]):
            word = words[at]
            end = min(begins[word + 1], begins[word] + left)
            for spot in range(begins[word], end):
                piece = ids[spot]
                step = steps[piece]
                for j in range(width):
                    total[j] += np.int32(pieces[piece, j]) * step
            left -= end - begins[word]
        square = 0.0
        for j in range(width):
            square += np.float64(total[j]) * np.float64(total[j])
        if square == 0.0:
            continue
        length = np.sqrt(square)
        square = 0.0
        for j in range(width):
            centred[j] = np.float64(total[j]) / length - mean[j]
            square += centred[j] * centred[j]
        if square == 0.0:
            continue
        length = np.sqrt(square)
        for j in range(width):
            out[text, j] = np.int8(np.rint(centred[j] / length * 127.0))
    return out
