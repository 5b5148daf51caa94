"""Reddit submissions joined to the comments that answer them, from the public dumps (JSON lines, often zstd).

Of the comments only ids, scores and places are held in memory; the texts of the chosen ones wait in a temporary file.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import IO, Any, Final

from curate.io.columns import build
from curate.io.formats.base import DumpFormat, Example, Record, kind_of
from curate.io.formats.heads import first_fields
from curate.io.formats.reddit_rules import Prompt, bare_id, prompt_of, story_of, unescape
from curate.io.meta import READER, dump, meta_json
from curate.io.model import Batch, InputFile, LeftOut, Omit, RecordError, Reject, UnknownFile, show
from curate.io.options import ReadOptions
from curate.io.records import JsonLines
from curate.io.streams import chunks
from curate.io.strictjson import loads

_SUBMISSION: Final = frozenset({"title", "subreddit", "selftext"})
_COMMENT: Final = frozenset({"body", "link_id", "parent_id"})
_COMMENTS: Final = "Reddit comments"
_BATCH_BYTES: Final = 64 * 1024 * 1024
#: What tells a file of comments from the one of its submissions, where the dumps name them alike.
_KIND: Final = re.compile(r"(?i)submissions?|comments?|\Ar[sc](?=[_-])")


def recognise(head: bytes, _name: str) -> str | None:
    """JSON lines with the fields of a submission, or of a comment."""
    for line in head.split(b"\n", 20)[:20]:
        names = set(first_fields(line.strip().decode("utf-8", "replace"))[0])
        if names >= _COMMENT:
            return _COMMENTS
        if names >= _SUBMISSION:
            return "Reddit submissions"
    return None


def pair(files: Sequence[InputFile]) -> tuple[list[InputFile], list[UnknownFile]]:
    """Each file of submissions with the files of comments beside it as companions, and the comments of no file.

    Files of one folder belong together if their names differ in nothing but the kind (`RS_2019-01` and `RC_2019-01`,
    `WritingPrompts_submissions` and `WritingPrompts_comments`); or if there is one file of submissions only.
    """
    comments = [file for file in files if _is_comments(file)]
    posts = [file for file in files if file not in comments]
    stems = [_stem(file) for file in posts]
    taken: dict[str, list[InputFile]] = {}
    strays: list[UnknownFile] = []
    for file in comments:
        beside = [post for post, stem in zip(posts, stems, strict=True) if stem == _stem(file)]
        if len(beside) != 1:
            beside = [post for post, (folder, _) in zip(posts, stems, strict=True) if folder == _stem(file)[0]]
        if len(beside) == 1:
            taken.setdefault(beside[0].name, []).append(file)
        else:
            why = f"{_COMMENTS}, and " + ("several files" if beside else "no file") + " of submissions beside them"
            strays.append(UnknownFile(file.name, why))
    return [_with(post, taken.get(post.name, [])) for post in posts], strays


def _with(post: InputFile, comments: Sequence[InputFile]) -> InputFile:
    ordered = tuple(sorted(comments, key=lambda file: file.name))
    told = ", ".join(f"with {file.name}" for file in ordered) or "no comments beside it"
    return replace(post, companions=ordered, detected=f"{post.detected}, {told}")


def _is_comments(file: InputFile) -> bool:
    return _COMMENTS in file.detected


def _stem(file: InputFile) -> tuple[str, str]:
    folder, _, _ = file.name.rpartition("/")
    return folder, _KIND.sub("", file.source).casefold()


def read(file: InputFile, options: ReadOptions, batch_rows: int) -> Iterator[Batch]:
    """The batches of the comments, then those of the submissions, with one example for each that has a story.

    The story is the comment right under the submission with the highest score; of equal ones, the one with the
    earliest id.
    """
    with tempfile.TemporaryFile(prefix="curate-") as spool:
        join = _Join(file, options, spool)
        for number, comments in enumerate(file.companions):
            yield from _batches(comments, join.comment(number), options, batch_rows)
        yield from _batches(file, join.submission, options, batch_rows)


#: Gives an example, or None for a record that was joined to one; raises `RecordError` or `Omit`.
_Judge = Callable[[Record, JsonLines], Example | None]


def _lines(file: InputFile, options: ReadOptions) -> JsonLines:
    return JsonLines(chunks(file.path, file.compression), options.max_record_bytes)


def _object(value: object) -> Record | RecordError:
    if isinstance(value, dict | RecordError):
        return value
    return RecordError("not_an_object", f"The record is {kind_of(value)}, not an object.")


class _Join:
    """What is known of a dump after going through it once, and what becomes of each record the second time.

    `prompts` has the line of each submission's id, negative where no example is made of it; `best` for each of them
    the rank of its best comment and where that stands.
    """

    def __init__(self, file: InputFile, options: ReadOptions, spool: IO[bytes]) -> None:
        self._options = options
        self._spool = spool
        self._places: dict[str, tuple[int, int]] = {}
        self._prompts: dict[str, int] = {}
        records = _lines(file, options)
        for value in records:
            self._note_submission(_object(value), records.line)
        self._best: dict[str, tuple[tuple[int, int, str], int, int]] = {}
        for number, comments in enumerate(file.companions):
            records = _lines(comments, options)
            for value in records:
                self._note_comment(_object(value), number, records.line)

    def _note_submission(self, value: Record | RecordError, line: int) -> None:
        if isinstance(value, RecordError):
            return
        try:
            self._prompts.setdefault(prompt_of(value, self._options).id, line)
        except RecordError:
            return
        except Omit:
            # What decides about the submission has been read, so that the id is text.
            self._prompts.setdefault(bare_id(value), -line)

    def _note_comment(self, value: Record | RecordError, number: int, line: int) -> None:
        try:
            if isinstance(value, RecordError):
                return
            story = story_of(value)
        except (RecordError, Omit):
            return  # told of when the comments are gone through again
        if self._prompts.get(story.link, -1) > 0:
            place = (story.rank, number, line)
            self._best[story.link] = min(place, self._best.get(story.link, place))

    def comment(self, number: int) -> _Judge:
        """What becomes of a comment in the companion of this number."""

        def judge(value: Record, records: JsonLines) -> Example | None:
            story = story_of(value)
            if story.link not in self._prompts:
                raise Omit("no_submission", show(story.link))
            if self._prompts[story.link] < 0:
                raise Omit("prompt_left_out", show(story.link))
            rank, *place = self._best[story.link]
            if place == [number, records.line]:
                raw = records.raw().head
                self._places[story.link] = (self._spool.tell(), len(raw))
                self._spool.write(raw)
                return None
            if rank == story.rank:
                raise RecordError("duplicate_id", f"The id {show(story.id)} is an earlier comment's.")
            raise Omit("lower_score", str(story.score))

        return judge

    def submission(self, value: Record, records: JsonLines) -> Example:
        """The example of a submission and its story."""
        prompt = prompt_of(value, self._options)
        if self._prompts[prompt.id] != records.line:
            raise RecordError("duplicate_id", f"The id {show(prompt.id)} is an earlier submission's.")
        if prompt.id not in self._places:
            raise Omit("no_comment")
        start, size = self._places[prompt.id]
        self._spool.seek(start)
        return _example(value, prompt, loads(self._spool.read(size).decode("utf-8")))


def _example(submission: Record, prompt: Prompt, comment: Record) -> Example:
    body = comment["body"]
    answer = unescape(body)
    notes: dict[str, Any] = {"tags": list(prompt.tags)}
    if changed := [name for name, is_so in (("title", prompt.unescaped), ("body", answer != body)) if is_so]:
        notes["entities_undone"] = changed
    notes["comment"] = {key: value for key, value in comment.items() if key != "body"}
    # The title stays in `meta` as it was: its tags cannot be put back otherwise.
    return (prompt.text, answer), False, meta_json(submission, (), f'"{READER}":{dump(notes)}')


def _batches(file: InputFile, judge: _Judge, options: ReadOptions, batch_rows: int) -> Iterator[Batch]:
    """One file gone through for the last time; at least one batch."""
    open_batch = _Open(file)
    records = _lines(file, options)
    for value in records:
        open_batch.add(records, _object(value), judge)
        if open_batch.size >= batch_rows or records.taken - open_batch.taken >= _BATCH_BYTES:
            yield open_batch.finish(records)
    if open_batch.is_open(records):
        yield open_batch.finish(records)


class _Open:
    """The batch being filled."""

    def __init__(self, file: InputFile) -> None:
        self._file = file
        self._told = False
        self._line = self._blank = self.taken = 0
        self._clear()

    def _clear(self) -> None:
        self._examples: list[Example] = []
        self._lines: list[int] = []
        self._rejects: list[Reject] = []
        self._left: list[LeftOut] = []
        self._joined = 0

    @property
    def size(self) -> int:
        return len(self._examples) + len(self._rejects) + len(self._left) + self._joined

    def add(self, records: JsonLines, value: Record | RecordError, judge: _Judge) -> None:
        try:
            if isinstance(value, RecordError):
                raise value
            made = judge(value, records)
        except RecordError as error:
            self._rejects.append(records.raw().reject(self._file.name, records.line, error))
        except Omit as omit:
            self._left.append(LeftOut(self._file.name, records.line, omit.reason, omit.value))
        else:
            if made is None:
                self._joined += 1
                return
            self._examples.append(made)
            self._lines.append(records.line)

    def is_open(self, records: JsonLines) -> bool:
        return not self._told or records.line != self._line

    def finish(self, records: JsonLines) -> Batch:
        batch = Batch(
            frame=build(self._file, self._examples, self._lines),
            rejects=self._rejects,
            lines=records.line - self._line,
            blank=records.blank - self._blank,
            joined=self._joined,
            left=self._left,
        )
        self._line, self._blank, self.taken, self._told = records.line, records.blank, records.taken, True
        self._clear()
        return batch


FORMAT = DumpFormat(
    name="writing_prompts",
    summary="Submissions of r/WritingPrompts (or other subreddits) with their comments, as in the public Reddit dumps.",
    fields={
        "submissions": "JSON lines; `title` without its tags (`[WP]`) is the user's turn; posts that are no prompts, "
        "deleted, by bots, stickied or over 18 are left out",
        "comments": "JSON lines in a file beside it; of the comments right under a submission the one with the highest "
        "`score` is the assistant's turn, of equal ones the earliest by `id`; the rest are left out",
        "score, author, permalink, …": "go to `meta`, the comment's under `_reader`; of both texts the entities "
        "`&lt;`, `&gt;` and `&amp;` are undone, and `meta` says so",
    },
    recognise=recognise,
    read=read,
    pair=pair,
)
