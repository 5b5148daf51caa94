"""Records one by one out of one JSON text: an array, or an object around lists of records."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from curate.io.jsonextent import NoEndError, spans
from curate.io.jsonfaults import BrokenError, fault_of, malformed, only_marks
from curate.io.jsonwindow import Tape, TooLongError, Window, indent_of
from curate.io.model import MAX_RECORD_BYTES, RawRecord, RecordError, show
from curate.io.quickjson import UNSURE, quick, quick_elements
from curate.io.records import NESTED_FIELDS, PAIR_FIELDS, Records
from curate.io.strictjson import StrictJSONError, loads, record_error

#: How much more is gone over in vain than was read, before no more is guessed.
_SPARE: Final = 1024 * 1024


class JsonArray(Records):
    """Records of one JSON text: the elements of an array, or of an object's lists of objects.

    `{"data": [{…}, …], "version": 1}` gives the elements of `data`; an object without such a list is
    one record, and so is each object that follows it. `line` is the element's number.

    Memory follows the longest element, not the text. An element that is refused but complete costs only itself.
    So does a malformed one where elements start lines of their own, because a line end cannot stand inside JSON
    text: the next element is the next line that starts as the well-formed ones do. Elsewhere nothing tells where a
    malformed element ends, and one error stands for it and all that follows.

    Parameters
    ----------
    pieces : the decompressed bytes, in pieces of any size.
    max_bytes : a longer element is rejected, and not held in memory.
    only : the one field of an object whose elements are records; the object's other fields are kept in `others`
        (one that is not UTF-8 as a `RecordError`), as far as the text has been read, and `lists` counts the lists of
        records. Without it, every list of objects holds records.
    """

    def __init__(self, pieces: Iterable[bytes], max_bytes: int = MAX_RECORD_BYTES, *, only: str | None = None) -> None:
        super().__init__()
        self.others: dict[str, Any] = {}
        self.lists = 0
        self._only = only
        self._max = max_bytes
        self._window = Window(pieces, max_bytes)
        self._record: RawRecord | None = None  # what was given last; or
        self._joined, self._start, self._index = b"", 0, 0  # the elements that were, where they start, and which one
        self._spans: list[tuple[int, int]] = []  # where in `_joined` each element lies, as soon as it is asked for
        self._forget()

    def _forget(self) -> None:
        """Begin a list: nothing is known of how its elements are laid out."""
        self._gap = b""  # what stands between two elements
        self._between = b""  # and also the brackets that closed the one and the first field of the other
        self._closing = 0  # how many brackets those are
        self._wasted = 0  # bytes that were gone over in vain
        self._good = self._before_good = b""  # the last well-formed element, and the white space before it

    @property
    def taken(self) -> int:
        """Bytes read so far."""
        return self._window.offset

    def raw(self) -> RawRecord:
        """The element given last, or the rest of the text."""
        if self._record is not None:
            return self._record
        if not self._spans:
            self._spans = spans(self._joined)
        start, end = self._spans[self._index]
        return RawRecord(self._start + start, self._joined[start:end])

    def point(self, index: int) -> None:
        """Make `line` and `raw()` be about that element of the group given last."""
        self.line += index - self._index
        self._index = index

    def __iter__(self) -> Iterator[Any]:
        for group in self.groups():
            for index, value in enumerate(group):
                self.point(index)
                yield value

    def groups(self) -> Iterator[list[Any]]:
        """The elements, many together where they are all objects with the same between them."""
        window = self._window
        try:
            yield from self._top()
        except BrokenError as broken:
            why = window.damage or broken.error
            tape = broken.tape or window.tape or Tape(window.offset, self._max)
            window.tape = None
            for piece in window.rest():
                tape.add(piece)
            # A comma or a bracket too many at the end of the text stands for nothing more.
            marks = only_marks(tape.bytes() or b"") if window.damage is None else None
            self._give(tape.raw(rest=marks is None))
            yield [why]

    def _give(self, record: RawRecord) -> None:
        """One record is given, which `raw()` is about."""
        self._record, self._index = record, 0
        self.line += 1

    def _top(self) -> Iterator[list[Any]]:
        window = self._window
        first = window.visible()
        if first == b"[":
            yield from self._elements()
        elif first == b"{":
            yield from self._members()
            while self._only is None and not self.lists and window.visible() == b"{":
                yield [self._element()]
        else:
            raise BrokenError(malformed("The text is neither a JSON array nor an object."))
        if window.visible() or window.damage is not None:
            raise BrokenError(RecordError("trailing_data", "The file goes on after the end of its JSON value."))

    def _elements(self) -> Iterator[list[Any]]:
        """The elements of the array whose `[` is next; the window is then after its `]`."""
        window = self._window
        window.take(1)
        self._forget()
        if window.visible() == b"]":
            window.take(1)
            return
        while True:
            yield self._guessed() or [self._element()]
            mark = window.visible()
            if mark not in {b",", b"]"}:
                what = "has no comma or closing bracket here" if mark else "ends inside its array"
                yield [self._skip(indent_of(self._before_good), malformed(f"The file {what}."))]
                mark = window.visible()
            before = window.white
            window.take(1)
            if mark == b"]":
                return
            following = window.visible()
            self._gap = before + b"," + window.white
            self._between = b""
            if following == b"{":
                closing = self._good[len(self._good.rstrip(b"]}")) :]
                self._closing = len(closing)
                self._between = closing + self._gap + window.first_field()

    def _guessed(self) -> list[Any] | None:
        """Elements up to one after which there comes what stood between the last two, if there is no doubt about them.

        Where that is not the end of an element, the bytes up to there are no JSON text, and none is taken.
        """
        window = self._window
        if not self._between or self._wasted > window.offset + _SPARE:
            return None
        joined = window.until_last(self._between, self._closing)
        values = quick_elements(joined) if joined and len(joined) <= self._max else None
        if values is None:
            self._wasted += len(joined) or window.size
            return None
        last = joined.rfind(self._gap + b"{")
        self._good = joined if last < 0 else joined[last + len(self._gap) :]
        self._before_good = window.white if last < 0 else self._gap.partition(b",")[2]
        self._record, self._spans = None, []
        self._joined, self._start, self._index = joined, window.offset, len(values) - 1
        self.line += len(values)
        window.take(len(joined))
        return values

    def _element(self) -> Any:
        """The element that is next, or why it is refused."""
        window = self._window
        indent = indent_of(window.white)
        try:
            raw = window.value()
        except TooLongError:
            return self._too_long(indent)
        except NoEndError as error:
            if error.cut:
                raise BrokenError(fault_of(window.held())) from None
            return self._skip(indent)
        value = quick(raw)
        if value is UNSURE:
            try:
                value = loads(raw.decode("utf-8"))
            except json.JSONDecodeError as error:
                return self._skip(indent, record_error(error))
            except (UnicodeDecodeError, StrictJSONError) as error:
                value = record_error(error)
        self._give(RawRecord(window.offset, raw))
        window.take(len(raw))
        if type(value) is dict:
            self._good, self._before_good = raw, window.white
        return value

    def _too_long(self, indent: bytes | None) -> RecordError:
        why = RecordError("record_too_long", f"The element is longer than {self._max} bytes.")
        window = self._window
        tape = Tape(window.offset, self._max)
        mark = self._next_line(indent)
        try:
            for piece in window.pass_value():
                tape.add(piece)
        except NoEndError as error:
            if error.cut:
                raise BrokenError(why, tape) from None
            return self._pass(mark, tape, why)
        self._give(tape.raw())
        return why

    def _skip(self, indent: bytes | None, why: RecordError | None = None) -> RecordError:
        """The error of what is next and malformed; the window is then before the comma of the next element's line."""
        return self._pass(self._next_line(indent), Tape(self._window.offset, self._max), why)

    def _pass(self, mark: bytes | None, tape: Tape, why: RecordError | None) -> RecordError:
        window = self._window
        if mark is None:
            raise BrokenError(why or fault_of(window.held()), tape)
        try:
            for piece in window.pass_until(mark):
                tape.add(piece)
            cut = False
        except NoEndError:
            cut = True
        if why is None:
            whole = tape.bytes()
            why = malformed("A text in the element holds a line end.") if whole is None else fault_of(whole)
        if cut:
            raise BrokenError(why, tape)
        self._give(tape.raw())
        return why

    def _next_line(self, indent: bytes | None) -> bytes | None:
        """What stands before the line of the next element, from the comma on; None if nothing tells.

        It is told by the last well-formed element, if it started a line as this one does, and its other lines are
        indented more. Without one, it is told by this element's line, if that is all of it.
        """
        if indent is None:
            return None
        start = b"\n" + indent + b"{"
        if self._good:
            inner = self._good.split(b"\n")[1:]
            deeper = all(line.startswith((indent + b" ", indent + b"\t", indent + b"}")) for line in inner)
            same = indent_of(self._before_good) == indent and (self._gap + b"{").endswith(start)
            return self._gap + b"{" if deeper and same else None
        line = self._window.until(b"\n")
        if line is not None and line.rstrip().endswith(b"},") and self._window.startswith(start[1:], len(line)):
            return line[line.rindex(b",") :] + start[1:]
        return None

    def _members(self) -> Iterator[list[Any]]:
        """The elements of every list of records in the object that is next, or the object if it has none."""
        window = self._window
        self.lists, self.others = 0, {}
        window.tape = Tape(window.offset, self._max)
        window.take(1)
        while (mark := window.visible()) != b"}":
            key = self._member() if mark == b'"' else None
            if type(key) is not str:
                raise BrokenError(malformed("The file has no field name where one must be."))
            if window.visible() != b":":
                raise BrokenError(malformed("The file has no colon after a field name."))
            window.take(1)
            if window.visible() == b"[" and self._holds_records(key, window.first_inside()):
                self.lists += 1
                window.tape = None
                yield from self._elements()
            elif self._only is None:
                self._member()
            elif key in self.others:
                raise BrokenError(RecordError("duplicate_key", f"The key {show(key)} occurs twice."))
            else:
                self.others[key] = self._member()
            mark = window.visible()
            if mark == b",":
                window.take(1)
            elif mark != b"}":
                raise BrokenError(malformed("The file has no comma between two fields."))
        window.take(1)
        if not self.lists:
            yield [self._object()]

    def _object(self) -> Any:
        """The object without lists of records that was just gone over."""
        tape = self._window.tape
        assert tape is not None  # only a list of records ends it
        self._window.tape = None
        self._give(tape.raw())
        whole = tape.bytes()
        if whole is None:
            return RecordError("record_too_long", f"The object is longer than {self._max} bytes.")
        try:
            return loads(whole.decode("utf-8"))
        except ValueError as error:
            return record_error(error)

    def _holds_records(self, key: str, first: bytes) -> bool:
        """Whether the list in the field `key`, whose first value starts with `first`, is one of records."""
        if self._only is None:
            return key not in NESTED_FIELDS and key not in PAIR_FIELDS and first == b"{"
        return key == self._only and first != b"]"

    def _member(self) -> Any:
        """The name or value that is next; what is not UTF-8 as a `RecordError`."""
        window = self._window
        try:
            raw = window.value()
            value = loads(raw.decode("utf-8"))
        except UnicodeDecodeError as error:
            value = record_error(error)
        except TooLongError:
            raise BrokenError(RecordError("record_too_long", f"A field is longer than {self._max} bytes.")) from None
        except NoEndError:
            raise BrokenError(fault_of(window.held())) from None
        except ValueError as error:
            raise BrokenError(record_error(error)) from None
        window.take(len(raw))
        return value
