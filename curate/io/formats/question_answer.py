"""Question and answer records."""

from __future__ import annotations

from curate.io.formats.alike import Fields
from curate.io.formats.base import Example, Record, RecordFormat, field_error
from curate.io.meta import meta_json

ANSWERS = ("answer", "answers")
_TEXT = "text or a list that starts with text"


def _text(value: object) -> str | None:
    if type(value) is str:
        return value
    if type(value) is list and value and type(value[0]) is str:
        return value[0]
    return None


def matches(record: Record) -> bool:
    """Text in `question`, and text or a list of texts in `answer` or `answers`."""
    return type(record.get("question")) is str and any(_text(record.get(name)) is not None for name in ANSWERS)


def convert(record: Record) -> Example:
    """The question as the user's turn; the answer, or the first of several, as the assistant's."""
    question = record.get("question")
    if type(question) is not str:
        raise field_error(record, "question")
    for name in ANSWERS:
        if name in record:
            value = record[name]
            answer = _text(value)
            if answer is None:
                raise field_error(record, name, what=_TEXT)
            # A list stays in `meta` whole: the answers after the first are in no message.
            used = ("question", name) if answer is value else ("question",)
            return (question, answer), False, meta_json(record, used)
    raise field_error(record, *ANSWERS)


def choose(keys: tuple[str, ...]) -> Fields | None:
    """The fields that `convert` takes."""
    answer = next((name for name in ANSWERS if name in keys), None)
    return None if answer is None or "question" not in keys else Fields("question", answer)


FORMAT = RecordFormat(
    name="question_answer",
    summary="A question and its answer.",
    fields={
        "question": "the user's turn",
        "answer": "the assistant's turn; of a list of texts the first, and the list goes to `meta` too",
        "answers": "taken where `answer` is absent",
    },
    needs=("question", "answer"),
    matches=matches,
    convert=convert,
    choose=choose,
)
