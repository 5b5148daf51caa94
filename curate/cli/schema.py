"""`curate schema`."""

from __future__ import annotations

import click

from curate.cli import console


@click.command()
def schema() -> None:
    """Print the JSON Schema of pipeline files, for editors and validators."""
    from curate.config import json_schema

    console.data(json_schema())
