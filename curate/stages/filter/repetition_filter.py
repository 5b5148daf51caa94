"""The stage `repetition_filter`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final, Literal

import polars as pl
from pydantic import Field

from curate.stage import Filter, Rule
from curate.text import code_line_share, line_count, list_line_share, scattered, without_code

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


def _measured(response: pl.Series) -> pl.DataFrame:
    """The measures (`curate.algorithms.repetition.MEASURES`) of each text, as columns."""
    from curate.algorithms.repetition import MEASURES, measure_texts
    from curate.algorithms.texts import texts

    text = response.to_frame().lazy().select(without_code(pl.col(response.name).str.to_lowercase())).collect()
    return pl.DataFrame(measure_texts(texts(text.to_series())), schema=dict.fromkeys(MEASURES, pl.Float64))


def _is_code() -> pl.Expr:
    return code_line_share(pl.col("response")) > _CODE_SHARE


def _is_structured() -> pl.Expr:
    """Whether repetition is part of the text's form: verse, a list, a script without spaces."""
    response = pl.col("response")
    lines = line_count(response)
    short_lines = (lines >= _VERSE_LINES) & (response.str.len_chars() < _SHORT_LINE * lines)
    is_list = list_line_share(response) >= _LIST_SHARE
    return short_lines | is_list | (pl.col("unspaced") > _UNSPACED_SHARE)


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

    def apply(self, frame: pl.DataFrame) -> pl.DataFrame:
        """See `Filter.apply`; the rules read measures of `response` that are taken here, once for all of them."""
        measured = frame.select("row", "response").hstack(_measured(frame["response"]))
        # What form a text has takes longer to tell than all measures together, and matters for few.
        screens = [self._repeats(), *(self._above(limits) for limits in _GOPHER.values())]
        some = measured.select(pl.any_horizontal(screens)).to_series()
        forms = measured.filter(some).select(code=_is_code(), structured=_is_structured())
        return super().apply(measured.with_columns(scattered(form, some).alias(form.name) for form in forms))

    def rules(self) -> list[Rule]:
        """Loops first, then the shares from the coarsest to the finest unit."""
        return [
            Rule.found("loop", self._too_much(pl.col("code")), screen=self._repeats()),
            *(self._share(reason, limits) for reason, limits in _GOPHER.items()),
        ]

    def _share(self, reason: str, gopher: Mapping[str, float]) -> Rule:
        """The first of the measures that is above its limit, as text."""
        found = []
        for name, share in gopher.items():
            least = max(share * self.slack, self.structured_floor)
            limit = pl.when("structured").then(least).otherwise(share * self.slack)
            text = pl.format("{} {} > {}", pl.lit(name), pl.col(name).round(3), limit.round(3))
            found.append(pl.when(~pl.col("code") & self._above({name: share}) & (pl.col(name) > limit)).then(text))
        return Rule.found(reason, pl.coalesce(found), screen=self._above(gopher))

    def _above(self, gopher: Mapping[str, float]) -> pl.Expr:
        """Whether one of the measures is above its least limit, in a text that is long enough."""
        above = pl.any_horizontal(pl.col(name) > share * self.slack for name, share in gopher.items())
        return (pl.col("words") >= self.min_words) & above

    def _repeats(self) -> pl.Expr:
        """Whether there is a loop that is too much, if the text is no code."""
        return self._too_much(pl.lit(value=False)).is_not_null()

    def _too_much(self, code: pl.Expr) -> pl.Expr:
        copies, period, fraction = pl.col("loop_copies"), pl.col("loop_period"), pl.col("loop_fraction")
        tail_copies, tail_period = pl.col("tail_copies"), pl.col("tail_period")
        phrase = (period >= _PHRASE_WORDS) | (fraction > self.max_loop_fraction)
        long = (copies * period >= self.min_loop_words) & phrase & ~code
        whole = (copies >= _TAIL_COPIES) & (fraction > _WHOLE_SHARE)
        whole &= ~code | (copies * period >= _CODE_LOOP_WORDS)
        tail = (tail_copies >= _TAIL_COPIES) & (tail_copies * tail_period >= 2 * _TAIL_COPIES) & ~code

        def text(times: pl.Expr, words: pl.Expr) -> pl.Expr:
            return pl.format("{} x {} words", times.cast(pl.UInt32), words.cast(pl.UInt32))

        return pl.when(long | whole).then(text(copies, period)).when(tail).then(text(tail_copies, tail_period))
