"""What an audit looks at: a set of records, and the pool it was chosen from where there is one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
import polars as pl

from curate.algorithms.parallel import thread_map
from curate.encoders import get_encoder
from curate.encoders.base import Vectors
from curate.registry import stage_classes
from curate.report.known import Known, requires, writer
from curate.stage import Annotator, Filter
from curate.text import turn_count

#: Records of a side whose text is kept in memory; of a larger one a seeded sample of so many.
TEXTS: Final = 250_000
#: Records that slow annotators and checks see; a share found in them has a standard error of 0.5% at most.
SAMPLE: Final = 10_000
#: Columns that an audit needs of each record.
COLUMNS: Final = ("id", "source", "messages", "instruction", "response")

_CHUNK: Final = 2_500
#: For what no run told anything of.
NOTHING: Final = Known()


@dataclass(frozen=True)
class Side:
    """Records: the numbers of all of them, and the texts of all or of a seeded sample.

    `light` has `id`, `source`, `prompt_words`, `response_words`, `turns` and `tokens` of every record; `texts` has
    `COLUMNS` (and whatever else was at hand) of up to `TEXTS` of them, in the order of the input. `known` has what the
    stages of a run said of them.
    """

    name: str
    light: pl.DataFrame
    texts: pl.DataFrame
    seed: int = 42
    known: Known = NOTHING

    @classmethod
    def of(cls, name: str, frames: Iterable[pl.DataFrame], seed: int, known: Known = NOTHING) -> Side:
        """A side of frames with at least `COLUMNS`, read once, one after the other."""
        lights: list[pl.DataFrame] = []
        texts: list[pl.DataFrame] = []
        held = 0
        for frame in frames:
            lights.append(_light(frame))
            texts.append(frame)
            held += frame.height
            if held > 2 * TEXTS:
                texts = [sample(pl.concat(texts), TEXTS, seed)]
                held = TEXTS
        whole = pl.concat(texts)
        return cls(name, pl.concat(lights), sample(whole, TEXTS, seed), seed, known)

    @cached_property
    def sample(self) -> pl.DataFrame:
        """Up to `SAMPLE` of the texts, drawn by the seed, with `task_type`, `language` and the like."""
        drawn = sample(self.texts, SAMPLE, self.seed)
        return annotate(drawn, ("task_type", "language", "verb", "noun"), self.known)

    @cached_property
    def vectors(self) -> Vectors:
        """The vector of each of `texts`' instructions, by the bundled static encoder."""
        return encode(self.texts["instruction"].to_list())


def encode(texts: Sequence[str]) -> Vectors:
    """Vectors of the bundled encoder, int8 (n, 256)."""
    return get_encoder("static").encode(texts)


@dataclass(frozen=True)
class Material:
    """All that an audit is made of.

    `chosen` is the set; `pool` what it was chosen from or is held against. `counts`, `steps`, `inputs`, `versions` and
    `ledger` are those of a run's manifest and ledger, as far as there was a run.
    """

    name: str
    chosen: Side
    pool: Side | None
    seed: int = 42
    counts: Mapping[str, int] = field(default_factory=dict)
    steps: Sequence[Mapping[str, Any]] = ()
    inputs: Sequence[Mapping[str, Any]] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    ledger: pl.DataFrame | None = None

    @property
    def base(self) -> Side:
        """The pool, or else the set itself: where random and longest records of comparison come from."""
        return self.pool or self.chosen


def sample(frame: pl.DataFrame, size: int, seed: int) -> pl.DataFrame:
    """`size` rows of `frame` in its order (all, where it has no more), chosen by a hash of seed and id alone."""
    if frame.height <= size:
        return frame
    from curate.algorithms.coverage import hash64

    hashes = hash64(frame["id"], seed)
    last = np.partition(hashes, size - 1)[size - 1] if size else np.uint64(0)
    taken, tied = np.flatnonzero(hashes < last), np.flatnonzero(hashes == last)
    tied = tied[frame["id"].gather(tied).arg_sort().to_numpy()][: size - len(taken)]
    return frame[np.sort(np.concatenate([taken, tied]))]


def _light(frame: pl.DataFrame) -> pl.DataFrame:
    from curate.encoders.static import StaticEncoder

    encoder = get_encoder("static")
    assert isinstance(encoder, StaticEncoder)
    prompt, response = encoder.count(frame["instruction"]), encoder.count(frame["response"])
    return frame.select(
        "id",
        "source",
        pl.Series("prompt_words", prompt[:, 1]).cast(pl.UInt32),
        pl.Series("response_words", response[:, 1]).cast(pl.UInt32),
        turn_count(pl.col("messages")).alias("turns"),
        pl.Series("tokens", prompt[:, 0] + response[:, 0]),
    )


def annotate(frame: pl.DataFrame, columns: Sequence[str], known: Known = NOTHING) -> pl.DataFrame:
    """`frame` with those of `columns` that it lacks and a registered annotator writes, by its defaults."""
    for column in columns:
        stage = None if column in frame.columns else writer(column)
        said = _said(stage, frame, known) if stage is not None and frame.height else None
        if said is not None:
            frame = frame.hstack(said.select(c for c in said.columns if c not in frame.columns))
    return frame


def judge(frame: pl.DataFrame, name: str, known: Known = NOTHING) -> tuple[Filter, pl.DataFrame] | None:
    """A registered filter with its defaults, and its verdict on each row of `frame`; None where it cannot be had."""
    cls = stage_classes().get(name)
    if cls is None or not issubclass(cls, Filter) or requires(cls):
        return None
    stage = cls()
    said = _said(stage, frame, known)
    return None if said is None else (stage, said.with_row_index("row"))


def _said(stage: Annotator | Filter, frame: pl.DataFrame, known: Known) -> pl.DataFrame | None:
    """What a stage says of each row of `frame`; None where it needs a column that cannot be had."""
    places = frame.select("id").with_row_index("place")
    old = places.join(known.of(stage, frame["id"]), on="id").drop("id")
    rest = places.join(old, on="place", how="anti", maintain_order="left")["place"]
    if rest.is_empty() and frame.height:
        return old.sort("place").drop("place")
    asked = annotate(frame[rest.to_numpy()], stage.needs(), known)
    if set(stage.needs()) - set(asked.columns):
        return None
    numbered = asked.drop("row", strict=False).with_row_index("row").with_columns(pl.col("row").cast(pl.UInt64))
    read = numbered.select("row", "id", *stage.needs())
    done = thread_map(stage.apply, [read.slice(at, _CHUNK) for at in range(0, read.height, _CHUNK)])
    new = pl.concat(done or [stage.apply(read)]).drop("row").with_columns(rest)
    return pl.concat([old.select(new.columns), new]).sort("place").drop("place")
