"""From texts to clusters of near-duplicates, by the kernels or, for few texts, by numpy: the results are the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from curate.algorithms import banding, components, minhash, plain, shingles
from curate.algorithms.buckets import bucket_members, buckets, candidate_components
from curate.algorithms.minhash import ShingleSets
from curate.algorithms.shingles import Hashes, Shingled, Unit
from curate.algorithms.texts import Texts

Index = NDArray[np.int64]

#: Bytes of text per call of the kernels: small enough that a block and its shingles stay in the processor's cache.
BLOCK: Final = 1 << 18
#: Shingles for which `shingle_sets` has room at first.
_ROOM: Final = 1 << 22


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
    keys = np.empty((size.shape[0], count if bands is None else bands[0]), dtype=np.uint32)
    digests, tokens = np.empty((size.shape[0], 2), dtype=np.uint64), np.empty(size.shape[0], dtype=np.int64)
    few = _few(size)
    for low, high, found in _shingled(at, size, ngram, unit):
        signature = (plain if few else minhash).signatures(found.values, found.offsets, num_perm, used=count)
        if bands is not None:
            signature = (plain if few else banding).band_keys(signature, *bands)
        keys[low:high], digests[low:high], tokens[low:high] = signature, found.digests, found.tokens
    return Sketches(keys, digests, tokens)


def shingle_sets(sides: Sequence[Texts], *, ngram: int, unit: Unit) -> tuple[Hashes, Index]:
    """The distinct shingles of n texts, uint64, one text's after the other's, and how many each has, int64 `(n,)`."""
    at, size = _places(sides)
    few = _few(size)
    sizes = np.zeros(size.shape[0], dtype=np.int64)
    # A text has no more shingles than bytes, and most memory that nothing is written to costs nothing.
    out = np.empty(min(int(size.sum()) + size.size, _ROOM), dtype=np.uint64)
    used = 0
    for low, high, found in _shingled(at, size, ngram, unit):
        if used + found.values.size > out.size:
            grown = np.empty(2 * out.size + found.values.size, dtype=np.uint64)
            grown[:used] = out[:used]
            out = grown
        values, offsets = (plain if few else shingles).distinct(found, out[used:])
        sizes[low:high] = np.diff(offsets)
        used += values.size
    return out[:used], sizes


def first_equal(digests: Hashes) -> Index:
    """As `components.first_equal`."""
    few = digests.shape[0] <= plain.FEW
    return plain.first_equal(digests) if few else components.first_equal(digests)


def batches(keys: NDArray[np.uint32], nodes: Index, sizes: Index, at_once: int) -> Iterator[Index]:
    """`nodes` in parts for `cluster`, one after the other: no two that share a band stand in different parts.

    Parameters
    ----------
    keys, nodes : as in `cluster`.
    sizes : int64 `(n,)`, at least the number of shingles of each node.
    at_once : shingles that a part may have; nodes that hang together by shared bands stay together, though they have
        more.
    """
    if int(sizes[nodes].sum()) <= at_once:
        yield nodes
        return
    label = candidate_components(_constant(keys), nodes)
    members = nodes[np.bincount(label, minlength=label.size)[label[nodes]] > 1]
    members = members[np.argsort(label[members], kind="stable")]
    first = np.flatnonzero(np.diff(label[members], prepend=-1))
    begun = (np.cumsum(sizes[members]) - sizes[members])[first] // at_once
    cuts = first[np.flatnonzero(np.diff(begun, prepend=-1))]
    for low, high in pairwise([*cuts.tolist(), members.size]):
        yield np.sort(members[low:high])


def cluster(
    keys: NDArray[np.uint32], nodes: Index, threshold: float, parent: Index, sets_of: Callable[[Index], ShingleSets]
) -> ShingleSets:
    """Join all of `nodes` that share a band and have a Jaccard index of `threshold` or more, as `minhash.cluster`.

    Parameters
    ----------
    keys : uint32 `(n, bands)`.
    nodes : int64, ascending, the nodes to look at.
    parent : int64 `(n,)`, as in `components.unite`, changed in place.
    sets_of : gives the sets of those nodes that share a band with another; they are returned.
    """
    if nodes.size <= plain.FEW:
        sets = sets_of(plain.bucket_members(keys, nodes))
        plain.cluster(keys, sets, threshold, parent)
        return sets
    keys = _constant(keys)
    tables = buckets(keys, nodes)
    sets = sets_of(bucket_members(tables, keys.shape[0]))
    minhash.cluster(keys, tables, sets, threshold, parent)
    return sets


def jaccard(sets: ShingleSets, left: Index, right: Index) -> NDArray[np.float64]:
    """As `ShingleSets.jaccard`, without a bound."""
    return plain.jaccard(sets, left, right) if left.size <= plain.FEW else sets.jaccard(left, right)


def _constant(keys: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """`keys`, read-only: to a kernel that is another type, and one of the two is enough to compile."""
    keys = keys.view()
    keys.setflags(write=False)
    return keys


def _places(sides: Sequence[Texts]) -> tuple[Index, Index]:
    return np.stack([side.at for side in sides], axis=1), np.stack([side.size for side in sides], axis=1)


def _few(size: Index) -> bool:
    return size.shape[0] <= plain.FEW and int(size.sum()) <= plain.FEW_BYTES


def _shingled(at: Index, size: Index, ngram: int, unit: Unit) -> Iterator[tuple[int, int, Shingled]]:
    """Ranges of texts of about `BLOCK` bytes, and their shingles, which lie there until the next step."""
    if _few(size):
        if size.shape[0]:
            yield 0, size.shape[0], plain.shingles(at, size, ngram=ngram, unit=unit)
        return
    taken = (size + 1).sum(axis=1)
    block = np.cumsum(taken) // BLOCK
    cuts = np.flatnonzero(np.diff(block, prepend=-1, append=-1)) if block.size else np.zeros(1, np.int64)
    most = np.add.reduceat(taken, cuts[:-1]).max(initial=0) if block.size else 0
    workspace = shingles.Workspace(int(size.max(initial=0)), size.shape[1], int(most))
    for low, high in pairwise(cuts.tolist()):
        found = shingles.shingles(at[low:high], size[low:high], ngram=ngram, unit=unit, workspace=workspace)
        yield low, high, found
