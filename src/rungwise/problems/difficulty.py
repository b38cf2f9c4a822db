"""How hard a problem is: what is recorded with each one."""

from __future__ import annotations

from collections.abc import Collection

from rungwise.causal.estimand import Expr, Term
from rungwise.causal.graph import DAG
from rungwise.problems.menu import Reading


def size(estimand: Expr, shown: Collection[Term]) -> tuple[int, int]:
    """How many of the displayed terms an estimand needs, and how many operations it has."""
    return sum([term in shown for term in estimand.terms()]), estimand.operations


def difficulty(graph: DAG, right: Reading | None, size: tuple[int, int], facts: int) -> dict[str, int]:
    """Size of graph, of the right reading (None: the value is 0 by structure) and of its estimand (see ``size``), facts
    shown and how many of them (distractors) the right reading does not need."""
    needed, operations = size
    return {
        "nodes": graph.n,
        "edges": sum([pa.bit_count() for pa in graph.parents]),
        "adjustment": right[1].bit_count() if right else 0,
        "mediators": right[0].bit_count() if right else 0,
        "facts": facts,
        "distractors": facts - needed,
        "operations": operations,
    }
