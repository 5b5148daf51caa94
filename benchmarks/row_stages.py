"""How many documents a second each row stage takes on one core, on real records of a given length.

    python benchmarks/row_stages.py [--data ../shared/data/raw] [--rounds 5]

Of the records in the dumps, those are taken whose text (what the stage reads: instruction and response together, or the
response) has within 15% of 300 and of 1,000 characters, 16,384 of each at most, drawn by a seed. Each stage runs on one
thread with its default parameters; the fastest of several rounds in CPU-seconds counts, because all that disturbs a
measurement makes it slower. Prints a table with what is promised, and writes `benchmarks/results/row_stages.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from pathlib import Path

os.environ["POLARS_MAX_THREADS"] = "1"  # read when polars is imported

import polars as pl

from curate.algorithms.parallel import set_threads
from curate.io import discover, read
from curate.registry import stage_class
from curate.stage import Annotator, Filter

ROOT = Path(__file__).resolve().parent.parent
LENGTHS = (300, 1000)
MOST = 16_384
#: Stage: the sides of which the text is made, and the documents a second that are promised, by characters.
STAGES: dict[str, tuple[tuple[str, ...], dict[int, int]]] = {
    "length_filter": (("instruction", "response"), {}),
    "text_stats": (("instruction", "response"), {300: 10_000}),
    "preference": (("instruction", "response"), {}),
    "damage": (("instruction", "response"), {300: 10_000}),
    "refusal_filter": (("instruction", "response"), {}),
    "repetition_filter": (("response",), {300: 10_000}),
    "language": (("instruction", "response"), {1000: 3_000}),
    "task_type": (("instruction", "response"), {300: 5_000, 1000: 5_000}),
}


def records(data: Path) -> pl.DataFrame:
    """All records of the dumps, with `row`."""
    batches = [batch.frame for file in discover([str(data)]).files for batch in read(file)]
    frame = pl.concat(batches).drop("row", strict=False)
    return frame.with_row_index("row").with_columns(pl.col("row").cast(pl.UInt64))


def of_length(frame: pl.DataFrame, sides: tuple[str, ...], chars: int) -> pl.DataFrame:
    """Those of which `sides` have within 15% of `chars` characters."""
    total = pl.sum_horizontal(pl.col(side).str.len_chars().cast(pl.Int64) for side in sides)
    some = frame.filter(total.is_between(0.85 * chars, 1.15 * chars))
    return some.sample(min(MOST, some.height), seed=1).sort("row")


def rate(stage: Annotator | Filter, frame: pl.DataFrame, rounds: int) -> float:
    """Rows per CPU-second, of the fastest round."""
    needed = frame.select("row", "id", *stage.needs())
    stage.apply(needed.head(500))  # compiles kernels and patterns
    seconds = []
    for _ in range(rounds):
        began = time.process_time()
        stage.apply(needed)
        seconds.append(time.process_time() - began)
    return frame.height / min(seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "raw")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if not options.data.is_dir():
        sys.exit(f"{options.data} is not there; name a folder of dumps with --data")
    set_threads(1)
    frame = records(options.data)
    rows = []
    print(f"{'stage':20}{'characters':>11}{'documents':>11}{'per second':>12}{'promised':>10}")
    for name, (sides, promised) in STAGES.items():
        stage = stage_class(name)()
        assert isinstance(stage, Annotator | Filter)
        for chars in LENGTHS:
            some = of_length(frame, sides, chars)
            row = {"stage": name, "characters": chars, "documents": some.height,
                   "per_second": round(rate(stage, some, options.rounds)), "promised": promised.get(chars)}  # fmt: skip
            rows.append(row)
            least = f"{row['promised']:,}" if row["promised"] else ""
            print(f"{name:20}{chars:>11,}{some.height:>11,}{row['per_second']:>12,}{least:>10}", flush=True)
    kept = all(row["per_second"] >= row["promised"] for row in rows if row["promised"])
    result = {
        "python": platform.python_version(),
        "polars": pl.__version__,
        "date": time.strftime("%Y-%m-%d"),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "rounds": options.rounds,
        "promises_kept": kept,
        "stages": rows,
    }
    target = ROOT / "benchmarks" / "results"
    target.mkdir(exist_ok=True)
    (target / "row_stages.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(f"every rate that is promised is reached: {kept}")
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
