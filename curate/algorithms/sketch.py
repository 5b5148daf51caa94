"""From texts to clusters of near-duplicates, by the kernels or, for few texts, by numpy: the results are the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from curate.algorithms import banding, components, minhash, plain, shingles
from curate.algorithms.banding import text_keys
from curate.algorithms.buckets import Buckets, bucket_members, buckets, candidate_components
from curate.algorithms.folding import fold_table
from curate.algorithms.jit import kernel
from curate.algorithms.minhash import ShingleSets, permutations, text_signature
from curate.algorithms.shingles import Hashes, Room, Unit, text_shingles
from curate.algorithms.texts import Texts

Index = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sketches:
    """What is kept of n texts to find candidates.

    Parameters
    ----------
    keys : uint32 `(n, bands)`, or, without bands, the signatures `(n, num_perm)`.
    digests : uint64 `(n, 2)`, as in `shingles.Shingled`.
    tokens : int64 `(n,)`, as in `shingles.Shingled`.
    """

    keys: NDArray[np.uint32]
    digests: Hashes
    tokens: Index

    @classmethod
    def room(cls, size: int, bands: int) -> Sketches:
        """New memory for those of `size` texts."""
        return cls(
            np.empty((size, bands), dtype=np.uint32),
            np.empty((size, 2), dtype=np.uint64),
            np.empty(size, dtype=np.int64),
        )

    def put(self, at: Index | slice, part: Sketches) -> None:
        """Write the sketches of the texts at some places."""
        self.keys[at], self.digests[at], self.tokens[at] = part.keys, part.digests, part.tokens


def sketches(
    sides: Sequence[Texts], *, ngram: int, unit: Unit, num_perm: int, bands: tuple[int, int] | None
) -> Sketches:
    """Sketches of n texts.

    Parameters
    ----------
    sides : the n texts of each side, read one after the other.
    ngram, unit : as in `shingles.shingles`.
    num_perm : permutations of a signature.
    bands : the numbers of bands and of rows per band; None: the signatures themselves.
    """
    at, size = _places(sides)
    count = num_perm if bands is None else bands[0] * bands[1]
    if _few(size):
        found = plain.shingles(at, size, ngram=ngram, unit=unit)
        signature = plain.signatures(found.values, found.offsets, num_perm, used=count)
        keys = signature if bands is None else banding.band_keys(signature, *bands)
        return Sketches(keys, found.digests, found.tokens)
    shingles.check(at, size, ngram)
    a, b = permutations(num_perm)
    if bands is not None:  # in the order that `text_keys` takes them in; the few that are in no band at the end
        order = np.append(np.arange(count).reshape(bands).T, np.arange(count, num_perm))
        a, b = a[order], b[order]
    how = (ngram, unit == "char"), (count, 0) if bands is None else bands
    return Sketches(*_sketches(at, size, how, fold_table(), shingles.Workspace(size).arrays, (a, b)))


def fill_sets(sides: Sequence[Texts], room: Room, *, ngram: int, unit: Unit) -> Index:
    """Write the distinct shingles of n texts, as `shingles.sets`; how many each has, int64 `(n,)`."""
    at, size = _places(sides)
    sizes: Index = (plain if _few(size) else shingles).sets(at, size, room, ngram=ngram, unit=unit)
    return sizes


def first_equal(digests: Hashes) -> Index:
    """As `components.first_equal`."""
    few = digests.shape[0] <= plain.FEW
    return plain.first_equal(digests) if few else components.first_equal(digests)


def cluster(
    keys: NDArray[np.uint32],
    nodes: Index,
    threshold: float,
    parent: Index,
    sets_of: Callable[[Index], ShingleSets],
    *,
    sizes: Index,
    at_once: int,
) -> Iterator[ShingleSets]:
    """Join all of `nodes` that share a band and have a Jaccard index of `threshold` or more, as `minhash.cluster`.

    This is done part by part, and after each one its sets are told, so that only those of one are in memory.

    Parameters
    ----------
    keys : uint32 `(n, bands)`.
    nodes : int64, ascending, the nodes to look at.
    parent : int64 `(n,)`, as in `components.unite`, changed in place.
    sets_of : gives the sets of nodes, ascending: in the end of all of `nodes` that share a band with another.
    sizes : int64 `(n,)`, at least the number of shingles of each node.
    at_once : shingles that a part may have; nodes that hang together by shared bands stay together, though they have
        more.
    """
    if nodes.size <= plain.FEW:
        sets = sets_of(plain.bucket_members(keys, nodes))
        plain.cluster(keys, sets, threshold, parent)
        yield sets
        return
    keys = keys.view()
    keys.setflags(write=False)  # to a kernel that is another type, and one of the two is enough to compile
    tables = buckets(keys, nodes)
    for members, some in _parts(tables, bucket_members(tables, parent.size), sizes, at_once):
        sets = sets_of(members)
        minhash.cluster(keys, some, sets, threshold, parent)
        yield sets
        del sets  # before those of the next part are made


def _parts(tables: list[Buckets], members: Index, sizes: Index, at_once: int) -> Iterator[tuple[Index, list[Buckets]]]:
    """`members`, all that are in a bucket, in parts as `cluster` makes them, and the buckets of each part."""
    if int(sizes[members].sum()) <= at_once:
        yield members, tables
        return
    label = candidate_components(tables, sizes.size)
    members = members[np.argsort(label[members], kind="stable")]
    first = np.flatnonzero(np.diff(label[members], prepend=-1))
    begun = (np.cumsum(sizes[members]) - sizes[members])[first] // at_once
    cuts = first[np.flatnonzero(np.diff(begun, prepend=-1))]
    for low, high in pairwise([*cuts.tolist(), members.size]):
        here = np.zeros(sizes.size, dtype=np.bool_)
        here[members[low:high]] = True
        yield np.flatnonzero(here), [table.where(here) for table in tables]


def jaccard(sets: ShingleSets, left: Index, right: Index) -> NDArray[np.float64]:
    """As `ShingleSets.jaccard`, without a bound."""
    return plain.jaccard(sets, left, right) if left.size <= plain.FEW else sets.jaccard(left, right)


def _places(sides: Sequence[Texts]) -> tuple[Index, Index]:
    return np.stack([side.at for side in sides], axis=1), np.stack([side.size for side in sides], axis=1)


def _few(size: Index) -> bool:
    return size.shape[0] <= plain.FEW and int(size.sum()) <= plain.FEW_BYTES


@kernel
def _sketches(at, size, how, fold, workspace, permutations):  # type: ignore[no-untyped-def]  # numba infers the types
    """Text by text, so that all that is between a text and its keys stays in the processor's nearest memory.

    `how`: as in `text_shingles`, and the numbers of bands and of rows per band (0: no bands, the values themselves).
    """
    shingling, (wide, rows) = how
    a, b = permutations
    values = workspace[5]
    n = at.shape[0]
    keys = np.empty((n, wide), dtype=np.uint32)
    digests = np.empty((n, 2), dtype=np.uint64)
    tokens = np.empty(n, dtype=np.int64)
    mixed = np.empty(values.size, dtype=np.uint32)
    least = np.empty(a.size, dtype=np.uint32)
    hashes = np.empty(wide, dtype=np.uint64)
    for row in range(n):
        tokens[row], found = text_shingles(at[row], size[row], shingling, fold, workspace, digests[row], values)
        text_signature(values[:found], a, b, mixed, least)
        if rows:
            text_keys(least, rows, hashes, keys[row])
        else:
            keys[row] = least[:wide]
    return keys, digests, tokens
