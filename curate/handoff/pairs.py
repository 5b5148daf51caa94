"""The pairs of a preference set: those that a run kept, or those of a file whose prompt a set holds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from curate.errors import InputError
from curate.io import discover
from curate.io import read as read_file
from curate.io.formats import preference
from curate.outputs import EXAMPLES, PAIRED, TRAIN
from curate.schema import Message
from curate.train.records import Conversation, conversations, plain, read_records

#: Why a pair of a file is not written, where that is as it should be.
OUTSIDE: Final = "its prompt is not in the set"
_NO_PAIR: Final = "it has no rejected answer"


@dataclass(frozen=True, slots=True)
class Both:
    """A conversation with the chosen answer, and the other one.

    Parameters
    ----------
    line : where it stands in its file. messages : prompt and chosen answer.
    turns : how many of these are the prompt. rejected : the other answer.
    """

    line: int
    messages: tuple[Message, ...]
    turns: int
    rejected: tuple[Message, ...]

    def record(self) -> dict[str, Any] | str:
        """`prompt`, `chosen` and `rejected` as lists of messages, or why nothing can be learnt of their difference."""
        chosen = self.messages[self.turns :]
        if len(chosen) != 1 or len(self.rejected) != 1:
            return "its conversations part before the last answer"
        if not chosen[0]["content"].strip() or not self.rejected[0]["content"].strip():
            return "one of its answers is empty"
        if chosen == self.rejected:
            return "chosen and rejected are the same"
        sides = {"prompt": self.messages[: self.turns], "chosen": chosen, "rejected": self.rejected}
        return {name: plain(messages) for name, messages in sides.items()}


#: Records by split, and (file, line, why) of what is not written.
Written = tuple[dict[str, list[dict[str, Any]]], list[tuple[str, int, str]]]


def own_pairs(source: Path, read: Mapping[str, Sequence[Conversation]]) -> Written:
    """The pairs of a run's folder, each with its example.

    Raises
    ------
    InputError : the set was not made of preference records.
    """
    made: dict[str, list[dict[str, Any]]] = {name: [] for name in read}
    left = []
    for name, examples in read.items():
        found = _kept(source, examples) if name == "train" else [None] * len(examples)
        for example, both in zip(examples, found, strict=True):
            record = _NO_PAIR if both is None else both.record()
            if isinstance(record, str):
                left.append((f"{name}.jsonl", example.line, record))
            else:
                made[name].append(record)
    return made, left


def pairs_of(path: Path, read: dict[str, list[Conversation]]) -> Written:
    """The pairs in `path` (a file, or the folder of a run) whose prompt begins a conversation of the set.

    Each goes to the split where that conversation stands.

    Raises
    ------
    InputError : `path` cannot be read, or a record in it is no pair.
    """
    where = {_key(example.messages[:-1]): name for name, examples in reversed(read.items()) for example in examples}
    made: dict[str, list[dict[str, Any]]] = {name: [] for name in read}
    left = []
    for both in _read(path):
        split = where.get(_key(both.messages[: both.turns]))
        record = OUTSIDE if split is None else both.record()
        if isinstance(record, str):
            left.append((path.name, both.line, record))
        elif split is not None:
            made[split].append(record)
    return made, left


def _key(messages: Sequence[Message]) -> str:
    return json.dumps(plain(messages))


def _kept(folder: Path, examples: Sequence[Conversation]) -> list[Both | None]:
    """For each example of a run's `train.jsonl`: itself with the other answer, or None where it is no pair."""
    path = folder / EXAMPLES
    if not path.is_file() or not PAIRED.keys() <= pl.read_parquet_schema(path).keys():
        raise InputError(f"{folder}: was not made of preference records; give the pairs by `--pairs`")
    rows = pl.read_parquet(path, columns=list(PAIRED)).rows()
    if len(rows) != len(examples):
        raise InputError(f"{folder}: {EXAMPLES} has {len(rows):,} rows, {TRAIN} {len(examples):,}")
    return [
        None if rejected is None else Both(example.line, example.messages, turns, _messages(rejected))
        for example, (turns, rejected) in zip(examples, rows, strict=True)
    ]


def _read(path: Path) -> list[Both]:
    if path.is_dir():
        kept = _kept(path, conversations(read_records(path / TRAIN)))
        return [both for both in kept if both is not None]
    found = discover([str(path)], format=preference.FORMAT.name)
    if found.unknown:
        raise InputError(f"{path}: cannot be read as pairs: {found.unknown[0].why}")
    pairs = []
    for file in found.files:
        for batch in read_file(file):
            if batch.rejects:
                first = batch.rejects[0]
                raise InputError(f"{path}:{first.line}: not a pair: {first.detail}")
            for line, messages, meta in batch.frame.select("line", "messages", "meta").iter_rows():
                turns, rejected = preference.rejected_answer(meta)
                pairs.append(Both(line, _messages(messages), turns, _messages(rejected)))
    return pairs


def _messages(turns: Sequence[Mapping[str, str]]) -> tuple[Message, ...]:
    return tuple(Message(role=turn["role"], content=turn["content"]) for turn in turns)
