"""Keep the examples that together resemble all others best."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final, Literal, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field, model_validator

from curate import greedi
from curate.encoders import Vectors, to_matrix
from curate.nearest_kept import nearest_kept
from curate.quotas import Quotas, findings, fits, group_of
from curate.stage import Selection, Selector, Shards
from curate.verdict import covered_by
from curate.wordings import listed, recurring_apart, recurring_in, with_runs

if TYPE_CHECKING:
    from curate.algorithms.facility_location import Coverage, Quota
    from curate.algorithms.wording import Wording

Index = NDArray[np.int64]

#: Up to so many examples coverage is measured on all (1 GiB of similarities), else on a sample of so many.
_WHOLE: Final = 32_768
_SAMPLE: Final = 8192


class FacilityLocation(Selector):
    """Keeps `size` examples that cover the pool: each adds most to how well the kept ones resemble all others.

    Every example of the pool is covered as well as its most similar kept one resembles it: the cosine of their
    vectors in the column `embedding`, negative ones counting as 0. The sum over the pool is what is maximised,
    one example after the other, always the one with the largest gain; equal gains go to the larger `weight`,
    then to the first id. This is the exact greedy algorithm over all examples, computed lazily; it reaches at
    least 63% of the best coverage there is (half of it under quotas), and in practice nearly all. In pools of more
    than 32,768, whose similarities would take more than 1 GiB, coverage is measured on `ground_size` examples, drawn
    by the seed; every one can still be chosen. No table of all pairs is ever made for those.

    `wording` adds what vectors are blind to: examples of one template, and those of a rare one, differ by a few
    words beside a long text. Runs of four words that at least one of 1,000 instructions shares (and at least
    five do), in their first or last 256 characters, are covered as if each were one more example; runs that the
    very same instructions share count once. 0 leaves it out, and the instruction is not read.

    With a `weight` column, quality counts: an example covers others by `1 - quality_weight * (1 - q)` times the
    cosine, where q from 0 to 1 is its rank by that column (0 the worst, 1 the best, 1/2 where it is null, which
    is counted as undecided). So a good example is worth more than an equally placed poor one.

    `rank` is the order of choice from 1 and does not depend on `size`: the first 100 of 1,000 are the result for
    a size of 100, with quotas too as long as the minimums fit. `gain` is the share of full coverage that the
    example added; added up in order of rank they draw the coverage curve. A dropped example names the kept one
    nearest to it as `kept_id`; `value` is their cosine.

    Quotas hold at every step, not afterwards. Places go first to groups below their minimum; then, with a
    temperature, each next place goes to the group that is furthest below its share, by the method of Webster
    (Sainte-Laguë) for seats in a parliament, which is what makes the result for a smaller size a prefix. What a
    group cannot fill goes to the others. Limits that cannot be met are never broken: fewer examples are kept, and
    a finding says which group, how many there are, and what to relax.

    `partitions` divides the work, for pools of millions and for clusters. Which one an example is in is a hash of its
    id and the seed, so the result depends on the number, and on no machine. Each partition puts forward `size`
    examples, measured on its own (on `ground_size`, as above); then the greedy algorithm chooses from all of these,
    measured on the pool. Ranks by `weight`, shares of quotas and recurring wording are those of the whole pool in both
    rounds, and each group is put forward as often as the quotas can ask for it, so these hold as exactly as without
    partitions. `candidates` are drawn in the first round only, and a smaller size is no longer a prefix. 300 of 19,229
    real instructions reach 0.997 of the coverage in 4 or 16 partitions, 300 of 60,000 drawn points 0.999 in 64. What is
    certain is less: the better of the last choice and the best partition's has, in expectation over the draw, half of
    what greedy is sure of (32% of the best coverage), if all partitions measure on the same examples; the last choice,
    which is the one taken, has at least 63% of any partition's (both without quotas). Take none that would hold fewer
    than some times `size` examples: all of them would be put forward.

    Vectors of int8 cost nothing that can be seen: measured by float32 cosines, 1,000 of 4,000 points drawn in clusters
    reach 0.9999 of the coverage that the same greedy reaches with float32, and 100 of 2,000 reach 1.0000.

    Why: a small set teaches as much as a large one only if it is varied and good at once. A random draw repeats
    what is frequent; the best-scored examples resemble each other; `k_center` collects outliers.

    Example
    -------
    ```yaml
    - stage: facility_location
      size: 1000
      weight: length_score
      quotas: {by: task_type, temperature: 3}
    ```

    References
    ----------
    - Lin and Bilmes (2011), *A Class of Submodular Functions for Document Summarization*, ACL: coverage for
      choosing texts. The weight enters as a facility's utility, so that the function stays submodular.
    - Nemhauser, Wolsey and Fisher (1978), *An Analysis of Approximations for Maximizing Submodular Set
      Functions*: the bound of 1 - 1/e. Minoux (1978), *Accelerated Greedy Algorithms*: lazy evaluation.
    - Mirzasoleiman et al. (2015), *Lazier Than Lazy Greedy*, AAAI: `candidates`.
    - Mirzasoleiman, Karbasi, Sarkar and Krause (2013), *Distributed Submodular Maximization: Identifying
      Representative Elements in Massive Data*, NeurIPS: `partitions` (GreeDi).
    - Barbosa, Ene, Nguyen and Ward (2015), *The Power of Randomization: Distributed Submodular Maximization on Massive
      Datasets*, ICML: the bound where partitions are drawn.
    - Zhou et al. (2023), *LIMA: Less Is More for Alignment*, section 2.1: size of 1,000; temperature of 3.
    - Balinski and Young (1982), *Fair Representation*: why a divisor method.
    - Wei, Iyer and Bilmes (2015), *Submodularity in Data Subset Selection and Active Learning*, ICML: coverage of
      features beside that of examples. The features of `wording` are ours.
    """

    stage: Literal["facility_location"] = "facility_location"
    version: ClassVar[int] = 2

    reads: ClassVar[tuple[str, ...]] = ("embedding",)
    writes: ClassVar[Mapping[str, pl.DataType]] = {"rank": pl.UInt32(), "gain": pl.Float64()}
    reasons: ClassVar[Mapping[str, str]] = {
        "not_selected": "Other examples added more to the coverage of the pool; the nearest kept one is named.",
    }

    size: int = Field(description="Examples to keep. LIMA (Zhou et al. 2023) has 1,000.", ge=1)
    weight: str | None = Field(
        None, description="Numeric column of quality, larger is better. Default: none, all are equal.", min_length=1
    )
    quality_weight: float = Field(
        0.25,
        description="What the worst example loses of its coverage, a fraction: 0 ignores `weight`, 1 makes the "
        "worst example worthless. Default: ours; with a score independent of the text it raises the mean rank "
        "of 1,000 of 60,000 from 0.5 to 0.90 for 7% of the coverage gained over a random draw (0.5: 0.93 for "
        "11%).",
        ge=0,
        le=1,
    )
    quotas: Quotas | None = Field(None, description="Limits per group of one column or several. Default: none.")
    candidates: int | None = Field(
        None,
        description="Examples looked at per step, drawn by the seed; for pools of millions. Mirzasoleiman et al. "
        "(2015): pool / size * ln(1 / eps), 4,600 for a million, 1,000 and an eps of 0.01. Default: all.",
        ge=1,
    )
    ground_size: int | None = Field(
        None,
        description="Examples on which coverage is measured. Default: all where the pool has no more than 32,768, "
        "else 8,192; the standard error of a mean cosine is then below 0.006.",
        ge=1,
        le=1_000_000,
    )
    partitions: int | None = Field(
        None,
        description="Choose in so many partitions first, then from what these put forward; for pools of millions, and "
        "on a cluster. The result depends on it, and on no machine. Default: none, all at once.",
        ge=1,
        le=65_536,
    )
    wording: float = Field(
        0.1,
        description="What covering all recurring wording is worth, as a fraction of covering all examples. Default: "
        "ours; of 212 templates in 19,229 examples 1,000 then hold 201, for 0.2% of the mean highest cosine "
        "(0: 182; 0.02 to 0.2: 196 to 201; a random draw: 192).",
        ge=0,
        le=1,
    )
    seed: int | None = Field(None, description="Seed of both draws. Default: the pipeline's.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        fits(self.quotas, self.size)
        return self

    def needs(self) -> tuple[str, ...]:
        """`embedding`, with `wording` the instruction, the `weight` column and those that `quotas` names."""
        return self.reads_with(
            "instruction" if self.wording else None, self.weight, *(self.quotas.columns if self.quotas else ())
        )

    def verdict(self, shards: Shards) -> Selection:
        """Keep the first `size` of the greedy order."""
        from curate.algorithms.coverage import hash64, standing

        if self.partitions is not None:
            return self._in_partitions(shards, self.partitions)
        frame = greedi.best_first(self._weighed(shards.map(self._compact).collect()))
        vectors, ground = to_matrix(frame["embedding"]), None
        if frame.height > (measured := self._measured(frame.height)):
            ground = vectors[greedi.drawn(hash64(frame["id"], self._seed), measured)]
        pool = self._pool(frame)
        wording = recurring_in(frame["_runs"]) if self.wording else None
        chosen = self._greedy(frame, vectors, ground, pool, wording, self.candidates)
        rank, row, cosine = standing(vectors, chosen.order)
        return self._selection(frame, pool, rank, chosen, (row, cosine, frame["id"]))

    def _in_partitions(self, shards: Shards, partitions: int) -> Selection:
        """In each partition, and then from what the partitions chose."""
        facts = greedi.survey(shards, self._weighed, self._seed)
        pool = self._pool(facts)
        if self.wording:
            pool = replace(pool, wordings=recurring_apart(shards, facts.height))
        choose = partial(self._of_partition, pool=shards.share(pool))
        split = greedi.Split(partitions, self._seed, self._weighed, bool(self.wording))
        found = greedi.best_first(greedi.first_round(shards, split, pool, choose))
        rows = facts["row"].gather(greedi.drawn(facts["hash"].to_numpy(), self._measured(facts.height)))
        vectors, ground = to_matrix(found["embedding"]), greedi.vectors_of(shards, rows)
        chosen = self._greedy(found, vectors, ground, pool, self._wording(found, pool), None)
        kept = found[chosen.order]
        rank = np.zeros(facts.height, dtype=np.uint32)
        rank[facts["row"].search_sorted(kept["row"]).to_numpy()] = np.arange(1, kept.height + 1)
        near = nearest_kept(shards, facts["row"], vectors[chosen.order])
        evidence = (near["nearest"].to_numpy(), near["cosine"].to_numpy(), kept["id"])
        return self._selection(facts, pool, rank, chosen, evidence)

    def _of_partition(self, frame: pl.DataFrame, pool: greedi.Pool) -> Index:
        """What a partition puts forward, first to last; `frame` is sorted, best first."""
        vectors, ground = to_matrix(frame["embedding"]), None
        if frame.height > (measured := self._measured(frame.height)):
            ground = vectors[greedi.drawn(frame["hash"].to_numpy(), measured)]
        return self._greedy(frame, vectors, ground, pool, self._wording(frame, pool), self.candidates).order

    def _greedy(
        self,
        frame: pl.DataFrame,
        vectors: Vectors,
        ground: Vectors | None,
        pool: greedi.Pool,
        wording: Wording | None,
        candidates: int | None,
    ) -> Coverage:
        """Choose of the rows of `frame`, which are `pool` or a part of it; `vectors` are theirs."""
        from curate.algorithms.facility_location import facility_location, rank_scale

        utility = None
        if self.weight:
            utility = 1 - self.quality_weight * (1 - rank_scale(frame["_weight"].to_numpy(), pool.weights))
        return facility_location(
            vectors,
            self.size,
            ground=ground,
            utility=utility,
            quota=self._quota(frame, pool),
            candidates=candidates,
            seed=self._seed,
            wording=None if wording is None else (wording, self.wording),
        )

    @property
    def _seed(self) -> int:
        return 42 if self.seed is None else self.seed

    def _measured(self, rows: int) -> int:
        """On how many of so many rows coverage is measured, at most."""
        return self.ground_size or (_SAMPLE if rows > _WHOLE else rows)

    def _weighed(self, frame: pl.DataFrame) -> pl.DataFrame:
        """With `_weight`, NaN where there is none to know and 0 without a column, and `_group`."""
        weight = pl.lit(0.0) if self.weight is None else self.numbers(frame, self.weight)
        return frame.with_columns(weight.alias("_weight"), group_of(self.quotas).alias("_group"))

    def _compact(self, frame: pl.DataFrame) -> pl.DataFrame:
        """What the choice needs: with `wording`, hashes of runs of words in place of the instruction."""
        named = [c for c in self.needs() if c != "instruction"]
        return (with_runs(frame) if self.wording else frame).select(
            "row", "id", *named, *(["_runs"] if self.wording else [])
        )

    def _wording(self, frame: pl.DataFrame, pool: greedi.Pool) -> Wording | None:
        return listed(frame["wordings"], len(pool.wordings)) if self.wording else None

    @staticmethod
    def _pool(frame: pl.DataFrame) -> greedi.Pool:
        weights = frame["_weight"].to_numpy()
        counts = dict(frame["_group"].value_counts().iter_rows())
        return greedi.Pool(counts, np.sort(weights[~np.isnan(weights)]), np.empty(0, dtype=np.uint64))

    def _quota(self, frame: pl.DataFrame, pool: greedi.Pool) -> Quota | None:
        from curate.algorithms.facility_location import Quota

        if self.quotas is None:
            return None
        # With a temperature, a partition puts forward of each group all it has or as many as are chosen in the end,
        # since what others lack only adds seats. Without one it meets the minimums as far as it can, and then fills
        # `size` or gives all that it may. So what all put forward is enough for every quota.
        seats = self.quotas.seats(pool.counts, dict(frame["_group"].value_counts().iter_rows()))
        places = {name: at for at, name in enumerate(seats.names)}
        return Quota(np.array([places[g] for g in frame["_group"]], dtype=np.int32), seats)

    def _selection(
        self,
        frame: pl.DataFrame,
        pool: greedi.Pool,
        rank: NDArray[np.uint32],
        chosen: Coverage,
        nearest: tuple[Index, NDArray[np.float64], pl.Series],
    ) -> Selection:
        """The verdicts of `frame`; `nearest` are the places of the nearest chosen rows, their cosines, and the ids."""
        kept = len(chosen.order)
        gains = np.concatenate([[0], chosen.gains / max(chosen.total, 1)])
        verdict = covered_by(frame["row"], rank, gains[rank], *nearest)
        verdict = verdict.with_columns(unknown=frame["_weight"].is_nan())
        return Selection(verdict, findings(self.quotas, pool.counts, kept=kept, size=self.size))
