from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError
from scipy.spatial.distance import cdist
from sklearn.metrics.pairwise import cosine_similarity

from curate.algorithms.parallel import set_threads
from curate.encoders import to_matrix
from curate.engine.local import LocalShards
from curate.stage import Selection
from curate.stages.select.k_center import KCenter


def table(n: int, d: int = 10, seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    middle = rng.normal(0, 30, (8, d))
    points = middle[np.minimum(rng.geometric(0.3, n) - 1, 7)] + rng.normal(0, 12, (n, d))
    return pl.DataFrame(
        {
            "row": pl.Series(range(n), dtype=pl.UInt64),
            "id": [f"{i:016x}" for i in rng.permutation(n)],
            "embedding": pl.Series(
                np.clip(np.rint(points), -127, 127).astype(np.int8).tolist(), dtype=pl.List(pl.Int8)
            ),
        }
    )


def run(stage: KCenter, frame: pl.DataFrame, parts: int = 1) -> Selection:
    cuts = np.linspace(0, frame.height, parts + 1).astype(int).tolist()
    pieces = [frame.slice(a, b - a) for a, b in pairwise(cuts)]
    selection = stage.apply(LocalShards(tuple(lambda piece=piece: piece for piece in pieces)))
    assert selection.frame["row"].equals(frame["row"].sort())
    return selection


def by_rank(frame: pl.DataFrame, selection: Selection) -> list[str]:
    return frame.select("row", "id").join(selection.frame, on="row").filter("keep").sort("rank")["id"].to_list()


def test_kept_ones_are_the_farthest_first_and_dropped_ones_name_the_nearest() -> None:
    frame = table(300)
    joined = frame.join(run(KCenter(size=25), frame).frame, on="row", maintain_order="left")
    kept, dropped = joined.filter("keep").sort("rank"), joined.filter(~pl.col("keep"))
    assert kept["rank"].to_list() == list(range(1, 26))
    points, chosen = (to_matrix(f["embedding"]).astype(np.float64) for f in (joined, kept))
    assert kept["id"][0] == joined["id"][int(cosine_similarity(points, points.mean(0)[None])[:, 0].argmax())]
    for rank in range(1, 25):
        far = cdist(points, chosen[:rank], "cosine").min(1)
        assert kept["id"][rank] == joined["id"][int(far.argmax())]
        assert kept["gain"][rank] == pytest.approx(far.max(), abs=1e-12)
    cosine = cosine_similarity(to_matrix(dropped["embedding"]).astype(np.float64), chosen)
    assert dropped["kept_id"].to_list() == kept["id"].gather(cosine.argmax(1)).to_list()
    assert dropped["value"].to_list() == [f"{c:.4f}" for c in cosine.max(1)]
    assert set(dropped["reason"]) == {"not_selected"}
    assert dropped["rank"].null_count() == dropped["gain"].null_count() == 275


@pytest.mark.parametrize("options", [{}, {"start": "random", "seed": 3}])
def test_order_of_rows_shards_and_threads_do_not_matter(options: dict[str, Any]) -> None:
    frame, stage = table(400), KCenter(size=50, **options)
    expected = run(stage, frame)
    other = frame.sample(fraction=1, shuffle=True, seed=3).with_columns(row=pl.int_range(400, dtype=pl.UInt64))
    try:
        for threads, parts in ((1, 1), (2, 7)):
            set_threads(threads)
            assert by_rank(other, run(stage, other, parts)) == by_rank(frame, expected)
            assert run(stage, frame, parts).frame.equals(expected.frame)
    finally:
        set_threads(None)


def test_a_smaller_size_is_a_prefix() -> None:
    frame = table(300)
    assert by_rank(frame, run(KCenter(size=12), frame)) == by_rank(frame, run(KCenter(size=100), frame))[:12]


def test_seed_draws_the_first_when_asked() -> None:
    frame = table(300)
    firsts = [by_rank(frame, run(KCenter(size=2, start="random", seed=s), frame))[0] for s in range(12)]
    assert len(set(firsts)) > 6
    assert by_rank(frame, run(KCenter(size=2, start="random"), frame)) == by_rank(
        frame, run(KCenter(size=2, start="random", seed=42), frame)
    )
    assert by_rank(frame, run(KCenter(size=2, seed=1), frame)) == by_rank(frame, run(KCenter(size=2, seed=2), frame))


def test_of_equal_examples_the_first_id_is_kept() -> None:
    frame = pl.DataFrame(
        {
            "row": pl.Series([0, 1, 2, 3], dtype=pl.UInt64),
            "id": ["d", "c", "b", "a"],
            "embedding": pl.Series([[5, 1], [5, 1], [-1, 5], [-1, 5]], dtype=pl.List(pl.Int8)),
        }
    )
    order = by_rank(frame, run(KCenter(size=2), frame))
    assert set(order) == {"a", "c"}


@pytest.mark.parametrize("n", [0, 1, 5])
def test_a_pool_smaller_than_the_size_is_kept_whole_with_a_finding(n: int) -> None:
    selection = run(KCenter(size=6), table(n))
    assert selection.frame["keep"].to_list() == [True] * n
    (finding,) = selection.findings
    assert finding.code == "size_not_met"
    assert f"only {n} of the 6 examples" in finding.message
    assert run(KCenter(size=3), table(5)).findings == ()


def test_parameters_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        KCenter(size=0)
    with pytest.raises(ValidationError, match="'central' or 'random'"):
        KCenter.model_validate_json('{"size": 3, "start": "middle"}')
