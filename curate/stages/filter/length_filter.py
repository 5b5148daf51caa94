"""The stage `length_filter`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final, Literal

import polars as pl
from pydantic import Field, model_validator

from curate.stage import Filter, Rule
from curate.text import char_count, turn_count, word_count

_SIDES: Final = ("instruction", "response")
_UNITS: Final = ("chars", "words")


class LengthFilter(Filter):
    """Drops records whose instruction, response or number of turns is outside given bounds.

    Compares the characters (Unicode code points) and words of `instruction` and `response`, all turns of a side
    together, and the number of user turns, with a lower and an upper bound each. Bounds are inclusive: a response
    of exactly `min_response_chars` stays. `null` (`None`) means no bound; 0 is a bound like any other. Words are
    counted as `text_stats` counts them. Turns are counted in `messages`. The evidence is the measured number and its
    unit.

    Why: a response that does not fit into the trainer's context is cut, and teaches to stop in the middle; an
    instruction of one character asks nothing. The defaults only drop such records, since `Yes` is a whole answer
    to a yes-or-no question and `B` to a multiple choice; raise `min_response_words` where the set should teach to
    explain. Whether a response is empty, cut off or padded is not a matter of length: see `damage_filter`.

    Example
    -------
    ```yaml
    - stage: length_filter
      min_response_chars: 20
      max_response_words: null
    ```

    References
    ----------
    - Zhou et al. (2023), *LIMA: Less Is More for Alignment*: section 2 keeps Stack Exchange answers of 1,200 to
      4,096 characters (far narrower than these defaults); the longest response of its 1,000 training examples has
      17,742 characters, the longest instruction 7,840, counted on the published set. The upper bounds leave a
      little room above those.
    """

    stage: Literal["length_filter"] = "length_filter"
    reads: ClassVar[tuple[str, ...]] = ("instruction", "response")
    reasons: ClassVar[Mapping[str, str]] = {
        "instruction_too_short": "The instruction has fewer characters or words than asked for.",
        "instruction_too_long": "The instruction has more characters or words than allowed.",
        "response_too_short": "The response has fewer characters or words than asked for.",
        "response_too_long": "The response has more characters or words than allowed.",
        "too_few_turns": "The conversation has fewer user turns than asked for.",
        "too_many_turns": "The conversation has more user turns than allowed.",
    }

    min_instruction_chars: int | None = Field(
        2,
        ge=0,
        description="Fewest characters of the instruction; `Hi` is the shortest request we know of. Null: no bound.",
    )
    max_instruction_chars: int | None = Field(
        10_000, ge=0, description="Most characters of the instruction; LIMA's longest has 7,840. Null: no bound."
    )
    min_instruction_words: int | None = Field(
        None, ge=0, description="Fewest words of the instruction. Null: no bound."
    )
    max_instruction_words: int | None = Field(None, ge=0, description="Most words of the instruction. Null: no bound.")
    min_response_chars: int | None = Field(
        1, ge=0, description="Fewest characters of the response; one letter answers a multiple choice. Null: no bound."
    )
    max_response_chars: int | None = Field(
        20_000, ge=0, description="Most characters of the response; LIMA's longest has 17,742. Null: no bound."
    )
    min_response_words: int | None = Field(None, ge=0, description="Fewest words of the response. Null: no bound.")
    max_response_words: int | None = Field(None, ge=0, description="Most words of the response. Null: no bound.")
    min_turns: int | None = Field(None, ge=0, description="Fewest user turns. Null: no bound.")
    max_turns: int | None = Field(None, ge=0, description="Most user turns. Null: no bound.")

    @model_validator(mode="after")
    def _ordered(self) -> LengthFilter:
        for what in (*(f"{side}_{unit}" for side in _SIDES for unit in _UNITS), "turns"):
            low, high = getattr(self, f"min_{what}"), getattr(self, f"max_{what}")
            if low is not None and high is not None and low > high:
                raise ValueError(f"min_{what} ({low}) is above max_{what} ({high}): no record could stay")
        return self

    def needs(self) -> tuple[str, ...]:
        """`instruction` and `response`; `messages`, which take the longest to load, only where turns are bounded."""
        bounded = self.min_turns is not None or self.max_turns is not None
        return self.reads_with("messages" if bounded else None)

    def rules(self) -> list[Rule]:
        """One rule for each bound that is set; too short before too long."""
        counts = {"chars": char_count, "words": word_count}
        rules: list[Rule] = []
        for side in _SIDES:
            for unit in _UNITS:
                rules += self._bounds(f"{side}_{unit}", unit, side, counts[unit](pl.col(side)))
        turns = turn_count(pl.col("messages"))
        if self.min_turns is not None:
            rules.append(Rule("too_few_turns", turns < self.min_turns, turns))
        if self.max_turns is not None:
            rules.append(Rule("too_many_turns", turns > self.max_turns, turns))
        return rules

    def _bounds(self, what: str, unit: str, side: str, measured: pl.Expr) -> list[Rule]:
        low: int | None = getattr(self, f"min_{what}")
        high: int | None = getattr(self, f"max_{what}")
        value = pl.format("{} {}", measured, pl.lit(unit))
        rules = []
        if low is not None:
            rules.append(Rule(f"{side}_too_short", measured < low, value))
        if high is not None:
            rules.append(Rule(f"{side}_too_long", measured > high, value))
        return rules
