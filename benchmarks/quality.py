"""What the default recipe chooses, against free ways to choose as many, on pools whose damage and templates are known.

    python benchmarks/quality.py [--data ../shared/data/truth] [--recipe lima_1k]

*pool_damaged*: 10,229 records of which 2,100 were damaged on purpose and 1,000 are planted near-duplicates. Of the
1,000 that each way chooses: the share that is damaged; pairs of an original and its planted duplicate, both chosen; and
how well the clean records are covered (mean highest cosine to a chosen one, by the static encoder), over what facility
location alone reaches on the same pool. *pool_diversity*: 19,229 records; how many of their 212 templates are among the
1,000, which says how diverse they are. What is known of a pool is hidden from the recipe.

The ways: the recipe; facility location alone; random (mean of five seeds); the longest responses; the highest
preference; and DEITA's way (highest score first, passed over if too similar to one chosen), as the recipe `deita_like`.

10,000 records of *pool_diversity* end in the mark `<|endoftext|>`, which the recipe's gates take for damage: as it is,
it keeps none of them and covers no template. So it stands there twice, the second time with the option that the run
hints at, `read: {end_of_text: ["<|endoftext|>"]}`. So does `deita_like`; the other ways look for no damage.

Prints a table and writes `benchmarks/results/quality.json`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from curate import Pipeline
from curate.encoders import encode, get_encoder

ROOT = Path(__file__).resolve().parent.parent
SIZE = 1000
SEEDS = (1, 2, 3, 4, 5)
MARK = "<|endoftext|>"

ALONE: list[dict[str, Any]] = [{"stage": "embedding"}, {"stage": "facility_location", "size": SIZE}]
TOP: list[dict[str, Any]] = [{"stage": "preference"}, {"stage": "top_sample", "size": SIZE, "by": "preference"}]


@dataclass(frozen=True)
class Pool:
    """A pool's file as the recipe sees it, and what is known of each of its lines."""

    path: Path
    known: pl.DataFrame


def pool(source: Path, folder: Path, known: list[str]) -> Pool:
    frame = pl.read_parquet(source)
    path = folder / f"{source.stem}.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for row in frame.select("instruction", "input", "output").iter_rows(named=True):
            file.write(json.dumps({k: v or "" for k, v in row.items()}, ensure_ascii=False) + "\n")
    return Pool(path, frame.select(*known).with_columns(line=pl.int_range(1, frame.height + 1)))


def chosen(pool: Pool, plan: Pipeline, folder: Path) -> list[int]:
    """The lines that a pipeline chooses."""
    result = plan.run(str(pool.path), out=folder / "out")
    return [int(line) for line in pl.read_parquet(result.out / "examples.parquet")["line"]]


def ways(recipe: str, folder: Path) -> dict[str, list[Pipeline]]:
    """Each way as pipelines, one for each seed that it is averaged over."""

    def of(name: str, stages: list[dict[str, Any]], seed: int = 42) -> Pipeline:
        path = folder / f"{name}.yaml"
        path.write_text(json.dumps({"name": name, "seed": seed, "stages": stages}), encoding="utf-8")
        return Pipeline.from_yaml(path)

    def shipped(name: str, **read: Any) -> Pipeline:
        return Pipeline.from_yaml(ROOT / "pipelines" / f"{name}.yaml", size=SIZE, **read)

    return {
        recipe: [shipped(recipe)],
        f"{recipe}, marks off": [shipped(recipe, end_of_text=(MARK,))],
        "facility location alone": [of("alone", ALONE)],
        "random": [of(f"random{seed}", [{"stage": "random_sample", "size": SIZE}], seed) for seed in SEEDS],
        "longest": [shipped("longest_1k")],
        "highest preference": [of("top", TOP)],
        "deita_like": [shipped("deita_like")],
        "deita_like, marks off": [shipped("deita_like", end_of_text=(MARK,))],
    }


def vectors(pool: Pool) -> np.ndarray:
    """Of each line's instruction with its input, float32 of shape (lines, 256), unit length."""
    records = [json.loads(line) for line in pool.path.read_text(encoding="utf-8").splitlines()]
    texts = ["\n\n".join(filter(None, (r["instruction"], r["input"]))) for r in records]
    found = encode(get_encoder("static"), texts).astype(np.float32)
    return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)


def covered(space: np.ndarray, clean: np.ndarray, lines: list[int]) -> float:
    """The mean over clean records of the highest cosine to a chosen one."""
    mine = space[np.array(lines) - 1]
    best = [float((space[part] @ mine.T).max(axis=1).sum()) for part in np.array_split(clean, 20)]
    return sum(best) / len(clean)


def damaged_pool(pool: Pool, plans: dict[str, list[Pipeline]], folder: Path) -> dict[str, dict[str, float]]:
    kind = pool.known["kind"].to_list()
    pair = pool.known["pair_id"].to_list()
    broken = {i + 1 for i, what in enumerate(kind) if what not in ("ok", "dup")}
    clean = np.array([i for i, what in enumerate(kind) if what == "ok"])
    space = vectors(pool)
    rows: dict[str, dict[str, float]] = {}
    for name, several in plans.items():
        shares, pairs, cover, sizes = [], [], [], []
        for plan in several:
            lines = chosen(pool, plan, folder / f"damaged-{name}-{len(sizes)}")
            of_pair: dict[object, set[bool]] = {}
            for line in lines:
                of_pair.setdefault(pair[line - 1], set()).add(kind[line - 1] == "dup")
            shares.append(len(broken & set(lines)) / len(lines))
            pairs.append(sum(len(both) == 2 for both in of_pair.values()))
            cover.append(covered(space, clean, lines))
            sizes.append(len(lines))
        mean = statistics.mean
        rows[name] = {"size": mean(sizes), "damaged": mean(shares), "pairs": mean(pairs), "coverage": mean(cover)}
    alone = rows["facility location alone"]["coverage"]
    for row in rows.values():
        row["coverage_ratio"] = row["coverage"] / alone
    return rows


def diversity_pool(pool: Pool, plans: dict[str, list[Pipeline]], folder: Path) -> dict[str, dict[str, float]]:
    template = pool.known["template"].to_list()
    rows: dict[str, dict[str, float]] = {}
    for name, several in plans.items():
        found = []
        for number, plan in enumerate(several):
            lines = chosen(pool, plan, folder / f"diversity-{name}-{number}")
            found.append(len({template[line - 1] for line in lines} - {None}))
        rows[name] = {"templates": statistics.mean(found)}
    for row in rows.values():
        row["over_random"] = row["templates"] / rows["random"]["templates"]
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "truth")
    parser.add_argument("--recipe", default="lima_1k")
    options = parser.parse_args()
    if not options.data.is_dir():
        sys.exit(f"{options.data} is not there; name the folder of the pools with --data")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        plans = ways(options.recipe, folder)
        damaged = damaged_pool(pool(options.data / "pool_damaged.parquet", folder, ["kind", "pair_id"]), plans, folder)
        diverse = diversity_pool(pool(options.data / "pool_diversity.parquet", folder, ["template"]), plans, folder)
    print(f"{'way':26}{'size':>7}{'damaged':>9}{'pairs':>7}{'coverage':>10}{'ratio':>7}{'templates':>11}{'ratio':>7}")
    for name, row in damaged.items():
        other = diverse[name]
        print(
            f"{name:26}{row['size']:>7,.0f}{row['damaged']:>9.2%}{row['pairs']:>7.1f}{row['coverage']:>10.4f}"
            f"{row['coverage_ratio']:>7.3f}{other['templates']:>11.1f}{other['over_random']:>7.3f}"
        )
    rounded = {
        name: {key: round(value, 4) for key, value in {**row, **diverse[name]}.items()} for name, row in damaged.items()
    }
    target = ROOT / "benchmarks" / "results" / "quality.json"
    target.write_text(json.dumps({"recipe": options.recipe, "ways": rounded}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
