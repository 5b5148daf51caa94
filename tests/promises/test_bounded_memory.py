"""Reading ten times the file costs less than 1.1 times the memory."""

from __future__ import annotations

import bz2
import gzip
import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
import zstandard

from tests.helpers import ROOT
from tests.runs import environment

#: Reads a file, drops every batch, and tells how many records it saw and the peak of its memory in KiB.
_READ = """
import resource, sys
from curate.io import discover, read
(file,) = discover(sys.argv[1:]).files
seen = sum(batch.frame.height + len(batch.rejects) for batch in read(file, batch_rows=2048))
print(seen, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
#: Lines of about 550 bytes. Ten times as many are 66 MB: held in memory, they would double the process.
LINES = 12_000


def record(number: int) -> dict[str, str]:
    text = random.Random(number).randbytes(125).hex()
    return {"instruction": f"{number}: {text}", "output": f"{text[::-1]} \u00e9"}


def block() -> bytes:
    return b"".join(json.dumps(record(number)).encode() + b"\n" for number in range(1000))


def json_lines(times: int) -> Iterable[bytes]:
    yield from [block()] * times


def bad_lines(times: int) -> Iterable[bytes]:
    """Every fourth line is cut off."""
    lines = block().splitlines(keepends=True)
    bad = b"".join(line if number % 4 else line[:300] + b"\n" for number, line in enumerate(lines))
    yield from [bad] * times


def json_array(times: int) -> Iterable[bytes]:
    values = b",".join(block().splitlines())
    yield b"[" + values
    yield from [b"," + values] * (times - 1)
    yield b"]"


def table(times: int) -> Iterable[bytes]:
    yield b"instruction,output\n"
    rows = "".join('"{instruction}","{output}"\n'.format(**record(number)) for number in range(1000)).encode()
    yield from [rows] * times


def packed(pack: Callable[[bytes], bytes], make: Callable[[int], Iterable[bytes]]) -> Callable[[int], Iterable[bytes]]:
    return lambda times: (pack(piece) for piece in make(times))


KINDS: dict[str, Callable[[int], Iterable[bytes]]] = {
    "lines.jsonl": json_lines,
    "lines.jsonl.gz": packed(lambda data: gzip.compress(data, 1), json_lines),
    "bad.jsonl": bad_lines,
    "array.json": json_array,
    "table.csv": table,
    "lines.jsonl.zst": packed(zstandard.ZstdCompressor(1).compress, json_lines),
    "lines.jsonl.bz2": packed(lambda data: bz2.compress(data, 1), json_lines),
}
SHORT = ("lines.jsonl", "array.json")


def peak(name: str, times: int, folder: Path) -> int:
    """Peak memory, in KiB, of a process that reads so many thousand records."""
    path = folder / name
    with path.open("wb") as file:
        file.writelines(KINDS[name](times))
    done = subprocess.run(
        [sys.executable, "-c", _READ, str(path)], capture_output=True, text=True, cwd=ROOT, check=True,
        env=environment(POLARS_MAX_THREADS="2"),
    )  # fmt: skip
    path.unlink()
    seen, size = map(int, done.stdout.split())
    assert seen == times * 1000
    return size


def assert_bounded(name: str, folder: Path) -> None:
    one = peak(name, LINES // 1000, folder)
    ten = peak(name, LINES // 100, folder)
    assert ten < 1.1 * one, f"{name}: {one} KiB for one, {ten} KiB for ten"


@pytest.mark.parametrize("name", SHORT)
def test_ten_times_the_file_is_read_in_the_same_memory(name: str, tmp_path: Path) -> None:
    assert_bounded(name, tmp_path)


@pytest.mark.soak
@pytest.mark.parametrize("name", [name for name in KINDS if name not in SHORT])
def test_ten_times_any_file_is_read_in_the_same_memory(name: str, tmp_path: Path) -> None:
    assert_bounded(name, tmp_path)
