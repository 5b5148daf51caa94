"""Reads one input file as batches of examples and rejects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from curate.errors import InputError
from curate.io.columns import build
from curate.io.formats import DUMPS, FORMATS, Example
from curate.io.formats.base import Record, kind_of
from curate.io.jsonarray import JsonArray
from curate.io.model import Batch, InputFile, LeftOut, Omit, RecordError, Reject
from curate.io.options import ReadOptions
from curate.io.records import JsonLines, Records
from curate.io.streams import chunks
from curate.io.tables import CsvRows, ParquetRows

#: A batch ends when it holds this much of the file, however few records that is.
BATCH_BYTES: Final = 64 * 1024 * 1024


def open_records(file: InputFile) -> Records:
    """The records of a file, as its container packs them."""
    if file.container == "parquet":
        return ParquetRows(file.path, file.compression)
    readers: dict[str, Callable[[Iterator[bytes]], Records]] = {"jsonl": JsonLines, "json": JsonArray, "csv": CsvRows}
    return readers[file.container](chunks(file.path, file.compression))


def read(file: InputFile, options: ReadOptions | None = None, *, batch_rows: int = 16384) -> Iterator[Batch]:
    """The examples of a file in its order, and what could not be read as one; at least one batch.

    Parameters
    ----------
    file : as `discover` found it.
    options : how to read it; a seed that is None counts as 42.
    batch_rows : a batch ends with the record that brings it to this many examples and rejects, or to 64 MiB.

    Raises
    ------
    InputError : the file cannot be opened or read, or is no longer what `discover` found.
    """
    options = options or ReadOptions()
    for one in (file, *file.companions):
        _unchanged(one)
    if file.format in DUMPS:
        yield from DUMPS[file.format].read(file, options, batch_rows)
        return
    records = open_records(file)
    batch = _Pending(file, options)
    for value in records:
        batch.add(records, value)
        if batch.size >= batch_rows or records.taken - batch.taken >= BATCH_BYTES:
            yield batch.finish(records)
    if batch.is_open(records):
        yield batch.finish(records)


def _unchanged(file: InputFile) -> None:
    try:
        size = file.path.stat().st_size
    except OSError as error:
        raise InputError(f"{file.path}: cannot be read: {error.strerror}") from error
    if size != file.size:
        raise InputError(f"{file.path}: changed from {file.size} to {size} bytes while it was being read")


def _no_object(value: object) -> RecordError:
    if isinstance(value, RecordError):
        return value
    return RecordError("not_an_object", f"The record is {kind_of(value)}, not an object.")


def _no_format(_: Record) -> Example:
    raise RecordError("unknown_format", "The file was taken for empty, but it has records.")


class _Pending:
    """The batch being filled."""

    def __init__(self, file: InputFile, options: ReadOptions) -> None:
        self._file = file
        form = FORMATS.get(file.format)
        self._convert = _no_format if form is None else form.bind(options) if form.bind else form.convert
        self._line = self._blank = 0
        self._batches = 0
        self.taken = 0
        self._clear()

    def _clear(self) -> None:
        self._examples: list[Example] = []
        self._lines: list[int] = []
        self._rejects: list[Reject] = []
        self._left: list[LeftOut] = []
        self._expanded = 0

    @property
    def size(self) -> int:
        """Examples and rejects so far."""
        return len(self._examples) + len(self._rejects) + len(self._left)

    def add(self, records: Records, value: object) -> None:
        """Take in one record, as an example or several, or as a reject."""
        if type(value) is not dict:
            self._reject(records, _no_object(value))
            return
        try:
            made = self._convert(value)
        except RecordError as error:
            self._reject(records, error)
            return
        except Omit as omit:
            self._left.append(LeftOut(self._file.name, records.line, omit.reason, omit.value))
            return
        if not isinstance(made, list):
            self._examples.append(made)
            self._lines.append(records.line)
            return
        self._expanded += len(made) - 1
        for example in made:
            if isinstance(example, RecordError):
                self._reject(records, example)
            else:
                self._examples.append(example)
                self._lines.append(records.line)

    def _reject(self, records: Records, error: RecordError) -> None:
        self._rejects.append(records.raw().reject(self._file.name, records.line, error))

    def is_open(self, records: Records) -> bool:
        """Whether there is anything that no batch has told of, or no batch at all."""
        return self._batches == 0 or records.line != self._line

    def finish(self, records: Records) -> Batch:
        """The batch so far; a new one is begun."""
        batch = Batch(
            frame=build(self._file, self._examples, self._lines),
            rejects=self._rejects,
            lines=records.line - self._line,
            blank=records.blank - self._blank,
            expanded=self._expanded,
            left=self._left,
        )
        self._line, self._blank, self.taken = records.line, records.blank, records.taken
        self._batches += 1
        self._clear()
        return batch
