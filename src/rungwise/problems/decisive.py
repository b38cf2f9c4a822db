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
from rungwise.causal.scm import SCM, Array, random_scm
from rungwise.errors import UserError
from rungwise.problems.problem import EFFECTS, Problem
from rungwise.problems.sampler import (
    MODELS,
    Asked,
    Recipe,
    Texts,
    ask,
    finish,
    impossible,
    make_dice,
    requests,
)
from rungwise.problems.structure import PUBLISHED, Request, Structure, draw_graph, refit, structures

GRAPHS = 200
"""Second graphs tried for a first problem."""

PARTNERS = 3
"""First structures tried for one request."""


def sample_decisive(name: str, recipe: Recipe, rng: np.random.Generator) -> tuple[Problem, Problem]:
    """Two problems of a task with the same facts, question, variables and letters, but different graphs and truths.

    Each is a valid problem of the recipe by itself; both carry the same ``meta["pair"]``. Of one of them the value
    may be 0 by structure, with the share that the recipe gives. The menu "published" is left out: it shows what one
    graph needs.

    Raises:
        UserError: unknown task, no menu but "published", or no such pair was found.
    """
    menus = {menu: weight for menu, weight in recipe.menus.items() if menu != PUBLISHED}
    if not menus:
        raise UserError("decisive pairs need a menu: the facts of 'published' are those of one graph")
    recipe = replace(recipe, menus=menus)
    dice = make_dice(rng)
    zero = dice.random() < recipe.zero
    for request, n in requests(name, recipe, zero, dice):
        for i, found in enumerate(structures(request, n, recipe.edge_share, dice)):
            if i == PARTNERS:
                break
            asked = ask(found.renamed(rng.permutation(n).tolist()), name, zero, dice)
            other = _second_structure(asked.structure, request, recipe, dice)
            if other is None:
                continue
            pair = _with_numbers(asked, other, request, zero, recipe, rng)
            if pair is not None:
                return pair if dice.random() < 0.5 else (pair[1], pair[0])
    raise impossible(name, recipe)


def _second_structure(first: Structure, request: Request, recipe: Recipe, dice: Random) -> Structure | None:
    """A structure with the first one's roles and menu whose right reading is another one."""
    zero = request.task in EFFECTS and not request.zero and dice.random() < recipe.zero
    options = [r for r in first.shown if r != first.right]
    right = None if zero else options[int(dice.random() * len(options))]
    for _ in range(GRAPHS):
        graph = _second_graph(first, dice.uniform(*recipe.edge_share), dice)
        found = refit(first, graph, right, request)
        if found is not None:
            return found
    return None


def _second_graph(first: Structure, edge_share: float, dice: Random) -> DAG:
    """A random graph over the same nodes that can bring about the first one's distribution of the roles."""
    n = first.graph.n
    order = list(range(n))
    dice.shuffle(order)
    graph = draw_graph(n, edge_share, dice)
    parents = [0] * n
    displayed, before = mask_of(first.roles), 0
    for place, v in enumerate(order):
        drawn = mask_of([order[p] for p in bits(graph.parents[place])])
        needed = before & displayed
        if displayed >> v & 1 and drawn & needed != needed:
            kept = drawn & displayed
            # A parent that is not displayed would carry dependence on the ones left out.
            if drawn & ~displayed or not first.graph.d_separated(1 << v, needed & ~kept, kept):
                drawn |= needed
        parents[v] = drawn
        before |= 1 << v
    return DAG(tuple(parents))


def _with_numbers(
    asked: Asked, other: Structure, request: Request, zero: bool, recipe: Recipe, rng: np.random.Generator
) -> tuple[Problem, Problem] | None:
    """The two problems with the numbers of a random model of the first, or None if a check fails."""
    second = Asked(other, asked.q, asked.plan)
    low, high = recipe.prior
    for _ in range(MODELS):
        model = random_scm(asked.structure.graph, rng, low=low, high=high)
        p = marginal_joint(model, asked.structure.roles)
        numbers = asked.plan.numbers(p)
        value = asked.truth(model, numbers, zero)
        if value is None:
            continue
        fitted = fit_model(other.graph, asked.structure.roles, p, rng, recipe.prior)
        if asked.plan.numbers(marginal_joint(fitted, other.roles)) != numbers:
            continue  # a number on the edge of rounding
        for second_zero in (True, False) if asked.q.bound == "lower" else (other.right is None,):
            second_value = second.truth(fitted, numbers, second_zero)
            if second_value is not None:
                texts = Texts.draw(asked, numbers, recipe.names, rng)
                meta = {"split": recipe.split, "menu": request.menu, "pair": f"{int(rng.integers(1 << 62)):016x}"}
                return finish(asked, model, value, texts, meta), finish(second, fitted, second_value, texts, meta)
    return None


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
