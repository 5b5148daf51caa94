"""Open Assistant's message trees: what is cut from one, and which paths through the rest are examples.

The two forms that the dumps come in (a tree per line, a message per line) share this module.

References
----------
- Open Assistant, `oasst-data` package, `schemas.py`: the fields of a message and of a tree. Fields that are null are
  left out of the exported lines.
- Dataset card of `OpenAssistant/oasst1`: trees in the state `ready_for_export` are the finished ones; messages that
  were deleted or have a negative review result are no part of the set for fine-tuning; replies are ranked by people,
  the most preferred has rank 0; `labels` holds, for each label, the average of its values and their count.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from curate.io.formats.base import Example, field_error, nearest
from curate.io.meta import dump, meta_json
from curate.io.model import RecordError, show

READY: Final = "ready_for_export"

#: What all paths of one tree may take together, in characters: each repeats what it shares with the others, so that a
#: hostile tree of a few megabytes could become any number of gigabytes.
MAX_PATHS_SIZE: Final = 64 * 1024 * 1024

#: Member of `meta` that tells of the tree and the path; and the one with the fields of each message of the path.
TREE: Final = "_tree"
TURNS: Final = "_turns"

# Reasons (of `LEFT_REASONS`) for which a message is cut from its tree.
DELETED: Final = "deleted_message"
FAILED: Final = "failed_review"
UNREVIEWED: Final = "unreviewed"
STATE: Final = "tree_not_ready"
BELOW: Final = "reply_to_cut_message"
UNANSWERED: Final = "no_reply"
NOT_BEST: Final = "not_on_best_path"
BEYOND: Final = "beyond_max_turns"

_ROLES: Final = {"prompter": True, "assistant": False}


@dataclass(slots=True, eq=False)
class Node:
    """A message of a tree.

    Parameters
    ----------
    user : whether it is the user's (`prompter`).
    key : what its siblings are ordered by, the best first.
    size : of its record without its replies, in characters or bytes; 0 where nobody asks.
    cut : why it is no part of an example; None for one that is.
    reviewed : whether it has a review result at all.
    held : its record, or where to find it.
    """

    user: bool
    key: tuple[float, float, str, str]
    size: int
    cut: str | None
    reviewed: bool
    held: Any
    parent: Node | None = None
    depth: int = 1
    replies: list[Node] = field(default_factory=list)


def node_of(message: Mapping[str, Any], held: Any, *, size: int = 0, tie: str = "") -> Node:
    """The node of one message, without its replies.

    Siblings are ordered by `rank` (a message without one after those that have one), then by the label `quality`
    (the higher first), then by `message_id`, then by `tie`.

    Raises
    ------
    RecordError : a field that decides is missing or of the wrong type. The text of a message that is cut is not
        looked at.
    """
    role = message.get("role")
    if type(role) is not str:
        raise field_error(message, "role")
    if role not in _ROLES:
        near = nearest([role], list(_ROLES))
        hint = f"; did you mean {show(near)}?" if near else "; known are prompter, assistant."
        raise RecordError("unknown_role", f"The role {show(role)} is unknown{hint}")
    name = message.get("message_id")
    if name is not None and type(name) is not str:
        raise field_error(message, "message_id")
    cut = None
    if _flag(message, "deleted"):
        cut = DELETED
    elif (result := _flag(message, "review_result")) is not True:
        cut = UNREVIEWED if result is None else FAILED
    text = message.get("text")
    if type(text) is not str and cut in {None, UNREVIEWED}:
        raise field_error(message, "text")
    key = (_rank(message), -_quality(message), name or "", tie)
    reviewed = message.get("review_result") is not None
    return Node(_ROLES[role], key, size, cut, reviewed, held)


def _flag(message: Mapping[str, Any], name: str) -> bool | None:
    value = message.get(name)
    if value is not None and type(value) is not bool:
        raise field_error(message, name, what="true or false")
    return value


def _number(value: object) -> float | None:
    """A finite number that is no truth value; None for anything else."""
    if type(value) is int and abs(value) < 2**53:
        return float(value)
    return value if type(value) is float and math.isfinite(value) else None


def _rank(message: Mapping[str, Any]) -> float:
    if message.get("rank") is None:
        return math.inf
    rank = _number(message["rank"])
    if rank is None:
        raise field_error(message, "rank", what="a number")
    return rank


def _quality(message: Mapping[str, Any]) -> float:
    """The average of the label `quality`, from 0 to 1; -1 where there is none.

    `labels` is an object of objects in the project's own files, and an object of parallel lists in tables.
    """
    labels = message.get("labels")
    if not isinstance(labels, dict):
        return -1.0
    one = labels.get("quality")
    value = one.get("value") if isinstance(one, dict) else None
    names, values = labels.get("name"), labels.get("value")
    if isinstance(names, list) and isinstance(values, list) and "quality" in names[: len(values)]:
        value = values[names.index("quality")]
    number = _number(value)
    return -1.0 if number is None else number


def prune(root: Node, max_turns: int | None) -> list[Node]:
    """Cut what is no part of an example, order the replies, and give all messages, parents first.

    Afterwards a message without `cut` is on one path or more, each from the prompt to an answer, of at most `max_turns`
    turns.

    Raises
    ------
    RecordError : a message and its reply have one role, or the first message is not the user's.
    """
    if not root.user:
        raise RecordError("bad_turn_order", "The first message is the assistant's.")
    nodes = [root]
    for node in nodes:  # grows as it goes
        for reply in node.replies:
            if reply.user == node.user:
                whose = "user" if node.user else "assistant"
                raise RecordError("bad_turn_order", f"A reply to a message of the {whose} is the {whose}'s as well.")
            reply.parent, reply.depth = node, node.depth + 1
        node.replies.sort(key=_key)
        nodes += node.replies
    # A tree that tells of no review at all was made without one; else no result means that there was none yet.
    recorded = any(node.reviewed for node in nodes)
    # An example ends with an answer, so that an odd turn more is none.
    deepest = math.inf if max_turns is None else max_turns - max_turns % 2
    for node in nodes:
        if node.cut == UNREVIEWED and not recorded:
            node.cut = None
        if node.cut is None and node.parent is not None and node.parent.cut is not None:
            node.cut = BEYOND if node.parent.cut == BEYOND else BELOW
        if node.cut is None and node.depth > deepest:
            node.cut = BEYOND
    for node in reversed(nodes):
        node.replies = [reply for reply in node.replies if reply.cut is None]
        if node.user and node.cut is None and not node.replies:
            node.cut = UNANSWERED
    return nodes


def _key(node: Node) -> tuple[float, float, str, str]:
    return node.key


def ends(root: Node, nodes: list[Node], *, best: bool) -> list[Node]:
    """The last message of each path that is an example, in the order of the replies; none if the prompt is cut.

    Parameters
    ----------
    nodes : as `prune` gave them.
    best : only the path that takes the best reply at each turn; all other messages are then cut.

    Raises
    ------
    RecordError : all paths together are too much.
    """
    if root.cut is not None:
        return []
    if best:
        node, path = root, {id(root)}
        while node.replies:
            node = node.replies[0]
            path.add(id(node))
        for other in nodes:
            if other.cut is None and id(other) not in path:
                other.cut = NOT_BEST
        return [node]
    found: list[Node] = []
    sizes: dict[int, int] = {}
    total = 0
    stack = [root]
    while stack:
        node = stack.pop()
        sizes[id(node)] = size = node.size + (sizes[id(node.parent)] if node.parent else 0)
        if not node.replies:
            found.append(node)
            total += size
        stack += reversed(node.replies)
    if len(found) > 1 and total > MAX_PATHS_SIZE:
        detail = f"Its {len(found)} paths would take {total} characters, more than {MAX_PATHS_SIZE}"
        raise RecordError("too_many_paths", f"{detail}; try `tree: best` or fewer `max_turns`.")
    return found


def path_to(end: Node) -> list[Node]:
    """The messages from the prompt to `end`."""
    path = [end]
    while (parent := path[-1].parent) is not None:
        path.append(parent)
    return path[::-1]


def why_nothing(root: Node, nodes: list[Node]) -> tuple[str, str | None]:
    """The reason why a tree has no example, and how many of its messages were cut for which reason."""
    reason = root.cut or UNANSWERED
    counts = Counter(node.cut for node in nodes if node is not root and node.cut is not None)
    told = ", ".join(f"{cut} {count}" for cut, count in sorted(counts.items()))
    return reason, told or None


def cut_json(nodes: list[Node]) -> str:
    """What `meta` says of a tree as a whole: how many messages it has, and how many were cut for which reason."""
    cut = Counter(node.cut for node in nodes if node.cut is not None)
    return f'"messages":{len(nodes)},"cut":{dump(dict(sorted(cut.items())))}'


def example_of(path: Sequence[Mapping[str, Any]], meta: Mapping[str, Any], used: Collection[str], cut: str) -> Example:
    """The example of a path.

    Parameters
    ----------
    path : the records of its messages.
    meta : the record of the tree, of which the fields `used` do not go to `meta`.
    cut : what `cut_json` says of the tree.

    Raises
    ------
    RecordError : a field of the tree has a reserved name.
    """
    if TREE in meta or TURNS in meta:
        raise RecordError("reserved_field", f"The field names {show(TREE)} and {show(TURNS)} are reserved.")
    names = dump([message.get("message_id") for message in path])
    ranks = dump([message.get("rank") for message in path])
    lang = dump(next((message["lang"] for message in path if message.get("lang") is not None), None))
    turns = ",".join(turn_json(message) for message in path)
    extra = f'"{TREE}":{{"path":{names},"lang":{lang},"ranks":{ranks},{cut}}},"{TURNS}":[{turns}]'
    return tuple(message["text"] for message in path), False, meta_json(meta, used, extra)


def turn_json(message: Mapping[str, Any]) -> str:
    """The fields of a message that did not become a turn or a branch, as JSON."""
    return dump({key: value for key, value in message.items() if key not in {"text", "role", "replies"}})
