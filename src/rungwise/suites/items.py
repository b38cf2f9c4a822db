"""Named suites and the items they yield."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import get_close_matches

from rungwise.errors import UserError
from rungwise.problems.problem import TASKS, Problem
from rungwise.problems.sampler import Recipe, sample_problem
from rungwise.problems.streams import stream
from rungwise.wording import formal, natural, slots

VIEWS = ("natural", "formal", "slots")

SUITES = {
    "train": "menus of 3 to 5 nodes, training shapes",
    "validation": "menus of 3 to 5 nodes, shapes neither trained nor tested on",
    "base": "menus of 3 to 5 nodes, test shapes",
    "decisive": "pairs with the same facts and question, different graphs and values; test shapes",
    "published-style": "only the facts the solution needs, as the published sets show them; training shapes",
}
"""Suite name -> what it holds."""

_RECIPES = {
    "train": Recipe(split="train"),
    "validation": Recipe(split="validation"),
    "base": Recipe(split="test"),
    "decisive": Recipe(split="test"),
    "published-style": Recipe(split="train", menus={"published": 1.0}, zero=0.3),
}


@dataclass(frozen=True)
class Item:
    """A problem in a view: what a model sees.

    Attributes:
        problem: the problem with its truth.
        view: natural, formal or slots.
        text: the prompt.
    """

    problem: Problem
    view: str
    text: str

    @property
    def id(self) -> str:
        """The problem's content id."""
        return self.problem.id


def to_text(problem: Problem, view: str) -> str:
    """The prompt of a problem in a view.

    Raises:
        UserError: unknown view, or a problem too large for the slots view.
    """
    if view == "natural":
        return natural.text(problem)
    if view == "formal":
        return formal.text(problem)
    if view == "slots":
        return slots.text(problem)
    raise UserError(f"unknown view {view!r}; views are {', '.join(VIEWS)}")


def generate(
    suite: str, n: int, seed: int = 0, view: str = "natural", names: str = "real", start: int = 0
) -> Iterator[Item]:
    """Items ``start`` to ``start + n - 1`` of a suite.

    Item i asks task i mod 7 (decisive: pair i // 2 asks task (i // 2) mod 7) and is made from its own random
    stream, derived from (seed, suite, split, task, i): any part can be made on any machine, in any order.

    Raises:
        UserError: unknown suite, view or vocabulary, or a negative count.
    """
    if suite not in SUITES:
        near = get_close_matches(suite, SUITES, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"suites are {', '.join(SUITES)}"
        raise UserError(f"unknown suite {suite!r}; {hint}")
    if view not in VIEWS:
        raise UserError(f"unknown view {view!r}; views are {', '.join(VIEWS)}")
    if n < 0 or start < 0:
        raise UserError(f"the number of items must not be negative, got {min(n, start)}")
    return _items(suite, n, seed, view, names, start)


def _items(suite: str, n: int, seed: int, view: str, names: str, start: int) -> Iterator[Item]:
    recipe = replace(_RECIPES[suite], names=names)
    for i in range(start, start + n):
        if suite == "decisive":
            from rungwise.problems.decisive import sample_decisive

            name = TASKS[i // 2 % len(TASKS)]
            pair = sample_decisive(name, recipe, stream(seed, suite, recipe.split, name, i // 2))
            problem = pair[i % 2]
        else:
            name = TASKS[i % len(TASKS)]
            problem = sample_problem(name, recipe, stream(seed, suite, recipe.split, name, i))
        yield Item(problem, view, to_text(problem, view))
