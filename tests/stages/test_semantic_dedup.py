"""`semantic_dedup`: against the exact list of pairs."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError
from sklearn.metrics.pairwise import cosine_similarity

from curate.encoders import get_encoder, to_matrix, to_series
from curate.errors import StageError
from curate.stages.dedup.semantic_dedup import SemanticDedup
from tests.helpers import run_stage


def table(n: int, seed: int = 0) -> pl.DataFrame:
    """Vectors in tight clusters; scores with ties, some null or NaN; ids in another order than rows."""
    rng = np.random.default_rng(seed)
    middle = rng.normal(0, 30, (n // 5, 24))
    points = middle[rng.integers(0, n // 5, n)] + rng.normal(0, 9, (n, 24))
    score = [[None, float("nan"), 1.0, 2.0, 3.0][at] for at in rng.integers(0, 5, n)]
    return pl.DataFrame(
        {
            "row": pl.Series(range(n), dtype=pl.UInt64),
            "id": [f"{i:08x}" for i in rng.permutation(n)],
            "embedding": to_series(np.clip(np.rint(points), -127, 127).astype(np.int8)),
            "score": pl.Series(score, dtype=pl.Float64),
        }
    )


@pytest.mark.parametrize("keep_by", [None, "score"])
@pytest.mark.parametrize("parts", [1, 2, 7])
def test_agrees_with_the_list_of_all_pairs(keep_by: str | None, parts: int) -> None:
    frame = table(500)
    out = run_stage(SemanticDedup(threshold=0.9, keep_by=keep_by), frame, parts)
    cosine = cosine_similarity(to_matrix(frame["embedding"]).astype(np.float64))
    assert np.abs(cosine - 0.9).min() > 1e-9
    ids, score = frame["id"].to_list(), [-1.0 if s is None or math.isnan(s) else s for s in frame["score"]]
    order = sorted(range(500), key=lambda i: (-score[i] if keep_by else 0.0, ids[i]))
    kept: list[int] = []
    for i in order:
        first = next((j for j in kept if cosine[i, j] >= 0.9), None)
        verdict = out.row(i, named=True)
        assert verdict["keep"] == (first is None)
        if first is None:
            kept.append(i)
            assert verdict["kept_id"] is None
        else:
            assert verdict["reason"] == "semantic_duplicate"
            assert verdict["kept_id"] == ids[first]
            assert float(verdict["value"]) == pytest.approx(cosine[i, first], abs=5.1e-5)
    assert 50 < len(kept) < 400
    unknown = frame["score"].fill_nan(None).is_null() if keep_by else pl.Series([False] * 500)
    assert out["unknown"].to_list() == unknown.to_list()


def test_one_of_a_pair_stays_the_one_with_the_higher_score() -> None:
    vectors = np.array([[90, 0], [90, 1], [0, 90]], dtype=np.int8)
    rows = {"row": pl.Series([0, 1, 2], dtype=pl.UInt64), "id": ["a", "b", "c"], "embedding": to_series(vectors)}
    frame = pl.DataFrame({**rows, "length": [10, 20, 5]})
    assert run_stage(SemanticDedup(), frame)["kept_id"].to_list() == [None, "a", None]
    assert run_stage(SemanticDedup(keep_by="length"), frame)["kept_id"].to_list() == ["b", None, None]


def test_texts_with_the_same_words_are_found_and_other_texts_kept() -> None:
    texts = [
        "Explain how vaccines protect the body.",
        "explain how vaccines protect the body",
        "Write a poem about a lighthouse.",
        "",
        "",
    ]
    vectors = get_encoder("static").encode(texts)
    frame = pl.DataFrame(
        {
            "row": pl.Series(range(5), dtype=pl.UInt64),
            "id": list("abcde"),
            "embedding": to_series(vectors).alias("embedding"),
        }
    )
    assert run_stage(SemanticDedup(threshold=0.9), frame)["kept_id"].to_list() == [None, "a", None, None, None]


def test_repeats_come_in_their_own_order() -> None:
    vectors = np.full((3, 4), 9, dtype=np.int8)
    frame = pl.DataFrame(
        {"row": pl.Series([0, 1, 2], dtype=pl.UInt64), "id": ["ab-10", "ab-2", "ac"], "embedding": to_series(vectors)}
    )
    assert run_stage(SemanticDedup(), frame)["keep"].to_list() == [False, True, False]


def test_refuses() -> None:
    for wrong in ({"threshold": 0.0}, {"threshold": 1.5}, {"keep_by": ""}):
        with pytest.raises(ValidationError):
            SemanticDedup.model_validate(wrong)
    with pytest.raises(StageError, match="column id is String"):
        run_stage(SemanticDedup(keep_by="id"), table(10))
