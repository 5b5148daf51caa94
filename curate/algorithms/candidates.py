"""Texts that hang together by shared bands, found part by part: nothing holds the bands of all texts at once.

Each part of the texts tells *lines*, a text and a key: two texts with a line of one key hang together. Lines can be
put together by key in any number of processes, each of which tells what its lines link; and what all of them tell,
put together once more, are the components. Those within a part are known there, so that a component of it tells each
of its keys once, however many texts share it: a bucket of 30,000 texts of a part is one line for others.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from curate.algorithms.buckets import Keys, buckets, candidate_components
from curate.algorithms.components import connected_components
from curate.algorithms.jit import kernel

Index = NDArray[np.int64]
Hashes = NDArray[np.uint64]

#: What a key is made of, in its highest bits: the number of a text; a digest of words; else a band and its key.
_NUMBER: Final = np.uint64(1 << 63)
_DIGEST: Final = np.uint64(1 << 62)
_BAND: Final = np.uint64(32)


def lines(rows: Index, bands: Keys, digests: Hashes, tokens: Index, ngram: int) -> tuple[Index, Hashes]:
    """The lines of n texts: the number of a text and a key, int64 and uint64 `(lines,)`.

    Texts with n-grams hang together by the key of a band, shorter ones by their digest, those without tokens by
    nothing.

    Parameters
    ----------
    rows : int64 `(n,)`, the numbers of the texts among all, 0 or more, each once.
    bands : uint32 `(n, bands)`.
    digests : uint64 `(n,)`, equal for texts of the same tokens. Others may share one: they then hang together, too.
    tokens : int64 `(n,)`.
    ngram : tokens of an n-gram.
    """
    long, short = np.flatnonzero(tokens >= ngram), np.flatnonzero((tokens > 0) & (tokens < ngram))
    bands = bands.view()
    bands.setflags(write=False)  # to a kernel that is another type, and one of the two is enough to compile
    label = candidate_components(buckets(bands, long), rows.size)
    digest = digests[short] >> np.uint64(2) | _DIGEST
    known, firsts, which = np.unique(digest, return_index=True, return_inverse=True)
    label[short] = short[firsts][which]
    several = np.bincount(label, minlength=label.size) > 1
    alone, joined = long[~several[label[long]]], long[several[label[long]]]
    # A key that two texts have joins them: those of a text that is alone are its own.
    numbered = np.arange(bands.shape[1], dtype=np.uint64) << _BAND
    shared, places = np.unique((bands[joined] | numbered).ravel(), return_index=True)
    owners = label[joined][places // max(bands.shape[1], 1)]
    members = np.flatnonzero(several[label])
    owner = [np.repeat(alone, bands.shape[1]), owners, short[firsts], members]
    keys = [(bands[alone] | numbered).ravel(), shared, known, rows[label[members]].astype(np.uint64) | _NUMBER]
    return rows[np.concatenate(owner)], np.concatenate(keys)


def links(rows: Index, keys: Hashes) -> tuple[Index, Index]:
    """What lines link, as in `forest`: two texts with one key hang together.

    Parameters
    ----------
    rows, keys : int64 and uint64 `(lines,)`, in any order; all lines of each of these keys.
    """
    again = _again(keys)
    rows, keys = rows[again], keys[again]
    order = np.lexsort((rows, keys))
    rows, same = rows[order], np.flatnonzero(np.diff(keys[order]) == 0)
    return forest(rows[same], rows[same + 1])


def forest(left: Index, right: Index) -> tuple[Index, Index]:
    """The texts that some edges join, ascending, and the smallest one of each one's component, int64 each.

    Parameters
    ----------
    left, right : int64 `(edges,)`, the numbers of the texts at both ends, 0 or more.
    """
    names, places = np.unique(np.concatenate([left, right]), return_inverse=True)
    return names, names[connected_components(names.size, places[: left.size], places[left.size :])]


@kernel
def _again(keys):  # type: ignore[no-untyped-def]  # numba infers the types of a kernel
    """Whether another key falls on the same one of about eight places a key: most do not, and need no sorting."""
    bits = np.uint64(6)
    while (np.int64(1) << np.int64(bits)) < 8 * keys.size:
        bits += np.uint64(1)
    shift = np.uint64(64) - bits
    words = np.int64(1) << np.int64(bits - np.uint64(6))
    once, more = np.zeros(words, dtype=np.uint64), np.zeros(words, dtype=np.uint64)
    place = np.empty(keys.size, dtype=np.uint64)
    for at in range(keys.size):
        # Fibonacci hashing (Knuth, The Art of Computer Programming, volume 3, section 6.4).
        place[at] = ((keys[at] ^ (keys[at] >> np.uint64(32))) * np.uint64(0x9E3779B97F4A7C15)) >> shift
        bit = np.uint64(1) << (place[at] & np.uint64(63))
        word = np.int64(place[at] >> np.uint64(6))
        more[word] |= once[word] & bit
        once[word] |= bit
    out = np.empty(keys.size, dtype=np.bool_)
    for at in range(keys.size):
        out[at] = (more[np.int64(place[at] >> np.uint64(6))] >> (place[at] & np.uint64(63))) & np.uint64(1) != 0
    return out
