"""`embedding`: a vector for each example."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import polars as pl
from pydantic import Field

from curate.encoders import encode, get_encoder, to_series
from curate.schema import SEPARATOR, SIDES, Side
from curate.stage import Annotator


class Embedding(Annotator):
    """Give each example a vector, so that later stages can tell how alike two examples are.

    The text of `on` is encoded by `encoder` into `embedding`: a unit vector whose components are multiplied by 127
    and rounded to int8, so the dot product of two vectors divided by 127² is the cosine of their angle, within 0.01. An
    empty text has the vector zero. The same text always gets the same bytes, whatever rows it is encoded with.

    `static`, the default, ships with the package: 256 dimensions, no torch, no network, thousands of texts a second; it
    looks at words, not at their order, and reads the first 512 word pieces of the first 4,096 characters. It was
    distilled from an English model: in other languages it tells texts apart by their pieces rather than by their
    meaning. `minilm`, or any sentence-transformers model by name or folder, is a hundred times slower, sees word order,
    and reads what the model reads (MiniLM: 256 tokens). It needs `pip install 'curate-sft[embed]'`.

    Why: near-duplicates that share few words, and choosing examples that cover a pool (`k_center`,
    `facility_location`, `repr_filter`), need a measure of likeness. Use `instruction`, the default, to spread over
    what is asked; `response` to spread over what is answered. With `both`, a long instruction can leave nothing of the
    response. Leave the stage out when only counts, rules or text overlap decide.

    Example
    -------
    ```yaml
    - stage: embedding
      encoder: static
      on: instruction
    ```

    References
    ----------
    - Tulkens & van Dongen (2024), *Model2Vec: Fast State-of-the-Art Static Embeddings*, model2vec 0.10: distillation
      and weighting of the `static` vectors.
    - Arora, Liang & Ma (2017), *A Simple but Tough-to-Beat Baseline for Sentence Embeddings*: SIF weighting, and taking
      off what all texts share (there the first principal component, here the mean).
    - Reimers & Gurevych (2019), *Sentence-BERT*; the model all-MiniLM-L6-v2 (Apache-2.0).
    """

    stage: Literal["embedding"] = "embedding"

    reads: ClassVar[tuple[str, ...]] = ()
    writes: ClassVar[Mapping[str, pl.DataType]] = {"embedding": pl.List(pl.Int8())}

    encoder: str = Field(
        "static",
        min_length=1,
        description="`static`, `minilm`, a folder, or owner/name of a sentence-transformers model; `@bf16` after one "
        "of the last three computes in bfloat16 (faster, other vectors). Default ours: needs no torch and no network.",
    )
    on: Side = Field(
        "instruction",
        description="Which text is encoded; `both` joins instruction and response by a blank line. Default ours: a "
        "small set is chosen to cover instructions.",
    )

    def needs(self) -> tuple[str, ...]:
        """The text columns that `on` names."""
        return SIDES[self.on]

    def content_key(self) -> Mapping[str, Any]:
        """Adds the encoder's name with the hash of its model."""
        return {**super().content_key(), "model": get_encoder(self.encoder).name}

    def columns(self, frame: pl.DataFrame) -> pl.DataFrame:
        """`embedding`, one vector per row."""
        texts = frame.select(pl.concat_str(self.needs(), separator=SEPARATOR)).to_series()
        return to_series(encode(get_encoder(self.encoder), texts.to_list())).to_frame()
