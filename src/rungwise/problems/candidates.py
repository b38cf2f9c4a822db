"""Graphs that structures are looked for among: which menus fit each, and what structure that makes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rungwise.causal.canonical import Form, canonical_forms
from rungwise.causal.graph import mask_of
from rungwise.problems.identify import ALL, KINDS, Words, closure, pack, small_sets, unpack, valid_sets
from rungwise.problems.menu import MENUS, Reading, readings
from rungwise.problems.structure import PUBLISHED, Request, Structure

DIRECT = ("CDE", "NDE")
"""Tasks that ask about the edge from treatment to outcome."""
Flags = NDArray[np.bool_]
Numbers = NDArray[np.int64]


@lru_cache(maxsize=16)
def orders_of(n: int) -> tuple[Numbers, Numbers]:
    """Nodes in the order of their roles (treatment, outcome, the others), for all choices of the first two, and for
    those in causal order."""
    ends = list(permutations(range(n), 2))
    every = np.array([[x, y, *[v for v in range(n) if v not in (x, y)]] for x, y in ends])
    return every, every[every[:, 0] < every[:, 1]]


@dataclass(frozen=True, slots=True, eq=False)
class Graphs:
    """Graphs over roles (treatment, outcome, the others) and what is known about them.

    Attributes:
        owner: the request that each graph was drawn for.
        effects: shape (n, n, graphs), true where the first node directly causes the second.
        edges: the same in words (see ``identify``), shape (n, n, words).
        below, between: the treatment's descendants, and those of them that cause the outcome, shape (n, words).
    """

    requests: Sequence[Request]
    owner: Numbers
    effects: Flags
    edges: Words
    below: Words
    between: Words

    @property
    def kind(self) -> str:
        """What the requests have in common."""
        return KINDS[self.requests[0].task]

    @property
    def held(self) -> Words:
        """The nodes that the question holds."""
        return self.between if self.kind == "CDE" else np.zeros_like(self.between)

    @property
    def acts(self) -> Flags:
        """Whether the value asked for is other than 0 by structure."""
        total = len(self.owner)
        tasks = self.of_owner([r.task for r in self.requests])
        indirect = unpack(np.bitwise_or.reduce(self.between, axis=0), total)
        any_way = unpack(self.below[1], total)
        return np.where(np.isin(tasks, DIRECT), self.effects[0, 1], np.where(tasks == "NIE", indirect, any_way))

    def valid(self, most: int) -> Words:
        """See ``identify.valid_sets``."""
        return valid_sets(self.kind, self.edges, self.below, self.between, most)

    def of(self, rows: Numbers, asked: Sequence[Request] | None = None) -> Graphs:
        """Some of them; with ``asked``, each (or all) of these for another request."""
        if asked is None:
            return _known(self.requests, self.owner[rows], self.effects[:, :, rows])
        owner = np.arange(len(rows)) if len(asked) > 1 else np.zeros(len(rows), dtype=np.int64)
        return _known(asked, owner, self.effects[:, :, rows])

    def of_owner(self, values: Sequence[Any]) -> NDArray[Any]:
        """One of ``values``, a value a request, for each graph."""
        return np.array(values)[self.owner]


def over_roles(requests: Sequence[Request], owner: Numbers, drawn: Flags, orders: Numbers) -> Graphs:
    """Graphs from edges in causal order, whose nodes are then put into the order of their roles.

    Args:
        drawn: for each pair of nodes, earlier one first, whether there is an edge, shape (pairs, graphs).
        orders: the node that plays each role, shape (graphs, n).
    """
    total, n = orders.shape
    cause, effect = np.triu_indices(n, 1)
    role = orders.argsort(axis=1).T
    effects = np.zeros((n, n, total), dtype=bool)
    effects[role[cause], role[effect], np.arange(total)] = drawn
    # Where the question is about the edge, it is there, or not, from the start: edges are drawn independently.
    direct = np.array([r.task in DIRECT for r in requests])[owner]
    zero = np.array([r.zero for r in requests])[owner]
    effects[0, 1] = np.where(direct, ~zero, effects[0, 1])
    return _known(requests, owner, effects)


def _known(requests: Sequence[Request], owner: Numbers, effects: Flags) -> Graphs:
    edges = pack(effects)
    above = closure(edges)
    between = above[0] & above[:, 1]
    return Graphs(requests, owner, effects, edges, above[0], between)


def like(name: str) -> str:
    """Of all tasks whose menus are alike, one."""
    return name if KINDS[name] == "mediating" else "ATE"


def fitting_menus(graphs: Graphs, valid: Words, table: MenuTable) -> Flags:
    """For each menu of the table and each graph whether its only valid reading is the one at the request's place (any
    menu fits where the value is 0 by structure)."""
    requests = graphs.requests
    said = valid[table.covariates]
    if graphs.kind == "mediating":
        said &= _sets_equal(graphs.between, table.sets)[table.mediators]
    place = graphs.of_owner([r.place for r in requests])
    wanted = pack(place == np.arange(table.covariates.shape[1])[:, None])
    wrong = np.bitwise_or.reduce(said ^ wanted, axis=1) & ~pack(graphs.of_owner([r.zero for r in requests]))
    taken = np.bitwise_or.reduce(graphs.held[table.nodes], axis=1)
    return unpack(~(wrong | taken), len(graphs.owner))


def _sets_equal(nodes: Words, sets: Sequence[tuple[int, ...]]) -> Words:
    """Whether ``nodes`` (n, words) is each of these sets, shape (sets, words)."""
    out = np.zeros((len(sets), nodes.shape[1]), dtype=np.uint64)
    for i, members in enumerate(sets):
        flipped = nodes.copy()
        flipped[list(members)] ^= ALL
        out[i] = ~np.bitwise_or.reduce(flipped, axis=0)
    return out


def smallest(graphs: Graphs, valid: Words) -> Numbers:
    """For each graph the smallest valid reading about two variables at most (beside those that CDE holds), as the
    published sets have it, by its covariates' number among the small sets; 0 where the value is 0 by structure, -1
    where there is none."""
    total = len(graphs.owner)
    sizes = np.array([len(chosen) for chosen in small_sets(len(graphs.effects), 2)])[:, None]
    if graphs.kind == "mediating":
        sizes = sizes + unpack(graphs.between, total).sum(axis=0)
    fits = unpack(valid, total) & (sizes <= 2)
    zero = graphs.of_owner([r.zero for r in graphs.requests])
    return np.where(zero, 0, np.where(fits.any(axis=0), fits.argmax(axis=0), -1))


def forms(graphs: Graphs, rows: Numbers) -> list[Form]:
    """Canonical forms of some graphs, with treatment, outcome and held nodes marked."""
    marks = 3 * unpack(graphs.held, len(graphs.owner)).T[rows].astype(np.int64)
    marks[:, 0], marks[:, 1] = 1, 2
    return canonical_forms(graphs.effects[:, :, rows].transpose(2, 0, 1), marks)


def structures_of(graphs: Graphs, rows: Numbers, picks: Numbers, shapes: Sequence[str]) -> list[Structure]:
    """The structures of some graphs with the menu that each shows."""
    n = len(graphs.effects)
    effects, between = graphs.effects[:, :, rows].transpose(2, 0, 1), unpack(graphs.between, len(graphs.owner)).T[rows]
    parts = [
        parts_of(graphs.requests[i], n, pick, np.flatnonzero(own).tolist())
        for i, pick, own in zip(graphs.owner[rows].tolist(), picks.tolist(), between, strict=True)
    ]
    order, relevant = _roles_in_order(effects, [nodes for nodes, *_ in parts])
    every = np.arange(len(order))[:, None, None]
    moved = effects[every, order[:, :, None], order[:, None, :]]
    return [
        Structure(own, len(nodes), held, shown, right, shape, number)
        for own, (nodes, held, shown, right), shape, number in zip(moved, parts, shapes, relevant, strict=True)
    ]


def parts_of(
    request: Request, n: int, pick: int, between: list[int]
) -> tuple[list[int], int, tuple[Reading, ...], Reading | None]:
    """The nodes that the facts speak of in their order as roles, and over these the held ones, the readings and the
    right one."""
    held = between if KINDS[request.task] == "CDE" else []
    right: Reading | None = None
    if request.menu != PUBLISHED:
        nodes = menu_table(like(request.task), request.menu, n).nodes[pick].tolist()
        shown = _shown(request.task, request.menu, 2 + len(nodes), len(held))
        right = None if request.zero else shown[request.place]
    elif request.zero:
        nodes, shown = [], ()
    else:
        ms = between if KINDS[request.task] == "mediating" else []
        zs = small_sets(n, 2)[pick]
        nodes = sorted({*ms, *zs})
        used, adjusted = (mask_of([2 + nodes.index(v) for v in part]) for part in (ms, zs))
        right = used | mask_of(range(2 + len(nodes), 2 + len(nodes) + len(held))), adjusted
        shown = (right,)
    first = 2 + len(nodes)
    return [0, 1, *nodes, *held], mask_of(range(first, first + len(held))), shown, right


def _roles_in_order(effects: Flags, named: Sequence[list[int]]) -> tuple[Numbers, list[int]]:
    """All nodes of each graph: the named ones as they come, then their other causes, then the rest; and how many are
    not rest."""
    n = effects.shape[1]
    above = effects | np.eye(n, dtype=bool)
    for v in range(n):
        above |= above[:, :, v, None] & above[:, None, v, :]
    place = np.full(effects.shape[:2], n)
    for own, nodes in zip(place, named, strict=True):
        own[nodes] = range(len(nodes))
    causes = (above & (place < n)[:, None, :]).any(axis=2)
    place += np.where(causes, 0, n)
    return place.argsort(axis=1, kind="stable"), causes.sum(axis=1).tolist()


@lru_cache(maxsize=256)
def _shown(name: str, menu: str, k: int, held: int) -> tuple[Reading, ...]:
    """A menu's readings over roles: its variables are 2 to k - 1, the held ones come next."""
    return tuple(readings(name, menu, range(2, k), mask_of(range(k, k + held))))


@dataclass(frozen=True, slots=True, eq=False)
class MenuTable:
    """Every choice of a menu's variables among the roles from 2 on.

    Attributes:
        nodes: the variables, in order of mention, shape (choices, variables).
        most: variables of the largest reading's sets.
        sets: the small sets of so many.
        mediators, covariates: of each reading, by their index in ``sets``, shape (choices, readings).
        between: how many mediators each reading has.
    """

    nodes: Numbers
    most: int
    sets: tuple[tuple[int, ...], ...]
    mediators: Numbers
    covariates: Numbers
    between: list[int]


@lru_cache(maxsize=256)
def menu_table(name: str, menu: str, n: int) -> MenuTable:
    nodes = list(permutations(range(2, n), MENUS[menu]))
    menus = [readings(name, menu, chosen) for chosen in nodes]
    most = 2 if menu == "joint" else 1
    sets = small_sets(n, most)
    index = {mask_of(chosen): i for i, chosen in enumerate(sets)}
    return MenuTable(
        np.array(nodes, dtype=np.int64).reshape(len(nodes), MENUS[menu]),
        most,
        sets,
        np.array([[index[ms] for ms, _ in shown] for shown in menus]),
        np.array([[index[zs] for _, zs in shown] for shown in menus]),
        [ms.bit_count() for ms, _ in menus[0]],
    )
