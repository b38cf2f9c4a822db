"""All structures of few nodes, so that one that meets a request is drawn at once."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product
from random import Random

import numpy as np
from numpy.typing import NDArray

from rungwise.causal.canonical import Form
from rungwise.problems.candidates import (
    Graphs,
    Numbers,
    fitting_menus,
    forms,
    like,
    menu_table,
    orders_of,
    over_roles,
    smallest,
    structures_of,
)
from rungwise.problems.identify import Words
from rungwise.problems.problem import shape_text
from rungwise.problems.streams import split_of
from rungwise.problems.structure import PUBLISHED, Request, Structure

LISTED = 5
"""Up to so many nodes all graphs are known."""


def from_lists(
    requests: Sequence[Request], dice: Sequence[Random], edge_share: tuple[float, float]
) -> list[Structure | None]:
    """``search`` where all graphs are known."""
    found: list[Structure | None] = [None] * len(requests)
    at_drawn, drawn = [], []
    for i, (request, own) in enumerate(zip(requests, dice, strict=True)):
        known = listed(request)
        if known.rows:
            at = bisect(known.chances(edge_share), own.random())
            menu = known.menus[own.randrange(known.starts[at], known.starts[at + 1])]
            at_drawn.append(i)
            drawn.append((request, known.rows[at], menu))
    for i, structure in zip(at_drawn, structures_of_rows(drawn), strict=True):
        found[i] = structure
    return found


def structures_of_rows(drawn: Sequence[tuple[Request, int, int]]) -> list[Structure]:
    """The structure of each (request, graph, menu that the graph shows)."""
    families: dict[tuple[str, int, bool], list[int]] = {}
    for i, (request, _, _) in enumerate(drawn):
        families.setdefault((request.task, request.n, request.zero), []).append(i)
    found: dict[int, Structure] = {}
    for key, own in families.items():
        family = family_of(*key)
        asked, rows, picks = (list(part) for part in zip(*[drawn[i] for i in own], strict=True))
        graphs = family.graphs.of(np.array(rows), asked)
        shapes = [family.shapes[row] for row in rows]
        structures = structures_of(graphs, np.arange(len(rows)), np.array(picks), shapes)
        found.update(zip(own, structures, strict=True))
    return [found[i] for i in range(len(drawn))]


@dataclass(frozen=True, eq=False)
class Family:
    """All graphs of few nodes for a task, those whose value is 0 by structure or the others.

    Attributes:
        valid: see ``identify.valid_sets``.
        shapes: their canonical shapes.
        splits: the splits that these belong to.
        edges: how many edges each has.
    """

    graphs: Graphs
    valid: Words
    shapes: list[str]
    splits: NDArray[np.str_]
    edges: Numbers


@lru_cache(maxsize=128)
def family_of(name: str, n: int, zero: bool) -> Family:
    every, known = _graphs(n, name == "CDE", zero)
    graphs = every.of(np.arange(len(known)), [Request(name, n, PUBLISHED, 0, zero, "")])
    rows = np.flatnonzero(graphs.acts != zero)
    graphs = graphs.of(rows)
    of_form = {form: shape_text(name, form) for form in set(known)}
    of_shape = {shape: split_of(shape) for shape in of_form.values()}
    shapes = [of_form[known[row]] for row in rows.tolist()]
    edges = graphs.effects.sum(axis=(0, 1))
    return Family(graphs, graphs.valid(2), shapes, np.array([of_shape[shape] for shape in shapes]), edges)


@lru_cache(maxsize=32)
def _graphs(n: int, held: bool, zero: bool) -> tuple[Graphs, list[Form]]:
    """The 2 to the n (n-1) / 2 graphs in causal order with every choice of treatment and outcome (where the value is
    not 0 by structure: in that order), and their canonical forms, mediators marked where they are ``held``."""
    orders = orders_of(n)[0 if zero else 1]
    every = np.array(list(product((False, True), repeat=n * (n - 1) // 2))).T
    total = every.shape[1] * len(orders)
    request = Request("ATE", n, PUBLISHED, 0, zero, "")
    drawn = np.repeat(every, len(orders), axis=1)
    graphs = over_roles([request], np.zeros(total, dtype=np.int64), drawn, np.tile(orders, (every.shape[1], 1)))
    marked = graphs.of(np.arange(total), [request._replace(task="CDE")]) if held else graphs
    return graphs, forms(marked, np.arange(total))


@dataclass(frozen=True, eq=False)
class _List:
    """The graphs of a family that meet a request, with the menus that fit each.

    Attributes:
        rows: the graphs, by their number in the family.
        menus, starts: those that fit graph i are ``menus[starts[i] : starts[i + 1]]``.
        edges: as in the family.
        pairs: how many edges a graph can have.
    """

    rows: list[int]
    menus: list[int]
    starts: list[int]
    edges: Numbers
    pairs: int
    _chances: dict[tuple[float, float], list[float]] = field(default_factory=dict)

    def chances(self, edge_share: tuple[float, float]) -> list[float]:
        """How likely each graph or one before it is, where first a share of edges and then each edge is drawn."""
        found = self._chances.get(edge_share)
        if found is None:
            low, high = edge_share
            share = low + (high - low) * (np.arange(256)[:, None] + 0.5) / 256
            counts = np.arange(self.pairs + 1)
            of_count = (share**counts * (1 - share) ** (self.pairs - counts)).sum(axis=0)
            weights = of_count[self.edges].cumsum()
            # The last one is left out, so that no draw lies behind the list.
            found = self._chances[edge_share] = (weights / weights[-1]).tolist()[:-1]
        return found


@lru_cache(maxsize=1024)
def listed(request: Request) -> _List:
    family = family_of(request.task, request.n, request.zero)
    everything = family.graphs
    graphs = everything.of(np.arange(len(everything.owner)), [request])
    if request.menu == PUBLISHED:
        picks = smallest(graphs, family.valid)
        fits = picks == np.arange(max(picks.max(initial=0) + 1, 1))[:, None]
    else:
        fits = fitting_menus(graphs, family.valid, menu_table(like(request.task), request.menu, request.n))
    rows = np.flatnonzero(fits.any(axis=0) & (family.splits == request.split))
    which, menus = np.nonzero(fits[:, rows].T)
    starts = np.searchsorted(which, np.arange(len(rows) + 1))
    pairs = request.n * (request.n - 1) // 2
    return _List(rows.tolist(), menus.tolist(), starts.tolist(), family.edges[rows], pairs)
