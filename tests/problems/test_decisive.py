from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rungwise.causal.graph import DAG
from rungwise.causal.inference import marginal_joint
from rungwise.causal.scm import random_dag, random_scm
from rungwise.errors import UserError
from rungwise.problems.check import check_problem
from rungwise.problems.decisive import fit_model, sample_decisive
from rungwise.problems.problem import TASKS, TOLERANCE
from rungwise.problems.recipe import Recipe
from rungwise.problems.streams import make_dice
from rungwise.wording import natural, slots


@pytest.mark.parametrize("name", TASKS)
def test_only_the_graph_tells_a_pair_apart(name: str) -> None:
    for i in range(6):
        recipe = Recipe(split=("test", "train")[i % 2], zero=0.3)
        pair = a, b = sample_decisive(name, recipe, make_dice("pair", name, i))
        assert (a.facts, a.query, a.variables, a.letters) == (b.facts, b.query, b.variables, b.letters)
        assert a.graph != b.graph
        assert a.truth is not None
        assert b.truth is not None
        assert abs((a.truth.value or 0) - (b.truth.value or 0)) > TOLERANCE
        assert a.meta["right"] != b.meta["right"]
        assert a.meta["pair"] == b.meta["pair"]
        assert a.id != b.id
        for problem in pair:
            assert problem.meta["split"] == recipe.split
            assert check_problem(problem, thorough=i < 2) == []
        # The texts differ in the sentence that states the graph, and in nothing else.
        shown, other = ([*slots.text(p).splitlines(), *natural.text(p).splitlines()] for p in pair)
        assert [k for k, (s, t) in enumerate(zip(shown, other, strict=True)) if s != t] == [0, 3]


def test_pairs_are_determined_by_their_stream_and_have_names_of_their_own() -> None:
    recipe = Recipe(menus={"single": 1.0, "published": 1.0})
    pairs = [sample_decisive("ATE", recipe, make_dice("own", i)) for i in (0, 1, 0)]
    assert [p.to_dict() for p in pairs[0]] == [p.to_dict() for p in pairs[2]]
    assert pairs[0][0].meta["pair"] != pairs[1][0].meta["pair"]
    assert {p[0].meta["menu"] for p in pairs} == {"single"}


def test_the_second_graph_comes_first_as_often() -> None:
    """Nothing about the order of a pair says which one's model was fitted."""
    denser = [np.sign(len(a.graph.edges) - len(b.graph.edges)) for a, b in some_pairs(60)]
    assert abs(sum(denser)) < 4.2 * 60**0.5


def some_pairs(number: int) -> list[tuple[object, object]]:
    return [sample_decisive("ATE", Recipe(), make_dice("order", i)) for i in range(number)]


def test_published_facts_give_no_pairs() -> None:
    with pytest.raises(UserError, match="published"):
        sample_decisive("ATE", Recipe(menus={"published": 1.0}), make_dice(0))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_a_fitted_model_has_the_distribution_it_is_given(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 6))
    model = random_scm(random_dag(n, 0.6, rng), rng, low=0.03, high=0.97)
    roles = tuple(int(v) for v in rng.permutation(n)[: rng.integers(2, n + 1)])
    p = marginal_joint(model, roles)
    drawn = random_dag(n, 0.5, rng)
    # Every role has all the roles before it as parents; the other edges are as drawn.
    before = {v: [u for u in drawn.order[: drawn.order.index(v)] if u in roles] for v in roles}
    graph = DAG.from_edges(n, {*drawn.edges, *((u, v) for v in roles for u in before[v])})
    fitted = fit_model(graph, roles, p, rng, (0.03, 0.97))
    fitted.check()
    np.testing.assert_allclose(marginal_joint(fitted, roles), p, atol=1e-12)
    if any(u not in roles and v in roles for u, v in graph.edges):
        spread = [
            np.ptp(t[..., 0], axis=_axes(graph, v, roles)).max() for v, t in enumerate(fitted.tables) if v in roles
        ]
        assert max(spread) > 1e-3  # the undisplayed causes do something


def _axes(graph: DAG, v: int, roles: tuple[int, ...]) -> tuple[int, ...]:
    parents = [u for u in range(graph.n) if graph.has_edge(u, v)]
    return tuple(i for i, u in enumerate(parents) if u not in roles)
