"""How fast the readers are, against `json.loads` alone over the same records, measured in the same run.

    python benchmarks/readers.py [--data ../shared/data/raw] [--rounds 7]

For each dump of JSON records: the seconds that `json.loads` takes for all of its records, one by one and in memory;
the seconds that `curate.io.read` takes for the same bytes in a file that is not packed: splitting, strict parsing,
conversion, ids and columns; and those for the file as it lies there, most of them packed with gzip, which is unpacked
in a second thread. All are taken in turns, and the fastest round of each counts, because all that disturbs a
measurement makes it slower. Prints a table and writes `benchmarks/results/readers.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from curate.io import DUMPS, InputFile, discover, read
from curate.io.jsonarray import JsonArray
from curate.io.records import Records
from curate.io.streams import chunks

ROOT = Path(__file__).resolve().parent.parent


def texts_of(file: InputFile) -> list[bytes]:
    """The JSON texts of a file's records, as they stand in it."""
    pieces = chunks(file.path, file.compression)
    if file.container == "jsonl":
        return [line for line in b"".join(pieces).split(b"\n") if line.strip()]
    records: Records = {"json": JsonArray}[file.container](pieces)
    return [text for _ in records for text in [_text(records)]]


def _text(records: Records) -> bytes:
    raw = records.raw()
    assert raw.sha256 is None
    return raw.head


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def plainly(texts: list[bytes]) -> None:
    for text in texts:
        json.loads(text)


def whole(file: InputFile) -> int:
    return sum(batch.frame.height for batch in read(file))


def measure(file: InputFile, rounds: int) -> dict[str, float | int | str]:
    """The fastest of several rounds of each, taken in turns."""
    texts = texts_of(file)
    loads: list[tuple[float, float]] = []
    reads: list[tuple[float, float]] = []
    as_it_lies: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        unpacked = file
        if file.compression is not None:
            path = Path(folder) / file.path.stem
            path.write_bytes(b"".join(chunks(file.path, file.compression)))
            (unpacked,) = discover([str(path)]).files
        for _ in range(rounds):
            loads.append(seconds(lambda: plainly(texts)))
            reads.append(seconds(lambda: whole(unpacked)))
            as_it_lies.append(seconds(lambda: whole(file)) if unpacked is not file else reads[-1])
    return {
        "format": file.format,
        "records": len(texts),
        "bytes": sum(map(len, texts)),
        "json_s": round(min(wall for wall, _ in loads), 4),
        "read_s": round(min(wall for wall, _ in reads), 4),
        "read_cpu_s": round(min(cpu for _, cpu in reads), 4),
        "packed_s": round(min(wall for wall, _ in as_it_lies), 4),
        "packed_cpu_s": round(min(cpu for _, cpu in as_it_lies), 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "raw")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    if not options.data.is_dir():
        sys.exit(f"{options.data} is not there; name a folder of dumps with --data")
    files = [
        f for f in discover([str(options.data)]).files if f.container in {"jsonl", "json"} and f.format not in DUMPS
    ]
    rows = {}
    print(f"{'file':34}{'records':>9}{'MB':>8}{'json.loads':>12}{'read':>9}{'ratio':>7}{'packed':>9}{'ratio':>7}")
    for file in files:
        row = rows[file.name] = measure(file, options.rounds)
        show(file.name, row)
    total = {
        key: sum(row[key] for row in rows.values())
        for key in ("records", "bytes", "json_s", "read_s", "read_cpu_s", "packed_s", "packed_cpu_s")
    }
    show("all", total)
    ratio = round(total["json_s"] / total["read_s"], 3)
    result = {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "rounds": options.rounds,
        "ratio": ratio,
        "ratio_packed": round(total["json_s"] / total["packed_s"], 3),
        "records_per_s": round(total["records"] / total["read_s"]),
        "all": {key: round(value, 4) for key, value in total.items()},
        "files": rows,
    }
    print(f"reading runs at {ratio:.2f} times the rate of json.loads alone; at least 0.50 is promised")
    target = ROOT / "benchmarks" / "results"
    target.mkdir(exist_ok=True)
    (target / "readers.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    sys.exit(0 if ratio >= 0.5 else 1)


def show(name: str, row: dict) -> None:
    print(
        f"{name:34}{row['records']:>9,}{row['bytes'] / 1e6:>8.1f}{row['json_s']:>12.3f}{row['read_s']:>9.3f}"
        f"{row['json_s'] / row['read_s']:>7.2f}{row['packed_s']:>9.3f}{row['json_s'] / row['packed_s']:>7.2f}"
    )


if __name__ == "__main__":
    main()
