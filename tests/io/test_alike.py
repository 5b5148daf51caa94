"""Converting many records at once gives what converting each gives, or nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.io import discover, read
from curate.io.formats import FORMATS
from curate.io.formats.alike import pairs_of
from curate.io.meta import RESERVED
from curate.io.model import RecordError

SIMPLE = [form for form in FORMATS.values() if form.choose is not None]
KEYS = [
    "instruction", "input", "output", "response", "context", "prompt", "completion", "question", "answer", "answers",
    "100%", "%s", '"', "\\", "é", "category", *RESERVED,
]  # fmt: skip
texts = st.sampled_from(["", "a", 'say "b" %d', "two\nlines", "😀", "\u2028", "%(x)s"])
values = (
    texts | st.none() | st.integers(0, 9) | st.just([]) | st.lists(texts, max_size=2) | st.just({"k": [1.5, "v", None]})
)


@st.composite
def like_records(draw: st.DrawFn) -> list[dict[str, Any]]:
    keys = draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=6, unique=True))
    columns = [draw(st.sampled_from([texts, texts, values])) for _ in keys]
    count = draw(st.integers(1, 5))
    records = [{key: draw(column) for key, column in zip(keys, columns, strict=True)} for _ in range(count)]
    if draw(st.integers(0, 9)) == 0:
        records[-1] = dict(reversed(records[-1].items()))
    return records


def test_there_are_such_formats() -> None:
    assert {form.name for form in SIMPLE} == {"alpaca", "dolly", "prompt_completion", "question_answer"}


@pytest.mark.parametrize("form", SIMPLE, ids=lambda form: form.name)
@settings(max_examples=400)
@given(records=like_records())
def test_the_same_as_one_by_one(form: Any, records: list[dict[str, Any]]) -> None:
    pairs = pairs_of(records, form.choose)
    if pairs is None:
        return
    made = [form.convert(record) for record in records]  # raises none of its errors
    assert list(zip(pairs.questions, pairs.answers, strict=True)) == [turns for turns, _, _ in made]
    assert pairs.metas == [meta for _, _, meta in made]
    assert not any(system for _, system, _ in made)


@pytest.mark.parametrize("form", SIMPLE, ids=lambda form: form.name)
def test_plain_records_are_converted_at_once(form: Any) -> None:
    record = {name: f"text of {name}" for name in form.needs} | {"extra": 1}
    pairs = pairs_of([record, record | {"extra": None}], form.choose)
    assert pairs is not None
    with pytest.raises(RecordError):
        form.convert({})
    assert json.loads(pairs.metas[0])["extra"] == 1
    assert json.loads(pairs.metas[1])["extra"] is None


def test_lines_are_numbered_through_mixed_groups(tmp_path: Path) -> None:
    """Records alike, records unlike, rejects and blank lines by turns: every row keeps its own line."""
    lines: list[str] = []
    expected: dict[int, str] = {}
    for i in range(2_000):
        if i % 97 == 50:
            lines.append("" if i % 2 else "{broken")
            continue
        record: dict[str, Any] = {"instruction": f"question {i}", "input": "", "output": f"answer {i}"}
        if (i // 300) % 2:
            record = {"instruction": f"question {i}", "output": f"answer {i}"} if i % 3 else record | {"x": i}
        expected[i + 1] = record["instruction"]
        lines.append(json.dumps(record))
    path = tmp_path / "mixed.jsonl"
    path.write_text("\n".join(lines) + "\n")
    (file,) = discover([str(path)]).files
    for batch_rows in (7, 100, 100_000):
        seen: dict[int, str] = {}
        for batch in read(file, batch_rows=batch_rows):
            seen.update(zip(batch.frame["line"].to_list(), batch.frame["instruction"].to_list(), strict=True))
        assert seen == expected
