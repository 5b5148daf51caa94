"""`k_center` where the rows lie apart says, byte for byte, what it says where one process holds them all."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from curate import farthest_first
from curate.algorithms.coverage import hash64
from curate.encoders import to_matrix, to_series
from curate.errors import StageError
from curate.handles import Shards
from curate.stages.select.k_center import KCenter
from tests.algorithms.test_k_center import clusters, plain
from tests.helpers import MemoryShards, shards
from tests.stages.test_facility_location_partitions import Sent


def pool(points: np.ndarray, seed: int = 0) -> pl.DataFrame:
    """Rows with these vectors, and ids in another order."""
    ids = [f"{i:016x}" for i in np.random.default_rng(seed).permutation(len(points))]
    rows = pl.Series("row", range(len(points)), dtype=pl.UInt64)
    return pl.DataFrame([rows, pl.Series("id", ids, dtype=pl.String), to_series(points)])


def said(stage: KCenter, rows: Shards) -> tuple[bytes, tuple[Any, ...]]:
    selection = stage.apply(rows)
    buffer = io.BytesIO()
    selection.frame.write_parquet(buffer, compression="lz4", statistics=False)
    return buffer.getvalue(), selection.findings


def textbook(stage: KCenter, frame: pl.DataFrame) -> tuple[list[str], list[float]]:
    """The ids that the plain loop keeps, and how far each was."""
    frame = frame.sort("id")
    points = to_matrix(frame["embedding"]).astype(np.int64)
    if stage.start == "random":
        first = int(np.argmin(hash64(frame["id"], stage.seed or 42)))
    else:
        length = np.sqrt((points**2).sum(1).astype(np.float64))
        along = np.where(length > 0, (points @ points.sum(0)) / np.maximum(length, 1), -np.inf)
        first = int(np.argmax(along))
    order, distances = plain(points, stage.size, first)
    return frame["id"].gather(order).to_list(), distances


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_rows_anywhere_and_any_number_put_forward_give_the_sequence_of_the_plain_loop(data: st.DataObject) -> None:
    """Few values and few dimensions: many exact ties, repeats, opposite vectors and zero vectors."""
    n = data.draw(st.integers(2, 40))
    points = data.draw(arrays(np.int8, (n, data.draw(st.integers(1, 3))), elements=st.integers(-2, 2)))
    frame = pool(points, data.draw(st.integers(0, 3)))
    start = data.draw(st.sampled_from(["central", "random"]))
    stage = KCenter(size=data.draw(st.integers(1, n + 3)), start=start, seed=data.draw(st.integers(1, 9)))
    wanted = said(stage, shards(frame))
    parts = shards(frame, data.draw(st.sampled_from([1, 2, 7]))).frames
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(farthest_first, "HELD", data.draw(st.integers(1, n - 1)))
        patch.setattr(farthest_first, "_EACH", data.draw(st.sampled_from([1, 8])))
        rows = Sent(parts, apart=True)
        assert said(stage, rows) == wanted
        kept = frame.join(stage.apply(rows).frame, on="row").filter("keep").sort("rank")
    assert (kept["id"].to_list(), kept["gain"].to_list()) == textbook(stage, frame)


@pytest.mark.parametrize("options", [{}, {"start": "random", "seed": 3}])
@pytest.mark.parametrize("held", [1, 60, 1199])
def test_the_same_bytes_as_in_one_process(monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], held: int) -> None:
    points = np.concatenate([clusters(800, 16, 40), np.zeros((3, 16), np.int8), clusters(397, 16, 40)])
    points[300:500] = points[100:300]  # repeats
    frame, stage = pool(points), KCenter(size=60, **options)
    wanted = said(stage, shards(frame))
    monkeypatch.setattr(farthest_first, "HELD", held)
    for rows in (shards(frame, 2), shards(frame, 7), MemoryShards((frame[1::3], frame[:0], frame[::3], frame[2::3]))):
        assert said(stage, replace(rows, apart=True)) == wanted
        assert said(stage, Sent(rows.frames, apart=True)) == wanted
        assert said(stage, rows) == wanted


def test_few_rounds_choose_all_and_few_vectors_travel(monkeypatch: pytest.MonkeyPatch) -> None:
    frame, back = pool(clusters(6000, 16, 100)), []
    collect = MemoryShards.collect

    def watched(rows: MemoryShards) -> pl.DataFrame:
        found = collect(rows)
        back.append(found.height if "embedding" in found.columns else 0)
        return found

    monkeypatch.setattr(MemoryShards, "collect", watched)
    monkeypatch.setattr(farthest_first, "HELD", 1000)
    KCenter(size=100).apply(replace(shards(frame, 5), apart=True))
    # The sums, a candidate for the first of each of three groups, the rounds, and the nearest kept ones.
    assert back[:2] == [0, 3]
    assert back[-1] == 0
    rounds = back[2:-1]
    assert 1 < len(rounds) < 25
    assert max(rounds) <= 803  # 8 for each place, rounded up in each group
    monkeypatch.setattr(farthest_first, "HELD", 6000)
    back.clear()
    KCenter(size=100).apply(replace(shards(frame, 5), apart=True))
    assert back == [6000]


def test_vectors_of_different_lengths_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(farthest_first, "HELD", 1)
    frame = pl.DataFrame(
        {
            "row": pl.Series([0, 1, 2, 3], dtype=pl.UInt64),
            "id": list("abcd"),
            "embedding": pl.Series([[1, 2], [2, 1], [3, 4, 5], [1, 2, 3]], dtype=pl.List(pl.Int8)),
        }
    )

    class Kept(MemoryShards):
        """Rows of one length in each group."""

        def group(self, key: str, fn: Any) -> MemoryShards:
            return self.map(fn)

    rows = Kept((frame[:2], frame[2:]), apart=True)
    with pytest.raises(StageError, match="different lengths"):
        KCenter(size=3).apply(rows)
    with pytest.raises(ValueError, match="dimensions"):
        KCenter(size=3, start="random").apply(rows)
