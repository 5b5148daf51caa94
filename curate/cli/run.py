"""`curate run`."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

import click

from curate.cli import console

if TYPE_CHECKING:
    from curate.engine.base import Engine
    from curate.io import Discovery
    from curate.outputs import Result
    from curate.pipeline import Pipeline


@click.command()
@click.argument("pipeline")
@click.argument("inputs", nargs=-1, required=True)
@click.option("--out", "-o", type=click.Path(path_type=Path), help="Folder of the result (needed but for --dry-run).")
@click.option("--size", type=click.IntRange(min=1, max=2**63 - 1), help="Size of the set, instead of the pipeline's.")
@click.option("--seed", type=click.IntRange(min=0, max=2**63 - 1), help="Seed, instead of the pipeline's.")
@click.option("--format", "format_", metavar="NAME", help="Record format of every input, instead of detecting it.")
@click.option("--template", metavar="FILE", help="Inputs are task tables; FILE is their template, or a shipped one.")
@click.option("--end-of-text", "marks", multiple=True, metavar="MARK",
              help="Take MARK (such as '</s>') off where a response ends in it; once for each.")  # fmt: skip
@click.option("--skip-unknown", is_flag=True, help="Pass over files that no reader takes, without a finding.")
@click.option("--max-rejects", type=click.FloatRange(0, 1), default=0.05, show_default=True,
              help="Share of unreadable lines above which there is a finding.")  # fmt: skip
@click.option("--threads", type=click.IntRange(min=1), help="Threads to use (default: all cores).")
@click.option("--cache", type=click.Path(path_type=Path, file_okay=False),
              help="Folder for stage results that several runs share (default: OUT/.curate).")  # fmt: skip
@click.option("--report/--no-report", default=True, help="Write report.html and report.json (default) or not.")
@click.option("--hf", is_flag=True, help="Write data/train-*.parquet too, as dataset hubs load it (extra `hf`).")
@click.option("--licence", "licences", multiple=True, metavar="SOURCE=ID",
              help="Licence of a source, for the dataset card; once for each.")  # fmt: skip
@click.option("--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True,
              help="Where the stages run: in this process, or as tasks of Ray (extra `ray`).")  # fmt: skip
@click.option("--address", help="With --engine ray: local (default) starts Ray on this machine, auto takes the cluster "
              "that it is part of; or HOST:PORT, or ray://HOST:PORT.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Check everything and say what would be done; write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the manifest as JSON on stdout.")
@click.pass_context
def run(  # noqa: PLR0913 - a parameter for each option
        ctx: click.Context, pipeline: str, inputs: tuple[str, ...], *, out: Path | None, size: int | None,
        seed: int | None, format_: str | None, template: str | None, marks: tuple[str, ...],
        skip_unknown: bool, max_rejects: float, threads: int | None, cache: Path | None, report: bool,
        hf: bool, licences: tuple[str, ...], engine: str, address: str | None, dry_run: bool,
        as_json: bool) -> None:  # fmt: skip
    """Run PIPELINE (a YAML file or a shipped recipe) over INPUTS and write the set into a folder.

    INPUTS are files, folders, globs, URLs, or - for standard input: JSONL, JSON, Parquet or CSV, compressed or not.
    The folder gets train.jsonl, examples.parquet, ledger.parquet, rejects.jsonl, report.html,
    report.json, manifest.json and README.md.

    A run that was stopped goes on from its last finished stage when the same command is given again.
    """
    if out is None and not dry_run:
        raise click.UsageError("--out is needed: the folder to write the result into")
    if address is not None and engine != "ray":
        raise click.UsageError("--address goes with --engine ray")
    console.set_up(threads)
    from curate.io import discover
    from curate.pipeline import Options, Pipeline
    from curate.references import find_references

    plan = Pipeline.from_yaml(console.recipe(pipeline), size=size, seed=seed, format=format_, template=template,
                              end_of_text=marks or None)  # fmt: skip
    if dry_run:
        find_references(plan.stages)
        _announce(plan, discover(inputs, **plan.config.read.detection()), as_json=as_json)
        return
    options = Options(skip_unknown=skip_unknown, threads=threads, max_rejects=max_rejects, cache=cache,
                      report=report, hub=hf, licences=_licences(licences))  # fmt: skip
    narrator = console.Narrator()
    try:
        with _engine(engine, address, threads) as where:
            result = plan.run(inputs, out, options=options, progress=narrator, engine=where)
    finally:
        narrator.close()
    if as_json:
        console.data(result.manifest)
    _conclude(result)
    if result.findings:
        ctx.exit(1)


@contextmanager
def _engine(name: str, address: str | None, threads: int | None) -> Iterator[Engine | None]:
    """Where the stages run; None is this process."""
    if name == "local":
        yield None
        return
    from curate.engine.ray import RayEngine

    # Round the engine, since Ray tells of what is left when it is left itself.
    with redirect_stdout(_Told()), RayEngine(address or "local", threads) as engine:
        yield engine


class _Told(io.TextIOBase):
    """What Ray prints of lost workers and machines: narration, so not for standard output, and not coloured."""

    def write(self, text: str) -> int:
        for line in re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines():
            if line.strip():
                console.say(line)
        return len(text)


def _licences(given: tuple[str, ...]) -> dict[str, str]:
    """The licence of each source, from arguments like `dolly=cc-by-sa-3.0`."""
    pairs = [item.partition("=") for item in given]
    if wrong := [
        item for item, (source, sign, name) in zip(given, pairs, strict=True) if not (source and sign and name)
    ]:
        raise click.UsageError(f"--licence takes SOURCE=ID, not {wrong[0]}")
    return {source: name for source, _, name in pairs}


def _announce(plan: Pipeline, found: Discovery, *, as_json: bool) -> None:
    """What a run would do."""
    files = [{"file": f.name, "format": f.format, "bytes": f.size, "detected": f.detected} for f in found.files]
    unknown = [{"file": u.name, "why": u.why} for u in found.unknown]
    stages = [{"stage": s.name, "parameters": s.model_dump(mode="json", exclude={"stage"})} for s in plan.stages]
    if as_json:
        over = [{"file": u.name, "why": u.why} for u in found.skipped]
        told = {"files": files, "unknown": unknown, "passed_over": over, "stages": stages, "seed": plan.config.seed}
        console.data({"schema": 1, **told})
        return
    console.say(f"{plan.config.name}, seed {plan.config.seed}: would read {len(files)} files")
    for f in found.files:
        console.say(f"  {f.name}  {f.size:,} bytes  {f.detected}")
    for u in found.unknown:
        console.say(f"  {u.name}  not read: {u.why}")
    for u in found.skipped:
        console.say(f"  {u.name}  passed over: {u.why}")
    console.say("and run")
    for index, stage in enumerate(plan.stages):
        values = stage.model_dump(mode="json", exclude={"stage"}, exclude_defaults=True)
        given = ", ".join(f"{k}={v}" for k, v in values.items())
        console.say(f"  {index + 1}. {stage.name}{f'  ({given})' if given else ''}")
    console.say("Nothing was written.")


def _conclude(result: Result) -> None:
    """The accounts, the findings, a hint, and where the result lies."""
    from curate.report.hints import end_of_text

    manifest = result.manifest
    c = manifest["counts"]
    if over := manifest["passed_over"]:
        some = "; ".join(f"{u['file']} ({u['why']})" for u in over[:3])
        console.say(f"passed over {len(over):,} of the files: {some}{'; …' if len(over) > 3 else ''}")
    more = f" + {c['expanded']:,} expanded" if c["expanded"] else ""
    fates = " + ".join(f"{what} {c[what]:,}" for what in ("joined", "left") if c[what])
    console.say(
        f"lines {c['lines']:,}{more} = blank {c['blank']:,} + rejected {c['rejected']:,}"
        f"{f' + {fates}' if fates else ''} + read {c['read']:,}"
    )
    console.say(f"read {c['read']:,} = kept {c['kept']:,} + dropped {c['dropped']:,}")
    if ended := c.get("end_of_text"):
        console.say(f"{ended:,} responses ended with {' or '.join(manifest['read']['end_of_text'])}: taken off")
    for finding in manifest["findings"]:
        console.say(f"finding: {finding['message']}")
    if hint := end_of_text(result.ledger, manifest):
        console.say(f"hint: {hint}")
    console.say(f"{c['kept']:,} examples in {result.out / 'train.jsonl'}")
