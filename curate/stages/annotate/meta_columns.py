"""The stage `meta_columns`."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

import polars as pl
from pydantic import Field, model_validator

from curate.errors import StageError
from curate.stage import Annotator


class MetaColumns(Annotator):
    """Takes numbers and a text out of `meta` into columns that later stages can read.

    `meta` holds, as JSON, every field of a record that did not become text of a message: votes, ratings, categories,
    tags. `score` and `weight` name the keys of two numbers, which go to `meta_score` and `meta_weight`, and `group`
    that of a text (or of anything, as JSON text), which goes to `meta_group`. A dot leads into an object
    (`answer_fields.CommentCount`), unless a key has it in its name. Numbers may be written as text (`"12"`); true is 1
    and false 0. A key that is not there or null gives null, which later stages keep and count as unknown; so does a
    column whose parameter is null. A score that is no number at all ends the run: it is not unknown but wrong.

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
        None, min_length=1, description="Key of the number for `meta_score`, a threshold's. Default: none, all null."
    )
    weight: str | None = Field(
        None, min_length=1, description="Key of the number for `meta_weight`, an order's. Default: none, all null."
    )
    group: str | None = Field(
        None, min_length=1, description="Key of the text for `meta_group`. Default: none, all null."
    )

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.score is None and self.weight is None and self.group is None:
            raise ValueError("name at least one key: `score`, `weight` or `group`")
        return self

    def columns(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The named values of each row."""
        # Not by polars' JSON paths, which parse a decimal fraction to the neighbour of the nearest double.
        metas = [json.loads(text) for text in frame["meta"]]
        score, weight = (self._numbers(frame["id"], metas, key) for key in (self.score, self.weight))
        group = [None if self.group is None else _text(_value(meta, self.group)) for meta in metas]
        return pl.DataFrame({"meta_score": score, "meta_weight": weight, "meta_group": group}, schema=self.writes)

    def _numbers(self, ids: pl.Series, metas: Sequence[Any], key: str | None) -> list[float | None]:
        if key is None:
            return [None] * len(metas)
        numbers: list[float | None] = []
        for at, meta in enumerate(metas):
            value = _value(meta, key)
            try:
                numbers.append(_number(value))
            except (ValueError, OverflowError) as error:
                shown = ascii(value)[:60]
                raise StageError(f"{self.name}: {ids[at]}: `{key}` is {shown}, not a number") from error
        return numbers


def _value(meta: Any, key: str) -> Any:
    """The value of a key, or of the path that its dots spell; None if there is none."""
    if isinstance(meta, dict) and key in meta:
        return meta[key]
    for part in key.split("."):
        if not isinstance(meta, dict):
            return None
        meta = meta.get(part)
    return meta


def _number(value: Any) -> float | None:
    if value is None:
        return None
    if not isinstance(value, bool | int | float) and not (isinstance(value, str) and "_" not in value):
        raise ValueError("no number")
    number = float(value)
    return None if math.isnan(number) else number


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
