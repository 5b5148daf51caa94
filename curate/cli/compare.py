"""`curate compare`."""

from __future__ import annotations

from pathlib import Path

import click

from curate.cli import console


@click.command()
@click.argument("datasets", nargs=-1, required=True, metavar="A B [C]...")
@click.option(
    "--out", "-o", type=click.Path(path_type=Path, dir_okay=False), help="The page to write, e.g. compare.html."
)
@click.option("--json", "as_json", is_flag=True, help="Print every number as JSON on stdout.")
@click.option("--format", "format_", metavar="NAME", help="Record format of the inputs, instead of detecting it.")
@click.option("--end-of-text", "marks", multiple=True, metavar="MARK",
              help="Take MARK (such as '</s>') off where a response ends in it; once for each.")  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0, max=2**63 - 1), default=42, show_default=True,
              help="Seed of samples and draws.")  # fmt: skip
@click.option("--threads", type=click.IntRange(min=1), help="Threads to use (default: all cores).")
def compare(datasets: tuple[str, ...], *, out: Path | None, as_json: bool, format_: str | None,
            marks: tuple[str, ...], seed: int, threads: int | None) -> None:  # fmt: skip
    """Tell how several sets differ: the same measures side by side, and what A has that B has not.

    Each is a file, folder, glob or URL that any reader takes, or the folder of a finished run. The page is one file
    that fetches nothing; its name with .json has every number.
    """
    if len(datasets) < 2:
        raise click.UsageError("compare needs two datasets or more")
    if out is None and not as_json:
        raise click.UsageError("nothing to do: give --out for the page, or --json for the numbers")
    console.set_up(threads)
    from curate.algorithms.parallel import set_threads
    from curate.io import ReadOptions
    from curate.report import build
    from curate.report.compare import compare as measured
    from curate.report.page import render_comparison

    set_threads(threads)
    narrator = console.Narrator()
    try:
        read = ReadOptions(format=format_, seed=seed, end_of_text=marks)
        found = measured(datasets, seed=seed, read=read, progress=narrator)
    finally:
        narrator.close()
    if out is not None:
        for path in build.write_page(out, render_comparison(found), build.dump(found)):
            console.say(f"wrote {path}")
    if as_json:
        console.data(found.model_dump(mode="json", by_alias=True))
