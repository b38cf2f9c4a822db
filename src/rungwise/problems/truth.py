"""What full models say, for many of them at once: truncated factorisation over the cells of the relevant roles.

The same values as the task files' ``true_value``, which takes one model; the tests hold the two together. Role 0 is
the treatment, role 1 the outcome, so both are the slowest axes of every joint. Doing X=x leaves out the treatment's own
table and looks at the cells with X=x alone; a nested effect lets the outcome look at other cells than the mediators do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rungwise.causal.scm import Array
from rungwise.problems.numbers import Tables
from rungwise.problems.problem import Query


class Case(NamedTuple):
    """A model with a question about it.

    Attributes:
        q: the question, over roles.
        k: roles that the facts speak of; the last ones of these are held.
        tables, row: the model.
        joint: the joint distribution of the first k roles, flattened.
    """

    q: Query
    k: int
    tables: Tables
    row: Array
    joint: Array


def true_values(cases: Sequence[Case], cards: tuple[int, ...]) -> Array:
    """The value of each case. They are about one task, one bound, one number of held roles, one k and the same
    relevant roles with ``cards`` values.

    Returns:
        shape (cases,).
    """
    q = cases[0].q
    at = _Cells.of(cases, cards)
    x, ref = (np.array([getattr(case.q, name) for case in cases]) for name in ("x", "x_ref"))
    y = np.array([case.q.y for case in cases])
    if q.task in ("ATE", "CDE", "PNS"):
        return at.mean(x, y) - at.mean(ref, y)
    if q.task == "NDE":
        return at.mean(ref, y, outcome_reads=x) - at.mean(ref, y)
    if q.task == "NIE":
        return at.mean(x, y, outcome_reads=ref) - at.mean(ref, y)
    every = np.arange(len(cases))
    seen = np.array([case.joint for case in cases]).reshape(len(cases), cards[0], cards[1], -1).sum(axis=3)
    if q.task == "ETT":
        changed = at.mean(x, y, treatment_seen=ref)
        effect: Array = (seen[every, ref, y] - changed) / seen[every, ref].sum(axis=1)
        return effect
    both, other = seen[every, ref, 1 - y], 1 - y
    if q.bound != "upper":
        bound: Array = (seen[every, :, other].sum(axis=1) - at.mean(x, other)) / both
        return bound if q.bound == "point" else np.maximum(0.0, bound)
    upper: Array = np.minimum(1.0, (at.mean(x, y) - seen[every, x, y]) / both)
    return upper


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """Where the models' probabilities stand, shape (cases, roles, values of X, values of Y, cells of the others)."""

    probabilities: Array
    place: NDArray[np.intp]
    held: frozenset[int]

    @classmethod
    def of(cls, cases: Sequence[Case], cards: tuple[int, ...]) -> _Cells:
        first = cases[0]
        lengths = [len(case.row) for case in cases]
        start = np.cumsum([0, *lengths[:-1]])
        index = np.array([case.tables.places for case in cases]) + start[:, None, None]
        count, m = len(cases), len(cards)
        held = range(first.k - len(first.q.held), first.k)
        shape = cards[0], cards[1], int(np.prod(cards[2 : held.start])), int(np.prod(cards[held.start : held.stop])), -1
        place = index.reshape(count, m, *shape)
        code = np.array([int("0" + "".join([str(value) for _, value in case.q.held]), 2) for case in cases])
        at_held = place[np.arange(count), :, :, :, :, code]
        return cls(
            np.concatenate([case.row for case in cases]), at_held.reshape(count, m, *shape[:2], -1), frozenset(held)
        )

    def mean(
        self,
        x: NDArray[np.int64],
        y: NDArray[np.int64],
        outcome_reads: NDArray[np.int64] | None = None,
        treatment_seen: NDArray[np.int64] | None = None,
    ) -> Array:
        """P(Y=y) where every effect of the treatment reads x, the outcome ``outcome_reads`` where this is given; with
        ``treatment_seen`` the probability that this is the treatment's own value as well."""
        every = np.arange(len(x))
        out = self._of(1, x if outcome_reads is None else outcome_reads, y, every)
        if treatment_seen is not None:
            out = out * self._of(0, treatment_seen, y, every)
        for role in range(2, self.place.shape[1]):
            if role not in self.held:
                out = out * self._of(role, x, y, every)
        total: Array = out.sum(axis=1)
        return total

    def _of(self, role: int, x: NDArray[np.int64], y: NDArray[np.int64], every: NDArray[np.int64]) -> Array:
        found: Array = self.probabilities.take(self.place[every, role, x, y])
        return found
