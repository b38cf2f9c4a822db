"""Random structures that meet requests: graphs are drawn and looked at in their hundreds, and the first that fits is
taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations, product
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rungwise.causal.canonical import canonical_forms
from rungwise.causal.graph import mask_of
from rungwise.problems.identify import ALL, KINDS, Words, closure, pack, small_sets, unpack, valid_sets
from rungwise.problems.menu import MENUS, Reading, readings
from rungwise.problems.problem import shape_text
from rungwise.problems.streams import split_of
from rungwise.problems.structure import PUBLISHED, Request, Structure

ENUMERATED = 4
"""Up to so many nodes all graphs can be looked at."""
DIRECT = ("CDE", "NDE")
"""Tasks that ask about the edge from treatment to outcome."""
Flags = NDArray[np.bool_]
Numbers = NDArray[np.int64]


def search(
    requests: Sequence[Request], dice: Sequence[Random], proposals: Sequence[int], edge_share: tuple[float, float]
) -> list[Structure | None]:
    """For each request a structure that meets it, from so many random graphs, or None where none of these does.

    The requests are of one kind (``identify.KINDS``) and one number of nodes; each draws from its own dice alone.
    """
    n = requests[0].n
    pairs = n * (n - 1) // 2
    size = pairs + 5  # a byte an edge, one for the share of edges, two for the ends, two for the menu's variables
    drawn = b"".join([own.randbytes(number * size) for own, number in zip(dice, proposals, strict=True)])
    raw = np.frombuffer(drawn, dtype=np.uint8).reshape(-1, size)
    owner = np.repeat(np.arange(len(requests)), proposals)
    low, high = edge_share
    share = low + (high - low) * (raw[:, 0].astype(float) + 0.5) / 256
    effects = np.zeros((len(raw), n, n), dtype=bool)
    cause, effect = np.triu_indices(n, 1)
    effects[:, cause, effect] = raw[:, 1 : 1 + pairs] < (256 * share)[:, None]
    ends, choice = (raw[:, at].astype(np.int64) << 8 | raw[:, at + 1] for at in (1 + pairs, 3 + pairs))
    zero = np.array([r.zero for r in requests])[owner]
    either_way, forward = _orders(n)  # where the treatment must cause the outcome, it comes first
    orders = np.where(zero[:, None], either_way[ends * len(either_way) >> 16], forward[ends * len(forward) >> 16])
    graphs = _over_roles(requests, owner, effects, orders)
    rows, picks = _fitting(graphs, choice)
    return _first_of_split(graphs, rows, picks)


@lru_cache(maxsize=16)
def _orders(n: int) -> tuple[Numbers, Numbers]:
    """Nodes in the order of their roles (treatment, outcome, the others), for all choices of the first two, and for
    those in causal order."""
    ends = list(permutations(range(n), 2))
    every = np.array([[x, y, *[v for v in range(n) if v not in (x, y)]] for x, y in ends])
    return every, every[every[:, 0] < every[:, 1]]


@dataclass(frozen=True, slots=True, eq=False)
class _Graphs:
    """Graphs over roles (treatment, outcome, the others) and what is known about them.

    Attributes:
        owner: the request that each graph was drawn for.
        effects: shape (graphs, n, n), true where the first node directly causes the second.
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

    def valid(self, most: int) -> Words:
        """See ``identify.valid_sets``."""
        return valid_sets(self.kind, self.edges, self.below, self.between, most)

    def of(self, rows: Numbers) -> _Graphs:
        """Some of them."""
        return _known(self.requests, self.owner[rows], self.effects[rows])

    def of_owner(self, values: Sequence[Any]) -> NDArray[Any]:
        """One of ``values``, a value a request, for each graph."""
        return np.array(values)[self.owner]


def _over_roles(requests: Sequence[Request], owner: Numbers, effects: Flags, orders: Numbers) -> _Graphs:
    """Graphs whose nodes are put into the order of their roles."""
    every = np.arange(len(owner))[:, None, None]
    moved = effects[every, orders[:, :, None], orders[:, None, :]]
    # Where the question is about the edge, it is there, or not, from the start: edges are drawn independently.
    direct = np.array([r.task in DIRECT for r in requests])[owner]
    zero = np.array([r.zero for r in requests])[owner]
    moved[:, 0, 1] = np.where(direct, ~zero, moved[:, 0, 1])
    return _known(requests, owner, moved)


def _known(requests: Sequence[Request], owner: Numbers, effects: Flags) -> _Graphs:
    edges = pack(effects.transpose(1, 2, 0))
    above = closure(edges)
    between = above[0] & above[:, 1]
    return _Graphs(requests, owner, effects, edges, above[0], between)


def _fitting(graphs: _Graphs, choice: Numbers) -> tuple[Numbers, Numbers]:
    """The graphs that meet their owner's request but for the split, in order, and which of the menus that fit each
    shows. ``choice`` (16 bits a graph) says which menu is taken where several fit.
    """
    total, requests, n = len(graphs.owner), graphs.requests, graphs.effects.shape[1]
    tables = [None if r.menu == PUBLISHED else _menu_table(_like(r.task), r.menu, n) for r in requests]
    counts = unpack(graphs.between, total).sum(axis=0)
    tasks, zero = graphs.of_owner([r.task for r in requests]), graphs.of_owner([r.zero for r in requests])
    acts = unpack(graphs.below[1], total)
    acts = np.where(np.isin(tasks, DIRECT), graphs.effects[:, 0, 1], np.where(tasks == "NIE", counts > 0, acts))
    # A quick look first: every menu offers to leave out the covariates of its right reading.
    both = list(zip(tables, requests, strict=True))
    bare = unpack(graphs.valid(0)[0], total)
    likely = bare == graphs.of_owner([t is None or not t.covariates[0, r.place] for t, r in both])
    if graphs.kind == "mediating":
        likely &= counts == graphs.of_owner([t.between[r.place] if t else -1 for t, r in both])
    published = graphs.of_owner([t is None for t in tables])
    rows = np.flatnonzero((acts != zero) & (zero | published | likely))
    looked_at = graphs.of(rows)
    valid = looked_at.valid(max(2 if t is None else t.most for t in tables))
    found = np.full(len(rows), -1)
    for table in dict.fromkeys(tables):
        own = np.flatnonzero(looked_at.of_owner([t is table for t in tables]))
        if table is None:
            found[own] = _smallest(looked_at, valid)[own]
        else:
            found[own] = _decided(looked_at, valid, table, choice[rows])[own]
    return rows[found >= 0], found[found >= 0]


def _like(name: str) -> str:
    """Of all tasks whose menus are alike, one."""
    return name if KINDS[name] == "mediating" else "ATE"


def _decided(graphs: _Graphs, valid: Words, table: _MenuTable, choice: Numbers) -> Numbers:
    """For each graph one of the menus whose only valid reading is the one at its place (any menu where the value is 0
    by structure), by its number in the table; -1 where there is none."""
    requests, total = graphs.requests, len(choice)
    said = valid[table.covariates]
    if graphs.kind == "mediating":
        said &= _sets_equal(graphs.between, table.sets)[table.mediators]
    place = graphs.of_owner([r.place for r in requests])
    wanted = pack(place == np.arange(table.covariates.shape[1])[:, None])
    wrong = np.bitwise_or.reduce(said ^ wanted, axis=1) & ~pack(graphs.of_owner([r.zero for r in requests]))
    taken = np.bitwise_or.reduce(graphs.held[table.nodes], axis=1)
    fits = unpack(~(wrong | taken), total)
    counts = fits.cumsum(axis=0)
    nth = (choice * counts[-1] >> 16) + 1
    return np.where(counts[-1], (counts >= nth).argmax(axis=0), -1)


def _sets_equal(nodes: Words, sets: Sequence[tuple[int, ...]]) -> Words:
    """Whether ``nodes`` (n, words) is each of these sets, shape (sets, words)."""
    out = np.zeros((len(sets), nodes.shape[1]), dtype=np.uint64)
    for i, members in enumerate(sets):
        flipped = nodes.copy()
        flipped[list(members)] ^= ALL
        out[i] = ~np.bitwise_or.reduce(flipped, axis=0)
    return out


def _smallest(graphs: _Graphs, valid: Words) -> Numbers:
    """For each graph the smallest valid reading about two variables at most (beside those that CDE holds), as the
    published sets have it, by its covariates' number among the small sets; 0 where the value is 0 by structure, -1
    where there is none."""
    total = len(graphs.owner)
    sizes = np.array([len(chosen) for chosen in small_sets(graphs.effects.shape[1], 2)])[:, None]
    if graphs.kind == "mediating":
        sizes = sizes + unpack(graphs.between, total).sum(axis=0)
    fits = unpack(valid, total) & (sizes <= 2)
    zero = graphs.of_owner([r.zero for r in graphs.requests])
    return np.where(zero, 0, np.where(fits.any(axis=0), fits.argmax(axis=0), -1))


def _first_of_split(graphs: _Graphs, rows: Numbers, picks: Numbers) -> list[Structure | None]:
    """For each request the structure of its first graph whose shape belongs to the request's split."""
    n = graphs.effects.shape[1]
    marks = 3 * unpack(graphs.held, len(graphs.owner)).T[rows].astype(np.int64)
    marks[:, 0], marks[:, 1] = 1, 2
    forms = canonical_forms(graphs.effects[rows], marks)
    taken: dict[int, tuple[int, str]] = {}
    for at, (i, form) in enumerate(zip(graphs.owner[rows].tolist(), forms, strict=True)):
        if i not in taken:
            request = graphs.requests[i]
            shape = shape_text(request.task, form)
            if split_of(shape) == request.split:
                taken[i] = at, shape
    found: list[Structure | None] = [None] * len(graphs.requests)
    at_taken = [at for at, _ in taken.values()]
    effects, between = graphs.effects[rows[at_taken]], unpack(graphs.between, len(graphs.owner)).T[rows[at_taken]]
    parts = [
        _parts(graphs.requests[i], n, int(picks[at]), np.flatnonzero(own).tolist())
        for (i, (at, _)), own in zip(taken.items(), between, strict=True)
    ]
    order, relevant = _roles_in_order(effects, [nodes for nodes, *_ in parts])
    every = np.arange(len(order))[:, None, None]
    moved = effects[every, order[:, :, None], order[:, None, :]]
    for (i, (_, shape)), own, (nodes, held, shown, right), number in zip(
        taken.items(), moved, parts, relevant, strict=True
    ):
        found[i] = Structure(own, len(nodes), held, shown, right, shape, number)
    return found


def _parts(
    request: Request, n: int, pick: int, between: list[int]
) -> tuple[list[int], int, tuple[Reading, ...], Reading | None]:
    """The nodes that the facts speak of in their order as roles, and over these the held ones, the readings and the
    right one."""
    held = between if KINDS[request.task] == "CDE" else []
    right: Reading | None = None
    if request.menu != PUBLISHED:
        nodes = _menu_table(_like(request.task), request.menu, n).nodes[pick].tolist()
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
class _MenuTable:
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
def _menu_table(name: str, menu: str, n: int) -> _MenuTable:
    nodes = list(permutations(range(2, n), MENUS[menu]))
    menus = [readings(name, menu, chosen) for chosen in nodes]
    most = 2 if menu == "joint" else 1
    sets = small_sets(n, most)
    index = {mask_of(chosen): i for i, chosen in enumerate(sets)}
    return _MenuTable(
        np.array(nodes, dtype=np.int64).reshape(len(nodes), MENUS[menu]),
        most,
        sets,
        np.array([[index[ms] for ms, _ in shown] for shown in menus]),
        np.array([[index[zs] for _, zs in shown] for shown in menus]),
        [ms.bit_count() for ms, _ in menus[0]],
    )


@lru_cache(maxsize=4096)
def exists(request: Request) -> bool:
    """Whether any graph meets the request, as far as that is quickly known: of few nodes all graphs are looked at (2 to
    the n (n-1) / 2 in causal order)."""
    n = request.n
    if n > ENUMERATED:
        return True
    cause, effect = np.triu_indices(n, 1)
    orders = _orders(n)[0 if request.zero else 1]
    every = np.array(list(product((False, True), repeat=len(cause))))
    effects = np.zeros((len(every) * len(orders), n, n), dtype=bool)
    effects[:, cause, effect] = np.repeat(every, len(orders), axis=0)
    owner = np.zeros(len(effects), dtype=np.int64)
    graphs = _over_roles([request], owner, effects, np.tile(orders, (len(every), 1)))
    return _first_of_split(graphs, *_fitting(graphs, owner))[0] is not None
