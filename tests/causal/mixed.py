"""Acyclic directed mixed graphs for tests: random ones, and models with unobserved variables that they stand for."""

from __future__ import annotations

from itertools import combinations
from string import ascii_letters

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from rungwise.causal.admg import ADMG
from rungwise.causal.graph import DAG, bits

from .strategies import dags


@st.composite
def admgs(draw: st.DrawFn, least: int = 2, most: int = 5) -> ADMG:
    """A random graph; every second pair of nodes or so shares an unobserved cause."""
    dag = draw(dags(least, most))
    pairs = list(combinations(range(dag.n), 2))
    joined = draw(st.lists(st.booleans(), min_size=len(pairs), max_size=len(pairs)))
    return ADMG.from_edges(dag.n, dag.edges, [pair for pair, chosen in zip(pairs, joined, strict=True) if chosen])


def hidden_pairs(graph: ADMG) -> list[tuple[int, int]]:
    """The bidirected edges."""
    return [(a, b) for a in range(graph.n) for b in bits(graph.spouses[a]) if a < b]


def with_hidden(graph: ADMG) -> DAG:
    """The DAG in which each bidirected edge is a node more that causes its two ends."""
    pairs = hidden_pairs(graph)
    edges = list(graph.dag.edges)
    for hidden, pair in enumerate(pairs, graph.n):
        edges += [(hidden, end) for end in pair]
    return DAG.from_edges(graph.n + len(pairs), edges)


class HiddenModel:
    """A model of a mixed graph with binary nodes and unobserved causes of ``card`` values, as a function of a vector.

    The vector holds, one after the other, P(u = k) for k > 0 of each unobserved cause and P(v = 1 | causes of v, seen
    and unseen) of each node. Complex entries are fine, so that a step of 1e-30j gives exact derivatives.
    """

    def __init__(self, graph: ADMG, card: int = 3) -> None:
        self.graph, self.card = graph, card
        self.pairs = hidden_pairs(graph)
        n = graph.n
        self.axes = [
            [*graph.dag.causes[v], *(n + h for h, pair in enumerate(self.pairs) if v in pair)] for v in range(n)
        ]
        self.shapes = [tuple([2 if a < n else card for a in axes]) for axes in self.axes]
        self.size = len(self.pairs) * (card - 1) + sum(int(np.prod(shape)) for shape in self.shapes)

    def random(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """A vector of probabilities away from 0 and 1."""
        hidden = len(self.pairs) * (self.card - 1)
        return np.concatenate([rng.uniform(0.5, 1, hidden) / self.card, rng.uniform(0.1, 0.9, self.size - hidden)])

    def joint(self, vector: NDArray[np.complex128], do: dict[int, int] | None = None) -> NDArray[np.complex128]:
        """The joint distribution of the nodes, an axis each; those of ``do`` are set, no other value has weight."""
        at, operands = 0, []
        for h in range(len(self.pairs)):
            rest = vector[at : at + self.card - 1]
            at += self.card - 1
            operands.append((np.concatenate([[1 - rest.sum()], rest]), [self.graph.n + h]))
        for v, (axes, shape) in enumerate(zip(self.axes, self.shapes, strict=True)):
            size = int(np.prod(shape))
            one = vector[at : at + size].reshape(shape)
            at += size
            if do and v in do:
                operands.append((np.eye(2)[do[v]], [v]))
            else:
                operands.append((np.stack([1 - one, one], axis=-1), [*axes, v]))
        terms = ",".join("".join(ascii_letters[a] for a in axes) for _, axes in operands)
        out = np.einsum(f"{terms}->{ascii_letters[: self.graph.n]}", *[table for table, _ in operands], optimize=True)
        return np.asarray(out)
