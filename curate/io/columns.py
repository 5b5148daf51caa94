"""Builds a batch's frame from the texts of its conversations, column by column."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl
from pydantic_core import to_json

from curate.io.formats.alike import Pairs
from curate.io.formats.base import Example
from curate.io.model import InputFile
from curate.schema import CANONICAL, SEPARATOR, nest_messages, pair_messages

COLUMNS: Final = tuple(name for name in CANONICAL if name != "row")
#: Examples that are made columns of together, at least; all but the last ones of a batch.
_PART: Final = 128
_sha256 = hashlib.sha256


def roles(count: int, *, system: bool) -> list[str]:
    """The roles of a conversation of `count` turns: system if there is one, then user and assistant in turn."""
    if system:
        return ["system", *roles(count - 1, system=False)]
    return ["user" if i % 2 == 0 else "assistant" for i in range(count)]


def identify(texts: Sequence[str], *, system: bool) -> str:
    """`schema.example_id` of a conversation, several times as fast.

    `pydantic_core.to_json` writes the bytes of `schema.canonical_json` (a test compares them for every
    character that JSON escapes).
    """
    turns = [
        {"role": role, "content": text} for role, text in zip(roles(len(texts), system=system), texts, strict=True)
    ]
    return _sha256(to_json(turns)).hexdigest()[:16]


def _identify_pairs(pairs: Iterable[Sequence[str]]) -> list[str]:
    question, answer = {"role": "user", "content": ""}, {"role": "assistant", "content": ""}
    turns = [question, answer]
    digests = []
    for question["content"], answer["content"] in pairs:
        digests.append(_sha256(to_json(turns)).digest()[:8])
    digits = b"".join(digests).hex()
    return [digits[at : at + 16] for at in range(0, len(digits), 16)]


def build(file: InputFile, examples: Sequence[Example], lines: Sequence[int]) -> pl.DataFrame:
    """The canonical frame but `row`, one row per example.

    Parameters
    ----------
    lines : each example's `line`.
    """
    columns = Columns(file)
    columns.add(examples, lines)
    return columns.frame()


class Columns:
    """The canonical frame but `row`, being built."""

    def __init__(self, file: InputFile) -> None:
        self._file = file
        self._pending: list[Example] = []
        self._lines: list[int] = []
        self._ids: list[str] = []
        self._parts: list[_Part] = []

    def __len__(self) -> int:
        return len(self._lines)

    def add(self, examples: Sequence[Example], lines: Sequence[int]) -> None:
        """Add one row per example.

        Parameters
        ----------
        lines : each example's `line`.
        """
        self._pending += examples
        self._lines += lines
        if len(self._pending) >= _PART:
            self._flush()

    def add_pairs(self, pairs: Pairs, lines: Sequence[int]) -> None:
        """Add one row per question and answer.

        Parameters
        ----------
        lines : each pair's `line`.
        """
        if self._pending:
            self._flush()
        self._lines += lines
        self._ids += _identify_pairs(zip(pairs.questions, pairs.answers, strict=True))
        self._parts.append(_Part(_texts(pairs.questions), _texts(pairs.answers), _texts(pairs.metas), None))

    def _flush(self) -> None:
        # Part by part, because of texts that have just been read this costs less than of a whole batch of them.
        pairs = [texts for texts, system, _ in self._pending if len(texts) == 2 and not system]
        alike = len(pairs) == len(self._pending)
        self._ids += (
            _identify_pairs(pairs) if alike else [identify(texts, system=system) for texts, system, _ in self._pending]
        )
        self._parts.append(_pairs_part(self._pending, pairs) if alike else _part(self._pending))
        self._pending = []

    def frame(self) -> pl.DataFrame:
        """All rows that were added."""
        if self._pending or not self._parts:
            self._flush()
        height = len(self._ids)
        instruction = pl.concat([part.instruction for part in self._parts])
        response = pl.concat([part.response for part in self._parts])
        columns = {
            "id": pl.Series(self._ids, dtype=pl.String),
            "messages": _messages(self._parts, instruction, response),
            "instruction": instruction,
            "response": response,
            "source": pl.repeat(self._file.source, height, dtype=pl.String, eager=True),
            "file": pl.repeat(self._file.name, height, dtype=pl.String, eager=True),
            "line": pl.Series(self._lines, dtype=pl.UInt64),
            "meta": pl.concat([part.meta for part in self._parts]),
        }
        return pl.DataFrame(columns, schema={name: CANONICAL[name] for name in COLUMNS})


@dataclass(frozen=True, slots=True)
class _Part:
    """Columns of some examples; `messages` is None where each is a question and an answer."""

    instruction: pl.Series
    response: pl.Series
    meta: pl.Series
    messages: pl.Series | None


def _texts(texts: Sequence[str]) -> pl.Series:
    return pl.Series(texts, dtype=pl.String)


def _pairs_part(examples: Sequence[Example], pairs: Sequence[Sequence[str]]) -> _Part:
    return _Part(
        _texts([pair[0] for pair in pairs]),
        _texts([pair[1] for pair in pairs]),
        _texts([meta for _, _, meta in examples]),
        None,
    )


def _part(examples: Sequence[Example]) -> _Part:
    flat: tuple[list[int], list[str], list[str]] = ([], [], [])
    for i, (texts, system, _) in enumerate(examples):
        flat[0].extend([i] * len(texts))
        flat[1].extend(roles(len(texts), system=system))
        flat[2].extend(texts)
    schema = {"i": pl.UInt32, "role": pl.String, "content": pl.String}
    return _Part(
        _texts([SEPARATOR.join(texts[int(system) :: 2]) for texts, system, _ in examples]),
        _texts([SEPARATOR.join(texts[int(system) + 1 :: 2]) for texts, system, _ in examples]),
        _texts([meta for _, _, meta in examples]),
        nest_messages(pl.DataFrame(dict(zip(schema, flat, strict=True)), schema=schema)),
    )


def _messages(parts: Sequence[_Part], instruction: pl.Series, response: pl.Series) -> pl.Series:
    if all(part.messages is None for part in parts):
        return pair_messages(instruction, response)
    return pl.concat(
        [pair_messages(part.instruction, part.response) if part.messages is None else part.messages for part in parts]
    )
