"""`curate why`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from curate.cli import console

if TYPE_CHECKING:
    from curate.ledger import Trace, Visit

_EXCERPT = 300


@click.command()
@click.argument("directory", type=click.Path(path_type=Path))
@click.argument("id_", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print the path as JSON on stdout.")
def why(directory: Path, id_: str, *, as_json: bool) -> None:
    """Tell the whole path of the record ID through the run in DIRECTORY.

    What it was, each stage's numbers, what dropped it and which record was kept in its place, or why it was
    selected. The beginning of an ID is enough where only one begins so; FILE:LINE asks for what was read there.
    """
    from curate.ledger import trace

    found = trace(directory, id_)
    if as_json:
        console.data({"schema": 1, **dataclasses.asdict(found)})
        return
    for line in _lines(found):
        click.echo(console.printable(line))


def _lines(found: Trace) -> list[str]:
    from curate.report.hints import of_drop

    first = found.visits[0] if found.visits else None
    if first is not None and first.step < 0:  # no example was made of it
        evidence = f" ({_short(first.value)})" if first.value is not None else ""
        what = f"{first.fate.capitalize()} by the reader of {first.stage}" if first.fate == "left out" else "Rejected"
        return [f"{found.file}:{found.line}", f"{what}: {first.reason}{evidence}. {first.reason_text or ''}".rstrip()]
    lines = [f"{found.id}  {found.file}:{found.line}  (source {found.source})", ""]
    if found.messages is None:
        lines.append("  (its text and the stages' numbers are no longer cached; run the pipeline again to see them)")
    for message in found.messages or []:
        text = " ".join(message["content"].split())
        cut = text if len(text) <= _EXCERPT else text[:_EXCERPT] + f"… ({len(message['content']):,} characters)"
        lines.append(f"  {message['role']}: {cut}")
    lines.append("")
    width = max((len(v.stage) for v in found.visits), default=0)
    lines += [f"  {v.step + 1:>2}  {v.stage:<{width}}  {_fate(v)}" for v in found.visits]
    lines.append("")
    if found.rank is not None:
        chosen = next((v for v in reversed(found.visits) if v.columns.get("rank") is not None), None)
        by = f", chosen by {chosen.stage} as number {chosen.columns['rank']}" if chosen else ""
        lines.append(f"Kept: line {found.rank} of {found.size:,} in train.jsonl{by}.")
        return lines
    last = found.visits[-1]
    lines.append(f"Dropped by {last.stage}: {last.reason}. {last.reason_text or ''}".rstrip())
    if hint := of_drop(last.reason, last.value):
        lines.append(hint)
    for other, fate in found.kept:
        lines.append(f"Kept in its place: {other}, which {fate}.")
    return lines


def _fate(visit: Visit) -> str:
    numbers = "  ".join(f"{name}={_short(value)}" for name, value in visit.columns.items() if value is not None)
    if visit.fate == "dropped":
        parts = [f"DROPPED {visit.reason}"]
        if visit.value is not None:
            parts.append(f"value {_short(visit.value)}")
        if visit.kept_id is not None:
            parts.append(f"in favour of {visit.kept_id}")
        if visit.also:
            parts.append(f"also {', '.join(visit.also)}")
        return " · ".join([*parts, *([numbers] if numbers else [])])
    return numbers if visit.fate == "annotated" else f"kept  {numbers}".rstrip()


def _short(value: Any) -> str:
    text = f"{value:.4g}" if isinstance(value, float) else " ".join(str(value).split())
    return text if len(text) <= 100 else text[:99] + "…"
