"""Alpaca records: instruction, input, output."""

from __future__ import annotations

from curate.io.formats.alike import Fields
from curate.io.formats.base import Example, Record, RecordFormat, field_error, with_input

_OUTPUT = ("instruction", "output")
_RESPONSE = ("instruction", "response")


def matches(record: Record) -> bool:
    """Text in `instruction` and `output`; or in `instruction`, `input` and `response`."""
    if type(record.get("instruction")) is not str:
        return False
    return type(record.get("output")) is str or ("input" in record and type(record.get("response")) is str)


def convert(record: Record) -> Example:
    """Instruction and input as the user's turn; `output`, or `response` where there is no `output`, as the answer."""
    instruction = record.get("instruction")
    if type(instruction) is not str:
        raise field_error(record, "instruction")
    used = _RESPONSE if "output" not in record and "response" in record else _OUTPUT
    answer = record.get(used[1])
    if type(answer) is not str:
        raise field_error(record, used[1])
    return with_input(record, "input", instruction, answer, used)


def choose(keys: tuple[str, ...]) -> Fields | None:
    """The fields that `convert` takes."""
    answer = "output" if "output" in keys else "response"
    if "instruction" not in keys or answer not in keys:
        return None
    return Fields("instruction", answer, "input" if "input" in keys else None)


FORMAT = RecordFormat(
    name="alpaca",
    summary="An instruction, the text it works on, and the answer, as in Stanford Alpaca.",
    fields={
        "instruction": "the user's turn",
        "input": "follows the instruction after a blank line; may be empty, null or absent",
        "output": "the assistant's turn; a `response` beside it goes to `meta`, one instead of it is taken",
    },
    needs=("instruction", "input", "output"),
    matches=matches,
    convert=convert,
    choose=choose,
)
