"""Proof by numbers that facts do not determine a value: a second model of the same graph that agrees with the first on
everything displayed and gives another value.

From the first model a step is taken along which every displayed probability stands still while the value moves as fast
as it can: the value's gradient over the tables' logits, projected onto the null space of the facts' Jacobian. Newton
corrections then bring the facts back. Where the projected gradient vanishes the facts determine the value, at least
nearby. Hundreds of models take their steps side by side, in arrays whose shapes depend on each one alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rungwise.causal.scm import SCM, Array
from rungwise.problems.numbers import lay_out
from rungwise.problems.plan import Plan
from rungwise.problems.problem import TOLERANCE
from rungwise.problems.structure import Structure

GAP = 0.025
"""Difference in value that a step aims at."""

LEAST = 4 * TOLERANCE
"""The least difference that counts."""

LONGEST = 2.0
"""Length of the longest step, in logits."""

STEPS = (1.0, -1.0, 0.4, -0.4, 0.15, -0.15)
"""Steps that are tried, as multiples of the one aimed at."""

FLAT = 2e-4
"""A projected gradient shorter than this leads nowhere: LEAST would be a step of 10 logits away."""

LIMITS = (0.01, 0.99)
"""Every probability of the second model stays within, unless the first one's is outside."""

NEWTON, CLOSE, AGREED = 10, 1e-13, 1e-12
"""Corrections after a step, how close to the facts they are to come, and how close they must."""

FARTHEST = 15.0
"""Where a logit gets so far from 0, corrections have gone astray."""

RIDGE = 1e-11
"""Added to the Jacobian's normal equations: facts depend on each other."""

PADDED = 8
"""Numbers of facts and of table rows are rounded up to multiples of this."""

AT_ONCE = 1 << 21
"""Numbers in the largest array."""


class Case(NamedTuple):
    """A first model, what is displayed of it and what is asked. All variables are binary.

    Attributes:
        structure: the graph over roles.
        number: the node that plays each role.
        model: the first model, over nodes.
        plan: the terms, over roles.
        shown: which of these are displayed.
        place: which of the plan's estimands gives the value.
    """

    structure: Structure
    number: Sequence[int]
    model: SCM
    plan: Plan
    shown: Sequence[bool]
    place: int


class Witness(NamedTuple):
    """A second model with the same displayed probabilities (to AGREED), and the two models' values."""

    model: SCM
    first: float
    second: float


def find_witnesses(cases: Sequence[Case]) -> list[Witness | None]:
    """For each case a second model, or None where none was found."""

    def form(i: int) -> tuple[int, int, int, int, int]:
        s = cases[i].structure
        rows = sum([1 << causes for causes in s.effects[:, : s.relevant].sum(axis=0).tolist()])
        return s.n, s.relevant, s.k, _padded(len(cases[i].plan.terms)), _padded(rows)

    out: list[Witness | None] = [None] * len(cases)
    for (_, relevant, k, terms, rows), group in groupby(sorted(range(len(cases)), key=form), form):
        own = list(group)
        size = max(1, AT_ONCE // ((relevant << relevant) + (rows + terms << k) + terms * (rows + terms)))
        for first in range(0, len(own), size):
            part = own[first : first + size]
            for at, witness in _found([cases[i] for i in part], terms, rows):
                out[part[at]] = witness
    return out


def _padded(length: int) -> int:
    return -(-length // PADDED) * PADDED


def _found(cases: Sequence[Case], terms: int, rows: int) -> Iterator[tuple[int, Witness]]:
    """The second models of cases of one form, with their places in the sequence."""
    space, start = _lay_out(cases, terms, rows)
    facts, jacobian = space.at(start)
    values, by_term = _estimated(cases, facts)
    gradient = (by_term[:, None] @ jacobian)[:, 0]
    away = gradient - _shift(space, jacobian, (jacobian @ gradient[..., None])[..., 0])
    length = np.sqrt((away**2).sum(axis=1))
    low, high = np.minimum(start, _logit(LIMITS[0])), np.maximum(start, _logit(LIMITS[1]))
    todo = np.flatnonzero(length > FLAT)
    for step in STEPS:
        if not len(todo):
            return
        reach = step * np.minimum(GAP / length[todo], LONGEST) / length[todo]
        there, close = _returned(space.of(todo), start[todo] + reach[:, None] * away[todo], facts[todo])
        own = [cases[i] for i in todo.tolist()]
        second = _estimated(own, space.of(todo).at(there)[0])[0]
        inside = ((there >= low[todo]) & (there <= high[todo])).all(axis=1)
        good = close & inside & (np.abs(second - values[todo]) > LEAST)
        for at in np.flatnonzero(good).tolist():
            i = int(todo[at])
            yield i, Witness(_model(cases[i], there[at]), float(values[i]), float(second[at]))
        todo = todo[~good]


def _returned(space: _Space, logits: Array, facts: Array) -> tuple[Array, NDArray[np.bool_]]:
    """The logits after Newton corrections that bring the facts back, and whether they are back."""
    out, left = logits.copy(), np.arange(len(logits))
    worst = np.full(len(logits), np.inf)
    for more in reversed(range(NEWTON)):
        part = space.of(left)
        now, jacobian = part.at(out[left])
        off = np.where(part.shown, facts[left] - now, 0.0)
        worst[left] = np.abs(off).max(axis=1)
        far = worst[left] >= CLOSE
        if not far.any() or not more:
            break
        left = left[far]
        out[left] += _shift(part.of(far), jacobian[far], off[far])
        astray = np.abs(out[left]).max(axis=1) > FARTHEST
        out[left[astray]], worst[left[astray]] = logits[left[astray]], np.inf
        left = left[~astray]
        if not len(left):
            break
    return out, worst <= AGREED


def _shift(space: _Space, jacobian: Array, off: Array) -> Array:
    """The shortest change of logits that changes the displayed facts by ``off`` (cases, terms), as far as these can be
    changed."""
    shown = jacobian * space.shown[..., None]
    normal = shown @ shown.transpose(0, 2, 1) + RIDGE * np.eye(shown.shape[1])
    solved = np.linalg.solve(normal, (off * space.shown)[..., None])
    out: Array = (shown.transpose(0, 2, 1) @ solved)[..., 0]
    return out


def _estimated(cases: Sequence[Case], facts: Array) -> tuple[Array, Array]:
    """Each case's value for the probabilities of its terms (cases, terms), and its derivatives by these.

    Derivatives are imaginary parts of values at complex arguments (Squire & Trapp 1998), exact to the last digit.
    """

    def form(i: int) -> tuple[str, tuple[int, ...]]:
        pattern, used = cases[i].plan.patterns[cases[i].place]
        first = list(dict.fromkeys(used))
        return pattern, tuple([first.index(term) for term in used])

    values, slopes = np.zeros(len(cases)), np.zeros(facts.shape)
    for _, group in groupby(sorted(range(len(cases)), key=form), form):
        own = np.array(list(group))
        used = np.array([list(dict.fromkeys(cases[i].plan.patterns[cases[i].place][1])) for i in own])
        at = facts[own[:, None], used].T[:, :, None] + 1e-30j * np.eye(used.shape[1])[:, None]
        estimand = cases[own[0]].plan.estimands[cases[own[0]].place]
        numbers = dict(zip(estimand.terms(), at, strict=True))
        found = np.asarray(estimand.evaluate(numbers.__getitem__, np.maximum, np.minimum))
        values[own] = found[:, 0].real
        slopes[own[:, None], used] = found.imag / 1e-30
    return values, slopes


def _model(case: Case, logits: Array) -> SCM:
    """The model that lies there; variables that play no part keep their tables."""
    tables, start = list(case.model.tables), 0
    for v in case.number[: case.structure.relevant]:
        rows = tables[v].size // 2
        p = 1 / (1 + np.exp(-logits[start : start + rows]))
        tables[v] = np.stack([1 - p, p], axis=-1).reshape(tables[v].shape)
        start += rows
    return SCM(case.model.graph, tuple(tables))


def _logit(p: Array | float) -> Array:
    out: Array = np.log(p) - np.log1p(-np.asarray(p))
    return out


@dataclass(frozen=True, slots=True, eq=False)
class _Space:
    """Models of the cases' graphs as points: the logit of P(v=1 | parents) for every row of the relevant tables.

    Attributes:
        row: which of these each variable reads in each cell of the joint, shape (cases, relevant, cells).
        value: the variables' values there, shape (relevant, cells).
        events, conditions: 0/1, of each term over the cells of the first k roles, shape (cases, terms, 2 ** k).
        shown: which terms are displayed, shape (cases, terms).
    """

    row: NDArray[np.intp]
    value: NDArray[np.bool_]
    events: Array
    conditions: Array
    shown: NDArray[np.bool_]

    def of(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> _Space:
        """Some of the cases."""
        return _Space(self.row[rows], self.value, self.events[rows], self.conditions[rows], self.shown[rows])

    def at(self, logits: Array) -> tuple[Array, Array]:
        """Every term's probability (cases, terms) and its derivatives (cases, terms, rows). That of a joint probability
        by the logit of row r of v is the probability times (v - p_r) in the cells that read this row."""
        count, kept = len(logits), self.events.shape[2]
        every = np.arange(count)[:, None, None]
        p = (1 / (1 + np.exp(-logits)))[every, self.row]
        joint = np.where(self.value, p, 1 - p).prod(axis=1)
        slope = joint[:, None] * (self.value - p)
        cell = np.arange(joint.shape[1]) // (joint.shape[1] // kept)
        place = (every * kept + cell) * logits.shape[1] + self.row
        moves = np.bincount(place.reshape(-1), slope.reshape(-1), count * kept * logits.shape[1])
        moves = moves.reshape(count, kept, -1)
        cells = joint.reshape(count, kept, -1).sum(axis=2)[..., None]
        below = self.conditions @ cells
        facts = self.events @ cells / below
        return facts[..., 0], (self.events @ moves - facts * (self.conditions @ moves)) / below


def _lay_out(cases: Sequence[Case], terms: int, rows: int) -> tuple[_Space, Array]:
    """The space of cases of one form, and where their first models lie; what is padded plays no part."""
    s = cases[0].structure
    tables = lay_out([case.structure for case in cases], [case.number for case in cases], (2,) * s.n)
    place = np.array([t.places for t in tables])
    events, conditions = np.zeros((len(cases), terms, 1 << s.k)), np.ones((len(cases), terms, 1 << s.k))
    shown = np.zeros((len(cases), terms), dtype=bool)
    start = np.zeros((len(cases), rows))
    for i, case in enumerate(cases):
        own = len(case.plan.terms)
        events[i, :own], conditions[i, :own], shown[i, :own] = case.plan.joints, case.plan.conditions, case.shown
        p = np.concatenate([case.model.tables[v][..., 1].reshape(-1) for v in case.number[: s.relevant]])
        start[i, : len(p)] = _logit(p)
    return _Space(place // 2, place[0] % 2 == 1, events, conditions, shown), start
