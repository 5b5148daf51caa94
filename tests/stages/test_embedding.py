"""`embedding`: the right text, the encoder's bytes, whatever the shards."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

from curate.encoders import get_encoder, to_matrix
from curate.errors import EncoderError
from curate.stages.annotate.embedding import Embedding

INSTRUCTIONS = ["Name a river.", "", "Write a haiku about rain.", "Name a river.", "¿Qué hora es?", "2 + 2 =", "ok"]
RESPONSES = ["The Oder.", "Nothing was asked.", "", "The Elbe.", "Las tres.", "4", "ok"]


def frame() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "row": pl.Series(range(len(INSTRUCTIONS)), dtype=pl.UInt64),
            "id": [f"id{i}" for i in range(len(INSTRUCTIONS))],
            "instruction": INSTRUCTIONS,
            "response": RESPONSES,
        }
    )


@pytest.mark.parametrize(
    ("field", "texts"),
    [
        ("instruction", INSTRUCTIONS),
        ("response", RESPONSES),
        ("both", [f"{a}\n\n{b}" for a, b in zip(INSTRUCTIONS, RESPONSES, strict=True)]),
    ],
)
def test_encodes_the_field_asked_for(field: str, texts: list[str]) -> None:
    stage = Embedding(on=field)
    out = stage.apply(frame().select("row", "id", *stage.needs()))
    assert out["row"].to_list() == list(range(len(texts)))
    assert out.schema["embedding"] == pl.List(pl.Int8)
    assert np.array_equal(to_matrix(out["embedding"]), get_encoder("static").encode(texts))


def test_needs_only_what_it_encodes() -> None:
    assert Embedding().needs() == ("instruction",)
    assert Embedding(on="response").needs() == ("response",)
    assert Embedding(on="both").needs() == ("instruction", "response")


def test_empty_text_is_zero_and_like_texts_are_near() -> None:
    vectors = to_matrix(Embedding().apply(frame())["embedding"]).astype(int)
    assert not vectors[1].any()
    assert np.array_equal(vectors[0], vectors[3])
    near = get_encoder("static").encode(["Name a river.", "Name two rivers.", "Fix the bug in this code."]).astype(int)
    assert near[0] @ near[1] > near[0] @ near[2]


@pytest.mark.parametrize("cuts", [[], [3], [1, 2, 3, 4, 5, 6]])
def test_shards_and_order_do_not_matter(cuts: list[int]) -> None:
    whole = Embedding().apply(frame())
    edges = [0, *cuts, len(INSTRUCTIONS)]
    parts = [Embedding().apply(frame()[a:b]) for a, b in pairwise(edges)]
    assert pl.concat(parts).equals(whole)
    assert Embedding().apply(frame().reverse()).reverse().equals(whole)


def test_no_rows() -> None:
    out = Embedding().apply(frame().clear())
    assert out.height == 0
    assert out.schema["embedding"] == pl.List(pl.Int8)


def test_cache_address_follows_the_model() -> None:
    key = Embedding().content_key()
    assert key["model"] == get_encoder("static").name
    assert key["stage"] == "embedding"
    assert Embedding(on="both").content_key() != key


def test_unknown_encoder() -> None:
    with pytest.raises(EncoderError, match="did you mean `static`"):
        Embedding(encoder="statik").apply(frame())


@pytest.mark.parametrize("parameters", [{"encoder": ""}, {"on": "system"}, {"dimensions": 3}])
def test_refuses(parameters: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Embedding.model_validate(parameters)
