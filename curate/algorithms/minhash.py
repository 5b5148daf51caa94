"""MinHash signatures, and clusters of near-duplicates verified by the exact Jaccard index.

Broder (1997), *On the resemblance and containment of documents*. The permutations are datasketch's scheme
`affine32` (version 2.0): `min over shingles of a * fmix32(h) + b mod 2^32`, so signatures are bit-equal to
`datasketch.MinHash(num_perm, seed=1, scheme="affine32")` over the low 32 bits of the same shingles.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import chain
from typing import Final

import numpy as np
from numpy.typing import NDArray

from curate.algorithms.banding import first_pairs, other_pairs, share_a_band
from curate.algorithms.buckets import Buckets
from curate.algorithms.components import flatten, join
from curate.algorithms.jit import count_ones, kernel
from curate.algorithms.parallel import thread_map
from curate.algorithms.prefix_join import possible_pairs
from curate.algorithms.shingles import table_bits, table_room

Index = NDArray[np.int64]
Hashes = NDArray[np.uint64]
Signatures = NDArray[np.uint32]

#: datasketch's default seed.
SEED: Final = 1
#: Each value of the signature of a text without shingles.
EMPTY: Final = np.uint32(0xFFFFFFFF)
_PAIRS_PER_TASK = 2048


@dataclass(frozen=True)
class ShingleSets:
    """Sets of some nodes: that of `nodes[i]` is `values[begins[i] : begins[i] + sizes[i]]`.

    Parameters
    ----------
    nodes : int64 `(m,)`, ascending.
    values : uint64 `(room,)`, uniform hashes without repeats within each set, in any order; what is between sets is
        never read.
    begins, sizes : int64 `(m,)`.
    """

    nodes: Index
    values: Hashes
    begins: Index
    sizes: Index
    _places: Index = field(init=False, repr=False, compare=False)
    _partners: Index = field(init=False, repr=False, compare=False)
    _indices: NDArray[np.float64] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Note the place of each node, -1 for those without a set: looked up for every pair."""
        for name in ("values", "begins", "sizes"):  # to a kernel a read-only array is another type: always the one
            view = getattr(self, name).view()
            view.setflags(write=False)
            object.__setattr__(self, name, view)
        places = np.full(int(self.nodes.max(initial=-1)) + 2, -1, dtype=np.int64)
        places[self.nodes] = np.arange(self.nodes.size)
        object.__setattr__(self, "_places", places)
        object.__setattr__(self, "_partners", np.full(self.nodes.size, -1, dtype=np.int64))
        object.__setattr__(self, "_indices", np.empty(self.nodes.size))

    @cached_property
    def _marks(self) -> Hashes:
        found: Hashes = _marks(self.values, self.begins, self.sizes)
        return found

    def places(self, nodes: Index) -> Index:
        """Which of the sets is that of each node, int64.

        Raises
        ------
        ValueError : a node has no set here.
        """
        # Nodes beyond the last one look at the last entry, which is -1.
        found: Index = self._places[np.minimum(nodes, self._places.size - 1)]
        if found.size and found.min() < 0:
            raise ValueError("a pair has a node without a set")
        return found

    def jaccard(self, left: Index, right: Index, *, least: float = 0.0) -> NDArray[np.float64]:
        """Exact Jaccard index of the sets of the nodes `left[i]` and `right[i]`, float64 `(pairs,)`.

        Where it is below `least`, any number below `least` may stand in its place (the comparison stops as soon
        as that is certain). Two empty sets have 0.

        Of each set the last one that reached a `least` with it is remembered: most pairs are asked for again, without
        one, when it is clear which of them stays.

        Raises
        ------
        ValueError : a node has no set here.
        """
        a, b = self.places(left), self.places(right)
        if least:
            out = self._compared(a, b, least)
            alike = out >= least
            a, b, indices = a[alike], b[alike], out[alike]
            self._partners[a], self._indices[a] = b, indices
            self._partners[b], self._indices[b] = a, indices
            return out
        out = np.where(self._partners[b] == a, self._indices[b], self._indices[a])
        new = np.flatnonzero((self._partners[b] != a) & (self._partners[a] != b))
        out[new] = self._compared(a[new], b[new], 0.0)
        return out

    def _compared(self, a: Index, b: Index, least: float) -> NDArray[np.float64]:
        """As `jaccard`, of sets by their places."""
        sets = (self.values, self.begins, self.sizes), self._marks
        cuts = (slice(at, at + _PAIRS_PER_TASK) for at in range(0, a.size, _PAIRS_PER_TASK))
        parts = thread_map(lambda cut: _jaccard(*sets, a[cut], b[cut], least), cuts)
        return np.concatenate(parts) if parts else np.zeros(0)


@cache
def permutations(num_perm: int) -> tuple[Signatures, Signatures]:
    """datasketch's odd multipliers and addends for its default seed, two uint32 arrays `(num_perm,)`.

    As `datasketch.MinHash` draws them for `affine32`; importing it takes half the time of a short run, for its `scipy`.
    NumPy keeps this generator's numbers the same in all versions (NEP 19).
    """
    draw = np.random.RandomState(SEED)
    odd = draw.randint(0, 1 << 31, num_perm, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return odd, draw.randint(0, 1 << 32, num_perm, dtype=np.uint32)


def signatures(shingles: Hashes, offsets: Index, num_perm: int, *, used: int | None = None) -> Signatures:
    """MinHash signatures, uint32 `(n, used)`: the first `used` (default: all) of `num_perm` permutations.

    Parameters
    ----------
    shingles : uint64 `(total,)`; those of text i are `shingles[offsets[i] : offsets[i + 1]]`; repeats and order
        make no difference. A text without shingles has `2^32 - 1` throughout, as in datasketch.
    offsets : int64 `(n + 1,)`.
    """
    a, b = permutations(num_perm)
    count = num_perm if used is None else used
    # All permutations, for whole vectors: the few that are not used cost less than a remainder.
    result: Signatures = _signatures(shingles, offsets, a, b, count)
    return result


def lean(signature: Signatures) -> NDArray[np.void]:
    """Signatures as `datasketch.LeanMinHash.serialize` writes them on a little-endian machine, `(n,)` of 16 + 4k bytes.

    Parameters
    ----------
    signature : uint32 `(n, k)`, of all k permutations.
    """
    count = signature.shape[1]
    layout = np.dtype(
        [("seed", "<i8"), ("count", "<i4"), ("scheme", "u1"), ("zeros", "u1", 3), ("values", "<u4", (count,))]
    )
    out = np.zeros(signature.shape[0], dtype=layout)
    # A negative count marks the format of datasketch 2; the scheme 1 is `affine32`.
    out["seed"], out["count"], out["scheme"], out["values"] = SEED, -count, 1, signature
    return out


def cluster(keys: Signatures, tables: list[Buckets], sets: ShingleSets, threshold: float, parent: Index) -> None:
    """Join all nodes that share a band and have a Jaccard index of `threshold` or more.

    The result is exactly the components of that graph: a pair is left unverified only where its nodes are in
    one component already, or cannot reach the threshold (`prefix_join`). Each bucket's members are compared with its
    first member, band by band; then all pairs of a bucket that are still apart; then, of buckets with very many such
    pairs, those that share one of their rare members. A pair is compared in the first band it shares and nowhere else.
    So a bucket of n texts that are all alike takes n - 1 comparisons, and one of n texts around a template, each with
    a part of its own, few more.

    Parameters
    ----------
    keys : uint32 `(n, bands)`.
    tables : `buckets.buckets` of those keys, all or some of them.
    sets : the sets of all nodes in those buckets.
    threshold : least Jaccard index of two near-duplicates, in (0, 1].
    parent : int64 `(n,)`, as in `components.unite`, changed in place.
    """
    crowded = np.zeros(parent.size, dtype=np.bool_)
    for left, right in chain(first_pairs(keys, tables, parent), other_pairs(keys, tables, parent, crowded)):
        _verify(sets, left, right, threshold, parent)
    nodes = np.flatnonzero(crowded)
    if nodes.size:
        possible = possible_pairs((sets.values, sets.begins, sets.sizes), nodes, sets.places(nodes), threshold, parent)
        for left, right in possible:
            here = share_a_band(keys, left, right)
            _verify(sets, left[here], right[here], threshold, parent)
    flatten(parent)


def _verify(sets: ShingleSets, left: Index, right: Index, threshold: float, parent: Index) -> None:
    alike = sets.jaccard(left, right, least=threshold) >= threshold
    join(parent, left[alike], right[alike])


@kernel
def _marks(values, begins, sizes):  # type: ignore[no-untyped-def]  # numba
    """For each set a bit for each of its members, at a place of 1,024 that the member's first bits say."""
    out = np.zeros((sizes.size, 16), dtype=np.uint64)
    for row in range(sizes.size):
        for at in range(begins[row], begins[row] + sizes[row]):
            place = values[at] >> np.uint64(54)
            out[row, place >> np.uint64(6)] |= np.uint64(1) << (place & np.uint64(63))
    return out


@kernel
def _most_shared(one, two, sizes):  # type: ignore[no-untyped-def]  # numba
    """How many members two sets share at most, by their marks: each mark that the other has not is of another member.

    Sandes, Teodoro and Melo (2020), *Bitmap filter: Speeding up exact set similarity joins with bitwise operations*,
    Information Systems 88, has the bound.
    """
    left_alone = right_alone = np.uint64(0)
    for k in range(one.size):
        left_alone += count_ones(one[k] & ~two[k])
        right_alone += count_ones(two[k] & ~one[k])
    return min(sizes[0] - np.int64(left_alone), sizes[1] - np.int64(right_alone))


@kernel
def _jaccard(sets, marks, left, right, least):  # type: ignore[no-untyped-def]  # numba
    """Members of the right set are looked up in a hash table of the left one, made once for all pairs in a row."""
    values, begins, sizes = sets
    out = np.empty(left.size, dtype=np.float64)
    longest = np.int64(0)
    for node in left:
        longest = max(longest, sizes[node])
    slots = np.empty(table_room(longest), dtype=np.uint64)
    last = first = np.uint64(0)
    held = np.int64(-1)
    for pair in range(left.size):
        one = values[begins[left[pair]] : begins[left[pair]] + sizes[left[pair]]]
        two = values[begins[right[pair]] : begins[right[pair]] + sizes[right[pair]]]
        total = one.size + two.size
        # With m shared of `total`, the index is m / (total - m): below `least` unless m reaches this bound. One
        # less than the bound, so that rounding never stops a pair that a full comparison would accept.
        needed = np.int64(np.ceil(least * total / (1.0 + least))) - 1
        shared = np.int64(0)
        possible = min(one.size, two.size)
        if one.size and possible >= needed > 0:
            possible = _most_shared(marks[left[pair]], marks[right[pair]], (one.size, two.size))
        if one.size and possible >= needed:
            if held != left[pair]:
                held = left[pair]
                last = (np.uint64(1) << table_bits(one.size)) - np.uint64(1)
                first = one[0]  # it marks what is empty
                slots[: np.int64(last) + 1] = first
                for value in one:
                    place = value & last
                    while slots[place] != first:
                        place = (place + np.uint64(1)) & last
                    slots[place] = value
            for at in range(0, two.size, 16):
                for value in two[at : at + 16]:
                    place = value & last
                    while slots[place] != value and slots[place] != first:
                        place = (place + np.uint64(1)) & last
                    shared += np.int64(slots[place] == value)
                if shared + two.size - at - 16 < needed:
                    break
        out[pair] = shared / (total - shared) if total > shared else 0.0
    return out


@kernel
def _lower(h, a, b, least):  # type: ignore[no-untyped-def]  # numba
    """Lower each permutation's minimum by eight shingles: one vector lane a permutation, minima loaded once."""
    h0, h1, h2, h3, h4, h5, h6, h7 = h[0], h[1], h[2], h[3], h[4], h[5], h[6], h[7]
    for k in range(a.size):
        x, y = a[k], b[k]
        low = min(least[k], np.uint32(h0 * x + y))
        low = min(low, np.uint32(h1 * x + y))
        low = min(low, np.uint32(h2 * x + y))
        low = min(low, np.uint32(h3 * x + y))
        low = min(low, np.uint32(h4 * x + y))
        low = min(low, np.uint32(h5 * x + y))
        low = min(low, np.uint32(h6 * x + y))
        least[k] = min(low, np.uint32(h7 * x + y))


@kernel
def text_signature(shingles, a, b, mixed, least):  # type: ignore[no-untyped-def]  # numba
    """The signature of one text into `least`; `mixed` has room for its shingles and eight more."""
    for j in range(shingles.size):
        h = np.uint32(shingles[j])
        h = np.uint32(np.uint32(h ^ (h >> np.uint32(16))) * np.uint32(0x85EBCA6B))
        h = np.uint32(np.uint32(h ^ (h >> np.uint32(13))) * np.uint32(0xC2B2AE35))
        mixed[j] = h ^ (h >> np.uint32(16))
    # Repeats change no minimum, and whole eights leave no remainder.
    padded = (shingles.size + 7) // 8 * 8
    for j in range(shingles.size, padded):
        mixed[j] = mixed[0]
    for k in range(a.size):
        least[k] = EMPTY
    for j in range(0, padded, 8):
        _lower(mixed[j : j + 8], a, b, least)


@kernel
def _signatures(shingles, offsets, a, b, count):  # type: ignore[no-untyped-def]  # numba
    n = offsets.size - 1
    out = np.empty((n, count), dtype=np.uint32)
    longest = 0
    for row in range(n):
        size = offsets[row + 1] - offsets[row]
        longest = max(longest, size)
    mixed = np.empty(longest + 8, dtype=np.uint32)
    least = np.empty(a.size, dtype=np.uint32)
    for row in range(n):
        text_signature(shingles[offsets[row] : offsets[row + 1]], a, b, mixed, least)
        out[row] = least[:count]
    return out
