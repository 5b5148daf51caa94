"""Repetition inside one text: loops, repeated lines and paragraphs, repeated word n-grams.

The measures follow Rae et al. (2021), *Scaling Language Models: Methods, Analysis & Insights from Training
Gopher*, appendix A.1.1 and table A1, with three differences that make them independent of mark-up and white
space: texts are cut into words of letters and digits (one Chinese, Japanese, Thai, Lao, Burmese or Khmer
character is a word of its own), all fractions are of the characters in words, and a copy counts from its second
occurrence on, so that a fraction is the part of the text that says nothing new.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from numba import carray

from curate.algorithms.jit import at_address, kernel
from curate.algorithms.parallel import thread_map, threads
from curate.algorithms.repetition_words import BASIS, mix, tokenise
from curate.algorithms.texts import Texts

#: The columns of what `measure` returns, in order.
MEASURES: Final[tuple[str, ...]] = (
    "words",
    "unspaced",
    "lines",
    "line_fraction",
    "line_char_fraction",
    "paragraph_fraction",
    "paragraph_char_fraction",
    "loop_copies",
    "loop_period",
    "loop_fraction",
    "tail_copies",
    "tail_period",
    *(f"top_{n}" for n in (2, 3, 4)),
    *(f"dup_{n}" for n in (5, 6, 7, 8, 9, 10)),
)
_TOP: Final = 12
#: Words of the one sort of n-grams that is looked at in brief.
BRIEF_WORDS: Final = 7
_FACTOR: Final = np.uint64(0x9E3779B97F4A7C15)

#: Lines and paragraphs with fewer words that have a letter are labels (`Yes`, `True`), and never duplicates.
MIN_SEGMENT_WORDS: Final = 4
#: A loop is at least this many copies of a unit in a row.
MIN_COPIES: Final = 3
#: Longest unit of a loop, in words; longer ones are seen by the n-gram and line measures.
MAX_PERIOD: Final = 200


@kernel
def _slot(keys: Any, used: Any, mask: int, key: np.uint64) -> Any:
    """The slot of `key` in an open-addressed table, or the empty one where it belongs."""
    slot = np.int64(key & np.uint64(mask))
    while used[slot] and keys[slot] != key:
        slot = (slot + 1) & mask
    return slot


@kernel
def _segments(
    count: int, word: Any, chars: Any, alpha: Any, group: Any, keys: Any, used: Any, mask: int
) -> tuple[int, int, int]:
    """Segments (runs of words with one `group` number), those that are copies, and the characters in copies.

    Numbers at the start of a segment are list numbering and not part of it.
    """
    for slot in range(mask + 1):
        used[slot] = False
    segments, copies, copied = 0, 0, 0
    start = 0
    while start < count:
        end, first = start, start
        while end < count and group[end] == group[start]:
            end += 1
        while first < end and not alpha[first]:
            first += 1
        hashed, size, letters = BASIS, 0, 0
        for i in range(first, end):
            hashed = mix(hashed, word[i])
            size += chars[i]
            letters += alpha[i]
        segments += 1
        if letters >= MIN_SEGMENT_WORDS:
            slot = _slot(keys, used, mask, hashed)
            if used[slot]:
                copies += 1
                copied += size
            used[slot], keys[slot] = True, hashed
        start = end
    return segments, copies, copied


@kernel
def _loops(count: int, word: Any, alpha: Any, prefix: Any, out: Any) -> None:
    """The largest loop, and the largest in which the text ends, into `out`.

    A loop is a stretch in which each word equals the one `period` words before it, at least `MIN_COPIES`
    periods long, with a letter somewhere. The largest is the one with the most characters beyond its first copy; of
    equals the one with the shortest period. The text ends in it if less than a period follows.
    """
    largest, last = 0, 0
    for period in range(1, min(count // MIN_COPIES, MAX_PERIOD) + 1):
        # Words that equal the one a period before come in runs, and a run that is long enough for a loop covers one
        # of the places that lie `least` apart. So only those are looked at, and runs around them.
        least = (MIN_COPIES - 1) * period
        place = period + least - 1
        while place < count:
            if word[place] != word[place - period]:
                place += least
                continue
            begin, end = place, place + 1
            while begin > period and word[begin - 1] == word[begin - 1 - period]:
                begin -= 1
            while end < count and word[end] == word[end - period]:
                end += 1
            if end - begin >= least:
                beyond = prefix[end] - prefix[begin]
                letters = False
                for j in range(end - period, end):
                    letters = letters or alpha[j]
                copies = (end - begin + period) // period
                if letters and beyond > largest:
                    largest = beyond
                    out[0], out[1], out[2] = copies, period, beyond
                if letters and beyond > last and count - end < period:
                    last = beyond
                    out[3], out[4] = copies, period
            place = end + least


@kernel
def _ngrams(count: int, word: Any, prefix: Any, room: Any, table: Any, out: Any) -> None:
    """Characters under the most covering n-gram (n = 2, 3, 4) and under repeated n-grams (n = 5 to 10), into `out`.

    What occurs once as an n-gram does so as a longer one: only the other places are looked at for the next n.
    """
    gram, places, again = room
    keys, used, covered, last, first = table
    # Loops instead of slices that are assigned to: numba compiles those ten times as long, for their error messages.
    for i in range(count):
        gram[i], places[i] = word[i], i
    left = count
    for n in range(2, 11):
        mask = 4
        while mask < 2 * left:
            mask *= 2
        mask -= 1
        for slot in range(mask + 1):
            used[slot] = False
        most, repeated, reached = 0, 0, 0
        for k in range(left):
            again[k] = False
            i = places[k]
            if i + n > count:
                continue
            gram[i] = mix(gram[i], word[i + n - 1])
            slot = _slot(keys, used, mask, gram[i])
            if used[slot]:
                covered[slot] += prefix[i + n] - prefix[max(i, last[slot])]
                most = max(most, covered[slot])
                repeated += prefix[i + n] - prefix[max(i, reached)]
                reached = i + n
                again[k] = again[first[slot]] = True
            else:
                used[slot], keys[slot], first[slot] = True, gram[i], k
                covered[slot] = prefix[i + n] - prefix[i]
            last[slot] = i + n
        out[n - 2] = most if n < 5 else repeated
        kept = 0
        for k in range(left):
            places[kept] = places[k]
            kept += again[k]
        if not kept:
            return
        left = kept


@kernel
def _repeated(count: int, word: Any, prefix: Any, keys: Any, used: Any, mask: int) -> int:
    """Characters under repeated n-grams of `BRIEF_WORDS` words."""
    for slot in range(mask + 1):
        used[slot] = False
    # The sum of each word's hash times a power of one factor goes from place to place in two multiplications.
    hashed, leaving = np.uint64(0), np.uint64(1)
    for i in range(min(count, BRIEF_WORDS)):
        hashed = hashed * _FACTOR + word[i]
        leaving *= _FACTOR
    repeated, reached = 0, 0
    for end in range(BRIEF_WORDS, count + 1):
        key = hashed ^ (hashed >> np.uint64(29))
        slot = _slot(keys, used, mask, key)
        if used[slot]:
            repeated += prefix[end] - prefix[max(end - BRIEF_WORDS, reached)]
            reached = end
        used[slot], keys[slot] = True, key
        if end < count:
            hashed = hashed * _FACTOR + word[end] - leaving * word[end - BRIEF_WORDS]
    return repeated


@kernel
def _measure(addresses: Any, sizes: Any, brief: Any, out: Any) -> None:
    longest = 1
    for d in range(len(sizes)):
        longest = max(longest, sizes[d])
    size = 4
    while size < 2 * longest:
        size *= 2
    word, chars = np.empty(longest, np.uint64), np.empty(longest, np.int64)
    alpha, line, paragraph = np.empty(longest, np.bool_), np.empty(longest, np.int64), np.empty(longest, np.int64)
    prefix = np.zeros(longest + 1, np.int64)
    room = np.empty(longest, np.uint64), np.empty(longest, np.int64), np.empty(longest, np.bool_)
    keys, used = np.empty(size, np.uint64), np.zeros(size, np.bool_)
    table = keys, used, np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    for d in range(len(sizes)):
        text = carray(at_address(addresses[d]), sizes[d], dtype=np.uint8)
        count, unspaced = tokenise(text, word, chars, alpha, line, paragraph)
        if count == 0:
            continue
        for i in range(count):
            prefix[i + 1] = prefix[i] + chars[i]
        total = prefix[count]
        mask = 4
        while mask < 2 * count:
            mask *= 2
        mask -= 1
        row = out[d]
        row[0], row[1] = count, unspaced / total
        _loops(count, word, alpha, prefix, row[7:_TOP])
        row[9] /= total
        if brief:
            row[_TOP + BRIEF_WORDS - 2] = _repeated(count, word, prefix, keys, used, mask)
        else:
            lines, copies, copied = _segments(count, word, chars, alpha, line, keys, used, mask)
            row[2], row[3], row[4] = lines, copies / lines, copied / total
            paragraphs, copies, copied = _segments(count, word, chars, alpha, paragraph, keys, used, mask)
            row[5], row[6] = copies / paragraphs, copied / total
            _ngrams(count, word, prefix, room, table, row[_TOP:])
        for i in range(_TOP, len(row)):
            row[i] /= total


def measure(
    buffer: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64], *, brief: bool = False
) -> npt.NDArray[np.float64]:
    """The `MEASURES` of each text.

    Parameters
    ----------
    buffer : the texts' UTF-8, one after another; hand them in lower case, as words are compared byte by byte.
    offsets : where each text starts in `buffer`, and the end of the last; one more than there are texts.
    brief : nothing of lines and paragraphs, and of n-grams those of `BRIEF_WORDS` words alone, which is many times as
        fast; all else is zero.

    Returns
    -------
    Float64, (texts, len(MEASURES)), all zero for a text without words:

    - `words`, their number; `unspaced`, the share of characters that belong to scripts without spaces
    - `lines`, those with a word; `line_fraction`, `paragraph_fraction`: the share of lines (of paragraphs, which a
      blank line parts) that are copies of an earlier one; `*_char_fraction`: of characters in such copies
    - `loop_copies`, `loop_period`, `loop_fraction`: how often in a row the largest loop says its unit, the words
      of the unit, and the share of characters beyond its first copy; `tail_copies`, `tail_period`: the same of
      the largest loop that the text ends in
    - `top_2` … `top_4`: the share of characters under the one n-gram, of those that occur twice, covering the most
    - `dup_5` … `dup_10`: the share of characters under n-grams that occurred earlier, none counted twice
    """
    return measure_texts(Texts(buffer.ctypes.data + offsets[:-1], np.diff(offsets), buffer), brief=brief)


def measure_texts(texts: Texts, *, brief: bool = False) -> npt.NDArray[np.float64]:
    """As `measure`, of texts where they lie."""
    count = len(texts)
    out = np.zeros((count, len(MEASURES)), np.float64)
    cuts = np.linspace(0, count, min(threads(), max(count, 1)) + 1).astype(np.int64).tolist()
    parts = [slice(*cut) for cut in pairwise(cuts)]
    thread_map(lambda part: _measure(texts.at[part], texts.size[part], brief, out[part]), parts)
    return out
