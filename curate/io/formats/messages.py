"""OpenAI chat records: a list of messages with role and content."""

from __future__ import annotations

from typing import Any

from curate.io.formats.base import Convert, Example, Record, RecordFormat, field_error
from curate.io.formats.turns import Dialect, conversation, noted_meta
from curate.io.options import ReadOptions
from curate.schema import ROLES

_DIALECT = Dialect({role: role for role in ROLES}, "role", "content")
_FIELDS = ("messages", "conversations")


def has_turns(record: Record, field: str, role_field: str) -> bool:
    """Whether `field` is a list whose first element is an object with `role_field`."""
    turns: Any = record.get(field)
    return type(turns) is list and bool(turns) and isinstance(turns[0], dict) and role_field in turns[0]


def matches(record: Record) -> bool:
    """A list of objects with a `role` in `messages` (or `conversations`); a `prompter` is Open Assistant's."""
    return any(has_turns(record, field, "role") and record[field][0]["role"] != "prompter" for field in _FIELDS)


def convert(record: Record, *, repaired: bool = False) -> Example:
    """The messages as they are; with `repaired`, in order."""
    field = "conversations" if "messages" not in record and "conversations" in record else "messages"
    turns = record.get(field)
    if type(turns) is not list:
        raise field_error(record, field, what="a list")
    texts, system, notes = conversation(turns, _DIALECT, repaired=repaired)
    return texts, system, noted_meta(record, (field,), notes)


def bind(options: ReadOptions) -> Convert:
    """`convert`, repairing the order of turns where the options say so."""
    return lambda record: convert(record, repaired=options.roles == "repair")


FORMAT = RecordFormat(
    name="messages",
    summary="A list of messages with role and content, as in the OpenAI chat format.",
    fields={
        "messages": "a list of objects with `role` (system, user or assistant) and `content` (text, or a list of one "
        "text part); `conversations` is taken where it is absent. A message that carries more (tool calls, a name, "
        "a weight, images), or is a tool's, is not flattened: its record is rejected",
    },
    needs=("messages",),
    matches=matches,
    convert=convert,
    bind=bind,
)
