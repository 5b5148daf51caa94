from __future__ import annotations

import polars as pl

from curate.algorithms.verb_noun import verb_noun
from curate.stages.annotate.verb_noun import VerbNoun
from tests.helpers import frame, run_stage

ASKED = ["Write a poem about rust.", "Why do cats purr?", "Explain why ice floats.", "¿Qué hora es?", " "]


def test_columns_are_those_of_the_rule() -> None:
    out = run_stage(VerbNoun(), frame([(text, "") for text in ASKED]))
    assert out["verb"].to_list() == ["write", None, "explain", None, None]
    assert out["noun"].to_list() == ["poem", None, None, None, None]


def test_null_is_null_and_not_a_word() -> None:
    out = run_stage(VerbNoun(), frame([("Was ist das?", "a")]))
    assert out.schema["verb"] == out.schema["noun"] == pl.String
    assert out.null_count().row(0)[1:] == (1, 1)


def test_the_response_does_not_matter() -> None:
    one = run_stage(VerbNoun(), frame([(text, "Write a song.") for text in ASKED]))
    assert [tuple(verb_noun(text)) for text in ASKED] == one.select("verb", "noun").rows()
