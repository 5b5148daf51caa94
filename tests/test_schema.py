"""Ids and their order; messages that other columns tell."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.schema import CANONICAL, are_pairs, id_ranks, pair_messages


def test_repeats_of_an_id_are_in_numeric_order() -> None:
    ids = ["ab", "ab-2", "ab-3", "ab-10", "ab-100", "abc", "ac", "ac-2", "b-x", "b-x-2"]
    shuffled = np.random.default_rng(0).permutation(len(ids))
    assert id_ranks(pl.Series([ids[i] for i in shuffled])).tolist() == shuffled.tolist()


@given(st.lists(st.text(max_size=4), unique=True))
def test_ids_without_repeats_are_in_the_order_of_code_points(ids: list[str]) -> None:
    ids = [one.replace("-", "") for one in ids]
    expected = sorted(range(len(ids)), key=lambda at: (ids[at], at))
    assert np.argsort(id_ranks(pl.Series(ids, dtype=pl.String))).tolist() == expected


@pytest.mark.parametrize("wrong", [None, "system", "roles", "third", "question", "answer", "none"])
def test_messages_that_instruction_and_response_tell(wrong: str | None) -> None:
    """Against the messages themselves: whatever is altered in one of three examples is found."""
    texts = [("a", "b"), ("", "c\n\nd"), ("e", "")]
    turns = [[{"role": "user", "content": q}, {"role": "assistant", "content": a}] for q, a in texts]
    match wrong:
        case "system":
            turns[1][0]["role"] = "system"
        case "roles":
            turns[1][1]["role"] = "user"
        case "third":
            turns[1].append({"role": "user", "content": "x"})
        case "question":
            turns[2][0]["content"] = "f"
        case "answer":
            turns[0][1]["content"] = "bb"
        case "none":
            turns[1] = []
    columns = {"messages": turns, "instruction": [q for q, _ in texts], "response": [a for _, a in texts]}
    frame = pl.DataFrame(columns, schema={name: CANONICAL[name] for name in columns})
    assert are_pairs(frame) == (wrong is None)
    told = pair_messages(frame["instruction"], frame["response"])
    assert told.dtype == CANONICAL["messages"]
    assert (told.to_list() == turns) == (wrong is None)
    assert are_pairs(frame.clear())
    assert pair_messages(*(frame.clear()[c] for c in ("instruction", "response"))).dtype == CANONICAL["messages"]
