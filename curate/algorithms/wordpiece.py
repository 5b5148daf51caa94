"""Word pieces of texts by greedy longest match, compiled (Schuster & Nakajima 2012; BERT uncased, Devlin et al. 2019).

BERT's tokenizer looks at nothing across white space, so a text is cut into *chunks* at spaces, tabs and line breaks. A
chunk of visible ASCII is cut here: each punctuation mark is a word, and each run of letters and digits, in lower case;
a word is the longest piece that it begins with, then the longest continuing piece (`##`), and so on. All other chunks
need Unicode's tables; `odd_chunks` finds them, and whoever asks brings their pieces.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import carray

from curate.algorithms.jit import at_address, kernel

#: Longer words are unknown, as in BERT.
LONGEST: Final = 100
_BEGINS: Final = np.uint64(0xCBF29CE484222325)
_GOES_ON: Final = np.uint64(0x6A09E667F3BCC909)
#: The hash is FNV-1a (Fowler, Noll & Vo), whose place in the table is taken from its high bits once more multiplied.
_PRIME: Final = np.uint64(0x100000001B3)
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
_HIGH: Final = np.uint64(32)
#: Words remembered by `count`, as a power of two: what fits into the cache of one core.
_WORDS: Final = 14
#: Bytes that are looked at together.
_STRIDE: Final = 64
#: Of each byte: what it is, and its small letter.
_GAP, _ALNUM, _MARK, _ODD = range(4)
_KIND: Final = np.array(
    [
        _GAP if chr(byte) in " \t\n\r" else _ODD if not 0x20 < byte < 0x7F else _ALNUM if chr(byte).isalnum() else _MARK
        for byte in range(256)
    ],
    np.uint8,
)
_SMALL: Final = np.array([ord(chr(byte).lower()) if byte < 0x80 else byte for byte in range(256)], np.uint64)


#: A slot of the table has the high bits of a piece's hash and, in the low ones, its number and one; 0 is empty. In
#: one word, a look costs one line of the processor's cache, and the table of BERT's pieces stays in it.
_LOW: Final = np.uint64((1 << 20) - 1)


class Pieces(NamedTuple):
    """An open-addressed table of word pieces, uint64; and the number of `[UNK]`."""

    slots: npt.NDArray[np.uint64]
    unknown: int


@kernel
def _next(hashed: np.uint64, byte: Any) -> Any:
    return (hashed ^ np.uint64(byte)) * _PRIME


@kernel
def _slot(slots: Any, key: np.uint64) -> Any:
    """The slot of `key`, or the empty one where it belongs."""
    mask = len(slots) - 1
    slot = np.int64((key * _MIX) >> _HIGH) & mask
    while slots[slot] != 0 and (slots[slot] ^ key) > _LOW:
        slot = (slot + 1) & mask
    return slot


@kernel
def _fill(text: Any, starts: Any, slots: Any) -> None:
    for piece in range(len(starts) - 1):
        begin, end = starts[piece], starts[piece + 1]
        going_on = end - begin > 2 and text[begin] == 0x23 and text[begin + 1] == 0x23
        key = _GOES_ON if going_on else _BEGINS
        for i in range(begin + 2 * going_on, end):
            key = _next(key, text[i])
        slots[_slot(slots, key)] = (key & ~_LOW) | np.uint64(piece + 1)


def pieces_of(vocabulary: list[str], unknown: str = "[UNK]") -> Pieces:
    """The table of a vocabulary; the number of a piece is its place."""
    if len(vocabulary) >= _LOW:
        raise ValueError(f"{len(vocabulary):,} word pieces are more than the table has numbers for")
    table = Pieces(np.zeros(1 << (2 * len(vocabulary)).bit_length(), np.uint64), vocabulary.index(unknown))
    encoded = [piece.encode() for piece in vocabulary]
    starts = np.concatenate([[0], np.cumsum([len(piece) for piece in encoded])]).astype(np.int64)
    _fill(np.frombuffer(b"".join(encoded), np.uint8), starts, table.slots)
    return table


@kernel
def _chunk_end(text: Any, i: int, size: int) -> Any:
    """Where the chunk that begins at `i` ends, and whether it is anything but visible ASCII."""
    odd = False
    while i < size:
        kind = _KIND[text[i]]
        if kind == _GAP:
            break
        odd |= kind == _ODD
        i += 1
    return i, odd


@kernel
def _any_odd(text: Any) -> Any:
    """Whether any byte is neither visible ASCII nor a gap: a loop that processors run over many bytes at once."""
    found = np.uint8(0)
    for i in range(len(text)):
        byte = text[i]
        control = (byte < 0x20) & (byte != 0x09) & (byte != 0x0A) & (byte != 0x0D)
        found |= np.uint8(control | (byte >= 0x7F))
    return found != 0


@kernel
def odd_chunks(at: Any, size: Any, most: int, read: Any, places: Any) -> int:
    """The chunks that are not of visible ASCII, in order: address and bytes into `places`, as far as it has room.

    Of each text the first `most` characters count; how many bytes these are goes into `read`. Returns their number.
    """
    count = 0
    for d in range(len(at)):
        text = carray(at_address(at[d]), size[d], dtype=np.uint8)
        end = size[d]
        if end > most:
            # A byte that goes on with a character begins none.
            end, left = 0, most
            while end < size[d]:
                left -= text[end] & 0xC0 != 0x80
                if left < 0:
                    break
                end += 1
        read[d] = end
        if not _any_odd(text[:end]):
            continue
        i = 0
        while i < end:
            some = text[i : min(i + _STRIDE, end)]
            odd = False
            for j in range(len(some)):  # shaped so that it becomes a few wide comparisons
                byte = some[j]
                odd |= (byte > 0x7E) | ((byte < 0x20) & (byte != 0x09) & (byte != 0x0A) & (byte != 0x0D))
            if not odd:
                i += len(some)
                continue
            while _KIND[text[i]] != _ODD:
                i += 1
            begin = i
            while begin > 0 and _KIND[text[begin - 1]] != _GAP:
                begin -= 1
            i, _ = _chunk_end(text, i, end)
            if count < len(places):
                places[count, 0], places[count, 1] = at[d] + begin, i - begin
            count += 1
    return count


@kernel
def middles(at: Any, size: Any, most: int, places: Any) -> None:
    """Where each text is halved: the chunk's begin, the middle, the chunk's end, in bytes; `places` has shape (n, 3).

    The middle is where the second half of the characters begins, the chunk the one that lies across it. The begin is
    -1 where that chunk is odd, or the text has more than `most` characters.
    """
    for d in range(len(at)):
        text = carray(at_address(at[d]), size[d], dtype=np.uint8)
        left = 0
        for i in range(size[d]):
            left += text[i] & 0xC0 != 0x80
        places[d, 0] = -1
        if left > most:
            continue
        left //= 2
        middle = 0
        while middle < size[d]:
            left -= text[middle] & 0xC0 != 0x80
            if left < 0:
                break
            middle += 1
        begin = middle
        while begin > 0 and _KIND[text[begin - 1]] != _GAP:
            begin -= 1
        end, odd = _chunk_end(text, begin, size[d])
        if begin == middle or not odd:
            places[d, 0], places[d, 1], places[d, 2] = begin, middle, end if begin < middle else middle


@kernel
def _cut_word(text: Any, begin: int, end: int, pieces: Any, hashes: Any, out: Any, used: int) -> int:
    """Append the pieces of one word to `out` at `used`; the new length."""
    slots, unknown = pieces
    first = used
    if end - begin > LONGEST:
        out[used] = unknown
        return used + 1
    while begin < end:
        hashed = _BEGINS if used == first else _GOES_ON
        for i in range(begin, end):
            hashed = _next(hashed, _SMALL[text[i]])
            hashes[i - begin] = hashed
        length, found = end - begin, np.uint64(0)
        while length > 0:
            found = slots[_slot(slots, hashes[length - 1])]
            if found != 0:
                break
            length -= 1
        if length == 0:
            out[first] = unknown
            return first + 1
        out[used] = np.int32(found & _LOW) - np.int32(1)
        used += 1
        begin += length
    return used


@kernel
def cut(text: Any, most: int, pieces: Any, odd: Any, next_odd: int, hashes: Any, out: Any) -> Any:
    """The first `most` pieces of a text into `out`, which has room for `LONGEST` more; and how many odd chunks it has.

    `odd` has the pieces of all odd chunks, one after another, and where those of each begin; the text's own begin with
    number `next_odd`. A chunk is cut before it is known whether it is odd: few are.
    """
    ids, begins = odd
    slots, _ = pieces
    used, i, size, seen = 0, 0, len(text), next_odd
    while i < size:
        kind = _KIND[text[i]]
        if kind == _GAP:
            i += 1
            continue
        before, is_odd = used, False
        while kind != _GAP:
            begin, hashed = i, _next(_BEGINS, _SMALL[text[i]])
            what = kind
            i += 1
            kind = _KIND[text[i]] if i < size else _GAP
            while what == _ALNUM and kind == _ALNUM:
                hashed = _next(hashed, _SMALL[text[i]])
                i += 1
                kind = _KIND[text[i]] if i < size else _GAP
            is_odd |= what == _ODD
            if used >= most or is_odd:
                continue
            whole = slots[_slot(slots, hashed)]  # most words are one piece
            if whole != 0:
                out[used] = np.int32(whole & _LOW) - np.int32(1)
                used += 1
            else:
                used = _cut_word(text, begin, i, pieces, hashes, out, used)
        if is_odd:
            used = before
            for spot in range(begins[seen], begins[seen + 1]):
                if used < most:
                    out[used] = ids[spot]
                    used += 1
            seen += 1
    return min(used, most), seen


@kernel
def count(at: Any, size: Any, pieces: Any, odd: Any, room: Any, out: Any) -> None:
    """How many pieces and how many words each text has, into `out` of shape (n, 2).

    A word is one of `curate.text.word_count`: a chunk of visible ASCII has one, or none where it is marks alone.
    `odd` has the numbers of all odd chunks (`odd_chunks`), in order. `room` is that of `counting`.
    """
    hashes, found, words, sizes = room
    mask = len(words) - 1
    seen = 0
    for d in range(len(at)):
        text = carray(at_address(at[d]), size[d], dtype=np.uint8)
        total, spaced, i = np.int64(0), np.int64(0), 0
        while i < len(text):
            if _KIND[text[i]] == _GAP:
                i += 1
                continue
            before, is_odd, is_word = total, False, False
            while i < len(text):
                kind = _KIND[text[i]]
                if kind == _GAP:
                    break
                begin, hashed = i, _BEGINS
                i += 1
                if kind != _ALNUM:  # a mark is one piece, known or not
                    is_odd |= kind == _ODD
                    total += 1
                    continue
                is_word = True
                hashed = _next(hashed, _SMALL[text[begin]])
                while i < len(text) and _KIND[text[i]] == _ALNUM:
                    hashed = _next(hashed, _SMALL[text[i]])
                    i += 1
                slot = np.int64((hashed * _MIX) >> _HIGH) & mask
                if sizes[slot] == 0 or words[slot] != hashed:
                    words[slot], sizes[slot] = hashed, _cut_word(text, begin, i, pieces, hashes, found, 0)
                total += sizes[slot]
            if is_odd:
                total = before + odd[seen, 0]
                spaced += odd[seen, 1]
                seen += 1
            else:
                spaced += is_word
        out[d, 0], out[d, 1] = total, spaced


def counting() -> tuple[Any, Any, Any, Any]:
    """The room that `count` needs."""
    return (
        np.empty(LONGEST, np.uint64),
        np.empty(LONGEST, np.int32),
        np.zeros(1 << _WORDS, np.uint64),
        np.zeros(1 << _WORDS, np.int64),
    )
