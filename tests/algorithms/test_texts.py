from __future__ import annotations

import gc

import numpy as np
import polars as pl
import pytest

from curate.algorithms.texts import texts

COLUMN = pl.Series(["a", "", None, "exactly12byt", "thirteen byte", "öäü" * 30, None, "x" * 500] * 50)


@pytest.mark.parametrize(
    "column",
    [
        COLUMN,
        COLUMN[3:77],
        pl.concat([COLUMN, COLUMN[5:9]], rechunk=False),
        COLUMN[:0],
        COLUMN.filter(COLUMN.str.len_bytes() > 11),
        COLUMN.drop_nulls(),
    ],
)
@pytest.mark.parametrize("dtype", [pl.String, pl.Binary])
def test_the_bytes_are_those_of_the_column(column: pl.Series, dtype: type[pl.DataType]) -> None:
    found = texts(column.cast(dtype))
    assert [found.bytes(row) for row in range(len(found))] == [(text or "").encode() for text in column.to_list()]
    assert found.size.tolist() == column.str.len_bytes().fill_null(0).to_list()


def test_the_texts_outlive_the_column() -> None:
    rng = np.random.default_rng(0)
    expected = ["".join(rng.choice(list("abcdef"), 100)) for _ in range(2000)]
    found = texts(pl.Series(expected))
    gc.collect()
    other = [pl.Series(["z" * 100] * 2000) for _ in range(20)]
    assert [found.bytes(row).decode() for row in range(2000)] == expected
    assert len(other) == 20


def test_a_column_of_numbers_is_refused() -> None:
    with pytest.raises(TypeError, match="not of texts"):
        texts(pl.Series([1, 2]))
