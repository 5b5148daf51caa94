"""`facility_location` in partitions: the same bytes wherever the rows lie, and nearly the coverage of all at once."""

from __future__ import annotations

import hashlib
import io
import pickle
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics.pairwise import cosine_similarity

from curate.algorithms.coverage import hash64
from curate.algorithms.parallel import set_threads
from curate.algorithms.quotas import allocate
from curate.encoders import to_matrix
from curate.engine import worker
from curate.greedi import drawn, partition_of
from curate.quotas import Quotas
from curate.stages.select.facility_location import FacilityLocation
from curate.wordings import listed, recurring_apart, recurring_in, with_runs, with_wordings
from tests.helpers import MemoryShards, shards
from tests.stages.test_facility_location import by_rank, groups_of, in_templates, table

Fn = Callable[[pl.DataFrame], pl.DataFrame]


@dataclass(frozen=True)
class Sent(MemoryShards):
    """Rows as tasks of a cluster have them: functions are pickled; keys are split, and frames travel, as on Ray."""

    def map(self, fn: Fn) -> Sent:
        again = pickle.loads(pickle.dumps(fn))
        return Sent(tuple(worker.unpack(worker.pack(again(frame))) for frame in self.frames), self.apart)

    def group(self, key: str, fn: Fn) -> Sent:
        every = pl.concat(self.frames[::-1])
        to = pl.Series(worker.bucket(every[key], 4))
        return Sent(tuple(every.filter(to == at) for at in range(4)), self.apart).map(fn)


def said(stage: FacilityLocation, rows: Any) -> tuple[bytes, tuple[Any, ...]]:
    selection = stage.apply(rows)
    buffer = io.BytesIO()
    selection.frame.write_parquet(buffer, compression="lz4", statistics=False)
    return buffer.getvalue(), selection.findings


OPTIONS: list[dict[str, Any]] = [
    {},
    {"weight": "score", "ground_size": 60, "seed": 5},
    {"candidates": 20, "wording": 0.0},
    {"quotas": Quotas(by="task_type", temperature=3), "weight": "score"},
    {"quotas": Quotas(by="task_type", temperature=2, min={"math": 12}, max={"open_qa": 9})},
    {"quotas": Quotas(by="task_type", min={"math": 12, "poetry": 3}, max={"open_qa": 9})},
]


@pytest.mark.parametrize("options", OPTIONS)
def test_where_the_rows_lie_does_not_matter(options: dict[str, Any]) -> None:
    whole, stage = table(420), FacilityLocation(size=30, partitions=4, **options)
    whole = whole.select("row", "id", *stage.needs())
    wanted = said(stage, shards(whole))
    try:
        for threads, parts in ((1, 2), (2, 7)):
            set_threads(threads)
            assert said(stage, shards(whole, parts)) == wanted
    finally:
        set_threads(None)
    strided = (whole[1::3], whole[:0], whole[::3], whole[2::3])
    for rows in (MemoryShards(strided), Sent(strided, apart=True), Sent((whole,), apart=True)):
        assert said(stage, rows) == wanted
    other = whole.sample(fraction=1, shuffle=True, seed=3).with_columns(row=pl.int_range(420, dtype=pl.UInt64))
    assert by_rank(other, stage.apply(shards(other, 3))) == by_rank(whole, stage.apply(shards(whole)))


@pytest.mark.parametrize("options", [o for o in OPTIONS if "candidates" not in o])
def test_one_partition_is_as_none(options: dict[str, Any]) -> None:
    for whole in (table(300), in_templates(6, 6).with_columns(task_type=pl.lit("math"), score=pl.col("row") % 7)):
        plain = FacilityLocation(size=30, **options)
        assert said(plain.model_copy(update={"partitions": 1}), shards(whole, 3)) == said(plain, shards(whole))


def coverage(frame: pl.DataFrame, kept: pl.Series) -> float:
    """The mean over all rows of the cosine with the nearest kept one, at least 0, in float64."""
    vectors = to_matrix(frame["embedding"]).astype(np.float64)
    return float(np.maximum(cosine_similarity(vectors, vectors[kept.to_numpy()]), 0).max(1).mean())


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("partitions", [3, 10])
def test_coverage_is_nearly_that_of_all_at_once(seed: int, partitions: int) -> None:
    whole = table(1500, d=16, centres=60, seed=seed)
    kept = [
        FacilityLocation(size=40, wording=0.0, partitions=p).apply(shards(whole)).frame["keep"]
        for p in (None, partitions)
    ]
    assert kept[1].sum() == 40
    assert not kept[1].equals(kept[0])
    full, ours = (coverage(whole, k) for k in kept)
    assert ours >= 0.97 * full
    random = pl.Series(np.isin(np.arange(1500), np.random.default_rng(seed).permutation(1500)[:40]))
    assert full - ours < 0.2 * (full - coverage(whole, random))


def test_a_dropped_example_names_the_nearest_kept_one_and_gains_are_of_the_whole_pool() -> None:
    whole = table(300)
    joined = whole.join(
        FacilityLocation(size=20, partitions=5, wording=0.0).apply(shards(whole, 3)).frame,
        on="row",
        maintain_order="left",
    )
    kept, dropped = joined.filter("keep").sort("rank"), joined.filter(~pl.col("keep"))
    cosine = cosine_similarity(*(to_matrix(f["embedding"]).astype(np.float64) for f in (dropped, kept)))
    assert dropped["kept_id"].to_list() == kept["id"].gather(cosine.argmax(1)).to_list()
    assert dropped["value"].to_list() == [f"{c:.4f}" for c in cosine.max(1)]
    assert set(dropped["reason"]) == {"not_selected"}
    assert dropped["rank"].null_count() == dropped["gain"].null_count() == 280
    assert kept["rank"].to_list() == list(range(1, 21))
    assert kept["gain"].sum() == pytest.approx(coverage(whole, joined["keep"]), abs=2e-3)  # rounded to 1/255


def test_unknown_weights_are_counted_and_the_rank_by_weight_is_that_of_the_whole_pool() -> None:
    """Equal vectors: only the weight can decide, and the best of all must come first whatever its partition."""
    whole = table(200).with_columns(embedding=pl.Series([[5, 1]] * 200, dtype=pl.List(pl.Int8)))
    stage = FacilityLocation(size=5, weight="score", wording=0.0, partitions=7)
    selection = stage.apply(shards(whole, 2))
    assert selection.frame["unknown"].to_list() == whole["score"].is_null().to_list()
    order = whole.filter(pl.col("score").is_not_null()).sort("score", "id", descending=[True, False])
    assert by_rank(whole, selection)[0] == order["id"][0]


def test_wording_finds_the_templates_of_the_whole_pool() -> None:
    whole = in_templates(8, 6)

    def templates(stage: FacilityLocation) -> int:
        kept = whole.join(stage.apply(shards(whole, 3)).frame, on="row").filter("keep")
        return kept["template"].n_unique()

    # Of most templates no partition has five rows: that they recur is seen in all rows alone.
    assert templates(FacilityLocation(size=8, partitions=4)) == 8
    assert templates(FacilityLocation(size=8, partitions=4, wording=0.0)) < 6


@pytest.mark.parametrize("parts", [1, 4])
def test_recurring_wordings_of_many_processes_are_those_of_one(parts: int) -> None:
    whole = in_templates(7, 5)  # just as many as make a wording
    runs = recurring_apart(Sent(shards(whole, parts).frames, apart=True), whole.height)
    one = recurring_in(with_runs(whole)["_runs"])
    two = listed(with_wordings(whole, runs)["wordings"], len(runs))
    assert two.count == one.count >= 8  # the passage, and one for each template at least

    def having(wording: Any) -> Counter[frozenset[int]]:
        texts: dict[int, set[int]] = {}
        for text in range(whole.height):
            for at in wording.ids[wording.offsets[text] : wording.offsets[text + 1]].tolist():
                texts.setdefault(at, set()).add(text)
        return Counter(frozenset(t) for t in texts.values())

    assert having(two) == having(one)


def test_quotas_are_exact() -> None:
    whole = table(500)
    counts = Counter(whole["task_type"].fill_null("(none)").to_list())
    for partitions in (2, 9, 60):
        for temperature in (1.0, 3.0, 100.0):
            stage = FacilityLocation(
                size=90, partitions=partitions, quotas=Quotas(by="task_type", temperature=temperature)
            )
            selection = stage.apply(shards(whole))
            assert groups_of(whole, selection) == allocate(counts, 90, temperature=temperature)
            assert selection.findings == ()


def test_what_cannot_be_met_is_said_of_the_whole_pool() -> None:
    whole = table(300)
    for quotas, size in (
        (Quotas(by="task_type", max={"open_qa": 5, "coding": 6, "math": 7, "(none)": 0}), 100),
        (Quotas(by="task_type", min={"math": 90, "poetry": 3}, max={"math": 90}), 120),
        (Quotas(by="task_type", max={"math": 0}, temperature=1), 299),
        (None, 301),
    ):
        one, many = (FacilityLocation(size=size, quotas=quotas, partitions=p).apply(shards(whole)) for p in (None, 8))
        assert one.findings
        assert many.findings == one.findings
        assert many.frame["keep"].sum() == one.frame["keep"].sum()


GROUPS = "abcd"


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_whatever_partitions_choose_there_is_enough_of_each_group(data: st.DataObject) -> None:
    """Partitions that choose by lot among what is open, and then one that chooses by lot among theirs."""
    each = st.lists(st.integers(0, 9), min_size=4, max_size=4)
    parts = [dict(zip(GROUPS, n, strict=True)) for n in data.draw(st.lists(each, min_size=1, max_size=5))]
    counts = {g: n for g in GROUPS if (n := sum(part[g] for part in parts))}
    low = data.draw(st.dictionaries(st.sampled_from(GROUPS), st.integers(0, 5)))
    high = {
        g: n + low.get(g, 0) for g, n in data.draw(st.dictionaries(st.sampled_from(GROUPS), st.integers(0, 9))).items()
    }
    size = sum(low.values()) + data.draw(st.integers(1, 12))
    quotas = Quotas(by="x", temperature=data.draw(st.sampled_from([None, 1.0, 3.0])), min=low, max=high)
    lot = np.random.default_rng(data.draw(st.integers(0, 2**20)))

    def choose(there: dict[str, int]) -> Counter[str]:
        seats, taken = quotas.seats(counts, there), Counter[str]()
        while taken.total() < size and (open_ := np.flatnonzero(seats.open())).size:
            seats.take(at := int(lot.choice(open_)))
            taken[seats.names[at]] += 1
        return taken

    union = sum((choose(part) for part in parts), Counter[str]())
    final = choose(dict(union))
    room = {g: min(n, high.get(g, n)) for g, n in counts.items()}
    assert final.total() == min(size, sum(room.values()))
    assert all(min(low.get(g, 0), room[g]) <= final[g] <= room[g] for g in counts)
    if quotas.temperature is not None:
        wanted = allocate(counts, size, temperature=quotas.temperature, minimum=low, maximum=high)
        assert {g: final[g] for g in counts} == wanted


@pytest.mark.parametrize("n", [0, 1, 5])
def test_partitions_without_rows(n: int) -> None:
    whole = table(n)
    stage = FacilityLocation(size=6, partitions=50, weight="score", quotas=Quotas(by="task_type", temperature=3))
    for rows in (shards(whole, 2), Sent(shards(whole, 2).frames, apart=True)):
        selection = stage.apply(rows)
        assert selection.frame["keep"].to_list() == [True] * n
        (finding,) = selection.findings
        assert f"only {n} of the 6 examples" in finding.message


def test_nothing_may_be_kept() -> None:
    whole = table(9).with_columns(task_type=pl.lit("math"))
    stage = FacilityLocation(size=5, partitions=3, quotas=Quotas(by="task_type", max={"math": 0}))
    assert said(stage, shards(whole)) == said(stage.model_copy(update={"partitions": None}), shards(whole))


def test_a_partition_is_splitmix64_of_the_hash_of_seed_and_id() -> None:
    """Against whole numbers of Python and hashlib, after Steele, Lea and Flood (2014), figure 16."""
    ids = [f"{number:016x}{end}" for number in range(300) for end in ("", "-2")]

    def expected(name: str, seed: int) -> int:
        state = int.from_bytes(hashlib.blake2b(f"{seed}:{name}".encode(), digest_size=8).digest(), "big")
        z = (state + 1) * 0x9E3779B97F4A7C15 % 2**64
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
        return (z ^ (z >> 31)) % 7

    for seed in (1, 2):
        got = partition_of(hash64(ids, seed), 7)
        assert got.tolist() == [expected(name, seed) for name in ids]
        assert np.bincount(got.astype(int), minlength=7).min() > 55
    # Of the rows that are measured, each partition has its share.
    measured = got[drawn(hash64(ids, 2), 200)]
    assert np.bincount(measured.astype(int), minlength=7).min() > 12


def test_a_task_is_given_the_vectors_of_its_partitions_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where rows lie apart, what comes back of them with vectors is what was chosen and what is measured."""
    whole, back = table(600), []
    collect = MemoryShards.collect

    def watched(rows: MemoryShards) -> pl.DataFrame:
        frame = collect(rows)
        back.append(frame.height if "embedding" in frame.columns else 0)
        return frame

    monkeypatch.setattr(MemoryShards, "collect", watched)
    stage = FacilityLocation(size=20, partitions=6, ground_size=100)
    stage.apply(replace(shards(whole, 5), apart=True))
    assert back == [0, 0, 6 * 20, 100, 0]
