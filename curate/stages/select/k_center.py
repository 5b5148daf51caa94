"""Keep the examples that are farthest apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np
import polars as pl
from pydantic import Field

from curate import farthest_first
from curate.encoders import to_matrix
from curate.nearest_kept import nearest_kept
from curate.stage import Selection, Selector, Shards
from curate.verdict import covered_by, size_not_met


class KCenter(Selector):
    """Keeps `size` examples spread out as far as can be: each is the farthest from all kept before it.

    The distance of two examples is `1 - cosine` of their vectors in the column `embedding`, from 0 to 2. The
    first example is the one nearest to the mean of all (`start: central`) or one drawn by the seed; then, again
    and again, the one whose nearest kept example is farthest. Of equally far ones the first id is kept. A text
    without any known word has no direction and comes after all others.

    On a cluster the vectors of a pool of more than 65,536 stay where they are: in each round every part of them puts
    forward the farthest it has, and the choice goes on from those as long as no other can be farther. The result is
    the same, byte for byte.

    `rank` is the order of choice from 1, and does not depend on `size`: the first 100 of 1,000 are the result
    for a size of 100. `gain` is the distance to the nearest example of lower rank (2 for the first), and never
    rises. A dropped example names the kept one nearest to it as `kept_id`; `value` is their cosine.

    Why: no example is left without a kept one within a small distance, so rare kinds are represented. When not
    to use it: what is farthest from everything is often an outlier or damaged, the density of the pool plays no
    part, and neither does quality. Filter first, or take `facility_location`.

    Example
    -------
    ```yaml
    - stage: k_center
      size: 1000
    ```

    References
    ----------
    - Gonzalez (1985), *Clustering to Minimize the Maximum Intercluster Distance*, TCS 38: the traversal;
      its covering radius, as a Euclidean distance of unit vectors, is at most twice the least possible.
    - Sener and Savarese (2018), *Active Learning for Convolutional Neural Networks: A Core-Set Approach*, ICLR,
      algorithm 1: its use for choosing training data.
    """

    stage: Literal["k_center"] = "k_center"

    reads: ClassVar[tuple[str, ...]] = ("embedding",)
    writes: ClassVar[Mapping[str, pl.DataType]] = {"rank": pl.UInt32(), "gain": pl.Float64()}
    reasons: ClassVar[Mapping[str, str]] = {
        "not_selected": "Other examples were farther from those already kept; the nearest kept one is named.",
    }

    size: int = Field(description="Examples to keep. LIMA (Zhou et al. 2023) has 1,000.", ge=1)
    start: Literal["central", "random"] = Field(
        "central",
        description="The first example: the one with the highest cosine to the mean vector, or one drawn by the "
        "seed. Default: ours, so that no draw decides.",
    )
    seed: int | None = Field(None, description="Seed for `start: random`. Default: the pipeline's.")

    def verdict(self, shards: Shards) -> Selection:
        """Keep the first `size` of the farthest-first order."""
        from curate.algorithms.coverage import hash64, standing
        from curate.algorithms.k_center import central_point, k_center

        if shards.apart and len(rows := shards.rows()) > farthest_first.HELD:
            return self._apart(shards, rows)
        frame = shards.collect().sort("id")
        vectors = to_matrix(frame["embedding"])
        first = 0
        if frame.height and self.start == "central":
            first = central_point(vectors)
        elif frame.height:
            first = int(np.argmin(hash64(frame["id"], self._seed)))
        chosen = k_center(vectors, self.size, first=first)
        rank, row, cosine = standing(vectors, chosen.order)
        gain = np.zeros(frame.height)
        gain[chosen.order] = chosen.distances
        return self._selection(covered_by(frame["row"], rank, gain, row, cosine, frame["id"]))

    def _apart(self, shards: Shards, rows: pl.Series) -> Selection:
        """As `verdict`, for rows in other processes, of which no one holds all vectors."""
        held = farthest_first.held(shards)
        central = self.start == "central"
        first = farthest_first.central_row(held) if central else farthest_first.drawn_row(held, self._seed)
        kept = farthest_first.farthest_first(held, len(rows), self.size, first)
        near = nearest_kept(held, rows, to_matrix(kept["embedding"]))
        at = rows.search_sorted(kept["row"]).to_numpy()
        rank, gain = np.zeros(len(rows), dtype=np.uint32), np.zeros(len(rows))
        rank[at], gain[at] = np.arange(1, kept.height + 1), kept["distance"].to_numpy()
        nearest, cosine = near["nearest"].to_numpy(), near["cosine"].to_numpy()
        return self._selection(covered_by(rows, rank, gain, nearest, cosine, kept["id"]))

    @property
    def _seed(self) -> int:
        return 42 if self.seed is None else self.seed

    def _selection(self, verdict: pl.DataFrame) -> Selection:
        met = verdict.height >= self.size
        return Selection(verdict, () if met else (size_not_met(verdict.height, self.size),))
