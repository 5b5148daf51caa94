"""Laying records out into dumps of different containers and record formats, as bytes."""

# templates and word lists are kept as they will be printed
# ruff: noqa: E501
from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

import polars as pl
import zstandard

from .core import Record

Json = dict[str, object]


def alpaca(x: Record, number: int) -> Json:
    """Instruction, input and output."""
    del number
    return {"instruction": x.turns[0], "input": x.context, "output": x.turns[1]}


def scraped(x: Record, number: int) -> Json:
    """Alpaca fields with an identifier and a score beside them."""
    return {"uid": f"f{number:05d}", **alpaca(x, number), "votes": len(x.instruction) % 17}


def dolly(x: Record, number: int) -> Json:
    """Instruction, context, response and category."""
    del number
    category = {"math": "general", "advice": "general", "roleplay": "creative_writing"}.get(x.task, x.task)
    return {"instruction": x.turns[0], "context": x.context, "response": x.turns[1], "category": category}


def messages(x: Record, number: int) -> Json:
    """A list of messages with role and content."""
    texts = [_opening(x), *x.turns[1:]]
    turns = [{"role": "assistant" if i % 2 else "user", "content": t} for i, t in enumerate(texts)]
    if x.system:
        turns.insert(0, {"role": "system", "content": x.system})
    return {"messages": turns, "session": f"s-{number * 7919 % 100003:06d}"}


def sharegpt(x: Record, number: int) -> Json:
    """A list of turns with from and value."""
    texts = [_opening(x), *x.turns[1:]]
    turns = [{"from": "gpt" if i % 2 else "human", "value": t} for i, t in enumerate(texts)]
    return {"id": f"conv_{number}", "conversations": turns}


def pair(x: Record, number: int) -> Json:
    """Prompt and completion."""
    return {"id": str(number), "prompt": _opening(x), "completion": x.turns[1]}


def question(x: Record, number: int) -> Json:
    """Question and answer."""
    return {"question": _opening(x), "answer": x.turns[1], "subject": x.task.replace("_", " "), "nr": number}


def _opening(x: Record) -> str:
    return f"{x.turns[0]}\n\n{x.context}" if x.context else x.turns[0]


@dataclass(frozen=True)
class Dump:
    """One file: how records are shaped, how they are packed, what share of the records it takes."""

    name: str
    container: str
    format: str
    shape: Callable[[Record, int], Json]
    share: float
    chats: bool = False
    blank: int = 0


DUMPS = (
    Dump("assistant_tasks.json", "json", "alpaca", alpaca, 0.18),
    Dump("chat_logs.jsonl.gz", "jsonl.gz", "messages", messages, 0.16, chats=True, blank=4),
    Dump("crowd_answers.jsonl", "jsonl", "dolly", dolly, 0.18, blank=6),
    Dump("forum_dump_2023-11.jsonl.zst", "jsonl.zst", "alpaca", scraped, 0.12, blank=4),
    Dump("prompt_export.csv", "csv", "prompt_completion", pair, 0.14),
    Dump("quiz_bank.parquet", "parquet", "question_answer", question, 0.12),
    Dump("shared_conversations.json", "json", "sharegpt", sharegpt, 0.10, chats=True),
)

_ASK = '"instruction": "Name a bird that cannot fly.", "context": ""'
#: (dump, kind, the raw line or array element)
MALFORMED: list[tuple[str, str, bytes]] = [
    (
        "crowd_answers.jsonl",
        "bad_json",
        b'{"instruction": "What is a fjord?", "context": "", "response": "A long inlet',
    ),
    (
        "crowd_answers.jsonl",
        "missing_field",
        b'{"instruction": "Name three trees.", "context": "", "category": "open_qa"}',
    ),
    ("crowd_answers.jsonl", "null_content", b'{"instruction": "Why is grass green?", "context": "", "response": null}'),
    (
        "crowd_answers.jsonl",
        "invalid_utf8",
        b'{"instruction": "What is a caf\xe9?", "context": "", "response": "A place."}',
    ),
    ("crowd_answers.jsonl", "duplicate_key", f'{{{_ASK}, "response": "Kiwi.", "response": "Emu."}}'.encode()),
    ("crowd_answers.jsonl", "nan", f'{{{_ASK}, "response": "Kakapo.", "score": NaN}}'.encode()),
    ("crowd_answers.jsonl", "wrong_type", b'{"instruction": "Count to two.", "context": "", "response": [1, 2]}'),
    (
        "chat_logs.jsonl.gz",
        "wrong_role_order",
        b'{"messages": [{"role": "assistant", "content": "Hi."}, {"role": "user", "content": "Hello."}]}',
    ),
    (
        "chat_logs.jsonl.gz",
        "wrong_role_order",
        b'{"messages": [{"role": "user", "content": "One?"}, {"role": "user", "content": "Two?"}, {"role": "assistant", "content": "Three."}]}',
    ),
    ("chat_logs.jsonl.gz", "no_response", b'{"messages": [{"role": "user", "content": "Anyone there?"}]}'),
    (
        "chat_logs.jsonl.gz",
        "unknown_role",
        b'{"messages": [{"role": "visitor", "content": "Hi."}, {"role": "assistant", "content": "Hello."}]}',
    ),
    (
        "chat_logs.jsonl.gz",
        "null_content",
        b'{"messages": [{"role": "user", "content": "Hi."}, {"role": "assistant", "content": null}]}',
    ),
    ("chat_logs.jsonl.gz", "no_messages", b'{"messages": []}'),
    ("forum_dump_2023-11.jsonl.zst", "bad_json", b"<html><body>502 Bad Gateway</body></html>"),
    (
        "forum_dump_2023-11.jsonl.zst",
        "missing_field",
        b'{"uid": "f99999", "instruction": "Define irony.", "input": ""}',
    ),
    ("assistant_tasks.json", "missing_field", b'{"instruction": "Suggest a title.", "input": ""}'),
    ("assistant_tasks.json", "null_content", b'{"instruction": "Explain tides.", "input": "", "output": null}'),
    (
        "shared_conversations.json",
        "unknown_role",
        b'{"id": "conv_x", "conversations": [{"from": "human", "value": "Hi"}, {"from": "robot", "value": "Hello"}]}',
    ),
    (
        "shared_conversations.json",
        "no_response",
        b'{"id": "conv_y", "conversations": [{"from": "human", "value": "Are you there?"}]}',
    ),
    (
        "quiz_bank.parquet",
        "null_content",
        b'{"question": "Which sea has no coast?", "answer": null, "subject": "open qa", "nr": 0}',
    ),
]


@dataclass(frozen=True)
class Slot:
    """A position of a dump: the bytes of a JSON record, and the number of the entry in it (None: malformed or blank)."""

    data: bytes
    entry: int | None = None
    malformed: str = ""


def lay_out(dump: Dump, records: list[Record], random: Random) -> list[Slot]:
    """The slots of a dump in order: the records as they come, malformed and blank lines at random places between."""
    slots = [
        Slot(json.dumps(dump.shape(x, i + 1), ensure_ascii=False).encode("utf-8"), entry=i)
        for i, x in enumerate(records)
    ]
    for name, kind, raw in MALFORMED:
        if name == dump.name:
            slots.insert(random.randrange(20, len(slots)), Slot(raw, malformed=kind))
    for _ in range(dump.blank):
        slots.insert(random.randrange(20, len(slots)), Slot(random.choice([b"", b"   ", b"\t"])))
    return slots


def write(dump: Dump, slots: list[Slot], folder: Path) -> None:
    """Write the slots as one file of the dump's container."""
    path = folder / dump.name
    lines = b"".join(s.data + b"\n" for s in slots)
    if dump.container == "jsonl":
        path.write_bytes(lines)
    elif dump.container == "jsonl.gz":
        path.write_bytes(gzip.compress(lines, compresslevel=9, mtime=0))
    elif dump.container == "jsonl.zst":
        path.write_bytes(zstandard.ZstdCompressor(level=19).compress(lines))
    elif dump.container == "json":
        path.write_bytes(b"[\n" + b",\n".join(s.data for s in slots) + b"\n]\n")
    else:
        rows = [json.loads(s.data) for s in slots]
        if dump.container == "csv":
            out = io.StringIO()
            table = csv.DictWriter(out, list(rows[0]), quoting=csv.QUOTE_ALL, lineterminator="\n")
            table.writeheader()
            table.writerows(rows)
            path.write_bytes(out.getvalue().encode("utf-8"))
        else:
            schema = {"question": pl.String, "answer": pl.String, "subject": pl.String, "nr": pl.Int64}
            pl.DataFrame(rows, schema=schema).write_parquet(path, compression="zstd", compression_level=19)
