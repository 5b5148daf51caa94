"""Records one by one out of a table: CSV rows and Parquet rows."""

from __future__ import annotations

import csv
import os
import re
import sys
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import polars as pl

from curate.errors import InputError
from curate.io.meta import dump
from curate.io.model import MAX_RECORD_BYTES, Compression, RawRecord, RecordError
from curate.io.records import BOM, Records, Unheld, parse_nested
from curate.io.streams import CorruptStreamError, chunks, damage

DELIMITERS: Final = (",", "\t", ";")
#: How many rows of a Parquet file are held at once: so few at first, then as many as take up so much memory.
_FIRST_ROWS: Final = 256
_MOST_ROWS: Final = 4096
_SLICE_BYTES: Final = 32 * 1024 * 1024


class _TooLongError(Exception):
    """The row in hand is longer than the limit."""


class _Lines:
    """Text lines for the csv module, keeping the bytes of the row in hand; goes on after an error."""

    def __init__(self, pieces: Iterable[bytes], limit: int) -> None:
        self.offset = 0
        self.held: list[bytes] = []
        self.size = 0
        self._limit = limit
        self._source = _byte_lines(pieces, limit)

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
        if self.size > self._limit:
            raise _TooLongError
        # Bad bytes are carried as surrogates and found when the row is complete.
        return line.decode("utf-8", "surrogateescape")

    def pass_row(self) -> RawRecord:
        """Go over the rest of the row in hand, which is too long, without holding it.

        It ends with the first line end that is not inside quotation marks: where as many have opened as closed.
        """
        row = Unheld(b"".join(self.held))
        open_ = sum(line.count(b'"') for line in self.held) % 2
        last = self.held[-1]
        while open_ or not last.endswith(b"\n"):
            line = next(self._source, None)
            if line is None:
                break
            last = line
            row.add(last)
            self.size += len(last)
            open_ ^= last.count(b'"') % 2
        self.held = []
        return row.raw(self.offset, rest=bool(open_))


def _byte_lines(pieces: Iterable[bytes], limit: int) -> Iterator[bytes]:
    """The lines with their ends; one that is too long in several parts."""
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        lines = piece.split(b"\n")
        if len(lines) > 1:
            yield b"".join([*held, lines[0], b"\n"])
            for line in lines[1:-1]:
                yield line + b"\n"
            held, size = [], 0
        if lines[-1]:
            held.append(lines[-1])
            size += len(lines[-1])
        if size > limit:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)


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
        self._max = max_bytes
        csv.field_size_limit(sys.maxsize)  # the module's one setting; rows are bounded by `max_bytes`
        self._lines = _Lines(pieces, max_bytes)
        self._record: RawRecord | None = None
        self._rest = False
        self.header: list[str] = []
        self._delimiter = ","

    @property
    def taken(self) -> int:
        """Bytes read so far, about."""
        return self._taken

    def raw(self) -> RawRecord:
        """The row given last, without its line end."""
        if self._record is not None:
            return self._record
        return RawRecord(self._lines.offset, b"".join(self._lines.held).rstrip(b"\r\n"), rest=self._rest)

    def __iter__(self) -> Iterator[Any]:
        try:
            rows = self._start()
            if rows is not None:
                yield from self._rows(rows)
        except CorruptStreamError as error:
            self.line += 1
            self._record, self._rest = None, True
            yield damage(error)

    def _rows(self, rows: Iterator[list[str]]) -> Iterator[Any]:
        while True:
            self._lines.start()
            self._record = None
            self._taken = self._lines.offset
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                self.line += 1
                count = len(self._lines.held)
                # A text that is never closed goes on to the end of the file.
                self._rest = count > 1 and "end of data" in str(error)
                yield RecordError("malformed_csv", f"{str(error).capitalize()}, in a row of {count} lines.")
            except _TooLongError:
                self.line += 1
                self._record = self._lines.pass_row()
                yield RecordError("record_too_long", f"The row is longer than {self._max} bytes.")
            else:
                self.line += 1
                if not row:
                    self.blank += 1
                    continue
                yield self._row(row)

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
            b"".join(self._lines.held).decode("utf-8")
        except csv.Error as error:
            raise InputError(f"the header row is not well-formed CSV: {error}") from error
        except _TooLongError:
            raise InputError(f"the header row is longer than {self._max} bytes") from None
        except UnicodeDecodeError as error:
            raise InputError(f"the header row is not UTF-8: {error.reason} at byte {error.start + 1}") from error
        if len(set(self.header)) != len(self.header):
            raise InputError("the header row names a column twice")
        return rows

    def _row(self, row: list[str]) -> dict[str, Any] | RecordError:
        raw = b"".join(self._lines.held)
        if b"\0" in raw:
            return RecordError("malformed_csv", "The row holds a NUL byte.")
        if len(row) != len(self.header):
            return RecordError("wrong_field_count", f"{len(row)} values for {len(self.header)} columns.")
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            return RecordError("invalid_utf8", f"Byte {error.start + 1} of the row is not UTF-8: {error.reason}.")
        record: dict[str, Any] = dict(zip(self.header, row, strict=True))
        if "" in row:
            for name, bare in zip(self.header, _bare(text, self._delimiter), strict=True):
                if bare:
                    record[name] = None
        parse_nested(record)
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


def first_line(error: BaseException) -> str:
    """What an error of polars says, without the query plan it may go on with."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


class ParquetRows(Records):
    """Records of a Parquet file, row by row. `line` is the row's number; there is no byte offset.

    Parameters
    ----------
    path, compression : the file; a compressed one is unpacked into a temporary file.
    max_bytes : a row that is longer as JSON is rejected.
    """

    def __init__(self, path: Path, compression: Compression | None, max_bytes: int = MAX_RECORD_BYTES) -> None:
        super().__init__()
        self._taken = 0
        self._max = max_bytes
        self._row: dict[str, Any] = {}
        self._rest = False
        if compression is not None:
            handle, name = tempfile.mkstemp(prefix="curate-")
            weakref.finalize(self, os.unlink, name)
            with os.fdopen(handle, "wb") as spool:
                spool.writelines(chunks(path, compression))
            path = Path(name)
        self._scan = pl.scan_parquet(path, glob=False)

    @property
    def taken(self) -> int:
        """Bytes read so far, about."""
        return self._taken

    def raw(self) -> RawRecord:
        """The row given last, as JSON."""
        return RawRecord(-1, dump(self._row).encode("utf-8"), rest=self._rest)

    def __iter__(self) -> Iterator[Any]:
        at, count = 0, _FIRST_ROWS
        while True:
            try:
                frame = self._scan.slice(at, count).collect()
            except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
                self._row, self._rest = {}, True
                self.line += 1
                yield RecordError("corrupt_stream", f"The Parquet file is damaged: {first_line(error)}.")
                return
            if not frame.height:
                return
            at += frame.height
            size = int(frame.estimated_size())
            count = max(1, min(_MOST_ROWS, _SLICE_BYTES * frame.height // max(size, 1)))
            for row in frame.iter_rows(named=True):
                self._row = row
                self.line += 1
                self._taken += size // frame.height
                if size > self._max and len(dump(row).encode("utf-8")) > self._max:
                    yield RecordError("record_too_long", f"The row is longer than {self._max} bytes.")
                else:
                    yield row
