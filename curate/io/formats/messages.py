"""OpenAI chat records: a list of messages with role and content."""

from __future__ import annotations

from typing import Any

from curate.io.formats.base import Example, Record, RecordFormat, field_error
from curate.io.formats.turns import conversation
from curate.io.meta import meta_json
from curate.schema import ROLES

_ROLES = {role: role for role in ROLES}
_FIELDS = ("messages", "conversations")


def has_turns(record: Record, field: str, role_field: str) -> bool:
    """Whether `field` is a list whose first element is an object with `role_field`."""
    turns: Any = record.get(field)
    return type(turns) is list and bool(turns) and isinstance(turns[0], dict) and role_field in turns[0]


def matches(record: Record) -> bool:
    """A list of objects with a `role` in `messages` (or `conversations`)."""
    return any(has_turns(record, field, "role") for field in _FIELDS)


def convert(record: Record) -> Example:
    """The messages as they are."""
    field = "conversations" if "messages" not in record and "conversations" in record else "messages"
    turns = record.get(field)
    if type(turns) is not list:
        raise field_error(record, field, what="a list")
    texts, system = conversation(turns, _ROLES, "role", "content")
    return texts, system, meta_json(record, (field,)) if len(record) > 1 else "{}"


FORMAT = RecordFormat(
    name="messages",
    summary="A list of messages with role and content, as in the OpenAI chat format.",
    fields={
        "messages": "a list of objects with `role` (system, user or assistant) and `content` (text); "
        "`conversations` is taken where it is absent",
    },
    needs=("messages",),
    matches=matches,
    convert=convert,
)
