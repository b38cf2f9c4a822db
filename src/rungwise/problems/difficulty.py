"""How hard a problem is: what is recorded with each one."""

from __future__ import annotations

from rungwise.causal.estimand import Expr
from rungwise.causal.graph import DAG
from rungwise.problems.menu import Reading


def difficulty(graph: DAG, right: Reading | None, estimand: Expr | None, facts: int) -> dict[str, int]:
    """Size of graph, of the right reading and of its estimand (None: the value is 0 by structure), facts shown and
    how many of them (distractors) the right reading does not need."""
    return {
        "nodes": graph.n,
        "edges": sum(pa.bit_count() for pa in graph.parents),
        "adjustment": right[1].bit_count() if right else 0,
        "mediators": right[0].bit_count() if right else 0,
        "facts": facts,
        "distractors": facts - (len(estimand.terms()) if estimand else 0),
        "operations": estimand.operations if estimand else 0,
    }
