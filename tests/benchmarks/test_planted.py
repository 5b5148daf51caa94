"""The generator keeps its word: its clusters are the exact components, and all comes from the seed."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from benchmarks.peers.planted import COPY, DECOY, planted
from benchmarks.peers.truth import exact_truth


@pytest.mark.parametrize("threshold", [DECOY + 0.01, 0.7, COPY])
def test_planted_clusters_are_the_exact_components(threshold: float) -> None:
    made = planted(2000, seed=1)
    found = exact_truth(made.texts, Fraction(threshold).limit_denominator(1000)).labels
    joint = len(set(zip(found.tolist(), made.labels.tolist(), strict=True)))
    assert joint == np.unique(found).size == np.unique(made.labels).size


def test_about_a_third_stands_in_clusters_of_several_sizes() -> None:
    made = planted(4000)
    assert len(made.texts) == made.labels.size == 4000
    sizes = np.bincount(made.labels)
    assert 0.25 < sizes[sizes > 1].sum() / 4000 < 0.4
    assert {2, 3, 4, 6, 10} <= set(sizes.tolist())


def test_decoys_are_near_but_below_the_threshold() -> None:
    made = planted(1500, seed=2)
    low = exact_truth(made.texts, Fraction(2, 5)).removals
    high = exact_truth(made.texts, Fraction(7, 10)).removals
    assert 75 < low - high < 300  # about one in ten


def test_the_seed_decides() -> None:
    assert planted(300, seed=3).texts == planted(300, seed=3).texts
    assert planted(300, seed=3).texts != planted(300, seed=4).texts


def test_clusters_do_not_stand_together() -> None:
    labels = planted(2000).labels
    same = np.diff(np.sort(labels)) == 0
    assert (np.diff(labels) == 0).sum() < same.sum() / 20
