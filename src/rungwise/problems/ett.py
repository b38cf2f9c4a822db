"""ETT, the effect of treatment on the treated: among those with X=x_ref observed,
P(Y_{X=x_ref}=y|X=x_ref) - P(Y_{X=x}=y|X=x_ref). The question asks about the counterfactual x, so the
answer is Yes when the value is negative."""

from __future__ import annotations

from collections.abc import Sequence

from rungwise.causal.estimand import Expr, prob, total
from rungwise.causal.graph import DAG
from rungwise.causal.nested import edge_joint, edge_probability, set_all
from rungwise.causal.scm import SCM
from rungwise.problems.adjustment import assignments
from rungwise.problems.problem import Query

TITLE = "effect of treatment on the treated"
FIRST_STEP = "path"


def is_zero(graph: DAG, q: Query) -> bool:
    """Zero by structure: no directed path from treatment to outcome."""
    return not graph.has_path(q.treatment, q.outcome)


def is_valid(graph: DAG, q: Query, ms: int, zs: int) -> bool:
    """Whether adjusting for zs (and no mediators) identifies the value."""
    return not ms and graph.is_backdoor_set(1 << q.treatment, q.outcome, zs)


def estimand(q: Query, ms: int, zs: int, cards: Sequence[int]) -> Expr:
    """P(y|x_ref) - sum over z of P(y|x,z) P(z|x_ref)."""
    y, x, seen = {q.outcome: q.y}, {q.treatment: q.x}, {q.treatment: q.x_ref}
    parts = [prob(y, {**x, **z}) * prob(z, seen) if z else prob(y, x) for z in assignments(zs, cards)]
    return prob(y, seen) - total(parts)


def true_value(model: SCM, q: Query) -> float:
    """On the full model: descendants of X read x while X itself is seen to be x_ref."""
    natural = edge_joint(model, {}, [q.treatment, q.outcome])[q.x_ref]
    both = {q.treatment: q.x_ref, q.outcome: q.y}
    changed = edge_probability(model, set_all(model, {q.treatment: q.x}), both)
    return (float(natural[q.y]) - changed) / float(natural.sum())
