"""The quick look at lines against the patterns it saves: where it says no, they must find nothing."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.algorithms.language_code import FIRST_WORDS, FORMS, LINES, ROWS, STATEMENTS, UNCLEAN
from curate.algorithms.language_profiles import clean, unclean
from curate.algorithms.language_screens import look
from curate.algorithms.texts import texts
from tests.stages.test_language import CODE, LOOKALIKES, PROSE, TABLES

RAW = Path(__file__).parents[2] / ".." / "shared" / "data" / "raw"
PARTS = [
    *FIRST_WORDS, *(word + " " for word in FIRST_WORDS), "name", "x", "total_1", "a.b", "items[0]", "7", "4.5", "Word ",
    " ", "  ", "\t", "\n", "\r\n", "\r", "\u00a0", "\x0b", "=", " = ", " += ", "<<=", ":=", "(", ")", " ()", ");", "{", "}", "»}", "};",
    "[]", ";", "; then", "; do", ":", ": ", ",", ", ", '"', "'", '"key": ', "a: b c;", "@", "@wraps(f)", ">>> ", "$ ", "$(ls)",
    "${x}", '"$1', "$5", "|", " | ", "|---|", "-", "*", "&", "#", "#include", "#!/", "<?", "?>", "<T>", "if (", "if [", "else if (",
    "echo '", "SELECT * ", " FROM t", "COUNT(", " by name;", " extends ", " BY ", " TABLE ", "://", "/", "e\u0301", "\u0323", "é", "你",
]  # fmt: skip
TEXT = st.one_of(
    st.lists(st.sampled_from(PARTS), max_size=14).map("".join), st.text("iffor =(){};:,.|\t\n\r$\"'<x7", max_size=30)
)


def missed(many: list[str]) -> list[tuple[str, str]]:
    """Texts of which the look says that they hold nothing of a sort, although they do."""
    column = pl.Series(many, dtype=pl.String)
    held = look(texts(column))[0]
    out = []
    for bit, pattern in zip((FORMS, ROWS, STATEMENTS), LINES, strict=True):
        found = column.str.contains(pattern).to_numpy()
        out += [(pattern[:40], many[i]) for i in (found & (held & bit == 0)).nonzero()[0]]
    for text, bits in zip(many, held, strict=True):
        if not bits & UNCLEAN and (clean(text) != text or any(mark in text for mark in unclean())):
            out.append(("clean", text))
    return out


@settings(max_examples=300, deadline=None)
@given(st.lists(TEXT, min_size=1, max_size=20))
def test_nothing_is_missed_in_what_looks_like_code(many: list[str]) -> None:
    assert not missed(many)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=20))
def test_nothing_is_missed_in_any_text(many: list[str]) -> None:
    assert not missed(many)


def test_nothing_is_missed_in_planted_code_and_prose_is_passed_by() -> None:
    planted = [*CODE.values(), *TABLES.values(), *PROSE.values(), *LOOKALIKES]
    lines = [line for text in planted for line in text.split("\n")]
    assert not missed([*planted, *lines, *(text.replace("\n", "\r\n") for text in planted)])
    # A look that said yes to everything would miss nothing, and be of no use.
    column = pl.Series(list(PROSE.values()), dtype=pl.String)
    assert not (look(texts(column))[0]).any()


@pytest.mark.parametrize("name", ["code_alpaca.json", "alpaca_9k.json"])
def test_nothing_is_missed_in_real_records(name: str) -> None:
    path = RAW / name
    if not path.exists():
        pytest.skip(f"needs ../shared/data/raw/{name}")
    records = json.loads(path.read_text(encoding="utf-8"))
    assert not missed([record.get("output") or record.get("response") or "" for record in records])
