"""Several sets side by side: the same measures at the same size, and what one has that another has not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field

from curate.algorithms.coverage import nearest
from curate.encoders.static import PIECES
from curate.engine.base import Progress, Silent
from curate.errors import UsageError
from curate.io import ReadOptions
from curate.report import duplicates, findings, lima, shape
from curate.report.build import material, short_name
from curate.report.material import Side, annotate, encode, sample
from curate.report.model import (
    Column,
    Diversity,
    Duplicates,
    Findings,
    Metric,
    Part,
    Quantiles,
    Style,
    Text,
    Totals,
    Value,
)
from curate.report.varied import DRAWS, MEASURES, SIZE, Context, Cut, draws

#: Records of each set whose nearest neighbour in the other is looked for, and in which it is looked for.
_NEAREST: Final = 20_000
#: A record has no counterpart where the nearest one in the other set is less alike than this cosine; two random
#: instructions of LIMA have a nearest neighbour at 0.5 among 1,000, on average.
ALONE: Final = 0.5
_EXAMPLES: Final = 6


class Member(Part):
    """One of the sets compared."""

    key: str
    name: str
    totals: Totals
    prompts: Quantiles
    responses: Quantiles
    duplicates: Duplicates
    findings: Findings
    style: Style


class Shares(Part):
    """Shares of one kind in each set, by the set's key."""

    value: str
    shares: dict[str, float]


class Pair(Part):
    """What the set `left` has that `right` has not."""

    left: str
    right: str
    same_ids: int = Field(description="Records of `left` whose very conversation is in `right`.")
    left_only: int
    looked_at: int = Field(description="Records of `left` whose nearest neighbour was looked for.")
    nearest: float | None = Field(description="Mean cosine with the nearest instruction of `right`.")
    alone: int = Field(description="Of those looked at, records whose nearest neighbour is below the cosine `bound`.")
    bound: float
    examples: list[Text]


class Comparison(Part):
    """Several sets side by side: every number that the page shows."""

    schema_: Literal[1] = Field(1, alias="schema")
    seed: int
    tokenizer: str
    members: list[Member]
    diversity: Diversity
    tasks: list[Shares]
    sources: list[Shares]
    languages: list[Shares]
    pairs: list[Pair]


def compare(
    datasets: Sequence[str | Path],
    *,
    seed: int = 42,
    read: ReadOptions | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """The comparison of two datasets or more: files or folders that readers take, or folders of finished runs.

    Raises
    ------
    UsageError : fewer than two.
    InputError : an input is missing, cannot be read, or holds no example.
    """
    if len(datasets) < 2:
        raise UsageError("compare needs two datasets or more")
    told = progress or Silent()
    names = _names(datasets)
    sides = [material(d, seed=seed, read=read, progress=told).chosen for d in datasets]
    keys = [chr(ord("A") + i) if i < 26 else f"S{i + 1}" for i in range(len(sides))]
    named = dict(zip(keys, sides, strict=True))
    told.start("compare", len(named) + 2)
    members = []
    for key, name in zip(keys, names, strict=True):
        members.append(_member(key, name, named[key]))
        told.advance()
    diversity = _diversity(named, names)
    told.advance()
    pairs = [_pair(a, b, named) for a in keys for b in keys if a != b]
    told.finish(f"{len(named)} sets")
    return Comparison(
        seed=seed,
        tokenizer=PIECES,
        members=members,
        diversity=diversity,
        tasks=_shares({k: s.sample for k, s in named.items()}, "task_type"),
        sources=_shares({k: s.light for k, s in named.items()}, "source"),
        languages=_shares({k: s.sample for k, s in named.items()}, "language"),
        pairs=pairs,
    )


def _names(datasets: Sequence[str | Path]) -> list[str]:
    """What each is called: the last part of its path, with as many before it as tell it from others, else a number."""
    names = [short_name(dataset) for dataset in datasets]
    paths = [Path(dataset).parts for dataset in datasets]
    for i, path in enumerate(paths):
        alike = {other for other in paths if other[-1:] == path[-1:]} - {path}
        depth = 1
        while depth < len(path) and any(other[-depth:] == path[-depth:] for other in alike):
            depth += 1
        if depth > 1:
            names[i] = Path(*path[-depth:]).as_posix()
    return [f"{name} ({names[: i + 1].count(name)})" if names.count(name) > 1 else name for i, name in enumerate(names)]


def _member(key: str, name: str, side: Side) -> Member:
    from curate.report.material import Material

    return Member(
        key=key,
        name=name,
        totals=shape.totals(side),
        prompts=shape.quantiles(side.light["prompt_words"]),
        responses=shape.quantiles(side.light["response_words"]),
        duplicates=duplicates.duplicates(side, "set"),
        findings=findings.findings(Material(name, side, None, side.seed)),
        style=findings.style(side),
    )


def _diversity(named: dict[str, Side], names: list[str]) -> Diversity:
    """Every measure that needs no pool, at the size of the smallest set or 1,000."""
    size = min(SIZE, *(side.texts.height for side in named.values()))
    empty = Context(encode([]), encode([]))
    columns: list[Column] = []
    values: dict[str, dict[str, Value]] = {}
    for (key, side), name in zip(named.items(), names, strict=True):
        found = [side.texts] if side.texts.height == size else draws(side, size)
        cuts = [Cut.of(annotate(frame, ("task_type",))) for frame in found]
        columns.append(Column(key=key, name=name, records=size, draws=len(found)))
        taken = {m: np.array([measure.take(cut, empty) for cut in cuts]) for m, measure in MEASURES.items()}
        values[key] = {
            m: Value(
                value=shape.rounded(float(v.mean())),
                sd=shape.rounded(float(v.std(ddof=1))) if len(v) == DRAWS else None,
            )
            for m, v in taken.items()
        }
    if any(lima.value(m, size) is not None for m in MEASURES):
        columns.append(Column(key="lima", name="LIMA", records=min(size, SIZE)))
        values["lima"] = {m: Value(value=lima.value(m, size)) for m in MEASURES}
    metrics = [
        Metric(key=m, name=measure.name, better="higher" if measure.better == "higher" else "lower", text=measure.text,
               source=measure.source, values={c.key: values[c.key][m] for c in columns})
        for m, measure in MEASURES.items() if any(values[k][m].value is not None for k in named)
    ]  # fmt: skip
    return Diversity(size=size, columns=columns, metrics=metrics)


def _shares(frames: dict[str, pl.DataFrame], column: str) -> list[Shares]:
    """Shares by kind, the kind most frequent in any set first."""
    found: dict[str, dict[str, float]] = {}
    for key, frame in frames.items():
        for kind in shape.breakdown(frame, None, column).kinds:
            name = shape.OTHERS if kind.value.startswith(shape.OTHERS) else kind.value
            found.setdefault(name, {})[key] = round(kind.set / frame.height, 6)
    ranked = sorted(found.items(), key=lambda item: (-max(item[1].values()), item[0]))
    return [Shares(value=value, shares={k: by.get(k, 0.0) for k in frames}) for value, by in ranked]


def _pair(left: str, right: str, named: dict[str, Side]) -> Pair:
    mine, theirs = named[left], named[right]
    shared = mine.light.join(theirs.light.select("id").unique(), on="id", how="semi").height
    drawn, among = sample(mine.texts, _NEAREST, mine.seed), sample(theirs.texts, _NEAREST, theirs.seed)
    cosines = _cosines(drawn, among)
    order = np.lexsort((drawn["id"].to_numpy(), cosines))[:_EXAMPLES]
    rows = drawn[order].drop("stage", "reason", "value", strict=False)
    shown = rows.with_columns(pl.lit("nearest").alias("stage"), pl.lit("cosine").alias("reason"),
                              pl.Series("value", [f"{c:.2f}" for c in cosines[order]], dtype=pl.String))  # fmt: skip
    return Pair(
        left=left,
        right=right,
        same_ids=shared,
        left_only=mine.light.height - shared,
        looked_at=drawn.height,
        nearest=shape.rounded(float(cosines.mean())),
        alone=int((cosines < ALONE).sum()),
        bound=ALONE,
        examples=[duplicates.excerpt(row, chars=(400, 300)) for row in shown.iter_rows(named=True)],
    )


def _cosines(drawn: pl.DataFrame, among: pl.DataFrame) -> NDArray[np.float64]:
    vectors = encode([*drawn["instruction"], *among["instruction"]])
    at = np.arange(len(vectors))
    return nearest(vectors, at[: drawn.height], at[drawn.height :])[1]
