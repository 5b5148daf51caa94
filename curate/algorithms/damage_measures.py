"""What the words of a response, and those of its instruction, show of damage: numbers for each pair of texts."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from numba import carray

from curate.algorithms.damage_characters import (
    CAPITAL,
    CLOSED,
    DIGIT,
    FOREIGN,
    LINE,
    LOWER,
    PAUSE,
    STOP,
    UPPER,
    decode,
)
from curate.algorithms.damage_classes import CLASSES, FORMS
from curate.algorithms.damage_words import (
    BASIS,
    BOUNDARY,
    COMMA,
    ENDS_OPEN,
    Lexicon,
    blank_words,
    mix,
    slot_of,
    split,
)
from curate.algorithms.jit import at_address, kernel
from curate.algorithms.parallel import thread_map, threads
from curate.algorithms.texts import Texts

#: The columns of what `measure` returns, in order.
MEASURES: Final[tuple[str, ...]] = (
    "words", "starts", "lower_starts", "capital", "upper", "stops", "pauses", "stop_lower", "latin", "unknown", "long",
    "doubled", "order", "pairs", "function", "copied", "hanging", "last_known", "tail", "foreign",
    "asked_words", "echo_asked", "echo_given", "echo_prefix", "cover_asked", "cover_given", "shared", "asked_weight",
    "given_weight", "copies", "echo_first", "digits",
)  # fmt: skip
_FORMS: Final = len(FORMS)
_CLASSES: Final = len(CLASSES)
#: Words of an n-gram that counts as copied from the instruction.
ECHO_WORDS: Final = 5
#: The fewest words of a sentence whose copy counts.
SENTENCE_WORDS: Final = 4
_MULTIPLIER: Final = np.uint64(0x9E3779B97F4A7C15)
_SHIFT: Final = np.uint64(29)
#: The longest word but for compounds: "internationalization" has 20 letters.
LONGEST: Final = 22


@kernel
def _case(count: int, words: Any, out: Any) -> None:
    """Capitals, marks, unknown and overlong words."""
    latin, unknown, long, doubled = 0, 0, 0, 0
    for i in range(count):
        facts = words.facts[i]
        start = i == 0 or words.facts[i - 1] & (STOP | LINE)
        if start and facts & (CAPITAL | LOWER):
            out[1] += 1
            out[2] += (facts & LOWER) != 0
        out[3] += (facts & CAPITAL) != 0
        out[4] += (facts & UPPER) != 0
        out[5] += (facts & STOP) != 0
        out[6] += (facts & PAUSE) != 0
        after = i and words.facts[i - 1] & STOP and not words.facts[i - 1] & (LINE | PAUSE | CLOSED)
        # An initial or an abbreviation ("e.g.", "vs.", "p. 3") ends in a point, too.
        out[7] += (after and facts & LOWER and words.chars[i - 1] > 3) != 0
        if facts & LOWER and not facts & (DIGIT | FOREIGN) and words.chars[i] > 2:
            latin += 1
            unknown += words.rank[i] < 0
        long += words.chars[i] > LONGEST and not facts & FOREIGN
        if i and words.hashed[i] == words.hashed[i - 1] and not facts & (DIGIT | FOREIGN) and words.chars[i] > 1:
            doubled += not words.facts[i - 1] & (STOP | PAUSE | LINE | CLOSED)
        out[14] += words.kind[i] >= _FORMS
        out[19] += (facts & FOREIGN) != 0
        out[31] += (facts & DIGIT) != 0
    out[8], out[9], out[10], out[11] = latin, unknown, long, doubled


@kernel
def _order(count: int, words: Any, table: Any, counts: Any, out: Any) -> None:
    """The log-likelihood of the classes' order over that of no order, and how many pairs it is summed over.

    Every pair is added to `counts`, too, from which `table` is made.
    """
    before = BOUNDARY
    for i in range(count):
        kind = words.kind[i]
        counts[before, kind] += 1
        # Of two words that are no function words (names in a list) little is known.
        if before >= _FORMS or kind >= _FORMS:
            out[12] += table[before, kind]
            out[13] += 1
        before = kind
        facts = words.facts[i]
        mark = BOUNDARY if facts & (STOP | LINE) else (COMMA if facts & (PAUSE | CLOSED) else -1)
        if mark >= 0:
            if before >= _FORMS:
                out[12] += table[before, mark]
            counts[before, mark] += 1
            before = mark


@kernel
def _cleared(used: Any, entries: int) -> int:
    """Empty as many slots of an open-addressed table as hold `entries` well; the mask of their numbers."""
    size = 8
    while size < 2 * entries:
        size *= 2
    used[:size] = False
    return size - 1


@kernel
def _sentences(count: int, words: Any, keys: Any, used: Any, out: Any) -> None:
    """The share of words in sentences that were there before, and how many such sentences there are."""
    mask = _cleared(used, count // SENTENCE_WORDS)
    start, copied = 0, 0
    hashed = BASIS
    for i in range(count):
        hashed = mix(hashed, words.hashed[i])
        if words.facts[i] & (STOP | LINE) or i == count - 1:
            if i - start + 1 >= SENTENCE_WORDS:
                slot = slot_of(keys, used, mask, hashed)
                if used[slot]:
                    copied += i - start + 1
                    out[29] += 1
                used[slot], keys[slot] = True, hashed
            start, hashed = i + 1, BASIS
    out[15] = copied / count


@kernel
def _ending(count: int, words: Any, asked: int, other: Any, out: Any) -> None:
    """The last word: whether a text can end in it, and whether it is known; and how many words stand unended."""
    last = count - 1
    out[16] = ENDS_OPEN[words.kind[last]]
    known = words.rank[last] >= 0 or words.facts[last] & (CAPITAL | DIGIT | FOREIGN) != 0 or words.chars[last] < 2
    if not known:
        for i in range(last):
            known = known or words.stem[i] == words.stem[last]
        for i in range(asked):
            known = known or other.stem[i] == words.stem[last]
    out[17] = known
    tail = 0
    while tail < count and not words.facts[last - tail] & (STOP | LINE):
        tail += 1
    out[18] = tail


@kernel
def _gram(words: Any, i: int) -> Any:
    """The hash of the `ECHO_WORDS` words from word `i` on."""
    hashed = words.hashed[i]
    for j in range(1, ECHO_WORDS):
        hashed = hashed * _MULTIPLIER + words.hashed[i + j]
    return (hashed ^ (hashed >> _SHIFT)) * _MULTIPLIER


@kernel
def _echo(asked: int, other: Any, count: int, words: Any, room: Any, out: Any) -> None:
    """Shares of the instruction's and the response's words in n-grams that both have, and the common beginning."""
    keys, used, mark, slots = room
    prefix = 0
    while prefix < min(asked, count) and other.hashed[prefix] == words.hashed[prefix]:
        prefix += 1
    out[23] = prefix
    if asked < ECHO_WORDS or count < ECHO_WORDS:
        return
    mask = _cleared(used, asked)
    for i in range(asked - ECHO_WORDS + 1):
        hashed = _gram(other, i)
        slot = slot_of(keys, used, mask, hashed)
        used[slot], keys[slot], mark[slot], slots[i] = True, hashed, 0, slot
    covered, reached = 0, 0
    for i in range(count - ECHO_WORDS + 1):
        slot = slot_of(keys, used, mask, _gram(words, i))
        if used[slot]:
            mark[slot] = 1
            covered += i + ECHO_WORDS - max(i, reached)
            reached = i + ECHO_WORDS
    if not covered:
        return
    out[22] = covered / count
    # Those of the instruction that the response has are the marked ones.
    covered, reached = 0, 0
    for i in range(asked - ECHO_WORDS + 1):
        if mark[slots[i]]:
            covered += i + ECHO_WORDS - max(i, reached)
            reached = i + ECHO_WORDS
    out[21], out[30] = covered / asked, mark[slots[0]]


@kernel
def _weight(words: Any, i: int, weights: Any) -> float:
    """How much a word tells what a text is about: 0 for function words, 1 for words in no vocabulary."""
    if words.kind[i] >= _FORMS or words.chars[i] < 2:
        return 0.0
    return weights[words.rank[i] + 1]  # type: ignore[no-any-return]


@kernel
def _cover(asked: int, other: Any, count: int, words: Any, room: Any, weights: Any, out: Any) -> None:
    """How much of what the instruction is about the response takes up, and the other way round."""
    keys, used, mark, _ = room
    mask = _cleared(used, asked)
    total, given, shared, taken = 0.0, 0.0, 0.0, 0.0
    for i in range(asked):
        weight = _weight(other, i, weights)
        slot = slot_of(keys, used, mask, other.stem[i])
        if weight > 0 and not used[slot]:
            used[slot], keys[slot], mark[slot] = True, other.stem[i], 0
            total += weight
    for i in range(count):
        weight = _weight(words, i, weights)
        if weight == 0:
            continue
        given += weight
        slot = slot_of(keys, used, mask, words.stem[i])
        if used[slot]:
            taken += weight
            if mark[slot] == 0:
                mark[slot] = 1
                shared += weight
    out[24] = shared / total if total > 0 else 0.0
    out[25] = taken / given if given > 0 else 0.0
    out[26], out[27], out[28] = shared, total, given


@kernel
def _measure(  # noqa: PLR0913, PLR0917 - a kernel takes arrays one by one
    asked: Any, given: Any, few: Any, room: Any, lexicon: Any, table: Any, known: int, counts: Any, out: Any
) -> None:
    other, words, tables, points, weights = room
    keys, used, _, _ = tables
    scale = np.log(1.0 + known)
    weights[0] = 1.0
    for rank in range(known):
        weights[rank + 1] = np.log(1.0 + rank) / scale
    for d in range(len(out)):
        row = out[d]
        size = decode(carray(at_address(given[0][d]), given[1][d], dtype=np.uint8), points)
        count = split(points[:size], words, lexicon)
        if count == 0:
            continue
        before = 0
        if count > few[0] or given[1][d] > few[1]:
            size = decode(carray(at_address(asked[0][d]), asked[1][d], dtype=np.uint8), points)
            before = split(points[:size], other, lexicon)
        row[0], row[20] = count, before
        _case(count, words, row)
        _order(count, words, table, counts, row)
        _sentences(count, words, keys, used, row)
        _ending(count, words, before, other, row)
        if before:
            _echo(before, other, count, words, tables, row)
            _cover(before, other, count, words, tables, weights, row)


def measure(
        asked: Texts, given: Texts, lexicon: Lexicon, order: npt.NDArray[np.float64], known: int,
        *, few: tuple[int, int] = (0, 0)) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:  # fmt: skip
    """The `MEASURES` of each response beside its instruction, and the pairs of classes counted over all responses.

    Parameters
    ----------
    asked, given : instructions and responses, as many of each.
    lexicon : known words, of `lexicon_of`.
    order : (classes, classes), log of how much more often a class follows another than by chance; see `pair_weights`.
    known : words of the vocabulary behind `lexicon`; the weight of its word of rank r is log(1 + r) / log(1 + known),
        the inverse frequency of Zipf's law.
    few : words, and bytes, up to which a response is so short that its instruction is not read, as if there were none.

    Returns
    -------
    Float64, (texts, len(MEASURES)), all zero for a response without words; and Int64, (classes, classes). Of the
    columns, `order` is in nats; `capital` to `stop_lower`, `latin` to `doubled`, `function`, `foreign` and `digits`
    count words.
    """
    out = np.zeros((len(given), len(MEASURES)), np.float64)
    cuts = np.linspace(0, len(given), min(threads(), max(len(given), 1)) + 1).astype(np.int64)

    def part(bounds: tuple[int, int]) -> npt.NDArray[np.int64]:
        some = slice(*bounds)
        counts = np.zeros((_CLASSES, _CLASSES), np.int64)
        longest = [int(texts.size[some].max(initial=0)) for texts in (asked, given)]
        size = 1 << int(2 * max(longest) + 8).bit_length()
        tables = np.empty(size, np.uint64), np.empty(size, np.bool_), np.empty(size, np.int8), np.empty(size, np.int64)
        room = (
            *map(blank_words, longest), tables, np.empty(max(longest), np.uint32), np.empty(known + 1, np.float64),
        )  # fmt: skip
        sides = ((texts.at[some], texts.size[some]) for texts in (asked, given))
        _measure(*sides, few, room, lexicon, order, known, counts, out[some])
        return counts

    parts = thread_map(part, list(zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True)))
    return out, np.sum(parts, axis=0, dtype=np.int64)


def pair_weights(counts: npt.NDArray[np.int64], shuffled: npt.NDArray[np.int64], cap: float) -> npt.NDArray[np.float64]:
    """Log-ratio of the pairs of classes in texts to those in the same texts shuffled, add-one smoothed, in nats.

    Parameters
    ----------
    counts, shuffled : (classes, classes), how often each class is followed by each other.
    cap : largest absolute weight.
    """
    real = (counts + 1.0) / (counts + 1.0).sum(axis=1, keepdims=True)
    chance = (shuffled + 1.0) / (shuffled + 1.0).sum(axis=1, keepdims=True)
    weights: npt.NDArray[np.float64] = np.clip(np.log(real / chance), -cap, cap).round(2)
    return weights
