"""Installs each peer into an environment of its own, from the pinned list of its packages.

    python -m benchmarks.peers.environments [PEER …]

Environments lie in `build/peers`. What could not be installed, or does not import, is printed with the last line of the
error and written to `benchmarks/results/peers.json`; the benchmarks report it in their tables.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = Path(__file__).resolve().parent / "requirements"
ENVIRONMENTS = ROOT / "build" / "peers"
RESULTS = ROOT / "benchmarks" / "results"

#: The package and a module of it whose import shows that it works.
PEERS = {
    "rensa": "rensa",
    "datasketch": "datasketch",
    "text-dedup": "text_dedup.minhash",
    "data-juicer": "data_juicer.config",
    "datatrove": "datatrove.pipeline.dedup",
    "semhash": "semhash",
    "submodlib-py": "submodlib",
    "apricot-select": "apricot",
}


def python_of(peer: str) -> Path:
    """The interpreter of a peer's environment."""
    return ENVIRONMENTS / peer / "bin" / "python"


def install(peer: str) -> dict[str, str]:
    """`{"version": …}`, or `{"error": last line of what went wrong}`. Does nothing where the list has not changed."""
    requirements = REQUIREMENTS / f"{peer}.txt"
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()
    stamp = ENVIRONMENTS / peer / ".installed"
    if not stamp.exists() or stamp.read_text("ascii") != digest:
        commands = (
            [sys.executable, "-m", "venv", "--clear", str(ENVIRONMENTS / peer)],
            [str(python_of(peer)), "-m", "pip", "--disable-pip-version-check", "install", "--quiet",
             "--requirement", str(requirements)],
        )  # fmt: skip
        for command in commands:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                return {"error": last_line(done.stderr)}
    tried = subprocess.run(
        [python_of(peer), "-c", f"import {PEERS[peer]}"], capture_output=True, text=True, check=False
    )
    if tried.returncode:
        return {"error": last_line(tried.stderr)}
    stamp.write_text(digest, "ascii")
    first = requirements.read_text("ascii").splitlines()[0]
    return {"version": first.partition("==")[2]}


def last_line(text: str) -> str:
    """The last line of an error message that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (lines or ["failed without a word"])[-1].replace(str(Path.home()), "~")[:300]


def main() -> None:
    """Install all peers, or those that are named; never fails because a peer does."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peers", nargs="*", choices=[*PEERS, []], help="default: all")
    chosen = parser.parse_args().peers or list(PEERS)
    target = RESULTS / "peers.json"
    known = json.loads(target.read_text("utf-8")) if target.exists() else {}
    for peer in chosen:
        known[peer] = install(peer)
        print(f"{peer:16} {known[peer].get('version') or 'NOT INSTALLED: ' + known[peer]['error']}", flush=True)
    RESULTS.mkdir(exist_ok=True)
    target.write_text(json.dumps({peer: known[peer] for peer in PEERS if peer in known}, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
