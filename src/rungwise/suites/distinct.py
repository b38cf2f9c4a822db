"""A causal structure of its own for every item of a task: all that a recipe can ask for, in random order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from rungwise.errors import UserError
from rungwise.problems.listed import LISTED, Entry, of_shapes
from rungwise.problems.problem import EFFECTS
from rungwise.problems.recipe import Recipe, asked_for
from rungwise.problems.streams import make_dice, shuffled
from rungwise.problems.structure import Request
from rungwise.suites.schedule import alike_before, most_alike, place_of

Ways = Sequence[Entry]
"""What makes problems of one canonical shape: one graph of it for each request that it meets."""


class Order(NamedTuple):
    """A task's shapes in the order in which its items have them: those whose value is 0 by structure, and the others.
    PN and PS have others only: their zeros are in the numbers."""

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
        raise UserError(f"--distinct is for problems of at most {LISTED} nodes; choose another suite, or add --level")
    out = {}
    for name in recipe.tasks:
        found = []
        for zero in (True, False):
            possible = recipe.zero > 0 if zero else recipe.zero < 1
            asked = asked_for(name, recipe, zero) if possible and (name in EFFECTS or not zero) else {}
            shapes = _ways(tuple(asked.items()))
            dice = make_dice(*key, name, "structures", zero)
            found.append([shapes[shape] for shape in shuffled(sorted(shapes), dice)])
        out[name] = Order(*found)
    return out


@lru_cache(maxsize=64)
def _ways(asked: tuple[tuple[Request, float], ...]) -> dict[str, Ways]:
    """Every shape that meets a request, with its entries. An entry is drawn as often as its request is asked for, more
    often where few shapes meet it: of the menus' readings none is to be right much more often than another."""
    of_request = {request: of_shapes(request) for request, _ in asked}
    shapes = Counter((r.menu, r.place) for r, entries in of_request.items() for _ in entries)
    found: dict[str, list[Entry]] = {}
    for request, share in asked:
        for shape, entry in of_request[request].items():
            weight = share / shapes[request.menu, request.place]
            found.setdefault(shape, []).append(entry._replace(weight=weight))
    return dict(found)


def ways_of(order: Order, key: tuple[object, ...], j: int, zero: float) -> Ways:
    """What item j of a task is made of.

    Args:
        key, zero: the schedule's (see ``place_of``).
    """
    if not order.zero and not order.nonzero:
        raise AssertionError
    ...
