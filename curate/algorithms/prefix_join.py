"""Pairs of sets that may reach a Jaccard index, by the rare members of each: an exact filter for large buckets.

Many texts around one template share a bucket without being near-duplicates, and comparing all their pairs takes time
that grows with the square of their number. Of two sets with a Jaccard index of t or more, each shares one of its rarest
members with the other: at most a fraction of a set may be missing from the other one, so with all members in one order,
rare ones first, the beginnings of both must meet. What the template gives all of them is common, and stands at the end.

Chaudhuri, Ganti and Kaushik (2006), *A Primitive Operator for Similarity Joins in Data Cleaning*, ICDE (the filter);
Bayardo, Ma and Srikant (2007), *Scaling Up All Pairs Similarity Search*, WWW (order by frequency, sizes); Xiao, Wang,
Lin and Yu (2008), *Efficient Similarity Joins for Near Duplicate Detection*, WWW, section 3 (the shorter beginning, for
the index).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from curate.algorithms.components import root, roots
from curate.algorithms.jit import kernel

Index = NDArray[np.int64]
Hashes = NDArray[np.uint64]

_PAIRS_PER_BATCH = 1 << 20
#: Taken from products before they are rounded up, so that rounding errors only lengthen a beginning.
_SLACK: Final = 1e-9
_SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)


def possible_pairs(
    sets: tuple[Hashes, Index, Index], nodes: Index, places: Index, threshold: float, parent: Index
) -> Iterator[tuple[Index, Index]]:
    """Pairs of nodes among which are all those that reach the threshold, `left` and `right`, int64 `(pairs,)` each.

    Left out are pairs that are in one component by the time that their turn comes.

    Parameters
    ----------
    sets : `values`, `begins` and `sizes` of sets, as in `minhash.ShingleSets`.
    nodes, places : int64 `(m,)`, the nodes to look at, and which of the sets is that of each.
    threshold : Jaccard index, in (0, 1].
    parent : int64, the components of all nodes as `components.join` leaves them, to which the caller may join more
        between two steps.
    """
    sizes = sets[2][places]
    order = np.lexsort((nodes, sizes))
    nodes, places, sizes = nodes[order], places[order], sizes[order]
    tokens, starts, indexed = _beginnings(sets, places, threshold)
    # One line for each indexed member of each set, by member, component of the set, and size of the set.
    owner = np.repeat(np.arange(nodes.size), np.diff(starts))
    lines = np.flatnonzero(np.arange(tokens.size) - starts[owner] < indexed[owner])
    components = roots(parent, nodes)
    lines = lines[np.lexsort((owner[lines], components[owner[lines]], tokens[lines]))]
    known, firsts = np.unique(tokens[lines], return_index=True)
    token_ends = np.append(firsts[1:], lines.size).astype(np.int64)
    owners = owner[lines]
    changes = (np.diff(tokens[lines]) != 0) | (np.diff(components[owners]) != 0)
    group_ends = np.flatnonzero(np.append(changes, np.ones(min(lines.size, 1), np.bool_))) + 1
    group_ends = np.repeat(group_ends, np.diff(group_ends, prepend=0))
    number = np.minimum(np.searchsorted(known, tokens), max(known.size - 1, 0))
    number[known[number] != tokens if known.size else slice(0)] = -1
    index = (number, starts, firsts.astype(np.int64), token_ends, owners, group_ends)
    told = (nodes, sizes, components)
    seen = np.full(nodes.size, -1, dtype=np.int64)
    at = 0
    while at < nodes.size:
        room = max(_PAIRS_PER_BATCH, nodes.size)
        left, right, at = _meetings(index, told, parent, seen, threshold, at, room)
        yield left, right


@kernel
def _beginnings(sets, places, threshold):  # type: ignore[no-untyped-def]  # numba infers the types of a kernel
    """The rarest members of each set, those where its beginning starts, and how many of them are indexed."""
    values, begins, sizes = sets
    total = np.int64(0)
    longest = np.int64(0)
    for place in places:
        total += sizes[place]
        longest = max(longest, sizes[place])
    bits = np.uint64(1)
    while (np.int64(1) << np.int64(bits)) < 2 * total:
        bits += np.uint64(1)
    shift = np.uint64(64) - bits
    # How often each member occurs, by a hash of it: two that fall together seem more common, but alike everywhere.
    often = np.zeros(np.int64(1) << np.int64(bits), dtype=np.uint32)
    for place in places:
        for j in range(begins[place], begins[place] + sizes[place]):
            often[(values[j] * _SPREAD) >> shift] += np.uint32(1)
    out = np.empty(total + places.size, dtype=np.uint64)
    starts = np.zeros(places.size + 1, dtype=np.int64)
    indexed = np.empty(places.size, dtype=np.int64)
    counts = np.empty(longest, dtype=np.uint32)
    n = 0
    for k in range(places.size):
        # Ascending, so that members that are equally rare have one order in all sets.
        one = values[begins[places[k]] : begins[places[k]] + sizes[places[k]]].copy()
        one.sort()
        for j in range(one.size):
            counts[j] = often[(one[j] * _SPREAD) >> shift]
        rare_first = np.argsort(counts[: one.size], kind="mergesort")
        probed = one.size - np.int64(np.ceil(threshold * one.size - _SLACK)) + 1
        shorter = one.size - np.int64(np.ceil(2 * threshold / (1 + threshold) * one.size - _SLACK)) + 1
        for j in range(min(probed, one.size)):
            out[n] = one[rare_first[j]]
            n += 1
        starts[k + 1] = n
        indexed[k] = min(shorter, one.size)
    return out[:n].copy(), starts, indexed


@kernel
def _meetings(index, sets, parent, seen, threshold, at, room):  # type: ignore[no-untyped-def]  # numba
    """Up to `room` pairs of a set and a smaller one whose beginnings meet, and the set to go on with."""
    number, starts, firsts, token_ends, owners, group_ends = index
    nodes, sizes, components = sets
    left = np.empty(room, dtype=np.int64)
    right = np.empty(room, dtype=np.int64)
    n = 0
    while at < nodes.size and n + at <= room:
        least = threshold * sizes[at] - _SLACK
        for k in range(starts[at], starts[at + 1]):
            if number[k] < 0:
                continue
            line, end = firsts[number[k]], token_ends[number[k]]
            while line < end:
                other = owners[line]
                if components[other] == components[at] or other >= at:
                    line = group_ends[line]
                    continue
                if (
                    sizes[other] >= least
                    and seen[other] != at
                    and root(parent, nodes[other]) != root(parent, nodes[at])
                ):
                    left[n] = nodes[other]
                    right[n] = nodes[at]
                    n += 1
                seen[other] = at
                line += 1
        at += 1
    return left[:n].copy(), right[:n].copy(), at
