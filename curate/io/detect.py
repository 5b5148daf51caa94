"""What a file is: its container by its first bytes, its record format by its first records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import polars as pl

from curate.errors import InputError
from curate.io.formats import DUMPS, FORMATS, RECORD, RecordFormat
from curate.io.formats.base import nearest
from curate.io.jsonarray import JsonArray
from curate.io.model import MAX_RECORD_BYTES, NO_FORMAT, Compression, Container, RecordError, show
from curate.io.records import BOM, JsonLines
from curate.io.streams import CorruptStreamError, chunks
from curate.io.tables import CsvRows, ParquetRows, first_line

#: How many records decide on the format of a file.
SAMPLE: Final = 100

_TITLES: Final[dict[Container, str]] = {
    "jsonl": "JSON lines",
    "json": "a JSON array",
    "parquet": "Parquet",
    "csv": "CSV",
    "xml": "XML",
}
_PACKED: Final = {".gz", ".zst", ".zstd", ".bz2", ".xz"}
_PARQUET: Final = b"PAR1"
_ARROW: Final = (b"ARROW1", b"\xff\xff\xff\xff")
_LINES: Final = {".jsonl", ".ndjson"}
_TABLES: Final = {".csv", ".tsv"}
_KINDS: Final = _LINES | _TABLES | {".json", ".parquet", ".pq", ".txt"}


#: How many of a record's field names are compared with those that are known.
_NAMES: Final = 100


class UnknownFileError(Exception):
    """No reader takes the file; the message says why."""


@dataclass(frozen=True, slots=True)
class Detected:
    """The answer of `detect`; the fields are those of `InputFile`."""

    container: Container
    format: str
    line: str


def split_name(name: str) -> tuple[str, str]:
    """A base name without its known extensions, and the extension of the container (lower case, or empty)."""
    stem = name
    suffix = Path(stem).suffix
    if suffix.lower() in _PACKED:
        stem = stem[: -len(suffix)]
    suffix = Path(stem).suffix
    if suffix.lower() in _KINDS:
        return stem[: -len(suffix)], suffix.lower()
    return stem, ""


@dataclass(frozen=True, slots=True)
class _Stored:
    """A file, how it is packed, and how long its records may be."""

    path: Path
    compression: Compression | None
    limit: int

    def chunks(self) -> Iterator[bytes]:
        return chunks(self.path, self.compression)


def detect(
    path: Path,
    name: str,
    compression: Compression | None,
    format_name: str | None,
    max_record_bytes: int = MAX_RECORD_BYTES,
) -> Detected:
    """The container and the record format of a file.

    Parameters
    ----------
    name : the base name, whose extension decides between containers that its bytes leave open.
    format_name : the record format, where the user has said it; `record` leaves a dump with a head what it is.
    max_record_bytes : records that are longer are not looked at.

    Raises
    ------
    UnknownFileError : no reader takes the file.
    """
    _, extension = split_name(name)
    try:
        head = _head(path, compression)
    except CorruptStreamError as error:
        raise UnknownFileError(f"its {compression} data is damaged: {error}") from error
    if not head:
        return Detected("csv" if extension in _TABLES else "jsonl", NO_FORMAT, "empty")
    if (encoding := _encoding(head)) is not None:
        raise UnknownFileError(f"{encoding} text: convert it to UTF-8 first")
    for dump in DUMPS.values():
        why = dump.recognise(head, name) if format_name in {None, dump.name, RECORD.name} else None
        if why is not None:
            container: Container = "xml" if head.startswith(b"<") else "jsonl"
            return Detected(container, dump.name, f"{dump.name}: {why}" + (f" ({compression})" if compression else ""))
    if format_name is not None and format_name in DUMPS and DUMPS[format_name].matches is None:
        raise UnknownFileError(f"it does not look like {format_name}")
    container, sample = _container(_Stored(path, compression, max_record_bytes), head, extension)
    title = _TITLES[container] + (f", {compression}" if compression else "")
    if format_name is not None:
        return Detected(container, format_name, f"{format_name}, as told ({title})")
    if not sample.records:
        raise UnknownFileError(_what_else(head) or f"none of its first records can be read: {sample.error} ({title})")
    for dump in DUMPS.values():
        if dump.matches is not None and (count := sum(map(dump.matches, sample.records))):
            return Detected(
                container, dump.name, f"{dump.name}: {count} of the first {sample.count} records are of it ({title})"
            )
    chosen, count = _choose(sample.records)
    if chosen is None:
        raise UnknownFileError(_why_unknown(sample.records))
    fields = " and ".join(f"`{field}`" for field in chosen.needs if any(field in r for r in sample.records))
    line = f"{chosen.name}: {count} of the first {sample.count} records have {fields} ({title})"
    return Detected(container, chosen.name, line)


def _head(path: Path, compression: Compression | None) -> bytes:
    """The first bytes of the file from the first on that is no white space (or Byte Order Mark); empty if none is."""
    first = True
    for piece in chunks(path, compression):
        text = piece.removeprefix(BOM) if first else piece
        first = False
        if text := text.lstrip():
            return text[: 64 * 1024]
    return b""


def _encoding(head: bytes) -> str | None:
    """The encoding of text with two or four bytes to a character; None for all else."""
    if head.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")):
        return "UTF-32"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "UTF-16"
    # Without a mark it is told by what is ASCII in it: every other byte is zero, and none of the others.
    some = head[: len(head[:64]) & ~1]
    if some and any(not any(some[at::2]) and all(some[1 - at :: 2]) for at in (0, 1)):
        return "UTF-16"
    return None


def _what_else(head: bytes) -> str | None:
    """What a file is that holds no records; None if nothing is known of it."""
    if head.startswith(_ARROW):
        return "an Arrow file: save it as Parquet or as JSON lines first"
    if head.startswith(b"<"):
        return f"{'HTML' if b'<html' in head[:1000].lower() else 'XML'}: no reader takes this format"
    if b"\x00" in head and not head.startswith(_PARQUET):
        return "binary data: neither JSON, CSV nor Parquet"
    return None


class _Sample:
    """The first records of a file, and what was wrong with the first that is none."""

    def __init__(self, records: Iterable[Any]) -> None:
        values = list(islice(records, SAMPLE))
        self.count = len(values)
        self.records: list[dict[str, Any]] = [value for value in values if isinstance(value, dict)]
        self.starts_well = bool(values) and isinstance(values[0], dict)
        others = (value for value in values if not isinstance(value, dict))
        self.error = next((v.detail if isinstance(v, RecordError) else "not an object" for v in others), "none there")

    def weight(self) -> tuple[int, int]:
        """How many records are of one format, and how many there are at all."""
        return _choose(self.records)[1], len(self.records)


def _container(file: _Stored, head: bytes, extension: str) -> tuple[Container, _Sample]:
    if head.startswith(_PARQUET):
        try:
            return "parquet", _Sample(ParquetRows(file.path, file.compression, file.limit))
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, CorruptStreamError) as error:
            raise UnknownFileError(f"a damaged Parquet file: {first_line(error)}") from error
    if head[:1] not in b"[{":
        return _no_bracket(file, head, extension)
    lines = _Sample(JsonLines(file.chunks(), file.limit))
    if (array := _one_text(file, head, lines)) is not None:
        return "json", array
    if extension in _TABLES and not lines.records:
        return "csv", _csv(file)
    return "jsonl", lines


def _no_bracket(file: _Stored, head: bytes, extension: str) -> tuple[Container, _Sample]:
    """The container of a file that starts with no bracket: a table, or lines of which the first is bad."""
    if extension in _TABLES:
        return "csv", _csv(file)
    lines = _Sample(JsonLines(file.chunks(), file.limit))
    if lines.records:
        return "jsonl", lines
    if (else_ := _what_else(head)) is not None:
        raise UnknownFileError(else_)
    table = _csv(file)
    if table.records and _choose(table.records)[0] is not None:
        return "csv", table
    if extension in _LINES or extension == ".json":
        return "jsonl", lines
    raise UnknownFileError("neither JSON, nor Parquet, nor CSV with the fields of a known format")


def _one_text(file: _Stored, head: bytes, lines: _Sample) -> _Sample | None:
    """The records of a file that starts with a bracket, if it is rather one JSON text than one per line."""
    listed = head.startswith(b"[")
    if not listed and lines.starts_well and (lines.count > 1 or _choose(lines.records)[0] is not None):
        return None
    records = JsonArray(file.chunks(), file.limit)
    array = _Sample(records)
    if listed or records.lists:
        # Some lines of an array may be objects by themselves, and the first of many lines a list.
        return array if array.weight() >= lines.weight() else None
    return None if lines.records else array


def _csv(file: _Stored) -> _Sample:
    try:
        return _Sample(CsvRows(file.chunks(), file.limit))
    except InputError as error:
        raise UnknownFileError(str(error)) from error


def _choose(records: Sequence[Mapping[str, Any]]) -> tuple[RecordFormat | None, int]:
    """The format that matches most records, the earliest in `FORMATS` among equals; None if none matches any."""
    counts = {name: sum(map(form.matches, records)) for name, form in FORMATS.items()}
    best = max(counts, key=lambda name: counts[name])
    return (FORMATS[best], counts[best]) if counts[best] else (None, 0)


def _why_unknown(records: Sequence[Mapping[str, Any]]) -> str:
    first = records[0]
    names = list(first)[:8]
    shown = ", ".join(show(name) for name in names) + (", …" if len(first) > 8 else "")
    why = f"no record format has its fields ({shown})" if names else "its records have no fields"
    most = max(sum(name in first for name in form.needs) for form in FORMATS.values())
    for form in FORMATS.values():
        if sum(name in first for name in form.needs) < most:
            continue
        others = [key for key in islice(first, _NAMES) if key not in form.needs]
        for name in form.needs:
            if name not in first and (near := nearest([name], others)):
                return f"{why}; did you mean {show(name)} ({form.name}) by {show(near)}?"
    return f"{why}; name one with --format ({', '.join(FORMATS)}), or put its columns into words with --template"
