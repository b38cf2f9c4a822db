"""Proof by numbers that facts do not determine a value: a second model of the same graph that agrees with the first on
everything displayed and gives another value.

From the first model a path is followed along which every displayed probability stands still while the value moves as
fast as it can: the value's gradient over the tables' logits, projected onto the null space of the facts' Jacobian,
with Newton corrections that bring the facts back after each step. Where the projected gradient vanishes the facts
determine the value, at least nearby.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import NDArray

from rungwise.causal.estimand import Expr, Term
from rungwise.causal.graph import DAG, bits
from rungwise.causal.scm import SCM, Array

GAP = 0.02
"""Difference in value at which the search stops."""

STEP, STEPS = 0.25, 60
"""Length of a step in logits, and how many are taken at most in either direction."""

FLAT = 1e-7
"""A projected gradient shorter than this is 0."""

LIMITS = (0.01, 0.99)
"""Every probability of the second model stays within, unless the first one's is outside."""

NEWTON, CLOSE = 8, 1e-13
"""Corrections after a step, and how close to the facts they must come."""


def find_witness(model: SCM, terms: Sequence[Term], estimand: Expr) -> tuple[SCM, float, float] | None:
    """A second model with the same displayed probabilities (to 1e-12) and the two values, the first model's first, or
    None where none was found.

    Args:
        model: binary variables.
        terms: what is displayed.
        estimand: what the value is, over any terms.
    """
    space = _Space(model.graph, tuple(terms), tuple(estimand.terms()), estimand)
    start = space.logits(model)
    begun = space.at(start)
    best: tuple[float, Array] | None = None
    for sign in (1.0, -1.0):
        found = _follow(space, start, begun, sign)
        if found is not None and (best is None or found[0] > best[0]):
            best = found
        if best is not None and best[0] >= GAP:
            break
    if best is None:
        return None
    second = space.model(best[1])
    return second, begun.value, space.at(best[1]).value


def _follow(space: _Space, start: Array, begun: _Point, sign: float) -> tuple[float, Array] | None:
    """The difference in value and the logits at the end of the path in one direction."""
    low, high = np.minimum(start, _logit(LIMITS[0])), np.maximum(start, _logit(LIMITS[1]))
    here, point = start, begun
    found: tuple[float, Array] | None = None
    for _ in range(STEPS):
        away = point.gradient - point.inverse @ (point.jacobian @ point.gradient)
        length = float(np.linalg.norm(away))
        if length < FLAT:
            break
        tried = here + sign * STEP * away / length
        moved = space.at(tried)
        for _ in range(NEWTON):
            off = begun.facts - moved.facts
            if np.abs(off).max(initial=0.0) < CLOSE:
                break
            tried = tried + moved.inverse @ off
            moved = space.at(tried)
        if np.abs(begun.facts - moved.facts).max(initial=0.0) > 1e-12 or (tried < low).any() or (tried > high).any():
            break
        here, point = tried, moved
        found = abs(point.value - begun.value), here
        if found[0] >= GAP:
            break
    return found


def _logit(p: float) -> float:
    return float(np.log(p / (1 - p)))


@dataclass(frozen=True, eq=False)
class _Point:
    """Facts and value at some logits, and their derivatives."""

    facts: Array
    jacobian: Array
    value: float
    gradient: Array

    @cached_property
    def inverse(self) -> Array:
        """The pseudo-inverse of the Jacobian."""
        return np.asarray(np.linalg.pinv(self.jacobian, rcond=1e-10), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class _Space:
    """All models of a graph over binary variables, by the logits of P(v=1|parents), table after table."""

    graph: DAG
    shown: tuple[Term, ...]
    needed: tuple[Term, ...]
    estimand: Expr

    @cached_property
    def _cells(self) -> NDArray[np.int64]:
        """The value of each variable in each cell of the joint, shape (cells, n)."""
        return np.array(list(product((0, 1), repeat=self.graph.n)))

    @cached_property
    def _rows(self) -> NDArray[np.int64]:
        """The table row that each cell reads for each variable, shape (cells, n)."""
        start, rows = 0, []
        for parents in self.graph.parents:
            causes = list(bits(parents))
            powers = 1 << np.arange(len(causes))[::-1]
            rows.append(start + self._cells[:, causes] @ powers.astype(np.int64))
            start += 1 << len(causes)
        return np.stack(rows, axis=1)

    @cached_property
    def _masks(self) -> tuple[Array, Array]:
        """Whether each cell belongs to a term's event, and to its condition, shape (terms, cells)."""
        events = [(t.target + t.given, t.given) for t in (*self.shown, *self.needed)]

        def holds(event: tuple[tuple[int, int], ...]) -> NDArray[np.bool_]:
            cells = np.ones(len(self._cells), dtype=bool)
            for v, value in event:
                cells &= self._cells[:, v] == value
            return cells

        joint, given = zip(*[(holds(both), holds(condition)) for both, condition in events], strict=True)
        return np.array(joint, dtype=float), np.array(given, dtype=float)

    def logits(self, model: SCM) -> Array:
        """Where a model lies."""
        p = np.concatenate([table[..., 1].reshape(-1) for table in model.tables])
        out: Array = np.log(p) - np.log1p(-p)
        return out

    def model(self, logits: Array) -> SCM:
        """The model that lies there."""
        p = 1 / (1 + np.exp(-logits))
        tables, start = [], 0
        for parents in self.graph.parents:
            rows = 1 << parents.bit_count()
            p1 = p[start : start + rows].reshape((2,) * parents.bit_count())
            tables.append(np.stack([1 - p1, p1], axis=-1))
            start += rows
        return SCM(self.graph, tuple(tables))

    def at(self, logits: Array) -> _Point:
        """Facts, value and derivatives; d joint / d logit r is joint (v - p_r) in the cells that read row r of v."""
        p = (1 / (1 + np.exp(-logits)))[self._rows]
        joint = np.where(self._cells == 1, p, 1 - p).prod(axis=1)
        slope = joint[:, None] * (self._cells - p)
        moves = np.zeros((len(joint), len(logits)))
        moves[np.arange(len(joint))[:, None], self._rows] = slope
        event, condition = self._masks
        below = condition @ joint
        values = event @ joint / below
        slopes = (event @ moves - values[:, None] * (condition @ moves)) / below[:, None]
        k = len(self.shown)
        by_term = dict(zip(self.needed, range(k, len(values)), strict=True))

        def value(shift: Array) -> float:
            return float(self.estimand.evaluate(lambda t: values[by_term[t]] + shift[by_term[t] - k]))

        small = 1e-6 * np.eye(len(self.needed))
        by_needed = np.array([(value(e) - value(-e)) / 2e-6 for e in small])
        return _Point(values[:k], slopes[:k], value(np.zeros(len(self.needed))), by_needed @ slopes[k:])
