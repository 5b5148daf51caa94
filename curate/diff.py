"""Two finished runs side by side: which records one kept and the other did not, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from curate.ledger import read_run

#: The fate of a record that the other run did not read.
NOT_READ: Final = "not_read"

_PLACE: Final = ("id", "source", "file", "line")


@dataclass(frozen=True, slots=True)
class Swapped:
    """A record that one run kept, and what the other did with it.

    `rank` is its line in the train.jsonl of the run that kept it. `step` (counted from 0), `stage`, `value` and
    `kept_id` are the other run's; they are None where `reason` is `not_read`.
    """

    id: str
    source: str
    file: str
    line: int
    rank: int
    step: int | None
    stage: str | None
    reason: str
    value: str | None
    kept_id: str | None


@dataclass(frozen=True, slots=True)
class Difference:
    """What sets two runs apart.

    Parameters
    ----------
    kept : how many records each run kept, and both did: `a`, `b`, `both`.
    changed : what of seed, reading and stages is not the same: place, and the two values (None where there is none).
    only_a, only_b : records that only the one run kept, in the order of its train.jsonl.
    """

    kept: Mapping[str, int]
    changed: tuple[tuple[str, Any, Any], ...]
    only_a: tuple[Swapped, ...]
    only_b: tuple[Swapped, ...]

    def reasons(self, side: str) -> dict[str, int]:
        """How often each `stage: reason` took a record of one side (`only_a`, `only_b`), the most frequent first."""
        counts: dict[str, int] = {}
        for one in self.only_a if side == "only_a" else self.only_b:
            name = f"{one.stage}: {one.reason}" if one.stage else one.reason
            counts[name] = counts.get(name, 0) + 1
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def compare_runs(a: Path, b: Path) -> Difference:
    """What the finished runs in the folders `a` and `b` kept apart.

    Records are the same where their ids are: one conversation is one record, wherever it was read.

    Raises
    ------
    InputError : a folder does not hold a finished run, or not as the run wrote it.
    """
    first, second = read_run(a), read_run(b)
    only_a, only_b = _swapped(first, second), _swapped(second, first)
    sizes = {"a": first[2].height, "b": second[2].height}
    kept = {**sizes, "both": sizes["a"] - len(only_a)}
    return Difference(kept, tuple(_changed(first[0], second[0])), only_a, only_b)


Run = tuple[dict[str, Any], pl.DataFrame, pl.DataFrame]


def _swapped(mine: Run, other: Run) -> tuple[Swapped, ...]:
    """Records that `mine` kept and `other` did not."""
    _, _, examples = mine
    _, ledger, others = other
    fates = ledger.filter(pl.col("step").is_not_null()).select("id", "step", "stage", "reason", "value", "kept_id")
    rows = (
        examples.join(others, on="id", how="anti", maintain_order="left")
        .join(fates, on="id", how="left", maintain_order="left")
        .with_columns(pl.col("reason").fill_null(NOT_READ))
        .select(*_PLACE, "rank", "step", "stage", "reason", "value", "kept_id")
    )
    return tuple(Swapped(*row) for row in rows.iter_rows())


def _changed(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """Where the settings of two manifests differ."""
    found: list[tuple[str, Any, Any]] = []
    if a["seed"] != b["seed"]:
        found.append(("seed", a["seed"], b["seed"]))
    found += _fields("read", a["read"], b["read"])
    mine, other = {i["file"]: i["sha256"] for i in a["inputs"]}, {i["file"]: i["sha256"] for i in b["inputs"]}
    found += _fields("inputs", mine, other)
    names = [[step["stage"] for step in manifest["steps"]] for manifest in (a, b)]
    if names[0] != names[1]:
        found.append(("stages", names[0], names[1]))
        return found
    for one, two in zip(a["steps"], b["steps"], strict=True):
        place = f"stages.{one['step']} ({one['stage']})"
        found += _fields(place, one["parameters"], two["parameters"])
        found += _fields(f"{place}.references", one.get("references", {}), two.get("references", {}))
    return found


def _fields(place: str, a: Mapping[str, Any], b: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    names = dict.fromkeys([*a, *b])
    return [(f"{place}.{name}", a.get(name), b.get(name)) for name in names if a.get(name) != b.get(name)]
