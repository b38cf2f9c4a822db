"""The ten graph families of CLadder (arXiv 2312.04350, figure 3), and random graphs of 3 to 5 nodes.

In frontdoor and IV the confounder is unobserved. CLadder calls arrowhead's second root unobserved too; here it is
observed, because NDE and NIE of that graph are not identified without it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rungwise.causal.graph import DAG, closure
from rungwise.causal.scm import random_dag


@dataclass(frozen=True, slots=True)
class Family:
    """A graph with its treatment and outcome.

    Attributes:
        graph: over 0..n-1.
        x, y: treatment and outcome.
        hidden: bitmask of the unobserved variables.
    """

    graph: DAG
    x: int
    y: int
    hidden: int = 0


FAMILIES = {
    "chain": Family(DAG.from_edges(3, [(0, 2), (2, 1)]), 0, 1),
    "collision": Family(DAG.from_edges(3, [(0, 2), (1, 2)]), 0, 1),
    "confounding": Family(DAG.from_edges(3, [(2, 0), (2, 1), (0, 1)]), 0, 1),
    "mediation": Family(DAG.from_edges(3, [(0, 2), (2, 1), (0, 1)]), 0, 1),
    "fork": Family(DAG.from_edges(3, [(0, 1), (2, 1)]), 0, 1),
    "diamond": Family(DAG.from_edges(4, [(0, 2), (0, 3), (2, 1), (3, 1)]), 0, 1),
    "diamondcut": Family(DAG.from_edges(4, [(2, 0), (2, 3), (0, 1), (3, 1)]), 0, 1),
    "arrowhead": Family(DAG.from_edges(4, [(0, 1), (0, 3), (2, 1), (2, 3), (3, 1)]), 0, 1),
    "frontdoor": Family(DAG.from_edges(4, [(2, 0), (2, 1), (0, 3), (3, 1)]), 0, 1, 1 << 2),
    "IV": Family(DAG.from_edges(4, [(2, 0), (2, 1), (3, 0), (0, 1)]), 0, 1, 1 << 2),
}
RANDOM = "random"
GRAPHS = (*FAMILIES, RANDOM)
"""What a request can name: the families and the random graphs."""
SIZES = (3, 4, 5)
"""Nodes of random graphs."""


def random_connected(rng: np.random.Generator) -> DAG:
    """A random DAG of 3 to 5 nodes in one piece, since a text names only variables that have an edge."""
    n = int(rng.choice(SIZES))
    while True:
        graph = random_dag(n, float(rng.uniform(0.3, 0.7)), rng)
        either = [graph.parents[v] | graph.children[v] for v in range(n)]
        if closure(either, 1) == (1 << n) - 1:
            return graph
