"""The canonical frame: its columns, ids and checks. The schema is explicit and never inferred."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypedDict

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curate.errors import StageError

Role = Literal["system", "user", "assistant"]
ROLES: Final[tuple[str, ...]] = ("system", "user", "assistant")

#: Between the user turns (or assistant turns) of one conversation in `instruction` (`response`), and
#: between the parts that a record format keeps in separate fields (an Alpaca `instruction` and `input`).
SEPARATOR: Final = "\n\n"
#: Between the texts of a record that is read whole, whatever its fields: the unit separator of ASCII.
FIELD: Final = "\x1f"


#: Which side of a conversation a stage looks at, and the columns of each.
Side = Literal["both", "instruction", "response"]
SIDES: Final[dict[str, tuple[str, ...]]] = {
    "both": ("instruction", "response"),
    "instruction": ("instruction",),
    "response": ("response",),
}


_REPEAT: Final = re.compile(r"(.*)-([0-9]+)", re.DOTALL)


class Message(TypedDict):
    """One turn of a conversation."""

    role: str
    content: str


MESSAGES: Final = pl.List(pl.Struct({"role": pl.String, "content": pl.String}))

#: The columns of every example, in order. `row` is the dense internal number (files sorted by name,
#: offset + position), which never leaves the run; the rest are the user's.
CANONICAL: Final[dict[str, pl.DataType]] = {
    "row": pl.UInt64(),
    "id": pl.String(),
    "messages": MESSAGES,
    "instruction": pl.String(),
    "response": pl.String(),
    "source": pl.String(),
    "file": pl.String(),
    "line": pl.UInt64(),
    "meta": pl.String(),
}

#: What a filter or selector says of each row. `value` is the evidence as text (a number or an excerpt),
#: `also` names the stage's later rules that would have dropped the row too, and `unknown` is true where
#: a rule could not be decided because a value it needs is null (such a row is kept, and counted).
VERDICT: Final[dict[str, pl.DataType]] = {
    "row": pl.UInt64(),
    "keep": pl.Boolean(),
    "reason": pl.String(),
    "value": pl.String(),
    "kept_id": pl.String(),
    "also": pl.List(pl.String()),
    "unknown": pl.Boolean(),
}


def canonical_json(messages: Sequence[Message]) -> str:
    """The one JSON text of a conversation that ids are computed from.

    Keys in the order `role`, `content`; no white space; nothing escaped that JSON does not require.
    """
    return json.dumps(
        [{"role": m["role"], "content": m["content"]} for m in messages],
        ensure_ascii=False,
        separators=(",", ":"),
    )


def example_id(messages: Sequence[Message]) -> str:
    """First 16 hexadecimal digits of SHA-256 over the canonical JSON of `messages`.

    Exact repeats get `-2`, `-3`, … appended by the runner, in (file, line) order.
    """
    return hashlib.sha256(canonical_json(messages).encode("utf-8")).hexdigest()[:16]


def id_ranks(ids: pl.Series) -> NDArray[np.int64]:
    """The place of each of n ids in their order, int64 `(n,)`; repeats by number: `ab`, `ab-2`, `ab-10`, `ac`."""
    if ids.str.contains("-", literal=True).any():
        ids = pl.Series([_order(one) for one in ids.to_list()], dtype=pl.String)
    return ids.rank("ordinal").to_numpy().astype(np.int64) - 1


def _order(example_id: str) -> str:
    repeat = _REPEAT.fullmatch(example_id) if "-" in example_id else None
    # NUL stands before every other character.
    return f"{repeat[1]}\0{int(repeat[2]):020d}\0{repeat[2]}" if repeat else example_id


def sides(messages: Sequence[Message]) -> tuple[str, str]:
    """The instruction (user turns) and the response (assistant turns) of a conversation as plain text.

    Turns of one side are joined by a blank line; system messages are in neither.
    """
    users = [m["content"] for m in messages if m["role"] == "user"]
    assistants = [m["content"] for m in messages if m["role"] == "assistant"]
    return SEPARATOR.join(users), SEPARATOR.join(assistants)


def check_columns(frame: pl.DataFrame, columns: Mapping[str, pl.DataType], *, what: str) -> None:
    """Raise `StageError` unless `frame` has exactly `columns`, with their dtypes, in any order."""
    have = dict(frame.schema)
    missing = sorted(set(columns) - set(have))
    extra = sorted(set(have) - set(columns))
    if missing or extra:
        parts = []
        if missing:
            parts.append(f"missing {', '.join(missing)}")
        if extra:
            parts.append(f"undeclared {', '.join(extra)}")
        raise StageError(f"{what}: columns {' and '.join(parts)}")
    for name, dtype in columns.items():
        if have[name] != dtype:
            raise StageError(f"{what}: column {name} is {have[name]}, declared {dtype}")


def nest_messages(flat: pl.DataFrame) -> pl.Series:
    """`messages` from one row per message in order: `i`, the same for those of one example, `role` and `content`."""
    nested = flat.group_by("i", maintain_order=True).agg(pl.struct("role", "content").alias("messages"))
    return nested["messages"].cast(CANONICAL["messages"])


def pair_messages(instruction: pl.Series, response: pl.Series) -> pl.Series:
    """`messages` of examples that are a question and an answer each."""
    sides = [(instruction, "user"), (response, "assistant")]
    turns = [pl.DataFrame({"content": s}).with_row_index("i").with_columns(role=pl.lit(role)) for s, role in sides]
    return nest_messages(pl.concat(turns))


def are_pairs(frame: pl.DataFrame) -> bool:
    """Whether each example of `frame` is a question and an answer, so that `pair_messages` gives its messages."""
    messages = pl.col("messages")
    alike = messages.list.len() == 2
    sides = ((messages.list.first(), "user", "instruction"), (messages.list.last(), "assistant", "response"))
    for turn, role, text in sides:
        alike &= turn.struct.field("role").eq_missing(pl.lit(role))
        alike &= turn.struct.field("content").eq_missing(pl.col(text))
    return bool(frame.lazy().select(alike.all()).collect().item())
