"""ATE, the average treatment effect: P(Y=y|do(X=x)) - P(Y=y|do(X=x_ref))."""

from __future__ import annotations

from collections.abc import Sequence

from rungwise.causal.estimand import Expr
from rungwise.causal.graph import DAG
from rungwise.causal.nested import edge_probability, set_all
from rungwise.causal.scm import SCM
from rungwise.problems.adjustment import standardised_difference
from rungwise.problems.problem import Query

TITLE = "average treatment effect"
FIRST_STEP = "path"


def is_zero(graph: DAG, q: Query) -> bool:
    """Zero by structure: no directed path from treatment to outcome."""
    return not graph.has_path(q.treatment, q.outcome)


def is_valid(graph: DAG, q: Query, ms: int, zs: int) -> bool:
    """Whether adjusting for zs (and no mediators) identifies the value."""
    return not ms and graph.is_backdoor_set(1 << q.treatment, q.outcome, zs)


def estimand(q: Query, ms: int, zs: int, cards: Sequence[int]) -> Expr:
    """Sum over z of [P(y|x,z) - P(y|x_ref,z)] P(z)."""
    return standardised_difference({q.outcome: q.y}, {q.treatment: q.x}, {q.treatment: q.x_ref}, zs, cards)


def true_value(model: SCM, q: Query) -> float:
    """By truncated factorisation on the full model."""
    y = {q.outcome: q.y}
    low, high = (edge_probability(model, set_all(model, {q.treatment: x}), y) for x in (q.x_ref, q.x))
    return high - low
