"""Buckets: the texts whose signatures have a band's key in common.

Leskovec, Rajaraman and Ullman (2014), *Mining of Massive Datasets*, section 3.4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from curate.algorithms.components import flatten, join_two
from curate.algorithms.jit import kernel
from curate.algorithms.parallel import thread_map

Index = NDArray[np.int64]
Keys = NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Buckets:
    """The nodes that share one band's key: those of bucket i are `order[starts[i] : ends[i]]`, ascending, two or more.

    All uint32: the buckets of all bands are in memory at once.
    """

    order: Keys
    starts: Keys
    ends: Keys

    def where(self, chosen: NDArray[np.bool_]) -> Buckets:
        """The buckets whose nodes, all or none of a bucket, are `chosen`, Boolean `(n,)`."""
        here = chosen[self.order[self.starts]]
        return Buckets(self.order, self.starts[here], self.ends[here])


def buckets(keys: Keys, nodes: Index) -> list[Buckets]:
    """The buckets of each band.

    Parameters
    ----------
    keys : uint32 `(n, bands)`, those of all nodes.
    nodes : int64 `(m,)`, ascending, the nodes to look at; fewer than 2^32.
    """
    return thread_map(lambda band: Buckets(*_buckets(keys, nodes, band)), range(keys.shape[1]))


def candidate_components(tables: list[Buckets], size: int) -> Index:
    """The components of the graph in which the nodes of a bucket are joined, int64 `(size,)`, by smallest member."""
    label = np.arange(size, dtype=np.int64)
    for table in tables:
        _join_buckets(table.order, table.starts, table.ends, label)
    flatten(label)
    return label


def bucket_members(tables: list[Buckets], size: int) -> Index:
    """The nodes, of `size` in all, that are in any bucket, ascending."""
    shared = np.zeros(size, dtype=np.bool_)
    for table in tables:
        _mark(table.order, table.starts, table.ends, shared)
    return np.flatnonzero(shared)


@kernel
def _buckets(keys, nodes, band):  # type: ignore[no-untyped-def]  # numba infers the types of a kernel
    """The nodes that share one band's key with another, in order of the keys, and the range of each key."""
    # Most keys occur once. Those that fall on a place where no other does, of about eight places a node, are such.
    places = 64
    while places < 8 * nodes.size:
        places *= 2
    last = np.uint32(places - 1)
    once, again = np.zeros(places // 64, dtype=np.uint64), np.zeros(places // 64, dtype=np.uint64)
    mine = np.empty(nodes.size, dtype=np.uint32)
    for at in range(nodes.size):
        key = keys[nodes[at], band]
        mine[at] = key
        place = key & last
        bit = np.uint64(1) << np.uint64(place & np.uint32(63))
        again[place >> np.uint32(6)] |= once[place >> np.uint32(6)] & bit
        once[place >> np.uint32(6)] |= bit
    packed = np.empty(nodes.size, dtype=np.uint64)
    shared = np.uint64(0)
    for at in range(nodes.size):
        key = mine[at]
        place = key & last
        packed[shared] = np.uint64(key) << np.uint64(32) | np.uint64(nodes[at])
        shared += (again[place >> np.uint32(6)] >> np.uint64(place & np.uint32(63))) & np.uint64(1)
    size = np.int64(shared)
    packed = packed[:size]
    spare = np.empty(size, dtype=np.uint64)
    # Radix sort, stable, so that nodes ascend within a bucket: linear time whatever the keys.
    for shift in (32, 43, 54):
        counts = np.zeros(2049, dtype=np.int64)
        for at in range(size):
            counts[((packed[at] >> np.uint64(shift)) & np.uint64(2047)) + np.uint64(1)] += 1
        for digit in range(2048):
            counts[digit + 1] += counts[digit]
        for at in range(size):
            digit = (packed[at] >> np.uint64(shift)) & np.uint64(2047)
            spare[counts[digit]] = packed[at]
            counts[digit] += 1
        packed, spare = spare, packed
    order = np.empty(size, dtype=np.uint32)
    starts = np.empty(size // 2, dtype=np.uint32)
    ends = np.empty(size // 2, dtype=np.uint32)
    found = 0
    start = 0
    n = 0
    for at in range(size):
        if at + 1 == size or packed[at + 1] >> np.uint64(32) != packed[at] >> np.uint64(32):
            if at > start:
                starts[found] = n
                for member in range(start, at + 1):
                    order[n] = np.uint32(packed[member])
                    n += 1
                ends[found] = n
                found += 1
            start = at + 1
    return order[:n].copy(), starts[:found].copy(), ends[:found].copy()


@kernel
def _join_buckets(order, starts, ends, label):  # type: ignore[no-untyped-def]  # numba
    for bucket in range(starts.size):
        for at in range(starts[bucket] + 1, ends[bucket]):
            join_two(label, np.int64(order[starts[bucket]]), np.int64(order[at]))


@kernel
def _mark(order, starts, ends, shared):  # type: ignore[no-untyped-def]  # numba
    for bucket in range(starts.size):
        for at in range(starts[bucket], ends[bucket]):
            shared[order[at]] = True
