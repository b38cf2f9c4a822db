"""Roads to a problem's value that the generator does not take: for checking what it made.

``reading_value`` puts the displayed numbers into the textbook sum of a reading, written out once more (``formula``).
``model_value`` multiplies the model's tables out over all cells, with the treatment's own table left out or read at
another value (truncated factorisation; for nested effects its edge form). ``third_value`` asks joint distributions of
two worlds, for bounds the linear programme over response types. None shares code with the estimand trees, the plans
or the edge interventions that problems are made with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from importlib.util import find_spec
from math import prod
from operator import itemgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rungwise.causal.counterfactual import nested_mean, pair_joint, pn_ps_bounds
from rungwise.causal.estimand import Assignment, Term
from rungwise.causal.graph import bits, mask_of
from rungwise.causal.inference import MAX_CELLS, joint, marginal
from rungwise.causal.scm import SCM, Array
from rungwise.problems.formula import KEPT_CASES, cases, formula
from rungwise.problems.problem import Query

KEPT_CELLS = 1 << 10
"""Places in joint distributions of so many cells are kept for the next problem; longer ones would fill the memory."""

MOST_WORLDS = 7
"""Nodes up to which two worlds are multiplied out for nested effects (one pair for each value of the mediators)."""


def reading_value(q: Query, ms: int, zs: int, cards: tuple[int, ...], shown: Mapping[Term, float]) -> float | None:
    """What a reading makes of displayed numbers (a missing one is taken from its complement); None where one is not
    to be had or a denominator is 0. Never longer than in proportion to ``shown``: every case needs a number of its own,
    that of the outcome in this case."""
    size = cases(q, ms, zs, cards)
    if size > len(shown):
        return None

    def number(t: Term) -> float:
        if t in shown:
            return shown[t]
        ((v, value),) = t.target  # a ValueError where there are several
        if cards[v] != 2:
            raise KeyError(t)
        return 1 - shown[Term(((v, 1 - value),), t.given)]

    try:
        made = formula if size <= KEPT_CASES else formula.__wrapped__
        return made(q, ms, zs, cards).value(number)
    except (KeyError, ValueError, ZeroDivisionError):
        return None


class Cells(NamedTuple):
    """The full joint distribution of a model, for ``event`` to sum over.

    Attributes:
        flat: its cells, the last variable fastest; empty where they are more than KEPT_CELLS.
        factors: the model's tables, each with an axis for every variable: of length 1 for those it does not depend on.
        marginals: of larger ones, set of variables -> their joint distribution, an axis for each in increasing order;
            kept once made.
    """

    flat: list[float]
    factors: tuple[Array, ...]
    marginals: dict[int, Array]


def cells(model: SCM) -> Cells:
    """The tables multiplied out over all cells."""
    cards, causes = model.cards, model.graph.parents
    small = prod(cards) <= KEPT_CELLS
    places = _places if small else _places.__wrapped__
    factors = tuple([table.take(places(causes[v], v, cards)) for v, table in enumerate(model.tables)])
    everything = _weights(factors, {})
    return Cells(everything.ravel().tolist() if small else [], factors, {(1 << len(cards)) - 1: everything})


@lru_cache(maxsize=1 << 13)
def _places(parents: int, v: int, cards: tuple[int, ...]) -> NDArray[np.intp]:
    """Where in the table of v each cell of the joint distribution looks, an axis for every variable."""
    axes = [*bits(parents), v]
    at = np.arange(prod(cards[u] for u in axes)).reshape([cards[u] for u in axes])
    at = at.transpose(sorted(range(len(axes)), key=axes.__getitem__))
    return np.ascontiguousarray(at.reshape([cards[u] if u in axes else 1 for u in range(len(cards))]))


def event(known: Cells, pairs: Assignment, cards: tuple[int, ...]) -> float:
    """The probability that these variables take these values."""
    if known.flat:
        return sum(_picked(pairs, cards)(known.flat))
    nodes = mask_of(v for v, _ in pairs)
    table = known.marginals.get(nodes)
    if table is None:
        everything = known.marginals[(1 << len(cards)) - 1]
        table = known.marginals[nodes] = np.add.reduce(everything, axis=_others(nodes, len(cards)))
    return float(table[tuple([value for _, value in sorted(pairs)])])


@lru_cache(maxsize=1 << 14)
def _picked(pairs: Assignment, cards: tuple[int, ...]) -> Callable[[Sequence[float]], tuple[float, ...]]:
    """What takes the cells where these variables have these values out of all."""
    index: list[int | slice] = [slice(None)] * len(cards)
    for v, value in pairs:
        index[v] = value
    places = np.arange(prod(cards)).reshape(cards)[tuple(index)].reshape(-1).tolist()
    return itemgetter(*places) if len(places) > 1 else lambda flat: (flat[places[0]],)


@lru_cache(maxsize=1 << 14)
def _others(nodes: int, n: int) -> tuple[int, ...]:
    return tuple(bits((1 << n) - 1 & ~nodes))


def _weights(
    factors: Sequence[Array],
    do: Mapping[int, int],
    seen: int | None = None,
    outcome_reads: tuple[int, int] | None = None,
) -> Array:
    """The product of the tables over all cells, an axis a variable; those of ``do`` have one cell, the value set.

    Args:
        factors: see ``Cells``.
        do: what every effect reads in place of these variables, whose own tables are left out.
        seen: the value of the only variable in ``do`` that is observed: its table stays, read at this value.
        outcome_reads: (outcome, value): this one variable reads another value of the only variable in ``do``.
    """
    out: Array | None = None
    for v, factor in enumerate(factors):
        if v in do and seen is None:
            continue
        for u, value in do.items():
            if factor.shape[u] > 1:
                reads = value
                if u == v and seen is not None:
                    reads = seen
                elif outcome_reads is not None and outcome_reads[0] == v:
                    reads = outcome_reads[1]
                factor = factor[(slice(None),) * u + (slice(reads, reads + 1),)]
        out = factor if out is None else out * factor
    assert out is not None  # the outcome is never set
    return out


def model_value(model: SCM, q: Query, known: Cells | None = None) -> float:
    """The value by truncated factorisation on the full model; the treatment is binary in PN, PS.

    ETT keeps the treatment's own table at the value seen while its effects read the other one; NDE and NIE let the
    outcome alone read another value than the mediators do (Pearl 2001, eq. 6 and 12, over all cells).
    """
    cards = model.cards
    known = cells(model) if known is None else known
    factors = known.factors
    x, ref, y = {q.treatment: q.x}, {q.treatment: q.x_ref}, (q.outcome, q.y)

    def p(weights: Array, target: tuple[int, int] = y) -> float:
        return float(np.add.reduce(weights[(slice(None),) * target[0] + (target[1],)], axis=None))

    if q.task in ("ATE", "CDE", "PNS"):
        held = dict(q.held)
        return p(_weights(factors, {**x, **held})) - p(_weights(factors, {**ref, **held}))
    if q.task == "ETT":
        both = event(known, (*ref.items(), y), cards)
        return (both - p(_weights(factors, x, seen=q.x_ref))) / event(known, tuple(ref.items()), cards)
    if q.task == "NDE":
        return p(_weights(factors, ref, outcome_reads=(q.outcome, q.x))) - p(_weights(factors, ref))
    if q.task == "NIE":
        return p(_weights(factors, x, outcome_reads=(q.outcome, q.x_ref))) - p(_weights(factors, ref))
    seen = (q.outcome, 1 - q.y)
    below = event(known, ((q.treatment, q.x_ref), seen), cards)
    if q.bound == "upper":
        return min(1.0, (p(_weights(factors, x)) - event(known, ((q.treatment, q.x), y), cards)) / below)
    bound = (event(known, (seen,), cards) - p(_weights(factors, x), seen)) / below
    return bound if q.bound == "point" else max(0.0, bound)


def third_value(model: SCM, q: Query) -> tuple[str, float] | None:
    """The name of a third road and the value it leads to; None where the model is too large for it, or where scipy,
    which the linear programme needs, is not installed."""
    x, x_ref, y = {q.treatment: q.x}, {q.treatment: q.x_ref}, {q.outcome: q.y}
    n, worlds_cells = model.graph.n, prod(model.cards) ** 2
    if q.task in ("ATE", "CDE"):
        held = dict(q.held)
        worlds = [marginal(joint(model, {**value, **held}), y) for value in (x, x_ref)]
        return "joint distributions under do()", worlds[0] - worlds[1]
    if q.bound in ("lower", "upper"):
        return ("linear programme over response types", _programme(model, q)) if find_spec("scipy") else None
    if q.task in ("NDE", "NIE"):
        worlds_cells *= prod([model.cards[v] for v in bits(model.graph.mediators(q.treatment, q.outcome))])
    if n > MOST_WORLDS or worlds_cells > MAX_CELLS:
        return None
    if q.task in ("NDE", "NIE"):
        changed = nested_mean(model, x, x_ref, y) if q.task == "NDE" else nested_mean(model, x_ref, x, y)
        return "pair factor", changed - nested_mean(model, x_ref, x_ref, y)
    changed_y = {n + q.outcome: q.y}
    if q.task == "ETT":
        pair = pair_joint(model, {}, x)
        return "pair factor", (marginal(pair, {**x_ref, **y}) - marginal(pair, {**x_ref, **changed_y})) / marginal(
            pair, x_ref
        )
    other = {q.outcome: 1 - q.y}
    if q.task == "PNS":
        return "one threshold a node", marginal(pair_joint(model, x_ref, x, shared=True), {**other, **changed_y})
    pair = pair_joint(model, {}, x, shared=True)
    natural = {**x_ref, **other}
    return "one threshold a node", marginal(pair, {**natural, **changed_y}) / marginal(pair, natural)


def _programme(model: SCM, q: Query) -> float:
    """The asked bound of PN or PS by the linear programme."""
    others = tuple(v for v in range(model.graph.n) if v not in (q.treatment, q.outcome))

    def x_y(table: Array) -> Array:
        both: Array = table.sum(axis=others)
        return both if q.treatment < q.outcome else both.T

    natural = x_y(joint(model))
    effects = natural.copy()
    for value in (0, 1):
        effects[value] = x_y(joint(model, {q.treatment: value}))[value]
    lower, upper = pn_ps_bounds(natural, effects, (q.x_ref, 1 - q.y))
    return lower if q.bound == "lower" else upper


def is_rising(model: SCM, q: Query) -> bool:
    """Whether the treatment, raised, never lowers any node on its way to the outcome: each node on a directed path from
    it, and the outcome, is no less likely to be 1 for a higher value of the treatment or of such a node. With one
    threshold a node, then no unit's outcome falls."""
    moved = model.graph.mediators(q.treatment, q.outcome) | 1 << q.outcome
    for v in bits(moved):
        one = model.tables[v][..., 1]
        for axis, u in enumerate(bits(model.graph.parents[v])):
            if (moved | 1 << q.treatment) >> u & 1 and (np.diff(one, axis=axis) < -1e-12).any():
                return False
    return True
