"""A causal structure of its own for every item of a task: all that a recipe can ask for, in random order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from math import log
from random import Random
from typing import NamedTuple

from rungwise.errors import UserError
from rungwise.problems.listed import LISTED
from rungwise.problems.problem import EFFECTS
from rungwise.problems.recipe import Recipe, asked_for
from rungwise.problems.shapes import Entry, of_shapes
from rungwise.problems.streams import make_dice
from rungwise.problems.structure import Request
from rungwise.suites.schedule import alike_before, longest_start, place_of

Ways = Sequence[Entry]
"""What makes problems of one canonical shape: one graph of it for each request that it meets."""


class Order(NamedTuple):
    """A task's shapes in the order in which its items have them.

    Attributes:
        zero: those whose value is 0 by structure.
        nonzero: the others; all of PN and PS, whose zeros are in the numbers.
    """

    zero: list[Ways]
    nonzero: list[Ways]


def orders(key: tuple[object, ...], recipe: Recipe) -> dict[str, Order]:
    """Each task's shapes in random order.

    Args:
        key: what the order depends on.

    Raises:
        UserError: not all graphs of so many nodes are listed.
    """
    if max(recipe.nodes) > LISTED:
        raise UserError(
            f"--distinct is for problems of at most {LISTED} nodes; choose another suite, or add --level easy"
        )
    out = {}
    for name in recipe.tasks:
        zero = _ways(name, recipe, True) if recipe.zero > 0 and name in EFFECTS else {}
        nonzero = _ways(name, recipe, False) if recipe.zero < 1 or name not in EFFECTS else {}
        shapes = _drawn_in_turn({**zero, **nonzero}, make_dice(*key, name, "structures"))
        out[name] = Order([zero[s] for s in shapes if s in zero], [nonzero[s] for s in shapes if s in nonzero])
    return out


def _drawn_in_turn(shapes: dict[str, Ways], dice: Random) -> list[str]:
    """The shapes as they come when they are drawn as the recipe draws them, without putting any back: so the first
    items are what items are without ``distinct``, and not mostly of the many shapes where nothing is to be adjusted
    for (Efraimidis & Spirakis 2006)."""
    place = {s: -log(1 - dice.random()) / sum(entry.weight for entry in shapes[s]) for s in sorted(shapes)}
    return sorted(place, key=place.__getitem__)


def _ways(name: str, recipe: Recipe, zero: bool) -> dict[str, Ways]:
    return _ways_of(tuple(asked_for(name, recipe, zero).items()), recipe.zero > 0)


@lru_cache(maxsize=64)
def _ways_of(asked: tuple[tuple[Request, float], ...], cut_off: bool) -> dict[str, Ways]:
    """Every shape that meets a request, with its entries; these weigh as much as they are likely where a request is
    drawn and then one of its shapes."""
    of_request = {request: of_shapes(request, cut_off) for request, _ in asked}
    found: dict[str, list[Entry]] = {}
    for request, share in asked:
        for shape, entry in of_request[request].items():
            found.setdefault(shape, []).append(replace(entry, weight=share / len(of_request[request])))
    return {shape: tuple(entries) for shape, entries in found.items()}


def ways_of(order: Order, key: tuple[object, ...], j: int, recipe: Recipe) -> Ways:
    """What item j of a task is made of; ``key`` is the schedule's (see ``place_of``)."""
    if not order.zero:
        return order.nonzero[j]
    own = order.zero if place_of(key, j, recipe.zero).zero else order.nonzero
    return own[alike_before(key, j, recipe.zero)]


def check_enough(suite: str, recipe: Recipe, found: dict[str, Order], n: int) -> None:
    """Every one of a suite's first n items has a structure.

    Raises:
        UserError: a task has too few.
    """
    limits = {}
    for turn, (name, order) in enumerate(found.items()):
        zero, nonzero = len(order.zero), len(order.nonzero)
        own = longest_start(recipe.zero, zero, nonzero) if name in EFFECTS else nonzero
        limits[name] = own * len(found) + turn  # the tasks take turns
    name = min(limits, key=limits.__getitem__)
    limit = limits[name]
    if n <= limit:
        return
    zero, nonzero = (len(part) for part in found[name])
    nodes = " to ".join(str(size) for size in sorted({min(recipe.nodes), max(recipe.nodes)}))
    what = f" whose value is not 0 and {zero} whose value is 0" if zero else ""
    share = f"and {100 * recipe.zero:.0f} % zeros " if zero else ""
    todo = f"with --distinct {share}ask for at most {limit} items" if limit >= len(found) else "leave out --distinct"
    raise UserError(
        f"{suite} has {nonzero} causal structures for {name} with {nodes} nodes in split {recipe.split!r}{what}; {todo}"
    )
