"""The shipped model: a weight for each signal, a weight for gates, and the order of word classes; and how it judges."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from curate.algorithms.damage_classes import CLASSES
from curate.damage.signals import signals
from curate.errors import StageError

#: The model in words of JSON; `README.md` beside it is its card.
PATH: Final = Path(__file__).parents[1] / "assets" / "damage" / "model.json"
#: What `damage_signs` holds.
SIGN: Final = pl.Struct({"sign": pl.String, "weight": pl.Float64, "evidence": pl.String})
#: Log-odds below which a signal is not worth mentioning: a factor of 1.28 on the odds.
_LEAST: Final = 0.25


@dataclass(frozen=True)
class DamageModel:
    """What is read from `model.json`.

    Attributes
    ----------
    bias : log-odds of damage of a record that shows no sign.
    gate : log-odds that a gate adds, once, however many there are.
    weights : log-odds that a full signal adds, for each of `curate.damage.signals.signals`; none is negative.
    order : (classes, classes), the weights of pairs of word classes, in nats.
    digest : the first 12 hex digits of the file's SHA-256.
    """

    bias: float
    gate: float
    weights: Mapping[str, float]
    order: npt.NDArray[np.float64]
    digest: str


def order_of(table: Mapping[str, Mapping[str, float]]) -> npt.NDArray[np.float64]:
    """The weights of pairs of word classes as a matrix; what `table` leaves out is 0."""
    out = np.zeros((len(CLASSES), len(CLASSES)))
    for first, row in table.items():
        for second, weight in row.items():
            out[CLASSES.index(first), CLASSES.index(second)] = weight
    return out


@functools.cache
def load(path: Path = PATH) -> DamageModel:
    """The model at `path`.

    Raises
    ------
    StageError : it cannot be read, or was made for other signals than this version has.
    """
    try:
        content = path.read_bytes()
        data: dict[str, Any] = json.loads(content)
        model = DamageModel(
            float(data["bias"]),
            float(data["gate"]),
            {name: float(weight) for name, weight in data["weights"].items()},
            order_of(data["order"]),
            hashlib.sha256(content).hexdigest()[:12],
        )
    except (OSError, ValueError, KeyError) as error:
        raise StageError(f"damage: the model {path} cannot be read ({error}); reinstall curate-sft") from error
    if differing := sorted(set(model.weights) ^ set(signals())):
        raise StageError(f"damage: the model {path} is of another version: it differs in {', '.join(differing)}")
    return model


def log_odds(values: pl.DataFrame, gates: pl.DataFrame, model: DamageModel) -> pl.Series:
    """The log-odds of damage of each row, added in a fixed order; Float64.

    Parameters
    ----------
    values : the signals, a Float64 column for each of `curate.damage.signals.signals`.
    gates : a column of evidence for each gate, null where there is none.
    """
    hit = pl.any_horizontal(pl.col(gates.columns).is_not_null()).cast(pl.Float64)
    total = gates.select(model.bias + model.gate * hit).to_series()
    for name, weight in model.weights.items():
        total = total + weight * values[name]
    return total.alias("log_odds")


def _found(gate: pl.Series) -> pl.DataFrame:
    """The rows in which a gate found something: `row`, `sign` (the gate's name) and `evidence`."""
    rows = gate.is_not_null().arg_true()
    names = pl.Series([gate.name], dtype=pl.String).new_from_index(0, len(rows))
    return pl.DataFrame({"row": rows, "sign": names, "evidence": gate.gather(rows)})


def _weighed(values: pl.DataFrame, model: DamageModel) -> pl.DataFrame:
    """The signals worth mentioning of each row: `row`, `sign` (the signal's name) and `weight`, what it adds."""
    added = [values[name].to_numpy() * weight for name, weight in model.weights.items()]
    rows = [np.flatnonzero(one >= _LEAST) for one in added]
    names = pl.Series(list(model.weights), dtype=pl.String)
    return pl.DataFrame(
        {
            "row": np.concatenate(rows).astype(np.uint32),
            "sign": names.gather(np.repeat(np.arange(len(rows)), [len(some) for some in rows])),
            "weight": np.concatenate([one[some] for one, some in zip(added, rows, strict=True)]),
        }
    )


def strongest(values: pl.DataFrame, gates: pl.DataFrame, model: DamageModel, keep: int) -> pl.Series:
    """All gates that fired and the `keep` signals that add most, of each row: `List(SIGN)`, strongest first.

    The evidence of a gate is what it found, that of a signal its value. Ties go to the first by name.
    """
    found = pl.concat(map(_found, gates)).lazy().with_columns(weight=pl.lit(model.gate))
    weighed = (
        _weighed(values, model)
        .lazy()
        .sort("row", pl.col("weight").neg(), "sign")
        .filter(pl.int_range(pl.len()).over("row") < keep)
        .with_columns(
            evidence=(pl.col("weight") / pl.col("sign").replace_strict(dict(model.weights), return_dtype=pl.Float64))
            .round(2)
            .cast(pl.String)
        )
    )
    columns = ["row", "sign", "weight", "evidence"]
    named = (
        pl.concat([found.select(columns), weighed.select(columns)])
        .with_columns(pl.col("weight").round(2))
        .sort("row", pl.col("weight").neg(), "sign")
        .group_by("row", maintain_order=True)
        .agg(damage_signs=pl.struct("sign", "weight", "evidence"))
    )
    every = pl.LazyFrame({"row": pl.int_range(values.height, dtype=pl.UInt32, eager=True)})
    none = pl.lit([], dtype=pl.List(SIGN))
    joined = every.join(named, on="row", how="left", maintain_order="left")
    return joined.select(pl.col("damage_signs").fill_null(none).cast(pl.List(SIGN))).collect().to_series()
