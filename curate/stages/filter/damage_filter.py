"""The stage `damage_filter`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Final, Literal, get_args

import polars as pl
from pydantic import Field

from curate.damage import (
    ABOUT_ENCODING,
    ABOUT_HIDDEN,
    ABOUT_HTML,
    ABOUT_PLACEHOLDER,
    ABOUT_SLOT,
    ABOUT_TEMPLATE,
    BARE_WORDS,
    CODE_SHARE,
    DIRECTED,
    ECHOING,
    FLAG,
    HANGING,
    HANGING_WORDS,
    HIDDEN,
    HTML,
    ITEM_INSIDE,
    ITEM_WORDS,
    KISSES,
    LAST_LINE,
    LISTED,
    MARKS,
    MOJIBAKE,
    OPEN_END,
    PAGE,
    PLACEHOLDER,
    PUNCTUATED,
    REQUEST_END,
    RIGHT_TO_LEFT,
    SENTENCE_END,
    SENTENCE_INSIDE,
    SLOT,
    SLOT_CHARS,
    STAND_IN,
    STRIPPED,
    TEMPLATE,
)
from curate.stage import Filter, Rule
from curate.text import WORD, code_line_share, excerpt, fold, is_blank, line_count, list_line_share, without_code

Check = Literal[
    "empty_instruction",
    "empty_response",
    "placeholder",
    "template_tokens",
    "hidden_text",
    "mojibake",
    "prompt_echo",
    "unpunctuated",
    "truncated",
    "html_residue",
]
_ALL: Final[tuple[Check, ...]] = get_args(Check)


class DamageFilter(Filter):
    """Drops records that are broken rather than bad: empty, cut off, echoed, garbled, or never filled in.

    Looks at `instruction` and `response` as text; the evidence is the excerpt that gave it away. In order:

    - `empty_instruction`, `empty_response`: nothing but white space, control and zero-width characters.
    - `placeholder`: the response is a stand-in (`<noinput>`, `N/A`, `TODO`, `...`), a slot or a note
      (`<your answer>`, `{{response}}`, `TODO: write the answer`) and no more, or prose that holds one (lorem ipsum,
      `[insert name here]`), unless the instruction asks for a template, a form or a placeholder, or (for slots) for
      markup, code or to-dos.
    - `hidden_text`: Unicode tag characters (but for flags) or marks that overrule or set the direction of text, where
      nothing is written from right to left, in the instruction or the response, unless the instruction is about them:
      they show a reader one text and give a model another.
    - `template_tokens`: marks of ChatML, Llama, Gemma, Alpaca and other chat templates outside code
      (`<|im_end|>`, `[INST]`, `### Response:`), unless the instruction is about such templates.
    - `mojibake`: UTF-8 read as Latin-1 or Windows-1252 (e acute as A tilde and a copyright sign), or the
      replacement character U+FFFD, unless the instruction is about encodings.
    - `prompt_echo`: the response begins with the whole instruction, or with its first line, of `min_echo_chars`
      characters or more, that ends in a mark; or is the whole instruction and no more. Case, white space and the
      final mark do not matter. An echo of text that was given to rewrite, correct, translate or continue is an
      answer: there the first line alone does not count.
    - `unpunctuated`: 20 words or more in a script with capitals, without a capital, a comma, a full stop or any
      other such mark; but not lines of five words or fewer on average, a list or verse.
    - `truncated`: a code fence is left open; or the last line is prose that ends in a word no sentence ends with
      (`the`, `and`, `with`), or without any mark, in a word in small letters, though a sentence ended before in
      that line (`min_prose_words`) or the line is long (`min_sentence_words`). Code, tables, list items, names,
      hashtags, signatures, short lines and scripts without capitals are left alone.
    - `html_residue`: tags or entities in prose, more than `max_html_share` of the words, unless the
      instruction mentions HTML, code, a web page or the like, or the response looks like code.

    Why: such records teach to stop early, to repeat the question or to write entities, and no later score is made
    for them. People often leave out the last full stop: of 1,492 answers of Dolly, `truncated` takes 2%, of
    LIMA's 0.2%. For sets written by people, leave it out of `checks` or raise both word limits.

    Example
    -------
    ```yaml
    - stage: damage_filter
      checks: [empty_instruction, empty_response, placeholder, mojibake, prompt_echo]
    ```

    References
    ----------
    - Taori et al. (2023), *Stanford Alpaca*, and Ruebsamen et al. (2023), *Cleaned Alpaca Dataset*: empty
      outputs, `<nooutput>` and echoed inputs as the kinds of damage that a generated set has.
    - Rae et al. (2021), *Scaling Language Models*, appendix A.1.1, and Raffel et al. (2020), *T5*, section 2.2:
      terminal punctuation and lorem ipsum as signs of what is prose.
    - Speer (2019), *ftfy*: which sequences give mis-decoded UTF-8 away.
    """

    stage: Literal["damage_filter"] = "damage_filter"
    reads: ClassVar[tuple[str, ...]] = ("instruction", "response")
    reasons: ClassVar[Mapping[str, str]] = {
        "empty_instruction": "The instruction shows nothing.",
        "empty_response": "The response shows nothing.",
        "placeholder": "The response is or holds a stand-in that was to be replaced.",
        "hidden_text": "The text holds characters that nobody sees, or that show it in another order than it has.",
        "template_tokens": "Marks of a chat template stand in the response.",
        "mojibake": "Characters were decoded with the wrong encoding, or lost.",
        "prompt_echo": "The response repeats the instruction.",
        "unpunctuated": "Long prose without a capital letter or punctuation mark.",
        "truncated": "The response stops in the middle of a sentence or of a code block.",
        "html_residue": "HTML tags or entities stand in prose.",
    }
    checks: list[Check] = Field(
        list(_ALL), min_length=1, description="The reasons to look for; one that is not in the list is switched off."
    )
    min_echo_chars: int = Field(
        20,
        ge=1,
        description="Characters of the instruction (or its first line) from which an echo counts: about four words.",
    )
    min_prose_words: int = Field(
        12, ge=1, description="Words of a last line, holding the end of a sentence, from which it must end in a mark."
    )
    min_sentence_words: int = Field(
        20, ge=1, description="Words of a last line, of one sentence only, from which it must end in a mark."
    )
    max_html_share: float = Field(
        0.03,
        ge=0.0,
        le=1.0,
        description="Tags and entities per word of prose that are allowed: one in 33 words. A few `&quot;` in a long "
        "answer (4% of LIMA's have one) are no reason to lose it.",
    )

    def rules(self) -> list[Rule]:
        """One rule for each of `checks`, in the order of `reasons`."""
        make: dict[Check, Callable[[], pl.Expr]] = {
            "empty_instruction": lambda: _blank(pl.col("instruction")),
            "empty_response": lambda: _blank(pl.col("response")),
            "placeholder": _placeholder,
            "template_tokens": _template_tokens,
            "hidden_text": _hidden_text,
            "mojibake": _mojibake,
            "prompt_echo": self._prompt_echo,
            "unpunctuated": _unpunctuated,
            "truncated": self._truncated,
            "html_residue": self._html_residue,
        }
        return [Rule.found(check, make[check](), _screen(check)) for check in _ALL if check in self.checks]

    def _prompt_echo(self) -> pl.Expr:
        instruction, response = pl.col("instruction"), fold(pl.col("response"))
        whole = fold(instruction)
        first = fold(instruction.str.strip_chars_start().str.extract(r"\A([^\n]+)"))
        repeated = self._is_long(whole) & (response.str.strip_chars_end(MARKS) == whole.str.strip_chars_end(MARKS))
        # A text that stops without a mark (a title, half a sentence) may well be taken up by its continuation.
        restated = pl.any_horizontal(
            self._is_long(text)
            & text.str.contains(REQUEST_END)
            & response.str.starts_with(text.str.strip_chars_end(MARKS))
            & ok
            for text, ok in ((whole, pl.lit(value=True)), (first, ~instruction.str.contains(ECHOING)))
        )
        return pl.when(repeated | restated).then(response.str.head(80))

    def _is_long(self, text: pl.Expr) -> pl.Expr:
        return text.str.len_chars() >= self.min_echo_chars

    def _truncated(self) -> pl.Expr:
        response = pl.col("response")
        fence = (response.str.count_matches("```") % 2 == 1) & ~response.str.contains(SENTENCE_END)
        last = response.str.tail(2000).str.extract(LAST_LINE, 1)
        words = last.str.count_matches(WORD)
        prose = (code_line_share(response) <= CODE_SHARE) & ~response.str.contains("```")
        listed = last.str.contains(LISTED)
        flows = ~listed & (last.str.count_matches(r"[,;:]") * 4 < words)
        hanging = flows & (words >= HANGING_WORDS) & last.str.contains(HANGING)
        inside = (words >= self.min_prose_words) & pl.when(listed).then(last.str.contains(ITEM_INSIDE)).otherwise(
            last.str.contains(SENTENCE_INSIDE)
        )
        alone = flows & (words >= self.min_sentence_words)
        cut = (
            prose
            & (hanging | ((inside | alone) & last.str.contains(OPEN_END)))
            & ~last.str.tail(12).str.contains(KISSES)
        )
        return pl.when(fence).then(pl.lit("``` left open")).when(cut).then(last.str.tail(60))

    def _html_residue(self) -> pl.Expr:
        instruction, prose = pl.col("instruction"), without_code(pl.col("response"))
        about = (
            instruction.str.contains(ABOUT_HTML) | _is_code(pl.col("response")) | pl.col("response").str.contains(PAGE)
        )
        many = prose.str.count_matches(HTML) > self.max_html_share * prose.str.count_matches(WORD)
        return pl.when(many & ~about).then(excerpt(prose, HTML))


def _screen(check: Check) -> pl.Expr | None:  # noqa: PLR0911 - one return for each check reads best
    """What a record must have that `check` could find damaged; None for checks that are fast themselves.

    Most records have none of it, and what the instruction is about, or whether the response is code, takes as long
    to tell as everything here together.
    """
    instruction, response = pl.col("instruction"), pl.col("response")
    prose = without_code(response)
    if check == "placeholder":
        slot = response.str.head(SLOT_CHARS).str.contains(SLOT)
        return response.str.contains(STAND_IN) | prose.str.contains(PLACEHOLDER) | slot
    if check == "hidden_text":
        return pl.any_horizontal(text.str.contains(f"{HIDDEN}|{DIRECTED}") for text in (instruction, response))
    if check == "template_tokens":
        return prose.str.contains(TEMPLATE)
    if check == "mojibake":
        return response.str.contains(MOJIBAKE)
    if check == "prompt_echo":
        first = fold(instruction.str.strip_chars_start().str.head(1))
        # An instruction of nothing but marks may be echoed by anything.
        return (first == fold(response.str.strip_chars_start().str.head(1))) | first.is_in(list(MARKS))
    if check == "unpunctuated":
        return ~response.str.contains(PUNCTUATED)
    if check == "truncated":
        last = response.str.tail(2000).str.extract(LAST_LINE, 1)
        return response.str.contains("```", literal=True) | last.str.contains(OPEN_END) | last.str.contains(HANGING)
    return prose.str.contains(HTML) if check == "html_residue" else None


def _is_code(text: pl.Expr) -> pl.Expr:
    """Whether it is code, where tags are not taken for code."""
    return code_line_share(text, markup=False) > CODE_SHARE


def _blank(text: pl.Expr) -> pl.Expr:
    return pl.when(is_blank(text)).then(pl.format("{} characters, none visible", text.str.len_chars()))


def _placeholder() -> pl.Expr:
    response = pl.col("response")
    asked = pl.col("instruction").str.contains(ABOUT_PLACEHOLDER)
    slot = excerpt(pl.when(response.str.len_chars() <= SLOT_CHARS).then(response), SLOT)
    about_slot = pl.when(slot.is_not_null()).then(pl.col("instruction")).str.contains(ABOUT_SLOT)
    return pl.coalesce(
        excerpt(response, STAND_IN),
        pl.when(~asked & ~_is_code(response)).then(excerpt(without_code(response), PLACEHOLDER)),
        pl.when(~asked & ~about_slot).then(slot),
    )


def _template_tokens() -> pl.Expr:
    about = pl.col("instruction").str.contains(ABOUT_TEMPLATE)
    return pl.when(~about).then(excerpt(without_code(pl.col("response")), TEMPLATE))


def _hidden_text() -> pl.Expr:
    both = pl.concat_str("instruction", "response", separator="\n").str.replace_all(FLAG, "")
    # Few texts hold any mark at all; only in those is the script looked at.
    odd = both.str.contains(HIDDEN) | (both.str.contains(DIRECTED) & ~both.str.contains(RIGHT_TO_LEFT))
    found = pl.format("U+{}", both.str.extract(f"({HIDDEN}|{DIRECTED})", 1).map_elements(_code_point, pl.String))
    return pl.when(odd & ~pl.col("instruction").str.contains(ABOUT_HIDDEN)).then(found)


def _code_point(character: str) -> str:
    return f"{ord(character):04X}"


def _mojibake() -> pl.Expr:
    about = pl.col("instruction").str.contains(ABOUT_ENCODING)
    return pl.when(~about).then(excerpt(pl.col("response"), MOJIBAKE))


def _unpunctuated() -> pl.Expr:
    response = pl.col("response")
    words = response.str.count_matches(WORD)
    # A few words to the line: a list, or verse; but not a list that has lost its bullets and commas.
    items = (words <= ITEM_WORDS * line_count(response)) & ~response.str.contains(STRIPPED)
    bare = ~response.str.contains(PUNCTUATED) & (list_line_share(response) < 0.5) & ~items
    return pl.when(bare & (words >= BARE_WORDS)).then(response.str.head(60))
