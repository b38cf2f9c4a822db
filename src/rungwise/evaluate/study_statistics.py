"""Intervals and tests over seeds and items: what several runs of each method say together, all at 95 %.

Two things vary when a study is repeated: the training (another seed) and the items (each seed has its own). The means
of the seeds hold both, so that Student's interval over them is the one for "this method, trained again, on other
items". With few seeds it can be too narrow by luck, down to no width at all where every seed scored 100 %; it is never
taken narrower than the interval over the items, which takes the trained models as given.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rungwise.evaluate.statistics import Cell, Z, clustered_wilson, mean_over_tasks

ENOUGH = 3
"""Seeds from which on Student's interval over them is used; with two it is as wide as everything there is."""

_MULTIPLES = 60
"""Differences are shares of so many samples at most where they are taken as they are."""
_GRID = 1 << 15
"""Units that the sum of all differences has where they are rounded."""
_MOST_UNITS = 1 << 17
_LEAST_P = 1e-12
"""Smaller p-values are not told apart: they drown in rounding errors."""

Ends = tuple[float, float]


@dataclass(frozen=True)
class Estimate:
    """An accuracy over seeds.

    Attributes:
        mean: each task weighs the same, and each seed.
        interval: over seeds and items; with fewer than ENOUGH seeds over items only.
        over_seeds: Student's interval over the seeds' means, None for one seed.
        over_items: the interval for these trained models on other items.
        by_seed: the mean of each seed.
    """

    mean: float
    interval: Ends
    over_seeds: Ends | None
    over_items: Ends
    by_seed: tuple[float, ...]


@dataclass(frozen=True)
class Comparison:
    """A paired difference over seeds and items.

    Attributes:
        difference, interval: of the means, with the interval built as ``Estimate.interval`` is.
        p_seeds: of Student's paired test over the seeds, None for one seed.
        p_items: of the sign-flip test over the items, for these trained models.
        p: the larger of the two; with fewer than ENOUGH seeds ``p_items``.
        by_seed: the difference of each seed.
    """

    difference: float
    interval: Ends
    p_seeds: float | None
    p_items: float
    p: float
    by_seed: tuple[float, ...]


def estimate(values: Sequence[Sequence[Sequence[float]]]) -> Estimate:
    """The mean accuracy of some tasks with its intervals.

    Args:
        values: by task, then seed, then item: in [0, 1], an item's mean over its samples. Every seed has as many items
            of a task as the others.
    """
    by_seed = np.array([[np.mean(items) for items in seeds] for seeds in values]).mean(axis=0)
    cells = [_over_items([value for items in seeds for value in items]) for seeds in values]
    mean, *ends = mean_over_tasks(cells)
    over_items = (ends[0], ends[1])
    over_seeds = _inside(student_interval(by_seed.tolist()), 0.0)
    return Estimate(mean, _wider(over_seeds, over_items, len(by_seed)), over_seeds, over_items, tuple(by_seed.tolist()))


def compare(a: Sequence[Sequence[float]], b: Sequence[Sequence[float]], tasks: Sequence[Sequence[str]]) -> Comparison:
    """Two models of each seed on the same items.

    Args:
        a, b: by seed, then item: an item's mean over its samples.
        tasks: the task of each item; each task weighs the same.
    """
    weights = [np.asarray(task_weights(named)) for named in tasks]
    weighted_a, weighted_b = ([w * np.asarray(row) for w, row in zip(weights, rows, strict=True)] for rows in (a, b))
    differences = [x - y for x, y in zip(weighted_a, weighted_b, strict=True)]
    by_seed = [float(d.mean()) for d in differences]
    told = np.concatenate(differences).tolist()
    over_seeds = _inside(student_interval(by_seed), -1.0)
    p_seeds, p_items = student_p(by_seed), sign_flip_p(told)
    both = p_seeds is not None and len(by_seed) >= ENOUGH
    p = max(p_seeds or 0.0, p_items) if both else p_items
    interval = _wider(over_seeds, matched_interval(told), len(by_seed))
    return Comparison(float(np.mean(told)), interval, p_seeds, p_items, p, tuple(by_seed))


def task_weights(tasks: Sequence[str]) -> list[float]:
    """A weight for each item, 1 on average, with which the mean over the items is the mean over the tasks."""
    counts = {task: tasks.count(task) for task in set(tasks)}
    return [len(tasks) / (len(counts) * counts[task]) for task in tasks]


def matched_interval(differences: Sequence[float]) -> Ends:
    """The interval of a mean difference over matched items, by Agresti and Min's adjustment (2005): half an item more
    in each of both right, both wrong, and the two kinds of one right, so that it has a width where no item differs."""
    n = len(differences) + 2
    total, squares = sum(differences), sum(d * d for d in differences) + 1
    half = Z * math.sqrt((squares / n - (total / n) ** 2) / n)
    return max(-1.0, total / n - half), min(1.0, total / n + half)


def student_interval(values: Sequence[float]) -> Cell | None:
    """Mean and Student's interval of independent values, None for fewer than two."""
    if len(values) < 2:
        return None
    mean, error = float(np.mean(values)), _standard_error(values)
    half = student_quantile(len(values) - 1) * error
    return mean, mean - half, mean + half


def student_p(values: Sequence[float]) -> float | None:
    """Two-sided p of Student's test that the values' mean is 0, None for fewer than two."""
    if len(values) < 2:
        return None
    mean, error = abs(float(np.mean(values))), _standard_error(values)
    if error == 0:
        return 0.0 if mean else 1.0
    return student_tails(mean / error, len(values) - 1)


def student_tails(t: float, df: int) -> float:
    """P(|T| > t) of Student's distribution with whole degrees of freedom (Abramowitz & Stegun 26.7.3 and 26.7.4)."""
    angle = math.atan(t / math.sqrt(df))
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = df % 2
    term = cosine if odd else 1.0
    total = 0.0
    for k in range(1 + odd, df, 2):
        total += term
        term *= cosine**2 * k / (k + 1)
    inside = 2 / math.pi * (angle + sine * total) if odd else sine * total
    return max(0.0, 1 - inside)


def student_quantile(df: int) -> float:
    """The t beyond which 5 % lie, both tails together."""
    low, high = 0.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if student_tails(middle, df) > 0.05 else (low, middle)
    return high


def sign_flip_p(differences: Sequence[float]) -> float:
    """Two-sided p of the mean difference when each one could as well have had the other sign (Fisher's randomisation
    test; for right against wrong it is McNemar's exact test).

    Exact: over all ways to choose the signs, whose sum has the characteristic function of the product of the cosines.
    Differences without a common unit, as those of tasks of different sizes, are rounded to a fine grid first.
    """
    told = np.array([d for d in differences if d], dtype=float)
    if not len(told):
        return 1.0
    units = _in_units(told)
    total, observed = int(np.abs(units).sum()), abs(int(units.sum()))
    n = 1 << (2 * total + 1).bit_length()
    angles = np.arange(n // 2 + 1) * (2 * np.pi / n)
    characteristic = np.ones(n // 2 + 1)
    for size, count in zip(*np.unique(np.abs(units), return_counts=True), strict=True):
        characteristic *= np.cos(angles * float(size)) ** int(count)
    chance = np.fft.irfft(characteristic, n)[: total + 1].clip(0)  # of each sum from 0 on; those below mirror them
    p = 2 * float(chance[observed:].sum()) if observed else 1.0
    return min(1.0, max(_LEAST_P, p))


def _in_units(told: NDArray[np.float64]) -> NDArray[np.int64]:
    """The differences as whole numbers of a common unit, or rounded to a grid where they have none."""
    least = float(np.abs(told).min())
    for parts in range(1, _MULTIPLES + 1):
        multiples = told / least * parts
        if np.abs(multiples).sum() > _MOST_UNITS:
            break
        if np.abs(multiples - np.round(multiples)).max() < 1e-6:
            return np.round(multiples).astype(np.int64)
    rounded: NDArray[np.int64] = np.round(told / np.abs(told).sum() * _GRID).astype(np.int64)
    return rounded


def holm(ps: Sequence[float], weights: Sequence[float] | None = None) -> list[float]:
    """Holm's adjusted p-values (Holm 1979), in the order given: where those below 0.05 are called real, the chance of
    one false claim among all is at most 5 %. ``weights`` say how the 5 % are shared out (default: evenly)."""
    share = [1.0] * len(ps) if weights is None else weights
    left, adjusted, highest = sum(share), [0.0] * len(ps), 0.0
    for i in sorted(range(len(ps)), key=lambda i: ps[i] / share[i]):
        highest = max(highest, min(1.0, left * ps[i] / share[i]))
        adjusted[i] = highest
        left -= share[i]
    return adjusted


def _over_items(values: Sequence[float]) -> Cell:
    return float(np.mean(values)), *clustered_wilson(values, range(len(values)))


def _standard_error(values: Sequence[float]) -> float:
    """Of the mean; 0 where all values are the same up to rounding errors."""
    error = float(np.std(values, ddof=1)) / math.sqrt(len(values))
    return error if error > 1e-12 else 0.0


def _wider(over_seeds: Ends | None, over_items: Ends, seeds: int) -> Ends:
    if over_seeds is None or seeds < ENOUGH:
        return over_items
    return min(over_seeds[0], over_items[0]), max(over_seeds[1], over_items[1])


def _inside(cell: Cell | None, least: float) -> Ends | None:
    """The ends of an interval, cut to what is possible."""
    return None if cell is None else (max(least, cell[1]), min(1.0, cell[2]))
