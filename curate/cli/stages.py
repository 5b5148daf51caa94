"""`curate stages`."""

from __future__ import annotations

import click

from curate.cli import console


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON on stdout.")
def stages(name: str | None, *, as_json: bool) -> None:
    """List the stages, or show the manual page of the stage NAME."""
    from curate import manual
    from curate.registry import stage_class, stage_classes

    if name is not None:
        cls = stage_class(name)
        if as_json:
            console.data({"schema": 1, **manual.facts(cls)})
        else:
            click.echo(manual.page(cls))
        return
    classes = list(stage_classes().values())
    if as_json:
        console.data({"schema": 1, "stages": [manual.facts(cls) for cls in classes]})
        return
    rows = [(n, cls.kind, manual.summary(cls)) for n, cls in stage_classes().items()]
    click.echo(console.table(rows, indent=""))
