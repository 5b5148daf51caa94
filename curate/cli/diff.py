"""`curate diff`."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curate.cli import console

if TYPE_CHECKING:
    from curate.diff import Difference, Swapped

_CHARS = 80


@click.command()
@click.argument("a", type=click.Path(path_type=Path))
@click.argument("b", type=click.Path(path_type=Path))
@click.option("--limit", type=click.IntRange(min=0), default=20, show_default=True,
              help="Records to show of each side; --json has all.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the difference as JSON on stdout.")
def diff(a: Path, b: Path, *, limit: int, as_json: bool) -> None:
    """Tell which records the finished run in A kept and the one in B did not, and why; and the other way round.

    What of seed, inputs and parameters differs, how often each reason took a record, and for each record the step that
    dropped it in the other run, the reason, its evidence, and which record was kept in its place.
    """
    from curate.diff import compare_runs

    found = compare_runs(a, b)
    if as_json:
        console.data({"schema": 1, "a": str(a), "b": str(b), **_json(found)})
        return
    click.echo(console.printable(f"A {a}: {found.kept['a']:,} kept"))
    click.echo(console.printable(f"B {b}: {found.kept['b']:,} kept"))
    click.echo(f"both: {found.kept['both']:,}")
    for place, one, two in found.changed:
        click.echo(console.printable(f"  {place}: {_short(one)} in A, {_short(two)} in B"))
    for side, mine, other in (("only_a", "A", "B"), ("only_b", "B", "A")):
        _side(found, side, mine, other, limit)


def _side(found: Difference, side: str, mine: str, other: str, limit: int) -> None:
    records = found.only_a if side == "only_a" else found.only_b
    click.echo(f"\nkept in {mine}, not in {other}: {len(records):,}")
    for reason, number in found.reasons(side).items():
        click.echo(console.printable(f"  {number:>7,}  {reason}"))
    for record in records[:limit]:
        click.echo(console.printable(f"  {_line(record, other)}"))
    if len(records) > limit:
        click.echo(f"  … and {len(records) - limit:,} more (--limit, --json)")


def _line(record: Swapped, other: str) -> str:
    where = f"{record.id}  {record.file}:{record.line}"
    if record.stage is None or record.step is None:
        return f"{where}  {other} did not read it"
    value = f" ({_short(record.value)})" if record.value is not None else ""
    favour = f", in favour of {record.kept_id}" if record.kept_id is not None else ""
    return f"{where}  {record.step + 1} {record.stage}: {record.reason}{value}{favour}"


def _json(found: Difference) -> dict[str, Any]:
    return {
        "kept": dict(found.kept),
        "changed": [{"place": place, "a": one, "b": two} for place, one, two in found.changed],
        **{
            side: {"reasons": found.reasons(side), "records": [dataclasses.asdict(r) for r in records]}
            for side, records in (("only_a", found.only_a), ("only_b", found.only_b))
        },
    }


def _short(value: Any) -> str:
    text = " ".join((value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)).split())
    return text if len(text) <= _CHARS else text[: _CHARS - 1] + "…"
