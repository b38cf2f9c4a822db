"""Random structures that meet requests: graphs are drawn and looked at in their hundreds, and the first that fits is
taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations, product
from random import Random

import numpy as np
from numpy.typing import NDArray

from rungwise.causal.canonical import canonical_forms
from rungwise.causal.graph import bits, mask_of
from rungwise.problems.identify import Masks, ancestors, descendants_of, kind, parent_masks, small_sets, valid_sets
from rungwise.problems.menu import MENUS, Reading, readings
from rungwise.problems.problem import shape_text
from rungwise.problems.streams import split_of
from rungwise.problems.structure import PUBLISHED, Request, Structure

ENUMERATED = 4
"""Up to so many nodes all graphs can be looked at."""


def search(
    requests: Sequence[Request], dice: Sequence[Random], proposals: Sequence[int], edge_share: tuple[float, float]
) -> list[Structure | None]:
    """For each request a structure that meets it, from so many random graphs, or None where none of these does.

    The requests are of one kind (``identify.kind``) and one number of nodes; each draws from its own dice alone.
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
    either_way, forward = _ends(n)  # where the treatment must cause the outcome, it comes first
    x, y = np.where(zero, either_way[ends * len(either_way) >> 16].T, forward[ends * len(forward) >> 16].T)
    graphs = _graphs(requests, owner, effects, x, y)
    rows, picks = _fitting(graphs, choice)
    found: list[Structure | None] = [None] * len(requests)
    forms = canonical_forms(effects[rows], graphs.marks(rows))
    for row, pick, i, form in zip(rows.tolist(), picks.tolist(), owner[rows].tolist(), forms, strict=True):
        if found[i] is None:
            shape = shape_text(requests[i].task, form)
            if split_of(shape) == requests[i].split:
                found[i] = _structure(graphs, row, pick, shape)
    return found


@lru_cache(maxsize=16)
def _ends(n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Treatments and outcomes: all pairs, and those in causal order."""
    every = np.array(list(permutations(range(n), 2)))
    return every, every[every[:, 0] < every[:, 1]]


@dataclass(frozen=True, slots=True, eq=False)
class _Graphs:
    """Graphs, a row each, with treatment, outcome, and what is known about them.

    Attributes:
        owner: the request that each row was drawn for.
        below: the treatment's descendants.
        between: the nodes strictly between treatment and outcome.
        held: those of them that the question holds.
        acts: whether the effect asked for is other than 0 by structure.
    """

    requests: Sequence[Request]
    owner: NDArray[np.int64]
    effects: NDArray[np.bool_]
    parents: Masks
    x: NDArray[np.int64]
    y: NDArray[np.int64]
    below: Masks
    between: Masks
    held: Masks
    acts: NDArray[np.bool_]

    def marks(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """For each node of some rows 1 (treatment), 2 (outcome), 3 (held) or 0."""
        out = 3 * (self.held[rows, None] >> np.arange(self.effects.shape[1], dtype=np.int16) & 1).astype(np.int64)
        out[np.arange(len(rows)), self.x[rows]] = 1
        out[np.arange(len(rows)), self.y[rows]] = 2
        return out

    def valid(self, rows: NDArray[np.int64], most: int) -> NDArray[np.bool_]:
        """See ``identify.valid_sets``."""
        x, y, between, below = self.x[rows], self.y[rows], self.between[rows], self.below[rows]
        return valid_sets(kind(self.requests[0].task), self.parents[rows], x, y, between, below, most)


def _graphs(
    requests: Sequence[Request],
    owner: NDArray[np.int64],
    effects: NDArray[np.bool_],
    x: NDArray[np.int64],
    y: NDArray[np.int64],
) -> _Graphs:
    every = np.arange(len(owner))
    zero = np.array([r.zero for r in requests])[owner]
    direct = np.array([r.task in ("CDE", "NDE") for r in requests])[owner]
    # Where the question is about the edge, it is there, or not, from the start: edges are drawn independently.
    effects[every, x, y] = np.where(direct, ~zero, effects[every, x, y])
    parents = parent_masks(effects)
    above = ancestors(parents)
    below = descendants_of(x, above)
    between = below & above[every, y]
    indirect = np.array([r.task == "NIE" for r in requests])[owner]
    acts = np.where(direct, effects[every, x, y], np.where(indirect, between != 0, below >> y & 1 == 1))
    held = between if requests[0].task == "CDE" else np.zeros_like(between)
    return _Graphs(requests, owner, effects, parents, x, y, below, between, held, acts)


def _fitting(graphs: _Graphs, choice: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows that meet their owner's request but for the split, in order, and which of the menus that fit each shows.

    ``choice`` (16 bits a row) says which menu is taken where several fit.
    """
    requests, owner = graphs.requests, graphs.owner
    zero = np.array([r.zero for r in requests])
    places = np.array([r.place for r in requests])
    menus: dict[tuple[str, str], list[bool]] = {}
    for i, r in enumerate(requests):
        menus.setdefault((r.task, r.menu), [False] * len(requests))[i] = True
    plausible = np.flatnonzero(graphs.acts != zero[owner])
    bare = graphs.valid(plausible, 0)[:, 0]
    rows_found, picks_found = [], []
    for (name, menu), own in menus.items():
        mine = np.array(own)[owner[plausible]]
        rows = plausible[mine]
        if menu == PUBLISHED:
            at, picks = _smallest(graphs, rows, zero[owner[rows]])
        else:
            i = owner[rows]
            at, picks = _decided(graphs, rows, name, menu, places[i], zero[i], bare[mine], choice[rows])
        rows_found.append(rows[at])
        picks_found.append(picks)
    every = np.concatenate(rows_found)
    order = every.argsort()
    return every[order], np.concatenate(picks_found)[order]


def _decided(
    graphs: _Graphs,
    rows: NDArray[np.int64],
    name: str,
    menu: str,
    place: NDArray[np.int64],
    zero: NDArray[np.bool_],
    bare: NDArray[np.bool_],
    choice: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which rows have a menu whose only valid reading is the one at its place (any menu where the value is 0 by
    structure), and one of these menus, by its number in the menu table. ``bare`` says that no covariates are needed.
    """
    table = _menu_table(name, menu, graphs.effects.shape[1])
    own = np.left_shift(1, graphs.x[rows]) | np.left_shift(1, graphs.y[rows]) | graphs.held[rows]
    fits = (table.used & own[:, None]) == 0
    # A quick look first: every menu offers to leave out the covariates of its right reading.
    plausible = bare == (table.covariates[0, place] == 0)
    if kind(name) == "mediating":
        plausible &= np.bitwise_count(graphs.between[rows]) == np.bitwise_count(table.mediators[0, place])
    fits &= (zero | plausible)[:, None]
    asked = np.flatnonzero(~zero & fits.any(axis=1))
    valid = graphs.valid(rows[asked], 2 if menu == "joint" else 1)[:, table.covariates]
    mediators = graphs.between[rows[asked]] if kind(name) == "mediating" else np.zeros(len(asked), dtype=np.int16)
    valid &= table.mediators == mediators[:, None, None]
    wanted = np.arange(valid.shape[2]) == place[asked, None, None]
    fits[asked] &= (valid == wanted).all(axis=2)
    counts = fits.cumsum(axis=1)
    at = np.flatnonzero(counts[:, -1])
    nth = (choice[at] * counts[at, -1] >> 16) + 1
    return at, (counts[at] >= nth[:, None]).argmax(axis=1)


def _smallest(
    graphs: _Graphs, rows: NDArray[np.int64], zero: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which rows have a valid reading about two variables at most (beside those that CDE holds), as the published sets
    have it, and the smallest one's covariates, by their number among the small sets; any row where the value is 0 by
    structure."""
    sets = small_sets(graphs.effects.shape[1], 2)
    sizes = np.bitwise_count(sets) + np.bitwise_count(graphs.between[rows] & ~graphs.held[rows])[:, None]
    if kind(graphs.requests[0].task) != "mediating":
        sizes = np.broadcast_to(np.bitwise_count(sets), sizes.shape)
    fits = graphs.valid(rows, 2) & (sizes <= 2)
    at = np.flatnonzero(fits.any(axis=1) | zero)
    return at, fits[at].argmax(axis=1)


def _structure(graphs: _Graphs, row: int, pick: int, shape: str) -> Structure:
    """The structure of a row."""
    request, n = graphs.requests[graphs.owner[row]], graphs.effects.shape[1]
    held = list(bits(int(graphs.held[row])))
    right: Reading | None = None
    if request.menu != PUBLISHED:
        nodes = _menu_table(request.task, request.menu, n).nodes[pick]
        k = 2 + len(nodes)
        shown = _shown(request.task, request.menu, k, len(held))
        right = None if request.zero else shown[request.place]
    elif request.zero:
        nodes, k, shown = (), 2, ()
    else:
        ms = int(graphs.between[row]) if kind(request.task) == "mediating" else 0
        zs = int(small_sets(n, 2)[pick])
        nodes = tuple(bits(ms | zs))
        k = 2 + len(nodes)
        used, adjusted = (mask_of([2 + nodes.index(v) for v in bits(part)]) for part in (ms, zs))
        right = used | mask_of(range(k, k + len(held))), adjusted
        shown = (right,)
    first = [int(graphs.x[row]), int(graphs.y[row]), *nodes, *held]
    order = [*first, *[v for v in range(n) if v not in first]]
    effects = graphs.effects[row][np.ix_(order, order)]
    return Structure(effects, len(first), mask_of(range(k, k + len(held))), shown, right, shape)


@lru_cache(maxsize=256)
def _shown(name: str, menu: str, k: int, held: int) -> tuple[Reading, ...]:
    """A menu's readings over roles: its variables are 2 to k - 1, the held ones come next."""
    return tuple(readings(name, menu, range(2, k), mask_of(range(k, k + held))))


@dataclass(frozen=True, slots=True, eq=False)
class _MenuTable:
    """Every choice of a menu's variables among n nodes.

    Attributes:
        nodes: the variables, in order of mention.
        used: the same as sets, shape (choices,).
        mediators, covariates: of each reading, shape (choices, readings); covariates by their index in ``small_sets``.
    """

    nodes: list[tuple[int, ...]]
    used: Masks
    mediators: Masks
    covariates: NDArray[np.int64]


@lru_cache(maxsize=256)
def _menu_table(name: str, menu: str, n: int) -> _MenuTable:
    nodes = list(permutations(range(n), MENUS[menu]))
    menus = [readings(name, menu, chosen) for chosen in nodes]
    index = {zs: i for i, zs in enumerate(small_sets(n, 2).tolist())}
    return _MenuTable(
        nodes,
        np.array([mask_of(chosen) for chosen in nodes], dtype=np.int16),
        np.array([[ms for ms, _ in shown] for shown in menus], dtype=np.int16),
        np.array([[index[zs] for _, zs in shown] for shown in menus]),
    )


@lru_cache(maxsize=4096)
def exists(request: Request) -> bool:
    """Whether any graph meets the request, as far as that is quickly known: of few nodes all graphs are looked at (2 to
    the n (n-1) / 2 in causal order)."""
    n = request.n
    if n > ENUMERATED:
        return True
    cause, effect = np.triu_indices(n, 1)
    ends = _ends(n)[0 if request.zero else 1]
    every = np.array(list(product((False, True), repeat=len(cause))))
    effects = np.zeros((len(every) * len(ends), n, n), dtype=bool)
    effects[:, cause, effect] = np.repeat(every, len(ends), axis=0)
    x, y = np.tile(ends, (len(every), 1)).T
    owner = np.zeros(len(effects), dtype=np.int64)
    graphs = _graphs([request], owner, effects, x, y)
    rows, _ = _fitting(graphs, owner)
    forms = canonical_forms(effects[rows], graphs.marks(rows))
    return any(split_of(shape_text(request.task, form)) == request.split for form in forms)
