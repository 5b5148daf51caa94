"""The cost of the wrapper: `curate train` beside plain `SFTTrainer` with the same arguments; and a run from scratch.

    python -m benchmarks.train overhead          CPU: both in one process each, by turns
    python -m benchmarks.train scratch           GPU: a Llama of 100M parameters, 1,000 records, bf16, and a CPU curve

Results go to benchmarks/results/train.json.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results" / "train.json"
PROGRAM = [sys.executable, "-W", "ignore", "-m", "benchmarks.train"]
STEPS, BATCH, ROUNDS = 30, 16, 3


def words(count: int) -> list[dict[str, Any]]:
    """Records of the sample data, as often as needed."""
    from tests.train import tiny

    found = tiny.sample()
    return [found[i % len(found)] for i in range(count)]


def wrapped(data: str, model: str, out: str) -> None:
    from curate.train.config import make_config
    from curate.train.run import train

    flags = {"max_steps": STEPS, "batch_size": BATCH, "micro_batch": BATCH, "dropout_last": 0.0}
    train(Path(data), model, Path(out), make_config("lima", None, flags))


def plain(data: str, model: str, out: str) -> None:
    """The same training in TRL alone, with its own masks and checkpoints."""
    from datasets import load_dataset
    from trl import SFTConfig, SFTTrainer

    rows = load_dataset("json", data_files=data, split="train", cache_dir=f"{out}-cache")
    config = SFTConfig(
        output_dir=out, max_steps=STEPS, per_device_train_batch_size=BATCH, learning_rate=1e-5, bf16=False,
        use_cpu=True,
        lr_scheduler_type="polynomial", lr_scheduler_kwargs={"lr_end": 1e-6, "power": 1.0}, adam_beta2=0.95,
        weight_decay=0.1, max_length=2048, assistant_only_loss=True, activation_checkpointing=False, logging_steps=1,
        save_strategy="epoch", report_to=[], seed=42, data_seed=42, disable_tqdm=True, dataloader_pin_memory=False,
        model_init_kwargs={"dtype": "float32"},
    )  # fmt: skip
    trainer = SFTTrainer(model, config, train_dataset=rows)
    trainer.train()
    trainer.save_model(f"{out}/model")


def overhead() -> dict[str, Any]:
    """Seconds of wall clock and of CPU of each way, medians of processes that take turns."""
    from tests.train import tiny

    folder = Path(tempfile.mkdtemp(prefix="curate-train-"))
    data, model = tiny.write(words(240), folder / "train.jsonl"), str(tiny.model())
    taken: dict[str, list[tuple[float, float]]] = {"wrapped": [], "plain": []}
    for turn in range(ROUNDS):
        for way in taken if turn % 2 else reversed(taken):
            began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(
                [*PROGRAM, way, str(data), model, str(folder / f"{way}{turn}")],
                cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            taken[way].append((time.perf_counter() - began, cpu))
    told: dict[str, Any] = {"steps": STEPS, "batch": BATCH, "rounds": ROUNDS}
    for at, unit in enumerate(("wall_s", "cpu_s")):
        each = {way: statistics.median(run[at] for run in runs) for way, runs in taken.items()}
        told[unit] = {way: round(value, 2) for way, value in each.items()}
        told[unit]["ratio"] = round(each["wrapped"] / each["plain"], 3)
    return told


def scratch() -> dict[str, Any]:
    """100M parameters from scratch: tokens a second and peak memory in bf16, and the loss beside float32 on the CPU."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from curate.train.config import make_config
    from curate.train.run import train
    from tests.train import tiny

    folder = Path(tempfile.mkdtemp(prefix="curate-scratch-"))
    data = tiny.write(words(1000), folder / "train.jsonl")
    torch.manual_seed(1)
    shape = LlamaConfig(vocab_size=2000, hidden_size=768, intermediate_size=2304, num_hidden_layers=13,
                        num_attention_heads=12, max_position_embeddings=2048)  # fmt: skip
    big = folder / "model"
    network = LlamaForCausalLM(shape)
    network.save_pretrained(big)
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        (big / name).write_bytes((tiny.model() / name).read_bytes())
    told: dict[str, Any] = {"parameters": sum(p.numel() for p in network.parameters()), "device": "cpu"}
    flags = {"epochs": 3.0, "batch_size": 32, "micro_batch": 32, "dropout_last": 0.0, "learning_rate": 3e-4,
             "schedule": "constant"}  # fmt: skip
    if torch.cuda.is_available():
        told["device"] = torch.cuda.get_device_name()
        torch.cuda.reset_peak_memory_stats()
        began = time.perf_counter()
        book = train(data, str(big), folder / "bf16", make_config("lima", None, flags))
        seconds = time.perf_counter() - began
        told |= {
            "tokens_a_second": round(3 * book["checks"]["tokens"] / seconds),
            "peak_gib": round(torch.cuda.max_memory_allocated() / 2**30, 2),
            "losses": list(book["losses"].values()),
        }
    curve = subprocess.run(
        [*PROGRAM, "cpu_curve", str(data), str(big), str(folder / "cpu")],
        cwd=ROOT, check=True, capture_output=True, text=True, env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
    )  # fmt: skip
    told["losses_cpu_float32"] = json.loads(curve.stdout.splitlines()[-1])
    return told


def cpu_curve(data: str, model: str, out: str) -> None:
    """The first ten losses on the CPU."""
    from curate.train.config import make_config
    from curate.train.run import train

    flags = {"max_steps": 10, "batch_size": 32, "micro_batch": 32, "dropout_last": 0.0, "learning_rate": 3e-4,
             "schedule": "constant"}  # fmt: skip
    print(json.dumps(list(train(Path(data), model, Path(out), make_config("lima", None, flags))["losses"].values())))


def main() -> None:
    what = sys.argv[1] if len(sys.argv) > 1 else "overhead"
    if what in {"wrapped", "plain", "cpu_curve"}:
        {"wrapped": wrapped, "plain": plain, "cpu_curve": cpu_curve}[what](*sys.argv[2:5])
        return
    told = {"overhead": overhead, "scratch": scratch}[what]()
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    RESULTS.write_text(json.dumps(results | {what: told}, indent=2) + "\n")
    print(json.dumps(told, indent=2))


if __name__ == "__main__":
    main()
