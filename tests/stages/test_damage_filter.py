"""`damage_filter`: rules over the columns that `damage` writes; here they are written by hand."""

from __future__ import annotations

from random import Random

import polars as pl
import pytest
from pydantic import ValidationError

from curate.damage.model import SIGN, load
from curate.stages.annotate.damage import Damage
from curate.stages.filter.damage_filter import DamageFilter
from tests.helpers import frame

GATES = [reason for reason in DamageFilter.reasons if reason != "damaged"]


def marked(*rows: tuple[float, list[str]]) -> pl.DataFrame:
    """Rows of `damage` and the names of their signs; the evidence of each is its name in capitals."""
    signs = [[{"sign": s, "weight": 1.0, "evidence": s.upper()} for s in names] for _, names in rows]
    base = frame([(f"question {i}", "answer") for i in range(len(rows))])
    return base.with_columns(
        damage=pl.Series([probability for probability, _ in rows]),
        damage_signs=pl.Series(signs, dtype=pl.List(SIGN)),
    )


def test_each_gate_is_a_reason_and_its_evidence_the_value() -> None:
    out = DamageFilter().apply(marked(*((0.99, ["open_end", gate]) for gate in GATES)))
    assert out["reason"].to_list() == GATES
    assert out["value"].to_list() == [gate.upper() for gate in GATES]
    assert not out["keep"].any()


def test_reasons_come_in_their_order_and_the_rest_is_noted() -> None:
    out = DamageFilter().apply(marked((0.9, ["truncated", "mojibake", "open_end"])))
    assert out["reason"].to_list() == ["mojibake"]
    assert out["also"].to_list() == [["truncated"]]


def test_probability_decides_where_no_gate_does() -> None:
    rows = marked((0.7, []), (0.7001, ["open_end", "filler"]), (0.9, ["truncated"]), (0.0, []))
    out = DamageFilter(checks=["damaged"]).apply(rows)
    # A gate that is switched off is not taken as `damaged` through the back door.
    assert out["keep"].to_list() == [True, False, True, True]
    assert out["value"][1] == "0.7001 (open_end, filler)"
    assert DamageFilter(checks=["damaged"], max_damage=0.8).apply(rows)["keep"].all()


@pytest.mark.parametrize("gate", GATES)
def test_checks_can_be_switched_off(gate: str) -> None:
    rows = marked(*((0.99, [other]) for other in GATES))
    assert DamageFilter(checks=[gate]).apply(rows)["reason"].drop_nulls().to_list() == [gate]  # type: ignore[list-item]
    rest = [other for other in GATES if other != gate]
    assert DamageFilter(checks=rest).apply(rows)["reason"].drop_nulls().to_list() == rest  # type: ignore[arg-type]


def test_evidence_is_that_of_each_list_on_its_own() -> None:
    """Drawn lists with repeated signs, without evidence, empty and null, against plain Python."""
    random = Random(4)
    names = [*GATES[:6], "open_end", "filler"]
    lists = [
        None if random.random() < 0.1 else [
            {"sign": random.choice(names), "weight": 1.0, "evidence": random.choice([None, f"e{i}{j}"])}
            for j in range(random.randint(0, 4))
        ]
        for i in range(300)
    ]  # fmt: skip
    odds = [random.choice([None, 0.5, 0.9]) for _ in lists]
    rows = frame([(f"question {i}", "answer") for i in range(len(lists))]).with_columns(
        damage=pl.Series(odds, dtype=pl.Float64), damage_signs=pl.Series(lists, dtype=pl.List(SIGN))
    )
    out = DamageFilter().apply(rows)
    said = out.select("reason", "value", pl.col("also").list.join(" ")).rows()
    for one, damage, (reason, value, also) in zip(lists, odds, said, strict=True):
        told = {}
        for sign in one or []:
            if sign["sign"] in GATES and sign["evidence"] is not None:
                told.setdefault(sign["sign"], sign["evidence"])
        found = [gate for gate in GATES if gate in told]
        expected = told[found[0]] if found else None
        if one is not None and (damage or 0) > 0.7 and not {sign["sign"] for sign in one} & set(GATES):
            found, expected = ["damaged"], f"{damage} ({', '.join(sign['sign'] for sign in one)})"
        assert (reason, value) == (found[0] if found else None, expected)
        assert (also or "").split() == found[1:]


@pytest.mark.parametrize("checks", [[], ["cut"]])
def test_bad_checks_are_refused(checks: list[str]) -> None:
    with pytest.raises(ValidationError):
        DamageFilter(checks=checks)  # type: ignore[arg-type]


def test_the_reasons_are_the_gates_of_the_annotator() -> None:
    rows = frame([("What is deep?", "The lake.")])
    gates, signals = Damage().evidence(rows)
    assert set(gates.columns) == set(GATES)
    assert set(signals.columns) == set(load().weights)
    assert not set(gates.columns) & set(signals.columns)
