"""The shipped preference model: a Bradley-Terry model whose utility is linear in the features of a response.

Bradley & Terry (1952), *Rank Analysis of Incomplete Block Designs: I. The Method of Paired Comparisons*, equation (1):
the odds that a is preferred to b are exp(u(a) - u(b)). Here u is a weighted sum of `preference_features.FEATURES`.
"""

from __future__ import annotations

import functools
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from curate.algorithms.preference_features import FEATURES

FILE: Final = Path(__file__).parents[1] / "assets" / "preference" / "preference.json"


@dataclass(frozen=True)
class PreferenceModel:
    """Weights, in the order of `FEATURES`, and the utility of the average response they were fitted on.

    Parameters
    ----------
    weights : float64 of shape (31,), log-odds per unit of a feature.
    reference : the utility that gets the probability one half.
    sha256 : of the file the weights came from.
    """

    weights: npt.NDArray[np.float64]
    reference: float
    sha256: str

    def utility(self, matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Utilities, float64 of shape (n,), of features of shape (n, 31).

        Summed feature by feature, so that a row's sum does not depend on the rows beside it, as a matrix product's may.
        """
        total = np.full(len(matrix), 0.0)
        for column, weight in enumerate(self.weights):
            total = total + matrix[:, column] * weight
        return total

    def probability(self, matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The probability, by the model, of being preferred to a response of the reference utility; shape (n,)."""
        out: npt.NDArray[np.float64] = 1.0 / (1.0 + np.exp(self.reference - self.utility(matrix)))
        return out


def read(path: Path) -> PreferenceModel:
    """The model in the JSON file `path`.

    Raises
    ------
    ValueError : the file does not have a weight for each feature and no other.
    """
    content = path.read_bytes()
    data: dict[str, Any] = json.loads(content)
    weights = data["weights"]
    if set(weights) != set(FEATURES):
        raise ValueError(f"{path}: weights for other features than {', '.join(FEATURES)}")
    return PreferenceModel(
        np.array([weights[name] for name in FEATURES], dtype=np.float64),
        float(data["reference"]),
        hashlib.sha256(content).hexdigest(),
    )


@functools.cache
def shipped() -> PreferenceModel:
    """The model that comes with the package."""
    return read(FILE)
