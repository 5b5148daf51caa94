"""Choosing by vectors: time against the plain loop and against peers, and what the choices are worth.

    python benchmarks/selection.py [--peers /path/to/venv/bin/python] [--centres 1000000 --pool 200000 --held 10000]
    python benchmarks/selection.py --centres 50000 --pool 20000 --held 2000 --size 200     (a short run)

All in one run, each library of linear algebra on one thread, CPU seconds of the process. The peers (apricot-select,
submodlib-py) live in an environment of their own; without `--peers` they are reported as not run. Vectors are
drawn: clusters of unequal size with a spectrum that falls, as that of texts does. The diversity table needs
`../shared/data/truth`. Writes `benchmarks/results/selection.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # before numpy is loaded: a second thread that waits counts as work

import numpy as np  # noqa: E402 - after the lines above

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
POOL = ROOT.parent / "shared" / "data" / "truth" / "pool_diversity.parquet"


@contextmanager
def timed(facts: dict[str, Any]) -> Iterator[None]:
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    facts["wall_s"] = round(time.perf_counter() - wall, 2)
    facts["cpu_s"] = round(time.process_time() - cpu, 2)


def drawn(n: int, d: int = 256, seed: int = 0) -> np.ndarray:
    """float32 (n, d) unit vectors in 2,000 clusters of unequal size and width."""
    rng = np.random.default_rng(seed)
    spectrum = (np.arange(1, d + 1) ** -0.5).astype(np.float32)
    centres = rng.normal(size=(2000, d)).astype(np.float32) * spectrum
    out = np.empty((n, d), dtype=np.float32)
    for start in range(0, n, 50_000):
        count = min(50_000, n - start)
        middle = centres[np.minimum(rng.zipf(1.3, count) - 1, 1999)]
        noise = rng.normal(size=(count, d)).astype(np.float32) * spectrum
        part = middle + noise * rng.uniform(0.2, 1.2, (count, 1)).astype(np.float32)
        out[start : start + count] = part / np.linalg.norm(part, axis=1, keepdims=True)
    return out


def quantised(unit: np.ndarray) -> np.ndarray:
    from curate.encoders import quantise

    return np.concatenate([quantise(unit[a : a + 50_000]) for a in range(0, len(unit), 50_000)])


def naive_k_center(vectors: np.ndarray, size: int, first: int) -> list[int]:
    """The plain loop: all distances to each new centre, one product of a matrix and a vector at each step."""
    wide = vectors.astype(np.float32)
    squared = np.einsum("ij,ij->i", wide, wide).astype(np.float64)
    near, order = np.full(len(wide), 2.0), [first]
    near[first] = -1
    while len(order) < size:
        at = order[-1]
        # Exact dot products; divided as `curate` divides them, so that near ties fall the same way.
        cosine = (wide @ wide[at]) / np.sqrt(squared * squared[at])
        np.minimum(near, np.maximum(1 - cosine, 0), out=near)
        near[at] = -1
        order.append(int(np.argmax(near)))
    return order


def k_center_table(n: int, size: int) -> dict[str, Any]:
    from curate.algorithms.k_center import k_center

    vectors = quantised(drawn(n))
    k_center(vectors[:2000], 5, first=0)
    ours: dict[str, Any] = {}
    with timed(ours):
        found = k_center(vectors, size, first=0)
    ours["share_of_products"] = round(found.products / (n * size), 4)
    plain: dict[str, Any] = {}
    with timed(plain):
        order = naive_k_center(vectors, size, 0)
    return {
        "points": n,
        "size": size,
        "curate": ours,
        "naive loop": plain,
        "same_sequence": order == found.order.tolist(),
        "times_faster": round(plain["cpu_s"] / ours["cpu_s"], 1),
    }


def objective(unit: np.ndarray, order: Any) -> float:
    """Mean over all points of the highest cosine to a chosen one (0 at least), of the float vectors."""
    chosen = unit[np.asarray(order)].T
    return float(np.mean([np.maximum(unit[a : a + 2048] @ chosen, 0).max(1).sum() for a in range(0, len(unit), 2048)])
                 * -(-len(unit) // 2048) / len(unit))  # fmt: skip


def peer(python: str, name: str, unit: np.ndarray, size: int, scratch: Path) -> dict[str, Any]:
    """What the peer's own interpreter says; a failure is reported as such."""
    np.save(scratch / "vectors.npy", unit.astype(np.float64))
    program = str(ROOT / "benchmarks" / "peers_facility_location.py")
    out = scratch / f"{name}.json"
    command = [python, program, name, str(scratch / "vectors.npy"), str(size), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"failed": done.stderr.strip().splitlines()[-1:]}
    facts: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    order = facts.pop("order")
    return {k: round(v, 2) if isinstance(v, float) else v for k, v in facts.items()} | {
        "objective": round(objective(unit, order), 5)
    }


def facility_table(n: int, held: int, size: int, python: str | None) -> dict[str, Any]:
    from curate.algorithms.coverage import hash64
    from curate.algorithms.facility_location import facility_location

    unit = drawn(n, seed=1)
    vectors = quantised(unit)
    facility_location(vectors[:500], 5)
    out: dict[str, Any] = {"held": held, "points": n, "size": size}
    small: dict[str, Any] = {}
    with timed(small):
        order = facility_location(vectors[:held], size).order
    small["objective"] = round(objective(unit[:held], order), 5)
    out["curate, what peers hold"] = small
    with tempfile.TemporaryDirectory() as folder:
        for name in ("apricot", "submodlib"):
            theirs = peer(python, name, unit[:held], size, Path(folder)) if python else {"not run": "no --peers"}
            if "cpu_s" in theirs:
                theirs["times_slower"] = round(theirs["cpu_s"] / small["cpu_s"], 1)
                theirs["our_objective_over_theirs"] = round(small["objective"] / theirs["objective"], 5)
            out[f"{name}, lazy"] = theirs
    ground = np.sort(np.argsort(hash64((f"{i:08x}" for i in range(n)), 42), kind="stable")[:8192])
    # Mirzasoleiman et al. (2015): pool / size * ln(1 / eps), with eps = 0.01.
    for name, candidates in (("exact", None), ("stochastic", round(n / size * np.log(100)))):
        facts: dict[str, Any] = {"candidates": candidates}
        with timed(facts):
            found = facility_location(vectors, size, ground=ground, candidates=candidates)
        facts["objective"] = round(objective(unit, found.order), 5)
        out[f"curate, all points, {name}"] = facts
    return out


def float_greedy(unit: np.ndarray, size: int) -> list[int]:
    """Plain lazy greedy on float32 cosines that are never rounded."""
    table = np.maximum(unit @ unit.T, 0)
    cover, bound = np.zeros(len(unit), np.float32), table.sum(1).astype(np.float64)
    order: list[int] = []
    for _ in range(size):
        fresh = np.zeros(len(unit), dtype=bool)
        while not fresh[at := int(np.argmax(bound))]:
            top = np.argpartition(-bound, 31)[:32]
            bound[top] = np.maximum(table[top] - cover, 0).sum(1)
            bound[order] = -1
            fresh[top] = True
        order.append(at)
        np.maximum(cover, table[at], out=cover)
        bound[at] = -1
    return order


def int8_table(n: int, size: int) -> dict[str, Any]:
    from curate.algorithms.facility_location import facility_location

    unit = drawn(n, seed=2)
    exact = objective(unit, float_greedy(unit, size))
    rounded = objective(unit, facility_location(quantised(unit), size).order)
    return {"points": n, "size": size, "float32": round(exact, 6), "int8": round(rounded, 6),
            "int8_over_float32": round(rounded / exact, 6)}  # fmt: skip


def dedup_table(n: int) -> dict[str, Any]:
    from curate.algorithms.leaders import leaders

    vectors = quantised(drawn(n, seed=3))
    leaders(vectors[:500], np.arange(500), 0.9)
    facts: dict[str, Any] = {"points": n, "threshold": 0.9}
    with timed(facts):
        found = leaders(vectors, np.arange(n), 0.9)
    facts["kept"] = int((found.leader == np.arange(n)).sum())
    facts["cosines_computed_per_pair"] = round(found.exact / (n * (n - 1) / 2), 6)
    return facts


def diversity_table(size: int = 1000) -> dict[str, Any]:
    """Templates that a choice holds (a random one: the mean of ten), and the mean highest cosine to it."""
    import polars as pl

    from curate.encoders import get_encoder, to_series
    from curate.stages.select.facility_location import FacilityLocation
    from curate.stages.select.k_center import KCenter
    from tests.helpers import run_stage

    pool = pl.read_parquet(POOL)
    vectors = get_encoder("static").encode(pool["instruction"].to_list())
    ids = [f"{i:016x}" for i in range(pool.height)]
    columns = {
        "row": pl.int_range(pool.height, dtype=pl.UInt64, eager=True),
        "id": ids,
        "embedding": to_series(vectors),
    }
    frame = pl.DataFrame({**columns, "instruction": pool["instruction"]})
    unit = vectors / np.maximum(np.linalg.norm(vectors.astype(np.float32), axis=1, keepdims=True), 1)

    def facts(chosen: np.ndarray) -> dict[str, Any]:
        found = pool["template"].gather(chosen).drop_nulls()
        return {
            "templates": found.n_unique(),
            "coverage": round(objective(unit, chosen), 4),
            "of_templates": len(found),
        }

    draws = [facts(np.random.default_rng(s).permutation(pool.height)[:size]) for s in range(10)]
    out: dict[str, Any] = {"random": {key: round(sum(d[key] for d in draws) / 10, 4) for key in draws[0]}}
    stages: dict[str, Any] = {f"facility_location, wording {w}": FacilityLocation(size=size, wording=w)
                              for w in (0.0, 0.02, 0.05, 0.1, 0.2)}  # fmt: skip
    for name, stage in {**stages, "k_center": KCenter(size=size)}.items():
        out[name] = facts(np.flatnonzero(run_stage(stage, frame)["keep"].to_numpy()))
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", help="python of the environment that has apricot-select and submodlib-py")
    parser.add_argument("--centres", type=int, default=1_000_000, help="points of k-center")
    parser.add_argument("--pool", type=int, default=200_000, help="points of facility location and semantic_dedup")
    parser.add_argument("--held", type=int, default=10_000, help="points that the peers are given")
    parser.add_argument("--size", type=int, default=1000, help="points to choose")
    options = parser.parse_args()
    from curate.algorithms.parallel import set_threads

    set_threads(1)
    tables: dict[str, Callable[[], dict[str, Any]]] = {
        "facility_location": lambda: facility_table(options.pool, options.held, options.size, options.peers),
        "int8": lambda: int8_table(options.held, options.size),
        "semantic_dedup": lambda: dedup_table(options.pool),
        "diversity": diversity_table,
        "k_center": lambda: k_center_table(options.centres, options.size),
    }
    target = ROOT / "benchmarks" / "results"
    target.mkdir(exist_ok=True)
    results: dict[str, Any] = {"python": platform.python_version(), "threads": 1}
    for name, table in tables.items():
        if name == "diversity" and not POOL.exists():
            results[name] = "not run: ../shared/data/truth is not there"
        else:
            results[name] = table()
        print(name, json.dumps(results[name], indent=2), flush=True)
        (target / "selection.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
