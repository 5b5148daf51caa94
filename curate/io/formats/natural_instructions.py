"""Natural-Instructions tasks: a definition, and instances of input and output, in one JSON text per task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from curate.io.columns import build
from curate.io.formats.base import DumpFormat, Example, field_error, kind_of
from curate.io.formats.heads import first_fields
from curate.io.jsonarray import JsonArray
from curate.io.meta import INSTANCE, PARTS, READER, dump, meta_json
from curate.io.model import Batch, InputFile, RecordError, Reject
from curate.io.options import ReadOptions
from curate.io.streams import chunks
from curate.io.strictjson import WHITE
from curate.schema import SEPARATOR

_DEFINITION: Final = "Definition"
_INSTANCES: Final = "Instances"
_SHOWN: Final = ("Positive Examples", "Negative Examples")
#: Version 1 of the collection keeps both lists of examples in this object.
_SHOWN_V1: Final = "Examples"
#: A file is taken for a task by its definition and one of these.
_BESIDE: Final = frozenset({_INSTANCES, *_SHOWN, _SHOWN_V1, "Contributors"})


def recognise(head: bytes, _name: str) -> str | None:
    """A JSON object with the fields `Definition` and `Instances` (or others that such tasks have)."""
    if not head.startswith(b"{"):
        return None
    text = head.decode("utf-8", "replace")
    names, end = first_fields(text)
    if _DEFINITION not in names or not _BESIDE & set(names):
        return None
    if end is not None and text[end:].strip(WHITE):
        return None  # one of several records
    return f"a task with {', '.join(f'`{name}`' for name in names if name in {_DEFINITION, _INSTANCES})}"


def read(file: InputFile, options: ReadOptions, batch_rows: int) -> Iterator[Batch]:
    """The instances of a task, one line each: definition and input as the user's turn, the first output as the answer.

    The text is gone through twice, because fields of the task may stand after its instances.
    """
    records = _instances(file, options)
    total = sum(1 for _ in records)
    try:
        task: _Task | RecordError = _Task(records, total, options)
    except RecordError as error:
        task = error
    records = _instances(file, options)
    examples: list[Example] = []
    lines: list[int] = []
    rejects: list[Reject] = []
    before = 0
    for value in records:
        try:
            if isinstance(value, RecordError):
                raise value
            if isinstance(task, RecordError):
                raise task
            examples.append(task.example(value, records.line))
            lines.append(records.line)
        except RecordError as error:
            rejects.append(records.raw().reject(file.name, records.line, error))
        if len(examples) + len(rejects) >= batch_rows:
            yield Batch(build(file, examples, lines), rejects, records.line - before)
            before, examples, lines, rejects = records.line, [], [], []
    if before == 0 or records.line != before:
        yield Batch(build(file, examples, lines), rejects, records.line - before)


def _instances(file: InputFile, options: ReadOptions) -> JsonArray:
    return JsonArray(chunks(file.path, file.compression), options.max_record_bytes, only=_INSTANCES)


class _Task:
    """What the instances of a task share.

    Raises
    ------
    RecordError : the task has no definition or no instances, or fewer good examples than are to be shown.
    """

    def __init__(self, records: JsonArray, total: int, options: ReadOptions) -> None:
        fields = records.others
        for value in fields.values():
            if isinstance(value, RecordError):
                raise value
        if not records.lists:
            if type(fields.get(_INSTANCES)) is list:
                raise RecordError("no_instances", f"The list `{_INSTANCES}` is empty.")
            raise field_error(fields, _INSTANCES, what="a list")
        self._total = total
        self._definition = _definition(fields)
        examples = _examples(fields)
        shown = _shown(examples.get(_SHOWN[0], []), options.task_examples)
        self._opening = SEPARATOR.join([self._definition, *shown])
        self._shown = len(shown)
        used = {name for name in (*_SHOWN, _SHOWN_V1) if isinstance(fields.get(name), list | dict)}
        if type(fields[_DEFINITION]) is str or len(fields[_DEFINITION]) == 1:
            used.add(_DEFINITION)
        counts = {name: len(given) for name, given in examples.items() if isinstance(given, list)}
        shared = f'"{READER}":{dump({"shown": len(shown), **counts})}'
        self._meta = meta_json(fields, used, shared)

    def example(self, instance: object, number: int) -> Example:
        """The example of one instance, the `number`-th of the task."""
        if not isinstance(instance, dict):
            raise RecordError("wrong_type", f"The instance is {kind_of(instance)}, not an object.")
        given = instance.get("input")
        if type(given) is not str:
            raise field_error(instance, "input")
        output = instance.get("output")
        answer = output[0] if type(output) is list and output else output
        if type(answer) is not str:
            raise field_error(instance, "output", what="text or a list that starts with text")
        kept = {"output"} if type(output) is list and len(output) > 1 else set()
        user, parts = self._opening, ""
        if self._shown:
            user += f"{SEPARATOR}Input: {given}\nOutput:"
            kept.add("input")
        elif given:
            user += SEPARATOR + given
            parts = f',"{PARTS}":{{"instruction":{len(self._opening)},"input":{len(given)}}}'
        else:
            kept.add("input")
        fields = meta_json(instance, {"input", "output"} - kept)
        own = f',"{INSTANCE}":{{"number":{number},"of":{self._total},"fields":{fields}}}'
        return (user, answer), False, self._meta[:-1] + parts + own + "}"


def _definition(fields: Mapping[str, Any]) -> str:
    value = fields.get(_DEFINITION)
    first = value[0] if type(value) is list and value else value
    if type(first) is not str:
        raise field_error(fields, _DEFINITION, what="text or a list that starts with text")
    return first


def _examples(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    inside = fields.get(_SHOWN_V1)
    return {
        name: given[name] for given in (fields, inside) if isinstance(given, dict) for name in _SHOWN if name in given
    }


def _shown(examples: Any, count: int) -> list[str]:
    """The first `count` positive examples, as they stand in a prompt."""
    if not count:
        return []
    good = [
        f"Input: {example['input']}\nOutput: {answer}"
        for example in (examples if isinstance(examples, list) else [])
        if isinstance(example, dict) and type(example.get("input")) is str
        for answer in [example.get("output")]
        if type(answer) is str
    ]
    if len(good) < count:
        detail = f"The task has {len(good)} positive examples with text, and {count} are to be shown."
        raise RecordError("missing_field", detail)
    return good[:count]


FORMAT = DumpFormat(
    name="natural_instructions",
    summary="A task of Natural Instructions: a definition and its instances; each instance is an example.",
    fields={
        _DEFINITION: "starts the user's turn; of a list of texts the first, and the list goes to `meta` too",
        _SHOWN[
            0
        ]: "only counted in `meta`; with `task_examples: n` the first n follow the definition, and the input is put "
        "as theirs are",
        _SHOWN[1]: "only counted in `meta`",
        _INSTANCES: "a list of objects: `input` follows after a blank line; `output`, or the first of a list, is the "
        "answer; a list of several, and all other fields, go to `meta`",
    },
    recognise=recognise,
    read=read,
)
