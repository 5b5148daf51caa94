"""One machine and a Ray cluster on it: the same job, wall and CPU seconds, and the memory of the largest process.

    python -m benchmarks.cluster real [--data ../shared/data/raw]      the default recipe over the real dumps
    python -m benchmarks.cluster planted [--sizes 200000 2000000]      dedup_only.yaml over planted documents
    python -m benchmarks.cluster planted --sizes 2000000 --words 70 416 --engines local      2.6 GB of them
    python -m benchmarks.cluster k_center [--sizes 200000 1000000]    1,000 of so many drawn vectors, farthest first

A cluster of one node with two cores is started for it (`ray start`), and ended again. The runs on it find it warm, as
one on a standing cluster does, but their worker processes start anew. Memory is that of one process: what it shares
with others (Ray's object store) is left out. Results go into `benchmarks/results/cluster.json`.

Vectors are drawn as in `benchmarks/selection.py`, and lie in parts on the disk before the time begins; `collected` is
Ray, too, with all vectors collected by the command.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import polars as pl
import psutil

from benchmarks.peers.planted import WORDS, planted
from curate.algorithms.parallel import set_threads
from curate.cache import Cache, Part, Table
from curate.encoders import to_series
from curate.engine.base import Engine, Silent
from curate.engine.local import LocalEngine
from curate.stages.select.k_center import KCenter

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "cluster.json"
#: Documents of one planted file; each file has clusters of its own.
FILE = 200_000
#: Rows of a shard.
SHARD = 16_384
OUTPUTS = ("train.jsonl", "examples.parquet", "ledger.parquet", "manifest.json")


@contextmanager
def cluster(folder: Path) -> Iterator[tuple[str, psutil.Process, dict[str, str]]]:
    """A head with two cores: its address, the process above all others of it, and the environment to reach it in."""
    with socket.socket() as probe:
        probe.bind(("", 0))
        port = 20_000 + probe.getsockname()[1] % 10_000
    env = {**os.environ, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(24), "PYTHONPATH": str(ROOT),
           "RAY_USAGE_STATS_ENABLED": "0"}  # fmt: skip
    args = ["start", "--head", "--block", f"--port={port}", "--num-cpus=2", "--object-store-memory=500000000",
            "--include-dashboard=false", f"--temp-dir={folder / 'r'}"]  # fmt: skip
    program = [sys.executable, "-c", "from ray.scripts.scripts import main; main()", *args]
    head = subprocess.Popen(
        program, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        script = "import ray, sys; ray.init(address=sys.argv[1])"
        for _ in range(30):
            answer = subprocess.run([sys.executable, "-c", script, f"127.0.0.1:{port}"], env=env, capture_output=True,
                                    check=False)  # fmt: skip
            if answer.returncode == 0:
                break
        else:
            raise SystemExit(f"the cluster does not start: {answer.stderr.decode()}")
        yield f"127.0.0.1:{port}", psutil.Process(head.pid), env
    finally:
        for process in [*psutil.Process(head.pid).children(recursive=True), psutil.Process(head.pid)]:
            process.kill()
        head.wait()


def family(*tops: psutil.Process) -> list[psutil.Process]:
    return [p for top in tops if top.is_running() for p in (top, *top.children(recursive=True))]


def run(
    args: list[str], env: dict[str, str], also: psutil.Process | None = None, module: str = "curate"
) -> dict[str, Any]:
    """Run `curate` to its end: wall seconds, CPU seconds of it and of `also` with all below, and the largest memory."""
    spent: dict[int, float] = {}
    peak: dict[str, float] = {}
    before = {p.pid: sum(p.cpu_times()[:2]) for p in (family(also) if also else [])}
    began = time.monotonic()
    job = subprocess.Popen([sys.executable, "-m", module, *args], cwd=ROOT, env=env, stdout=subprocess.DEVNULL,
                           stderr=subprocess.PIPE)  # fmt: skip
    top = psutil.Process(job.pid)
    while job.poll() is None:
        for process in family(top, *([also] if also else [])):
            try:
                with process.oneshot():
                    times, memory, line = process.cpu_times(), process.memory_info(), process.cmdline()
            except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
                continue
            spent[process.pid] = times[0] + times[1] - before.get(process.pid, 0)
            kind = "driver" if process.pid == job.pid else "worker" if line and line[0].startswith("ray::") else "ray"
            peak[kind] = max(peak.get(kind, 0), (memory.rss - memory.shared) / 2**20)
        time.sleep(0.1)
    wall = time.monotonic() - began
    told = job.stderr.read().decode() if job.stderr else ""
    if job.returncode not in ({0, 1} if module == "curate" else {0}):
        raise SystemExit(told)
    return {
        "wall_s": round(wall, 1),
        "cpu_s": round(sum(spent.values()), 1),
        "peak_mb": {kind: round(size) for kind, size in peak.items()},
        "steps": [line for line in told.splitlines() if " s" in line[-8:]],
    }


def fingerprint(out: Path) -> str:
    """One hash over the outputs."""
    digest = hashlib.sha256()
    for name in OUTPUTS:
        digest.update(name.encode() + b"\0" + hashlib.sha256((out / name).read_bytes()).digest())
    return digest.hexdigest()[:16]


def both(recipe: Path, data: Path, scratch: Path, engines: list[str], repeats: int) -> dict[str, Any]:
    """The job on each engine, the fastest of some repeats in turns; raises where the bytes differ."""
    found: dict[str, Any] = {}
    prints = set()
    with cluster(scratch) if "ray" in engines else nullcontext(("", None, dict(os.environ))) as (address, head, env):
        for number in range(repeats):
            for engine in engines:
                out = scratch / f"{engine}{number}"
                args = ["run", str(recipe), str(data), "--out", str(out), "--skip-unknown", "--no-report"]
                on = ["--engine", "ray", "--address", address] if engine == "ray" else ["--threads", "2"]
                told = run([*args, *on], env, head if engine == "ray" else None)
                prints.add(fingerprint(out))
                print(engine, json.dumps(told, indent=1), flush=True)
                if engine not in found or told["wall_s"] < found[engine]["wall_s"]:
                    found[engine] = told
                subprocess.run(["rm", "-rf", str(out)], check=True)
    if len(prints) != 1:
        raise SystemExit(f"the results differ: {sorted(prints)}")
    if len(found) > 1:
        found["ratio"] = round(found["ray"]["wall_s"] / found["local"]["wall_s"], 2)
    return {**found, "fingerprint": prints.pop()}


def write_planted(count: int, folder: Path, length: tuple[int, int]) -> Path:
    """`count` planted documents of `length` words as records, in files of `FILE`; the first 20 are the instruction."""
    folder.mkdir(parents=True)
    for number in range(-(-count // FILE)):
        with (folder / f"part-{number:03}.jsonl").open("w", encoding="utf-8") as file:
            for text in planted(min(FILE, count - number * FILE), number, length).texts:
                words = text.split(" ")
                pair = {"instruction": " ".join(words[:20]), "output": " ".join(words[20:])}
                file.write(json.dumps(pair, ensure_ascii=False) + "\n")
    return folder


def write_vectors(count: int, folder: Path) -> None:
    """`count` drawn vectors as a table: parts of 16,384 rows below `folder`."""
    from benchmarks.selection import drawn, quantised

    cache, vectors = Cache(folder), quantised(drawn(count))
    read, ids, more = (cache.step(name) for name in ("read", "ids", "more"))
    for step in (read, ids, more):
        step.start()
    for index, start in enumerate(range(0, count, SHARD)):
        rows = range(start, min(start + SHARD, count))
        frame = pl.DataFrame({"row": pl.Series(rows, dtype=pl.UInt64), "id": [f"{at:016x}" for at in rows]})
        read.write(index, frame.select("row"))
        ids.write(index, frame.select("id"))
        more.write(index, frame.select("row", to_series(vectors[rows.start : rows.stop])))
    for step in (read, ids, more):
        step.finish({})


def choose(folder: Path, count: int, engine: str, address: str, told: Path) -> None:
    """Choose 1,000 of the vectors below `folder`; `told` is where the rounds, and what came here, are written."""
    from curate import farthest_first
    from curate.engine import worker
    from curate.engine.ray import RayEngine, RayShards

    cache = Cache(folder)
    read, ids, more, out = (cache.step(name) for name in ("read", "ids", "more", f"out-{engine}"))
    parts = tuple(Part(read, i, a, min(SHARD, count - a)) for i, a in enumerate(range(0, count, SHARD)))
    table = Table(parts, ids, {"embedding": more})
    came: dict[str, int] = {"rounds": 0, "rows_put_forward": 0, "bytes": 0}
    unpack, collect = worker.unpack, RayShards.collect

    def weighed(data: worker.Packed) -> pl.DataFrame:
        came["bytes"] += data.nbytes
        return unpack(data)

    def counted(rows: RayShards) -> pl.DataFrame:
        frame = collect(rows)
        if "last" in frame.columns:
            came["rounds"] += 1
            came["rows_put_forward"] += frame.height
        return frame

    worker.unpack, RayShards.collect = weighed, counted  # type: ignore[method-assign]
    if engine == "collected":
        farthest_first.HELD = count  # type: ignore[misc]
    runs: Engine = LocalEngine() if engine == "local" else RayEngine(address)
    set_threads(2 if engine == "local" else None)
    runs.run(KCenter(size=1000), table, out, Silent())
    frame = pl.concat([out.read(index) for index in range(len(parts))])
    buffer = io.BytesIO()
    frame.write_ipc(buffer)
    facts = {} if engine == "local" else came
    told.write_text(json.dumps({**facts, "fingerprint": hashlib.sha256(buffer.getvalue()).hexdigest()[:16]}))


def vectors(count: int, scratch: Path) -> dict[str, Any]:
    """1,000 of `count` drawn vectors on each engine; raises where they differ."""
    folder, told = scratch / f"vectors{count}", scratch / "told.json"
    write_vectors(count, folder)
    found: dict[str, Any] = {}
    with cluster(scratch) as (address, head, env):
        for engine in ("local", "ray", "collected"):
            args = [
                "choose",
                "--sizes",
                str(count),
                "--scratch",
                str(folder),
                "--engines",
                engine,
                "--address",
                address,
            ]
            facts = run([*args, "--told", str(told)], env, None if engine == "local" else head, "benchmarks.cluster")
            found[engine] = {**facts, **json.loads(told.read_text())}
            found[engine].pop("steps")
            print(count, engine, json.dumps(found[engine]), flush=True)
    prints = {facts.pop("fingerprint") for facts in found.values()}
    if len(prints) != 1:
        raise SystemExit(f"the results differ: {sorted(prints)}")
    return {**found, "fingerprint": prints.pop(), "load": round(os.getloadavg()[0], 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["real", "planted", "k_center", "choose"])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "raw")
    parser.add_argument(
        "--sizes", type=int, nargs="+", help="default: 200000, and 2000000 documents or 1000000 vectors"
    )
    parser.add_argument("--engines", nargs="+", default=["local", "ray"])
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--words", type=int, nargs=2, default=WORDS, help="least words of a planted document, and most")
    parser.add_argument("--scratch", type=Path, help="where to keep planted documents for the next time")
    parser.add_argument("--address", default="local", help=argparse.SUPPRESS)
    parser.add_argument("--told", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part == "choose":  # what `k_center` runs in a process of its own
        choose(options.scratch, options.sizes[0], options.engines[0], options.address, options.told)
        return
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    with tempfile.TemporaryDirectory() as temporary:
        scratch = Path(temporary)
        if options.part == "real":
            if not options.data.exists():
                raise SystemExit(f"{options.data} is not there; the real dumps are needed")
            results["real"] = both(
                ROOT / "pipelines" / "lima_1k.yaml", options.data, scratch, options.engines, options.repeats
            )
        elif options.part == "k_center":
            for size in options.sizes or [200_000, 1_000_000]:
                results.setdefault("k_center", {})[str(size)] = vectors(size, scratch)
        else:
            for size in options.sizes or [200_000, 2_000_000]:
                low, high = options.words
                name = str(size) if (low, high) == WORDS else f"{size} of {low} to {high} words"
                data = (options.scratch or scratch) / f"planted {name}"
                if not data.exists():
                    write_planted(size, data, (low, high))
                told = both(ROOT / "pipelines" / "dedup_only.yaml", data, scratch, options.engines, options.repeats)
                size_mb = round(sum(path.stat().st_size for path in data.iterdir()) / 2**20)
                results.setdefault("planted", {})[name] = {"mb": size_mb, **told}
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
