"""The stage `minhash_signature`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import polars as pl
from pydantic import Field

from curate.schema import SIDES, Side
from curate.stage import Annotator


class MinhashSignature(Annotator):
    """Adds the MinHash signature of each example, in the form in which datasketch stores it.

    Adds `minhash`: the bytes of a `datasketch.LeanMinHash` (datasketch 2, scheme `affine32`, seed 1), which estimates
    the Jaccard index of two texts' sets of n-grams. The sets are those of `minhash_dedup` with the same `on`, `unit`
    and `ngram`, and the signatures those it looks for candidates with. `examples.parquet` keeps the column, so it is a
    store of signatures that outlives the texts:

    ```text
    import polars as pl
    from datasketch import LeanMinHash, MinHashLSH

    lsh = MinHashLSH(threshold=0.7, num_perm=128)
    for id_, data in pl.read_parquet("runs/first/examples.parquet", columns=["id", "minhash"]).rows():
        lsh.insert(id_, LeanMinHash.deserialize(data))
    ```

    The bytes of a signature of n permutations (16 + 4n, little-endian, as datasketch reads them on such machines): the
    seed (int64), -n (int32), 1 for the scheme (uint8), three zeros, and n values (uint32). A text with fewer than
    `ngram` words has no n-grams, and 2^32 - 1 in each place.

    Why: to find near-duplicates of a set without its texts, in any tool that knows datasketch. Where the texts are at
    hand, name the set in `against` of `minhash_dedup` instead: it compares them exactly.

    Example
    -------
    ```yaml
    - stage: minhash_signature
      on: both
    ```

    References
    ----------
    - Broder (1997), *On the resemblance and containment of documents*.
    - datasketch 2.0: `MinHash(num_perm=128, seed=1, scheme="affine32")`, `LeanMinHash.serialize`.
    """

    stage: Literal["minhash_signature"] = "minhash_signature"
    reads: ClassVar[tuple[str, ...]] = ("instruction", "response")
    writes: ClassVar[Mapping[str, pl.DataType]] = {"minhash": pl.Binary()}

    on: Side = Field(
        "both",
        description="Side of the conversation: `both` (instruction, then response), `instruction` or `response`. "
        "Default: that of `minhash_dedup`.",
    )
    unit: Literal["word", "char"] = Field(
        "word", description="What an n-gram is made of: words, or characters. Default: that of `minhash_dedup`."
    )
    ngram: int = Field(
        5, description="Words (or characters) per n-gram. Default: that of `minhash_dedup`.", ge=1, le=64
    )
    num_perm: int = Field(
        128, description="Permutations, the length of a signature. Default: datasketch.", ge=2, le=511
    )

    def columns(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The signature of each row."""
        from curate.algorithms import minhash, sketch
        from curate.algorithms.texts import texts

        sides = [texts(frame[column]) for column in SIDES[self.on]]
        found = sketch.sketches(sides, ngram=self.ngram, unit=self.unit, num_perm=self.num_perm, bands=None)
        stored = [row.tobytes() for row in minhash.lean(found.keys)]
        return pl.DataFrame({"minhash": pl.Series(stored, dtype=pl.Binary)})
