"""The pairs of a preference set: those that a run or a split kept, or those of a file whose prompt a set holds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from curate.errors import InputError
from curate.handoff.layouts import SPEAKERS
from curate.io import discover
from curate.io import read as read_file
from curate.io.formats import preference
from curate.io.writers import write_parquet
from curate.outputs import EXAMPLES, PAIRED, TRAIN
from curate.schema import Message, example_id
from curate.train.records import Conversation, conversations, plain, read_records

#: Beside the parts of a split set that was made of preference records: `part` (train or test), `id`, and `PAIRED`, a
#: row for each line of the parts, in their order. Its name is none that `load_dataset` would take for a split.
BESIDE: Final = "pairs.parquet"
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


def ranking(record: Mapping[str, Any]) -> dict[str, Any]:
    """A pair as LLaMA-Factory's converter takes it: the turns before, and each answer as one turn."""
    before, chosen, rejected = (
        [{"from": SPEAKERS[turn["role"]], "value": turn["content"]} for turn in record[name]]
        for name in ("prompt", "chosen", "rejected")
    )
    return {"conversations": before, "chosen": chosen[0], "rejected": rejected[0]}


#: Records by split, and (file, line, why) of what is not written.
Written = tuple[dict[str, list[dict[str, Any]]], list[tuple[str, int, str]]]


def own_pairs(source: Path, read: Mapping[str, Sequence[Conversation]]) -> Written:
    """The pairs in the folder of a run, or of a split of one, each with its example.

    Raises
    ------
    InputError : the set was not made of preference records.
    """
    made: dict[str, list[dict[str, Any]]] = {name: [] for name in read}
    left = []
    for name, examples in read.items():
        found = kept_pairs(source, name, examples)
        if found is None and name == "train":
            raise InputError(f"{source}: was not made of preference records; give the pairs by `--pairs`")
        for example, both in zip(examples, found or [None] * len(examples), strict=True):
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


def kept_pairs(folder: Path, name: str, examples: Sequence[Conversation]) -> list[Both | None] | None:
    """For each example of `NAME.jsonl` in a folder of curate's: itself with the other answer, or None if it has none.

    Returns None where the folder has no pairs at all.

    Raises
    ------
    InputError : the pairs that lie there are those of other lines.
    """
    path, columns = folder / BESIDE, ["id", *PAIRED]
    if path.is_file():
        rows = pl.scan_parquet(path).filter(pl.col("part") == name).select(columns).collect().rows()
    else:
        path = folder / EXAMPLES
        if name != "train" or not path.is_file() or not PAIRED.keys() <= pl.read_parquet_schema(path).keys():
            return None
        rows = pl.read_parquet(path, columns=columns).rows()
    # Repeats of one conversation have a number behind its id.
    if [id_[:16] for id_, *_ in rows] != [example_id(example.messages) for example in examples]:
        raise InputError(f"{path}: its rows are not those of {name}.jsonl; was one of the two changed?")
    return [
        None if rejected is None else Both(example.line, example.messages, turns, _messages(rejected))
        for example, (_, turns, rejected) in zip(examples, rows, strict=True)
    ]


def write_beside(folder: Path, parts: Mapping[str, Sequence[tuple[Conversation, Both | None]]]) -> None:
    """Write the pairs of the parts of a split set, by part, so that they follow their examples."""
    rows = [
        (name, example_id(example.messages), both and both.turns, None if both is None else plain(both.rejected))
        for name, some in parts.items()
        for example, both in some
    ]
    schema = {"part": pl.String(), "id": pl.String(), **PAIRED}
    write_parquet(pl.DataFrame(rows, schema=schema, orient="row"), folder / BESIDE)


def _read(path: Path) -> list[Both]:
    if path.is_dir():
        kept = kept_pairs(path, "train", conversations(read_records(path / TRAIN)))
        if kept is None:
            raise InputError(f"{path}: was not made of preference records; give a file of pairs")
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
