"""What can be wrong with one JSON text that holds many records."""

from __future__ import annotations

import re

from curate.io.jsonwindow import Tape
from curate.io.model import RecordError
from curate.io.strictjson import loads, record_error

#: Matches bytes that belong to no record: closing brackets, commas and white space.
only_marks = re.compile(rb"[\]}, \t\r\n]+").fullmatch


class BrokenError(Exception):
    """The JSON text cannot be followed on; `tape` has what of the last record was gone over."""

    def __init__(self, error: RecordError, tape: Tape | None = None) -> None:
        super().__init__(error)
        self.error = error
        self.tape = tape


def malformed(detail: str) -> RecordError:
    """The error of a text that is not well-formed JSON."""
    return RecordError("malformed_json", detail)


def fault_of(raw: bytes) -> RecordError:
    """Why `raw` is no JSON text."""
    try:
        loads(raw.decode("utf-8"))
    except ValueError as error:
        return record_error(error)
    return malformed("The element is followed by something that belongs to none.")
