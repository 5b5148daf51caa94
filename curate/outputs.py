"""The files of a finished run: each written to a temporary name, then renamed; the manifest, with hashes, last."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from curate import manifest
from curate.cache import address
from curate.config import PipelineConfig
from curate.engine.base import Progress
from curate.errors import StageError
from curate.ingest import Ingested
from curate.io import Discovery
from curate.io.atomic import atomic_file
from curate.io.formats import preference
from curate.io.writers import write_hub_parquet, write_parquet, write_rejects, write_train
from curate.ledger import Ran
from curate.manifest import MANIFEST
from curate.report.card import dataset_card
from curate.schema import MESSAGES
from curate.stage import Finding

if TYPE_CHECKING:
    from curate.report.build import Page
    from curate.report.model import Report

TRAIN: Final = "train.jsonl"
EXAMPLES: Final = "examples.parquet"
LEDGER_FILE: Final = "ledger.parquet"
REJECTS: Final = "rejects.jsonl"
CARD: Final = "README.md"

HTML: Final = "report.html"
JSON: Final = "report.json"
#: The form that dataset hubs show and load, beside `train.jsonl` when it is asked for.
HUB: Final = "data/train-00000-of-00001.parquet"

#: All files of a result; of these the ones in `ASKED` only when they are asked for.
NAMES: Final = (TRAIN, EXAMPLES, LEDGER_FILE, REJECTS, CARD, MANIFEST)
ASKED: Final = (HTML, JSON, HUB)

#: The first columns of examples.parquet; those that stages wrote follow.
_PLACE: Final = ("id", "source", "file", "line")
#: Its last ones where an input holds preference records: how many messages are the prompt, and the rejected answer.
PAIRED: Final[Mapping[str, pl.DataType]] = {"prompt_turns": pl.UInt32(), "rejected": MESSAGES}


@dataclass(frozen=True)
class Books:
    """All that is known when a run's last stage is done."""

    config: PipelineConfig
    found: Discovery
    read: Ingested
    steps: tuple[Ran, ...]
    ledger: pl.DataFrame
    kept: int
    findings: tuple[Finding, ...]
    options: Mapping[str, Any]
    report: bool = False
    hub: bool = False


@dataclass(frozen=True)
class Result:
    """A finished run: where it lies, its manifest, and the frames behind it (read when asked for)."""

    out: Path
    manifest: dict[str, Any]
    findings: tuple[Finding, ...]

    @cached_property
    def kept(self) -> pl.DataFrame:
        """The examples kept, in the order of train.jsonl: `messages` and the columns of examples.parquet."""
        lines = (self.out / TRAIN).read_bytes().split(b"\n")
        messages = pl.Series("messages", [json.loads(x)["messages"] for x in lines if x], dtype=MESSAGES)
        return pl.read_parquet(self.out / EXAMPLES).with_columns(messages)

    @cached_property
    def ledger(self) -> pl.DataFrame:
        """All drops, with the columns of `curate.ledger.LEDGER`."""
        return pl.read_parquet(self.out / LEDGER_FILE)

    @cached_property
    def rejects(self) -> list[dict[str, Any]]:
        """Input records that could not be read: file, line, offset, reason, detail, raw, sha256."""
        lines = (self.out / REJECTS).read_bytes().split(b"\n")
        return [json.loads(line) for line in lines if line]

    def report(self) -> Page:
        """The run's audit: shown by Jupyter, with all numbers in `.report`; made now where the run did not write it.

        Raises
        ------
        InputError : the folder is no longer as the run wrote it.
        """
        from curate.report.build import page_of

        return page_of(self.out)


def write_all(out: Path, books: Books, progress: Progress) -> dict[str, Any]:
    """Write every output into `out`, and return the manifest.

    Raises
    ------
    OutputError : a file cannot be written; those of an earlier run that are not yet replaced stay whole.
    """
    examples = _examples(books)
    facts = _manifest(books, examples)
    records = _records(books, examples) if books.report else None
    report = None if records is None else _audit(books, records, facts, progress)
    progress.start(f"write {out}", 5)
    write_train(_conversations(books, examples) if records is None else [records], out / TRAIN)
    write_parquet(examples.drop("row"), out / EXAMPLES)
    progress.advance(2)
    write_parquet(books.ledger, out / LEDGER_FILE)
    write_rejects(books.read.rejects, out / REJECTS)
    progress.advance(2)
    asked = _asked(out, books, examples, report)
    with atomic_file(out / CARD) as handle:
        handle.write(dataset_card(facts, hub=books.hub, report=books.report).encode())
    facts["outputs"] = {
        name: {"bytes": (out / name).stat().st_size, "sha256": manifest.file_sha256(out / name)}
        for name in (TRAIN, EXAMPLES, LEDGER_FILE, REJECTS, *asked, CARD)
    }
    facts["seal"] = manifest.seal(facts)
    with atomic_file(out / MANIFEST) as handle:
        handle.write(manifest.dump(facts))
    progress.finish(f"{examples.height:,} examples")
    return facts


def _audit(books: Books, records: pl.DataFrame, facts: Mapping[str, Any], progress: Progress) -> Report:
    from curate.report.build import of_run
    from curate.report.measure import measure

    return measure(of_run(facts, records, books.ledger, books.steps[0].before, books.steps), progress)


def _asked(out: Path, books: Books, examples: pl.DataFrame, report: Report | None) -> list[str]:
    """Write the files that were asked for, take away those of an earlier run that were not, and name the former."""
    names: list[str] = []
    if report is not None:
        from curate.report.build import write

        names += write(report, out)
    if books.hub:
        (out / HUB).parent.mkdir(exist_ok=True)
        write_hub_parquet(_conversations(books, examples), out / HUB)
        names.append(HUB)
    for name in set(ASKED) - set(names):
        (out / name).unlink(missing_ok=True)
    return names


def _records(books: Books, examples: pl.DataFrame) -> pl.DataFrame:
    """The kept rows in the order of `examples`, with what an audit looks at."""
    from curate.report.material import COLUMNS

    table = books.steps[-1].after
    every = pl.concat([table.load(index, COLUMNS) for index in range(len(table.parts))], how="vertical")
    return examples.select("row").join(every, on="row", how="left", maintain_order="left").select(COLUMNS)


def _examples(books: Books) -> pl.DataFrame:
    """The kept rows in the order of train.jsonl: `row`, place, rank, the columns of the stages, and those of pairs.

    They are ordered by the rank that the last ranking stage gave, or else as they were read.
    """
    table = books.steps[-1].after
    columns = [*_PLACE, *table.added]
    paired = {file.name for file in books.found.files if file.format == preference.FORMAT.name}
    if paired and (taken := sorted(PAIRED.keys() & set(table.added))):
        raise StageError(f"column {', '.join(taken)} is that of the pairs, and was written by a stage, too")
    frames = (table.load(index, [*columns, "meta"] if paired else columns) for index in range(len(table.parts)))
    frame = pl.concat([_with_pairs(part, paired) for part in frames] if paired else list(frames), how="vertical")
    if "rank" in frame.columns:
        if frame["rank"].has_nulls():
            raise StageError("a kept example has no rank, though a stage ranked the others")
        frame = frame.sort("rank", maintain_order=True).drop("rank")
    rank = pl.int_range(1, pl.len() + 1, dtype=pl.UInt32).alias("rank")
    return frame.lazy().select("row", *_PLACE, rank, pl.exclude("row", *_PLACE)).collect()


def _with_pairs(frame: pl.DataFrame, files: Set[str]) -> pl.DataFrame:
    """The columns of `PAIRED` in place of `meta`; null where a row's file is none of `files`."""
    rows = zip(frame["file"], frame["meta"], strict=True)
    pairs = [preference.rejected_answer(meta) if file in files else (None, None) for file, meta in rows]
    columns = [pl.Series(name, [pair[at] for pair in pairs], dtype) for at, (name, dtype) in enumerate(PAIRED.items())]
    return frame.drop("meta").with_columns(columns)


def _conversations(books: Books, examples: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """`messages` of the kept rows in the order of `examples`; a shard at a time where that is the order of input."""
    table = books.steps[-1].after
    frames = (table.load(index, ["messages"]) for index in range(len(table.parts)))
    if examples["row"].is_sorted():
        yield from frames
        return
    every = pl.concat(list(frames), how="vertical")
    yield examples.select("row").join(every, on="row", how="left", maintain_order="left")


def _manifest(books: Books, examples: pl.DataFrame) -> dict[str, Any]:
    read = books.read
    total = read.totals(books.config.read)
    return {
        "schema": manifest.SCHEMA,
        "name": books.config.name,
        "description": books.config.description,
        "seed": books.config.seed,
        "read": books.config.read.model_dump(mode="json"),
        "options": dict(books.options),
        "fingerprint": address(read.fingerprint, [stage.content_key() for stage in books.config.stages]),
        "counts": {**total, "kept": books.kept, "dropped": books.ledger["step"].count()},
        "findings": manifest.describe_findings(books.findings),
        "inputs": manifest.describe_inputs(books.found.files, read.counts),
        "unknown": [{"file": u.name, "why": u.why} for u in books.found.unknown],
        "passed_over": [{"file": u.name, "why": u.why} for u in books.found.skipped],
        "rejects": _tally([r.reason for r in read.rejects]),
        "left": _tally((read.left["stage"] + ": " + read.left["reason"]).to_list()),
        "steps": manifest.describe_steps(books.steps),
        "kept_by_source": _ordered(dict(examples["source"].value_counts().iter_rows())),
        "versions": manifest.versions(),
        "outputs": {},
        "selected": examples["id"].to_list(),
    }


def _tally(values: Sequence[str]) -> dict[str, int]:
    """How often each value occurs, the most frequent first, then by name."""
    counts: dict[str, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return _ordered(counts)


def _ordered(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
