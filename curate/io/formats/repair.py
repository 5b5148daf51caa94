"""The rules by which a conversation whose turns are out of order is put in order, where the user asks for it.

Each rule has a name, and the names of those that were applied to a conversation stand in its `meta`, with what they
took away. Their order is fixed:

1. `developer_as_system`: a turn of the role `developer` is the system message.
2. `dropped_empty_turns`: a turn of nothing but white space is left away.
3. `dropped_leading_assistant`: what the assistant says before the user has said anything is left away.
4. `cut_trailing_user`: what the user says last, without an answer, is left away.
5. `merged_turns`: turns of one role in a row become one, a blank line between them.
"""

from __future__ import annotations

from typing import Any, Final

from curate.io.model import RecordError
from curate.schema import SEPARATOR

DEVELOPER: Final = "developer_as_system"
EMPTY: Final = "dropped_empty_turns"
LEADING: Final = "dropped_leading_assistant"
TRAILING: Final = "cut_trailing_user"
MERGE: Final = "merged_turns"
RULES: Final = (DEVELOPER, EMPTY, LEADING, TRAILING, MERGE)

#: Members of `meta`: the rules applied; the turns left away; for each merged turn, the numbers of the turns that it
#: was and the lengths of their texts in characters.
REPAIRED: Final = "_repaired"
DROPPED: Final = "_dropped_turns"
MERGED: Final = "_merged_turns"

#: A turn's number in the record (from 1), its role and its text.
Turn = tuple[int, str, str]


def repair(said: list[Turn], notes: dict[str, Any]) -> list[Turn]:
    """The turns in order: a system message or none, then user and assistant in alternation, the assistant last.

    Parameters
    ----------
    said : one turn or more; the first of the rules is applied already.
    notes : the members of `meta`; those that tell of repairs are added where there were any.

    Raises
    ------
    RecordError : nothing is left that has an answer, or a system message follows after the user's first turn.
    """
    rules: list[str] = notes.get(REPAIRED, [])
    dropped: list[Turn] = []
    kept = [turn for turn in said if turn[2] and not turn[2].isspace()]
    if len(kept) != len(said):
        rules.append(EMPTY)
        dropped += [turn for turn in said if not turn[2] or turn[2].isspace()]
    first = next((at for at, turn in enumerate(kept) if turn[1] == "user"), len(kept))
    leading = [turn for turn in kept[:first] if turn[1] == "assistant"]
    if leading:
        rules.append(LEADING)
        dropped += leading
        kept = [turn for turn in kept[:first] if turn[1] != "assistant"] + kept[first:]
    end = len(kept)
    while end and kept[end - 1][1] == "user":
        end -= 1
    if end < len(kept):
        rules.append(TRAILING)
        dropped += kept[end:]
        del kept[end:]
    kept, joined = _merged(kept)
    if joined:
        rules.append(MERGE)
        notes[MERGED] = joined
    late = next((turn for turn in kept[1:] if turn[1] == "system"), None)
    if late is not None:
        raise RecordError("bad_turn_order", f"Turn {late[0]} of {len(said)} is a system message after the user's turn.")
    if not kept or kept[-1][1] != "assistant":
        raise RecordError("no_response", f"Of {len(said)} turns, put in order, none of the assistant's is left.")
    if rules:
        notes[REPAIRED] = rules
    if dropped:
        notes[DROPPED] = [{"turn": number, "role": role, "content": text} for number, role, text in sorted(dropped)]
    return kept


def _merged(turns: list[Turn]) -> tuple[list[Turn], list[dict[str, list[int]]]]:
    """The turns with those of one role in a row made one, and of which turns each such one was made."""
    out: list[Turn] = []
    joined: list[dict[str, list[int]]] = []
    at = 0
    while at < len(turns):
        end = at + 1
        while end < len(turns) and turns[end][1] == turns[at][1]:
            end += 1
        run = turns[at:end]
        if len(run) > 1:
            joined.append({"turns": [turn[0] for turn in run], "lengths": [len(turn[2]) for turn in run]})
        out.append((run[0][0], run[0][1], SEPARATOR.join(turn[2] for turn in run)))
        at = end
    return out, joined
