"""From input files to the first table of a run: each file read once into parts, then the ids made unique."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

import curate
from curate.cache import Cache, Part, Step, Table, address
from curate.engine.base import Progress
from curate.errors import StageError
from curate.io import InputFile, LeftOut, ReadOptions, Reject, read
from curate.schema import are_pairs

#: Records in one shard. Memory of a row stage follows it; no result depends on it.
SHARD_ROWS = 16_384
_REJECTS = "rejects.json"
_LEFT = "left.parquet"
_LEFT_COLUMNS = {"stage": pl.String, "reason": pl.String, "value": pl.String, "source": pl.String, "file": pl.String,
                 "line": pl.UInt64}  # fmt: skip
COUNTS = ("lines", "expanded", "blank", "rejected", "joined", "left", "read")
#: Examples of which a response ended in a mark that was taken off; counted only where `end_of_text` names any.
ENDED = "end_of_text"


@dataclass(frozen=True)
class Ingested:
    """What was read: the table before the first stage, each file's counts, its rejects, and what its reader left out.

    For each file `lines + expanded = blank + rejected + joined + left + read`. `key` is the address that the first
    stage's is made from; `fingerprint` is the same for any size of shards.
    """

    table: Table
    key: str
    fingerprint: str
    counts: dict[str, dict[str, int]]
    rejects: list[Reject]
    left: pl.DataFrame

    def total(self, what: str) -> int:
        """`what` (one of `COUNTS`) summed over all files."""
        return sum(c[what] for c in self.counts.values())

    def totals(self, options: ReadOptions) -> dict[str, int]:
        """All that is counted, summed over all files."""
        return {what: self.total(what) for what in counted(options)}


def counted(options: ReadOptions) -> tuple[str, ...]:
    """What is counted of each file that is read with these options."""
    return (*COUNTS, ENDED) if options.end_of_text else COUNTS


def ingest(
    files: Sequence[InputFile], options: ReadOptions, cache: Cache, progress: Progress, *, shard_rows: int = SHARD_ROWS
) -> Ingested:
    """Read `files` (in their order) into the cache, or take what it already holds.

    Parameters
    ----------
    shard_rows : records in a shard at most, at least 1.

    Raises
    ------
    InputError : a file cannot be read at all.
    StageError : the lines of a file do not add up (a fault of the reader).
    """
    counts: dict[str, dict[str, int]] = {}
    rejects: list[Reject] = []
    left: list[pl.DataFrame] = [pl.DataFrame(schema=_LEFT_COLUMNS)]
    parts: list[Part] = []
    prints: list[tuple[Any, ...]] = []
    offset = 0
    for file in files:
        about = (
            "read", curate.__version__, file.sha256, file.name, file.source, file.container, file.compression,
            file.format, [(c.name, c.sha256) for c in file.companions], options.model_dump(mode="json"),
        )  # fmt: skip
        prints.append(about)
        step = cache.step(address(*about, shard_rows))
        progress.start(f"read {file.name}", file.size)
        info = step.info()
        known = info is not None
        if info is None:
            info = _read_file(file, options, step, progress, shard_rows)
        counts[file.name] = {what: info[what] for what in counted(options)}
        rejects += [Reject(**r) for r in json.loads((step.folder / _REJECTS).read_bytes())]
        left.append(pl.read_parquet(step.folder / _LEFT))
        for index, rows in enumerate(info["rows"]):
            parts.append(Part(step, index, offset, rows))
            offset += rows
        progress.finish(_summary(file, info, known=known))
    ids = _unique_ids(parts, cache)
    return Ingested(Table(tuple(parts), ids), ids.key, address(prints), counts, rejects, pl.concat(left))


def _read_file(
    file: InputFile, options: ReadOptions, step: Step, progress: Progress, shard_rows: int
) -> dict[str, Any]:
    step.start()
    info = dict.fromkeys((*COUNTS, ENDED), 0)
    rows: list[int] = []
    rejects: list[Reject] = []
    left = [pl.DataFrame(schema=_LEFT_COLUMNS)]
    for batch in read(file, options, batch_rows=shard_rows):
        info["lines"] += batch.lines
        info["blank"] += batch.blank
        info["expanded"] += batch.expanded
        info["joined"] += batch.joined
        info["left"] += len(batch.left)
        info["rejected"] += len(batch.rejects)
        info["read"] += batch.frame.height
        info[ENDED] += batch.ended
        rejects += batch.rejects
        left.append(_left_frame(file, batch.left))
        if batch.frame.height:
            step.write(len(rows), _written(batch.frame))
            rows.append(batch.frame.height)
        progress.advance()
    if not rows:  # a file without examples is an empty shard, so that a table is never without any
        step.write(0, _written(batch.frame))
        rows.append(0)
    if info["lines"] + info["expanded"] != sum(info[what] for what in COUNTS[2:]):
        raise StageError(f"{file.name}: the lines do not add up: {info}")
    step.write_bytes(_REJECTS, json.dumps([asdict(r) for r in rejects], ensure_ascii=True).encode())
    buffer = io.BytesIO()
    pl.concat(left).write_parquet(buffer, compression="lz4", statistics=False)
    step.write_bytes(_LEFT, buffer.getvalue())
    done: dict[str, Any] = {**info, "rows": rows}
    step.finish(done)
    return done


def _written(frame: pl.DataFrame) -> pl.DataFrame:
    """`frame` without `messages` where instruction and response tell them: most of the time, and half of all text."""
    return frame.drop("messages") if are_pairs(frame) else frame


def _left_frame(file: InputFile, left: Sequence[LeftOut]) -> pl.DataFrame:
    """Ledger columns of records that a reader left out: its stage is the file's format."""
    columns = {
        "stage": [file.format] * len(left),
        "reason": [one.reason for one in left],
        "value": [one.value for one in left],
        "source": [file.source] * len(left),
        "file": [one.file for one in left],
        "line": [one.line for one in left],
    }
    return pl.DataFrame(columns, schema=_LEFT_COLUMNS)


def _summary(file: InputFile, info: dict[str, Any], *, known: bool) -> str:
    extra = [f"{info[what]:,} {what}" for what in COUNTS[1:-1] if info[what]]
    if info[ENDED]:
        extra.append(f"of {info[ENDED]:,} an end-of-text mark taken off")
    return (
        f"{info['read']:,} examples from {info['lines']:,} lines{''.join(f', {e}' for e in extra)}"
        f" · {file.detected}{' · cached' if known else ''}"
    )


def first_rejects(rejects: Sequence[Reject], shown: int = 3) -> str:
    """The most frequent reasons, and the first few rejects, for a person."""
    counts: dict[str, int] = {}
    for one in rejects:
        counts[one.reason] = counts.get(one.reason, 0) + 1
    top = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:shown]
    reasons = ", ".join(f"{reason} {number:,}" for reason, number in top)
    examples = "; ".join(f"{one.file}:{one.line} {one.detail}" for one in rejects[:shown])
    return f"Most are {reasons}. The first: {examples}"


def _unique_ids(parts: Sequence[Part], cache: Cache) -> Step:
    """The step with the final `id` of each row: the n-th repeat of a conversation gets `-n` (n >= 2)."""
    step = cache.step(address("ids", [(p.read.key, p.index) for p in parts]))
    if step.info() is not None:
        return step
    step.start()
    if parts:
        every = pl.concat([p.read.read(p.index, ["id"]) for p in parts])
        nth = pl.int_range(1, pl.len() + 1).over("id")
        numbered = pl.when(nth > 1).then(pl.col("id") + "-" + nth.cast(pl.String)).otherwise(pl.col("id"))
        every = every.lazy().select(numbered.alias("id")).collect()
        start = 0
        for index, part in enumerate(parts):
            step.write(index, every.slice(start, part.rows))
            start += part.rows
    step.finish({})
    return step
