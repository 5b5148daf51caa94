"""The exact truth of the benchmarks agrees with comparing all pairs, and its scores with sets written out by hand."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

import numpy as np
import pytest

from benchmarks.peers.documents import normalised
from benchmarks.peers.truth import Truth, components, exact_truth, ngram_sets, removal_scores


def ngrams(text: str, size: int) -> set[tuple[str, ...]]:
    words = text.split(" ")
    return {tuple(words[at : at + size]) for at in range(len(words) - size + 1)}


def all_pairs(texts: list[str], threshold: Fraction, size: int) -> list[list[int]]:
    """Every pair, compared as sets of tuples of words."""
    sets = [ngrams(text, size) for text in texts]
    return [
        [a, b]
        for a, b in itertools.combinations(range(len(texts)), 2)
        if sets[a] | sets[b] and Fraction(len(sets[a] & sets[b]), len(sets[a] | sets[b])) >= threshold
    ]


def mutated(seed: int, count: int) -> list[str]:
    """Texts of a few words, most of them copies of others with some words changed: pairs of all degrees, and equal ones."""
    rng = random.Random(seed)
    words = [f"w{n}" for n in range(30)]
    texts = [[rng.choice(words) for _ in range(rng.randint(1, 40))] for _ in range(count // 4)]
    while len(texts) < count:
        copy = list(rng.choice(texts))
        for _ in range(rng.randint(0, 3)):
            copy[rng.randrange(len(copy))] = rng.choice(words)
        texts.append(copy[: rng.randint(len(copy) * 3 // 4, len(copy))] or copy)
    return [" ".join(text) for text in texts]


@pytest.mark.parametrize("threshold", [Fraction(1, 2), Fraction(7, 10), Fraction(1)])
@pytest.mark.parametrize("size", [1, 2, 5])
def test_all_pairs_are_found_and_no_other(threshold: Fraction, size: int) -> None:
    texts = mutated(seed=size, count=250)
    expected = all_pairs(texts, threshold, size)
    assert len(expected) > 10
    assert exact_truth(texts, threshold, size).pairs.tolist() == expected


def test_a_pair_at_the_threshold_counts() -> None:
    # 7 of 10 single words are shared.
    texts = ["a b c d e f g x", "a b c d e f g y z", "a b c d e f y u v w"]
    assert exact_truth(texts, Fraction(7, 10), 1).pairs.tolist() == [[0, 1]]
    assert exact_truth(texts, Fraction(71, 100), 1).pairs.tolist() == []


def test_sets_are_ranked_from_the_rarest_gram() -> None:
    values, offsets = ngram_sets(["a a b", "a c", "a"], 1)
    sets = [values[low:high].tolist() for low, high in itertools.pairwise(offsets.tolist())]
    assert sets[2] == [2]  # `a` is the most frequent one
    assert len(sets[0]) == len(sets[1]) == 2
    assert sets[0][1] == sets[1][1] == 2
    assert sets[0][0] != sets[1][0]


def test_texts_without_ngrams_are_near_nothing() -> None:
    assert exact_truth(["a b", "a b", "", ""], Fraction(1, 2), 5).pairs.size == 0


def test_scores_of_a_choice() -> None:
    # Components {0, 1, 2} (a chain), {3, 4}, {5}.
    pairs = np.array([[0, 1], [1, 2], [3, 4]])
    truth = Truth(pairs, components(6, pairs))
    assert truth.removals == 3

    def scores(*rows: int) -> dict[str, float]:
        removed = np.zeros(6, dtype=np.bool_)
        removed[list(rows)] = True
        return removal_scores(truth, removed)

    assert scores(1, 2, 4) == {"removed": 3, "removed_precision": 1, "removals_found": 1, "pair_recall": 1}
    # The whole of a component: one too many. 5 had no reason to go.
    assert scores(3, 4, 5) == {
        "removed": 3,
        "removed_precision": pytest.approx(1 / 3),
        "removals_found": pytest.approx(1 / 3),
        "pair_recall": pytest.approx(1 / 3),
    }
    # Without its middle the chain has no pair left, but two of it stay.
    assert scores(1)["pair_recall"] == pytest.approx(2 / 3)
    assert scores(1)["removals_found"] == pytest.approx(1 / 3)
    labels = np.array([0, 0, 2, 3, 3, 5])
    joined = removal_scores(truth, np.zeros(6, dtype=np.bool_), labels)
    assert joined["pairs_joined"] == pytest.approx(2 / 3)
    assert joined["removals_found"] == joined["pair_recall"] == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It's  GOOD,\n50% off!", "it s good 50 off"),
        ("snake_case x²", "snake case x²"),
        ("给我 two", "给 我 two"),
        (" – \t", ""),
        ("Ärger é\u0301", "ärger é\u0301"),
    ],
)
def test_normalised_text_is_words_and_single_spaces(text: str, words: str) -> None:
    assert normalised(text) == words
    assert normalised(words) == words
