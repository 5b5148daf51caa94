"""Fit the damage model on good answers whose licence allows it, broken in the ways of `tools/damage_kinds.py`.

    python tools/fit_damage.py [--raw ../shared/data/raw] [--seed 7]

writes `curate/assets/damage/model.json` and prints the weights. The sources and their licences are those of
`tools/damage_data.py`; the card, `curate/assets/damage/README.md`, tells them again. Two steps: the order of word
classes is counted in the good answers and in the same answers with their words shuffled; then the weights of the
signals are fitted by logistic regression. The same sources, seed and versions give the same bytes.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from damage_data import LICENCES, good_pairs  # noqa: E402
from damage_kinds import KINDS, Pair, damaged  # noqa: E402

from curate.algorithms.damage_classes import CLASSES  # noqa: E402
from curate.algorithms.damage_measures import measure, pair_weights  # noqa: E402
from curate.algorithms.texts import texts  # noqa: E402
from curate.damage.excuses import excused  # noqa: E402
from curate.damage.model import PATH, order_of  # noqa: E402
from curate.damage.prepared import with_views  # noqa: E402
from curate.damage.raw import lexicon  # noqa: E402
from curate.damage.signals import signals  # noqa: E402

#: The share of records that are damaged in the pool to which probabilities are calibrated.
PRIOR = 0.1
#: Weights are drawn to this by a penalty of `PULL` per squared difference (a normal prior): every signal is a sign of
#: damage by what it says, whether or not a kind of damage that shows it is among those that we made.
PRIOR_WEIGHT, PULL = 2.0, 1.0
#: No weight is larger, so that no signal on its own makes damage likelier than not: only gates do.
LARGEST = 3.0
PER_KIND = 250
#: Largest weight of a pair of word classes, in nats, and the log-odds of a gate.
CAP, GATE = 2.0, 8.0

Matrix = npt.NDArray[np.float64]


def order_table(pairs: Sequence[Pair], seed: int) -> dict[str, dict[str, float]]:
    """Log-ratios of pairs of word classes, in the answers and in the answers shuffled; only those that are not 0."""
    random = Random(f"{seed}:order")
    shuffled = []
    for pair in pairs:
        words = pair.response.split()
        random.shuffle(words)
        shuffled.append(" ".join(words))
    table, known = lexicon()
    none = np.zeros((len(CLASSES), len(CLASSES)))
    asked = texts(pl.Series([pair.instruction for pair in pairs]))
    real = measure(asked, texts(pl.Series([pair.response for pair in pairs])), table, none, known)[1]
    weights = pair_weights(real, measure(asked, texts(pl.Series(shuffled)), table, none, known)[1], CAP)
    return {
        first: {second: float(weights[i, j]) for j, second in enumerate(CLASSES) if weights[i, j] != 0}
        for i, first in enumerate(CLASSES)
    }


def values_of(pairs: Sequence[tuple[str, str]], order: Matrix) -> Matrix:
    """The signals of (instruction, response), (n, signals)."""
    frame = pl.DataFrame(list(pairs), schema=["instruction", "response"], orient="row")
    return excused(with_views(frame), order).select(**signals()).to_numpy()


def fit(values: Matrix, broken: npt.NDArray[np.bool_], prior: float = PRIOR) -> tuple[float, Matrix]:
    """Bias and weights (0 to `LARGEST`) by weighted logistic regression with a normal prior on the weights.

    Parameters
    ----------
    values : (n, signals). broken : (n,). prior : the weight of all broken rows together; the good ones have the rest.
    """
    from scipy.optimize import minimize  # type: ignore[import-untyped]

    share = np.where(broken, prior / max(broken.sum(), 1), (1 - prior) / max((~broken).sum(), 1)) * len(broken)

    def loss(point: Matrix) -> tuple[float, Matrix]:
        odds = values @ point[1:] + point[0]
        error = share * (1 / (1 + np.exp(-odds)) - broken)
        away = point[1:] - PRIOR_WEIGHT
        value = (share * (np.logaddexp(0, odds) - broken * odds)).sum() + PULL * (away**2).sum()
        return float(value), np.concatenate([[error.sum()], values.T @ error + 2 * PULL * away])

    size = values.shape[1]
    start = np.concatenate([[-4.0], np.full(size, PRIOR_WEIGHT)])
    bounds = [(None, -LARGEST - 0.1), *[(0.0, LARGEST)] * size]
    found = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B", options={"maxiter": 5000})
    if not found.success:
        raise RuntimeError(f"the fit did not converge: {found.message}")
    return float(found.x[0]), found.x[1:]


def training(pairs: Sequence[Pair], seed: int, order: Matrix) -> tuple[Matrix, list[str]]:
    """The signals of all good and broken answers, and the kind of each row (`good` for the good ones)."""
    broken = damaged(pairs, seed, PER_KIND)
    rows = [(p.instruction, p.response) for p in pairs] + [(p.instruction, bad) for _, p, bad in broken]
    return values_of(rows, order), ["good"] * len(pairs) + [name for name, _, _ in broken]


def held_out(values: Matrix, kinds: Sequence[str], family: str) -> tuple[float, Matrix]:
    """Bias and weights fitted without the kinds of one family."""
    keep = np.array([name == "good" or KINDS[name][0] != family for name in kinds])
    return fit(values[keep], np.array([name != "good" for name in kinds])[keep])


def main() -> None:
    """Fit, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--raw", type=Path, default=ROOT.parent / "shared" / "data" / "raw")
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    pairs = good_pairs(args.raw, args.seed)
    table = order_table(pairs, args.seed)
    values, kinds = training(pairs, args.seed, order_of(table))
    broken = np.array([name != "good" for name in kinds])
    bias, weights = fit(values, broken)
    counts = {source: sum(pair.source == source for pair in pairs) for source in LICENCES}
    model: dict[str, Any] = {
        "schema": 1,
        "about": "Damage of a response: log-odds = bias + gate (if one fired) + sum of weight x signal. See README.md.",
        "made_by": f"tools/fit_damage.py --seed {args.seed}",
        "date": "2026-11-21",
        "licence": "Apache-2.0",
        "data": {source: {"what": LICENCES[source], "records": n} for source, n in counts.items()},
        "broken": {"records": int(broken.sum()), "kinds": sorted(KINDS)},
        "prior": PRIOR,
        "bias": round(bias, 3),
        "gate": GATE,
        "weights": {name: round(float(w), 3) for name, w in zip(signals(), weights, strict=True)},
        "order": table,
    }
    PATH.parent.mkdir(parents=True, exist_ok=True)
    PATH.write_text(json.dumps(model, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for name, weight in sorted(model["weights"].items(), key=lambda item: -item[1]):
        print(f"{weight:7.2f}  {name}")
    alarms = (values[~broken] @ weights + bias > 0).mean()
    print(f"bias {bias:.2f}; good answers above one half without gates: {alarms:.2%}")


if __name__ == "__main__":
    main()
