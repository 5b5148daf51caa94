"""Connected components by union-find, and the survivor of each component."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from curate.algorithms.jit import kernel

Index = NDArray[np.int64]


def connected_components(size: int, left: Index, right: Index) -> Index:
    """The smallest member of each node's component, int64 `(size,)`.

    Parameters
    ----------
    size : number of nodes.
    left, right : int64 `(edges,)`, the ends of each undirected edge, in `0 … size - 1`.

    Union by smallest root with path halving (Tarjan and van Leeuwen 1984, *Worst-case analysis of set union
    algorithms*, J. ACM 31(2), section 3).
    """
    parent = np.arange(size, dtype=np.int64)
    unite(parent, left, right)
    return parent


def unite(parent: Index, left: Index, right: Index) -> None:
    """Join the components of `left[i]` and `right[i]` in `parent`, in place.

    Parameters
    ----------
    parent : int64 `(size,)`, `arange(size)` or what an earlier call left; afterwards each entry is the
        smallest member of its component.
    left, right : int64 `(edges,)`.

    Raises
    ------
    ValueError : the two ends differ in number, or a node is out of range.
    """
    join(parent, left, right)
    flatten(parent)


def join(parent: Index, left: Index, right: Index) -> None:
    """As `unite`, in time that `parent` has no part in: afterwards `root` says a node's component, not its entry.

    Entries lead by way of ever smaller members of a component to its smallest one; `flatten` shortens all to that.
    """
    if left.shape != right.shape:
        raise ValueError(f"{left.size} left and {right.size} right ends")
    if not left.size:
        return
    if min(left.min(), right.min()) < 0 or max(left.max(), right.max()) >= parent.size:
        raise ValueError(f"an edge leads out of the {parent.size} nodes")
    _join(parent, left, right)


def flatten(parent: Index) -> None:
    """Make each entry of `parent` the smallest member of its component, after `join`."""
    _flatten(parent)


def roots(parent: Index, nodes: Index) -> Index:
    """The smallest member of each node's component after `join`, int64 like `nodes`."""
    found: Index = _roots(parent, nodes)
    return found


@kernel
def root(parent, node):  # type: ignore[no-untyped-def]  # numba infers the types of a kernel
    """The smallest member of a node's component; halves the path to it."""
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@kernel
def join_two(parent, one, two):  # type: ignore[no-untyped-def]  # numba
    """Join the components of two nodes."""
    a, b = root(parent, one), root(parent, two)
    if a < b:
        parent[b] = a
    elif b < a:
        parent[a] = b


@kernel
def _join(parent, left, right):  # type: ignore[no-untyped-def]  # numba
    for edge in range(left.size):
        join_two(parent, left[edge], right[edge])


@kernel
def _roots(parent, nodes):  # type: ignore[no-untyped-def]  # numba
    out = np.empty(nodes.size, dtype=np.int64)
    for at in range(nodes.size):
        out[at] = root(parent, nodes[at])
    return out


@kernel
def _flatten(parent):  # type: ignore[no-untyped-def]  # numba
    # A root is smaller than its members, so one pass in ascending order is enough.
    for node in range(parent.size):
        parent[node] = parent[parent[node]]


def first_equal(digests: NDArray[np.uint64]) -> Index:
    """Of each row the first one that is equal to it, int64 `(n,)`.

    Parameters
    ----------
    digests : uint64 `(n, 2)`, uniform hashes.
    """
    result: Index = _first_equal(np.ascontiguousarray(digests))
    return result


@kernel
def _first_equal(digests):  # type: ignore[no-untyped-def]  # numba
    n = digests.shape[0]
    room = 4
    while room < 4 * n:
        room *= 2
    last = np.uint64(room - 1)
    rows = np.full(room, -1, dtype=np.int32)
    out = np.empty(n, dtype=np.int64)
    for row in range(n):
        one, two = digests[row, 0], digests[row, 1]
        place = one & last
        while rows[place] >= 0 and (digests[rows[place], 0] != one or digests[rows[place], 1] != two):
            place = (place + np.uint64(1)) & last
        if rows[place] < 0:
            rows[place] = row
        out[row] = rows[place]
    return out


def survivors(labels: Index, ranks: Index, scores: NDArray[np.float64] | None = None) -> Index:
    """The member of each node's component that is kept, int64 `(n,)`.

    Parameters
    ----------
    labels : int64 `(n,)`, 0 or more, equal within a component and nowhere else.
    ranks : int64 `(n,)`, ties go to the lowest: the places of the ids in their order (`schema.id_ranks`).
    scores : float64 `(n,)`, the largest is kept; NaN counts as less than any number. None: by rank alone.

    The choice depends on ranks and scores only, never on the order of the nodes.
    """
    by_score = () if scores is None else (-np.where(np.isnan(scores), -np.inf, scores),)
    order = np.lexsort((ranks, *by_score, labels))
    first = np.flatnonzero(np.diff(labels[order], prepend=-1))
    best = np.empty(labels.size, dtype=np.int64)
    best[order] = np.repeat(order[first], np.diff(first, append=labels.size))
    return best
