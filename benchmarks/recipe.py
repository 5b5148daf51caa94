"""Whole recipes: ours from raw dumps to a finished set, beside data-juicer with its equivalents of our filters.

    python -m benchmarks.recipe [--data FOLDER] [--share N]

Each command is a process of its own, one after the other: `curate run` with the default recipe, `curate run` with
only the stages that data-juicer has equivalents of, and `dj-process` with those. Ours write a page about the result;
data-juicer has another command for that, so ours run without it, too. All have one thread, since two threads on one
core take more CPU time for the same work. Ours read the raw dumps; data-juicer reads the same records as JSON lines of
one text each, which are written for it beforehand at no charge. `--share N` gives data-juicer every N-th record only,
and the ratio is that per record. Writes `benchmarks/results/recipe.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.dedup import Program, run
from benchmarks.peers.documents import REAL_DATA, SAMPLE, real_texts, write_documents
from benchmarks.peers.environments import RESULTS, ROOT, last_line
from benchmarks.peers.measure import measure

MUST = 10
RECIPE = ROOT / "pipelines" / "lima_1k.yaml"
#: Text length, alphanumeric share and repetition, language, near-duplicates of the whole text.
EQUIVALENT = """\
name: equivalent
seed: 42
stages:
  - stage: length_filter
  - stage: text_stats
  - stage: repetition_filter
  - stage: language
  - stage: language_filter
    keep: [en]
  - stage: minhash_dedup
    on: both
    threshold: 0.7
"""


def ours(recipe: Path, folder: Path, scratch: Path, limit_s: float, *options: str) -> dict[str, Any]:
    """One `curate run` over a folder of dumps, and what it read and kept."""
    out = scratch / "".join((recipe.stem, *options))
    files = sorted(str(path) for path in folder.rglob("*") if path.is_file() and path.suffix != ".md")
    code = "from curate.cli import main; main()"
    arguments = ["run", str(recipe), *files, "--out", str(out), "--threads", "1", "--skip-unknown", *options]
    command = [sys.executable, "-c", code, *arguments]
    cost = measure(command, cwd=ROOT, log=scratch / "log.txt", limit_s=limit_s, environment={"PYTHONPATH": str(ROOT)})
    if cost.exit not in (0, 1):  # 1: done, with findings
        return {"error": last_line(cost.error)} if cost.exit is not None else {"stopped_after_s": round(cost.wall_s)}
    counts = json.loads((out / "manifest.json").read_text("utf-8"))["counts"]
    return {
        "process_cpu_s": round(cost.cpu_s, 1),
        "wall_s": round(cost.wall_s, 1),
        "peak_mb": round(cost.peak_mb),
        "documents": counts["read"],
        "kept": counts["kept"],
    }


def data_juicer(documents: Path, scratch: Path, limit_s: float, *, language: bool) -> dict[str, Any]:
    """One `dj-process`, and how many it kept."""
    program = Program("data_juicer_recipe.py", "data-juicer", {"language": "yes" if language else "no"})
    told = run(program, documents, scratch, limit_s)
    if "rows" not in told:
        return told
    removed = len(told.pop("rows"))
    told.pop("labels")
    count = sum(1 for _ in documents.open("rb"))
    return {**told, "documents": count, "kept": count - removed}


def with_ratios(programs: dict[str, dict[str, Any]]) -> None:
    """Add what data-juicer takes for a document over what ours take, of whole processes."""
    theirs = programs["data-juicer"]
    for name in programs.keys() - {"data-juicer"}:
        if "process_cpu_s" in programs[name] and "process_cpu_s" in theirs:
            each = programs[name]["process_cpu_s"] / programs[name]["documents"]
            programs[name]["ratio"] = round(theirs["process_cpu_s"] / theirs["documents"] / each, 1)
            programs[name]["must"] = MUST


def main() -> None:
    """Run it all and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of dumps (default: ../shared/data/raw, else the sample data)")
    parser.add_argument("--share", type=int, default=1, help="data-juicer gets every N-th record (default: all)")
    parser.add_argument("--limit", type=float, default=1800, help="wall seconds after which a command is stopped")
    parser.add_argument("--out", type=Path, default=RESULTS / "recipe.json")
    options = parser.parse_args()
    folder = options.data or (REAL_DATA if REAL_DATA.is_dir() else SAMPLE)
    texts, source = real_texts(folder)
    result: dict[str, Any] = {
        "date": time.strftime("%Y-%m-%d"),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "source": source,
        "equivalent": EQUIVALENT,
        "programs": {},
    }
    with tempfile.TemporaryDirectory(prefix="curate-bench-") as name:
        scratch = Path(name)
        equivalent = scratch / "equivalent.yaml"
        equivalent.write_text(EQUIVALENT, "utf-8")
        for title, recipe in (("default recipe", RECIPE), ("equivalent stages", equivalent)):
            for row, more in ((title, ()), (f"{title}, no page", ("--no-report",))):
                told = result["programs"][row] = ours(recipe, folder, scratch, options.limit, *more)
                print(f"{row:28} {told}", flush=True)
        documents = scratch / "documents.jsonl"
        write_documents(documents, texts[:200])
        # Whether the model of its language filter can be had shows on a few records.
        tried = data_juicer(documents, scratch, options.limit, language=True)
        write_documents(documents, texts[:: options.share])
        told = data_juicer(documents, scratch, options.limit, language="error" not in tried)
        told["without the language filter"] = tried.get("error")
        result["programs"]["data-juicer"] = told
        print(f"{'data-juicer':20} {told}", flush=True)
    with_ratios(result["programs"])
    options.out.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    print(f"wrote {options.out}")


if __name__ == "__main__":
    main()
