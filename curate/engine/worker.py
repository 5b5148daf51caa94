"""What runs inside a Ray task. Nothing here imports ray: these are plain functions, called in another process.

Tables between tasks are Arrow streams in arrays of bytes, which Ray keeps in memory shared by the processes of a
machine.
"""

from __future__ import annotations

import functools
import io
import itertools
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

import curate.judge
from curate.algorithms.parallel import set_threads
from curate.cache import Step, Table
from curate.encoders import use_vector_cache
from curate.engine.base import place, row_parts
from curate.errors import CurateError, StageError, UsageError
from curate.manifest import versions
from curate.stage import FrameFn, Stage

#: An Arrow stream.
Packed = NDArray[np.uint8]

_MIX = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


@dataclass(frozen=True)
class Job:
    """What every task of one stage is given: the stage, its rows, where its parts go, and the driver's versions."""

    stage: Stage
    table: Table
    step: Step
    versions: Mapping[str, str]


def here() -> str:
    """This machine for a message."""
    return f"the Ray node {socket.gethostname()}"


@functools.cache
def _ready(told: tuple[tuple[str, str], ...]) -> None:
    """Make this process ready, once: one thread, and the packages that the driver has.

    Vectors of slow encoders are not kept by text: each process would read those of all others. They are in the parts.
    """
    mine, theirs = versions(), dict(told)
    if differ := sorted(name for name in {*mine, *theirs} if mine.get(name) != theirs.get(name)):
        pairs = ", ".join(f"{n} {mine.get(n, 'is missing')} instead of {theirs.get(n, 'none')}" for n in differ)
        raise UsageError(
            f"{here()} has other packages than this machine, so that results could differ: {pairs}; install the same"
        )
    set_threads(1)
    use_vector_cache(None)
    curate.judge.begin(None)


def ready(told: Mapping[str, str]) -> None:
    """As `_ready`. Raises `UsageError` where a package differs from what the driver has."""
    _ready(tuple(sorted(told.items())))


def probe(told: Mapping[str, str], mark: Path, stages: Sequence[Stage], keys: Sequence[Mapping[str, Any]]) -> None:
    """Raise `UsageError` unless this machine has the driver's packages, its files and its models.

    Parameters
    ----------
    mark : a file that the driver made in the cache.
    keys : `content_key` of each of `stages`, as the driver has them.
    """
    ready(told)
    if not mark.is_file():
        raise UsageError(
            f"{here()} does not see {mark.parent}: the folder of the result (or --cache) must lie where all machines "
            "of the cluster see it under the same path"
        )
    for stage, key in zip(stages, keys, strict=True):
        try:
            mine = stage.content_key()
        except CurateError as error:
            raise type(error)(f"{here()} cannot run {stage.name}: {error}") from error
        if mine != key:
            raise UsageError(
                f"{here()} cannot run {stage.name}: it has another model, or another file, than this machine"
            )


def write_part(job: Job, index: int) -> str:
    """Run a row stage over shard `index` and write the part; gives its hash."""
    ready(job.versions)
    return job.step.write(index, row_parts(job.stage, job.table, [index])[0])  # type: ignore[arg-type]


def pack(frame: pl.DataFrame) -> Packed:
    """A frame as an Arrow stream."""
    buffer = io.BytesIO()
    frame.write_ipc_stream(buffer, compat_level=pl.CompatLevel.newest())
    return np.frombuffer(buffer.getbuffer(), dtype=np.uint8)


def unpack(data: Packed) -> pl.DataFrame:
    """The frame in an Arrow stream."""
    return pl.read_ipc_stream(io.BytesIO(data.data))


def mapped(job: Job, index: int, fns: Sequence[FrameFn]) -> pl.DataFrame:
    """The selector's columns of shard `index` after `fns`, one after the other.

    Raises
    ------
    StageError : a function failed; the message names stage and shard.
    """
    ready(job.versions)
    frame = job.table.load(index, job.stage.needs())
    return _applied(job, frame, fns, lambda: place(job.table, [index]))


def map_part(job: Job, index: int, fns: Sequence[FrameFn]) -> Packed:
    """`mapped`, packed."""
    return pack(mapped(job, index, fns))


def split_parts(job: Job, indexes: Sequence[int], fns: Sequence[FrameFn], key: str, count: int) -> list[Packed]:
    """`mapped` of some shards, split into `count` by a hash of the column `key`: equal keys into the same one.

    Raises
    ------
    StageError : there is no column `key`, or it is of a type that has no hash here.
    """
    frame = pl.concat([mapped(job, index, fns) for index in indexes])
    if key not in frame.columns:
        raise StageError(f"group: no column `{key}`")
    to = bucket(frame[key], count).astype(np.uint16)
    ends = np.cumsum(np.bincount(to, minlength=count))
    frame = frame[np.argsort(to, kind="stable")]
    return [pack(frame[low:high]) for low, high in itertools.pairwise([0, *ends.tolist()])]


def group_part(job: Job, fns: Sequence[FrameFn], *parts: Packed) -> Packed:
    """`fns` over all rows of some keys, in the order of `row`."""
    ready(job.versions)
    frame = pl.concat([unpack(part) for part in parts])
    if "row" in frame.columns and not frame["row"].is_sorted():
        frame = frame.sort("row", maintain_order=True)
    return pack(_applied(job, frame, fns, lambda: "a group of rows"))


def _applied(job: Job, frame: pl.DataFrame, fns: Sequence[FrameFn], where: Callable[[], str]) -> pl.DataFrame:
    """`fns`, one after the other, over `frame`; where one fails, the message says on what."""
    try:
        for fn in fns:
            frame = fn(frame)
    except (CurateError, MemoryError):
        raise
    except Exception as error:
        raise StageError(f"{job.stage.name} failed on {where()}: {type(error).__name__}: {error}") from error
    return frame


def bucket(keys: pl.Series, count: int) -> NDArray[np.uint64]:
    """A number below `count` for each of n keys, uint64 `(n,)`; equal keys have the same one on every machine.

    Whole numbers, Booleans and times go through splitmix64 (Steele, Lea and Flood 2014, *Fast Splittable Pseudorandom
    Number Generators*, OOPSLA, figure 16), texts through BLAKE2b.

    Raises
    ------
    StageError : the keys are of another type.
    """
    from curate.algorithms.coverage import hash64

    dtype = keys.dtype
    if dtype == pl.String:
        each = pl.DataFrame({"key": keys}).with_row_index("at")
        distinct = keys.unique().drop_nulls()
        hashed = pl.DataFrame({"key": distinct, "hash": hash64(distinct.to_list(), 0)})
        found = each.join(hashed, on="key", how="left", maintain_order="left")["hash"]
        return found.fill_null(0).to_numpy() % np.uint64(count)
    if not (dtype.is_integer() or dtype.is_temporal() or dtype == pl.Boolean):
        raise StageError(
            f"group: the column `{keys.name}` is {dtype}; keys are whole numbers, texts, Booleans or times"
        )
    number = keys.cast(pl.Int8) if dtype == pl.Boolean else keys.to_physical()
    number = number if number.dtype == pl.UInt64 else number.cast(pl.Int64).reinterpret(signed=False)
    with np.errstate(over="ignore"):
        z = number.fill_null(0).to_numpy() + _MIX[0]
        z = (z ^ (z >> np.uint64(30))) * _MIX[1]
        z = (z ^ (z >> np.uint64(27))) * _MIX[2]
        z ^= z >> np.uint64(31)
    return z % np.uint64(count)
