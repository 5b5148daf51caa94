"""Ids and their order."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from curate.schema import id_ranks


def test_repeats_of_an_id_are_in_numeric_order() -> None:
    ids = ["ab", "ab-2", "ab-3", "ab-10", "ab-100", "abc", "ac", "ac-2", "b-x", "b-x-2"]
    shuffled = np.random.default_rng(0).permutation(len(ids))
    assert id_ranks(pl.Series([ids[i] for i in shuffled])).tolist() == shuffled.tolist()


@given(st.lists(st.text(max_size=4), unique=True))
def test_ids_without_repeats_are_in_the_order_of_code_points(ids: list[str]) -> None:
    ids = [one.replace("-", "") for one in ids]
    expected = sorted(range(len(ids)), key=lambda at: (ids[at], at))
    assert np.argsort(id_ranks(pl.Series(ids, dtype=pl.String))).tolist() == expected
