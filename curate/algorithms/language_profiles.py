"""langdetect's language profiles, merged into one sparse table of n-grams by languages.

langdetect 1.0.9 (a port of Nakatani Shuyo's language-detection, 2010) ships, for each of 55 languages, how often
each 1-, 2- and 3-character n-gram occurs in the language's Wikipedia abstracts. They are read from the installed
package (`langdetect/profiles/*`, JSON: `freq`, `n_words`), nothing is copied here.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

#: Smoothing added to each relative frequency: langdetect's ALPHA_DEFAULT / BASE_FREQ (`detector.py`).
SMOOTHING: Final = 0.5 / 10000
#: Characters of scripts in which one of them carries about as much as a short word: Kana, Han, Hangul.
SYLLABIC: Final = (
    (0x3041, 0x3100),
    (0x31F0, 0x3200),
    (0x3400, 0x4DC0),
    (0x4E00, 0xA000),
    (0xAC00, 0xD7A4),
    (0xF900, 0xFB00),
    (0x20000, 0x40000),
)
#: How many letters one of them counts for.
SYLLABIC_LETTERS: Final = 3
FREE: Final = -1
#: Characters of langdetect's longest n-grams.
_LONGEST: Final = 3
#: Of an n-gram that so many languages have, the weights stand as a whole row: adding one is faster than picking.
DENSE: Final = 8
#: Columns of such a row: one for each of langdetect's 55 languages, and one more, as whole registers are added.
WIDTH: Final = 56

#: Characters outside the Basic Multilingual Plane are in no profile; two stand for all of them.
OUTSIDE: Final = 0xFFFF
_OUTSIDE_UPPER: Final = 0xFFFE

_PLANE: Final = 1 << 16
#: Letters end with the third plane; characters from here on are neither letters nor upper case.
_LETTERS_END: Final = 4 * _PLANE


@dataclass(frozen=True)
class Profiles:
    """The merged profiles, and what langdetect does to single characters.

    Parameters
    ----------
    languages : codes as langdetect names them, sorted; a language's number is its position.
    normal : (262144,) uint16, each character of the first four planes as `NGram.normalize` returns it, those outside
        the first plane as one of two that stand for all.
    upper : (65536,) bool, whether a normalised character is upper case.
    letters : (262144,) int64, for how many letters a character counts: 0, 1, or `SYLLABIC_LETTERS`.
    keys, slots : (2^k,) int64 and int32, a hash table with open addressing from packed n-gram to row; a free key
        is `FREE`. An n-gram is packed with 16 bits for each character, the last one lowest. A row below 0 is row
        -1 - row of `dense`.
    start : (rows + 1,) int32, where each row begins in `language` and `weight`.
    language, weight : (entries,) uint8 and float64: the languages that have the row's n-gram, in order, and
        log(p / SMOOTHING + 1), which is what the n-gram adds to the language's score beyond the constant
        log(SMOOTHING) that it adds to all.
    dense : (dense rows, WIDTH) float64, the weights of the n-grams that `DENSE` languages or more have, 0 where
        one lacks it. They are few, and nine of ten n-grams of a text are among them.
    """

    languages: tuple[str, ...]
    normal: NDArray[np.uint16]
    upper: NDArray[np.bool_]
    letters: NDArray[np.int64]
    keys: NDArray[np.int64]
    slots: NDArray[np.int32]
    start: NDArray[np.int32]
    language: NDArray[np.uint8]
    weight: NDArray[np.float64]
    dense: NDArray[np.float64]


def _folder() -> Path:
    spec = find_spec("langdetect")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("langdetect is not installed, although curate depends on it", name="langdetect")
    return Path(spec.submodule_search_locations[0]) / "profiles"


@functools.cache
def known_languages() -> tuple[str, ...]:
    """The codes of langdetect's languages, sorted; lists its folder without importing it."""
    return tuple(sorted(path.name for path in _folder().iterdir() if path.is_file() and not path.name.startswith(".")))


@functools.cache
def profiles() -> Profiles:
    """The merged profiles of the installed langdetect: read at first use, then kept (9 MB, a fifth of a second)."""
    from langdetect.utils.ngram import NGram

    languages = known_languages()
    if len(languages) > WIDTH:
        raise ValueError(f"langdetect has {len(languages)} languages; {WIDTH} are provided for")
    grams: list[str] = []
    numbers, weights = [], []
    for number, code in enumerate(languages):
        profile = json.loads((_folder() / code).read_text(encoding="utf-8"))
        frequency = {gram: count for gram, count in profile["freq"].items() if 1 <= len(gram) <= _LONGEST}
        size = np.fromiter(map(len, frequency), np.int64, len(frequency))
        total = np.array(profile["n_words"], np.float64)[size - 1]
        grams += frequency
        weights.append(np.log1p(np.fromiter(frequency.values(), np.float64, len(frequency)) / total / SMOOTHING))
        numbers.append(np.full(len(frequency), number, np.uint8))
    key = _pack(grams)
    order = np.argsort(key, kind="stable")
    distinct, first = np.unique(key[order], return_index=True)
    start = np.append(first, len(order)).astype(np.int32)
    language, weight = np.concatenate(numbers)[order], np.concatenate(weights)[order]
    wide, dense = _dense(start, language, weight)
    keys, slots = _hash_table(distinct)
    slots = np.where(wide[slots] < 0, slots, -1 - wide[slots]).astype(np.int32)
    normal, upper, letters = _characters(NGram.normalize)
    return Profiles(
        languages=languages,
        normal=normal,
        upper=upper,
        letters=letters,
        keys=keys,
        slots=slots,
        start=start,
        language=language,
        weight=weight,
        dense=dense,
    )


def _dense(
    start: NDArray[np.int32], language: NDArray[np.uint8], weight: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """For each row its number among the dense ones, or -1; and the dense rows."""
    entries = np.diff(start)
    wide = np.where(entries >= DENSE, np.cumsum(entries >= DENSE) - 1, -1)
    of_entry = np.repeat(wide, entries)
    dense = np.zeros((int(wide.max()) + 1, WIDTH))
    dense[of_entry[of_entry >= 0], language[of_entry >= 0]] = weight[of_entry >= 0]
    return wide, dense


def _characters(
    normalize: Callable[[str], str],
) -> tuple[NDArray[np.uint16], NDArray[np.bool_], NDArray[np.int64]]:
    """The tables `normal`, `upper` and `letters` of `Profiles`."""
    every = np.arange(_LETTERS_END, dtype=np.uint32).view("U1")
    upper, letters = np.char.isupper(every), np.char.isalpha(every).astype(np.int64)
    for first, end in SYLLABIC:
        letters[first:end] *= SYLLABIC_LETTERS
    normal = np.where(upper, _OUTSIDE_UPPER, OUTSIDE).astype(np.uint16)
    normal[:_PLANE] = np.fromiter(map(ord, map(normalize, map(chr, range(_PLANE)))), np.uint16, _PLANE)
    normal[_OUTSIDE_UPPER] = OUTSIDE  # the code points used as stand-ins are no characters
    upper = upper[:_PLANE].copy()
    upper[_OUTSIDE_UPPER] = True
    return normal, upper, letters


def _pack(grams: list[str]) -> NDArray[np.int64]:
    """The packed n-grams; shorter ones have zeros in front."""
    codes = np.array(grams, f"U{_LONGEST}").view(np.uint32).reshape(-1, _LONGEST).astype(np.int64)
    packed = codes[:, 0]
    for place in range(1, _LONGEST):
        packed = np.where(codes[:, place] != 0, (packed << 16) | codes[:, place], packed)
    return packed


def home(key: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """The slot at which the search for `key` begins in a table of `size` (a power of two) slots."""
    mixed = key ^ (key >> 15) ^ (key >> 31)
    return ((mixed * 0x9E3779B1) >> 15) & (size - 1)


def _hash_table(distinct: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Open addressing with linear probing, a third full at most; all keys still homeless move on together."""
    size = 1 << int(3 * len(distinct)).bit_length()
    keys = np.full(size, FREE, np.int64)
    slots = np.zeros(size, np.int32)
    left, at = np.arange(len(distinct)), home(distinct, size)
    while len(left):
        # The first of several keys that want the same slot gets it, in the order of the keys.
        wanted, winner = np.unique(at, return_index=True)
        winner = winner[keys[wanted] == FREE]
        keys[at[winner]] = distinct[left[winner]]
        slots[at[winner]] = left[winner]
        rest = np.ones(len(left), np.bool_)
        rest[winner] = False
        left, at = left[rest], (at[rest] + 1) & (size - 1)
    return keys, slots


@functools.cache
def _cleaners() -> tuple[Any, Any, Any]:
    """langdetect's own patterns for URLs and mail addresses, and its normaliser for Vietnamese."""
    from langdetect.detector import Detector
    from langdetect.utils.ngram import NGram

    return Detector.URL_RE, Detector.MAIL_RE, NGram.normalize_vi


@functools.cache
def unclean() -> tuple[str, ...]:
    """What a text holds one of where `clean` may change it."""
    from langdetect.utils.ngram import NGram

    return "://", "@", *NGram.DMARK_CLASS


def clean(text: str) -> str:
    """What langdetect does to a text before it cuts n-grams: no URLs and mail addresses, Vietnamese marks joined."""
    url, mail, vietnamese = _cleaners()
    return str(vietnamese(mail.sub(" ", url.sub(" ", text))))
