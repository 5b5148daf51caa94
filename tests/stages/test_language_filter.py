"""The stage `language_filter`: each rule, its evidence, and what it says of a wrong parameter."""

from __future__ import annotations

import polars as pl
import pytest
from pydantic import ValidationError

from curate.stages.filter.language_filter import LanguageFilter

ROWS = [
    ("en", 0.99),
    ("de", 0.97),
    ("und", 0.0),
    ("en", 0.40),
    ("zh-cn", 0.999),
    ("fr", 0.30),
]


def _frame() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "row": pl.Series(range(len(ROWS)), dtype=pl.UInt64),
            "id": [f"r{i}" for i in range(len(ROWS))],
            "language": [language for language, _ in ROWS],
            "language_confidence": [confidence for _, confidence in ROWS],
        }
    )


def _reasons(stage: LanguageFilter) -> list[str | None]:
    return stage.apply(_frame())["reason"].to_list()


W, U = "wrong_language", "uncertain_language"


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        (LanguageFilter(), [None, W, None, None, W, None]),
        (LanguageFilter(min_confidence=0.0), [None, W, None, None, W, W]),
        (LanguageFilter(keep=["en", "de", "zh-cn"]), [None, None, None, None, None, None]),
        (LanguageFilter(keep_undetermined=False), [None, W, U, U, W, U]),
        (LanguageFilter(min_confidence=0.0, keep_undetermined=False), [None, W, U, None, W, W]),
        (LanguageFilter(min_confidence=0.98), [None, None, None, None, W, None]),
        (LanguageFilter(keep=["de"], min_confidence=0.3), [W, None, None, W, W, W]),
    ],
)
def test_reasons(stage: LanguageFilter, expected: list[str | None]) -> None:
    assert _reasons(stage) == expected


def test_evidence_and_overlap() -> None:
    out = LanguageFilter(min_confidence=0.5, keep_undetermined=False).apply(_frame())
    assert out["value"].to_list() == [None, "de 0.97", "und 0.0", "en 0.4", "zh-cn 0.999", "fr 0.3"]
    assert out["also"].to_list() == [[]] * 6
    assert not out["unknown"].any()


def test_json_is_accepted() -> None:
    stage = LanguageFilter.model_validate_json('{"stage": "language_filter", "keep": ["de", "pt"]}')
    assert stage.keep == ["de", "pt"]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("zh", "did you mean `zh-cn` or `zh-tw`"),
        ("EN", "did you mean `en`"),
        ("en-US", "did you mean `en`"),
        ("english", "did you mean `en`"),
        ("pt_br", "did you mean `pt`"),
        ("und", "keep_undetermined"),
        ("qq", "no language `qq`"),
    ],
)
def test_unknown_language(code: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        LanguageFilter(keep=["en", code])


def test_something_must_be_kept() -> None:
    with pytest.raises(ValidationError, match="keep"):
        LanguageFilter(keep=[])
    with pytest.raises(ValidationError, match="min_confidence"):
        LanguageFilter(min_confidence=1.5)
