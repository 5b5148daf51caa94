"""The stage `refusal_filter`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final, Literal, get_args

import polars as pl
from pydantic import Field

from curate.phrases import (
    CLOSING_DISCLAIMER,
    DISCLAIMER,
    IDENTITY,
    MAY_DISCLAIM,
    MAY_NAME,
    MAY_REFUSE,
    REFUSAL,
    TAIL,
    TURN,
    may_hold,
    phrases,
)
from curate.stage import Filter, Rule
from curate.text import plain_quotes, scattered, turn_heads, turn_tails

Check = Literal["refusal", "provider_identity", "ai_disclaimer"]
_ALL: Final[tuple[Check, ...]] = get_args(Check)


class RefusalFilter(Filter):
    """Drops refusals, "as an AI" disclaimers and responses in which the model says whose it is.

    Looks at the first `head_chars` characters of each assistant turn, and there only at the beginning of the
    turn, of a sentence or of a line: "I'm sorry, but I can't help with that" opens a refusal, while an essay that
    mentions what language models refuse does not. A disclaimer or a name also counts in a sentence that begins
    within the last `tail_chars` characters ("Please remember that I am only an AI"). The phrases are English, with
    the common German, French, Spanish, Portuguese and Italian ones; straight and curly apostrophes are the same.
    The evidence is the matched phrase.

    - `refusal`: the turn declines, or says that it lacks what it would need to answer, and has
      at most `short_chars` characters.
    - `provider_identity`: the turn says that it is ChatGPT, or was made by OpenAI, Anthropic, Google, Meta and
      others. Names that people have too (Claude, Bard, Gemini) count only beside a word for a model or its maker.
    - `ai_disclaimer`: the turn presents itself as an AI, or declines and then goes on beyond `short_chars`.

    Why: a model learns to refuse from few examples and then refuses too much; and it repeats whose assistant it
    is, true or not. Leave the stage out, or leave `refusal` out of `checks`, where refusing is what the set
    should teach: of LIMA's 1,000 examples it drops 7, all of which were written to teach just that.

    Example
    -------
    ```yaml
    - stage: refusal_filter
      checks: [refusal, provider_identity]
    ```

    References
    ----------
    - Zhou et al. (2023), *LIMA: Less Is More for Alignment*, section 2.2: a few refusals written on purpose.
    - Wang et al. (2024), *Do-Not-Answer*, EACL Findings: how refusals are told from answers that begin with a
      warning.
    """

    stage: Literal["refusal_filter"] = "refusal_filter"
    reads: ClassVar[tuple[str, ...]] = ("messages",)
    reasons: ClassVar[Mapping[str, str]] = {
        "refusal": "An assistant turn declines the request and stops there.",
        "provider_identity": "An assistant turn opens or closes by naming the model or the company behind it.",
        "ai_disclaimer": "An assistant turn opens or closes by saying that it is an AI, or declines and goes on.",
    }

    checks: list[Check] = Field(
        list(_ALL), min_length=1, description="The reasons to look for; one that is not in the list is switched off."
    )
    head_chars: int = Field(
        300,
        ge=40,
        description="Characters that open each assistant turn in which a phrase counts: two or three sentences.",
    )
    tail_chars: int = Field(
        200,
        ge=0,
        description="Characters that close each assistant turn of more than `head_chars` in which a sentence that "
        "names a model or its maker, or presents the speaker as a model, may begin: one or two sentences. 0 switches "
        "it off.",
    )
    short_chars: int = Field(
        600,
        ge=0,
        description="Characters up to which a turn that declines is a `refusal`; a longer one goes on to answer and is "
        "an `ai_disclaimer`. About 100 words: an apology, a ground and an offer of something else.",
    )

    def apply(self, frame: pl.DataFrame) -> pl.DataFrame:
        """See `Filter.apply`; the rules read phrases of `messages` that are looked for here, once for all of them."""
        return super().apply(frame.select("row").hstack(self._found(frame["messages"])))

    def rules(self) -> list[Rule]:
        """One rule for each of `checks`, in the order of `reasons`."""
        goes_on = pl.coalesce("disclaims", "declines_long")
        rules = {
            "refusal": Rule.found("refusal", pl.when(pl.col("declines_long").is_null()).then("declines")),
            "provider_identity": Rule.found("provider_identity", pl.col("names")),
            "ai_disclaimer": Rule.found("ai_disclaimer", goes_on),
        }
        return [rules[check] for check in _ALL if check in self.checks]

    def _found(self, messages: pl.Series) -> pl.DataFrame:
        """The phrases of each row: `declines`, `declines_long` (in long turns), `disclaims` and `names`."""

        def texts(of: pl.Series, **named: pl.Expr) -> list[pl.Series]:
            return of.to_frame("messages").lazy().select(**named).collect().get_columns()

        column = pl.col("messages")
        heads = plain_quotes(turn_heads(column, "assistant", chars=self.head_chars, mark=TURN))
        # The two characters before the tail show whether a sentence begins with it.
        tails = turn_tails(column, "assistant", chars=self.tail_chars + 2, mark=TAIL, longer_than=self.head_chars)
        head, tail = texts(messages, heads=heads, tails=plain_quotes(tails) if self.tail_chars else pl.lit(""))
        # The heads of long turns are among those of all.
        where = may_hold(head, MAY_REFUSE)
        longer = turn_heads(column, "assistant", chars=self.head_chars, mark=TURN, longer_than=self.short_chars)
        (long,) = texts(messages.filter(where), long=plain_quotes(longer))
        found = {
            "declines": phrases(head, MAY_REFUSE, REFUSAL),
            "declines_long": scattered(phrases(long, MAY_REFUSE, REFUSAL), where),
            "disclaims": phrases(head, MAY_DISCLAIM, DISCLAIMER),
            "names": phrases(head, MAY_NAME, IDENTITY),
            "disclaims_late": phrases(tail, MAY_DISCLAIM, CLOSING_DISCLAIMER),
            "names_late": phrases(tail, MAY_NAME, IDENTITY),
        }
        return pl.DataFrame(found).select(
            "declines",
            "declines_long",
            disclaims=pl.coalesce("disclaims", "disclaims_late"),
            names=pl.coalesce("names", "names_late"),
        )
