"""The stage `reward_model`: the number that a sequence classifier gives an example."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import polars as pl
from pydantic import Field

from curate.language_models import Dtype, classifier, model_name
from curate.stage import Annotator


class RewardModel(Annotator):
    """Give each example the number that a reward model, or any sequence classifier of transformers, gives it.

    `reward` is the logit of a model with one output, or with `label` the probability of that output. The conversation
    is put to the model by its own chat template (`form: chat`), or as two texts, all turns but the last and the last
    (`form: pair`). Nothing is cut: an example of more than `max_tokens` tokens has null, and the run counts these.

    A mark of the tokenizer inside a record counts as the mark in `form: chat`, and as text in `form: pair`. It needs
    `pip install 'curate-sft[models]'` (torch, transformers).

    Why: reward models are trained on which of two answers people prefer, which is one kind of good, and not
    correctness; many prefer the longer answer. Look at how `reward` goes with length in your data before you choose by
    it, and never choose by it alone: the top of any one score is much less varied than the set.

    Example
    -------
    ```yaml
    - stage: reward_model
      model: OpenAssistant/reward-model-deberta-v3-large-v2
      form: pair
      max_tokens: 512
    ```

    References
    ----------
    - Ouyang et al. (2022), *Training language models to follow instructions with human feedback*, section 3.5.
    - Lambert et al. (2024), *RewardBench: Evaluating Reward Models for Language Modeling*.
    """

    stage: Literal["reward_model"] = "reward_model"

    reads: ClassVar[tuple[str, ...]] = ("messages",)
    writes: ClassVar[Mapping[str, pl.DataType]] = {"reward": pl.Float64()}
    unknown: ClassVar[str | None] = "reward"

    model: str = Field(min_length=1, description="A sequence classifier: a folder, or owner/name on the hub.")
    form: Literal["chat", "pair"] = Field(
        "chat", description="How a conversation becomes input: the tokenizer's chat template, or two texts."
    )
    label: str | None = Field(
        None, min_length=1, description="Output whose probability is taken; needed where the model has several."
    )
    max_tokens: int = Field(2048, ge=2, description="A longer conversation is not scored. Default: ours.")
    device: str = Field("cpu", pattern=r"^(cpu|cuda(:\d+)?|mps)$", description="Where the model runs: `cpu`, `cuda`.")
    dtype: Dtype = Field("float32", description="Number format of the model; bfloat16 gives other digits.")

    def content_key(self) -> Mapping[str, Any]:
        """Adds the model's name with the hash of its files."""
        return {**super().content_key(), "model_files": model_name(self.model)}

    def columns(self, frame: pl.DataFrame) -> pl.DataFrame:
        """`reward`."""
        model = classifier(self.model, self.device, self.dtype)
        window = self.max_tokens if model.window is None else min(self.max_tokens, model.window)
        scores = model.scores(frame["messages"].to_list(), self.label, self.form, window)
        return pl.DataFrame({"reward": pl.Series(scores, dtype=pl.Float64)})
