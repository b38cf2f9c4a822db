"""NDE, the natural direct effect: X goes from x_ref to x while the mediators stay as under x_ref."""

from __future__ import annotations

from collections.abc import Sequence

from rungwise.causal.estimand import Expr, prob, total
from rungwise.causal.graph import DAG
from rungwise.causal.nested import edge_probability, set_all
from rungwise.causal.scm import SCM
from rungwise.problems.adjustment import assignments
from rungwise.problems.problem import Query

TITLE = "natural direct effect"
FIRST_STEP = "edge"


def is_zero(graph: DAG, q: Query) -> bool:
    """Zero by structure: no edge from treatment to outcome."""
    return not graph.has_edge(q.treatment, q.outcome)


def is_valid(graph: DAG, q: Query, ms: int, zs: int) -> bool:
    """Whether the mediators ms and the covariates zs identify the value."""
    return graph.is_mediation_set(q.treatment, q.outcome, ms, zs)


def estimand(q: Query, ms: int, zs: int, cards: Sequence[int]) -> Expr:
    """Sum over m, z of [P(y|x,m,z) - P(y|x_ref,m,z)] P(m|x_ref,z) P(z)."""
    y, x, ref = {q.outcome: q.y}, {q.treatment: q.x}, {q.treatment: q.x_ref}
    parts = []
    for z in assignments(zs, cards):
        for m in assignments(ms, cards):
            part = prob(y, {**x, **m, **z}) - prob(y, {**ref, **m, **z})
            if m:
                part = part * prob(m, {**ref, **z})
            parts.append(part * prob(z) if z else part)
    return total(parts)


def true_value(model: SCM, q: Query) -> float:
    """On the full model: only the edge X -> Y reads x."""
    y = {q.outcome: q.y}
    before = set_all(model, {q.treatment: q.x_ref})
    after = {**before, (q.treatment, q.outcome): q.x} if is_edge(model, q) else before
    return edge_probability(model, after, y) - edge_probability(model, before, y)


def is_edge(model: SCM, q: Query) -> bool:
    """Whether the direct edge from treatment to outcome exists."""
    return model.graph.has_edge(q.treatment, q.outcome)
