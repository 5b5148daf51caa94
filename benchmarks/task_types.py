"""How often `task_type` names the type that a data set's own labels name, set by set.

    python benchmarks/task_types.py [--data ../shared/data]

No record of Dolly, Auto-J or Code Alpaca was fitted on, so these three are held out by source; of GSM8K and GPTeacher
only the half is taken that was not fitted on, and a record whose instruction happens to be fitted on as well (a
template such as "What is photosynthesis?") is left out everywhere. Prints accuracy and macro-F1 (over the types the set
has) with a type named for each record, beside the rules alone; calibration; what `other` costs; and the speed. Writes
`benchmarks/results/task_types.json`.
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
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from curate.algorithms import task_model  # noqa: E402 - the path is set first
from curate.algorithms.task_rules import TASKS  # noqa: E402
from curate.stages.annotate.task_type import TaskType, evidence  # noqa: E402
from tools.fit_task_type import collect, held_for_training  # noqa: E402

#: Names of types in the labelled file that differ from ours.
NAMES = {"math_reasoning": "math", "roleplay_chat": "roleplay", "planning_advice": "advice"}


def labelled(path: Path) -> pl.DataFrame:
    records = pl.read_parquet(path).filter(pl.col("task") != "").with_columns(pl.col("task").replace(NAMES))
    fitted = [
        source in {"gsm8k", "gpteacher_rp"} and held_for_training(text)
        for source, text in zip(records["source"], records["instruction"], strict=True)
    ]
    text = (
        pl.when(pl.col("input") == "")
        .then("instruction")
        .otherwise(pl.concat_str("instruction", "input", separator="\n\n"))
    )
    return records.filter(~pl.Series(fitted)).select(
        "source", "task", asked="instruction", instruction=text, response="output"
    )


def figures(truth: np.ndarray, found: np.ndarray) -> dict[str, float]:
    """Accuracy, and the mean F1 over the types that occur in the truth."""
    scores = []
    for task in np.unique(truth):
        hit = int(((truth == task) & (found == task)).sum())
        scores.append(2 * hit / (int((truth == task).sum()) + int((found == task).sum())))
    return {"accuracy": round(float((truth == found).mean()), 3), "macro_f1": round(float(np.mean(scores)), 3)}


def calibration(right: np.ndarray, confidence: np.ndarray) -> dict[str, Any]:
    """Expected calibration error in ten bins of equal width (Guo et al. 2017, equation 3), and the bins."""
    place = np.minimum((confidence * 10).astype(int), 9)
    bins = {}
    error = 0.0
    for number in range(10):
        inside = place == number
        if inside.any():
            gap = abs(float(right[inside].mean()) - float(confidence[inside].mean()))
            error += gap * float(inside.mean())
            bins[f"{number / 10:.1f}"] = [
                int(inside.sum()),
                round(float(confidence[inside].mean()), 2),
                round(float(right[inside].mean()), 2),
            ]
    return {"expected_error": round(error, 3), "bins (records, mean confidence, right)": bins}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--weights", type=Path, help="other weights; of Dolly only the half not fitted on is taken")
    parser.add_argument("--dry-run", action="store_true", help="write no file")
    options = parser.parse_args()
    if not options.data.is_dir():
        sys.exit(f"{options.data} is not there; name it with --data")
    fitted = {e.instruction.strip().lower() for e in collect(options.data)}
    records = labelled(options.data / "truth" / "task_labels.parquet")
    records = records.filter(~pl.col("instruction").str.strip_chars().str.to_lowercase().is_in(sorted(fitted)))
    truth, source = records["task"].to_numpy(), records["source"].to_numpy()
    if options.weights:
        model = task_model.read(options.weights)
        task_model.shipped = lambda: model
        records = records.filter(
            [s != "dolly" or not held_for_training(t) for s, t in records.select("source", "asked").iter_rows()]
        )
        truth, source = records["task"].to_numpy(), records["source"].to_numpy()
    TaskType().columns(records.head(10))  # compiles
    began = time.process_time()
    out = TaskType(min_confidence=0).columns(records)
    spent = time.process_time() - began
    found, confidence = out["task_type"].to_numpy(), out["task_confidence"].to_numpy()
    by_rules = np.array(TASKS)[evidence(records["instruction"], records["response"]).rules.argmax(axis=1)]
    held = np.isin(source, ["dolly", "autoj_train", "autoj_test", "codealpaca"])
    groups = {name: source == name for name in dict.fromkeys(source)}
    groups |= {
        "held out by source": held,
        "dolly and autoj": held & (source != "codealpaca"),
        "all": np.full(len(source), True),
    }
    results: dict[str, Any] = {}
    for name, rows in groups.items():
        results[name] = {
            "records": int(rows.sum()),
            "task_type": figures(truth[rows], found[rows]),
            "rules alone": figures(truth[rows], by_rules[rows]),
        }
        print(f"{name:20}", results[name])
    wild = groups["dolly and autoj"]
    results["calibration"] = {
        name: calibration((truth == found)[rows], confidence[rows])
        for name, rows in {"dolly and autoj": wild, "all": groups["all"]}.items()
    }
    named = confidence >= TaskType().min_confidence
    results["other"] = {
        "share": round(float((~named).mean()), 4),
        "right if named": round(float((truth == found)[~named].mean()), 3),
        "accuracy, other counted as wrong": round(float(((truth == found) & named).mean()), 3),
    }
    results["f1 by type"] = {
        str(t): round(
            2 * float(((truth == t) & (found == t)).sum()) / float((truth == t).sum() + (found == t).sum()), 3
        )
        for t in np.unique(truth)
    }
    results["records_per_cpu_second"] = round(records.height / spent)
    print(json.dumps({k: v for k, v in results.items() if k not in groups}, indent=2))
    if not options.dry_run and not options.weights:
        path = ROOT / "benchmarks" / "results" / "task_types.json"
        path.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
