"""The measures of diversity, of a set and beside it of random, longest and LIMA's records of the same number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curate.algorithms.diversity import (
    distinct_rows,
    effective_number,
    local_density,
    nearest_cosines,
    novelsum,
    novelties,
    vendi_score,
)
from curate.algorithms.ngrams import distinct_n, self_bleu
from curate.encoders.base import Vectors
from curate.report import lima
from curate.report.maps import ground_vectors
from curate.report.material import Material, Side, annotate, encode, sample
from curate.report.model import Column, Diversity, Metric, Value
from curate.report.shape import rounded
from curate.text import WORD

#: Records in every column but the whole: LIMA's number. Most measures change with size, so only equals compare.
SIZE: Final = 1_000
#: Seeded draws of which a mean is taken.
DRAWS: Final = 5
#: Rows of which the nearest neighbour among all is looked for, in a larger whole; a mean of 2,000 cosines has a
#: standard error below 0.012, and about 0.004 on real sets.
QUERIES: Final = 2_000
#: Records above which the wording of a whole is not compared: it says more of their number than of them.
WORDED: Final = 5_000

_NEIGHBOURS: Final = 10


@dataclass(frozen=True)
class Cut:
    """Some records of which the measures are taken: texts, and the vectors of their instructions."""

    frame: pl.DataFrame
    vectors: Vectors
    _numbered: dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]] = field(default_factory=dict)
    _novelties: list[NDArray[np.float64]] = field(default_factory=list)

    @classmethod
    def of(cls, frame: pl.DataFrame) -> Cut:
        """A cut of a frame with `COLUMNS`."""
        return cls(frame, encode(frame["instruction"].to_list()))

    def words(self, column: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Words of a column, lower-cased, numbered; and where each text begins."""
        if column not in self._numbered:
            self._numbered[column] = _words(self.frame, column)
        return self._numbered[column]

    def novelties(self) -> NDArray[np.float64]:
        """What each record adds to NovelSum, before density; empty for more than `SIZE`."""
        if not self._novelties:
            self._novelties.append(novelties(self.vectors if len(self.vectors) <= SIZE else self.vectors[:0]))
        return self._novelties[0]


@dataclass(frozen=True)
class Context:
    """What a measure may hold a cut against: the vectors to be covered, and those, distinct, that densities are of."""

    ground: Vectors
    pool: Vectors


@dataclass(frozen=True)
class Measure:
    """A measure of diversity: what it is called, which way is better, how to read it, and how it is taken."""

    name: str
    better: str
    text: str
    source: str
    take: Callable[[Cut, Context], float]


def _words(frame: pl.DataFrame, column: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Words of a column, lower-cased, numbered; and where each text begins."""
    lists = frame.select(pl.col(column).str.to_lowercase().str.extract_all(WORD)).to_series()
    numbers = lists.explode(empty_as_null=False).cast(pl.Categorical).to_physical().to_numpy().astype(np.int64)
    return numbers, np.concatenate([[0], np.cumsum(lists.list.len().to_numpy())]).astype(np.int64)


def _vendi(cut: Cut, context: Context) -> float:
    del context
    return vendi_score(cut.vectors)


def _nearest(cut: Cut, context: Context) -> float:
    del context
    n = len(cut.vectors)
    rows = np.arange(n) if n <= 10 * QUERIES else np.linspace(0, n - 1, QUERIES).astype(np.int64)
    found = nearest_cosines(cut.vectors, rows)
    return float(found.mean()) if found.size else float("nan")


def _novelsum(cut: Cut, context: Context) -> float:
    if len(cut.vectors) > SIZE or len(context.pool) <= _NEIGHBOURS:
        return float("nan")
    return novelsum(cut.novelties(), local_density(cut.vectors, context.pool, neighbours=_NEIGHBOURS))


def _flat_novelsum(cut: Cut, context: Context) -> float:
    del context
    return novelsum(cut.novelties())


def _distinct(column: str, n: int) -> Callable[[Cut, Context], float]:
    return lambda cut, _: distinct_n(*cut.words(column), n) if cut.frame.height <= WORDED else float("nan")


def _self_bleu(cut: Cut, context: Context) -> float:
    del context
    if cut.frame.height > WORDED:
        return float("nan")
    found = self_bleu(*cut.words("instruction"))
    return float(found.mean()) if found.size else float("nan")


def _tasks(cut: Cut, context: Context) -> float:
    del context
    if "task_type" not in cut.frame.columns:
        return float("nan")
    return effective_number(cut.frame["task_type"].drop_nulls().value_counts()["count"])


def _coverage(cut: Cut, context: Context) -> float:
    if not len(cut.vectors) or not len(context.ground):
        return float("nan")
    found = nearest_cosines(context.ground, np.arange(len(context.ground)), cut.vectors[: 10 * QUERIES])
    return float(np.maximum(found, 0).mean())


MEASURES: Final[Mapping[str, Measure]] = {
    "coverage": Measure(
        "Coverage of the pool", "higher",
        "How near, on average, an instruction of the pool is to the nearest one of the set (cosine, 0 to 1).",
        "the facility location function over n: Lin & Bilmes 2011", _coverage),
    "vendi": Measure(
        "Vendi score", "higher",
        "How many wholly different instructions the set is worth.",
        "Friedman & Dieng 2023, cosine kernel, order 1", _vendi),
    "nearest": Measure(
        "Nearest-neighbour similarity", "lower",
        "How like its nearest neighbour in the set an instruction is on average (cosine); high means crowded.",
        "mean of the highest cosine", _nearest),
    "novelsum": Measure(
        "NovelSum", "higher",
        "Distances to all others, near ones weighing most, larger where the pool is dense.",
        "Yang et al. 2025, K = 10, powers 1 and 0.5, as their code computes it", _novelsum),
    "novelsum_flat": Measure(
        "NovelSum without density", "higher",
        "The same without the pool: the weighted distance to all others alone.",
        "Yang et al. 2025, density power 0", _flat_novelsum),
    "self_bleu": Measure(
        "Self-BLEU", "lower",
        "How much of an instruction's wording other instructions hold (0 to 1).",
        "Zhu et al. 2018; BLEU-4, smoothing 1, all others as references", _self_bleu),
    "distinct_1": Measure(
        "Distinct-1, instructions", "higher", "Distinct words among all words of the instructions.",
        "Li et al. 2016", _distinct("instruction", 1)),
    "distinct_2": Measure(
        "Distinct-2, instructions", "higher", "Distinct word pairs among all word pairs of the instructions.",
        "Li et al. 2016", _distinct("instruction", 2)),
    "response_distinct_2": Measure(
        "Distinct-2, responses", "higher", "Distinct word pairs among all word pairs of the responses.",
        "Li et al. 2016", _distinct("response", 2)),
    "tasks": Measure(
        "Effective task types", "higher", "How many equally frequent task types would be as varied.",
        "exp of Shannon's entropy: Hill 1973", _tasks),
}  # fmt: skip


def diversity(material: Material) -> Diversity:
    """Every measure in every column that can be had: `set`, `random`, `longest`, `lima`, and the `whole` set."""
    chosen, base = material.chosen, material.base
    size = min(SIZE, chosen.texts.height)
    context = Context(ground_vectors(base), distinct_rows(encode(base.sample["instruction"].to_list())))
    columns: list[Column] = []
    cuts: dict[str, list[Cut]] = {}

    def add(key: str, name: str, found: list[pl.DataFrame]) -> None:
        cuts[key] = [Cut.of(annotate(frame, ("task_type",), base.known)) for frame in found]
        columns.append(Column(key=key, name=name, records=found[0].height, draws=len(found)))

    if chosen.texts.height <= size:
        add("set", "this set", [chosen.texts])
    else:
        add("set", f"this set, {size:,} at random", draws(chosen, size))
    if material.pool is not None and base.texts.height > size:
        add("random", f"{size:,} of the pool at random", draws(base, size))
    if base.texts.height > size:
        add("longest", f"the {size:,} longest answers", [longest(base, size)])
    values = {key: _values(found, context) for key, found in cuts.items()}
    known = {key: lima.value(key, size) for key in MEASURES}
    if any(v is not None for v in known.values()) and size:
        columns.append(Column(key="lima", name="LIMA", records=min(size, SIZE)))
        values["lima"] = {key: Value(value=v) for key, v in known.items()}
    if chosen.texts.height > size:
        columns.append(Column(key="whole", name="this set, all", records=chosen.texts.height))
        values["whole"] = _whole(chosen, context)
    return Diversity(
        size=size,
        columns=columns,
        metrics=[
            Metric(key=key, name=m.name, better="higher" if m.better == "higher" else "lower", text=m.text,
                   source=m.source, values={c.key: values[c.key][key] for c in columns})
            for key, m in MEASURES.items()
        ],
    )  # fmt: skip


def draws(side: Side, size: int) -> list[pl.DataFrame]:
    """Seeded random draws of `size` records out of a side's sample, each without repeats."""
    return [sample(side.sample, size, side.seed + 1 + draw) for draw in range(DRAWS)]


def longest(side: Side, size: int) -> pl.DataFrame:
    """The records with the longest responses, in words; ties by id (Zhao et al. 2024, *Long Is More*)."""
    counted = side.light.select("id", "response_words")
    if counted.height != side.texts.height:
        counted = side.texts.select("id").join(counted, on="id", how="left", maintain_order="left")
    order = counted.with_row_index("at").sort("response_words", "id", descending=[True, False])
    return side.texts[order["at"].head(size).sort().to_numpy()]


def _values(cuts: list[Cut], context: Context) -> dict[str, Value]:
    taken = {key: np.array([m.take(cut, context) for cut in cuts]) for key, m in MEASURES.items()}
    return {
        key: Value(value=rounded(float(v.mean())), sd=rounded(float(v.std(ddof=1))) if len(v) > 1 else None)
        for key, v in taken.items()
    }


def _whole(side: Side, context: Context) -> dict[str, Value]:
    """The measures that all of a large set allows; the task types are those of its sample."""
    cut = Cut(side.texts, side.vectors)
    out = {key: Value(value=rounded(m.take(cut, context))) for key, m in MEASURES.items() if key != "tasks"}
    out["tasks"] = Value(value=rounded(_tasks(Cut(side.sample, side.vectors[:0]), context)))
    return out
