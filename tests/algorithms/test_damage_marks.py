"""What `damage_marks` counts in one pass, against the patterns that say what it is."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.algorithms.damage_marks import LINES, MARKS, counted
from curate.algorithms.texts import texts
from curate.damage.weighed import COUNTED
from curate.text import line_count, list_lines

#: Single characters, and pieces of what is counted that chance would not put together.
PIECES = [*" \t\n\r\x0b\x0caAbZz09-*+().:)[]{}\"'?!,;|`>\x00\x1c", "1.", "12)", "123.", "(a)", "(1)", " - ", " 1. ", "**", "a?b", " ?b",
          "  ", "\n\n", " a b c d e f ", "- ", " 12. Z", "x - A", " a", " b"]  # fmt: skip
TEXTS = st.lists(st.lists(st.sampled_from(PIECES), max_size=25).map("".join), min_size=20, max_size=200)


@given(TEXTS)
@settings(max_examples=60, deadline=None)
def test_marks_are_the_matches_of_the_patterns(some: list[str]) -> None:
    column = pl.Series("text", some, dtype=pl.String)
    text = pl.col("text")
    found = pl.DataFrame(counted(texts(column)), schema=dict.fromkeys(MARKS, pl.UInt32))
    expected = column.to_frame().select(
        line_count(text).alias("lines"),
        list_lines(text).alias("listed_lines"),
        *(text.str.strip_chars().str.count_matches(COUNTED[name]).alias(name) for name in MARKS[LINES:]),
    )
    assert found.to_dicts() == expected.to_dicts()


def test_each_mark_is_counted() -> None:
    text = '- an "item" (one) **two**\n\n1. what?is it: a b c d e f g and so - On and 2. Off\nopen'
    found = dict(zip(MARKS, counted(texts(pl.Series([text])))[0].tolist(), strict=True))
    assert found == {
        "lines": 3, "listed_lines": 2, "opened": 1, "closed": 1, "quotes": 2, "stars": 2, "single": 1,
        "unclosed_line": 2, "inline_items": 2, "lost": 1,
    }  # fmt: skip


def test_nothing_is_counted_in_nothing() -> None:
    assert not counted(texts(pl.Series(["", " ", "\n \n"]))).any()
    assert counted(texts(pl.Series([], dtype=pl.String))).shape == (0, len(MARKS))
