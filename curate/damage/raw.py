"""What is measured of each record, before it is weighed: counts, marks, order, likeness, language."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from curate.damage.patterns import LAST_LINE
from curate.damage.weighed import COUNTED, ENDINGS, FILLER, HOLDS
from curate.text import (
    WORD,
    code_line_share,
    code_lines,
    for_language,
    line_count,
    list_lines,
    only,
    scattered,
    utf8,
    without_code,
)

if TYPE_CHECKING:
    from curate.algorithms.damage_words import Lexicon

#: Characters of a response that are looked at for signs; what is beyond, only gates see.
HEAD_CHARS: Final = 20_000
#: Characters at its end in which its last line is looked for.
LINE_CHARS: Final = 2000
#: Characters of each side from which its language is told.
_LANGUAGE_CHARS: Final = 400
#: Letters from which a language is told, and how sure it must be; see `language`.
_LETTERS: Final = 60
_SURE: Final = 0.999
#: Up to so many words of a response, and so much that the instruction is about, the two are not compared; and up to so
#: many, the halves of the response are not.
FEW_WORDS: Final = 3
LITTLE_ASKED: Final = 0.5
FEW_TO_HALVE: Final = 20
#: A response in another language has no more of its words from the instruction, and no more pauses a word.
MOST_COVERED: Final = 0.25
MOST_PAUSES: Final = 0.25
#: From so many copies in a row on, a response is said to end in a loop.
LOOP_COPIES: Final = 3
#: Of an English text, function words are this share of all words at least, and of one in another language at most.
SURELY_ENGLISH: Final = 0.2
SURELY_OTHER: Final = 0.1
#: What is taken of the measures of `curate.algorithms.repetition`.
REPEATED: Final = (
    "rep_loop_copies", "rep_loop_period", "rep_loop_fraction", "rep_tail_copies", "rep_tail_period", "rep_dup_7",
)  # fmt: skip
_INSTRUCTION: Final = pl.col("instruction")


def ramp(value: pl.Expr, low: float, high: float) -> pl.Expr:
    """0 up to `low`, 1 from `high` on, straight between; Float64."""
    return ((value - low) / (high - low)).clip(0.0, 1.0)


def prose() -> pl.Expr:
    """How much of the response is prose rather than code; Float64, 0 to 1."""
    return 1.0 - ramp(pl.col("code"), 0.15, 0.35)


def function_share() -> pl.Expr:
    """The share of English function words among the words of the response; Float64."""
    return pl.col("function") / pl.max_horizontal(pl.col("words"), pl.lit(1.0))


def is_verse() -> pl.Expr:
    """Whether the response is of lines without marks at their ends."""
    return (pl.col("lines") >= 3) & (pl.col("unclosed_line") > 0.4 * pl.col("lines"))


@functools.cache
def lexicon() -> tuple[Lexicon, int]:
    """Known English words by frequency, and how many: the vocabulary of the static encoder, which is BERT's."""
    from curate.algorithms.damage_words import lexicon_of
    from curate.encoders.static import shipped

    words = [word if word.isalpha() else "" for word in shipped().vocabulary]
    return lexicon_of(words), len(words)


def texts_of(frame: pl.DataFrame) -> pl.DataFrame:
    """The texts that are looked at, out of what `prepared.with_views` gives, and how many lines are code.

    `response` is its beginning, `prose` that without code, `said` the ASCII twin of that and `last` its last line.
    """
    whole = pl.col("response")
    response, plain = (pl.col(name).str.head(HEAD_CHARS) for name in ("response", "plain"))
    long, beyond = whole.str.len_chars() > HEAD_CHARS, whole.str.len_bytes() != whole.str.len_chars()
    # Of nearly all the text without code is known, and is its own twin.
    cut, odd = only(response, long), only(plain, long | beyond)
    prose = pl.coalesce(without_code(cut), "uncoded").str.strip_chars()
    return (
        frame.lazy()
        .select(
            "instruction",
            response=response,
            prose=prose,
            said=pl.coalesce(without_code(odd).str.strip_chars(), prose),
            code_lines=code_lines(plain, twin=True),
            last=pl.when(long)
            .then(cut.str.tail(LINE_CHARS).str.strip_chars_end().str.extract(LAST_LINE, 0))
            .otherwise("last_line")
            .fill_null(""),
        )
        .collect()
    )


def first_line(text: pl.Expr) -> pl.Expr:
    """The first line of `text` with anything but white space on it, or nothing."""
    return text.str.strip_chars().str.extract(r"\A[^\n]+", 0).fill_null("")


def measured(frame: pl.DataFrame, order: npt.NDArray[np.float64]) -> pl.DataFrame:
    """All raw numbers of each row of what `prepared.with_views` gives, but for what the instruction asks for.

    `curate.damage.excuses` adds that, and `curate.damage.signals` makes signals of it all.

    Parameters
    ----------
    frame : `instruction`, `response`, `asked`, `plain`, `uncoded` and `last_line`, String.
    order : the weights of pairs of word classes; see `curate.algorithms.damage_measures.measure`.
    """
    from curate.algorithms.damage_measures import MEASURES, measure
    from curate.algorithms.texts import texts as in_memory

    texts = texts_of(frame)
    table, known = lexicon()
    asked, given = (in_memory(texts[side]) for side in ("instruction", "prose"))
    # No sign asks for what so few words have in common with an instruction, and so few letters are in no language.
    words, _ = measure(asked, given, table, order, known, few=(FEW_WORDS, _LETTERS - 1))
    measures = pl.DataFrame(words, schema=dict.fromkeys(MEASURES, pl.Float64))
    marks = _marks(texts)
    there = pl.concat([texts, marks, _repetition(texts["prose"])], how="horizontal")
    lines = pl.max_horizontal("lines", pl.lit(1))
    # Tags need a bracket or an ampersand, and the words of the last line are asked for where it may be a loop.
    screened = {
        "html": only(pl.col("prose"), pl.col("prose").str.contains("[<&]")).str.count_matches(COUNTED["html"]),
        "last_words": only(pl.col("last"), pl.col("rep_tail_copies") >= LOOP_COPIES).str.count_matches(WORD),
    }
    counts = there.lazy().select(
        *marks.columns,
        *REPEATED,
        code=pl.col("code_lines") / lines,
        listed=pl.col("listed_lines") / lines,
        filler=pl.col("said").str.count_matches(FILLER).cast(pl.Int32),
        **{name: count.fill_null(0).cast(pl.Int32) for name, count in screened.items()},
        **{
            name: pl.col("prose").str.count_matches(pattern).cast(pl.Int32)
            for name, pattern in COUNTED.items()
            if name not in {*marks.columns, *screened}
        },
        **{name: pl.col("last").str.contains(pattern) for name, pattern in ENDINGS.items()},
        **{name: pl.col(side).str.contains(pattern) for name, (side, pattern) in HOLDS.items()},
    )
    counted = counts.collect()
    seen = pl.concat([measures, counted, _whole_code(frame, counted["code"])], how="horizontal")
    return pl.concat([seen, _likeness(texts, seen), _languages(texts, seen)], how="horizontal")


def _whole_code(frame: pl.DataFrame, code: pl.Series) -> pl.DataFrame:
    """`whole_code`, the share of lines of code in each response, of which `code` is that of the part looked at."""
    long = frame["response"].str.len_chars() > HEAD_CHARS
    if long.any():
        share = frame.lazy().filter(long).select(code_line_share(pl.col("plain"), twin=True)).collect().to_series()
        code = code.zip_with(~long, scattered(share, long))
    return code.alias("whole_code").to_frame()


def _marks(texts: pl.DataFrame) -> pl.DataFrame:
    """Lines of each response, and marks in its prose, as `curate.algorithms.damage_marks` or as patterns count them."""
    from curate.algorithms.damage_marks import LINES, MARKS, counted
    from curate.algorithms.texts import texts as in_memory

    response, prose = texts["response"], texts["prose"]
    plain = response.str.len_bytes() == response.str.len_chars()
    coded = plain & response.str.contains("`", literal=True)  # the prose may be less than the response
    patterns = {name: pl.col("prose").str.count_matches(COUNTED[name]) for name in MARKS[LINES:]}
    side = pl.col("response")
    rest = texts.lazy().filter(~plain).select(lines=line_count(side), listed_lines=list_lines(side), **patterns)
    out = np.zeros((texts.height, len(MARKS)), np.int32)
    out[plain.to_numpy()] = counted(in_memory(response.filter(plain)))
    out[coded.to_numpy(), LINES:] = counted(in_memory(prose.filter(coded)))[:, LINES:]
    out[~plain.to_numpy()] = rest.select(MARKS).collect().to_numpy()
    return pl.DataFrame(out, schema=dict.fromkeys(MARKS, pl.Int32))


def _repetition(prose: pl.Series) -> pl.DataFrame:
    """Loops and phrases of seven words said again of each text, as `curate.algorithms.repetition` measures them."""
    from curate.algorithms.repetition import MEASURES as REPETITION
    from curate.algorithms.repetition import measure_texts
    from curate.algorithms.texts import texts as in_memory

    text = pl.col(prose.name)
    beyond = only(text, text.str.len_bytes() != text.str.len_chars())  # ASCII is compared in any case
    lower = prose.to_frame().lazy().select(pl.coalesce(beyond.str.to_lowercase(), text)).collect().to_series()
    found = measure_texts(in_memory(lower), brief=True)
    every = pl.DataFrame(found, schema=dict.fromkeys((f"rep_{name}" for name in REPETITION), pl.Float64))
    return every.select(REPEATED)


def _likeness(texts: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    """Cosines by the static encoder: of the instruction and the response, and of the response's two halves.

    0 where the texts are too short, or the response too much code, for the signals to ask for them.
    """
    from curate.encoders.static import shipped

    long = seen.select(
        asked=(pl.col("words") > FEW_WORDS) & (pl.col("asked_weight") > LITTLE_ASKED) & (prose() > 0.0),
        halved=(pl.col("words") > FEW_TO_HALVE) & (prose() > 0.0),
    )
    asked, halved = long["asked"], long["halved"]
    encoder = shipped()
    given = np.zeros((texts.height, encoder.dimensions), np.int8)
    given[halved.to_numpy()], head, tail = encoder.encode_halves(texts["response"].filter(halved))
    short = asked & ~halved
    given[short.to_numpy()] = encoder.encode_column(texts["response"].filter(short))
    sides = texts.lazy().filter(asked).select("instruction", first=first_line(_INSTRUCTION)).collect()
    longer = sides["first"] != sides["instruction"]
    whole = _encoded(sides["instruction"])
    given = given[asked.to_numpy()]
    like = cosines(whole, given)
    # Most instructions are a line.
    some = longer.to_numpy()
    first = cosines(_encoded(sides["first"].filter(longer)), given[some])
    like[some] = np.maximum(like[some], first)
    found = {"likeness": (asked, like), "coherence": (halved, cosines(head, tail))}
    columns = {name: np.zeros(texts.height) for name in found}
    for name, (where, values) in found.items():
        columns[name][where.to_numpy()] = values
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.Float64))


def _encoded(texts: pl.Series) -> npt.NDArray[np.int8]:
    """The vectors of texts, many of which may be the same: sets of answers to compare have each request many times."""
    from curate.encoders.static import shipped

    rows = texts.to_frame("text").with_row_index("row")
    first = rows.select(pl.col("row").first().over("text")).to_series().to_numpy()
    distinct, place = np.unique(first, return_inverse=True)
    vectors: npt.NDArray[np.int8] = shipped().encode_column(texts.gather(distinct))[place]
    return vectors


def cosines(a: npt.NDArray[np.int8], b: npt.NDArray[np.int8]) -> npt.NDArray[np.float64]:
    """The cosine of each row of `a` with the same row of `b`, both int8 of shape (n, d); 0 where one is zero."""
    dots, left, right = (_products(x, y) for x, y in ((a, b), (a, a), (b, b)))
    out: npt.NDArray[np.float64] = dots / np.sqrt(np.maximum(left * right, 1).astype(np.float64))
    return out


def _products(a: npt.NDArray[np.int8], b: npt.NDArray[np.int8]) -> npt.NDArray[np.int64]:
    """Inner products of rows, exact: each product of two bytes fits 16 bits."""
    out: npt.NDArray[np.int64] = np.multiply(a, b, dtype=np.int16).sum(axis=1, dtype=np.int64)
    return out


def _languages(texts: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    """The languages of both sides, where they can be told and where the gate `other_language` may ask for them.

    If the response has many English function words, the gate asks for an instruction in another language; if it has
    few, for such a response. So that side is looked at first, and the other only where it is in another language.
    """
    long = [texts[side].str.len_chars() >= _LETTERS for side in ("instruction", "prose")]
    asked = seen.select(
        (pl.col("cover_given") < MOST_COVERED)
        & (pl.col("pauses") <= MOST_PAUSES * pl.col("words"))
        & (prose() == 1.0)
        & ~is_verse()
    )
    where = long[0] & long[1] & asked.to_series()
    worded = seen.select(function_share() > SURELY_OTHER).to_series().filter(where)
    some = texts.filter(where).select(
        first=pl.when(worded).then("instruction").otherwise("prose"),
        second=pl.when(worded).then("prose").otherwise("instruction"),
    )
    first = _language(some["first"])
    other = (first != "en").fill_null(value=False)
    second = scattered(_language(some["second"].filter(other)), other)
    sides = pl.DataFrame({"first": first, "second": second}).select(
        asked=pl.when(worded).then("first").otherwise("second"),
        given=pl.when(worded).then("second").otherwise("first"),
    )
    return pl.DataFrame({f"{side}_language": scattered(sides[side], where) for side in ("asked", "given")})


def _language(texts: pl.Series) -> pl.Series:
    """The language of each text, null where it cannot be told."""
    from curate.algorithms.language import score

    scores = score(*utf8(for_language(texts.str.head(_LANGUAGE_CHARS))))
    best, confidence = scores.best()
    told = (scores.letters >= _LETTERS) & (scores.ngrams > 0) & (confidence >= _SURE)
    names = pl.Series(scores.languages, dtype=pl.String).gather(best)
    return pl.DataFrame({"name": names, "told": told}).select(pl.when("told").then("name")).to_series()
