"""Components of texts by shared bands, part by part, against scipy's components of the whole graph."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from curate.algorithms.candidates import forest, lines, links

Index = NDArray[np.int64]
NGRAM = 5


def whole(bands: NDArray[np.uint32], digests: NDArray[np.uint64], tokens: Index) -> list[int]:
    """The smallest member of each text's component, by comparing all pairs."""
    size = tokens.size
    long, short = tokens >= NGRAM, (tokens > 0) & (tokens < NGRAM)
    alike = (bands[:, None, :] == bands[None, :, :]).any(axis=2) & long[:, None] & long[None, :]
    alike |= (digests[:, None] == digests[None, :]) & short[:, None] & short[None, :]
    label = connected_components(coo_matrix(alike), directed=False)[1]
    first: dict[int, int] = {}
    return [first.setdefault(label[text], text) for text in range(size)]


def in_parts(
    bands: NDArray[np.uint32], digests: NDArray[np.uint64], tokens: Index, parts: list[Index], groups: int
) -> list[int]:
    """The same from lines of `parts` in `groups`: number `text` in all is 10 * text + 3 there."""
    told = [lines(10 * part + 3, bands[part], digests[part], tokens[part], NGRAM) for part in parts]
    rows, keys = (np.concatenate(every) for every in zip(*told, strict=True))
    found = [links(rows[keys % groups == group], keys[keys % groups == group]) for group in range(groups)]
    names, roots = forest(*(np.concatenate(every) for every in zip(*found, strict=True)))
    assert (np.diff(names) > 0).all()
    known = dict(zip(((names - 3) // 10).tolist(), ((roots - 3) // 10).tolist(), strict=True))
    return [known.get(text, text) for text in range(tokens.size)]


@pytest.mark.parametrize("keys", [3, 60, 2000, 2**32])
@pytest.mark.parametrize("count", [1, 2, 7])
def test_components_are_those_of_all_texts_together(keys: int, count: int) -> None:
    for seed in range(4):
        rng = np.random.default_rng(seed)
        size = 300
        bands = rng.integers(0, keys, (size, 6), dtype=np.uint32)
        bands[rng.permutation(size)[:40]] = bands[0]  # texts with the same signature
        digests = rng.integers(0, 40, size).astype(np.uint64) << np.uint64(50)
        tokens = rng.choice([0, 1, 4, 5, 90], size, p=[0.05, 0.1, 0.1, 0.25, 0.5])
        parts = np.array_split(rng.permutation(size) if seed % 2 else np.arange(size), count)
        for groups in (1, 5):
            got = in_parts(bands, digests, tokens, parts, groups)
            wanted = whole(bands, digests, tokens)
            # Those without tokens are in no component: no line names them.
            assert got == [text if tokens[text] == 0 else wanted[text] for text in range(size)]


def test_a_bucket_of_a_part_is_one_line_for_the_others() -> None:
    size, width = 30_001, 16
    bands = np.tile(np.arange(width, dtype=np.uint32), (size, 1))
    rows, keys = lines(np.arange(size), bands, np.zeros(size, np.uint64), np.full(size, 9), NGRAM)
    shared = keys < np.uint64(1 << 62)
    assert shared.sum() == width, "one for each band, and not for each text"
    assert set(rows[shared].tolist()) == {0}
    names, roots = links(rows, keys)
    assert names.tolist() == list(range(size))
    assert not roots.any()


def test_keys_of_different_bands_are_different() -> None:
    bands = np.array([[1, 2, 3], [2, 3, 1], [3, 1, 2]], dtype=np.uint32)
    rows, keys = lines(np.arange(3), bands, np.array([1, 2, 3], np.uint64), np.full(3, 9), NGRAM)
    assert len(set(keys.tolist())) == 9
    assert links(rows, keys)[0].size == 0


def test_no_texts() -> None:
    rows, keys = lines(
        np.zeros(0, np.int64), np.zeros((0, 4), np.uint32), np.zeros(0, np.uint64), np.zeros(0, np.int64), 5
    )
    assert rows.size == keys.size == 0
    assert links(rows, keys)[0].size == forest(rows, rows)[1].size == 0
