"""The main job on the real dumps: time, memory, and whether its promises hold.

    python benchmarks/main_job.py [--data ../shared/data/raw] [--recipe pipelines/lima_1k.yaml]

Runs the whole command as a process of its own: fresh with two threads, again from its cache, fresh with one thread,
with the input files given in reverse order, and killed with -9 half-way and rerun. Reports wall and CPU seconds of the
process and its peak resident memory, checks that every run wrote the same bytes, and writes
`benchmarks/results/main_job.json`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def command(recipe: Path, inputs: list[str], out: Path, threads: int) -> list[str]:
    code = "from curate.cli import main; main()"
    args = ["run", str(recipe), *inputs, "--out", str(out), "--threads", str(threads), "--skip-unknown"]
    return [sys.executable, "-c", code, *args]


def timed(args: list[str]) -> dict[str, float | int]:
    """Run to the end; wall and CPU seconds, peak memory in MB, exit code."""
    began = time.monotonic()
    process = subprocess.Popen(args, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - began
    return {
        "wall_s": round(wall, 1),
        "cpu_s": round(usage.ru_utime + usage.ru_stime, 1),
        "peak_mb": round(usage.ru_maxrss / 1024),
        "exit": os.waitstatus_to_exitcode(status),
    }


def fingerprint(out: Path) -> str:
    """One hash over the names and bytes of every output."""
    digest = hashlib.sha256()
    for path in sorted(p for p in out.iterdir() if p.is_file()):
        digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def killed_and_rerun(recipe: Path, inputs: list[str], out: Path) -> dict[str, object]:
    """Kill -9 once half of the steps are done; which of the finished ones were computed again by the rerun?"""
    process = subprocess.Popen(
        command(recipe, inputs, out, 2), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    steps = out / ".curate" / "steps"
    while process.poll() is None and len(list(steps.glob("*/done.json"))) < 15:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    finished = {p.parent.name: p.stat().st_mtime_ns for p in steps.glob("*/done.json")}
    again = timed(command(recipe, inputs, out, 2))
    repeated = [k for k, t in finished.items() if (steps / k / "done.json").stat().st_mtime_ns != t]
    return {"finished_when_killed": len(finished), "of_those_repeated": len(repeated), **again}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "raw")
    parser.add_argument("--recipe", type=Path, default=ROOT / "pipelines" / "lima_1k.yaml")
    options = parser.parse_args()
    if not options.data.is_dir():
        sys.exit(f"{options.data} is not there; name a folder of dumps with --data")
    files = sorted(str(p) for p in options.data.rglob("*") if p.is_file() and p.suffix != ".md")
    results: dict[str, object] = {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "recipe": options.recipe.name,
    }
    with tempfile.TemporaryDirectory(prefix="curate-bench-") as scratch:
        base = Path(scratch)
        runs = {
            "fresh, 2 threads": (files, "a", 2),
            "again, from its cache": (files, "a", 2),
            "fresh, 1 thread": (files, "b", 1),
            "fresh, files in reverse order": (files[::-1], "c", 2),
        }
        prints = {}
        for name, (inputs, folder, threads) in runs.items():
            facts = timed(command(options.recipe, inputs, base / folder, threads))
            prints[name] = fingerprint(base / folder)
            results[name] = {**facts, "bytes": prints[name]}
            print(f"{name:32} {facts}  {prints[name]}", flush=True)
        facts = killed_and_rerun(options.recipe, files, base / "d")
        prints["killed"] = fingerprint(base / "d")
        results["killed with -9, then rerun"] = {**facts, "bytes": prints["killed"]}
        print(f"{'killed with -9, then rerun':32} {facts}  {prints['killed']}")
        manifest = json.loads((base / "a" / "manifest.json").read_text(encoding="utf-8"))
        results["counts"] = manifest["counts"]
        results["same_bytes"] = len(set(prints.values())) == 1
        shutil.rmtree(base, ignore_errors=True)
    print(f"counts {results['counts']}\nsame bytes: {results['same_bytes']}")
    target = ROOT / "benchmarks" / "results"
    target.mkdir(exist_ok=True)
    (target / "main_job.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    sys.exit(0 if results["same_bytes"] else 1)


if __name__ == "__main__":
    main()
