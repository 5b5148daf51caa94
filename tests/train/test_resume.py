"""Killed at any point and started again, a run ends with the same weights."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("trl", reason="needs the extra `train`")

from curate.errors import UsageError
from curate.train.checkpoints import last_complete, mark_complete, require_same
from curate.train.config import make_config
from curate.train.run import train
from tests.helpers import ROOT
from tests.train import tiny

pytestmark = pytest.mark.filterwarnings("ignore")

KILLS = ["step 3", "saving", "end", None]
COMMON = {"epochs": 2.0, "batch_size": 8, "micro_batch": 4, "learning_rate": 1e-3, "save_steps": 2}
SETTINGS = {
    "full": COMMON | {"dropout_last": 0.3},
    "lora": COMMON | {"dropout_last": 0.3, "lora": {"rank": 4, "dropout": 0.1}},
}


def test_killed_runs_end_with_the_same_weights(tmp_path: Path) -> None:
    data = tiny.write(tiny.sample()[:24], tmp_path / "train.jsonl")
    scenarios = {f"{name}-whole": (flags, [None]) for name, flags in SETTINGS.items()}
    scenarios |= {f"{name}-killed": (flags, KILLS) for name, flags in SETTINGS.items()}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.train.crash", data, tiny.model(), tmp_path, json.dumps(scenarios)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    ends = json.loads(done.stdout.splitlines()[-1])
    for name in SETTINGS:
        assert ends[f"{name}-whole"] == [0]
        assert ends[f"{name}-killed"] == [-signal.SIGKILL] * 3 + [0], done.stderr[-2000:]
        whole, killed = (tmp_path / f"{name}-{how}" for how in ("whole", "killed"))
        told = (tmp_path / f"{name}-killed.log").read_text()
        assert "going on from checkpoint-" in told
        assert "was not complete, and is set aside" in told
        before = (tiny.model() / "model.safetensors").read_bytes()
        weights = [(out / "model" / "model.safetensors").read_bytes() for out in (whole, killed)]
        assert weights[0] == weights[1]
        assert weights[0] != before
        kept = sorted(p.name for p in (killed / "checkpoints").glob("checkpoint-*"))
        assert kept == ["checkpoint-3", "checkpoint-6"]


class Stopped(Exception):
    """Stands for a kill where it is raised: whatever was not on the disk is lost."""


@pytest.mark.parametrize(("method", "lora"), [("dpo", {"rank": 4, "dropout": 0.1}), ("orpo", None)])
def test_stopped_preference_steps_end_with_the_same_weights(
    method: str, lora: dict[str, float] | None, tmp_path: Path
) -> None:
    import torch

    records = tiny.sample()[:16]
    pairs = [
        {"prompt": a["messages"][:-1], "chosen": a["messages"][-1:], "rejected": b["messages"][-1:]}
        for a, b in zip(records[:8], records[8:], strict=True)
    ]
    data = tiny.write(pairs, tmp_path / "train.jsonl")
    flags = {"epochs": 2.0, "batch_size": 4, "micro_batch": 2, "learning_rate": 1e-3, "save_steps": 1, "lora": lora}
    config = make_config(method, None, flags)

    def stop(line: str) -> None:
        if line.startswith("step 3 "):
            raise Stopped

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        whole = train(data, str(tiny.model()), tmp_path / "whole", config)
        with pytest.raises(Stopped):
            train(data, str(tiny.model()), tmp_path / "stopped", config, say=stop)
        said: list[str] = []
        again = train(data, str(tiny.model()), tmp_path / "stopped", config, say=said.append)
    finally:
        torch.set_num_threads(threads)
    assert "going on from checkpoint-2" in said
    assert (again["weights"], again["losses"]) == (whole["weights"], whole["losses"])


def make_checkpoint(folder: Path, step: int) -> Path:
    path = folder / f"checkpoint-{step}"
    path.mkdir(parents=True)
    for name in ("model.safetensors", "optimizer.pt", "scheduler.pt", "trainer_state.json", "rng_state.pth"):
        (path / name).write_bytes(b"x" * 100)
    mark_complete(path, epoch_end=True)
    return path


@pytest.mark.parametrize("name", ["optimizer.pt", "scheduler.pt", "rng_state.pth", "complete.json", "cut"])
def test_broken_checkpoints_are_set_aside(tmp_path: Path, name: str) -> None:
    good, bad = make_checkpoint(tmp_path, 9), make_checkpoint(tmp_path, 10)
    if name == "cut":
        (bad / "model.safetensors").write_bytes(b"x" * 99)
    else:
        (bad / name).unlink()
    best, broken = last_complete(tmp_path)
    assert best == good
    assert [p.name for p in broken] == ["broken-checkpoint-10"]
    assert not bad.exists()


def test_other_data_is_refused() -> None:
    book = {"data": {"sha256": "a"}, "model": {"name": "m"}, "config": {"seed": 1}}
    require_same(Path("out"), book, book)
    with pytest.raises(UsageError, match="begun with other data"):
        require_same(Path("out"), book, book | {"data": {"sha256": "b"}})
    with pytest.raises(UsageError, match=r"another configuration .*seed was 1, is 2"):
        require_same(Path("out"), book, book | {"config": {"seed": 2}})
