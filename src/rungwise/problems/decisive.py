"""Pairs of problems that only the graph tells apart.

Both show the same facts and ask the same question, but the graphs differ and with them the truths. The first
problem is sampled as any other. The second one's graph is drawn over the same displayed variables (see ``second``),
and its model is fitted so that these have the very same joint distribution. Many pairs are made side by side, each from
its own dice alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from math import prod
from random import Random
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rungwise.causal.inference import marginal_joint
from rungwise.causal.scm import Array
from rungwise.errors import UserError
from rungwise.problems.finish import Asked, Drawn, Settled, asked, complete, draw_texts, settle
from rungwise.problems.fitted import fit_model
from rungwise.problems.numbers import draw_rows, joint_of_roles, lay_out
from rungwise.problems.problem import EFFECTS, TOLERANCE, Problem
from rungwise.problems.recipe import Recipe, cards_of
from rungwise.problems.sampler import Wish, fitting, settle_problems
from rungwise.problems.second import Sought, second_structures
from rungwise.problems.structure import PUBLISHED, Structure
from rungwise.problems.tasks import task
from rungwise.scoring.sign import answer_from_value

FIRST = 60
"""First problems tried for a pair before there is said to be none."""

MODELS = 64
"""Models drawn for a first problem where its own does not do for the pair."""


class PairWish(NamedTuple):
    """One pair to be sampled.

    Attributes:
        task: one of the recipe's tasks.
        dice: where everything random about it comes from.
        zero: whether one of the values is 0; None leaves it to the dice.
        opposite: whether two nonzero effects have opposite answers; None leaves it to the models.
        yes: the answer of the one nonzero effect, or of two that are alike; None leaves it to the dice.
    """

    task: str
    dice: Random
    zero: bool | None = None
    opposite: bool | None = None
    yes: bool | None = None


def sample_decisive(wishes: Sequence[PairWish], recipe: Recipe) -> Iterator[tuple[Problem, Problem]]:
    """For each wish two problems with the same facts, question, variables and letters, but different graphs and truths.

    Each is a valid problem of the recipe by itself; both carry the same ``meta["pair"]``. The menu "published" is left
    out: it shows what one graph needs. The words come last, pair by pair, as they are asked for.

    Raises:
        UserError: a task that the recipe cannot ask, no menu but "published", or no such pair was found.
    """
    menus = {menu: weight for menu, weight in recipe.menus.items() if menu != PUBLISHED}
    if not menus:
        raise UserError("decisive pairs need a menu: the facts of 'published' are those of one graph")
    recipe = replace(recipe, menus=menus)
    made = _settled([_Pair.of(wish, recipe) for wish in wishes], recipe)
    for wish, (first, second) in zip(wishes, made, strict=True):
        texts, pair = draw_texts(first, recipe, wish.dice), f"{wish.dice.getrandbits(64):016x}"
        a, b = (complete(one, texts, recipe.split, pair=pair) for one in (first, second))
        yield (a, b) if wish.dice.random() < 0.5 else (b, a)


class _Pair(NamedTuple):
    """A wish with its coins thrown.

    Attributes:
        first: the wish for the first problem.
        zero: whether the second effect is to be 0.
        opposite: of two nonzero effects, whether their answers are to differ; None where either will do.
        yes: the answer that the one nonzero effect is to have, or two that are alike; None where either will do.
    """

    first: Wish
    zero: bool
    opposite: bool | None
    yes: bool | None

    @classmethod
    def of(cls, wish: PairWish, recipe: Recipe) -> _Pair:
        name, dice, zero, opposite, yes = wish
        zero = zero if zero is not None else dice.random() < 2 * recipe.zero
        first_zero = zero and (name not in EFFECTS or dice.random() < 0.5)
        if opposite:
            yes = dice.random() < 0.5  # else the first graph, which is drawn in another way, would mean Yes
        return cls(Wish(name, dice, first_zero, yes), zero and not first_zero, opposite, yes)

    def fits(self, final: Asked, first: int, second: int, values: Array) -> NDArray[np.bool_]:
        """Under which models both problems hold and are as wished, as far as the displayed numbers tell.

        Args:
            first, second: the index of each one's right reading, -1 where its value is 0 by structure.
            values: what each reading gives, shape (readings, models).
        """
        models = values.shape[1]
        as_first = fitting(final.plan, values, np.full(models, first), np.full(models, bool(self.first.zero)))
        fits = as_first & fitting(final.plan, values, np.full(models, second), np.full(models, self.zero))
        if final.q.task in EFFECTS:
            zeros = np.zeros(models)
            own, other = (values[at] if at >= 0 else zeros for at in (first, second))
            if self.yes is not None:
                positive = (answer_from_value(final.q, 1.0) == "Yes") == self.yes
                fits &= (other if first < 0 else own) * (1 if positive else -1) > 0
            if self.opposite is not None and min(first, second) >= 0:
                fits &= (own * other < 0) == self.opposite
        return fits


def _settled(pairs: Sequence[_Pair], recipe: Recipe) -> list[tuple[Settled, Settled]]:
    done: dict[int, tuple[Settled, Settled]] = {}
    todo = list(range(len(pairs)))
    for _ in range(FIRST):
        firsts = list(settle_problems([pairs[i].first for i in todo], recipe))
        sought = [_sought(pairs[i], first.asked) for i, first in zip(todo, firsts, strict=True)]
        found = zip(todo, firsts, second_structures(sought, recipe), strict=True)
        tries = [_Try(pairs[i], i, first, structure) for i, first, structure in found if structure is not None]
        for one in _with_models(tries, recipe):
            second = _fitted(one, recipe)
            if second is not None:
                done[one.place] = one.first, second
        todo = [i for i in todo if i not in done]
        if not todo:
            return [done[i] for i in range(len(pairs))]
    raise UserError(
        f"no pair of {pairs[todo[0]].first.task} problems that only the graph tells apart with nodes "
        f"{sorted(recipe.nodes)} and menus {sorted(recipe.menus)} found in split {recipe.split!r}; "
        "allow more nodes or other menus"
    )


def _sought(pair: _Pair, first: Asked) -> Sought:
    like = first.structure
    places = None if pair.zero else tuple([at for at in range(len(like.shown)) if at != like.place])
    return Sought(first.q.task, like, places, pair.first.dice)


class _Try(NamedTuple):
    """A pair on its way: its place among the wishes, the first problem and the second one's structure."""

    pair: _Pair
    place: int
    first: Settled
    second: Structure

    def fits(self, values: Array) -> NDArray[np.bool_]:
        """See ``_Pair.fits``."""
        return self.pair.fits(self.first.asked, self.first.asked.structure.place, self.second.place, values)


def _with_models(tries: Sequence[_Try], recipe: Recipe) -> Iterator[_Try]:
    """Those for which there is a model of the first graph under which both problems hold: the one that came with it, or
    one of MODELS others."""

    def form(one: _Try) -> tuple[int, int, int]:
        structure = one.first.asked.structure
        return structure.n, structure.relevant, structure.k

    again = []
    for one in tries:
        if one.fits(np.array([one.first.values]).T)[0]:
            yield one
        else:
            again.append(one)
    for (n, _, k), group in groupby(sorted(again, key=form), form):
        own = list(group)
        finals = [one.first.asked for one in own]
        cards = cards_of(n, recipe)
        tables = lay_out([final.structure for final in finals], [final.number for final in finals], cards)
        rows = draw_rows(tables, cards, recipe.prior, [one.pair.first.dice for one in own], MODELS)
        for one, final, table, models, joint in zip(
            own, finals, tables, rows, joint_of_roles(tables, rows, prod(cards[:k])), strict=True
        ):
            numbers = final.plan.numbers(joint)
            values = final.plan.values(numbers)
            fits = one.fits(values)
            at = int(fits.argmax())
            if fits[at]:
                place = table.start, models[:, at], numbers[:, at].tolist(), values[:, at].tolist()
                drawn = Drawn(final.structure, final.number, final.plan, final.q.direction, one.first.menu, *place)
                first = settle(drawn, None, recipe)
                if abs(first.value - task(final.q.task).true_value(first.model, final.q)) <= TOLERANCE:
                    yield one._replace(first=first)


def _fitted(one: _Try, recipe: Recipe) -> Settled | None:
    """The second problem, with the first one's question and numbers, or None where it does not hold."""
    first, structure, final = one.first, one.second, one.first.asked
    second = asked(structure, final.number, final.plan, final.q.direction)
    roles = final.number[: structure.k]
    rng = np.random.default_rng(one.pair.first.dice.getrandbits(64))
    model = fit_model(second.graph, roles, marginal_joint(first.model, roles), rng, recipe.prior)
    value = first.values[structure.place] if structure.right else 0.0
    displayed = final.plan.numbers(marginal_joint(model, roles).reshape(-1)).tolist()
    # A number on the edge of rounding may come out another way.
    if displayed != first.numbers or abs(value - task(final.q.task).true_value(model, final.q)) > TOLERANCE:
        return None
    return Settled(second, first.menu, model, first.numbers, first.values, value)
