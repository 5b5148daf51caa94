"""Content addresses, steps that are whole or not there, and the table they add up to."""

from __future__ import annotations

import json
import random
import threading
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.cache import Cache, Part, Table, address
from curate.engine.local import together
from curate.errors import OutputError
from curate.stage import verdict_frame
from tests.helpers import frame


def test_address_depends_on_everything_but_the_order_of_keys() -> None:
    base = address("key", {"a": 1, "b": [1, 2]})
    assert base == address("key", {"b": [1, 2], "a": 1})
    assert len(base) == 32
    others = [
        address("key", {"a": 1, "b": [2, 1]}), address("key", {"a": "1", "b": [1, 2]}), address("kez", {"a": 1, "b": [1, 2]}),
        address("key", {"a": 1}), address(["key", {"a": 1, "b": [1, 2]}]), address("key"), address("key", {"a": True, "b": [1, 2]}),
    ]  # fmt: skip
    assert len({base, *others}) == 8


def test_step_is_not_there_before_it_is_finished(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    step = cache.step("k" * 32)
    assert step.info() is None
    step.start()
    step.write(0, pl.DataFrame({"row": [1, 2]}))
    assert step.read(0).equals(pl.DataFrame({"row": [1, 2]}))
    assert Cache(tmp_path).step("k" * 32).info() is None
    step.finish({"n": 2})
    again = Cache(tmp_path).step("k" * 32)
    assert again.info() == {"n": 2}
    assert again.read(0, ["row"])["row"].to_list() == [1, 2]
    assert again.key == step.key == "k" * 32
    assert not list((tmp_path / "partial").iterdir())


def test_every_bit_of_a_step_counts(tmp_path: Path) -> None:
    step = Cache(tmp_path).step("k")
    step.start()
    step.write(0, pl.DataFrame({"row": [1, 2]}))
    step.write_bytes("rejects.json", b"[]")
    step.finish({"n": 2, "text": "ü\ud800"})
    assert step.info() == {"n": 2, "text": "ü\ud800"}
    rng = random.Random(2)
    for path in sorted(step.folder.iterdir()):
        data = path.read_bytes()
        for at in rng.sample(range(len(data)), min(len(data), 40)):
            path.write_bytes(data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :])
            if path.name != "done.json" or _parsed(path.read_bytes()) != _parsed(data):
                assert step.info() is None, (path.name, at)
        for cut in (b"", data[:-1], data + b"x"):
            path.write_bytes(cut)
            assert step.info() is None, path.name
        path.unlink()
        assert step.info() is None
        path.write_bytes(data)
        assert step.info() == {"n": 2, "text": "ü\ud800"}


def _parsed(data: bytes) -> object:
    try:
        return json.loads(data)
    except ValueError:
        return None


def test_damaged_step_is_replaced(tmp_path: Path) -> None:
    for damage in ("step", "file"):
        step = Cache(tmp_path).step(damage)
        if damage == "step":
            step.start()
            step.write(0, pl.DataFrame({"row": [1]}))
            step.write(1, pl.DataFrame({"row": [2]}))
            step.finish({})
            step.part_path(1).write_bytes(b"x")
        else:
            (tmp_path / "steps").mkdir(exist_ok=True)
            step.folder.mkdir()
            (step.folder / "done.json").write_text("{}")
        new = Cache(tmp_path).step(damage)
        new.start()
        new.write(0, pl.DataFrame({"row": [1]}))
        new.finish({"new": True})
        assert Cache(tmp_path).step(damage).info() == {"new": True}
        assert sorted(p.name for p in new.folder.iterdir()) == ["done.json", "part-00000.parquet"]


def test_two_writers_of_one_step_do_not_meet(tmp_path: Path) -> None:
    one, two = Cache(tmp_path).step("k"), Cache(tmp_path).step("k")
    one.start()
    one.write(0, pl.DataFrame({"row": [1]}))
    two.start()
    two.write(0, pl.DataFrame({"row": [1]}))
    assert one.read(0)["row"].to_list() == [1]
    one.finish({"n": 1})
    assert two.read(0)["row"].to_list() == [1]
    two.finish({"n": 1})
    for step in (one, two, Cache(tmp_path).step("k")):
        assert step.info() == {"n": 1}
        assert step.read(0)["row"].to_list() == [1]
    assert not list((tmp_path / "partial").iterdir())


def test_parts_may_be_written_by_threads(tmp_path: Path) -> None:
    step = Cache(tmp_path).step("k")
    step.start()
    threads = [threading.Thread(target=step.write, args=(i, pl.DataFrame({"row": [i]}))) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    step.finish({})
    assert step.info() == {}
    assert [step.read(i)["row"][0] for i in range(8)] == list(range(8))


def test_prune_leaves_what_was_asked_for(tmp_path: Path) -> None:
    for key in ("a", "b", "c"):
        step = Cache(tmp_path).step(key)
        step.start()
        step.finish({})
    Cache(tmp_path).step("stopped").start()
    cache = Cache(tmp_path)
    cache.step("b")
    cache.prune()
    assert [p.name for p in (tmp_path / "steps").iterdir()] == ["b"]
    assert not (tmp_path / "partial").exists()
    Cache(tmp_path / "none").prune()
    assert not (tmp_path / "none").exists()


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="file"):
        Cache(tmp_path / "file").step("k").start()


# --- the table


def table_of(folder: Path, sizes: list[int]) -> tuple[Table, pl.DataFrame]:
    whole = frame([(f"question {i}", f"answer {i}") for i in range(sum(sizes))])
    cache = Cache(folder)
    parts, offset = [], 0
    ids = cache.step("ids")
    ids.start()
    for number, size in enumerate(sizes):
        piece = whole.slice(offset, size)
        read = cache.step(f"read{number}")
        read.start()
        read.write(0, piece.drop("row"))
        read.finish({})
        ids.write(number, piece.select("id"))
        parts.append(Part(read, 0, offset, size))
        offset += size
    ids.finish({})
    return Table(tuple(parts), ids), whole


@settings(max_examples=25, deadline=None)
@given(data=st.data(), sizes=st.lists(st.integers(0, 5), min_size=1, max_size=4))
def test_table_is_what_annotations_and_drops_add_up_to(
    data: st.DataObject, sizes: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Against plain Python dictionaries: columns are null for rows that their stage never saw."""
    table, whole = table_of(tmp_path_factory.mktemp("table"), sizes)
    cache = Cache(table.ids.folder.parents[1])
    alive = list(range(sum(sizes)))
    known: dict[str, dict[int, int]] = {}
    for number in range(4):
        step = cache.step(f"step{number}")
        step.start()
        dropping = bool(number % 2)
        gone = set(data.draw(st.lists(st.sampled_from(alive), unique=True))) if alive and dropping else set()
        name = f"column{number % 3}"  # the last one writes a column anew
        known[name] = {row: row * 10 + number for row in alive}
        for index, part in enumerate(table.parts):
            rows = table.alive(index)
            assert rows.to_list() == [r for r in alive if part.offset <= r < part.offset + part.rows]
            column = {name: pl.Series([known[name][r] for r in rows], dtype=pl.Int64)}
            keep = pl.Series([r not in gone for r in rows], dtype=pl.Boolean)
            out = (
                verdict_frame(rows, keep=keep, reason="r", columns=column)
                if dropping
                else pl.DataFrame({"row": rows, **column})
            )
            step.write(index, out)
        step.finish({})
        table = table.with_step(step, [name], dropping=dropping)
        alive = [r for r in alive if r not in gone]
    wanted = ["response", *known, "id"]
    got = pl.concat([table.load(i, wanted) for i in range(len(sizes))])
    assert got.columns == ["row", "id", "response", *known]
    assert got["row"].to_list() == alive
    assert got["response"].to_list() == [f"answer {r}" for r in alive]
    assert got["id"].to_list() == [whole["id"][r] for r in alive]
    for name, values in known.items():
        assert got[name].to_list() == [values.get(r) for r in alive]
    for index, part in enumerate(table.parts):
        every = pl.Series(range(part.offset, part.offset + part.rows), dtype=pl.UInt64)
        full = table.load(index, list(known), rows=every)
        for name, values in known.items():
            assert full[name].to_list() == [values.get(r) for r in every]


@settings(max_examples=40, deadline=None)
@given(data=st.data(), sizes=st.lists(st.integers(0, 6), min_size=1, max_size=8), at_least=st.integers(1, 4))
def test_shards_that_go_together_are_neighbours_and_no_larger_than_one_that_was_read(
    data: st.DataObject, sizes: list[int], at_least: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    table, _ = table_of(tmp_path_factory.mktemp("table"), sizes)
    step = Cache(table.ids.folder.parents[1]).step("drops")
    step.start()
    for shard in range(len(sizes)):
        rows = table.alive(shard)
        keep = data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)))
        step.write(shard, verdict_frame(rows, keep=pl.Series(keep, dtype=pl.Boolean), reason="r"))
    step.finish({})
    table = table.with_step(step, [], dropping=True)
    shards = [shard for shard in range(len(sizes)) if data.draw(st.booleans())]
    alive = [len(table.alive(shard)) for shard in shards]
    groups = together(table, shards, at_least)
    assert [shard for group in groups for shard in group] == shards
    assert all(groups)
    for group in groups:
        frame = table.load_all(group, ["response"])
        assert frame["response"].to_list() == [f"answer {row}" for shard in group for row in table.alive(shard)]
        assert len(group) == 1 or frame.height <= min(max(sizes), -(-sum(alive) // at_least))
    if at_least == 1 and sum(sizes) <= max(sizes) and shards:  # all are in one shard, or there are none
        assert len(groups) == 1


def test_shards_of_long_texts_do_not_go_together(tmp_path: Path) -> None:
    """One shard has many rows of little text, the others few rows of as much text: no more of it is held at a time."""
    rng = random.Random(3)
    texts = [[f"{i}" for i in range(900)], *([rng.randbytes(9000).hex() for _ in range(3)] for _ in range(4))]
    cache, parts, offset = Cache(tmp_path), [], 0
    ids = cache.step("ids")
    for step in (ids, *(cache.step(f"read{number}") for number in range(5))):
        step.start()
        if step is ids:
            continue
        piece = frame([(text, "") for text in texts[len(parts)]]).drop("row")
        step.write(0, piece)
        ids.write(len(parts), piece.select("id"))
        step.finish({})
        parts.append(Part(step, 0, offset, piece.height))
        offset += piece.height
    ids.finish({})
    table = Table(tuple(parts), ids)
    largest = max(part.read.part_path(0).stat().st_size for part in parts)
    groups = together(table, range(5), 1)
    assert [shard for group in groups for shard in group] == list(range(5))
    for group in groups:
        assert len(group) == 1 or sum(parts[s].read.part_path(0).stat().st_size for s in group) <= largest
    assert len(groups) >= 4


@pytest.mark.parametrize(
    "wanted", [["messages"], ["messages", "response", "source"], ["line", "instruction", "messages"]]
)
def test_messages_of_a_part_that_was_written_without_them(tmp_path: Path, wanted: list[str]) -> None:
    table, whole = table_of(tmp_path, [4, 0, 3])
    for part in table.parts[:2]:
        part.read.write(0, part.read.read(0).drop("messages"))
    assert [part.lacks("messages") for part in table.parts] == [True, True, False]
    for shard, part in enumerate(table.parts):
        piece = whole.slice(part.offset, part.rows)
        assert table.load(shard, wanted).equals(piece.select("row", "id", *wanted))
        some = piece["row"].gather_every(2, 1) if part.rows else piece["row"]
        expected = piece.filter(pl.col("row").is_in(some.implode())).select("row", "id", *wanted)
        assert table.load(shard, wanted, rows=some).equals(expected)
