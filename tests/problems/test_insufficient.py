from __future__ import annotations

from collections import Counter
from itertools import product
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rungwise.causal.estimand import Expr, Term, number, prob, term
from rungwise.causal.graph import DAG, bits
from rungwise.causal.scm import SCM, random_dag, random_scm
from rungwise.problems.check import check_problem
from rungwise.problems.insufficient import LackWish, sample_insufficient
from rungwise.problems.plan import Plan
from rungwise.problems.polarity import twin
from rungwise.problems.problem import LACK_CONDITION, TASKS, TOLERANCE, Problem, Query
from rungwise.problems.recipe import Recipe
from rungwise.problems.solve import solve
from rungwise.problems.streams import make_dice
from rungwise.problems.structure import Structure
from rungwise.problems.tasks import task
from rungwise.problems.witness import AGREED, LEAST, Case, Witness, find_witnesses
from rungwise.scoring.score import score
from rungwise.wording.answers import solution_text


def worlds(model: SCM) -> list[tuple[tuple[int, ...], float]]:
    """Every assignment with its probability, by the chain rule."""
    out = []
    for values in product((0, 1), repeat=model.graph.n):
        p = 1.0
        for v, parents in enumerate(model.graph.parents):
            p *= model.tables[v][(*(values[u] for u in bits(parents)), values[v])]
        out.append((values, p))
    return out


def probability(model: SCM, asked: Term) -> float:
    def total(event: tuple[tuple[int, int], ...]) -> float:
        return sum(p for values, p in worlds(model) if all(values[v] == value for v, value in event))

    return total(asked.target + asked.given) / total(asked.given)


def pairs(number: int) -> list[tuple[Problem, Problem]]:
    wishes = [LackWish(TASKS[i % 7], make_dice("lack", i)) for i in range(number)]
    return list(sample_insufficient(wishes, Recipe(zero=0.0)))


@pytest.fixture(scope="module")
def some() -> list[tuple[Problem, Problem]]:
    return pairs(28)


def test_both_models_show_the_same_numbers_and_differ_in_the_value(some: list[tuple[Problem, Problem]]) -> None:
    for lack, _ in some:
        assert lack.model is not None
        second = SCM.from_dict(lack.graph, lack.meta["witness"])
        second.check()
        for fact in lack.facts:
            for model in (lack.model, second):
                assert abs(probability(model, fact.term) - fact.value) <= 0.5e-4 + 1e-9
            assert abs(probability(second, fact.term) - probability(lack.model, fact.term)) <= 2 * AGREED
        # The value by the right reading, from each model's own probabilities.
        right = lack.meta["right"]
        estimand = task(lack.query.task).estimand(lack.query, *right, [2] * lack.graph.n)
        first, other = (
            estimand.evaluate(lambda t, model=model: probability(model, t)) for model in (lack.model, second)
        )
        assert abs(first - other) > LEAST > 2 * TOLERANCE
        assert other == pytest.approx(lack.meta["witness"]["value"], abs=1e-9)


def test_a_pair_lacks_as_many_facts_and_only_one_of_them_matters(some: list[tuple[Problem, Problem]]) -> None:
    for lack, control in some:
        assert check_problem(lack) == []
        assert check_problem(control, thorough=True) == []
        assert lack.graph == control.graph
        assert lack.query == control.query
        assert lack.meta["pair"] == control.meta["pair"]
        assert len(lack.facts) == len(control.facts)
        assert len(lack.meta["removed"]) == len(control.meta["removed"])
        assert solve(lack).answer == LACK_CONDITION
        assert control.truth is not None
        assert solve(control).value == pytest.approx(control.truth.value, abs=1e-9)
        for view in ("natural", "formal", "slots"):
            assert lack.answer_text(view) == LACK_CONDITION
            assert score(LACK_CONDITION, lack, view).score == 1
            assert score(control.answer_text(view), control, view).score == 1
            assert score(control.answer_text(view), lack, view).score == 0
            assert score(LACK_CONDITION, control, view).score == 0
            assert solution_text(lack, view).endswith(LACK_CONDITION)
        other = twin(lack)
        if other is not None:
            assert check_problem(other) == []
            assert other.id == lack.meta["twin"]


def test_the_witness_is_checked(some: list[tuple[Problem, Problem]]) -> None:
    lack = some[0][0]
    assert lack.model is not None
    same = {**lack.model.to_dict(), "value": lack.meta["witness"]["value"]}
    faults = check_problem(lack.with_(meta={**lack.meta, "witness": same}))
    assert any("no other value" in fault for fault in faults)
    rng = np.random.default_rng(0)
    stranger = {**random_scm(lack.graph, rng).to_dict(), "value": 0.5}
    faults = check_problem(lack.with_(meta={**lack.meta, "witness": stranger}))
    assert any("does not agree with the facts" in fault for fault in faults)
    assert any("not 0.5" in fault for fault in faults)


def test_what_facts_are_missing_says_little() -> None:
    """The best rule that looks at the kind of the missing facts alone, on pairs of one task."""
    seen: Counter[tuple[object, bool]] = Counter()
    wishes = [LackWish("ETT", make_dice("kind", i)) for i in range(400)]
    for pair in sample_insufficient(wishes, Recipe(zero=0.0)):
        for problem, lacks in zip(pair, (1, 0), strict=True):
            outcome = problem.query.outcome
            kinds = tuple(sorted((outcome in dict(t), len(g)) for t, g in problem.meta["removed"]))
            seen[kinds, lacks] += 1
    right = sum(max(seen[kind, True], seen[kind, False]) for kind in {kind for kind, _ in seen})
    assert right / 800 < 0.75


def case(model: SCM, shown: list[Term], estimand: Expr) -> Case:
    """Every node a role of its own number."""
    n = model.graph.n
    terms = tuple(dict.fromkeys([*shown, *estimand.terms()]))
    cells = list(product((0, 1), repeat=n))

    def holds(event: tuple[tuple[int, int], ...]) -> list[bool]:
        return [all(cell[v] == value for v, value in event) for cell in cells]

    joints, conditions = (np.array([holds(e) for e in events], dtype=float) for events in (
        [t.target + t.given for t in terms], [t.given for t in terms]))  # fmt: skip
    plan = Plan(Query("ATE", 0, 1, 1, 0, 1), (2,) * n, terms, joints, conditions, (estimand,))
    effects = np.array([[model.graph.has_edge(a, b) for b in range(n)] for a in range(n)])
    structure = Structure(effects, n, 0, ((0, 0),), (0, 0), "", n)
    return Case(structure, range(n), model, plan, [t in shown for t in terms], 0)


def find_witness(model: SCM, shown: list[Term], estimand: Expr) -> Witness | None:
    return find_witnesses([case(model, shown, estimand)])[0]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_what_the_facts_determine_has_no_witness(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 6))
    model = random_scm(random_dag(n, 0.6, rng), rng, low=0.1, high=0.9)
    x, y, z = (int(v) for v in rng.permutation(n)[:3])
    both = [term({y: 1}, {x: 1, z: value}) for value in (0, 1)]
    mean = prob({y: 1}, {x: 1})
    # Shown itself; by its complement; by total probability.
    assert find_witness(model, [term({y: 1}, {x: 1})], mean) is None
    assert find_witness(model, [term({y: 0}, {x: 1})], mean) is None
    assert find_witness(model, [*both, term({z: 1}, {x: 1})], mean) is None


def test_the_graph_alone_can_determine_a_value() -> None:
    model = random_scm(DAG.from_edges(3, [(0, 1), (1, 2)]), np.random.default_rng(1), low=0.2, high=0.8)
    through = [term({1: 1}, {0: 1}), term({2: 1}, {1: 0}), term({2: 1}, {1: 1})]
    assert find_witness(model, through, prob({2: 1}, {0: 1})) is None  # 2 depends on 0 through 1 only
    found = find_witness(model, through[:2], prob({2: 1}, {0: 1}))
    assert found is not None
    second, first_value, second_value = found
    assert abs(first_value - second_value) > 0.01
    assert probability(model, term({2: 1}, {0: 1})) == pytest.approx(first_value, abs=1e-12)
    assert probability(second, term({2: 1}, {0: 1})) == pytest.approx(second_value, abs=1e-12)
    for t in through[:2]:
        assert probability(second, t) == pytest.approx(probability(model, t), abs=1e-12)


def test_what_is_not_found_at_once_is_tried_with_smaller_steps() -> None:
    """A value at the edge of what the facts allow: one direction is closed, long steps lead out of the limits."""
    model = random_scm(DAG.from_edges(2, [(0, 1)]), np.random.default_rng(0), low=0.011, high=0.013)
    found = find_witness(model, [term({0: 1})], prob({1: 1}, {0: 1}) - number(0))
    assert found is not None
    assert found.first - found.second > LEAST


def test_pairs_are_those_of_their_dice() -> None:
    recipe = Recipe(zero=0.0)
    wishes = [(name, i) for i in range(3) for name in TASKS]
    together = list(sample_insufficient([LackWish(name, Random(i)) for name, i in wishes], recipe))
    for (name, i), pair in zip(wishes, together, strict=True):
        (alone,) = sample_insufficient([LackWish(name, Random(i))], recipe)
        assert [p.to_dict() for p in alone] == [p.to_dict() for p in pair]


def test_redundant_facts_are_left_out() -> None:
    """They would have to stand still too."""
    wishes = [LackWish(name, Random(1)) for name in TASKS]
    for pair in sample_insufficient(wishes, Recipe(zero=0.0, redundant=(4, 10))):
        assert [check_problem(problem) for problem in pair] == [[], []]
