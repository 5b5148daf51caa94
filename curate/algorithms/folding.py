"""The characters of a text, lower-cased and sorted into words, symbols and separators.

A word character has a Unicode general category of L, M or N (letters, marks, numbers) or is not yet assigned. Of the
others, symbols (category S, and the signs among ASCII punctuation that stand for operations and units) count, and all
else separates: white space, controls, variation selectors, and the punctuation of sentences, quotations and brackets.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from curate.algorithms.jit import kernel

#: Scripts that put no space between words: first and last code point of each block.
UNSPACED: Final[tuple[tuple[int, int], ...]] = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x2FDF),  # CJK and Kangxi radicals
    (0x3005, 0x3007),  # iteration mark, closing mark, zero
    (0x3040, 0x312F),  # Hiragana, Katakana, Bopomofo
    (0x31A0, 0x31BF),  # Bopomofo extended
    (0x31F0, 0x31FF),  # Katakana extensions
    (0x3400, 0x9FFF),  # Han
    (0xA9E0, 0xA9FF),  # Myanmar extended
    (0xAA60, 0xAA7F),  # Myanmar extended
    (0xF900, 0xFAFF),  # Han, compatibility
    (0xFF66, 0xFF9D),  # Katakana, half width
)
#: ASCII characters that tell operations and units apart; `_vector_fold` has the same list as comparisons.
SYMBOLS: Final = "#$%&*+-/<=>@^|~"

#: Marks in the fold table: a token of its own; an ASCII symbol.
OWN: Final = np.uint32(1 << 31)
SYMBOL: Final = np.uint32(1 << 30)
#: Bytes that are folded at once where all are ASCII.
CHUNK: Final = 64

#: The kinds of bytes that do not separate: of a word, or of an ASCII symbol.
WORD: Final = np.uint8(1)
SIGN: Final = np.uint8(2)

_B = np.uint8


@cache
def fold_table() -> NDArray[np.uint32]:
    """What each code point of the Basic Multilingual Plane becomes, uint32 `(65536,)`.

    0 for a separator, else the lower-case code point (the first one, where there are several), with `OWN` where the
    code point is a token of its own and `SYMBOL` where it is one of `SYMBOLS`.
    """
    table = np.zeros(65536, dtype=np.uint32)
    for point in range(65536):
        category = unicodedata.category(chr(point))
        if category[0] in "LMN" or category == "Cn":
            table[point] = ord(chr(point).lower()[0])
        elif category[0] == "S" and point >= 128:
            table[point] = np.uint32(point) | OWN
    table[0xFE00:0xFE10] = 0
    for first, last in UNSPACED:
        block = table[first : last + 1]
        block[block > 0] |= OWN
    for symbol in SYMBOLS:
        table[ord(symbol)] = np.uint32(ord(symbol)) | SYMBOL
    table.setflags(write=False)
    return table


@kernel
def _vector_fold(chars, folded, kinds):  # type: ignore[no-untyped-def]  # numba infers the types of a kernel
    """64 ASCII bytes lower-cased, separators as 0, and what each is: 0 separator, 1 word, 2 symbol.

    Comparisons of bytes only, which the compiler turns into one vector instruction each.
    """
    for j in range(CHUNK):
        c = chars[j]
        low = _B(c | _B(0x20))
        letter = _B(low - _B(0x61)) < _B(26)
        word = letter | (_B(c - _B(0x30)) < _B(10))
        sign = (_B(c - _B(0x23)) < _B(4)) | (_B(c - _B(0x3C)) < _B(3)) | (c == _B(0x2A)) | (c == _B(0x2B))
        sign |= (
            (c == _B(0x2D)) | (c == _B(0x2F)) | (c == _B(0x40)) | (c == _B(0x5E)) | (c == _B(0x7C)) | (c == _B(0x7E))
        )
        kind = _B(_B(word) | _B(_B(sign) << _B(1)))
        folded[j] = low if letter else (c if kind else _B(0))
        kinds[j] = kind


@kernel
def _decode(chars, i, fold):  # type: ignore[no-untyped-def]  # numba
    """The folded code point at `i`, and where the next begins."""
    c = np.uint32(chars[i])
    if c < 0x80:
        return fold[c], i + 1
    second = np.uint32(chars[i + 1] & 0x3F)
    if c < 0xE0:
        return fold[(c & np.uint32(0x1F)) << np.uint32(6) | second], i + 2
    third = np.uint32(chars[i + 2] & 0x3F)
    if c < 0xF0:
        return fold[(c & np.uint32(0x0F)) << np.uint32(12) | second << np.uint32(6) | third], i + 3
    fourth = np.uint32(chars[i + 3] & 0x3F)
    point = (c & np.uint32(0x07)) << np.uint32(18) | second << np.uint32(12) | third << np.uint32(6) | fourth
    # Beyond the table: tags and private use separate; emoji, other pictures and Han (planes 2 and 3) stand alone.
    if point >= 0xE0000:
        return np.uint32(0), i + 4
    if 0x1F000 <= point < 0x1FB00 or 0x20000 <= point < 0x40000:
        return np.uint32(point) | OWN, i + 4
    return np.uint32(point), i + 4


@kernel
def _encode(point, folded, kinds, n):  # type: ignore[no-untyped-def]  # numba
    """Append a code point as UTF-8, of the kind word; the new length."""
    begin = n
    if point < 0x80:
        folded[n] = point
        n += 1
    elif point < 0x800:
        folded[n] = 0xC0 | (point >> 6)
        folded[n + 1] = 0x80 | (point & 0x3F)
        n += 2
    elif point < 0x10000:
        folded[n] = 0xE0 | (point >> 12)
        folded[n + 1] = 0x80 | ((point >> 6) & 0x3F)
        folded[n + 2] = 0x80 | (point & 0x3F)
        n += 3
    else:
        folded[n] = 0xF0 | (point >> 18)
        folded[n + 1] = 0x80 | ((point >> 12) & 0x3F)
        folded[n + 2] = 0x80 | ((point >> 6) & 0x3F)
        folded[n + 3] = 0x80 | (point & 0x3F)
        n += 4
    for place in range(begin, n):
        kinds[place] = 1
    return n


@kernel
def fold_text(text, chars, words, folded, kinds, apart, fold):  # type: ignore[no-untyped-def]  # numba
    """The text lower-cased from place 1 on, separators as 0, and the kind of each byte; the end.

    `chars` and `words` are the same memory, a copy of the text that ends with zeros.
    `apart`: code points that are tokens of their own get a separator on each side.
    """
    size = text.size
    for j in range(size):
        chars[j] = text[j]
    padding = chars[size : size + CHUNK]
    for j in range(CHUNK):
        padding[j] = 0
    n = 1
    i = 0
    while i < size:
        if i & 7 == 0:
            eight = words[i >> 3 : (i >> 3) + 8]
            top = eight[0] | eight[1] | eight[2] | eight[3] | eight[4] | eight[5] | eight[6] | eight[7]
            if top & np.uint64(0x8080808080808080) == 0:
                _vector_fold(chars[i : i + CHUNK], folded[n : n + CHUNK], kinds[n : n + CHUNK])
                step = min(size - i, CHUNK)
                i += step
                n += step
                continue
        stop = (i | (CHUNK - 1)) + 1
        while i < size and (i < stop or i & 7 != 0):
            point, i = _decode(chars, i, fold)
            own = apart and point & OWN != 0
            if point == 0 or (own and kinds[n - 1] != 0):
                folded[n] = 0
                kinds[n] = 0
                n += 1
            if point & SYMBOL:
                folded[n] = point & np.uint32(0x7F)
                kinds[n] = 2
                n += 1
            elif point != 0:
                n = _encode(np.int64(point & ~OWN), folded, kinds, n)
            if own:
                folded[n] = 0
                kinds[n] = 0
                n += 1
    return n
