"""Fit the weights of `task_type` on examples whose licence allows shipping them, and write them.

    python tools/fit_task_type.py [--data ../shared/data] [--without-dolly --out FILE]

writes `curate/assets/task_type/weights.npz`. Fitted on: templates and records written for this project
(`tools/task_examples`, `tools/sample`, `tools/sample_source`), labels of our own on self-instruct's seed tasks and
PandaLM's instructions (both Apache-2.0), grade-school problems of GSM8K and role play of GPTeacher (both MIT), and
records of Dolly with their categories (CC BY-SA 3.0, and so are the weights). Nothing is fitted on Auto-J or Code
Alpaca; see the card in `curate/assets/task_type/README.md`.

The rules stay: their sums are a fixed part of the evidence, and what is fitted is the rest (an offset, in the words of
generalised linear models). The same data gives the same weights up to the last unit of an int8.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]

from expand_examples import Example, expand  # noqa: E402

from curate.algorithms.task_features import BUCKETS, GROUPS, Hashed, hashed, values  # noqa: E402 - the path is set first
from curate.algorithms.task_model import FILE, TaskModel, write  # noqa: E402
from curate.algorithms.task_rules import TASKS  # noqa: E402
from curate.stages.annotate.task_type import Seen, evidence  # noqa: E402

Floats = npt.NDArray[np.float64]

COPIES: Final = 5
#: Ridge penalties of the hashed features and of the signs.
WORD_PENALTY: Final = 0.3
SIGN_PENALTY: Final = 4.0
#: The rules' sums are log-odds by judgement; this much of them is taken as given.
RULE_WEIGHT: Final = 0.5
TEMPERATURE: Final = 1.0
#: Added to the bias of a type, by hand: our templates have the types in nearly equal numbers, and dumps do not.
PRIOR: Final = {"advice": -1.0, "creative_writing": 0.4, "summarization": -0.4, "coding": 0.9, "open_qa": 0.3}
#: How many records a source or family counts as.
FAMILY_WEIGHT: Final = 3.0
SOURCE_WEIGHT: Final = {"gsm8k": 40.0, "gpteacher": 40.0}
LABEL_WEIGHT: Final = 2.0
#: Dolly has no category for advice and files it under general questions; at half weight ours keeps its meaning.
DOLLY_WEIGHT: Final = 0.5
SEED: Final = 42


def written() -> list[Example]:
    """The clean records of the sample data: generated families and those written by hand."""
    import make_sample_data  # noqa: F401 - its import registers the families
    from sample.core import Distinct, generate

    kept, _ = generate(Distinct())
    out = [Example(r.task, r.instruction, r.response, f"sample:{r.family}") for r in kept]
    for name in ("en_a", "en_b", "multilingual"):
        path = ROOT / "tools" / "sample_source" / f"{name}.jsonl"
        for number, line in enumerate(path.read_text(encoding="utf-8").strip().split("\n")):
            record = json.loads(line)
            asked = "\n\n".join(t for t in (record["instruction"], record.get("input")) if t)
            out.append(Example(record["task"], asked, record["response"], f"hand:{name}:{number}"))
    return out


def labelled(data: Path) -> list[Example]:
    """Records of other projects that we labelled, or whose source is of one type."""
    labels = json.loads((ROOT / "tools" / "task_examples" / "labels.json").read_text(encoding="utf-8"))
    out = []
    for line in (data / "raw" / "self_instruct_seed_tasks.jsonl").read_text(encoding="utf-8").strip().split("\n"):
        record = json.loads(line)
        if record["id"] in labels["self_instruct"]:
            first = record["instances"][0]
            asked = "\n\n".join(t for t in (record["instruction"], first["input"]) if t)
            out.append(Example(labels["self_instruct"][record["id"]], asked, first["output"], f"label:{record['id']}"))
    pairs = pl.read_parquet(data / "truth" / "preference_pairs.parquet").filter(pl.col("source") == "pandalm")
    for record in pairs.unique(["instruction", "input"], keep="first", maintain_order=True).iter_rows(named=True):
        key = hashlib.sha256(f"{record['instruction']}\n\n{record['input']}".encode()).hexdigest()[:16]
        if key in labels["pandalm"]:
            asked = "\n\n".join(t for t in (record["instruction"], record["input"]) if t)
            best = record["r1"] if record["label"] == 1 else record["r2"]
            out.append(Example(labels["pandalm"][key], asked, best, f"label:{key}"))
    return out


def of_one_type(data: Path) -> list[Example]:
    """GSM8K and GPTeacher role play; the half of each whose hash is odd, so that the other half can be tested on."""
    out: list[Example] = []
    for name, task in (
        ("gsm8k", "math"),
        ("gpteacher", "roleplay"),
    ):
        path = data / "raw" / {"gsm8k": "gsm8k_train.json", "gpteacher": "gpteacher_roleplay.json"}[name]
        records = json.loads(path.read_text(encoding="utf-8"))
        texts = [(r["instruction"], r["input"], r["output"]) for r in records]
        chosen = sorted(t for t in texts if held_for_training(t[0]))[:400]
        out.extend(Example(task, "\n\n".join(t for t in part[:2] if t), part[2], name) for part in chosen)
    return out


def of_dolly(data: Path) -> list[Example]:
    """The records of Dolly in the labelled file (CC BY-SA 3.0), by the type that their category stands for."""
    records = pl.read_parquet(data / "truth" / "task_labels.parquet").filter(pl.col("source") == "dolly")
    return [
        Example(r["task"], "\n\n".join(t for t in (r["instruction"], r["input"]) if t), r["output"], f"dolly:{number}")
        for number, r in enumerate(records.iter_rows(named=True))
    ]


def held_for_training(text: str) -> bool:
    """Whether a record of a foreign set may be fitted on: the hash of its instruction is odd."""
    return hashlib.sha256(text.encode()).digest()[0] % 2 == 1


def weights_of(examples: list[Example]) -> Floats:
    """How much each example counts: a template or family counts as a few records, however many it yields."""
    size = Counter(e.family for e in examples)
    most = {"sample": FAMILY_WEIGHT, "label": LABEL_WEIGHT, "dolly": DOLLY_WEIGHT}
    return np.array(
        [SOURCE_WEIGHT.get(e.family, most.get(e.family.split(":")[0], 1.0)) / size[e.family] for e in examples]
    )


def inverse_frequency(features: Hashed) -> npt.NDArray[np.float32]:
    """ln((1 + n) / (1 + df)) + 1 of each column (scikit-learn's smooth idf), 0 where fewer than two texts have it."""
    count = (len(features.starts) - 1) // GROUPS
    frequency = np.bincount(features.columns, minlength=BUCKETS)
    idf = np.where(frequency < 2, 0.0, np.log((1 + count) / (1 + frequency)) + 1)
    return idf.astype(np.float16).astype(np.float32)


def fit(seen: Seen, features: Hashed, tasks: list[str], weight: Floats) -> TaskModel:
    """Multinomial logistic regression with the rules as offset, by L-BFGS."""
    from scipy.optimize import minimize  # type: ignore[import-untyped]
    from scipy.sparse import csr_matrix  # type: ignore[import-untyped]

    idf = inverse_frequency(features)
    matrix = csr_matrix(
        (values(features, idf), features.columns, features.starts[::GROUPS]), shape=(len(tasks), BUCKETS)
    )
    used = np.flatnonzero(idf)
    words = matrix[:, used].tocsr()
    signs = seen.signs.astype(np.float64)
    truth = np.array([TASKS.index(t) for t in tasks])
    k, w, s = len(TASKS), len(used), signs.shape[1]
    offset = seen.rules * RULE_WEIGHT
    rows = np.arange(len(tasks))
    back = words.T.tocsr()

    def loss(flat: Floats) -> tuple[float, Floats]:
        a, b, c = np.split(flat, [w * k, (w + s) * k])
        a, b = a.reshape(w, k), b.reshape(s, k)
        z = offset + words @ a + signs @ b + c
        z = z - z.max(axis=1, keepdims=True)
        p = np.exp(z)
        total = p.sum(axis=1)
        value = float((weight * (np.log(total) - z[rows, truth])).sum())
        value += 0.5 * (WORD_PENALTY * float((a * a).sum()) + SIGN_PENALTY * float((b * b).sum()))
        p = p / total[:, None]
        p[rows, truth] -= 1
        p *= weight[:, None]
        return value, np.concatenate(
            [(back @ p + WORD_PENALTY * a).ravel(), (signs.T @ p + SIGN_PENALTY * b).ravel(), p.sum(axis=0)]
        )

    found = minimize(
        loss, np.zeros((w + s + 1) * k), jac=True, method="L-BFGS-B", options={"maxiter": 80, "maxcor": 20}
    )
    a, b, c = np.split(found.x, [w * k, (w + s) * k])
    dense = np.zeros((BUCKETS, k))
    dense[used] = a.reshape(w, k)
    step = float(np.abs(dense).max()) / 127
    c = c + np.array([PRIOR.get(task, 0.0) for task in TASKS])
    return TaskModel(np.rint(dense / step).astype(np.int8), step, idf, b.reshape(s, k), c, RULE_WEIGHT, TEMPERATURE, "")


def see(examples: list[Example]) -> tuple[Seen, Hashed]:
    """What the classifier sees of the examples."""
    seen = evidence(
        pl.Series([e.instruction for e in examples], dtype=pl.String),
        pl.Series([e.response for e in examples], dtype=pl.String),
    )
    return seen, hashed(seen.requests, seen.openings, seen.context)


def collect(data: Path, *, dolly: bool = True) -> list[Example]:
    """All examples that the shipped weights are fitted on; `dolly=False` leaves out the share-alike ones."""
    ours = [*expand(COPIES), *written(), *labelled(data), *of_one_type(data)]
    return ours + of_dolly(data) if dolly else ours


def fitted(examples: list[Example]) -> TaskModel:
    """The model that these examples give."""
    return fit(*see(examples), [e.task for e in examples], weights_of(examples))


def main() -> None:
    """Fit on all and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--out", type=Path, default=FILE, help="where to write the weights")
    parser.add_argument(
        "--without-dolly", action="store_true", help="fit on permissively licensed records alone, for a file of yours"
    )
    options = parser.parse_args()
    if options.without_dolly and options.out.resolve() == FILE.resolve():
        parser.error("--without-dolly needs --out: the package's own weights are fitted on Dolly too")
    examples = collect(options.data, dolly=not options.without_dolly)
    write(options.out, fitted(examples))
    facts: dict[str, Any] = {
        "examples": len(examples),
        "families": len({e.family for e in examples}),
        "by type": dict(sorted(Counter(e.task for e in examples).items())),
        "bytes": options.out.stat().st_size,
        "sha256": hashlib.sha256(options.out.read_bytes()).hexdigest(),
    }
    print(json.dumps(facts, indent=2))


if __name__ == "__main__":
    main()
