"""`text_stats`: counts against plain Python, the score against its formula."""

from __future__ import annotations

import math

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from curate.schema import CANONICAL
from curate.stages.annotate.text_stats import TextStats
from tests.helpers import frame
from tests.test_text import MIXED, count_words


@given(st.lists(st.tuples(MIXED, MIXED), min_size=1, max_size=8), st.integers(1, 500))
@settings(max_examples=100, deadline=None)
def test_counts_and_score_agree_with_python(pairs: list[tuple[str, str]], cap: int) -> None:
    out = TextStats(cap_words=cap).apply(frame(pairs))
    assert dict(out.schema) == {"row": pl.UInt64, **TextStats.writes}
    for (question, answer), got in zip(pairs, out.iter_rows(named=True), strict=True):
        assert got["instruction_chars"] == len(question)
        assert got["response_chars"] == len(answer)
        assert got["instruction_words"] == count_words(question)
        assert got["response_words"] == count_words(answer)
        assert got["turns"] == 1
        wanted = min(1.0, math.log(1 + count_words(answer)) / math.log(1 + cap))
        assert got["length_score"] == pytest.approx(wanted, abs=1e-8)


def test_the_score_runs_from_no_word_to_the_cap() -> None:
    answers = ["", "!!! 😀", "word", " ".join(["word"] * 9), " ".join(["word"] * 10), " ".join(["word"] * 11)]
    scores = TextStats(cap_words=10).apply(frame([("q", a) for a in answers]))["length_score"].to_list()
    assert scores[0] == scores[1] == 0.0
    assert 0.0 < scores[2] < scores[3] < 1.0
    assert scores[4] == scores[5] == 1.0


@pytest.mark.parametrize(("words", "band"), [(0, 0), (1, 1), (3, 1), (4, 2), (15, 2), (16, 3), (63, 3), (64, 4), (255, 4),
                                             (256, 5), (1023, 5), (1024, 6), (4096, 7)])  # fmt: skip
def test_a_band_ends_where_the_next_power_of_four_begins(words: int, band: int) -> None:
    assert TextStats().apply(frame([("q", "word " * words)]))["length_band"].to_list() == [band]


def test_all_turns_of_a_side_count() -> None:
    messages = [[
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Two words"},
        {"role": "assistant", "content": "One"},
        {"role": "user", "content": "Three"},
        {"role": "assistant", "content": "Four five"},
    ]]  # fmt: skip
    row = {"row": [0], "id": ["a"], "messages": messages, "instruction": ["Two words\n\nThree"],
           "response": ["One\n\nFour five"], "source": ["s"], "file": ["f"], "line": [1], "meta": ["{}"]}  # fmt: skip
    got = TextStats().apply(pl.DataFrame(row, schema=CANONICAL)).row(0, named=True)
    assert (got["turns"], got["instruction_words"], got["response_words"]) == (2, 3, 3)


@pytest.mark.parametrize("cap", [0, -1])
def test_the_cap_is_a_word_or_more(cap: int) -> None:
    with pytest.raises(ValidationError):
        TextStats(cap_words=cap)
