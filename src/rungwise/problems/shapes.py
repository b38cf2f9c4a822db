"""The canonical shapes of few nodes that problems can be made of, and what makes a problem of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from rungwise.causal.scm import Array
from rungwise.problems.candidates import Flags, parts_of
from rungwise.problems.identify import unpack
from rungwise.problems.listed import family_of, listed
from rungwise.problems.menu import Reading
from rungwise.problems.plan import plan
from rungwise.problems.problem import EFFECTS, Query
from rungwise.problems.streams import stream
from rungwise.problems.structure import Request

SAME = 1e-7
"""Two values of one model that are nearer are the same for every model: no wrong reading is so near by chance."""

CUT_OFF_AMONG, CLEAR = 64, 2e-3
"""A bound is cut off at 0, and every wrong reading's clearly is not, in one of so many models: else it is too rare."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A listed graph that meets a request.

    Attributes:
        row: the graph, by its number in its family.
        menus: the menus that fit it.
        weight: how likely it is to be drawn from among others.
    """

    request: Request
    row: int
    menus: Sequence[int]
    weight: float = 1.0


def of_shapes(request: Request, cut_off: bool) -> dict[str, Entry]:
    """For each canonical shape that has graphs which meet a request, one of these: the others differ in nothing but
    the numbers of nodes, which are drawn anew for every problem.

    Menus are left out where a wrong reading gives the right value in every model, as adjusting for a variable that
    has nothing to do with the outcome, or where the value is 0 by structure, and all readings say so.

    Args:
        cut_off: a bound that is asked for has to be cut off at 0 in some problems, where no wrong reading's is.
    """
    known, family = listed(request), family_of(request.task, request.n, request.zero)
    first: dict[str, int] = {}
    for at, row in enumerate(known.rows):
        first.setdefault(family.shapes[row], at)
    rows = [known.rows[at] for at in first.values()]
    menus = [known.menus[known.starts[at] : known.starts[at + 1]] for at in first.values()]
    between = unpack(family.graphs.of(np.array(rows, dtype=np.int64)).between, len(rows)).T
    asked: dict[_Question, list[tuple[int, int]]] = {}
    for i, own in enumerate(menus):
        mediators = np.flatnonzero(between[i]).tolist()
        for menu in own:
            order, held, shown, right = parts_of(request, request.n, menu, mediators)
            question = tuple(order), held, shown, right
            asked.setdefault(question, []).append((i, menu))
    cut_off &= request.task not in EFFECTS
    joints = _joints(family.graphs.effects[:, :, rows], CUT_OFF_AMONG if cut_off else 1)
    telling: list[list[int]] = [[] for _ in rows]
    for question, uses in asked.items():
        which = [i for i, _ in uses]
        for (i, menu), tells in zip(
            uses, _tells(request.task, question, joints[:, which], cut_off).tolist(), strict=True
        ):
            if tells:
                telling[i].append(menu)
    entries = zip(first, rows, telling, strict=True)
    return {shape: Entry(request, row, sorted(own)) for shape, row, own in entries if own}


_Question = tuple[tuple[int, ...], int, tuple[Reading, ...], Reading | None]
"""The nodes in the order of their roles in the facts; over these the held ones, the readings and the right one."""


def _joints(effects: Flags, models: int) -> Array:
    """The joint distribution of all nodes of each graph in random models, shape (models, graphs, 2, ..., 2)."""
    n, _, total = effects.shape
    cells = np.arange(2**n)
    value = cells >> np.arange(n)[::-1, None] & 1  # the first node's value changes last
    chance = stream("models of every graph").uniform(0.05, 0.95, (models, n, 2**n))
    out = np.ones((models, total, 2**n))
    for v in range(n):
        parents = (effects[:, v].T * (1 << np.arange(n)[::-1])).sum(axis=1)
        one = chance[:, v][:, cells & parents[:, None]]
        out *= np.where(value[v], one, 1 - one)
    return out.reshape(models, total, *[2] * n)


def _tells(name: str, question: _Question, joints: Array, cut_off: bool) -> Flags:
    """For each graph whether the right reading can be told from the others, or from 0 where none is right."""
    order, held, shown, right = question
    models, total = joints.shape[:2]
    if not shown:
        return np.ones(total, dtype=bool)
    rest = [v for v in range(joints.ndim - 2) if v not in order]
    # Bounds are looked at before they are cut off: that is what the point in monotone models is.
    x = 0 if name == "PN" else 1
    bound = None if name in EFFECTS else "point"
    q = Query(name, 0, 1, x, 1 - x, x, tuple([(m, 0) for m in range(len(order)) if held >> m & 1]), bound)
    made = plan(q, shown, (2,) * len(order))
    p = (
        joints.transpose(0, 1, *[2 + v for v in (*order, *rest)])
        .reshape(models * total, prod(made.cards), -1)
        .sum(axis=2)
    )
    values = made.values((made.joints @ p.T) / (made.conditions @ p.T)).reshape(len(shown), models, total)
    differ = np.abs(values[:, 0]) > SAME
    if right is None:
        some: Flags = np.logical_or.reduce(differ, axis=0)
        return some
    at = shown.index(right)
    others = np.delete(values, at, axis=0)
    tells: Flags = np.logical_and(differ[at], (np.abs(others[:, 0] - values[at, 0]) > SAME).all(axis=0))
    if cut_off:
        tells &= ((values[at] <= 0) & (others > CLEAR).all(axis=0)).any(axis=0)
    return tells
