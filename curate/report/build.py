"""From files or a finished run to the material of an audit, and from there to the files of a report."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from markupsafe import Markup
from pydantic import BaseModel

from curate import manifest
from curate.cache import Cache, Table
from curate.engine.base import Progress, Silent
from curate.errors import InputError
from curate.ingest import ingest
from curate.io import ReadOptions, discover
from curate.io.atomic import atomic_file
from curate.ledger import Ran, run_tables
from curate.outputs import EXAMPLES, HTML, JSON, LEDGER_FILE, TRAIN
from curate.report.known import Known
from curate.report.material import COLUMNS, Material, Side
from curate.report.measure import measure
from curate.report.model import Report
from curate.report.page import render


def audit(
    dataset: str | Path,
    against: str | Path | None = None,
    *,
    seed: int = 42,
    read: ReadOptions | None = None,
    progress: Progress | None = None,
) -> Report:
    """The audit of one dataset: a file or folder that any reader takes, or the folder of a finished run.

    Parameters
    ----------
    dataset : what is audited. Of a run's folder its set, with the run's pool as far as its cache is still there.
    against : another dataset, taken as the pool that the set is held against.
    seed : of samples and draws; of a finished run its own.
    read : how files are read (default: formats are detected).

    Raises
    ------
    InputError : an input is missing, cannot be read, or holds no example.
    """
    return measure(material(dataset, against, seed=seed, read=read, progress=progress), progress)


def material(
    dataset: str | Path,
    against: str | Path | None = None,
    *,
    seed: int = 42,
    read: ReadOptions | None = None,
    progress: Progress | None = None,
) -> Material:
    """What `audit` measures; parameters and errors are the same."""
    told = progress or Silent()
    read = read or ReadOptions(seed=seed)
    found = _of_run(Path(dataset)) if is_run(dataset) else _of_files(dataset, seed, read, told)
    if not found.chosen.light.height:
        raise InputError(f"{dataset} holds no example to audit")
    if against is None:
        return found
    other = _of_run(Path(against)) if is_run(against) else _of_files(against, seed, read, told)
    if not other.chosen.light.height:
        raise InputError(f"{against} holds no example to audit against")
    return Material(
        name=found.name,
        chosen=found.chosen,
        pool=other.chosen,
        seed=seed,
        counts=found.counts,
        inputs=[*found.inputs, *other.inputs],
    )


def is_run(place: str | Path) -> bool:
    """Whether a path is the folder of a finished run."""
    return (Path(place) / manifest.MANIFEST).is_file()


def short_name(place: str | Path) -> str:
    """What a page calls a dataset: the last part of its path, which says nothing of the machine."""
    return Path(place).name or str(place)


def _of_files(place: str | Path, seed: int, options: ReadOptions, progress: Progress) -> Material:
    found = discover([str(place)], **options.detection())
    name = short_name(place)
    with tempfile.TemporaryDirectory(prefix="curate-audit-") as scratch:
        read = ingest(found.files, options, Cache(Path(scratch)), progress)
        progress.start(f"count {name}", len(read.table.parts))
        side = Side.of(name, _told(frames(read.table), progress), seed)
        progress.finish(f"{side.light.height:,} records")
    counts = read.totals(options)
    return Material(name, side, None, seed, counts=counts, inputs=manifest.describe_inputs(found.files, read.counts))


def _of_run(out: Path) -> Material:
    facts = manifest.read_manifest(out)
    if faults := manifest.check_outputs(out, facts):
        raise InputError(f"{out} cannot be audited as the folder of a finished run: {'; '.join(faults)}")
    tables = run_tables(out, facts)
    pool = tables[0] if tables else None
    examples = pl.read_parquet(out / EXAMPLES)
    ledger = pl.read_parquet(out / LEDGER_FILE)
    return of_run(facts, train_frame(out / TRAIN, examples), ledger, pool)


def of_run(
    facts: Mapping[str, Any], kept: pl.DataFrame, ledger: pl.DataFrame, pool: Table | None, steps: Sequence[Ran] = ()
) -> Material:
    """The material of a run: its manifest, its set (`COLUMNS`), its ledger, and the table before its first stage.

    `steps` are its stages as they ran, where they are at hand; they change no number, only how long it takes.
    """
    seed, known = int(facts["seed"]), Known(tuple(steps))
    return Material(
        name=facts["name"],
        chosen=Side.of("kept", [kept], seed, known),
        pool=None if pool is None else Side.of("read", frames(pool), seed, known),
        seed=seed,
        counts=facts["counts"],
        steps=facts["steps"],
        inputs=facts["inputs"],
        versions=facts["versions"],
        ledger=ledger,
    )


def frames(table: Table) -> Iterator[pl.DataFrame]:
    """The columns of an audit, a shard at a time."""
    for index in range(len(table.parts)):
        yield table.load(index, COLUMNS).select(COLUMNS)


def train_frame(train: Path, examples: pl.DataFrame) -> pl.DataFrame:
    """The set of a run with `COLUMNS`, from its two files."""
    from curate.schema import MESSAGES, sides

    lines = [json.loads(line)["messages"] for line in train.read_bytes().split(b"\n") if line]
    both = [sides(messages) for messages in lines]
    return examples.select("id", "source").with_columns(
        pl.Series("messages", lines, dtype=MESSAGES),
        pl.Series("instruction", [instruction for instruction, _ in both], dtype=pl.String),
        pl.Series("response", [response for _, response in both], dtype=pl.String),
    )


def _told(every: Iterator[pl.DataFrame], progress: Progress) -> Iterator[pl.DataFrame]:
    for frame in every:
        yield frame
        progress.advance()


@dataclass(frozen=True)
class Page:
    """An audit that Jupyter shows in a frame of its own, under the page's own policy."""

    report: Report

    @property
    def html(self) -> str:
        """The page."""
        return render(self.report)

    def _repr_html_(self) -> str:
        frame = Markup('<iframe sandbox="allow-scripts" width="100%" height="800" srcdoc="{}"></iframe>')
        return str(frame.format(self.html))


def page_of(out: Path) -> Page:
    """The audit of the run in `out`: the one it wrote, or one made now.

    Raises
    ------
    InputError : `out` is not the folder of a finished run, or not as the run wrote it.
    """
    facts = manifest.read_manifest(out)
    if faults := manifest.check_outputs(out, facts):
        raise InputError(f"{out} is no longer as the run wrote it: {'; '.join(faults)}")
    if JSON in facts["outputs"]:
        return Page(Report.model_validate_json((out / JSON).read_bytes()))
    return Page(audit(out))


def dump(report: BaseModel) -> bytes:
    """The bytes of `report.json`, or of the numbers of a comparison."""
    return (json.dumps(report.model_dump(mode="json", by_alias=True), ensure_ascii=False, indent=1) + "\n").encode()


def write(report: Report, out: Path) -> Sequence[str]:
    """Write `report.html` and `report.json` into the folder `out`; their names.

    Raises
    ------
    OutputError : as `atomic_file`.
    """
    for name, content in ((HTML, render(report).encode()), (JSON, dump(report))):
        with atomic_file(out / name) as handle:
            handle.write(content)
    return HTML, JSON


def write_page(page: Path, html: str, numbers: bytes) -> tuple[Path, Path]:
    """Write a page, and its numbers beside it with the suffix `.json`; both paths.

    Raises
    ------
    OutputError : as `atomic_file`.
    """
    beside = page.with_suffix(".json") if page.suffix != ".json" else page.with_name(page.name + ".json")
    for path, content in ((page, html.encode()), (beside, numbers)):
        with atomic_file(path) as handle:
            handle.write(content)
    return page, beside


def json_schema() -> dict[str, Any]:
    """The JSON Schema of `report.json`."""
    return Report.model_json_schema(by_alias=True)
