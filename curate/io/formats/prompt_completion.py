"""Prompt and completion records."""

from __future__ import annotations

from curate.io.formats.alike import Fields
from curate.io.formats.base import Example, Record, RecordFormat, field_error
from curate.io.meta import meta_json

ANSWERS = ("completion", "response", "output")


def matches(record: Record) -> bool:
    """Text in `prompt`, and in one of `completion`, `response` and `output`."""
    return type(record.get("prompt")) is str and any(type(record.get(name)) is str for name in ANSWERS)


def convert(record: Record) -> Example:
    """The prompt as the user's turn; the first of `completion`, `response` and `output` as the answer."""
    prompt = record.get("prompt")
    if type(prompt) is not str:
        raise field_error(record, "prompt")
    for name in ANSWERS:
        if name in record:
            answer = record[name]
            if type(answer) is not str:
                raise field_error(record, name)
            return (prompt, answer), False, meta_json(record, ("prompt", name))
    raise field_error(record, *ANSWERS)


def choose(keys: tuple[str, ...]) -> Fields | None:
    """The fields that `convert` takes."""
    answer = next((name for name in ANSWERS if name in keys), None)
    return None if answer is None or "prompt" not in keys else Fields("prompt", answer)


FORMAT = RecordFormat(
    name="prompt_completion",
    summary="A prompt and its completion.",
    fields={
        "prompt": "the user's turn",
        "completion": "the assistant's turn; `response`, then `output`, is taken where it is absent",
    },
    needs=("prompt", "completion"),
    matches=matches,
    convert=convert,
    choose=choose,
)
