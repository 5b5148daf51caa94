"""Marks, lines and spaced letters of texts in ASCII, in one pass: what patterns of `curate.damage.weighed` count.

Patterns take a pass over the text each. The numbers are the same; texts beyond ASCII are left to the patterns.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from numba import carray

from curate.algorithms.jit import at_address, kernel
from curate.algorithms.parallel import thread_map, threads
from curate.algorithms.texts import Texts

#: The columns of what `counted` returns, in order.
MARKS: Final[tuple[str, ...]] = (
    "lines", "listed_lines", "opened", "closed", "quotes", "stars", "single", "unclosed_line", "inline_items", "lost",
)  # fmt: skip
#: How many of them are of lines; the others are of marks.
LINES: Final = 2
_LINES, _LISTED, _OPENED, _CLOSED, _QUOTES, _STARS, _SINGLE, _UNCLOSED, _ITEMS, _LOST = range(len(MARKS))
#: Steps from one letter to the next, with one space between, that make spaced letters.
_STEPS: Final = 5

#: Of each ASCII character: whether it is white space; a letter, a small one, a digit; a mark that may end a line.
_SPACE, _LETTER, _SMALL, _DIGIT, _ENDS = (1 << i for i in range(5))
_FACTS: Final = np.array(
    [
        _SPACE * (one in "\t\n\x0b\x0c\r ")
        | _LETTER * one.isalpha()
        | _SMALL * one.islower()
        | _DIGIT * one.isdigit()
        | _ENDS * (one in ".!?:;,)]\"'*|`>}")
        for one in map(chr, range(256))
    ],
    np.uint8,
)  # fmt: skip
_FACTS[0x80:] = 0


@kernel
def _is(text: Any, i: int, what: int) -> bool:
    return 0 <= i < len(text) and _FACTS[text[i]] & what != 0


@kernel
def _after_blanks(text: Any, i: int) -> int:
    while i < len(text) and (text[i] == 0x20 or text[i] == 0x09):
        i += 1
    return i


@kernel
def _is_listed(text: Any, i: int) -> Any:
    """Whether the line that begins at `i` begins with a bullet, a number or a letter of a list."""
    i = _after_blanks(text, i)
    if i == len(text):
        return False
    if text[i] == 0x2D or text[i] == 0x2A or text[i] == 0x2B:  # - * +
        i += 1
    else:
        i += text[i] == 0x28
        digits = 0
        while digits < 3 and _is(text, i + digits, _DIGIT):
            digits += 1
        i += digits or 1
        if i >= len(text) or not (digits or _is(text, i - 1, _LETTER)):
            return False
        if not (text[i] == 0x2E or text[i] == 0x29 or (digits and text[i] == 0x3A)):  # . ) :
            return False
        i += 1
    i = _after_blanks(text, i)
    return i < len(text) and not _is(text, i, _SPACE)


@kernel
def _is_marker(text: Any, begin: int, end: int) -> Any:
    """Whether what stands from `begin` to `end` is a bullet or the number of an item."""
    if end - begin == 1:
        return text[begin] == 0x2D or text[begin] == 0x2A
    return (
        end - begin <= 3
        and (text[end - 1] == 0x2E or text[end - 1] == 0x29)
        and _is(text, begin, _DIGIT)
        and (end - begin == 2 or _is(text, begin + 1, _DIGIT))
    )


@kernel
def _brackets(text: Any, out: Any) -> Any:
    """Count brackets and quotes, and how many stars, question marks and line breaks there are.

    Loops without branches, which processors run over many bytes at once.
    """
    opened, closed, quotes, stars, asked, breaks = (
        np.int32(0),
        np.int32(0),
        np.int32(0),
        np.int32(0),
        np.int32(0),
        np.int32(0),
    )
    for i in range(len(text)):
        byte = text[i]
        opened += (byte == 0x28) | (byte == 0x5B) | (byte == 0x7B)
        closed += (byte == 0x29) | (byte == 0x5D) | (byte == 0x7D)
        quotes += byte == 0x22
        stars += byte == 0x2A
        asked += byte == 0x3F
        breaks += byte == 0x0A
    out[_OPENED], out[_CLOSED], out[_QUOTES] = opened, closed, quotes
    return stars, asked, breaks


@kernel
def _may_shape(text: Any) -> Any:
    """Whether there may be spaced letters or items inside lines: two letters, or a marker, with blanks about them."""
    last = len(text) - 4
    if last <= 0:
        return False
    found = np.uint8(0)
    first, second, third, fourth, fifth = text[:last], text[1:], text[2:], text[3:], text[4:]
    for i in range(last):
        a, b, c, d, e = first[i], second[i], third[i], fourth[i], fifth[i]
        # All white space is below `!`, and little else. Lines that begin with a marker are no items inside a line.
        spaced = (a < 0x21) & (b > 0x20) & (c < 0x21) & (d > 0x20) & (e < 0x21)
        blank = (a == 0x20) | (a == 0x09)
        bullet = ((b == 0x2D) | (b == 0x2A)) & (c < 0x21)
        digit, two = (b >= 0x30) & (b <= 0x39), (c >= 0x30) & (c <= 0x39)
        number = digit & (((c == 0x2E) | (c == 0x29)) & (d < 0x21) | two & ((d == 0x2E) | (d == 0x29)) & (e < 0x21))
        found |= np.uint8(spaced | blank & (bullet | number))
    # The last four characters, of which a bullet with blanks about it and a capital are the shortest item.
    ends = (text[last] == 0x20 or text[last] == 0x09) and (text[last + 1] == 0x2D or text[last + 1] == 0x2A)
    return found != 0 or ends


@kernel
def _stars(text: Any) -> int:
    """Pairs of stars."""
    count, star = 0, False
    for i in range(len(text)):
        count += star and text[i] == 0x2A
        star = text[i] == 0x2A and not star
    return count


@kernel
def _lost(text: Any) -> int:
    """Question marks before a small letter, after a letter or white space."""
    count, free = 0, 0
    for i in range(1, len(text) - 1):
        if text[i] == 0x3F and i > free and _is(text, i - 1, _LETTER | _SPACE) and _is(text, i + 1, _SMALL):
            count += 1
            free = i + 2
    return count


@kernel
def _line_ends(text: Any, out: Any) -> None:
    """Count lines, and those that end without a mark; `text` begins and ends with something visible."""
    seen = 0  # all before is counted
    for i in range(len(text) + 1):
        if i < len(text) and text[i] != 0x0A:
            continue
        last = i - 1
        while last >= seen and _FACTS[text[last]] & _SPACE:
            last -= 1
        if last >= seen:
            out[_LINES] += 1
            out[_UNCLOSED] += not _FACTS[text[last]] & _ENDS
        seen = i + 1


@kernel
def _shape(text: Any, out: Any) -> None:
    """Count spaced letters and items inside lines, from one piece (what stands between white space) to the next."""
    i, steps, free, end = 0, 0, 0, len(text)
    last_begin, last_end, gap = 0, 0, -1
    while i < end:
        piece = i
        while i < end and not _FACTS[text[i]] & _SPACE:
            i += 1
        # The piece before it is a marker between a blank and a capital.
        if (
            gap >= 0
            and 0x41 <= text[piece] <= 0x5A
            and last_begin - 2 >= free
            and _is_marker(text, last_begin, last_end)
            and (text[last_begin - 1] == 0x20 or text[last_begin - 1] == 0x09)
            and text[last_begin - 2] != 0x0A
            and not _is(text, last_begin - 2, _DIGIT)
            and _after_blanks(text, last_end) == piece
        ):
            out[_ITEMS] += 1
            free = piece + 1
        if gap == 1 and last_end - last_begin == 1:
            steps += 1
        else:
            out[_SINGLE] += steps >= _STEPS
            steps = 0
        last_begin, last_end = piece, i
        while i < end and _FACTS[text[i]] & _SPACE:
            i += 1
        gap = i - last_end
    out[_SINGLE] += steps >= _STEPS


@kernel
def _counted(at: Any, size: Any, out: Any) -> None:
    for d in range(len(out)):
        whole = carray(at_address(at[d]), size[d], dtype=np.uint8)
        begin, end = 0, len(whole)
        while begin < end and _FACTS[whole[begin]] & _SPACE:
            begin += 1
        while end > begin and _FACTS[whole[end - 1]] & _SPACE:
            end -= 1
        text, row = whole[begin:end], out[d]
        stars, asked, breaks = _brackets(text, row)
        if stars > 1:
            row[_STARS] = _stars(text)
        if asked:
            row[_LOST] = _lost(text)
        if breaks:
            _line_ends(text, row)
        elif begin < end:
            row[_LINES], row[_UNCLOSED] = 1, not _FACTS[text[len(text) - 1]] & _ENDS
        if _may_shape(text):
            _shape(text, row)
        row[_LISTED] = _is_listed(whole, 0)
        if breaks or begin:
            for i in range(end):
                if whole[i] == 0x0A:
                    row[_LISTED] += _is_listed(whole, i + 1)


def counted(texts: Texts) -> npt.NDArray[np.int32]:
    """The `MARKS` of each text of ASCII; Int32, (texts, len(MARKS)).

    - `lines`, those with anything but white space; `listed_lines`, those that begin as an item of a list
    - `opened`, `closed`: brackets; `quotes`: straight double ones; `stars`: pairs of them
    - `single`, `unclosed_line`, `inline_items`, `lost`: matches of these patterns of `curate.damage.weighed.COUNTED`

    All but `listed_lines` are of the text without white space at its ends.
    """
    out = np.zeros((len(texts), len(MARKS)), np.int32)
    cuts = np.linspace(0, len(texts), threads() + 1).astype(np.int64)
    thread_map(
        lambda part: _counted(texts.at[part[0] : part[1]], texts.size[part[0] : part[1]], out[part[0] : part[1]]),
        list(zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True)),
    )
    return out
