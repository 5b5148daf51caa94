"""What can be set of a training run, the presets, and the file that holds a configuration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from curate.errors import ConfigError
from curate.yamltext import YamlText

Method = Literal["sft", "dpo", "orpo"]


class LoraSettings(BaseModel):
    """Low-rank adapters instead of all weights (Hu et al. 2022, *LoRA*, section 4)."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    rank: int = Field(16, ge=1, description="Rank of the two factors.")
    alpha: int = Field(32, ge=1, description="Scale; the update is multiplied by alpha / rank.")
    dropout: float = Field(0.05, ge=0, lt=1, description="Dropout before the first factor.")
    targets: list[str] = Field(
        ["all-linear"], min_length=1, description="Names of the linear modules to adapt, or `all-linear` alone."
    )


class TrainConfig(BaseModel):
    """One training run. Without a preset the values are those of LIMA (Zhou et al. 2023, section 3)."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    method: Method = Field("sft", description="`sft`, or a preference step: `dpo`, `orpo`.")
    epochs: float = Field(15, gt=0, le=1000, description="Passes over the set.")
    max_steps: int | None = Field(None, ge=1, description="Stop after this many steps, whatever the epochs say.")
    learning_rate: float = Field(1e-5, gt=0, description="Learning rate at the first step after the warm-up.")
    learning_rate_end: float = Field(1e-6, ge=0, description="Learning rate at the last step (of `linear`).")
    schedule: Literal["linear", "cosine", "constant"] = Field("linear", description="How the learning rate falls.")
    warmup: float = Field(0.0, ge=0, lt=1, description="Share of the steps in which the learning rate rises from 0.")
    beta1: float = Field(0.9, ge=0, lt=1, description="AdamW's first decay rate.")
    beta2: float = Field(0.95, ge=0, lt=1, description="AdamW's second decay rate.")
    weight_decay: float = Field(0.1, ge=0, description="AdamW's weight decay.")
    max_grad_norm: float = Field(1.0, ge=0, description="Gradients are clipped to this norm; 0: never.")
    batch_size: int = Field(32, ge=1, description="Examples a step, over all devices and accumulation together.")
    micro_batch: int = Field(1, ge=1, description="Examples that one device takes at a time.")
    max_length: int = Field(2048, ge=2, description="Tokens of an example, prompt and responses together.")
    too_long: Literal["error", "drop", "truncate"] = Field("error", description="What becomes of longer examples.")
    packing: bool = Field(False, description="Put several examples into one row of `max_length`; they stay apart.")
    dropout_first: float = Field(0.0, ge=0, lt=1, description="Residual dropout of the first layer.")
    dropout_last: float = Field(0.3, ge=0, lt=1, description="Residual dropout of the last layer; linear in between.")
    lora: LoraSettings | None = Field(None, description="Train adapters instead of all weights.")
    template: Literal["model", "chatml"] = Field(
        "model", description="The model's own chat template, or ChatML, whose tokens are added where they are missing."
    )
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="Arithmetic; `auto` is bfloat16 on a GPU that has it. Weights are kept in float32."
    )
    checkpointing: bool = Field(False, description="Compute activations twice instead of keeping them all.")
    save_steps: int | None = Field(None, ge=1, description="Save between epochs, too; the older of these are deleted.")
    beta: float = Field(0.1, gt=0, description="Strength of the preference term (DPO's and ORPO's beta).")
    tensorboard: bool = Field(False, description="Write event files for TensorBoard into the run's folder.")
    seed: int = Field(42, ge=0, le=2**32 - 1, description="Seed of order, dropout and new weights.")

    @model_validator(mode="after")
    def _fits(self) -> TrainConfig:
        if self.batch_size % self.micro_batch:
            raise ValueError(f"batch_size {self.batch_size} is no multiple of micro_batch {self.micro_batch}")
        if self.schedule == "linear" and self.learning_rate_end >= self.learning_rate:
            raise ValueError("learning_rate_end must be below learning_rate")
        if self.packing and self.method != "sft":
            raise ValueError("packing is for method sft alone")
        if self.method != "sft" and (self.dropout_first or self.dropout_last):
            raise ValueError("residual dropout is for method sft alone; set dropout_first and dropout_last to 0")
        return self


#: Recipes by name; all that one does not set stands at the defaults above. Where a comment says "ours", the source does
#: not state the value; beta2 0.999 and no weight decay are the defaults of transformers' AdamW.
PRESETS: Final[Mapping[str, Mapping[str, Any]]] = {
    # Zhou et al. 2023, LIMA: Less Is More for Alignment, section 3 (65B), and its settings for smaller models. To what
    # norm gradients are clipped it does not say; 1 is the default of transformers.
    "lima": {},
    "lima_small": {"batch_size": 64, "dropout_last": 0.2},
    # Liu et al. 2024, What Makes Good Data for Alignment (DEITA), by its authors' own script (hkust-nlp/deita,
    # examples/train/sft.sh): 6 epochs, 2e-5, cosine after a tenth of warm-up, batches of 512, 2,048 tokens.
    "deita": {
        "epochs": 6, "learning_rate": 2e-5, "schedule": "cosine", "warmup": 0.1, "batch_size": 512, "dropout_last": 0.0,
        "weight_decay": 0.0, "beta2": 0.999,
    },
    # Ours throughout; the method is Hu et al. 2022, LoRA.
    "lora": {
        "epochs": 3, "learning_rate": 2e-4, "schedule": "cosine", "warmup": 0.03, "dropout_last": 0.0,
        "weight_decay": 0.0, "beta2": 0.999, "lora": {},
    },
    # Rafailov et al. 2023, DPO, appendix B: beta 0.1, 1e-6, batches of 64. There by RMSprop with 150 steps of warm-up;
    # AdamW, the share of warm-up steps, the cosine and the one epoch are ours.
    "dpo": {
        "method": "dpo", "epochs": 1, "learning_rate": 1e-6, "schedule": "cosine", "warmup": 0.1, "dropout_last": 0.0,
        "batch_size": 64, "weight_decay": 0.0, "beta2": 0.999,
    },
    # Hong et al. 2024, ORPO, appendix C: AdamW, 8e-6, cosine after a linear warm-up, 2,048 tokens; by the script of
    # its authors (xfactlab/orpo, Mistral-ORPO-beta) lambda 0.1 (TRL's beta) and batches of 32 (8 on each of 4 GPUs).
    # They trained for 10 epochs (5 there) and took the best by held-out loss; one epoch, and all else, is ours.
    "orpo": {
        "method": "orpo", "epochs": 1, "learning_rate": 8e-6, "schedule": "cosine", "warmup": 0.1, "dropout_last": 0.0,
        "weight_decay": 0.0, "beta2": 0.999,
    },
}  # fmt: skip


def make_config(preset: str, file: Path | None, flags: Mapping[str, Any]) -> TrainConfig:
    """The configuration out of a preset, then a YAML file, then flags; the later one wins.

    Raises
    ------
    ConfigError : an unknown preset or key, or a value out of its bounds.
    """
    if preset not in PRESETS:
        raise ConfigError(f"no preset named `{preset}`; there are {', '.join(PRESETS)}")
    values = dict(PRESETS[preset])
    if file is not None:
        values |= _mapping(file)
    values |= flags
    where = "training configuration" if file is None else str(file)
    try:
        return TypeAdapter(TrainConfig).validate_python(values)
    except ValidationError as error:
        told = [f"{where}: {'.'.join(map(str, e['loc'])) or 'together'}: {e['msg']}" for e in error.errors()]
        raise ConfigError("\n".join(told)) from None


def _mapping(file: Path) -> dict[str, Any]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read: {error}") from None
    return YamlText(text, str(file)).value
