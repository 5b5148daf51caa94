"""The shipped classifier of task types: a linear model on hashed words, on rules and on the form of the texts."""

from __future__ import annotations

import functools
import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from curate.algorithms.task_features import BUCKETS, Hashed, add_signs, dot
from curate.algorithms.task_rules import TASKS

FILE: Final = Path(__file__).parents[1] / "assets" / "task_type" / "weights.npz"

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TaskModel:
    """Weights for the 13 types of `TASKS`, in their order.

    The evidence for a type is a sum of three: the rules' own sum times `rule_weight`, the signs (each rule and each
    mark of form, 0 or 1) times `signs`, and the values of the hashed features times `words` times `step`; plus `bias`.
    Divided by `temperature` (Guo et al. 2017, *On Calibration of Modern Neural Networks*, section 4.2), its softmax is
    the probability.

    Parameters
    ----------
    words : int8 of shape (BUCKETS, 13); `step` is the weight of one unit.
    idf : float32 of shape (BUCKETS,), inverse document frequencies.
    signs : float64 of shape (s, 13).
    bias : float64 of shape (13,).
    sha256 : of the file they came from.
    """

    words: npt.NDArray[np.int8]
    step: float
    idf: npt.NDArray[np.float32]
    signs: Floats
    bias: Floats
    rule_weight: float
    temperature: float
    sha256: str

    def logits(self, features: Hashed, signs: npt.NDArray[np.bool_], rules: Floats) -> Floats:
        """The evidence for each type: float64 of shape (n, 13), of n texts.

        Summed sign by sign, so that a row's sum does not depend on the rows beside it, as a matrix product's may.
        """
        total = self.bias + rules * self.rule_weight + dot(features, self.idf, self.words) * self.step
        return add_signs(total, signs, self.signs)

    def probabilities(self, features: Hashed, signs: npt.NDArray[np.bool_], rules: Floats) -> Floats:
        """The probability of each type, float64 of shape (n, 13); each row sums to 1."""
        scaled = self.logits(features, signs, rules) / self.temperature
        weight = np.exp(scaled - scaled.max(axis=1, keepdims=True, initial=-np.inf))
        out: Floats = weight / weight.sum(axis=1, keepdims=True)
        return out


def write(path: Path, model: TaskModel) -> None:
    """Write a model as a compressed npz of plain arrays; the same model gives the same bytes."""
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        tasks=np.array(TASKS),
        words=model.words,
        step=np.float64(model.step),
        idf=model.idf.astype(np.float16),
        signs=model.signs.astype(np.float32),
        bias=model.bias.astype(np.float32),
        rule_weight=np.float64(model.rule_weight),
        temperature=np.float64(model.temperature),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(buffer.getvalue())


def read(path: Path) -> TaskModel:
    """The model in the npz `path`; pickled objects are refused.

    Raises
    ------
    ValueError : it holds other types or shapes than this version of the package knows.
    """
    content = path.read_bytes()
    with np.load(io.BytesIO(content), allow_pickle=False) as data:
        if data["tasks"].tolist() != list(TASKS) or data["words"].shape != (BUCKETS, len(TASKS)):
            raise ValueError(f"{path}: not a model of the {len(TASKS)} task types in {BUCKETS} columns")
        return TaskModel(
            words=data["words"],
            step=float(data["step"]),
            idf=data["idf"].astype(np.float32),
            signs=data["signs"].astype(np.float64),
            bias=data["bias"].astype(np.float64),
            rule_weight=float(data["rule_weight"]),
            temperature=float(data["temperature"]),
            sha256=hashlib.sha256(content).hexdigest(),
        )


@functools.cache
def shipped() -> TaskModel:
    """The model that comes with the package."""
    return read(FILE)
