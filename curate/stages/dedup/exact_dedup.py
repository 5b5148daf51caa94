"""Drop repeats of the same text."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np
import polars as pl
from pydantic import Field

from curate.schema import SIDES, Side, id_ranks
from curate.stage import Selection, Selector, Shards, verdict_frame


class ExactDedup(Selector):
    """Keeps one of all examples that have the same text.

    Two texts are the same if they are equal after Unicode normalisation (NFC, so that `é` in one code point
    equals `é` in two) and white-space folding: each run of Unicode white space counts as one space, and white
    space at the ends does not count. Case, punctuation and everything else must agree. With `on: both`, the
    instruction and the response must each be the same. Texts are compared by a 128-bit BLAKE2b hash.

    Of each group of repeats the example with the largest value of the `keep_by` column stays; without that
    column, or where values are equal, the one with the first id (`ab` before `ab-2` before `ab-10`). The
    dropped ones name it as `kept_id`, and their `value` is the size of the group.

    Why: repeats waste the budget of a small training set and weigh its examples unevenly; dumps overlap, and
    the same dump is often taken in twice. It costs little, so it comes first. `on: instruction` keeps one answer
    per question and so is no mere clean-up where dumps hold the answers of many models. Texts that differ in a
    word are the business of `minhash_dedup`.

    Example
    -------
    ```yaml
    - stage: exact_dedup
      on: both
    ```

    References
    ----------
    - Lee et al. (2022), *Deduplicating Training Data Makes Language Models Better*, ACL, section 4: why repeats
      are removed before training.
    - Unicode Standard Annex 15, *Unicode Normalization Forms*: NFC.
    - Saarinen and Aumasson (2015), RFC 7693: BLAKE2b, here with a digest of 16 bytes.
    """

    stage: Literal["exact_dedup"] = "exact_dedup"

    reads: ClassVar[tuple[str, ...]] = ("instruction", "response")
    reasons: ClassVar[Mapping[str, str]] = {
        "exact_duplicate": "The text is the same as that of an example that is kept.",
    }

    on: Side = Field(
        "both",
        description="Side of the conversation that must be the same: `both` (each with its counterpart), "
        "`instruction` or `response`. Default: ours, the strictest.",
    )
    keep_by: str | None = Field(
        None,
        description="Numeric column; of each group the example with the largest value stays (null is least). "
        "Default: none, the first id stays.",
        min_length=1,
    )

    def needs(self) -> tuple[str, ...]:
        """`instruction`, `response` and the `keep_by` column."""
        return self.reads_with(self.keep_by)

    def verdict(self, shards: Shards) -> Selection:
        """Drop all but one example of each group that has the same text."""
        dropped = shards.map(self._digests).group("one", self._repeats).collect()
        every = pl.DataFrame({"row": shards.rows()}).join(dropped, on="row", how="left", maintain_order="left")
        kept_id = every["kept_id"]
        return Selection(
            verdict_frame(
                every["row"], keep=kept_id.is_null(), reason="exact_duplicate", value=every["size"], kept_id=kept_id
            )
        )

    def _repeats(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Of all rows of some digests those that are dropped: `row`, the `size` of its group, and `kept_id`."""
        from curate.algorithms.components import survivors

        digest = ("one", "two")
        groups = frame.with_columns(size=pl.len().over(digest)).filter(pl.col("size") > 1)
        groups = groups.with_columns(group=pl.col("row").min().over(digest).cast(pl.Int64))
        scores = groups["score"].to_numpy() if self.keep_by is not None else None
        kept = survivors(groups["group"].to_numpy(), id_ranks(groups["id"]), scores)
        named = groups.select("row", "size", "id", kept_id=groups["id"].gather(kept))
        return named.filter(pl.col("id") != pl.col("kept_id")).drop("id")

    def _digests(self, frame: pl.DataFrame) -> pl.DataFrame:
        """`row`, `id`, the halves of the text's digest (`one`, `two`) and, with `keep_by`, the `score`."""
        from curate.algorithms.folded import folded
        from curate.algorithms.plain import FEW
        from curate.algorithms.texts import texts

        sides = [frame[column] for column in SIDES[self.on]]
        if frame.height <= FEW:
            digests = _digests_of(sides)
        else:
            buffer, ends, plain = folded([texts(side) for side in sides])
            others = iter(_digests_of([side.filter(pl.Series(~plain)) for side in sides]))
            digests, begin = [], 0
            for end, is_plain in zip(ends.tolist(), plain.tolist(), strict=True):
                digests.append(_hashed(buffer[begin:end]) if is_plain else next(others))
                begin = end
        halves = np.frombuffer(b"".join(digests), dtype="<u8").reshape(-1, 2)
        out = frame.select("row", "id", one=pl.Series(halves[:, 0]), two=pl.Series(halves[:, 1]))
        return out if self.keep_by is None else out.with_columns(self.numbers(frame, self.keep_by).alias("score"))


def _hashed(content: bytes | memoryview) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()


def _digests_of(sides: list[pl.Series]) -> list[bytes]:
    """The digest of each record; its sides go in with white space folded, each after its length."""
    # Single spaces, by far the most frequent white space, are left alone: the result is the same.
    folded = [side.str.replace_all(r"\s{2,}|[^\S ]", " ").str.strip_chars() for side in sides]
    digests = []
    for texts in zip(*folded, strict=True):
        # ASCII is normalised as it stands; for the rest Python checks quickly whether it is.
        normal = [(text if text.isascii() else unicodedata.normalize("NFC", text)).encode("utf-8") for text in texts]
        # The length goes in first: the boundary between the sides is part of what is hashed.
        digests.append(_hashed(b"".join(len(text).to_bytes(8, "little") + text for text in normal)))
    return digests
