"""`curate init`."""

from __future__ import annotations

from pathlib import Path

import click

from curate.cli import console


@click.command()
@click.argument("path", type=click.Path(path_type=Path), default=Path("pipeline.yaml"))
@click.option("--from", "name", default="lima_1k", show_default=True, help="Shipped recipe to begin with.")
@click.option("--force", is_flag=True, help="Replace PATH where it exists.")
def init(path: Path, *, name: str, force: bool) -> None:
    """Write a pipeline file to PATH (pipeline.yaml) to begin with: a copy of a shipped recipe."""
    from curate.errors import OutputError, UsageError
    from curate.io.atomic import atomic_file
    from curate.registry import did_you_mean

    recipes = console.shipped()
    if name not in recipes:
        raise UsageError(f"no shipped recipe `{name}`{did_you_mean(name, list(recipes))} ({', '.join(recipes)})")
    if path.exists() and not force:
        raise OutputError(f"{path} exists; --force replaces it")
    with atomic_file(path) as handle:
        handle.write(recipes[name].read_bytes())
    console.say(f"wrote {path}; next: curate run {path} DUMPS... --out DIR")
