"""What a record format is, and what all of them share: errors that name the field and the nearest one."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curate.io.formats.alike import Choose
from curate.io.meta import PARTS, meta_json
from curate.io.model import Batch, InputFile, RecordError, UnknownFile, show
from curate.io.options import ReadOptions
from curate.schema import SEPARATOR

Record = Mapping[str, Any]

#: One conversation: the texts of its turns (user and assistant in alternation, after the system message
#: if there is one, ending with the assistant), whether the first is a system message, and `meta`.
Example = tuple[tuple[str, ...], bool, str]


Convert = Callable[[Record], "Example | list[Example | RecordError]"]


@dataclass(frozen=True, slots=True)
class RecordFormat:
    """A shape that records come in.

    Parameters
    ----------
    name : as in `--format`.
    summary : one sentence for a person.
    fields : each field, with what becomes of it.
    needs : the fields by which a person knows the format.
    matches : whether a record has the fields, with values of the right types.
    convert : the example in a record, or a list of examples and errors if a record may hold several;
        raises `RecordError`, or `Omit` where the format's rules make no example of a record.
    bind : for a format that options change: what takes the place of `convert` under these options.
    choose : for a format of one question and one answer: in which fields they are, so that many records can be
        converted at once, to just what `convert` makes of each.
    """

    name: str
    summary: str
    fields: Mapping[str, str]
    needs: tuple[str, ...]
    matches: Callable[[Record], bool]
    convert: Convert
    bind: Callable[[ReadOptions], Convert] | None = None
    choose: Choose | None = None


@dataclass(frozen=True, slots=True)
class DumpFormat:
    """A dump whose examples are made of several records, read by a reader of its own.

    Parameters
    ----------
    name : as in `--format`.
    summary : one sentence for a person.
    fields : each part of the dump, with what becomes of it.
    recognise : given a file's first bytes (decompressed, from the first visible one on) and its base name, one line
        for a person why it is such a dump, or None.
    read : the batches of a file; their lines, rejects, joined and left records add up as `Batch` says.
    matches : for a dump that is told by its records and not by its first bytes, in whatever container: whether a record
        is one of it.
    source_is_folder : whether the folder's name is the source, for dumps whose files all have one name.
    beside : base names of further files of such a dump, which hold no records for it and are passed over beside it.
    pair : for a dump in several files: given all files of the format, those to read, each with its companions, and
        those that belong to none.
    """

    name: str
    summary: str
    fields: Mapping[str, str]
    recognise: Callable[[bytes, str], str | None]
    read: Callable[[InputFile, ReadOptions, int], Iterator[Batch]]
    matches: Callable[[Record], bool] | None = None
    source_is_folder: bool = False
    beside: frozenset[str] = frozenset()
    pair: Callable[[Sequence[InputFile]], tuple[list[InputFile], list[UnknownFile]]] | None = None


def field_error(record: Record, *names: str, what: str = "text") -> RecordError:
    """Why none of the fields `names` of `record` is usable; the first one that is there is blamed.

    Parameters
    ----------
    what : what the value must be, for the message.
    """
    for name in names:
        if name in record:
            value = record[name]
            if value is None:
                return RecordError("null_field", f"The field {show(name)} is null.")
            return RecordError("wrong_type", f"The field {show(name)} is {kind_of(value)}, not {what}.")
    wanted = " or ".join(show(name) for name in names)
    near = nearest(names, [key for key in record if key not in names])
    hint = f"; did you mean it by {show(near)}?" if near else "."
    return RecordError("missing_field", f"There is no field {wanted}{hint}")


def nearest(names: Collection[str], others: Collection[str]) -> str | None:
    """The one of `others` that looks like a misspelling of one of `names`."""
    folded = {other.strip().casefold(): other for other in others}
    for name in names:
        if found := difflib.get_close_matches(name, list(folded), n=1, cutoff=0.75):
            return folded[found[0]]
    return None


_KINDS = {
    type(None): "null",
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "an object",
}


def kind_of(value: object) -> str:
    """The JSON type of a value, with its article."""
    return _KINDS.get(type(value), f"a {type(value).__name__}")


def with_input(record: Record, field: str, instruction: str, answer: str, used: Collection[str]) -> Example:
    """The example of an instruction, the text it works on (`record[field]`) and an answer.

    The text follows the instruction after a blank line, and the lengths of both parts go to `meta`. One
    that is empty, null or absent is not joined; it stays in `meta` as it was.

    Parameters
    ----------
    used : the fields of `instruction` and `answer`.
    """
    given = record.get(field)
    if not given:
        if given is not None and given != "":
            raise field_error(record, field)
        return (instruction, answer), False, meta_json(record, used)
    if type(given) is not str:
        raise field_error(record, field)
    parts = f'"{PARTS}":{{"instruction":{len(instruction)},"input":{len(given)}}}'
    return (instruction + SEPARATOR + given, answer), False, meta_json(record, (*used, field), parts)
