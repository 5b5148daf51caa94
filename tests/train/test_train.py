"""Whole runs on the tiny model: losses against a loop without batches, schedules, adapters, pairs, bad input."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("trl", reason="needs the extra `train`")

from curate.errors import ConfigError, CurateError, InputError, UsageError
from curate.train.config import PRESETS, TrainConfig, make_config
from curate.train.run import train
from tests.train import tiny

pytestmark = pytest.mark.filterwarnings("ignore")

STILL: dict[str, Any] = {"max_steps": 1, "batch_size": 24, "dropout_last": 0.0}


def config(**flags: Any) -> TrainConfig:
    return make_config("lima", None, flags)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write(tiny.sample()[:24], tmp_path_factory.mktemp("data") / "train.jsonl")


@pytest.fixture(scope="module")
def expected(data: Path) -> float:
    """Cross-entropy of every assistant turn with its end, computed text by text, without padding or template code."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny.model())
    model = AutoModelForCausalLM.from_pretrained(tiny.model(), dtype=torch.float32).eval()
    total, count = 0.0, 0
    for line in data.read_text("utf-8").splitlines():
        ids: list[int] = []
        learnt: list[int] = []
        for turn in json.loads(line)["messages"]:
            head = tokenizer(f"<|im_start|>{turn['role']}\n")["input_ids"]
            body = tokenizer(f"{turn['content']}<|im_end|>")["input_ids"]
            if turn["role"] == "assistant":
                learnt += range(len(ids) + len(head), len(ids) + len(head) + len(body))
            ids += head + body + tokenizer("\n")["input_ids"]
        with torch.no_grad():
            logs = torch.log_softmax(model(torch.tensor([ids])).logits[0].double(), -1)
        total -= sum(float(logs[i - 1, ids[i]]) for i in learnt)
        count += len(learnt)
    return total / count


@pytest.mark.parametrize(
    "flags",
    [{"micro_batch": 24}, {"micro_batch": 1}, {"micro_batch": 6, "checkpointing": True}],
    ids=["one_batch", "accumulated", "checkpointing"],
)
def test_first_loss_is_that_of_the_tokens(data: Path, expected: float, tmp_path: Path, flags: dict[str, Any]) -> None:
    book = train(data, str(tiny.model()), tmp_path / "run", config(**STILL, **flags))
    assert book["losses"]["1"] == pytest.approx(expected, rel=1e-6)


def test_packing_changes_no_loss(data: Path, expected: float, tmp_path: Path) -> None:
    """All rows packed in one step: neighbours see nothing of each other."""
    flags = STILL | {"packing": True, "max_length": 512, "batch_size": 64}
    book = train(data, str(tiny.model()), tmp_path / "run", config(**flags))
    assert book["losses"]["1"] == pytest.approx(expected, rel=1e-6)


def test_training_learns_and_held_out_loss_is_told(data: Path, tmp_path: Path) -> None:
    from curate.train.chat import Chat
    from curate.train.evaluation import response_loss
    from curate.train.model import load_model, load_tokenizer
    from curate.train.run import held_out_rows

    other = tiny.write(tiny.sample()[24:34], tmp_path / "test.jsonl")
    settings = config(epochs=2.0, batch_size=8, micro_batch=8, learning_rate=3e-3)
    out = tmp_path / "run"
    said: list[str] = []
    book = train(data, str(tiny.model()), out, settings, evaluate=other, say=said.append)
    losses = [book["losses"][str(step)] for step in range(1, 7)]
    assert losses[-1] < losses[0] - 0.3
    chat = Chat(load_tokenizer(str(tiny.model())), "model")
    rows = held_out_rows(other, chat, settings.max_length)
    told = json.loads((out / "held_out.json").read_text())
    assert list(told) == ["3", "6"]
    assert told["6"] == pytest.approx(response_loss(load_model(str(out / "model")), rows).facts(), rel=1e-6)
    assert train(data, str(tiny.model()), out, settings, say=said.append)["weights"] == book["weights"]
    assert said[-1].endswith(str(out / "model"))
    with pytest.raises(UsageError, match="begun with other data"):
        train(other, str(tiny.model()), out, settings)


def test_lima_schedule_and_optimizer(data: Path, tmp_path: Path) -> None:
    """1e-5 to 1e-6 in a straight line without warm-up; AdamW with LIMA's constants."""
    import torch

    said: list[str] = []
    out = tmp_path / "run"
    train(data, str(tiny.model()), out, config(epochs=3.0, batch_size=12, micro_batch=12), say=said.append)
    state = json.loads((out / "checkpoints" / "checkpoint-6" / "trainer_state.json").read_text())
    rates = [log["learning_rate"] for log in state["log_history"] if "loss" in log]
    assert rates == pytest.approx([1e-5 - 9e-6 * step / 6 for step in range(6)])
    group = torch.load(out / "checkpoints" / "checkpoint-6" / "optimizer.pt", weights_only=True)["param_groups"][0]
    assert (tuple(group["betas"]), group["weight_decay"]) == ((0.9, 0.95), 0.1)
    assert sorted(p.name for p in (out / "checkpoints").glob("checkpoint-*")) == [f"checkpoint-{n}" for n in (2, 4, 6)]


def test_dropout_rises_by_layer_and_rests_outside_of_training() -> None:
    import torch

    from curate.train.model import load_model, residual_dropout

    model = load_model(str(tiny.model()))
    ids = torch.arange(40)[None]
    before = model.eval()(ids).logits
    assert residual_dropout(model, 0.1, 0.3) == [0.1, 0.3]
    assert torch.equal(model.eval()(ids).logits, before)
    shares = []
    for layer in model.train().model.layers:
        for half in (layer.self_attn, layer.mlp):
            caught: list[Any] = []
            handle = half.register_forward_hook(
                lambda m, i, o, caught=caught: caught.append(o[0] if isinstance(o, tuple) else o)
            )
            model(torch.randint(0, 2000, (8, 64)))
            handle.remove()
            shares.append(float((caught[0] == 0).float().mean()))
    assert shares == pytest.approx([0.1, 0.1, 0.3, 0.3], abs=0.02)


def test_new_tokens_under_lora_are_learnt(data: Path, tmp_path: Path) -> None:
    """A model without template gets ChatML's tokens; their vectors are trained beside the adapters."""
    import torch

    from curate.train.model import load_model

    base = str(tiny.model(None))
    flags = {"template": "chatml", "lora": {"rank": 4}, "batch_size": 12, "micro_batch": 12, "learning_rate": 1e-2}
    train(data, base, tmp_path / "run", config(epochs=2.0, dropout_last=0.0, **flags))
    tuned, untuned = load_model(str(tmp_path / "run" / "model")), load_model(base)
    assert tuned.get_input_embeddings().num_embeddings == 2002
    assert torch.equal(tuned.get_input_embeddings().weight, tuned.get_output_embeddings().weight)
    assert tuned.generation_config.eos_token_id in (2001, [2001])
    assert not torch.equal(tuned.model.layers[0].mlp.up_proj.weight, untuned.model.layers[0].mlp.up_proj.weight)
    assert torch.equal(tuned.model.norm.weight, untuned.model.norm.weight)


def pair(record: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    return {"prompt": record["messages"][:-1], "chosen": record["messages"][-1:], "rejected": other["messages"][-1:]}


@pytest.mark.parametrize("method", ["dpo", "orpo"])
def test_preference_steps_prefer(method: str, tmp_path: Path) -> None:
    """After a few steps the chosen answers have gained on the rejected ones, beside the model as it was."""
    import torch

    from curate.train.chat import Chat
    from curate.train.evaluation import response_loss
    from curate.train.model import load_model, load_tokenizer

    records = tiny.sample()[:16]
    made = [pair(a, b) for a, b in zip(records[:8], records[8:], strict=True)]
    path = tiny.write(made, tmp_path / "train.jsonl")
    flags = {"epochs": 3.0, "batch_size": 4, "micro_batch": 4, "learning_rate": 3e-3}
    train(path, str(tiny.model()), tmp_path / "run", make_config(method, None, flags))
    chat = Chat(load_tokenizer(str(tiny.model())), "model")

    def margin(spec: Path) -> float:
        model = load_model(str(spec))
        sides = [
            response_loss(model, [chat.encode(p["prompt"] + p[key]) for p in made]) for key in ("chosen", "rejected")
        ]
        return sides[1].by_record - sides[0].by_record

    assert margin(tmp_path / "run" / "model") > margin(tiny.model()) + 0.01
    assert torch.isfinite(load_model(str(tmp_path / "run" / "model")).get_input_embeddings().weight).all()


ASK, SAY = {"role": "user", "content": "Why?"}, {"role": "assistant", "content": "So."}
OTHER = {"role": "assistant", "content": "No."}
BAD: dict[str, tuple[list[Any], dict[str, Any], str]] = {
    "no_answer": ([{"messages": [ASK]}], {}, r"train\.jsonl:1: no assistant turn"),
    "empty_answer": ([{"messages": [ASK, {"role": "assistant", "content": " "}]}], {}, "no assistant turn with text"),
    "empty_set": ([], {}, "nothing to train on"),
    "no_messages": ([{"text": "a"}], {}, "must be a list of messages"),
    "role": ([{"messages": [ASK, {"role": "bot", "content": "a"}]}], {}, "role must be one of"),
    "pair": ([{"prompt": [ASK], "chosen": [SAY], "rejected": [SAY]}], {}, "preference record"),
    "no_pair": ([{"messages": [ASK, SAY]}], {"method": "dpo", "dropout_last": 0.0}, "no `chosen` and `rejected`"),
    "same": (
        [{"prompt": [ASK], "chosen": [SAY], "rejected": [SAY]}],
        {"method": "dpo", "dropout_last": 0.0},
        "nothing to prefer",
    ),
    "too_long": ([{"messages": [ASK, SAY]}], {"max_length": 4}, "longer than max_length 4"),
    "target": (
        [{"messages": [ASK, SAY]}],
        {"lora": {"targets": ["query"]}},
        "no linear module `query`; it has .*q_proj",
    ),
    "one_target": (
        [{"messages": [ASK, SAY]}],
        {"lora": {"targets": ["q_proj", "querry"]}},
        "no linear module `querry`",
    ),
    "pair_target": (
        [{"prompt": [ASK], "chosen": [SAY], "rejected": [OTHER]}],
        {"method": "orpo", "dropout_last": 0.0, "lora": {"targets": ["query"]}},
        "no linear module `query`",
    ),
    "prompt_too_long": (
        [{"messages": [ASK, SAY]}, {"messages": [{"role": "user", "content": "Why? " * 50}, SAY]}],
        {"max_length": 32},
        r"1 examples are longer than max_length 32: line 2 \(\d+ tokens\)",
    ),
    "nothing_left": (
        [{"messages": [{"role": "user", "content": "Why? " * 50}, SAY]}],
        {"max_length": 32, "too_long": "truncate"},
        "no example has a learnt token within max_length 32",
    ),
    "pair_prompt_too_long": (
        [{"prompt": [{"role": "user", "content": "Why? " * 50}], "chosen": [SAY], "rejected": [OTHER]}],
        {"method": "dpo", "dropout_last": 0.0, "max_length": 32},
        r"1 examples are longer than max_length 32: line 1",
    ),
    "no_assistant_pair": (
        [{"prompt": [ASK], "chosen": [ASK], "rejected": [OTHER]}],
        {"method": "dpo", "dropout_last": 0.0},
        r"train\.jsonl:1: not a pair: `chosen` begins with the prompt",
    ),
    "empty_pair": (
        [{"prompt": "Why?", "chosen": " ", "rejected": "No."}],
        {"method": "dpo", "dropout_last": 0.0},
        r"train\.jsonl:1: chosen must be one assistant turn with text",
    ),
    "long_pair": (
        [{"chosen": [ASK, SAY, ASK, SAY], "rejected": [ASK, OTHER]}],
        {"method": "orpo", "dropout_last": 0.0},
        r"train\.jsonl:1: chosen has 3 turns after what both begin with",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_clear_message(name: str, tmp_path: Path) -> None:
    records, flags, message = BAD[name]
    path = tiny.write(records, tmp_path / "train.jsonl")
    said: list[str] = []
    with pytest.raises(CurateError, match=message):
        train(path, str(tiny.model()), tmp_path / "run", config(**flags), say=said.append)
    assert sorted(tmp_path.iterdir()) == [path]
    assert not said


def test_a_wrong_model_is_one_clear_message(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    with pytest.raises(ConfigError, match="no such folder"):
        train(data, str(tmp_path / "nothing"), out, config())
    (tmp_path / "not.jsonl").write_text('{"messages": [\n')
    with pytest.raises(InputError, match=r"not\.jsonl:1: not a record"):
        train(tmp_path / "not.jsonl", str(tiny.model()), out, config())
    half = tmp_path / "half"  # a tokenizer without weights, as after a download that broke off
    half.mkdir()
    for path in tiny.model().iterdir():
        if path.suffix != ".safetensors":
            (half / path.name).write_bytes(path.read_bytes())
    with pytest.raises(ConfigError, match=r"no \*\.safetensors in"):
        train(data, str(half), out, config())
    weights = (tiny.model() / "model.safetensors").read_bytes()
    (half / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    with pytest.raises(ConfigError, match="cannot be loaded as a causal model"):
        train(data, str(half), out, config())
    with pytest.raises(InputError, match="No such file"):
        train(data, str(tiny.model()), out, config(), evaluate=tmp_path / "none.jsonl")
    with pytest.raises(InputError, match="no such file"):
        train(tmp_path / "none.jsonl", str(tiny.model()), out, config())
    assert not out.exists()


def test_what_is_told_of_pairs_and_packed_rows(data: Path, tmp_path: Path) -> None:
    """Tokens by the template's own rendering; a second model of DPO's; at least as many rows as tokens need."""
    import math

    from transformers import AutoTokenizer

    from curate.train.model import load_model, memory
    from curate.train.run import prepare

    records = tiny.sample()[:6]
    path = tiny.write([pair(a, b) for a, b in zip(records[:3], records[3:], strict=True)], tmp_path / "pairs.jsonl")
    settings = make_config("dpo", None, {"batch_size": 3})
    facts = prepare(path, str(tiny.model()), settings).facts
    tokenizer = AutoTokenizer.from_pretrained(tiny.model())
    sides = [
        (a["messages"], a["messages"][:-1] + b["messages"][-1:]) for a, b in zip(records[:3], records[3:], strict=True)
    ]
    lengths = [len(tokenizer.apply_chat_template(m, return_dict=True)["input_ids"]) for both in sides for m in both]
    assert (facts["examples"], facts["tokens"], facts["longest"]) == (3, sum(lengths), max(lengths))
    model = load_model(str(tiny.model()))
    size = 4 * sum(p.numel() for p in model.parameters())
    needs = [memory(model, make_config(name, None, {}), 100).weights for name in ("lima", "orpo", "dpo")]
    assert needs == [size, size, 2 * size]
    said: list[str] = []
    flags = {"packing": True, "max_length": 512, "batch_size": 2, "epochs": 1.0, "dropout_last": 0.0}
    book = train(data, str(tiny.model()), tmp_path / "run", config(**flags), say=said.append)
    least = math.ceil(math.ceil(book["checks"]["tokens"] / 512) / 2)
    assert f"at least {least} steps of 2 packed rows" in said
    assert book["steps"] >= least


def test_tensorboard_that_is_not_there_is_one_clear_message(data: Path, tmp_path: Path) -> None:
    if importlib.util.find_spec("tensorboard") or importlib.util.find_spec("tensorboardX"):
        pytest.skip("tensorboard is installed")
    with pytest.raises(ConfigError, match="pip install tensorboard"):
        train(data, str(tiny.model()), tmp_path / "run", config(tensorboard=True))
    assert not (tmp_path / "run").exists()


def test_settings_come_from_preset_file_and_flags(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("epochs: 4\nlora: {rank: 8}\n")
    made = make_config("deita", file, {"batch_size": 64})
    assert (made.epochs, made.learning_rate, made.schedule, made.batch_size) == (4, 2e-5, "cosine", 64)
    assert made.lora is not None
    assert made.lora.rank == 8
    for name in PRESETS:
        assert make_config(name, None, {})
    for flags, message in (({"epoch": 3}, "epoch: Extra inputs"), ({"packing": "yes"}, "packing"),
                           ({"micro_batch": 3}, "no multiple of micro_batch"),
                           ({"method": "dpo"}, "residual dropout is for method sft alone")):  # fmt: skip
        with pytest.raises(ConfigError, match=message):
            make_config("lima", None, flags)
    with pytest.raises(ConfigError, match="no preset named `limo`"):
        make_config("limo", None, {})
