"""`repr_filter`: against the plain double loop, in exact arithmetic."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.algorithms.repr_filter import representatives
from curate.encoders import to_series
from curate.engine.local import LocalShards
from curate.errors import StageError
from curate.stages.select.repr_filter import ReprFilter


def clustered(seed: int, count: int, width: int = 24) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(max(1, count // 4), width))
    vectors = centres[rng.integers(0, len(centres), count)] + rng.normal(size=(count, width)) * 0.4
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    out = np.rint(vectors * 127).astype(np.int8)
    out[rng.random(count) < 0.03] = 0
    return out


def frame(vectors: np.ndarray, scores: list[float | None]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "row": pl.Series(range(len(scores)), dtype=pl.UInt64),
            "id": pl.Series([f"{i * 7919 % 10007:05d}" for i in range(len(scores))], dtype=pl.String),
            "embedding": to_series(vectors),
            "quality": pl.Series(scores, dtype=pl.Float64),
        }
    )


def apply(stage: ReprFilter, table: pl.DataFrame, parts: int = 1) -> Any:
    return stage.apply(LocalShards(tuple((lambda i=i: table[i::parts]) for i in range(parts))))


def by_loop(
    table: pl.DataFrame, vectors: np.ndarray, limit: float, size: int
) -> tuple[list[int], dict[int, tuple[int, float]]]:
    """Rows kept in order, and for each row passed over its nearest kept row and their cosine."""
    scores, ids = table["quality"].to_list(), table["id"].to_list()

    def known(i: int) -> bool:
        return scores[i] is not None and not math.isnan(scores[i])

    order = sorted(range(len(ids)), key=lambda i: (not known(i), -scores[i] if known(i) else 0, ids[i]))
    whole = vectors.astype(int)
    kept: list[int] = []
    near: dict[int, tuple[int, float]] = {}
    for i in order:
        if len(kept) == size:
            break
        best, at = -math.inf, -1
        for k in kept:
            lengths = math.sqrt(whole[i] @ whole[i]) * math.sqrt(whole[k] @ whole[k])
            cosine = (whole[i] @ whole[k]) / lengths if lengths else 0.0
            if cosine > best + 1e-12:
                best, at = cosine, k
        if best <= limit + 1e-12:
            kept.append(i)
        else:
            near[i] = (at, best)
    return kept, near


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    count=st.integers(1, 70),
    limit=st.sampled_from([0.3, 0.71, 0.9]),
    size=st.sampled_from([1, 5, 20, 200]),
    parts=st.sampled_from([1, 2, 7]),
)
def test_agrees_with_a_loop(seed: int, count: int, limit: float, size: int, parts: int) -> None:
    vectors = clustered(seed, count)
    rng = np.random.default_rng(seed + 1)
    scores = [None if x < 0.1 else math.nan if x < 0.15 else round(x, 1) for x in rng.random(count).tolist()]
    table = frame(vectors, scores)
    kept, near = by_loop(table, vectors, limit, size)
    selection = apply(ReprFilter(by="quality", size=size, max_cosine=limit), table, parts)
    out = selection.frame
    assert out.filter("keep").sort("rank")["row"].to_list() == kept
    assert out.filter("keep").sort("rank")["rank"].to_list() == list(range(1, len(kept) + 1))
    for row in out.filter(~pl.col("keep")).iter_rows(named=True):
        assert row["rank"] is None
        if row["row"] in near:
            neighbour, cosine = near[row["row"]]
            assert row["reason"] == "too_similar"
            assert row["kept_id"] == table["id"][neighbour]
            assert float(row["value"]) == pytest.approx(cosine, abs=1e-6)
        else:
            assert (row["reason"], row["kept_id"], row["value"]) == ("not_selected", None, None)
    assert [f.code for f in selection.findings] == ([] if len(kept) == size else ["size_not_met"])


def test_blocks_do_not_matter() -> None:
    # Several blocks of candidates, with kept rows in each.
    vectors = clustered(3, 1500, 32)
    order = np.random.default_rng(4).permutation(1500)
    found = representatives(vectors, order, 0.8, 400)
    unit = vectors.astype(np.float64)
    unit /= np.maximum(np.linalg.norm(unit, axis=1, keepdims=True), 1e-9)
    kept: list[int] = []
    for i in order.tolist():
        if len(kept) < 400 and (not kept or (unit[kept] @ unit[i]).max() <= 0.8):
            kept.append(i)
    assert found.kept.tolist() == kept
    cosines = np.triu(unit[kept] @ unit[kept].T, 1)
    assert cosines.max() <= 0.8
    assert np.allclose((unit[found.too_near] * unit[found.neighbour]).sum(axis=1), found.cosine)


def test_position_does_not_matter() -> None:
    vectors = clustered(9, 60)
    table = frame(vectors, [float(i % 6) for i in range(60)])
    order = np.random.default_rng(2).permutation(60)
    moved = table[order.tolist()].with_columns(table["row"])

    def ranks(rows: pl.DataFrame) -> dict[str, int]:
        out = apply(ReprFilter(by="quality", size=15), rows).frame
        return dict(zip(rows["id"], out["rank"], strict=True))

    assert ranks(table) == ranks(moved)


def test_a_smaller_size_is_a_prefix() -> None:
    table = frame(clustered(5, 80), [float(i * 37 % 80) for i in range(80)])
    few, many = (apply(ReprFilter(by="quality", size=n), table).frame for n in (6, 12))
    assert few.filter("keep").sort("rank")["row"].to_list() == many.filter("keep").sort("rank")["row"].to_list()[:6]


def test_identical_vectors() -> None:
    vectors = np.repeat(clustered(1, 1), 3, axis=0)
    table = frame(vectors, [0.1, 0.9, 0.5])
    out = apply(ReprFilter(by="quality", size=2), table)
    assert out.frame["keep"].to_list() == [False, True, False]
    assert set(out.frame["kept_id"].drop_nulls()) == {table["id"][1]}
    assert "only 1 of the 2 examples asked for" in out.findings[0].message
    assert "`max_cosine`" in out.findings[0].message
    # A limit of 1 keeps even copies.
    assert apply(ReprFilter(by="quality", size=3, max_cosine=1.0), table).frame["keep"].all()


def test_empty_texts_are_unlike_everything() -> None:
    table = frame(np.zeros((3, 4), dtype=np.int8), [1.0, 2.0, 3.0])
    assert apply(ReprFilter(by="quality", size=3), table).frame["keep"].all()


def test_no_rows() -> None:
    selection = apply(ReprFilter(by="quality", size=3), frame(np.zeros((0, 4), dtype=np.int8), []))
    assert selection.frame.height == 0
    assert selection.findings[0].code == "size_not_met"


def test_text_is_no_score() -> None:
    table = frame(clustered(1, 2), [0.0, 1.0])
    with pytest.raises(StageError, match="column id is String"):
        apply(ReprFilter(by="id"), table)


def test_needs_what_it_names() -> None:
    assert ReprFilter(by="quality").needs() == ("embedding", "quality")
    assert ReprFilter(by="embedding").needs() == ("embedding",)
