"""Which language a text is in: langdetect's n-gram profiles, summed exactly instead of sampled.

langdetect 1.0.9 (a port of Nakatani Shuyo's language-detection) holds, for each of 55 languages, the relative
frequencies of the 1-, 2- and 3-character n-grams of its Wikipedia abstracts. Its detector draws n-grams of the
text at random, multiplies their smoothed probabilities until one language exceeds 0.99999, and averages seven
such trials: slow, and unstable where the n-grams disagree. Here every n-gram of the text counts once:

    log P(language | text) = sum over n-grams g of log(p(g | language) + alpha / 10000) + constant

with alpha = 0.5, the mean of langdetect's (`detector.py`: ALPHA_DEFAULT, BASE_FREQ), and a flat prior. What an
n-gram is (normalisation, capitalised words, URLs and mail addresses, Latin letters inside other scripts) follows
`detector.py` and `utils/ngram.py` of the installed package; a text is not cut at 10,000 characters.

N-grams never cross a space, so a word's contribution depends on the word alone. It is computed once per distinct
word of a call, by adding its n-grams in order, and a text's score adds its words in order: the same bits for any
split of the texts into calls, and for any number of threads.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from curate.algorithms.parallel import thread_map

#: Smoothing added to each relative frequency: langdetect's ALPHA_DEFAULT / BASE_FREQ.
SMOOTHING: Final = 0.5 / 10000
#: Language of a text in which no n-gram of any profile occurs.
UNDETERMINED: Final = "und"

_SPACE: Final = 32
_EMPTY: Final = -1
_CHUNK: Final = 4 << 20  # characters scored by one thread at a time


@dataclass(frozen=True)
class Profiles:
    """langdetect's profiles as one sparse table, n-grams by languages.

    Parameters
    ----------
    languages : codes as langdetect names them, sorted; their position is the language's number.
    normal : (65536,) uint16, each character of the Basic Multilingual Plane as langdetect's `NGram.normalize` has it.
    upper : (65536,) bool, whether the normalised character is upper case.
    keys, slots : (2^k,) int64 and int32, an open-addressing hash table from packed n-gram to row of the table;
        an n-gram's characters are packed in 16 bits each, the last one lowest, and a free slot is -1.
    start : (n-grams + 1,) int32, where each row begins in `language` and `weight`.
    language, weight : uint8 and float64, the languages that have the n-gram, and log(p / SMOOTHING + 1).
    """

    languages: tuple[str, ...]
    normal: NDArray[np.uint16]
    upper: NDArray[np.bool_]
    keys: NDArray[np.int64]
    slots: NDArray[np.int32]
    start: NDArray[np.int32]
    language: NDArray[np.uint8]
    weight: NDArray[np.float64]


def known_languages() -> tuple[str, ...]:
    """The codes of the languages that langdetect has profiles for, sorted; reads the folder, not the profiles."""
    folder = resources.files("langdetect") / "profiles"
    return tuple(sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith((".", "_"))))


@functools.cache
def profiles() -> Profiles:
    """The profiles of the installed langdetect; read once per process, in about a third of a second."""
    from langdetect.utils.ngram import NGram

    folder = resources.files("langdetect") / "profiles"
    packed, numbers, weights, languages = [], [], [], known_languages()
    for number, code in enumerate(languages):
        profile = json.loads((folder / code).read_text(encoding="utf-8"))
        grams, key = _pack(list(profile["freq"]))
        total = np.asarray(profile["n_words"], np.float64)[np.array([len(gram) - 1 for gram in grams])]
        frequency = np.array([profile["freq"][gram] for gram in grams], np.float64) / total
        packed.append(key)
        weights.append(np.log1p(frequency / SMOOTHING))
        numbers.append(np.full(len(grams), number, np.uint8))
    key = np.concatenate(packed)
    order = np.argsort(key, kind="stable")
    distinct, first = np.unique(key[order], return_index=True)
    keys, slots = _hash_table(distinct)
    normal = [NGram.normalize(chr(code)) for code in range(1 << 16)]
    return Profiles(
        languages=languages,
        normal=np.array([ord(char) for char in normal], np.uint16),
        upper=np.array([char.isupper() for char in normal]),
        keys=keys,
        slots=slots,
        start=np.append(first, len(order)).astype(np.int32),
        language=np.concatenate(numbers)[order],
        weight=np.concatenate(weights)[order],
    )


def _pack(grams: list[str]) -> tuple[list[str], NDArray[np.int64]]:
    """The n-grams of 1 to 3 characters, and each packed in an integer, 16 bits for a character."""
    grams = [gram for gram in grams if 1 <= len(gram) <= 3]
    codes = np.frombuffer("".join(gram.rjust(3, "\0") for gram in grams).encode("utf-32-le"), np.uint32)
    wide = codes.reshape(-1, 3).astype(np.int64)
    return grams, (wide[:, 0] << 32) | (wide[:, 1] << 16) | wide[:, 2]


@njit(cache=True, nogil=True, inline="always")  # type: ignore[untyped-decorator]
def _mix(value: int) -> int:
    """Spread the bits of an n-gram or of a running hash over a non-negative int64."""
    value = (value ^ (value >> 29)) * 0x1CE4E5B9BF58476D
    value = (value ^ (value >> 32)) * 0x14D049BB133111EB
    return (value ^ (value >> 29)) & 0x7FFFFFFFFFFFFFFF


@njit(cache=True)  # type: ignore[untyped-decorator]
def _hash_table(distinct: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    size = 1
    while size < 3 * len(distinct):
        size *= 2
    keys = np.full(size, _EMPTY, np.int64)
    slots = np.zeros(size, np.int32)
    for row in range(len(distinct)):
        slot = _mix(distinct[row]) & (size - 1)
        while keys[slot] != _EMPTY:
            slot = (slot + 1) & (size - 1)
        keys[slot] = distinct[row]
        slots[slot] = row
    return keys, slots
