"""A run that was stopped goes on where it was; what is damaged is computed again; what is done is not."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, Literal

import polars as pl
import pytest

from curate.pipeline import Options, Pipeline
from curate.stage import Filter, Rule
from curate.stages.dedup.exact_dedup import ExactDedup
from curate.stages.select.random_sample import RandomSample
from tests.conftest import Finished
from tests.runs import (
    LIGHT,
    Dump,
    assert_fails,
    command,
    curate,
    environment,
    make_plugin,
    process,
    snapshot,
    steps_of,
)

HELD = LIGHT.replace("  - stage: minhash_dedup", "  - stage: counted\n  - stage: hold\n  - stage: minhash_dedup")


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_plugin(
        tmp_path_factory.mktemp("plugin") / "plug", {"hold": "plugged:HoldFilter", "counted": "plugged:CountedFilter"}
    )


@pytest.fixture(scope="module")
def held(plugin: Path) -> Path:
    path = plugin / "held.yaml"
    path.write_text(HELD)
    return path


@pytest.fixture(scope="module")
def fresh(held: Path, dump: Dump, plugin: Path) -> dict[str, bytes]:
    """The result of a run that nobody disturbed."""
    done = process("run", held, *dump.files, "--out", plugin / "fresh", FIRST=str(plugin), COUNT=str(plugin / "count"))
    assert done.code == 0, done.err
    return snapshot(plugin / "fresh")


@contextmanager
def stopped_in_the_middle(
    held: Path, dump: Dump, out: Path, plugin: Path, number: int
) -> Iterator[subprocess.Popen[bytes]]:
    """A real process, sent the signal `number` once four stages are done and while the fifth is at work."""
    hold = plugin / "hold"
    (plugin / "count").unlink(missing_ok=True)
    hold.touch()
    run = subprocess.Popen(
        command("run", held, *dump.files, "--out", out), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=environment(FIRST=str(plugin), COUNT=str(plugin / "count"), HOLD=str(hold)),
    )  # fmt: skip
    try:
        ended = time.monotonic() + 60
        while len(list((out / ".curate" / "steps").glob("*/done.json"))) < 8:  # 3 files, the ids, 4 stages
            assert time.monotonic() < ended, "the run did not get to its fifth stage"
            assert run.poll() is None, run.communicate()[1].decode()
            time.sleep(0.01)
        run.send_signal(number)
        if number in (signal.SIGINT, signal.SIGTERM):
            time.sleep(0.1)
            hold.unlink()
        yield run
    finally:
        if run.poll() is None:
            run.kill()
        run.communicate()
        hold.unlink(missing_ok=True)


def test_killed_run_goes_on_and_repeats_nothing(
    held: Path, dump: Dump, tmp_path: Path, plugin: Path, fresh: dict[str, bytes]
) -> None:
    out = tmp_path / "out"
    with stopped_in_the_middle(held, dump, out, plugin, signal.SIGKILL) as run:
        assert run.wait(30) == -signal.SIGKILL
    assert snapshot(out) == {}
    before = steps_of(out / ".curate")
    assert len({name.split("/")[0] for name in before}) == 8

    again = process("run", held, *dump.files, "--out", out, FIRST=str(plugin), COUNT=str(plugin / "count"))
    assert again.code == 0, again.err
    after = steps_of(out / ".curate")
    assert {name: after[name] for name in before} == before
    assert (plugin / "count").read_text() == "computed\n" * 3  # once for each shard
    stages = [line for line in again.err.splitlines() if line[:1].isdigit() and "/7 " in line]
    assert ["cached" in line for line in stages] == [True, True, True, True, False, False, False]
    assert snapshot(out) == fresh


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_run_says_so_and_goes_on(
    held: Path, dump: Dump, tmp_path: Path, plugin: Path, fresh: dict[str, bytes], number: signal.Signals
) -> None:
    out = tmp_path / "out"
    with stopped_in_the_middle(held, dump, out, plugin, number) as run:
        narration = run.communicate(timeout=30)[1].decode()
    assert run.returncode == 130, narration
    assert "Traceback" not in narration
    assert narration.splitlines()[-1].startswith("interrupted")
    assert snapshot(out) == {}
    before = steps_of(out / ".curate")
    again = process("run", held, *dump.files, "--out", out, FIRST=str(plugin), COUNT=str(plugin / "count"))
    assert again.code == 0, again.err
    assert {name: at for name, at in steps_of(out / ".curate").items() if name in before} == before
    assert snapshot(out) == fresh


def test_killed_at_any_moment_the_end_is_the_same(light: Path, dump: Dump, tmp_path: Path, light_run: Finished) -> None:
    """Kills spread over the whole of a run, its writing included; never a file that is half written."""
    out = tmp_path / "out"
    wanted = snapshot(light_run.out)
    delays = random.Random(os.getpid())
    for span in (0.35, 0.7, 1.0, 1.3):
        run = subprocess.Popen(
            command("run", light, *dump.files, "--out", out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=environment(),
        )  # fmt: skip
        time.sleep(span * delays.uniform(0.8, 1.2))
        run.kill()
        run.wait()
        for name, data in snapshot(out).items():
            assert name.endswith(".tmp") or data == wanted[name], name
    assert process("run", light, *dump.files, "--out", out).code == 0
    assert snapshot(out) == wanted


def _damaged(data: bytes, kind: str) -> bytes:
    middle = len(data) // 2
    return {"cut": data[:middle], "bit": data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :], "empty": b""}[
        kind
    ]


def test_damage_to_any_file_of_the_cache_is_found_and_mended(dump: Dump, light: Path, tmp_path: Path) -> None:
    out, plan = tmp_path / "out", Pipeline.from_yaml(light)
    options = Options(shard_rows=150)
    plan.run(dump.files, out, options=options)
    wanted, whole = snapshot(out), steps_of(out / ".curate")
    keys = sorted({name.split("/")[0] for name in whole})
    assert len(keys) == 3 + 1 + 5
    rng = random.Random(1)
    for key in keys:
        path = rng.choice(sorted((out / ".curate" / "steps" / key).iterdir()))
        kind = rng.choice(["cut", "bit", "empty", "gone"])
        data = path.read_bytes()
        path.unlink()
        if kind != "gone":
            path.write_bytes(_damaged(data, kind))
        plan.run(dump.files, out, options=options)
        assert snapshot(out) == wanted, (key, path.name, kind)
        assert path.read_bytes() == data, (key, path.name, kind)


@pytest.mark.parametrize("text", ["{}", "[]", "null", '{"files": {}, "info": {}}', '{"files": null}', "\x00", "1e999"])
def test_any_other_done_file_is_not_believed(
    dump: Dump, light: Path, light_run: Finished, tmp_path: Path, text: str
) -> None:
    out = tmp_path / "out"
    shutil.copytree(light_run.out, out)
    for done in (out / ".curate" / "steps").glob("*/done.json"):
        done.write_text(text)
    Pipeline.from_yaml(light).run(dump.files, out)
    assert snapshot(out) == snapshot(light_run.out)


def test_count_altered_in_a_done_file_is_not_believed(
    dump: Dump, light: Path, light_run: Finished, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    shutil.copytree(light_run.out, out)
    altered = 0
    for done in (out / ".curate" / "steps").glob("*/done.json"):
        text = done.read_text()
        if '"lines": 105' in text:
            done.write_text(text.replace('"lines": 105', '"lines": 106').replace('"blank": 2', '"blank": 3'))
            altered += 1
    assert altered == 1
    Pipeline.from_yaml(light).run(dump.files, out)
    assert snapshot(out) == snapshot(light_run.out)


def test_damaged_vectors_are_computed_again(dump: Dump, tmp_path: Path, finished: Finished) -> None:
    out = tmp_path / "out"
    shutil.copytree(finished.out, out)
    for path in (out / ".curate").rglob("*.vectors"):
        path.write_bytes(path.read_bytes()[:100])
    for done in (out / ".curate" / "steps").glob("*/done.json"):
        done.unlink()
    Pipeline.from_yaml(Path("pipelines/lima_1k.yaml").resolve(), size=40).run(dump.files, out)
    assert snapshot(out) == snapshot(finished.out)


_computed: list[int] = []


class Counting(Filter):
    """Keeps every row, and notes that it was computed."""

    stage: Literal["counting"] = "counting"
    reads: ClassVar[tuple[str, ...]] = ("response",)
    reasons: ClassVar[dict[str, str]] = {"never": "It never happens."}
    of: int

    def rules(self) -> list[Rule]:
        _computed.append(self.of)
        return [Rule("never", pl.col("response").is_null(), pl.col("response"))]


def test_changed_stage_recomputes_nothing_before_it(dump: Dump, tmp_path: Path) -> None:
    out, cache = tmp_path / "out", tmp_path / "out" / ".curate"
    _computed.clear()
    for size, of, expected in ((40, 2, [1, 2]), (41, 2, []), (41, 2, []), (41, 3, [3]), (40, 2, [2])):
        plan = Pipeline([Counting(of=1), ExactDedup(), Counting(of=of), RandomSample(size=size)])
        before = steps_of(cache)
        result = plan.run(dump.files, out)
        assert sorted(_computed) == sorted(expected * 3), (size, of)  # once for each shard
        assert result.kept.height == size
        after = steps_of(cache)
        assert len({name.split("/")[0] for name in after}) == 3 + 1 + 4  # what no step of this run is was pruned
        assert all(after[name] == before[name] for name in before if name in after)
        _computed.clear()
    fresh = Pipeline([Counting(of=1), ExactDedup(), Counting(of=2), RandomSample(size=40)]).run(
        dump.files, tmp_path / "new"
    )
    assert snapshot(out) == snapshot(fresh.out)


def test_changed_file_is_read_again_and_the_others_are_not(dump: Dump, light: Path, tmp_path: Path) -> None:
    raw, out, other = tmp_path / "raw", tmp_path / "out", tmp_path / "other"
    shutil.copytree(dump.folder, raw)
    assert curate("run", light, raw, "--out", out).code == 0
    old = (raw / "notes.csv").stat()
    data = (raw / "notes.csv").read_bytes()
    at = data.index(b"keeper")
    (raw / "notes.csv").write_bytes(data[:at] + b"sleeps" + data[at + 6 :])
    os.utime(raw / "notes.csv", ns=(old.st_atime_ns, old.st_mtime_ns))  # neither size nor time tells
    done = curate("run", light, raw, "--out", out)
    read = {line.split(":")[0]: "cached" in line for line in done.err.splitlines() if line.startswith("read raw/")}
    assert read == {"read raw/chats.json": True, "read raw/notes.csv": False, "read raw/tasks.jsonl": True}
    assert curate("run", light, raw, "--out", other).code == 0
    assert snapshot(out) == snapshot(other)


def test_cache_shared_by_two_results(dump: Dump, light: Path, light_run: Finished, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first = curate("run", light, *dump.files, "--out", tmp_path / "one", "--cache", cache)
    before = steps_of(cache)
    second = curate("run", light, *dump.files, "--out", tmp_path / "two", "--cache", cache, "--size", 30)
    assert (first.code, second.code) == (0, 0)
    assert not (tmp_path / "one" / ".curate" / "steps").exists()
    after = steps_of(cache)
    assert {n: after[n] for n in before} == before  # nothing pruned, nothing redone
    assert snapshot(tmp_path / "one") == snapshot(light_run.out)
    for out in ("one", "two"):
        id_ = json.loads((tmp_path / out / "manifest.json").read_bytes())["selected"][0]
        assert "user:" in curate("why", tmp_path / out, id_).out


def test_two_processes_may_fill_one_cache_at_once(dump: Dump, light: Path, light_run: Finished, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    runs = [
        subprocess.Popen(
            command("run", light, *dump.files, "--out", tmp_path / f"out{i}", "--cache", cache),
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment(),
        )
        for i in range(3)
    ]  # fmt: skip
    narrations = [run.communicate(timeout=100)[1].decode() for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0], narrations
    for i in range(3):
        assert snapshot(tmp_path / f"out{i}") == snapshot(light_run.out)


def test_run_that_begins_a_step_takes_nothing_from_another_that_is_at_it(
    held: Path, dump: Dump, tmp_path: Path, plugin: Path, fresh: dict[str, bytes]
) -> None:
    """Two runs with one cache, both inside the same stage: the one that began later is not done first."""
    cache, hold = tmp_path / "cache", plugin / "hold"
    hold.touch()
    runs = []
    for number, name in enumerate(("one", "two"), 1):
        args = ("run", held, *dump.files, "--out", tmp_path / name, "--cache", cache)
        runs.append(
            subprocess.Popen(
                command(*args),
                stderr=subprocess.PIPE,
                env=environment(FIRST=str(plugin), COUNT=str(plugin / "count"), HOLD=str(hold)),
            )
        )
        ended = time.monotonic() + 60
        while len(list((cache / "steps").glob("*"))) < 8 or len(list((cache / "partial").glob("*"))) < number:
            assert time.monotonic() < ended, "the runs did not meet in the stage"
            time.sleep(0.01)
    hold.unlink()
    narrations = [run.communicate(timeout=60)[1].decode() for run in runs]
    assert [run.returncode for run in runs] == [0, 0], narrations
    assert snapshot(tmp_path / "one") == snapshot(tmp_path / "two") == fresh


def test_folder_held_by_another_run(
    held: Path, dump: Dump, tmp_path: Path, plugin: Path, fresh: dict[str, bytes]
) -> None:
    out = tmp_path / "out"
    with stopped_in_the_middle(held, dump, out, plugin, signal.SIGCONT) as run:
        done = process("run", held, *dump.files, "--out", out, FIRST=str(plugin), COUNT=str(plugin / "count"))
        assert_fails(done, 4, "another run", str(run.pid), "--out")
        assert len(done.errors) == 1
        (plugin / "hold").unlink()
        assert run.wait(60) == 0
    assert snapshot(out) == fresh
