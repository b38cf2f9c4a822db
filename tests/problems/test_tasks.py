"""For random graphs and models: every valid reading's estimand is the value that the full model has."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rungwise.causal.counterfactual import nested_mean, pair_joint, pn_ps_bounds
from rungwise.causal.graph import DAG, bits, subsets
from rungwise.causal.inference import joint, marginal, probability
from rungwise.causal.scm import SCM, random_dag, random_scm
from rungwise.problems.menu import MENUS, displayed_terms, readings
from rungwise.problems.problem import TASKS, Query
from rungwise.problems.tasks import task


def random_question(name: str, graph: DAG, rng: np.random.Generator, cards: tuple[int, ...]) -> Query:
    x, y = (int(v) for v in rng.permutation(graph.n)[:2])
    if name in ("PN", "PS") and graph.edges:  # asked where treatment causes outcome
        x, y = graph.edges[rng.integers(len(graph.edges))]
    value = int(rng.integers(cards[x]))
    other = int((value + 1 + rng.integers(cards[x] - 1)) % cards[x])
    held = ()
    if name == "CDE":
        held = tuple((m, int(rng.integers(cards[m]))) for m in bits(graph.mediators(x, y)))
    bound = str(rng.choice(["lower", "upper"])) if name in ("PN", "PS") else None
    return Query(name, x, y, value, other, int(rng.integers(cards[y])), held, bound)


def reference(model: SCM, q: Query) -> float:
    """The value by joint distributions under do(), by the pair factor, or by the linear programme."""
    x, x_ref, y = {q.treatment: q.x}, {q.treatment: q.x_ref}, {q.outcome: q.y}
    if q.task in ("ATE", "CDE"):
        held = dict(q.held)
        return marginal(joint(model, {**x, **held}), y) - marginal(joint(model, {**x_ref, **held}), y)
    if q.task == "ETT":
        worlds = pair_joint(model, {}, x)
        changed = marginal(worlds, {**x_ref, model.graph.n + q.outcome: q.y})
        return (marginal(worlds, {**x_ref, **y}) - changed) / marginal(worlds, x_ref)
    if q.task == "NDE":
        return nested_mean(model, x, x_ref, y) - nested_mean(model, x_ref, x_ref, y)
    if q.task == "NIE":
        return nested_mean(model, x_ref, x, y) - nested_mean(model, x_ref, x_ref, y)
    table = joint(model)
    natural = np.array([[marginal(table, {q.treatment: a, q.outcome: b}) for b in (0, 1)] for a in (0, 1)])
    effects = np.array([[marginal(joint(model, {q.treatment: a}), {q.outcome: b}) for b in (0, 1)] for a in (0, 1)])
    return pn_ps_bounds(natural, effects, (q.x_ref, 1 - q.y))[q.bound == "upper"]


def valid_readings(graph: DAG, q: Query) -> list[tuple[int, int]]:
    rest = (1 << graph.n) - 1 & ~(1 << q.treatment | 1 << q.outcome)
    held = sum(1 << v for v, _ in q.held)
    mediators = [held] if q.task == "CDE" else list(subsets(rest))
    found = [(ms, zs) for ms in mediators for zs in subsets(rest & ~ms)]
    return [reading for reading in found if task(q.task).is_valid(graph, q, *reading)]


@pytest.mark.parametrize("name", TASKS)
@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.booleans())
def test_valid_readings_give_the_value_of_the_full_model(name: str, seed: int, many_values: bool) -> None:
    rng = np.random.default_rng(seed)
    graph = random_dag(int(rng.integers(3, 6)), rng.uniform(0.3, 0.9), rng)
    cards = (2,) * graph.n
    if many_values and name not in ("PN", "PS"):
        cards = tuple(int(c) for c in rng.integers(2, 4 if graph.n < 5 else 3, graph.n))
    q = random_question(name, graph, rng, cards)
    assume(name not in ("PN", "PS") or graph.has_path(q.treatment, q.outcome))
    model = random_scm(graph, rng, cards, dirichlet=3.0)
    table, rules = joint(model), task(name)
    exact = rules.true_value(model, q)
    assert exact == pytest.approx(reference(model, q), abs=1e-6)
    if rules.is_zero(graph, q):
        assert exact == pytest.approx(0, abs=1e-12)
    for reading in valid_readings(graph, q):
        value = rules.estimand(q, *reading, cards).evaluate(lambda t: probability(table, t))
        assert float(value) == pytest.approx(exact, abs=1e-9), reading


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_a_value_that_is_not_zero_by_structure_is_not_zero(seed: int) -> None:
    rng = np.random.default_rng(seed)
    graph = random_dag(4, 0.6, rng)
    model = random_scm(graph, rng)
    for name in ("ATE", "CDE", "ETT", "NDE", "NIE"):
        q = random_question(name, graph, rng, model.cards)
        assert (abs(task(name).true_value(model, q)) < 1e-9) == task(name).is_zero(graph, q)


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize("menu", MENUS)
def test_a_menu_shows_what_its_readings_need_and_its_readings_differ(name: str, menu: str) -> None:
    if (name, menu) == ("NIE", "single"):
        pytest.skip("NIE has no single menu")
    bound = "lower" if name in ("PN", "PS") else None
    q = Query(name, 0, 1, 1, 0, 1, ((4, 1),) if name == "CDE" else (), bound)
    shown = readings(name, menu, (2, 3), 1 << 4 if name == "CDE" else 0)
    assert len(set(shown)) == len(shown) >= 2
    terms = displayed_terms(q, shown, (2,) * 5)
    assert len(set(terms)) == len(terms)
    needed = [set(task(name).estimand(q, *reading, (2,) * 5).terms()) for reading in shown]
    assert set(terms) == set.union(*needed)
