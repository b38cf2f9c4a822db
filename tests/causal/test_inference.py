from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rungwise.causal.estimand import term
from rungwise.causal.graph import DAG, bits
from rungwise.causal.inference import joint, marginal, marginal_joint, probability
from rungwise.causal.nested import edge_joint, set_all
from rungwise.causal.scm import SCM, random_scm
from rungwise.errors import UserError

from .strategies import models

few = settings(max_examples=60, deadline=None)


def brute_joint(model: SCM, do: dict[int, int], reads: dict[tuple[int, int], int]) -> np.ndarray:
    """Cell by cell: the product over variables of their rows; ``reads`` overrides what an effect sees of a cause."""
    out = np.zeros(model.cards)
    for values in np.ndindex(*model.cards):
        chance = 1.0
        for v, table in enumerate(model.tables):
            row = tuple(reads.get((p, v), values[p]) for p in bits(model.graph.parents[v]))
            chance *= float(values[v] == do[v]) if v in do else table[(*row, values[v])]
        out[values] = chance
    return out


@few
@given(st.data())
def test_the_joint_is_the_product_of_the_rows(data: st.DataObject) -> None:
    model = data.draw(models(1, 5))
    do = {v: data.draw(st.integers(0, c - 1)) for v, c in enumerate(model.cards) if data.draw(st.booleans())}
    table = joint(model, do)
    assert table.shape == model.cards
    assert table.sum() == pytest.approx(1)
    np.testing.assert_allclose(table, brute_joint(model, do, {}), atol=1e-12)
    keep = data.draw(st.permutations(range(model.graph.n)))[: data.draw(st.integers(1, model.graph.n))]
    rest = tuple(v for v in range(model.graph.n) if v not in keep)
    expected = brute_joint(model, {}, {}).sum(axis=rest).transpose([sorted(keep).index(v) for v in keep])
    np.testing.assert_allclose(marginal_joint(model, keep), expected, atol=1e-12)


@few
@given(st.data())
def test_an_edge_reads_what_it_is_told_to(data: st.DataObject) -> None:
    model = data.draw(models(2, 5))
    edges = [edge for edge in model.graph.edges if data.draw(st.booleans())]
    reads = {(a, b): data.draw(st.integers(0, model.cards[a] - 1)) for a, b in edges}
    every = range(model.graph.n)
    np.testing.assert_allclose(edge_joint(model, reads, every), brute_joint(model, {}, reads), atol=1e-12)


@few
@given(st.data())
def test_reading_a_value_everywhere_is_setting_it(data: st.DataObject) -> None:
    model = data.draw(models(2, 5))
    x = data.draw(st.integers(0, model.graph.n - 1))
    value = data.draw(st.integers(0, model.cards[x] - 1))
    set_x = joint(model, {x: value}).sum(axis=x)
    np.testing.assert_allclose(
        edge_joint(model, set_all(model, {x: value}), range(model.graph.n)).sum(axis=x), set_x, atol=1e-12
    )


@few
@given(st.data())
def test_a_probability_is_a_ratio_of_sums_over_cells(data: st.DataObject) -> None:
    model = data.draw(models(2, 4))
    table = joint(model)
    order = data.draw(st.permutations(range(model.graph.n)))
    cut, end = sorted(data.draw(st.lists(st.integers(0, len(order)), min_size=2, max_size=2)))
    events = [
        {v: data.draw(st.integers(0, model.cards[v] - 1)) for v in part} for part in (order[:cut], order[cut:end])
    ]
    both, given_part = 0.0, 0.0
    for values in product(*map(range, model.cards)):
        if all(values[v] == value for v, value in events[1].items()):
            given_part += table[values]
            both += table[values] * all(values[v] == value for v, value in events[0].items())
    assert probability(table, term(*events)) == pytest.approx(both / given_part)
    assert marginal(table, events[0]) == pytest.approx(probability(table, term(events[0])))


def test_a_condition_that_never_holds_divides_by_zero() -> None:
    model = SCM(DAG((0, 1)), (np.array([1.0, 0.0]), np.full((2, 2), 0.5)))
    with pytest.raises(ZeroDivisionError):
        probability(joint(model), term({1: 0}, {0: 1}))


def test_too_large_a_joint_is_refused() -> None:
    model = random_scm(DAG((0,) * 23), np.random.default_rng(0))
    with pytest.raises(UserError, match="too large"):
        joint(model)
    small = random_scm(DAG((0,) * 14), np.random.default_rng(0))
    assert joint(small, {3: 1}).sum() == pytest.approx(1)
