"""The rules of `task_type` on twins in ASCII, against the same rules on the texts themselves."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.algorithms.task_rules import TABLE
from curate.algorithms.task_twins import NAMED, SCREENS, TWINS, screens_of, twin_of
from curate.stages.annotate.task_type import _COMPILED, twin
from tests.stages.test_task_type import CASES

#: Characters of all sorts: named by patterns or not, letters, digits and marks of other scripts, white space, signs.
ODD = [*NAMED, "ß", "ø", "Ж", "ж", "中", "あ", "한", "ก", "٣", "३", "²", "½", "\u0301", "_", "‿", "\u200d", "\u00a0", "\u2003", "\u3000",
       "\x85", "\u2028", "\x0b", "\x1c", "\x01", "\x02", "’", "“", "…", "€", "😀", "\U0002fa1d", "\x00", "\x7f"]  # fmt: skip
WORDS = [
    word for _, instruction, response in CASES for text in (instruction, response) for word in text.lower().split(" ")
]
PIECES = ["write", "a ", "story ", "how many ", "is ", " or ", ", ", "list ", "7", "3 + 4", "= 12", "\n", "- ", "1. ", "?", ".", ":", ";",
          "```", "def f(", "résume ", "überse", "traduc", "翻译", "what is ", "in the ", "text", "x^2", "translate", "(", ")", "\"", "'"]  # fmt: skip
TEXT = st.lists(st.one_of(st.sampled_from(ODD), st.sampled_from(PIECES), st.sampled_from(WORDS)), max_size=25).map(
    "".join
)


def differing(many: list[str]) -> list[tuple[str, str]]:
    column = pl.Series(many, dtype=pl.String).str.to_lowercase()
    twins = _COMPILED.of(column)
    assert twins.equals(column.to_frame("text").select(twin(pl.col("text"))).to_series())
    assert twins.str.len_chars().equals(column.str.len_chars())
    assert (twins.str.len_chars() == twins.str.len_bytes()).all()
    out = []
    for entry, pattern in zip(TABLE, TWINS, strict=True):
        expected = column.str.contains(entry.pattern)
        found = twins.str.contains(pattern)
        out += [(entry.pattern, text) for text in column.filter(found != expected)]
        for screen in screens_of(entry):
            out += [(screen, text) for text in column.filter(expected & ~twins.str.contains(screen))]
    return out


def test_planted_texts() -> None:
    assert not differing([text for case in CASES for text in case[1:]])
    assert not differing([f"{instruction}\n{response}" for _, instruction, response in CASES])


@settings(max_examples=40, deadline=None)
@given(st.lists(TEXT, min_size=8, max_size=30))
def test_texts_of_all_sorts_of_characters(many: list[str]) -> None:
    assert not differing(many)


def test_each_character_has_one_twin() -> None:
    assert len(set(NAMED.values())) == len(NAMED)
    assert not set(NAMED.values()) & {"Y", "Z", "\x01", "\x0b"}
    named = {character for entry in TABLE for character in entry.pattern if not character.isascii()}
    assert named == set(NAMED)


def test_screens_are_of_entries() -> None:
    assert sum(bool(screens_of(entry)) for entry in TABLE) == len(SCREENS)


@pytest.mark.parametrize("pattern", [r"\W", r"\D+", "ø", r"[\S]", "A"])
def test_what_has_no_twin_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="no twin"):
        twin_of(pattern)
