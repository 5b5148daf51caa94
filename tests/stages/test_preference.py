"""The preference score: its features by hand, its weights against a refit, its behaviour on planted faults."""

from __future__ import annotations

import json
import math

import numpy as np
import polars as pl
import pytest

from curate.algorithms.preference_features import FEATURES, features, words
from curate.algorithms.preference_matrix import feature_matrix
from curate.algorithms.preference_model import FILE, read, shipped
from curate.stages.annotate.preference import Preference
from tests.helpers import REAL_DATA, corpus, frame, run_stage

PAIRS = REAL_DATA / "truth" / "preference_pairs.parquet"

ASKED = "Explain why bread needs time to rise before it is baked."
GOOD = (
    "Yeast eats the sugars in the dough and gives off carbon dioxide.\n\nThe gas is caught by the gluten, so the loaf "
    "grows. Given an hour or two, flavour develops too, and the crumb turns light."
)


def of(instruction: str, response: str) -> dict[str, float]:
    return dict(zip(FEATURES, features(instruction, response), strict=True))


def score(instruction: str, response: str) -> float:
    return float(Preference().columns(frame([(instruction, response)]))["preference"][0])


def test_features_by_hand() -> None:
    got = of("Name two red fruits.", "1. Apple\n2. Cherry\n3. Apple")
    # Words: 1 apple 2 cherry 3 apple; the instruction's content words are name, two, red, fruits.
    assert got["length_80"] == pytest.approx(math.log(7) / math.log(81))
    assert got["lines"] == pytest.approx(math.log(4) / math.log(13))
    assert got["repeated_lines"] == pytest.approx(1 / 3)
    assert got["new_words_15"] == pytest.approx(math.log(6) / math.log(16))
    assert (got["list"], got["list_share"], got["list_if_asked"]) == (1, 1, 1)
    assert (got["echo"], got["coverage"], got["copied"], got["empty"]) == (0, 0, 0, 0)
    assert got["length_80_if_label_asked"] == 0
    assert got["word_length"] == pytest.approx((1 + 5 + 1 + 6 + 1 + 5) / 6 / 8)


def test_copies_and_cuts_are_seen() -> None:
    got = of("Rewrite: the cat sat on the old mat", "the cat sat on the old mat")
    assert got["copied"] == got["copied_if_edit_asked"] == 1
    assert got["echo"] == 1
    assert got["coverage"] == pytest.approx(4 / 5)  # all but `rewrite` of rewrite, cat, sat, old, mat
    cut = " ".join(["word"] * 30)
    assert of("q", cut)["cut_off"] == 1
    assert of("q", cut + ".")["cut_off"] == 0
    assert of("q", "short")["cut_off"] == 0
    assert of("q", "Dear [your name],")["placeholder"] == 1
    assert of("q", "I'm sorry, but no.")["refusal"] == 1


def test_words_of_unspaced_scripts() -> None:
    assert words("我喜欢 tea and O'Brien") == ["我", "喜", "欢", "tea", "and", "o'brien"]


def test_every_feature_is_capped() -> None:
    rng = np.random.default_rng(0)
    letters = "abcdefghij"
    long = " ".join("".join(rng.choice(list(letters), 7)) + "." for _ in range(20_000))
    for text in (long, long.replace(" ", "\n\n"), "x" * 100_000, "?" * 50_000, ""):
        values = np.array(features(text, text))
        assert np.isfinite(values).all()
        assert values.min() >= 0
        assert values.max() <= math.log(7)


def test_writing_on_does_not_pay() -> None:
    sentence = "A further remark about bread number {} follows from nothing said above."
    long = "\n\n".join(sentence.format(n) for n in range(200))
    longer = "\n\n".join(sentence.format(n) for n in range(400))
    assert score(ASKED, longer) <= score(ASKED, long) + 1e-9


@pytest.mark.parametrize(
    "worse",
    [
        "",
        "I'm sorry, but I cannot help with that.",
        ASKED,
        "Yeast.",
        "Yeast eats the sugars in the dough. " * 8,
        "\n".join(["Yeast eats the sugars in the dough."] * 8),
        "[insert explanation here]",
    ],
)
def test_planted_faults_cost(worse: str) -> None:
    assert score(ASKED, worse) < score(ASKED, GOOD) - 0.1


def test_probability_is_that_of_bradley_and_terry() -> None:
    card = json.loads(FILE.read_text(encoding="utf-8"))
    out = run_stage(Preference(), frame(corpus()))["preference"].to_list()
    utilities = []
    for question, answer in corpus():
        values = of(question, answer)
        utilities.append(math.fsum(card["weights"][name] * value for name, value in values.items()))
    for found, utility in zip(out, utilities, strict=True):
        # The odds against a response of the reference utility.
        assert found / (1 - found) == pytest.approx(math.exp(utility - card["reference"]), rel=1e-4)
    assert min(out) > 0
    assert max(out) < 1


def test_card_says_what_the_weights_are() -> None:
    card = json.loads(FILE.read_text(encoding="utf-8"))
    assert list(card["weights"]) == list(FEATURES)
    assert 20 <= len(card["weights"]) <= 60
    assert card["data_licence"] == "Apache-2.0"
    for key in ("data", "licence", "date", "pairs", "cross_validated", "fitted_by"):
        assert card[key]
    assert Preference().content_key()["model"] == shipped().sha256
    for name in FEATURES:
        if name.startswith("repeated") or name in {"empty", "copied", "placeholder", "refusal", "cut_off"}:
            assert card["weights"][name] < 0, name


def test_weights_of_other_features_are_refused(tmp_path) -> None:  # type: ignore[no-untyped-def]
    card = json.loads(FILE.read_text(encoding="utf-8"))
    card["weights"]["elegance"] = 1.0
    path = tmp_path / "preference.json"
    path.write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(ValueError, match="other features"):
        read(path)


def test_human_comparisons() -> None:
    """Held-out accuracy on PandaLM, by a plain ridge fit of our own; and the shipped weights are not another model."""
    if not PAIRS.exists():
        pytest.skip("needs ../shared/data/truth/preference_pairs.parquet")
    records = pl.read_parquet(PAIRS).filter(pl.col("source") == "pandalm")
    asked = [f"{a}\n\n{b}" for a, b in zip(records["instruction"], records["input"], strict=True)]
    gap = feature_matrix(pl.Series(asked), records["r1"]) - feature_matrix(pl.Series(asked), records["r2"])
    won = np.where(records["label"].to_numpy() == 1, 1.0, -1.0)
    length = (records["r1"].str.len_chars().cast(pl.Int64) - records["r2"].str.len_chars().cast(pl.Int64)).to_numpy()
    shorter = length * won < 0
    fold = np.unique(asked, return_inverse=True)[1] % 10
    scores = np.zeros(len(won))
    for number in range(10):
        train = fold != number
        scale = gap[train].std(axis=0) + 1e-9
        x, w = gap[train] / scale, np.where(shorter[train], 2.0, 1.0)
        beta = np.linalg.solve((x * w[:, None]).T @ x + 300 * np.eye(x.shape[1]), (x * w[:, None]).T @ won[train])
        scores[~train] = gap[~train] / scale @ beta
    right = scores * won > 0
    assert right.mean() >= 0.70
    assert right[shorter].mean() >= 0.50
    assert np.corrcoef(scores, gap @ shipped().weights)[0, 1] > 0.9
