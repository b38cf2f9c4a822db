"""The ten query types: on which graphs each applies, its estimand over displayed probabilities, and its exact value.

An effect (ate, ett, nde, nie) is asked only where it is identified by probabilities of observed variables, so there is
none on IV: its effect is not identified without further assumptions, though CLadder asks for it. Effects that are 0 by
the graph are not asked for, because no digits decide them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from rungwise.causal.estimand import Expr, Term, number, prob, total
from rungwise.causal.graph import DAG, bits
from rungwise.causal.inference import joint, marginal_joint, probability
from rungwise.causal.nested import edge_joint, edge_probability, set_all
from rungwise.causal.scm import SCM, random_scm
from rungwise.problems.problem import shape_text

TYPES = (
    "marginal",
    "correlation",
    "exp_away",
    "ate",
    "backadj",
    "collider_bias",
    "ett",
    "nde",
    "nie",
    "det-counterfactual",
)
EFFECTS = ("ate", "ett", "nde", "nie")
NUMERIC = ("marginal", "correlation", "exp_away", *EFFECTS)
"""Types whose answer is the sign of a number."""
MAX_MEDIATORS = 2
MAX_CAUSES = 3
"""Causes of a variable under deterministic rules."""
MAX_NUMBERS = 13
"""Displayed numbers of one problem; NDE with a confounder of mediator and outcome needs so many."""
_BIASED = 1e-3


@dataclass(frozen=True, slots=True)
class Query:
    """A question about a graph.

    Attributes:
        kind: one of TYPES.
        x, y: treatment (the condition, for association) and outcome.
        x_value: the value asked about, compared with the other one; for ett the observed one.
        y_value: the outcome's value asked about.
        third: the collider of exp_away and collider_bias, the covariate of backadj, else -1.
        third_value: the collider's value.
        up: asked for more (rather than less), for "affects", for the first method.
    """

    kind: str
    x: int
    y: int
    x_value: int = 1
    y_value: int = 1
    third: int = -1
    third_value: int = 1
    up: bool = True


def settings(kind: str, graph: DAG, x: int, y: int, hidden: int) -> Iterator[Query]:
    """The questions of a type that can be asked about two observed variables, values aside."""
    if (1 << x | 1 << y) & hidden or x == y:
        return
    others = [v for v in range(graph.n) if v not in (x, y) and not hidden >> v & 1]
    plain = Query(kind, x, y)
    if kind == "det-counterfactual":
        if graph.has_path(x, y) and max(map(len, graph.causes)) <= MAX_CAUSES:
            yield plain
    elif kind == "marginal":
        if not graph.has_path(y, x):
            yield plain
    elif kind == "correlation":
        if not graph.has_path(y, x) and not graph.d_separated(1 << x, 1 << y, 0):
            yield plain
    elif kind in ("exp_away", "collider_bias"):
        # Without a path, two independent causes of a third variable. With one, collider_bias has its other answer.
        apart = graph.d_separated(1 << x, 1 << y, 0)
        if apart or (kind == "collider_bias" and graph.has_path(x, y)):
            for c in others:
                if graph.has_path(x, c) and graph.has_path(y, c) and not graph.d_separated(1 << x, 1 << y, 1 << c):
                    yield Query(kind, x, y, third=c)
    elif kind == "backadj":
        if not graph.has_path(y, x):
            for z in others:
                if graph.is_backdoor_set(1 << x, y, 0) != graph.is_backdoor_set(1 << x, y, 1 << z) and _biased(
                    graph, x, y, z
                ):
                    yield Query(kind, x, y, third=z)
    elif graph.has_path(x, y) and estimand(graph, hidden, plain) is not None:
        yield plain


def shape(graph: DAG, hidden: int, q: Query) -> str:
    """The canonical shape that the split rule goes by: type, graph up to isomorphism, and the variables' roles. Values,
    names and polarity play no part."""
    marks = [5 * (hidden >> v & 1) for v in range(graph.n)]
    marks[q.x], marks[q.y] = 1, 2
    if q.third >= 0:
        marks[q.third] = 3
    return shape_text(f"ladder-{q.kind}", graph.canonical(marks))


@lru_cache(maxsize=1 << 12)
def estimand(graph: DAG, hidden: int, q: Query) -> Expr | None:
    """The value over displayed probabilities; None where our criteria do not identify it, and for other types.

    Marginal less 1/2; the difference that the condition makes (correlation, exp_away); for effects the back-door,
    front-door (Pearl, Causality, 2009, sections 3.3.1 and 3.3.2) and mediation formulas (Pearl 2001).
    """
    x, x0, y = {q.x: q.x_value}, {q.x: 1 - q.x_value}, {q.y: q.y_value}
    if q.kind == "marginal":
        parts = [prob({q.x: v}) * prob(y, {q.x: v}) for v in (0, 1)]
        return total(parts) - number(1) / number(2)
    if q.kind == "correlation":
        return prob({**x, **y}) / prob(x) - prob({**x0, **y}) / prob(x0)
    if q.kind == "exp_away":
        c = {q.third: q.third_value}
        return prob(y, {**x, **c}) - prob(y, {**x0, **c})
    if q.kind in ("ate", "ett"):
        return _total(graph, hidden, q)
    if q.kind in ("nde", "nie"):
        return _natural(graph, hidden, q)
    return None


def _total(graph: DAG, hidden: int, q: Query) -> Expr | None:
    """ATE or ETT: nothing to adjust for, one covariate, or the front door."""
    x, x0, y = {q.x: q.x_value}, {q.x: 1 - q.x_value}, {q.y: q.y_value}
    observed = [v for v in range(graph.n) if v not in (q.x, q.y) and not hidden >> v & 1]
    if graph.is_backdoor_set(1 << q.x, q.y, 0):
        return prob(y, x) - prob(y, x0)
    of = x if q.kind == "ett" else {}
    for z in observed:
        if graph.is_backdoor_set(1 << q.x, q.y, 1 << z):
            return total([(prob(y, {**x, z: c}) - prob(y, {**x0, z: c})) * prob({z: c}, of) for c in (0, 1)])
    for m in observed:
        if not _front_door(graph, q.x, m, q.y):
            continue
        step = prob({m: 1}, x) - prob({m: 1}, x0)
        gaps = [prob(y, {q.x: v, m: 1}) - prob(y, {q.x: v, m: 0}) for v in (0, 1)]
        if q.kind == "ett":
            return step * gaps[q.x_value]
        return step * total([prob({q.x: v}) * gaps[v] for v in (0, 1)])
    return None


def _front_door(graph: DAG, x: int, m: int, y: int) -> bool:
    """Whether m meets the front-door criterion for the effect of x on y."""
    cut = DAG(tuple([pa & ~(1 << m) for pa in graph.parents]))
    return not cut.has_path(x, y) and graph.is_backdoor_set(1 << x, m, 0) and graph.is_backdoor_set(1 << m, y, 1 << x)


def _natural(graph: DAG, hidden: int, q: Query) -> Expr | None:
    """NDE or NIE; without a direct edge NIE is the whole effect."""
    mediators = graph.mediators(q.x, q.y)
    if not mediators or mediators & hidden or mediators.bit_count() > MAX_MEDIATORS:
        return None
    if not graph.has_edge(q.x, q.y):
        return _total(graph, hidden, Query("ate", q.x, q.y, q.x_value, q.y_value)) if q.kind == "nie" else None
    if mediators.bit_count() > 1:
        return None
    m = next(bits(mediators))
    observed = (1 << graph.n) - 1 & ~(1 << q.x | 1 << q.y | 1 << m | hidden)
    for zs in (0, *[1 << z for z in bits(observed)]):
        if graph.is_mediation_set(q.x, q.y, mediators, zs):
            cases: list[dict[int, int]] = [dict.fromkeys(bits(zs), c) for c in range(1 + bool(zs))]
            return total([_mediated(q, m, case) for case in cases])
    return None


def _mediated(q: Query, m: int, z: dict[int, int]) -> Expr:
    """One covariate value's part of the sum over the mediator."""
    x, x0, y = {q.x: q.x_value}, {q.x: 1 - q.x_value}, {q.y: q.y_value}
    parts = []
    for c in (0, 1):
        if q.kind == "nde":
            part = (prob(y, {**x, m: c, **z}) - prob(y, {**x0, m: c, **z})) * prob({m: c}, {**x0, **z})
        else:
            part = prob(y, {**x0, m: c, **z}) * (prob({m: c}, {**x, **z}) - prob({m: c}, {**x0, **z}))
        parts.append(part)
    return total(parts) * prob(z) if z else total(parts)


def displayed(estimand: Expr, q: Query) -> tuple[Term, ...]:
    """The probabilities to display for an estimand: whole tables, each with one of two complementary numbers."""
    keys: dict[tuple[tuple[int, ...], tuple[int, ...]], None] = {}
    for term in estimand.terms():
        # The collider stands last in what is given, as in CLadder.
        given = sorted([v for v, _ in term.given], key=lambda v: (v == q.third, v != q.x, v))
        keys.setdefault((tuple([v for v, _ in term.target]), tuple(given)))
    out: list[Expr] = []
    for targets, conditions in keys:
        if len(targets) == 2:  # a joint probability, for both values of the treatment
            out += [prob({q.x: v, q.y: q.y_value}) for v in (0, 1)]
            continue
        shown = {targets[0]: q.y_value if targets[0] == q.y else 1}
        for values in np.ndindex((2,) * len(conditions)):
            out.append(prob(shown, dict(zip(conditions, values, strict=True))))
    return tuple([leaf.term for leaf in out if leaf.term is not None])


def value(model: SCM, q: Query) -> float:
    """The exact value of a numeric type, from the whole model: by conditioning, by truncated factorisation, or by what
    each effect of X reads (the exact counterfactuals of one independent selector per parent assignment).

    Raises:
        ZeroDivisionError: a condition has probability 0.
    """
    x, x0, y = q.x_value, 1 - q.x_value, {q.y: q.y_value}
    if q.kind == "marginal":
        return edge_probability(model, {}, y) - 0.5
    if q.kind == "correlation":
        table = marginal_joint(model, [q.x, q.y])
        return float(table[x, q.y_value] / table[x].sum() - table[x0, q.y_value] / table[x0].sum())
    if q.kind == "exp_away":
        cells = marginal_joint(model, [q.x, q.y, q.third])[..., q.third_value]
        return float(cells[x, q.y_value] / cells[x].sum() - cells[x0, q.y_value] / cells[x0].sum())
    if q.kind == "ett":
        worlds = [edge_joint(model, set_all(model, {q.x: v}), [q.x, q.y])[x] for v in (x, x0)]
        return float((worlds[0][q.y_value] - worlds[1][q.y_value]) / worlds[0].sum())
    base = set_all(model, {q.x: x0})
    changed = {edge: x for edge in base if q.kind == "ate" or (edge[1] == q.y) == (q.kind == "nde")}
    return edge_probability(model, {**base, **changed}, y) - edge_probability(model, base, y)


def correlation_within(model: SCM, q: Query) -> float:
    """Pearson's correlation of X and Y (their values asked about) among those with the collider's value."""
    cells = marginal_joint(model, [q.x, q.y, q.third])[..., q.third_value]
    cells = cells / cells.sum()
    p_x, p_y = float(cells[q.x_value].sum()), float(cells[:, q.y_value].sum())
    covariance = float(cells[q.x_value, q.y_value]) - p_x * p_y
    return float(covariance / np.sqrt(p_x * (1 - p_x) * p_y * (1 - p_y)))


@lru_cache(maxsize=1 << 12)
def _biased(graph: DAG, x: int, y: int, z: int) -> bool:
    """Whether the set that is no back-door set leads to a wrong effect in a model: the criterion is sufficient, not
    necessary, and a method that happens to be right makes no fair question."""
    model = random_scm(graph, np.random.default_rng(0), low=0.1, high=0.9)
    zs = () if graph.is_backdoor_set(1 << x, y, 1 << z) else (z,)
    cells = marginal_joint(model, [x, y, *zs])
    rates = cells[:, 1] / cells.sum(axis=1)
    adjusted = float(((rates[1] - rates[0]) * cells.sum(axis=(0, 1))).sum())
    return abs(adjusted - value(model, Query("ate", x, y))) > _BIASED


def table_values(model: SCM, terms: Sequence[Term]) -> list[float]:
    """P(target | given) of some terms in a model."""
    table = joint(model)
    return [probability(table, term) for term in terms]
