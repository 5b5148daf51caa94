"""An audit: every number of a report, from the records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from curate import manifest
from curate.encoders.static import PIECES
from curate.engine.base import Progress, Silent
from curate.report import accounts, duplicates, findings, lima, maps, shape, varied
from curate.report.material import Material
from curate.report.model import Report
from curate.report.verdict import verdict


def measure(material: Material, progress: Progress | None = None) -> Report:
    """Every number of an audit of `material`. The same records and seed give the same numbers."""
    told = progress or Silent()
    chosen, pool = material.chosen, material.pool
    parts: dict[str, Any] = {}
    work: Final[dict[str, Callable[[], Any]]] = {
        "set": lambda: shape.totals(chosen),
        "pool": lambda: None if pool is None else shape.totals(pool),
        "prompts": lambda: shape.histogram("prompt_words", chosen, pool),
        "responses": lambda: shape.histogram("response_words", chosen, pool),
        "sources": lambda: shape.breakdown(chosen.light, None if pool is None else pool.light, "source"),
        "tasks": lambda: _kinds(material, "task_type"),
        "languages": lambda: _kinds(material, "language"),
        "duplicates": lambda: _duplicates(material),
        "map": lambda: maps.plane(material),
        "coverage": lambda: maps.coverage(material),
        "diversity": lambda: varied.diversity(material),
        "verbs": lambda: findings.verbs(chosen),
        "findings": lambda: findings.findings(material),
        "style": lambda: findings.style(chosen),
        "samples": lambda: findings.samples(material),
    }
    told.start(f"audit {material.name}", len(work))
    for name, take in work.items():
        parts[name] = take()
        told.advance()
    told.finish(f"{chosen.light.height:,} records")
    return Report(
        name=material.name,
        seed=material.seed,
        tokenizer=PIECES,
        verdict=verdict(parts),
        accounts=accounts.accounts(material.counts),
        stages=accounts.stages(material),
        overlaps=accounts.overlaps(material.ledger),
        inputs=[_input(i) for i in material.inputs],
        parameters=[{"stage": s["stage"], "parameters": s["parameters"]} for s in material.steps],
        versions=dict(material.versions) or manifest.versions(),
        **parts,
    )


def _kinds(material: Material, column: str) -> Any:
    pool = material.pool
    sides = (material.chosen, pool)
    drawn = [side is not None and side.sample.height < side.light.height for side in sides]
    return shape.breakdown(
        material.chosen.sample,
        None if pool is None else pool.sample,
        column,
        sampled=(drawn[0], drawn[1]),
        lima=lima.shares(column),
    )


def _duplicates(material: Material) -> list[Any]:
    found = [duplicates.duplicates(material.chosen, "set")]
    return found if material.pool is None else [*found, duplicates.duplicates(material.pool, "pool")]


def _input(entry: Any) -> dict[str, Any]:
    return {key: entry[key] for key in ("file", "source", "format", "bytes", "sha256", "lines", "rejected", "read")}
