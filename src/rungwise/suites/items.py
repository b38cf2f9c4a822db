"""Named suites and the items they yield."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from itertools import groupby
from typing import Any

from rungwise.errors import UserError
from rungwise.problems import sampler
from rungwise.problems.decisive import PairWish, sample_decisive
from rungwise.problems.insufficient import LackWish, sample_insufficient
from rungwise.problems.polarity import twin
from rungwise.problems.problem import EFFECTS, Problem
from rungwise.problems.recipe import Recipe
from rungwise.problems.sampler import Wish, sample_problems
from rungwise.problems.streams import make_dice
from rungwise.suites.distinct import Order, check_enough, orders, ways_of
from rungwise.suites.schedule import place_of
from rungwise.wording import formal, natural, rephrased, slots

VIEWS = ("natural", "formal", "slots")

WORDINGS = ("plain", "rephrased", "omitted")
"""Of the natural view: always the same sentences; every sentence drawn from a dozen phrasings (see
``wording.rephrased``); the same without the instruction, so that the question alone tells the task."""

SUITES = {
    "train": "menus of 3 to 5 nodes, training shapes",
    "validation": "menus of 3 to 5 nodes, shapes neither trained nor tested on",
    "base": "menus of 3 to 5 nodes, test shapes",
    "hard": "menus of 6 to 9 nodes, test shapes",
    "rephrased": "the problems of base, each sentence drawn from a dozen phrasings; natural view only",
    "omitted": "the problems of base, rephrased and without the instruction; natural view only",
    "decisive": "pairs with the same facts and question, different graphs and values; test shapes",
    "deconfounding": "every item needs a back-door set; 6 to 8 nodes, test shapes",
    "redundant": "menus padded with true facts that no reading needs; 4 to 6 nodes, test shapes",
    "insufficient": "pairs: one lacks a needed fact (with a second model as proof), one another; test shapes",
    "monotone": "PN, PS and PNS as points: the treatment never lowers the outcome; test shapes",
    "published-style": "only the facts the solution needs, as the published sets show them; training shapes",
}
"""Suite name -> what it holds."""

_LARGE = {6: 0.25, 7: 0.25, 8: 0.25, 9: 0.25}
_RECIPES = {
    "train": Recipe(split="train"),
    "validation": Recipe(split="validation"),
    "base": Recipe(split="test"),
    "rephrased": Recipe(split="test"),
    "omitted": Recipe(split="test"),
    "hard": Recipe(split="test", nodes=_LARGE, menus={"either": 0.5, "joint": 0.5}, edge_share=(0.3, 0.6)),
    "decisive": Recipe(split="test"),
    "deconfounding": Recipe(
        split="test",
        nodes={6: 0.3, 7: 0.3, 8: 0.4},
        menus={"either": 0.5, "joint": 0.5},
        edge_share=(0.3, 0.6),
        zero=0.0,
        deconfounding=True,
    ),
    "redundant": Recipe(split="test", nodes={4: 0.3, 5: 0.4, 6: 0.3}, redundant=(4, 10)),
    "insufficient": Recipe(split="test", zero=0.0),
    "monotone": Recipe(split="test", zero=0.0, monotone=True),
    "published-style": Recipe(split="train", menus={"published": 1.0}, zero=0.3),
}

LEVELS: dict[str, tuple[dict[int, float], dict[str, float]]] = {
    "starter": ({3: 0.7, 4: 0.3}, {"single": 1.0}),
    "easy": ({3: 0.4, 4: 0.6}, {"single": 0.8, "either": 0.2}),
    "medium": ({4: 0.5, 5: 0.5}, {"single": 0.3, "either": 0.7}),
    "advanced": ({5: 0.5, 6: 0.5}, {"either": 0.6, "joint": 0.4}),
    "hard": (_LARGE, {"either": 0.5, "joint": 0.5}),
    "expert": ({8: 0.3, 9: 0.4, 10: 0.3}, {"joint": 1.0}),
}
"""A curriculum: level -> numbers of nodes and menus with their weights, from easy to difficult."""

_PAIRS = ("decisive", "insufficient")

OPPOSITE = 0.25
"""Share of decisive pairs, of those without a 0, whose two answers differ."""


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


@dataclass(frozen=True)
class Options:
    """What any suite can be varied in.

    Attributes:
        names: vocabulary (see ``wording.names``).
        twins: every effect is followed by its polarity twin.
        level: numbers of nodes and menus of a LEVELS entry instead of the suite's own.
        outcome_values: values of the outcome; with three, effects alone are asked.
        sufficient: in ``insufficient``, the share of items that lack no needed fact. One half shows both of each pair.
        wording: of the natural view, one of WORDINGS. The suites ``rephrased`` and ``omitted`` are ``base`` in these.
        annotate: labels in facts and question of the natural view carry letter and value, as in ``low (C=0)``.
        distinct: every item of a task has a causal structure of its own (see ``suites.distinct``).
    """

    names: str = "real"
    twins: bool = False
    level: str | None = None
    outcome_values: int = 2
    sufficient: float = 0.5
    wording: str = "plain"
    annotate: bool = False
    distinct: bool = False

    def recipe(self, suite: str) -> Recipe:
        """The suite's recipe so varied.

        Raises:
            UserError: unknown suite, vocabulary, level, wording or number of values, or a suite that cannot be varied
                so.
        """
        if suite not in SUITES:
            near = get_close_matches(suite, SUITES, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"suites are {', '.join(SUITES)}"
            raise UserError(f"unknown suite {suite!r}; {hint}")
        recipe = replace(_RECIPES[suite], names=self.names, outcome_values=self.outcome_values)
        if self.outcome_values != 2 and (suite in (*_PAIRS, "monotone") or self.twins):
            raise UserError(f"{', '.join(_PAIRS)}, monotone and polarity twins are for outcomes of two values")
        if self.twins and suite in _PAIRS:
            raise UserError(f"{suite} holds pairs of its own; leave out the polarity twins")
        if self.distinct and (suite in _PAIRS or self.twins):
            pairs = f"{suite} holds pairs made together" if suite in _PAIRS else "polarity twins share one structure"
            raise UserError(f"{pairs}; leave out --distinct")
        if not 0 <= self.sufficient <= 1:
            raise UserError(f"--sufficient is the share of sufficient items, from 0 to 1; got {self.sufficient}")
        if self.sufficient != 0.5 and suite != "insufficient":
            raise UserError(f"--sufficient, the share of sufficient items, is for insufficient alone, not for {suite}")
        if self.wording not in WORDINGS:
            raise UserError(f"unknown wording {self.wording!r}; wordings are {', '.join(WORDINGS)}")
        if suite in WORDINGS and self.wording not in ("plain", suite):
            raise UserError(f"{suite} has a wording of its own; use base for {self.wording!r}")
        if self.level is not None:
            if self.level not in LEVELS:
                raise UserError(f"unknown level {self.level!r}; levels are {', '.join(LEVELS)}")
            nodes, menus = LEVELS[self.level]
            recipe = replace(recipe, nodes=nodes, menus=recipe.menus if "published" in recipe.menus else menus)
        if suite == "insufficient":
            # Where all facts about two variables are shown, one that is missing follows from the others.
            recipe = replace(recipe, menus={m: w for m, w in recipe.menus.items() if m != "joint"} or {"either": 1.0})
        return recipe


def generate(
    suite: str, n: int, seed: int = 0, view: str = "natural", names: str = "real", start: int = 0, **options: Any
) -> Iterator[Item]:
    """Items ``start`` to ``start + n - 1`` of a suite.

    The tasks take turns (in ``decisive``, and with ``twins``, pair by pair). Everything random about problem j of a
    task comes from its own stream, derived from (seed, suite, split, task, j): any part can be made on any machine, in
    any order.

    Args:
        options: see ``Options``.

    Raises:
        UserError: unknown suite, view, vocabulary or option, a negative count, or a wording of another view than the
            natural one.
    """
    unknown = set(options) - {field.name for field in fields(Options)}
    if unknown:
        known = ", ".join(field.name for field in fields(Options))
        raise UserError(f"unknown option {sorted(unknown)[0]!r}; options are {known}")
    chosen = Options(names=names, **options)
    recipe = chosen.recipe(suite)
    if view not in VIEWS:
        raise UserError(f"unknown view {view!r}; views are {', '.join(VIEWS)}")
    wording, source = (suite, "base") if suite in WORDINGS else (chosen.wording, suite)
    if view != "natural" and (wording != "plain" or chosen.annotate):
        what = f"the wording {wording!r}" if wording != "plain" else "annotating"
        raise UserError(f"{what} is for the natural view, there is none of the {view} view")
    if n < 0 or start < 0:
        raise UserError(f"the number of items must not be negative, got {min(n, start)}")
    indices = range(start, start + n)
    shapes = orders((seed, source, recipe.split), recipe) if chosen.distinct else {}
    if shapes:
        check_enough(suite, recipe, shapes, start + n)
    if suite == "decisive":
        problems = _decisive(recipe, indices, seed)
    elif suite == "insufficient":
        problems = _insufficient(recipe, indices, seed, chosen.sufficient)
    else:
        problems = _sampled(source, recipe, indices, seed, chosen.twins, shapes)
    if chosen.annotate:
        problems = (problem.with_(meta={**problem.meta, "annotated": True}) for problem in problems)
    if wording == "plain":
        return (Item(problem, view, to_text(problem, view)) for problem in problems)
    key = (seed, source, recipe.split)
    return (
        Item(problem, view, rephrased.text(problem, make_dice(*key, i, "wording"), wording == "rephrased"))
        for i, problem in zip(indices, problems, strict=True)
    )


def _sampled(
    suite: str, recipe: Recipe, indices: range, seed: int, twins: bool, shapes: dict[str, Order]
) -> Iterator[Problem]:
    def wishes() -> Iterator[Wish]:
        for (name, j), _ in groupby(_place(i, recipe.tasks, twins)[:2] for i in indices):
            key = (seed, suite, recipe.split, name)
            planned = place_of(key, j, recipe.zero)
            ways = ways_of(shapes[name], key, j, recipe) if shapes else ()
            yield Wish(name, make_dice(*key, j), planned.zero, planned.yes, ways)

    problems = sample_problems(wishes(), recipe)
    at: tuple[str, int] | None = None
    for i in indices:
        name, j, is_twin = _place(i, recipe.tasks, twins)
        if at != (name, j):  # a twin comes right after its problem
            at, problem = (name, j), next(problems)
        yield (twin(problem) or problem) if is_twin else problem


def _place(i: int, tasks: Sequence[str], twins: bool) -> tuple[str, int, bool]:
    """Task of item i, which of this task's problems it shows, and whether it shows the twin."""
    if not twins:
        return tasks[i % len(tasks)], i // len(tasks), False
    j, turn = divmod(i // 2, len(tasks))
    name = tasks[turn]
    return (name, j, i % 2 == 1) if name in EFFECTS else (name, 2 * j + i % 2, False)


def _decisive(recipe: Recipe, indices: range, seed: int) -> Iterator[Problem]:
    for first in range(0, len(indices), sampler.POOL):
        own = indices[first : first + sampler.POOL]
        wishes = []
        for at in range(own.start // 2, (own.stop + 1) // 2):
            name, j = recipe.tasks[at % len(recipe.tasks)], at // len(recipe.tasks)
            key = (seed, "decisive", recipe.split, name)
            planned = place_of(key, j, 2 * recipe.zero, OPPOSITE)
            opposite = planned.opposite if name in EFFECTS and not planned.zero else None
            wishes.append(PairWish(name, make_dice(*key, j), planned.zero, opposite, planned.yes))
        pairs = sample_decisive(wishes, recipe)
        for i in own:
            if i == own.start or i % 2 == 0:
                pair = next(pairs)
            yield pair[i % 2]


def _insufficient(recipe: Recipe, indices: range, seed: int, sufficient: float) -> Iterator[Problem]:
    share = 2 if sufficient == 0.5 else 1  # one half: both of each pair, in random order
    for first in range(0, len(indices), sampler.POOL):
        own = indices[first : first + sampler.POOL]
        wishes, keys = [], []
        for at in range(own.start // share, (own.stop - 1) // share + 1):
            name, j = recipe.tasks[at % len(recipe.tasks)], at // len(recipe.tasks)
            key = (seed, "insufficient", recipe.split, name)
            wishes.append(LackWish(name, make_dice(*key, j), place_of(key, j, 0.0).yes))
            keys.append((key, j))
        pairs = zip(wishes, keys, sample_insufficient(wishes, recipe), strict=True)
        for i in own:
            if i == own.start or i % share == 0:
                wish, (key, j), pair = next(pairs)
                control = wish.dice.randrange(2)
            if share == 2:
                yield pair[control ^ (i % 2)]
            else:
                yield pair[place_of((*key, "sufficient"), j, sufficient).zero]
