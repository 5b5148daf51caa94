"""Supervised fine-tuning through TRL's `SFTTrainer`, on tokens that were checked before."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from curate.errors import ConfigError, UsageError
from curate.train.callbacks import Say
from curate.train.chat import Chat, Encoded
from curate.train.checkpoints import CHECKPOINTS
from curate.train.config import TrainConfig
from curate.train.model import precision_is_bf16


def processes() -> int:
    """How many processes train together; `accelerate launch` tells each of them."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def accumulation(config: TrainConfig) -> int:
    """How many times each device computes gradients before a step.

    Raises
    ------
    ConfigError : the batch cannot be split evenly. UsageError : several GPUs are visible to one process.
    """
    import torch

    world = processes()
    if world == 1 and torch.cuda.device_count() > 1:
        raise UsageError("several GPUs are visible to one process; run `accelerate launch -m curate train …`, "
                         "or make one visible by CUDA_VISIBLE_DEVICES")  # fmt: skip
    times, rest = divmod(config.batch_size, config.micro_batch * world)
    if rest or not times:
        raise ConfigError(f"batch_size {config.batch_size} is no multiple of micro_batch {config.micro_batch} "
                          f"x {world} processes")  # fmt: skip
    return times


def arguments(config: TrainConfig, out: Path) -> dict[str, Any]:
    """What every method says to TRL, as keyword arguments of its configurations."""
    import torch

    schedule = {"linear": "polynomial"}.get(config.schedule, config.schedule)
    return {
        "output_dir": str(out / CHECKPOINTS),
        "num_train_epochs": config.epochs,
        "max_steps": config.max_steps or -1,
        "per_device_train_batch_size": config.micro_batch,
        "gradient_accumulation_steps": accumulation(config),
        "learning_rate": config.learning_rate,
        "lr_scheduler_type": schedule if schedule != "constant" else "constant_with_warmup",
        # Linear to a value above zero is a polynomial of power 1.
        "lr_scheduler_kwargs": {"lr_end": config.learning_rate_end, "power": 1.0} if schedule == "polynomial" else None,
        "warmup_steps": config.warmup,  # below 1 it is a share of the steps
        "adam_beta1": config.beta1,
        "adam_beta2": config.beta2,
        "weight_decay": config.weight_decay,
        "max_grad_norm": config.max_grad_norm,
        "max_length": config.max_length,
        "bf16": precision_is_bf16(config),
        "use_cpu": not torch.cuda.is_available(),
        "activation_checkpointing": config.checkpointing,
        "save_strategy": "no",  # the keeper says when
        "logging_steps": 1,
        "logging_first_step": True,
        "disable_tqdm": True,
        "log_level": "error",  # else TRL's trainers turn it up again, in the main process or in the others
        "log_level_replica": "error",
        "report_to": ["tensorboard"] if config.tensorboard else [],
        "seed": config.seed,
        "data_seed": config.seed,
        "dataloader_pin_memory": torch.cuda.is_available(),
        "push_to_hub": False,
        "ddp_find_unused_parameters": False,  # there are none, and looking for them costs a walk over every graph
    }


def sft_trainer(model: Any, chat: Chat, rows: Sequence[Encoded], config: TrainConfig, out: Path, adapters: Any) -> Any:
    """A trainer ready to go.

    The rows are given as tokens and labels, so TRL neither drops, cuts nor masks anything by itself; they fit
    `max_length` already.

    Parameters
    ----------
    adapters : PEFT's configuration of them; None to train all weights.
    """
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    data = Dataset.from_dict({"input_ids": [row.ids for row in rows], "labels": [row.labels for row in rows]})
    return SFTTrainer(
        model=model,
        args=SFTConfig(**arguments(config, out), packing=config.packing),
        train_dataset=data,
        processing_class=chat.tokenizer,
        peft_config=adapters,
    )


def quiet(trainer: Any, say: Say) -> None:
    """Let a trainer tell what it does through `say` alone."""
    from transformers import PrinterCallback

    from curate.train.callbacks import narrator

    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(narrator(say))
