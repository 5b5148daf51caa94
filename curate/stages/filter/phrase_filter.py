"""The stage `phrase_filter`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar, Final, Literal, Self

import polars as pl
from pydantic import Field, model_validator

from curate.stage import Filter, Rule
from curate.text import any_of, excerpt, plain_quotes, without_code

#: Where the capital letter is a number or a name: "World War I", "Type I error", "I/O".
_NUMERAL: Final = (
    r"\b(?:World War|War|Type|Part|Phase|Chapter|Class|Volume|Vol\.?|Book|Act|Section|Stage|Level|Grade|Schedule|Title|"
    r"Elizabeth|Charles|James|Henry|Francis|Napoleon|Nicholas|Calculus|Physics|Algebra)[ \u00a0-]I\b|\bI[/.]O\b|\bI\."
    r"[A-Z]\."
)
#: "I" before a contraction, a word or the end of a question, with or without emphasis; the others in any case.
#: "I, II and III" is none.
_FIRST_PERSON: Final = r"(?:\bI(?:'(?:m|ve|d|ll)\b|[?!]|[*,]*\s+\**[a-zA-HJ-UWYZ])|(?i:\b(?:me|my|myself)\b))"
#: What a regular expression would read as more than itself.
_SPECIAL: Final = re.compile(r"[\\.+*?()|\[\]{}^$]")


class PhraseFilter(Filter):
    """Drops records whose response contains given phrases, or is written in the first person.

    A phrase is looked for as it is, in any case, between word boundaries ("hop" is not found in "hops"); any white
    space in it matches any other, and straight and curly apostrophes are the same. With `first_person`, responses are
    dropped that have "I" as a word, "I'm" and the like, "me", "my" or "myself"; "I" as a number (World War I, Type I,
    I/O) does not count. Text in backticks and fenced code blocks is not searched, where `my` is a keyword and `I` a
    variable. The evidence is what was found.

    Why: an answer from a forum speaks of its writer and of the thread around it ("as mentioned above", "my own
    kettle"), and a model trained on it claims a life and a thread that it does not have. The test sees words and not
    their meaning: quoted dialogue, letters and stories fall to it, so leave it to sources of that kind of text.

    Example
    -------
    ```yaml
    - stage: phrase_filter
      phrases: [as mentioned, stack exchange]
      first_person: true
    ```

    References
    ----------
    - Zhou et al. (2023), *LIMA: Less Is More for Alignment*, section 2.1: answers "written in the first person" and
      those that refer to other answers are left out, by the words of the example above. The list of Roman numerals is
      ours.
    """

    stage: Literal["phrase_filter"] = "phrase_filter"
    reads: ClassVar[tuple[str, ...]] = ("response",)
    reasons: ClassVar[Mapping[str, str]] = {
        "first_person": "The response speaks of its writer: I, me, my, myself.",
        "phrase": "The response contains one of the phrases.",
    }

    phrases: list[str] = Field(default_factory=list, description="Phrases that no response may contain. Default: none.")
    first_person: bool = Field(False, description="Whether responses in the first person are dropped. Default: no.")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.phrases and not self.first_person:
            raise ValueError("give `phrases`, set `first_person`, or both")
        if any(not phrase.strip() for phrase in self.phrases):
            raise ValueError("a phrase must have a letter or a sign")
        return self

    def rules(self) -> list[Rule]:
        """First person, then phrases."""
        text = plain_quotes(without_code(pl.col("response")))
        rules = []
        if self.first_person:
            # A numeral becomes a space, so that the words beside it stay words.
            found = excerpt(text.str.replace_all(_NUMERAL, " "), _FIRST_PERSON)
            rules.append(Rule("first_person", found.is_not_null(), found))
        if self.phrases:
            found = excerpt(text, any_of(*map(_pattern, self.phrases)))
            rules.append(Rule("phrase", found.is_not_null(), found))
        return rules


def _pattern(phrase: str) -> str:
    """A regular expression that matches `phrase` between word boundaries, its white space freely."""
    words = re.sub("[\u2018\u2019\u02bc\u2032\u00b4]", "'", phrase).split()
    body = r"\s+".join(_SPECIAL.sub(r"\\\g<0>", word) for word in words)
    start, end = (r"\b" if re.fullmatch(r"\w", c) else "" for c in (words[0][0], words[-1][-1]))
    return start + body + end
