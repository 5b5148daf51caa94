"""What the preference score is worth, and how much of it is length.

    python benchmarks/preference.py [--data ../shared/data]

Prints, for each set of comparisons, the accuracy of the shipped weights (cross-validated on PandaLM, which they were
fitted on; as they are elsewhere), of length alone and, for PandaLM, of chance; the rank correlation with length inside
pairs and over a pool of Alpaca records; whether the mean score of 48 models' answers to AlpacaEval ranks the models as
their win rates do; agreement with three ratings of Alpaca; and the speed. Writes `benchmarks/results/preference.json`.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from curate.algorithms.preference_model import shipped  # noqa: E402 - the path is set first
from curate.stages.annotate.preference import Preference  # noqa: E402
from tools.fit_preference import Pairs, held_out, mean, spearman  # noqa: E402


def joined(records: pl.DataFrame) -> list[str]:
    return [f"{a}\n\n{b}" if b else a for a, b in zip(records["instruction"], records["input"], strict=True)]


def scored(instructions: list[str], responses: pl.Series) -> np.ndarray:
    frame = pl.DataFrame({"instruction": instructions, "response": responses})
    return Preference().columns(frame)["preference"].to_numpy()


def auc(scores: np.ndarray, positive: np.ndarray) -> float:
    """The chance that a positive scores above a negative (Mann-Whitney)."""
    ranks = pl.Series(scores).rank().to_numpy()
    n = int(positive.sum())
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * (len(scores) - n)))


def comparisons(path: Path) -> dict[str, Any]:
    records = pl.read_parquet(path)
    weights = shipped().weights
    out: dict[str, Any] = {}
    for source in ("pandalm", "llmeval2", "cherry_gpt4"):
        pairs = Pairs(records.filter(pl.col("source") == source))
        validated = source == "pandalm"
        runs = list(held_out(pairs)) if validated else [pairs.difference @ weights]
        out[source] = {
            "pairs": len(pairs.won),
            "shorter_wins": int((pairs.length * pairs.won < 0).sum()),
            "preference" + (" (cross-validated)" if validated else ""): mean([pairs.figures(s) for s in runs]),
            "length alone": mean([pairs.figures(pairs.length)]),
        }
    return out


def leaderboard(folder: Path) -> dict[str, Any]:
    import csv

    with (folder / "alpaca_eval_leaderboard.csv").open(encoding="utf-8") as lines:
        rates = {row[""]: float(row["win_rate"]) for row in csv.DictReader(lines)}
    answers = pl.read_ndjson(folder / "raw" / "alpaca_eval_outputs.jsonl.gz", infer_schema_length=None)
    answers = answers.with_columns(preference=scored(answers["instruction"].to_list(), answers["output"]))
    answers = answers.with_columns(chars=pl.col("output").str.len_chars())
    means = answers.group_by("generator").agg(pl.col("preference", "chars").mean()).sort("generator")
    means = means.filter(pl.col("generator").is_in(list(rates)))
    truth = np.array([rates[name] for name in means["generator"]])
    return {
        "models": means.height,
        "spearman of mean preference and win rate": round(spearman(means["preference"].to_numpy(), truth), 3),
        "spearman of mean length and win rate": round(spearman(means["chars"].to_numpy(), truth), 3),
    }


def ratings(path: Path) -> dict[str, Any]:
    records = pl.read_parquet(path)
    began = time.process_time()
    scores = scored(joined(records), records["output"])
    spent = time.process_time() - began
    length = records["output"].str.len_chars().cast(pl.Float64).to_numpy()
    sample = records["in_random"].to_numpy()
    out: dict[str, Any] = {
        "records_per_cpu_second": round(records.height / spent),
        "spearman with response characters, over the pool": round(spearman(scores, length), 3),
    }
    for rating in ("claude45", "helpful45", "cherry5"):
        known = sample & records[rating].is_not_null().to_numpy()
        positive = records[rating].fill_null(value=False).to_numpy()[known]
        out[f"auc {rating}"] = {
            "preference": round(auc(scores[known], positive), 3),
            "length": round(auc(length[known], positive), 3),
        }
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    options = parser.parse_args()
    if not options.data.is_dir():
        sys.exit(f"{options.data} is not there; name it with --data")
    results = {
        **comparisons(options.data / "truth" / "preference_pairs.parquet"),
        "alpaca_eval": leaderboard(options.data),
        "alpaca": ratings(options.data / "truth" / "alpaca_ratings.parquet"),
    }
    text = json.dumps(results, indent=2)
    print(text)
    (ROOT / "benchmarks" / "results" / "preference.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
