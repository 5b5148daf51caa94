"""`random_sample`: a seeded random choice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final, Literal

import polars as pl
from pydantic import Field

from curate.stage import Selection, Selector, Shards
from curate.verdict import first_of

# What a stage run on its own takes where no seed is given; in a pipeline, the pipeline's seed is filled in.
_SEED: Final = 42


class RandomSample(Selector):
    """Keep `size` examples chosen at random.

    Each example gets a 64-bit number, BLAKE2b of the seed and its id, and the `size` smallest stay. The choice thus
    depends on which examples there are, not on their order, files or shards; `rank` 1 is the smallest number, and the
    first n ranks are the sample of size n. Where fewer than `size` examples are left, all stay, and a finding says so.

    Why: the baseline that any cleverer choice has to beat, and on clean pools one that is hard to beat. It keeps
    the proportions of the pool, so a source that is nine tenths of the pool is nine tenths of the sample; use
    `facility_location` with quotas where it should not be.

    Example
    -------
    ```yaml
    - stage: random_sample
      size: 1000
      seed: 7
    ```

    References
    ----------
    - Aumasson, Saarinen & Neves (2015), *The BLAKE2 Cryptographic Hash and Message Authentication Code*, RFC 7693: the
      hash, with 8 bytes of output.
    - Zhou et al. (2023), *LIMA: Less Is More for Alignment*: 1,000 examples, the default size.
    """

    stage: Literal["random_sample"] = "random_sample"

    reads: ClassVar[tuple[str, ...]] = ()
    writes: ClassVar[Mapping[str, pl.DataType]] = {"rank": pl.UInt32()}
    reasons: ClassVar[Mapping[str, str]] = {"not_selected": "Other examples were drawn."}

    size: int = Field(1000, ge=1, description="How many examples to keep. Default: LIMA's 1,000 (Zhou et al. 2023).")
    seed: int | None = Field(
        None, ge=0, lt=2**63, description="Seed of the draw; none: the pipeline's (42 for a stage run on its own)."
    )

    def verdict(self, shards: Shards) -> Selection:
        """The `size` examples with the smallest hash of seed and id."""
        from curate.algorithms.coverage import hash64

        frame = shards.map(lambda part: part.select("row", "id")).collect()
        seed = _SEED if self.seed is None else self.seed
        drawn = pl.Series("draw", hash64(frame["id"].to_list(), seed), dtype=pl.UInt64)
        order = frame.select("id").with_columns(drawn).with_row_index("at").sort("draw", "id")["at"]
        return first_of(frame, order, self.size)
