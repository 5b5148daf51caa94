"""Which texts may hold what `language_code` and `language_profiles.clean` take out: one quick look at their bytes.

A look errs on one side only: where it says no, the patterns match nothing. It goes line by line, as the patterns do,
and asks for the first word of a line and for the characters without which none of the alternatives can match.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

import numpy as np
from numba import carray
from numpy.typing import NDArray

from curate.algorithms.jit import at_address, kernel
from curate.algorithms.language_code import FIRST_WORDS, FORMS, ROWS, STATEMENTS, UNCLEAN
from curate.algorithms.language_profiles import profiles
from curate.algorithms.language_words import decode
from curate.algorithms.parallel import thread_map, threads
from curate.algorithms.texts import Texts

# What a byte is.
_LINE, _EQUALS, _BAR, _TAB, _COMMA, _DOLLAR, _COLON, _AT, _BRACE, _BEYOND, _LETTER = (1 << i for i in range(11))
_LETTER_BIT: Final = 10
_KINDS: Final = np.zeros(256, np.int64)
for _bit, _characters in (
    (_LINE, "\n"), (_EQUALS, "="), (_BAR, "|"), (_TAB, "\t"), (_COMMA, ","), (_DOLLAR, "$"), (_COLON, ":"), (_AT, "@"),
    (_BRACE, "{}"),
):  # fmt: skip
    _KINDS[[ord(one) for one in _characters]] |= _bit
_KINDS[[byte for byte in range(0x80) if chr(byte).isalpha()]] |= _LETTER
_KINDS[0x80:] |= _BEYOND
_WORD_SLOTS: Final = 1024


def _packed(word: str) -> int:
    return int.from_bytes(word[:8].encode(), "little")


@kernel
def _word_slot(packed: np.uint64) -> Any:
    return np.int64((packed * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(54))


def _first_words() -> NDArray[np.uint64]:
    """The first eight letters of each word as a number, in a table with open addressing; 0 is free."""
    table = np.zeros(_WORD_SLOTS, np.uint64)
    for packed in sorted({_packed(word) for word in FIRST_WORDS}):
        slot = ((packed * 0x9E3779B97F4A7C15) % 2**64) >> 54
        while table[slot]:
            slot = (slot + 1) % _WORD_SLOTS
        table[slot] = packed
    return table


_WORDS: Final = _first_words()


@kernel
def _begins_statement(text: Any, i: int, end: int) -> bool:
    """Whether the word at `i` is one of those that statements begin with."""
    packed, shift = np.uint64(0), np.uint64(0)
    while i < end and _KINDS[text[i]] & _LETTER:
        if shift < 64:
            packed |= np.uint64(text[i]) << shift
            shift += np.uint64(8)
        i += 1
    slot = _word_slot(packed)
    while _WORDS[slot]:
        if _WORDS[slot] == packed:
            return True
        slot = (slot + 1) & (_WORD_SLOTS - 1)
    return False


@kernel
def _assigns(text: Any, i: int, end: int) -> bool:
    """Whether only names stand before the first `=`: a space follows a comma, or an operator or `=` follows it."""
    while i < end and text[i] != 0x3D:
        if text[i] == 0x20 and text[i - 1] != 0x2C:
            after = text[i + 1] if i + 1 < end else 0
            return after in (0x2D, 0x2B, 0x2A, 0x2F, 0x25, 0x7C, 0x26, 0x5E, 0x3A, 0x3C, 0x3E, 0x3D)
        i += 1
    return i < end


@kernel
def _is_call(text: Any, i: int, end: int) -> bool:
    """Whether a parenthesis follows a name."""
    while i < end and (
        _KINDS[text[i]] & _LETTER or 0x30 <= text[i] <= 0x3A or text[i] in (0x5F, 0x24, 0x2E, 0x3E, 0x2D)
    ):
        i += 1
    return i < end and text[i] == 0x28


@kernel
def _values(text: Any, i: int, end: int) -> bool:
    """Whether there is no white space, and two commas or more."""
    commas = 0
    while i < end:
        if text[i] == 0x20 or text[i] == 0x09:
            return False
        commas += text[i] == 0x2C
        i += 1
    return commas >= 2


@kernel
def _expands(text: Any, i: int, end: int) -> bool:
    """Whether a dollar sign stands before a bracket or after a quotation mark."""
    for j in range(i, end):
        quoted = j > i and text[j - 1] == 0x22
        if text[j] == 0x24 and (quoted or (j + 1 < end and text[j + 1] in (0x28, 0x7B))):
            return True
    return False


@kernel
def _line(text: Any, begin: int, end: int, kinds: int) -> int:
    """What a line may be: `FORMS`, `ROWS`, `STATEMENTS`."""
    i = begin
    while i < end and (text[i] == 0x20 or text[i] == 0x09):
        i += 1
    while end > i and (text[end - 1] == 0x20 or text[end - 1] == 0x09 or text[end - 1] == 0x0D):
        end -= 1
    if i == end:
        # White space alone; tabs may part what looks empty, since a carriage return is no blank.
        return ROWS if kinds & _TAB else 0
    first, last = text[i], text[end - 1]
    found = 0
    named = _KINDS[first] & _LETTER != 0 or first in (0x5F, 0x24, 0x2E)
    if (
        last == 0x3B
        or (kinds & _BRACE and (last in (0x7B, 0x7D) or 0x7D in (first, text[i + (i + 1 < end)]) or first >= 0x80))
        or first in (0x40, 0x3E, 0x24)
        or (first in (0x22, 0x27) and kinds & _COLON)
        or (named and kinds & _EQUALS and _assigns(text, i, end))
        or (named and last in (0x29, 0x3A, 0x2C) and _is_call(text, i, end))
    ):
        found |= FORMS
    if kinds & (_BAR | _TAB) or (kinds & _COMMA and _values(text, i, end)):
        found |= ROWS
    if (
        first in (0x23, 0x3C, 0x3F)
        or (_KINDS[first] & _LETTER and _begins_statement(text, i, end))
        or (last in (0x6E, 0x6F) and _ends_condition(text, i, end))
        or (kinds & _DOLLAR and _expands(text, i, end))
    ):
        found |= STATEMENTS
    return found


@kernel
def _ends_condition(text: Any, i: int, end: int) -> bool:
    """Whether a line ends in `; then` or `; do`."""
    j = end - 1
    while j >= i and _KINDS[text[j]] & _LETTER:
        j -= 1
    return j > i and text[j] == 0x20 and text[j - 1] == 0x3B


@kernel
def _look(places: Any, letter: Any, found: Any, letters: Any) -> None:
    addresses, sizes = places
    for d in range(len(sizes)):
        text = carray(at_address(addresses[d]), sizes[d], dtype=np.uint8)
        begin, i, size, kinds, held = 0, 0, len(text), 0, 0
        count = np.int64(0)
        while i < size:
            kind = _KINDS[text[i]]
            kinds |= kind
            count += kind >> _LETTER_BIT
            if not kind & (_LINE | _AT | _COLON | _BEYOND):
                i += 1
                continue
            if kind & _BEYOND:
                held |= UNCLEAN * (text[i] == 0xCC)  # the marks that langdetect joins
                code, i = decode(text, i)
                count += letter[code] if code < len(letter) else 0
                continue
            if kind & _LINE:
                held |= _line(text, begin, i, kinds)
                begin, kinds = i + 1, 0
            elif kind & _AT or (i + 2 < size and text[i + 1] == 0x2F and text[i + 2] == 0x2F):
                held |= UNCLEAN
            i += 1
        held |= _line(text, begin, size, kinds)
        found[d], letters[d] = held, count


def look(texts: Texts) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """What each of n texts may hold (uint8, bits as above), and its letters, counted as in `language.Scores`."""
    count = len(texts)
    found, letters = np.zeros(count, np.uint8), np.zeros(count, np.int64)
    cuts = np.linspace(0, count, min(threads(), max(count, 1)) + 1).astype(np.int64).tolist()
    letter = profiles().letters

    def part(low: int, high: int) -> None:
        _look((texts.at[low:high], texts.size[low:high]), letter, found[low:high], letters[low:high])

    thread_map(lambda cut: part(*cut), pairwise(cuts))
    return found, letters
