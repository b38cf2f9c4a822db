"""Pairs of problems that only the graph tells apart.

Both show the same facts and ask the same question, but the graphs differ and with them the truths. The first
problem is sampled as any other. The second one's graph is drawn over the same displayed variables, and its model is
fitted so that these have the very same joint distribution: possible whenever every displayed variable has all the
displayed ones before it as parents, but for those that the first graph proves irrelevant (its ordered Markov
property, Lauritzen 1996, section 3.2.2).
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np

from rungwise.causal.graph import DAG, bits, mask_of
from rungwise.causal.inference import marginal_joint, multiply
from rungwise.causal.scm import SCM, Array
from rungwise.errors import UserError
from rungwise.problems.finish import Settled, asked, complete, draw_texts
from rungwise.problems.polarity import twin
from rungwise.problems.problem import EFFECTS, TOLERANCE, Problem
from rungwise.problems.recipe import Recipe, impossible
from rungwise.problems.sampler import Wish, fitting, settle_problems
from rungwise.problems.structure import PUBLISHED, Structure, refit
from rungwise.problems.tasks import task

FIRST = 400
"""First problems tried before a recipe is called impossible."""

GRAPHS = 60
"""Second graphs tried for a first problem."""


def sample_decisive(
    name: str,
    recipe: Recipe,
    dice: Random,
    zero: bool | None = None,
    opposite: bool | None = None,
    yes: bool | None = None,
) -> tuple[Problem, Problem]:
    """Two problems of a task with the same facts, question, variables and letters, but different graphs and truths.

    Each is a valid problem of the recipe by itself; both carry the same ``meta["pair"]``. The menu "published" is left
    out: it shows what one graph needs.

    Args:
        zero: whether one of the values is 0; None leaves it to the dice.
        opposite: whether two nonzero effects have opposite answers; None leaves it to the models.
        yes: the answer of the one nonzero effect, or of two that are alike; None leaves it to the dice.

    Raises:
        UserError: a task that the recipe cannot ask, no menu but "published", or no such pair was found.
    """
    menus = {menu: weight for menu, weight in recipe.menus.items() if menu != PUBLISHED}
    if not menus:
        raise UserError("decisive pairs need a menu: the facts of 'published' are those of one graph")
    recipe = replace(recipe, menus=menus)
    zero = zero if zero is not None else dice.random() < 2 * recipe.zero
    first_zero = zero and (name not in EFFECTS or dice.random() < 0.5)
    for _ in range(FIRST):
        (first,) = settle_problems([Wish(name, dice, first_zero)], recipe)
        second = _second(first, zero and not first_zero, recipe, dice)
        if second is None or (opposite is not None and _opposite(first, second) not in (None, opposite)):
            continue
        texts, pair = draw_texts(first, recipe, dice), f"{dice.getrandbits(64):016x}"
        a, b = (complete(one, texts, recipe.split, pair=pair) for one in (first, second))
        if yes is not None and _answer(a, b) == ("No" if yes else "Yes"):
            a, b = (twin(one) or one for one in (a, b))
        return (a, b) if dice.random() < 0.5 else (b, a)
    raise impossible(name, recipe)


def _opposite(first: Settled, second: Settled) -> bool | None:
    """Whether two nonzero effects have opposite signs; None where that says nothing."""
    if first.asked.q.task not in EFFECTS or not first.value * second.value:
        return None
    return first.value * second.value < 0


def _answer(a: Problem, b: Problem) -> str | None:
    """The answer of the nonzero effects where they agree on it."""
    answers = {p.truth.answer for p in (a, b) if p.truth is not None and p.truth.value}
    return answers.pop() if len(answers) == 1 else None


def _second(first: Settled, zero: bool, recipe: Recipe, dice: Random) -> Settled | None:
    """A problem with the first one's question and numbers whose right reading is another one, or None."""
    final = first.asked
    like, number, name = final.structure, final.number, final.q.task
    options = [r for r in like.shown if r != like.right]
    right = None if zero and name in EFFECTS else dice.choice(options)
    p = marginal_joint(first.model, number[: like.k])
    for _ in range(GRAPHS):
        graph = _second_graph(like, dice.uniform(*recipe.edge_share), dice)
        other = refit(like, graph, right, name, recipe.split)
        if other is not None:
            break
    else:
        return None
    second = asked(other, number, final.plan, final.q.direction)
    values = np.array([first.values]).T
    places, bound = np.array([other.place]), name not in EFFECTS
    for value_zero in (True, False) if bound else (right is None,):
        if not fitting(final.plan, values, places, np.array([value_zero]))[0]:
            continue
        rng = np.random.default_rng(dice.getrandbits(64))
        model = fit_model(second.graph, number[: like.k], p, rng, recipe.prior)
        value = first.values[other.place] if right else 0.0
        displayed = final.plan.numbers(marginal_joint(model, number[: like.k]).reshape(-1)).tolist()
        # A number on the edge of rounding may come out another way.
        if displayed == first.numbers and abs(value - task(name).true_value(model, final.q)) <= TOLERANCE:
            return Settled(second, first.menu, model, first.numbers, first.values, value)
    return None


def _second_graph(first: Structure, edge_share: float, dice: Random) -> DAG:
    """A random graph over the same roles that can bring about the first one's distribution of those displayed."""
    n, graph = first.n, first.graph
    order = dice.sample(range(n), n)
    parents = [0] * n
    displayed, before = mask_of(range(first.k)), 0
    for v in order:
        drawn = mask_of([u for u in bits(before) if dice.random() < edge_share])
        needed = before & displayed
        if displayed >> v & 1 and drawn & needed != needed:
            kept = drawn & displayed
            # A parent that is not displayed would carry dependence on the ones left out.
            if drawn & ~displayed or not graph.d_separated(1 << v, needed & ~kept, kept):
                drawn |= needed
        parents[v] = drawn
        before |= 1 << v
    return DAG(tuple(parents))


def fit_model(
    graph: DAG, roles: tuple[int, ...], p: Array, rng: np.random.Generator, prior: tuple[float, float]
) -> SCM:
    """A model of binary variables over ``graph`` in which ``roles`` have the joint distribution ``p``.

    Causes first. A node that plays no role gets random rows. A node that does gets the conditional probability
    given its parents under ``p``; where parents without a role take part, each row spreads around that
    probability so that their weighted mean is exactly it. Every role must have all roles before it as parents, or
    have no parent without a role and be independent under ``p`` of those it lacks.

    Args:
        p: shape (2,) * len(roles), an axis for each role.
    """
    tables: dict[int, Array] = {}
    place = {v: i for i, v in enumerate(roles)}
    cards = (2,) * graph.n
    for v in graph.order:
        parents = list(bits(graph.parents[v]))
        shape = (2,) * len(parents)
        if v not in place:
            p0 = prior[0] + (prior[1] - prior[0]) * rng.random(shape)
        else:
            known = [u for u in parents if u in place]
            family = multiply([(p, range(p.ndim))], p.shape, [*(place[u] for u in known), place[v]])
            p0 = family[..., 0] / family.sum(axis=-1)
            if len(known) < len(parents):
                so_far = [(tables[u], [*bits(graph.parents[u]), u]) for u in tables]
                weights = multiply(so_far, cards, parents)
                p0 = _spread(p0, weights, [u in place for u in parents], rng, prior)
        tables[v] = np.stack([p0, 1 - p0], axis=-1)
    return SCM(graph, tuple(tables[v] for v in range(graph.n)))


def _spread(
    p0: Array, weights: Array, known: list[bool], rng: np.random.Generator, prior: tuple[float, float]
) -> Array:
    """Rows for every assignment of all parents, with mean ``p0`` over the unknown ones given the known ones.

    Args:
        p0: an axis for each known parent.
        weights: the joint distribution of all parents, an axis each.
        known: whether each parent is known.
    """
    unknown = tuple(i for i, k in enumerate(known) if not k)
    mean = np.expand_dims(p0, unknown)
    share = weights / weights.sum(axis=unknown, keepdims=True)
    offset = rng.random(weights.shape)
    offset -= (share * offset).sum(axis=unknown, keepdims=True)
    # As wide as the prior allows, but never as far as 0 or 1, where p0 itself is outside it.
    low, high = np.minimum(prior[0], mean / 2), np.maximum(prior[1], (1 + mean) / 2)
    up, down = offset.max(axis=unknown, keepdims=True), -offset.min(axis=unknown, keepdims=True)
    room = np.minimum((high - mean) / np.maximum(up, 1e-12), (mean - low) / np.maximum(down, 1e-12))
    spread: Array = mean + np.minimum(room, 1.0) * offset
    return spread
