"""The kernels of near-duplicate search once more in numpy: equal results, bit by bit, without a compiler.

Numba compiles a kernel when it is first called on a machine, which takes longer than a small dataset. Up to `FEW` texts
of `FEW_BYTES` together these functions do the work; beyond that the kernels are many times faster.
"""

from __future__ import annotations

import ctypes
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from curate.algorithms.folding import OWN, SYMBOL, fold_table
from curate.algorithms.minhash import EMPTY, ShingleSets, Signatures, permutations
from curate.algorithms.shingles import (
    GRAM,
    MIX,
    ONE_STEP,
    SPLIT,
    TWO_MIX,
    TWO_STEP,
    Hashes,
    Offsets,
    Room,
    Shingled,
    Unit,
    check,
    check_room,
)
from curate.algorithms.tokens import BASE

#: Texts, and bytes of them, up to which these functions take less time than loading the kernels.
FEW: Final = 300
FEW_BYTES: Final = 1 << 18

Index = NDArray[np.int64]


def shingles(at: Offsets, size: Offsets, *, ngram: int = 5, unit: Unit = "word") -> Shingled:
    """As `shingles.shingles`."""
    check(at, size, ngram)
    n, sides = at.shape
    texts = [ctypes.string_at(a, s).decode() for a, s in zip(at.ravel().tolist(), size.ravel().tolist(), strict=True)]
    # Each side ends with a separator, so that no token goes on into the next one.
    points = np.frombuffer("".join(text + "\n" for text in texts).encode("utf-32-le"), dtype="<u4").astype(np.uint32)
    part = np.repeat(np.arange(n * sides), [len(text) + 1 for text in texts])
    values, part = (_chars if unit == "char" else _words)(points, part)
    return _grams(values, part, n, sides, ngram)


def sets(at: Offsets, size: Offsets, room: Room, *, ngram: int = 5, unit: Unit = "word") -> Offsets:
    """As `shingles.sets`."""
    found = shingles(at, size, ngram=ngram, unit=unit)
    sizes = np.full(room.begins.size, -1, dtype=np.int64)
    for row, (low, high) in enumerate(pairwise(found.offsets.tolist())):
        begin, end = room.begins[row], room.ends[row]
        if high - low <= end - begin:
            text = found.values[low:high]
            one = text[np.sort(np.unique(text, return_index=True)[1])]
            sizes[row] = one.size
            room.values[begin : begin + one.size] = one
    check_room(sizes)
    return sizes


def signatures(shingles: Hashes, offsets: Index, num_perm: int, *, used: int | None = None) -> Signatures:
    """As `minhash.signatures`."""
    a, b = permutations(num_perm)
    count = num_perm if used is None else used
    out = np.full((offsets.size - 1, count), EMPTY, dtype=np.uint32)
    full = np.flatnonzero(np.diff(offsets))
    h = shingles.astype(np.uint32)
    h = (h ^ (h >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    h = (h ^ (h >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    h ^= h >> np.uint32(16)
    if full.size:
        for k in range(count):
            out[full, k] = np.minimum.reduceat(h * a[k] + b[k], offsets[full])
    return out


def bucket_members(keys: Signatures, nodes: Index) -> Index:
    """As `buckets.bucket_members` of the buckets of `nodes`."""
    pairs = _candidates(keys, nodes)
    return np.unique(np.concatenate(pairs))


def first_equal(digests: Hashes) -> Index:
    """As `components.first_equal`."""
    first: dict[bytes, int] = {}
    return np.array([first.setdefault(one.tobytes(), row) for row, one in enumerate(digests)], dtype=np.int64)


def cluster(keys: Signatures, sets: ShingleSets, threshold: float, parent: Index) -> None:
    """As `minhash.cluster`, for the nodes that have sets."""
    left, right = _candidates(keys, sets.nodes)
    alike = jaccard(sets, left, right) >= threshold
    for a, b in zip(left[alike].tolist(), right[alike].tolist(), strict=True):
        low, high = sorted((int(parent[a]), int(parent[b])))
        parent[parent == high] = low


def jaccard(sets: ShingleSets, left: Index, right: Index) -> NDArray[np.float64]:
    """As `ShingleSets.jaccard`, without a bound."""
    a, b = sets.places(left), sets.places(right)
    out = np.zeros(left.size)
    for pair, (i, j) in enumerate(zip(a.tolist(), b.tolist(), strict=True)):
        x, y = (sets.values[sets.begins[k] : sets.begins[k] + sets.sizes[k]] for k in (i, j))
        shared = np.intersect1d(x, y, assume_unique=True).size
        out[pair] = shared / (x.size + y.size - shared) if x.size + y.size > shared else 0.0
    return out


def _candidates(keys: Signatures, nodes: Index) -> tuple[Index, Index]:
    """All pairs of nodes that share a band."""
    mine = keys[nodes]
    shares = np.zeros((nodes.size, nodes.size), dtype=np.bool_)
    for band in range(keys.shape[1]):
        shares |= mine[:, band, None] == mine[None, :, band]
    left, right = np.nonzero(np.triu(shares, 1))
    return nodes[left], nodes[right]


def _folded(points: NDArray[np.uint32]) -> NDArray[np.uint32]:
    far = points > 0xFFFF
    folded = np.where(far, points, fold_table()[np.where(far, 0, points)])
    own = ((points >= 0x1F000) & (points < 0x1FB00)) | ((points >= 0x20000) & (points < 0x40000))
    folded[far & own] |= OWN
    folded[points >= 0xE0000] = 0
    return folded


def _words(points: NDArray[np.uint32], part: Index) -> tuple[Hashes, Index]:
    """The hash of each token, and the side that it stands in."""
    folded = _folded(points)
    kind = np.select([folded == 0, folded & OWN > 0, folded & SYMBOL > 0], [0, 3, 2], 1)
    begins = (kind > 0) & ((kind != np.concatenate([[0], kind[:-1]])) | (kind == 3))
    token = np.cumsum(begins) - 1
    inside = kind > 0
    data, owner = _utf8(folded[inside] & ~(OWN | SYMBOL), token[inside])
    first = np.flatnonzero(np.diff(owner, prepend=-1))
    place = np.arange(owner.size) - np.repeat(first, np.diff(first, append=owner.size))
    heads = np.flatnonzero(place % 8 == 0)
    hashes = np.zeros(first.size, dtype=np.uint64)
    if heads.size:
        eights = np.add.reduceat(data << (np.uint64(8) * (place % 8).astype(np.uint64)), heads)
        level = place[heads] // 8
        by_level = np.argsort(level, kind="stable")
        start = 0
        for many in np.bincount(level).tolist():
            chosen = by_level[start : start + many]
            here = owner[heads[chosen]]
            hashes[here] = eights[chosen] if start == 0 else _mixed(hashes[here], BASE) + eights[chosen]
            start += many
    return hashes, part[begins]


def _chars(points: NDArray[np.uint32], part: Index) -> tuple[Hashes, Index]:
    """The bytes of each character as a number, a space wherever something separates, and the side of each."""
    folded = _folded(points)
    kept = np.flatnonzero(folded)
    data, owner = _utf8(folded[kept] & ~(OWN | SYMBOL), np.arange(kept.size))
    first = np.flatnonzero(np.diff(owner, prepend=-1))
    place = np.arange(owner.size) - np.repeat(first, np.diff(first, append=owner.size))
    values = np.zeros(kept.size, dtype=np.uint64)
    if kept.size:
        values = np.add.reduceat(data << (np.uint64(8) * place.astype(np.uint64)), first)
    gaps = np.flatnonzero(np.diff(kept, prepend=-2) > 1)
    sides = part[kept]
    return np.insert(values, gaps, np.uint64(32)), np.insert(sides, gaps, sides[gaps])


def _utf8(points: NDArray[np.uint32], owner: Index) -> tuple[Hashes, Index]:
    """The bytes of code points, as uint64, and the owner of each byte."""
    data = np.frombuffer(points.astype("<u4").tobytes().decode("utf-32-le").encode(), dtype=np.uint8)
    length = 1 + (points >= 0x80).astype(np.int64) + (points >= 0x800) + (points >= 0x10000)
    return data.astype(np.uint64), np.repeat(owner, length)


def _grams(values: Hashes, part: Index, n: int, sides: int, ngram: int) -> Shingled:
    if sides and values.size:
        # A text begins without a space: the first gap of each is no character.
        text = part // sides
        opening = (np.diff(text, prepend=-1) != 0) & (values == np.uint64(32))
        values, part = values[~opening], part[~opening]
    text = part // max(sides, 1)
    counts = np.bincount(text, minlength=n).astype(np.int64)
    ends = np.cumsum(counts)
    place = np.arange(text.size) - (ends - counts)[text]
    per_side = np.bincount(part, minlength=n * sides).reshape(n, sides)
    split = np.zeros(n, dtype=np.int64)
    for side in range(sides):
        split = split * SPLIT + per_side[:, :side].sum(axis=1)
    token = _mixed(values, MIX)
    step = (place + 1).astype(np.uint64)
    one = counts.astype(np.uint64) + _sums(_mixed(token + step * ONE_STEP, BASE), ends, counts)
    two = np.where(counts < ngram, split, 0).astype(np.uint64)
    two += _sums(_mixed(token + step * TWO_STEP, TWO_MIX), ends, counts)
    begin = np.flatnonzero(place <= counts[text] - ngram)
    grams = token[begin]
    for i in range(1, ngram):
        grams = grams * GRAM + token[begin + i]
    offsets = np.zeros(n + 1, dtype=np.int64)
    np.cumsum(np.maximum(counts - ngram + 1, 0), out=offsets[1:])
    return Shingled(_mixed(grams, MIX), offsets, np.stack([one, two], axis=1), counts)


def _sums(values: Hashes, ends: Index, counts: Index) -> Hashes:
    total = np.concatenate([np.zeros(1, np.uint64), np.cumsum(values, dtype=np.uint64)])
    result: Hashes = total[ends] - total[ends - counts]
    return result


def _mixed(x: Hashes, factor: np.uint64) -> Hashes:
    x = (x ^ (x >> np.uint64(32))) * factor
    result: Hashes = x ^ (x >> np.uint64(29))
    return result
