from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from curate.io.formats import FORMATS
from curate.io.model import Omit, RecordError
from tests.helpers import ROOT
from tests.io.taken import jsonl, take

SAMPLE = ROOT / "sample_data" / "dumps" / "wikihow"


def convert(record: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
    made = FORMATS["wikihow"].convert(record)
    assert isinstance(made, tuple)
    (user, answer), system, meta = made
    assert not system
    return user, answer, json.loads(meta)


def test_an_article_in_full() -> None:
    record = {
        "id": 7,
        "title": "How to Boil an Egg",
        "category": "Food",
        "introduction": "This article is for beginners.\n\nIt takes ten minutes.",
        "sections": [
            {"title": "Boiling", "steps": [{"headline": "Heat the water.", "text": "A lid helps."}, "Put the egg in."]},
            {
                "title": "Serving",
                "text": "Eat it warm.",
                "steps": [{"headline": "Salt it", "text": "A little:\na pinch"}],
            },
        ],
    }
    user, answer, meta = convert(record)
    assert user == "How to Boil an Egg"
    assert answer == (
        "The following answer is for beginners.\n\nIt takes ten minutes.\n\n"
        "## Boiling\n\n1. Heat the water. A lid helps.\n2. Put the egg in.\n\n"
        "## Serving\n\nEat it warm.\n\n1. Salt it. A little:\n   a pinch"
    )
    assert meta == {"id": 7, "category": "Food", "_reader": {"opening": "This article"}}


@pytest.mark.parametrize(
    ("start", "answer", "opening"),
    [
        ("This article shows.", "The following answer shows.", "This article"),
        ("This wikiHow teaches.", "The following answer teaches.", "This wikiHow"),
        ("This wikiHow article is.", "The following answer is.", "This wikiHow article"),
        ("This article's aim.", "The following answer's aim.", "This article"),
        ("This articles", "This articles", None),
        ("this article", "this article", None),
        ("In this article, This article", "In this article, This article", None),
    ],
)
def test_only_the_opening_is_replaced(start: str, answer: str, opening: str | None) -> None:
    _, got, meta = convert({"title": "T", "intro": start, "steps": ["This article stays."]})
    assert got == answer + "\n\n1. This article stays."
    assert meta == ({"_reader": {"opening": opening}} if opening else {})


def test_the_opening_may_be_in_the_first_step_or_text() -> None:
    assert convert({"title": "T", "headline": "", "text": "This article ends."})[1] == "The following answer ends."
    assert convert({"title": "T", "steps": ["This article is a list."]})[1] == "1. This article is a list."


@pytest.mark.parametrize("name", ["sections", "methods", "parts"])
def test_sections_about_the_page_are_left_out_and_kept_in_meta(name: str) -> None:
    sections = [
        {"title": "Do it", "steps": ["Do."]},
        {"title": "References", "steps": ["A book."]},
        {"heading": "Community Q&A", "text": "Why?"},
    ]
    _, answer, meta = convert({"title": "T", name: sections})
    assert answer == "## Do it\n\n1. Do."
    assert meta == {name: sections, "_reader": {"sections_left_out": ["References", "Community Q&A"]}}


def test_what_is_not_in_the_answer_keeps_its_list_in_meta() -> None:
    steps = [{"headline": "Cut.", "image": "cut.png"}, {"headline": "Glue.", "text": None, "image": None}]
    _, answer, meta = convert({"title": "T", "steps": steps})
    assert answer == "1. Cut.\n2. Glue."
    assert meta == {"steps": steps}


@pytest.mark.parametrize(
    ("headline", "text", "answer", "kept"),
    [
        ("\nCut.,\nGlue.", "\nWith care.\n\n\nAt once.\n", "1. Cut. With care.\n2. Glue. At once.", None),
        ("Cut.,\nGlue.", "With care, and at once.", "With care, and at once.", "Cut.,\nGlue."),
        ("", "Only text.\nTwo lines.", "Only text.\nTwo lines.", ""),
        ("Cut,\nGlue", "", "1. Cut\n2. Glue", None),
    ],
)
def test_the_table(headline: str, text: str, answer: str, kept: str | None) -> None:
    _, got, meta = convert({"headline": headline, "title": "T", "text": text})
    assert got == answer
    assert meta.get("headline") == kept


def test_no_example_by_rule() -> None:
    for record, reason in [
        ({"title": "T", "sections": []}, "empty_article"),
        ({"title": "T", "steps": ["", "  "]}, "empty_article"),
        ({"title": "T", "headline": " ", "text": "\n"}, "empty_article"),
        ({"title": "T", "headline": "a", "text": "b", "sectionLabel": "Part 1", "overview": "o"}, "article_part"),
    ]:
        with pytest.raises(Omit) as omit:
            FORMATS["wikihow"].convert(record)
        assert omit.value.reason == reason


@pytest.mark.parametrize(
    ("record", "reason", "part"),
    [
        ({"steps": ["a"]}, "missing_field", "`title`"),
        ({"titel": "T", "steps": ["a"]}, "missing_field", "did you mean it by `titel`?"),
        ({"title": None, "steps": ["a"]}, "null_field", "`title`"),
        ({"title": "T", "stepps": ["a"]}, "missing_field", "did you mean it by `stepps`?"),
        ({"title": "T", "sections": "Cut."}, "wrong_type", "`sections` is text, not a list"),
        ({"title": "T", "sections": [{"title": "S", "steps": ["a"]}, "b"]}, "wrong_type", "Section 2 of 2 is text"),
        ({"title": "T", "sections": [{"title": 3, "steps": ["a"]}]}, "wrong_type", "`title` is a number"),
        ({"title": "T", "sections": [{"title": "S", "steps": "a"}]}, "wrong_type", "`steps` is text, not a list"),
        ({"title": "T", "sections": [{"title": "S", "step": ["a"]}]}, "missing_field", "`step`"),
        ({"title": "T", "steps": ["a", 4]}, "wrong_type", "step 2 is a number"),
        ({"title": "T", "steps": [{"hedline": "a"}]}, "missing_field", "did you mean it by `hedline`?"),
        ({"title": "T", "steps": [{"headline": ["a"]}]}, "wrong_type", "`headline` is a list"),
        ({"title": "T", "steps": '["a",'}, "malformed_json", "character"),
        ({"title": "T", "steps": ["a"], "_reader": 1}, "reserved_field", "`_reader`"),
    ],
)
def test_rejects(record: dict[str, Any], reason: str, part: str) -> None:
    with pytest.raises(RecordError) as error:
        FORMATS["wikihow"].convert(record)
    assert error.value.reason == reason
    assert part in error.value.detail


words = st.text(st.characters(categories=["L"]), min_size=2, max_size=8)
steps = st.lists(
    words | st.fixed_dictionaries({"headline": words, "text": words}, optional={"image": words}), max_size=4
)
sections = st.lists(st.fixed_dictionaries({"title": words | st.just("References"), "steps": steps}), max_size=4)


def strings(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set().union(*map(strings, value.values()))
    if isinstance(value, list):
        return set().union(*map(strings, value))
    return {value} if isinstance(value, str) else set()


@settings(max_examples=150, deadline=None)
@given(words, sections, words)
def test_no_text_is_lost_and_the_lists_are_lists(title: str, given_: list[dict[str, Any]], category: str) -> None:
    record = {"title": title, "sections": given_, "category": category}
    if not any(part["steps"] for part in given_ if part["title"] != "References"):
        with pytest.raises(Omit):
            FORMATS["wikihow"].convert(record)
        return
    user, answer, meta = convert(record)
    assert user == title
    kept = strings(meta)
    assert all(text in answer or text in kept for text in strings(record) - {title})
    # Read as Markdown, the answer has a heading for each section and an item for each step.
    shown = [part for part in given_ if part["title"] != "References" and part["steps"]]
    kinds = [token.type for token in MarkdownIt().parse(answer)]
    assert kinds.count("heading_open") == len(shown)
    assert kinds.count("list_item_open") == sum(len(part["steps"]) for part in shown)
    assert kinds.count("ordered_list_open") == len(shown)


def test_items_with_several_lines_stay_one_list() -> None:
    answer = convert({"title": "T", "steps": ["a\n\nb", {"headline": "c", "text": "d\n- e"}] + ["x\ny"] * 10})[1]
    tokens = MarkdownIt().parse(answer)
    assert sum(token.type == "ordered_list_open" for token in tokens) == 1
    assert sum(token.type == "list_item_open" and token.level == 1 for token in tokens) == 12


def test_the_sample() -> None:
    taken = take(SAMPLE)
    assert {file.name: file.format for file in taken.files} == dict.fromkeys(
        ["wikihow/articles.jsonl", "wikihow/table.csv"], "wikihow"
    )
    assert (taken.lines, len(taken.rows), len(taken.rejects)) == (8, 6, 0)
    assert {one.reason for one in taken.left} == {"empty_article"}
    assert all("category" in meta for meta in taken.metas), "articles can be drawn category by category"


@pytest.mark.parametrize(
    "record",
    [
        {"title": "News", "text": "Something happened."},
        {"title": "T", "headline": "h"},
        {"steps": ["a"]},
        {"title": 3, "steps": []},
    ],
)
def test_not_taken_for_an_article(record: dict[str, Any]) -> None:
    assert not FORMATS["wikihow"].matches(record)


def test_a_bad_line_costs_itself_only(tmp_path: Path) -> None:
    good = {"title": "T", "steps": ["a"]}
    (tmp_path / "a.jsonl").write_bytes(jsonl([good, b'{"title": "T", "steps": [', {"title": "T", "steps": [1]}, good]))
    taken = take(tmp_path / "a.jsonl")
    assert taken.fates() == {
        ("a.jsonl", 1): "read", ("a.jsonl", 2): "malformed_json", ("a.jsonl", 3): "wrong_type", ("a.jsonl", 4): "read",
    }  # fmt: skip
