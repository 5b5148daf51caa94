"""The ledger: what was dropped, where, why and in whose favour; and the path of one record through a run."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import polars as pl

from curate.cache import Cache, Part, Step, Table
from curate.errors import InputError, UsageError
from curate.io import LEFT_REASONS
from curate.manifest import check_outputs, read_manifest
from curate.stage import Annotator, Stage

#: The columns of `ledger.parquet`: one row per dropped record, in the order of the input. Records of which a reader
#: by its rules made no example stand first; they have no id and no step.
LEDGER: Final[dict[str, pl.DataType]] = {
    "id": pl.String(),
    "step": pl.UInt32(),
    "stage": pl.String(),
    "reason": pl.String(),
    "value": pl.String(),
    "kept_id": pl.String(),
    "also": pl.List(pl.String()),
    "source": pl.String(),
    "file": pl.String(),
    "line": pl.UInt64(),
}


#: A record named by where it stands instead of by its id.
_PLACE: Final = re.compile(r"(?P<file>.+):(?P<line>[0-9]+)", re.DOTALL)


@dataclass(frozen=True)
class Ran:
    """One stage that ran: the step it wrote, the table before and after it, and what it counted."""

    index: int
    stage: Stage
    step: Step
    before: Table
    counts: dict[str, Any] = field(default_factory=dict)

    @property
    def drops(self) -> bool:
        """Whether the stage is one that may drop rows."""
        return self.stage.kind != "annotator"

    @property
    def after(self) -> Table:
        """The table with the step's columns, less the rows it dropped."""
        return self.before.with_step(self.step, self.stage.writes, dropping=self.drops)


def count_step(ran: Ran) -> dict[str, Any]:
    """Rows in, kept, unknown and dropped by reason (sorted by number, then name) of one step."""
    rows = kept = unknown = 0
    reasons: dict[str, int] = {}
    for index in range(len(ran.before.parts)):
        if not ran.drops:
            rows += len(ran.before.alive(index))
            kept = rows
            if isinstance(ran.stage, Annotator) and ran.stage.unknown is not None:
                unknown += ran.step.read(index, [ran.stage.unknown]).to_series().null_count()
            continue
        frame = ran.step.read(index, ["keep", "reason", "unknown"])
        rows += frame.height
        kept += int(frame["keep"].sum())
        unknown += int(frame["unknown"].sum())
        for reason, number in frame["reason"].drop_nulls().value_counts().iter_rows():
            reasons[reason] = reasons.get(reason, 0) + number
    ordered = dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0])))
    return {"rows": rows, "kept": kept, "dropped": ordered, "unknown": unknown}


def build_ledger(steps: Sequence[Ran], left: pl.DataFrame | None = None) -> pl.DataFrame:
    """All drops of a run, with the columns of `LEDGER`: what readers left out, then drops in the order of the input.

    Parameters
    ----------
    left : records that readers left out, with the columns of `LEDGER` that they have.
    """
    frames = []
    if left is not None and left.height:
        unset = [pl.lit(None, dtype=dtype).alias(c) for c, dtype in LEDGER.items() if c not in left.columns]
        nothing = pl.Series([[]], dtype=LEDGER["also"]).new_from_index(0, left.height)
        frames.append(left.with_columns(pl.lit(0, dtype=pl.UInt64).alias("row"), *unset).with_columns(also=nothing))
    for ran in steps:
        if not ran.drops:
            continue
        for index in range(len(ran.before.parts)):
            verdicts = ran.step.read(index, ["row", "keep", "reason", "value", "kept_id", "also"])
            dropped = verdicts.filter(~pl.col("keep"))
            if dropped.is_empty():
                continue
            where = ran.before.load(index, ["source", "file", "line"], rows=dropped["row"])
            named = pl.lit(ran.index, dtype=pl.UInt32).alias("step"), pl.lit(ran.stage.name).alias("stage")
            frames.append(where.join(dropped.drop("keep"), on="row", maintain_order="left").with_columns(named))
    if not frames:
        return pl.DataFrame(schema=LEDGER)
    every = pl.concat([f.select("row", *LEDGER) for f in frames])
    # What was left out has no row number; it stands first, as its readers told of it.
    return every.sort(pl.col("step").is_not_null(), "row", maintain_order=True).select(*LEDGER)


@dataclass(frozen=True, slots=True)
class Visit:
    """What one stage did with one record: `fate` is `annotated`, `kept` or `dropped`.

    A record that never became an example has one visit, at step -1: its reader's, `left out` or `rejected`.
    """

    step: int
    stage: str
    fate: str
    columns: dict[str, Any]
    reason: str | None = None
    reason_text: str | None = None
    value: str | None = None
    kept_id: str | None = None
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """The whole path of one record: what it was, each stage it met, and where it ended.

    `rank` is its line in train.jsonl (1-based) or None, `size` the number of lines there; `messages` and the
    stages' numbers are None and empty where the run's cache is gone.
    """

    id: str
    source: str
    file: str
    line: int
    rank: int | None
    size: int
    messages: list[dict[str, str]] | None
    visits: tuple[Visit, ...]
    kept: tuple[tuple[str, str], ...] = ()


def read_run(out: Path) -> tuple[dict[str, Any], pl.DataFrame, pl.DataFrame]:
    """Manifest, ledger and examples (id, source, file, line, rank) of a finished run.

    Raises
    ------
    InputError : `out` does not hold a finished run, or not as the run wrote it.
    """
    manifest = read_manifest(out)
    if faults := check_outputs(out, manifest, only=("ledger.parquet", "examples.parquet")):
        raise InputError(f"{out} cannot be read as the folder of a finished run: {'; '.join(faults)}")
    examples = pl.read_parquet(out / "examples.parquet", columns=["id", "source", "file", "line", "rank"])
    return manifest, pl.read_parquet(out / "ledger.parquet"), examples


def find_id(wanted: str, ledger: pl.DataFrame, examples: pl.DataFrame) -> str:
    """The one id that is `wanted` or begins with it.

    Raises
    ------
    UsageError : none does, or more than one.
    """
    ids = pl.concat([examples["id"], ledger["id"]])
    if (ids == wanted).any():
        return wanted
    near = ids.filter(ids.str.starts_with(wanted)).sort() if wanted else ids.head(0)
    if len(near) == 1:
        return str(near[0])
    if len(near):
        raise UsageError(
            f"{len(near):,} ids begin with {wanted}: {', '.join(near.head(5))}{', …' if len(near) > 5 else ''}"
        )
    raise UsageError(f"no record of this run has the id {wanted}; ids stand in examples.parquet and ledger.parquet")


def trace(out: Path, wanted: str) -> Trace:
    """The path of one record through the run in `out`.

    Raises
    ------
    InputError : `out` is not a finished run.
    UsageError : no record, or several, have that id (a unique prefix of it is enough) or stand at that place.
    """
    manifest, ledger, examples = read_run(out)
    place_of = _PLACE.fullmatch(wanted)
    if place_of:
        at = _at(out, place_of["file"], int(place_of["line"]), ledger, examples)
        if isinstance(at, Trace):
            return at
        wanted = at
    id_ = find_id(wanted, ledger, examples)
    dropped = ledger.filter(pl.col("id") == id_)
    chosen = examples.filter(pl.col("id") == id_)
    place = (chosen if dropped.is_empty() else dropped).row(0, named=True)
    tables = run_tables(out, manifest)
    found = _locate(tables[0], place) if tables else None
    visits = []
    for index, step in enumerate(manifest["steps"]):
        columns: dict[str, Any] = {}
        if tables and found:
            columns = _numbers(tables[index + 1], step["writes"], *found)
        here = None if dropped.is_empty() or dropped["step"][0] != index else place
        if here:
            text = step["reasons"].get(here["reason"])
            visits.append(
                Visit(index, step["stage"], "dropped", columns, here["reason"], text, here["value"], here["kept_id"],
                      tuple(here["also"] or ()))
            )  # fmt: skip
            break
        visits.append(Visit(index, step["stage"], "annotated" if step["kind"] == "annotator" else "kept", columns))
    messages = None
    if tables and found:
        part, row = found
        messages = tables[0].load(part, ["messages"], rows=pl.Series([row], dtype=pl.UInt64))["messages"][0].to_list()
    rank = None if chosen.is_empty() else int(chosen["rank"][0])
    last = visits[-1].kept_id if visits else None
    return Trace(id_, place["source"], place["file"], place["line"], rank, examples.height, messages, tuple(visits),
                 tuple(_fates(last, ledger, examples)))  # fmt: skip


def _at(out: Path, file: str, line: int, ledger: pl.DataFrame, examples: pl.DataFrame) -> str | Trace:
    """The id of the one example read from a line; or, where none was, what became of the line."""
    here = (pl.col("line") == line) & ((pl.col("file") == file) | pl.col("file").str.ends_with(f"/{file}"))
    place = ["id", "source", "file", "line"]
    read = pl.concat(
        [examples.filter(here).select(place), ledger.filter(here, pl.col("step").is_not_null()).select(place)]
    )
    if read.height == 1:
        return str(read["id"][0])
    if read.height:
        raise UsageError(f"{read.height} examples were read from {file}:{line}; their ids are {', '.join(read['id'])}")
    left = ledger.filter(here, pl.col("step").is_null())
    if left.height:
        row = left.row(0, named=True)
        visit = Visit(-1, row["stage"], "left out", {}, row["reason"], LEFT_REASONS.get(row["reason"]), row["value"])
        return Trace("", row["source"], row["file"], row["line"], None, examples.height, None, (visit,))
    for text in (out / "rejects.jsonl").read_bytes().split(b"\n"):
        one: dict[str, Any] = json.loads(text) if text else {"file": "", "line": -1}
        if one["line"] == line and (one["file"] == file or one["file"].endswith(f"/{file}")):
            visit = Visit(-1, "read", "rejected", {}, one["reason"], one["detail"])
            return Trace("", "", one["file"], line, None, examples.height, None, (visit,))
    raise UsageError(f"no record of this run stands at {file}:{line}; it may be blank, or part of another's example")


def _fates(id_: str | None, ledger: pl.DataFrame, examples: pl.DataFrame) -> list[tuple[str, str]]:
    """The chain of records kept in place of another, each with what became of it."""
    chain: list[tuple[str, str]] = []
    while id_ is not None and id_ not in [seen for seen, _ in chain]:
        chosen = examples.filter(pl.col("id") == id_)
        if chosen.height:
            chain.append((id_, f"is line {chosen['rank'][0]} of train.jsonl ({chosen['file'][0]}:{chosen['line'][0]})"))
            break
        dropped = ledger.filter(pl.col("id") == id_)
        if not dropped.height:
            chain.append((id_, "stands in a dataset that the stage compares with"))
            break
        gone = dropped.row(0, named=True)
        chain.append((id_, f"was dropped later by {gone['stage']}: {gone['reason']} ({gone['file']}:{gone['line']})"))
        id_ = gone["kept_id"]
    return chain


def run_tables(out: Path, manifest: dict[str, Any]) -> list[Table]:
    """The run's table before the first step and after each, or nothing where its cache is gone or another's."""
    try:
        run = json.loads((out / ".curate" / "run.json").read_bytes())
        if run["fingerprint"] != manifest["fingerprint"]:
            return []
        cache = Cache(Path(run["cache"]) if run["cache"] else out / ".curate")
        parts = tuple(Part(cache.step(key), index, offset, rows) for key, index, offset, rows in run["parts"])
        tables = [Table(parts, cache.step(run["ids"]))]
        for key, step in zip(run["steps"], manifest["steps"], strict=True):
            tables.append(tables[-1].with_step(cache.step(key), step["writes"], dropping=step["kind"] != "annotator"))
    except (OSError, ValueError, KeyError, TypeError):
        # Whatever is wrong with the note of where the cache lies, the cache cannot be found.
        return []
    return tables if all(cache.step(key).info() is not None for key in sorted(cache.used)) else []


def _locate(table: Table, place: dict[str, Any]) -> tuple[int, int] | None:
    """Shard and row of the record with that id."""
    for index, part in enumerate(table.parts):
        ids = table.ids.read(index)["id"]
        at = ids.index_of(place["id"])
        if at is not None:
            return index, part.offset + at
    return None


def _numbers(table: Table, writes: Sequence[str], part: int, row: int) -> dict[str, Any]:
    """What the last step of `table` wrote for one row; of a vector only its length."""
    numbers = table.load(part, writes, rows=pl.Series([row], dtype=pl.UInt64)).row(0, named=True)
    return {name: _told(numbers[name]) for name in writes}


def _told(value: Any) -> Any:
    """A value of a stage's column for a person: of a list of numbers how many, of records (signs) each in short."""
    if not isinstance(value, list):
        return value
    if all(isinstance(item, dict) for item in value):
        return "; ".join(" ".join(str(part) for part in item.values() if part is not None) for item in value) or "none"
    return f"[{len(value)} numbers]"
