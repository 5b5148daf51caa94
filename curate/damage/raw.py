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
    for_language,
    line_count,
    list_line_share,
    only,
    scattered,
    utf8,
    without_code,
)

if TYPE_CHECKING:
    from curate.algorithms.damage_words import Lexicon

#: Characters of a response that are looked at for signs; what is beyond, only gates see.
HEAD_CHARS: Final = 20_000
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
#: What is taken of the measures of `curate.algorithms.repetition`.
REPEATED: Final = (
    "rep_loop_copies", "rep_loop_period", "rep_loop_fraction", "rep_tail_copies", "rep_tail_period", "rep_dup_7",
)  # fmt: skip
_INSTRUCTION: Final = pl.col("instruction")


@functools.cache
def lexicon() -> tuple[Lexicon, int]:
    """Known English words by frequency, and how many: the vocabulary of the static encoder, which is BERT's."""
    from curate.algorithms.damage_words import lexicon_of
    from curate.encoders.static import shipped

    words = [word if word.isalpha() else "" for word in shipped().vocabulary]
    return lexicon_of(words), len(words)


def texts_of(frame: pl.DataFrame) -> pl.DataFrame:
    """The texts that are looked at, out of what `prepared.with_twins` gives, and what sort of lines the response has.

    `response` is its beginning, `prose` that without code, `last` its last line and `first` the first of the
    instruction. `asked`, `asked_first` and `said` are the ASCII twins of the instruction, of `first` and of `prose`.
    """
    response, plain = (pl.col(name).str.head(HEAD_CHARS) for name in ("response", "plain"))
    return (
        frame.lazy()
        .select(
            "instruction",
            "asked",
            response=response,
            prose=without_code(response).str.strip_chars(),
            said=without_code(plain).str.strip_chars(),
            lines=line_count(response).cast(pl.Int32),
            code=code_line_share(plain, twin=True),
            listed=list_line_share(response),
            last=response.str.tail(2000).str.strip_chars_end().str.extract(LAST_LINE, 0).fill_null(""),
            first=_first_line(_INSTRUCTION),
            asked_first=_first_line(pl.col("asked")),
        )
        .collect()
    )


def _first_line(text: pl.Expr) -> pl.Expr:
    return text.str.strip_chars().str.extract(r"\A[^\n]+", 0).fill_null("")


def measured(frame: pl.DataFrame, order: npt.NDArray[np.float64]) -> pl.DataFrame:
    """All raw numbers of each row of what `prepared.with_twins` gives; `curate.damage.signals` makes signals of them.

    Parameters
    ----------
    frame : `instruction`, `response`, `asked` and `plain`, String.
    order : the weights of pairs of word classes; see `curate.algorithms.damage_measures.measure`.
    """
    from curate.algorithms.damage_measures import MEASURES, measure
    from curate.algorithms.texts import texts as in_memory

    texts = texts_of(frame)
    table, known = lexicon()
    words, _ = measure(in_memory(texts["instruction"]), in_memory(texts["prose"]), table, order, known)
    measures = pl.DataFrame(words, schema=dict.fromkeys(MEASURES, pl.Float64))
    counts = texts.lazy().select(
        "lines",
        pl.col("last").str.count_matches(WORD).cast(pl.Int32).alias("last_words"),
        "code",
        "listed",
        pl.col("said").str.count_matches(FILLER).cast(pl.Int32).alias("filler"),
        *(pl.col("prose").str.count_matches(pattern).cast(pl.Int32).alias(name) for name, pattern in COUNTED.items()),
        *(pl.col("last").str.contains(pattern).alias(name) for name, pattern in ENDINGS.items()),
        *(pl.col(side).str.contains(pattern).alias(name) for name, (side, pattern) in HOLDS.items()),
    )
    parts = [
        measures,
        counts.collect(),
        _repetition(texts["prose"]),
        _likeness(texts, measures),
        _languages(texts, measures),
    ]
    return pl.concat(parts, how="horizontal")


def _repetition(prose: pl.Series) -> pl.DataFrame:
    """Loops and phrases of seven words said again of each text, as `curate.algorithms.repetition` measures them."""
    from curate.algorithms.repetition import MEASURES as REPETITION
    from curate.algorithms.repetition import measure as repetition

    text = pl.col(prose.name)
    beyond = only(text, text.str.len_bytes() != text.str.len_chars())  # ASCII is compared in any case
    lower = prose.to_frame().lazy().select(pl.coalesce(beyond.str.to_lowercase(), text)).collect().to_series()
    found = repetition(*utf8(lower), brief=True)
    every = pl.DataFrame(found, schema=dict.fromkeys((f"rep_{name}" for name in REPETITION), pl.Float64))
    return every.select(REPEATED)


def _likeness(texts: pl.DataFrame, measures: pl.DataFrame) -> pl.DataFrame:
    """Cosines by the static encoder: of the instruction and the response, and of the response's two halves.

    0 where the texts are too short for the signals to ask for them.
    """
    from curate.encoders.static import shipped

    long = measures.select(
        asked=(pl.col("words") > FEW_WORDS) & (pl.col("asked_weight") > LITTLE_ASKED),
        halved=pl.col("words") > FEW_TO_HALVE,
    )
    asked, halved = long["asked"], long["halved"]
    encoder = shipped()
    given = np.zeros((texts.height, encoder.dimensions), np.int8)
    given[halved.to_numpy()], head, tail = encoder.encode_halves(texts["response"].filter(halved))
    short = asked & ~halved
    given[short.to_numpy()] = encoder.encode_column(texts["response"].filter(short))
    sides = texts.filter(asked).select("instruction", "first")
    longer = sides["first"] != sides["instruction"]
    whole = encoder.encode_column(sides["instruction"])
    given = given[asked.to_numpy()]
    like = cosines(whole, given)
    # Most instructions are a line.
    some = longer.to_numpy()
    first = cosines(encoder.encode_column(sides["first"].filter(longer)), given[some])
    like[some] = np.maximum(like[some], first)
    found = {"likeness": (asked, like), "coherence": (halved, cosines(head, tail))}
    columns = {name: np.zeros(texts.height) for name in found}
    for name, (where, values) in found.items():
        columns[name][where.to_numpy()] = values
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.Float64))


def cosines(a: npt.NDArray[np.int8], b: npt.NDArray[np.int8]) -> npt.NDArray[np.float64]:
    """The cosine of each row of `a` with the same row of `b`, both int8 of shape (n, d); 0 where one is zero."""
    dots, left, right = (_products(x, y) for x, y in ((a, b), (a, a), (b, b)))
    out: npt.NDArray[np.float64] = dots / np.sqrt(np.maximum(left * right, 1).astype(np.float64))
    return out


def _products(a: npt.NDArray[np.int8], b: npt.NDArray[np.int8]) -> npt.NDArray[np.int64]:
    """Inner products of rows, exact: each product of two bytes fits 16 bits."""
    out: npt.NDArray[np.int64] = np.multiply(a, b, dtype=np.int16).sum(axis=1, dtype=np.int64)
    return out


def _languages(texts: pl.DataFrame, measures: pl.DataFrame) -> pl.DataFrame:
    """The languages of both sides, where they can be told and where the gate `other_language` may ask for them."""
    from curate.algorithms.language import score

    long = [texts[side].str.len_chars() >= _LETTERS for side in ("instruction", "prose")]
    asked = measures.select(
        (pl.col("cover_given") < MOST_COVERED) & (pl.col("pauses") <= MOST_PAUSES * pl.col("words"))
    )
    where = long[0] & long[1] & asked.to_series()
    some = texts.filter(where)
    sides = {}
    for name, side in (("asked_language", "instruction"), ("given_language", "prose")):
        scores = score(*utf8(for_language(some[side].str.head(_LANGUAGE_CHARS))))
        best, confidence = scores.best()
        told = (scores.letters >= _LETTERS) & (scores.ngrams > 0) & (confidence >= _SURE)
        names = pl.Series(scores.languages, dtype=pl.String).gather(best)
        known = pl.DataFrame({"name": names, "told": told}).select(pl.when("told").then("name")).to_series()
        sides[name] = scattered(known, where)
    return pl.DataFrame(sides)
