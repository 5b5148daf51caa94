"""How much texts repeat each other's wording: distinct-n and self-BLEU over numbered tokens.

A corpus is `tokens`, int64 (T,), the numbers of the words of all texts laid end to end, and `offsets`, int64 (n + 1,),
where each text begins and the last one ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.algorithms.jit import kernel

Index = NDArray[np.int64]

#: What a precision of zero matches is taken to be (Chen and Cherry 2014, method 1; NLTK's default).
EPSILON: Final = 0.1
#: 2**64 over the golden ratio, odd.
_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)


class Grams(NamedTuple):
    """All n-grams of a corpus: the number of each, and the text it stands in, ascending; both int64 (g,).

    Equal ones have equal numbers, all below `kinds`.
    """

    codes: Index
    texts: Index
    kinds: int


@kernel
def _number(values: Any, slots: Any, codes: Any) -> int:
    """The number of each value in `codes`, by first occurrence; `slots` is all -1, a power of two and half free."""
    mask = np.uint64(len(slots) - 1)
    first = np.empty(len(values), np.int64)
    kinds = 0
    for i in range(len(values)):
        # Fibonacci hashing (Knuth, The Art of Computer Programming 3, section 6.4): the high bits of a product.
        slot = np.int64(((np.uint64(values[i]) * _GOLDEN) >> np.uint64(32)) & mask)
        while slots[slot] >= 0 and first[slots[slot]] != values[i]:
            slot = np.int64(np.uint64(slot + 1) & mask)
        if slots[slot] < 0:
            slots[slot] = kinds
            first[kinds] = values[i]
            kinds += 1
        codes[i] = slots[slot]
    return kinds


def _numbered(values: Index) -> tuple[Index, int]:
    """Numbers 0, 1, …, the same for equal values, int64 (n,), and how many there are."""
    codes = np.empty(len(values), dtype=np.int64)
    slots = np.full(1 << (2 * len(values)).bit_length(), -1, dtype=np.int64)
    return codes, int(_number(values, slots, codes))


def ngrams(tokens: Index, offsets: Index, most: int) -> Iterator[Grams]:
    """The words, the word pairs, … the `most`-grams of each text. None crosses two texts."""
    owner = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    first, size = _numbered(tokens)
    codes, kinds = first, size
    for n in range(1, most + 1):
        if n > 1:
            # An n-gram is its (n-1)-gram and one word more; numbered anew each time, so that it never overflows.
            codes, kinds = _numbered(codes[: max(0, len(tokens) - n + 1)] * size + first[n - 1 :])
        whole = owner[: len(codes)] == owner[n - 1 :][: len(codes)]
        yield Grams(codes[whole], owner[: len(codes)][whole], kinds)


def distinct_n(tokens: Index, offsets: Index, n: int) -> float:
    """Distinct n-grams divided by all n-grams of the corpus, 0 to 1; NaN where there is none.

    Li et al. (2016), *A Diversity-Promoting Objective Function for Neural Conversation Models*, section 5.2. It falls
    as a corpus grows, so only corpora of equal size compare.
    """
    *_, grams = ngrams(tokens, offsets, n)
    return np.count_nonzero(np.bincount(grams.codes)) / len(grams.codes) if len(grams.codes) else float("nan")


def self_bleu(tokens: Index, offsets: Index, *, order: int = 4) -> NDArray[np.float64]:
    """BLEU of each text with all other texts as its references, float64 (n,), 0 to 1; their mean is self-BLEU.

    Zhu et al. (2018), *Texygen: A Benchmarking Platform for Text Generation Models*, section 3; BLEU of Papineni et al.
    (2002) with equal weights for 1 to `order` words and smoothing by method 1 of Chen and Cherry (2014), as NLTK
    computes it. It is exact and near-linear: of each n-gram only the largest two counts in one text matter.
    """
    n = len(offsets) - 1
    if n < 2:
        return np.full(n, np.nan)
    lengths = np.diff(offsets)
    logs = np.zeros(n)
    matched = np.zeros(n, dtype=np.int64)
    for size, grams in enumerate(ngrams(tokens, offsets, order), start=1):
        clipped = np.zeros(n, dtype=np.int64)
        _clip(grams.codes, grams.texts, np.zeros((4, grams.kinds), np.int64), clipped)
        if size == 1:
            matched = clipped
        total = np.maximum(lengths - size + 1, 1)
        logs += np.log(np.where(clipped > 0, clipped, EPSILON) / total) / order
    score = np.exp(logs) * _brevity(lengths)
    return np.where(matched > 0, score, 0.0)


@kernel
def _clip(codes: Any, texts: Any, room: Any, out: Any) -> None:
    """For each text its n-grams that other texts hold too, each counted as often as one other text has it at most.

    `room` is zeros of shape (4, kinds).
    """
    # Of each n-gram: its largest count in one text, in which, and the largest in any other; and how often the text at
    # hand has it.
    best, owner, second, count = room[0], room[1], room[2], room[3]
    for again in range(2):
        begin = 0
        while begin < len(codes):
            end, text = begin, texts[begin]
            while end < len(codes) and texts[end] == text:
                count[codes[end]] += 1
                end += 1
            for i in range(begin, end):
                code = codes[i]
                mine, count[code] = count[code], 0
                if mine == 0:  # counted where it stood first
                    continue
                if again:
                    out[text] += min(mine, second[code] if owner[code] == text else best[code])
                elif mine > best[code]:
                    best[code], owner[code], second[code] = mine, text, best[code]
                elif mine > second[code]:
                    second[code] = mine
            begin = end


def _brevity(lengths: Index) -> NDArray[np.float64]:
    """BLEU's brevity penalty of each text against the length nearest to its own; of two as near, the shorter."""
    order = np.argsort(lengths, kind="stable")
    ranked = lengths[order]
    below = np.concatenate([[-(2**62)], ranked[:-1]])
    above = np.concatenate([ranked[1:], [2**62]])
    near = np.where(ranked - below <= above - ranked, below, above)
    closest = np.empty(len(lengths), dtype=np.int64)
    closest[order] = near
    safe = np.maximum(lengths, 1)
    penalty = np.where(lengths > closest, 1.0, np.exp(np.minimum(1 - closest / safe, 0)))
    return np.where(lengths > 0, penalty, 0.0)
