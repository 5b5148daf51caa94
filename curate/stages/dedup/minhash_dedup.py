"""Drop near-duplicates: texts that share most of their word n-grams."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field

from curate.schema import SIDES, Side, id_ranks
from curate.stage import Selection, Selector, Shards, verdict_frame

if TYPE_CHECKING:
    from curate.algorithms.minhash import ShingleSets
    from curate.algorithms.shingles import Room
    from curate.algorithms.sketch import Sketches
    from curate.algorithms.texts import Texts


#: Shingles of 8 bytes that are compared at once: so many for each example, and at least so many in all. A third of the
#: texts of a crawl have candidates, with some hundred shingles each: they are then read twice or thrice.
_EACH: Final = 16
_AT_ONCE: Final = 1 << 24


class MinhashDedup(Selector):
    """Keeps one of each cluster of examples that say nearly the same in the same words.

    A text becomes the set of its n-grams of lower-cased words (`ngram`, `unit`). Words are runs of letters,
    marks and digits; in scripts without spaces between words (Han, kana, Thai, Lao, Khmer, Myanmar) each code point
    counts as a word. Symbols count as words, too, so that `2+3` and `2-3` or `a < b` and `a > b` differ: a run of
    ``# $ % & * + - / < = > @ ^ | ~``, and any other symbol (`×`, `€`, an emoji) on its own. The punctuation of
    sentences, quotations and brackets and white space only separate. With `on: both` the words of the response
    follow those of the instruction. Two texts are near-duplicates if the Jaccard index of their
    sets (shared n-grams divided by distinct n-grams of both) is at least `threshold`. MinHash signatures and
    banding find the candidates; each candidate pair is then compared exactly, so nothing is dropped on an
    estimate. A pair at the threshold of 0.7 is found with probability 0.99, one at 0.8 with 0.9999.

    Near-duplicates are clustered by union-find, so that two members of a cluster may resemble each other only
    by way of a third. Of each cluster the example with the largest value of the `keep_by` column stays; without
    that column, or where values are equal, the one with the first id. The dropped ones name it as `kept_id`, and
    their `value` is the exact Jaccard index with it (below `threshold` where a third one links them).

    A text with fewer than `ngram` words has no n-grams: it is a duplicate only of a text with the same words in
    the same order, divided alike into instruction and response (`value` is then 1), and a text without any word
    is a duplicate of none.

    Where one side alone is compared, the other may differ: such an example has `other_response` (or
    `other_instruction`) in `also`, so that the ledger tells them apart; compare `both` to keep them.

    `against` names datasets that are already there, such as the folder of an earlier run: each example in a cluster
    with one of theirs is dropped as `already_known`, and `kept_id` names the place of that one (`file:line`). So runs
    can follow each other without repeats. Their texts are compared exactly, like all others.

    Time and memory are near linear also for 100,000 equal texts, for one large cluster, and for thousands of texts
    around one template that are no near-duplicates of each other.

    Why: crawled and generated dumps repeat themselves with a name or number changed; such examples crowd out
    others and let a model memorise. When not to use it: texts that differ in sentence punctuation alone are the same
    to it, at any threshold; and it does not find paraphrases, which share few n-grams.

    Example
    -------
    ```yaml
    - stage: minhash_dedup
      on: both
      threshold: 0.7
    ```

    References
    ----------
    - Broder (1997), *On the resemblance and containment of documents*: MinHash, shingles.
    - Leskovec, Rajaraman and Ullman (2014), *Mining of Massive Datasets*, section 3.4: banding.
    - Lee et al. (2022), *Deduplicating Training Data Makes Language Models Better*, ACL, section 4.2: word 5-grams,
      candidates verified, clusters as connected components.
    - Xiao, Wang, Lin and Yu (2008), *Efficient Similarity Joins for Near Duplicate Detection*, WWW: the exact filter by
      rare n-grams in crowded buckets.
    - datasketch 2.0: permutations (scheme `affine32`), default of 128, and the choice of bands (`MinHashLSH`
      with weights 0.01 for false positives, which verification removes, and 0.99 for false negatives).
    """

    stage: Literal["minhash_dedup"] = "minhash_dedup"

    reads: ClassVar[tuple[str, ...]] = ("instruction", "response")
    reasons: ClassVar[Mapping[str, str]] = {
        "near_duplicate": "The text shares most of its n-grams with that of an example that is kept, or with one "
        "that does.",
        "other_response": "Where instructions alone are compared: the response differs from that of the one kept.",
        "other_instruction": "Where responses alone are compared: the instruction differs from that of the one kept.",
        "already_known": "The text shares most of its n-grams with that of an example in `against`, or with one that "
        "does.",
    }
    references: ClassVar[Mapping[str, Literal["examples", "records"]]] = {"against": "examples"}
    version: ClassVar[int] = 2

    on: Side = Field(
        "both",
        description="Side of the conversation that is compared: `both` (instruction, then response), "
        "`instruction` or `response`. Default: ours, the strictest.",
    )
    unit: Literal["word", "char"] = Field(
        "word",
        description="What an n-gram is made of: words, or the characters of the words with one space between "
        "words. Default: Lee et al. (2022).",
    )
    ngram: int = Field(5, description="Words (or characters) per n-gram. Default: Lee et al. (2022).", ge=1, le=64)
    num_perm: int = Field(
        128,
        description="Permutations, the length of a signature; more of them find more of the pairs near the "
        "threshold, at a proportional cost. Default: datasketch.",
        ge=2,
        le=511,
    )
    threshold: float = Field(
        0.7,
        description="Least Jaccard index of two near-duplicates, a fraction. Default: ours, near those in use "
        "(0.7 to 0.8).",
        gt=0,
        le=1,
    )
    against: tuple[str, ...] = Field(
        (),
        description="Datasets that are already there: files, folders of a finished run, other folders, patterns or "
        "URLs. Each example that is a near-duplicate of one in them is dropped. Default: none.",
    )
    keep_by: str | None = Field(
        None,
        description="Numeric column; of each cluster the example with the largest value stays (null is least). "
        "Default: none, the first id stays.",
        min_length=1,
    )

    def needs(self) -> tuple[str, ...]:
        """`instruction`, `response` and the `keep_by` column."""
        return self.reads_with(self.keep_by)

    def verdict(self, shards: Shards) -> Selection:
        """Drop all but one example of each cluster of near-duplicates, and each that is in one with `against`."""
        from curate.near_duplicates import SetsHere, sketches_here

        if shards.apart:
            return self._apart(shards)
        size = shards.rows().len()
        frame, sketches = sketches_here(shards, self._known, self._about, self._sketch, self._bands[0])
        sets = SetsHere(shards, self._known, self._grams, frame["row"], sketches.tokens, size=size, ngram=self.ngram)
        kept, index = self._clusters(frame, sketches, size, sets, max(_AT_ONCE, _EACH * size))
        verdicts = verdict_frame(
            frame["row"][:size],
            keep=pl.Series(kept == np.arange(size), dtype=pl.Boolean),
            reason=self._reasons(kept, size),
            value=pl.Series(index, dtype=pl.Float64).round(4),
            kept_id=frame["name"].gather(kept),
        )
        return Selection(verdicts.with_columns(self._also(self._differs(frame, kept))))

    def _apart(self, shards: Shards) -> Selection:
        """As `verdict`, for rows in other processes: what belongs together is compared there."""
        from curate.near_duplicates import compared_apart

        dropped = compared_apart(
            shards, self._about, self._sketch, self._grams, self._compared, self._known, ngram=self.ngram
        )
        every = pl.DataFrame({"row": shards.rows()}).join(dropped, on="row", how="left", maintain_order="left")
        verdicts = verdict_frame(
            every["row"],
            keep=every["kept_id"].is_null(),
            reason=every["reason"],
            value=every["value"].round(4),
            kept_id=every["kept_id"],
        )
        return Selection(verdicts.with_columns(self._also(every["differs"])))

    def _compared(self, frame: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
        """Of all rows of some components those that are dropped: `row`, `reason`, `kept_id`, `value` and `differs`."""
        from curate.near_duplicates import listed_sets, sketches_in

        both, size = pl.concat([frame, known]), frame.height
        sketches = sketches_in(both)
        sets = partial(listed_sets, both["shingles"])
        kept, index = self._clusters(both, sketches, size, sets, int(sketches.tokens.sum()))
        said = frame.select(
            "row",
            reason=self._reasons(kept, size),
            kept_id=both["name"].gather(kept),
            value=pl.Series(index),
            differs=self._differs(both, kept),
        )
        return said.filter(pl.Series(kept != np.arange(size), dtype=pl.Boolean))

    @staticmethod
    def _reasons(kept: NDArray[np.int64], size: int) -> pl.Series:
        """Why an example is dropped in favour of `kept`, which is one of `against` from `size` on."""
        return pl.Series(["already_known", "near_duplicate"]).gather(kept < size)

    def _clusters(
        self,
        frame: pl.DataFrame,
        sketches: Sketches,
        size: int,
        sets_of: Callable[[NDArray[np.int64]], ShingleSets],
        at_once: int,
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Of the first `size` rows of `frame`: the place of the example kept for each, and the Jaccard index."""
        from curate.algorithms import sketch

        nodes = np.arange(frame.height, dtype=np.int64)
        same = sketch.first_equal(sketches.digests)
        words = sketches.tokens
        same = np.where(words > 0, same, nodes)
        # One node stands for all texts with the same words, so that any number of them costs linear time.
        distinct = nodes[(same == nodes) & (words >= self.ngram)]
        keys, parent, index = sketches.keys, same.copy(), np.ones(size)
        kept = np.full(frame.height, -1, dtype=np.int64)
        for sets in sketch.cluster(keys, distinct, self.threshold, parent, sets_of, sizes=words, at_once=at_once):
            here = np.zeros(frame.height, dtype=np.bool_)
            here[sets.nodes] = True
            self._keep(kept, frame, parent, here[same], size)
            other = np.flatnonzero(here[same[:size]] & (same[:size] != same[kept[:size]]))
            other = other[np.argsort(same[kept[other]], kind="stable")]  # a set compared with many is looked up once
            index[other] = sketch.jaccard(sets, same[kept[other]], same[other])
            del sets  # before those of the next part are made
        self._keep(kept, frame, parent, kept < 0, size)
        return kept[:size], index

    def _keep(
        self,
        kept: NDArray[np.int64],
        frame: pl.DataFrame,
        parent: NDArray[np.int64],
        here: NDArray[np.bool_],
        size: int,
    ) -> None:
        """Fill in, where `here`, the place of the example that is kept in favour of each one.

        From `size` on they are those of `against`.
        """
        from curate.algorithms.components import survivors

        kept[here] = np.flatnonzero(here)
        members = np.flatnonzero(here & (np.bincount(parent, minlength=frame.height)[parent] > 1))
        scores = None if self.keep_by is None else frame["score"].to_numpy()[members]
        kept[members] = members[survivors(parent[members], id_ranks(frame["id"].gather(members)), scores)]
        known = members[members >= size]
        if known.size:  # what was there before stays, whatever the scores
            first = np.full(frame.height, -1, dtype=np.int64)
            first[parent[known[::-1]]] = known[::-1]
            kept[members] = np.where(first[parent[members]] < 0, kept[members], first[parent[members]])

    @staticmethod
    def _differs(frame: pl.DataFrame, kept: NDArray[np.int64]) -> pl.Series:
        """Of each of the first examples of `frame`: whether its other side differs from that of the one kept."""
        other = frame["other"].to_numpy()
        return pl.Series(other[: kept.size] != other[kept], dtype=pl.Boolean)

    def _also(self, differs: pl.Series) -> pl.Series:
        """What stands beside the reason, where the other side `differs` (null: not dropped)."""
        name = {"instruction": "other_response", "response": "other_instruction"}.get(self.on)
        named = pl.lit([] if name is None else [name], dtype=pl.List(pl.String))
        none = pl.lit([], dtype=pl.List(pl.String))
        return pl.select(pl.when(differs).then(named).otherwise(none).alias("also"))["also"]

    def _known(self) -> Iterator[pl.DataFrame]:
        """The examples of `against`, with their places as `name`."""
        reference = self.reference("against")
        if reference is None:
            return
        for part in reference.frames([*SIDES["both"], "file", "line"]):
            name = pl.concat_str("file", pl.col("line").cast(pl.String), separator=":")
            extra = [] if self.keep_by is None else [pl.lit(None, dtype=pl.Float64).alias(self.keep_by)]
            yield part.with_columns(name.alias("name"), *extra)

    @property
    def _bands(self) -> tuple[int, int]:
        """How many bands, and of how many rows."""
        from curate.algorithms.banding import optimal_bands

        return optimal_bands(self.threshold, self.num_perm)

    def _sketch(self, frame: pl.DataFrame) -> Sketches:
        from curate.algorithms import sketch

        return sketch.sketches(
            self._sides(frame), ngram=self.ngram, unit=self.unit, num_perm=self.num_perm, bands=self._bands
        )

    def _about(self, frame: pl.DataFrame) -> pl.DataFrame:
        """`row`, `id`, `name`, `other` and maybe `score`."""
        # Of the side that is not compared: equal hashes, equal texts.
        left_out = [column for column in SIDES["both"] if column not in SIDES[self.on]]
        other = pl.col(left_out[0]).hash() if left_out else pl.lit(0, dtype=pl.UInt64)
        out = frame.select(
            "row",
            "id",
            pl.col("name" if "name" in frame.columns else "id").alias("name"),
            other.alias("other"),
        )
        return out if self.keep_by is None else out.with_columns(self.numbers(frame, self.keep_by).alias("score"))

    def _grams(self, frame: pl.DataFrame, chosen: NDArray[np.bool_], room: Room) -> NDArray[np.int64]:
        """Write the distinct shingles of the `chosen` texts of `frame`, as `sketch.fill_sets` does."""
        from curate.algorithms import sketch

        sides = [some.filter(chosen) for some in self._sides(frame)]
        return sketch.fill_sets(sides, room, ngram=self.ngram, unit=self.unit)

    def _sides(self, frame: pl.DataFrame) -> list[Texts]:
        from curate.algorithms.texts import texts

        # Of one chunk: each costs as much as some hundred texts, and it is the places that are copied, not the texts.
        return [texts(frame[column].rechunk()) for column in SIDES[self.on]]
