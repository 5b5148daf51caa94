"""What the sections of `docs/benchmarks.md` are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Result = dict[str, Any]


def number(value: float | None, digits: int = 2) -> str:
    """For a table: thousands with commas, a dash for what is unknown."""
    return "–" if value is None else f"{value:,.{digits}f}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first are right-aligned."""
    rule = ["---", *["--:"] * (len(head) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, rule, *rows]) + "\n"


def why_not(told: Result) -> str:
    """What became of a program that has no figures."""
    if "stopped_after_s" in told:
        return f"stopped after {told['stopped_after_s']:,} s"
    return "failed: " + str(told.get("error", "no result")).replace("|", "/").replace("`", "'")


def goal(told: Result) -> str:
    """A ratio with its goal, and whether it is met."""
    if "must" not in told:
        return ""
    return f"{told['must']:g}x: {'met' if told['ratio'] >= told['must'] else 'not met'}"


def times(told: Result, key: str) -> str:
    """A ratio, where there is one."""
    return f"{told[key]:,.1f}x" if key in told else ""


def machine(part: Result) -> str:
    """When and on what it was measured."""
    load = f", load average {part['load']} at the start" if "load" in part else ""
    return f"{part['date']}, {part['cores']} cores, Python {part['python']}{load}."
