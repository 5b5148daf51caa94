"""Records one by one out of a table: CSV rows and Parquet rows."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import polars as pl

from curate.errors import InputError
from curate.io.meta import dump
from curate.io.model import MAX_RECORD_BYTES, Compression, RawRecord, RecordError
from curate.io.records import BOM, NESTED_FIELDS, Records
from curate.io.streams import CorruptStreamError, chunks
from curate.io.strictjson import loads

DELIMITERS: Final = (",", "\t", ";")
_PARQUET_ROWS: Final = 4096


class _Lines:
    """Text lines for the csv module, keeping the bytes of the row in hand; goes on after an error."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self.offset = 0
        self.held: list[bytes] = []
        self.size = 0
        self._source = _byte_lines(pieces)

    def start(self) -> None:
        """Forget the row read so far."""
        self.offset += self.size
        self.held, self.size = [], 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._source)
        self.held.append(line)
        self.size += len(line)
        if self.size > MAX_RECORD_BYTES:
            raise RecordError("record_too_long", f"The row is longer than {MAX_RECORD_BYTES} bytes.")
        # Bad bytes are carried as surrogates and found when the row is complete.
        return line.decode("utf-8", "surrogateescape")


def _byte_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    tail = b""
    for piece in pieces:
        lines = (tail + piece).split(b"\n")
        tail = lines.pop()
        for line in lines:
            yield line + b"\n"
        if len(tail) > MAX_RECORD_BYTES:
            yield tail  # its row will be refused; what follows need not be held as well
            tail = b""
    if tail:
        yield tail


class CsvRows(Records):
    """Records of a CSV file with a header row; every value is text.

    An unquoted empty value is null, a quoted one the empty text. Columns that hold a conversation
    (`messages`, `conversations`, `instances`) are parsed as JSON where they start with `[`. `line` is
    the row's number, the header not counted; blank rows are.

    Parameters
    ----------
    pieces : the decompressed bytes, in pieces of any size.
    """

    def __init__(self, pieces: Iterable[bytes], max_bytes: int = MAX_RECORD_BYTES) -> None:
        super().__init__()
        self._taken = 0
        csv.field_size_limit(sys.maxsize)  # the module's one setting; rows are bounded by MAX_RECORD_BYTES
        self._lines = _Lines(pieces)
        self.header: list[str] = []
        self._delimiter = ","

    @property
    def taken(self) -> int:
        """Bytes read so far, about."""
        return self._taken

    def raw(self) -> RawRecord:
        """The row given last, without its line end."""
        return RawRecord(self._lines.offset, b"".join(self._lines.held).rstrip(b"\r\n"))

    def __iter__(self) -> Iterator[Any]:
        try:
            rows = self._start()
        except CorruptStreamError as error:
            self.line += 1
            yield RecordError("corrupt_stream", f"The compressed data is damaged or cut off: {error}.")
            return
        if rows is None:
            return
        while True:
            self._lines.start()
            self._taken = self._lines.offset
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                self.line += 1
                yield RecordError("malformed_csv", f"{str(error).capitalize()}.")
            except RecordError as error:
                self.line += 1
                yield error
            except CorruptStreamError as error:
                self.line += 1
                yield RecordError("corrupt_stream", f"The compressed data is damaged or cut off: {error}.")
                return
            else:
                self.line += 1
                if not row:
                    self.blank += 1
                    continue
                yield self._record(row)

    def _start(self) -> Iterator[list[str]] | None:
        """The rows after the header; None if there is no header."""
        first = next(self._lines, None)
        if first is None:
            return None
        if self._lines.held[0].startswith(BOM):
            first = first[1:]
        self._delimiter = max(DELIMITERS, key=first.count)

        # A header may go on over several lines inside quotes.
        source = _Chain(first, self._lines)
        rows = csv.reader(source, delimiter=self._delimiter, strict=True)
        try:
            self.header = next(rows)
        except csv.Error as error:
            raise InputError(f"the header row is not well-formed CSV: {error}") from error
        if len(set(self.header)) != len(self.header):
            raise InputError("the header row names a column twice")
        return rows

    def _record(self, row: list[str]) -> dict[str, Any] | RecordError:
        if len(row) != len(self.header):
            return RecordError("wrong_field_count", f"{len(row)} values for {len(self.header)} columns.")
        raw = b"".join(self._lines.held)
        try:
            raw.decode("utf-8")
        except UnicodeDecodeError as error:
            return RecordError("invalid_utf8", f"Byte {error.start + 1} of the row is not UTF-8: {error.reason}.")
        record: dict[str, Any] = dict(zip(self.header, row, strict=True))
        if "" in row:
            for name, bare in zip(self.header, _bare(raw.decode("utf-8"), self._delimiter), strict=True):
                if bare:
                    record[name] = None
        for name in NESTED_FIELDS:
            value = record.get(name)
            if type(value) is str and value.startswith("["):
                try:
                    record[name] = loads(value)
                except ValueError:
                    continue  # stays text, which the record format then rejects as of the wrong type
        return record


class _Chain:
    """`first`, then `rest`; unlike a generator it goes on after an exception."""

    def __init__(self, first: str, rest: _Lines) -> None:
        self._first: str | None = first
        self._rest = rest

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._first is not None:
            first, self._first = self._first, None
            return first
        return next(self._rest)


def _bare(row: str, delimiter: str) -> list[bool]:
    """For each value of a well-formed row: is it empty without quotes?"""
    value = re.compile(rf'"(?:[^"]|"")*"|[^{delimiter}]*').match
    row = row.rstrip("\r\n")
    bare: list[bool] = []
    at = 0
    while True:
        found = value(row, at)
        end = found.end() if found else at
        bare.append(end == at)
        if end >= len(row):
            return bare
        at = end + 1


def first_line(error: Exception) -> str:
    """What an error of polars says, without the query plan it may go on with."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


class ParquetRows(Records):
    """Records of a Parquet file, row by row. `line` is the row's number; there is no byte offset.

    Parameters
    ----------
    path, compression : the file; a compressed one is held in memory as a whole.
    """

    def __init__(self, path: Path, compression: Compression | None, max_bytes: int = MAX_RECORD_BYTES) -> None:
        super().__init__()
        self._taken = 0
        self._row: dict[str, Any] = {}
        if compression is None:
            self._scan = pl.scan_parquet(path, glob=False)
        else:
            self._scan = pl.read_parquet(io.BytesIO(b"".join(chunks(path, compression)))).lazy()

    @property
    def taken(self) -> int:
        """Bytes read so far, about."""
        return self._taken

    def raw(self) -> RawRecord:
        """The row given last, as JSON."""
        return RawRecord(-1, dump(self._row).encode("utf-8"))

    def __iter__(self) -> Iterator[Any]:
        at = 0
        while True:
            try:
                frame = self._scan.slice(at, _PARQUET_ROWS).collect()
            except pl.exceptions.PolarsError as error:
                self._row = {}
                self.line += 1
                yield RecordError("corrupt_stream", f"The Parquet file is damaged: {first_line(error)}.")
                return
            if not frame.height:
                return
            at += frame.height
            size = int(frame.estimated_size()) // frame.height
            for row in frame.iter_rows(named=True):
                self._row = row
                self.line += 1
                self._taken += size
                yield row
