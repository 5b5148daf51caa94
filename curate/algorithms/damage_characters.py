"""Characters of texts, for the words of `damage_words`: letters, capitals, scripts without spaces, marks between."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from curate.algorithms.jit import kernel

#: Facts about a word, and about what follows it.
CAPITAL, UPPER, DIGIT, LOWER, FOREIGN, STOP, PAUSE, LINE, CLOSED = (1 << i for i in range(9))


@kernel
def lower(cp: int) -> int:
    """The small letter of a capital in Latin, Greek or Cyrillic; any other code point as it is."""
    if cp < 0x80:
        return SMALL[cp]  # type: ignore[no-any-return]
    if (0xC0 <= cp <= 0xDE and cp != 0xD7) or 0x391 <= cp <= 0x3A9 or 0x410 <= cp <= 0x42F:
        return cp + 32
    if 0x400 <= cp <= 0x40F:
        return cp + 80
    if (0x100 <= cp <= 0x137 or 0x14A <= cp <= 0x177) and cp % 2 == 0:
        return cp + 1
    if (0x139 <= cp <= 0x148 or 0x179 <= cp <= 0x17E) and cp % 2 == 1:
        return cp + 1
    return cp


@kernel
def unspaced(cp: int) -> bool:
    """Whether a letter belongs to a script without spaces: Chinese, Japanese, Thai, Lao, Burmese, Khmer."""
    if cp < 0xE00:
        return False
    if cp < 0x3040:
        return cp <= 0xEFF or 0x1000 <= cp <= 0x109F or 0x1780 <= cp <= 0x17FF
    return (
        (cp <= 0x30FF and cp != 0x30FB) or 0x3400 <= cp <= 0x9FFF or 0xF900 <= cp <= 0xFAFF or 0x20000 <= cp <= 0x3FFFF
    )


#: What `letter` and `lower` say of ASCII.
LETTER: Final = np.array([2 if chr(i).isalpha() else 1 if chr(i).isdigit() else 0 for i in range(0x80)], np.int64)
SMALL: Final = np.array([ord(chr(i).lower()) for i in range(0x80)], np.int64)


@kernel
def letter(cp: int) -> int:
    """2 for a letter, 1 for a digit, 0 for anything else; marks count as letters of the scripts they are used in."""
    if cp < 0x80:
        return LETTER[cp]  # type: ignore[no-any-return]
    if cp < 0xC0:
        return 2 if cp in (0xAA, 0xB5, 0xBA) else 0
    if cp in (0xD7, 0xF7, 0x37E, 0x387, 0x589, 0x5BE, 0x60C, 0x61B, 0x61F, 0x66A, 0x6D4, 0x964, 0x965, 0x30FB, 0xFFFD):
        return 0
    if 0x2000 <= cp < 0x2C00 or 0x2E00 <= cp <= 0x2E7F or 0x3000 <= cp <= 0x303F or 0xFE00 <= cp <= 0xFE0F:
        return 0
    if 0xFE30 <= cp <= 0xFE4F or 0xFEFF <= cp <= 0xFF0F or 0xFF1A <= cp <= 0xFF20 or 0xFF3B <= cp <= 0xFF40:
        return 0
    return 0 if (0xFF5B <= cp <= 0xFF65 or 0x1F000 <= cp <= 0x1FAFF or cp >= 0xE0000) else 2


@kernel
def between(cp: int) -> int:
    """What a character between two words says of the one before."""
    if cp in (0x2E, 0x21, 0x3F, 0x2026, 0x3002, 0xFF01, 0xFF1F, 0x61F, 0x6D4, 0x964):
        return STOP
    if cp in (0x2C, 0x3B, 0x3A, 0x2013, 0x2014, 0x28, 0x5B, 0x7B, 0x3001, 0xFF0C, 0x60C):
        return PAUSE
    if cp in (0x29, 0x5D, 0x22, 0x201D, 0x201C, 0x2A, 0x7C, 0x2F, 0x3D, 0x2B, 0x23, 0x2022):
        return CLOSED
    return LINE if cp == 0x0A else 0


#: What `between` says of ASCII.
MARKED: Final = np.array([between.py_func(i) for i in range(0x80)], np.int64)


def code_points(texts: list[str]) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int64]]:
    """All texts as code points, one after another, and where each begins (and the last ends)."""
    codes = np.frombuffer("".join(texts).encode("utf-32-le"), np.uint32)
    return codes, np.concatenate([[0], np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)))]).astype(np.int64)


@kernel
def is_ascii(text: Any) -> Any:
    """Whether all bytes are: a loop that processors run over many bytes at once."""
    found = np.uint8(0)
    for i in range(len(text)):
        found |= text[i]
    return found < 0x80


@kernel
def decode(text: Any, points: Any) -> int:
    """The code points of `text`, well-formed UTF-8, into `points`; their number."""
    i, count, size = 0, 0, len(text)
    if is_ascii(text):  # both loops run over many bytes at once
        for i in range(size):
            points[i] = text[i]
        return size
    while i < size:
        lead = np.uint32(text[i])
        i += 1
        if lead >= 0x80:
            more = 1 + (lead >= 0xE0) + (lead >= 0xF0)
            lead &= np.uint32(0x3F) >> np.uint32(more)
            for _ in range(more):
                lead = (lead << np.uint32(6)) | np.uint32(text[i] & 0x3F)
                i += 1
        points[count] = lead
        count += 1
    return count
