"""The stage `repetition_filter`."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import ClassVar, Final, Literal

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import Field

from curate.stage import Filter, Rule
from curate.text import code_line_share, line_count, list_line_share, without_code

#: Rae et al. (2021), table A1: the largest share of each measure.
_GOPHER: Final[dict[str, dict[str, float]]] = {
    "duplicate_lines": {"line_fraction": 0.30, "line_char_fraction": 0.20},
    "duplicate_paragraphs": {"paragraph_fraction": 0.30, "paragraph_char_fraction": 0.20},
    "frequent_ngram": {"top_2": 0.20, "top_3": 0.18, "top_4": 0.16},
    "duplicate_ngrams": {"dup_5": 0.15, "dup_6": 0.14, "dup_7": 0.13, "dup_8": 0.12, "dup_9": 0.11, "dup_10": 0.10},
}
#: More lines of code, markup or table than this, and repetition is syntax.
_CODE_SHARE: Final = 0.3
#: Four lines or more of fewer characters on average are verse, a list or a form.
_SHORT_LINE: Final = 80
_VERSE_LINES: Final = 4
_LIST_SHARE: Final = 0.5
_UNSPACED_SHARE: Final = 1 / 3
#: The fewest words of a unit that nobody says three times in a row for emphasis.
_PHRASE_WORDS: Final = 4
#: The share of the text from which a loop of four copies or more is hardly anything else.
_WHOLE_SHARE: Final = 0.5
#: Words that a loop in code must have; shorter ones are branches, cells and rows.
_CODE_LOOP_WORDS: Final = 100
#: Copies from which a loop is too much whatever its unit, where it fills the text or ends it.
_TAIL_COPIES: Final = 4


class _Judge:
    """Measures a column of texts once, however many rules ask, and says what each rule finds.

    A polars function that returns the evidence for each reason, null where there is none. Polars runs such
    functions in parallel and shares neither their results nor their arguments between expressions.
    """

    def __init__(self, evidence: Mapping[str, pl.Expr]) -> None:
        self._evidence = [found.alias(reason) for reason, found in evidence.items()]
        self._lock = threading.Lock()
        self._measured: dict[bytes, npt.NDArray[np.float64]] = {}
        self._judged: dict[bytes, pl.Series] = {}

    def __call__(self, response: pl.Series) -> pl.Series:
        from curate.algorithms.repetition import MEASURES, measure

        key = b"".join(_bytes(response))
        if key not in self._judged:
            facts = pl.DataFrame({"text": response}).lazy().select(_facts(pl.col("text"))).collect()
            data, ends = _bytes(facts["text"])
            offsets = np.concatenate([[0], np.frombuffer(ends, np.int64)])
            # Nothing of polars may run under the lock: its threads steal work from each other, and might
            # steal a rule that waits for this very lock.
            with self._lock:
                if key not in self._measured:
                    self._measured[key] = measure(np.frombuffer(data, np.uint8), offsets)
            measures = pl.DataFrame(self._measured[key], schema=dict.fromkeys(MEASURES, pl.Float64))
            frame = pl.concat([facts.drop("text"), measures], how="horizontal")
            self._judged[key] = frame.select(self._evidence).to_struct(response.name)
        return self._judged[key]


def _bytes(texts: pl.Series) -> tuple[bytes, bytes]:
    """The UTF-8 of all texts, and where in it each one ends, as 64-bit integers."""
    joined: str | None = texts.str.join("").item()
    return (joined or "").encode(), texts.str.len_bytes().to_numpy().astype(np.int64).cumsum().tobytes()


def _facts(response: pl.Expr) -> list[pl.Expr]:
    """The text to measure, whether it is code, and whether repetition is part of its form."""
    code = code_line_share(response) > _CODE_SHARE
    lines = line_count(response)
    short_lines = (lines >= _VERSE_LINES) & (response.str.len_chars() < _SHORT_LINE * lines)
    return [
        without_code(response.str.to_lowercase()).alias("text"),
        code.alias("code"),
        (short_lines | (list_line_share(response) >= _LIST_SHARE)).alias("structured"),
    ]


class RepetitionFilter(Filter):
    """Drops responses that go round in circles: loops, repeated lines, paragraphs and phrases.

    Cuts `response`, without fenced and inline code and in lower case, into words (letters and digits; one Chinese
    or Japanese character is a word of its own) and measures what part of its characters says nothing new.

    - `loop`: a unit said again and again without a break. Dropped are a unit of four words or more said three
      times (12 words at least), a shorter one that also fills more than `max_loop_fraction` of the text, a
      response that is hardly anything else (`the the the the`), and one that ends in four copies or more. The
      evidence is `copies x words of the unit`.
    - `duplicate_lines`, `duplicate_paragraphs`: lines (paragraphs) of four words or more that were there before;
      numbering is ignored.
    - `frequent_ngram`: the one phrase of 2, 3 or 4 words that covers the most of the text.
    - `duplicate_ngrams`: phrases of 5 to 10 words that occurred earlier.

    The last four compare with the thresholds of Gopher times `slack`, in responses of `min_words` words or more.
    Gopher's own (a slack of 1) are made for web pages: taken as they are, they would drop 3% of LIMA's
    hand-picked answers, which quote and take up phrases.

    Repetition is also a form. Where more than 30% of the lines look like code, markup or a table, only a loop of
    100 words or more that fills half of the text counts. Where half of the lines or more are list items, or four
    or more lines have fewer than 80 characters on average (verse, forms), or a third of the text is in a script
    without spaces, `structured_floor` is the least threshold, so that a refrain or a list of like sentences stays.

    Why: text that repeats itself is what a model produces when it fails, and teaches to fail the same way. Leave
    it out for sets of song lyrics, drills or chants.

    Example
    -------
    ```yaml
    - stage: repetition_filter
      slack: 1.5
    ```

    References
    ----------
    - Rae et al. (2021), *Scaling Language Models: Methods, Analysis & Insights from Training Gopher*, appendix
      A.1.1 and table A1: the measures, their thresholds, and 50 words as the least that a document should have.
    - Holtzman et al. (2020), *The Curious Case of Neural Text Degeneration*, ICLR: loops as the failure of
      decoding.
    """

    stage: Literal["repetition_filter"] = "repetition_filter"
    reads: ClassVar[tuple[str, ...]] = ("response",)
    reasons: ClassVar[Mapping[str, str]] = {
        "loop": "The response says the same words many times in a row.",
        "duplicate_lines": "Too much of the response is lines that were there before.",
        "duplicate_paragraphs": "Too much of the response is paragraphs that were there before.",
        "frequent_ngram": "One short phrase covers too much of the response.",
        "duplicate_ngrams": "Too much of the response is phrases that were there before.",
    }

    min_words: int = Field(
        50,
        ge=1,
        description="Words from which the shares of lines, paragraphs and n-grams count; Gopher's shortest document "
        "(Rae et al. 2021). Loops are looked for in responses of any length.",
    )
    slack: float = Field(
        2.0,
        gt=0.0,
        description="Factor on Gopher's thresholds (Rae et al. 2021, table A1); 2 drops none of LIMA's answers.",
    )
    structured_floor: float = Field(
        0.8, ge=0.0, le=1.0, description="The least threshold, as a share of characters or lines, for lists and verse."
    )
    max_loop_fraction: float = Field(
        0.2,
        ge=0.0,
        le=1.0,
        description="Share of the text that a loop of short units may fill beyond its first copy; Gopher's top 2-gram.",
    )
    min_loop_words: int = Field(
        12, ge=4, description="Words that a loop must have in all: three times four, beyond what is said for emphasis."
    )

    def rules(self) -> list[Rule]:
        """Loops first, then the shares from the coarsest to the finest unit."""
        evidence = {"loop": self._loop(), **{reason: self._share(limits) for reason, limits in _GOPHER.items()}}
        found = pl.col("response").map_batches(
            _Judge(evidence), return_dtype=pl.Struct(dict.fromkeys(evidence, pl.String))
        )
        return [Rule.found(reason, found.struct.field(reason)) for reason in evidence]

    def _share(self, gopher: Mapping[str, float]) -> pl.Expr:
        """The first of the measures that is above its limit, as text."""
        structured = pl.col("structured") | (pl.col("unspaced") > _UNSPACED_SHARE)
        found = []
        for name, share in gopher.items():
            limit = (
                pl.when(structured).then(max(share * self.slack, self.structured_floor)).otherwise(share * self.slack)
            )
            above = ~pl.col("code") & (pl.col("words") >= self.min_words) & (pl.col(name) > limit)
            found.append(
                pl.when(above).then(pl.format("{} {} > {}", pl.lit(name), pl.col(name).round(3), limit.round(3)))
            )
        return pl.coalesce(found)

    def _loop(self) -> pl.Expr:
        """The loop that is too much, as `copies x words of the unit`."""
        copies, period, fraction = pl.col("loop_copies"), pl.col("loop_period"), pl.col("loop_fraction")
        tail_copies, tail_period = pl.col("tail_copies"), pl.col("tail_period")
        phrase = (period >= _PHRASE_WORDS) | (fraction > self.max_loop_fraction)
        long = (copies * period >= self.min_loop_words) & phrase & ~pl.col("code")
        whole = (copies >= _TAIL_COPIES) & (fraction > _WHOLE_SHARE)
        whole &= ~pl.col("code") | (copies * period >= _CODE_LOOP_WORDS)
        tail = (tail_copies >= _TAIL_COPIES) & (tail_copies * tail_period >= 2 * _TAIL_COPIES) & ~pl.col("code")

        def text(times: pl.Expr, words: pl.Expr) -> pl.Expr:
            return pl.format("{} x {} words", times.cast(pl.UInt32), words.cast(pl.UInt32))

        return pl.when(long | whole).then(text(copies, period)).when(tail).then(text(tail_copies, tail_period))
