"""Characters, words and phrases of a text for `preference_counts`, compiled, as Python's `re` and `str` see them."""

from __future__ import annotations

import functools
import re
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from curate.algorithms.jit import kernel

#: Facts about a code point: letter or digit; decimal digit; white space; of a script without spaces; left to Python;
#: ends a sentence; line break; begins a placeholder, or follows the letter that does.
WORD, DIGIT, SPACE, UNSPACED, ODD, STOP, LINE, HOLD = (1 << i for i in range(8))
#: Beyond this there is neither a letter nor a digit nor white space.
POINTS: Final = 0x40000
#: A final sigma depends on its neighbours, a dotted capital I becomes two characters, the Kelvin sign an ASCII letter.
_ODD: Final = "\u03a3\u0130\u212a"
#: The base of the hashes: FNV's prime (Fowler, Noll & Vo), 64 bits. The multiplier is that of Fibonacci hashing.
_PRIME: Final = 0x100000001B3
_MULTIPLIER: Final = np.uint64(0x9E3779B97F4A7C15)
_SHIFT: Final = np.uint64(29)


class Phrases(NamedTuple):
    """Phrases by their first letter, in groups.

    Those that begin with the letter number k are `first[k]` to `first[k + 1]`; the letters of phrase p are
    `points[starts[p] : starts[p + 1]]`, 0 standing for any character but a line break; `group[p]` is the bit of its
    group, and `whole[p]` says whether its last word must end with it.
    """

    first: npt.NDArray[np.int64]
    points: npt.NDArray[np.uint32]
    starts: npt.NDArray[np.int64]
    group: npt.NDArray[np.int64]
    whole: npt.NDArray[np.bool_]


def phrases(groups: list[tuple[str, ...]]) -> Phrases:
    """Groups of phrases as tables; `*` at the end stands for the rest of a word, `.` for any character."""
    every = sorted((phrase, 1 << bit) for bit, group in enumerate(groups) for phrase in group)
    bare = [phrase.removesuffix("*") for phrase, _ in every]
    points = np.frombuffer("".join(bare).encode("utf-32-le"), np.uint32).copy()
    points[points == ord(".")] = 0
    return Phrases(
        np.searchsorted([ord(phrase[0]) for phrase in bare], np.arange(ord("a"), ord("z") + 2)).astype(np.int64),
        points,
        np.concatenate([[0], np.cumsum([len(phrase) for phrase in bare])]).astype(np.int64),
        np.array([bit for _, bit in every], np.int64),
        np.array([not phrase.endswith("*") for phrase, _ in every], np.bool_),
    )


@functools.cache
def character_tables(unspaced: str) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint8]]:
    """The lower case and the facts of each of the first `POINTS` code points, as Python has them.

    `unspaced` is the inside of a character class.
    """
    every = np.arange(POINTS, dtype=np.uint32).tobytes().decode("utf-32-le", "surrogatepass")
    facts = np.zeros(POINTS, np.uint8)
    patterns = r"[^\W_]+", r"\d+", r"\s+", f"[{unspaced}]+", None, "[.!?。！？]", "\n", r"[\[<oO]"
    for fact, pattern in ((1 << i, pattern) for i, pattern in enumerate(patterns) if pattern):
        for run in re.finditer(pattern, every):
            facts[run.start() : run.end()] |= fact
    # The odd ones have no single lower case; they are marked, and what stands here for them is never used.
    plain = re.sub(f"[{_ODD}]", "x", every)
    lower = np.frombuffer(plain.lower().encode("utf-32-le", "surrogatepass"), np.uint32)
    facts[[ord(character) for character in _ODD]] |= ODD
    return lower, facts


def powers(count: int) -> npt.NDArray[np.uint64]:
    """The first `count` powers of the base of `span`."""
    out = np.full(count, _PRIME, np.uint64)
    out[:1] = 1
    return np.cumprod(out, dtype=np.uint64)


@kernel
def decode(text: Any, most: int, tables: Any, points: Any, facts: Any, sums: Any, marks: Any) -> Any:
    """The first `most` characters of UTF-8 in lower case, the facts of each, and the sums that `span` needs.

    `marks` are the places of what ends a sentence or a line or may be a part of a placeholder, and then one beyond all.
    Returns the number of characters, and whether one is odd.
    """
    lower, known = tables
    i, n, odd, marked = 0, 0, 0, 0
    total = np.uint64(0)
    size = len(text)
    while i < size and n < most:
        point = np.uint32(text[i])
        if point < 0x80:
            i += 1
        elif point < 0xE0:
            point = (point & np.uint32(0x1F)) << np.uint32(6) | np.uint32(text[i + 1] & 0x3F)
            i += 2
        elif point < 0xF0:
            point = (point & np.uint32(0x0F)) << np.uint32(12) | np.uint32(text[i + 1] & 0x3F) << np.uint32(6)
            point |= np.uint32(text[i + 2] & 0x3F)
            i += 3
        else:
            point = (point & np.uint32(0x07)) << np.uint32(18) | np.uint32(text[i + 1] & 0x3F) << np.uint32(12)
            point |= np.uint32(text[i + 2] & 0x3F) << np.uint32(6) | np.uint32(text[i + 3] & 0x3F)
            i += 4
        if point < POINTS:
            points[n], facts[n] = lower[point], known[point]
            odd |= known[point] & ODD
        else:
            points[n], facts[n] = point, 0
        if facts[n] & (STOP | LINE | HOLD):
            marks[marked] = n
            marked += points[n] != 0x6F or (n > 0 and points[n - 1] == 0x6E)
        sums[n] = total
        total = total * np.uint64(_PRIME) + np.uint64(points[n]) + np.uint64(1)
        n += 1
    sums[n] = total
    marks[marked] = len(text)
    return n, odd


@kernel
def span(hashing: Any, begin: int, end: int) -> Any:
    """The hash of the characters from `begin` to `end`: a polynomial of them, out of its sums (Karp & Rabin, 1987)."""
    sums, power = hashing
    total = sums[end] - sums[begin] * power[end - begin]
    total = (total ^ (total >> np.uint64(32))) * _MULTIPLIER
    return total ^ (total >> _SHIFT)


@kernel
def word_end(points: Any, facts: Any, i: int, end: int) -> int:
    """Where the word that begins at `i` ends."""
    if facts[i] & UNSPACED:
        return i + 1
    while True:
        while i < end and facts[i] & (WORD | UNSPACED) == WORD:
            i += 1
        joined = i + 1 < end and (points[i] == 0x27 or points[i] == 0x2019)
        if not joined or facts[i + 1] & (WORD | UNSPACED) != WORD:
            return i
        i += 1


@kernel
def split(points: Any, facts: Any, hashing: Any, begin: int, end: int, words: Any) -> Any:
    """The hashes of the words from `begin` to `end` into `words`; how many there are, and their characters."""
    count, letters, i = 0, 0, begin
    while i < end:
        if not facts[i] & (WORD | UNSPACED):
            i += 1
            continue
        stop = word_end(points, facts, i, end)
        words[count] = span(hashing, i, stop)
        count += 1
        letters += stop - i
        i = stop
    return count, letters


@kernel
def slot_in(keys: Any, stamps: Any, mask: int, stamp: int, key: np.uint64) -> Any:
    """The slot of `key`, or the empty one where it belongs: one that another `stamp` left."""
    slot = np.int64((key ^ (key >> _SHIFT)) & np.uint64(mask))
    while stamps[slot] == stamp and keys[slot] != key:
        slot = (slot + 1) & mask
    return slot


@kernel
def add(table: Any, key: np.uint64) -> Any:
    """Put `key` into the table; whether it was there before."""
    keys, stamps, state = table
    slot = slot_in(keys, stamps, state[0], state[1], key)
    there = stamps[slot] == state[1]
    keys[slot], stamps[slot] = key, state[1]
    return there


@kernel
def clear(table: Any, items: int) -> None:
    """Empty a table, for up to `items` keys."""
    state = table[2]
    state[1] += 1
    mask = 8
    while mask < 2 * items:
        mask *= 2
    state[0] = mask - 1


@kernel
def phrases_in(points: Any, facts: Any, begin: int, end: int, phrases: Any) -> int:
    """The groups of which a phrase stands between `begin` and `end`, at the bounds of words, as bits."""
    first, letters, starts, group, whole = phrases
    found = 0
    for i in range(begin, end):
        letter = np.int64(points[i]) - 0x61
        if not 0 <= letter < 26 or (i > begin and (facts[i - 1] & WORD or points[i - 1] == 0x5F)):
            continue
        for p in range(first[letter], first[letter + 1]):
            size = starts[p + 1] - starts[p]
            if found & group[p] or size > end - i:
                continue
            j = 1
            while j < size:
                wanted = letters[starts[p] + j]
                if wanted != points[i + j] and (wanted != 0 or points[i + j] == 0x0A):
                    break
                j += 1
            ends = not whole[p] or i + j == end or not (facts[i + j] & WORD or points[i + j] == 0x5F)
            if j == size and ends:
                found |= group[p]
    return found


@kernel
def strip(facts: Any, begin: int, end: int) -> Any:
    """The bounds without white space."""
    while begin < end and facts[begin] & SPACE:
        begin += 1
    while begin < end and facts[end - 1] & SPACE:
        end -= 1
    return begin, end


@kernel
def is_placeholder(points: Any, i: int, end: int) -> bool:
    """Whether `[your name]`, `<answer>`, `no input` or the like begins at `i`."""
    if points[i] == 0x6F:  # the o of no; then perhaps a space, in or out, put
        i += 1 + (i + 1 < end and points[i + 1] == 0x20)
        if i + 5 > end or not (points[i] == 0x69 and points[i + 1] == 0x6E):
            if i + 6 > end or not (points[i] == 0x6F and points[i + 1] == 0x75 and points[i + 2] == 0x74):
                return False
            i += 1
        return points[i + 2] == 0x70 and points[i + 3] == 0x75 and points[i + 4] == 0x74  # type: ignore[no-any-return]
    square = points[i] == 0x5B
    begin = i + 1
    i = begin
    while i < end and (0x61 <= points[i] <= 0x7A or points[i] == 0x20 or (square and points[i] == 0x27)):
        i += 1
    if i == end or points[i] != (0x5D if square else 0x3E):
        return False
    if square:
        return 2 <= i - begin <= 31 and 0x61 <= points[begin] <= 0x7A
    return 3 <= i - begin <= 20
