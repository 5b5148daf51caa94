"""Choosing by vectors: time against the plain loop and against peers, and what the choices are worth.

    python -m benchmarks.selection [--centres 1000000 --pool 200000 --held 10000 --naive-steps 200]
    python -m benchmarks.selection --centres 50000 --pool 20000 --held 2000 --size 200     (a short run)

All in one run, each library of linear algebra on one thread, CPU seconds of the process. The peers (apricot-select,
submodlib-py, semhash) live in environments of their own (`benchmarks/peers/environments.py`); one that is not installed
is reported as such. Vectors are drawn: clusters of unequal size with a spectrum that falls, as that of texts does. The
diversity table needs `../shared/data/truth`. Writes `benchmarks/results/selection.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"  # before numpy is loaded: a second thread that waits counts as work

import numpy as np  # noqa: E402 - after the lines above

from benchmarks.peers.environments import RESULTS, ROOT, last_line, python_of  # noqa: E402

PROGRAMS = ROOT / "benchmarks" / "peers" / "programs"
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


def naive_k_center(vectors: np.ndarray, size: int, first: int) -> tuple[list[int], dict[str, Any], dict[str, Any]]:
    """The plain loop: all distances to each new centre, one product of a matrix and a vector at each step.

    Returns the sequence, and the times of the preparation and of the loop.
    """
    before: dict[str, Any] = {}
    loop: dict[str, Any] = {}
    with timed(before):
        wide = vectors.astype(np.float32)
        squared = np.einsum("ij,ij->i", wide, wide).astype(np.float64)
        near, order = np.full(len(wide), 2.0), [first]
        near[first] = -1
    with timed(loop):
        while len(order) < size:
            at = order[-1]
            # Exact dot products; divided as `curate` divides them, so that near ties fall the same way.
            cosine = (wide @ wide[at]) / np.sqrt(squared * squared[at])
            np.minimum(near, np.maximum(1 - cosine, 0), out=near)
            near[at] = -1
            order.append(int(np.argmax(near)))
    return order, before, loop


def k_center_table(n: int, size: int, steps: int) -> dict[str, Any]:
    """Ours in full; of the naive loop `steps` centres, each of which takes the same time."""
    from curate.algorithms.k_center import k_center

    vectors = quantised(drawn(n))
    k_center(vectors[:2000], 5, first=0)
    ours: dict[str, Any] = {}
    with timed(ours):
        found = k_center(vectors, size, first=0)
    ours["share_of_products"] = round(found.products / (n * size), 4)
    order, before, loop = naive_k_center(vectors, steps, 0)
    scale = (size - 1) / (steps - 1)
    plain = {key: round(before[key] + loop[key] * scale, 2) for key in before}
    if steps < size:
        plain |= {"centres_run": steps, "cpu_s_run": round(before["cpu_s"] + loop["cpu_s"], 2)}
    return {
        "points": n,
        "size": size,
        "curate": ours,
        "naive loop": plain,
        "same_sequence": order == found.order[:steps].tolist(),
        "times_faster": round(plain["cpu_s"] / max(ours["cpu_s"], 0.01), 1),
    }


def objective(unit: np.ndarray, order: Any) -> float:
    """Mean over all points of the highest cosine to a chosen one (0 at least), of the float vectors."""
    chosen = unit[np.asarray(order)].T
    return float(np.mean([np.maximum(unit[a : a + 2048] @ chosen, 0).max(1).sum() for a in range(0, len(unit), 2048)])
                 * -(-len(unit) // 2048) / len(unit))  # fmt: skip


def peer(name: str, program: str, *arguments: str, out: Path) -> dict[str, Any]:
    """What a program says in the interpreter of the peer's environment; a failure is reported as such."""
    if not python_of(name).exists():
        return {"error": f"{name} is not installed; see benchmarks/results/peers.json"}
    command = [str(python_of(name)), str(PROGRAMS / program), *arguments, str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"error": last_line(done.stderr)}
    facts: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return {k: round(v, 2) if isinstance(v, float) else v for k, v in facts.items()}


def facility_table(n: int, held: int, size: int) -> dict[str, Any]:
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
        np.save(Path(folder) / "vectors.npy", unit[:held].astype(np.float64))
        for name in ("apricot-select", "submodlib-py"):
            arguments = (name, f"{folder}/vectors.npy", str(size))
            theirs = peer(name, "facility_location.py", *arguments, out=Path(folder) / f"{name}.json")
            if "cpu_s" in theirs:
                theirs["objective"] = round(objective(unit[:held], theirs.pop("order")), 5)
                theirs["times_slower"] = round(theirs["cpu_s"] / small["cpu_s"], 1)
                theirs["our_objective_over_theirs"] = round(small["objective"] / theirs["objective"], 5)
            out[f"{name}, lazy"] = theirs
    ground = np.sort(np.argsort(hash64((f"{i:08x}" for i in range(n)), 42), kind="stable")[:8192])
    # Mirzasoleiman et al. (2015): pool / size * ln(1 / eps), with eps = 0.01.
    for name, candidates in (("exact", None), ("stochastic", round(n / size * np.log(100)))):
        facts: dict[str, Any] = {"candidates": candidates}
        with timed(facts):
            found = facility_location(vectors, size, ground=vectors[ground], candidates=candidates)
        facts["objective"] = round(objective(unit, found.order), 5)
        out[f"curate, all points, {name}"] = facts
    return out


def partitions_table(n: int, size: int) -> dict[str, Any]:
    """Coverage of drawn points, and of the real pool, where the choice is made in partitions first."""
    import polars as pl

    from curate.encoders import get_encoder, to_series
    from curate.stages.select.facility_location import FacilityLocation
    from tests.helpers import run_stage

    def in_partitions(vectors: np.ndarray, unit: np.ndarray, size: int, counts: tuple[int, ...]) -> dict[str, Any]:
        ids = [f"{i:016x}" for i in range(len(vectors))]
        frame = pl.DataFrame({"row": pl.Series(range(len(ids)), dtype=pl.UInt64), "id": ids})
        frame = frame.with_columns(to_series(vectors).alias("embedding"))
        out: dict[str, Any] = {"points": len(ids), "size": size}
        for count in (None, *counts):
            facts: dict[str, Any] = {}
            with timed(facts):
                kept = run_stage(FacilityLocation(size=size, wording=0.0, partitions=count), frame)["keep"].to_numpy()
            facts["objective"] = round(objective(unit, np.flatnonzero(kept)), 5)
            facts["of_all_at_once"] = round(facts["objective"] / out.get("1", facts)["objective"], 4)
            out[str(count or 1)] = facts
        return out

    unit = drawn(n)
    out = {"drawn": in_partitions(quantised(unit), unit, size, (4, 16, 64))}
    if POOL.exists():
        vectors = get_encoder("static").encode(pl.read_parquet(POOL)["instruction"].to_list())
        real = vectors / np.maximum(np.linalg.norm(vectors.astype(np.float32), axis=1, keepdims=True), 1)
        out["real"] = in_partitions(vectors, real, size, (4, 16))
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


def dedup_table(n: int, threshold: float = 0.9) -> dict[str, Any]:
    """Ours on all points, and beside semhash on a quarter of them, with what either leaves or drops wrongly."""
    from curate.algorithms.leaders import leaders

    unit = drawn(n, seed=3)
    vectors = quantised(unit)
    leaders(vectors[:500], np.arange(500), threshold)
    facts: dict[str, Any] = {"points": n, "threshold": threshold}
    with timed(facts):
        found = leaders(vectors, np.arange(n), threshold)
    facts["kept"] = int((found.leader == np.arange(n)).sum())
    facts["cosines_computed_per_pair"] = round(found.exact / (n * (n - 1) / 2), 6)
    part = n // 4
    ours: dict[str, Any] = {}
    with timed(ours):
        lead = leaders(vectors[:part], np.arange(part), threshold).leader
    ours |= survivors(unit[:part], np.flatnonzero(lead == np.arange(part)), threshold)
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "vectors.npy", unit[:part])
        arguments = (f"{folder}/vectors.npy", str(threshold))
        theirs = peer("semhash", "semhash_dedup.py", *arguments, out=Path(folder) / "semhash.json")
    if "cpu_s" in theirs:
        theirs |= survivors(unit[:part], np.array(theirs.pop("kept")), threshold)
        theirs["times_slower"] = round(theirs["cpu_s"] / ours["cpu_s"], 1)
    return facts | {"side by side": {"points": part, "curate": ours, "semhash": theirs}}


def survivors(unit: np.ndarray, kept: np.ndarray, threshold: float) -> dict[str, int]:
    """How many stay; how many of these have another one beyond the threshold; how many are gone without such a one.

    By the vectors as they are, and clearly: ours are rounded to int8, which moves a cosine by some thousandths.
    """
    gone = np.setdiff1d(np.arange(len(unit)), kept)
    chosen = unit[kept].T

    def above(rows: np.ndarray, least: float, itself: int) -> int:
        parts = (unit[rows[a : a + 1024]] @ chosen for a in range(0, len(rows), 1024))
        return sum(int(((part > least).sum(1) > itself).sum()) for part in parts)

    return {
        "kept": len(kept),
        "kept_with_a_duplicate": above(kept, threshold + 0.005, 1),
        "dropped_without_one": len(gone) - above(gone, threshold - 0.005, 0),
    }


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
    parser.add_argument("--centres", type=int, default=1_000_000, help="points of k-center")
    parser.add_argument("--pool", type=int, default=200_000, help="points of facility location and semantic_dedup")
    parser.add_argument("--held", type=int, default=10_000, help="points that the peers are given")
    parser.add_argument("--size", type=int, default=1000, help="points to choose")
    parser.add_argument("--naive-steps", type=int, default=200, help="centres that the naive loop chooses at that size")
    options = parser.parse_args()
    from curate.algorithms.parallel import set_threads

    set_threads(1)
    tables: dict[str, Callable[[], dict[str, Any]]] = {
        "facility_location": lambda: facility_table(options.pool, options.held, options.size),
        "partitions": lambda: partitions_table(3 * options.pool // 10, 3 * options.size // 10),
        "int8": lambda: int8_table(options.held, options.size),
        "semantic_dedup": lambda: dedup_table(options.pool),
        "diversity": diversity_table,
        "k_center": lambda: k_center_table(options.centres, options.size, min(options.naive_steps, options.size)),
        "k_center, naive loop in full": lambda: k_center_table(options.centres // 10, options.size, options.size),
    }
    RESULTS.mkdir(exist_ok=True)
    results: dict[str, Any] = {
        "date": time.strftime("%Y-%m-%d"),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "threads": 1,
    }
    for name, table in tables.items():
        if name == "diversity" and not POOL.exists():
            results[name] = "not run: ../shared/data/truth is not there"
        else:
            results[name] = table()
        print(name, json.dumps(results[name], indent=2), flush=True)
        (RESULTS / "selection.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
