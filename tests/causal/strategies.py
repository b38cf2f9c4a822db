"""Random graphs, models and sets of nodes."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from hypothesis import strategies as st

from rungwise.causal.graph import DAG
from rungwise.causal.scm import SCM, random_scm


@st.composite
def dags(draw: st.DrawFn, least: int = 2, most: int = 6) -> DAG:
    """A random graph whose labels say nothing about its order."""
    n = draw(st.integers(least, most))
    order = draw(st.permutations(range(n)))
    joined = draw(st.lists(st.booleans(), min_size=n * n, max_size=n * n))
    return DAG.from_edges(n, [(order[i], order[j]) for j in range(n) for i in range(j) if joined[i * n + j]])


@st.composite
def models(draw: st.DrawFn, least: int = 2, most: int = 4, cards: tuple[int, ...] = (2, 3)) -> SCM:
    """A random model with variables of these numbers of values and no probability of 0."""
    graph = draw(dags(least, most))
    sizes = [draw(st.sampled_from(cards)) for _ in range(graph.n)]
    return random_scm(graph, rngs(draw), sizes, dirichlet=2.0)


def rngs(draw: st.DrawFn) -> np.random.Generator:
    """A random stream."""
    return np.random.default_rng(draw(st.integers(0, 2**32)))


def disjoint_sets(draw: st.DrawFn, n: int, number: int) -> list[int]:
    """That many disjoint sets of nodes; the first two hold at least one."""
    where = draw(st.lists(st.integers(0, number), min_size=n, max_size=n))
    where[0], where[1] = 0, 1
    order = draw(st.permutations(range(n)))
    return [sum(1 << order[i] for i in range(n) if where[i] == k) for k in range(number)]


def all_dags(n: int) -> list[DAG]:
    """Every graph on n nodes whose labels are a causal order: all graphs there are, up to isomorphism."""
    return [DAG(parents) for parents in product(*(range(1 << v) for v in range(n)))]


def worlds(model: SCM) -> list[tuple[float, list[dict[tuple[int, ...], int]]]]:
    """Every choice of all selectors with its probability: for each variable, a value for each parent assignment.

    This is response semantics by definition; small binary models only.
    """
    per_variable: list[list[tuple[float, dict[tuple[int, ...], int]]]] = []
    for table in model.tables:
        rows = list(np.ndindex(*table.shape[:-1]))
        options: list[Any] = []
        for values in product(range(table.shape[-1]), repeat=len(rows)):
            chance = float(np.prod([table[(*row, value)] for row, value in zip(rows, values, strict=True)]))
            options.append((chance, dict(zip(rows, values, strict=True))))
        per_variable.append(options)
    out = []
    for chosen in product(*per_variable):
        out.append((float(np.prod([c for c, _ in chosen])), [response for _, response in chosen]))
    return out


def outcome_of(model: SCM, responses: list[dict[tuple[int, ...], int]], do: dict[int, int]) -> list[int]:
    """The values of all variables under these selectors and this intervention."""
    values = [0] * model.graph.n
    for v in model.graph.order:
        parents = [p for p in range(model.graph.n) if model.graph.has_edge(p, v)]
        values[v] = do[v] if v in do else responses[v][tuple(values[p] for p in parents)]
    return values
