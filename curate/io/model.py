"""What the readers hand on: input files, batches of examples, and rejects."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import polars as pl

Container = Literal["jsonl", "json", "parquet", "csv", "xml"]
Compression = Literal["gzip", "zstd", "bz2", "xz"]

#: Format name of a file that holds nothing but white space.
NO_FORMAT: Final = "none"

#: How many bytes of a rejected record are kept in `Reject.raw`.
RAW_BYTES: Final = 2000

#: A record longer than this is rejected without being held in memory, unless `ReadOptions` says otherwise.
MAX_RECORD_BYTES: Final = 8 * 1024 * 1024

#: Every reason for which a record is rejected, with a sentence for a person.
REJECT_REASONS: Final[Mapping[str, str]] = {
    "invalid_utf8": "The record's bytes are not UTF-8 text.",
    "malformed_json": "The record is not well-formed JSON.",
    "malformed_csv": "The row is not well-formed CSV.",
    "malformed_xml": "The row is not well-formed XML, or no row at all.",
    "duplicate_id": "An earlier record of the dump has the same id.",
    "wrong_field_count": "The row has more or fewer values than the header has columns.",
    "duplicate_key": "An object in the record names one key twice, so one of the values would be lost.",
    "not_finite": "The record holds NaN or Infinity, which JSON does not have.",
    "number_out_of_range": "The record holds a number beyond what can be kept exactly or as a double.",
    "lone_surrogate": "The record escapes half of a surrogate pair, which is no character.",
    "too_deep": "The record is nested more than 128 levels deep.",
    "record_too_long": "The record is longer than the reader's limit (`max_record_bytes`).",
    "corrupt_stream": "The file is damaged or cut off here; nothing after this place can be read.",
    "expands_too_far": "The compressed data unpacks to so many times its size that it is not read on from here.",
    "trailing_data": "The file goes on after the end of its JSON value.",
    "not_an_object": "The record is JSON, but not an object with named fields.",
    "missing_field": "A field that the record format needs is not there.",
    "null_field": "A field that the record format needs is null.",
    "wrong_type": "A field that must be text (or a list) is something else.",
    "reserved_field": "The record has a field whose name is reserved for what the reader adds to `meta`.",
    "unsupported_content": "A turn carries more than plain text (a name, tool calls, parts), which would be lost.",
    "unknown_role": "A turn's role is none of those that the record format knows.",
    "bad_turn_order": "The turns are not an optional system message, then user and assistant in alternation.",
    "no_response": "The conversation does not end with a turn of the assistant.",
    "no_messages": "The conversation has no turns.",
    "prompt_differs": "The chosen and the rejected answer do not follow the same prompt.",
    "id_collision": "Another message, which differs, has the same id, so that their replies cannot be told apart.",
    "too_many_paths": "All paths of the message tree together are too large.",
    "no_instances": "The task has no instances.",
    "unknown_label": "The row's label is none of the template's.",
    "text_too_long": "The text that a template makes of the row is longer than 4 million characters.",
    "unknown_format": "No record format was found for the file.",
}


#: Every reason for which a reader by its rules makes no example of a record that it could read.
LEFT_REASONS: Final[Mapping[str, str]] = {
    "lower_ranked_answer": "Another answer to its question ranks higher.",
    "unanswered": "The question has no answer in the dump.",
    "no_question": "The answer's question is not in the dump, or could not be read.",
    "not_a_question_or_answer": "The post is neither a question nor an answer (a tag's wiki, for one).",
    "tree_not_ready": "The message tree is in another state than `ready_for_export`.",
    "deleted_message": "The message was deleted.",
    "failed_review": "The message did not pass its review.",
    "unreviewed": "The message has no review result yet.",
    "reply_to_cut_message": "The message answers one that is left out.",
    "reply_to_missing_message": "The message answers one that is not in the dump, or that was rejected.",
    "repeated_message": "The same message stands in the dump before.",
    "no_reply": "The message has no answer that could be read as part of an example.",
    "not_on_best_path": "Another message of its tree ranks higher.",
    "beyond_max_turns": "The message comes after the turns that were asked for.",
    "article_part": "The row is one step of an article that is spread over several rows.",
    "empty_article": "The article has no text beside its title.",
    "other_subreddit": "The submission was made to a subreddit that was not asked for.",
    "stickied": "Moderators pinned the post: it is a notice.",
    "bot_post": "A program wrote the post.",
    "deleted_post": "The post was deleted by its author or removed.",
    "nsfw": "The submission is marked as over 18.",
    "untagged": "The title has no tag that says what kind of post it is.",
    "no_prompt": "By its tag the submission is no prompt.",
    "needs_media": "By its tag the prompt is a picture or a sound, which the dump does not hold.",
    "empty_text": "The post has no text.",
    "no_comment": "No comment right under the submission can be its answer.",
    "not_top_level": "The comment answers another comment.",
    "no_submission": "The comment's submission is not in the dump, or could not be read.",
    "prompt_left_out": "The comment's submission is left out.",
    "lower_score": "Another comment on the submission has a higher score, or the same and an earlier id.",
    "unlabelled": "The row's label says that it has none.",
    "empty_list": "A list in the row, of which a template takes an element, is empty.",
}


class Omit(Exception):  # noqa: N818 - no error: a rule of the format
    """A record of which, by the format's rules, no example is made; it becomes a `LeftOut`.

    Parameters
    ----------
    reason : a key of `LEFT_REASONS`.
    value : evidence for a person, or None.
    """

    def __init__(self, reason: str, value: str | None = None) -> None:
        super().__init__(reason, value)
        self.reason = reason
        self.value = value


class RecordError(Exception):
    """Why one record is rejected; it becomes a `Reject` and never leaves the package.

    Parameters
    ----------
    reason : a key of `REJECT_REASONS`.
    detail : one sentence for a person.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class InputFile:
    """One input that a reader takes.

    Parameters
    ----------
    name : what goes in the column `file`: the path from the given folder on, or the base name.
    path : where to open it; for standard input and URLs, a local copy.
    source : the file's name without folders and known extensions.
    container, compression : how records are packed; compression is found by the first bytes.
    format : a key of `FORMATS`, or `none` for a file without records.
    size, sha256 : of the bytes as they are stored (bytes, hexadecimal digits).
    detected : one line for a person: why this format.
    companions : files that are read together with this one (the comments to its submissions); their records
        count as this file's.
    """

    name: str
    path: Path
    source: str
    container: Container
    compression: Compression | None
    format: str
    size: int
    sha256: str
    detected: str
    companions: tuple[InputFile, ...] = ()


@dataclass(frozen=True, slots=True)
class UnknownFile:
    """A file that is not read, and why."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Discovery:
    """What the inputs turned out to be; every list is sorted by name.

    Parameters
    ----------
    files : what `read` takes.
    unknown : files that no reader takes.
    skipped : files passed over by rule (hidden, README, LICENSE) or given more than once.
    """

    files: list[InputFile]
    unknown: list[UnknownFile]
    skipped: list[UnknownFile]


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that could not be read as an example.

    Parameters
    ----------
    file, line : the input file's name, and the record's position in it, from 1 (in JSONL: the line).
    offset : where the record starts in the decompressed file, in bytes; -1 in a Parquet file.
    reason, detail : a key of `REJECT_REASONS`, and a sentence about this record.
    raw : the record as text, or its first 2,000 bytes.
    sha256 : of all of the record's bytes (in a Parquet file: of the row as JSON).
    escaped : the bytes are not UTF-8: in `raw` each backslash is doubled and each bad byte is `\\xNN`.
    truncated : `raw` is not the whole record.
    rest : it stands for everything from its place to the end of the file, however many records that is.
    """

    file: str
    line: int
    offset: int
    reason: str
    detail: str
    raw: str
    sha256: str
    escaped: bool = False
    truncated: bool = False
    rest: bool = False


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A record that could be read, but of which the format's rules make no example (an unanswered question).

    Parameters
    ----------
    file, line : the input file's name, and the record's position in it, from 1.
    reason : a key of `LEFT_REASONS`.
    value : evidence for a person, or None.
    """

    file: str
    line: int
    reason: str
    value: str | None = None


@dataclass(frozen=True, slots=True)
class RawRecord:
    """The bytes of a record and where they start; `sha256` is given where `head` is not all of it.

    `rest` is as in `Reject`.
    """

    offset: int
    head: bytes
    sha256: str | None = None
    rest: bool = False

    def reject(self, file: str, line: int, error: RecordError) -> Reject:
        """The reject of this record, for the reason in `error`."""
        text, escaped, cut = excerpt(self.head)
        return Reject(
            file=file,
            line=line,
            offset=self.offset,
            reason=error.reason,
            detail=error.detail,
            raw=text,
            sha256=self.sha256 or hashlib.sha256(self.head).hexdigest(),
            escaped=escaped,
            truncated=cut or self.sha256 is not None,
            rest=self.rest,
        )


def excerpt(raw: bytes) -> tuple[str, bool, bool]:
    """At most `RAW_BYTES` of `raw` as text that can be turned back: (text, escaped, truncated).

    A cut falls between characters. If the bytes are not UTF-8, backslashes are doubled and bad bytes written `\\xNN`.
    """
    head = raw[:RAW_BYTES]
    truncated = len(head) < len(raw)
    try:
        return head.decode("utf-8"), False, truncated
    except UnicodeDecodeError as error:
        # Only the cut itself may have split the last character.
        if truncated and error.start >= len(head) - 3 and error.reason == "unexpected end of data":
            return head[: error.start].decode("utf-8"), False, True
    return head.replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace"), True, truncated


@dataclass(slots=True)
class Batch:
    """A run of records of one file.

    `lines + expanded == blank + len(rejects) + joined + len(left) + frame.height`, summed over a file's batches.

    Parameters
    ----------
    frame : the columns of `schema.CANONICAL` but `row`, in that order; `id` without repeat suffix.
    rejects : in the order of the file.
    lines : records met, blank ones among them.
    blank : lines or rows that are empty or white space only.
    expanded : examples and rejects beyond the first of each record (a task with several instances).
    joined : records that are part of an example beside the one it is counted by (the answer to a question).
    left : records of which the format's rules make no example, in the order of the file.
    ended : examples of which a response ended in one of `ReadOptions.end_of_text`, which was taken off.
    """

    frame: pl.DataFrame
    rejects: list[Reject] = field(default_factory=list)
    lines: int = 0
    blank: int = 0
    expanded: int = 0
    joined: int = 0
    left: list[LeftOut] = field(default_factory=list)
    ended: int = 0


def show(text: object, limit: int = 60) -> str:
    """A name or value out of a record, safe to print: quoted, control characters escaped, cut at `limit`."""
    plain = str(text)
    cut = plain if len(plain) <= limit else plain[: limit - 1] + "…"
    return "`" + "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in cut) + "`"
