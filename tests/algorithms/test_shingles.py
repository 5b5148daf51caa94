from __future__ import annotations

import re
import unicodedata
from itertools import pairwise
from types import ModuleType

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.algorithms import folding, plain, shingles
from curate.algorithms.shingles import Room, Shingled
from curate.algorithms.texts import texts as places


def shingled(texts: list[tuple[str, ...]], ngram: int = 5, unit: shingles.Unit = "word") -> Shingled:
    sides = [places(pl.Series(side, dtype=pl.String)) for side in zip(*texts, strict=True)]
    at, size = (np.stack([getattr(side, what) for side in sides], axis=1) for what in ("at", "size"))
    return shingles.shingles(at, size, ngram=ngram, unit=unit)


def per_text(found: Shingled) -> list[list[int]]:
    return [found.values[low:high].tolist() for low, high in pairwise(found.offsets.tolist())]


def same_tokens(left: str, right: str, unit: shingles.Unit = "word") -> bool:
    digests = shingled([(left,), (right,)], ngram=1, unit=unit).digests
    return bool((digests[0] == digests[1]).all())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The quick, brown fox!", ["the", "quick", "brown", "fox"]),
        ("  don't   stop\n\tnow ", ["don", "t", "stop", "now"]),
        ("snake_case + x2=3.14", ["snake", "case", "+", "x2", "=", "3", "14"]),
        ("if a<=b and c!=d: x -> y**2", ["if", "a", "<=", "b", "and", "c", "=", "d", "x", "->", "y", "**", "2"]),
        ("C# costs 5% of $3 & `a|b` [^1]", ["c", "#", "costs", "5", "%", "of", "$", "3", "&", "a", "|", "b", "^", "1"]),
        ("2×3÷4 ≤ 5€", ["2", "×", "3", "÷", "4", "≤", "5", "€"]),
        ("a−b — c–d", ["a", "−", "b", "c", "d"]),
        ("ÉTÉ Straße ΣΊΣΥΦΟΣ", ["été", "straße", "σίσυφοσ"]),
        ("機械学習とは何ですか", list("機械学習とは何ですか")),
        ("GPUで学習", ["gpu", "で", "学", "習"]),
        ("𠮷野家", ["𠮷", "野", "家"]),
        ("ภาษาไทย", list("ภาษาไทย")),
        ("한국어 문장", ["한국어", "문장"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("yes 👍🏽❤️ no", ["yes", "👍", "🏽", "❤", "no"]),
        ("“curly”—dash…dots", ["curly", "dash", "dots"]),
        ("cafe\u0301 au lait", ["cafe\u0301", "au", "lait"]),
        ("zero\u200bwidth\u00a0space\ufefftext", ["zero", "width", "space", "text"]),
        ("𝐁𝐨𝐥𝐝", ["𝐁𝐨𝐥𝐝"]),
        ("!?… (“”)", []),
        ("", []),
    ],
)
def test_words_of_each_script(text: str, words: list[str]) -> None:
    assert shingled([(text,)], ngram=1).tokens.tolist() == [len(words)]
    assert same_tokens(text, " ".join(words))


def test_words_of_latin_text_are_those_of_a_regular_expression() -> None:
    rng = np.random.default_rng(3)
    alphabet = list("abcXYZ019 \n\t.,;-_'\"()éÈñß+=<#é")
    for length in (0, 1, 2, 7, 50, 63, 64, 65, 400, 5000):
        text = "".join(rng.choice(alphabet[: int(rng.choice([17, 25, 30]))], length))
        words = re.findall(r"[^\W_]+|[-#$%&*+/<=>@^|~]+", text.lower())
        assert shingled([(text,)], ngram=1).tokens.tolist() == [len(words)]
        assert same_tokens(text, " ".join(words))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_tokens_of_any_text_follow_the_documented_rule(text: str) -> None:
    def in_script(point: int) -> bool:
        return any(first <= point <= last for first, last in folding.UNSPACED) or 0x20000 <= point < 0x40000

    words: list[str] = [""]
    sign = False
    for char in text:
        point, category = ord(char), unicodedata.category(char)
        symbol = category[0] == "S" and point > 127
        if point > 0xFFFF:
            symbol = 0x1F000 <= point < 0x1FB00
            separates = point >= 0xE0000
            lower = char
        else:
            separates = not (category[0] in "LMNS" or category == "Cn") or 0xFE00 <= point < 0xFE10
            lower = char if symbol else char.lower()[0]
        if char in "#$%&*+-/<=>@^|~":
            words.append("") if not sign else None
            words[-1] += char
            sign = True
            continue
        words.append("") if sign or separates or char == "`" else None
        sign = False
        if separates or char == "`":
            continue
        if in_script(point) or symbol:
            words += [lower, ""]
        else:
            words[-1] += lower
    words = [word for word in words if word]
    found = shingled([(text,), (" ".join(words),)], ngram=1)
    assert found.tokens[0] == len(words)
    assert (found.digests[0] == found.digests[1]).all()


@pytest.mark.parametrize("ngram", [1, 2, 5, 9])
def test_shingles_stand_for_the_ngrams_one_to_one(ngram: int) -> None:
    rng = np.random.default_rng(ngram)
    vocabulary = [f"w{i}" for i in range(12)] + ["ab", "ba", "aab", "b", "a"]
    texts = [list(rng.choice(vocabulary, n)) for n in rng.integers(0, 40, 200)]
    hash_of: dict[tuple[str, ...], int] = {}
    for words, values in zip(texts, per_text(shingled([(" ".join(t),) for t in texts], ngram)), strict=True):
        grams = [tuple(words[i : i + ngram]) for i in range(len(words) - ngram + 1)]
        assert len(values) == len(grams)
        for gram, value in zip(grams, values, strict=True):
            assert hash_of.setdefault(gram, value) == value
    assert len(set(hash_of.values())) == len(hash_of)


def test_character_ngrams_read_words_with_single_spaces() -> None:
    text = " Héllo,\n\nWörld … 漢字+×! "
    plain = "héllo wörld 漢字+×"
    found = shingled([(text, ""), ("", plain), ("héllo", "wörld 漢字+×")], ngram=3, unit="char")
    assert found.tokens.tolist() == [len(plain)] * 3
    values = per_text(found)
    assert values[0] == values[1] == values[2]
    grams = {plain[i : i + 3]: value for i, value in enumerate(values[0])}
    assert len(set(grams.values())) == len(grams) == len(plain) - 2


def test_a_word_never_spans_two_sides_but_an_ngram_does() -> None:
    split, joined, glued = per_text(
        shingled([("one two", "three four"), ("one two three four", ""), ("one twothree", "four")], 3)
    )
    assert split == joined
    assert len(glued) == 1
    assert set(glued).isdisjoint(split)


def test_digests_tell_apart_all_word_sequences_and_the_sides_of_short_texts() -> None:
    same_long = shingled([("a b c", "d e f"), ("a b", "c d e f"), ("A, b, c!", "D e? f")])
    assert len({tuple(d) for d in same_long.digests.tolist()}) == 1
    different = [
        ("a b", "c"),
        ("a", "b c"),
        ("", "a b c"),
        ("a b c", ""),
        ("a c", "b"),
        ("a b", ""),
        ("a", "b"),
        ("", ""),
    ]
    assert len({tuple(d) for d in shingled(different).digests.tolist()}) == len(different)


def test_distinct_drops_repeats_and_keeps_the_order_of_first_occurrences() -> None:
    rng = np.random.default_rng(6)
    texts = [
        "a b " * 1000,
        "",
        "x y z",
        "x y",
        *(" ".join(rng.choice(list("abcdef"), n)) for n in rng.integers(0, 500, 60)),
        *(" ".join(map(str, rng.integers(0, n, 2 * n))) for n in (2050, 4000, 9000)),
    ]
    column = places(pl.Series(texts, dtype=pl.String))
    room = Room.of(shingled([(text,) for text in texts]).tokens, 3)
    sizes = shingles.sets(column.at[:, None], column.size[:, None], room, ngram=3)
    expected = [list(dict.fromkeys(text)) for text in per_text(shingled([(text,) for text in texts], ngram=3))]
    found = [room.values[low : low + size].tolist() for low, size in zip(room.begins, sizes, strict=True)]
    assert found == expected
    assert [len(text) for text in expected[:4]] == [2, 0, 1, 0]


@pytest.mark.parametrize("module", [shingles, plain])
def test_a_text_with_more_shingles_than_room_is_refused(module: ModuleType) -> None:
    column = places(pl.Series(["a b c", "d e f g", "h i"]))
    room = Room.of(np.array([3, 3, 2]), 1)  # the second one has grown since its words were counted
    room.values[:] = 7
    with pytest.raises(ValueError, match="more shingles than there is room"):
        module.sets(column.at[:, None], column.size[:, None], room, ngram=1)
    assert room.values[3:6].tolist() == [7, 7, 7]


def test_many_texts_give_what_each_gives_alone() -> None:
    rng = np.random.default_rng(0)
    texts = [(" ".join(rng.choice(["漢", "ab", "é", "c👍d"], n)), "x y") for n in rng.integers(0, 300, 50)]
    together = shingled(texts)
    for i, text in enumerate(texts):
        alone = shingled([text])
        assert per_text(together)[i] == per_text(alone)[0]
        assert (together.digests[i] == alone.digests[0]).all()


def test_bad_shapes_are_refused() -> None:
    one = np.zeros((1, 1), dtype=np.int64)
    with pytest.raises(ValueError, match="ngram must be at least 1"):
        shingles.shingles(one, one, ngram=0)
    with pytest.raises(ValueError, match="must both be"):
        shingles.shingles(one, one[:, 0])
