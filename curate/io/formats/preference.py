"""Preference records: a prompt, the answer that was preferred, and the other one. The preferred one is the example's.

The other answer goes to `meta` as `_pair`, so that a pair stays or goes with its example, and can be written out again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from curate.io.formats.base import Convert, Example, Record, RecordFormat, field_error, kind_of
from curate.io.formats.messages import has_turns
from curate.io.formats.turns import Dialect, conversation, noted_meta
from curate.io.meta import PARTS
from curate.io.model import RecordError, show
from curate.io.options import ReadOptions
from curate.schema import ROLES, SEPARATOR

#: Member of `meta`: `turns`, how many of the example's messages are the prompt; `rejected`, the texts of the other
#: answer's turns; `fields`, how each field was written that they were made of.
PAIR: Final = "_pair"

SIDES: Final = ("chosen", "rejected")
_QUESTIONS: Final = ("prompt", "question", "instruction")
_WHAT: Final = "text or a list of messages"
_DIALECT: Final = Dialect({role: role for role in ROLES}, "role", "content")
#: LLaMA-Factory writes each answer as one turn, after the conversation that both follow.
_RANKING: Final = Dialect({"system": "system", "human": "user", "gpt": "assistant"}, "from", "value")
_BEFORE: Final = "conversations"

#: Anthropic's HH-RLHF writes a whole conversation as one text.
_TURN: Final = re.compile(r"\n\n(Human|Assistant):( ?)")
_SPEAKERS: Final = {"Human": "user", "Assistant": "assistant"}
_OPENING: Final = "\n\nHuman:"
_CUE: Final = "\n\nAssistant:"

#: The two conversations of a record as lists of turns, how the fields were written that they were made of, and what
#: else `meta` must say.
_Both = tuple[list[Any], list[Any], dict[str, str], dict[str, Any]]


def matches(record: Record) -> bool:
    """`chosen` and `rejected`, both as text or both as messages, with a prompt before them or at the start of each."""
    chosen, rejected = record.get("chosen"), record.get("rejected")
    asked = any(type(record.get(name)) is str for name in _QUESTIONS) or has_turns(record, "prompt", "role")
    if type(chosen) is dict and type(rejected) is dict:
        return has_turns(record, _BEFORE, "from") and "from" in chosen and "from" in rejected
    if type(chosen) is str and type(rejected) is str:
        return asked or (chosen.startswith(_OPENING) and rejected.startswith(_OPENING))
    if type(chosen) is not list or not all(has_turns(record, side, "role") for side in SIDES):
        return False
    return asked or chosen[0]["role"] != "assistant"


def convert(record: Record, *, repaired: bool = False) -> Example:
    """The prompt with the chosen answer; with `repaired`, both conversations are put in order first."""
    if PAIR in record:
        raise RecordError("reserved_field", f"The field name {show(PAIR)} is reserved.")
    chosen, rejected, fields, more = _both(record)
    dialect = _RANKING if _BEFORE in fields else _DIALECT
    texts, system, notes = conversation(chosen, dialect, repaired=repaired)
    try:
        others, other_system, other_notes = conversation(rejected, dialect, repaired=repaired)
    except RecordError as error:
        raise RecordError(error.reason, f"The rejected conversation: {error.detail}") from None
    turns = _parting(texts, others, system=system, other_system=other_system)
    pair: dict[str, Any] = {"turns": turns, "rejected": list(others[turns:]), "fields": fields}
    if other_notes:
        pair["notes"] = other_notes
    if unspaced := more.pop("unspaced", None):
        pair["unspaced"] = unspaced
    return texts, system, noted_meta(record, tuple(fields), {**notes, **more, PAIR: pair})


def rejected_answer(meta: str) -> tuple[int, list[dict[str, str]]]:
    """Of the `meta` of an example of this format: how many of its messages are the prompt, and the other answer."""
    pair = json.loads(meta)[PAIR]
    turns = [{"role": ROLES[2 - at % 2], "content": text} for at, text in enumerate(pair["rejected"])]
    return pair["turns"], turns


def _both(record: Record) -> _Both:
    for side in SIDES:
        if type(record.get(side)) not in (str, list, dict):
            raise field_error(record, side, what=_WHAT)
    chosen, rejected = record["chosen"], record["rejected"]
    if type(chosen) is not type(rejected):
        raise RecordError("wrong_type", f"`chosen` is {kind_of(chosen)}, `rejected` is {kind_of(rejected)}.")
    if type(chosen) is dict:
        before = record.get(_BEFORE)
        if type(before) is not list:
            raise field_error(record, _BEFORE, what="a list")
        return [*before, chosen], [*before, rejected], {_BEFORE: "turns", **dict.fromkeys(SIDES, "turn")}, {}
    if type(chosen) is str:
        return _transcripts(record, chosen, rejected) or _answers(record, _said(chosen), _said(rejected), "text")
    whole = [_opens(side) for side in (chosen, rejected)]
    if whole == [True, True]:
        return chosen, rejected, dict.fromkeys(SIDES, "conversation"), {}
    if whole == [False, False]:
        return _answers(record, chosen, rejected, "messages")
    names = SIDES if whole[0] else SIDES[::-1]
    raise RecordError("bad_turn_order", f"`{names[0]}` begins with the prompt, and `{names[1]}` with an answer.")


def _opens(turns: list[Any]) -> bool:
    """Whether a list of turns begins with the prompt, and not with the answer to it."""
    first = turns[0] if turns else None
    return isinstance(first, dict) and first.get("role") != "assistant"


def _said(text: str) -> list[Any]:
    return [{"role": "assistant", "content": text}]


def _answers(record: Record, chosen: list[Any], rejected: list[Any], form: str) -> _Both:
    """Both answers, each after the prompt that stands in a field of its own."""
    more: dict[str, Any] = {}
    fields: dict[str, str] = {}
    name = next((name for name in _QUESTIONS if name in record), _QUESTIONS[0])
    asked = record.get(name)
    if type(asked) is list and name == "prompt":
        prompt, fields = list(asked), {name: "messages"}
    elif type(asked) is str:
        fields = {name: "text"}
        given = record.get("input") if name == "instruction" else None
        if type(given) is str and given:
            more[PARTS] = {"instruction": len(asked), "input": len(given)}
            fields["input"] = "text"
            asked += SEPARATOR + given
        elif given:
            raise field_error(record, "input")
        prompt = [{"role": "user", "content": asked}]
        system = record.get("system")
        if type(system) is str and system:
            fields["system"] = "text"
            prompt.insert(0, {"role": "system", "content": system})
        elif system:
            raise field_error(record, "system")
    else:
        raise field_error(record, *_QUESTIONS, what=_WHAT)
    return [*prompt, *chosen], [*prompt, *rejected], fields | dict.fromkeys(SIDES, form), more


def _transcripts(record: Record, chosen: str, rejected: str) -> _Both | None:
    """Both conversations where they are, or the prompt of both is, a transcript; None where there is none."""
    prompt = record.get("prompt")
    if chosen.startswith(_OPENING) and rejected.startswith(_OPENING):
        fields = dict.fromkeys(SIDES, "transcript")
    elif type(prompt) is str and prompt.startswith(_OPENING) and prompt.endswith(_CUE):
        fields = {"prompt": "transcript", **dict.fromkeys(SIDES, "text")}
        chosen, rejected = prompt + chosen, prompt + rejected
    else:
        return None
    turns, unspaced = [], {}
    for side, text in zip(SIDES, (chosen, rejected), strict=True):
        _, *rest = _TURN.split(text)
        turns.append([{"role": _SPEAKERS[who], "content": said}
                      for who, said in zip(rest[::3], rest[2::3], strict=True)])  # fmt: skip
        if bare := [number for number, space in enumerate(rest[1::3], 1) if not space]:
            unspaced[side] = bare
    return turns[0], turns[1], fields, {"unspaced": unspaced}


def _parting(texts: tuple[str, ...], others: tuple[str, ...], *, system: bool, other_system: bool) -> int:
    """How many turns both conversations begin with; of equal ones, all but the last.

    Raises
    ------
    RecordError : the first turn that differs is not the assistant's in both.
    """
    if texts == others and system == other_system:
        return len(texts) - 1
    both = zip(texts, others, strict=False)
    same = next((at for at, (one, other) in enumerate(both) if one != other), min(len(texts), len(others)))
    if system != other_system or same == min(len(texts), len(others)) or (same - system) % 2 == 0:
        where = 1 if system != other_system else same + 1
        raise RecordError("prompt_differs", f"The chosen and the rejected conversation part at turn {where}, "
                                            "which is not an answer in both.")  # fmt: skip
    return same


def bind(options: ReadOptions) -> Convert:
    """`convert`, repairing the order of turns where the options say so."""
    return lambda record: convert(record, repaired=options.roles == "repair")


_FIELDS: Final[Mapping[str, str]] = {
    "prompt": "what both answers follow, as text or a list of messages; `question`, or `instruction` with `input`, is "
    "taken where it is absent. Where both sides begin with the prompt themselves, it goes to `meta`",
    "system": "the system message before a prompt that is text; may be empty, null or absent",
    "conversations": "instead of a prompt, where each answer is one turn with `from` and `value`: the turns before "
    "(LLaMA-Factory's ranking data)",
    "chosen": "the assistant's turn, as text or a list of messages; or the whole conversation, as a list of messages "
    "(UltraFeedback) or as text with `Human:` and `Assistant:` (HH-RLHF); or one turn with `from` and `value`",
    "rejected": "the other answer, written like the first; it goes to `meta` as `_pair`",
}

FORMAT = RecordFormat(
    name="preference",
    summary="A prompt with a preferred answer and another one; the example is the prompt with the preferred answer.",
    fields=_FIELDS,
    needs=SIDES,
    matches=matches,
    convert=convert,
    bind=bind,
)
