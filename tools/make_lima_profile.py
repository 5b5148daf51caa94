"""Make LIMA's profile for audits: aggregates of its 1,000 training examples, and no text of them.

    PYTHONPATH=. python tools/make_lima_profile.py ../shared/data/truth/lima_train.jsonl

Run it again when a stage that the profile names (`stages`) gives other results than before.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from curate.registry import stage_classes
from curate.report.build import material
from curate.report.findings import style
from curate.report.lima import FILE
from curate.report.material import annotate, encode, sample
from curate.report.shape import quantiles
from curate.report.varied import MEASURES, Context, Cut

#: Sizes at which the measures are taken, and random draws of each.
SIZES = (50, 100, 200, 300, 500, 700, 1000)
DRAWS = 10
#: Measures that need no pool.
ALONE = ("vendi", "nearest", "novelsum_flat", "self_bleu", "distinct_1", "distinct_2", "response_distinct_2", "tasks")


def profile(path: Path) -> dict[str, Any]:
    """The whole profile of the file at `path`."""
    side = material(path, seed=42).chosen
    whole = annotate(side.texts, ("task_type", "language"))
    empty = Context(encode([]), encode([]))
    metrics: dict[str, dict[str, float]] = {key: {} for key in ALONE}
    for size in SIZES:
        draws = [sample(whole, size, seed) for seed in range(1 if size >= whole.height else DRAWS)]
        cuts = [Cut.of(draw) for draw in draws]
        for key in ALONE:
            metrics[key][str(size)] = float(f"{np.mean([MEASURES[key].take(cut, empty) for cut in cuts]):.6g}")
    return {
        "records": whole.height,
        "metrics": metrics,
        "words": {c: quantiles(side.light[c]).model_dump() for c in ("prompt_words", "response_words")},
        "shares": {c: _shares(whole, c) for c in ("task_type", "language")},
        "style": {name: value.value for name, value in style(side).values.items()},
        "stages": {
            column: {"stage": name, "version": cls.version}
            for column in ("task_type", "language")
            for name, cls in stage_classes().items()
            if column in cls.writes
        },
    }


def _shares(frame: pl.DataFrame, column: str) -> dict[str, float]:
    counted = frame[column].value_counts().sort("count", column, descending=[True, False])
    return {value: round(number / frame.height, 4) for value, number in counted.iter_rows()}


if __name__ == "__main__":
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(json.dumps(profile(Path(sys.argv[1])), indent=1) + "\n", encoding="utf-8")
    print(FILE)
