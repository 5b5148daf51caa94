"""Gates: facts about a record that on their own show it to be broken, as polars expressions that give the evidence.

Every gate gives the excerpt that gave the damage away, or null. They look at the columns `instruction` and `response`,
at `asked` and `plain`, their ASCII twins (`curate.text.ascii_twin`), and at what `curate.damage.prepared` adds. What
takes time is looked for last, and only where all else holds (`curate.text.only`). What a gate needs more than once is a
column, of `prepared` or of one of its own steps: each use of an expression doubles what it stands in, and to plan an
expression of thousands of parts takes longer than to compute it for a shard.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import polars as pl

from curate.damage.patterns import (
    ABOUT_CUT,
    ABOUT_DIALOGUE,
    ABOUT_ENCODING,
    ABOUT_HIDDEN,
    ABOUT_HTML,
    ABOUT_PLACEHOLDER,
    ABOUT_REFUSAL,
    ABOUT_SELF,
    ABOUT_SLOT,
    ABOUT_TEMPLATE,
    ABOUT_VALUE,
    BARE_WORDS,
    CODE_SHARE,
    ECHOING,
    END_MARK,
    ENDS_IN,
    HANGING,
    HANGING_WORDS,
    HTML,
    ITEM_INSIDE,
    ITEM_WORDS,
    KISSES,
    LISTED,
    MARKS,
    MOJIBAKE,
    OPEN_END,
    PAGE,
    PUNCTUATED,
    REQUEST_END,
    SENTENCE_END,
    SENTENCE_INSIDE,
    STRIPPED,
    SUM_END,
)
from curate.damage.raw import LOOP_COPIES, MOST_COVERED, MOST_PAUSES, SURELY_ENGLISH, SURELY_OTHER, function_share
from curate.text import (
    WORD,
    code_line_share,
    excerpt,
    is_blank,
    line_count,
    list_line_share,
    only,
)

#: Languages that a text of a few sentences does not tell apart.
RELATIVES: Final = tuple(
    tuple(group.split())
    for group in (
        "no da sv",
        "hr sl sk cs",
        "id tl so sw",
        "es pt ca it",
        "zh-cn zh-tw ko ja",
        "ru uk bg mk",
        "af nl de",
    )
)

#: Where a disclaimer is right: about the assistant itself, or about what a refusal would be about.
ABOUT_BOTH: Final = f"(?:{ABOUT_SELF})|(?:{ABOUT_REFUSAL})"


class Step(NamedTuple):
    """Columns that a gate looks at, and what holds wherever there may still be evidence once they are known."""

    columns: Mapping[str, pl.Expr]
    left: pl.Expr


class Gate(NamedTuple):
    """What a gate finds.

    Attributes
    ----------
    found : the evidence, or null.
    screen : holds wherever there may be evidence; rows where it does not are not looked at. None: all are.
    steps : columns that `found` looks at, each step made of those before it.
    """

    found: pl.Expr
    screen: pl.Expr | None = None
    steps: tuple[Step, ...] = ()

    def evidence(self, frame: pl.DataFrame, where: pl.Series) -> pl.Series:
        """What is found in those rows of `frame` where the screen holds, null in all others.

        Without any row that is left, no pattern is compiled: for a small shard that takes longer than to look for it.
        """
        looks = [self.found, *(column for step in self.steps for column in step.columns.values())]
        roots = {root for look in looks for root in look.meta.root_names()}
        some = frame.select(name for name in frame.columns if name in roots).filter(where)
        some = some.with_columns(where.arg_true().alias("row"))
        for step in self.steps:
            if some.height:
                some = some.lazy().with_columns(**step.columns).filter(step.left).collect()
        none = pl.repeat(None, frame.height, dtype=pl.String, eager=True)
        # A lazy query, since patterns of an eager one would take the place of those that `curate.phrases` keeps.
        return none.scatter(some["row"], some.lazy().select(self.found).collect().to_series()) if some.height else none


def evidence(frame: pl.DataFrame, gates: Mapping[str, Gate]) -> pl.DataFrame:
    """What each gate finds in each row of `frame`; String, null for nothing."""
    plain = {name: gate.found for name, gate in gates.items() if gate.screen is None}
    columns = {column.name: column for column in frame.lazy().select(**plain).collect()}
    screens = {name: gate.screen.fill_null(value=False) for name, gate in gates.items() if gate.screen is not None}
    for where in frame.lazy().select(**screens).collect():
        columns[where.name] = gates[where.name].evidence(frame, where)
    return pl.DataFrame({name: columns[name] for name in gates})


def blank(text: pl.Expr) -> pl.Expr:
    """A text that shows nothing."""
    return pl.when(is_blank(text)).then(pl.format("{} characters, none visible", text.str.len_chars()))


def _is_code(where: pl.Expr) -> pl.Expr:
    """Whether the response is code, where tags are not taken for code; null but where `where` holds."""
    return code_line_share(only(pl.col("plain"), where), markup=False, twin=True) > CODE_SHARE


def _about(pattern: str, where: pl.Expr) -> pl.Expr:
    """Whether the instruction is about what `pattern` says; null but where `where` holds."""
    return only(pl.col("asked"), where).str.contains(pattern)


def prompt_echo(min_chars: int) -> pl.Expr:
    """The response begins with the whole instruction or its first line, of `min_chars` characters or more."""
    whole, first, response = pl.col("echoed"), pl.col("echoed_line"), pl.col("echoing")

    def long(text: pl.Expr) -> pl.Expr:
        return text.str.len_chars() >= min_chars

    def begins(text: pl.Expr) -> pl.Expr:
        """Begins with it; a text that stops without a mark (a title) may well be taken up by its continuation."""
        return long(text) & text.str.contains(REQUEST_END) & response.str.starts_with(text.str.strip_chars_end(MARKS))

    repeated = long(whole) & (response.str.strip_chars_end(MARKS) == whole.str.strip_chars_end(MARKS))
    restated = begins(whole) | (begins(first) & ~_about(ECHOING, begins(first)))
    return pl.when(repeated | restated).then(response.str.head(80))


def truncated(min_prose_words: int, min_sentence_words: int) -> Gate:
    """A code fence left open, or a last line of prose that stops inside a sentence."""
    response, last, words, listed = (pl.col(name) for name in ("response", "open_line", "line_words", "line_listed"))
    fence = (response.str.count_matches("```", literal=True) % 2 == 1) & ~response.str.contains(SENTENCE_END)
    of_line = {
        "line_words": last.str.count_matches(WORD),
        "line_listed": last.str.contains(LISTED),
        "line_hangs": last.str.contains(HANGING),
        "line_stops": last.str.contains(OPEN_END),
        "line_odd": last.str.tail(12).str.contains(KISSES) | last.str.tail(100).str.contains(SUM_END),
    }
    flows = ~listed & (last.str.count_matches(r"[,;:]") * 4 < words)
    hanging = flows & (words >= HANGING_WORDS) & pl.col("line_hangs")
    inside = (words >= min_prose_words) & pl.when(listed).then(last.str.contains(ITEM_INSIDE)).otherwise(
        last.str.contains(SENTENCE_INSIDE)
    )
    alone = flows & (words >= min_sentence_words)
    open_end = (hanging | ((inside | alone) & pl.col("line_stops"))) & ~pl.col("line_odd")
    # Code that has a fence is not looked at any further.
    cut = open_end & (pl.col("whole_code") <= CODE_SHARE) & ~response.str.contains("```", literal=True)
    unasked = pl.col("cut") & ~_about(ABOUT_CUT, pl.col("cut"))
    found = pl.when("fence").then(pl.lit("``` left open")).when(unasked).then(last.str.tail(60))
    stopped = last.is_not_null() | response.str.contains("```", literal=True)
    hangs = pl.col("line_hangs") | pl.col("line_stops")
    steps = (
        Step({"fence": fence, **of_line}, pl.col("fence") | hangs),
        Step({"cut": cut}, pl.col("fence") | pl.col("cut")),
    )
    return Gate(found, stopped, steps)


def html_residue(max_share: float) -> Gate:
    """Tags or entities in prose, more than `max_share` of the words."""
    uncoded, many = pl.col("uncoded"), pl.col("many")
    about = _about(ABOUT_HTML, many) | _is_code(many) | only(pl.col("response"), many).str.contains(PAGE)
    steps = (Step({"many": pl.col("tags") > max_share * uncoded.str.count_matches(WORD)}, many),)
    return Gate(pl.when(many & ~about).then(excerpt(uncoded, HTML)), pl.col("tags") > 0, steps)


def placeholder() -> pl.Expr:
    """A stand-in, a slot or a note instead of an answer, or prose that holds one."""
    stand_in, held, slot = pl.col("stand_in"), pl.col("held"), pl.col("slot")

    def unless(found: pl.Expr, *about: str) -> pl.Expr:
        return pl.when(~pl.any_horizontal(_about(pattern, found.is_not_null()) for pattern in about)).then(found)

    return pl.coalesce(
        unless(stand_in, ABOUT_VALUE),
        pl.when(~_is_code(held.is_not_null())).then(unless(held, ABOUT_PLACEHOLDER)),
        unless(slot, ABOUT_PLACEHOLDER, ABOUT_SLOT),
    )


def template_tokens() -> pl.Expr:
    """Marks of a chat template outside code."""
    marks, went_on = pl.col("tokens"), pl.col("went_on")
    about = _about(ABOUT_TEMPLATE, marks.is_not_null() | went_on.is_not_null())
    spoken = _about(ABOUT_DIALOGUE, went_on.is_not_null())
    ended = pl.format(ENDS_IN, excerpt(only(pl.col("uncoded"), marks.is_not_null()), END_MARK))
    return pl.coalesce(
        pl.when(~about).then(pl.coalesce(ended, marks)),
        pl.when(~about & ~spoken).then(went_on),
    )


def hidden_text() -> pl.Expr:
    """Characters that nobody sees, or that show the text in another order than it has."""
    found = pl.col("hidden")
    return pl.when(~_about(ABOUT_HIDDEN, found.is_not_null())).then(found)


def mojibake() -> pl.Expr:
    """UTF-8 read in another encoding, or characters that were lost."""
    found = pl.col("garbled")
    there = found.is_not_null()
    about = _about(ABOUT_ENCODING, there) | only(pl.col("instruction"), there).str.contains(MOJIBAKE)
    return pl.when(~about).then(found)


def unpunctuated() -> Gate:
    """Long prose without a capital letter or a mark."""
    response, words, bare = pl.col("response"), pl.col("bare_words"), pl.col("bare")
    # A few words to the line: a list, or verse; but not a list that has lost its bullets and commas.
    items = (words <= ITEM_WORDS * line_count(response)) & ~response.str.contains(STRIPPED)
    many = response.str.count_matches(r"\p{L}{2}\S*") >= BARE_WORDS
    steps = (
        Step({"bare_words": response.str.count_matches(WORD)}, words >= BARE_WORDS),
        Step({"bare": many & (list_line_share(response) < 0.5) & ~items}, bare),
    )
    found = pl.when(bare & ~_about(ABOUT_CUT, bare)).then(response.str.head(60))
    return Gate(found, ~response.str.contains(PUNCTUATED), steps)


def declined() -> dict[str, pl.Expr]:
    """`refusal` and `ai_disclaimer`: phrases by which an assistant declines or presents itself as a model.

    Looked for at the beginning of each sentence of the first 300 characters, and at the end. Left alone where the
    instruction is about declining, harm or what a model cannot know, or about the assistant itself.
    """

    def unless_asked(found: pl.Expr, about: str) -> pl.Expr:
        return pl.when(~_about(about, found.is_not_null())).then(found)

    return {
        "refusal": unless_asked(pl.col("declines"), ABOUT_REFUSAL),
        "ai_disclaimer": unless_asked(pl.coalesce("disclaims", "names", "closes"), ABOUT_BOTH),
    }


def of_measures() -> dict[str, pl.Expr]:
    """Gates over what `curate.damage.excuses.excused` gives: loops, copies, salad, language."""
    words, plain = pl.col("words"), (pl.col("prose") == 1.0) & ~pl.col("repeats")
    copies, period = pl.col("rep_tail_copies"), pl.col("rep_tail_period")
    # A refrain goes line by line; a loop inside a line is none.
    inside = (pl.col("prose") == 1.0) & ~pl.col("asks_repeat") & (pl.col("last_words") >= 2 * period)
    tail = (plain | inside) & (
        (copies >= LOOP_COPIES) & (copies * period >= 8) | (copies >= 4) & (copies * period >= 6)
    )
    copied = plain & (pl.col("copied") >= 0.3) & (pl.col("copies") >= 1) & (words >= 12)
    worded = plain & (pl.col("digits") <= 0.3 * words) & (pl.col("function") >= 0.25 * words)
    salad = worded & (pl.col("order") <= -12) & (pl.col("order") <= -0.25 * pl.col("pairs")) & ~pl.col("asks_form")
    asked, given = pl.col("asked_language"), pl.col("given_language")
    # Names and numbers alone are taken for many a language; function words are not.
    share = function_share()
    sure = (
        pl.when(given == "en")
        .then(share >= SURELY_ENGLISH)
        .when(asked == "en")
        .then(share <= SURELY_OTHER)
        .otherwise(pl.lit(value=True))
    )
    other = (
        plain
        & sure
        & (pl.col("cover_given") < MOST_COVERED)
        & (pl.col("pauses") <= MOST_PAUSES * words)
        & (asked != given)
        & ~pl.any_horizontal(asked.is_in(group) & given.is_in(group) for group in RELATIVES)
        & ~pl.col("asks_language")
    )
    return {
        "repeated_tail": pl.when(tail).then(
            pl.format("{} x {} words at the end", copies.cast(pl.Int32), period.cast(pl.Int32))
        ),
        "copied_sentences": pl.when(copied).then(
            pl.format("{} sentences were there before", pl.col("copies").cast(pl.Int32))
        ),
        "word_salad": pl.when(salad).then(pl.format("order {} nats below chance", (-pl.col("order")).round(1))),
        "other_language": pl.when(other).then(pl.format("asked in {}, answered in {}", asked, given)),
    }
