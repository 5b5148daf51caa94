"""`phrase_filter`: what counts as first person and as a phrase, and what does not."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from curate.stages.filter.phrase_filter import PhraseFilter
from tests.helpers import frame, run_stage


def verdict(text: str, **parameters: object) -> tuple[str | None, str | None]:
    out = run_stage(PhraseFilter(**parameters), frame([("q", text)]))  # type: ignore[arg-type]
    return out["reason"][0], out["value"][0]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Yesterday I brewed one.", "I b"),
        ("I'm sure.", "I'm"),
        ("I’ve seen it.", "I've"),
        ("Then I'll go", "I'll"),
        ("and I'd say", "I'd"),
        ("Should I?\nI do.", "I?"),
        ("I, like most, think so", "I, l"),
        ("That is my view.", "my"),
        ("My view is", "My"),
        ("it gave me pause", "me"),
        ("made it myself", "myself"),
        ("**I** think", "I** t"),
        ("what I\n*love*", "I *l"),
        ("Who, if not I?", "I?"),
        ("> I quote", "I q"),
        ("World War I was long, I know", "I k"),
    ],
)
def test_first_person(text: str, found: str) -> None:
    reason, value = verdict(text, first_person=True)
    assert (reason, value) == ("first_person", found)


@pytest.mark.parametrize(
    "text",
    [
        "You brewed one; we did too, and they saw it.",
        "World War I was long. A Type I error is a false alarm. Elizabeth I reigned.",
        "The I/O of a disk. i is an index; for i in range(3).",
        "In Mexico some amygdalas, enemy of the mystic, become mymodel.",
        "Set it with `my $x = 1` and `I am`.",
        "```perl\nmy $x; # I think\n```\nThat declares a variable.",
        "Part I covers it",
        "It is one of I, II and III: see I. and I) below, the I-beam, and the symbol I.",
        "",
    ],
)
def test_no_first_person(text: str) -> None:
    assert verdict(text, first_person=True) == (None, None)


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("as mentioned", "As mentioned above, it is."),
        ("as mentioned", "it is, AS\n  Mentioned, so"),
        ("stack exchange", "See Stack Exchange."),
        ("don't know", "You don’t know it"),
        ("don’t know", "You don't know it"),
        ("C++ (fast)", "Use c++ (fast) here"),
        ("@", "thanks @someone"),
        ("straße", "Die STRASSE? Die Straße."),
        ("[edit]", "[Edit] no"),
        ("a.b", "see a.b"),
    ],
)
def test_a_phrase_is_found(phrase: str, text: str) -> None:
    assert verdict(text, phrases=[phrase])[0] == "phrase"


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("hop", "Hops and shop"),
        ("as mentioned", "has mentioned it; as it was mentioned"),
        ("a.b", "see acb"),
        ("stack exchange", "`stack exchange` and ```\nstack exchange\n```"),
        ("stack exchange", "stackexchange"),
        ("edit", "credit, editor"),
    ],
)
def test_a_phrase_is_not_found(phrase: str, text: str) -> None:
    assert verdict(text, phrases=[phrase]) == (None, None)


def test_the_evidence_is_the_place_and_later_rules_are_named() -> None:
    stage = PhraseFilter(phrases=["one", "two  words"], first_person=True)
    out = run_stage(stage, frame([("q", "I saw Two\nwords"), ("q", "zero, then two words, one")]))
    assert out["reason"].to_list() == ["first_person", "phrase"]
    assert out["value"].to_list() == ["I s", "two words"]
    assert out["also"].to_list() == [["phrase"], []]


def test_the_instruction_is_not_searched() -> None:
    out = run_stage(PhraseFilter(phrases=["one"], first_person=True), frame([("I have one", "fine")]))
    assert out["keep"].to_list() == [True]


@pytest.mark.parametrize(
    "parameters", [{}, {"phrases": []}, {"phrases": [""]}, {"phrases": ["a", "  "]}, {"phrases": "a"}]
)
def test_parameters_are_checked(parameters: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        PhraseFilter(**parameters)  # type: ignore[arg-type]


PHRASE = st.text(st.sampled_from(list("ab.+*?()[]{}^$|\\-#&~<>/' \"!")), min_size=1, max_size=5).filter(str.strip)
AROUND = st.text(st.sampled_from(list("ab .-")), max_size=5)


@given(PHRASE, AROUND, AROUND)
@settings(max_examples=300, deadline=None)
def test_any_signs_are_taken_literally(phrase: str, before: str, after: str) -> None:
    text = before + phrase + after
    words = phrase.split()
    start = r"(?<!\w)" if re.match(r"\w", words[0]) else ""
    end = r"(?!\w)" if re.search(r"\w$", words[-1]) else ""
    expected = re.search(start + r"\s+".join(map(re.escape, words)) + end, text) is not None
    assert (verdict(text, phrases=[phrase])[0] == "phrase") == expected
