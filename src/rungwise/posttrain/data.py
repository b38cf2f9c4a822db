"""What post-training uses: few questions with worked solutions, many with answers only, some held out. They are our
causal problems or, where ``data`` names a source, exercises."""

from __future__ import annotations

from itertools import islice

from rungwise.posttrain.exercises import exercise_questions, exercises, held_out_exercises
from rungwise.posttrain.settings import OnlineSettings, TrainRecipe
from rungwise.posttrain.subjects import Subject
from rungwise.problems.problem import TASKS, Problem
from rungwise.suites.items import generate

QUESTIONS_START = 1_000_000
"""Item number in the training suites from which questions for RL are taken: far from any solution's."""


def solved(recipe: TrainRecipe) -> list[Subject]:
    """Those whose worked solutions are given: the same for cold start, SFT, DPO and KTO."""
    return [*exercises(recipe)] if recipe.data else [*solved_problems(recipe)]


def solved_problems(recipe: TrainRecipe) -> list[Problem]:
    """The causal problems whose worked solutions are given."""
    return mixed(recipe.solutions * len(TASKS), recipe.published, recipe)


def questions(recipe: TrainRecipe, settings: OnlineSettings) -> list[Subject]:
    """Those of which only question and answer are given."""
    if recipe.data:
        return [*exercise_questions(recipe)]
    level = None if recipe.level == "mixed" else recipe.level
    return [*mixed(recipe.questions, settings.published, recipe, QUESTIONS_START, level)]


def mixed(n: int, published: float, recipe: TrainRecipe, start: int = 0, level: str | None = None) -> list[Problem]:
    """``n`` training problems, tasks in turn; a share ``published`` shows only what its solution needs, as the
    published sets do, the others show menus."""
    few = round(n * published / len(TASKS)) * len(TASKS)
    menus = generate("train", n - few, recipe.seed, recipe.view, recipe.names, start, level=level)
    shown = generate("published-style", few, recipe.seed, recipe.view, recipe.names, start, level=level)
    return [item.problem for source in (menus, shown) for item in source]


def held_out(recipe: TrainRecipe) -> list[Subject]:
    """Those of the validation split."""
    if recipe.data:
        return [*held_out_exercises(recipe)]
    n = recipe.validation
    return [item.problem for item in islice(generate("validation", n, recipe.seed, recipe.view, recipe.names), n)]
