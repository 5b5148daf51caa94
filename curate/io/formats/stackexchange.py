"""StackExchange dumps: `Posts.xml`, one folder per site; each question with its best answer."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final, cast
from xml.parsers.expat import ExpatError

from curate.errors import InputError
from curate.io.columns import build
from curate.io.formats.base import DumpFormat, Example
from curate.io.formats.html_markdown import to_markdown
from curate.io.formats.posts import Fate, Posts
from curate.io.meta import READER, dump
from curate.io.model import Batch, InputFile, LeftOut, RecordError, Reject
from curate.io.options import ReadOptions
from curate.io.streams import CorruptStreamError, chunks, open_raw
from curate.io.xmlrows import Attributes, XmlRows, attributes_of, raw_record

#: A batch ends when it holds this much text, however few rows that is.
_BATCH_CHARS: Final = 64 * 1024 * 1024

_HOST: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")

#: The licence of posts by the day they were last changed (https://stackoverflow.com/help/licensing), for dumps from
#: before 2020, whose rows do not name it.
_LICENCES: Final = (("2018-05-02", "CC BY-SA 4.0"), ("2011-04-08", "CC BY-SA 3.0"), ("", "CC BY-SA 2.5"))

#: Attributes that have a place of their own in `meta`, or in a message.
_NAMED: Final = {
    "Id", "PostTypeId", "ParentId", "AcceptedAnswerId", "Score", "Title", "Body", "Tags", "OwnerUserId",
    "OwnerDisplayName", "ContentLicense", "CreationDate",
}  # fmt: skip


def recognise(head: bytes, name: str) -> str | None:  # noqa: ARG001 (the form of `DumpFormat.recognise`)
    """XML whose outer element is `posts`."""
    if not head.startswith(b"<") or re.search(rb"<posts[\s/>]", head) is None:
        return None
    return "XML of `posts`"


def read(file: InputFile, options: ReadOptions, batch_rows: int) -> Iterator[Batch]:
    """Every answered question with its best answer, in the order of the questions.

    Two passes: the first keeps 41 bytes of each row, the second reads questions and answers at their places. Memory
    grows with the number of rows and not with their text. Compressed files are unpacked to a temporary one.

    Raises
    ------
    InputError : the file has a document type declaration, is not UTF-8, or changes while it is being read.
    """
    with _seekable(file) as (stream, damage):
        posts = Posts()
        for place in XmlRows(stream, file.name, root="posts", row="row", limit=options.max_record_bytes):
            posts.add(*place)
        if damage is not None:
            posts.damaged(stream.seek(0, 2), damage)
        yield from _Second(file, options, stream, posts).batches(batch_rows)


@contextmanager
def _seekable(file: InputFile) -> Iterator[tuple[BinaryIO, RecordError | None]]:
    """The decompressed bytes of a file, and what is wrong with their compression."""
    if file.compression is None:
        with open_raw(file.path) as stream:
            yield stream, None
        return
    damage = None
    with tempfile.TemporaryFile() as spool:
        try:
            for piece in chunks(file.path, file.compression):
                spool.write(piece)
        except CorruptStreamError as error:
            damage = RecordError("corrupt_stream", f"The compressed data is damaged or cut off: {error}.")
        except OSError as error:
            raise InputError(f"{file.name}: cannot be unpacked in {tempfile.gettempdir()}: {error.strerror}") from error
        yield cast("BinaryIO", spool), damage


class _Second:
    """The second pass: the rows in order, each to its fate."""

    def __init__(self, file: InputFile, options: ReadOptions, stream: BinaryIO, posts: Posts) -> None:
        self._file, self._stream, self._posts = file, stream, posts
        self._fate, self._best = posts.join()
        self._seed = 42 if options.seed is None else options.seed
        self._prompt = options.prompt

    def batches(self, batch_rows: int) -> Iterator[Batch]:
        """At least one batch, each of at most `batch_rows` examples, rejects and left rows."""
        count, start = len(self._posts), 0
        while start < count or start == 0:
            batch, start = self._batch(start, batch_rows)
            yield batch
            if count == 0:
                return

    def _batch(self, start: int, batch_rows: int) -> tuple[Batch, int]:
        examples: list[Example] = []
        lines: list[int] = []
        rejects: list[Reject] = []
        left: list[LeftOut] = []
        joined = chars = 0
        row = start
        while row < len(self._posts) and len(examples) + len(rejects) + len(left) < batch_rows:
            fate = Fate(self._fate[row])
            if fate == Fate.READ:
                examples.append(self._example(row))
                lines.append(row + 1)
                chars += sum(map(len, examples[-1][0])) + len(examples[-1][2])
            elif fate == Fate.JOINED:
                joined += 1
            elif fate == Fate.REJECTED:
                raw = raw_record(self._stream, self._posts.start[row], self._posts.end[row])
                rejects.append(raw.reject(self._file.name, row + 1, self._posts.rejected[row]))
            else:
                left.append(LeftOut(self._file.name, row + 1, fate.name.lower(), self._value(row, fate)))
            row += 1
            if chars > _BATCH_CHARS:
                break
        frame = build(self._file, examples, lines)
        return Batch(frame, rejects, lines=row - start, joined=joined, left=left), row

    def _value(self, row: int, fate: Fate) -> str | None:
        if fate == Fate.LOWER_RANKED_ANSWER:
            return f"score {self._posts.score[row]}"
        if fate == Fate.NO_QUESTION:
            return f"ParentId {self._posts.link[row]}"
        return None if fate == Fate.UNANSWERED else f"PostTypeId {self._attributes(row)['PostTypeId']}"

    def _attributes(self, row: int) -> Attributes:
        start = self._posts.start[row]
        self._stream.seek(start)
        try:
            return attributes_of(self._stream.read(self._posts.end[row] - start))
        except ExpatError as error:
            raise InputError(f"{self._file.name}: changed while it was being read") from error

    def _example(self, row: int) -> Example:
        best = int(self._best[row])
        asked, answered = self._attributes(row), self._attributes(best)
        question, answer = to_markdown(asked["Body"]), to_markdown(answered["Body"])
        prompt = self._choice(self._posts.id[row])
        if prompt == "body" and not question.text:
            prompt = "title"  # a question of nothing but an image
        site = self._file.source
        meta = {
            "site": site,
            "title": asked["Title"],
            "body": question.text,
            "tags": re.findall(r"[^<>|]+", asked.get("Tags", "")),
            **_attribution("question", site, asked),
            **_attribution("answer", site, answered),
            "accepted": self._posts.link[row] == self._posts.id[best],
            READER: {
                "prompt": prompt,
                "answer_line": best + 1,
                "markdown_of": "html",
                "links": question.links + answer.links,
                "images": question.images + answer.images,
            },
        }
        return (asked["Title"] if prompt == "title" else question.text, answer.text), False, dump(meta)

    def _choice(self, post: int) -> str:
        if self._prompt != "either":
            return self._prompt
        digest = hashlib.blake2b(f"{self._seed}:{post}".encode(), digest_size=8).digest()
        return "body" if digest[-1] & 1 else "title"


def _attribution(what: str, site: str, row: Attributes) -> dict[str, object]:
    """Who wrote a post, where, when and under which licence, its score, and every attribute beside these."""
    base = f"https://{site}" if _HOST.fullmatch(site) else None
    user = row.get("OwnerUserId")
    place = "questions" if what == "question" else "a"
    changed = max(row.get("LastEditDate", ""), row.get("CreationDate", ""))
    licence = row.get("ContentLicense") or next((name for day, name in _LICENCES if changed[:10] >= day), None)
    return {
        f"{what}_id": int(row["Id"]),
        f"{what}_score": int(row["Score"]),
        f"{what}_url": base and f"{base}/{place}/{row['Id']}",
        f"{what}_author": {
            "id": user,
            "name": row.get("OwnerDisplayName"),
            "url": base and user and f"{base}/users/{user}",
        },
        f"{what}_licence": licence if changed else row.get("ContentLicense"),
        f"{what}_created": row.get("CreationDate"),
        f"{what}_fields": {name: value for name, value in row.items() if name not in _NAMED},
    }


FORMAT = DumpFormat(
    name="stackexchange",
    summary="The posts of a StackExchange site: each question with its best answer.",
    fields={
        "Title, Body of a question": "the user's turn is one of them (`read.prompt`); both go to `meta`",
        "Body of the best answer": "the assistant's turn, as Markdown: highest Score, then accepted, then first",
        "other attributes of both": "`meta`, with author, address and licence",
        "the folder's name": "`source` and `meta.site`",
    },
    recognise=recognise,
    read=read,
    source_is_folder=True,
    beside=frozenset(
        f"{table}.xml" for table in ("Badges", "Comments", "PostHistory", "PostLinks", "Tags", "Users", "Votes")
    ),
)
