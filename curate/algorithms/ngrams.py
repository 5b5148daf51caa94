"""How much texts repeat each other's wording: distinct-n and self-BLEU over numbered tokens.

A corpus is `tokens`, int64 (T,), the numbers of the words of all texts laid end to end, and `offsets`, int64 (n + 1,),
where each text begins and the last one ends.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Index = NDArray[np.int64]

#: What a precision of zero matches is taken to be (Chen and Cherry 2014, method 1; NLTK's default).
EPSILON: Final = 0.1


class Grams(NamedTuple):
    """All n-grams of a corpus: the number of each, and the text it stands in; both int64 (g,)."""

    codes: Index
    texts: Index


def ngrams(tokens: Index, offsets: Index, n: int) -> Grams:
    """The n-grams of each text, numbered 0, 1, … so that equal ones have equal numbers. None crosses two texts."""
    owner = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    _, codes = np.unique(tokens, return_inverse=True)
    codes = codes.astype(np.int64)
    size = int(codes.max()) + 1 if codes.size else 0
    first = codes
    for length in range(2, n + 1):
        # An n-gram is its (n-1)-gram and one word more; numbered anew each time, so that it never overflows.
        _, codes = np.unique(codes[: len(tokens) - length + 1] * size + first[length - 1 :], return_inverse=True)
        codes = codes.astype(np.int64)
    whole = owner[: len(codes)] == owner[n - 1 :][: len(codes)]
    return Grams(codes[whole], owner[: len(codes)][whole])


def distinct_n(tokens: Index, offsets: Index, n: int) -> float:
    """Distinct n-grams divided by all n-grams of the corpus, 0 to 1; NaN where there is none.

    Li et al. (2016), *A Diversity-Promoting Objective Function for Neural Conversation Models*, section 5.2. It falls
    as a corpus grows, so only corpora of equal size compare.
    """
    codes = ngrams(tokens, offsets, n).codes
    return len(np.unique(codes)) / len(codes) if len(codes) else float("nan")


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
    for size in range(1, order + 1):
        clipped = _clipped(ngrams(tokens, offsets, size), n)
        if size == 1:
            matched = clipped
        total = np.maximum(lengths - size + 1, 1)
        logs += np.log(np.where(clipped > 0, clipped, EPSILON) / total) / order
    score = np.exp(logs) * _brevity(lengths)
    return np.where(matched > 0, score, 0.0)


def _clipped(grams: Grams, n: int) -> Index:
    """For each text its n-grams that other texts hold too, each counted as often as one other text has it at most."""
    kinds = int(grams.codes.max()) + 1 if grams.codes.size else 1
    pairs, counts = np.unique(grams.texts * kinds + grams.codes, return_counts=True)
    text, code = pairs // kinds, pairs % kinds
    order = np.lexsort((counts, code))
    code_sorted, count_sorted = code[order], counts[order]
    last = np.flatnonzero(np.diff(code_sorted, append=-1))
    # The largest count of each n-gram stands last in its run; the second largest, where there is one, before it.
    second_there = (last > 0) & (code_sorted[np.maximum(last - 1, 0)] == code_sorted[last])
    best, owner, second = (np.zeros(kinds, dtype=np.int64) for _ in range(3))
    best[code_sorted[last]] = count_sorted[last]
    owner[code_sorted[last]] = text[order][last]
    second[code_sorted[last]] = np.where(second_there, count_sorted[np.maximum(last - 1, 0)], 0)
    elsewhere = np.where(owner[code] == text, second[code], best[code])
    out = np.zeros(n, dtype=np.int64)
    np.add.at(out, text, np.minimum(counts, elsewhere))
    return out


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
