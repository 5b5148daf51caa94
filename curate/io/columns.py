"""Builds a batch's frame from the texts of its conversations, column by column."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

import polars as pl
from pydantic_core import to_json

from curate.io.formats.base import Example
from curate.io.model import InputFile
from curate.schema import CANONICAL, SEPARATOR

COLUMNS: Final = tuple(name for name in CANONICAL if name != "row")
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


def identify_all(examples: Sequence[Example]) -> list[str]:
    """`schema.example_id` of each example."""
    if all(len(texts) == 2 and not system for texts, system, _ in examples):
        question, answer = {"role": "user", "content": ""}, {"role": "assistant", "content": ""}
        turns = [question, answer]
        ids: list[str] = []
        for (question["content"], answer["content"]), _, _ in examples:
            ids.append(_sha256(to_json(turns)).hexdigest()[:16])  # noqa: PERF401 (one pair of turns, not one for each)
        return ids
    return [identify(texts, system=system) for texts, system, _ in examples]


def build(
    file: InputFile, examples: Sequence[Example], lines: Sequence[int], ids: Sequence[str] | None = None
) -> pl.DataFrame:
    """The canonical frame but `row`, one row per example.

    Parameters
    ----------
    lines : each example's `line`.
    ids : what `identify_all` says of the examples, where it has been asked.
    """
    height = len(examples)
    pairs = [texts for texts, system, _ in examples if len(texts) == 2 and not system]
    if len(pairs) == height:
        instruction = pl.Series([texts[0] for texts in pairs], dtype=pl.String)
        response = pl.Series([texts[1] for texts in pairs], dtype=pl.String)
        messages = _nest(
            pl.concat(
                [
                    pl.DataFrame({"content": instruction}).with_row_index("i").with_columns(role=pl.lit("user")),
                    pl.DataFrame({"content": response}).with_row_index("i").with_columns(role=pl.lit("assistant")),
                ]
            )
        )
    else:
        start = [int(system) for _, system, _ in examples]
        instruction = pl.Series(
            [SEPARATOR.join(example[0][at::2]) for example, at in zip(examples, start, strict=True)], dtype=pl.String
        )
        response = pl.Series(
            [SEPARATOR.join(example[0][at + 1 :: 2]) for example, at in zip(examples, start, strict=True)],
            dtype=pl.String,
        )
        flat: tuple[list[int], list[str], list[str]] = ([], [], [])
        for i, (texts, system, _) in enumerate(examples):
            flat[0].extend([i] * len(texts))
            flat[1].extend(roles(len(texts), system=system))
            flat[2].extend(texts)
        schema = {"i": pl.UInt32, "role": pl.String, "content": pl.String}
        messages = _nest(pl.DataFrame(dict(zip(schema, flat, strict=True)), schema=schema))
    columns = {
        "id": pl.Series(identify_all(examples) if ids is None else ids, dtype=pl.String),
        "messages": messages,
        "instruction": instruction,
        "response": response,
        "source": pl.repeat(file.source, height, dtype=pl.String, eager=True),
        "file": pl.repeat(file.name, height, dtype=pl.String, eager=True),
        "line": pl.Series(lines, dtype=pl.UInt64),
        "meta": pl.Series([meta for _, _, meta in examples], dtype=pl.String),
    }
    return pl.DataFrame(columns, schema={name: CANONICAL[name] for name in COLUMNS})


def _nest(flat: pl.DataFrame) -> pl.Series:
    """One list of messages for each value of `i`, from one row per message in order."""
    nested = flat.group_by("i", maintain_order=True).agg(pl.struct("role", "content").alias("messages"))
    return nested["messages"].cast(CANONICAL["messages"])
