"""Exact counterfactuals: two worlds that share their selectors, and bounds where a model is not known.

Response semantics: each variable has one independent selector for each assignment of its parents. What a variable
does in two worlds is then the same where its parents agree and independent where they differ, so one factor a
variable is enough (the pair factor):

    P(v, v' | pa, pa') = p(v|pa) [v = v']  if pa = pa',  else  p(v|pa) p(v'|pa')
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from math import prod

import numpy as np

from rungwise.causal.graph import bits
from rungwise.causal.inference import MAX_CELLS, indicator, marginal, multiply
from rungwise.causal.scm import SCM, Array
from rungwise.errors import UserError


def pair_joint(
    model: SCM, do1: Mapping[int, int] | None = None, do2: Mapping[int, int] | None = None, *, shared: bool = False
) -> Array:
    """The joint distribution of all variables in two worlds, of shape ``model.cards + model.cards``.

    ``do1`` and ``do2`` are the interventions of the first and the second world. An intervened variable has the
    value it is set to, and its selectors go unused in that world. ``shared`` stands for the other response
    semantics: one uniform threshold a node, under which its value is the one whose cumulative probability covers it.

    Raises:
        UserError: the joint has more than MAX_CELLS cells.
    """
    n, cards = model.graph.n, model.cards
    cells = prod(cards) ** 2
    if cells > MAX_CELLS:
        raise UserError(f"a joint of two worlds of {cells} cells is too large to enumerate; use fewer nodes or values")
    do = (do1 or {}, do2 or {})
    factors: list[tuple[Array, list[int]]] = []
    for v, table in enumerate(model.tables):
        parents = list(bits(model.graph.parents[v]))
        # World w has variable v on axis v + w n.
        axes = [[*(p + w * n for p in parents), v + w * n] for w in (0, 1)]
        natural = [w for w in (0, 1) if v not in do[w]]
        factors += [(indicator(do[w][v], cards[v]), [v + w * n]) for w in (0, 1) if v in do[w]]
        if len(natural) == 2:
            pair = _threshold_factor(table) if shared else _pair_factor(table)
            factors.append((pair, axes[0] + axes[1]))
        else:
            factors += [(table, axes[w]) for w in natural]
    return multiply(factors, cards + cards, range(2 * n))


def _pair_factor(table: Array) -> Array:
    """P(v, v' | pa, pa') with the axes of ``table`` twice: pa, v, pa', v'."""
    card, rows = table.shape[-1], table.reshape(-1, table.shape[-1])
    out = np.einsum("av,bw->avbw", rows, rows)
    same = np.arange(len(rows))
    out[same, :, same, :] = rows[:, :, None] * np.eye(card)
    factor: Array = out.reshape(table.shape + table.shape)
    return factor


def _threshold_factor(table: Array) -> Array:
    """P(v, v' | pa, pa') when both are read off one uniform threshold, highest value first: the length that the two
    intervals share. Of two values, both are 1 with probability min(p, p')."""
    card, rows = table.shape[-1], table.reshape(-1, table.shape[-1])
    ends = rows[:, ::-1].cumsum(axis=1)[:, ::-1]  # value v covers the thresholds from the next one's end to its own
    starts = ends - rows
    low = np.maximum(starts[:, :, None, None], starts[None, None])
    high = np.minimum(ends[:, :, None, None], ends[None, None])
    factor: Array = np.maximum(high - low, 0.0).reshape(*table.shape[:-1], card, *table.shape)
    return factor


def threshold_probability(
    model: SCM,
    do: tuple[Mapping[int, int], Mapping[int, int]],
    events: tuple[Mapping[int, int], Mapping[int, int]],
) -> float:
    """The probability that one event happens in the first world and another in the second, one threshold a node.

    Raises:
        UserError: the joint of two worlds has more than MAX_CELLS cells.
    """
    n = model.graph.n
    both = {**events[0], **{n + v: value for v, value in events[1].items()}}
    return marginal(pair_joint(model, *do, shared=True), both)


def nested_mean(model: SCM, x: Mapping[int, int], x_mediators: Mapping[int, int], y: Mapping[int, int]) -> float:
    """P(Y_{x, M_{x_mediators}} = y), the nested counterfactual of natural effects (Pearl 2001).

    The treatment is set to ``x`` while all mediators M take the values they would have under ``x_mediators``. By
    definition this is the sum over m of P(M_{x_mediators} = m, Y_{x, m} = y): two worlds for each m, of which the
    first is do(x_mediators) and the second do(x, m).

    Args:
        x, x_mediators: the treatment with a value; the same variable in both.
        y: the outcome with a value.

    Raises:
        UserError: the joint of two worlds has more than MAX_CELLS cells.
    """
    ((treatment, _),), ((outcome, value),) = x.items(), y.items()
    mediators = list(bits(model.graph.mediators(treatment, outcome)))
    total = 0.0
    for m in product(*(range(model.cards[v]) for v in mediators)):
        table = pair_joint(model, x_mediators, {**x, **dict(zip(mediators, m, strict=True))})
        index: list[int | slice] = [slice(None)] * table.ndim
        for v, m_value in zip(mediators, m, strict=True):
            index[v] = m_value
        index[model.graph.n + outcome] = value
        total += float(table[tuple(index)].sum())
    return total


def pn_ps_bounds(joint: Array, effects: Array, seen: tuple[int, int]) -> tuple[float, float]:
    """Sharp bounds on P(Y_{x'} = y' | X = x, Y = y), where x', y' are the values not seen.

    With ``seen`` = (1, 1) this is PN, with (0, 0) PS. A linear programme over the joint distribution of X and the
    four ways in which Y can respond to it, given the observed and the interventional distribution (Tian & Pearl
    2000, section 3).

    Args:
        joint: P(X = x, Y = y), shape (2, 2).
        effects: P(Y = y | do(X = x)), shape (2, 2), an axis for x and one for y.
        seen: the observed x and y.

    Raises:
        UserError: scipy is missing, what is seen has probability 0, or no response types agree with both
            distributions.
    """
    try:
        from scipy.optimize import linprog  # type: ignore[import-untyped]
    except ImportError as error:
        raise UserError("the linear programme needs scipy: pip install scipy") from error
    x, y = seen
    if not joint[x, y] > 0:
        raise UserError(f"X={x} and Y={y} are never seen together")
    # Unknown q[x, t]: t = (Y under X=0, Y under X=1).
    types = list(product((0, 1), repeat=2))
    unknown = list(product((0, 1), types))
    rows = [[float(a == i and t[i] == j) for a, t in unknown] for i in (0, 1) for j in (0, 1)]
    rows += [[float(t[i] == j) for _, t in unknown] for i in (0, 1) for j in (0, 1)]
    wanted = np.array([float(a == x and t[x] == y and t[1 - x] == 1 - y) for a, t in unknown]) / joint[x, y]
    ends = []
    for sign in (1, -1):
        found = linprog(sign * wanted, A_eq=rows, b_eq=[*joint.ravel(), *effects.ravel()], bounds=(0, 1))
        if not found.success:
            raise UserError(f"the two distributions contradict each other: {found.message}")
        ends.append(sign * found.fun)
    return float(ends[0]), float(ends[1])
