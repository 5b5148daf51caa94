"""The stage `ifd_filter`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

import polars as pl
from pydantic import Field

from curate.stage import Filter, Rule


class IfdFilter(Filter):
    """Drops examples whose instruction does not help a language model with the answer.

    Looks at the column `ifd` of the stage of that name; the number is the evidence. Where it is null the example
    stays and is counted as undecided.

    Why: an answer that is no likelier after its instruction than by itself mostly belongs to another one, or to none.
    Leave the stage out for sets of short labels, numbers or names, where a small model is wrong about many.

    Example
    -------
    ```yaml
    - stage: ifd
      model: openai-community/gpt2
    - stage: ifd_filter
      below: 1.0
    ```

    References
    ----------
    - Li et al. (2024), *From Quantity to Quality: Boosting LLM Performance with Self-Guided Data Selection for
      Instruction Tuning*, NAACL, section 2.2.
    """

    stage: Literal["ifd_filter"] = "ifd_filter"
    reads: ClassVar[tuple[str, ...]] = ("ifd",)
    reasons: ClassVar[Mapping[str, str]] = {
        "instruction_no_help": "The answer is no likelier after the instruction than without it.",
    }

    below: float = Field(1.0, gt=0, description="An example stays if its score is less than this. Default: Li et al.")

    def rules(self) -> list[Rule]:
        """One rule, on `ifd`."""
        return [Rule("instruction_no_help", pl.col("ifd") >= self.below, pl.col("ifd").round(4))]
