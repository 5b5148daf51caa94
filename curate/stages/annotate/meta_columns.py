"""The stage `meta_columns`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final, Literal, Self

import polars as pl
from pydantic import Field, model_validator

from curate.errors import StageError
from curate.stage import Annotator

#: A key, or several with dots between them, without what would end its quotation.
_KEY: Final = r'^[^."\\\[\]]+(?:\.[^."\\\[\]]+)*$'


class MetaColumns(Annotator):
    """Takes numbers and a text out of `meta` into columns that later stages can read.

    `meta` holds, as JSON, every field of a record that did not become text of a message: votes, ratings, categories,
    tags. `score` and `weight` name the keys of two numbers, which go to `meta_score` and `meta_weight`, and `group`
    that of a text (or of anything, as JSON text), which goes to `meta_group`. A dot leads into an object:
    `answer_fields.CommentCount`. Numbers may be written as text (`"12"`); true is 1 and false 0. A key that is not
    there or null gives null, which later stages keep and count as unknown; so does a column whose parameter is null.
    A score that is no number at all ends the run, since it would not be unknown but wrong.

    Why: the people who made a dump have often rated it already, by votes or by hand, and a rule such as LIMA's, "at
    least ten votes", needs that number. Do not use it to compare sources: ten votes are many on one site and few on
    another; see `quotas` of the stages that choose.

    Example
    -------
    ```yaml
    - stage: meta_columns
      score: answer_score
      weight: question_score
    - stage: range_filter
      by: meta_score
      min: 10
    ```

    References
    ----------
    - Zhou et al. (2023), *LIMA: Less Is More for Alignment*, section 2.1: the scores of StackExchange questions and
      answers as measures of quality.
    """

    stage: Literal["meta_columns"] = "meta_columns"
    reads: ClassVar[tuple[str, ...]] = ("meta",)
    writes: ClassVar[Mapping[str, pl.DataType]] = {
        "meta_score": pl.Float64(),
        "meta_weight": pl.Float64(),
        "meta_group": pl.String(),
    }

    score: str | None = Field(
        None, pattern=_KEY, description="Key of the number for `meta_score`, a threshold's. Default: none, all null."
    )
    weight: str | None = Field(
        None, pattern=_KEY, description="Key of the number for `meta_weight`, an order's. Default: none, all null."
    )
    group: str | None = Field(
        None, pattern=_KEY, description="Key of the text for `meta_group`. Default: none, all null."
    )

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.score is None and self.weight is None and self.group is None:
            raise ValueError("name at least one key: `score`, `weight` or `group`")
        return self

    def columns(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The named values of each row."""
        score, weight = self._number(frame, self.score), self._number(frame, self.weight)
        group = frame.select(_value(self.group))["meta"]
        return pl.DataFrame({"meta_score": score, "meta_weight": weight, "meta_group": group})

    def _number(self, frame: pl.DataFrame, key: str | None) -> pl.Series:
        text = frame.select(_value(key))["meta"]
        plain = text.replace(["true", "false"], ["1", "0"]).str.strip_chars()
        number = plain.cast(pl.Float64, strict=False)
        wrong = number.is_null() & text.is_not_null()
        if wrong.any():
            at = int(wrong.arg_max() or 0)
            raise StageError(f"{self.name}: {frame['id'][at]}: `{key}` is {text[at]!r:.60}, not a number")
        return number.fill_nan(None)


def _value(key: str | None) -> pl.Expr:
    if key is None:
        return pl.lit(None, dtype=pl.String).repeat_by(pl.len()).explode().alias("meta")
    path = "$" + "".join(f'["{part}"]' for part in key.split("."))
    return pl.col("meta").str.json_path_match(path)
