"""The words of texts for `curate.algorithms.language`: normalised characters, cut at spaces, and numbered."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numba import carray
from numpy.typing import NDArray

from curate.algorithms.jit import at_address, kernel
from curate.algorithms.language_profiles import OUTSIDE

SPACE: Final = 32
#: Symbols of ASCII, of seven bits each, that fit a key.
_EXACT: Final = 9
_LEAST_SLOTS: Final = 1 << 11


@kernel
def decode(text: Any, i: int) -> Any:
    """The code point at byte `i` of well-formed UTF-8, and where the next one begins."""
    lead = np.int64(text[i])
    if lead < 0x80:
        return lead, i + 1
    width = 2 + (lead >= 0xE0) + (lead >= 0xF0)
    code = lead & (0x7F >> width)
    for k in range(1, width):
        code = (code << 6) | (np.int64(text[i + k]) & 0x3F)
    return code, i + width


@kernel
def is_ascii(text: Any) -> bool:
    """Whether no byte is beyond ASCII."""
    together = np.uint8(0)
    for i in range(len(text)):
        together |= text[i]
    return bool(together < 0x80)


@kernel
def count_letters(text: Any, letter: Any) -> Any:
    """The letters of a text, and whether langdetect would drop the Latin ones."""
    letters = latin = other = i = 0
    while i < len(text):
        code, i = decode(text, i)
        latin += 65 <= code <= 122
        other += code >= 0x300
        if code < len(letter):
            letters += letter[code]
    return letters, 2 * latin < other


@kernel
def _key(key: np.int64, wide: int, symbols: Any, begin: int, end: int) -> Any:
    """What tells a word from others: up to nine symbols of ASCII as they are, else a negative hash."""
    if not wide and end - begin <= _EXACT:
        return key
    for i in range(begin, end):
        key = (key ^ np.int64(symbols[i])) * 0x100000001B3  # as in FNV-1a, 64 bits
    return key | np.int64(-(1 << 63))


@kernel
def _cut(places: Any, letter: Any, normal: Any, symbols: Any, keys: Any, ends: Any, upto: Any, letters: Any) -> int:
    """Fills all but the first three; how many words there are.

    A word goes up to the space after it, which is a part of it, or to the end of its text. Spaces with no word before
    them have no n-grams, and are left out.
    """
    addresses, sizes = places
    count = at = 0
    for d in range(len(sizes)):
        text = carray(at_address(addresses[d]), sizes[d], dtype=np.uint8)
        i, size = 0, len(text)
        here: Any = 0
        if is_ascii(text):
            while i < size:
                symbol = normal[text[i]]
                i += 1
                if symbol == SPACE:
                    continue
                begin, key = at, np.int64(symbol)
                symbols[at] = symbol
                at += 1
                while i < size and symbol != SPACE:
                    symbol = normal[text[i]]
                    key = (key << 7) | np.int64(symbol)
                    symbols[at] = symbol
                    at += 1
                    i += 1
                here += at - begin - (symbol == SPACE)
                keys[count], ends[count] = _key(key, 0, symbols, begin, at), at
                count += 1
            upto[d], letters[d] = count, here
            continue
        here, drop = count_letters(text, letter)
        begin, key = at, np.int64(0)
        wide: Any = 0
        while i < size:
            code, i = decode(text, i)
            if drop and 65 <= code <= 122:
                continue
            symbol = normal[code] if code < len(normal) else np.uint16(OUTSIDE)
            if symbol == SPACE and at == begin:
                continue
            symbols[at] = symbol
            at += 1
            key, wide = (key << 7) | np.int64(symbol), wide | (symbol >> 7)
            if symbol == SPACE or i == size:
                keys[count], ends[count] = _key(key, wide, symbols, begin, at), at
                count += 1
                begin, key, wide = at, np.int64(0), 0
        if at > begin:  # the last characters were dropped
            keys[count], ends[count] = _key(key, wide, symbols, begin, at), at
            count += 1
        upto[d], letters[d] = count, here
    return count


@kernel
def _number(symbols: Any, keys: Any, ends: Any, slots: Any, firsts: Any, word: int, numbers: Any) -> tuple[int, int]:
    """Numbers words from `word` on, until the table is half full; where it stopped, and how many numbers there are.

    A slot has a key, and a number from 1 on; 0 is free.
    """
    mask, count = len(slots) // 2 - 1, 0
    for slot in range(mask + 1):
        count += slots[2 * slot + 1] != 0
    while word < len(keys) and 2 * count <= mask:
        key = keys[word]
        slot = _home(key) & mask
        while slots[2 * slot + 1]:
            if slots[2 * slot] == key:
                if key >= 0:
                    break
                other = firsts[slots[2 * slot + 1] - 1]
                start, begin = ends[other - 1] if other else 0, ends[word - 1] if word else 0
                same = ends[other] - start == ends[word] - begin
                if same:
                    for i in range(ends[word] - begin):
                        same &= symbols[start + i] == symbols[begin + i]
                if same:
                    break
            slot = (slot + 1) & mask
        if not slots[2 * slot + 1]:
            firsts[count] = word
            count += 1
            slots[2 * slot], slots[2 * slot + 1] = key, count
        numbers[word] = slots[2 * slot + 1] - 1
        word += 1
    return word, count


@kernel
def _home(key: np.int64) -> Any:
    return ((key ^ (key >> 32)) * 0x1E3779B97F4A7C15) >> 40


@kernel
def _grow(slots: Any, more: Any) -> None:
    """Put the words of a table into a larger one."""
    mask = len(more) // 2 - 1
    for old in range(len(slots) // 2):
        if slots[2 * old + 1]:
            slot = _home(slots[2 * old]) & mask
            while more[2 * slot + 1]:
                slot = (slot + 1) & mask
            more[2 * slot], more[2 * slot + 1] = slots[2 * old], slots[2 * old + 1]


class Words:
    """The words of texts.

    Parameters
    ----------
    at, size : int64 (texts,), where the bytes of each lie in memory, and how many they are.
    letter, normal : as in `Profiles`.

    Attributes
    ----------
    symbols : (characters,) uint16, the normalised characters of all texts, without needless spaces.
    ends : (words,) int64, where each word ends in `symbols`. upto : (texts,) int64, the words up to each text's end.
    numbers : (words,) int32, the same for equal words. firsts : (distinct words,) int64, where each first occurs.
    letters : (texts,) int64.
    """

    def __init__(
        self, at: NDArray[np.int64], size: NDArray[np.int64], letter: NDArray[np.int64], normal: NDArray[np.uint16]
    ) -> None:
        most = int(size.sum()) // 2 + int(size.size)  # a word has a symbol and a space, but for the last of a text
        self.symbols = np.empty(int(size.sum()), np.uint16)
        self.upto, self.letters = np.empty(size.size, np.int64), np.empty(size.size, np.int64)
        keys, ends = np.empty(most, np.int64), np.empty(most, np.int64)
        count = _cut((at, size), letter, normal, self.symbols, keys, ends, self.upto, self.letters)
        self.ends, self.numbers = ends[:count], np.empty(count, np.int32)
        firsts = np.empty(count, np.int64)
        slots, word, distinct = np.zeros(_LEAST_SLOTS, np.int64), 0, 0
        while word < count:
            more = np.zeros(4 * len(slots), np.int64)
            _grow(slots, more)
            slots = more
            word, distinct = _number(self.symbols, keys[:count], self.ends, slots, firsts, word, self.numbers)
        self.firsts = firsts[:distinct]
