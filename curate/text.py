"""Plain helpers on text as polars expressions: counting, folding, evidence. They know no stage and no configuration."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

#: Scripts written without spaces, of which one character counts as one word.
_UNSPACED: Final = r"\p{Han}\p{Hiragana}\p{Katakana}"

#: A word: one character of an unspaced script, or a letter, digit or mark and all that follows up to white space.
WORD: Final = rf"[{_UNSPACED}]|[\p{{L}}\p{{N}}\p{{M}}][^\s{_UNSPACED}]*"

#: Anything a reader could see: all but white space, controls, format characters (zero-width space and joiners,
#: byte order
#: mark), variation selectors and the letters that are drawn as nothing (Hangul fillers, the empty Braille cell).
VISIBLE: Final = r"[^\s\p{Cc}\p{Cf}\x{115F}\x{1160}\x{2800}\x{3164}\x{FE00}-\x{FE0F}\x{FFA0}]"

_FENCED: Final = r"(?s)```.*?(?:```|\z)"
_INLINE_CODE: Final = r"`[^`\n]+`"

#: A line that looks like source code, a shell prompt or a table row rather than prose, verse or a list.
_CODE: Final = (
    r"(?://|/\*|\*/|#(?:include|define|ifdef|endif|!)|[}\])|]|@\w+(?:\(|[ \t]*$)|\$ \w|>>> )[^\n]*|"
    r"[^\n]*(?:[{}\\]|[)\]\"'\d+]; ?|=[^\n]*;)[ \t\r]*|"
    r"(?:def|class|elif|else|for|if|while|try|except|finally|switch|case|with|function|public|private|static|void)\b"
    r"[^\n]*[:({][ \t\r]*|"
    r"(?:import [\w.]+(?: as \w+)?|from [\w.]+ import [^\n]+|"
    r"(?:return|print|console\.log|echo|var|let|const|int|char|double|break|continue)\b[^\n]*[;)\]\"'\w])[ \t\r]*;?|"
    r"(?:SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE|WHERE|FROM|GROUP BY|ORDER BY|JOIN)\b[^\n]*|"
    r"[\w.\[\]\"']+ ?(?:=|[+*/-]=|:=|<-|=>) ?[^\n]*|"
    r"[^\n]*\|[^\n]*\|[^\n]*"
)
#: A line that begins or ends with a tag.
_MARKUP: Final = r"</?[A-Za-z!][^\n]*|[^\n]*</[a-z]+>[ \t\r]*"

#: A line that begins with a bullet, a number or a letter of a list.
_LIST_LINE: Final = r"[ \t]*(?:[-*•‣◦–—+]|\(?\d{1,3}[.):、．]|\(?[A-Za-z][.)])[ \t]*\S"


#: What stands in a twin (`ascii_twin`) for what beyond ASCII, in this order: digits; other characters of words; white
#: space; all else.
_TWINS: Final = (
    (r"[\d&&[^\x00-\x7f]]", "0"),
    (r"[\w&&[^\x00-\x7f]]", "_"),
    (r"[\s&&[^\x00-\x7f]]", "\x0b"),
    (r"[^\x00-\x7f]", "\x01"),
)
#: The Kelvin sign and the long s: the two characters beyond ASCII that are ASCII letters in another case.
_CASED: Final = "\u212a\u017f"


def only(text: pl.Expr, where: pl.Expr) -> pl.Expr:
    """`text` where `where` holds, and null elsewhere.

    Polars looks for a pattern in what lies under a null, too, so that lies empty here: else nothing would be saved.
    """
    return pl.when(where).then(pl.when(where).then(text).otherwise(pl.lit("")))


def utf8(texts: pl.Series) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The UTF-8 of n texts, one after another, and where each starts in it: `(bytes,)` and `(n + 1,)`.

    The last number is where the last text ends. A null is an empty text.
    """
    joined: bytes | None = texts.str.join("").cast(pl.Binary).item()
    ends = texts.str.len_bytes().fill_null(0).cast(pl.Int64).cum_sum().to_numpy()
    return np.frombuffer(joined or b"", np.uint8), np.concatenate([np.zeros(1, np.int64), ends])


def char_count(text: pl.Expr) -> pl.Expr:
    """Characters of `text`, as Unicode code points; UInt32."""
    return text.str.len_chars().cast(pl.UInt32)


def word_count(text: pl.Expr) -> pl.Expr:
    """Words of `text`; UInt32.

    A word starts at a letter, digit or mark and ends at white space. Chinese characters and Japanese kana, which
    are written without spaces, count one word each. Punctuation on its own and emoji are no words.
    """
    return text.str.count_matches(WORD).cast(pl.UInt32)


def turn_count(messages: pl.Expr, role: str = "user") -> pl.Expr:
    """Messages of `role` in the column `messages`; UInt32."""
    return messages.list.eval((pl.element().struct.field("role") == role).cast(pl.UInt32)).list.sum().cast(pl.UInt32)


def turn_heads(messages: pl.Expr, role: str, *, chars: int, mark: str, longer_than: int = -1) -> pl.Expr:
    """The first `chars` characters of each message of `role`, each after `mark`, joined into one text.

    Messages of `longer_than` characters or fewer are left out.
    """
    content = pl.element().struct.field("content").str.strip_chars_start()
    wanted = (pl.element().struct.field("role") == role) & (content.str.len_chars().cast(pl.Int64) > longer_than)
    return messages.list.eval(pl.when(wanted).then(pl.lit(mark) + content.str.head(chars))).list.join("")


def turn_tails(messages: pl.Expr, role: str, *, chars: int, mark: str, longer_than: int = -1) -> pl.Expr:
    """The last `chars` characters of each message of `role`, each after `mark`, joined into one text.

    Messages of `longer_than` characters or fewer are left out.
    """
    content = pl.element().struct.field("content").str.strip_chars_end()
    wanted = (pl.element().struct.field("role") == role) & (content.str.len_chars().cast(pl.Int64) > longer_than)
    return messages.list.eval(pl.when(wanted).then(pl.lit(mark) + content.str.tail(chars))).list.join("")


def is_blank(text: pl.Expr) -> pl.Expr:
    """Whether `text` shows nothing: empty, or white space, control and zero-width characters only."""
    return ~text.str.contains(VISIBLE)


def fold(text: pl.Expr) -> pl.Expr:
    """`text` in lower case, each run of white space as one space, none at the ends."""
    return text.str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars()


def plain_quotes(text: pl.Expr) -> pl.Expr:
    """`text` with curly and modifier apostrophes as `'`, so that one pattern fits `don't` and `don’t`."""
    return text.str.replace_all("[\u2018\u2019\u02bc\u2032\u00b4]", "'")


def ascii_twin(text: pl.Expr) -> pl.Expr:
    """`text` with one ASCII character of the same sort in place of each character beyond ASCII.

    A pattern of ASCII characters that asks for no `0`, `_` or vertical tab by name matches in it where it matches in
    `text`. The point is time: automata know no word boundary of Unicode, so polars' regular expressions take forty
    times as long for one where a text is not all ASCII. A text that holds a Kelvin sign or a long s, which are ASCII
    letters to a pattern in any case, stays as it is.
    """
    beyond = only(text, text.str.len_bytes() != text.str.len_chars())
    twin = only(beyond, ~beyond.str.contains(f"[{_CASED}]"))
    for pattern, instead in _TWINS:
        twin = twin.str.replace_all(pattern, instead)
    return pl.coalesce(twin, text)


class Twins:
    """Columns with a character of ASCII in place of each one beyond: what patterns say of characters, compiled.

    Parameters
    ----------
    by_patterns : gives the twin of a text: of each character beyond ASCII one of ASCII, whatever stands beside it.
    left : characters for which that is not so, the inside of a class. Texts that hold one of them, or one of four
        bytes in UTF-8, go through `by_patterns`.
    """

    def __init__(self, by_patterns: Callable[[pl.Expr], pl.Expr], left: str = "") -> None:
        """Nothing is compiled yet."""
        self._by_patterns, self._left = by_patterns, f"[{left}\U00010000-\U0010ffff]"

    def of(self, texts: pl.Series) -> pl.Series:
        """The twin of each text."""
        from curate.algorithms.texts import texts as in_memory
        from curate.algorithms.twins import twins

        beyond = texts.str.len_bytes() != texts.str.len_chars()
        if not beyond.any():
            return texts
        some = texts.filter(beyond)
        left = some.str.contains(self._left)
        ready = pl.Series(twins(in_memory(some.filter(~left)), self._table), dtype=pl.String)
        rest = some.filter(left).to_frame("text").select(self._by_patterns(pl.col("text"))).to_series()
        found = scattered(ready, ~left).zip_with(~left, scattered(rest, left))
        return texts.zip_with(~beyond, scattered(found, beyond))

    @functools.cached_property
    def _table(self) -> NDArray[np.uint8]:
        """The twin of each code point of up to three bytes."""
        points = np.array([point for point in range(0x80, 1 << 16) if not 0xD800 <= point < 0xE000])
        # One text of all: each becomes one character.
        every = re.sub(self._left, "\x01", "".join(map(chr, points)))
        twin: str = pl.DataFrame({"text": [every]}).select(self._by_patterns(pl.col("text"))).item()
        table = np.arange(1 << 16, dtype=np.uint32)
        table[points] = np.frombuffer(twin.encode("ascii"), np.uint8)
        return table.astype(np.uint8)


_ASCII: Final = Twins(ascii_twin, _CASED)


def ascii_twins(texts: pl.Series) -> pl.Series:
    """`ascii_twin` of a column, compiled."""
    return _ASCII.of(texts)


def without_code(text: pl.Expr) -> pl.Expr:
    """`text` without fenced blocks (an unclosed one runs to the end) and inline code, each replaced by a space."""
    return text.str.replace_all(_FENCED, " ").str.replace_all(_INLINE_CODE, " ")


def line_count(text: pl.Expr) -> pl.Expr:
    """Lines of `text` with anything but white space on them; UInt32."""
    shown = text.str.strip_chars_start()
    # Each line break that a character follows, blank lines between them, goes on to one more line.
    return (shown.str.count_matches(r"\n\s*\S") + (shown.str.len_bytes() > 0)).cast(pl.UInt32)


def lines_like(text: pl.Expr, line: str) -> pl.Expr:
    """Lines of `text` that begin as `line` says, a pattern that matches no line break; UInt32.

    As many as `(?m)^` before the pattern finds, in less time: what follows a line break is soon found.
    """
    first = text.str.contains(rf"\A(?m:{line})").cast(pl.UInt32)
    return first + text.str.count_matches(rf"\n(?m:{line})")


def code_lines(text: pl.Expr, *, markup: bool = True, twin: bool = False) -> pl.Expr:
    """Lines that look like code or table rows, and with `markup` also tags; UInt32.

    A guess from the shape of each line alone. `twin`: the text is an ASCII twin already.
    """
    line = f"{_CODE}|{_MARKUP}" if markup else _CODE
    return lines_like(text if twin else ascii_twin(text), rf"[ \t]*(?:{line})$")


def code_line_share(text: pl.Expr, *, markup: bool = True, twin: bool = False) -> pl.Expr:
    """The share of `code_lines` among non-blank lines; Float64, 0 for a blank text."""
    return code_lines(text, markup=markup, twin=twin) / pl.max_horizontal(line_count(text), pl.lit(1))


def list_lines(text: pl.Expr) -> pl.Expr:
    """Lines that begin with a bullet or a number; UInt32."""
    return lines_like(text, _LIST_LINE)


def list_line_share(text: pl.Expr) -> pl.Expr:
    """The share of non-blank lines that begin with a bullet or a number; Float64, 0 for a blank text."""
    return list_lines(text) / pl.max_horizontal(line_count(text), pl.lit(1))


def excerpt(text: pl.Expr, pattern: str, *, trim: str = " ", chars: int = 80) -> pl.Expr:
    """The first match of `pattern`, white space folded, without the characters of `trim` at its ends.

    Cut to `chars` characters; null where there is no match.
    """
    # Without a group of its own: to tell where a group begins takes a slower engine than to tell where a match does.
    found = text.str.extract(pattern, 0).str.replace_all(r"\s+", " ")
    return found.str.strip_chars(trim).str.head(chars)


def any_of(*patterns: str) -> str:
    """One pattern that matches, in any case, what one of `patterns` matches."""
    return "(?i:" + "|".join(f"(?:{pattern})" for pattern in patterns) + ")"


def scattered(some: pl.Series, where: pl.Series) -> pl.Series:
    """`some` in the places where `where` holds, in order; the rest is null."""
    return some.gather(pl.select(pl.when(where).then(where.cum_sum() - 1)).to_series())


def for_language(texts: pl.Series, where: pl.Series | None = None) -> pl.Series:
    """`texts` as `algorithms.language.score` wants them: cleaned as langdetect does it.

    `where`, if given, holds of all that is to be cleaned, and perhaps of others.
    """
    from curate.algorithms.language_profiles import clean, unclean

    found = texts.str.contains_any(list(unclean())) if where is None else where
    if where is not None:
        found = where & scattered(texts.filter(where).str.contains_any(list(unclean())), where).fill_null(value=False)
    changed = pl.Series([clean(text) for text in texts.filter(found).to_list()], dtype=pl.String)
    return texts.zip_with(~found, scattered(changed, found))
