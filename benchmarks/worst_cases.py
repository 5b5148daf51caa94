"""Whether the worst inputs take time in proportion to their size: CPU seconds at twice the size over those at once.

    python benchmarks/worst_cases.py [--scale 1.0] [--case NAME]

Each case is a file that is made, run through a recipe in a process of its own at n and at 2n, three times each by
turns; the fastest run of each counts, less that of a run over one record. Prints a table, writes
`benchmarks/results/worst_cases.json`, and fails where a ratio is 2.6 or more.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIMIT = 2.6

Records = Iterator[dict[str, object]]


def pair(question: str, answer: str) -> dict[str, object]:
    return {"instruction": question, "output": answer}


def identical(n: int) -> Records:
    """The same record again and again."""
    for _ in range(n):
        yield pair("Say why the sea is salty.", "Rivers carry salts that they wash out of rock, and the water leaves.")


def giant_cluster(n: int) -> Records:
    """Each a near-duplicate of each other one: forty words of which one is exchanged."""
    words = [f"word{i}" for i in range(60)]
    for i in range(n):
        mine = words.copy()
        mine[i % 60] = f"other{i}"
        yield pair(f"Question {i % 7}.", " ".join(mine))


def boilerplate(n: int) -> Records:
    """The same page around a text of its own: all alike, none alike enough."""
    rng = random.Random(1)
    page = [f"page{i}" for i in range(75)]
    for i in range(n):
        yield pair(f"Page {i}", " ".join([*page, *(f"own{rng.randrange(10**9)}" for _ in range(20))]))


def long_conversation(n: int) -> Records:
    """One conversation of n turns."""
    turns = [{"role": "user" if i % 2 == 0 else "assistant", "content": f"turn {i}"} for i in range(max(n, 2) // 2 * 2)]
    yield {"messages": turns}


def regex_bait(n: int) -> Records:
    """One text of n characters for each of some runs that patterns could go over again and again."""
    baits = ["a", " ", "a ", "\n", "```\n", "<", "[", "((", "1,", "- ", '"', "\\", "As an AI ", "&lt;", "é", "\u200b"]
    for bait in baits:
        yield pair("Go on.", bait * (n // len(bait)))


CASES: dict[str, tuple[Callable[[int], Records], int, str]] = {
    "identical": (identical, 50_000, "dedup_only"),
    "giant_cluster": (giant_cluster, 50_000, "dedup_only"),
    "boilerplate": (boilerplate, 5_000, "dedup_only"),
    "long_conversation": (long_conversation, 500_000, "dedup_only"),
    "regex_bait": (regex_bait, 1_000_000, "lima_1k"),
}


def cpu(records: Records, recipe: str) -> float:
    """CPU seconds of one run."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "in.jsonl"
        with path.open("w", encoding="utf-8") as file:
            for record in records:
                file.write(json.dumps(record, ensure_ascii=False) + "\n")
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        pipeline = Path(folder) / "pipeline.yaml"
        text = (ROOT / "pipelines" / f"{recipe}.yaml").read_text(encoding="utf-8")
        # Texts so long would be dropped before any pattern sees them.
        text = text.replace("  - stage: length_filter\n", "")
        pipeline.write_text(f"read: {{max_record_bytes: {2**30}}}\n{text}", encoding="utf-8")
        out = Path(folder) / "out"
        command = [sys.executable, "-m", "curate", "run", str(pipeline), str(path), "--out", str(out), "--no-report"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode not in (0, 1) or not (out / "manifest.json").exists() or "rejected 0" not in done.stderr:
            sys.exit(done.stderr)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def fastest(make: Callable[[int], Records], size: int, recipe: str) -> float:
    """CPU seconds of the fastest of three runs."""
    return min(cpu(make(size), recipe) for _ in range(3))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--case", action="append", choices=sorted(CASES))
    options = parser.parse_args()
    rows: dict[str, dict[str, float | int | str]] = {}
    print(f"{'case':20}{'n':>10}{'CPU s at n':>12}{'at 2n':>9}{'ratio':>8}")
    for name in options.case or CASES:
        make, usual, recipe = CASES[name]
        n = int(usual * options.scale)
        start, once, twice = (fastest(make, size, recipe) for size in (1, n, 2 * n))
        once, twice = max(once - start, 0.001), max(twice - start, 0.001)
        row = {"recipe": recipe, "n": n, "start_s": start, "n_s": once, "2n_s": twice, "ratio": twice / once}
        rows[name] = {key: round(value, 3) if isinstance(value, float) else value for key, value in row.items()}
        print(f"{name:20}{n:>10,}{once:>12.2f}{twice:>9.2f}{twice / once:>8.2f}")
    target = ROOT / "benchmarks" / "results"
    target.mkdir(exist_ok=True)
    result = {"cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1), "limit": LIMIT, "cases": rows}
    (target / "worst_cases.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    sys.exit(any(float(row["ratio"]) >= LIMIT for row in rows.values()))


if __name__ == "__main__":
    main()
