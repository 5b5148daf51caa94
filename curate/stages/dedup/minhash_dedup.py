"""Drop near-duplicates: texts that share most of their word n-grams."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar, Final, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import Field

from curate.schema import SIDES, Side
from curate.stage import Selection, Selector, Shards, verdict_frame

if TYPE_CHECKING:
    from curate.algorithms.minhash import ShingleSets
    from curate.algorithms.shingles import Shingled

#: Bytes of text per call of the kernels: small enough that a block and its shingles stay in the processor's cache.
_BLOCK: Final = 1 << 17


class MinhashDedup(Selector):
    """Keeps one of each cluster of examples that say nearly the same in the same words.

    A text becomes the set of its n-grams of lower-cased words (`ngram`, `unit`). Words are runs of letters,
    marks and digits; punctuation, symbols and white space only separate them. In scripts without spaces between
    words (Han, kana, Thai, Lao, Khmer, Myanmar) each code point counts as a word. With `on: both` the words of
    the response follow those of the instruction. Two texts are near-duplicates if the Jaccard index of their
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

    Why: crawled and generated dumps repeat themselves with a name or number changed; such examples crowd out
    others and let a model memorise. When not to use it: since only words count, texts that differ in punctuation
    or symbols alone (`a < b` and `a > b`) are the same to it, at any threshold; and it does not find paraphrases,
    which share few n-grams.

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
    - datasketch 2.0: permutations (scheme `affine32`), default of 128, and the choice of bands (`MinHashLSH`
      with weights 0.01 for false positives, which verification removes, and 0.99 for false negatives).
    """

    stage: Literal["minhash_dedup"] = "minhash_dedup"

    reads: ClassVar[tuple[str, ...]] = ("instruction", "response")
    reasons: ClassVar[Mapping[str, str]] = {
        "near_duplicate": "The text shares most of its n-grams with that of an example that is kept, or with one "
        "that does.",
    }

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
        """Drop all but one example of each cluster of near-duplicates."""
        from curate.algorithms import banding, minhash
        from curate.algorithms.components import survivors

        frame = shards.map(self._sketch).collect()
        nodes = np.arange(frame.height, dtype=np.int64)
        same = _first_with_same_words(frame)
        # One node stands for all texts with the same words, so that any number of them costs linear time.
        distinct = nodes[(same == nodes) & (frame["words"] >= self.ngram).to_numpy()]
        keys = frame["bands"].to_numpy()
        tables = banding.buckets(keys, distinct)
        sets = self._sets(shards, frame["row"], banding.bucket_members(tables, frame.height))
        parent = same.copy()
        minhash.cluster(keys, tables, sets, self.threshold, parent)

        members = np.flatnonzero(np.bincount(parent, minlength=frame.height)[parent] > 1)
        scores = None if self.keep_by is None else frame["score"].to_numpy()[members]
        kept = nodes.copy()
        kept[members] = members[survivors(parent[members], frame["id"].gather(members).to_list(), scores)]
        index = np.ones(frame.height)
        other = np.flatnonzero(same != same[kept])
        index[other] = sets.jaccard(same[other], same[kept[other]])
        return Selection(
            verdict_frame(
                frame["row"],
                keep=pl.Series(kept == nodes, dtype=pl.Boolean),
                reason="near_duplicate",
                value=pl.Series(index, dtype=pl.Float64).round(4),
                kept_id=frame["id"].gather(kept),
            )
        )

    def _sketch(self, frame: pl.DataFrame) -> pl.DataFrame:
        """`row`, `id`, `words`, a 128-bit digest of the words (`one`, `two`), `bands` and, with `keep_by`, `score`."""
        from curate.algorithms import banding, minhash

        bands, rows = banding.optimal_bands(self.threshold, self.num_perm)
        parts = [(np.empty((0, bands), np.uint32), np.empty((0, 2), np.uint64), np.empty(0, np.int64))]
        for found in self._blocks(frame):
            signature = minhash.signatures(found.values, found.offsets, self.num_perm, used=bands * rows)
            parts.append((banding.band_keys(signature, bands, rows), found.digests, found.tokens))
        keys, digests, words = (np.concatenate(part) for part in zip(*parts, strict=True))
        out = frame.select("row", "id").with_columns(
            pl.Series("words", words),
            pl.Series("one", digests[:, 0]),
            pl.Series("two", digests[:, 1]),
            pl.Series("bands", keys, dtype=pl.Array(pl.UInt32, bands)),
        )
        return out if self.keep_by is None else out.with_columns(self.numbers(frame, self.keep_by).alias("score"))

    def _sets(self, shards: Shards, rows: pl.Series, nodes: NDArray[np.int64]) -> ShingleSets:
        """The shingle sets of `nodes`, which are places in `rows`; a second pass over the text of those alone."""
        from curate.algorithms.minhash import ShingleSets
        from curate.algorithms.texts import joined

        wanted = np.zeros(int(rows.max() or 0) + 1, dtype=np.bool_)
        wanted[rows.gather(nodes).to_numpy()] = True
        found = shards.map(partial(self._shingle_sets, wanted=shards.share(wanted))).collect()
        offsets = np.zeros(nodes.size + 1, dtype=np.int64)
        np.cumsum(joined(found["sizes"]).view("<i8"), out=offsets[1:])
        return ShingleSets(nodes, joined(found["shingles"]).view("<u8"), offsets)

    def _shingle_sets(self, frame: pl.DataFrame, wanted: NDArray[np.bool_]) -> pl.DataFrame:
        """The sorted distinct `shingles` of the wanted rows and the `sizes` of those sets, as bytes, a line a block.

        Numbers are little-endian, of eight bytes each; `row` is that of the block's first text.
        """
        from curate.algorithms.shingles import distinct

        chosen = frame.filter(pl.Series(wanted[frame["row"].to_numpy()], dtype=pl.Boolean))
        rows, sizes, packed = [], [], []
        start = 0
        for found in self._blocks(chosen):
            values, offsets = distinct(found)
            rows.append(chosen["row"][start])
            start += found.tokens.size
            sizes.append(np.diff(offsets).astype("<i8", copy=False).tobytes())
            packed.append(values.astype("<u8", copy=False).tobytes())
        schema = {"row": pl.UInt64, "sizes": pl.Binary, "shingles": pl.Binary}
        return pl.DataFrame({"row": rows, "sizes": sizes, "shingles": packed}, schema=schema)

    def _blocks(self, frame: pl.DataFrame) -> Iterator[Shingled]:
        """The shingles of `frame` in slices of about `_BLOCK` bytes of text."""
        from curate.algorithms.shingles import shingles
        from curate.algorithms.texts import texts

        sides = [texts(frame[column]) for column in SIDES[self.on]]
        at = np.stack([side.at for side in sides], axis=1)
        size = np.stack([side.size for side in sides], axis=1)
        block = np.cumsum(size.sum(axis=1)) // _BLOCK
        cuts = np.flatnonzero(np.diff(block, prepend=-1, append=-1)) if block.size else np.zeros(1, np.int64)
        for low, high in pairwise(cuts.tolist()):
            yield shingles(at[low:high], size[low:high], ngram=self.ngram, unit=self.unit)


def _first_with_same_words(frame: pl.DataFrame) -> NDArray[np.int64]:
    """For each text the place of the first one with the same words; its own place if it has no words."""
    placed = frame.select("one", "two", "words", place=pl.Series(np.arange(frame.height, dtype=np.int64)))
    first = pl.col("place").min().over("one", "two", "words")
    return placed.select(pl.when(pl.col("words") > 0).then(first).otherwise("place")).to_series().to_numpy()
