"""What an instruction asks for that excuses a sign of damage; looked for only where there is such a sign."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt
import polars as pl

from curate.damage.gates import of_measures
from curate.damage.raw import first_line, measured
from curate.damage.signals import signals, with_context
from curate.damage.weighed import ASKS
from curate.text import only


def excused(frame: pl.DataFrame, order: npt.NDArray[np.float64]) -> pl.DataFrame:
    """All that signals and gates of measures look at, of each row of what `prepared.with_views` gives.

    What `curate.damage.raw.measured` gives, what the instruction asks for (`ASKS`, Boolean), and the columns that
    several signals share (`signals.with_context`). An excuse can only take from a sign. So it is false, and not looked
    for, in a row where no signal and no gate that it could quiet shows anything without it.
    """
    raw = measured(frame, order)
    # What quiets a sign is false here, and what a sign asks for true.
    bare = with_context(raw.with_columns(pl.lit(asks == "asks_text").alias(asks) for asks in ASKS))
    shown = bare.lazy().select(
        *((signal > 0.0).alias(name) for name, signal in signals().items()),
        *(gate.is_not_null().alias(name) for name, gate in of_measures().items()),
    )
    wanted = shown.select(pl.any_horizontal(signs).alias(f"wanted_{asks}") for asks, signs in _quiets().items())
    texts = pl.concat([frame.select("instruction", "asked"), wanted.collect()], how="horizontal").lazy()

    def found(asks: str) -> pl.Expr:
        side, pattern = ASKS[asks]
        text = only(pl.col("asked" if side == "asked_first" else side), pl.col(f"wanted_{asks}"))
        text = first_line(text) if side == "asked_first" else text
        return text.str.contains(pattern).fill_null(value=False)

    return with_context(raw.hstack(texts.select(found(asks).alias(asks) for asks in ASKS).collect()))


@functools.cache
def _quiets() -> dict[str, tuple[str, ...]]:
    """The signals and gates that look at each of `ASKS`, by name."""
    looks = {name: set(sign.meta.root_names()) for name, sign in {**signals(), **of_measures()}.items()}
    return {
        asks: tuple(
            name for name, roots in looks.items() if asks in roots or (asks == "asks_repeat" and "repeats" in roots)
        )
        for asks in ASKS
    }
