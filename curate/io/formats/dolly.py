"""Dolly records: instruction, context, response, category."""

from __future__ import annotations

from curate.io.formats.alike import Fields
from curate.io.formats.base import Example, Record, RecordFormat, field_error, with_input

_USED = ("instruction", "response")


def matches(record: Record) -> bool:
    """Text in `instruction` and `response`."""
    return type(record.get("instruction")) is str and type(record.get("response")) is str


def convert(record: Record) -> Example:
    """Instruction and context as the user's turn, the response as the answer."""
    instruction = record.get("instruction")
    if type(instruction) is not str:
        raise field_error(record, "instruction")
    answer = record.get("response")
    if type(answer) is not str:
        raise field_error(record, "response")
    return with_input(record, "context", instruction, answer, _USED)


def choose(keys: tuple[str, ...]) -> Fields | None:
    """The fields that `convert` takes."""
    if not set(_USED).issubset(keys):
        return None
    return Fields(*_USED, "context" if "context" in keys else None)


FORMAT = RecordFormat(
    name="dolly",
    summary="An instruction, the passage it is about, and the response, as in Databricks Dolly 15k.",
    fields={
        "instruction": "the user's turn",
        "context": "follows the instruction after a blank line; may be empty, null or absent",
        "response": "the assistant's turn",
        "category": "goes to `meta`",
    },
    needs=("instruction", "context", "response"),
    matches=matches,
    convert=convert,
    choose=choose,
)
