"""Intervals for accuracies, all at 95 %."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from rungwise.errors import UserError
from rungwise.problems.streams import stream

Z = 1.959963984540054
"""The 97.5 % quantile of the normal distribution."""
DRAWS = 4_000
_CELLS = 4_000_000
"""Numbers held at once while resampling."""
_NO_SPREAD = 1e-15
"""Variances below are rounding errors."""

Cell = tuple[float, float, float]
"""(estimate, lower end, upper end)."""


def wilson(successes: float, n: float) -> tuple[float, float]:
    """Wilson's score interval for a share (Wilson 1927); (0, 1) for n = 0."""
    if n == 0:
        return 0.0, 1.0
    share = successes / n
    middle = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * float(np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2)))
    # At the ends the formula is exact up to rounding errors, which must not push it past the share itself.
    return max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))


def clustered_wilson(values: Sequence[float], clusters: Sequence[Hashable]) -> tuple[float, float]:
    """The interval for the mean of ``values`` in [0, 1] where those of one cluster are not independent.

    Wilson's at the effective sample size: so many independent values of 0 and 1 as would have the variance that is
    found between clusters (Korn & Graubard 1998, with Wilson's interval as Dean & Pagano 2015 advise). It keeps its
    level near 0 and 1, where a bootstrap over clusters falls below it. Where all clusters have the same mean they
    count as one value each; single values as one each in any case.
    """
    sums, counts = _by_cluster(np.asarray(values, dtype=float), clusters)
    n, m = float(counts.sum()), len(sums)
    if m == 0:
        return 0.0, 1.0
    mean = float(sums.sum()) / n
    if m == n and set(values) <= {0.0, 1.0}:
        return wilson(mean * n, m)
    variance = float(((sums - mean * counts) ** 2).sum()) / n**2 * m / max(1, m - 1)
    effective = min(n, mean * (1 - mean) / variance) if variance > _NO_SPREAD else m
    return wilson(mean * effective, effective)


def paired_difference(
    a: Sequence[float], b: Sequence[float], clusters: Sequence[Hashable] | None = None, seed: int = 0
) -> Cell:
    """The mean of a - b with its bootstrap interval; a[i] and b[i] belong to the same item.

    ``clusters[i]`` names what entry i is resampled with (several samples of one item); by default every entry
    stands alone.

    Raises:
        UserError: the sequences differ in length or are empty.
    """
    if len(a) != len(b) or not len(a):
        raise UserError(f"paired results need the same items, got {len(a)} and {len(b)}")
    difference = np.asarray(a, dtype=float) - np.asarray(b, dtype=float)
    sums, counts = _by_cluster(difference, range(len(a)) if clusters is None else clusters)
    lo, hi = _percentiles(sums, counts, seed)
    return float(difference.mean()), lo, hi


def mean_over_tasks(cells: Sequence[Cell]) -> Cell:
    """The mean of independent estimates, each weighing the same, with its interval from theirs.

    The square-and-add method (Zou & Donner 2008), which keeps the honest width of Wilson's intervals at 0 and 1.
    """
    if not cells:
        return 0.0, 0.0, 1.0
    table_T_3 = np.asarray(cells, dtype=float)
    mean = float(table_T_3[:, 0].mean())
    below, above = np.sqrt(((table_T_3[:, 1:] - table_T_3[:, :1]) ** 2).sum(axis=0)) / len(cells)
    return mean, max(0.0, mean - float(below)), min(1.0, mean + float(above))


def _by_cluster(
    values: NDArray[np.float64], clusters: Sequence[Hashable]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sum and count of each cluster."""
    place: dict[Hashable, int] = {}
    index = np.array([place.setdefault(c, len(place)) for c in clusters], dtype=int)
    sums = np.bincount(index, values, len(place)).astype(np.float64)
    return sums, np.bincount(index, minlength=len(place)).astype(np.float64)


def _percentiles(sums: NDArray[np.float64], counts: NDArray[np.float64], seed: int) -> tuple[float, float]:
    rng = stream("bootstrap", seed)
    n = len(sums)
    at_once = max(1, _CELLS // n)
    means = []
    for start in range(0, DRAWS, at_once):
        drawn = rng.integers(0, n, (min(at_once, DRAWS - start), n))
        means.append(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1))
    lo, hi = np.percentile(np.concatenate(means), [2.5, 97.5])
    return float(lo), float(hi)
