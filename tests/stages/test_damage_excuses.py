"""Excuses and languages that `damage` looks for only where they matter, against looking for them everywhere."""

from __future__ import annotations

import sys
from random import Random

import polars as pl
import pytest

from curate.damage import gates, raw
from curate.damage.excuses import excused
from curate.damage.model import load
from curate.damage.prepared import with_views
from curate.damage.signals import signals, with_context
from curate.damage.weighed import ASKS
from curate.text import for_language, utf8
from tests.helpers import ROOT

sys.path.append(str(ROOT / "tools"))
from clean_odd import examples

SAID = {
    "en": "The lake is deep and cold, and the boats of the town lie at the old pier until the snow has gone from the hills.",
    "de": "Der See ist tief und kalt, und die Boote der Stadt liegen am alten Steg, bis der Schnee von den Bergen weg ist.",
    "fr": "Le lac est profond et froid, et les bateaux de la ville restent au vieux quai tant que la neige est sur les monts.",
    "fi": "Järvi on syvä ja kylmä, ja kaupungin veneet ovat vanhan laiturin luona, kunnes lumi on sulanut kaikilta mäiltä.",
    "names": "Heidelberg Ravensburg Oberstdorf Garmisch Füssen Lindau Konstanz Freiburg Tübingen Ulm Augsburg Bamberg Würzburg",
}  # fmt: skip


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    """Odd but clean pairs; the same with their answers broken, or of another's; and pairs of languages."""
    odd = [(one.instruction, one.response) for one in examples()]
    random = Random(3)
    breaks = [
        lambda text: text.lower().replace(".", "").replace(",", ""),
        lambda text: " ".join(random.sample(text.split(), len(text.split()))),
        lambda text: text[: len(text) * 2 // 3],
        lambda text: f"{text} {text[-60:]} {text[-60:]} {text[-60:]}",
        lambda text: text.replace(" a", " ?a").replace(".", " [1]. It depends on many factors."),
        lambda _: random.choice(odd)[1],
        lambda text: f"Sure! {' '.join(text.split()[:3])}",
    ]
    broken = [(asked, way(text)) for asked, text in odd for way in random.sample(breaks, 2)]
    echoes = [(asked, f"Answer: {asked} {text[:40]}") for asked, text in odd[::7]]
    tongues = [(a, b) for a in SAID.values() for b in SAID.values()]
    rows = [*odd, *broken, *echoes, *tongues]
    return with_views(pl.DataFrame(rows, schema=["instruction", "response"], orient="row"))


def looks(seen: pl.DataFrame) -> pl.DataFrame:
    return seen.lazy().select(**signals(), **gates.of_measures()).collect()


def test_what_is_not_looked_for_would_change_nothing(frame: pl.DataFrame) -> None:
    seen = excused(frame, load().order)
    sides = frame.with_columns(asked_first=raw.first_line(pl.col("asked")))
    every = sides.select(pl.col(side).str.contains(pattern).alias(name) for name, (side, pattern) in ASKS.items())
    shared = set(with_context(seen.select(pl.exclude("prose", "english", "verse", "flowing", "repeats"))).columns)
    assert shared == set(seen.columns)
    whole = with_context(
        seen.select(pl.exclude("prose", "english", "verse", "flowing", "repeats", *ASKS)).hstack(every)
    )
    assert looks(seen).equals(looks(whole))
    for name in ASKS:
        # Each is found, is not looked for in vain everywhere, and is one that some signal hangs on.
        assert 0 < seen[name].sum() < every[name].sum(), name
        assert not (seen[name] & ~every[name]).any()
        without = with_context(seen.select(pl.exclude("repeats", name)).with_columns(pl.lit(value=False).alias(name)))
        assert not looks(without).equals(looks(seen)), name


def told(texts: pl.Series) -> list[str | None]:
    from curate.algorithms.language import score

    scores = score(*utf8(for_language(texts.str.head(400))))
    best, sure = scores.best()
    rows = zip(best, sure, scores.letters, scores.ngrams, strict=True)
    return [scores.languages[i] if s >= 0.999 and n >= 60 and g > 0 else None for i, s, n, g in rows]


def test_other_languages_are_found_as_if_both_sides_were_always_told(frame: pl.DataFrame) -> None:
    seen = excused(frame, load().order)
    long = [frame[side].str.len_chars() >= 60 for side in ("instruction", "response")]
    columns = {}
    for name, side in (("asked_language", "instruction"), ("given_language", "response")):
        there = pl.Series(told(frame[side]), dtype=pl.String).to_frame("t")
        columns[name] = there.select(pl.when(long[0] & long[1]).then("t")).to_series().alias(name)
    gate = gates.of_measures()["other_language"].alias("found")
    found, expected = (one.select(gate).to_series() for one in (seen, seen.with_columns(**columns)))
    assert found.to_list() == expected.to_list()
    assert found.is_not_null().sum() >= 6
