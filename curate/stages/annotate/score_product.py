"""The stage `score_product`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import polars as pl
from pydantic import Field, model_validator

from curate.errors import StageError
from curate.stage import Annotator


class ScoreProduct(Annotator):
    """Multiplies scores to one, so that an example is high only where all of them are.

    Adds `score_product`, the product of the columns in `of` and of one minus each column in `without`; null where one
    of them is null or NaN, which is counted as unknown. All must be from 0 to 1.

    Why: a response that is liked may still be broken, and a sound one useless. A sum lets one make up for the other, a
    product does not. Multiply what is measured on the same scale and means probability or share; where scores only
    sort, use `score_filter` once for each.

    Example
    -------
    ```yaml
    - stage: score_product
      of: [preference]
      without: [damage]
    - stage: score_filter
      by: score_product
    ```

    References
    ----------
    - Liu et al. (2024), *What Makes Good Data for Alignment?* (DEITA), section 3: complexity times quality as the
      score that examples are ranked by.
    """

    stage: Literal["score_product"] = "score_product"

    reads: ClassVar[tuple[str, ...]] = ()
    writes: ClassVar[Mapping[str, pl.DataType]] = {"score_product": pl.Float64()}
    unknown: ClassVar[str | None] = "score_product"

    of: list[str] = Field(min_length=1, description="Columns from 0 to 1 of which high is good.")
    without: list[str] = Field(
        default_factory=list, description="Columns from 0 to 1 of which low is good, such as `damage`."
    )

    @model_validator(mode="after")
    def _each_once(self) -> ScoreProduct:
        names = [*self.of, *self.without]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"`{twice}` is named twice")
        return self

    def needs(self) -> tuple[str, ...]:
        """The columns that `of` and `without` name."""
        return self.reads_with(*self.of, *self.without)

    def columns(self, frame: pl.DataFrame) -> pl.DataFrame:
        """`score_product` of each row.

        Raises
        ------
        StageError : a column holds no numbers, or one below 0 or above 1.
        """
        product = pl.Series("score_product", [1.0], dtype=pl.Float64).new_from_index(0, frame.height)
        for name in (*self.of, *self.without):
            score = self.numbers(frame, name)
            self._check_bounds(score, name)
            product = product * (score if name in self.of else 1.0 - score)
        return product.fill_nan(None).alias("score_product").to_frame()

    def _check_bounds(self, score: pl.Series, name: str) -> None:
        outside = score.filter(((score < 0.0) | (score > 1.0)) & score.is_not_nan())
        if outside.len():
            raise StageError(f"{self.name}: the column {name} is not from 0 to 1: it holds {outside[0]}")
