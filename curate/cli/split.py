"""`curate split`."""

from __future__ import annotations

from pathlib import Path

import click

from curate.cli import console


@click.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.option(
    "--out", "-o", type=click.Path(path_type=Path), required=True, help="Folder for train.jsonl and test.jsonl."
)
@click.option("--size", type=click.IntRange(min=1), help="Records to hold out.")
@click.option("--share", type=click.FloatRange(0, 1, min_open=True, max_open=True),
              help="Share of the records to hold out (default: 0.1).")  # fmt: skip
@click.option("--by", metavar="COLUMN", help="Column of examples.parquet to balance by, such as source or task_type.")
@click.option("--threshold", type=click.FloatRange(0, 1, min_open=True), default=0.5, show_default=True,
              help="Jaccard index of word 5-grams from which two texts are near-duplicates.")  # fmt: skip
@click.option("--seed", type=click.IntRange(min=0), default=42, show_default=True, help="Seed of the choice.")
@click.pass_context
def split(ctx: click.Context, directory: Path, *, out: Path, size: int | None, share: float | None, by: str | None,
          threshold: float, seed: int) -> None:  # fmt: skip
    """Hold out a test part of the set in DIRECTORY, without near-duplicates across the cut.

    Near-duplicate instructions, or responses, stay on one side together. Exit code 1 where that leaves the test part
    smaller than asked for.
    """
    if size is not None and share is not None:
        raise click.UsageError("--size and --share exclude each other")
    from curate.split import split_file

    wanted: int | float = size if size is not None else float(share or 0.1)
    parts = split_file(directory, out, wanted, by=by, threshold=threshold, seed=seed)
    console.say(f"{len(parts.train):,} records in {out / 'train.jsonl'}, {len(parts.test):,} in {out / 'test.jsonl'}")
    if by is not None:
        console.say("held out: " + ", ".join(f"{name or 'null'} {n:,}" for name, n in parts.by_stratum.items()))
    asked = size if size is not None else round(wanted * (len(parts.train) + len(parts.test)))
    if len(parts.test) < asked:
        console.say(f"finding: held out {len(parts.test):,} of {asked:,}; the rest has near-duplicates that do not fit")
        ctx.exit(1)
