"""Several processes train one model together: the same losses as one by itself, and one of them writes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("trl", reason="needs the extra `train`")

from curate.train.checkpoints import last_complete
from curate.train.config import make_config
from curate.train.run import train
from tests.helpers import ROOT
from tests.train import tiny

pytestmark = pytest.mark.filterwarnings("ignore")


def test_two_processes_do_what_one_does(tmp_path: Path) -> None:
    data = tiny.write(tiny.sample()[:16], tmp_path / "train.jsonl")
    flags = {"epochs": 2.0, "batch_size": 8, "micro_batch": 2, "learning_rate": 3e-3, "dropout_last": 0.0}
    alone = train(data, str(tiny.model()), tmp_path / "one", make_config("lima", None, flags))
    out = tmp_path / "two"
    settings = [word for key, value in flags.items() for word in ("--set", f"{key}={value}")]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2",
         "--num_machines", "1", "--main_process_port", "0", "--mixed_precision", "no", "--dynamo_backend", "no",
         "-m", "curate", "train", data, "--model", tiny.model(), "--out", out, "--json", *settings],
        cwd=ROOT, env={**os.environ, "PYTHONWARNINGS": "ignore", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    book = json.loads(done.stdout)  # one of the two prints
    assert "4 steps of 8 examples, 2 processes together" in done.stderr
    assert done.stderr.count("step 1 of 4") == 1
    assert "[transformers]" not in done.stderr
    assert list(book["losses"]) == ["1", "2", "3", "4"]
    for step, loss in alone["losses"].items():
        assert book["losses"][step] == pytest.approx(loss, rel=1e-4)
    best, broken = last_complete(out / "checkpoints")
    assert not broken
    assert best is not None
    assert {"rng_state_0.pth", "rng_state_1.pth"} <= set(json.loads((best / "complete.json").read_text())["files"])
