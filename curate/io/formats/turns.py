"""Conversations kept as a list of turns: what OpenAI messages, ShareGPT and WildChat have in common."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from curate.io.formats.base import Record, field_error, kind_of, nearest
from curate.io.formats.repair import DEVELOPER, DROPPED, MERGED, REPAIRED, Turn, repair
from curate.io.meta import dump, meta_json
from curate.io.model import RecordError, show

#: Members of `meta` that these formats make; a record with such a field is rejected.
CONTENT_PARTS: Final = "_content_parts"
CONVERTED: Final = "_converted"
TURNS: Final = "_turns"
_OWN: Final = frozenset({CONTENT_PARTS, CONVERTED, TURNS, REPAIRED, DROPPED, MERGED})

#: Turns of tools, by the names they go by; a conversation of user and assistant has no place for them.
_TOOLS: Final = frozenset(
    {"tool", "function", "ipython", "observation", "function_call", "function_response", "tool_call", "tool_response"}
)
#: Fields of a turn that change what was said or what is to be learned, so that they are no mere notes.
_SAYING: Final = frozenset(
    {"tool_calls", "tool_call_id", "function_call", "name", "weight", "refusal", "audio", "images", "prefix"}
)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a format writes its turns.

    Parameters
    ----------
    roles : each name that may stand in `role_field`, with the role it means.
    role_field, text_field : the two fields of a turn.
    noted : whether further fields of a turn go to `meta` (as `_turns`); if not, a turn that has one is refused.
    """

    roles: Mapping[str, str]
    role_field: str
    text_field: str
    noted: bool = False


#: The texts of a conversation, whether the first is a system message, and what `meta` must say of it.
Conversation = tuple[tuple[str, ...], bool, dict[str, Any]]


def conversation(turns: list[Any], dialect: Dialect, *, repaired: bool = False) -> Conversation:
    """The conversation in a list of turns.

    Content that is a list of one text part is taken as that text, and the turn's number noted.

    Parameters
    ----------
    repaired : put turns that are out of order in order, by the named rules of `curate.io.formats.repair`.

    Raises
    ------
    RecordError : anything but an optional system message, then user and assistant in alternation, ending
        with the assistant, each with a role and plain text and nothing else that is not null.
    """
    if not turns:
        raise RecordError("no_messages", "The conversation has no turns.")
    roles, role_field, text_field = dialect.roles, dialect.role_field, dialect.text_field
    notes: dict[str, Any] = {}
    said: list[Turn] = []
    texts: list[str] = []
    system = False
    expected = "user"
    for number, turn in enumerate(turns, 1):
        try:
            role, text = roles[turn[role_field]], turn[text_field]
        except (KeyError, TypeError):
            text = None
        if type(text) is not str or len(turn) != 2:
            role, text = _odd_turn(turn, number, dialect, notes, developer=repaired)
        texts.append(text)
        if repaired:
            said.append((number, role, text))
        elif role == expected:
            expected = "assistant" if role == "user" else "user"
        elif role == "system" and number == 1:
            system = True
        else:
            detail = f"Turn {number} of {len(turns)} is the {role}'s where the {expected}'s must be."
            raise RecordError("bad_turn_order", detail)
    if dialect.noted:
        _note_turns(turns, dialect, notes)
    if repaired:
        said = repair(said, notes)
        return tuple(text for _, _, text in said), said[0][1] == "system", notes
    if expected != "user" or len(texts) == system:
        raise RecordError("no_response", f"The last of {len(turns)} turns is not the assistant's.")
    return tuple(texts), system, notes


def noted_meta(record: Record, used: Collection[str], notes: Mapping[str, Any]) -> str:
    """`meta_json` with `notes` as further members.

    Raises
    ------
    RecordError : the record has a field that bears the name of a note.
    """
    if not _OWN.isdisjoint(record):
        names = ", ".join(show(name) for name in record if name in _OWN)
        raise RecordError("reserved_field", f"The field {names} has a name that is reserved for the reader's notes.")
    if not notes:
        return "{}" if len(record) == len(used) else meta_json(record, used)
    return meta_json(record, used, ",".join(f'"{name}":{dump(value)}' for name, value in notes.items()))


def _note_turns(turns: list[Any], dialect: Dialect, notes: dict[str, Any]) -> None:
    own = (dialect.role_field, dialect.text_field)
    further = [{key: value for key, value in turn.items() if key not in own} for turn in turns]
    if any(further):
        notes[TURNS] = further


def _odd_turn(turn: Any, number: int, dialect: Dialect, notes: dict[str, Any], *, developer: bool) -> tuple[str, str]:
    """Role and text of a turn that is not simply these two; raises `RecordError` if it means more than them."""
    try:
        role = _role(turn, dialect, notes, developer=developer)
        text = turn.get(dialect.text_field)
        if type(text) is list:
            text = _only_text(text)
            notes.setdefault(CONTENT_PARTS, []).append(number)
        _check_turn(turn, text, dialect)
    except RecordError as error:
        raise RecordError(error.reason, f"Turn {number}: {error.detail}") from None
    return role, text


def _role(turn: Any, dialect: Dialect, notes: dict[str, Any], *, developer: bool) -> str:
    if not isinstance(turn, dict):
        raise RecordError("wrong_type", f"it is {kind_of(turn)}, not an object.")
    name = turn.get(dialect.role_field)
    if type(name) is not str:
        raise field_error(turn, dialect.role_field)
    role = dialect.roles.get(name)
    if role is not None:
        return role
    if name in _TOOLS:
        raise RecordError("unsupported_content", f"It is the turn of a {show(name)}, neither user's nor assistant's.")
    if name == "developer":
        if developer:
            notes[REPAIRED] = [DEVELOPER]
            return "system"
        raise RecordError("unknown_role", "The role `developer` is taken as system only with `roles: repair`.")
    near = nearest([name], list(dialect.roles))
    hint = f"; did you mean {show(near)}?" if near else f"; known are {', '.join(dialect.roles)}."
    raise RecordError("unknown_role", f"The role {show(name)} is unknown{hint}")


def _only_text(parts: list[Any]) -> str:
    """The text of a content list that is one text part and nothing else."""
    part = parts[0] if len(parts) == 1 else None
    if isinstance(part, dict) and part.get("type") == "text" and type(part.get("text")) is str:
        further = [key for key, value in part.items() if key not in ("type", "text") and value is not None]
        if not further:
            text: str = part["text"]
            return text
        names = ", ".join(show(key) for key in further)
        raise RecordError("unsupported_content", f"Its text part carries {names}, which would be lost.")
    kinds = [str(p.get("type", "no type")) if isinstance(p, dict) else kind_of(p) for p in parts[:5]]
    shown = f": {', '.join(show(kind, 20) for kind in kinds)}{', …' if len(parts) > len(kinds) else ''}"
    raise RecordError(
        "unsupported_content", f"The content is a list of parts, and not of a single text part{shown if kinds else ''}."
    )


def _check_turn(turn: dict[str, Any], text: object, dialect: Dialect) -> None:
    own = (dialect.role_field, dialect.text_field)
    further = [key for key, value in turn.items() if key not in own and value is not None]
    if type(text) is dict:
        raise RecordError("unsupported_content", "The content is an object, not plain text.")
    saying = [key for key in further if key in _SAYING] if dialect.noted else further
    if type(text) is not str:
        misspelt = dialect.text_field not in turn and nearest([dialect.text_field], further) is not None
        if text is not None or misspelt or not saying:
            raise field_error(turn, dialect.text_field)
    if saying:
        names = ", ".join(_shown(key, turn[key]) for key in saying)
        raise RecordError("unsupported_content", f"It carries {names} beside its text, which would be lost.")


def _shown(key: str, value: object) -> str:
    """A field, and its value where that is short and tells (the weight of a turn)."""
    return f"{show(key)} ({value})" if type(value) in (int, float, bool) else show(key)
