"""Which facts a problem displays: a menu from which the graph decides.

A *reading* is a pair (mediators, covariates) of node sets; it stands for one way to compute the value. A
menu is a list of readings chosen without looking at the graph; the problem displays the facts of all of
them, and the graph says which one is right. `published` shows the right reading's facts alone, as the
published sets do: there the facts give the estimand away.
"""

from __future__ import annotations

from collections.abc import Sequence

from rungwise.causal.estimand import Term
from rungwise.problems.problem import Query
from rungwise.problems.tasks import task

Reading = tuple[int, int]
"""(mediators, covariates), two node sets as bitmasks."""

MENUS = {"single": 1, "either": 2, "joint": 2}
"""Menus by name, with the number of menu variables each is about."""


def readings(name: str, menu: str, nodes: Sequence[int], held: int = 0) -> list[Reading]:
    """The readings of a menu for a task.

    ``single`` weighs one variable a (leave it out, adjust for it, take it as mediator), ``either`` two
    variables of which at most one is used, ``joint`` also both at once. ``held`` is CDE's set of mediators,
    which the question states. NIE always has a mediator, so its menus decide which.
    """
    sets = [1 << v for v in nodes]
    pair = [sets[0] | sets[1]] if menu == "joint" else []
    if name == "NIE":
        out = [(s, 0) for s in sets + pair]
        return out + ([(sets[0], sets[1]), (sets[1], sets[0])] if pair else [])
    out = [(held, zs) for zs in [0, *sets, *pair]]
    if name == "NDE":
        out += [(ms, 0) for ms in sets + pair]
        out += [(sets[0], sets[1]), (sets[1], sets[0])] if pair else []
    return out


def displayed_terms(q: Query, shown: Sequence[Reading], cards: Sequence[int]) -> list[Term]:
    """The terms that these readings need, each once."""
    found: dict[Term, None] = {}
    for ms, zs in shown:
        for term in task(q.task).estimand(q, ms, zs, cards).terms():
            found.setdefault(term)
    return list(found)
