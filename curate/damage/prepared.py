"""Texts made once of a record that many signs look at, so that what takes time is looked for only where it may be."""

from __future__ import annotations

from typing import Final

import polars as pl

from curate.damage.patterns import (
    ASKS_ON,
    DIRECTED,
    FLAG,
    HANGING,
    HIDDEN,
    HTML,
    LAST_LINE,
    MARKS,
    MOJIBAKE,
    OPEN_END,
    PLACEHOLDER,
    RIGHT_TO_LEFT,
    SLOT,
    SLOT_BEGINS,
    SLOT_CHARS,
    STAND_IN,
    TEMPLATE,
    WENT_ON,
)
from curate.damage.raw import LINE_CHARS
from curate.phrases import (
    CLOSING_DISCLAIMER,
    DISCLAIMER,
    IDENTITY,
    MAY_DISCLAIM,
    MAY_NAME,
    MAY_REFUSE,
    REFUSAL,
    TAIL,
    TURN,
    phrases,
)
from curate.text import ascii_twins, excerpt, fold, only, plain_quotes, scattered, without_code

#: Characters that open and close a response in which a phrase of refusal counts, as in `refusal_filter`.
_HEAD: Final = 300
_TAIL: Final = 202


def with_views(frame: pl.DataFrame) -> pl.DataFrame:
    """`instruction` and `response` of `frame`, with what both gates and measures look at.

    `asked` and `plain` are the two in ASCII (`curate.text.ascii_twins`), `uncoded` is the response without code and
    `last_line` its last line, null where there is none.
    """
    last = pl.col("response").str.tail(LINE_CHARS).str.strip_chars_end().str.extract(LAST_LINE, 0)
    return frame.select(
        "instruction", "response", uncoded=without_code(pl.col("response")), last_line=last
    ).with_columns(ascii_twins(frame["instruction"]).alias("asked"), ascii_twins(frame["response"]).alias("plain"))


def prepared(frame: pl.DataFrame) -> pl.DataFrame:
    """`frame`, with views, and with texts that more than one gate looks at.

    `open_line` is the response's last line where that ends in a word that something follows,
    `declines`, `disclaims`, `names` and `closes` are phrases of a model in its first and last characters, `echoed`,
    `echoed_line` and `echoing` the instruction, its first line and the response, folded, where the last may repeat one
    of the others. `hidden`, `garbled`, `stand_in`, `held`, `slot`, `tokens` and `went_on` are what the gates of such
    signs find before they look at what excuses it, `tags` the number of tags.
    """
    response, uncoded, last = pl.col("response"), pl.col("uncoded"), pl.col("last_line")
    end = only(response.str.strip_chars_end().str.tail(_TAIL), response.str.len_chars() > _HEAD)
    # What each pattern needs is looked for first: two characters, a word or the first half of it are soon found.
    tagged = only(uncoded, uncoded.str.contains("[<&]"))
    holding = only(uncoded, uncoded.str.contains(r"[\[<]") | uncoded.str.contains("(?i)lorem"))
    asking = only(uncoded, uncoded.str.contains(ASKS_ON))
    out = (
        frame.lazy()
        .with_columns(
            opening=pl.lit(TURN) + plain_quotes(response.str.strip_chars_start().str.head(_HEAD)),
            closing=pl.lit(TAIL) + plain_quotes(end),
        )
        .with_columns(
            garbled=excerpt(_beyond_ascii(response), MOJIBAKE),
            stand_in=excerpt(response, STAND_IN),
            held=excerpt(holding, PLACEHOLDER),
            slotted=only(response, response.str.len_chars() <= SLOT_CHARS).str.contains(SLOT_BEGINS),
            tokens=excerpt(uncoded, TEMPLATE),
            went_on=excerpt(asking, WENT_ON),
            tags=tagged.str.count_matches(HTML).fill_null(0),
            open_line=only(last, last.str.contains(HANGING) | last.str.contains(OPEN_END)),
        )
        .collect()
    )
    # `DISCLAIMER` holds all of `CLOSING_DISCLAIMER`.
    sought = {
        "declines": ("opening", MAY_REFUSE, REFUSAL),
        "disclaims": ("opening", MAY_DISCLAIM, DISCLAIMER),
        "names": ("opening", MAY_NAME, IDENTITY),
        "closes": ("closing", MAY_DISCLAIM, CLOSING_DISCLAIMER),
    }
    found = [phrases(out[side], *how).alias(name) for name, (side, *how) in sought.items()]
    found.append(_slots(out["response"], out["slotted"].fill_null(value=False)))
    return out.drop("opening", "closing", "slotted").with_columns(*found, _hidden(frame), *_echoes(frame))


def _slots(responses: pl.Series, where: pl.Series) -> pl.Series:
    """`slot` of each response; null but where `where` holds."""
    if not where.any():  # to compile the pattern takes longer than all else that is done to a small shard
        return pl.repeat(None, len(where), dtype=pl.String, eager=True).alias("slot")
    some = responses.filter(where).to_frame("text").lazy().select(slot=excerpt(pl.col("text"), SLOT))
    return scattered(some.collect().to_series(), where)


def _echoes(frame: pl.DataFrame) -> list[pl.Series]:
    """`echoed`, `echoed_line` and `echoing` of each record that opens as the instruction does."""
    instruction, response = pl.col("instruction"), pl.col("response")
    begun, first = (text.str.strip_chars_start().str.head(1).str.to_lowercase() for text in (instruction, response))
    # What begins with another letter is no echo, unless nothing is left of the instruction without its marks.
    alike = frame.lazy().select(((begun == first) | begun.is_in(list(MARKS))).fill_null(value=False)).collect()
    where = alike.to_series()
    some = frame.lazy().filter(where).select(echoed=instruction, echoing=response).collect()
    near = some.lazy().select(_opens_alike().fill_null(value=False)).collect().to_series()
    folded = (
        some.lazy()
        .filter(near)
        .select(
            echoed=fold(pl.col("echoed")),
            echoed_line=fold(pl.col("echoed").str.strip_chars_start().str.extract(r"\A[^\n]+", 0)),
            echoing=fold(pl.col("echoing")),
        )
        .collect()
    )
    return [scattered(scattered(column, near), where) for column in folded]


def _beyond_ascii(text: pl.Expr) -> pl.Expr:
    return only(text, text.str.len_bytes() != text.str.len_chars())


def _hidden(frame: pl.DataFrame) -> pl.Series:
    """The first mark of each record that nobody sees, or that turns the order of the text round; `hidden`."""
    sides = pl.col("instruction"), pl.col("response")
    marked = pl.any_horizontal(_beyond_ascii(side).str.contains(f"{HIDDEN}|{DIRECTED}") for side in sides)
    where = frame.lazy().select(marked.fill_null(value=False)).collect().to_series()
    # Few texts hold any such mark at all.
    both = frame.filter(where).select(pl.concat_str(sides, separator="\n").str.replace_all(FLAG, "").alias("both"))
    text = pl.col("both")
    odd = text.str.contains(HIDDEN) | (text.str.contains(DIRECTED) & ~text.str.contains(RIGHT_TO_LEFT))
    mark = pl.when(odd).then(text.str.extract(f"{HIDDEN}|{DIRECTED}", 0))
    names = [None if one is None else f"U+{ord(one):04X}" for one in both.select(mark).to_series()]
    return scattered(pl.Series("hidden", names, dtype=pl.String), where)


def _opens_alike() -> pl.Expr:
    """Whether one of `echoed` and `echoing` opens as the other does, as far as a few characters tell."""
    first, said = (fold(pl.col(name).str.strip_chars_start().str.head(60)) for name in ("echoed", "echoing"))
    # Where a text is cut decides which of two small sigmas ends it.
    first, said = (text.str.head(12).str.replace_all("ς", "σ", literal=True) for text in (first, said))
    first = first.str.strip_chars_end(MARKS)
    return said.str.starts_with(first) | first.str.starts_with(said)
