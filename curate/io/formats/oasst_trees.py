"""Open Assistant's message trees, one per record; and its threads, the lists of messages of one path."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from curate.io.formats import oasst
from curate.io.formats.base import Convert, Example, Record, RecordFormat, field_error, kind_of
from curate.io.formats.oasst import Node
from curate.io.model import Omit, RecordError, show
from curate.io.options import ReadOptions

_THREADS = ("messages", "thread")


def matches(record: Record) -> bool:
    """A message with text or replies in `prompt`, or a list of messages with text and Open Assistant's roles."""
    prompt = record.get("prompt")
    if isinstance(prompt, dict):
        return "replies" in prompt or ("text" in prompt and "role" in prompt)
    return any(_is_thread(record.get(field)) for field in _THREADS)


def _is_thread(turns: Any) -> bool:
    first = turns[0] if type(turns) is list and turns else None
    return isinstance(first, dict) and first.get("role") in {"prompter", "assistant"} and "text" in first


def convert(record: Record, options: ReadOptions | None = None) -> Example | list[Example | RecordError]:
    """The tree's best path, or the list of all its paths."""
    options = options or ReadOptions()
    best = options.tree == "best"
    state = record.get("tree_state")
    if state is not None and type(state) is not str:
        raise field_error(record, "tree_state")
    field = next((name for name in _THREADS if "prompt" not in record and type(record.get(name)) is list), "prompt")
    root = _tree(record, field, sized=not best)
    if state not in {None, oasst.READY}:
        raise Omit(oasst.STATE, state)
    nodes = oasst.prune(root, options.max_turns)
    ends = oasst.ends(root, nodes, best=best)
    if not ends:
        raise Omit(*oasst.why_nothing(root, nodes))
    cut = oasst.cut_json(nodes)
    found = [oasst.example_of([n.held for n in oasst.path_to(end)], record, (field,), cut) for end in ends]
    return found[0] if best else list(found)


def _tree(record: Record, field: str, *, sized: bool) -> Node:
    """The first message of the tree or thread in `field`, with all that hang on it."""
    if field == "prompt":
        return _grow(record, sized=sized)
    turns = record[field]
    if not turns:
        raise RecordError("no_messages", "The thread has no messages.")
    nodes = [_node(turn, number, sized=sized) for number, turn in enumerate(turns, 1)]
    for number, (node, reply) in enumerate(pairwise(nodes), 2):
        before, parent = node.held.get("message_id"), reply.held.get("parent_id")
        if before is not None and parent is not None and before != parent:
            detail = f"Message {number} answers {show(parent)}, and not the one before it."
            raise RecordError("bad_turn_order", detail)
        node.replies.append(reply)
    return nodes[0]


def _grow(record: Record, *, sized: bool) -> Node:
    if not isinstance(record.get("prompt"), dict):
        raise field_error(record, "prompt", what="a message")
    root = _node(record["prompt"], 1, sized=sized)
    open_nodes = [root]
    count = 1
    while open_nodes:
        node = open_nodes.pop()
        replies = node.held.get("replies")
        if replies is None:
            continue
        if type(replies) is not list:
            raise RecordError("wrong_type", f"The replies of {_name(node.held)} are {kind_of(replies)}, not a list.")
        for reply in replies:
            count += 1
            node.replies.append(_node(reply, count, sized=sized))
        open_nodes += node.replies
    return root


def _node(message: Any, number: int, *, sized: bool) -> Node:
    if not isinstance(message, dict):
        raise RecordError("wrong_type", f"Message {number} is {kind_of(message)}, not an object.")
    text = message.get("text")
    size = len(oasst.turn_json(message)) + len(str(text)) if sized else 0
    try:
        return oasst.node_of(message, message, size=size, tie=str(text))
    except RecordError as error:
        raise RecordError(error.reason, f"Message {number} ({_name(message)}): {error.detail}") from None


def _name(message: Mapping[str, Any]) -> str:
    return show(message.get("message_id", "without id"))


def bind(options: ReadOptions) -> Convert:
    """`convert` under these options."""
    return lambda record: convert(record, options)


FORMAT = RecordFormat(
    name="oasst_trees",
    summary="A tree of messages, of which the best-ranked path or every path is read, as Open Assistant exports them.",
    fields={
        "prompt": "the first message: an object with `role` (prompter or assistant), `text` and `replies`; messages "
        "that were deleted or did not pass review are cut with all that answers them; the other fields of a path's "
        "messages go to `meta` as `_turns`, and what was cut as `_tree`",
        "tree_state": "a tree in any other state than ready_for_export is left out",
        "messages": "or `thread`, in place of `prompt`: the list of the messages of one path",
    },
    needs=("prompt", "messages", "thread"),
    matches=matches,
    convert=convert,
    bind=bind,
)
