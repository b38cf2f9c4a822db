from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from rungwise.causal.estimand import number, prob
from rungwise.errors import UserError
from rungwise.problems.check import check_problem
from rungwise.problems.menu import MENUS
from rungwise.problems.problem import EFFECTS, TASKS, TOLERANCE, Problem
from rungwise.problems.recipe import Recipe
from rungwise.problems.sampler import sample_problem
from rungwise.problems.streams import SPLITS, make_dice, split_of, stream
from rungwise.problems.tasks import task
from rungwise.wording import slots

ALL_MENUS = (*MENUS, "published")


def value_of(problem: Problem, reading: list[int]) -> float:
    cards = [len(v.labels) for v in problem.variables]
    numbers = {fact.term: fact.value for fact in problem.facts}
    return float(task(problem.query.task).estimand(problem.query, *reading, cards).evaluate(numbers.__getitem__))


@pytest.mark.parametrize("menu", ALL_MENUS)
@pytest.mark.parametrize("name", TASKS)
def test_every_check_passes(name: str, menu: str) -> None:
    for i, split in enumerate([*SPLITS] * 3):
        recipe = Recipe(menus={menu: 1.0}, split=split, zero=0.3, names="nonsense" if i % 2 else "real")
        problem = sample_problem(name, recipe, make_dice("checked", name, menu, i))
        assert check_problem(problem, thorough=i < 3) == []
        assert problem.meta["split"] == split
        for reading in problem.meta["readings"]:
            right = reading == problem.meta["right"]
            assert problem.truth is not None
            assert problem.truth.value is not None
            off = abs(value_of(problem, reading) - problem.truth.value)
            assert off < 1e-9 if right else problem.meta["right"] is None or off > TOLERANCE


@pytest.mark.parametrize("name", TASKS)
def test_the_same_stream_gives_the_same_problem(name: str) -> None:
    first = [sample_problem(name, Recipe(), make_dice("same", name, i)).to_dict() for i in range(4)]
    # In another order, after other problems: nothing that is remembered may show.
    sample_problem("CDE", Recipe(split="train"), make_dice("other"))
    again = [sample_problem(name, Recipe(), make_dice("same", name, i)).to_dict() for i in reversed(range(4))]
    assert first == again[::-1]
    assert len({problem["id"] for problem in first}) == 4


@pytest.mark.parametrize("name", TASKS)
def test_a_problem_survives_json(name: str) -> None:
    problem = sample_problem(name, Recipe(), make_dice("json", name))
    again = Problem.from_dict(json.loads(json.dumps(problem.to_dict())))
    assert again.to_dict() == problem.to_dict()
    assert again.id == problem.id
    assert (again.facts, again.truth, again.steps, again.graph) == (
        problem.facts,
        problem.truth,
        problem.steps,
        problem.graph,
    )
    assert check_problem(again) == []


def test_splits_share_no_shape_and_streams_are_never_shared() -> None:
    shapes: dict[str, set[str]] = {split: set() for split in SPLITS}
    ids = set()
    for split in SPLITS:
        for name in TASKS:
            for i in range(12):
                problem = sample_problem(name, Recipe(split=split), make_dice(0, "suite", split, name, i))
                shapes[split].add(problem.shape)
                ids.add(problem.id)
    train, validation, test = shapes.values()
    assert train.isdisjoint(validation)
    assert test.isdisjoint(train | validation)
    assert len(ids) == 3 * 7 * 12
    keys = [(seed, suite, name, i) for seed in range(3) for suite in "ab" for name in TASKS for i in range(40)]
    first = {stream(*key).integers(2**63) for key in [*keys, ("a/b",), ("a", "b"), ("a\\", "b"), ("a\\/b",)]}
    assert len(first) == len(keys) + 4


def test_each_split_has_its_share_of_shapes() -> None:
    counts = Counter(split_of(f"ATE:{i}") for i in range(4000))
    for split, share in SPLITS.items():
        assert counts[split] / 4000 == pytest.approx(share, abs=0.03)


@pytest.mark.parametrize("menu", MENUS)
@pytest.mark.parametrize("name", TASKS)
def test_no_reading_is_right_more_often_than_another(name: str, menu: str) -> None:
    if (name, menu) == ("NIE", "single"):
        pytest.skip("NIE has no single menu")
    recipe = Recipe(menus={menu: 1.0}, nodes={4: 0.4, 5: 0.6}, zero=0.0)
    drawn = [sample_problem(name, recipe, make_dice("even", name, menu, i)).meta for i in range(120)]
    counts = Counter(meta["readings"].index(meta["right"]) for meta in drawn)
    expected = 120 / len(drawn[0]["readings"])
    # The chance that a fair draw strays so far, anywhere in these tests, is below 1 in 1,000.
    for place in range(len(drawn[0]["readings"])):
        assert abs(counts[place] - expected) < 4.2 * expected**0.5


@pytest.mark.parametrize("name", TASKS)
def test_zeros_have_their_share_and_are_marked(name: str) -> None:
    drawn = [sample_problem(name, Recipe(zero=0.3), make_dice("zeros", name, i)) for i in range(120)]
    zeros = sum(p.meta["zero"] for p in drawn)
    assert abs(zeros - 36) < 4.2 * (120 * 0.3 * 0.7) ** 0.5
    for p in drawn:
        assert p.truth is not None
        assert p.meta["zero"] == (p.truth.value == 0)
        assert (p.meta["right"] is None) == (p.meta["zero"] and name in EFFECTS)
    assert not any(sample_problem(name, Recipe(zero=0.0), make_dice(name, i)).meta["zero"] for i in range(20))


@pytest.mark.parametrize("name", TASKS)
def test_drawing_symbols_anew_keeps_the_truth(name: str) -> None:
    for i in range(8):
        problem = sample_problem(name, Recipe(), make_dice("redraw", name, i))
        moved = slots.redraw(problem, stream("moved", name, i))
        assert moved.truth == problem.truth
        assert (moved.meta["right"] is None) == (problem.meta["right"] is None)
        assert moved.shape == problem.shape
        if moved.meta["right"] is not None:
            assert moved.truth is not None
            assert value_of(moved, moved.meta["right"]) == pytest.approx(moved.truth.value, abs=1e-9)
            assert task(name).is_valid(moved.graph, moved.query, *moved.meta["right"])
        else:
            assert task(name).is_zero(moved.graph, moved.query)


def test_letters_and_difficulty_are_recorded() -> None:
    problem = sample_problem("CDE", Recipe(nodes={5: 1.0}, menus={"either": 1.0}, zero=0.0), make_dice("hard"))
    letters, difficulty = problem.meta["letters"], problem.meta["difficulty"]
    assert len(set(letters)) == 5
    assert set(letters) <= set(slots.LETTERS)
    assert problem.letters == tuple(letters)
    assert all(any(letter in step.content for letter in letters) for step in problem.steps if step.kind == "path")
    ms, zs = problem.meta["right"]
    needed = task("CDE").estimand(problem.query, ms, zs, [2] * 5)
    assert difficulty == {
        "nodes": 5,
        "edges": len(problem.graph.edges),
        "adjustment": zs.bit_count(),
        "mediators": ms.bit_count(),
        "facts": len(problem.facts),
        "distractors": len(problem.facts) - len(set(needed.terms())),
        "operations": difficulty["operations"],
    }
    a, b = prob({0: 1}), prob({1: 1})
    assert ((a - b) * a + b).operations == 3
    assert number(0).operations == 0


def test_node_numbers_say_nothing_about_the_roles() -> None:
    drawn = [sample_problem("ATE", Recipe(nodes={4: 1.0}), make_dice("roles", i)) for i in range(160)]
    for counts in (Counter(p.query.treatment for p in drawn), Counter(p.query.outcome for p in drawn)):
        assert all(abs(counts[v] - 40) < 4.2 * 40**0.5 for v in range(4))
    assert abs(sum(p.query.treatment < p.query.outcome for p in drawn) - 80) < 4.2 * 40**0.5


def test_larger_graphs_and_other_priors_work() -> None:
    recipe = Recipe(nodes={8: 1.0}, menus={"joint": 1.0}, prior=(0.2, 0.8), edge_share=(0.2, 0.4))
    for name in TASKS:
        problem = sample_problem(name, recipe, make_dice("large", name))
        assert problem.graph.n == 8
        assert check_problem(problem) == []
        assert problem.model is not None
        assert all(0.2 <= p <= 0.8 for table in problem.model.tables for p in np.ravel(table))


def test_requests_that_nothing_meets_are_user_errors() -> None:
    with pytest.raises(UserError, match="unknown task 'XYZ'"):
        sample_problem("XYZ", Recipe(), make_dice(0))
    with pytest.raises(UserError, match="no NIE problem"):
        sample_problem("NIE", Recipe(nodes={3: 1.0}, menus={"published": 1.0}, zero=0.0), make_dice(0))
    for changes, message in [
        ({"menus": {"sngle": 1.0}}, "unknown menu 'sngle'"),
        ({"zero": 1.5}, "share of zero"),
        ({"nodes": {2: 1.0}}, "3 to 10 nodes"),
        ({"nodes": {11: 1.0}}, "3 to 10 nodes"),
        ({"nodes": {}}, "at least one number"),
        ({"split": "tests"}, "unknown split 'tests'"),
    ]:
        with pytest.raises(UserError, match=message):
            replace(Recipe(), **changes)


def test_three_nodes_alone_are_enough_where_shapes_exist() -> None:
    recipe = Recipe(nodes={3: 1.0}, menus={"single": 1.0}, split="train")
    for name in ("ATE", "CDE", "ETT", "PN", "PS"):
        assert sample_problem(name, recipe, make_dice("three", name)).graph.n == 3
