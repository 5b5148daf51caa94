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
from curate.algorithms.language_profiles import FREE, WIDTH, Profiles, home, profiles
from curate.algorithms.language_words import SPACE, Words
from curate.algorithms.parallel import thread_map, threads
from curate.algorithms.texts import Texts

_home = kernel(home)

_LEAST: Final = 1 << 20
_BLOCK: Final = 1 << 23  # bytes scored at a time: enough for words to repeat, 30 MB of words in most texts


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
    for number in range(len(firsts)):
        word = firsts[number]
        before, last = np.int64(0), np.int64(SPACE)  # a word starts after a space, which counts as its character
        for i in range(ends[word - 1] if word else 0, ends[word]):
            symbol = np.int64(symbols[i])
            gram = np.int64(0)
            sizes = 0 if upper[symbol] and upper[last] else 3 if before else 2
            for size in range(sizes):
                gram |= (symbol if size == 0 else last if size == 1 else before) << (16 * size)
                if size == 0 and symbol == SPACE:
                    continue
                known, row = _find(gram, keys, slots)
                ngrams[number] += known
                if known and row < 0:  # a row of `dense`; the zeros in it change no bit
                    for k in range(WIDTH):
                        rows[number, k] += dense[-1 - row, k]
                elif known:
                    for entry in range(start[row], start[row + 1]):
                        rows[number, language[entry]] += weight[entry]
            before, last = last, symbol


@kernel
def _total(
    numbers: NDArray[np.int32],
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
            for language in range(WIDTH):
                evidence[text, language] += rows[number, language]
            word += 1


def _score_block(at: NDArray[np.int64], size: NDArray[np.int64], table: Profiles) -> Scores:
    words = Words(at, size, table.letters, table.normal)
    rows = np.zeros((len(words.firsts), WIDTH))
    row_ngrams = np.zeros(len(words.firsts), np.int64)
    grams = (table.keys, table.slots, table.start, table.language, table.weight, table.dense)
    _weigh(words.symbols, words.ends, words.firsts, table.upper, grams, rows, row_ngrams)
    evidence = np.zeros((len(size), WIDTH))
    ngrams = np.zeros(len(size), np.int64)
    _total(words.numbers, words.upto, rows, row_ngrams, evidence, ngrams)
    return Scores(table.languages, evidence[:, : len(table.languages)], ngrams, words.letters)


def score(buffer: NDArray[np.uint8], offsets: NDArray[np.int64]) -> Scores:
    """The evidence of every n-gram of each text for each of langdetect's languages.

    Parameters
    ----------
    buffer : (bytes,) the UTF-8 of all texts, one after another, each as `language_profiles.clean` returns it.
    offsets : (texts + 1,) where each text starts in `buffer`, and where the last one ends. Texts may be of any length,
        empty too; they are scored in blocks, on as many threads as `parallel` allows.
    """
    return score_texts(Texts(buffer.ctypes.data + offsets[:-1], np.diff(offsets), buffer))


def score_texts(texts: Texts) -> Scores:
    """As `score`, of texts where they lie."""
    table = profiles()
    parts = thread_map(lambda part: _score_block(texts.at[part], texts.size[part], table), _blocks(texts.size))
    return Scores(
        table.languages,
        np.concatenate([part.evidence for part in parts]),
        np.concatenate([part.ngrams for part in parts]),
        np.concatenate([part.letters for part in parts]),
    )


def _blocks(size: NDArray[np.int64]) -> list[slice]:
    """Blocks of whole texts, each of `_BLOCK` bytes at most or of one text, and one for each thread at least."""
    ends = np.cumsum(size)
    most = max(_LEAST, min(_BLOCK, int(size.sum()) // threads()))
    blocks, begin = [], 0
    while begin < len(size):
        done = int(ends[begin - 1]) if begin else 0
        end = max(int(np.searchsorted(ends, done + most, side="right")), begin + 1)
        blocks.append(slice(begin, end))
        begin = end
    return blocks or [slice(0, 0)]
