from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rungwise.causal.counterfactual import nested_mean, pair_joint, pn_ps_bounds
from rungwise.causal.graph import DAG, bits
from rungwise.causal.inference import joint
from rungwise.causal.scm import SCM, random_scm
from rungwise.errors import UserError

from .strategies import models, outcome_of, worlds

few = settings(max_examples=25, deadline=None)


@few
@given(st.data())
def test_two_worlds_are_what_their_selectors_make_of_them(data: st.DataObject) -> None:
    model = data.draw(models(1, 3, (2,)))
    n = model.graph.n
    do1, do2 = ({v: data.draw(st.integers(0, 1)) for v in range(n) if data.draw(st.booleans())} for _ in range(2))
    expected = np.zeros((2,) * (2 * n))
    for chance, responses in worlds(model):
        expected[(*outcome_of(model, responses, do1), *outcome_of(model, responses, do2))] += chance
    np.testing.assert_allclose(pair_joint(model, do1, do2), expected, atol=1e-12)


@few
@given(st.data())
def test_each_world_by_itself_is_the_ordinary_one(data: st.DataObject) -> None:
    model = data.draw(models(2, 4, (2, 3)))
    assume(np.prod(model.cards) < 200)
    n = model.graph.n
    do = {data.draw(st.integers(0, n - 1)): 1}
    both = pair_joint(model, {}, do)
    assert both.shape == model.cards + model.cards
    np.testing.assert_allclose(both.sum(axis=tuple(range(n, 2 * n))), joint(model), atol=1e-12)
    np.testing.assert_allclose(both.sum(axis=tuple(range(n))), joint(model, do), atol=1e-12)
    same = pair_joint(model)
    np.testing.assert_allclose(np.einsum(same, [*range(n), *range(n)], range(n)), joint(model), atol=1e-12)


@few
@given(st.data())
def test_a_nested_counterfactual_is_what_the_selectors_make_of_it(data: st.DataObject) -> None:
    model = data.draw(models(2, 3, (2,)))
    x, y = data.draw(st.permutations(range(model.graph.n)))[:2]
    a, b, value = (data.draw(st.integers(0, 1)) for _ in range(3))
    mediators = list(bits(model.graph.mediators(x, y)))
    expected = 0.0
    for chance, responses in worlds(model):
        kept = outcome_of(model, responses, {x: b})
        seen = outcome_of(model, responses, {x: a, **{m: kept[m] for m in mediators}})
        expected += chance * (seen[y] == value)
    assert nested_mean(model, {x: a}, {x: b}, {y: value}) == pytest.approx(expected)


def test_too_large_a_pair_is_refused() -> None:
    model = random_scm(DAG((0,) * 12), np.random.default_rng(0))
    with pytest.raises(UserError, match="two worlds"):
        pair_joint(model)


@settings(max_examples=25, deadline=None)
@given(models(2, 4, (2,)), st.sampled_from([(0, 0), (0, 1), (1, 0), (1, 1)]))
def test_the_linear_programme_gives_the_published_bounds(model: SCM, seen: tuple[int, int]) -> None:
    """Tian & Pearl 2000, equations 11 to 14, written for any observed x and y."""
    x, y = seen
    natural = joint(model).sum(axis=tuple(range(2, model.graph.n)))
    effects = np.stack(
        [joint(model, {0: a}).sum(axis=tuple(v for v in range(model.graph.n) if v != 1)) for a in (0, 1)]
    )
    low = (natural[:, y].sum() - effects[1 - x, y]) / natural[x, y]
    high = (effects[1 - x, 1 - y] - natural[1 - x, 1 - y]) / natural[x, y]
    assert pn_ps_bounds(natural, effects, seen) == pytest.approx((max(0, low), min(1, high)), abs=1e-6)


def test_impossible_distributions_are_refused() -> None:
    even = np.full((2, 2), 0.25)
    with pytest.raises(UserError, match="contradict"):
        pn_ps_bounds(even, np.array([[1.0, 0.0], [0.5, 0.5]]), (1, 1))
    with pytest.raises(UserError, match="never seen"):
        pn_ps_bounds(np.array([[0.5, 0.5], [0.0, 0.0]]), even * 2, (1, 1))


def test_without_scipy_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    with pytest.raises(UserError, match="pip install scipy"):
        pn_ps_bounds(np.full((2, 2), 0.25), np.full((2, 2), 0.5), (1, 1))
