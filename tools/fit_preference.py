"""Fit the weights of `preference` on PandaLM's human comparisons and write them with their figures.

    python tools/fit_preference.py [--pairs ../shared/data/truth/preference_pairs.parquet]

writes `curate/assets/preference/preference.json`. Only the pairs of the source `pandalm` are fitted on (Apache-2.0).
Cross-validation keeps all pairs of an instruction in one fold: the 894 pairs share 158 instructions, and a split by
pair would test on instructions that were trained on. The same data gives the same weights to six digits.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from curate.algorithms.preference_features import FEATURES  # noqa: E402 - the path is set first
from curate.algorithms.preference_matrix import feature_matrix  # noqa: E402
from curate.algorithms.preference_model import FILE  # noqa: E402

Floats = npt.NDArray[np.float64]

#: Inverse strength of the ridge penalty on standardised differences.
PENALTY_C: Final = 0.01
#: Weight of a pair whose shorter response was preferred (a third of the pairs). Without it, length decides.
SHORTER_WEIGHT: Final = 2.0
FOLDS: Final = 10
REPEATS: Final = 10
SEED: Final = 42


class Pairs:
    """Differences of features, outcomes (1 or -1), differences of length and groups of one set of comparisons."""

    def __init__(self, records: pl.DataFrame) -> None:
        asked = [f"{a}\n\n{b}" if b else a for a, b in zip(records["instruction"], records["input"], strict=True)]
        self.first = feature_matrix(pl.Series(asked), records["r1"])
        self.second = feature_matrix(pl.Series(asked), records["r2"])
        self.difference = self.first - self.second
        self.won = np.where(records["label"].to_numpy() == 1, 1.0, -1.0)
        lengths = [records[name].str.len_chars().cast(pl.Int64).to_numpy() for name in ("r1", "r2")]
        self.length = (lengths[0] - lengths[1]).astype(np.float64)
        self.group = np.array(asked)

    def figures(self, scores: Floats) -> dict[str, float]:
        """Accuracy in all, when the shorter and when the longer response won; and the correlation with length.

        A score of 0 counts one half. The correlation is Spearman's, of the score with the difference in characters.
        """
        right = np.where(scores == 0, 0.5, scores * self.won > 0)
        shorter, longer = self.length * self.won < 0, self.length * self.won > 0
        return {
            "accuracy": float(right.mean()),
            "when_shorter_wins": float(right[shorter].mean()),
            "when_longer_wins": float(right[longer].mean()),
            "length_correlation": spearman(scores, self.length),
        }


def spearman(a: Floats, b: Floats) -> float:
    """Spearman's rank correlation."""
    first, second = (pl.Series(x).rank().to_numpy() for x in (a, b))
    return float(np.corrcoef(first, second)[0, 1])


def fit(pairs: Pairs, rows: npt.NDArray[np.bool_]) -> Floats:
    """Weights of the features, float64 of shape (31,), from the pairs in `rows`.

    Each pair is used in both orders, so the model has no side; without an intercept, logistic regression on
    differences is the Bradley-Terry model.
    """
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    difference, won = pairs.difference[rows], pairs.won[rows]
    scale = difference.std(axis=0)
    scale[scale == 0] = 1.0
    weight = np.where(pairs.length[rows] * won < 0, SHORTER_WEIGHT, 1.0)
    model = LogisticRegression(C=PENALTY_C, fit_intercept=False, max_iter=5000, tol=1e-10)
    model.fit(np.r_[difference, -difference] / scale, np.r_[won, -won], np.r_[weight, weight])
    weights: Floats = model.coef_[0] / scale
    return weights


def held_out(pairs: Pairs) -> Iterator[Floats]:
    """For each repeat, the score of each pair by a model that saw none of its instruction's pairs."""
    instructions, which = np.unique(pairs.group, return_inverse=True)
    for repeat in range(REPEATS):
        fold = np.random.default_rng((SEED, repeat)).permutation(len(instructions))[which] % FOLDS
        scores = np.zeros(len(fold))
        for number in range(FOLDS):
            test = fold == number
            scores[test] = pairs.difference[test] @ fit(pairs, ~test)
        yield scores


def mean(figures: list[dict[str, float]]) -> dict[str, float]:
    """The mean of each figure, to three digits."""
    return {name: round(float(np.mean([f[name] for f in figures])), 3) for name in figures[0]}


def main() -> None:
    """Cross-validate, fit on all, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument(
        "--pairs", type=Path, default=ROOT.parent / "shared" / "data" / "truth" / "preference_pairs.parquet"
    )
    options = parser.parse_args()
    records = pl.read_parquet(options.pairs)
    pairs = Pairs(records.filter(pl.col("source") == "pandalm"))
    validated = mean([pairs.figures(scores) for scores in held_out(pairs)])
    weights = fit(pairs, np.ones(len(pairs.won), dtype=np.bool_)).round(6)
    reference = round(float(np.concatenate([pairs.first @ weights, pairs.second @ weights]).mean()), 6)
    card: dict[str, Any] = {
        "model": "Bradley-Terry, linear in length-capped text features (curate/algorithms/preference_features.py)",
        "data": "PandaLM's human-annotated test set (github.com/WeOpenML/PandaLM, data/testset-v1.json), ties left out",
        "data_licence": "Apache-2.0",
        "licence": "Apache-2.0",
        "pairs": len(pairs.won),
        "instructions": len(np.unique(pairs.group)),
        "fitted_by": "tools/fit_preference.py",
        "date": "2026-11-21",
        "penalty_c": PENALTY_C,
        "shorter_weight": SHORTER_WEIGHT,
        "cross_validated": validated,
        "reference": reference,
        "weights": dict(zip(FEATURES, weights.tolist(), strict=True)),
    }
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    print(json.dumps({k: v for k, v in card.items() if k != "weights"}, indent=2))
    for source in ("llmeval2", "cherry_gpt4"):
        other = Pairs(records.filter(pl.col("source") == source))
        print(source, mean([other.figures(other.difference @ weights)]))


if __name__ == "__main__":
    main()
