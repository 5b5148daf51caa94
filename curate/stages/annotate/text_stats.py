"""The stage `text_stats`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar, Final, Literal

import polars as pl
from pydantic import Field

from curate.stage import Annotator
from curate.text import char_count, turn_count, word_count

#: The least words of each band of lengths; the last one's is more than any record holds.
_BANDS: Final = tuple(4**k for k in range(16))


class TextStats(Annotator):
    """Counts characters, words and turns, and scores the response by its length.

    Adds `instruction_chars`, `instruction_words`, `response_chars` and `response_words` (of all user, or all
    assistant, turns together), `turns` (the number of user messages) and `length_score`. Characters are Unicode
    code points. A word starts at a letter or digit and ends at white space; Chinese characters and Japanese kana,
    which are written without spaces, count one word each; punctuation alone and emoji count none. Text inside
    code is counted like any other.

    `length_band` is the response's length in words in steps of four times: 0 for none, 1 for 1 to 3 words, 2 for 4 to
    15, 3 for 16 to 63, 4 for 64 to 255, and so on. Within one band, scores that grow with length can be compared.

    `length_score` is the response's length in words on a logarithmic scale from 0 (no word) to 1 (`cap_words` or
    more): min(1, ln(1 + words) / ln(1 + cap_words)).

    Why: later stages need a number to prefer one record to another, and length is the plainest that has been
    shown to work: fine-tuning on the 1,000 longest responses of Alpaca was preferred to fine-tuning on the 1,000
    that a language model had rated best. It is a stand-in and no measure of quality. It prefers a long wrong
    answer to a short right one, rewards padding, favours essays and lists over arithmetic, classification and
    translation, and favours scripts of which one character is one word. Beyond `cap_words` it says nothing. Use
    it to break ties and to drop the thinnest, under quotas by kind of task, and prefer a learned score where
    there is one.

    Example
    -------
    ```yaml
    - stage: text_stats
    - stage: score_filter
      by: length_score
    ```

    References
    ----------
    - Zhao et al. (2024), *Long Is More for Alignment*, ICML: the 1,000 longest responses as a baseline hard to
      beat.
    - Zhou et al. (2023), *LIMA: Less Is More for Alignment*: the cap; the median response of its 1,000
      hand-picked training examples has 267 words (1,569 characters), counted on the published set.
    """

    stage: Literal["text_stats"] = "text_stats"
    version: ClassVar[int] = 2
    reads: ClassVar[tuple[str, ...]] = ("messages", "instruction", "response")
    writes: ClassVar[Mapping[str, pl.DataType]] = {
        "instruction_chars": pl.UInt32(),
        "instruction_words": pl.UInt32(),
        "response_chars": pl.UInt32(),
        "response_words": pl.UInt32(),
        "turns": pl.UInt32(),
        "length_band": pl.UInt8(),
        "length_score": pl.Float64(),
    }

    cap_words: int = Field(
        267,
        ge=1,
        description="Words of a response from which `length_score` is 1; the median of LIMA's (Zhou et al. 2023).",
    )

    def columns(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The counts and the score of each row."""
        words = word_count(pl.col("response"))
        # log1p differs in the last bit between mathematical libraries and vector widths, and ties in the score are
        # broken by id: rounding keeps equal lengths equal and the bytes the same on every machine.
        score = (words.cast(pl.Float64).log1p() / math.log1p(self.cap_words)).clip(0.0, 1.0).round(9)
        return (
            frame.lazy()
            .select(
                char_count(pl.col("instruction")).alias("instruction_chars"),
                word_count(pl.col("instruction")).alias("instruction_words"),
                char_count(pl.col("response")).alias("response_chars"),
                words.alias("response_words"),
                turn_count(pl.col("messages")).alias("turns"),
                pl.sum_horizontal((words >= bound).cast(pl.UInt8) for bound in _BANDS).alias("length_band"),
                score.alias("length_score"),
            )
            .collect()
        )
