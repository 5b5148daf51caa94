"""The signals that the model weighs: numbers from 0 (no sign of damage) to 1, as expressions over what `raw` measures.

None has a negative weight: a signal can only add to the suspicion. What excuses it (the form that was asked for, code,
verse) is part of the signal.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from curate.damage.raw import FEW_TO_HALVE, FEW_WORDS, LITTLE_ASKED, LOOP_COPIES, is_verse, prose, ramp

_ONE: Final = pl.lit(1.0)


def _flag(condition: pl.Expr) -> pl.Expr:
    return condition.cast(pl.Float64)


def _share(part: str, whole: str) -> pl.Expr:
    return pl.col(part) / pl.max_horizontal(pl.col(whole).cast(pl.Float64), _ONE)


def _context() -> dict[str, pl.Expr]:
    """What excuses or qualifies signals."""
    words = pl.col("words")
    english = (pl.col("function") >= 0.15 * words) & (pl.col("foreign") <= 0.1 * words)
    verse = is_verse()
    return {
        "prose": prose(),
        "english": english,
        "verse": verse,
        "flowing": _flag(~verse & (pl.col("listed") < 0.5)),
        "repeats": pl.col("asks_repeat") | verse,
    }


def _ends() -> dict[str, pl.Expr]:
    words, prose, open_end = pl.col("words"), pl.col("prose"), ~pl.col("end_mark") & ~pl.col("end_colon")
    small = open_end & (pl.col("end_small") | pl.col("end_pause")) & ~pl.col("end_sum")
    small &= ~(pl.col("asks_repeat") & (pl.col("lines") >= 3))
    others = pl.col("unclosed_line") <= 0.34 * pl.col("lines")
    alike = (pl.col("lines") - 1) * 2 > pl.col("unclosed_line") * 3 - 3
    return {
        "open_end": pl.when(pl.col("end_inside")).then(1.0).otherwise(ramp(pl.col("tail"), 4, 12))
        * _flag(small & (pl.col("stops") >= 1) & (pl.col("end_inside") | ~pl.col("verse") & ~pl.col("end_listed")))
        * prose,
        "lost_line_breaks": ramp(pl.col("inline_items"), 1, 4) * prose,
        "open_sentence": _flag(small & (pl.col("stops") == 0) & ~pl.col("end_listed") & pl.col("english"))
        * _flag(pl.col("lines") <= 2)
        * ramp(words, 8, 30)
        * prose,
        "open_item": _flag(open_end & pl.col("end_listed") & others & alike & (pl.col("lines") >= 3)) * prose,
        "hanging_word": _flag(small & (pl.col("hanging") > 0)) * ramp(words, 4, 8) * prose,
        "broken_word": _flag(small & pl.col("english") & (pl.col("last_known") == 0))
        * ramp(words, 5, 12)
        * (1.0 - ramp(_share("unknown", "latin"), 0.05, 0.25))
        * prose,
        "ends_in_pause": _flag(pl.col("end_pause")) * ramp(words, 3, 8) * prose,
        "ends_in_colon": _flag(pl.col("end_colon")) * ramp(words, 2, 5) * prose,
        "open_bracket": _flag(open_end & (pl.col("opened") > pl.col("closed"))) * prose,
        "odd_quotes": _flag(pl.col("quotes") % 2 == 1) * ramp(words, 5, 15) * prose,
        "lone_bullet": _flag(pl.col("end_bullet") & (pl.col("lines") >= 3) & pl.col("english")) * prose,
        "starts_inside": _flag(pl.col("starts_small") & (pl.col("starts") >= 3))
        * (1.0 - ramp(_share("lower_starts", "starts"), 0.4, 0.7))
        * prose,
        "starts_in_mark": _flag(pl.col("starts_pause")) * ramp(words, 4, 10) * prose,
    }


def _repeats() -> dict[str, pl.Expr]:
    words, free = pl.col("words"), pl.col("prose") * _flag(~pl.col("repeats"))
    inside = pl.col("last_words") >= 2 * pl.col("rep_tail_period")
    tail = pl.col("rep_tail_copies") * pl.col("rep_tail_period")
    return {
        "loop": ramp(pl.col("rep_loop_fraction"), 0.05, 0.4) * ramp(pl.col("rep_loop_copies"), 2, 5) * free,
        "tail_again": _flag(pl.col("rep_tail_copies") >= LOOP_COPIES)
        * ramp(tail, 3, 9)
        * pl.col("prose")
        * _flag(~pl.col("repeats") | (inside & ~pl.col("asks_repeat"))),
        "repeated_phrases": ramp(pl.col("rep_dup_7"), 0.08, 0.45) * ramp(words, 10, 30) * free,
        "sentences_again": ramp(pl.col("copied"), 0.03, 0.35) * free,
        "doubled_words": ramp(_share("doubled", "words"), 0.005, 0.06) * ramp(pl.col("doubled"), 0, 3) * free,
    }


def _characters() -> dict[str, pl.Expr]:
    words, free = pl.col("words"), pl.col("prose") * _flag(~pl.col("asks_code"))
    return {
        "lost_characters": ramp(_share("lost", "words"), 0.0, 0.05) * ramp(pl.col("lost"), 0, 3) * free,
        "escapes": ramp(_share("escapes", "words"), 0.0, 0.06) * ramp(pl.col("escapes"), 0, 3) * free,
        "tags": ramp(_share("html", "words"), 0.0, 0.06) * free,
        "stray_markup": ramp(_share("markup", "words"), 0.0, 0.05) * free,
        "odd_stars": _flag(pl.col("stars") % 2 == 1) * free,
        "unknown_words": ramp(_share("unknown", "latin"), 0.1, 0.35)
        * ramp(pl.col("latin"), 5, 15)
        * ramp(_share("function", "words"), 0.12, 0.3)
        * free,
        "overlong_words": ramp(pl.col("long"), 0, 2) * ramp(_share("long", "words"), 0.0, 0.05) * free,
        "spaced_letters": _flag(pl.col("single") > 0) * ramp(words, 12, 24) * free,
    }


def _form() -> dict[str, pl.Expr]:
    words = pl.col("words")
    free = pl.col("prose") * _flag(~pl.col("asks_form"))
    marks = pl.col("stops") + pl.col("pauses")
    worded = free * (1.0 - ramp(_share("digits", "words"), 0.2, 0.4))
    # Titles and other languages are in an order of their own.
    english = ramp(_share("function", "words"), 0.15, 0.3) * (1.0 - ramp(_share("capital", "words"), 0.35, 0.6))
    return {
        "no_capitals": _flag((pl.col("capital") == 0) & (pl.col("lower_starts") >= 1))
        * ramp(words, 10, 28)
        * free
        * pl.col("flowing"),
        "no_marks": _flag((marks == 0) & (pl.col("lines") * 8 < words)) * ramp(words, 10, 22) * worded,
        "few_marks": ramp(words / pl.max_horizontal(marks + pl.col("lines"), _ONE), 22, 50) * worded,
        "small_after_stop": ramp(_share("stop_lower", "stops"), 0.1, 0.5) * ramp(pl.col("stop_lower"), 0, 2) * free,
        "all_capitals": ramp(_share("upper", "words"), 0.4, 0.8) * ramp(words, 5, 12) * free,
        "disorder": ramp(-pl.col("order"), 0, 11) * _flag(pl.col("pairs") >= 3) * worded * english,
        "disorder_rate": ramp(-pl.col("order") / pl.max_horizontal(pl.col("pairs"), _ONE), -0.1, 0.6)
        * ramp(pl.col("pairs"), 5, 15)
        * worded
        * english,
    }


def _matter() -> dict[str, pl.Expr]:
    words = pl.col("words")
    free = _flag(~pl.col("asks_language"))
    asked = ramp(pl.col("asked_weight"), LITTLE_ASKED, 2.0)
    # A letter or a poem has other words than the request for it.
    made_up = pl.col("asks_letter") | pl.col("asks_dialogue") | pl.col("asks_repeat") | pl.col("asks_form")
    near = pl.when(made_up).then(0.7).otherwise(1.0)
    letter = pl.when(pl.col("asks_letter")).then(0.3).otherwise(1.0)
    prose = pl.col("prose")
    return {
        "unlike_request": ramp(-pl.col("likeness"), -0.35, 0.1)
        * ramp(words, FEW_WORDS, 25)
        * free
        * asked
        * near
        * prose,
        "nothing_shared": _flag(pl.col("shared") == 0) * ramp(words, 6, 30) * free * asked * near * prose,
        "two_topics": ramp(-pl.col("coherence"), -0.25, 0.1) * ramp(words, FEW_TO_HALVE, 60) * free * prose,
        "filler": ramp(pl.col("filler"), 0, 4) * letter,
        "filler_share": ramp(_share("filler", "starts"), 0.1, 0.6) * ramp(pl.col("filler"), 0, 2) * letter,
        "promise": _flag(pl.col("promise") & pl.col("asks_text") & ~pl.col("asks_short")) * (1.0 - ramp(words, 6, 14)),
        "too_little": _flag(pl.col("asks_text") & ~pl.col("asks_short")) * _flag(words >= 1) * ramp(-words, -7, -2),
    }


def _echo() -> dict[str, pl.Expr]:
    free = _flag(~pl.col("asks_echo")) * pl.col("prose")
    prefix = _share("echo_prefix", "asked_words")
    return {
        "request_inside": ramp(pl.col("echo_asked"), 0.5, 1.0)
        * ramp(pl.col("asked_words"), 4, 9)
        * pl.col("echo_first")
        * free,
        "mostly_request": ramp(pl.col("echo_given"), 0.6, 1.0) * ramp(pl.col("words"), 6, 15) * free,
        "begins_as_request": ramp(prefix, 0.5, 1.0) * ramp(pl.col("echo_prefix"), 3, 6) * free,
        "label_first": _flag(pl.col("label_first") & ~pl.col("asks_dialogue")),
        "labels": ramp(pl.col("labels"), 0, 3) * _flag(~pl.col("asks_dialogue")) * pl.col("prose"),
    }


def signals() -> dict[str, pl.Expr]:
    """Each signal over the columns of `curate.damage.excuses.excused`, by name; Float64 in 0 to 1, never null."""
    return {**_ends(), **_repeats(), **_characters(), **_form(), **_matter(), **_echo()}


def with_context(raw: pl.DataFrame) -> pl.DataFrame:
    """`raw` with the columns that several signals share."""
    first = _context()
    repeats = first.pop("repeats")
    return raw.lazy().with_columns(**first).with_columns(repeats=repeats).collect()
