"""Content-addressed results of the steps of a run, and the table of rows that they add up to.

A step's address is a hash over all that decides its result: the input's bytes and every stage before it,
with parameters and versions. Its folder holds one parquet part per shard and, written last, `done.json` with each
part's hash. So a rerun resumes at the first step that is not complete, and a changed last stage recomputes nothing
before itself. A part whose bytes do not match is not trusted: the step is computed again. Until a step is complete,
each part has its hash beside it, so that a run can take over the parts which one that was stopped had finished.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import secrets
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from curate.errors import OutputError
from curate.io.atomic import atomic_file
from curate.schema import CANONICAL, pair_messages

DONE = "done.json"
#: What `messages` is made of in a part that was written without it.
_PAIR = ("instruction", "response")
PARTIAL = "partial"
#: Ends the name of a file with the hash of a part, in a folder that is not yet complete.
_HASH = ".sha256"


def address(*parts: Any) -> str:
    """A content address: 32 hexadecimal digits of SHA-256 over the canonical JSON of `parts`."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class Step:
    """One step's folder in the cache."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._place = folder
        self._hashes: dict[str, str] = {}

    @property
    def key(self) -> str:
        """The step's content address."""
        return self._place.name

    def part_path(self, index: int) -> Path:
        """Where part `index` lies."""
        return self.folder / f"part-{index:05d}.parquet"

    def info(self) -> dict[str, Any] | None:
        """What `finish` was given, or None where the step is not complete or any file of it is damaged."""
        try:
            done = json.loads((self.folder / DONE).read_bytes())
            if done.pop("sha256") != _digest(_canonical(done)):
                return None
            for name, digest in done["files"].items():
                if _digest((self.folder / name).read_bytes()) != digest:
                    return None
            return dict(done["info"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            # Whatever is wrong with a cache entry, the remedy is the same: compute it again.
            return None

    def start(self) -> None:
        """A new folder, to be filled by `write`; `finish` gives it the step's name.

        Until then no other run that shares the cache sees it, or touches it.

        Raises
        ------
        OutputError : the folder cannot be made.
        """
        self.folder = self._place.parents[1] / PARTIAL / f"{self.key}-{os.getpid()}-{secrets.token_hex(4)}"
        try:
            self.folder.mkdir(parents=True)
            self._place.parent.mkdir(exist_ok=True)
        except OSError as error:
            raise OutputError(f"{self.folder}: cannot be made: {error.strerror}") from error
        self._hashes = {}

    def resume(self, count: int) -> set[int]:
        """Take over the parts that stopped runs of this very step had finished; gives their numbers, below `count`.

        A part counts if its bytes have the hash that was written beside it. Call it after `start`.
        """
        found: set[int] = set()
        for path in sorted(self.folder.parent.glob(f"{self.key}-*/part-*{_HASH}")):
            part = path.with_suffix("")
            index = int(part.name.split(".")[0].removeprefix("part-"))
            if path.parent == self.folder or index in found or index >= count:
                continue
            try:
                data, digest = part.read_bytes(), path.read_text(encoding="ascii")
            except (OSError, ValueError):
                continue  # that run is finished or at work, or its machine went down; the part is computed here
            if _digest(data) == digest:
                self.write_bytes(part.name, data)
                self._vouch(part.name, digest)
                found.add(index)
        return found

    def write(self, index: int, frame: pl.DataFrame) -> str:
        """Part `index`, atomically; gives its hash. Different parts may be written from different threads."""
        buffer = io.BytesIO()
        frame.write_parquet(buffer, compression="lz4", statistics=False)
        name = self.part_path(index).name
        self.write_bytes(name, buffer.getvalue())
        self._vouch(name, self._hashes[name])
        return self._hashes[name]

    def accept(self, index: int, digest: str) -> None:
        """Count part `index`, which another process wrote, by its hash."""
        self._hashes[self.part_path(index).name] = digest

    def _vouch(self, name: str, digest: str) -> None:
        """Write a part's hash beside it. It need not be safe: without it the part is computed again."""
        path = self.folder / f"{name}{_HASH}"
        try:
            path.write_text(digest, encoding="ascii")
        except OSError as error:
            raise OutputError(f"{path}: cannot be written: {error.strerror}") from error

    def write_bytes(self, name: str, data: bytes) -> None:
        """A file of the step beside its parts."""
        # Whoever reads a step that an earlier run left compares the hashes, so nothing need wait for the disk.
        with atomic_file(self.folder / name, lasting=False) as handle:
            handle.write(data)
        self._hashes[name] = _digest(data)

    def finish(self, info: Mapping[str, Any]) -> None:
        """Mark the step complete; `info` is JSON."""
        done = {"files": dict(sorted(self._hashes.items())), "info": dict(info)}
        with atomic_file(self.folder / DONE, lasting=False) as handle:
            handle.write(_canonical({**done, "sha256": _digest(_canonical(done))}))
        for path in self.folder.glob(f"*{_HASH}"):
            path.unlink(missing_ok=True)
        self._settle()

    def _settle(self) -> None:
        """Give the finished folder the step's name, unless another run was faster: what it wrote is the same."""
        if self.folder == self._place:
            return
        try:
            self.folder.rename(self._place)
        except OSError as taken:
            if Step(self._place).info() is None:  # something damaged lies there
                shutil.rmtree(self._place, ignore_errors=True)
                try:
                    self.folder.rename(self._place)
                except OSError:
                    raise OutputError(f"{self._place}: cannot be made: {taken.strerror}") from taken
        if self.folder.exists():
            shutil.rmtree(self.folder, ignore_errors=True)
        self.folder = self._place

    def read(self, index: int, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """Part `index`, or some columns of it."""
        return pl.read_parquet(self.part_path(index), columns=list(columns) if columns is not None else None)


def _canonical(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=True).encode()


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Cache:
    """A folder of steps."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.used: set[str] = set()

    def step(self, key: str) -> Step:
        """The step of that address, complete or not."""
        self.used.add(key)
        return Step(self.root / "steps" / key)

    def prune(self) -> None:
        """Delete every step that this object was not asked for, and what stopped runs left unfinished."""
        shutil.rmtree(self.root / PARTIAL, ignore_errors=True)
        folder = self.root / "steps"
        if folder.is_dir():
            for entry in folder.iterdir():
                if entry.name not in self.used:
                    shutil.rmtree(entry, ignore_errors=True)


def _as_it_is(path: Path) -> tuple[Path, int, int]:
    """What tells a file from one that took its place later."""
    found = path.stat()
    return path, found.st_mtime_ns, found.st_size


# Every stage asks for these two, some more than once. Kept are those of so many shards, some 30 MB.
@lru_cache(maxsize=64)
def _alive(path: Path, _changed: int, _size: int) -> pl.Series:
    """`row` of the rows that a part with verdicts keeps."""
    return pl.read_parquet(path, columns=["row", "keep"]).filter(pl.col("keep"))["row"]


@lru_cache(maxsize=64)
def _ids(path: Path, _changed: int, _size: int) -> pl.DataFrame:
    """A part of the step with the final ids."""
    return pl.read_parquet(path)


@dataclass(frozen=True, slots=True)
class Part:
    """One shard of what was read: part `index` of the step `read`, whose first record is row `offset`."""

    read: Step
    index: int
    offset: int
    rows: int

    def lacks(self, column: str) -> bool:
        """Whether the part was written without a column that others tell."""
        return column not in pl.read_parquet_schema(self.read.part_path(self.index))


@dataclass(frozen=True)
class Table:
    """All rows of a run so far: the parts read, the columns that stages added, and which rows are still there.

    Nothing is held in memory: `load` reads what is asked for. `ids` is the step with the final ids (known once all
    inputs are read), `added` says which step wrote each column, and `drops` is the last step that dropped rows.
    """

    parts: tuple[Part, ...]
    ids: Step
    added: Mapping[str, Step] = field(default_factory=dict)
    drops: Step | None = None

    def alive(self, index: int) -> pl.Series:
        """`row` of the rows still there in shard `index`, ascending."""
        if self.drops is None:
            part = self.parts[index]
            return pl.int_range(part.offset, part.offset + part.rows, dtype=pl.UInt64, eager=True).alias("row")
        return _alive(*_as_it_is(self.drops.part_path(index)))

    def rows(self) -> pl.Series:
        """`row` of all rows still there, ascending."""
        none = pl.Series("row", [], dtype=pl.UInt64)
        return pl.concat([none, *(self.alive(index) for index in range(len(self.parts)))])

    def load(self, index: int, columns: Iterable[str], rows: pl.Series | None = None) -> pl.DataFrame:
        """`row`, `id` and `columns` of shard `index`: of the rows still there, or of `rows` (ascending).

        A column that a stage wrote is null for rows which that stage never saw.
        """
        part = self.parts[index]
        rows = self.alive(index) if rows is None else rows
        wanted = [c for c in dict.fromkeys(columns) if c not in ("row", "id")]
        position = rows.to_numpy() - part.offset
        whole = len(rows) == part.rows
        out = [pl.DataFrame({"row": rows})]
        ids = _ids(*_as_it_is(self.ids.part_path(index)))
        out.append(ids if whole else ids[position])
        if base := [c for c in wanted if c in CANONICAL and c not in self.added]:
            told = "messages" in base and part.lacks("messages")
            stored = list(dict.fromkeys([c for c in base if c != "messages"] + list(_PAIR))) if told else base
            frame = part.read.read(part.index, stored)
            frame = frame if whole else frame[position]
            if told:
                frame = frame.with_columns(pair_messages(*(frame[c] for c in _PAIR)))
            out.append(frame.select(base))
        by_step: dict[str, list[str]] = {}
        for column in wanted:
            if column in self.added:
                by_step.setdefault(self.added[column].key, []).append(column)
        out += [_matched(self.added[n[0]].read(index, ["row", *n]), rows) for n in by_step.values()]
        return pl.concat(out, how="horizontal").select("row", "id", *wanted)

    def load_all(self, shards: Sequence[int], columns: Sequence[str]) -> pl.DataFrame:
        """`load` of some shards, as one frame."""
        frames = [self.load(shard, columns) for shard in shards]
        return frames[0] if len(frames) == 1 else pl.concat(frames, rechunk=True)

    def with_step(self, step: Step, writes: Iterable[str], *, dropping: bool) -> Table:
        """The table after `step`, which wrote the columns `writes` and, if `dropping`, verdicts."""
        added = {**self.added, **dict.fromkeys(writes, step)}
        return Table(self.parts, self.ids, added, step if dropping else self.drops)


def _matched(frame: pl.DataFrame, rows: pl.Series) -> pl.DataFrame:
    """The columns of `frame` (sorted by row) beside `rows`; null where `frame` lacks the row."""
    if frame["row"].equals(rows):
        return frame.drop("row")
    have, want = frame["row"].to_numpy(), rows.to_numpy()
    at = np.searchsorted(have, want)
    if len(have) and (at < len(have)).all() and (have[at] == want).all():
        return frame.drop("row")[at]
    return pl.DataFrame({"row": rows}).join(frame, on="row", how="left", maintain_order="left").drop("row")
