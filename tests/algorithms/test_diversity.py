from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.neighbors import NearestNeighbors

from curate.algorithms.diversity import (
    distinct_rows,
    effective_number,
    local_density,
    nearest_cosines,
    novelsum,
    novelties,
    principal_plane,
    vendi_score,
)


def vectors(n: int, d: int = 32, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centres = rng.integers(-90, 90, (5, d))
    return np.clip(centres[rng.integers(0, 5, n)] + rng.integers(-37, 38, (n, d)), -127, 127).astype(np.int8)


def unit(points: np.ndarray) -> np.ndarray:
    return points / np.linalg.norm(points.astype(float), axis=1, keepdims=True)


@pytest.mark.parametrize("n", [3, 40, 300])
def test_vendi_is_the_exponential_of_the_entropy_of_the_kernels_eigenvalues(n: int) -> None:
    points = vectors(n)
    values = np.linalg.eigvalsh(cosine_similarity(points.astype(float)) / n)  # the n x n matrix of the definition
    values = values[values > 1e-12]
    assert vendi_score(points) == pytest.approx(np.exp(-(values * np.log(values)).sum()), rel=1e-9)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_vendi_is_that_of_the_published_package() -> None:
    published = pytest.importorskip("vendi_score.vendi", reason="vendi-score is not installed")
    points = vectors(120)
    assert vendi_score(points) == pytest.approx(published.score_K(cosine_similarity(points.astype(float))), rel=1e-6)


def test_vendi_counts_what_is_wholly_different() -> None:
    axes = np.eye(7, dtype=np.int8) * 100
    assert vendi_score(np.repeat(axes, 5, axis=0)) == pytest.approx(7)
    assert vendi_score(np.repeat(axes[:1], 9, axis=0)) == pytest.approx(1)
    assert vendi_score(np.concatenate([axes, np.zeros((3, 7), np.int8)])) == pytest.approx(7)
    assert np.isnan(vendi_score(np.zeros((4, 7), np.int8)))


def test_nearest_cosines_are_those_of_scikit_learn_without_the_row_itself() -> None:
    points = np.concatenate([vectors(700), vectors(700)[:3]])  # three rows occur twice
    expected = cosine_similarity(points.astype(float))
    np.fill_diagonal(expected, -2)
    rows = np.arange(0, 703, 7)
    np.testing.assert_allclose(nearest_cosines(points, rows), expected.max(1)[rows], atol=1e-6)
    assert nearest_cosines(points, np.array([0]))[0] == pytest.approx(1)
    others = vectors(50, seed=3)
    between = cosine_similarity(points[rows].astype(float), others.astype(float)).max(1)
    np.testing.assert_allclose(nearest_cosines(points, rows, others), between, atol=1e-6)
    assert np.isnan(nearest_cosines(points[:1], np.array([0]))).all()


def published_novelsum(points: np.ndarray, reference: np.ndarray, *, k: int, beta: float, alpha: float) -> float:
    """The steps of the authors' code, one row at a time, with another library's search for neighbours."""
    points, distinct = unit(points), np.unique(unit(reference).astype(np.float32), axis=0)
    search = NearestNeighbors(n_neighbors=k + 1, algorithm="brute").fit(distinct)
    squared = search.kneighbors(points)[0][:, 1:] ** 2
    density = 1 / (squared.mean(axis=1) + 1e-9) ** beta
    novelty = []
    for i, row in enumerate(1 - cosine_similarity(points)):
        ranked = sorted((row * density[i]).tolist())
        novelty.append(np.average(ranked, weights=[(r + 1) ** -alpha for r in range(len(ranked))]))
    return float(np.mean(novelty))


@pytest.mark.parametrize(("beta", "alpha"), [(0.5, 1.0), (0.25, 2.0), (0.0, 1.0)])
def test_novelsum_follows_the_authors_steps(beta: float, alpha: float) -> None:
    pool = vectors(400)
    chosen = pool[::5]
    density = local_density(chosen, pool, neighbours=10, power=beta)
    expected = published_novelsum(chosen, pool, k=10, beta=beta, alpha=alpha)
    assert novelsum(novelties(chosen, power=alpha), density) == pytest.approx(expected, rel=1e-4)
    if beta == 0:
        assert novelsum(novelties(chosen, power=alpha)) == pytest.approx(expected, rel=1e-4)


def test_novelsum_prefers_the_varied_set() -> None:
    pool = vectors(400)
    near_each_other = pool[np.argsort(cosine_similarity(pool.astype(float))[0])[-60:]]
    assert novelsum(novelties(near_each_other)) < novelsum(novelties(pool[:60]))
    assert np.isnan(novelsum(novelties(pool[:1])))
    with pytest.raises(ValueError, match="distinct rows"):
        local_density(pool[:4], np.repeat(pool[:3], 9, axis=0))


def test_distinct_rows_are_those_of_a_set_of_tuples() -> None:
    points = np.random.default_rng(5).integers(-2, 2, (300, 3)).astype(np.int8)
    for some in (points, points[:, ::-1], points[:0]):
        found = [tuple(row) for row in distinct_rows(some).tolist()]
        assert len(found) == len(set(found))
        assert set(found) == {tuple(row) for row in some.tolist()}


def test_effective_number() -> None:
    assert effective_number([5, 5, 5, 0]) == pytest.approx(3)
    assert effective_number([7]) == 1
    assert effective_number([9, 1]) == pytest.approx(1 / (0.9**0.9 * 0.1**0.1))
    assert np.isnan(effective_number([]))


def test_the_plane_is_scikit_learns() -> None:
    points = vectors(500)
    expected = PCA(2, svd_solver="full").fit_transform(unit(points))
    found = principal_plane(points)
    for axis in range(2):
        sign = np.sign(found[:, axis] @ expected[:, axis])
        np.testing.assert_allclose(found[:, axis] * sign, expected[:, axis], atol=1e-9)
    assert principal_plane(np.zeros((3, 4), np.int8)).tolist() == [[0, 0]] * 3
    assert principal_plane(points[:1]).tolist() == [[0, 0]]
