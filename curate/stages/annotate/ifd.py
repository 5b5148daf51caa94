"""The stage `ifd`: how much the instruction helps a language model with the answer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import polars as pl
from pydantic import Field

from curate.language_models import Dtype, Loss, causal_model, model_name
from curate.stage import Annotator


class Ifd(Annotator):
    """Measure instruction-following difficulty: the loss of the answer with the instruction over that without it.

    A causal language model reads each answer twice, after the conversation so far and by itself. `ifd` compares the
    mean losses of its tokens, in nats: by `ratio: loss` their quotient, by `ratio: perplexity` that of the
    perplexities, which is exp(loss with - loss without). Near 0 the instruction all but gives the answer away; at 1 or
    above it is of no help, so the answer does not fit it. `ifd_turns` has the number of each turn of the assistant,
    `ifd` that of all of them together, each token counting alike; `ifd_loss` is the mean loss with the instruction.

    Turns before the answer are joined by newlines, without a chat template: the model may be any, a small one too.
    Of what is longer than `max_tokens`, the end of the answer is left out, with and without the instruction. Where no
    token of an answer is left to score, its number is null, and `ifd` is null if that is so for each of its turns;
    the run counts these.

    It needs `pip install 'curate-sft[models]'` (torch, transformers).

    Why: of two answers of one kind, the one that the instruction helps less with may teach more. Keep an eye on two
    things: the number follows the length of the answer closely, and its top 5% of a set are much less varied than the
    set. Drop what is at 1 or above with `ifd_filter`, choose for variety from the rest, and leave the stage out where
    answers are short labels.

    Example
    -------
    ```yaml
    - stage: ifd
      model: openai-community/gpt2
      ratio: perplexity
    ```

    References
    ----------
    - Li et al. (2024), *From Quantity to Quality: Boosting LLM Performance with Self-Guided Data Selection for
      Instruction Tuning*, NAACL, section 2.2: the score, and leaving out what is above 1.
    - Li et al. (2024), *Superfiltering: Weak-to-Strong Data Filtering for Fast Instruction-Tuning*, ACL, section 3: the
      ratio of perplexities, by GPT-2.
    """

    stage: Literal["ifd"] = "ifd"

    reads: ClassVar[tuple[str, ...]] = ("messages",)
    writes: ClassVar[Mapping[str, pl.DataType]] = {
        "ifd": pl.Float64(),
        "ifd_turns": pl.List(pl.Float64()),
        "ifd_loss": pl.Float64(),
    }
    unknown: ClassVar[str | None] = "ifd"

    model: str = Field(min_length=1, description="A causal language model: a folder, or owner/name on the hub.")
    ratio: Literal["loss", "perplexity"] = Field(
        "loss", description="Of mean losses (Li et al. 2024, NAACL: the default) or of perplexities (Superfiltering)."
    )
    max_tokens: int = Field(
        1024,
        ge=2,
        description="Tokens of instruction and answer that are read. Default: GPT-2's (Superfiltering).",
    )
    device: str = Field("cpu", pattern=r"^(cpu|cuda(:\d+)?|mps)$", description="Where the model runs: `cpu`, `cuda`.")
    dtype: Dtype = Field("float32", description="Number format of the model; bfloat16 gives other digits.")

    def content_key(self) -> Mapping[str, Any]:
        """Adds the model's name with the hash of its files."""
        return {**super().content_key(), "model_files": model_name(self.model)}

    def columns(self, frame: pl.DataFrame) -> pl.DataFrame:
        """`ifd`, `ifd_turns` and `ifd_loss`."""
        pairs: list[tuple[str, str]] = []
        owner: list[int] = []
        for row, messages in enumerate(frame["messages"].to_list()):
            for at, turn in enumerate(messages):
                if turn["role"] == "assistant":
                    pairs.append(("".join(m["content"] + "\n" for m in messages[:at]), turn["content"]))
                    owner.append(row)
        model = causal_model(self.model, self.device, self.dtype)
        window = self.max_tokens if model.window is None else min(self.max_tokens, model.window)
        turns: list[list[Loss | None]] = [[] for _ in range(frame.height)]
        for row, loss in zip(owner, model.losses(pairs, window), strict=True):
            turns[row].append(loss)
        rows = []
        for losses in turns:
            known = [one for one in losses if one is not None]
            count = sum(one.tokens for one in known)
            given, alone = sum(one.given for one in known), sum(one.alone for one in known)
            whole = self._ratio(given, alone, count)
            each = [None if one is None else self._ratio(one.given, one.alone, one.tokens) for one in losses]
            rows.append((whole, each, given / count if count else None))
        return pl.DataFrame(rows, schema=dict(self.writes), orient="row")

    def _ratio(self, given: float, alone: float, tokens: int) -> float | None:
        """The score of summed losses; None without a token, or where the answer by itself costs nothing."""
        if not tokens or (self.ratio == "loss" and alone == 0):
            return None
        return given / alone if self.ratio == "loss" else math.exp((given - alone) / tokens)
