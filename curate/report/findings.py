"""What checks find in a set, how uniformly it is written, which verbs it asks with, and records drawn from it."""

from __future__ import annotations

from typing import Final

import polars as pl

from curate.report import lima
from curate.report.duplicates import excerpt
from curate.report.material import Material, Side, judge, sample
from curate.report.model import Finding, Findings, Opener, Reason, Samples, Style, Text, Value, Verb, Verbs
from curate.text import list_line_share

#: Filters whose verdicts an audit tells, by their defaults, whether or not a run had them.
CHECKS: Final = ("damage_filter", "refusal_filter", "repetition_filter")
#: Stages whose drops are findings of contamination.
_CONTAMINATION: Final = "contamination_filter"

_EXAMPLES: Final = 3
_DRAWN: Final = 20
_OPENERS: Final = 10
_VERBS: Final = 20
_NOUNS: Final = 4
#: A response counts as a list where so many of its lines begin with a bullet or a number.
_LISTED: Final = 0.3
#: The writer speaks of themselves.
FIRST_PERSON: Final = r"\b(?:I|I['’](?:m|d|ll|ve)|[Mm]y|[Mm]e|[Mm]yself|[Mm]ine)\b"


def findings(material: Material) -> Findings:
    """Each check's reasons, the most frequent first, in the set's sample and, where no run told of it, the pool's."""
    mine = material.chosen.sample
    # Of a run's pool the ledger tells all; another dataset is looked at as the set is.
    pool = material.pool.sample if material.pool is not None and material.ledger is None else None
    found: list[Finding] = []
    for check in CHECKS:
        verdicts = judge(mine, check, material.chosen.known)
        if verdicts is None:
            continue
        stage, frame = verdicts
        theirs = _tally(other[1]) if pool is not None and (other := judge(pool, check)) else None
        dropped = frame.filter(~pl.col("keep"))
        counts = _tally(frame)
        for reason in sorted({*counts, *(theirs or {})}, key=lambda r: (-counts.get(r, 0), r)):
            rows = dropped.filter(pl.col("reason") == reason).head(_EXAMPLES)
            shown = mine[rows["row"].to_numpy()].drop("stage", "reason", "value", strict=False)
            shown = shown.with_columns(pl.lit(stage.name).alias("stage"), rows["reason"], rows["value"])
            found.append(
                Finding(
                    check=stage.name,
                    reason=reason,
                    text=stage.reasons[reason],
                    set=counts.get(reason, 0),
                    pool=None if theirs is None else theirs.get(reason, 0),
                    examples=[excerpt(row, chars=(240, 240)) for row in shown.iter_rows(named=True)],
                )
            )
    ran = [step for step in material.steps if step["stage"] == _CONTAMINATION]
    return Findings(
        set_of=mine.height,
        pool_of=None if pool is None else pool.height,
        checks=found,
        contamination=[
            Reason(reason=reason, text=step["reasons"].get(reason, ""), records=number)
            for step in ran
            for reason, number in step["dropped"].items()
        ],
        contamination_examples=_dropped(material, _CONTAMINATION, _EXAMPLES),
        contamination_checked=bool(ran),
    )


def _tally(verdicts: pl.DataFrame) -> dict[str, int]:
    counted = verdicts["reason"].drop_nulls().value_counts().sort("reason")
    return {reason: int(number) for reason, number in counted.iter_rows()}


def rates() -> dict[str, pl.Expr]:
    """What is told of how responses are written, as Boolean expressions over `response`."""
    response = pl.col("response")
    return {
        "first_person": response.str.contains(FIRST_PERSON),
        "lists": list_line_share(response) >= _LISTED,
        "code": response.str.contains("```", literal=True),
        "headings": response.str.contains(r"(?m)^#{1,6} \S|^\*\*[^*\n]+\*\*:?[ \t]*$"),
    }


def opener() -> pl.Expr:
    """The first two words of a response, lower-cased."""
    plain = pl.col("response").str.strip_chars_start().str.to_lowercase()
    return plain.str.extract(r"\A[^\p{L}\p{N}]*([\p{L}\p{N}'’-]+(?:[^\p{L}\p{N}\n]+[\p{L}\p{N}'’-]+)?)", 1)


def style(side: Side) -> Style:
    """Openers and rates of all responses of a side."""
    texts = side.texts.select("response")
    lazy = texts.lazy().select(opener().alias("words"), **rates()).collect()
    counted = lazy.drop_nulls("words").group_by("words").len("records")
    counted = counted.sort("records", "words", descending=[True, False]).head(_OPENERS)
    shares = {name: float(lazy[name].mean() or 0) if texts.height else 0.0 for name in rates()}  # type: ignore[arg-type]
    shares["same_openers"] = int(counted["records"].sum()) / texts.height if texts.height else 0.0
    return Style(
        records=texts.height,
        openers=[Opener(words=words, records=number) for words, number in counted.iter_rows()],
        values={name: Value(value=round(share, 4)) for name, share in shares.items()},
        lima=lima.style(),
    )


def verbs(side: Side) -> Verbs | None:
    """The verbs that instructions ask with and their objects; None where no stage tells them."""
    drawn = side.sample
    if not {"verb", "noun"} <= set(drawn.columns):
        return None
    known = drawn.drop_nulls("verb")
    top = known.group_by("verb").len("records").sort("records", "verb", descending=[True, False]).head(_VERBS)
    rows: list[Verb] = []
    for verb, number in top.iter_rows():
        mine = known.filter(pl.col("verb") == verb).drop_nulls("noun").group_by("noun").len("records")
        nouns = mine.sort("records", "noun", descending=[True, False]).head(_NOUNS)
        rows.append(Verb(verb=verb, records=number, nouns=[(n, int(c)) for n, c in nouns.iter_rows()]))
    return Verbs(seen=drawn.height, found=known.height, verbs=rows)


def samples(material: Material) -> Samples:
    """Twenty records of the set and twenty dropped ones, drawn by the seed, with what dropped them."""
    kept = sample(material.chosen.texts, _DRAWN, material.seed).drop("stage", "reason", "value", strict=False)
    return Samples(kept=[excerpt(row) for row in kept.iter_rows(named=True)], dropped=_dropped(material))


def _dropped(material: Material, stage: str | None = None, number: int = _DRAWN) -> list[Text]:
    """Dropped records drawn by the seed, of one stage or of all, as far as their texts are at hand."""
    if material.ledger is None or material.pool is None:
        return []
    wanted = pl.col("step").is_not_null() & (pl.lit(stage is None) | (pl.col("stage") == pl.lit(stage)))
    gone = material.ledger.filter(wanted).select("id", "stage", "reason", "value")
    there = gone.join(material.pool.texts.select("id"), on="id", how="semi", maintain_order="left")
    drawn = sample(there, number, material.seed)
    texts = material.pool.texts.drop("stage", "reason", "value", strict=False)
    return [excerpt(row) for row in drawn.join(texts, on="id", how="left", maintain_order="left").iter_rows(named=True)]
