"""The stage `damage_filter`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, Final, Literal, get_args

import polars as pl
from pydantic import Field

from curate.stage import Filter, Rule
from curate.text import WORD, any_of, code_line_share, excerpt, fold, is_blank, list_line_share, without_code

Check = Literal[
    "empty_instruction",
    "empty_response",
    "placeholder",
    "template_tokens",
    "mojibake",
    "prompt_echo",
    "unpunctuated",
    "truncated",
    "html_residue",
]
_ALL: Final[tuple[Check, ...]] = get_args(Check)

# --- template_tokens -------------------------------------------------------------------------------------------------
#: Marks of the common chat templates: ChatML, Llama 2 and 3, Gemma, Phi, Zephyr, Alpaca.
_TEMPLATE: Final = (
    r"<\|(?:im_start|im_end|im_sep|endoftext|endofprompt|eot_id|eom_id|start_header_id|end_header_id|"
    r"begin_of_text|end_of_text|"
    r"system|user|assistant|end|eos|pad)\|>"
    r"|\[/?INST\]|<</?SYS>>|</?(?:start|end)_of_turn>|<start_of_turn>|<end_of_turn>|</s>[ \t]*(?:\n|\z)|\A<s>"
    r"|(?m:^### ?(?:Response|Instruction|Human|Assistant):)"
)

_ABOUT_TEMPLATE: Final = r"(?i)\b(?:(?:chat|prompt) ?(?:template|format)|special tokens?|tokeni[sz]er|chatml)"

# --- placeholder -----------------------------------------------------------------------------------------------------
_PLACEHOLDER: Final = any_of(
    r"<\s*no[ _]?(?:in|out)put\s*>",
    r"\blorem ipsum\b",
    r"\[\s*(?:insert|add|enter|put|type|your) (?:the |an? |your )?(?:answer|response|output|text|content|summary|"
    r"code|essay|story)"
    r"(?: goes)?(?: here)?\s*\]",
    r"\[[^\]\n]{1,60} (?:goes )?here\s*\]",
    r"<\s*(?:insert|enter)[ _-][^>\n]{1,40}>",
)
#: Stand-ins that say nothing when they are the whole response.
_STAND_IN: Final = any_of(
    r"\A[\s\"'<\[(*_]*(?:n\.?/?a\.?|not applicable|no (?:in|out)put|no (?:response|answer|content)(?: needed)?|"
    r"nooutput|noinput|none given|"
    r"tbd|todo|tba|null|nan|undefined|x{3,}|\[(?:blank|empty|deleted|removed|redacted)\]|"
    r"no output needed|\.{2,}|…+|-+|_+|\?+|#+)[\s\"'>\])*_.!]*\z"
)

_ABOUT_PLACEHOLDER: Final = (
    r"(?i)\b(?:template|form|lorem|ipsum|placeholder|boilerplate|dummy|sample text|filler|fill(?:ed)?[- ]in|noinput)\b"
)

# --- mojibake --------------------------------------------------------------------------------------------------------
#: What the bytes 0x80 to 0xBF of UTF-8 look like in Latin-1 and Windows-1252, without the quotes, dashes and dots
#: that may
#: follow a capital letter in good text.
_CONTINUED: Final = "[\x80-\x9f\xa0-\xaa\xac-\xba\xbc-\xbf€‚ƒ†‡ˆ‰Š‹ŒŽ˜™š›œžŸ]"
_ANY_CONTINUED: Final = "[\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"
_MOJIBAKE: Final = (
    "\ufffd"
    rf"|Ã{_CONTINUED}|[a-zà-ÿ]Ã{_ANY_CONTINUED}"
    "|Â[\xa0-\xaa\xac-\xba\xbc-\xbf]"
    "|â€|â‚¬|â„¢|ï»¿|ï¿½|ðŸ"
    rf"|(?:[ÐÑ]{_ANY_CONTINUED}){{2}}"
    rf"|(?:[ãäåæçèé]{_ANY_CONTINUED}{{2}}){{2}}"
    rf"|(?:[ØÙ]{_ANY_CONTINUED}){{3}}"
)
_ABOUT_ENCODING: Final = (
    r"(?i)\b(?:utf-?8|unicode|latin-?1|iso-?8859|cp1252|windows-1252|mojibake|encod(?:ing|ed)|charset|replacement "
    r"character)"
)

# --- html_residue ----------------------------------------------------------------------------------------------------
_HTML: Final = (
    r"(?i)</?(?:p|div|span|font|img|strong|em|ul|ol|li|h[1-6]|table|tbody|tr|td|blockquote|center|section|"
    r"article)(?:\s[^<>\n]*)?/?>"
    r"|<a\s+href[^<>\n]*>|</(?:a|b|i|u)>|<(?:br|hr) ?/?>"
    r"|&(?:nbsp|amp|lt|gt|quot|apos|rsquo|lsquo|rdquo|ldquo|mdash|ndash|hellip|#\d{2,5}|#x[0-9a-f]{2,4});"
)
_ABOUT_HTML: Final = (
    r"(?i)\b(?:x?html5?|xml|tags?|mark-?up|markdown|css|java-?script|js|jsx|react|angular|vue|php|svg|dom|web "
    r"?(?:page|site|app)s?|"
    r"pages?|urls?|links?|forms?|templates?|codes?|script|element|entit(?:y|ies)|attribute|hyperlink|selector|rss|"
    r"table|bold|button|embed)\b|</?\w+[^>]*>|&\w+;"
)

#: A whole page or form, which is code.
_PAGE: Final = r"(?i)<(?:!doctype|html|head|script|style|form|input|svg)\b"

# --- prompt_echo -----------------------------------------------------------------------------------------------------
#: Requests whose answer may begin with the text that was given.
_ECHOING: Final = (
    r"(?i)\b(?:re-?writ|re-?phras|paraphras|edit|correct|proofread|translat|repeat|copy|copie|continu|complet|"
    r"finish|extend|"
    r"punctuat|capitali[sz]|grammar|spell|typo|convert|format|quot|transcri|fill|cloze)"
)

_MARKS: Final = " .!?:;…。！？"
_REQUEST_END: Final = r"[.!?:。！？：؟।]\z"

# --- truncated, unpunctuated -----------------------------------------------------------------------------------------
_SENTENCE_END: Final = r"[.!?。！？][)\"'”’]*\s*\z"
#: The last line with anything on it.
_LAST_LINE: Final = r"([^\n]*\S)\s*\z"
_LISTED: Final = r"\A\s*(?:[-*•‣◦–—+#>|]|\(?\d{1,3}[.):]|\(?[A-Za-z][.)])"
#: Words that no sentence ends with, in English, German, French and Spanish.
_HANGING: Final = (
    r"(?i)(?:\A|\s|['’])(?:a|an|the|of|and|or|with|from|into|than|because|but|if|whether|their|its|your|our|my|"
    r"every|which|"
    r"der|die|das|und|oder|mit|von|für|ein|eine|einen|einem|dass|weil|le|la|les|des|et|ou|avec|pour|dans|une|que|qui|"
    r"el|los|las|del|y|con|por|para|una|un)\z"
)
#: A word in small letters, or a mark that opens or goes on; names, hashtags, signatures and scripts without case
#: end otherwise.
_OPEN_END: Final = r"(?:(?:\A|[\s(\"“‘'’-])[\p{Ll}'’-]+|[,(–—])\z"
#: The fewest words of a line that a hanging word makes unfinished; below, it may be the word that was asked for.
_HANGING_WORDS: Final = 8
#: The end of a sentence with another after it.
_SENTENCE_INSIDE: Final = r"[\p{Ll})\"”'’][.!?][\"”'’)]*\s+[\"“‘'(]?[\p{Lu}\d]"

#: The same in a list that has lost its line breaks.
_ITEM_INSIDE: Final = r"[\p{Ll})\"”'’][.!?]\s+\d{1,2}[.)]\s"
#: A capital, a letter of a script without case, or a mark that prose, code and tables have.
_PUNCTUATED: Final = r"[\p{Lu}\p{Lt}\p{Lo}.,!?;:\"”()=<>{}/\\|_]"
_BARE_WORDS: Final = 20

#: More lines of code, mark-up or table than this, and the response is no prose.
_CODE_SHARE: Final = 0.3


class DamageFilter(Filter):
    """Drops records that are broken rather than bad: empty, cut off, echoed, garbled, or never filled in.

    Looks at `instruction` and `response` as text; the evidence is the excerpt that gave it away. In order:

    - `empty_instruction`, `empty_response`: nothing but white space, control and zero-width characters.
    - `placeholder`: the response is a stand-in (`<noinput>`, `N/A`, `TODO`, `...`), or prose that holds one
      (lorem ipsum, `[insert name here]`), unless the instruction asks for a template, a form or a placeholder.
    - `template_tokens`: marks of ChatML, Llama, Gemma, Alpaca and other chat templates outside code
      (`<|im_end|>`, `[INST]`, `### Response:`), unless the instruction is about such templates.
    - `mojibake`: UTF-8 read as Latin-1 or Windows-1252 (e acute as A tilde and a copyright sign), or the
      replacement character U+FFFD, unless the instruction is about encodings.
    - `prompt_echo`: the response begins with the whole instruction, or with its first line, of `min_echo_chars`
      characters or more, that ends in a mark; or is the whole instruction and no more. Case, white space and the
      final mark do not matter. An echo of text that was given to rewrite, correct, translate or continue is an
      answer: there the first line alone does not count.
    - `unpunctuated`: 20 words or more in a script with capitals, without a capital, a comma, a full stop or any
      other such mark.
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
            "mojibake": _mojibake,
            "prompt_echo": self._prompt_echo,
            "unpunctuated": _unpunctuated,
            "truncated": self._truncated,
            "html_residue": self._html_residue,
        }
        rules = []
        for check in _ALL:
            if check in self.checks:
                evidence = make[check]()
                rules.append(Rule(check, evidence.is_not_null(), evidence))
        return rules

    def _prompt_echo(self) -> pl.Expr:
        instruction, response = pl.col("instruction"), fold(pl.col("response"))
        whole = fold(instruction)
        first = fold(instruction.str.strip_chars_start().str.extract(r"\A([^\n]+)"))
        repeated = self._is_long(whole) & (response.str.strip_chars_end(_MARKS) == whole.str.strip_chars_end(_MARKS))
        # A text that stops without a mark (a title, half a sentence) may well be taken up by its continuation.
        restated = pl.any_horizontal(
            self._is_long(text)
            & text.str.contains(_REQUEST_END)
            & response.str.starts_with(text.str.strip_chars_end(_MARKS))
            & ok
            for text, ok in ((whole, pl.lit(value=True)), (first, ~instruction.str.contains(_ECHOING)))
        )
        return pl.when(repeated | restated).then(response.str.head(80))

    def _is_long(self, text: pl.Expr) -> pl.Expr:
        return text.str.len_chars() >= self.min_echo_chars

    def _truncated(self) -> pl.Expr:
        response = pl.col("response")
        fence = (response.str.count_matches("```") % 2 == 1) & ~response.str.contains(_SENTENCE_END)
        last = response.str.tail(2000).str.extract(_LAST_LINE, 1)
        words = last.str.count_matches(WORD)
        prose = (code_line_share(response) <= _CODE_SHARE) & ~response.str.contains("```")
        listed = last.str.contains(_LISTED)
        flows = ~listed & (last.str.count_matches(r"[,;:]") * 4 < words)
        hanging = flows & (words >= _HANGING_WORDS) & last.str.contains(_HANGING)
        inside = (words >= self.min_prose_words) & pl.when(listed).then(last.str.contains(_ITEM_INSIDE)).otherwise(
            last.str.contains(_SENTENCE_INSIDE)
        )
        alone = flows & (words >= self.min_sentence_words)
        cut = prose & (hanging | ((inside | alone) & last.str.contains(_OPEN_END)))
        return pl.when(fence).then(pl.lit("``` left open")).when(cut).then(last.str.tail(60))

    def _html_residue(self) -> pl.Expr:
        instruction, prose = pl.col("instruction"), without_code(pl.col("response"))
        about = (
            instruction.str.contains(_ABOUT_HTML)
            | _is_code(pl.col("response"))
            | pl.col("response").str.contains(_PAGE)
        )
        many = prose.str.count_matches(_HTML) > self.max_html_share * prose.str.count_matches(WORD)
        return pl.when(many & ~about).then(excerpt(prose, _HTML))


def _is_code(text: pl.Expr) -> pl.Expr:
    """Whether it is code, where tags are not taken for code."""
    return code_line_share(text, markup=False) > _CODE_SHARE


def _blank(text: pl.Expr) -> pl.Expr:
    return pl.when(is_blank(text)).then(pl.format("{} characters, none visible", text.str.len_chars()))


def _placeholder() -> pl.Expr:
    response = pl.col("response")
    about = pl.col("instruction").str.contains(_ABOUT_PLACEHOLDER) | _is_code(response)
    return pl.coalesce(
        excerpt(response, _STAND_IN), pl.when(~about).then(excerpt(without_code(response), _PLACEHOLDER))
    )


def _template_tokens() -> pl.Expr:
    about = pl.col("instruction").str.contains(_ABOUT_TEMPLATE)
    return pl.when(~about).then(excerpt(without_code(pl.col("response")), _TEMPLATE))


def _mojibake() -> pl.Expr:
    about = pl.col("instruction").str.contains(_ABOUT_ENCODING)
    return pl.when(~about).then(excerpt(pl.col("response"), _MOJIBAKE))


def _unpunctuated() -> pl.Expr:
    response = pl.col("response")
    bare = ~response.str.contains(_PUNCTUATED) & (list_line_share(response) < 0.5)
    return pl.when(bare & (response.str.count_matches(WORD) >= _BARE_WORDS)).then(response.str.head(60))
