"""How well `damage` tells broken from good: known kinds, kinds held out of training, and false alarms.

    python benchmarks/damage.py [--data ../shared/data] [--seed 11]

Prints areas under the ROC curve and rates, and writes `benchmarks/results/damage.json`. None of the records judged here
was fitted on.

- known kinds: `truth/damage.parquet`, the good answers against the broken ones of each kind, and of all.
- held-out kinds: the same good answers, broken in the ways of `tools/damage_kinds.py`; for each family of kinds the
  weights are fitted anew without that family. Gates are as shipped; `signals only` leaves them out.
- false alarms: `damage_filter`'s defaults on the clean odd examples (`tools/clean_odd.py`), LIMA's and Dolly's
  answers and on the good answers of `damage.parquet`.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from sklearn.metrics import roc_auc_score

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from clean_odd import examples  # noqa: E402
from damage_data import good_pairs  # noqa: E402
from damage_kinds import KINDS, Pair, damaged  # noqa: E402
from fit_damage import held_out, training  # noqa: E402

from curate.damage.model import DamageModel, load, log_odds  # noqa: E402
from curate.damage.signals import signals  # noqa: E402
from curate.stages.annotate.damage import Damage  # noqa: E402
from curate.stages.filter.damage_filter import DamageFilter  # noqa: E402

Texts = Sequence[tuple[str, str]]
TARGETS = {"known": (0.95, 0.97), "held_out": (0.85, 0.90), "alarms": (0.03, 0.01)}


def texts_frame(texts: Texts) -> pl.DataFrame:
    columns = pl.DataFrame(list(texts), schema={"instruction": pl.String, "response": pl.String}, orient="row")
    return columns.with_row_index("row").with_columns(pl.col("row").cast(pl.UInt64))


def judged(texts: Texts) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Gates and signals of each pair."""
    return Damage().evidence(texts_frame(texts))


def odds(seen: tuple[pl.DataFrame, pl.DataFrame], model: DamageModel) -> np.ndarray[Any, np.dtype[np.float64]]:
    return log_odds(seen[1], seen[0], model).to_numpy()


def auc(good: Any, bad: Any) -> float:
    truth = np.concatenate([np.zeros(len(good)), np.ones(len(bad))])
    return round(float(roc_auc_score(truth, np.concatenate([good, bad]))), 4)


def alarms(texts: Texts) -> float:
    frame = texts_frame(texts)
    marked = frame.join(Damage().apply(frame), on="row", maintain_order="left")
    return round(float((~DamageFilter().apply(marked)["keep"]).mean()), 4)  # type: ignore[arg-type]


def known_kinds(data: Path) -> tuple[list[tuple[str, str]], dict[str, list[tuple[str, str]]]]:
    pairs = pl.read_parquet(data / "truth/damage.parquet")
    asked = [f"{a}\n\n{b}" if b else a for a, b in zip(pairs["instruction"], pairs["input"], strict=True)]
    good = list(dict.fromkeys(zip(asked, pairs["good"], strict=True)))
    bad: dict[str, list[tuple[str, str]]] = {}
    for kind, instruction, response in zip(pairs["kind"], asked, pairs["bad"], strict=True):
        bad.setdefault(kind, []).append((instruction, response))
    return good, bad


def held_out_kinds(data: Path, good: Texts, seed: int) -> dict[str, dict[str, float]]:
    """For each kind of ours: AUC of weights fitted without its family, with gates and without, and as shipped."""
    model = load()
    values, kinds = training(good_pairs(data / "raw", 7), 7, model.order)
    pairs = [Pair(instruction, response, "alpaca") for instruction, response in good]
    made = damaged(pairs, seed, 200)
    clean = judged(good)
    nothing = clean[0].select(pl.lit(None, dtype=pl.String).alias(c) for c in clean[0].columns)
    out = {}
    for family in dict.fromkeys(family for family, _ in KINDS.values()):
        bias, weights = held_out(values, kinds, family)
        blind = replace(model, bias=bias, weights=dict(zip(signals(), weights.tolist(), strict=True)))
        for name in (name for name, (own, _) in KINDS.items() if own == family):
            broken = judged([(pair.instruction, bad) for kind, pair, bad in made if kind == name])
            if broken[0].is_empty():
                continue  # no good answer can be broken in this way: none has a code block, or another language
            bare = nothing.head(1).select(pl.all().repeat_by(broken[0].height).explode())
            out[name] = {
                "held_out": auc(odds(clean, blind), odds(broken, blind)),
                "signals_only": auc(odds((nothing, clean[1]), blind), odds((bare, broken[1]), blind)),
                "shipped": auc(odds(clean, model), odds(broken, model)),
            }
    return out


def mean(values: Sequence[float]) -> float:
    return round(float(np.mean(values)), 4)


def report(data: Path, seed: int = 11) -> dict[str, Any]:
    """All figures; the main ones first."""
    good, bad = known_kinds(data)
    model = load()
    clean = odds(judged(good), model)
    broken = {kind: odds(judged(texts), model) for kind, texts in bad.items()}
    held = held_out_kinds(data, good, seed)
    lima = [json.loads(line) for line in (data / "truth/lima_train.jsonl").read_text("utf-8").splitlines()]
    dolly = [json.loads(line) for line in (data / "raw/dolly_1k5.jsonl").read_text("utf-8").splitlines()]
    odd = examples()
    everything = [*good, *(pair for texts in bad.values() for pair in texts)]
    began = time.process_time()
    Damage().apply(texts_frame(everything))
    return {
        "known_auc": auc(clean, np.concatenate(list(broken.values()))),
        "held_out_auc": mean([row["held_out"] for row in held.values()]),
        "held_out_auc_signals_only": mean([row["signals_only"] for row in held.values()]),
        "odd_alarms": alarms([(one.instruction, one.response) for one in odd]),
        "odd_examples": len(odd),
        "odd_alarms_second_look": alarms([(o.instruction, o.response) for o in odd if o.category == "second_look"]),
        "good_alarms": {
            "alpaca": alarms(good),
            "lima": alarms([(row["instruction"], row["output"]) for row in lima]),
            "dolly": alarms([(f"{r['instruction']}\n\n{r['context']}".strip(), r["response"]) for r in dolly]),
        },
        "known_by_kind": {kind: auc(clean, values) for kind, values in sorted(broken.items())},
        "held_out_by_kind": held,
        "records_per_cpu_second": round(len(everything) / (time.process_time() - began)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--seed", type=int, default=11)
    args = parser.parse_args()
    if not args.data.is_dir():
        sys.exit(f"{args.data}: the real data is not here")
    found = report(args.data, args.seed)
    rows = [
        ("known kinds, AUC", found["known_auc"], TARGETS["known"]),
        ("kinds held out of training, mean AUC", found["held_out_auc"], TARGETS["held_out"]),
        ("false alarms on clean odd examples", found["odd_alarms"], TARGETS["alarms"]),
    ]
    for label, value, (must, aim) in rows:
        print(f"{label:<40} {value:.4f}   must {must}  aim {aim}")
    for kind, value in found["known_by_kind"].items():
        print(f"  known     {kind:<24} {value:.3f}")
    for kind, row in found["held_out_by_kind"].items():
        print(
            f"  held out  {kind:<24} {row['held_out']:.3f}  signals only {row['signals_only']:.3f}"
            f"  shipped {row['shipped']:.3f}"
        )
    print(f"  alarms on good answers {found['good_alarms']}, second look {found['odd_alarms_second_look']}")
    print(f"  {found['records_per_cpu_second']:,} records per CPU second")
    out = ROOT / "benchmarks" / "results" / "damage.json"
    out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
