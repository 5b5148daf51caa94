"""ShareGPT records: a list of turns with from and value."""

from __future__ import annotations

from curate.io.formats.base import Example, Record, RecordFormat, field_error
from curate.io.formats.messages import has_turns
from curate.io.formats.turns import conversation
from curate.io.meta import meta_json

#: The speakers that occur in ShareGPT dumps, with the role of each.
SPEAKERS = {
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "assistant": "assistant",
    "chatgpt": "assistant",
    "bard": "assistant",
    "system": "system",
}


def matches(record: Record) -> bool:
    """A list of objects with a `from` in `conversations`."""
    return has_turns(record, "conversations", "from")


def convert(record: Record) -> Example:
    """The turns, with the speakers' names mapped to roles."""
    turns = record.get("conversations")
    if type(turns) is not list:
        raise field_error(record, "conversations", what="a list")
    texts, system = conversation(turns, SPEAKERS, "from", "value")
    return texts, system, meta_json(record, ("conversations",)) if len(record) > 1 else "{}"


FORMAT = RecordFormat(
    name="sharegpt",
    summary="A list of turns with from and value, as in ShareGPT dumps.",
    fields={
        "conversations": "a list of objects with `from` (human or user; gpt, assistant, chatgpt or bard; system) "
        "and `value` (text)",
    },
    needs=("conversations",),
    matches=matches,
    convert=convert,
)
