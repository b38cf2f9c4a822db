"""Intervals against known values and coverage."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from rungwise.errors import UserError
from rungwise.evaluate.statistics import cluster_bootstrap, mean_over_tasks, paired_difference, wilson


@pytest.mark.parametrize(("k", "n"), [(0, 10), (10, 10), (3, 10), (61, 100), (699, 700), (1, 1)])
def test_wilson_is_scipys(k: int, n: int) -> None:
    known = stats.binomtest(k, n).proportion_ci(0.95, method="wilson")
    assert wilson(k, n) == pytest.approx((known.low, known.high), abs=1e-12)


def test_wilson_of_nothing_is_everything() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


def test_bootstrap_of_single_values_is_near_the_normal_interval() -> None:
    values = [1.0] * 120 + [0.0] * 80
    lo, hi = cluster_bootstrap(values, range(200), seed=3)
    half = 1.96 * np.sqrt(0.6 * 0.4 / 200)
    assert (lo, hi) == pytest.approx((0.6 - half, 0.6 + half), abs=0.012)
    assert (lo, hi) == cluster_bootstrap(values, range(200), seed=3)


def test_samples_of_one_item_count_as_one_item() -> None:
    """Five equal samples of each of 40 items are worth 40 values, not 200."""
    items = [float(i % 2) for i in range(40)]
    repeated = [value for value in items for _ in range(5)]
    clusters = [i for i in range(40) for _ in range(5)]
    assert cluster_bootstrap(repeated, clusters) == pytest.approx(cluster_bootstrap(items, range(40)), abs=1e-12)


def test_clusters_without_spread_get_wilsons_width() -> None:
    assert cluster_bootstrap([1.0] * 30, [i // 3 for i in range(30)]) == wilson(10, 10)
    assert cluster_bootstrap([], []) == (0.0, 1.0)


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
