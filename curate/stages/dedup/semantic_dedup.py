"""Drop examples that mean the same: vectors that point nearly the same way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np
import polars as pl
from pydantic import Field

from curate.encoders import to_matrix
from curate.schema import id_ranks
from curate.stage import Selection, Selector, Shards, verdict_frame


class SemanticDedup(Selector):
    """Keeps one of each cluster of examples whose vectors have a cosine of `threshold` or more.

    Examples are taken in the order of the column `keep_by`, highest first (without it, or among equals, by id; null
    comes last). One is dropped if a kept example of the order so far is that near to it; the first such is
    `kept_id`, and `value` is the cosine of the two. So no two kept examples are as near as `threshold`, each dropped
    one is as near as that to the one it names, and of a pair at least one stays. A text without any known word has
    no direction and is a duplicate of none.

    Chains are not followed: where a resembles b and b resembles c, c stays if it does not resemble a. With
    connected components, as `minhash_dedup` has them, loosely related texts would hang together by chains.

    Every pair is decided exactly, without an index: upper bounds from short vectors rule out nearly all pairs, and a
    dropped example is compared no further. The time grows with the number of examples times that of kept ones:
    129,000 real texts take 8 CPU-seconds, 200,000 take 17, and a million, by that growth, some 7 CPU-minutes. It stays
    exact at any size; above some 200,000 `minhash_dedup` first makes it quicker. Memory is less than 1 kB per example.

    Why: paraphrases share few word n-grams, so `minhash_dedup` does not find them. When not to use it: a vector
    of `on: instruction` says nothing of the response, and texts that differ in one number or name are near each
    other to every encoder, though their answers differ (sums, facts about two countries). What a cosine means depends
    on the encoder; look at the pairs in the ledger before you lower the threshold.

    Example
    -------
    ```yaml
    - stage: embedding
    - stage: semantic_dedup
      threshold: 0.95
      keep_by: length_score
    ```

    References
    ----------
    - Abbas, Tirumala, Simig, Ganguli and Morcos (2023), *SemDeDup: Data-efficient learning at web-scale through
      semantic deduplication*: vectors for duplicates that share few words. They look inside k-means clusters only;
      here all pairs are compared.
    - Hartigan (1975), *Clustering Algorithms*, chapter 3: the leader algorithm.
    """

    stage: Literal["semantic_dedup"] = "semantic_dedup"

    reads: ClassVar[tuple[str, ...]] = ("embedding",)
    reasons: ClassVar[Mapping[str, str]] = {
        "semantic_duplicate": "Its vector is nearly that of an example that is kept.",
    }

    threshold: float = Field(
        0.95,
        description="Least cosine of two duplicates, a fraction. Default: ours, for the `static` encoder: careful, "
        "since one changed number is near to any encoder.",
        gt=0,
        le=1,
    )
    keep_by: str | None = Field(
        None,
        description="Numeric column (a score, a length); of duplicates the one with the largest value stays. Default: "
        "none, the first id stays.",
        min_length=1,
    )

    def needs(self) -> tuple[str, ...]:
        """`embedding` and the `keep_by` column."""
        return self.reads_with(self.keep_by)

    def verdict(self, shards: Shards) -> Selection:
        """Drop what resembles a better one that is kept."""
        from curate.algorithms.leaders import leaders

        frame = shards.collect()
        order = np.argsort(id_ranks(frame["id"]))
        score = pl.Series(np.zeros(frame.height))
        if self.keep_by is not None:
            score = self.numbers(frame, self.keep_by)
            worth = score.fill_nan(float("-inf")).to_numpy()
            order = order[np.argsort(-worth[order], kind="stable")]
        found = leaders(to_matrix(frame["embedding"]), order, self.threshold)
        verdict = verdict_frame(
            frame["row"],
            keep=pl.Series(found.leader == np.arange(frame.height), dtype=pl.Boolean),
            reason="semantic_duplicate",
            value=pl.Series([f"{cosine:.4f}" for cosine in found.cosine.tolist()], dtype=pl.String),
            kept_id=frame["id"].gather(found.leader),
        )
        return Selection(verdict.with_columns(unknown=score.is_nan()))
