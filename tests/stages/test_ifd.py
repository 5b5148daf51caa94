"""`ifd` against the loss that transformers itself gives for labels, one text at a time."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from curate.errors import ConfigError
from curate.language_models import model_folder
from curate.pipeline import Pipeline
from curate.stages.annotate.ifd import Ifd
from curate.stages.filter.ifd_filter import IfdFilter
from tests.helpers import TEXTS, frame, run_stage
from tests.local_models import causal

pytest.importorskip("torch", reason="needs torch")
pytest.importorskip("transformers", reason="needs transformers")


@pytest.fixture(scope="module")
def oracle() -> Any:
    """(context, answer) -> the mean loss of the answer's tokens, by labels of -100 for all others."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(causal())
    model = AutoModelForCausalLM.from_pretrained(causal()).eval()

    def loss(context: str, answer: str) -> tuple[float, int]:
        before = [tokenizer.bos_token_id, *tokenizer(context, add_special_tokens=False)["input_ids"]]
        after = tokenizer(answer, add_special_tokens=False)["input_ids"]
        ids = torch.tensor([before + after])
        labels = torch.tensor([[-100] * len(before) + after])
        with torch.inference_mode():
            return float(model(input_ids=ids, labels=labels).loss), len(after)

    return loss


@pytest.mark.parametrize("ratio", ["loss", "perplexity"])
def test_ratios_are_those_of_the_model_s_own_losses(oracle: Any, ratio: Any) -> None:
    out = run_stage(Ifd(model=str(causal()), ratio=ratio), frame(TEXTS))
    for (question, answer), got, loss in zip(TEXTS, out["ifd"], out["ifd_loss"], strict=True):
        given, _ = oracle(question + "\n", answer)
        alone, _ = oracle("", answer)
        expected = given / alone if ratio == "loss" else math.exp(given) / math.exp(alone)
        assert got == pytest.approx(expected, rel=1e-4)
        assert loss == pytest.approx(given, rel=1e-4)


def conversation(*texts: str) -> pl.DataFrame:
    roles = ["user", "assistant"]
    messages = [{"role": roles[i % 2], "content": text} for i, text in enumerate(texts)]
    return frame([("q", "a")]).with_columns(pl.Series("messages", [messages]))


def test_each_turn_is_read_after_all_before_it(oracle: Any) -> None:
    turns = ("Name a river.", "The Nile.", "And a longer one, please?", "None is longer than the Nile, or so they say.")
    out = run_stage(Ifd(model=str(causal())), conversation(*turns))
    parts = []
    for at in (1, 3):
        given, n = oracle("".join(t + "\n" for t in turns[:at]), turns[at])
        alone, _ = oracle("", turns[at])
        parts.append((given, alone, n))
    assert out["ifd_turns"][0].to_list() == pytest.approx([g / a for g, a, _ in parts], rel=1e-4)
    whole = sum(g * n for g, _, n in parts) / sum(a * n for _, a, n in parts)
    assert out["ifd"][0] == pytest.approx(whole, rel=1e-4)


def test_what_cannot_be_scored_is_null_and_kept_and_counted(tmp_path: Path) -> None:
    rows = [("Say nothing.", ""), ("word " * 900, "Too late."), ("Short?", "Yes, short.")]
    out = run_stage(Ifd(model=str(causal()), max_tokens=256), frame(rows))
    assert out["ifd"].is_null().to_list() == [True, True, False]
    assert out["ifd_turns"].to_list()[:2] == [[None], [None]]
    import json

    dump = tmp_path / "in" / "d.jsonl"
    dump.parent.mkdir()
    dump.write_text("".join(json.dumps({"instruction": q, "output": a}) + "\n" for q, a in rows))
    stages = [Ifd(model=str(causal()), max_tokens=256), IfdFilter(below=100.0)]
    result = Pipeline(stages).run(dump, tmp_path / "out")
    assert [step["unknown"] for step in result.manifest["steps"]] == [2, 2]
    assert result.manifest["counts"]["kept"] == 3


def test_a_long_answer_is_cut_alike_with_and_without_the_instruction(oracle: Any) -> None:
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(causal())
    question, answer = TEXTS[11]
    before = len(tokenizer(question + "\n", add_special_tokens=False)["input_ids"]) + 1
    cut = tokenizer.decode(tokenizer(answer, add_special_tokens=False)["input_ids"][:20])
    assert len(tokenizer(cut, add_special_tokens=False)["input_ids"]) == 20
    out = run_stage(Ifd(model=str(causal()), max_tokens=before + 20), frame([TEXTS[11]]))
    assert out["ifd"][0] == pytest.approx(oracle(question + "\n", cut)[0] / oracle("", cut)[0], rel=1e-4)


def test_marks_of_the_tokenizer_in_a_record_are_text() -> None:
    """An end-of-text mark in the instruction must not end it."""
    from curate.language_models import causal_model

    model = causal_model(str(causal()), "cpu", "float32")
    assert len(model._tokens("</s>")) > 1


def test_the_filter_drops_from_the_bound_on() -> None:
    rows = frame([("q", str(i)) for i in range(5)], ifd=[0.3, 0.99999, 1.0, 1.4, None])
    out = run_stage(IfdFilter(), rows)
    assert out["keep"].to_list() == [True, True, False, False, True]
    assert out["unknown"].to_list() == [False] * 4 + [True]
    assert out["value"].to_list()[2:4] == ["1.0", "1.4"]


def test_models_that_cannot_be_had_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="no such folder"):
        model_folder(str(tmp_path / "nothing"))
    (tmp_path / "pickled").mkdir()
    (tmp_path / "pickled" / "pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(ConfigError, match=r"no \*\.safetensors"):
        model_folder(str(tmp_path / "pickled"))
    before = Ifd(model=str(causal())).content_key()
    assert str(before["model_files"]).startswith(causal().name)
