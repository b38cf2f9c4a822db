"""CLadder's effects from the displayed numbers: estimands, and how far the displayed digits leave them open.

A displayed percent stands for every number that rounds to it. All estimands are linear or linear-fractional in each
displayed number, so their extremes over those boxes lie at corners, and all corners are computed at once: arrays here
have a last axis over corners, of which the first is the displayed numbers themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rungwise.causal.graph import DAG, bits
from rungwise.errors import UserError
from rungwise.suites.published.cladder_place import Array, Key
from rungwise.suites.published.cladder_text import HALF

MAX_NUMBERS = 12
"""Displayed numbers of one item, so that there are at most 4,096 corners."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value from displayed numbers.

    Attributes:
        point: from the displayed numbers themselves; where these leave a range, its middle.
        low, high: what the numbers that round to the displayed ones, and every model with them, allow.
        formula: the estimand over X, Y and the names of other variables, or the reason why there is none.
        worked: the estimand with the displayed numbers in it, "" where it is a range.
        exact: the displayed numbers identify the value; otherwise they leave a range whatever their digits.
    """

    point: float
    low: float
    high: float
    formula: str
    worked: str
    exact: bool


Corners = Mapping[Key, Array]


def corners(tables: Mapping[Key, Array]) -> dict[Key, Array]:
    """The displayed numbers with a last axis: as displayed, then every corner of what rounds to them."""
    size = sum(values.size for values in tables.values())
    if size > MAX_NUMBERS:
        raise UserError(f"the text displays {size} numbers; at most {MAX_NUMBERS} are handled")
    signs = (np.arange(1 << size)[None] >> np.arange(size)[:, None] & 1) * 2 - 1
    shifts = np.concatenate([np.zeros((size, 1)), HALF * signs], axis=1)
    out, at = {}, 0
    for key, values in tables.items():
        own = shifts[at : at + values.size].reshape(*values.shape, -1)
        out[key] = np.clip(values[..., None] + own, 0, 1)
        at += values.size
    return out


def effect(
    kind: str, graph: DAG, tables: Mapping[Key, Array], x: int, y: int, treated: int, names: tuple[str, ...]
) -> Estimate:
    """An effect of X on Y = 1: ate, ett, nde or nie (conventions of the design; for ett, among those with X = treated,
    what X = treated does).

    Args:
        treated: the value the question is about; the effect is that of it against the other one.
    """
    p = corners(tables)
    show = _Show(tables, names, x, y)
    if kind in ("nde", "nie"):
        found = _natural(kind, graph, p, x, y, treated, show)
    else:
        found = _total(kind, graph, p, x, y, treated, show)
    if found is None:
        found = Estimate(0.0, -1.0, 1.0, "no estimand of this effect is made of the displayed numbers alone", "", False)
    return found


class _Show:
    """Writes terms: P(Y=1|X=0,Z=1) and the number displayed for it."""

    def __init__(self, tables: Mapping[Key, Array], names: tuple[str, ...], x: int, y: int) -> None:
        self.tables = tables
        self.letters = {x: "X", y: "Y"} | {v: f"[{names[v]}]" for v in range(len(names)) if v not in (x, y)}

    def number(self, v: int, value: int, given: Mapping[int, int]) -> str:
        """The displayed P(v = value | given)."""
        table = self.tables[v, tuple(sorted(given))]
        p = float(table[tuple(given[c] for c in sorted(given))])
        return f"{p:.2f}" if value else f"{1 - p:.2f}"


def _p(p: Corners, v: int, value: int, given: Mapping[int, int]) -> Array:
    table = p[v, tuple(sorted(given))][tuple(given[c] for c in sorted(given))]
    out: Array = table if value else 1 - table
    return out


def _estimate(values: Array, formula: str, worked: str) -> Estimate:
    return Estimate(float(values[0]), float(values.min()), float(values.max()), formula, worked, True)


def _total(kind: str, graph: DAG, p: Corners, x: int, y: int, treated: int, show: _Show) -> Estimate | None:
    """ATE or ETT by adjustment, the front door, or, for ETT, within what unknown weights allow."""
    others = [v for v in range(graph.n) if v not in (x, y)]
    one, two = treated, 1 - treated
    if (y, (x,)) in p and graph.is_backdoor_set(1 << x, y, 0):
        worked = f"{show.number(y, 1, {x: one})} - {show.number(y, 1, {x: two})}"
        values = _p(p, y, 1, {x: one}) - _p(p, y, 1, {x: two})
        return _estimate(values, f"P(Y=1|X={one}) - P(Y=1|X={two})", worked)
    for z in others:
        if (y, tuple(sorted((x, z)))) not in p or not graph.is_backdoor_set(1 << x, y, 1 << z):
            continue
        gap = [_p(p, y, 1, {x: one, z: c}) - _p(p, y, 1, {x: two, z: c}) for c in (0, 1)]
        name, given = show.letters[z], {} if kind == "ate" else {x: one}
        terms = [f"({show.number(y, 1, {x: one, z: c})} - {show.number(y, 1, {x: two, z: c})})" for c in (0, 1)]
        formula = f"sum over c of [P(Y=1|X={one},{name}=c) - P(Y=1|X={two},{name}=c)] P({name}=c"
        formula += ")" if kind == "ate" else f"|X={one})"
        if (z, tuple(given)) in p:
            weights = [_p(p, z, c, given) for c in (0, 1)]
            worked = " + ".join(f"{t} * {show.number(z, c, given)}" for c, t in enumerate(terms))
            return _estimate(gap[0] * weights[0] + gap[1] * weights[1], formula, worked)
        if kind == "ett":  # the weights among the treated are not displayed and may be anything
            low, high = np.minimum(*gap), np.maximum(*gap)
            formula += f", whose weights P({name}=c|X={one}) are not displayed: between {terms[0]} and {terms[1]}"
            return Estimate(float(low[0] + high[0]) / 2, float(low.min()), float(high.max()), formula, "", False)
    for m in others:
        if (found := _front_door(kind, graph, p, x, m, y, treated, show)) is not None:
            return found
    return None


def _front_door(
    kind: str, graph: DAG, p: Corners, x: int, m: int, y: int, treated: int, show: _Show
) -> Estimate | None:
    """Through the one mediator that intercepts every directed path (Pearl, Causality, 2009, section 3.3.2)."""
    without = DAG(tuple(pa & ~(1 << m) if v != m else pa for v, pa in enumerate(graph.parents)))
    both = tuple(sorted((x, m)))
    if (m, (x,)) not in p or (y, both) not in p or (kind == "ate" and (x, ()) not in p):
        return None
    if (
        without.has_path(x, y)
        or not graph.is_backdoor_set(1 << x, m, 0)
        or not graph.is_backdoor_set(1 << m, y, 1 << x)
    ):
        return None
    one, two, name = treated, 1 - treated, show.letters[m]
    step = _p(p, m, 1, {x: one}) - _p(p, m, 1, {x: two})
    shown_step = f"({show.number(m, 1, {x: one})} - {show.number(m, 1, {x: two})})"

    def gap(c: int) -> Array:
        return _p(p, y, 1, {x: c, m: 1}) - _p(p, y, 1, {x: c, m: 0})

    def shown_gap(c: int) -> str:
        return f"({show.number(y, 1, {x: c, m: 1})} - {show.number(y, 1, {x: c, m: 0})})"

    formula = f"[P({name}=1|X={one}) - P({name}=1|X={two})] * "
    if kind == "ett":
        formula += f"[P(Y=1|X={one},{name}=1) - P(Y=1|X={one},{name}=0)]"
        return _estimate(step * gap(one), formula, f"{shown_step} * {shown_gap(one)}")
    formula += f"sum over x of P(X=x) [P(Y=1|X=x,{name}=1) - P(Y=1|X=x,{name}=0)]"
    mean = sum((_p(p, x, c, {}) * gap(c) for c in (0, 1)), np.zeros(1))
    inner = " + ".join(f"{show.number(x, c, {})} * {shown_gap(c)}" for c in (0, 1))
    return _estimate(step * mean, formula, f"{shown_step} * ({inner})")


def _natural(kind: str, graph: DAG, p: Corners, x: int, y: int, treated: int, show: _Show) -> Estimate | None:
    """NDE or NIE (Pearl 2001)."""
    mediators, one, two = graph.mediators(x, y), treated, 1 - treated
    if not mediators if kind == "nie" else not graph.has_edge(x, y):
        return Estimate(0.0, 0.0, 0.0, "0: the graph has no such path", "0", True)
    if not mediators or not graph.has_edge(x, y):  # one kind of path alone: it is the whole effect
        return _total("ate", graph, p, x, y, treated, show)
    if mediators & (mediators - 1):
        return None
    m = next(bits(mediators))
    both, name = tuple(sorted((x, m))), show.letters[m]
    if (y, both) not in p:
        return None
    if (m, (x,)) in p and graph.is_mediation_set(x, y, mediators, 0):
        if kind == "nde":
            formula = f"sum over m of [P(Y=1|X={one},{name}=m) - P(Y=1|X={two},{name}=m)] P({name}=m|X={two})"
            parts = [
                (_p(p, y, 1, {x: one, m: c}) - _p(p, y, 1, {x: two, m: c})) * _p(p, m, c, {x: two}) for c in (0, 1)
            ]
            worked = " + ".join(
                f"({show.number(y, 1, {x: one, m: c})} - {show.number(y, 1, {x: two, m: c})}) "
                f"* {show.number(m, c, {x: two})}"
                for c in (0, 1)
            )
        else:
            formula = f"sum over m of P(Y=1|X={two},{name}=m) [P({name}=m|X={one}) - P({name}=m|X={two})]"
            parts = [_p(p, y, 1, {x: two, m: c}) * (_p(p, m, c, {x: one}) - _p(p, m, c, {x: two})) for c in (0, 1)]
            worked = " + ".join(
                f"{show.number(y, 1, {x: two, m: c})} * ({show.number(m, c, {x: one})} - {show.number(m, c, {x: two})})"
                for c in (0, 1)
            )
        return _estimate(parts[0] + parts[1], formula, worked)
    for z in bits(graph.parents[m] & graph.parents[y] & ~(1 << x)):
        mixed = tuple(sorted((x, z)))
        if (m, mixed) in p and (z, ()) in p and graph.is_mediation_set(x, y, mediators, 1 << z):
            return _confounded(kind, p, x, m, z, y, treated, show)
    return None


def _confounded(kind: str, p: Corners, x: int, m: int, z: int, y: int, treated: int, show: _Show) -> Estimate:
    """Sharp bounds where a confounder Z of mediator and outcome is displayed only in P(m|x,z) and P(z).

    P(y|x,m) is then a mean of the two unknown P(y|x,m,z) with the known weights P(z|x,m), and the effect is a mean of
    the same unknowns with other weights; each pair of unknowns moves along a line, whose ends give the bounds.
    """
    one, two = treated, 1 - treated
    ranges = []
    for value in (0, 1):
        for c in (0, 1):
            own = [_p(p, m, c, {x: value, z: k}) * _p(p, z, k, {}) for k in (0, 1)]
            other = [_p(p, m, c, {x: 1 - value, z: k}) * _p(p, z, k, {}) for k in (0, 1)]
            if kind == "nde":  # sum over m, z of [P(y|one,m,z) - P(y|two,m,z)] P(m|two,z) P(z)
                weights = other if value == one else [-w for w in own]
            elif value == two:  # sum over m, z of P(y|two,m,z) [P(m|one,z) - P(m|two,z)] P(z)
                weights = [a - b for a, b in zip(other, own, strict=True)]
            else:
                continue
            ranges.append(_along_line(_p(p, y, 1, {x: value, m: c}), own, weights))
    low = np.sum([r[0] for r in ranges], axis=0)
    high = np.sum([r[1] for r in ranges], axis=0)
    formula = (
        f"not identified: {show.letters[z]} acts on both {show.letters[m]} and Y, and P(Y=1|X,{show.letters[m]},"
        f"{show.letters[z]}) is not displayed; every model with the displayed numbers gives a value in the range"
    )
    return Estimate(float(low[0] + high[0]) / 2, float(low.min()), float(high.max()), formula, "", False)


def _along_line(mean: Array, own: list[Array], weights: list[Array]) -> tuple[Array, Array]:
    """Extremes of weights . (a, b) over a, b in [0, 1] with own . (a, b) = mean * sum(own)."""
    total, ends = own[0] + own[1], []
    with np.errstate(divide="ignore", invalid="ignore"):
        for end in (np.zeros_like(mean), np.ones_like(mean)):  # an unknown without weight is free
            b = np.where(own[1] > 0, np.clip((mean * total - own[0] * end) / own[1], 0, 1), end)
            a = np.where(own[0] > 0, np.clip((mean * total - own[1] * b) / own[0], 0, 1), end)
            ends.append(weights[0] * a + weights[1] * b)
    low, high = np.minimum(*ends), np.maximum(*ends)
    free = [
        np.minimum(0, weights[0]) + np.minimum(0, weights[1]),
        np.maximum(0, weights[0]) + np.maximum(0, weights[1]),
    ]
    return np.where(total > 0, low, free[0]), np.where(total > 0, high, free[1])


def marginal(p_x: float, p_y: tuple[float, float]) -> Estimate:
    """P(Y=1) - 1/2 from P(X=1) and P(Y=1|X)."""
    p = corners({(0, ()): np.array(p_x), (1, (0,)): np.array(p_y)})
    values = p[0, ()] * p[1, (0,)][1] + (1 - p[0, ()]) * p[1, (0,)][0] - 0.5
    worked = f"{p_x:.2f} * {p_y[1]:.2f} + {1 - p_x:.2f} * {p_y[0]:.2f} - 0.5"
    return _estimate(values, "P(X=1) P(Y=1|X=1) + P(X=0) P(Y=1|X=0) - 1/2", worked)


def correlation(p_x: float, p_xy: tuple[float, float]) -> Estimate:
    """P(Y=1|X=1) - P(Y=1|X=0) from P(X=1) and P(X=x,Y=1); the point is 0 where a group is displayed as empty."""
    p = corners({(0, ()): np.array(p_x), (1, (0,)): np.array(p_xy)})
    groups = (1 - p[0, ()], p[0, ()])
    with np.errstate(divide="ignore", invalid="ignore"):
        rates = [np.where(group > 0, np.clip(p[1, (0,)][c] / group, 0, 1), np.nan) for c, group in enumerate(groups)]
    worked = f"{p_xy[1]:.2f} / {p_x:.2f} - {p_xy[0]:.2f} / {1 - p_x:.2f}"
    formula = "P(X=1,Y=1) / P(X=1) - P(X=0,Y=1) / P(X=0)"
    values = rates[1] - rates[0]
    if np.isnan(values).any():
        return Estimate(0.0, -1.0, 1.0, formula + ", where a group is displayed as empty", worked, False)
    return _estimate(values, formula, worked)


def difference(first: float, second: float, formula: str) -> Estimate:
    """One displayed number less another."""
    p = corners({(0, ()): np.array(first), (1, ()): np.array(second)})
    return _estimate(p[0, ()] - p[1, ()], formula, f"{first:.2f} - {second:.2f}")
