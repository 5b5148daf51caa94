"""Words, marks and their order in a text, for signs of damage that no pattern can name.

Texts come as code points (UTF-32), one after another. A word is a run of letters and digits, with apostrophes and
hyphens inside; a character of a script without spaces is a word of its own.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from curate.algorithms.damage_classes import CLASSES, HANGING, listed
from curate.algorithms.jit import kernel

_MULTIPLIER: Final = np.uint64(0x9E3779B97F4A7C15)
BASIS: Final = np.uint64(0xCBF29CE484222325)
_SHIFT: Final = np.uint64(29)
#: FNV-1a (Fowler, Noll & Vo), 64 bits: one multiplication for a character, where `mix` takes two.
_PRIME: Final = np.uint64(0x100000001B3)
#: Letters of a word that make its stem, by which "translate" and "translation" are one.
STEM: Final = 5

_OTHER, _LY, _ING, _ED, _S, _CAPITAL, _NUMBER, COMMA, BOUNDARY = range(9)
#: Facts about a word, and about what follows it.
CAPITAL, UPPER, DIGIT, LOWER, FOREIGN, STOP, PAUSE, LINE, CLOSED = (1 << i for i in range(9))


class Words(NamedTuple):
    """The words of one text; `count` of each array are in use."""

    hashed: npt.NDArray[np.uint64]
    stem: npt.NDArray[np.uint64]
    chars: npt.NDArray[np.int32]
    facts: npt.NDArray[np.int32]
    #: Place in the vocabulary, from the most frequent word on; -1 for a word that is not in it.
    rank: npt.NDArray[np.int32]
    kind: npt.NDArray[np.int32]


class Lexicon(NamedTuple):
    """Open-addressed tables of known words: hash, place in the vocabulary, class."""

    keys: npt.NDArray[np.uint64]
    used: npt.NDArray[np.bool_]
    rank: npt.NDArray[np.int32]
    kind: npt.NDArray[np.int32]


@kernel
def mix(hashed: np.uint64, item: np.uint64) -> Any:
    """The hash of a sequence with one more item."""
    mixed = (hashed * _MULTIPLIER) ^ item
    return (mixed ^ (mixed >> _SHIFT)) * _MULTIPLIER


@kernel
def slot_of(keys: Any, used: Any, mask: int, key: np.uint64) -> Any:
    """The slot of `key` in an open-addressed table of `mask` + 1 slots, or the empty one where it belongs."""
    slot = np.int64((key ^ (key >> _SHIFT)) & np.uint64(mask))
    while used[slot] and keys[slot] != key:
        slot = (slot + 1) & mask
    return slot


@kernel
def _lower(cp: int) -> int:
    """The small letter of a capital in Latin, Greek or Cyrillic; any other code point as it is."""
    if cp < 0x80:
        return _SMALL[cp]  # type: ignore[no-any-return]
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
def _unspaced(cp: int) -> bool:
    """Whether a letter belongs to a script without spaces: Chinese, Japanese, Thai, Lao, Burmese, Khmer."""
    if cp < 0xE00:
        return False
    if cp < 0x3040:
        return cp <= 0xEFF or 0x1000 <= cp <= 0x109F or 0x1780 <= cp <= 0x17FF
    return (
        (cp <= 0x30FF and cp != 0x30FB) or 0x3400 <= cp <= 0x9FFF or 0xF900 <= cp <= 0xFAFF or 0x20000 <= cp <= 0x3FFFF
    )


#: What `letter`, `_lower` and `_between` say of ASCII.
_LETTER: Final = np.array([2 if chr(i).isalpha() else 1 if chr(i).isdigit() else 0 for i in range(0x80)], np.int64)
_SMALL: Final = np.array([ord(chr(i).lower()) for i in range(0x80)], np.int64)


@kernel
def letter(cp: int) -> int:
    """2 for a letter, 1 for a digit, 0 for anything else; marks count as letters of the scripts they are used in."""
    if cp < 0x80:
        return _LETTER[cp]  # type: ignore[no-any-return]
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
def _form(text: Any, begin: int, end: int, facts: int) -> int:
    """The class of a word that is no function word."""
    if facts & DIGIT:
        return _NUMBER
    if facts & CAPITAL:
        return _CAPITAL
    size = end - begin
    last = text[end - 1]
    before = text[end - 2] if size > 1 else np.uint32(0)
    if size > 4 and before == 0x6C and last == 0x79:
        return _LY
    if size > 4 and text[end - 3] == 0x69 and before == 0x6E and last == 0x67:
        return _ING
    if size > 3 and before == 0x65 and last == 0x64:
        return _ED
    return _S if size > 3 and last == 0x73 and before != 0x73 else _OTHER


@kernel
def _ending(text: Any, end: int, key: Any, one: Any, two: Any) -> Any:
    """Whether what a word has beyond its stem (of hash `key`) is an English ending."""
    a, b, c = text[end - 1] | 32, text[end - 2] | 32, text[end - 3] | 32
    if key == one:
        return a in (0x73, 0x64, 0x79, 0x72)  # -s, -d, -y, -r
    if key == two:
        return (
            (b == 0x65 and a in (0x64, 0x73, 0x72)) or (b == 0x6C and a == 0x79) or a == 0x73
        )  # -ed, -es, -er, -ly, 's
    return (c == 0x69 and b == 0x6E and a == 0x67) or (c == 0x65 and b == 0x73 and a == 0x74)  # -ing, -est


@kernel
def _between(cp: int) -> int:
    """What a character between two words says of the one before."""
    if cp in (0x2E, 0x21, 0x3F, 0x2026, 0x3002, 0xFF01, 0xFF1F, 0x61F, 0x6D4, 0x964):
        return STOP
    if cp in (0x2C, 0x3B, 0x3A, 0x2013, 0x2014, 0x28, 0x5B, 0x7B, 0x3001, 0xFF0C, 0x60C):
        return PAUSE
    if cp in (0x29, 0x5D, 0x22, 0x201D, 0x201C, 0x2A, 0x7C, 0x2F, 0x3D, 0x2B, 0x23, 0x2022):
        return CLOSED
    return LINE if cp == 0x0A else 0


@kernel
def split(text: Any, words: Any, lexicon: Any, mask: int) -> int:  # noqa: C901, PLR0912, PLR0915 - one pass over the text
    """The words of `text` (code points) into `words`; their number.

    The first word of a sentence is classed as if it had no capital.
    """
    count, i, size = 0, 0, len(text)
    fresh = True
    while i < size:
        cp = np.int64(text[i])
        what = letter(cp)
        if what == 0:
            mark = _between(cp)
            # A point inside a number, a name of a file or an address ends nothing.
            if mark == STOP and cp < 0x80 and i + 1 < size and letter(np.int64(text[i + 1])) != 0:
                mark = 0
            if count:
                words.facts[count - 1] |= mark
            fresh = fresh or mark & (STOP | LINE) != 0
            i += 1
            continue
        begin, hashed, stem, chars, capitals, facts = i, BASIS, BASIS, 0, 0, 0
        one, two, three = BASIS, BASIS, BASIS  # the hashes without the last one, two and three letters
        small = _lower(cp)
        if small != cp:
            facts |= CAPITAL
        elif what == 2 and cp < 0x530:
            facts |= LOWER
        while i < size:
            cp = np.int64(text[i])
            what = letter(cp)
            if what == 0:
                inside = cp in (0x27, 0x2019, 0x2D) and chars and i + 1 < size and letter(np.int64(text[i + 1])) == 2
                if not inside:
                    break
                small = 0x27 if cp != 0x2D else cp
            else:
                small = _lower(cp)
            capitals += small != cp and what == 2
            facts |= DIGIT if what == 1 else (FOREIGN if cp >= 0x250 else 0)
            three, two, one = two, one, hashed
            hashed = (hashed ^ np.uint64(small)) * _PRIME
            if chars < STEM:
                stem = hashed
            chars += 1
            i += 1
            if _unspaced(cp) or (i < size and _unspaced(np.int64(text[i]))):
                break
        if chars > 1 and capitals == chars:
            facts |= UPPER
        if 3 < chars <= STEM and text[i - 1] | 32 == 0x73 and text[i - 2] | 32 != 0x73:
            stem = one  # the plural of a short word
        slot = slot_of(lexicon.keys, lexicon.used, mask, hashed)
        known = lexicon.used[slot]
        if not known and chars > 4:
            # An inflected form is known if its stem is: "boats", "rowed", "rowing", "slowly".
            for key in (one, two, three):
                near = slot_of(lexicon.keys, lexicon.used, mask, key)
                if lexicon.used[near] and lexicon.kind[near] < 0 and _ending(text, i, key, one, two):
                    slot, known = near, True
                    break
        words.hashed[count], words.stem[count], words.chars[count], words.facts[count] = hashed, stem, chars, facts
        words.rank[count] = lexicon.rank[slot] if known else -1
        kind = lexicon.kind[slot] if known else -1
        words.kind[count] = kind if kind >= 0 else _form(text, begin, i, facts & ~CAPITAL if fresh else facts)
        fresh = False
        count += 1
    return count


@kernel
def decode(text: Any, points: Any) -> int:
    """The code points of `text`, well-formed UTF-8, into `points`; their number."""
    i, count, size = 0, 0, len(text)
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


def blank_words(size: int) -> Words:
    """Room for the words of a text of `size` code points."""
    room = size + 1
    return Words(
        np.empty(room, np.uint64), np.empty(room, np.uint64), *(np.empty(room, np.int32) for _ in range(4))
    )  # fmt: skip


def code_points(texts: list[str]) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int64]]:
    """All texts as code points, one after another, and where each begins (and the last ends)."""
    codes = np.frombuffer("".join(texts).encode("utf-32-le"), np.uint32)
    return codes, np.concatenate([[0], np.cumsum(np.fromiter(map(len, texts), np.int64, len(texts)))]).astype(np.int64)


def lexicon_of(vocabulary: list[str]) -> Lexicon:
    """Tables of the words of `vocabulary` (most frequent first) and the function words of `damage_classes`.

    Words of the vocabulary that are no single word here (marks, several words) are left out.
    """
    size = 1 << (2 * (len(vocabulary) + 1024) - 1).bit_length()
    table = Lexicon(
        np.zeros(size, np.uint64), np.zeros(size, np.bool_), np.full(size, -1, np.int32), np.full(size, -1, np.int32)
    )
    kinds = listed()
    codes, starts = code_points([*vocabulary, *(word for word, _ in kinds)])
    words = blank_words(int(np.diff(starts).max()))
    empty = Lexicon(
        np.zeros(2, np.uint64), np.zeros(2, np.bool_), np.full(2, -1, np.int32), np.full(2, -1, np.int32)
    )  # fmt: skip
    for i in range(len(starts) - 1):
        if split(codes[starts[i] : starts[i + 1]], words, empty, 1) != 1:
            continue
        key = words.hashed[0]
        slot = slot_of(table.keys, table.used, size - 1, key)
        table.keys[slot], table.used[slot] = key, True
        if i < len(vocabulary):
            table.rank[slot] = i
        else:
            table.kind[slot] = kinds[i - len(vocabulary)][1]
            table.rank[slot] = max(table.rank[slot], 0)
    return table


#: Whether a text cannot end in a word of each class.
ENDS_OPEN: Final[npt.NDArray[np.bool_]] = np.array([name in HANGING for name in CLASSES])
