"""The words of a text as `curate.algorithms.repetition` counts them: hashes, characters, lines and paragraphs."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from curate.algorithms.jit import kernel

_SEPARATOR: Final = 0
_LETTER: Final = 1
_DIGIT: Final = 2
_UNSPACED: Final = 3
_MULTIPLIER: Final = np.uint64(0x9E3779B97F4A7C15)
BASIS: Final = np.uint64(0xCBF29CE484222325)
_SHIFT: Final = np.uint64(29)
#: FNV-1a (Fowler, Noll & Vo), 64 bits: one multiplication for a character, where `mix` takes two.
_PRIME: Final = np.uint64(0x100000001B3)


@kernel
def mix(hashed: np.uint64, item: np.uint64) -> Any:
    """The hash of a sequence with one more item."""
    # Order matters: the running hash is multiplied before the item enters it.
    mixed = (hashed * _MULTIPLIER) ^ item
    return (mixed ^ (mixed >> _SHIFT)) * _MULTIPLIER


_ASCII: Final = np.array(
    [_DIGIT if chr(cp).isdigit() else _LETTER if chr(cp).isalpha() else _SEPARATOR for cp in range(0x80)], np.int64
)


@kernel
def _kind(cp: int) -> int:  # noqa: PLR0911 - one return for each class of code points reads best
    """The class of a code point: separator, letter, digit, or letter of an unspaced script."""
    if cp < 0x80:
        return _ASCII[cp]  # type: ignore[no-any-return]
    if cp < 0xC0 or cp in (0xD7, 0xF7):
        return _LETTER if cp in (0xAA, 0xB5, 0xBA) else _SEPARATOR
    if cp < 0x2000:
        if cp in (0x37E, 0x387, 0x589, 0x5BE, 0x60C, 0x61B, 0x61F, 0x66A, 0x6D4, 0x964, 0x965):
            return _SEPARATOR
        unspaced = 0xE00 <= cp <= 0xEFF or 0x1000 <= cp <= 0x109F or 0x1780 <= cp <= 0x17FF
        return _UNSPACED if unspaced else _LETTER
    if cp < 0x2C00 or 0x2E00 <= cp <= 0x2E7F or 0x3000 <= cp <= 0x303F or cp == 0x30FB:
        return _SEPARATOR  # punctuation, arrows, mathematical signs, boxes, dingbats, Braille
    if 0x3040 <= cp <= 0x30FF or 0x3400 <= cp <= 0x9FFF or 0xF900 <= cp <= 0xFAFF or 0x20000 <= cp <= 0x3FFFF:
        return _UNSPACED
    if 0xFE00 <= cp <= 0xFE0F or 0xFE30 <= cp <= 0xFE4F or cp == 0xFEFF or 0xFF00 <= cp <= 0xFF0F:
        return _SEPARATOR
    if 0xFF1A <= cp <= 0xFF20 or 0xFF3B <= cp <= 0xFF40 or 0xFF5B <= cp <= 0xFF65 or cp == 0xFFFD:
        return _SEPARATOR
    return _SEPARATOR if 0x1F000 <= cp <= 0x1FAFF else _LETTER


@kernel
def _decode(text: Any, i: int) -> Any:
    """The code point at byte `i` of well-formed UTF-8 and its number of bytes."""
    b = np.int64(text[i])
    if b < 0x80:
        return b, 1
    if b < 0xE0:
        return ((b & 0x1F) << 6) | (np.int64(text[i + 1]) & 0x3F), 2
    if b < 0xF0:
        return ((b & 0x0F) << 12) | ((np.int64(text[i + 1]) & 0x3F) << 6) | (np.int64(text[i + 2]) & 0x3F), 3
    high = ((b & 0x07) << 18) | ((np.int64(text[i + 1]) & 0x3F) << 12)
    return high | ((np.int64(text[i + 2]) & 0x3F) << 6) | (np.int64(text[i + 3]) & 0x3F), 4


@kernel
def tokenise(text: Any, word: Any, chars: Any, alpha: Any, line: Any, paragraph: Any) -> Any:
    """Words of `text` into the arrays: hash, characters, has a letter, number of its line and of its paragraph.

    Two words are the same where they differ in the case of ASCII letters only.
    Returns the number of words and of the characters of unspaced scripts.
    """
    count, unspaced, line_no, paragraph_no = 0, 0, 0, 0
    blank, inside = True, False
    hashed, length, letters = BASIS, 0, False
    i, size = 0, len(text)
    while i < size:
        cp, width = np.int64(text[i]), 1
        if cp >= 0x80:
            cp, width = _decode(text, i)
        kind = _ASCII[cp] if cp < 0x80 else _kind(cp)
        i += width
        if kind == _SEPARATOR:
            inside = inside and cp == 0x27  # an apostrophe joins the parts of a word
            if cp == 0x0A:
                line_no += 1
                paragraph_no += blank
                blank = True
            elif cp > 0x20 and cp not in (0xA0, 0x3000):
                blank = False
            continue
        blank = False
        if not inside or kind == _UNSPACED:
            if count:
                word[count - 1], chars[count - 1], alpha[count - 1] = hashed, length, letters
            hashed, length, letters = BASIS, 0, False
            line[count], paragraph[count] = line_no, paragraph_no
            count += 1
        inside = kind != _UNSPACED
        unspaced += kind == _UNSPACED
        hashed = (hashed ^ np.uint64(cp | 0x20 if 0x41 <= cp <= 0x5A else cp)) * _PRIME
        length += 1
        letters = letters or kind != _DIGIT
        while inside and i < size and text[i] < 0x80 and _ASCII[text[i]] != _SEPARATOR:
            # No digit changes by the bit that makes a letter small.
            hashed = (hashed ^ np.uint64(text[i] | 0x20)) * _PRIME
            letters = letters or _ASCII[text[i]] == _LETTER
            length += 1
            i += 1
    if count:
        word[count - 1], chars[count - 1], alpha[count - 1] = hashed, length, letters
    return count, unspaced
