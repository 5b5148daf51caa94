"""`random_sample`: size, seed, and no trace of position."""

from __future__ import annotations

import hashlib
from collections import Counter

import polars as pl
import pytest

from curate.engine.local import LocalShards
from curate.stages.select.random_sample import RandomSample


def shards(ids: list[str], parts: int = 1) -> LocalShards:
    frame = pl.DataFrame({"row": pl.Series(range(len(ids)), dtype=pl.UInt64), "id": pl.Series(ids, dtype=pl.String)})
    return LocalShards(tuple((lambda i=i: frame[i::parts]) for i in range(parts)))


def chosen(ids: list[str], size: int, seed: int | None = None, parts: int = 1) -> list[str]:
    out = RandomSample(size=size, seed=seed).apply(shards(ids, parts)).frame
    kept = out.with_columns(pl.Series("id", ids)).filter("keep").sort("rank")
    assert kept["rank"].to_list() == list(range(1, kept.height + 1))
    return kept["id"].to_list()


IDS = [f"{i:016x}" for i in range(300)]


def test_takes_the_smallest_hashes() -> None:
    for seed in (None, 0, 7, 2**63 - 1):
        number = 42 if seed is None else seed
        order = sorted(IDS, key=lambda i: hashlib.blake2b(f"{number}:{i}".encode(), digest_size=8).digest())
        assert chosen(IDS, 25, seed) == order[:25]


def test_a_smaller_size_is_a_prefix() -> None:
    assert chosen(IDS, 10) == chosen(IDS, 100)[:10]


@pytest.mark.parametrize("parts", [2, 7])
def test_position_and_shards_do_not_matter(parts: int) -> None:
    assert chosen(IDS, 40, parts=parts) == chosen(IDS, 40)
    assert chosen(IDS[::-1], 40, parts=parts) == chosen(IDS, 40)


def test_every_example_is_as_likely() -> None:
    times = Counter(i for seed in range(400) for i in chosen(IDS[:20], 5, seed))
    # 400 draws of a quarter: mean 100, standard deviation 8.7.
    assert set(times) == set(IDS[:20])
    assert all(abs(n - 100) < 4.5 * 8.7 for n in times.values())


def test_verdicts() -> None:
    selection = RandomSample(size=3).apply(shards(IDS[:10], 3))
    out = selection.frame
    assert selection.findings == ()
    assert out.height == 10
    assert out.schema["rank"] == pl.UInt32
    assert out.filter(~pl.col("keep"))["reason"].to_list() == ["not_selected"] * 7
    assert out.filter("keep")["reason"].null_count() == 3
    assert out.filter(~pl.col("keep"))["rank"].null_count() == 7


@pytest.mark.parametrize("count", [0, 1, 9])
def test_too_few_are_all_kept_and_said_so(count: int) -> None:
    selection = RandomSample(size=10).apply(shards(IDS[:count]))
    assert selection.frame["keep"].sum() == count
    (finding,) = selection.findings
    assert finding.code == "size_not_met"
    assert f"{count} of the 10 examples asked for" in finding.message
    assert "lower `size`" in finding.message


def test_exactly_enough_is_no_finding() -> None:
    assert RandomSample(size=10).apply(shards(IDS[:10])).findings == ()
