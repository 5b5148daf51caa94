"""The map of the instructions, and coverage against size."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curate.algorithms.coverage import inverse_norms
from curate.algorithms.diversity import principal_plane
from curate.report.material import Material, Side, encode, sample
from curate.report.model import Coverage, Map, Mark, Point
from curate.report.shape import rounded

#: Points of the set and of the rest that are drawn: as many as a page of 1 MB can name.
_KEPT: Final = 1_500
_OTHERS: Final = 2_000
_CHARS: Final = 80
#: Records that are put in greedy order, and that are to be covered; `curate.algorithms.facility_location` says what
#: error the latter gives: a mean of cosines over 4,000 has a standard error of 0.8% of full coverage at most.
_CANDIDATES: Final = 2_000
GROUND: Final = 4_000

_APART: Final = 1_000_003
_SHARES: Final = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99)
_STEPS: Final = 60


def plane(material: Material) -> Map:
    """The set in front, the rest of the pool behind, on the two main directions of the pool's instructions."""
    base = material.base
    front = sample(material.chosen.texts, _KEPT, material.seed)
    behind = base.sample.clear() if material.pool is None else base.sample
    behind = sample(behind.filter(~pl.col("id").is_in(material.chosen.texts["id"].implode())), _OTHERS, material.seed)
    basis = encode(base.sample["instruction"].to_list())
    texts = [*behind["instruction"], *front["instruction"]]
    both = np.concatenate([encode(texts), basis])
    spots = principal_plane(both, basis)
    low, high = spots.min(axis=0, initial=0), spots.max(axis=0, initial=0)
    scale = float((high - low).max()) or 1.0
    places = np.rint((spots[: len(texts)] - (low + high) / 2) / scale * 1000 + 500).astype(int)
    kept = [False] * behind.height + [True] * front.height
    ids = [*behind["id"], *front["id"]]
    points = [
        Point(id=i, x=int(x), y=int(y), kept=k, text=" ".join(t[: 4 * _CHARS].split())[:_CHARS])
        for i, (x, y), k, t in zip(ids, places, kept, texts, strict=True)
    ]
    return Map(points=points, kept=front.height, others=behind.height, explained=_explained(basis, spots[len(texts) :]))


def _explained(basis: NDArray[np.int8], spots: NDArray[np.float64]) -> float:
    """The share of the variance of unit vectors that their places on the plane keep."""
    if len(basis) < 2:
        return 0.0
    unit = basis.astype(np.float64) * inverse_norms(basis)[:, None]
    whole = unit.var(axis=0).sum()
    return round(min(1.0, float(spots.var(axis=0).sum() / whole)), 4) if whole > 0 else 0.0


def coverage(material: Material) -> Coverage:
    """The set's records in greedy order, each the one that adds most to how well the base is covered."""
    from curate.algorithms.facility_location import facility_location

    # Another draw than the ground's, so that a sample does not cover itself.
    chosen = sample(material.chosen.texts, _CANDIDATES, material.seed + _APART)
    ground = ground_vectors(material.base)
    mine = encode(chosen["instruction"].to_list())
    greedy = facility_location(mine, len(mine), ground=ground)
    curve = greedy.gains.cumsum() / max(1, greedy.total)
    at = np.unique(np.rint(np.geomspace(1, max(1, len(mine)), _STEPS)).astype(int))
    at = at[at <= len(curve)]
    top = float(curve[-1]) if len(curve) else 0.0
    of: Literal["set", "pool"] = "set" if material.pool is None else "pool"
    return Coverage(
        sizes=at.tolist(),
        values=[rounded(float(curve[i - 1])) or 0.0 for i in at],
        marks=[Mark(share=s, records=int(np.argmax(curve >= s * top)) + 1) for s in _SHARES] if top > 0 else [],
        candidates=len(mine),
        ground=len(ground),
        of=of,
    )


def ground_vectors(side: Side) -> NDArray[np.int8]:
    """Vectors of up to `GROUND` seeded records of a side, which a set is to cover."""
    return encode(sample(side.sample, GROUND, side.seed)["instruction"].to_list())
