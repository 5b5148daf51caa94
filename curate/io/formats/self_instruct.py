"""Self-instruct seed tasks: an instruction with instances of input and output."""

from __future__ import annotations

from curate.io.formats.base import Example, Record, RecordFormat, field_error, kind_of
from curate.io.meta import INSTANCE, PARTS, meta_json
from curate.io.model import RecordError
from curate.schema import SEPARATOR

_TASK = ("instruction", "instances")
_INSTANCE = ("input", "output")


def matches(record: Record) -> bool:
    """Text in `instruction` and a list in `instances`."""
    return type(record.get("instruction")) is str and type(record.get("instances")) is list


def convert(record: Record) -> list[Example | RecordError]:
    """One example for each instance; an instance that is damaged is rejected alone."""
    instruction = record.get("instruction")
    if type(instruction) is not str:
        raise field_error(record, "instruction")
    instances = record.get("instances")
    if type(instances) is not list:
        raise field_error(record, "instances", what="a list")
    if not instances:
        raise RecordError("no_instances", "The list `instances` is empty.")
    made: list[Example | RecordError] = []
    for number, instance in enumerate(instances, 1):
        try:
            made.append(_example(record, instruction, instance, f"{number} of {len(instances)}"))
        except RecordError as error:
            made.append(RecordError(error.reason, f"Instance {number} of {len(instances)}: {error.detail}"))
    return made


def _example(record: Record, instruction: str, instance: object, place: str) -> Example:
    if not isinstance(instance, dict):
        raise RecordError("wrong_type", f"it is {kind_of(instance)}, not an object.")
    answer = instance.get("output")
    if type(answer) is not str:
        raise field_error(instance, "output")
    given = instance.get("input")
    if given is not None and type(given) is not str:
        raise field_error(instance, "input")
    user, extra = instruction, ""
    own: tuple[str, ...] = ("output",)
    if given:
        user = instruction + SEPARATOR + given
        extra = f'"{PARTS}":{{"instruction":{len(instruction)},"input":{len(given)}}},'
        own = _INSTANCE
    number, _, total = place.partition(" of ")
    extra += f'"{INSTANCE}":{{"number":{number},"of":{total},"fields":{meta_json(instance, own)}}}'
    return (user, answer), False, meta_json(record, _TASK, extra)


FORMAT = RecordFormat(
    name="self_instruct",
    summary="A task with one or more instances, as in the seed tasks of Self-Instruct; each instance is an example.",
    fields={
        "instruction": "the user's turn",
        "instances": "a list of objects: `input` follows the instruction after a blank line, `output` is the answer",
    },
    needs=("instruction", "instances"),
    matches=matches,
    convert=convert,
)
