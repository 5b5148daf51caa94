"""`curate validate`."""

from __future__ import annotations

import click

from curate.cli import console


@click.command()
@click.argument("pipelines", nargs=-1, required=True)
def validate(pipelines: tuple[str, ...]) -> None:
    """Check PIPELINES (files or shipped recipes) without reading any data."""
    from curate.config import load_config
    from curate.errors import ConfigError, UsageError

    faults = []
    for name in pipelines:
        try:
            config = load_config(console.recipe(name))
        except UsageError as error:
            faults.append(str(error))
        else:
            console.say(f"{name}: valid, {len(config.stages)} stages")
    if faults:
        raise ConfigError("\n".join(faults))
