"""The loss of responses: of each record, and over all tokens, whatever the batches."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from curate.train.chat import Encoded


@dataclass(frozen=True, slots=True)
class ResponseLoss:
    """Losses in nats.

    Parameters
    ----------
    sums, tokens : for each record, the sum over its learnt tokens, and their number.
    """

    sums: list[float]
    tokens: list[int]

    @property
    def mean(self) -> float:
        """Loss a token, each token counting the same; nan where there is none."""
        total = sum(self.tokens)
        return math.fsum(self.sums) / total if total else math.nan

    @property
    def by_record(self) -> float:
        """Loss a token, each record counting the same; nan where there is none."""
        each = [s / n for s, n in zip(self.sums, self.tokens, strict=True) if n]
        return math.fsum(each) / len(each) if each else math.nan

    def facts(self) -> dict[str, float | int]:
        """For `run.json` and `curate eval`; perplexity is exp(loss)."""
        loss = self.mean
        return {
            "records": len(self.tokens),
            "tokens": sum(self.tokens),
            "loss": loss,
            "loss_by_record": self.by_record,
            "perplexity": math.exp(loss) if loss < 700 else math.inf,
        }


def response_loss(model: Any, rows: Sequence[Encoded]) -> ResponseLoss:
    """The loss of the learnt tokens of each row, one row at a time, so that no padding and no batch has a part in it.

    The first token of a row is never scored: nothing stands before it. The model's mode is left as it was.
    """
    import torch

    sums, tokens = [], []
    training = model.training
    model.eval()
    device = next(model.parameters()).device
    try:
        with torch.inference_mode():
            for row in rows:
                ids = torch.tensor([row.ids], device=device)
                on = torch.tensor(row.learnt[1:], device=device)
                logits = model(input_ids=ids).logits[0, :-1][on].float()
                loss = torch.nn.functional.cross_entropy(logits, ids[0, 1:][on], reduction="sum")
                sums.append(float(loss))
                tokens.append(int(on.sum()))
    finally:
        model.train(training)
    return ResponseLoss(sums, tokens)
