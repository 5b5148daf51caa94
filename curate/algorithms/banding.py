"""Bands of MinHash signatures: how many, their keys, and the pairs of texts that share one.

Leskovec, Rajaraman and Ullman (2014), *Mining of Massive Datasets*, section 3.4.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from curate.algorithms.buckets import Buckets
from curate.algorithms.components import root
from curate.algorithms.jit import kernel

Index = NDArray[np.int64]
Keys = NDArray[np.uint32]

#: Weights of false positives and false negatives in the choice of bands: candidates are verified, so a false
#: positive costs time only, and a false negative is a duplicate that stays.
WEIGHTS: Final = (0.01, 0.99)

#: Pairs a member beyond which the pairs of a bucket are not all compared (`other_pairs`). Ours: the filter that is used
#: instead costs about as much as comparing a set with this many others.
CROWDED: Final = 32

_PAIRS_PER_BATCH = 1 << 20
#: Of the hash of a band: where it begins, and what it is multiplied by.
KEY_SEED: Final = np.uint64(0x9E3779B97F4A7C15)
KEY_MIX: Final = np.uint64(0xBB67AE8584CAA73B)


@cache
def optimal_bands(threshold: float, num_perm: int) -> tuple[int, int]:
    """The numbers of bands and of rows per band, as `datasketch.MinHashLSH` chooses them with `WEIGHTS`.

    Minimises `0.01 * FP + 0.99 * FN` over all bands * rows <= num_perm, where FP is the integral of
    `1 - (1 - s^rows)^bands` over s from 0 to the threshold, FN of its complement from the threshold to 1.
    Integrals by Gauss-Legendre quadrature with 256 nodes, exact to rounding for these polynomials (degree
    <= num_perm) up to 511 permutations.
    """
    nodes, weights = np.polynomial.legendre.leggauss(256)
    below, above = threshold * (nodes + 1) / 2, threshold + (1 - threshold) * (nodes + 1) / 2
    best = (np.inf, 1, 1)
    for bands in range(1, num_perm + 1):
        for rows in range(1, num_perm // bands + 1):
            false_positive = weights @ (1 - (1 - below**rows) ** bands) * threshold / 2
            false_negative = weights @ (1 - above**rows) ** bands * (1 - threshold) / 2
            error = float(WEIGHTS[0] * false_positive + WEIGHTS[1] * false_negative)
            best = min(best, (error, bands, rows))
    return best[1], best[2]


def band_keys(signature: Keys, bands: int, rows: int) -> Keys:
    """A 32-bit hash of each band of `rows` values, uint32 `(n, bands)`.

    Two texts that agree on a band share its key; that two others do by chance (once in 2^32 pairs) costs one
    needless verification.
    """
    values = signature[:, : bands * rows].reshape(-1, bands, rows).astype(np.uint64)
    h = np.full(values.shape[:2], KEY_SEED, dtype=np.uint64)
    for at in range(rows):
        h = (h ^ values[:, :, at]) * KEY_MIX
        h ^= h >> np.uint64(32)
    return (h >> np.uint64(16)).astype(np.uint32)


def first_pairs(keys: Keys, tables: list[Buckets], parent: Index) -> Iterator[tuple[Index, Index]]:
    """Band by band, each bucket's first member with every other one, `left` and `right`, int64 `(pairs,)` each.

    Left out are pairs that share an earlier band (which has them, here or among `other_pairs`) and those that are in
    one component by the time that their band's turn comes.

    Parameters
    ----------
    keys : uint32 `(n, bands)`.
    tables : `buckets` of those keys.
    parent : int64 `(n,)`, the components as `components.join` leaves them, to which the caller may join more between
        two steps.
    """
    for band, table in enumerate(tables):
        yield _first_pairs(keys, band, table.order, table.starts, table.ends, parent)


def other_pairs(
    keys: Keys, tables: list[Buckets], parent: Index, crowded: NDArray[np.bool_]
) -> Iterator[tuple[Index, Index]]:
    """As `first_pairs`, but all pairs of a bucket that leave out its first member, in batches.

    Left out, too, are buckets with more than `CROWDED` such pairs a member; `crowded` marks their members instead. So
    the time is linear in the sizes of the buckets.

    Parameters
    ----------
    crowded : Boolean `(n,)`, changed in place.
    """
    for band, table in enumerate(tables):
        found = _open_members(table, parent, crowded)
        at = 0
        while at < found[0].size:
            left, right, at = _other_pairs(keys, band, found, parent, at, max(_PAIRS_PER_BATCH, found[0].size))
            yield left, right


def share_a_band(keys: Keys, left: Index, right: Index) -> NDArray[np.bool_]:
    """Whether the nodes of each pair agree in any band, Boolean `(pairs,)`."""
    result: NDArray[np.bool_] = _share_a_band(keys, left, right)
    return result


@kernel
def _met_before(keys, band, a, b):  # type: ignore[no-untyped-def]  # numba
    met = False
    for earlier in range(band):
        met = met or keys[a, earlier] == keys[b, earlier]
    return met


@kernel
def _share_a_band(keys, left, right):  # type: ignore[no-untyped-def]  # numba
    out = np.empty(left.size, dtype=np.bool_)
    for pair in range(left.size):
        out[pair] = _met_before(keys, keys.shape[1], left[pair], right[pair])
    return out


@kernel
def _first_pairs(keys, band, order, starts, ends, parent):  # type: ignore[no-untyped-def]  # numba
    room = 0
    for bucket in range(starts.size):
        room += np.int64(ends[bucket]) - starts[bucket] - 1
    left = np.empty(room, dtype=np.int64)
    right = np.empty(room, dtype=np.int64)
    n = 0
    for bucket in range(starts.size):
        a = np.int64(order[starts[bucket]])
        for at in range(starts[bucket] + 1, ends[bucket]):
            b = np.int64(order[at])
            if root(parent, a) != root(parent, b) and not _met_before(keys, band, a, b):
                left[n] = a
                right[n] = b
                n += 1
    return left[:n], right[:n]


def _open_members(table: Buckets, parent: Index, crowded: NDArray[np.bool_]) -> tuple[Index, Index, Index]:
    """The members, but the first, of buckets with several components, by bucket and component.

    With each one the place where its component ends, and where its bucket ends. Of a bucket with more than `CROWDED`
    pairs of different components a member, the members are marked instead.
    """
    members, bucket, roots = _several(table.order, table.starts, table.ends, parent)
    order = np.lexsort((members, roots, bucket))
    members, roots, bucket = members[order], roots[order], bucket[order]
    bucket_ends = _run_ends(np.diff(bucket) != 0, members.size)
    group_ends = _run_ends((np.diff(bucket) != 0) | (np.diff(roots) != 0), members.size)
    many, pairs = np.bincount(bucket), np.bincount(bucket, weights=bucket_ends - group_ends)
    full = (pairs > CROWDED * many)[bucket]
    if not full.any():
        return members, group_ends, bucket_ends
    crowded[members[full]] = True
    dropped = np.cumsum(full)
    return (
        members[~full],
        (group_ends - dropped[group_ends - 1])[~full],
        (bucket_ends - dropped[bucket_ends - 1])[~full],
    )


def _run_ends(changes: NDArray[np.bool_], size: int) -> Index:
    """Of each of `size` places the end of its run, where `changes` says which place is the last of one."""
    ends = np.flatnonzero(np.append(changes, np.ones(min(size, 1), np.bool_))) + 1
    return np.repeat(ends, np.diff(ends, prepend=0))


@kernel
def _several(order, starts, ends, parent):  # type: ignore[no-untyped-def]  # numba
    """The members, but the first, of buckets where these are of several components; of each its bucket and root."""
    members = np.empty(order.size, dtype=np.int64)
    bucket = np.empty(order.size, dtype=np.int64)
    roots = np.empty(order.size, dtype=np.int64)
    n = 0
    for one in range(starts.size):
        if ends[one] - starts[one] < 3:  # a single one besides the first
            continue
        several = False
        begun = n
        for at in range(starts[one] + 1, ends[one]):
            members[n] = order[at]
            bucket[n] = one
            roots[n] = root(parent, members[n])
            several |= roots[n] != roots[begun]
            n += 1
        if not several:
            n = begun
    return members[:n].copy(), bucket[:n].copy(), roots[:n].copy()


@kernel
def _other_pairs(keys, band, ranges, parent, at, room):  # type: ignore[no-untyped-def]  # numba
    """Up to `room` unverified pairs in different components, and the member to go on with."""
    members, group_ends, bucket_ends = ranges
    left = np.empty(room, dtype=np.int64)
    right = np.empty(room, dtype=np.int64)
    n = 0
    while at < members.size and n + bucket_ends[at] - group_ends[at] <= room:
        a = members[at]
        for other in range(group_ends[at], bucket_ends[at]):
            b = members[other]
            if root(parent, a) != root(parent, b) and not _met_before(keys, band, a, b):
                left[n] = a
                right[n] = b
                n += 1
        at += 1
    return left[:n].copy(), right[:n].copy(), at


@kernel
def text_keys(values, rows, h, out):  # type: ignore[no-untyped-def]  # numba
    """As `band_keys`, of one signature whose `values` are in another order: the first of each band, then the second, …

    So the compiler takes several bands at once. `h`: uint64, room for a hash of each band.
    """
    bands = out.size
    for band in range(bands):
        h[band] = KEY_SEED
    for at in range(rows):
        here = values[at * bands : (at + 1) * bands]
        for band in range(bands):
            x = (h[band] ^ np.uint64(here[band])) * KEY_MIX
            h[band] = x ^ (x >> np.uint64(32))
    for band in range(bands):
        out[band] = np.uint32(h[band] >> np.uint64(16))
