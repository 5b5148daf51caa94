"""Near-duplicates: `minhash_dedup` and five other programs on the same documents, against exact truth.

    python -m benchmarks.dedup [--data FOLDER] [--documents N] [--sizes 10000,100000,1000000] [--programs curate,…]

Every program is given the same documents, normalised so that all find the same words (`benchmarks/peers/documents.py`),
word 5-grams, 128 permutations and the threshold 0.7; all else is its own default. Each runs as a process of its own,
one after the other, the slowest for five minutes. Then the libraries once more on the documents as they are, where
finding the words is part of the work of each. Truth is a prefix-filter join
(`benchmarks/peers/truth.py`). Writes `benchmarks/results/dedup.json` after each program.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.peers.documents import MIN_WORDS, normalised, real_texts, write_documents
from benchmarks.peers.environments import RESULTS, ROOT, last_line, python_of
from benchmarks.peers.measure import measure
from benchmarks.peers.planted import planted
from benchmarks.peers.truth import Truth, exact_truth, removal_scores

SCRIPTS = ROOT / "benchmarks" / "peers" / "programs"
THRESHOLD = Fraction(7, 10)
#: Offline and without progress bars; two threads, the cores of the machine that the goals were set on.
ENVIRONMENT = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_DISABLE_PROGRESS_BARS": "1", "PYTHONPATH": str(ROOT),
               "OMP_NUM_THREADS": "2", "RAYON_NUM_THREADS": "2", "TOKENIZERS_PARALLELISM": "false",
               # data-juicer installs what it misses while it runs; here it has to do with what its list names.
               "UV_OFFLINE": "1", "UV_NO_CACHE": "1", "PIP_NO_INDEX": "1"}  # fmt: skip


#: Jobs of fewer CPU seconds are measured twice.
SHORT_S = 30.0

Keep = Callable[[dict[str, dict[str, Any]]], None]


def ignore(_: dict[str, dict[str, Any]]) -> None:
    """Keep no results that are not final."""


@dataclass(frozen=True)
class Program:
    """A script and the peer whose environment it runs in (None: the toolkit's own).

    `options` are the script's, `raw` further ones for documents as they are (None: not run on those, as it finds
    words itself in either case). `must` is the ratio's goal.
    """

    script: str
    peer: str | None
    options: dict[str, str] = field(default_factory=dict)
    raw: dict[str, str] | None = field(default_factory=dict)
    must: float | None = None


PROGRAMS = {
    # One thread, as the others.
    "curate": Program("curate_minhash.py", None, {"threads": "1"}),
    "rensa": Program("rensa_minhash.py", "rensa", raw={"words": "found"}, must=10),
    "datasketch xxh3": Program("datasketch_minhash.py", "datasketch", {"hash": "xxh3"}, {"words": "found"}, must=28),
    "datasketch sha1": Program("datasketch_minhash.py", "datasketch", {"hash": "sha1"}, {"words": "found"}),
    "text-dedup": Program("text_dedup_minhash.py", "text-dedup", raw=None, must=120),
    "data-juicer": Program("data_juicer_minhash.py", "data-juicer", raw=None, must=300),
    "datatrove": Program("datatrove_minhash.py", "datatrove", {"words": "english"}, raw=None, must=500),
    "datatrove, str.split": Program("datatrove_minhash.py", "datatrove", {"words": "split"}, raw=None),
}


def run(program: Program, documents: Path, scratch: Path, limit_s: float) -> dict[str, Any]:
    """One program on one file of documents: its cost, settings, rows removed; or `error`; or `stopped_after_s`."""
    python = Path(sys.executable) if program.peer is None else python_of(program.peer)
    if not python.exists():
        return {"error": f"{program.peer} is not installed; see benchmarks/results/peers.json"}
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        options = [f"{key}={value}" for key, value in program.options.items()]
        command = [str(python), str(SCRIPTS / program.script), str(documents), folder, *options]
        cost = measure(
            command, cwd=Path(folder), log=scratch / "log.txt", limit_s=limit_s, environment=ENVIRONMENT
        )  # fmt: skip
        if cost.exit is None:
            return {"stopped_after_s": round(cost.wall_s)}
        if cost.exit:
            return {"error": last_line(cost.error)}
        told = json.loads((Path(folder) / "result.json").read_text("utf-8"))
    # Of several warm rounds the median: a short job shares its processor with whatever else runs.
    warm = told["rounds"][1:] or told["rounds"]
    extra = sum(spent["cpu_s"] for spent in [*told["rounds"][1:], *told["phases"].values()])
    return {
        "version": told["version"],
        "settings": told["settings"],
        "job_cpu_s": round(median(spent["cpu_s"] for spent in warm), 3),
        "job_wall_s": round(median(spent["wall_s"] for spent in warm), 3),
        "process_cpu_s": round(cost.cpu_s - extra, 2),
        "peak_mb": round(cost.peak_mb),
        "rise_mb": round(max(spent["rise_mb"] for spent in warm)),
        "rounds_cpu_s": [round(spent["cpu_s"], 3) for spent in told["rounds"]],
        **({"phases": told["phases"]} if told["phases"] else {}),
        "rows": told["removed"],
        "labels": told["labels"],
    }


def compare(
    texts: Sequence[str],
    truth: Truth | None,
    programs: dict[str, Program],
    scratch: Path,
    limit_s: float,
    known: Keep = ignore,
) -> dict[str, dict[str, Any]]:
    """All programs on the same texts, one after the other, with scores (if truth is known) and their ratios to ours.

    Short jobs are run once more after all others (`once_more`). After each one `known` is told of all results so far.
    """  # fmt: skip
    documents = scratch / "documents.jsonl"
    write_documents(documents, texts)
    found: dict[str, dict[str, Any]] = {}
    for name, program in programs.items():
        told = found[name] = run(program, documents, scratch, limit_s)
        if "rows" in told:
            removed = np.zeros(len(texts), dtype=np.bool_)
            removed[told.pop("rows")] = True
            labels = told.pop("labels")
            if truth is not None:
                scores = removal_scores(truth, removed, None if labels is None else np.array(labels, dtype=np.int64))
                told |= {key: round(value, 5) for key, value in scores.items()}
            told["documents"] = len(texts)
        with_ratio(told, found["curate"], program.must)
        print(line(name, told), flush=True)
        known(found)
    for name, told in found.items():
        if told.get("job_cpu_s", math.inf) < SHORT_S:
            once_more(told, run(programs[name], documents, scratch, limit_s))
    for name, told in found.items():
        with_ratio(told, found["curate"], programs[name].must)
        print(line(name, told), flush=True)
    known(found)
    documents.unlink()
    return found


def once_more(told: dict[str, Any], again: dict[str, Any]) -> None:
    """Put the median over the rounds of two runs of a short job, before and after the others, in place of the first's.

    What else a machine does changes over minutes, and a short job sees one moment of it.
    """
    if "job_cpu_s" not in again:
        return
    rounds = [told["rounds_cpu_s"], again["rounds_cpu_s"]]
    told["job_cpu_s"] = round(median([spent for run in rounds for spent in run[1:] or run]), 3)
    for key in ("job_wall_s", "process_cpu_s"):
        told[key] = round(median([told[key], again[key]]), 3)
    told["rounds_cpu_s"] = rounds


def with_ratio(told: dict[str, Any], ours: dict[str, Any], must: float | None) -> None:
    """Add CPU seconds over ours for the same documents: of the job alone, and of the whole process."""
    if told is ours or "job_cpu_s" not in told or "job_cpu_s" not in ours:
        return
    told["ratio"] = round(told["job_cpu_s"] / ours["job_cpu_s"], 1)
    told["process_ratio"] = round(told["process_cpu_s"] / ours["process_cpu_s"], 1)
    told["curate_cpu_s"] = ours["job_cpu_s"]
    if must is not None:
        told["must"] = must


def line(name: str, told: dict[str, Any]) -> str:
    """A result as one line for a person."""
    if "job_cpu_s" not in told:
        return f"  {name:22} {told}"
    scores = (
        f", pairs {told['pair_recall']:.4f}, removals found {told['removals_found']:.4f}, precision "
        f"{told['removed_precision']:.4f}"
        if "pair_recall" in told
        else ""
    )
    return (
        f"  {name:22} job {told['job_cpu_s']:8.2f} CPU-s {told['job_wall_s']:8.2f} s, process "
        f"{told['process_cpu_s']:8.2f} CPU-s {told['peak_mb']:6,} MB, {told.get('ratio', 1):7.1f}x{scores}"
    )


def real_pairs(options: argparse.Namespace) -> tuple[list[tuple[str, str]], int, str]:
    """Each record's text, normalised and as it is; how many were too short; and where they come from."""
    raw, source = real_texts(options.data)
    pairs = [(clean, text) for text in raw if (clean := normalised(text)).count(" ") >= MIN_WORDS - 1]
    too_short = len(raw) - len(pairs)
    if options.documents is not None:
        pairs = pairs[:: max(len(pairs) // options.documents, 1)][: options.documents]
    return pairs, too_short, source


def on_real(options: argparse.Namespace, names: Sequence[str], scratch: Path, keep: Keep) -> None:
    """The comparison on the records of a folder of dumps, normalised and as they are."""
    pairs, too_short, source = real_pairs(options)
    facts: dict[str, Any] = {"source": source, "documents": len(pairs), "too_short": too_short}
    # Compiles what is not compiled yet.
    run(PROGRAMS["curate"], _small([clean for clean, _ in pairs], scratch), scratch, options.limit)
    for side, name in enumerate(("normalised", "as they are")):
        texts = [pair[side] for pair in pairs]
        mine: dict[str, Any] = {"mb": round(sum(len(text.encode()) for text in texts) / 1e6, 1)}
        facts[name] = mine
        keep_mine = partial(_keep_part, facts, mine, keep)
        programs = {name: PROGRAMS[name] for name in ("curate", *names)}
        if name == "as they are":
            programs = {n: replace(p, options=p.options | p.raw) for n, p in programs.items() if p.raw is not None}
        truth = exact_truth(texts, THRESHOLD) if name == "normalised" else None
        if truth is not None:
            mine |= {"pairs": len(truth.pairs), "removals": truth.removals}
        print(f"{name}: {mine['mb']} MB, {len(texts):,} documents", flush=True)
        compare(texts, truth, programs, scratch, options.limit, keep_mine)


def _keep_part(facts: dict[str, Any], mine: dict[str, Any], keep: Keep, found: dict[str, dict[str, Any]]) -> None:
    """Add what was found to `mine`, a part of `facts`."""
    mine["programs"] = dict(found)
    keep(facts)


def _small(texts: Sequence[str], scratch: Path) -> Path:
    path = scratch / "small.jsonl"
    write_documents(path, texts[:1000])
    return path


def on_planted(sizes: Sequence[int], names: Sequence[str], scratch: Path, limit_s: float) -> dict[str, Any]:
    """The comparison on planted clusters of several sizes; what was stopped at one size is not tried at larger ones."""
    results: dict[str, Any] = {}
    alive = list(names)
    for size in sizes:
        made = planted(size)
        starts = np.argsort(made.labels, kind="stable")
        # A copy's only certain pair is that with its base, so pairs are those of the chain through a cluster's members.
        same = made.labels[starts[1:]] == made.labels[starts[:-1]]
        truth = Truth(np.sort(np.stack([starts[:-1][same], starts[1:][same]], axis=1), axis=1), made.labels)
        print(f"{size:,} planted documents, {truth.removals:,} to remove", flush=True)
        found = compare(made.texts, truth, {name: PROGRAMS[name] for name in alive}, scratch, limit_s)
        for told in found.values():
            told.pop("pair_recall", None)  # of exact pairs nothing is known here
        results[str(size)] = {"removals": truth.removals, "programs": found}
        alive = [name for name in alive if "job_cpu_s" in found[name]]
    return results


def exponents(planted_results: dict[str, Any]) -> dict[str, float]:
    """The power of the number of documents that CPU seconds grow with, by program: least squares over logarithms."""
    points: dict[str, list[tuple[float, float]]] = {}
    for size, result in planted_results.items():
        for name, told in result["programs"].items():
            if "job_cpu_s" in told:
                points.setdefault(name, []).append((math.log(int(size)), math.log(told["job_cpu_s"])))
    return {
        name: round(float(np.polyfit(*zip(*many, strict=True), 1)[0]), 3)
        for name, many in points.items()
        if len(many) > 1
    }


def main() -> None:
    """Run it all and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of dumps (default: ../shared/data/raw, else the sample data)")
    parser.add_argument("--documents", type=int, help="take N documents only, evenly spaced")
    parser.add_argument(
        "--sizes", default="10000,100000,1000000", help="planted documents, comma separated; '' for none"
    )
    parser.add_argument(
        "--planted-programs", default="curate,rensa,datasketch xxh3", help="programs that scale is measured of"
    )
    parser.add_argument(
        "--programs",
        default="rensa,datasketch xxh3,text-dedup,data-juicer,split,datatrove",
        help="programs beside ours for the real documents; `split` is datatrove with str.split",
    )
    parser.add_argument("--limit", type=float, default=900, help="wall seconds after which a program is stopped")
    parser.add_argument("--only", choices=["real", "planted"], help="run one part, and keep the other one's results")
    parser.add_argument("--out", type=Path, default=RESULTS / "dedup.json")
    options = parser.parse_args()
    names = ["datatrove, str.split" if name == "split" else name for name in options.programs.split(",")]
    sizes = [int(size) for size in options.sizes.split(",") if size]
    machine = {"date": time.strftime("%Y-%m-%d"), "python": platform.python_version(), "cores": os.cpu_count(),
               "load": round(os.getloadavg()[0], 1)}  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="curate-bench-") as folder:
        scratch = Path(folder)
        if options.only != "planted":

            def keep(result: dict[str, Any]) -> None:
                save(options.out, "real", {**machine, "threshold": float(THRESHOLD), **result})

            on_real(options, names, scratch, keep)
        if options.only != "real":
            scaling = on_planted(sizes, options.planted_programs.split(","), scratch, options.limit)
            save(options.out, "planted", {**machine, "sizes": scaling, "exponents": exponents(scaling)})


def save(target: Path, part: str, result: dict[str, Any]) -> None:
    """Put one part's results into the file."""
    target.parent.mkdir(exist_ok=True, parents=True)
    known = json.loads(target.read_text("utf-8")) if target.exists() else {}
    known[part] = result
    target.write_text(json.dumps(dict(sorted(known.items(), reverse=True)), indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
