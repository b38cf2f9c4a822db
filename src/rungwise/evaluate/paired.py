"""Two runs on the same items: the difference with its interval and its test, by task and over tasks.

What is compared is each item's mean over its samples. Items that share a causal model (polarity twins) stand or fall
together: their differences are summed, and the sum is what the test gives another sign and the interval's variance is
taken over. Over tasks, each task weighs the same.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from rungwise.evaluate.study_statistics import holm, matched_interval, sign_flip_p, task_weights

ALL = "all"
"""The name of the comparison over all tasks."""
LEVEL = 0.05


@dataclass(frozen=True)
class Paired:
    """A run less another.

    Attributes:
        difference, interval: of the accuracies; the interval is at 95 % and not corrected.
        p: of the exact sign-flip test (for one sample an item McNemar's).
        gained, lost: items whose mean over samples is higher, or lower.
    """

    difference: float
    interval: tuple[float, float]
    p: float
    gained: int
    lost: int


def paired(a: Sequence[float], b: Sequence[float], tasks: Sequence[str], clusters: Sequence[Hashable]) -> Paired:
    """b less a, over all tasks; the four go by item. Each task weighs the same."""
    differences = np.asarray(b, dtype=float) - np.asarray(a, dtype=float)
    weighted = differences * np.asarray(task_weights(tasks))
    place: dict[Hashable, int] = {}
    index = [place.setdefault(cluster, len(place)) for cluster in clusters]
    sums = np.bincount(index, weighted, len(place)).astype(np.float64)
    means = sums * (len(place) / len(weighted))  # their mean is the items' mean
    return Paired(
        difference=float(weighted.mean()),
        interval=matched_interval(means.tolist()),
        p=sign_flip_p(np.where(np.abs(means) < 1e-12, 0.0, means).tolist()),
        gained=int((differences > 0).sum()),
        lost=int((differences < 0).sum()),
    )


def paired_by_task(
    a: Sequence[float], b: Sequence[float], tasks: Sequence[str], clusters: Sequence[Hashable]
) -> dict[str, Paired]:
    """``paired`` over all tasks and, where there are several, of each."""
    found = {ALL: paired(a, b, tasks, clusters)}
    names = dict.fromkeys(tasks)
    for name in names if len(names) > 1 else ():
        own = [i for i, task in enumerate(tasks) if task == name]
        found[name] = paired([a[i] for i in own], [b[i] for i in own], [name] * len(own), [clusters[i] for i in own])
    return found


def corrected(found: Sequence[dict[str, Paired]]) -> list[dict[str, float]]:
    """p-values of several comparisons, corrected together by Holm's method. The one over all tasks has as much of the
    5 % as those of its tasks together, so that asking about tasks too costs the main question little."""
    keys = [(i, name) for i, tests in enumerate(found) for name in tests]
    weights = [1.0 if name == ALL else 1 / (len(found[i]) - 1) for i, name in keys]
    adjusted = holm([found[i][name].p for i, name in keys], weights)
    out: list[dict[str, float]] = [{} for _ in found]
    for (i, name), p in zip(keys, adjusted, strict=True):
        out[i][name] = p
    return out


def pairs(n: int, first_only: bool) -> list[tuple[int, int]]:
    """Which of n runs are compared: each with every earlier one, or with the first alone."""
    return [(0, j) for j in range(1, n)] if first_only else list(combinations(range(n), 2))
