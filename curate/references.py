"""Datasets that stages compare with: found before anything is read, then read as inputs are, into the same cache."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from curate.cache import Cache, Table
from curate.config import PipelineConfig
from curate.engine.base import Progress
from curate.errors import InputError
from curate.ingest import SHARD_ROWS, ingest
from curate.io import Discovery, discover
from curate.io.formats import RECORD
from curate.manifest import MANIFEST, describe_inputs
from curate.stage import Finding, Reference, Stage

#: What the parameters of the stages name: by the stage's place and the parameter.
Found = Mapping[tuple[int, str], Discovery]


@dataclass(frozen=True)
class TableReference:
    """A `curate.stage.Reference` whose rows lie in the cache."""

    digest: str
    files: Sequence[Mapping[str, Any]]
    table: Table

    def frames(self, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """See `Reference.frames`."""
        return (self.table.load(index, columns) for index in range(len(self.table.parts)))


def find_references(stages: Sequence[Stage]) -> Found:
    """The files that the parameters of `stages` name.

    A folder of a finished run stands for the set in it, its train.jsonl.

    Raises
    ------
    InputError : one does not exist or cannot be opened, or no reader takes a file; the message names the stage.
    """
    found: dict[tuple[int, str], Discovery] = {}
    for place, stage in enumerate(stages):
        for parameter, kind in stage.references.items():
            given = getattr(stage, parameter)
            if not given:
                continue
            paths = [_of_run(path) for path in ([given] if isinstance(given, str) else given)]
            where = f"stages.{place} ({stage.name}): {parameter}"
            try:
                here = discover(paths, format=RECORD.name if kind == "records" else None)
            except InputError as error:
                raise InputError(f"{where}: {error}") from error
            if here.unknown:
                names = "; ".join(f"{file.name} ({file.why})" for file in here.unknown)
                raise InputError(f"{where}: no reader takes {names}")
            found[place, parameter] = here
    return found


def _of_run(path: str) -> str:
    folder = Path(path)
    return str(folder / "train.jsonl") if (folder / MANIFEST).is_file() else path


def read_references(
    config: PipelineConfig, found: Found, cache: Cache, progress: Progress
) -> tuple[PipelineConfig, tuple[Finding, ...]]:
    """`config` with its stages given the datasets that their parameters name, and what could not be read of these.

    They are read with the options of the inputs, less the format and the template, which are the inputs' alone.

    Parameters
    ----------
    found : what `find_references` found for the stages of `config`.

    Raises
    ------
    InputError : a file cannot be read at all.
    """
    options = config.read.model_copy(update={"format": None, "template": None, "template_sha256": None})
    bound = []
    findings = []
    for place, stage in enumerate(config.stages):
        mine: dict[str, Reference] = {}
        for parameter in stage.references:
            if (place, parameter) not in found:
                continue
            files = found[place, parameter].files
            read = ingest(files, options, cache, progress, shard_rows=SHARD_ROWS)
            mine[parameter] = TableReference(read.fingerprint, describe_inputs(files, read.counts), read.table)
            if read.rejects:
                first = read.rejects[0]
                findings.append(
                    Finding(
                        "reference_rejects",
                        f"{stage.name}: {parameter}: {len(read.rejects):,} of {read.total('lines'):,} lines could not "
                        f"be read, so nothing was compared with them. The first: {first.file}:{first.line} "
                        f"{first.detail}",
                    )
                )
        bound.append(stage.with_references(mine) if mine else stage)
    return config.model_copy(update={"stages": tuple(bound)}), tuple(findings)
