"""Models of transformers that score text: losses of a causal model, and outputs of a sequence classifier.

Models come from a folder, or from the Hugging Face hub by `owner/name`; weights are read as safetensors alone, and no
code of a model is run. A text's number does not depend on what else is scored: batches have fixed shapes, or hold one
text.
"""

from __future__ import annotations

import functools
import importlib.util
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from curate.encoders.sentence import PATTERNS, batches, folder_hash, rows_of
from curate.errors import ConfigError

Dtype = Literal["float32", "bfloat16"]

_EXTRA: Final = "needs torch and transformers; run `pip install 'curate-sft[models]'`"


@dataclass(frozen=True, slots=True)
class Loss:
    """The loss of an answer, in nats: sums over the same tokens, with the context before them and without it."""

    given: float
    alone: float
    tokens: int


@functools.cache
def model_folder(spec: str) -> Path:
    """Where the model `spec` lies: a folder, or `owner/name` on the Hugging Face hub, from its cache or the network.

    Raises
    ------
    ConfigError : no such folder or model, no safetensors in it, or the extra is not installed.
    """
    if importlib.util.find_spec("torch") is None or importlib.util.find_spec("transformers") is None:
        raise ConfigError(f"model {spec}: {_EXTRA}")
    folder = Path(spec).expanduser()
    if not folder.is_dir():
        if spec.count("/") != 1 or spec.startswith((".", "~", "/")):
            raise ConfigError(f"model {spec}: no such folder; give a folder, or owner/name on the Hugging Face hub")
        folder = _download(spec)
    if not any(folder.rglob("*.safetensors")):
        raise ConfigError(f"model {spec}: no *.safetensors in {folder}; other weights are not read")
    return folder


def _download(spec: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(spec, allow_patterns=list(PATTERNS)))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        offline = " (HF_HUB_OFFLINE is set)" if os.environ.get("HF_HUB_OFFLINE") else ""
        why = f"cannot be reached{offline}: {type(error).__name__}; give the folder of a local copy"
        raise ConfigError(f"model {spec}: {why}") from error


@functools.cache
def model_name(spec: str) -> str:
    """The model with the hash of its files, for cache addresses; raises as `model_folder`."""
    return f"{Path(spec).name}@{folder_hash(model_folder(spec))[:12]}"


def _load(cls: str, spec: str, device: str, dtype: Dtype) -> tuple[Any, Any]:
    import torch
    import transformers
    from safetensors import SafetensorError
    from transformers.utils import logging

    folder = str(model_folder(spec))
    bars = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    safe = {"local_files_only": True, "trust_remote_code": False}
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **safe)
        loader = getattr(transformers, cls)
        model = loader.from_pretrained(folder, dtype=getattr(torch, dtype), use_safetensors=True, **safe)
        return model.to(device).eval(), tokenizer
    except (OSError, ValueError, KeyError, RuntimeError, ImportError, SafetensorError) as error:
        raise ConfigError(f"model {spec}: cannot be loaded as a {cls} on {device}: {error}") from error
    finally:
        if bars:
            logging.enable_progress_bar()


class CausalModel:
    """A causal language model. Use `causal_model`, which loads each once.

    Parameters
    ----------
    spec : see `model_folder`.
    device : of torch: `cpu`, `cuda`, `cuda:1`.
    """

    def __init__(self, spec: str, device: str, dtype: Dtype) -> None:
        self._model, self._tokenizer = _load("AutoModelForCausalLM", spec, device, dtype)
        self._device = device
        self._lock = threading.Lock()
        #: Tokens that the model can take; None where it does not say.
        self.window: int | None = getattr(self._model.config, "max_position_embeddings", None)

    def losses(self, pairs: Sequence[tuple[str, str]], max_tokens: int) -> list[Loss | None]:
        """The loss of each (context, answer).

        Context and answer are made tokens of apart from each other, so the same tokens are scored with and without the
        context. A model with a token for the beginning of a text gets it before both; otherwise the first token of an
        answer is not scored. Of what is longer than `max_tokens`, the end of the answer is left out.

        None where no token of the answer is left to score.
        """
        with self._lock:
            begin = [self._tokenizer.bos_token_id] if self._tokenizer.bos_token_id is not None else []
            unscored = 0 if begin else 1
            runs: list[tuple[list[int], int]] = []
            kept: list[int | None] = []
            for context, answer in pairs:
                before = begin + self._tokens(context)
                after = self._tokens(answer)[: max(max_tokens - len(before), 0)]
                scored = len(after) - unscored
                kept.append(scored if scored > 0 else None)
                if scored > 0:
                    runs += [(before + after, scored), (begin + after, scored)]
            sums = iter(self._sums(runs))
            return [None if n is None else Loss(next(sums), next(sums), n) for n in kept]

    def _tokens(self, text: str) -> list[int]:
        # Marks such as </s> in a record are text, not the marks.
        made = self._tokenizer(text, add_special_tokens=False, split_special_tokens=True, verbose=False)
        return list(made["input_ids"])

    def _sums(self, runs: Sequence[tuple[list[int], int]]) -> list[float]:
        """The summed loss of the last n tokens of each run of tokens."""
        import torch

        found = [0.0] * len(runs)
        for members, length in batches([len(tokens) for tokens, _ in runs]):
            ids = torch.zeros((rows_of(length), length), dtype=torch.long)
            mask = torch.zeros_like(ids)
            mask[:, 0] = 1
            for row, member in enumerate(members):
                tokens = runs[member][0]
                ids[row, : len(tokens)] = torch.tensor(tokens)
                mask[row, : len(tokens)] = 1
            ids, mask = ids.to(self._device), mask.to(self._device)
            with torch.inference_mode():
                logits = self._model(input_ids=ids, attention_mask=mask).logits
                for row, member in enumerate(members):
                    tokens, scored = runs[member]
                    end = len(tokens)
                    part = logits[row, end - scored - 1 : end - 1].float()
                    target = ids[row, end - scored : end]
                    loss = torch.nn.functional.cross_entropy(part, target, reduction="none")
                    found[member] = float(loss.double().sum())
        return found


class Classifier:
    """A sequence classifier. Use `classifier`, which loads each once."""

    def __init__(self, spec: str, device: str, dtype: Dtype) -> None:
        self._model, self._tokenizer = _load("AutoModelForSequenceClassification", spec, device, dtype)
        self._device = device
        self._spec = spec
        self._lock = threading.Lock()
        #: The names of its outputs.
        self.labels: tuple[str, ...] = tuple(
            str(self._model.config.id2label[i]) for i in range(int(self._model.config.num_labels))
        )
        self.window: int | None = getattr(self._model.config, "max_position_embeddings", None)

    def output(self, label: str | None) -> int | None:
        """The place of `label` among the outputs; None for the one output of a model that has one.

        Raises
        ------
        ConfigError : no such label, or none is given where the model has several.
        """
        if label is None:
            if len(self.labels) == 1:
                return None
            raise ConfigError(f"model {self._spec}: has the outputs {', '.join(self.labels)}; name one as `label`")
        if label not in self.labels:
            raise ConfigError(f"model {self._spec}: no output {label}; it has {', '.join(self.labels)}")
        return self.labels.index(label)

    def scores(
        self, conversations: Sequence[Sequence[dict[str, str]]], label: str | None, form: str, max_tokens: int
    ) -> list[float | None]:
        """The model's number for each conversation, one at a time; None where it has more than `max_tokens` tokens.

        None, too, where the chat template refuses the order of roles.

        Without a label the one logit of the model, with it the probability of that output (softmax over all).

        Parameters
        ----------
        form : `chat`: by the tokenizer's chat template; `pair`: the last answer as the second text, all turns before it
            as the first, joined by newlines.
        """
        import torch

        place = self.output(label)
        found: list[float | None] = []
        with self._lock:
            for messages in conversations:
                ids = self._chat(messages) if form == "chat" else self._pair(messages)
                if ids is None or len(ids) > max_tokens:
                    found.append(None)
                    continue
                with torch.inference_mode():
                    logits = self._model(input_ids=torch.tensor([ids], device=self._device)).logits[0].double()
                found.append(float(logits[0] if place is None else torch.softmax(logits, dim=0)[place]))
        return found

    def _chat(self, messages: Sequence[dict[str, str]]) -> list[int] | None:
        from jinja2 import TemplateError

        if not self._tokenizer.chat_template:
            raise ConfigError(f"model {self._spec}: its tokenizer has no chat template; use `form: pair`")
        try:
            text = self._tokenizer.apply_chat_template(list(messages), tokenize=False)
        except TemplateError:
            return None
        return list(self._tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])

    def _pair(self, messages: Sequence[dict[str, str]]) -> list[int]:
        *before, last = [m["content"] for m in messages]
        return list(self._tokenizer("\n".join(before), last, split_special_tokens=True, verbose=False)["input_ids"])


@functools.lru_cache(maxsize=2)
def causal_model(spec: str, device: str, dtype: Dtype) -> CausalModel:
    """The causal model, loaded once; raises as `model_folder`, or where it cannot be loaded."""
    return CausalModel(spec, device, dtype)


@functools.lru_cache(maxsize=2)
def classifier(spec: str, device: str, dtype: Dtype) -> Classifier:
    """The classifier, loaded once; raises as `model_folder`, or where it cannot be loaded."""
    return Classifier(spec, device, dtype)
