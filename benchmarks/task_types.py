"""How often `task_type` names the type that a data set's own labels name, held out by source and by record.

    python benchmarks/task_types.py [--data ../shared/data]

*By source*: the model that names a set's types was fitted on no record of that set. For Dolly, GSM8K and GPTeacher a
model is fitted on all the others; on Auto-J and Code Alpaca nothing is ever fitted, so the shipped weights name them.

*By record*: Dolly's records are cut into five folds, near-duplicates in the same one, and each fold is named by a model
that was fitted on the other four. Of GSM8K and GPTeacher that half is named which is never fitted on. Auto-J and Code
Alpaca as before. *Other records of Dolly* are those of the raw dump that are not among the labelled ones; they are
named by the shipped weights and, *held out by source*, by weights that are fitted without Dolly. With `--vectors`,
models that see an encoder's vector of the opening as well are tried by source on Dolly and Auto-J.

In each case the records are left out that nearly repeat an example which the model was fitted on: words in common over
words of either, at least 0.6 (Jaccard). Prints accuracy and macro-F1 (over the types the set has) with a type named for
each record, beside the rules alone; calibration; what `other` costs; and the speed. Writes
`benchmarks/results/task_types.json`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from curate.algorithms.task_features import Hashed  # noqa: E402
from curate.algorithms.task_model import TaskModel, shipped  # noqa: E402 - the path is set first
from curate.algorithms.task_rules import TASKS  # noqa: E402
from curate.encoders import get_encoder  # noqa: E402
from curate.stages.annotate.task_type import Seen, TaskType  # noqa: E402
from tools.expand_examples import Example  # noqa: E402
from tools.fit_task_type import (  # noqa: E402
    collect,
    fit,
    fitted,
    held_for_training,
    of_dolly,
    see,
    weights_of,
)

#: Names of types in the labelled file that differ from ours.
NAMES: Final = {"math_reasoning": "math", "roleplay_chat": "roleplay", "planning_advice": "advice"}
#: The types that Dolly's categories stand for, as in the labelled file.
CATEGORIES: Final = {"information_extraction": "extraction", "general_qa": "open_qa"}
NEAR: Final = 0.6
FOLDS: Final = 5
WORDS: Final = r"(?u)\w+"
#: Encoders whose vectors are tried as further evidence, and the length of a vector beside signs of 0 and 1.
ENCODERS: Final = ("static", "minilm")
LENGTH: Final = 3.0


def labelled(path: Path) -> pl.DataFrame:
    """source, task, instruction (with its input), response of each labelled record."""
    records = pl.read_parquet(path).filter(pl.col("task") != "").with_columns(pl.col("task").replace(NAMES))
    return records.select("source", "task", asked="instruction", instruction=_whole("input"), response="output")


def other_dolly(data: Path, known: pl.DataFrame) -> pl.DataFrame:
    """The records of the raw dump of Dolly that are not among the labelled ones."""
    lines = (data / "raw" / "dolly_1k5.jsonl").read_text(encoding="utf-8").splitlines()
    records = pl.DataFrame([json.loads(line) for line in lines])
    return records.select(
        source=pl.lit("other records of dolly"),
        task=pl.col("category").replace(CATEGORIES),
        asked="instruction",
        instruction=_whole("context"),
        response="response",
    ).filter(~pl.col("asked").is_in(known["asked"].implode()))


def _whole(beside: str) -> pl.Expr:
    joined = pl.concat_str("instruction", beside, separator="\n\n")
    return pl.when(pl.col(beside) == "").then("instruction").otherwise(joined)


def near(texts: list[str], others: list[str]) -> Any:
    """Which of `others` nearly repeat which of `texts`, a sparse Boolean matrix (len(texts), len(others))."""
    from scipy.sparse import vstack
    from sklearn.feature_extraction.text import CountVectorizer

    counter = CountVectorizer(binary=True, token_pattern=WORDS).fit([*texts, *others])
    a, b = counter.transform(texts), counter.transform(others).T.tocsr()
    size_a, size_b = np.asarray(a.sum(axis=1)).ravel(), np.asarray(b.sum(axis=0)).ravel()
    parts = []
    for low in range(0, len(texts), 500):
        shared = (a[low : low + 500] @ b).tocoo()
        either = size_a[low + shared.row] + size_b[shared.col] - shared.data
        shared.data = shared.data >= NEAR * either
        shared.eliminate_zeros()
        parts.append(shared.tocsr())
    return vstack(parts).tocsr()


def unseen(records: pl.DataFrame, examples: list[Example]) -> pl.DataFrame:
    """The records that nearly repeat none of the examples."""
    repeats = near(records["asked"].to_list(), [e.instruction for e in examples])
    return records.filter(np.asarray(repeats.sum(axis=1)).ravel() == 0)


def folds(records: pl.DataFrame) -> np.ndarray:
    """The fold of each record, by a hash of the first of its near-duplicates, so that those share one."""
    from scipy.sparse.csgraph import connected_components

    texts = records["asked"].to_list()
    groups = connected_components(near(texts, texts), directed=False)[1]
    first: dict[int, str] = {}
    for group, text in sorted(zip(groups.tolist(), texts, strict=True)):
        first.setdefault(group, text)
    return np.array([hashlib.sha256(first[group].encode()).digest()[0] % FOLDS for group in groups.tolist()])


def named(records: pl.DataFrame, model: TaskModel) -> pl.DataFrame:
    """The records with `found`, the most probable type, `sure`, its probability, and `ruled`, what the rules say."""
    seen, features = see([Example(*row, "") for row in records.select("task", "instruction", "response").iter_rows()])
    probability = model.probabilities(features, seen.signs, seen.rules)
    types = np.array(TASKS)
    return records.with_columns(
        found=pl.Series(types[probability.argmax(axis=1)].tolist(), dtype=pl.String),
        sure=pl.Series(probability.max(axis=1)),
        ruled=pl.Series(types[seen.rules.argmax(axis=1)].tolist(), dtype=pl.String),
    )


def by_source(records: pl.DataFrame, data: Path) -> pl.DataFrame:
    """Each set, named by a model that none of its records was fitted for."""
    every = collect(data)
    families = {"dolly": "dolly", "gsm8k": "gsm8k", "gpteacher_rp": "gpteacher"}
    out = []
    for (source,), part in records.group_by("source", maintain_order=True):
        examples = [e for e in every if e.family.split(":")[0] != families.get(str(source))]
        model = shipped() if len(examples) == len(every) else fitted(examples)
        out.append(named(unseen(part, examples), model))
    return pl.concat(out)


def by_record(records: pl.DataFrame, data: Path) -> pl.DataFrame:
    """Each set, named by models that were fitted on other records, some of the same set."""
    ours, theirs = collect(data, dolly=False), of_dolly(data)
    dolly = records.filter(source="dolly")
    fold = folds(dolly)
    out = []
    for number in range(FOLDS):
        examples = ours + [e for e, mine in zip(theirs, fold.tolist(), strict=True) if mine != number]
        out.append(named(unseen(dolly.filter(fold == number), ours), fitted(examples)))
    halves = [
        s != "dolly" and not (s in {"gsm8k", "gpteacher_rp"} and held_for_training(t))
        for s, t in records.select("source", "asked").iter_rows()
    ]
    return pl.concat([*out, named(unseen(records.filter(halves), ours + theirs), shipped())])


def by_source_with_vectors(records: pl.DataFrame, data: Path, spec: str) -> dict[str, Any]:
    """Dolly and Auto-J, named by a model fitted on neither, which also sees the encoder's vector of the opening.

    The vectors, of length `LENGTH`, stand beside the signs and are penalised as they are.
    """
    examples = collect(data, dolly=False)
    encoder = get_encoder(spec)

    def seen_by(part: list[Example]) -> tuple[Seen, Hashed]:
        seen, features = see(part)
        vectors = encoder.encode(seen.openings).astype(np.float64)
        vectors *= LENGTH / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
        return seen._replace(signs=np.concatenate([seen.signs.astype(np.float64), vectors], axis=1)), features

    model = fit(*seen_by(examples), [e.task for e in examples], weights_of(examples))
    wanted = (pl.col("source") == "dolly") | pl.col("source").str.starts_with("autoj")
    part = unseen(records.filter(wanted), examples)
    seen, features = seen_by([Example(*row, "") for row in part.select("task", "instruction", "response").iter_rows()])
    best = model.probabilities(features, seen.signs, seen.rules).argmax(axis=1)
    part = part.with_columns(found=pl.Series(np.array(TASKS)[best].tolist(), dtype=pl.String))
    sets = {"dolly": part.filter(source="dolly"), "autoj": part.filter(pl.col("source") != "dolly")}
    return {name: {"records": one.height, **figures(one, "found")} for name, one in sets.items()}


def figures(part: pl.DataFrame, column: str) -> dict[str, float]:
    """Accuracy, and the mean F1 over the types that occur in the truth."""
    truth, found = part["task"].to_numpy(), part[column].to_numpy()
    scores = []
    for task in np.unique(truth):
        hit = int(((truth == task) & (found == task)).sum())
        scores.append(2 * hit / (int((truth == task).sum()) + int((found == task).sum())))
    return {"accuracy": round(float((truth == found).mean()), 3), "macro_f1": round(float(np.mean(scores)), 3)}


def calibration(part: pl.DataFrame) -> dict[str, Any]:
    """Expected calibration error in ten bins of equal width (Guo et al. 2017, equation 3), and the bins."""
    right, confidence = (part["task"] == part["found"]).to_numpy(), part["sure"].to_numpy()
    place = np.minimum((confidence * 10).astype(int), 9)
    bins = {}
    error = 0.0
    for number in range(10):
        inside = place == number
        if inside.any():
            sure, share = float(confidence[inside].mean()), float(right[inside].mean())
            error += abs(share - sure) * float(inside.mean())
            bins[f"{number / 10:.1f}"] = [int(inside.sum()), round(sure, 2), round(share, 2)]
    return {"expected_error": round(error, 3), "bins (records, mean confidence, right)": bins}


def summary(name: str, records: pl.DataFrame) -> dict[str, Any]:
    """What came of one way to hold out, set by set and over all."""
    autoj = records.filter(pl.col("source").str.starts_with("autoj"))
    parts = {str(key[0]): part for key, part in records.group_by("source", maintain_order=True)}
    sets = {**parts, "dolly and autoj": pl.concat([parts["dolly"], autoj]), "all": records}
    out: dict[str, Any] = {}
    for source, part in sets.items():
        out[source] = {
            "records": part.height,
            "task_type": figures(part, "found"),
            "rules alone": figures(part, "ruled"),
        }
        print(f"{name:12}{source:18}{out[source]}", flush=True)
    out["calibration"] = {"dolly": calibration(parts["dolly"]), "all": calibration(records)}
    least = TaskType().min_confidence
    sure, right = pl.col("sure") >= least, pl.col("task") == pl.col("found")
    other = records.select(share=(~sure).mean(), right=right.filter(~sure).mean(), counted=(right & sure).mean()).row(
        0, named=True
    )
    out["other"] = {
        "share": round(other["share"], 4),
        "right if named": None if other["right"] is None else round(other["right"], 3),
        "accuracy, other counted as wrong": round(other["counted"], 3),
    }
    out["f1 by type"] = {
        task: round(2 * tp / (records.filter(task=task).height + records.filter(found=task).height), 3)
        for task in sorted(set(records["task"]))
        for tp in [records.filter(task=task, found=task).height]
    }
    return out


def speed(records: pl.DataFrame) -> int:
    """Records a second of processor time, of the labelled sets as they are."""
    TaskType().columns(records.head(10))  # compiles
    began = time.process_time()
    TaskType().columns(records)
    return round(records.height / (time.process_time() - began))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument(
        "--vectors", action="store_true", help="try the vectors of encoders as further evidence too (minutes)"
    )
    options = parser.parse_args()
    if not options.data.is_dir():
        sys.exit(f"{options.data} is not there; name it with --data")
    records = labelled(options.data / "truth" / "task_labels.parquet")
    results: dict[str, Any] = {
        "held out by source": summary("by source", by_source(records, options.data)),
        "held out by record": summary("by record", by_record(records, options.data)),
    }
    others = named(unseen(other_dolly(options.data, records), collect(options.data)), shipped())
    results["other records of dolly"] = {
        "records": others.height,
        "task_type": figures(others, "found"),
        "rules alone": figures(others, "ruled"),
        "calibration": calibration(others),
    }
    print("other records of dolly", results["other records of dolly"])
    known = collect(options.data, dolly=False)
    strict = named(unseen(other_dolly(options.data, records), known), fitted(known))
    results["other records of dolly, held out by source"] = {
        "records": strict.height,
        "task_type": figures(strict, "found"),
        "calibration": calibration(strict),
    }
    print("other records of dolly, held out by source", figures(strict, "found"), flush=True)
    if options.vectors:
        results["held out by source, with vectors"] = {
            spec: by_source_with_vectors(records, options.data, spec) for spec in ENCODERS
        }
        print("with vectors", results["held out by source, with vectors"], flush=True)
    results["records_per_cpu_second"] = speed(records)
    print(f"{results['records_per_cpu_second']:,} records a second of processor time")
    path = ROOT / "benchmarks" / "results" / "task_types.json"
    path.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
