"""The stage `damage_filter`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final, Literal, get_args

import polars as pl
from pydantic import Field

from curate.stage import Filter, Rule

Check = Literal[
    "empty_instruction",
    "empty_response",
    "placeholder",
    "template_tokens",
    "hidden_text",
    "mojibake",
    "prompt_echo",
    "refusal",
    "ai_disclaimer",
    "unpunctuated",
    "truncated",
    "html_residue",
    "repeated_tail",
    "copied_sentences",
    "word_salad",
    "other_language",
    "damaged",
]
_ALL: Final[tuple[Check, ...]] = get_args(Check)
_GATES: Final = tuple(check for check in _ALL if check != "damaged")


class DamageFilter(Filter):
    """Drops records that are broken rather than bad: empty, cut off, echoed, garbled, refused, or never filled in.

    Reads what `damage` wrote. Each gate that found something is a reason, its evidence the value; they come in the
    order below, and further ones go to `also`. A record without a gate whose `damage` is more than `max_damage` goes as
    `damaged`; the value is that probability with the strongest signals. Thresholds and `checks` can be changed
    without running `damage` again; how the gates look is set there.

    Why: such records teach to stop early, to repeat the question or to write entities, and no later score is made
    for them. People often leave out the last full stop: for sets written by people, leave `truncated` out of
    `checks`, or raise both word limits of `damage`; where refusing is what the set should teach, leave out `refusal`.
    A gate that is left out of `checks` still counts in `damage`: such a record is not taken as `damaged` either.

    Example
    -------
    ```yaml
    - stage: damage
    - stage: damage_filter
      checks: [empty_instruction, empty_response, placeholder, mojibake, prompt_echo]
    ```

    References
    ----------
    - Taori et al. (2023), *Stanford Alpaca*, and Ruebsamen et al. (2023), *Cleaned Alpaca Dataset*: empty
      outputs, `<nooutput>` and echoed inputs as the kinds of damage that a generated set has.
    """

    stage: Literal["damage_filter"] = "damage_filter"
    version: ClassVar[int] = 2
    reads: ClassVar[tuple[str, ...]] = ("damage", "damage_signs")
    reasons: ClassVar[Mapping[str, str]] = {
        "empty_instruction": "The instruction shows nothing.",
        "empty_response": "The response shows nothing.",
        "placeholder": "The response is or holds a stand-in that was to be replaced.",
        "template_tokens": "Marks of a chat template stand in the response.",
        "hidden_text": "The text holds characters that nobody sees, or that show it in another order than it has.",
        "mojibake": "Characters were decoded with the wrong encoding, or lost.",
        "prompt_echo": "The response repeats the instruction.",
        "refusal": "The response declines the request, or begins by declining it.",
        "ai_disclaimer": "The response presents itself as that of a model.",
        "unpunctuated": "Long prose without a capital letter or punctuation mark.",
        "truncated": "The response stops in the middle of a sentence or of a code block.",
        "html_residue": "HTML tags or entities stand in prose.",
        "repeated_tail": "The response ends in the same words again and again.",
        "copied_sentences": "Much of the response is sentences that were there before.",
        "word_salad": "The words are in no order.",
        "other_language": "The response is in another language than the instruction, which asks for none.",
        "damaged": "Several weaker signs together make damage likely.",
    }
    checks: list[Check] = Field(
        list(_ALL), min_length=1, description="The reasons to look for; one that is not in the list is switched off."
    )
    max_damage: float = Field(
        0.7,
        ge=0.0,
        le=1.0,
        description="The highest `damage` that a record without a gate may have. Default ours: at 0.5 one in 100 of "
        "the sound sample records goes, at 0.7 one in 700.",
    )

    def apply(self, frame: pl.DataFrame) -> pl.DataFrame:
        """See `Filter.apply`; the rules read the evidence of each gate, which is taken out of `damage_signs` here."""
        return super().apply(frame.hstack(_evidence(frame["damage_signs"])))

    def rules(self) -> list[Rule]:
        """One rule for each of `checks`, in the order of `reasons`."""
        return [
            self._damaged() if check == "damaged" else Rule.found(check, pl.col(f"{check}_found"))
            for check in _ALL
            if check in self.checks
        ]

    def _damaged(self) -> Rule:
        signs = pl.col("damage_signs").list.eval(pl.element().struct.field("sign"))
        value = pl.format("{} ({})", pl.col("damage"), signs.list.join(", "))
        over = pl.col("damage") > self.max_damage
        return Rule("damaged", over & ~pl.col("gated"), value, screen=over)


def _evidence(signs: pl.Series) -> pl.DataFrame:
    """`<gate>_found`, the first evidence of each gate in each row, null for none; and `gated`, whether there is any.

    All lists are unfolded once. Few rows have a gate, and an expression for each gate would go through all of them.
    """
    every = (
        signs.to_frame("signs")
        .with_row_index("at")
        .lazy()
        .explode("signs", empty_as_null=True, keep_nulls=True)
        .unnest("signs")
    )
    gates = every.filter(pl.col("sign").is_in(_GATES)).select("at", "sign", "evidence").collect()
    gated = pl.repeat(False, signs.len(), eager=True).scatter(gates["at"].unique(), True)
    columns = {"gated": pl.select(pl.when(signs.is_not_null()).then(gated)).to_series()}
    told = gates.filter(pl.col("evidence").is_not_null()).unique(["at", "sign"], keep="first", maintain_order=True)
    by_gate = told.partition_by("sign", as_dict=True)
    for gate in _GATES:
        found = pl.repeat(None, signs.len(), dtype=pl.String, eager=True)
        if (gate,) in by_gate:
            found = found.scatter(by_gate[gate,]["at"], by_gate[gate,]["evidence"])
        columns[f"{gate}_found"] = found
    return pl.DataFrame(columns)
