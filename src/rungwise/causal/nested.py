"""Interventions on single edges: the one road by which every task's truth is computed from the full model.

Let each effect read a fixed value of a cause, edge by edge, while the cause itself keeps its own value
(the node-splitting of Richardson & Robins 2013, and the edge g-formula of Shpitser & Tchetgen Tchetgen
2016). Fixing every edge out of X is truncated factorisation, i.e. do(X); fixing them while conditioning on
X's own value gives the effect on the treated; fixing edges to different values gives natural effects.
With one independent selector per parent assignment these are the model's exact counterfactuals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rungwise.causal.graph import bits
from rungwise.causal.inference import multiply_down
from rungwise.causal.scm import SCM, Array


def edge_joint(model: SCM, reads: Mapping[tuple[int, int], int], variables: Sequence[int]) -> Array:
    """The joint of some variables, an axis for each, when each effect reads ``reads[cause, effect]`` for that cause.

    Raises:
        UserError: the model is too large (``inference.MAX_CELLS``).
    """
    tables: list[tuple[Array, list[int]]] = []
    changed = {effect for _, effect in reads}
    for v, (table, parents) in enumerate(zip(model.tables, model.graph.causes, strict=True)):
        if v in changed:
            table = table[tuple([reads.get((p, v), slice(None)) for p in parents])]
            parents = tuple([p for p in parents if (p, v) not in reads])
        tables.append((table, [*parents, v]))
    return multiply_down(tables, model.cards, variables)


def edge_probability(model: SCM, reads: Mapping[tuple[int, int], int], event: Mapping[int, int]) -> float:
    """The probability that variables take these values under those reads."""
    return float(edge_joint(model, reads, list(event))[tuple(event.values())])


def set_all(model: SCM, values: Mapping[int, int]) -> dict[tuple[int, int], int]:
    """The reads that make every effect of these variables see these values: do(values)."""
    return {(v, c): value for v, value in values.items() for c in bits(model.graph.children[v])}
