"""What is learnt, against a scan of the tokens that knows nothing of templates."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("trl", reason="needs the extra `train`")

from curate.errors import ConfigError, InputError
from curate.train.chat import Chat
from curate.train.checks import check_conversations
from curate.train.records import Conversation, conversations, read_records
from tests.train import tiny

pytestmark = pytest.mark.filterwarnings("ignore")


def chat(template: str | None = "chatml", choice: str = "model") -> Chat:
    from transformers import AutoTokenizer

    return Chat(AutoTokenizer.from_pretrained(tiny.model(template)), choice)


def scan(ids: list[int], tokenizer: object) -> list[bool]:
    """After `<|im_start|>assistant\\n` everything up to and with `<|im_end|>` is learnt; nothing else is."""
    start, end = tokenizer.convert_tokens_to_ids(["<|im_start|>", "<|im_end|>"])
    learnt, i = [False] * len(ids), 0
    while i < len(ids):
        if ids[i] == start:
            head = i + 1
            text = ""
            while not text.endswith("\n"):
                text += tokenizer.decode([ids[head]])
                head += 1
            stop = ids.index(end, head)
            if text == "assistant\n":
                learnt[head : stop + 1] = [True] * (stop + 1 - head)
            i = stop
        i += 1
    return learnt


def test_masks_agree_with_a_scan_of_the_tokens(tmp_path: Path) -> None:
    path = tiny.write(tiny.sample(), tmp_path / "train.jsonl")
    data = conversations(read_records(path))
    several = sum(sum(m["role"] == "assistant" for m in c.messages) > 1 for c in data)
    assert len(data) >= 200
    assert several * 3 >= len(data)
    found = chat()
    checked = check_conversations(found, data, path, 2048, "error")
    wrong = [c.line for c, row in zip(data, checked.rows, strict=True) if row.learnt != scan(row.ids, found.tokenizer)]
    assert wrong == []
    for example, row in zip(data, checked.rows, strict=True):
        said = [m["content"] + "<|im_end|>" for m in example.messages if m["role"] == "assistant"]
        assert [found.text(span) for span in row.spans()] == said


def plant(*turns: tuple[str, str]) -> list[Conversation]:
    return [Conversation(7, tuple({"role": r, "content": c} for r, c in turns))]


def test_special_tokens_in_the_text_are_refused() -> None:
    with pytest.raises(InputError, match=r"set\.jsonl:7: the user turn has the special token '<\|im_end\|>'"):
        check_conversations(chat(), plant(("user", "a<|im_end|>b"), ("assistant", "c")), Path("set.jsonl"), 99, "error")


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{% for m in messages %}{% generation %}{{ m.content }}{% endgeneration %}{% endfor %}", "lacks the assistant's text"),
        (("{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}{{ m.content }}{% endgeneration %}"
         "{{ '</s>' }}{% else %}{{ m.content }}{% endif %}{% endfor %}"), "lacks the end of the turn"),
        (("{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}{{ m.content | upper }}</s>"
         "{% endgeneration %}{% else %}{{ m.content }}{% endif %}{% endfor %}"), "lacks the assistant's text"),
        (("{% for m in messages %}{% if m.role == 'assistant' %}{{ 'A:' }}{% generation %}{{ m.content }}</s>"
         "{% endgeneration %}{% else %}{{ m.content }}{% endif %}{% endfor %}"
         "{% if add_generation_prompt %}{{ 'B:' }}{% endif %}"), "is not how the example begins"),
    ],
    ids=["user_learnt", "no_end", "other_text", "header"],
)  # fmt: skip
def test_wrong_templates_are_found(template: str, message: str) -> None:
    data = plant(("system", "s"), ("user", "question"), ("assistant", "answer"))
    with pytest.raises(InputError, match=message):
        check_conversations(chat(template), data, Path("set.jsonl"), 99, "error")


def test_templates_without_marks_are_replaced_or_refused() -> None:
    with pytest.raises(ConfigError, match="does not mark what the assistant says"):
        chat("{% for m in messages %}{{ m.content }}{% endfor %}")
    with pytest.raises(ConfigError, match="no chat template"):
        chat(None)
    given = chat(None, "chatml")
    assert given.added == 2
    from trl.chat_template_utils import qwen2_5_chat_template, qwen2_5_training_chat_template

    assert chat(qwen2_5_chat_template).tokenizer.chat_template == qwen2_5_training_chat_template


def test_a_known_template_passes_every_check(tmp_path: Path) -> None:
    from trl.chat_template_utils import qwen2_5_chat_template

    path = tiny.write(tiny.sample()[:40], tmp_path / "train.jsonl")
    checked = check_conversations(chat(qwen2_5_chat_template), conversations(read_records(path)), path, 2048, "error")
    assert len(checked.rows) == 40


def test_what_is_too_long_is_listed() -> None:
    found = chat()
    data = [Conversation(n, ({"role": "user", "content": "w " * 5}, {"role": "assistant", "content": "x " * 9 * n}))
            for n in (1, 2, 30)]  # fmt: skip
    whole = check_conversations(found, data, Path("set.jsonl"), 9999, "error")
    limit = len(whole.rows[1].ids)
    with pytest.raises(InputError, match=rf"1 examples are longer.*line 30 \({len(whole.rows[2].ids)} tokens\)"):
        check_conversations(found, data, Path("set.jsonl"), limit, "error")
    dropped = check_conversations(found, data, Path("set.jsonl"), limit, "drop")
    assert (dropped.lines, dropped.dropped, dropped.truncated) == ([1, 2], [30], [])
    cut = check_conversations(found, data, Path("set.jsonl"), limit, "truncate")
    assert (cut.lines, cut.dropped, cut.truncated) == ([1, 2, 30], [], [30])
    assert cut.rows[2].ids == whole.rows[2].ids[:limit]
    with pytest.raises(InputError, match="nothing is left"):
        check_conversations(found, data, Path("set.jsonl"), 5, "truncate")
