"""What `damage` looks at only where it may be, or in another text than the record's, against the plain rule."""

from __future__ import annotations

import re

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate import phrases, text
from curate.damage import gates, patterns
from curate.damage.patterns import ECHOING, HANGING, MARKS, OPEN_END, REQUEST_END
from curate.damage.prepared import prepared, with_views
from curate.damage.weighed import ASKS, FILLER

SIDES = ("asked", "asked_first")
#: All patterns that are looked for in ASCII twins.
TWINNED = {
    "filler": FILLER,
    "code": text._CODE,
    "markup": text._MARKUP,
    "echoing": ECHOING,
    "about_both": gates.ABOUT_BOTH,
    **{name: pattern for name, pattern in vars(patterns).items() if name.startswith("ABOUT_")},
    **{name: pattern for name, (side, pattern) in ASKS.items() if side in SIDES},
}
#: Words that some pattern names, with what may stand beside them: letters, marks, spaces and digits beyond ASCII.
WORDS = sorted({word for pattern in TWINNED.values() for word in re.findall(r"[A-Za-z]{2,}", pattern)})
BESIDE = ["é", "ß", "я", "中", "\u0301", "ſ", "\u212a", "İ", "٣", "²", "½", "\u00a0", "\u2028", "\u3000", "\x85", "’", "—", "🙂", "\u200d",
          "\ufe0f", "_", " ", " ", " ", "\n", "\t", ".", ",", "?", "'", "-", "3", "{", "}", "(", ")", "=", ";", "<", ">", "&", "|", "/"]  # fmt: skip
MIXED = st.lists(st.one_of(st.sampled_from(WORDS), st.sampled_from(BESIDE)), max_size=12).map("".join)
TEXTS = st.lists(MIXED, min_size=10, max_size=60)


@given(TEXTS)
@settings(max_examples=20, deadline=None)
def test_patterns_find_in_the_twin_what_they_find_in_the_text(some: list[str]) -> None:
    texts = pl.DataFrame({"text": some})
    twins = texts.select(text.ascii_twin(pl.col("text")))
    assert twins["text"].str.len_chars().to_list() == [len(one) for one in some]
    assert text.ascii_twins(texts["text"]).to_list() == twins["text"].to_list()
    for name, pattern in TWINNED.items():
        counts = [frame["text"].str.count_matches(pattern).to_list() for frame in (texts, twins)]
        assert counts[0] == counts[1], (name, some)


@pytest.mark.parametrize("name", TWINNED)
def test_patterns_for_twins_name_nothing_that_stands_for_another(name: str) -> None:
    pattern = re.sub(r"\{\d+(?:,\d*)?\}", "", TWINNED[name])  # how often something is repeated
    assert pattern.isascii()
    assert not re.search(r"[0_\x01\x0b]|\\[pPx]", pattern)


def test_twins_keep_the_sorts_of_characters() -> None:
    twins = pl.DataFrame({"text": ["aé٣\u3000—", "plain", "ſé"]}).select(text.ascii_twin(pl.col("text")))
    assert twins["text"].to_list() == ["a_0\x0b\x01", "plain", "ſé"]


PIECES = ["The", "the", "THE", " ", "  ", "\n", "\t", "\u00a0", ".", "!", "?", ":", "…", " .", "town", "lake", "ΑΣ", "ας", "Σ", "İ", "i̇",
          "ſ", "s", "K", "\u212a", "é", "É", "rewrite", "x" * 70, " " * 70, "-"]  # fmt: skip
PIECED = st.lists(st.sampled_from(PIECES), max_size=9).map("".join)
PAIR = st.tuples(PIECED, PIECED, PIECED, st.booleans()).map(lambda p: (p[0], p[0] + p[1] if p[3] else p[2]))


def folded(some: list[str]) -> list[str]:
    return pl.DataFrame({"x": some}).select(text.fold(pl.col("x")))["x"].to_list()


def echo(instruction: str, response: str, min_chars: int) -> bool:
    """The rule of `prompt_echo`, written out."""
    line = instruction.lstrip().split("\n")[0] or None
    whole, first, said = folded([instruction, line or "", response])
    ends = [bool(pl.Series([one]).str.contains(REQUEST_END)[0]) for one in (whole, first)]
    if len(whole) >= min_chars and said.rstrip(MARKS) == whole.rstrip(MARKS):
        return True
    if len(whole) >= min_chars and ends[0] and said.startswith(whole.rstrip(MARKS)):
        return True
    asked = bool(pl.Series([instruction]).str.contains(ECHOING)[0])
    return (
        line is not None and len(first) >= min_chars and ends[1] and said.startswith(first.rstrip(MARKS)) and not asked
    )


@given(st.lists(PAIR, min_size=1, max_size=10), st.sampled_from([1, 3, 20]))
@settings(max_examples=50, deadline=None)
def test_no_echo_is_lost_to_the_screen(pairs: list[tuple[str, str]], min_chars: int) -> None:
    frame = pl.DataFrame(pairs, schema={"instruction": pl.String, "response": pl.String}, orient="row")
    found = prepared(with_views(frame)).select(gates.prompt_echo(min_chars).is_not_null().alias("echo"))
    assert found["echo"].to_list() == [echo(*pair, min_chars) for pair in pairs]


@given(st.lists(PIECED, min_size=1, max_size=10))
@settings(max_examples=30, deadline=None)
def test_a_line_is_left_out_only_where_it_ends_in_neither(responses: list[str]) -> None:
    frame = pl.DataFrame({"instruction": responses, "response": responses})
    lines = frame["response"].str.extract(r"([^\n]*\S)\s*\z", 1)
    kept = [
        line if line is not None and (hangs or stops) else None
        for line, hangs, stops in zip(lines, lines.str.contains(HANGING), lines.str.contains(OPEN_END), strict=True)
    ]
    assert prepared(with_views(frame))["open_line"].to_list() == kept


def test_compiled_twins_are_those_of_the_patterns() -> None:
    points = [chr(point) for point in range(0x80, 0x11000) if not 0xD800 <= point < 0xE000]
    some = pl.Series("text", [*points, "plain", "", "a" + "".join(points[:500]) + "z", None])
    expected = some.to_frame().select(text.ascii_twin(pl.col("text"))).to_series()
    assert text.ascii_twins(some).to_list() == expected.to_list()


SLOTS = ["[", "[[", "<", "{{", "]", "]]", ">", "}}", "TODO", "tbd", "FIXME", "your ", "the ", "an ", "my ", "answer", "answer ", "response ", "insert",
         "text", "write ", "here", "is ", "will ", "to ", "be ", "added", "to come", "later", ": ", " ", "-", "\"", "*", "_", "(", ".", "…", "é", "\n"]  # fmt: skip


@given(st.lists(st.lists(st.sampled_from(SLOTS), max_size=9).map("".join), min_size=20, max_size=80))
@settings(max_examples=40, deadline=None)
def test_each_slot_begins_as_its_screen_says(responses: list[str]) -> None:
    whole = ["[your answer here]", "<<insert text>>", "TODO: write", "The answer will be added later.", "text to come"]
    texts = pl.Series([*responses, *whole])
    slots = texts.filter(texts.str.contains(patterns.SLOT))
    assert slots.len() >= len(whole)
    assert slots.str.contains(patterns.SLOT_BEGINS).all()


MARKED = ["<", "&", "[", "]", "{", "insert text here", "your answer", "lorem ipsum", "LOREM", "<br>", "&amp;", "<b>x</b>", "<p class='a'>", "\n",
          "\n\n", " ", "Question: a", "Q:", "Human:", "Answer: b", "A: c", "Input:", "word", "é", "`", "<noinput>"]  # fmt: skip


@given(st.lists(st.lists(st.sampled_from(MARKED), max_size=9).map("".join), min_size=1, max_size=40))
@settings(max_examples=40, deadline=None)
def test_no_mark_is_lost_to_what_is_looked_for_first(responses: list[str]) -> None:
    frame = pl.DataFrame({"instruction": responses, "response": responses})
    found = prepared(with_views(frame))
    uncoded = pl.col("uncoded")
    plain = found.select(
        held=text.excerpt(uncoded, patterns.PLACEHOLDER),
        went_on=text.excerpt(uncoded, patterns.WENT_ON),
        tags=uncoded.str.count_matches(patterns.HTML),
    )
    assert found.select(plain.columns).equals(plain)


SAID = ["I'm sorry, but I can't help with that. ", "As an AI language model, I cannot browse. ", "I am ChatGPT. ", "The lake is deep. ",
        "Unable to generate a list. ", "é ", "\n", "thank you, "]  # fmt: skip


@given(st.lists(st.lists(st.sampled_from(SAID), max_size=4).map("".join), min_size=1, max_size=12))
@settings(max_examples=20, deadline=None)
def test_phrases_are_those_of_the_pattern_alone(some: list[str]) -> None:
    heads = pl.Series([None, *(phrases.TURN + one for one in some)], dtype=pl.String)
    for screen, pattern in (
        (phrases.MAY_REFUSE, phrases.REFUSAL),
        (phrases.MAY_DISCLAIM, phrases.DISCLAIMER),
        (phrases.MAY_NAME, phrases.IDENTITY),
    ):
        plain = heads.to_frame("t").select(text.excerpt(pl.col("t"), pattern, trim=phrases._EDGE))["t"]
        assert phrases.phrases(heads, screen, pattern).to_list() == plain.to_list()
