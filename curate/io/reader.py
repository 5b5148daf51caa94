"""Reads one input file as batches of examples and rejects."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from curate.errors import InputError
from curate.io.ahead import ahead
from curate.io.columns import Columns
from curate.io.endings import without_marks
from curate.io.formats import DUMPS, FORMATS, RECORD, Example
from curate.io.formats.alike import Choose, pairs_of
from curate.io.formats.base import Convert, Record, kind_of
from curate.io.formats.preference import FORMAT
from curate.io.jsonarray import JsonArray
from curate.io.model import Batch, InputFile, LeftOut, Omit, RecordError, Reject
from curate.io.options import ReadOptions
from curate.io.records import JsonLines, Records
from curate.io.streams import chunks
from curate.io.tables import CsvRows, ParquetRows

#: A batch ends when it holds this much of the file, however few records that is.
BATCH_BYTES: Final = 64 * 1024 * 1024
#: Records are converted column by column if at least so many come together; for fewer it is no gain.
_ALIKE: Final = 16


def open_records(file: InputFile, options: ReadOptions | None = None) -> Records:
    """The records of a file, as its container packs them."""
    limit = (options or ReadOptions()).max_record_bytes
    if file.container == "parquet":
        return ParquetRows(file.path, file.compression, limit)
    pieces = chunks(file.path, file.compression)
    if file.container == "jsonl":
        return JsonLines(pieces, limit, read_ahead=file.compression is not None)
    if file.compression is not None:
        pieces = ahead(pieces)
    return JsonArray(pieces, limit) if file.container == "json" else CsvRows(pieces, limit)


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
    for batch in _batches(file, options, batch_rows):
        marks = options.end_of_text
        yield without_marks(batch, marks, paired=file.format == FORMAT.name) if marks else batch


def _batches(file: InputFile, options: ReadOptions, batch_rows: int) -> Iterator[Batch]:
    """The batches with every text as it stands in the file."""
    if file.format in DUMPS:
        yield from DUMPS[file.format].read(file, options, batch_rows)
        return
    records = open_records(file, options)
    batch = _Pending(file, records, batch_rows)
    convert = _converter(file, options)
    choose = FORMATS[file.format].choose if file.format in FORMATS else None
    for group in records.groups():
        start = 0
        while start < len(group):
            start = batch.fill(group, start, convert, choose)
            if batch.is_full():
                yield batch.finish()
    if batch.is_open():
        yield batch.finish()


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


def _converter(file: InputFile, options: ReadOptions) -> Convert:
    form = RECORD if file.format == RECORD.name else FORMATS.get(file.format)
    if form is None:
        return _no_format
    return form.bind(options) if form.bind else form.convert


class _Pending:
    """The batch being filled."""

    def __init__(self, file: InputFile, records: Records, batch_rows: int) -> None:
        self._file = file
        self._records = records
        self._rows = batch_rows
        self._line = self._blank = 0
        self._batches = 0
        self._clear()

    def _clear(self) -> None:
        self._columns = Columns(self._file)
        self._rejects: list[Reject] = []
        self._left: list[LeftOut] = []
        self._expanded = 0
        self._until = self._records.taken + BATCH_BYTES

    def _room(self) -> int:
        return self._rows - len(self._columns) - len(self._rejects) - len(self._left)

    def fill(self, group: list[Any], start: int, convert: Convert, choose: Choose | None) -> int:
        """Take in records of a group from index `start` on, as many as there is room for; returns where to go on."""
        end = min(start + self._room(), len(group))
        some = group if end - start == len(group) else group[start:end]
        if len(some) >= _ALIKE and choose is not None and (pairs := pairs_of(some, choose)) is not None:
            self._columns.add_pairs(pairs, self._lines_to(end)[-len(some) :])
            return end
        if len(some) > 1:
            try:
                made = list(map(convert, some))
            except (RecordError, Omit):
                made = []  # gone through again below, one by one
            if set(map(type, made)) == {tuple}:
                self._columns.add(made, self._lines_to(end)[-len(made) :])  # type: ignore[arg-type] # all tuples
                return end
        for index in range(start, end):
            self._records.point(index)
            self._one(group[index], convert)
            if self._room() <= 0:
                return index + 1
        return end

    def _lines_to(self, end: int) -> range:
        """The numbers of the lines in the group given last before index `end`."""
        self._records.point(end - 1)
        return range(self._records.line + 1 - end, self._records.line + 1)

    def _one(self, value: object, convert: Convert) -> None:
        """Take in one record, as an example or several, as a reject, or as one of which no example is made."""
        if type(value) is not dict:
            self._reject(_no_object(value))
            return
        try:
            made = convert(value)
        except RecordError as error:
            self._reject(error)
            return
        except Omit as omit:
            self._left.append(LeftOut(self._file.name, self._records.line, omit.reason, omit.value))
            return
        several = made if isinstance(made, list) else [made]
        self._expanded += len(several) - 1
        for example in several:
            if isinstance(example, RecordError):
                self._reject(example)
            else:
                self._columns.add([example], [self._records.line])

    def _reject(self, error: RecordError) -> None:
        self._rejects.append(self._records.raw().reject(self._file.name, self._records.line, error))

    def is_full(self) -> bool:
        """Whether the batch holds enough."""
        return self._room() <= 0 or self._records.taken >= self._until

    def is_open(self) -> bool:
        """Whether there is anything that no batch has told of, or no batch at all."""
        return self._batches == 0 or self._records.line != self._line

    def finish(self) -> Batch:
        """The batch so far; a new one is begun."""
        records = self._records
        batch = Batch(
            frame=self._columns.frame(),
            rejects=self._rejects,
            lines=records.line - self._line,
            blank=records.blank - self._blank,
            expanded=self._expanded,
            left=self._left,
        )
        self._line, self._blank = records.line, records.blank
        self._batches += 1
        self._clear()
        return batch
