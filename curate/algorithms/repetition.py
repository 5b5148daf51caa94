"""Repetition inside one text: loops, repeated lines and paragraphs, repeated word n-grams.

The measures follow Rae et al. (2021), *Scaling Language Models: Methods, Analysis & Insights from Training
Gopher*, appendix A.1.1 and table A1, with three differences that make them independent of mark-up and white
space: texts are cut into words of letters and digits (one Chinese, Japanese, Thai, Lao, Burmese or Khmer
character is a word of its own), all fractions are of the characters in words, and a copy counts from its second
occurrence on, so that a fraction is the part of the text that says nothing new.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from curate.algorithms.jit import kernel
from curate.algorithms.parallel import thread_map, threads

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

#: Lines and paragraphs with fewer words that have a letter are labels (`Yes`, `True`), and never duplicates.
MIN_SEGMENT_WORDS: Final = 4
#: A loop is at least this many copies of a unit in a row.
MIN_COPIES: Final = 3
#: Longest unit of a loop, in words; longer ones are seen by the n-gram and line measures.
MAX_PERIOD: Final = 200

_SEPARATOR: Final = 0
_LETTER: Final = 1
_DIGIT: Final = 2
_UNSPACED: Final = 3
_MULTIPLIER: Final = np.uint64(0x9E3779B97F4A7C15)
_BASIS: Final = np.uint64(0xCBF29CE484222325)
_SHIFT: Final = np.uint64(29)


@kernel
def _mix(hashed: np.uint64, item: np.uint64) -> Any:
    # Order matters: the running hash is multiplied before the item enters it.
    mixed = (hashed * _MULTIPLIER) ^ item
    return (mixed ^ (mixed >> _SHIFT)) * _MULTIPLIER


@kernel
def _kind(cp: int) -> int:  # noqa: PLR0911 - one return for each class of code points reads best
    """The class of a code point: separator, letter, digit, or letter of an unspaced script."""
    if cp < 0x80:
        if 0x30 <= cp <= 0x39:
            return _DIGIT
        return _LETTER if (0x61 <= cp <= 0x7A or 0x41 <= cp <= 0x5A) else _SEPARATOR
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
def _tokenise(text: Any, word: Any, chars: Any, alpha: Any, line: Any, paragraph: Any) -> Any:
    """Words of `text` into the arrays: hash, characters, has a letter, number of its line and of its paragraph.

    Returns the number of words and of the characters of unspaced scripts.
    """
    count, unspaced, line_no, paragraph_no = 0, 0, 0, 0
    blank, inside = True, False
    i, size = 0, len(text)
    while i < size:
        cp, width = _decode(text, i)
        kind = _kind(cp)
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
            word[count], chars[count], alpha[count] = _BASIS, 0, False
            line[count], paragraph[count] = line_no, paragraph_no
            count += 1
        inside = kind != _UNSPACED
        unspaced += kind == _UNSPACED
        word[count - 1] = _mix(word[count - 1], np.uint64(cp))
        chars[count - 1] += 1
        alpha[count - 1] = alpha[count - 1] or kind != _DIGIT
    return count, unspaced


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
        hashed, size, letters = _BASIS, 0, 0
        for i in range(first, end):
            hashed = _mix(hashed, word[i])
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
def _ngrams(count: int, word: Any, prefix: Any, gram: Any, table: Any, mask: int, out: Any) -> None:
    """Characters under the most covering n-gram (n = 2, 3, 4) and under repeated n-grams (n = 5 to 10), into `out`."""
    keys, used, covered, last = table
    # Loops instead of slices that are assigned to: numba compiles those ten times as long, for their error messages.
    for i in range(count):
        gram[i] = word[i]
    for n in range(2, 11):
        total = count - n + 1
        if total < 2:
            return
        for slot in range(mask + 1):
            used[slot] = False
        most, repeated, reached = 0, 0, 0
        for i in range(total):
            gram[i] = _mix(gram[i], word[i + n - 1])
            slot = _slot(keys, used, mask, gram[i])
            if used[slot]:
                covered[slot] += prefix[i + n] - prefix[max(i, last[slot])]
                most = max(most, covered[slot])
                repeated += prefix[i + n] - prefix[max(i, reached)]
                reached = i + n
            else:
                used[slot], keys[slot] = True, gram[i]
                covered[slot] = prefix[i + n] - prefix[i]
            last[slot] = i + n
        out[n - 2] = most if n < 5 else repeated
        if not repeated:
            return  # what says a longer n-gram again says its shorter ones again


@kernel
def _measure(buffer: Any, offsets: Any, out: Any) -> None:
    longest = 1
    for d in range(len(offsets) - 1):
        longest = max(longest, offsets[d + 1] - offsets[d])
    table = 4
    while table < 2 * longest:
        table *= 2
    word, gram = np.empty(longest, np.uint64), np.empty(longest, np.uint64)
    chars, alpha = np.empty(longest, np.int64), np.empty(longest, np.bool_)
    line, paragraph = np.empty(longest, np.int64), np.empty(longest, np.int64)
    prefix = np.zeros(longest + 1, np.int64)
    keys, used = np.empty(table, np.uint64), np.zeros(table, np.bool_)
    covered, last = np.empty(table, np.int64), np.empty(table, np.int64)
    for d in range(len(offsets) - 1):
        count, unspaced = _tokenise(buffer[offsets[d] : offsets[d + 1]], word, chars, alpha, line, paragraph)
        if count == 0:
            continue
        for i in range(count):
            prefix[i + 1] = prefix[i] + chars[i]
        size = prefix[count]
        mask = 4
        while mask < 2 * count:
            mask *= 2
        mask -= 1
        row = out[d]
        row[0], row[1] = count, unspaced / size
        lines, copies, copied = _segments(count, word, chars, alpha, line, keys, used, mask)
        row[2], row[3], row[4] = lines, copies / lines, copied / size
        paragraphs, copies, copied = _segments(count, word, chars, alpha, paragraph, keys, used, mask)
        row[5], row[6] = copies / paragraphs, copied / size
        _loops(count, word, alpha, prefix, row[7:_TOP])
        row[9] /= size
        _ngrams(count, word, prefix, gram, (keys, used, covered, last), mask, row[_TOP:])
        for i in range(_TOP, len(row)):
            row[i] /= size


def measure(buffer: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """The `MEASURES` of each text.

    Parameters
    ----------
    buffer : the texts' UTF-8, one after another; hand them in lower case, as words are compared byte by byte.
    offsets : where each text starts in `buffer`, and the end of the last; one more than there are texts.

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
    texts = len(offsets) - 1
    out = np.zeros((texts, len(MEASURES)), np.float64)
    cuts = np.linspace(0, texts, min(threads(), max(texts, 1)) + 1).astype(np.int64)
    thread_map(
        lambda part: _measure(buffer, offsets[part[0] : part[1] + 1], out[part[0] : part[1]]),
        list(zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True)),
    )
    return out
