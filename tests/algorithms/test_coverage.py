from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kstest
from sklearn.metrics.pairwise import cosine_similarity

from curate.algorithms.coverage import check_vectors, hash64, inverse_norms, nearest, squared_norms, standing


def vectors(n: int, d: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(-127, 128, (n, d)).astype(np.int8)


def test_lengths_are_those_of_numpy_at_the_extremes_of_int8() -> None:
    points = np.concatenate([vectors(1500, 40), np.full((1, 40), -128, np.int8), np.zeros((1, 40), np.int8)])
    expected = np.linalg.norm(points.astype(np.float64), axis=1)
    np.testing.assert_allclose(np.sqrt(squared_norms(points)), expected, rtol=1e-15)
    np.testing.assert_allclose(inverse_norms(points)[:-1], 1 / expected[:-1], rtol=1e-15)
    assert inverse_norms(points)[-1] == 0


def test_nearest_is_the_argmax_of_scikit_learns_cosines() -> None:
    points = vectors(2500, 24)
    chosen = np.random.default_rng(1).permutation(2500)[:77]
    rest = np.setdiff1d(np.arange(2500), chosen)
    best, cosine = nearest(points, rest, chosen)
    expected = cosine_similarity(points[rest].astype(float), points[chosen].astype(float))
    np.testing.assert_array_equal(best, expected.argmax(1))
    np.testing.assert_allclose(cosine, expected.max(1), rtol=1e-12)


def test_of_equally_near_points_the_earliest_chosen_is_named() -> None:
    points = np.array([[1, 0], [3, 0], [2, 0], [0, 0]], dtype=np.int8)
    best, cosine = nearest(points, np.array([0, 3]), np.array([2, 1]))
    assert best.tolist() == [0, 0]
    assert cosine.tolist() == [1.0, 0.0]


def test_standing_ranks_the_chosen_and_points_the_rest_to_them() -> None:
    points = np.array([[9, 0], [0, 9], [9, 1], [0, -9]], dtype=np.int8)
    rank, row, cosine = standing(points, np.array([1, 0]))
    assert rank.tolist() == [2, 1, 0, 0]
    assert row.tolist() == [0, 1, 0, 0]  # -1 to point 1, 0 to point 0
    assert cosine == pytest.approx([1, 1, 9 / np.sqrt(82), 0])
    rank, row, cosine = standing(points, np.array([], dtype=np.int64))
    assert rank.tolist() == [0] * 4
    assert row.tolist() == [-1] * 4


def test_hashes_depend_on_id_and_seed_alone_and_are_uniform() -> None:
    ids = [f"{i:016x}" for i in range(4000)]
    hashes = hash64(ids, 7)
    assert len(set(hashes.tolist())) == 4000
    np.testing.assert_array_equal(hash64(ids[::-1], 7), hashes[::-1])
    assert (hash64(ids, 8) != hashes).all()
    assert kstest(hashes / 2.0**64, "uniform").pvalue > 0.01
    assert len(hash64([], 1)) == 0


def test_matrices_that_would_not_multiply_exactly_are_refused() -> None:
    check_vectors(np.zeros((2, 1040), np.int8))
    with pytest.raises(ValueError, match="at most 1040"):
        check_vectors(np.zeros((2, 1041), np.int8))
    with pytest.raises(ValueError, match="float32"):
        check_vectors(np.zeros((2, 3), np.float32))  # type: ignore[arg-type]
