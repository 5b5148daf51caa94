"""Words and measures of `damage`, against plain Python and hand counts."""

from __future__ import annotations

import itertools
import re
from random import Random

import numpy as np
import polars as pl

from curate.algorithms.damage_classes import CLASSES, FUNCTION_WORDS
from curate.algorithms.damage_measures import ECHO_WORDS, MEASURES, measure, pair_weights
from curate.algorithms.damage_words import BOUNDARY, lexicon_of
from curate.algorithms.texts import texts
from curate.damage.model import load
from curate.damage.raw import cosines

VOCABULARY = ["the", "boat", "row", "slow", "lake", "deep", "cold", "town"]
NONE = np.zeros((len(CLASSES), len(CLASSES)))
WORD_LIST = ["boat", "lake", "deep", "cold", "town", "the", "of", "and", "row", "slow", "zzyx", "qwrt"]


def found(asked: str, given: str, order: np.ndarray = NONE) -> dict[str, float]:
    out, _ = measure(
        *map(texts, (pl.Series([asked]), pl.Series([given]))), lexicon_of(VOCABULARY), order, len(VOCABULARY)
    )
    return dict(zip(MEASURES, out[0].tolist(), strict=True))


def test_words_and_case_are_counted() -> None:
    got = found("", "The boat is deep. the Lake was NASA e.g. 3.5 m; Zürich's boat-house, 湖水!")
    # The, boat, is, deep, the, Lake, was, NASA, e, g, 3, 5, m, Zürich's, boat-house, 湖, 水
    assert got["words"] == 17
    assert got["upper"] == 1
    assert got["digits"] == 2
    assert got["foreign"] == 2
    assert got["stops"] == 3  # "deep.", "g.", "水!": a point inside "e.g" or "3.5" ends nothing
    assert got["stop_lower"] == 1


def test_inflected_words_are_known_by_their_stem() -> None:
    assert found("", "boats rowed rowing slowly deeper coldest lake's")["unknown"] == 0
    assert found("", "zzyxs qwrted boatxyz")["unknown"] == 3


def test_echo_is_that_of_plain_python() -> None:
    random = Random(5)
    for _ in range(200):
        asked = [random.choice(WORD_LIST) for _ in range(random.randint(0, 20))]
        given = [random.choice(WORD_LIST) for _ in range(random.randint(1, 20))]
        if random.random() < 0.7 and len(asked) > 3:
            at = random.randint(0, len(given))
            given[at:at] = asked[random.randint(0, 2) :]
        got = found(" ".join(asked), " ".join(given))
        for one, other, name in ((asked, given, "echo_asked"), (given, asked, "echo_given")):
            grams = {tuple(other[i : i + ECHO_WORDS]) for i in range(len(other) - ECHO_WORDS + 1)}
            covered = {
                i + j
                for i in range(len(one) - ECHO_WORDS + 1)
                if tuple(one[i : i + ECHO_WORDS]) in grams
                for j in range(ECHO_WORDS)
            }
            assert got[name] == (len(covered) / len(one) if one else 0)
        doubled = sum(a == b for a, b in itertools.pairwise(given))
        assert got["doubled"] == doubled


def test_copied_sentences_are_those_of_plain_python() -> None:
    random = Random(6)
    for _ in range(100):
        parts = [" ".join(random.choices(WORD_LIST[:4], k=random.randint(2, 5))) for _ in range(random.randint(1, 9))]
        seen: set[str] = set()
        copied = copies = 0
        for part in parts:
            words = len(part.split())
            if words >= 4 and part in seen:
                copied, copies = copied + words, copies + 1
            seen.add(part)
        got = found("", ". ".join(parts) + ".")
        assert got["copies"] == copies
        assert np.isclose(got["copied"], copied / sum(len(part.split()) for part in parts))


def test_cover_weighs_rare_words_more() -> None:
    asked = "boat town zzyx"
    known = len(VOCABULARY)
    weight = {w: np.log1p(VOCABULARY.index(w)) / np.log1p(known) for w in ("boat", "town")} | {"zzyx": 1.0}
    for given in ("boat", "boats", "zzyx", "boat zzyx and the town", "lake"):
        got = found(asked, given)
        shared = [w for w in weight if re.search(rf"\b{w}", given)]
        assert np.isclose(got["cover_asked"], sum(weight[w] for w in shared) / sum(weight.values()))


def test_order_is_the_sum_of_the_pairs_with_a_function_word() -> None:
    order = np.arange(NONE.size, dtype=np.float64).reshape(NONE.shape)
    index = {name: CLASSES.index(name) for name in CLASSES}
    got = found("", "the boat of lake", order)
    pairs = [(BOUNDARY, index["article"]), (index["article"], 0), (0, index["preposition"]), (index["preposition"], 0)]
    assert got["order"] == sum(order[a, b] for a, b in pairs)
    assert got["pairs"] == 4


def test_pair_weights_are_log_ratios() -> None:
    real, chance = np.array([[8, 0], [3, 3]]), np.array([[4, 4], [3, 3]])
    got = pair_weights(real, chance, 2.0)
    assert np.allclose(got, np.round([[np.log((9 / 10) / (5 / 10)), np.log((1 / 10) / (5 / 10))], [0, 0]], 2))
    assert np.abs(pair_weights(np.array([[9999, 0], [0, 1]]), chance, 2.0)).max() == 2.0


def test_the_shipped_order_tells_sentences_from_the_same_words_backwards() -> None:
    text = "He went to the shop because there was no bread in the house, and he came back with a cake for all of us."
    model = load()
    back = " ".join(reversed(text.rstrip(".").split()))
    assert found("", text, model.order)["order"] > 5
    assert found("", back, model.order)["order"] < -5


def test_cosines_are_those_of_numpy() -> None:
    random = np.random.default_rng(1)
    a, b = (random.integers(-127, 128, (20, 256)).astype(np.int8) for _ in range(2))
    a[3] = 0
    left, right = a.astype(float), b.astype(float)
    with np.errstate(invalid="ignore"):
        expected = (left * right).sum(1) / np.linalg.norm(left, axis=1) / np.linalg.norm(right, axis=1)
    assert np.allclose(cosines(a, b), np.nan_to_num(expected))


def test_no_function_word_has_two_classes() -> None:
    words = [word for line in FUNCTION_WORDS.values() for word in line.split()]
    assert len(words) == len(set(words))


def test_the_instruction_of_a_short_response_is_not_read() -> None:
    asked, given = (
        pl.Series(["row the deep cold lake"] * 3),
        pl.Series(["deep cold lake", "deep cold lake town", "the lake " + "a" * 40]),
    )

    def of(asked: pl.Series, few: tuple[int, int]) -> np.ndarray:
        return measure(*map(texts, (asked, given)), lexicon_of(VOCABULARY), NONE, len(VOCABULARY), few=few)[0]

    full, bare, some = of(asked, (0, 0)), of(pl.Series([""] * 3), (0, 0)), of(asked, (3, 20))
    assert not np.array_equal(full[0], bare[0])
    # Three words in 14 bytes are few; four words, or 49 bytes, are not.
    np.testing.assert_array_equal(some, np.stack([bare[0], full[1], full[2]]))
