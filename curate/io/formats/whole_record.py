"""Any record at all: what a set is read as that examples are only compared with, such as a benchmark's test file."""

from __future__ import annotations

from typing import Any, Final

from curate.io.formats.base import Example, Record, RecordFormat
from curate.io.meta import dump
from curate.schema import SEPARATOR

#: Fields that name an item of a benchmark, the first that is there.
NAMES: Final = ("task_id", "question_id", "id", "_id", "idx", "key", "uid", "qid")


def texts(value: Any) -> list[str]:
    """Every text in a JSON value, in order, that of keys aside."""
    found: list[str] = []
    rest = [value]
    while rest:
        here = rest.pop()
        if isinstance(here, str):
            found.append(here)
        elif isinstance(here, dict):
            rest.extend(reversed(list(here.values())))
        elif isinstance(here, list):
            rest.extend(reversed(here))
    return found


def convert(record: Record) -> Example:
    """All texts of the record as the user's turn, with a blank line between them, and an empty answer."""
    name = next((record[n] for n in NAMES if isinstance(record.get(n), str | int)), None)
    meta = "{}" if name is None else f'{{"item":{dump(str(name))}}}'
    return (SEPARATOR.join(texts(dict(record))), ""), False, meta


def matches(record: Record) -> bool:
    """Any record with a text in it."""
    return bool(texts(dict(record)))


FORMAT = RecordFormat(
    name="record",
    summary="Any record; all its texts, one after the other. Only for what examples are compared with.",
    fields={},
    needs=(),
    matches=matches,
    convert=convert,
)
