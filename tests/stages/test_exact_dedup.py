from __future__ import annotations

import unicodedata

import numpy as np
import polars as pl
import pytest

from curate.errors import StageError
from curate.stages.dedup.exact_dedup import ExactDedup
from tests.helpers import shards, table


def run(stage: ExactDedup, frame: pl.DataFrame, parts: int = 1) -> pl.DataFrame:
    selection = stage.apply(shards(frame, parts))
    assert selection.frame["row"].equals(frame["row"].sort())
    return selection.frame


def kept_rows(frame: pl.DataFrame) -> list[int]:
    return frame.filter("keep")["row"].to_list()


def folded(text: str) -> str:
    # The white space of Unicode, which leaves out the four separators that Python's split takes too.
    white = {chr(c) for c in (9, 10, 11, 12, 13, 32, 0x85, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000)}
    white |= {chr(c) for c in range(0x2000, 0x200B)}
    spaced = "".join(" " if char in white else char for char in unicodedata.normalize("NFC", text))
    return " ".join(part for part in spaced.split(" ") if part)


def messy(count: int, seed: int = 0) -> list[tuple[str, str]]:
    rng = np.random.default_rng(seed)
    pieces = [
        "a",
        "b",
        "é",
        "e\u0301",
        "Å",
        "A\u030a",
        " ",
        "  ",
        "\n",
        "\t",
        "\u00a0",
        "\u3000",
        "\u2003",
        "\x1c",
        "\u200b",
        "ガ",
        "カ\u3099",
    ]

    def text() -> str:
        return "".join(rng.choice(pieces, rng.integers(0, 5)))

    return [(text(), text()) for _ in range(count)]


@pytest.mark.parametrize("on", ["both", "instruction", "response"])
def test_groups_are_those_of_python_normalisation(on: str) -> None:
    pairs = messy(3000)
    sides = {"both": (0, 1), "instruction": (0,), "response": (1,)}[on]
    groups: dict[tuple[str, ...], list[int]] = {}
    for row, pair in enumerate(pairs):
        groups.setdefault(tuple(folded(pair[side]) for side in sides), []).append(row)
    out = run(ExactDedup(on=on), table(pairs))
    for members in groups.values():
        first, *rest = out[members].iter_rows(named=True)
        assert first["keep"]
        for verdict in rest:
            assert not verdict["keep"]
            assert verdict["reason"] == "exact_duplicate"
            assert verdict["kept_id"] == f"id{members[0]:05d}"
            assert verdict["value"] == str(len(members))
    assert 1 < len(groups) < len(pairs)


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (("What  is\n it?", "x"), (" What is it? ", "x\t"), True),
        (("caf\u00e9", "x"), ("cafe\u0301", "x"), True),
        (("\u2126", "x"), ("\u03a9", "x"), True),
        (("ﬁn", "x"), ("fin", "x"), False),
        (("What is it?", "x"), ("what is it?", "x"), False),
        (("What is it?", "x"), ("What is it", "x"), False),
        (("a b", "c"), ("a", "b c"), False),
        (("a", ""), ("", "a"), False),
        (("no space", "x"), ("nospace", "x"), False),
        (("", ""), (" \n", "\u3000"), True),
    ],
)
def test_what_is_the_same(left: tuple[str, str], right: tuple[str, str], same: bool) -> None:
    assert run(ExactDedup(), table([left, right]))["keep"].to_list() == [True, not same]


def test_one_side_alone() -> None:
    frame = table([("q", "a"), ("q", "b"), ("p", "a"), ("r", "c")])
    assert kept_rows(run(ExactDedup(on="instruction"), frame)) == [0, 2, 3]
    assert kept_rows(run(ExactDedup(on="response"), frame)) == [0, 1, 3]
    assert kept_rows(run(ExactDedup(), frame)) == [0, 1, 2, 3]


def test_the_first_id_stays_and_repeats_count_in_numeric_order() -> None:
    frame = table([("q", "a")] * 5, ids=["ab-10", "ab-2", "b", "ab-3", "ac"])
    assert kept_rows(run(ExactDedup(), frame)) == [1]
    assert run(ExactDedup(), frame)["kept_id"].to_list() == ["ab-2", None, "ab-2", "ab-2", "ab-2"]


@pytest.mark.parametrize(
    ("score", "kept"),
    [
        ([1.0, 3.0, 2.0, 3.0], 3),
        ([None, None, 0.5, None], 2),
        ([None, None, None, None], 0),
        ([float("nan"), -1.0, None, float("-inf")], 1),
        ([5, 7, 7, 7], 2),
        ([False, True, False, True], 3),
    ],
)
def test_the_largest_score_stays_then_the_first_id(score: list[float | None], kept: int) -> None:
    frame = table(
        [("q", "a")] * 4, ids=["a", "d", "b", "c"], score=pl.Series(score, dtype=None if any(score) else pl.Float64)
    )
    assert kept_rows(run(ExactDedup(keep_by="score"), frame)) == [kept]
    assert kept_rows(run(ExactDedup(), frame)) == [0]


def test_the_score_column_is_read_and_must_be_numeric() -> None:
    assert ExactDedup(keep_by="quality").needs() == ("instruction", "response", "quality")
    assert ExactDedup(keep_by="response").needs() == ("instruction", "response")
    assert ExactDedup().needs() == ("instruction", "response")
    with pytest.raises(StageError, match="the column grade is String, not numeric"):
        run(ExactDedup(keep_by="grade"), table([("q", "a")], grade=["A"]))


@pytest.mark.parametrize("keep_by", [None, "score"])
def test_neither_shards_nor_the_order_of_rows_matter(keep_by: str | None) -> None:
    pairs = messy(500, seed=1)
    frame = table(pairs, score=np.random.default_rng(0).integers(0, 3, 500))
    stage = ExactDedup(keep_by=keep_by)
    whole = run(stage, frame)
    for parts in (2, 7, 60):
        assert run(stage, frame, parts).equals(whole)
    order = np.random.default_rng(2).permutation(500)
    shuffled = frame[order].with_columns(row=pl.Series(range(500), dtype=pl.UInt64))
    again = run(stage, shuffled, 3)
    assert again.drop("row").equals(whole[order].drop("row"))


def test_no_rows_and_one_row() -> None:
    assert run(ExactDedup(), table([]), 2).height == 0
    assert run(ExactDedup(keep_by="score"), table([("", "")], score=[1])).select("keep", "kept_id").rows() == [
        (True, None)
    ]


def test_a_hundred_thousand_repeats() -> None:
    out = run(ExactDedup(), table([("the same question", "the same answer")] * 100_000), 4)
    assert kept_rows(out) == [0]
    assert set(out["value"].drop_nulls()) == {"100000"}
