"""WildChat-style rows: a conversation with the service's own notes, on the whole and on each turn.

LMSYS-Chat-1M has the same shape. What the service says of a conversation (that it is toxic, that names in it were
masked) is no reason to leave it out here; a filter can go by it, as it is in `meta`.
"""

from __future__ import annotations

from curate.io.formats.base import Convert, Example, Record, RecordFormat, field_error
from curate.io.formats.messages import has_turns
from curate.io.formats.turns import Dialect, conversation, noted_meta
from curate.io.options import ReadOptions
from curate.schema import ROLES

_DIALECT = Dialect({role: role for role in ROLES}, "role", "content", noted=True)


def matches(record: Record) -> bool:
    """A list of objects with a `role` in `conversation`."""
    return has_turns(record, "conversation", "role")


def convert(record: Record, *, repaired: bool = False) -> Example:
    """The turns as they are; with `repaired`, in order."""
    turns = record.get("conversation")
    if type(turns) is not list:
        raise field_error(record, "conversation", what="a list")
    texts, system, notes = conversation(turns, _DIALECT, repaired=repaired)
    return texts, system, noted_meta(record, ("conversation",), notes)


def bind(options: ReadOptions) -> Convert:
    """`convert`, repairing the order of turns where the options say so."""
    return lambda record: convert(record, repaired=options.roles == "repair")


FORMAT = RecordFormat(
    name="wildchat",
    summary="A conversation with notes on it and on each turn, as in WildChat and LMSYS-Chat.",
    fields={
        "conversation": "a list of objects with `role` (system, user or assistant) and `content` (text); their other "
        "fields (language, toxic, redacted, timestamp, …) go to `meta` as `_turns`, an object per turn",
    },
    needs=("conversation",),
    matches=matches,
    convert=convert,
    bind=bind,
)
