"""Conversations kept as a list of turns: what OpenAI messages and ShareGPT have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from curate.io.formats.base import field_error, kind_of, nearest
from curate.io.model import RecordError, show


def conversation(
    turns: list[Any], roles: Mapping[str, str], role_field: str, text_field: str
) -> tuple[tuple[str, ...], bool]:
    """The texts of a conversation and whether the first is a system message.

    Parameters
    ----------
    roles : each name that may stand in `role_field`, with the role it means.

    Raises
    ------
    RecordError : anything but an optional system message, then user and assistant in alternation, ending
        with the assistant, each with a role and plain text and nothing else that is not null.
    """
    if not turns:
        raise RecordError("no_messages", "The conversation has no turns.")
    texts: list[str] = []
    system = False
    expected = "user"
    for number, turn in enumerate(turns, 1):
        try:
            role, text = roles[turn[role_field]], turn[text_field]
        except (KeyError, TypeError):
            refused = _turn_error(turn, number, roles, role_field, text_field)
            assert refused is not None  # the role or the text is not there
            raise refused from None
        if type(text) is not str or len(turn) != 2:
            refused = _turn_error(turn, number, roles, role_field, text_field)
            if refused is not None:
                raise refused
        if role == expected:
            expected = "assistant" if role == "user" else "user"
        elif role == "system" and number == 1:
            system = True
        else:
            raise RecordError(
                "bad_turn_order", f"Turn {number} of {len(turns)} is the {role}'s where the {expected}'s must be."
            )
        texts.append(text)
    if expected != "user" or len(texts) == system:
        raise RecordError("no_response", f"The last of {len(turns)} turns is not the assistant's.")
    return tuple(texts), system


def _turn_error(
    turn: Any, number: int, roles: Mapping[str, str], role_field: str, text_field: str
) -> RecordError | None:
    """Why a turn is refused; None for one whose only oddity is further fields that are all null."""
    error = _role_error(turn, roles, role_field) or _text_error(turn, role_field, text_field)
    return error and RecordError(error.reason, f"Turn {number}: {error.detail}")


def _role_error(turn: Any, roles: Mapping[str, str], role_field: str) -> RecordError | None:
    if not isinstance(turn, dict):
        return RecordError("wrong_type", f"it is {kind_of(turn)}, not an object.")
    role = turn.get(role_field)
    if type(role) is not str:
        return field_error(turn, role_field)
    if role not in roles:
        near = nearest([role], list(roles))
        hint = f"; did you mean {show(near)}?" if near else f"; known are {', '.join(roles)}."
        return RecordError("unknown_role", f"The role {show(role)} is unknown{hint}")
    return None


def _text_error(turn: dict[str, Any], role_field: str, text_field: str) -> RecordError | None:
    text = turn.get(text_field)
    further = [key for key, value in turn.items() if key not in (role_field, text_field) and value is not None]
    if type(text) is list or type(text) is dict:
        return RecordError("unsupported_content", f"The content is {kind_of(text)}, not plain text.")
    if type(text) is not str:
        misspelt = text_field not in turn and nearest([text_field], further) is not None
        if text is not None or misspelt or not further:
            return field_error(turn, text_field)
    if further:
        names = ", ".join(show(key) for key in further)
        return RecordError("unsupported_content", f"It carries {names} beside its text, which would be lost.")
    return None
