"""CDE, the controlled direct effect: the ATE with every mediator held at a stated value."""

from __future__ import annotations

from collections.abc import Sequence

from rungwise.causal.estimand import Expr
from rungwise.causal.graph import DAG, mask_of
from rungwise.causal.nested import edge_probability, set_all
from rungwise.causal.scm import SCM
from rungwise.problems.adjustment import standardised_difference
from rungwise.problems.problem import Query

TITLE = "controlled direct effect"
FIRST_STEP = "edge"


def is_zero(graph: DAG, q: Query) -> bool:
    """Zero by structure: no edge from treatment to outcome."""
    return not graph.has_edge(q.treatment, q.outcome)


def is_valid(graph: DAG, q: Query, ms: int, zs: int) -> bool:
    """Whether the held variables ms and adjusting for zs identify the joint effect of X and the mediators."""
    held = mask_of(v for v, _ in q.held)
    return ms == held and graph.is_backdoor_set(1 << q.treatment | held, q.outcome, zs)


def estimand(q: Query, ms: int, zs: int, cards: Sequence[int]) -> Expr:
    """Sum over z of [P(y|x,m,z) - P(y|x_ref,m,z)] P(z)."""
    held = dict(q.held)
    return standardised_difference(
        {q.outcome: q.y}, {q.treatment: q.x, **held}, {q.treatment: q.x_ref, **held}, zs, cards
    )


def true_value(model: SCM, q: Query) -> float:
    """By truncated factorisation on the full model."""
    y = {q.outcome: q.y}
    held = dict(q.held)
    low, high = (edge_probability(model, set_all(model, {q.treatment: x, **held}), y) for x in (q.x_ref, q.x))
    return high - low
