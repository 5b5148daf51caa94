"""The files of a run: training lines, tables, rejects. Equal input gives equal bytes."""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import polars as pl

from curate.errors import UsageError
from curate.io.atomic import atomic_file
from curate.io.model import Reject
from curate.schema import Message

_ROW_GROUP: Final = 65_536
_encode = json.JSONEncoder(ensure_ascii=False).encode


def train_line(messages: Sequence[Message]) -> bytes:
    """One line of `train.jsonl`: `{"messages": [{"role": …, "content": …}, …]}`, UTF-8, with its line end."""
    turns = [{"role": message["role"], "content": message["content"]} for message in messages]
    return (_encode({"messages": turns}) + "\n").encode("utf-8")


def write_train(frames: Iterable[pl.DataFrame], path: Path) -> None:
    """Write the `messages` of the frames' rows, one line each, in order.

    Raises
    ------
    OutputError : as `atomic_file`.
    """
    with atomic_file(path) as stream:
        for frame in frames:
            stream.writelines(map(train_line, frame["messages"]))


def write_parquet(frames: pl.DataFrame | Iterable[pl.DataFrame], path: Path) -> None:
    """Write the frames below each other as one Parquet file (zstd, groups of 65,536 rows).

    The bytes depend on the rows alone, not on how they are split into frames or chunks.

    Parameters
    ----------
    frames : at least one; all of one schema.

    Raises
    ------
    OutputError : as `atomic_file`.
    """
    whole = frames if isinstance(frames, pl.DataFrame) else pl.concat(frames)
    buffer = io.BytesIO()
    whole.rechunk().write_parquet(
        buffer, compression="zstd", compression_level=3, statistics=True, row_group_size=_ROW_GROUP
    )
    with atomic_file(path) as stream:
        stream.write(buffer.getbuffer())


def write_hub_parquet(frames: Iterable[pl.DataFrame], path: Path) -> None:
    """Write the `messages` of the frames' rows as the Parquet file that dataset hubs show and load.

    Its Arrow types are `list<struct<role: string, content: string>>`, those that `datasets` gives to the same
    conversations read from JSON, so that both concatenate; polars alone would write the large variants.

    Raises
    ------
    UsageError : pyarrow is not installed.
    OutputError : as `atomic_file`.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise UsageError("--hf needs pyarrow: pip install 'curate-sft[hf]'") from error
    turn = pa.struct([("role", pa.string()), ("content", pa.string())])
    schema = pa.schema([("messages", pa.list_(turn))])
    with atomic_file(path) as stream, pq.ParquetWriter(stream, schema, compression="zstd") as writer:
        for frame in frames:
            whole = frame.select("messages").rechunk().to_arrow().cast(schema)
            writer.write_table(whole, row_group_size=_ROW_GROUP)


def write_rejects(rejects: Iterable[Reject], path: Path) -> None:
    """Write one JSON line per reject, with the fields of `Reject`, in order.

    Raises
    ------
    OutputError : as `atomic_file`.
    """
    with atomic_file(path) as stream:
        for reject in rejects:
            stream.write((_encode(dataclasses.asdict(reject)) + "\n").encode("utf-8"))
