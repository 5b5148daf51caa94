"""From the command line: train, then measure and let answer; the numbers by a loop of their own."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

pytest.importorskip("trl", reason="needs the extra `train`")

from curate.cli import cli
from curate.errors import ConfigError, InputError, OutputError
from tests.train import tiny

pytestmark = pytest.mark.filterwarnings("ignore")


def curate(*words: object) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    data = tiny.write(tiny.sample()[:24], folder / "train.jsonl")
    (folder / "settings.yaml").write_text("learning_rate: 0.003\nlearning_rate_end: 0.0001\n")
    done = curate("train", data, "--model", tiny.model(), "--out", folder / "lima", "--epochs", 3, "--batch-size", 8,
                  "--config", folder / "settings.yaml", "--set", "micro_batch=8", "--set", "dropout_last=0.1",
                  "--json")  # fmt: skip
    assert done.exit_code == 0, done.output
    book = json.loads(done.stdout)
    assert (book["state"], book["steps"]) == ("done", 9)
    assert book["config"]["dropout_last"] == 0.1
    assert "24 examples fit" in done.stderr
    return folder / "lima"


def test_eval_tells_base_and_tuned(run: Path, tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    records = tiny.sample()[24:32]
    data = tiny.write(records, tmp_path / "test.jsonl")
    done = curate("eval", run, "--data", data, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)["files"][str(data)]
    tokenizer = AutoTokenizer.from_pretrained(run / "model")
    for name, folder in (("base", tiny.model()), ("tuned", run / "model")):
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        sums, counts = [], []
        for record in records:
            out = tokenizer.apply_chat_template(record["messages"], return_dict=True, return_assistant_tokens_mask=True)
            ids = torch.tensor([out["input_ids"]])
            with torch.no_grad():
                logs = model(ids).logits[0].double().log_softmax(-1)
            places = [i for i, on in enumerate(out["assistant_masks"]) if on]
            sums.append(-sum(float(logs[i - 1, ids[0, i]]) for i in places))
            counts.append(len(places))
        loss = sum(sums) / sum(counts)
        assert told[name]["tokens"] == sum(counts)
        assert told[name]["loss"] == pytest.approx(loss, rel=1e-5)
        assert told[name]["perplexity"] == pytest.approx(math.exp(loss), rel=1e-4)
        each = sum(s / n for s, n in zip(sums, counts, strict=True)) / len(records)
        assert told[name]["loss_by_record"] == pytest.approx(each, rel=1e-5)
    assert told["tuned"]["loss"] < told["base"]["loss"]


def test_generate_writes_what_the_likeliest_tokens_are(run: Path, tmp_path: Path) -> None:
    import torch

    from curate.train.chat import Chat
    from curate.train.model import load_model, load_tokenizer

    prompts = [{"instruction": "Name a fruit.", "input": "red"}, {"prompt": "Why?"}, tiny.sample()[0]]
    file = tiny.write(prompts, tmp_path / "prompts.jsonl")
    out = tmp_path / "answers.json"
    done = curate("generate", run, "--prompts", file, "-o", out, "--max-new-tokens", 6, "--name", "tiny")
    assert done.exit_code == 0, done.output
    made = json.loads(out.read_text("utf-8"))
    assert [sorted(record) for record in made] == [["generator", "instruction", "output"]] * 3
    assert [record["instruction"] for record in made[:2]] == ["Name a fruit.\n\nred", "Why?"]
    chat = Chat(load_tokenizer(str(run / "model")), "model")
    model = load_model(str(run / "model")).eval()
    ids = chat.prompt([{"role": "user", "content": "Why?"}])
    start = len(ids)
    while len(ids) < start + 6:
        with torch.no_grad():
            ids.append(int(model(torch.tensor([ids])).logits[0, -1].argmax()))
        if ids[-1] in chat.stops:
            break
    assert made[1]["output"] == chat.tokenizer.decode(ids[start:], skip_special_tokens=True).strip()
    again = tmp_path / "again.json"
    assert (
        curate("generate", run, "--prompts", file, "-o", again, "--max-new-tokens", 6, "--name", "tiny").exit_code == 0
    )
    assert again.read_bytes() == out.read_bytes()


def test_dry_run_writes_nothing(tmp_path: Path) -> None:
    data = tiny.write(tiny.sample()[:5], tmp_path / "train.jsonl")
    done = curate("train", tmp_path, "-m", tiny.model(), "-o", tmp_path / "run", "--dry-run", "--lora")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["checks"]["examples"] == 5
    assert told["config"]["lora"]["rank"] == 16
    assert not (tmp_path / "run").exists()
    assert data.exists()


def test_clear_messages(run: Path, tmp_path: Path) -> None:
    file = tiny.write([{"note": "no question"}], tmp_path / "prompts.jsonl")
    good = tiny.write([{"prompt": "Why?"}], tmp_path / "good.jsonl")
    pairs = tiny.write([{"prompt": "Why?", "chosen": "So.", "rejected": "No."}], tmp_path / "pairs.jsonl")
    array = tiny.write([{"prompt": "Why?"}] * 2, tmp_path / "array.json")
    for words, kind, message in (
        (("eval", tmp_path, "--data", file), InputError, "no run of `curate train`"),
        (("generate", run, "--prompts", file, "-o", tmp_path / "x.json"), InputError, "record 1: asks nothing"),
        (("train", file, "-m", tiny.model(), "-o", tmp_path / "r", "--set", "epoch=2"), ConfigError, "epoch: Extra"),
        (("eval", tmp_path / "none", "--data", file), InputError, "none: no such folder"),
        (("eval", run, "--data", pairs), InputError, r"pairs.jsonl:1: a preference record, where a conversation"),
        (("generate", run, "--prompts", array, "-o", tmp_path / "x.json"), InputError, "no JSON array of prompts"),
        (("generate", run, "--prompts", good, "-o", tmp_path), OutputError, "is a folder; give a file"),
        (("generate", run, "--prompts", good, "-o", tmp_path / "no" / "x.json"), OutputError, "its folder does not"),
    ):
        done = curate(*words)
        assert isinstance(done.exception, kind), done.output
        assert message in str(done.exception)
