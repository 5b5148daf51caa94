"""Nothing of an input record is lost: its fields can be had back from `messages` and `meta`, and ids are the schema's."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from curate.io.columns import identify, roles
from curate.io.formats import FORMATS
from curate.schema import SEPARATOR, Message, canonical_json, example_id

texts = st.text(max_size=30)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
extras = st.dictionaries(st.sampled_from(["id", "tags", "Score ü", 'q"\\', "\u2028", ""]), plain, max_size=3)


@st.composite
def records(draw: Any, fields: tuple[str, ...], optional: str | None = None) -> dict[str, Any]:
    record = {field: draw(texts) for field in fields}
    if optional is not None:
        given = draw(st.sampled_from(["absent", "null", "text"]))
        if given != "absent":
            record[optional] = draw(texts) if given == "text" else None
    record.update(draw(extras))
    keys = draw(st.permutations(list(record)))
    return {key: record[key] for key in keys}


def undo(form: str, texts_: tuple[str, ...], meta: str, names: tuple[str, str, str]) -> dict[str, Any]:
    """The record, from its conversation and meta, by the rules that the documentation states."""
    instruction, optional, answer = names
    record = json.loads(meta)
    user, assistant = texts_
    parts = record.pop("_parts", None)
    if parts is None:
        record[instruction] = user
    else:
        record[instruction] = user[: parts["instruction"]]
        record[optional] = user[len(user) - parts["input"] :]
        assert user == record[instruction] + SEPARATOR + record[optional]
    record[answer] = assistant
    return record


@pytest.mark.parametrize(
    ("form", "names"),
    [
        ("alpaca", ("instruction", "input", "output")),
        ("dolly", ("instruction", "context", "response")),
        ("prompt_completion", ("prompt", "", "completion")),
        ("question_answer", ("question", "", "answer")),
    ],
)
def test_records_come_back(form: str, names: tuple[str, str, str]) -> None:
    @settings(max_examples=150, deadline=None)
    @given(records((names[0], names[2]), names[1] or None))
    def check(record: dict[str, Any]) -> None:
        made = FORMATS[form].convert(record)
        assert isinstance(made, tuple)
        turns, system, meta = made
        assert not system
        back = undo(form, turns, meta, names)
        assert back == record
        assert [type(value) for value in map(back.get, record)] == [type(value) for value in record.values()]
        # What is in `meta` keeps the order that it had.
        kept = [key for key in json.loads(meta) if key != "_parts"]
        assert kept == [key for key in record if key in kept]

    check()


def test_numbers_in_meta() -> None:
    record = json.loads(
        '{"prompt": "p", "completion": "c", "big": 123456789012345678901234567890, "f": 0.1, "e": 1e-320}'
    )
    made = FORMATS["prompt_completion"].convert(record)
    assert isinstance(made, tuple)
    assert made[2] == '{"big":123456789012345678901234567890,"f":0.1,"e":1e-320}'


def test_the_first_of_several_answers() -> None:
    made = FORMATS["question_answer"].convert({"question": "q", "answers": ["a", "b"]})
    assert made == (("q", "a"), False, '{"answers":["a","b"]}')


def test_response_where_output_is_absent() -> None:
    made = FORMATS["alpaca"].convert({"instruction": "i", "input": "", "response": "r"})
    assert made == (("i", "r"), False, '{"input":""}')


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(), min_size=1, max_size=5), st.booleans())
@example(["".join(map(chr, range(0x300))), '\u2028\u2029\ufeff\U0001f600"\\/'], False)
def test_ids_are_the_schemas(turns: list[str], system: bool) -> None:
    messages: list[Message] = [
        {"role": role, "content": text} for role, text in zip(roles(len(turns), system=system), turns, strict=True)
    ]
    assert identify(turns, system=system) == example_id(messages)


def test_every_character_is_written_as_the_schema_does() -> None:
    from pydantic_core import to_json

    characters = "".join(chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000)
    messages: list[Message] = [{"role": "user", "content": characters}]
    assert to_json(messages) == canonical_json(messages).encode()
