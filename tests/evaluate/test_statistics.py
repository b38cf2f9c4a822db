"""Intervals against known values and coverage."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from rungwise.errors import UserError
from rungwise.evaluate.statistics import clustered_wilson, mean_over_tasks, paired_difference, wilson


@pytest.mark.parametrize(("k", "n"), [(0, 10), (10, 10), (3, 10), (61, 100), (699, 700), (1, 1)])
def test_wilson_is_scipys(k: int, n: int) -> None:
    known = stats.binomtest(k, n).proportion_ci(0.95, method="wilson")
    assert wilson(k, n) == pytest.approx((known.low, known.high), abs=1e-12)


def test_wilson_of_nothing_is_everything() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


def test_single_values_get_wilsons_interval() -> None:
    assert clustered_wilson([1.0] * 120 + [0.0] * 80, range(200)) == wilson(120, 200)
    assert clustered_wilson([1.0] * 30, range(30)) == wilson(30, 30)
    assert clustered_wilson([], []) == (0.0, 1.0)


def test_samples_of_one_item_count_as_one_item() -> None:
    """Five equal samples of each of 40 items are worth 40 values, not 200."""
    items = [float(i % 2) for i in range(40)]
    repeated = [value for value in items for _ in range(5)]
    clusters = [i for i in range(40) for _ in range(5)]
    assert clustered_wilson(repeated, clusters) == pytest.approx(wilson(19.5, 39), abs=1e-12)
    assert clustered_wilson([1.0] * 30, [i // 3 for i in range(30)]) == wilson(10, 10)


def test_values_that_vary_within_clusters_only_count_each() -> None:
    """Their clusters have the same mean: the variance between them shows nothing, and each counts as one value."""
    assert clustered_wilson([1.0, 0.0] * 30, [i // 2 for i in range(60)]) == wilson(15, 30)


@pytest.mark.parametrize(("clusters", "a", "b"), [(100, 0.3, 0.1), (100, 19.0, 0.4), (100, 0.1, 0.9), (20, 1.0, 1.0)])
def test_the_clustered_interval_covers_the_truth(clusters: int, a: float, b: float) -> None:
    """Five samples of items whose difficulty varies: up to items that are always right or always wrong."""
    rng = np.random.default_rng(2)
    covered = 0
    for _ in range(300):
        right = rng.binomial(5, rng.beta(a, b, clusters))
        values = [float(k < r) for r in right for k in range(5)]
        lo, hi = clustered_wilson(values, [i for i in range(clusters) for _ in range(5)])
        covered += lo <= a / (a + b) <= hi
    assert 0.91 <= covered / 300 <= 0.99


def test_paired_difference_uses_the_pairing() -> None:
    rng = np.random.default_rng(0)
    b = rng.integers(0, 2, 300).astype(float)
    a = b.copy()
    a[:30] = 1.0
    difference, lo, hi = paired_difference(a, b)
    assert difference == pytest.approx(float(np.mean(a - b)))
    assert 0 < lo < difference < hi
    assert hi - lo < 0.1  # unpaired it would be 0.16
    assert paired_difference(a, a) == (0.0, 0.0, 0.0)


def test_paired_difference_needs_the_same_items() -> None:
    with pytest.raises(UserError, match="same items"):
        paired_difference([1.0], [1.0, 0.0])
    with pytest.raises(UserError, match="same items"):
        paired_difference([], [])


def test_mean_over_tasks_weighs_tasks_alike() -> None:
    mean, lo, hi = mean_over_tasks([(1.0, 0.9, 1.0), (0.0, 0.0, 0.1)])
    assert mean == 0.5
    assert (lo, hi) == pytest.approx((0.45, 0.55))
    assert mean_over_tasks([(0.6, 0.5, 0.7)]) == pytest.approx((0.6, 0.5, 0.7))
    assert mean_over_tasks([]) == (0.0, 0.0, 1.0)


def test_mean_over_tasks_covers_the_truth() -> None:
    rng = np.random.default_rng(1)
    shares, n = np.array([0.5, 0.9, 0.99, 0.7, 0.3, 0.6, 0.8]), 50
    covered = 0
    for _ in range(400):
        hits = rng.binomial(n, shares)
        _, lo, hi = mean_over_tasks([(k / n, *wilson(float(k), n)) for k in hits])
        covered += lo <= shares.mean() <= hi
    assert 0.92 <= covered / 400 <= 0.985
