from __future__ import annotations

import math
import random
from collections import Counter

import numpy as np
import pytest

from curate.algorithms.ngrams import distinct_n, ngrams, self_bleu


def texts(count: int, seed: int = 0) -> list[list[int]]:
    rng = random.Random(seed)
    base = [[rng.randrange(30) for _ in range(rng.choice([0, 1, 3, 4, 9, 17]))] for _ in range(count)]
    return [*base, base[-1] + [99], base[2] * 2]  # one that nearly repeats another, one that repeats itself


def packed(corpus: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    flat = np.array([t for text in corpus for t in text], dtype=np.int64)
    return flat, np.cumsum([0, *map(len, corpus)])


def grams(text: list[int], n: int) -> list[tuple[int, ...]]:
    return [tuple(text[i : i + n]) for i in range(len(text) - n + 1)]


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_distinct_n_is_a_count_of_a_set(n: int) -> None:
    corpus = texts(60)
    every = [g for text in corpus for g in grams(text, n)]
    assert distinct_n(*packed(corpus), n) == len(set(every)) / len(every)
    *_, found = ngrams(*packed(corpus), n)
    assert Counter(found.texts.tolist()) == Counter({i: len(grams(t, n)) for i, t in enumerate(corpus) if len(t) >= n})
    assert len(set(zip(found.codes.tolist(), every, strict=True))) == len(set(every)) == len(set(found.codes.tolist()))
    assert found.codes.max() < found.kinds
    assert math.isnan(distinct_n(*packed([[], []]), n))


def bleu(hypothesis: list[int], references: list[list[int]]) -> float:
    """Papineni et al. with method 1 of Chen and Cherry, straight from the definitions."""
    if not set(hypothesis) & {w for r in references for w in r}:
        return 0.0
    logs = 0.0
    for n in range(1, 5):
        counts = Counter(grams(hypothesis, n))
        limit: Counter[tuple[int, ...]] = Counter()
        for reference in references:
            limit |= Counter(grams(reference, n))
        matches = sum((counts & limit).values())
        logs += math.log((matches or 0.1) / max(1, len(hypothesis) - n + 1)) / 4
    closest = min((abs(len(r) - len(hypothesis)), len(r)) for r in references)[1]
    penalty = 1.0 if len(hypothesis) > closest else math.exp(1 - closest / len(hypothesis))
    return penalty * math.exp(logs)


def test_self_bleu_is_bleu_against_all_others() -> None:
    corpus = texts(40)
    expected = [bleu(text, corpus[:i] + corpus[i + 1 :]) for i, text in enumerate(corpus)]
    np.testing.assert_allclose(self_bleu(*packed(corpus)), expected, rtol=1e-12)
    assert np.isnan(self_bleu(*packed([[1, 2]]))).all()


def test_self_bleu_is_that_of_nltk() -> None:
    nltk = pytest.importorskip("nltk.translate.bleu_score", reason="nltk is not installed")
    corpus = [text for text in texts(40, seed=1) if text]
    smooth = nltk.SmoothingFunction().method1
    expected = [
        nltk.sentence_bleu(corpus[:i] + corpus[i + 1 :], text, smoothing_function=smooth)
        for i, text in enumerate(corpus)
    ]
    np.testing.assert_allclose(self_bleu(*packed(corpus)), expected, rtol=1e-12)
