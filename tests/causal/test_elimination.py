"""Variable elimination against products in one go, and on graphs too large for those against forward sampling."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rungwise.causal.elimination import eliminate
from rungwise.causal.graph import DAG, bits
from rungwise.causal.inference import marginal_joint
from rungwise.causal.nested import edge_probability, set_all
from rungwise.causal.scm import SCM, random_scm
from rungwise.errors import UserError


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_any_product_is_that_of_einsum(data: st.DataObject) -> None:
    cards = data.draw(st.lists(st.integers(1, 3), min_size=1, max_size=6))
    variables = range(len(cards))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    scopes = data.draw(st.lists(st.lists(st.sampled_from(variables), unique=True), min_size=1, max_size=6))
    factors = [(rng.random([cards[v] for v in scope]), scope) for scope in scopes]
    known = sorted({v for scope in scopes for v in scope})
    keep = data.draw(st.permutations(known))[: data.draw(st.integers(0, len(known)))]
    expected = np.einsum(*[part for factor in factors for part in factor], keep)
    np.testing.assert_allclose(eliminate(factors, cards, keep, 10**6), expected, rtol=1e-10)


def large(seed: int, n: int = 30, card: int = 3) -> SCM:
    """A model whose nodes have up to three causes among the four before them."""
    rng = np.random.default_rng(seed)
    edges = [(int(u), v) for v in range(1, n) for u in rng.permutation(range(max(0, v - 4), v))[: rng.integers(1, 4)]]
    return random_scm(DAG.from_edges(n, edges), rng, [card] * n, dirichlet=1.0)


def sampled(model: SCM, do: dict[int, int], number: int, rng: np.random.Generator) -> np.ndarray:
    """Values of shape (number, n), drawn forward along the order of the nodes."""
    values = np.zeros((number, model.graph.n), dtype=int)
    for v, table in enumerate(model.tables):
        if v in do:
            values[:, v] = do[v]
            continue
        rows = table[tuple(values[:, p] for p in bits(model.graph.parents[v]))]
        rows = np.broadcast_to(rows, (number, table.shape[-1]))
        values[:, v] = (rng.random((number, 1)) > rows.cumsum(axis=1)).sum(axis=1).clip(max=table.shape[-1] - 1)
    return values


@pytest.mark.parametrize("seed", range(3))
def test_thirty_nodes_of_three_values(seed: int) -> None:
    model = large(seed)
    for do in ({}, {12: 1, 17: 2}):
        values = sampled(model, do, 200_000, np.random.default_rng(seed))
        found = marginal_joint(model, [29, 20], do)
        counts = np.zeros((3, 3))
        np.add.at(counts, (values[:, 29], values[:, 20]), 1 / len(values))
        np.testing.assert_allclose(found, counts, atol=0.006)  # five standard errors
        reads = set_all(model, do)
        assert edge_probability(model, reads, {29: 0, 20: 1}) == pytest.approx(found[0, 1])


def test_too_dense_a_graph_is_refused() -> None:
    factors = [(np.ones((2,) * 12), range(i, i + 12)) for i in range(0, 24, 12)] + [(np.ones(2), [24])]
    with pytest.raises(UserError, match="cells over 25 variables is too large"):
        eliminate(factors, [2] * 25, range(25), 1 << 22)
