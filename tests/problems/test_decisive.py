from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rungwise.causal.graph import DAG, mask_of
from rungwise.causal.inference import marginal_joint
from rungwise.causal.scm import random_dag, random_scm
from rungwise.errors import UserError
from rungwise.problems.check import check_problem
from rungwise.problems.decisive import PairWish, sample_decisive
from rungwise.problems.fitted import fit_model
from rungwise.problems.problem import EFFECTS, TASKS, TOLERANCE, Problem
from rungwise.problems.recipe import Recipe
from rungwise.problems.sampler import Wish, settle_problems
from rungwise.problems.second import Sought, second_structures
from rungwise.problems.streams import make_dice, split_of
from rungwise.problems.structure import Structure
from rungwise.problems.tasks import task
from rungwise.wording import natural, slots


def over_roles(structure: Structure) -> DAG:
    return DAG(tuple(mask_of(np.flatnonzero(causes).tolist()) for causes in structure.effects.T))


def some(name: str, number: int, recipe: Recipe, *key: object, **wish: bool) -> list[tuple[Problem, Problem]]:
    return list(sample_decisive([PairWish(name, make_dice(*key, i), **wish) for i in range(number)], recipe))


@pytest.mark.parametrize("name", TASKS)
def test_only_the_graph_tells_a_pair_apart(name: str) -> None:
    pairs = [one for split in ("test", "train") for one in some(name, 4, Recipe(split=split, zero=0.3), split, name)]
    for i, pair in enumerate(pairs):
        a, b = pair
        assert (a.facts, a.query, a.variables, a.letters) == (b.facts, b.query, b.variables, b.letters)
        assert a.graph != b.graph
        assert a.truth is not None
        assert b.truth is not None
        assert abs((a.truth.value or 0) - (b.truth.value or 0)) > TOLERANCE
        assert a.meta["right"] != b.meta["right"]
        assert a.meta["pair"] == b.meta["pair"]
        assert a.id != b.id
        for problem in pair:
            assert problem.meta["split"] == ("test", "train")[i // 4]
            assert check_problem(problem, thorough=True) == []
        # The texts differ in the sentence that states the graph, and in nothing else.
        shown, other = ([*slots.text(p).splitlines(), *natural.text(p).splitlines()] for p in pair)
        assert [k for k, (s, t) in enumerate(zip(shown, other, strict=True)) if s != t] == [0, 3]


def test_pairs_are_determined_by_their_stream_and_have_names_of_their_own() -> None:
    recipe = Recipe(menus={"single": 1.0, "published": 1.0})
    pairs = list(sample_decisive([PairWish("ATE", make_dice("own", i)) for i in (0, 1, 0)], recipe))
    assert [p.to_dict() for p in pairs[0]] == [p.to_dict() for p in pairs[2]]
    assert pairs[0][0].meta["pair"] != pairs[1][0].meta["pair"]
    assert {p[0].meta["menu"] for p in pairs} == {"single"}


def test_the_second_graph_comes_first_as_often() -> None:
    """Nothing about the order of a pair says which one's model was fitted."""
    denser = [np.sign(len(a.graph.edges) - len(b.graph.edges)) for a, b in some("ATE", 400, Recipe(), "order")]
    assert abs(sum(denser)) < 4.2 * 400**0.5


@pytest.mark.parametrize("name", TASKS)
def test_pairs_are_as_wished(name: str) -> None:
    values = [[p.truth.value for p in pair] for pair in some(name, 12, Recipe(), "zero", zero=True)]
    assert all(sum(value == 0 for value in pair) == 1 for pair in values)
    if name not in EFFECTS:
        assert all(p.truth.value for pair in some(name, 12, Recipe(), "none", zero=False) for p in pair)
        return
    for yes in (True, False):
        wanted = {"Yes" if yes else "No"}
        for pair in some(name, 8, Recipe(), "one", yes, zero=True, yes=yes):
            assert {p.truth.answer for p in pair if p.truth.value} == wanted
        for pair in some(name, 8, Recipe(), "alike", yes, zero=False, opposite=False, yes=yes):
            assert {p.truth.answer for p in pair} == wanted
    unlike = some(name, 40, Recipe(), "unlike", zero=False, opposite=True)
    assert all(a.truth.value * b.truth.value < 0 for a, b in unlike)
    # Which of the two graphs is the one with Yes says nothing either.
    denser = [np.sign(len(a.graph.edges) - len(b.graph.edges)) * (1 if a.truth.value > 0 else -1) for a, b in unlike]
    assert abs(sum(denser)) < 4.2 * 40**0.5


def test_pairs_do_not_depend_on_what_is_made_with_them() -> None:
    recipe = Recipe(zero=0.2)
    wishes = [(name, i) for i in range(4) for name in TASKS]
    together = list(sample_decisive([PairWish(name, make_dice("own", name, i)) for name, i in wishes], recipe))
    for (name, i), pair in zip(wishes, together, strict=True):
        (alone,) = sample_decisive([PairWish(name, make_dice("own", name, i))], recipe)
        assert [p.to_dict() for p in alone] == [p.to_dict() for p in pair]


def test_published_facts_give_no_pairs() -> None:
    with pytest.raises(UserError, match="published"):
        some("ATE", 1, Recipe(menus={"published": 1.0}))


def test_where_there_is_no_pair_the_error_says_so() -> None:
    # The test split has 6 such shapes on 4 nodes, and none of their pairs shares a distribution.
    with pytest.raises(UserError, match=r"no pair of NIE problems .* nodes \[4\] .* 'test'"):
        some("NIE", 1, Recipe(nodes={4: 1.0}), "none", zero=False)


@pytest.mark.parametrize("name", TASKS)
def test_second_structures_by_the_rules_of_the_task_files(name: str) -> None:
    """What is looked at 64 a word, decided again graph by graph."""
    recipe = Recipe(nodes={4: 0.5, 5: 0.5}, menus={"either": 0.6, "joint": 0.4})
    wishes = [Wish(name, make_dice("rules", name, i), zero=False) for i in range(24)]
    firsts = [one.asked for one in settle_problems(wishes, recipe)]
    zeros = [i % 4 == 0 and name in EFFECTS for i in range(24)]
    places = [
        None if zero else tuple([at for at in range(len(a.structure.shown)) if at != a.structure.place])
        for a, zero in zip(firsts, zeros, strict=True)
    ]
    sought = [Sought(name, a.structure, p, w.dice) for a, p, w in zip(firsts, places, wishes, strict=True)]
    found = second_structures(sought, recipe)
    assert sum(one is not None for one in found) > 6
    rules = task(name)
    for one, first, zero in zip(found, firsts, zeros, strict=True):
        if one is None:
            continue
        like, q, graph = first.structure, first.plan.q, over_roles(one)
        assert (one.k, one.held, one.shown) == (like.k, like.held, like.shown)
        acts = graph.has_path(0, 1) if name not in EFFECTS else not rules.is_zero(graph, q)
        assert acts != zero
        assert [r for r in one.shown if acts and rules.is_valid(graph, q, *r)] == ([] if zero else [one.right])
        assert one.right != like.right
        assert name != "CDE" or graph.mediators(0, 1) == one.held
        assert one.shape == Problem(graph, (), q, ()).shape
        assert split_of(one.shape) == recipe.split
        # In some causal order every displayed variable has the displayed ones before it as parents, or is independent
        # of those it lacks in the first graph.
        assert any(carries(order, graph, over_roles(like), like.k) for order in orders(graph))


def orders(graph: DAG) -> list[tuple[int, ...]]:
    return [o for o in permutations(range(graph.n)) if all(o.index(a) < o.index(b) for a, b in graph.edges)]


def carries(order: tuple[int, ...], graph: DAG, first: DAG, k: int) -> bool:
    displayed = (1 << k) - 1
    for at, v in enumerate(order):
        kept = graph.parents[v] & displayed
        lacked = mask_of(order[:at]) & displayed & ~kept
        hidden = graph.parents[v] & ~displayed
        if v < k and lacked and (hidden or not first.d_separated(1 << v, lacked, kept)):
            return False
    return True


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
