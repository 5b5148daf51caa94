"""The model that is trained: loaded, given dropout and adapters where asked, and what memory it will need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from curate.errors import ConfigError
from curate.language_models import model_folder
from curate.train.chat import Chat
from curate.train.config import LoraSettings, TrainConfig

#: How the two halves of a layer are called in the families of transformers.
_HALVES: Final = ("self_attn", "attn", "attention", "self_attention", "mlp", "feed_forward", "ffn")


def load_tokenizer(spec: str) -> Any:
    """The tokenizer of a model: a folder, or `owner/name` on the hub.

    Raises
    ------
    ConfigError : no such model, or it has no tokenizer that can be loaded without code of its own.
    """
    from transformers import AutoTokenizer

    folder = model_folder(spec)
    try:
        return AutoTokenizer.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise ConfigError(f"model {spec}: its tokenizer cannot be loaded: {error}") from None


def load_model(spec: str, chat: Chat | None = None) -> Any:
    """The model with float32 weights, its embedding grown for tokens that `chat` has added.

    Raises
    ------
    ConfigError : as `load_tokenizer`.
    """
    import torch
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    folder = model_folder(spec)
    bars = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        model = AutoModelForCausalLM.from_pretrained(
            str(folder), dtype=torch.float32, use_safetensors=True, local_files_only=True, trust_remote_code=False
        )
    except (OSError, ValueError, KeyError, RuntimeError, ImportError, SafetensorError) as error:
        raise ConfigError(f"model {spec}: cannot be loaded as a causal model: {error}") from None
    finally:
        if bars:
            logging.enable_progress_bar()
    if chat is not None:
        size = max(len(chat.tokenizer), model.get_input_embeddings().num_embeddings)
        if size > model.get_input_embeddings().num_embeddings:
            model.resize_token_embeddings(size)
        model.config.pad_token_id = chat.tokenizer.pad_token_id
        model.config.eos_token_id = chat.tokenizer.eos_token_id
        model.generation_config.pad_token_id = chat.tokenizer.pad_token_id
        model.generation_config.eos_token_id = chat.stops
    return model


def adapt(model: Any, chat: Chat, config: TrainConfig) -> Any:
    """Put residual dropout into the model, and give the configuration of its adapters; None to train all weights.

    Raises
    ------
    ConfigError : the model has not what the configuration asks for.
    """
    if config.dropout_first or config.dropout_last:
        residual_dropout(model, config.dropout_first, config.dropout_last)
    return None if config.lora is None else lora_config(model, config.lora, new_tokens=chat.added > 0)


def residual_dropout(model: Any, first: float, last: float) -> list[float]:
    """Drop outputs of attention and MLP before they join the residual stream; returns the rate of each layer.

    The rate rises linearly from the first layer to the last (Zhou et al. 2023, section 3). Nothing is dropped outside
    of training mode.

    Raises
    ------
    ConfigError : the layers of this kind of model are not known.
    """
    import torch

    layers = _layers(model)
    step = (last - first) / max(len(layers) - 1, 1)
    rates = [first + step * depth for depth in range(len(layers))]
    rates[-1] = last
    for layer, rate in zip(layers, rates, strict=True):
        halves = [module for name, module in layer.named_children() if name in _HALVES]
        if len(halves) != 2:
            raise ConfigError(f"residual dropout: a {type(layer).__name__} has no attention and MLP that are known; "
                              "set dropout_first and dropout_last to 0")  # fmt: skip
        for half in halves:

            def drop(module: Any, given: Any, out: Any, rate: float = rate) -> Any:
                del given
                if not module.training or not rate:
                    return out
                if isinstance(out, tuple):
                    return (torch.nn.functional.dropout(out[0], rate), *out[1:])
                return torch.nn.functional.dropout(out, rate)

            half.register_forward_hook(drop)
    return rates


def _layers(model: Any) -> list[Any]:
    import torch

    count = model.config.get_text_config().num_hidden_layers
    for module in model.modules():
        if isinstance(module, torch.nn.ModuleList) and len(module) == count:
            return list(module)
    raise ConfigError("residual dropout: the model's layers are not known; set dropout_first and dropout_last to 0")


def lora_config(model: Any, settings: LoraSettings, *, new_tokens: bool) -> Any:
    """PEFT's configuration; with new tokens the embeddings are trained, too, for they are random yet.

    Raises
    ------
    ConfigError : a target is no linear module of the model.
    """
    import torch
    from peft import LoraConfig

    linear = [name for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)]
    names = sorted({name.rsplit(".", 1)[-1] for name in linear})
    for target in settings.targets:
        if target == "all-linear" and len(settings.targets) == 1:
            continue
        if not any(name == target or name.endswith(f".{target}") for name in linear):
            raise ConfigError(f"lora.targets: the model has no linear module `{target}`; it has {', '.join(names)}")
        if target == "lm_head":
            raise ConfigError("lora.targets: `lm_head` cannot have an adapter: TRL multiplies by its weights directly")
    tied = bool(model.config.get_text_config().tie_word_embeddings)
    whole = [_name(model, model.get_input_embeddings())]
    if not tied:
        whole.append(_name(model, model.get_output_embeddings()))
    return LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules="all-linear" if settings.targets == ["all-linear"] else settings.targets,
        modules_to_save=whole if new_tokens else None,
        ensure_weight_tying=new_tokens and tied,
        task_type="CAUSAL_LM",
    )


def _name(model: Any, wanted: Any) -> str:
    return str(next(name.rsplit(".", 1)[-1] for name, module in model.named_modules() if module is wanted))


@dataclass(frozen=True)
class Memory:
    """What one device needs, in bytes; `activations` is an estimate."""

    weights: int
    gradients: int
    optimizer: int
    activations: int

    @property
    def total(self) -> int:
        """All together."""
        return self.weights + self.gradients + self.optimizer + self.activations


def memory(model: Any, config: TrainConfig, longest: int) -> Memory:
    """The memory of a step, before it is taken.

    Weights, gradients and the two moments of AdamW are float32. Activations are 34 bytes a token, layer and unit of
    width in 16-bit arithmetic, twice that in 32-bit (Korthikanti et al. 2022, *Reducing Activation Recomputation*,
    equation 1, without the attention matrix, which is not kept); with `checkpointing` 2 bytes and one whole layer. Of a
    pair both answers go through the model; DPO without adapters has a second model to compare with.

    Parameters
    ----------
    model : before adapters are put in. longest : tokens of the longest row.
    """
    text = model.config.get_text_config()
    every = sum(p.numel() for p in model.parameters())
    learnt = every if config.lora is None else _adapter_size(model, config.lora)
    half = 1 if precision_is_bf16(config) else 2
    longest = config.max_length if config.packing else longest
    sides = 1 if config.method == "sft" else 2
    unit = sides * config.micro_batch * longest * text.hidden_size * half
    layers = text.num_hidden_layers
    kept = unit * 34 * layers if not config.checkpointing else unit * (2 * layers + 34)
    beside = learnt if config.lora is not None else every if config.method == "dpo" else 0
    return Memory(4 * (every + beside), 4 * learnt, 8 * learnt, kept)


def _adapter_size(model: Any, settings: LoraSettings) -> int:
    import torch

    head = model.get_output_embeddings()
    every = settings.targets == ["all-linear"]
    return sum(
        settings.rank * (module.in_features + module.out_features)
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear) and module is not head
        and (every or any(name == t or name.endswith(f".{t}") for t in settings.targets))
    )  # fmt: skip


def precision_is_bf16(config: TrainConfig) -> bool:
    """Whether the arithmetic is bfloat16 here."""
    import torch

    able = torch.cuda.is_available() and torch.cuda.is_bf16_supported()
    return config.precision == "bfloat16" or (config.precision == "auto" and able)
