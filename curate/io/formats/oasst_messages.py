"""Open Assistant's messages, one per record and in any order; their trees are put together by `parent_id`.

Memory follows the number of messages, not their text, which waits in a temporary file.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any, Final

from curate.io.columns import build
from curate.io.formats import oasst
from curate.io.formats.base import DumpFormat, Example, Record, field_error, kind_of
from curate.io.formats.oasst import Node
from curate.io.meta import dump
from curate.io.model import Batch, InputFile, LeftOut, RawRecord, RecordError, Reject, show
from curate.io.options import ReadOptions
from curate.io.strictjson import loads

_MISSING: Final = "reply_to_missing_message"
_REPEATED: Final = "repeated_message"
#: Fields that every message of a tree shares; they go to `meta` once.
_SHARED: Final = ("message_tree_id", "tree_state")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a message is: its line, its offset in the file, its place in the temporary file, and its ids."""

    line: int
    offset: int
    start: int
    size: int
    name: str
    parent: str | None


def matches(record: Record) -> bool:
    """Text in `message_id` and `text`, and one of Open Assistant's roles."""
    return (
        type(record.get("message_id")) is str
        and record.get("role") in {"prompter", "assistant"}
        and ("text" in record and "replies" not in record)
    )


def read(file: InputFile, options: ReadOptions, batch_rows: int) -> Iterator[Batch]:
    """The examples of a file, each at the line of its last message, in the order of these lines."""
    with tempfile.TemporaryFile() as spool:
        yield from _Forest(file, options, spool).batches(batch_rows)


class _Forest:
    """All trees of a file."""

    def __init__(self, file: InputFile, options: ReadOptions, spool: IO[bytes]) -> None:
        self._file = file
        self._options = options
        self._spool = spool
        self._nodes: dict[str, Node] = {}
        self._rejects: list[Reject] = []
        self._left: list[LeftOut] = []
        self._ends: list[Node] = []
        #: The messages that have their fate, and what `meta` says of a tree, by its root.
        self._settled: set[int] = set()
        self._cut: dict[int, str] = {}
        self._lines = self._blank = 0

    def batches(self, batch_rows: int) -> Iterator[Batch]:
        """The batches; what was read of the file adds up over all of them."""
        self._load()
        for root in self._link():
            self._walk(root)
        for node in self._nodes.values():
            if id(node) not in self._settled:
                self._leave(node, _MISSING, _place(node).parent)
        self._rejects.sort(key=lambda reject: reject.line)
        self._left.sort(key=lambda left: left.line)
        self._ends.sort(key=lambda node: _place(node).line)
        joined = self._lines - self._blank - len(self._rejects) - len(self._left) - len(self._ends)
        yield Batch(build(self._file, [], []), self._rejects, self._lines, self._blank, 0, joined, self._left)
        for start in range(0, len(self._ends), batch_rows):
            ends = self._ends[start : start + batch_rows]
            yield Batch(build(self._file, [self._example(end) for end in ends], [_place(end).line for end in ends]))

    def _load(self) -> None:
        """Read every record: its node into memory, its text into the temporary file."""
        from curate.io.reader import open_records  # it imports the formats

        records = open_records(self._file, self._options)
        position = 0
        collided: dict[str, list[Node]] = {}
        for value in records:
            raw = records.raw()
            # The bytes of a row of CSV say nothing without its header.
            kept = dump(value).encode() if self._file.container == "csv" and type(value) is dict else raw.head
            try:
                node = _node(value, (records.line, raw.offset, position, len(kept)))
            except RecordError as error:
                self._rejects.append(raw.reject(self._file.name, records.line, error))
                continue
            name = _place(node).name
            first = self._nodes.setdefault(name, node)
            if first is not node and self._record(first) == value:
                self._left.append(LeftOut(self._file.name, records.line, _REPEATED, name))
                continue
            self._spool.seek(position)
            self._spool.write(kept)
            position += len(kept)
            if first is not node:
                collided.setdefault(name, [first]).append(node)
        self._lines, self._blank = records.line, records.blank
        for name, nodes in collided.items():
            del self._nodes[name]
            for node in nodes:
                self._reject(node, RecordError("id_collision", f"Another message has the id {show(name)} as well."))

    def _link(self) -> list[Node]:
        """Hang every message on the one that it answers; the first messages of the trees."""
        roots: list[Node] = []
        for node in list(self._nodes.values()):
            name = _place(node).parent
            if name is None and node.user:
                roots.append(node)
            elif name is None:
                self._reject(node, RecordError("bad_turn_order", "It answers no message, but is the assistant's."))
            elif (parent := self._nodes.get(name)) is not None and parent.user != node.user:
                parent.replies.append(node)
            elif parent is not None:
                detail = f"It answers {show(name)}, which is the {'user' if node.user else 'assistant'}'s as well."
                self._reject(node, RecordError("bad_turn_order", detail))
        return roots

    def _walk(self, root: Node) -> None:
        """Give the messages of a tree their fates."""
        nodes = oasst.prune(root, self._options.max_turns)
        try:
            found = oasst.ends(root, nodes, best=self._options.tree == "best")
        except RecordError as error:
            for node in nodes:
                node.cut = node.cut or oasst.BELOW
            self._reject(root, error)
            found = []
        self._ends += found
        if found:
            self._cut[id(root)] = oasst.cut_json(nodes)
        for node in nodes:
            if node.cut is not None and id(node) not in self._settled:
                self._leave(node, node.cut, _place(node).name)
        self._settled.update(map(id, nodes))

    def _example(self, end: Node) -> Example:
        nodes = oasst.path_to(end)
        path = [self._record(node) for node in nodes]
        shared: dict[str, Any] = {name: path[0][name] for name in _SHARED if name in path[0]}
        for message in path:
            for name, value in shared.items():
                if name in message and message[name] == value:
                    del message[name]
        return oasst.example_of(path, shared, (), self._cut[id(nodes[0])])

    def _record(self, node: Node) -> dict[str, Any]:
        record: dict[str, Any] = loads(self._bytes(_place(node)).decode())
        return record

    def _bytes(self, place: _Place) -> bytes:
        self._spool.seek(place.start)
        return self._spool.read(place.size)

    def _reject(self, node: Node, error: RecordError) -> None:
        place = _place(node)
        self._settled.add(id(node))
        self._rejects.append(RawRecord(place.offset, self._bytes(place)).reject(self._file.name, place.line, error))

    def _leave(self, node: Node, reason: str, value: str | None) -> None:
        self._left.append(LeftOut(self._file.name, _place(node).line, reason, value))


def _place(node: Node) -> _Place:
    place: _Place = node.held
    return place


def _node(value: Any, at: tuple[int, int, int, int]) -> Node:
    """The node of a record; `at` are the first fields of its `_Place`."""
    if isinstance(value, RecordError):
        raise value
    if type(value) is not dict:
        raise RecordError("not_an_object", f"The record is {kind_of(value)}, not an object.")
    name, parent, state = value.get("message_id"), value.get("parent_id"), value.get("tree_state")
    if type(name) is not str:
        raise field_error(value, "message_id")
    if parent is not None and type(parent) is not str:
        raise field_error(value, "parent_id")
    if state is not None and type(state) is not str:
        raise field_error(value, "tree_state")
    node = oasst.node_of(value, _Place(*at, name, parent), size=at[3])
    if state not in {None, oasst.READY} and node.cut in {None, oasst.UNREVIEWED}:
        node.cut = oasst.STATE
    return node


FORMAT = DumpFormat(
    name="oasst_messages",
    summary="Messages of trees, one per record, of which each tree's best-ranked path or every path is read.",
    fields={
        "message_id, parent_id": "put the trees together, in whatever order the messages stand",
        "role, text": "a turn of the user (prompter) or the assistant",
        "tree_state, deleted, review_result": "a message of a tree in any other state than ready_for_export, one that "
        "was deleted or did not pass review, and all that answer it are left out",
        "rank, labels": "which reply is the best: the lowest rank, then the highest label `quality`, then the first id",
        "the other fields": "`meta`, as `_turns`, for each message of the path",
    },
    recognise=lambda head, name: None,  # noqa: ARG005 (told by its records, in whatever container)
    read=read,
    matches=matches,
)
