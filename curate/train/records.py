"""The file that is trained on: conversations, or pairs of them, each line one record; read strictly, with its hash."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curate.errors import InputError
from curate.io.formats import preference
from curate.io.model import RecordError
from curate.io.strictjson import StrictJSONError, loads
from curate.schema import ROLES, Message


@dataclass(frozen=True, slots=True)
class Conversation:
    """One record with `messages`, and the line it stands on, from 1."""

    line: int
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """One record of a preference set: a prompt, the answer that was preferred, and the other one."""

    line: int
    prompt: tuple[Message, ...]
    chosen: tuple[Message, ...]
    rejected: tuple[Message, ...]


@dataclass(frozen=True)
class RecordFile:
    """A file of records as it was read, with the SHA-256 of its bytes."""

    path: Path
    sha256: str
    records: tuple[dict[str, Any], ...]
    lines: tuple[int, ...]


def data_file(path: Path) -> Path:
    """The file that `path` means: itself, or `train.jsonl` in a folder.

    Raises
    ------
    InputError : there is none.
    """
    found = path / "train.jsonl" if path.is_dir() else path
    if not found.is_file():
        raise InputError(f"{path}: no such file{', or folder with a train.jsonl' if not path.is_dir() else ' in it'}")
    return found


def read_records(path: Path) -> RecordFile:
    """Every line of a JSONL file as an object.

    Raises
    ------
    InputError : it cannot be read, is empty, or a line is no JSON object (with file:line).
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    records, lines = [], []
    for number, line in enumerate(raw.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            value = loads(line.decode("utf-8"))
        except (UnicodeDecodeError, json.JSONDecodeError, StrictJSONError) as error:
            raise InputError(f"{path}:{number}: not a record: {error}") from None
        if not isinstance(value, dict):
            raise InputError(f"{path}:{number}: not a JSON object")
        records.append(value)
        lines.append(number)
    if not records:
        raise InputError(f"{path}: holds no record, so there is nothing to train on")
    return RecordFile(path, hashlib.sha256(raw).hexdigest(), tuple(records), tuple(lines))


def conversations(file: RecordFile) -> list[Conversation]:
    """The records as conversations.

    Raises
    ------
    InputError : a record has no `messages`, or they are not a conversation with an answer.
    """
    found = []
    for line, record in zip(file.lines, file.records, strict=True):
        where = f"{file.path}:{line}"
        if "chosen" in record and "messages" not in record:
            raise InputError(f"{where}: a preference record, where a conversation with `messages` is needed; "
                             "pairs are for `curate train --method dpo` or `orpo`")  # fmt: skip
        messages = _turns(record.get("messages"), f"{where}: messages")
        if not any(m["role"] == "assistant" and m["content"].strip() for m in messages):
            raise InputError(f"{where}: no assistant turn with text, so there is nothing to learn from it")
        found.append(Conversation(line, messages))
    return found


def are_pairs(file: RecordFile) -> bool:
    """Whether these are records of a preference set, by the first of them."""
    return {"chosen", "rejected"} <= file.records[0].keys()


def pairs(file: RecordFile) -> list[Pair]:
    """The records as pairs, in any of the shapes that `curate run` reads: text or messages, the prompt apart or not.

    A prompt that is text is the user's turn, and an answer that is text the assistant's.

    Raises
    ------
    InputError : a record is no pair, its conversations part before the last answer, or there is nothing to prefer.
    """
    found = []
    for line, record in zip(file.lines, file.records, strict=True):
        where = f"{file.path}:{line}"
        if not record.keys() >= {"chosen", "rejected"}:
            raise InputError(f"{where}: no `chosen` and `rejected`; a preference step needs pairs, "
                             "which `curate export --to preference` writes")  # fmt: skip
        try:
            pair = _pair(record, line)
        except RecordError as error:
            raise InputError(f"{where}: not a pair: {error.detail} `curate run` lists such records and goes on; "
                             "`curate export --to preference` then writes the pairs it kept") from None  # fmt: skip
        for key, side in (("chosen", pair.chosen), ("rejected", pair.rejected)):
            if len(side) != 1:
                raise InputError(f"{where}: {key} has {len(side)} turns after what both begin with; one answer is "
                                 "compared with one")  # fmt: skip
            if not side[0]["content"].strip():
                raise InputError(f"{where}: {key} must be one assistant turn with text")
        if pair.chosen == pair.rejected:
            raise InputError(f"{where}: chosen and rejected are the same, so there is nothing to prefer")
        found.append(pair)
    return found


def _pair(record: Mapping[str, Any], line: int) -> Pair:
    """The pair in a record, as the format `preference` reads it."""
    texts, system, meta = preference.convert(record)
    roles = itertools.cycle(("user", "assistant"))
    whole = [
        Message(role="system" if system and not at else next(roles), content=text) for at, text in enumerate(texts)
    ]
    turns, rejected = preference.rejected_answer(meta)
    other = tuple(Message(role=turn["role"], content=turn["content"]) for turn in rejected)
    return Pair(line, tuple(whole[:turns]), tuple(whole[turns:]), other)


def _turns(value: Any, where: str) -> tuple[Message, ...]:
    """A checked list of messages."""
    if not isinstance(value, list) or not value:
        raise InputError(f"{where}: must be a list of messages")
    return tuple(_turn(turn, f"{where}[{i}]") for i, turn in enumerate(value))


def _turn(turn: Any, where: str) -> Message:
    if not isinstance(turn, Mapping) or not isinstance(turn.get("content"), str):
        raise InputError(f"{where}: must have a role and a content that is text")
    if turn.get("role") not in ROLES:
        raise InputError(f"{where}: role must be one of {', '.join(ROLES)}")
    return Message(role=turn["role"], content=turn["content"])


def plain(messages: Sequence[Message]) -> list[dict[str, str]]:
    """Messages as the plain dicts that tokenizers and data sets take."""
    return [{"role": m["role"], "content": m["content"]} for m in messages]
