from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import lzma
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import zstandard

from curate.io import Batch, InputFile, discover, read

COMPRESS: dict[str | None, Callable[[bytes], bytes]] = {
    None: bytes,
    "gzip": gzip.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
}


def pack_csv(records: Sequence[dict[str, Any]]) -> bytes:
    """CSV with every text quoted, null as nothing, lists as JSON."""
    names = list(dict.fromkeys(name for record in records for name in record))
    lines = [",".join(f'"{name}"' for name in names)]
    for record in records:
        values = []
        for name in names:
            value = record.get(name)
            if isinstance(value, list):
                value = json.dumps(value)
            values.append("" if value is None else '"' + str(value).replace('"', '""') + '"')
        lines.append(",".join(values))
    data = "\r\n".join(lines) + "\r\n"
    assert len(list(csv.reader(io.StringIO(data, newline="")))) == len(records) + 1
    return data.encode()


def pack_parquet(records: Sequence[dict[str, Any]]) -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame(list(records), infer_schema_length=None).write_parquet(buffer)
    return buffer.getvalue()


PACK: dict[str, Callable[[Sequence[dict[str, Any]]], bytes]] = {
    "jsonl": lambda records: "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records).encode(),
    "json": lambda records: json.dumps(list(records), indent=2).encode(),
    "csv": pack_csv,
    "parquet": pack_parquet,
}


@pytest.fixture
def pack() -> Callable[..., bytes]:
    def packed(records: Sequence[dict[str, Any]], container: str, compression: str | None = None) -> bytes:
        return COMPRESS[compression](PACK[container](records))

    return packed


class Whole:
    """All batches of a file as one, with the identity checked."""

    def __init__(self, file: InputFile, batches: Sequence[Batch]) -> None:
        self.file = file
        self.batches = batches
        self.frame = pl.concat([batch.frame for batch in batches])
        self.rejects = [reject for batch in batches for reject in batch.rejects]
        self.lines = sum(batch.lines for batch in batches)
        self.blank = sum(batch.blank for batch in batches)
        self.expanded = sum(batch.expanded for batch in batches)
        for batch in batches:
            assert batch.lines + batch.expanded == batch.blank + len(batch.rejects) + batch.frame.height
        assert all(reject.file == file.name for reject in self.rejects)


@pytest.fixture
def read_file(tmp_path: Path) -> Callable[..., Whole]:
    """Write bytes under a name, find them and read them whole."""

    def reading(data: bytes, name: str = "data.jsonl", *, batch_rows: int = 3, form: str | None = None) -> Whole:
        path = tmp_path / name
        path.write_bytes(data)
        (file,) = discover([str(path)], format=form).files
        return Whole(file, list(read(file, batch_rows=batch_rows)))

    return reading
