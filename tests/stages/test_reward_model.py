"""`reward_model` against transformers called by hand."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from curate.errors import ConfigError
from curate.stages.annotate.reward_model import RewardModel
from tests.helpers import TEXTS, frame, run_stage
from tests.local_models import reward

pytest.importorskip("torch", reason="needs torch")
pytest.importorskip("transformers", reason="needs transformers")

TEMPLATE = "{% for m in messages %}<s>{{ m['role'] }}: {{ m['content'] }}</s>{% endfor %}"


def by_hand(folder: Any, ids: list[int]) -> Any:
    import torch
    from transformers import AutoModelForSequenceClassification

    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    with torch.inference_mode():
        return model(input_ids=torch.tensor([ids])).logits[0]


def test_the_logit_of_a_pair() -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(reward())
    out = run_stage(RewardModel(model=str(reward()), form="pair"), frame(TEXTS))
    assert len(set(out["reward"])) == len(TEXTS)
    for (question, answer), score in list(zip(TEXTS, out["reward"], strict=True))[:5]:
        expected = by_hand(reward(), tokenizer(question, answer)["input_ids"])
        assert score == pytest.approx(float(expected[0]), rel=1e-5)


def test_the_probability_of_a_label_by_the_chat_template() -> None:
    import torch
    from transformers import AutoTokenizer

    folder = reward(3, TEMPLATE)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    question, answer = TEXTS[0]
    out = run_stage(RewardModel(model=str(folder), label="LABEL_2"), frame([TEXTS[0]]))
    text = f"<s>user: {question}</s><s>assistant: {answer}</s>"
    expected = torch.softmax(by_hand(folder, tokenizer(text, add_special_tokens=False)["input_ids"]), dim=0)[2]
    assert out["reward"][0] == pytest.approx(float(expected), rel=1e-5)


def test_nothing_is_cut() -> None:
    out = run_stage(
        RewardModel(model=str(reward()), form="pair", max_tokens=40), frame([("Hi?", "Hi."), ("x " * 99, "y")])
    )
    assert out["reward"].is_null().to_list() == [False, True]


def test_a_template_that_refuses_a_conversation_leaves_it_unknown() -> None:
    strict = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}" + TEMPLATE
    rows = frame([TEXTS[0], TEXTS[1]])
    system = [{"role": "system", "content": "Be brief."}, *rows["messages"][0].to_list()]
    rows = rows.with_columns(
        pl.Series("messages", [system, rows["messages"][1].to_list()], dtype=rows.schema["messages"])
    )
    out = run_stage(RewardModel(model=str(reward(1, strict))), rows)
    assert out["reward"].is_null().to_list() == [True, False]


def test_what_the_model_does_not_have_is_named() -> None:
    rows = frame(TEXTS[:1])
    with pytest.raises(ConfigError, match="has the outputs LABEL_0, LABEL_1, LABEL_2"):
        run_stage(RewardModel(model=str(reward(3, TEMPLATE))), rows)
    with pytest.raises(ConfigError, match="no output good"):
        run_stage(RewardModel(model=str(reward(3, TEMPLATE)), label="good"), rows)
    with pytest.raises(ConfigError, match="no chat template; use `form: pair`"):
        run_stage(RewardModel(model=str(reward())), rows)
