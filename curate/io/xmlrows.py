"""Records of an XML dump: a root element around one `row` after the other, all of their data in attributes.

A streaming expat parser that refuses document type declarations, and so entities. XML has no rule for going on
after an error; here a row that cannot be read costs only itself: parsing starts anew at the next one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Generator, Iterator
from typing import BinaryIO, Final
from xml.parsers import expat

from curate.errors import InputError
from curate.io.model import RAW_BYTES, RawRecord, RecordError, show

CHUNK: Final = 1024 * 1024
FIRST: Final = 16 * 1024
#: How far the pieces overlap in which the next row is looked for; longer than all that is looked for.
_OVERLAP: Final = 256
_UTF8: Final = {"utf-8", "utf8", "us-ascii", "ascii"}
_BOM: Final = b"\xef\xbb\xbf"
_JUNK: Final = expat.errors.codes[expat.errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT]
_TWICE: Final = expat.errors.codes[expat.errors.XML_ERROR_DUPLICATE_ATTRIBUTE]

Attributes = dict[str, str]

#: Where a record starts and ends in the file, in bytes, and its attributes or why it has none.
Place = tuple[int, int, Attributes | RecordError]


class XmlRows:
    """The rows of an XML file, in its order, each with its place; what is no readable row is an error in its place.

    Parameters
    ----------
    stream : seekable, of decompressed bytes.
    name : of the file, for messages.
    root, row : the names of the outer element and of a record's.
    limit : most bytes of a record; a longer one is an error, and is not held.

    Raises
    ------
    InputError : while iterating: a document type declaration, another encoding than UTF-8, another root, or no
        well-formed XML up to the root.
    """

    def __init__(self, stream: BinaryIO, name: str, *, root: str, row: str, limit: int) -> None:
        self._stream, self._name = stream, name
        self._root, self._row, self._limit = root, row, limit
        # A row begins a line or follows the end of another one; any other `<row` is text of a broken one.
        self._next_row = re.compile(
            rb"((?:(?<=/>)|(?<=</%(row)b>))\s{0,64}|\r?\n[ \t\r]{0,64})(?:<%(row)b[\s/>]|</%(root)b[\s>])"
            % {b"row": row.encode(), b"root": root.encode()}
        )
        self._ready: list[Place] = []
        self._started = self._closed = False

    def __iter__(self) -> Iterator[Place]:
        # XML allows neither a mark of byte order nor white space before its declaration.
        self._stream.seek(0)
        at = self._visible(len(_BOM) if self._stream.read(len(_BOM)) == _BOM else 0)
        if at is None:
            raise InputError(f"{self._name}: no well-formed XML: it is empty")
        while at is not None:
            at = yield from self._stretch(at)

    def _stretch(self, at: int) -> Generator[Place, None, int | None]:
        """The rows from `at` to the end or the first error; returns where to go on, or None at the end."""
        self._parser = parser = self._new_parser()
        self._base, self._end, self._depth, self._stray = at, at, 0, False
        if self._started:
            prefix = f"<{self._root}>".encode()
            self._base -= len(prefix)
            parser.Parse(prefix, False)
            self._end = at
        fed, size = at, FIRST  # small at first, or a file of nothing but broken rows would be read over and over
        while True:
            self._stream.seek(fed)
            piece = self._stream.read(size)
            size = min(2 * size, CHUNK)
            broken: expat.ExpatError | None = None
            try:
                parser.Parse(piece, not piece)
            except expat.ExpatError as error:
                broken = error
            yield from self._ready
            self._ready.clear()
            if broken is not None:
                place, go_on = self._broken(broken, self._base + parser.ErrorByteIndex)
                yield place
                return go_on
            if not piece:
                return None
            fed += len(piece)
            if fed - self._end > self._limit + CHUNK and not self._closed:
                place, go_on = self._bad(self._too_long(), fed - _OVERLAP)
                yield place
                return go_on

    # What the parser reports

    def _new_parser(self) -> expat.XMLParserType:
        parser = expat.ParserCreate("utf-8" if self._started else None)
        parser.buffer_text = True
        parser.XmlDeclHandler = self._on_declaration
        parser.StartDoctypeDeclHandler = self._on_doctype
        parser.EntityDeclHandler = self._on_doctype
        parser.StartElementHandler = self._on_start
        parser.EndElementHandler = self._on_end
        parser.CharacterDataHandler = self._on_text
        return parser

    def _here(self) -> int:
        return self._base + self._parser.CurrentByteIndex

    def _on_declaration(self, version: str, encoding: str | None, standalone: int) -> None:  # noqa: ARG002 (expat's)
        if encoding is not None and encoding.lower() not in _UTF8:
            raise InputError(f"{self._name}: XML in {show(encoding)}: convert it to UTF-8 first")

    def _on_doctype(self, *_: object) -> None:
        raise InputError(
            f"{self._name}: it has a document type declaration, with which XML can define entities that expand without "
            "bound or read other files; such a file is not read. Remove the declaration."
        )

    def _on_start(self, name: str, attributes: Attributes) -> None:
        self._finish_stray()
        self._depth += 1
        if self._depth == 1:
            if name != self._root:
                raise InputError(f"{self._name}: the outer element is {show(name)}, not `{self._root}`")
            if not self._started:
                self._started = True
                tag = self._find(re.compile(b"(>)"), self._here())
                self._end = tag[1] if tag else self._here()
        elif self._depth == 2:
            self._begin = self._here()
            self._made: Attributes | RecordError = attributes
            if name != self._row:
                self._made = RecordError("malformed_xml", f"The element {show(name)} is no `{self._row}`.")
        else:
            self._made = RecordError("unsupported_content", f"The row has {show(name)} inside, which would be lost.")

    def _on_end(self, _: str) -> None:
        self._finish_stray()
        self._end = self._here()
        self._depth -= 1
        if self._depth == 1:
            long = self._end - self._begin > self._limit
            self._ready.append((self._begin, self._end, self._too_long() if long else self._made))
        elif self._depth == 0:
            self._closed = True

    def _on_text(self, text: str) -> None:
        if text.isspace():
            return
        if self._depth > 1:
            self._made = RecordError("unsupported_content", "The row has text inside, which would be lost.")
        else:
            self._stray = True

    def _finish_stray(self) -> None:
        """Report text between rows, from the last row on to here."""
        if self._stray:
            error = RecordError("malformed_xml", "There is text between the rows.")
            here = self._here()
            self._ready.append((self._after_last() or self._end, here, error))
            self._stray = False

    # What the parser could not follow

    def _too_long(self) -> RecordError:
        return RecordError("record_too_long", f"The row is longer than {self._limit} bytes.")

    def _broken(self, error: expat.ExpatError, at: int) -> tuple[Place, int | None]:
        """The record in which parsing failed at byte `at`, and where to go on."""
        why = f"{expat.ErrorString(error.code)} (byte {at})"
        if not self._started:
            raise InputError(f"{self._name}: no well-formed XML: {why}")
        if self._closed or error.code == _JUNK:
            start, end = self._visible(self._end + len(self._root) + 3) or at, self._stream.seek(0, 2)
            return (start, end, RecordError("trailing_data", f"The file goes on after `</{self._root}>`.")), None
        if error.code == _TWICE:
            return self._bad(RecordError("duplicate_key", "The row has an attribute twice."), at)
        self._stream.seek(at)
        if not _starts_with_a_character(self._stream.read(4)):
            return self._bad(RecordError("invalid_utf8", f"The byte at {at} is not UTF-8 text."), at)
        return self._bad(RecordError("malformed_xml", f"The row is not well-formed XML: {why}."), at)

    def _bad(self, error: RecordError, at: int) -> tuple[Place, int | None]:
        """The unreadable record around byte `at`, up to the next row, and where that starts."""
        start = self._begin if self._depth > 1 else self._after_last()
        size = self._stream.seek(0, 2)
        if start is None:
            return (size, size, RecordError("malformed_xml", f"The file ends before `</{self._root}>`.")), None
        found = self._find(self._next_row, max(start + 1, at - _OVERLAP))
        return (start, found[0] if found else size, error), found[1] if found else None

    def _after_last(self) -> int | None:
        """Where the first byte after the last row is that is no white space."""
        self._stream.seek(self._end)
        closing = re.match(rf"</{self._row}\s*>".encode(), self._stream.read(64))
        return self._visible(self._end + (closing.end() if closing else 0))

    def _visible(self, at: int) -> int | None:
        """Where the first byte from `at` on is that is no white space."""
        found = self._find(re.compile(rb"()\S"), at)
        return None if found is None else found[0]

    def _find(self, pattern: re.Pattern[bytes], at: int) -> tuple[int, int] | None:
        """Where `pattern` first matches from `at` on, and where its first group ends."""
        self._stream.seek(at)
        held = b""
        while piece := self._stream.read(CHUNK if held else 4096):
            held += piece
            if found := pattern.search(held):
                return at + found.start(), at + found.end(1)
            at += max(0, len(held) - _OVERLAP)
            held = held[-_OVERLAP:]
        return None


def _starts_with_a_character(raw: bytes) -> bool:
    for length in range(1, len(raw) + 1):
        try:
            raw[:length].decode("utf-8")
        except UnicodeDecodeError:
            continue
        return True
    return not raw


def attributes_of(raw: bytes) -> Attributes:
    """The attributes of one row that was read before, from its bytes."""
    found: Attributes = {}
    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = lambda _, attributes: found.update(attributes)
    # Of `<row …></row>` a place holds the start tag alone.
    parser.Parse(raw if raw.endswith(b"/>") else raw[: raw.rfind(b">") + 1] + b"</row>", True)
    return found


def raw_record(stream: BinaryIO, start: int, end: int) -> RawRecord:
    """The bytes of a place, or their beginning and hash where they are many."""
    stream.seek(start)
    head = stream.read(min(end - start, RAW_BYTES + 1))
    if len(head) == end - start:
        return RawRecord(start, head)
    digest = hashlib.sha256(head)
    left = end - start - len(head)
    while left and (piece := stream.read(min(left, CHUNK))):
        digest.update(piece)
        left -= len(piece)
    return RawRecord(start, head, digest.hexdigest())
