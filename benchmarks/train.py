"""The cost of the wrapper: `curate train` beside plain `SFTTrainer` with the same arguments; and a run from scratch.

    python -m benchmarks.train overhead          CPU: each as a process of its own, by turns
    python -m benchmarks.train scratch           GPU: a Llama of 100M parameters, 1,000 records, three epochs in bf16
    python -m benchmarks.train scratch --tiny    a dry run of it in seconds on the CPU, 64 records; writes no result

`scratch` trains in bf16 on the GPU (with `--tiny` on the CPU where there is none), then ten steps in float32 on the
CPU, from the same weights, with the same records in the same order. It prints JSON with

- `parameters`, `records`
- `bfloat16` and `float32`: each with `device`, `steps`, `tokens_a_second` (tokens of the examples, no padding; by the
  median step), `peak_gib` (allocated on the GPU; on the CPU the memory of the process), and `losses`, one a step
- `compared_steps`, `largest_relative_difference` of the losses of these steps, `bound`, and `within_bf16_error`

The bound is 2^-8, the largest relative error of one rounding to bfloat16 (8 significant bits). Later steps are not
compared, for what differs by rounding grows with each update.

Results go to benchmarks/results/train.json.
"""

from __future__ import annotations

import itertools
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
#: Three epochs of 1,000 records in batches of 32; and what is small enough for a dry run.
LARGE = {"records": 1000, "steps": 96, "layers": 13, "width": 768}
TINY = {"records": 64, "steps": 12, "layers": 2, "width": 64}
#: Steps whose losses are compared, and by how much they may differ.
COMPARED, BF16 = 10, 2**-8


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


def scratch(*, tiny_size: bool = False) -> dict[str, Any]:
    """A Llama from scratch in bf16, and the same ten steps in float32 on the CPU, each in a process of its own."""
    from tests.train import tiny

    folder = Path(tempfile.mkdtemp(prefix="curate-scratch-"))
    shape = TINY if tiny_size else LARGE
    data = tiny.write(words(shape["records"]), folder / "train.jsonl")
    parameters = fresh(folder / "model", shape["layers"], shape["width"])
    told: dict[str, Any] = {"parameters": parameters, "records": shape["records"]}
    for way, hidden in (("bfloat16", {}), ("float32", {"CUDA_VISIBLE_DEVICES": ""})):
        steps = shape["steps"] if way == "bfloat16" else COMPARED
        done = subprocess.run(
            [*PROGRAM, "measured", str(data), str(folder / "model"), str(folder / way), way, str(steps)],
            cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, **hidden},
        )  # fmt: skip
        told[way] = json.loads(done.stdout.splitlines()[-1])
    pairs = zip(told["bfloat16"]["losses"], told["float32"]["losses"], strict=False)
    worst = max(abs(one - other) / other for one, other in pairs)
    return told | {"compared_steps": COMPARED, "largest_relative_difference": round(worst, 6), "bound": BF16,
                   "within_bf16_error": worst <= BF16}  # fmt: skip


def fresh(folder: Path, layers: int, width: int) -> int:
    """Save a Llama with new weights and the tiny model's tokenizer; returns its number of parameters."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from tests.train import tiny

    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=2000, hidden_size=width, intermediate_size=3 * width, num_hidden_layers=layers,
        num_attention_heads=width // 64, max_position_embeddings=2048,
    )  # fmt: skip
    network = LlamaForCausalLM(config)
    network.save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        (folder / name).write_bytes((tiny.model() / name).read_bytes())
    return sum(p.numel() for p in network.parameters())


def measured(data: str, model: str, out: str, precision: str, steps: str) -> None:
    """Train so many steps, and print what was measured as one line of JSON."""
    import torch

    from curate.train.config import make_config
    from curate.train.run import train

    flags = {"max_steps": int(steps), "batch_size": 32, "micro_batch": 32, "dropout_last": 0.0, "learning_rate": 3e-4,
             "schedule": "constant", "precision": precision}  # fmt: skip
    moments: list[float] = []

    def say(line: str) -> None:
        print(line, file=sys.stderr)
        if line.startswith("step "):
            moments.append(time.perf_counter())

    book = train(Path(data), model, Path(out), make_config("lima", None, flags), say=say)
    # The median step, so that neither the first one nor those with a checkpoint behind them count.
    second = statistics.median(b - a for a, b in itertools.pairwise(moments))
    gpu = torch.cuda.is_available()
    peak = torch.cuda.max_memory_allocated() if gpu else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    tokens = 32 * book["checks"]["tokens"] / book["checks"]["examples"]
    print(json.dumps({
        "device": torch.cuda.get_device_name() if gpu else "CPU",
        "steps": book["steps"],
        "tokens_a_second": round(tokens / second),
        "peak_gib": round(peak / 2**30, 3),
        "losses": [round(loss, 5) for loss in book["losses"].values()],
    }))  # fmt: skip


def main() -> None:
    what = sys.argv[1] if len(sys.argv) > 1 else "overhead"
    inner = {"wrapped": wrapped, "plain": plain, "measured": measured}
    if what in inner:
        inner[what](*sys.argv[2:])
        return
    if sys.argv[2:] == ["--tiny"]:
        print(json.dumps(scratch(tiny_size=True), indent=2))
        return
    if what not in {"overhead", "scratch"}:
        sys.exit(__doc__)
    if what == "scratch":
        import torch

        if not torch.cuda.is_available():
            sys.exit("scratch needs a GPU; `python -m benchmarks.train scratch --tiny` is the dry run without one")
    told = {"overhead": overhead, "scratch": scratch}[what]()
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    RESULTS.write_text(json.dumps(results | {what: told}, indent=2) + "\n")
    print(json.dumps(told, indent=2))


if __name__ == "__main__":
    main()
