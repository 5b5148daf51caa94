"""`curate.text`: counts against plain Python, and the small judgements on lines and marks by example."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate import text

#: Characters by what they are to a word count, labelled by hand.
LONE = "東京語がカ"  # each one a word
LETTERS = "aZé9яو\u0301"  # start and continue a word
OTHER = "'-.,!?&😀«»、。"  # continue a word, start none
SPACE = " \n\t\u00a0\u3000"

MIXED = st.text(st.sampled_from(LONE + LETTERS + OTHER + SPACE), max_size=40)


def count_words(sample: str) -> int:
    """Words one character at a time: the independent count."""
    words, inside = 0, False
    for char in sample:
        if char in SPACE:
            inside = False
        elif char in LONE:
            words, inside = words + 1, False
        elif char in LETTERS and not inside:
            words, inside = words + 1, True
    return words


def one(expression: pl.Expr, sample: str) -> object:
    return pl.DataFrame({"t": [sample]}, schema={"t": pl.String}).select(expression.alias("out"))["out"][0]


T = pl.col("t")


@given(MIXED)
@settings(max_examples=300, deadline=None)
def test_word_count_agrees_with_a_loop(sample: str) -> None:
    assert one(text.word_count(T), sample) == count_words(sample)


@given(st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_char_count_is_code_points(sample: str) -> None:
    assert one(text.char_count(T), sample) == len(sample)


@given(st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_fold_is_lower_case_with_single_spaces(sample: str) -> None:
    folded = one(text.fold(T), sample)
    assert isinstance(folded, str)
    assert folded == folded.strip(" ")
    assert "  " not in folded
    assert "\n" not in folded
    assert one(text.fold(T), folded) == folded


@pytest.mark.parametrize(
    "sample",
    ["", " ", "\n\t", "\u200b", "\ufeff \u200d", "\u00a0\u3000", "\u2800", "\u3164", "\x00", "\ufe0f", "\u2066\u2069"],
)
def test_nothing_to_see(sample: str) -> None:
    assert one(text.is_blank(T), sample) is True


@pytest.mark.parametrize("sample", ["a", " . ", "\u200b0", "ご", "🙂", "-", "\u0301", "(\u00a0)", "½"])
def test_something_to_see(sample: str) -> None:
    assert one(text.is_blank(T), sample) is False


def test_turns_are_counted_by_role() -> None:
    roles = [["user", "assistant"], ["system", "user", "assistant", "user", "assistant"], ["assistant"], []]
    frame = pl.DataFrame(
        {"m": [[{"role": role, "content": "x"} for role in row] for row in roles]},
        schema={"m": pl.List(pl.Struct({"role": pl.String, "content": pl.String}))},
    )
    counted = frame.select(text.turn_count(pl.col("m")).alias("n"))["n"]
    assert counted.to_list() == [1, 2, 0, 0]
    assert counted.dtype == pl.UInt32


def test_heads_of_each_turn() -> None:
    messages = [[
        {"role": "user", "content": "question"},
        {"role": "assistant", "content": "  abcdefgh"},
        {"role": "user", "content": "more"},
        {"role": "assistant", "content": "xyz"},
    ]]  # fmt: skip
    frame = pl.DataFrame({"m": messages}, schema={"m": pl.List(pl.Struct({"role": pl.String, "content": pl.String}))})
    m = pl.col("m")
    assert frame.select(text.turn_heads(m, "assistant", chars=4, mark="|"))["m"][0] == "|abcd|xyz"
    assert frame.select(text.turn_heads(m, "assistant", chars=4, mark="|", longer_than=3))["m"][0] == "|abcd"
    assert frame.select(text.turn_heads(m, "assistant", chars=4, mark="|", longer_than=8))["m"][0] == ""


def test_tails_of_each_turn() -> None:
    messages = [[
        {"role": "user", "content": "question"},
        {"role": "assistant", "content": "abcdefgh  "},
        {"role": "user", "content": "more"},
        {"role": "assistant", "content": "xyz"},
    ]]  # fmt: skip
    frame = pl.DataFrame({"m": messages}, schema={"m": pl.List(pl.Struct({"role": pl.String, "content": pl.String}))})
    m = pl.col("m")
    assert frame.select(text.turn_tails(m, "assistant", chars=4, mark="|"))["m"][0] == "|efgh|xyz"
    assert frame.select(text.turn_tails(m, "assistant", chars=4, mark="|", longer_than=3))["m"][0] == "|efgh"
    assert frame.select(text.turn_tails(m, "user", chars=2, mark="|", longer_than=8))["m"][0] == ""


def test_code_is_taken_out() -> None:
    sample = "Run `ls -l` first.\n```sh\nrm -r build\n```\nThen stop. ```\nleft open"
    left = one(text.without_code(T), sample)
    assert isinstance(left, str)
    assert left.split() == ["Run", "first.", "Then", "stop."]


CODE_LINES = [
    "x = 3",
    "    return total / count",
    "for item in basket:",
    "} else {",
    "console.log('done');",
    "<td>Monday</td>",
    "#include <stdio.h>",
    "| name | age |",
    "SELECT name FROM birds WHERE wings = 2",
    "import numpy as np",
    "// add both halves",
    "@cached",
    "int total;",
    'println!("{}", total);',
]
PROSE_LINES = [
    "For all of you who asked, the answer is yes.",
    "If you leave early you will see the sun rise",
    "# Packing list",
    "* warm socks",
    "- a torch and two batteries",
    "The wind was cold; the harbour slept;",
    "From the tower, one sees the bay.",
    "while the kettle sings and the cat sleeps on",
    "She said: bring bread.",
    "1. Peel the apples.",
    "Try again tomorrow.",
    "Print the form and sign it.",
    "السماء صافية اليوم",
    "空は青い。",
]


@pytest.mark.parametrize("line", CODE_LINES)
def test_lines_of_code(line: str) -> None:
    assert one(text.code_line_share(T), line) == 1.0


@pytest.mark.parametrize("line", PROSE_LINES)
def test_lines_of_prose(line: str) -> None:
    assert one(text.code_line_share(T), line) == 0.0


def test_shares_are_of_lines_with_something_on_them() -> None:
    sample = "Bring:\n\n- bread\n  2) salt\n\n   \nx = 1\n"
    assert one(text.line_count(T), sample) == 4
    assert one(text.list_line_share(T), sample) == 0.5
    assert one(text.code_line_share(T), sample) == 0.25
    assert one(text.code_line_share(T), " \n") == 0.0


def test_excerpt_folds_trims_and_cuts() -> None:
    sample = "one <b>two\n  three</b> four"
    assert one(text.excerpt(T, r"(?s)<b>.*</b>"), sample) == "<b>two three</b>"
    assert one(text.excerpt(T, r"(?s)<b>.*</b>", trim="<>b/"), sample) == "two three"
    assert one(text.excerpt(T, r"(?s)<b>.*</b>", chars=5), sample) == "<b>tw"
    assert one(text.excerpt(T, "nine"), sample) is None


def test_any_of_ignores_case_and_keeps_patterns_apart() -> None:
    pattern = text.any_of("ab|cd", "e(?:f)")
    found = pl.Series(["xCDx", "EF", "ae"]).str.contains(pattern).to_list()
    assert found == [True, True, False]


def test_apostrophes_become_plain() -> None:
    assert one(text.plain_quotes(T), "I’m sure it´s hers, isnʼt it") == "I'm sure it's hers, isn't it"


LINES = st.text(st.sampled_from("ab1.)-*•([|=; \t\r\n\u00a0\u2028é\x0b@#"), max_size=60)


@given(st.lists(LINES, min_size=1, max_size=20))
@settings(max_examples=100, deadline=None)
def test_lines_are_counted_as_by_their_beginnings(samples: list[str]) -> None:
    frame = pl.DataFrame({"t": samples})
    shown = [sum(bool(line.strip()) for line in sample.split("\n")) for sample in samples]
    assert frame.select(text.line_count(T))["t"].to_list() == shown
    for line in (text._LIST_LINE, rf"[ \t]*(?:{text._CODE})$"):
        plain = frame["t"].str.count_matches(rf"(?m)^(?:{line})").to_list()
        assert frame.select(text.lines_like(T, line))["t"].to_list() == plain, line


def test_only_is_null_elsewhere() -> None:
    frame = pl.DataFrame({"t": ["one", "two", None, "four"], "w": [True, False, True, None]})
    got = frame.select(only=text.only(T, pl.col("w")), held=text.only(T, pl.col("w")).str.contains("o"))
    assert got["only"].to_list() == ["one", None, None, None]
    assert got["held"].to_list() == [True, None, None, None]
