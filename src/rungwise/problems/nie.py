"""NIE, the natural indirect effect: X stays at x_ref while the mediators change as under x."""

from __future__ import annotations

from collections.abc import Sequence

from rungwise.causal.estimand import Expr, number, prob, total
from rungwise.causal.graph import DAG
from rungwise.causal.nested import edge_probability, set_all
from rungwise.causal.scm import SCM
from rungwise.problems.adjustment import assignments
from rungwise.problems.nde import is_edge
from rungwise.problems.problem import Query

TITLE = "natural indirect effect"
FIRST_STEP = "mediators"


def is_zero(graph: DAG, q: Query) -> bool:
    """Zero by structure: no node between treatment and outcome."""
    return not graph.mediators(q.treatment, q.outcome)


def is_valid(graph: DAG, q: Query, ms: int, zs: int) -> bool:
    """Whether the mediators ms and the covariates zs identify the value."""
    return graph.is_mediation_set(q.treatment, q.outcome, ms, zs)


def estimand(q: Query, ms: int, zs: int, cards: Sequence[int]) -> Expr:
    """Sum over m, z of P(y|x_ref,m,z) [P(m|x,z) - P(m|x_ref,z)] P(z); 0 without mediators."""
    if not ms:
        return number(0)
    y, x, ref = {q.outcome: q.y}, {q.treatment: q.x}, {q.treatment: q.x_ref}
    parts = []
    for z in assignments(zs, cards):
        for m in assignments(ms, cards):
            part = prob(y, {**ref, **m, **z}) * (prob(m, {**x, **z}) - prob(m, {**ref, **z}))
            parts.append(part * prob(z) if z else part)
    return total(parts)


def true_value(model: SCM, q: Query) -> float:
    """On the full model: every edge out of X but X -> Y reads x."""
    y = {q.outcome: q.y}
    before = set_all(model, {q.treatment: q.x_ref})
    after = set_all(model, {q.treatment: q.x})
    if is_edge(model, q):
        after[q.treatment, q.outcome] = q.x_ref
    return edge_probability(model, after, y) - edge_probability(model, before, y)
