"""The pipeline: reads inputs, runs the stages in order on an engine, and keeps the books."""

from __future__ import annotations

import json
import shutil
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from curate import judge, outputs
from curate.algorithms.parallel import set_threads
from curate.cache import Cache, Step, Table, address
from curate.config import DEFAULT_SEED, PipelineConfig, check_chain, load_config, with_seed, with_size
from curate.encoders import use_vector_cache
from curate.engine.base import Engine, Progress, Silent
from curate.engine.local import LocalEngine
from curate.errors import ConfigError, InputError, StageError, UsageError
from curate.ingest import SHARD_ROWS, Ingested, first_rejects, ingest
from curate.io import Discovery, ReadOptions, discover
from curate.io.atomic import OutputLock, atomic_file
from curate.ledger import Ran, build_ledger, count_step
from curate.outputs import Result
from curate.references import Found, find_references, read_references
from curate.stage import Finding, Stage

#: Share of rejected lines above which a run ends with a finding.
MAX_REJECTS = 0.05


@dataclass(frozen=True)
class Options:
    """How to run, as opposed to what: nothing here but `shard_rows`' memory and `threads`' time changes a result.

    `skip_unknown` makes files that no reader takes no finding. `threads` bounds the threads of kernels and shards
    (default: all cores). `max_rejects` is the share of lines, 0 to 1, above which rejects are a finding. `cache` is
    a folder to share results between runs (default: `OUT/.curate`, pruned after each run). `report` writes report.html
    and report.json, `hub` the Parquet file that dataset hubs load; `licences` names the licence of each source, for the
    dataset card.
    """

    skip_unknown: bool = False
    threads: int | None = None
    max_rejects: float = MAX_REJECTS
    cache: Path | None = None
    shard_rows: int = SHARD_ROWS
    report: bool = False
    hub: bool = False
    licences: Mapping[str, str] = field(default_factory=dict)

    def asked(self) -> dict[str, Any]:
        """Those that change what is read or found, for the manifest."""
        more = {"report": self.report, "hub": self.hub, "licences": dict(sorted(self.licences.items()))}
        told = {key: value for key, value in more.items() if value}
        return {"skip_unknown": self.skip_unknown, "max_rejects": self.max_rejects, **told}


class Pipeline:
    """An ordered list of stages with a seed.

    Parameters
    ----------
    stages : the stages, in the order in which they run; at least one.
    name : name of the pipeline and of the set it makes.
    seed : 0 to 2**63 - 1; every stage that has a `seed` and sets none takes it, and so do the readers.
    read : how the inputs are read (default: formats are detected).

    Raises
    ------
    ConfigError : no stage, or one that reads a column which no earlier one writes.
    """

    def __init__(self, stages: Sequence[Stage], *, name: str = "pipeline", seed: int = DEFAULT_SEED,
                 description: str = "", read: ReadOptions | None = None) -> None:  # fmt: skip
        if not stages:
            raise ConfigError("a pipeline needs at least one stage")
        check_chain(stages)
        read = read or ReadOptions()
        if read.seed is None:
            read = read.model_copy(update={"seed": seed})
        staged = tuple(with_seed(s, seed) for s in stages)
        self.config = PipelineConfig(name=name, description=description, seed=seed, read=read, stages=staged)

    @classmethod
    def from_config(
        cls, config: PipelineConfig, *, size: int | None = None, seed: int | None = None, **read: Any
    ) -> Pipeline:
        """The pipeline of a checked config; `size`, `seed` and fields of `ReadOptions` take the place of its own."""
        stages = config.stages if size is None else with_size(config.stages, size)
        seed = config.seed if seed is None else seed
        given = {key: value for key, value in read.items() if value is not None}
        if "template" in given:
            given["template_sha256"] = None
        return cls(
            stages,
            name=config.name,
            seed=seed,
            description=config.description,
            read=ReadOptions(**{**config.read.model_dump(), **given}),
        )

    @classmethod
    def from_yaml(cls, path: str | Path, *, size: int | None = None, seed: int | None = None, **read: Any) -> Pipeline:
        """The pipeline in a YAML file, as `from_config`. Raises `ConfigError` with every fault of the file."""
        return cls.from_config(load_config(path), size=size, seed=seed, **read)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages, with their seeds filled in."""
        return self.config.stages

    def run(
        self,
        inputs: str | Path | Sequence[str | Path] | Discovery,
        out: str | Path | None = None,
        *,
        options: Options | None = None,
        engine: Engine | None = None,
        progress: Progress | None = None,
    ) -> Result:
        """Read `inputs`, run every stage, and write the outputs into `out`.

        Parameters
        ----------
        inputs : files, folders, globs, `-` or URLs; or what `curate.io.discover` found.
        out : folder of the result; a temporary one, deleted with the result, where None.

        Raises
        ------
        UsageError : `out` lies inside an input folder, or is where an input comes from.
        InputError : an input, or a dataset that a stage compares with, is missing or cannot be read at all.
        OutputError : `out` cannot be written, or another run holds it.
        StageError : a stage failed or broke its contract.
        """
        for stage in self.config.stages:
            stage.content_key()  # a model that cannot be had is an error now, not after an hour of reading
        compared = find_references(self.config.stages)
        options = options or Options()
        several: Sequence[str | Path] = ()
        if not isinstance(inputs, Discovery):
            several = [inputs] if isinstance(inputs, str | Path) else inputs
            inputs = discover([str(i) for i in several], **self.config.read.detection())
        _check_names(inputs)
        if out is not None:
            _refuse_own_output(several, inputs, Path(out))
        temporary = tempfile.mkdtemp(prefix="curate-") if out is None else None
        folder = Path(temporary or str(out))
        set_threads(options.threads)
        try:
            with OutputLock(folder):
                run = _Run(self.config, folder, options, engine or LocalEngine(), progress or Silent())
                run.engine.prepare(self.config.stages, run.cache.root)
                result = run.go(inputs, compared)
        except BaseException:
            if temporary is not None:
                shutil.rmtree(temporary, ignore_errors=True)
            raise
        if temporary is not None:
            weakref.finalize(result, shutil.rmtree, temporary, ignore_errors=True)
        return result


def _check_names(found: Discovery) -> None:
    """Raise `InputError` where a file's name is no text: it could not stand in a table or in JSON."""
    for name in [*(f.name for f in found.files), *(u.name for u in found.unknown)]:
        if name != name.encode("utf-8", "replace").decode():
            raise InputError(f"{name!a}: the file's name is not Unicode text; rename it")


def _refuse_own_output(given: Sequence[str | Path], found: Discovery, out: Path) -> None:
    """Raise `UsageError` where the run, or the next one like it, would read its own result."""
    home = out.resolve()
    for item in given:
        folder = Path(item)
        if folder.is_dir() and home.is_relative_to(folder.resolve()):
            raise UsageError(f"{out} lies inside the input {item}: the next run would read this one's result; "
                             "choose an --out beside the inputs")  # fmt: skip
    own = {home / name for name in outputs.NAMES}
    for file in found.files:
        if file.path.resolve() in own:
            raise UsageError(f"{file.path} is among the inputs, and the run would write over it; choose another --out")


class _Run:
    """One run: the state that its phases hand on."""

    def __init__(self, config: PipelineConfig, out: Path, options: Options, engine: Engine, progress: Progress) -> None:
        self.config, self.out, self.options, self.engine, self.progress = config, out, options, engine, progress
        self.cache = Cache((options.cache or out / ".curate").absolute())
        self.findings: list[Finding] = []

    def go(self, found: Discovery, compared: Found) -> Result:
        use_vector_cache(self.cache.root / "vectors")
        judge.begin(self.cache.root / "answers")
        self.config, unread = read_references(self.config, compared, self.cache, self.progress)
        self.findings += unread
        if found.unknown and not self.options.skip_unknown:
            names = "; ".join(f"{u.name} ({u.why})" for u in found.unknown)
            self.findings.append(
                Finding("unknown_files", f"no reader takes {len(found.unknown)} of the files: {names}")
            )
        read = ingest(found.files, self.config.read, self.cache, self.progress, shard_rows=self.options.shard_rows)
        self._check_rejects(read)
        steps = self._stages(read)
        table = steps[-1].after
        ledger = build_ledger(steps, read.left)
        dropped = ledger["step"].count()
        kept = sum(len(table.alive(i)) for i in range(len(table.parts)))
        if read.total("read") != kept + dropped:
            raise StageError(f"{read.total('read'):,} read are not {kept:,} kept and {dropped:,} dropped")
        if kept == 0:
            self.findings.append(
                Finding("nothing_left", "no example is left; `curate why` tells what dropped each one")
            )
        books = outputs.Books(self.config, found, read, tuple(steps), ledger, kept, tuple(self.findings),
                              self.options.asked(), self.options.report, self.options.hub)  # fmt: skip
        manifest = outputs.write_all(self.out, books, self.progress)
        self._remember(manifest["fingerprint"], read, steps)
        return Result(self.out, manifest, tuple(self.findings))

    def _check_rejects(self, read: Ingested) -> None:
        lines, rejected = read.total("lines"), read.total("rejected")
        if lines and rejected / lines > self.options.max_rejects:
            share = f"{rejected:,} of {lines:,} lines ({rejected / lines:.1%}) could not be read"
            self.findings.append(
                Finding(
                    "too_many_rejects",
                    f"{share}, more than {self.options.max_rejects:.1%}. {first_rejects(read.rejects)}",
                )
            )
        for one in read.rejects:
            if one.reason == "corrupt_stream":
                self.findings.append(Finding("corrupt_stream", f"{one.file}, line {one.line}: {one.detail}"))

    def _stages(self, read: Ingested) -> list[Ran]:
        table, key, steps = read.table, read.key, []
        for index, stage in enumerate(self.config.stages):
            key = address(key, stage.content_key())
            ran = self._one(index, stage, table, self.cache.step(key))
            table = ran.after
            steps.append(ran)
        return steps

    def _one(self, index: int, stage: Stage, table: Table, step: Step) -> Ran:
        self.progress.start(f"{index + 1}/{len(self.config.stages)} {stage.name}", len(table.parts))
        info = step.info()
        cached = info is not None
        if info is None:
            findings = self.engine.run(stage, table, step, self.progress)
            counts = count_step(Ran(index, stage, step, table))
            info = {"counts": counts, "findings": [[f.code, f.message] for f in findings]}
            step.finish(info)
        self.findings += [Finding(code, f"{stage.name}: {message}") for code, message in info["findings"]]
        ran = Ran(index, stage, step, table, info["counts"])
        self.progress.finish(_summary(ran, cached=cached))
        return ran

    def _remember(self, fingerprint: str, read: Ingested, steps: Sequence[Ran]) -> None:
        """What `curate why` needs to find a record's text and numbers again; no part of the result."""
        run = {
            "fingerprint": fingerprint,
            "cache": str(self.options.cache.resolve()) if self.options.cache else None,
            "parts": [[p.read.key, p.index, p.offset, p.rows] for p in read.table.parts],
            "ids": read.table.ids.key,
            "steps": [ran.step.key for ran in steps],
        }
        with atomic_file(self.out / ".curate" / "run.json") as handle:
            handle.write(json.dumps(run).encode())
        if self.options.cache is None:
            self.cache.prune()


def _summary(ran: Ran, *, cached: bool) -> str:
    """One line for a person about a step."""
    counts = ran.counts
    parts = [f"{counts['rows']:,} in, {counts['kept']:,} kept" if ran.drops else f"{counts['rows']:,} rows"]
    if counts["dropped"]:
        parts.append(", ".join(f"{reason} {number:,}" for reason, number in counts["dropped"].items()))
    if counts["unknown"]:
        parts.append(f"{counts['unknown']:,} undecided")
    if cached:
        parts.append("cached")
    return " · ".join(parts)
