"""PNS, the probability of necessity and sufficiency: P(Y_{X=x}=y, Y_{X=x_ref}=y_other), a point where the treatment
never lowers the outcome: P(Y=y|do(x)) - P(Y=y|do(x_ref)) (Tian & Pearl 2000, theorem 3)."""

from __future__ import annotations

from collections.abc import Sequence

from rungwise.causal.counterfactual import threshold_probability
from rungwise.causal.estimand import Expr
from rungwise.causal.scm import SCM
from rungwise.problems.adjustment import standardised_difference
from rungwise.problems.pn import FIRST_STEP, is_valid, is_zero
from rungwise.problems.problem import Query

TITLE = "probability of necessity and sufficiency"

__all__ = ["FIRST_STEP", "TITLE", "estimand", "is_valid", "is_zero", "true_value"]


def estimand(q: Query, ms: int, zs: int, cards: Sequence[int]) -> Expr:
    """Sum over z of [P(y|x,z) - P(y|x_ref,z)] P(z)."""
    return standardised_difference({q.outcome: q.y}, {q.treatment: q.x}, {q.treatment: q.x_ref}, zs, cards)


def true_value(model: SCM, q: Query) -> float:
    """By counterfactuals with one threshold a node."""
    first, second = {q.treatment: q.x}, {q.treatment: q.x_ref}
    return threshold_probability(model, (first, second), ({q.outcome: q.y}, {q.outcome: 1 - q.y}))
