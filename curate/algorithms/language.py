"""Which language a text is in: langdetect's n-gram model, summed exactly instead of sampled.

langdetect draws n-grams of the text at random, multiplies their smoothed probabilities until one language exceeds
0.99999, and averages seven such trials: slow, and unstable where n-grams disagree. Here every n-gram of the text
counts once, under a flat prior:

    log P(language | text) = sum over n-grams g of log(p(g | language) + 0.5 / 10000) + constant

0.5 is the mean of langdetect's random alpha (`detector.py`: ALPHA_DEFAULT, BASE_FREQ). What an n-gram is follows
`detector.py` and `utils/ngram.py` of the installed package: URLs and mail addresses are blanked, characters
normalised, words of capitals skipped, Latin letters dropped from a text that is mostly in another script. Unlike
there, a text is not cut at 10,000 characters.

No n-gram crosses a space, so what a word adds depends on the word alone. It is computed once per distinct word of a
block, adding its n-grams in order; a text adds its words in order. The result has the same bits for any split of
the texts and any number of threads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from curate.algorithms.jit import kernel
from curate.algorithms.language_profiles import FREE, OUTSIDE, Profiles, home, profiles
from curate.algorithms.parallel import thread_map

_home = kernel(home)

_SPACE: Final = 32
_BLOCK: Final = 1 << 20  # bytes scored at a time: enough for words to repeat, 10 MB of words at most


@dataclass(frozen=True)
class Scores:
    """What the n-grams of each text say.

    Parameters
    ----------
    languages : codes, as in `Profiles`.
    evidence : (texts, languages) float64, log-probabilities up to a constant for each text.
    ngrams : (texts,) int64, how many n-grams of the text are in any profile.
    letters : (texts,) int64, letters of the text (one of Han, Kana or Hangul counts three).
    """

    languages: tuple[str, ...]
    evidence: NDArray[np.float64]
    ngrams: NDArray[np.int64]
    letters: NDArray[np.int64]

    def best(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The number of the likeliest language of each text and its posterior probability, both (texts,).

        The posterior is that of a flat prior and of independent n-grams, as langdetect has it; since n-grams
        overlap, it is near 1 for any text longer than a sentence. Ties go to the first code.
        """
        best = self.evidence.argmax(axis=1)
        above = self.evidence - self.evidence[np.arange(len(best)), best][:, None]
        return best, 1.0 / np.exp(above).sum(axis=1)


@kernel
def _decode(buffer: NDArray[np.uint8], i: int) -> Any:
    """The code point at byte `i` of well-formed UTF-8, and where the next one begins."""
    lead = np.int64(buffer[i])
    if lead < 0x80:
        return lead, i + 1
    width = 2 + (lead >= 0xE0) + (lead >= 0xF0)
    code = lead & (0x7F >> width)
    for k in range(1, width):
        code = (code << 6) | (np.int64(buffer[i + k]) & 0x3F)
    return code, i + width


@kernel
def _letters(buffer: NDArray[np.uint8], offsets: NDArray[np.int64], letter: NDArray[np.int64]) -> NDArray[np.int64]:
    """The letters of each text."""
    letters = np.zeros(len(offsets) - 1, np.int64)
    for text in range(len(letters)):
        i = offsets[text]
        while i < offsets[text + 1]:
            code, i = _decode(buffer, i)
            if code < len(letter):
                letters[text] += letter[code]
    return letters


@kernel
def _symbols(
    buffer: NDArray[np.uint8], offsets: NDArray[np.int64], normal: NDArray[np.uint16]
) -> tuple[NDArray[np.uint16], NDArray[np.int64]]:
    """Normalised characters of all texts, Latin letters dropped where langdetect does, and where each text ends."""
    symbols = np.empty(offsets[-1] - offsets[0], np.uint16)
    bounds = np.empty(len(offsets) - 1, np.int64)
    at = 0
    for text in range(len(bounds)):
        latin = other = 0
        i = offsets[text]
        while i < offsets[text + 1]:
            code, i = _decode(buffer, i)
            latin += 65 <= code <= 122
            other += code >= 0x300
        drop = 2 * latin < other
        i = offsets[text]
        while i < offsets[text + 1]:
            code, i = _decode(buffer, i)
            if drop and 65 <= code <= 122:
                continue
            symbols[at] = normal[code] if code < len(normal) else OUTSIDE
            at += 1
        bounds[text] = at
    return symbols, bounds


@kernel
def _cut(symbols: NDArray[np.uint16], bounds: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each word ends, with the space after it, and how many words the texts have up to and with each one."""
    ends = np.empty(len(symbols) + len(bounds), np.int64)
    upto = np.empty(len(bounds), np.int64)
    count = i = 0
    for text in range(len(bounds)):
        while i < bounds[text]:
            while i < bounds[text] - 1 and symbols[i] != _SPACE:
                i += 1
            i += 1
            ends[count] = i
            count += 1
        upto[text] = count
    return ends[:count], upto


@kernel
def _same(symbols: NDArray[np.uint16], ends: NDArray[np.int64], a: int, b: int) -> bool:
    """Whether words `a` and `b` are the same symbols."""
    begin_a = ends[a - 1] if a else 0
    begin_b = ends[b - 1] if b else 0
    if ends[a] - begin_a != ends[b] - begin_b:
        return False
    same = True
    for i in range(ends[a] - begin_a):
        same &= symbols[begin_a + i] == symbols[begin_b + i]
    return same


@kernel
def _number(symbols: NDArray[np.uint16], ends: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """A number for each word, the same for equal words, and where each number first occurs."""
    size = 1
    while size < 2 * len(ends) + 1:
        size *= 2
    table = np.full(size, -1, np.int32)
    hashes = np.empty(len(ends), np.int64)
    firsts = np.empty(len(ends), np.int64)
    numbers = np.empty(len(ends), np.int64)
    count = begin = 0
    for word in range(len(ends)):
        value = np.int64(0)
        for i in range(begin, ends[word]):
            value = (value ^ symbols[i]) * 0x100000001B3  # as in FNV-1a, 64 bits
        begin = ends[word]
        slot = (value ^ (value >> 29)) & (size - 1)
        while table[slot] >= 0:
            other = table[slot]
            if hashes[other] == value and _same(symbols, ends, firsts[other], word):
                break
            slot = (slot + 1) & (size - 1)
        if table[slot] < 0:
            table[slot] = count
            hashes[count] = value
            firsts[count] = word
            count += 1
        numbers[word] = table[slot]
    return numbers, firsts[:count]


@kernel
def _find(gram: int, keys: NDArray[np.int64], slots: NDArray[np.int32]) -> tuple[bool, int]:
    """Whether any profile has a packed n-gram, and its row."""
    mask = len(keys) - 1
    slot = _home(gram, len(keys))
    while keys[slot] != gram:
        if keys[slot] == FREE:
            return False, 0
        slot = (slot + 1) & mask
    return True, slots[slot]


@kernel
def _weigh(
    symbols: NDArray[np.uint16],
    ends: NDArray[np.int64],
    firsts: NDArray[np.int64],
    upper: NDArray[np.bool_],
    table: Any,
    rows: NDArray[np.float64],
    ngrams: NDArray[np.int64],
) -> None:
    """The evidence of each distinct word, into `rows`, and its number of known n-grams."""
    # Unpacked once: handing all these arrays to a function for each n-gram takes ten times as long as its work.
    keys, slots, start, language, weight, dense = table
    languages = rows.shape[1]
    for number in range(len(firsts)):
        word = firsts[number]
        before, last = np.int64(0), np.int64(_SPACE)  # a word starts after a space, which counts as its character
        for i in range(ends[word - 1] if word else 0, ends[word]):
            symbol = np.int64(symbols[i])
            if symbol == _SPACE and last == _SPACE:
                continue
            gram = np.int64(0)
            sizes = 0 if upper[symbol] and upper[last] else 3 if before else 2
            for size in range(sizes):
                gram |= (symbol if size == 0 else last if size == 1 else before) << (16 * size)
                if size == 0 and symbol == _SPACE:
                    continue
                known, row = _find(gram, keys, slots)
                ngrams[number] += known
                if known and row < 0:  # a row of `dense`; the zeros in it change no bit
                    for k in range(languages):
                        rows[number, k] += dense[-1 - row, k]
                elif known:
                    for entry in range(start[row], start[row + 1]):
                        rows[number, language[entry]] += weight[entry]
            before, last = last, symbol


@kernel
def _total(
    numbers: NDArray[np.int64],
    upto: NDArray[np.int64],
    rows: NDArray[np.float64],
    row_ngrams: NDArray[np.int64],
    evidence: NDArray[np.float64],
    ngrams: NDArray[np.int64],
) -> None:
    """Each text's evidence and n-grams: its words', added in the order of the text."""
    word = 0
    for text in range(len(upto)):
        while word < upto[text]:
            number = numbers[word]
            ngrams[text] += row_ngrams[number]
            for language in range(rows.shape[1]):
                evidence[text, language] += rows[number, language]
            word += 1


def _score_block(buffer: NDArray[np.uint8], offsets: NDArray[np.int64], table: Profiles) -> Scores:
    letters = _letters(buffer, offsets, table.letters)
    symbols, bounds = _symbols(buffer, offsets, table.normal)
    ends, upto = _cut(symbols, bounds)
    numbers, firsts = _number(symbols, ends)
    rows = np.zeros((len(firsts), len(table.languages)))
    row_ngrams = np.zeros(len(firsts), np.int64)
    grams = (table.keys, table.slots, table.start, table.language, table.weight, table.dense)
    _weigh(symbols, ends, firsts, table.upper, grams, rows, row_ngrams)
    evidence = np.zeros((len(bounds), len(table.languages)))
    ngrams = np.zeros(len(bounds), np.int64)
    _total(numbers, upto, rows, row_ngrams, evidence, ngrams)
    return Scores(table.languages, evidence, ngrams, letters)


def score(buffer: NDArray[np.uint8], offsets: NDArray[np.int64]) -> Scores:
    """The evidence of every n-gram of each text for each of langdetect's languages.

    Parameters
    ----------
    buffer : (bytes,) the UTF-8 of all texts, one after another, each as `language_profiles.clean` returns it.
    offsets : (texts + 1,) where each text starts in `buffer`, and where the last one ends. Texts may be of any length,
        empty too; they are scored in blocks, on as many threads as `parallel` allows.
    """
    table = profiles()
    blocks = thread_map(lambda block: _score_block(buffer, block, table), _blocks(offsets))
    return Scores(
        table.languages,
        np.concatenate([block.evidence for block in blocks]),
        np.concatenate([block.ngrams for block in blocks]),
        np.concatenate([block.letters for block in blocks]),
    )


def count_letters(buffer: NDArray[np.uint8], offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    """The letters of each text, (texts,), counted as in `Scores.letters`; of the same parameters as `score`."""
    letter = profiles().letters
    return np.concatenate(thread_map(lambda block: _letters(buffer, block, letter), _blocks(offsets)))


def _blocks(offsets: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """The offsets of blocks of whole texts, each of `_BLOCK` bytes or of one text more."""
    blocks, begin = [], 0
    while begin < len(offsets) - 1:
        end = int(np.searchsorted(offsets, offsets[begin] + _BLOCK))
        end = min(max(end, begin + 1), len(offsets) - 1)
        blocks.append(offsets[begin : end + 1])
        begin = end
    return blocks or [offsets]
