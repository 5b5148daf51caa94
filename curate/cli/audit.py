"""`curate audit`."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from curate.cli import console

if TYPE_CHECKING:
    from curate.report.model import Report

_BOUND: Final = re.compile(r"([a-z0-9_]+)\s*(<=|>=|<|>)\s*([0-9.]+%?)")
_HOLDS: Final[dict[str, Callable[[float, float], bool]]] = {
    "<": lambda value, bound: value < bound,
    "<=": lambda value, bound: value <= bound,
    ">": lambda value, bound: value > bound,
    ">=": lambda value, bound: value >= bound,
}


@click.command()
@click.argument("dataset")
@click.option(
    "--against", metavar="OTHER", help="Another dataset to hold it against: the pool it came from, or a rival."
)
@click.option(
    "--out", "-o", type=click.Path(path_type=Path, dir_okay=False), help="The page to write, e.g. report.html."
)
@click.option("--json", "as_json", is_flag=True, help="Print every number as JSON on stdout.")
@click.option("--fail-on", "bounds", multiple=True, metavar="BOUND",
              help="Exit code 1 where this holds, e.g. 'near_duplicates>1%' or 'vendi<80'; repeatable.")  # fmt: skip
@click.option("--format", "format_", metavar="NAME", help="Record format of the inputs, instead of detecting it.")
@click.option("--end-of-text", "marks", multiple=True, metavar="MARK",
              help="Take MARK (such as '</s>') off where a response ends in it; once for each.")  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0, max=2**63 - 1), default=42, show_default=True,
              help="Seed of samples and draws.")  # fmt: skip
@click.option("--threads", type=click.IntRange(min=1), help="Threads to use (default: all cores).")
@click.option("--schema", "show_schema", is_flag=True, is_eager=True, expose_value=False,
              callback=lambda ctx, _, wanted: _schema(ctx, wanted),
              help="Print the JSON Schema of the numbers, and do nothing else.")  # fmt: skip
@click.pass_context
def audit(  # noqa: PLR0913 - a parameter for each option
        ctx: click.Context, dataset: str, *, against: str | None, out: Path | None, as_json: bool,
        bounds: tuple[str, ...], format_: str | None, marks: tuple[str, ...], seed: int,
        threads: int | None) -> None:  # fmt: skip
    """Tell how diverse DATASET is, where it repeats itself, and what is broken in it, as one page.

    DATASET is a file, folder, glob or URL that any reader takes, or the folder of a finished run. The page needs no
    network and fetches nothing; beside it, report.json (or the page's name with .json) has every number.

    Bounds for --fail-on: near_duplicates and faults are shares of the records; others are the measures of the page, by
    their keys in the JSON: coverage, vendi, nearest, novelsum, novelsum_flat, self_bleu, distinct_1, distinct_2,
    response_distinct_2, tasks.
    """
    wanted = [_bound(text) for text in bounds]
    if out is None and not as_json and not bounds:
        raise click.UsageError("nothing to do: give --out for the page, --json for the numbers, or --fail-on")
    console.set_up(threads)
    from curate.algorithms.parallel import set_threads
    from curate.io import ReadOptions
    from curate.report import build
    from curate.report.page import render

    set_threads(threads)
    narrator = console.Narrator()
    try:
        read = ReadOptions(format=format_, seed=seed, end_of_text=marks)
        report = build.audit(dataset, against, seed=seed, read=read, progress=narrator)
    finally:
        narrator.close()
    if out is not None:
        for path in build.write_page(out, render(report), build.dump(report)):
            console.say(f"wrote {path}")
    if as_json:
        console.data(report.model_dump(mode="json", by_alias=True))
    _tell(report)
    failed = [text for text, (key, sign, bound) in zip(bounds, wanted, strict=True) if _fails(report, key, sign, bound)]
    for text in failed:
        console.say(f"finding: {text}")
    if failed:
        ctx.exit(1)


def _schema(ctx: click.Context, wanted: Any) -> None:
    if wanted and not ctx.resilient_parsing:
        from curate.report.build import json_schema

        console.data(json_schema())
        ctx.exit()


def _tell(report: Report) -> None:
    console.say(report.verdict.headline)
    for judgement in report.verdict.judgements:
        console.say(f"  {'fine' if judgement.good else 'look'}  {judgement.text}")


def _bound(text: str) -> tuple[str, str, float]:
    """Metric, sign and number of a bound such as `near_duplicates>1%`."""
    found = _BOUND.fullmatch(text.strip())
    try:
        if found:
            number = found[3]
            value = float(number[:-1]) / 100 if number.endswith("%") else float(number)
            return found[1], found[2], value
    except ValueError:
        pass
    raise click.UsageError(f"--fail-on {text}: not a metric, one of < <= > >=, and a number, as in near_duplicates>1%")


def _fails(report: Report, key: str, sign: str, bound: float) -> bool:
    """Whether the bound holds.

    Raises
    ------
    UsageError : no such metric, or it was not measured.
    """
    values = _values(report)
    if key not in values:
        raise click.UsageError(f"--fail-on {key}: no such metric; there are {', '.join(values)}")
    value = values[key]
    if value is None:
        raise click.UsageError(f"--fail-on {key}: it could not be measured in this set")
    return _HOLDS[sign](value, bound)


def _values(report: Report) -> dict[str, float | None]:
    repeats, found = report.duplicates[0], report.findings
    values: dict[str, float | None] = {
        "near_duplicates": repeats.redundant / repeats.records if repeats.records else None,
        "faults": sum(c.set for c in found.checks) / found.set_of if found.set_of else None,
    }
    return values | {m.key: m.values["set"].value for m in report.diversity.metrics}
