"""Models in which the treatment never lowers the outcome."""

from __future__ import annotations

from itertools import product

import numpy as np

from rungwise.causal.graph import DAG, bits
from rungwise.causal.scm import SCM, Array

DIGITS = 4
"""Decimals of every probability."""


def monotone_scm(
    graph: DAG, treatment: int, outcome: int, rng: np.random.Generator, low: float = 0.0, high: float = 1.0
) -> SCM:
    """A random model of binary variables in which no unit's outcome is lower under treatment 1 than under 0.

    Every node has one uniform threshold U and is 1 where U < P(1|parents). Call a node *moved* if it lies on a
    directed path from treatment to outcome, the outcome included. Each moved node's P(1|parents) does not fall in any
    parent that is moved or the treatment. With the thresholds fixed, raising the treatment from 0 to 1 then raises
    moved nodes or leaves them, one after the other along the order of the graph, and moves no other ancestor of the
    outcome; so the outcome is raised or left.

    Args:
        low, high: range of every P(1|parents).
    """
    moved = graph.mediators(treatment, outcome) | 1 << outcome
    tables: list[Array] = []
    for v, parents in enumerate(graph.parents):
        causes = list(bits(parents))
        p1 = low + (high - low) * rng.random((2,) * len(causes))
        if moved >> v & 1:
            rising = [axis for axis, u in enumerate(causes) if (moved | 1 << treatment) >> u & 1]
            p1 = _rising(p1, rising)
        p1 = np.rint(p1 * 10**DIGITS)
        tables.append(np.stack([10**DIGITS - p1, p1], axis=-1) / 10**DIGITS)
    return SCM(graph, tuple(tables))


def _rising(p: Array, axes: list[int]) -> Array:
    """The same numbers, rearranged along some axes so that none falls along any of these: in each block smaller ones go
    to cells with fewer ones, so no two collapse into one."""
    moved = np.moveaxis(p, axes, range(len(axes)))
    cells = sorted(product((0, 1), repeat=len(axes)), key=sum)
    ordered = np.sort(moved.reshape(len(cells), -1), axis=0)
    out = np.empty_like(ordered)
    for rank, cell in enumerate(cells):
        out[np.ravel_multi_index(cell, (2,) * len(axes)) if axes else 0] = ordered[rank]
    back: Array = np.moveaxis(out.reshape(moved.shape), range(len(axes)), axes)
    return back
