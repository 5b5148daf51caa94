"""Words, marks and their order in a text, for signs of damage that no pattern can name.

Texts come as code points (UTF-32), one after another. A word is a run of letters and digits, with apostrophes and
hyphens inside; a character of a script without spaces is a word of its own.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from curate.algorithms.damage_characters import (
    CAPITAL,
    DIGIT,
    FOREIGN,
    LETTER,
    LINE,
    LOWER,
    MARKED,
    SMALL,
    STOP,
    UPPER,
    between,
    code_points,
    letter,
    lower,
    unspaced,
)
from curate.algorithms.damage_classes import CLASSES, HANGING, listed
from curate.algorithms.jit import kernel

_MULTIPLIER: Final = np.uint64(0x9E3779B97F4A7C15)
BASIS: Final = np.uint64(0xCBF29CE484222325)
_SHIFT: Final = np.uint64(29)
#: FNV-1a (Fowler, Noll & Vo), 64 bits: one multiplication for a character, where `mix` takes two.
_PRIME: Final = np.uint64(0x100000001B3)
#: Letters of a word that make its stem, by which "translate" and "translation" are one.
STEM: Final = 5

#: Of each ASCII letter and digit: its small letter in the low byte, then two bits for letter and digit, and far up a 1
#: for a capital; 0 of all else.
_IS_DIGIT: Final = 1 << 9
_CAPITALS: Final = 32
_IN_WORD: Final = np.array(
    [
        (ord(chr(i).lower()) | 1 << 8 | int(chr(i).isupper()) << _CAPITALS)
        if chr(i).isalpha()
        else (i | _IS_DIGIT if chr(i).isdigit() else 0)
        for i in range(0x80)
    ],
    np.uint64,
)

_OTHER, _LY, _ING, _ED, _S, _CAPITAL, _NUMBER, COMMA, BOUNDARY = range(9)


class Words(NamedTuple):
    """The words of one text; `count` of each array are in use."""

    hashed: npt.NDArray[np.uint64]
    stem: npt.NDArray[np.uint64]
    chars: npt.NDArray[np.int32]
    facts: npt.NDArray[np.int32]
    #: Place in the vocabulary, from the most frequent word on; -1 for a word that is not in it.
    rank: npt.NDArray[np.int32]
    kind: npt.NDArray[np.int32]


#: An open-addressed table of known words, uint64: the high bits of a word's hash, and in the low ones its place in the
#: vocabulary plus 1 (0 for none) above its class plus 1 (0 for none); 0 is empty. In one word, a look costs one line of
#: the processor's cache, and the table stays in it.
Lexicon = npt.NDArray[np.uint64]
_KIND_BITS: Final = np.uint64(6)
_KIND: Final = np.uint64((1 << 6) - 1)
_PLACE: Final = np.uint64((1 << 16) - 1)
_LOW: Final = np.uint64((1 << 22) - 1)


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
def _entry_of(lexicon: Any, key: np.uint64) -> Any:
    """Where in `lexicon` the word of hash `key` stands, or the empty slot where it belongs."""
    mask = len(lexicon) - 1
    slot = np.int64(key ^ (key >> _SHIFT)) & mask
    while lexicon[slot] != 0 and (lexicon[slot] ^ key) > _LOW:
        slot = (slot + 1) & mask
    return slot


@kernel
def _form(chars: int, last: int, before: int, third: int, facts: int) -> int:
    """The class of a word that is no function word, by its last three characters."""
    if facts & DIGIT:
        return _NUMBER
    if facts & CAPITAL:
        return _CAPITAL
    if chars > 4 and before == 0x6C and last == 0x79:
        return _LY
    if chars > 4 and third == 0x69 and before == 0x6E and last == 0x67:
        return _ING
    if chars > 3 and before == 0x65 and last == 0x64:
        return _ED
    return _S if chars > 3 and last == 0x73 and before != 0x73 else _OTHER


@kernel
def _ending(last: int, before: int, third: int, beyond: int) -> Any:
    """Whether the last `beyond` characters of a word, what it has beyond its stem, are an English ending."""
    a, b, c = last | 32, before | 32, third | 32
    if beyond == 1:
        return a in (0x73, 0x64, 0x79, 0x72)  # -s, -d, -y, -r
    if beyond == 2:
        return (
            (b == 0x65 and a in (0x64, 0x73, 0x72)) or (b == 0x6C and a == 0x79) or a == 0x73
        )  # -ed, -es, -er, -ly, 's
    return (c == 0x69 and b == 0x6E and a == 0x67) or (c == 0x65 and b == 0x73 and a == 0x74)  # -ing, -est


@kernel
def split(text: Any, words: Any, lexicon: Any) -> int:  # noqa: C901, PLR0912, PLR0915 - one pass over the text
    """The words of `text` (code points) into `words`; their number.

    The first word of a sentence is classed as if it had no capital.
    """
    # Unpacked once, and no array handed on but for each word: numba counts references, which would be most of the time.
    hashes, stems, sizes, about, ranks, kinds = words
    count, i, size = 0, 0, len(text)
    fresh = True
    while i < size:
        cp = np.int64(text[i])
        what = LETTER[cp] if cp < 0x80 else letter(cp)
        if what == 0:
            mark = MARKED[cp] if cp < 0x80 else between(cp)
            i += 1
            # A point inside a number, a name of a file or an address ends nothing.
            if mark == STOP and cp < 0x80 and i < size and letter(np.int64(text[i])) != 0:
                mark = 0
            if mark and count:
                about[count - 1] |= mark
            fresh = fresh or mark & (STOP | LINE) != 0
            continue
        begin, hashed, facts = i, BASIS, 0
        small = SMALL[cp] if cp < 0x80 else lower(cp)
        if small != cp:
            facts |= CAPITAL
        elif what == 2 and cp < 0x530:
            facts |= LOWER
        # What is not in use of `hashes` yet takes the hashes of all that the word begins with.
        here, ascii_, capitals = count, np.uint64(0), np.int64(0)
        while True:
            while i < size and text[i] < 0x80:
                found = _IN_WORD[text[i]]
                if found == 0:
                    break
                hashed = (hashed ^ (found & np.uint64(0xFF))) * _PRIME
                hashes[here] = hashed
                ascii_ = (ascii_ + (found >> np.uint64(_CAPITALS) << np.uint64(_CAPITALS))) | (
                    found & np.uint64(_IS_DIGIT)
                )
                here += 1
                i += 1
            if i == size:
                break
            cp = np.int64(text[i])
            what = letter(cp) if cp >= 0x80 else 0
            if what == 0:
                if i == begin or cp not in (0x27, 0x2019, 0x2D) or i + 1 == size or letter(np.int64(text[i + 1])) != 2:
                    break
                small = 0x27 if cp != 0x2D else cp
            else:
                if i > begin and unspaced(cp):
                    break
                small = lower(cp)
            capitals += small != cp and what == 2
            facts |= DIGIT if what == 1 else (FOREIGN if cp >= 0x250 else 0)
            hashed = (hashed ^ np.uint64(small)) * _PRIME
            hashes[here] = hashed
            here += 1
            i += 1
            if unspaced(cp):
                break
        chars = i - begin
        capitals += np.int64(ascii_ >> np.uint64(_CAPITALS))
        facts |= DIGIT if ascii_ & np.uint64(_IS_DIGIT) else 0
        last, before, third = np.int64(text[i - 1]), np.int64(0), np.int64(0)
        if chars > 2:
            before, third = np.int64(text[i - 2]), np.int64(text[i - 3])
        if chars > 1 and capitals == chars:
            facts |= UPPER
        stem = hashed if chars <= STEM else hashes[count + STEM - 1]
        if 3 < chars <= STEM and last | 32 == 0x73 and before | 32 != 0x73:
            stem = hashes[here - 2]  # the plural of a short word
        entry = lexicon[_entry_of(lexicon, hashed)]
        if entry == 0 and chars > 4:
            # An inflected form is known if its stem is: "boats", "rowed", "rowing", "slowly".
            for beyond in range(1, 4):
                if _ending(last, before, third, beyond):
                    near = lexicon[_entry_of(lexicon, hashes[here - 1 - beyond])]
                    if near != 0 and near & _KIND == 0:
                        entry = near
                        break
        hashes[count], stems[count], sizes[count], about[count] = hashed, stem, chars, facts
        ranks[count] = np.int32((entry >> _KIND_BITS) & _PLACE) - np.int32(1)
        kind = np.int32(entry & _KIND) - np.int32(1)
        kinds[count] = kind if kind >= 0 else _form(chars, last, before, third, facts & ~CAPITAL if fresh else facts)
        fresh = False
        count += 1
    return count


def blank_words(size: int) -> Words:
    """Room for the words of a text of `size` code points."""
    room = size + 1
    return Words(
        np.empty(room, np.uint64), np.empty(room, np.uint64), *(np.empty(room, np.int32) for _ in range(4))
    )  # fmt: skip


def lexicon_of(vocabulary: list[str]) -> Lexicon:
    """The table of the words of `vocabulary` (most frequent first) and the function words of `damage_classes`.

    Words of the vocabulary that are no single word here (marks, several words) are left out.

    Raises
    ------
    ValueError : the vocabulary has more words than an entry has numbers for.
    """
    if len(vocabulary) >= _PLACE:
        raise ValueError(f"{len(vocabulary):,} words are more than the table has numbers for")
    table = np.zeros(1 << (2 * (len(vocabulary) + 1024) - 1).bit_length(), np.uint64)
    kinds = listed()
    codes, starts = code_points([*vocabulary, *(word for word, _ in kinds)])
    words = blank_words(int(np.diff(starts).max()))
    _enter(codes, starts, words, len(vocabulary), np.array([kind + 1 for _, kind in kinds], np.int64), table)
    return table


@kernel
def _enter(codes: Any, starts: Any, words: Any, known: int, kinds: Any, table: Any) -> None:
    """Put the single words of a vocabulary of `known` words into `table`, and after them those of the given kinds."""
    empty = np.zeros(2, np.uint64)
    for i in range(len(starts) - 1):
        if split(codes[starts[i] : starts[i + 1]], words, empty) != 1:
            continue
        key = words.hashed[0]
        slot = _entry_of(table, key)
        place, kind = np.uint64(i + 1), np.uint64(0)
        if i >= known:
            place = max((table[slot] >> _KIND_BITS) & _PLACE, np.uint64(1))
            kind = np.uint64(kinds[i - known])
        table[slot] = (key & ~_LOW) | (place << _KIND_BITS) | kind


#: Whether a text cannot end in a word of each class.
ENDS_OPEN: Final[npt.NDArray[np.bool_]] = np.array([name in HANGING for name in CLASSES])
