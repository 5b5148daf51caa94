"""Posts of a question-and-answer site: the numbers that are kept of each, and what becomes of it."""

from __future__ import annotations

import re
from array import array
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from curate.io.formats.html_markdown import check_html
from curate.io.model import RecordError, show
from curate.io.xmlrows import Attributes

#: What is kept of a row's type: 0 for a rejected row, and one number for all other kinds of post.
QUESTION, ANSWER, OTHER = 1, 2, 3

_NUMBER: Final = re.compile(r"-?[0-9]{1,18}")


class Fate(IntEnum):
    """What becomes of a row."""

    REJECTED = 0
    READ = 1
    JOINED = 2
    LOWER_RANKED_ANSWER = 3
    UNANSWERED = 4
    NOT_A_QUESTION_OR_ANSWER = 5
    NO_QUESTION = 6


class Posts:
    """What is kept of every row of a dump, 41 bytes each.

    `link` is the question of an answer, and of a question its accepted answer (0: none). The numbers of a rejected row
    are 0.
    """

    def __init__(self) -> None:
        self.type = array("b")
        self.id, self.link, self.score = array("q"), array("q"), array("q")
        self.start, self.end = array("q"), array("q")
        self.rejected: dict[int, RecordError] = {}

    def __len__(self) -> int:
        return len(self.type)

    def add(self, start: int, end: int, made: Attributes | RecordError) -> None:
        """One more row: its place in the file, and its attributes or why it has none."""
        numbers = made if isinstance(made, RecordError) else _numbers(made)
        if isinstance(numbers, RecordError):
            self.rejected[len(self)] = numbers
            numbers = (0, 0, 0, 0)
        for column, value in zip((self.type, self.id, self.link, self.score), numbers, strict=True):
            column.append(value)
        self.start.append(start)
        self.end.append(end)

    def damaged(self, size: int, damage: RecordError) -> None:
        """Give `damage` as the reason why the text of `size` bytes breaks off."""
        last = len(self) - 1
        if last in self.rejected and self.end[last] == size:
            self.rejected[last] = damage
        else:
            self.add(size, size, damage)

    def join(self) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """The fate of every row, and the row of each question's best answer (-1: none); repeated ids are rejected."""
        kind, ids, link, score = (np.array(column) for column in (self.type, self.id, self.link, self.score))
        fate, best, repeated = join(kind, ids, link, score)
        for row in repeated.tolist():
            self.rejected[row] = RecordError("duplicate_id", f"An earlier row has the `Id` {self.id[row]} too.")
        return fate, best


def _numbers(row: Attributes) -> tuple[int, int, int, int] | RecordError:
    """Type, id, link and score of a row, or why no example can be made with it."""
    try:
        kind = _number(row, "PostTypeId")
        if kind not in {QUESTION, ANSWER}:
            return OTHER, _number(row, "Id"), 0, 0
        link = _number(row, "ParentId") if kind == ANSWER else _number(row, "AcceptedAnswerId", default=0)
        for name in ("Body",) if kind == ANSWER else ("Body", "Title"):
            if name not in row:
                return RecordError("missing_field", f"There is no attribute {show(name)}.")
        check_html(row["Body"])
        return kind, _number(row, "Id"), link, _number(row, "Score")
    except RecordError as error:
        return error


def _number(row: Attributes, name: str, default: int | None = None) -> int:
    text = row.get(name)
    if text is None:
        if default is not None:
            return default
        raise RecordError("missing_field", f"There is no attribute {show(name)}.")
    if not _NUMBER.fullmatch(text):
        raise RecordError("wrong_type", f"The attribute {show(name)} is {show(text)}, not a whole number.")
    return int(text)


def join(
    kind: NDArray[np.int8], ids: NDArray[np.int64], link: NDArray[np.int64], score: NDArray[np.int64]
) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]:
    """The best answer of each question: the highest score, then the accepted one, then the smallest id.

    Parameters
    ----------
    kind : (n,) `QUESTION`, `ANSWER`, `OTHER`, or 0 for a rejected row.
    ids, link, score : (n,) as in `Posts`.

    Returns
    -------
    (n,) the fate of each row; (n,) the row of its best answer, or -1; and the rows whose id an earlier row has too,
    which are rejected, in ascending order.
    """
    fate = np.full(len(kind), Fate.NOT_A_QUESTION_OR_ANSWER, dtype=np.uint8)
    best = np.full(len(kind), -1, dtype=np.int64)
    there = np.flatnonzero(kind)
    by_id = there[np.argsort(ids[there], kind="stable")]
    again = ids[by_id[1:]] == ids[by_id[:-1]]
    repeated = by_id[1:][again]
    fate[kind == 0] = Fate.REJECTED
    fate[repeated] = Fate.REJECTED
    live = fate != Fate.REJECTED
    questions = by_id[(live & (kind == QUESTION))[by_id]]
    answers = np.flatnonzero(live & (kind == ANSWER))
    fate[questions] = Fate.UNANSWERED
    fate[answers] = Fate.NO_QUESTION
    if len(questions):
        at = np.minimum(np.searchsorted(ids[questions], link[answers]), len(questions) - 1)
        has = ids[questions[at]] == link[answers]
        answers, parents = answers[has], questions[at[has]]
        accepted = link[parents] == ids[answers]
        order = np.lexsort((ids[answers], ~accepted, -score[answers], parents))
        first = np.ones(len(order), dtype=np.bool_)
        first[1:] = parents[order[1:]] != parents[order[:-1]]
        top = order[first]
        fate[answers] = Fate.LOWER_RANKED_ANSWER
        fate[answers[top]] = Fate.JOINED
        fate[parents[top]] = Fate.READ
        best[parents[top]] = answers[top]
    return fate, best, np.sort(repeated)
