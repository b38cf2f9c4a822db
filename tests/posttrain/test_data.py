"""The problems that training sees: a fair mix, never a test shape, solutions and questions apart."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

pytest.importorskip("pydantic")

from rungwise.posttrain.data import QUESTIONS_START, held_out, mixed, questions, solved
from rungwise.posttrain.settings import GRPOSettings, TrainRecipe
from rungwise.problems.problem import TASKS
from rungwise.problems.streams import split_of
from rungwise.suites.items import LEVELS

RECIPE = TrainRecipe(solutions=6, questions=42, grpo=GRPOSettings(published=0.5), validation=28)


@pytest.mark.parametrize(("n", "published", "shown"), [(42, 1 / 3, 14), (21, 0.0, 0), (14, 1.0, 14), (35, 0.25, 7)])
def test_tasks_and_menus_are_mixed_as_asked(n: int, published: float, shown: int) -> None:
    problems = mixed(n, published, RECIPE)
    assert Counter(p.query.task for p in problems) == dict.fromkeys(TASKS, n // 7)
    assert sum(p.meta["menu"] == "published" for p in problems) == shown


def test_only_training_shapes() -> None:
    recipe = replace(RECIPE, seed=1)
    assert {split_of(p.shape) for p in mixed(70, 1 / 3, recipe)} == {"train"}
    assert {split_of(p.shape) for p in held_out(recipe)} == {"validation"}
    assert Counter(p.query.task for p in held_out(recipe)) == dict.fromkeys(TASKS, 4)


def test_solutions_and_questions_are_as_many_as_the_recipe_says_and_apart() -> None:
    taught, asked = solved(RECIPE), questions(RECIPE, RECIPE.grpo)
    assert Counter(p.query.task for p in taught) == Counter(p.query.task for p in asked) == dict.fromkeys(TASKS, 6)
    assert [sum(p.meta["menu"] == "published" for p in part) for part in (taught, asked)] == [14, 21]
    assert not {p.id for p in taught} & {p.id for p in asked}


def test_names_are_the_recipes() -> None:
    def names(kind: str) -> set[str]:
        recipe = replace(RECIPE, view="natural", names=kind)
        problems = [*solved(recipe), *questions(recipe, recipe.grpo), *held_out(recipe)]
        return {variable.name for problem in problems for variable in problem.variables}

    assert not names("real") & names("nonsense")


def test_a_level_is_for_questions_alone() -> None:
    recipe = replace(RECIPE, level="hard", grpo=GRPOSettings(published=0.0))
    nodes, menus = LEVELS["hard"]
    asked = questions(recipe, recipe.grpo)
    assert {p.graph.n for p in asked} <= set(nodes)
    assert {p.meta["menu"] for p in asked} <= set(menus)
    assert [p.id for p in solved(recipe)] == [p.id for p in solved(RECIPE)]
    assert [p.id for p in held_out(recipe)] == [p.id for p in held_out(RECIPE)]


def test_the_seed_and_the_start_decide() -> None:
    def ids(seed: int, start: int = 0) -> list[str]:
        return [p.id for p in mixed(21, 1 / 3, replace(RECIPE, seed=seed), start)]

    assert ids(0) == ids(0)
    assert not set(ids(0)) & set(ids(1))
    assert not set(ids(0)) & set(ids(0, QUESTIONS_START))
    few, more = ([p.id for p in mixed(n, 0.0, RECIPE)] for n in (7, 14))
    assert few == more[:7]  # more solutions are the same first


def test_every_problem_can_be_taught() -> None:
    for problem in mixed(42, 1 / 3, replace(RECIPE, seed=2)):
        assert problem.truth is not None
        assert problem.truth.value is not None
        assert "right" in problem.meta
        assert problem.steps
