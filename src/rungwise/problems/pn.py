"""PN, the probability of necessity: bounds for those with X=x_ref and Y=y_seen observed (Tian & Pearl 2000).

Lower max{0, [P(y_seen) - P(y_seen|do(x))] / P(x_ref, y_seen)}, upper
min{1, [P(y|do(x)) - P(x, y)] / P(x_ref, y_seen)}, where y is the outcome value asked about and y_seen the
other one. PS has the same formula with the other values seen. Where the treatment never lowers the outcome the lower
bound, which is then never below 0, is the value itself (theorem 3): bound "point".
"""

from __future__ import annotations

from collections.abc import Sequence

from rungwise.causal.counterfactual import threshold_probability
from rungwise.causal.estimand import Expr, number, prob
from rungwise.causal.graph import DAG
from rungwise.causal.nested import edge_joint, edge_probability, set_all
from rungwise.causal.scm import SCM
from rungwise.problems.adjustment import standardised_mean
from rungwise.problems.problem import Query

TITLE = "probability of necessity"
FIRST_STEP = "adjust"


def is_zero(graph: DAG, q: Query) -> bool:
    """Never by structure: the question is only asked where treatment causes outcome."""
    return False


def is_valid(graph: DAG, q: Query, ms: int, zs: int) -> bool:
    """Whether adjusting for zs (and no mediators) identifies P(y|do(x))."""
    return not ms and graph.is_backdoor_set(1 << q.treatment, q.outcome, zs)


def estimand(q: Query, ms: int, zs: int, cards: Sequence[int]) -> Expr:
    """The asked bound, or the point, with P(.|do(x)) adjusted for zs."""
    seen = {q.outcome: 1 - q.y}
    x = {q.treatment: q.x}
    both = prob({q.treatment: q.x_ref, **seen})
    if q.bound != "upper":
        bound = (prob(seen) - standardised_mean(seen, x, zs, cards)) / both
        return bound if q.bound == "point" else Expr("max", (number(0), bound))
    asked = {q.outcome: q.y}
    bound = (standardised_mean(asked, x, zs, cards) - prob({**x, **asked})) / both
    return Expr("min", (number(1), bound))


def true_value(model: SCM, q: Query) -> float:
    """The asked bound with P(.|do(x)) by truncated factorisation on the full model; the point by counterfactuals with
    one threshold a node."""
    if q.bound == "point":
        observed = {q.treatment: q.x_ref, q.outcome: 1 - q.y}
        worlds: tuple[dict[int, int], dict[int, int]] = ({}, {q.treatment: q.x})
        point = threshold_probability(model, worlds, (observed, {q.outcome: q.y}))
        return point / edge_probability(model, {}, observed)
    natural = edge_joint(model, {}, [q.treatment, q.outcome])
    changed = edge_joint(model, set_all(model, {q.treatment: q.x}), [q.outcome])
    seen, both = 1 - q.y, float(natural[q.x_ref, 1 - q.y])
    if q.bound == "lower":
        return max(0.0, float(natural[:, seen].sum() - changed[seen]) / both)
    return min(1.0, float(changed[q.y] - natural[q.x, q.y]) / both)
