"""What `preference_features` counts in an instruction and its response, compiled: many times as fast, the same numbers.

A record is decoded once into code points in lower case, each with what Python's `re` and `str` say of it; all else are
loops over these. The three characters whose lower case is not one character whatever stands beside it, or that become
ASCII, are left to `preference_features.features`, as few records hold any.
"""

from __future__ import annotations

import functools
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from numba import carray

from curate.algorithms import preference_features as plain
from curate.algorithms.jit import at_address, kernel
from curate.algorithms.preference_text import (
    DIGIT,
    HOLD,
    LINE,
    SPACE,
    STOP,
    UNSPACED,
    WORD,
    Phrases,
    add,
    character_tables,
    clear,
    decode,
    is_placeholder,
    phrases,
    phrases_in,
    powers,
    slot_in,
    span,
    split,
    strip,
    word_end,
)
from curate.algorithms.texts import Texts

#: What is counted, in the order of the columns of `counted`.
COUNTS: Final[tuple[str, ...]] = (
    "words", "letters", "content", "asks", "lines", "copied_lines", "items", "sentences", "copied_sentences",
    "openings", "copied_openings", "copied_trigrams", "new", "known_grams", "echoed", "shared", "given", "paragraphs",
    "ended", "cut", "placeholder", "refusal", "odd",
)  # fmt: skip
#: What the words of a run are multiplied with: the digits of pi, made odd.
_FIRST: Final = np.uint64(0x243F6A8885A308D3)
_SECOND: Final = np.uint64(0x13198A2E03707345)
_THIRD: Final = np.uint64(0xA4093822299F31D1)
_SHIFT: Final = np.uint64(32)
#: Characters of a response that a refusal opens, and of a sentence that its opening words stand in.
_REFUSAL_CHARS: Final = 200
_OPENING_CHARS: Final = 80
#: A response of more words, of which more are in the last line, is cut off if that has no end.
_CUT_WORDS: Final = 25
_CUT_LINE: Final = 6


@kernel
def _sentence(points: Any, facts: Any, hashing: Any, begin: int, end: int, tables: Any, row: Any) -> None:
    """Count a sentence and its first three words."""
    begin, end = strip(facts, begin, end)
    if begin == end:
        return
    row[7] += 1
    row[8] += add(tables[0], span(hashing, begin, end))
    end = min(end, begin + _OPENING_CHARS)
    opening, count, i = np.uint64(0), 0, begin
    while i < end and count < 3:
        if not facts[i] & (WORD | UNSPACED):
            i += 1
            continue
        stop = word_end(points, facts, i, end)
        opening = (opening + span(hashing, i, stop)) * _FIRST
        count += 1
        i = stop
    if count == 3:
        row[9] += 1
        row[10] += add(tables[1], opening ^ (opening >> _SHIFT))


@kernel
def _sentences(points: Any, facts: Any, hashing: Any, marks: Any, begin: int, end: int, tables: Any, row: Any) -> None:
    """Cut at marks before white space, a closing quote or the end, and at line breaks."""
    for table in tables:
        clear(table, (end - begin) // 2 + 1)
    start, i, k = begin, begin, 0
    while marks[k] < end:
        mark = marks[k]
        k += 1
        if mark < i or not facts[mark] & (STOP | LINE):
            continue
        i = mark
        if facts[i] & LINE:
            while i < end and facts[i] & LINE:
                i += 1
        else:
            while i < end and facts[i] & STOP:
                i += 1
            if i < end and not facts[i] & SPACE and points[i] not in (0x22, 0x27, 0x201D, 0x29):
                continue
        _sentence(points, facts, hashing, start, mark, tables, row)
        start = i
    _sentence(points, facts, hashing, start, end, tables, row)


@kernel
def _is_item(points: Any, facts: Any, i: int, end: int) -> bool:
    """Whether a line begins like an item of a list and goes on; `end` is that of its last visible character."""
    if points[i] in (0x2D, 0x2A, 0x2022):
        return i + 1 < end
    if 0x61 <= points[i] <= 0x7A:
        i += 1
    elif facts[i] & DIGIT:
        while i < end and facts[i] & DIGIT:
            i += 1
    else:
        return False
    return i + 1 < end and points[i] in (0x2E, 0x29)


@kernel
def _lines(points: Any, facts: Any, hashing: Any, marks: Any, begin: int, end: int, table: Any, row: Any) -> None:
    """Lines that show something, those that were there before but for a marker, items of lists; and paragraphs."""
    clear(table, (end - begin) // 2 + 1)
    start, shown, i, k = begin, False, begin, 0
    while i <= end:
        while marks[k] < end and (marks[k] < i or not facts[marks[k]] & LINE):
            k += 1
        i = min(marks[k], end)
        first, last = strip(facts, start, i)
        if first < last:
            row[4] += 1
            row[6] += _is_item(points, facts, first, last)
            for way in range(3):  # what is no part of a word, a number, and again what is no part of a word
                while first < last and (
                    facts[first] & DIGIT if way == 1 else not facts[first] & WORD and points[first] != 0x5F
                ):
                    first += 1
            row[5] += add(table, span(hashing, first, last))
            shown = True
        start = i + 1
        if (i + 1 < end and points[i + 1] == 0x0A) or i >= end:
            row[17] += shown
            shown = False
            start = i + 2
            i += 1
        i += 1


@kernel
def _shape(points: Any, facts: Any, marks: Any, begin: int, end: int, refusals: Any, most: int, row: Any) -> None:
    """How the response from `begin` to `end` ends, and whether it holds a placeholder or opens with a refusal."""
    head = min(end, begin + most)
    k = 0
    while marks[k] < head and not row[20]:
        i = marks[k]
        # The first letter of `no` must be there, too.
        row[20] = facts[i] & HOLD != 0 and i >= begin + (points[i] == 0x6F) and is_placeholder(points, i, head)
        k += 1
    row[21] = phrases_in(points, facts, begin, min(end, begin + _REFUSAL_CHARS), refusals)
    last = points[end - 1]
    closes = facts[end - 1] & STOP != 0 or last in (0x2026, 0x29, 0x5D, 0x22, 0x27, 0x201D, 0x60, 0x7D)
    row[18] = closes or last == 0x3A
    if row[0] <= _CUT_WORDS or closes or last in (0x2A, 0x3E, 0x7C) or facts[end - 1] & DIGIT:
        return
    parts, i = 0, end - 1
    while i >= max(begin, end - most) and points[i] != 0x0A and parts <= _CUT_LINE:
        # Counted at the last character of each.
        parts += not facts[i] & SPACE and (i == end - 1 or facts[i + 1] & SPACE != 0)
        i -= 1
    row[19] = parts > _CUT_LINE


@kernel
def _overlap(said: Any, count: int, asked: Any, size: int, stops: Any, tables: Any, row: Any) -> None:
    """Words that say something, and those and the 4-grams that both texts have."""
    theirs, mine = tables
    # Unpacked once: to hand tables on for each word takes longer than to look into them.
    their_keys, their_stamps, their_state = theirs
    my_keys, my_stamps, my_state = mine
    clear(theirs, size)
    clear(mine, count)
    mask, stamp = their_state[0], their_state[1]
    for i in range(size):
        word = asked[i]
        if _is_stop_word(stops, word):
            continue
        slot = slot_in(their_keys, their_stamps, mask, stamp, word)
        row[16] += their_stamps[slot] != stamp
        their_keys[slot], their_stamps[slot] = word, stamp
    content = echoed = shared = new = 0
    my_mask, my_stamp = my_state[0], my_state[1]
    for i in range(count):
        word = said[i]
        if _is_stop_word(stops, word):
            continue
        content += 1
        known = their_stamps[slot_in(their_keys, their_stamps, mask, stamp, word)] == stamp
        echoed += known
        slot = slot_in(my_keys, my_stamps, my_mask, my_stamp, word)
        if my_stamps[slot] != my_stamp:
            my_keys[slot], my_stamps[slot] = word, my_stamp
            shared += known
            new += not known
    row[2], row[14], row[15], row[12] = content, echoed, shared, new
    clear(mine, count)
    my_mask, my_stamp, copied = my_state[0], my_state[1], 0
    for i in range(count - 2):
        gram = _gram(said, i, 3)
        slot = slot_in(my_keys, my_stamps, my_mask, my_stamp, gram)
        copied += my_stamps[slot] == my_stamp
        my_keys[slot], my_stamps[slot] = gram, my_stamp
    row[11] = copied
    if size < 4:
        return
    clear(theirs, size)
    for i in range(size - 3):
        add(theirs, _gram(asked, i, 4))
    mask, stamp, copied = their_state[0], their_state[1], 0
    for i in range(count - 3):
        copied += their_stamps[slot_in(their_keys, their_stamps, mask, stamp, _gram(said, i, 4))] == stamp
    row[13] = copied


@kernel
def _gram(words: Any, i: int, size: int) -> Any:
    """The hash of three words, or of four."""
    total = words[i] * _FIRST + words[i + 1] * _SECOND + words[i + 2] * _THIRD
    if size == 4:
        total = (total ^ (total >> _SHIFT)) + words[i + 3] * _FIRST
    return total ^ (total >> _SHIFT)


@kernel
def _is_stop_word(stops: Any, word: np.uint64) -> bool:
    """Whether `word` is in the table, whose size is a power of two."""
    slot = np.int64(word & np.uint64(len(stops) - 1))
    while stops[slot] != 0:
        if stops[slot] == word:
            return True
        slot = (slot + 1) & (len(stops) - 1)
    return False


@kernel
def _count(asked: Any, response: Any, most: int, characters: Any, known: Any, room: Any, out: Any) -> None:
    asked_at, asked_size = asked
    said_at, said_size = response
    points, facts, hashing, marks, given, said, tables = room
    asks, refusals, stops = known
    for d in range(len(out)):
        row = out[d]
        text = carray(at_address(asked_at[d]), asked_size[d], dtype=np.uint8)
        size, odd = decode(text, most, characters, points, facts, hashing[0], marks)
        row[22] = odd != 0
        row[3] = phrases_in(points, facts, 0, size, asks)
        size, _ = split(points, facts, hashing, 0, size, given)
        text = carray(at_address(said_at[d]), said_size[d], dtype=np.uint8)
        end, odd = decode(text, len(text), characters, points, facts, hashing[0], marks)
        row[22] |= odd != 0
        begin, end = strip(facts, 0, end)
        if row[22] or begin == end:
            continue
        head = min(end, begin + most)
        count, row[1] = split(points, facts, hashing, begin, head, said)
        row[0] = count
        _overlap(said, count, given, size, stops, tables, row)
        _lines(points, facts, hashing, marks, begin, head, tables[0], row)
        _sentences(points, facts, hashing, marks, begin, head, tables, row)
        _shape(points, facts, marks, begin, end, refusals, most, row)


@functools.cache
def _known() -> tuple[Phrases, Phrases, npt.NDArray[np.uint64]]:
    """Phrases that ask, phrases that refuse, and the hashes of stop words."""
    stops = np.zeros(512, np.uint64)
    tables, power = character_tables(plain.UNSPACED), powers(32)
    points, facts, sums = np.empty(32, np.uint32), np.empty(32, np.uint8), np.empty(33, np.uint64)
    marks = np.empty(33, np.int64)
    for word in sorted(plain.STOP_WORDS):
        decode(np.frombuffer(word.encode(), np.uint8), len(word), tables, points, facts, sums, marks)
        hashed = span((sums, power), 0, len(word))
        slot = int(hashed) & (len(stops) - 1)
        while stops[slot]:
            slot = (slot + 1) & (len(stops) - 1)
        stops[slot] = hashed
    return phrases(list(plain.ASKS.values())), phrases([plain.REFUSALS]), stops


def counted(asked: Texts, said: Texts) -> npt.NDArray[np.int64]:
    """`COUNTS` of n records, int64 of shape (n, 23); where `odd` is 1, nothing else is told."""
    most = plain.MAX_CHARS
    longest = max(most, int(said.size.max(initial=0))) + 1
    size = 1 << (2 * most - 1).bit_length()
    tables = tuple((np.zeros(size, np.uint64), np.zeros(size, np.int64), np.zeros(2, np.int64)) for _ in range(2))
    words = np.empty((2, most + 1), np.uint64)
    hashing = np.empty(longest + 1, np.uint64), powers(most + 1)
    marks = np.empty(longest + 1, np.int64)
    room = np.empty(longest, np.uint32), np.empty(longest, np.uint8), hashing, marks, words[0], words[1], tables
    out = np.zeros((len(said), len(COUNTS)), np.int64)
    characters = character_tables(plain.UNSPACED)
    _count((asked.at, asked.size), (said.at, said.size), most, characters, _known(), room, out)
    return out
