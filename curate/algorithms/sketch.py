"""From texts to clusters of near-duplicates, by the kernels or, for few texts, by numpy: the results are the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from curate.algorithms import banding, minhash, plain, shingles
from curate.algorithms.minhash import ShingleSets
from curate.algorithms.shingles import Hashes, Unit
from curate.algorithms.texts import Texts

Index = NDArray[np.int64]

#: Bytes of text per call of the kernels: small enough that a block and its shingles stay in the processor's cache.
BLOCK: Final = 1 << 18


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
    few = _few(size)
    count = num_perm if bands is None else bands[0] * bands[1]
    parts = [(np.empty((0, count if bands is None else bands[0]), np.uint32), np.empty((0, 2), np.uint64),
              np.empty(0, np.int64))]  # fmt: skip
    for low, high in _blocks(size):
        found = (plain if few else shingles).shingles(at[low:high], size[low:high], ngram=ngram, unit=unit)
        keys = (plain if few else minhash).signatures(found.values, found.offsets, num_perm, used=count)
        if bands is not None:
            keys = (plain if few else banding).band_keys(keys, *bands)
        parts.append((keys, found.digests, found.tokens))
    return Sketches(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def shingle_sets(sides: Sequence[Texts], *, ngram: int, unit: Unit) -> Iterator[tuple[int, Hashes, Index]]:
    """The distinct shingles of texts, some texts at a time, in their order.

    Each time: the place of the first of these texts, their shingles, uint64, ascending within each text, and the number
    of shingles of each, int64.
    """
    at, size = _places(sides)
    few = _few(size)
    for low, high in _blocks(size):
        found = (plain if few else shingles).shingles(at[low:high], size[low:high], ngram=ngram, unit=unit)
        values, offsets = (plain if few else shingles).distinct(found)
        yield low, values, np.diff(offsets)


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
    label = banding.candidate_components(_constant(keys), nodes)
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
    tables = banding.buckets(keys, nodes)
    sets = sets_of(banding.bucket_members(tables, keys.shape[0]))
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


def _blocks(size: Index) -> list[tuple[int, int]]:
    """Ranges of texts of about `BLOCK` bytes."""
    block = np.cumsum(size.sum(axis=1)) // BLOCK
    cuts = np.flatnonzero(np.diff(block, prepend=-1, append=-1)) if block.size else np.zeros(1, np.int64)
    return list(pairwise(cuts.tolist()))
