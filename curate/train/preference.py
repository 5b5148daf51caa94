"""Preference steps through TRL: DPO (Rafailov et al. 2023) and its experimental ORPO (Hong et al. 2024)."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from curate.train.chat import Chat
from curate.train.config import TrainConfig
from curate.train.records import Pair, plain
from curate.train.sft import arguments


def preference_trainer(
    model: Any,
    chat: Chat,
    pairs: Sequence[Pair],
    config: TrainConfig,
    out: Path,
    adapters: Any,
    reference: Callable[[], Any],
) -> Any:
    """A trainer ready to go, on `prompt`, `chosen` and `rejected` as messages.

    Parameters
    ----------
    adapters : PEFT's configuration of them; None to train all weights.
    reference : gives the model that DPO compares with, as it was at the beginning; with adapters it is not asked for.
    """
    from datasets import Dataset

    data = Dataset.from_list(
        [{"prompt": plain(p.prompt), "chosen": plain(p.chosen), "rejected": plain(p.rejected)} for p in pairs]
    )
    common: dict[str, Any] = {
        "model": model,
        "train_dataset": data,
        "processing_class": chat.tokenizer,
        "peft_config": adapters,
    }
    if config.method == "dpo":
        from trl import DPOConfig, DPOTrainer

        ready = DPOConfig(**arguments(config, out), beta=config.beta)
        return DPOTrainer(**common, args=ready, ref_model=reference() if adapters is None else None)
    os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")
    from trl.experimental.orpo import ORPOConfig, ORPOTrainer

    ready = ORPOConfig(**arguments(config, out), beta=config.beta, remove_unused_columns=False)
    return ORPOTrainer(**common, args=ready)
