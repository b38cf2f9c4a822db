"""Random structures that meet requests: graphs are drawn and looked at in their hundreds, and the first that fits is
taken."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import numpy as np

from rungwise.problems.candidates import (
    Graphs,
    MenuTable,
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
from rungwise.problems.identify import Words, unpack
from rungwise.problems.listed import LISTED, from_lists, listed
from rungwise.problems.problem import shape_text
from rungwise.problems.streams import split_of
from rungwise.problems.structure import PUBLISHED, Request, Structure


def search(
    requests: Sequence[Request], dice: Sequence[Random], proposals: Sequence[int], edge_share: tuple[float, float]
) -> list[Structure | None]:
    """For each request a structure that meets it, from so many random graphs, or None where none of these does.

    The requests are of one kind (``identify.KINDS``) and one number of nodes; each draws from its own dice alone. Of
    few nodes all graphs are known, so that the first that fits is drawn at once.
    """
    n = requests[0].n
    if n <= LISTED:
        return from_lists(requests, dice, edge_share)
    pairs = n * (n - 1) // 2
    size = pairs + 5  # a byte an edge, one for the share of edges, two for the ends, two for the menu's variables
    drawn = b"".join([own.randbytes(number * size) for own, number in zip(dice, proposals, strict=True)])
    raw = np.frombuffer(drawn, dtype=np.uint8).reshape(-1, size)
    owner = np.repeat(np.arange(len(requests)), proposals)
    low, high = edge_share
    share = low + (high - low) * (raw[:, 0].astype(float) + 0.5) / 256
    drawn_edges = 256 * share > raw[:, 1 : 1 + pairs].T
    pair, choice = (raw[:, at].astype(np.int64) << 8 | raw[:, at + 1] for at in (1 + pairs, 3 + pairs))
    zero = np.array([r.zero for r in requests])[owner]
    either_way, forward = orders_of(n)  # where the treatment must cause the outcome, it comes first
    orders = np.where(zero[:, None], either_way[pair * len(either_way) >> 16], forward[pair * len(forward) >> 16])
    graphs = over_roles(requests, owner, drawn_edges, orders)
    rows, picks = _fitting(graphs, choice)
    return _first_of_split(graphs, rows, picks)


def _fitting(graphs: Graphs, choice: Numbers) -> tuple[Numbers, Numbers]:
    """The graphs that meet their owner's request but for the split, in order, and which of the menus that fit each
    shows. ``choice`` (16 bits a graph) says which menu is taken where several fit.
    """
    total, requests, n = len(graphs.owner), graphs.requests, len(graphs.effects)
    tables = [None if r.menu == PUBLISHED else menu_table(like(r.task), r.menu, n) for r in requests]
    counts = unpack(graphs.between, total).sum(axis=0)
    zero = graphs.of_owner([r.zero for r in requests])
    # A quick look first: every menu offers to leave out the covariates of its right reading.
    both = list(zip(tables, requests, strict=True))
    bare = unpack(graphs.valid(0)[0], total)
    likely = bare == graphs.of_owner([t is None or not t.covariates[0, r.place] for t, r in both])
    if graphs.kind == "mediating":
        likely &= counts == graphs.of_owner([t.between[r.place] if t else -1 for t, r in both])
    published = graphs.of_owner([t is None for t in tables])
    rows = np.flatnonzero((graphs.acts != zero) & (zero | published | likely))
    looked_at = graphs.of(rows)
    valid = looked_at.valid(max(2 if t is None else t.most for t in tables))
    found = np.full(len(rows), -1)
    for table in dict.fromkeys(tables):
        own = np.flatnonzero(looked_at.of_owner([t is table for t in tables]))
        if table is None:
            found[own] = smallest(looked_at, valid)[own]
        else:
            found[own] = _decided(looked_at, valid, table, choice[rows])[own]
    return rows[found >= 0], found[found >= 0]


def _decided(graphs: Graphs, valid: Words, table: MenuTable, choice: Numbers) -> Numbers:
    """For each graph one of the menus that fit (see ``fitting_menus``), by its number in the table; -1
    where there is none."""
    counts = fitting_menus(graphs, valid, table).cumsum(axis=0)
    nth = (choice * counts[-1] >> 16) + 1
    return np.where(counts[-1], (counts >= nth).argmax(axis=0), -1)


def _first_of_split(graphs: Graphs, rows: Numbers, picks: Numbers) -> list[Structure | None]:
    """For each request the structure of its first graph whose shape belongs to the request's split."""
    taken: dict[int, tuple[int, str]] = {}
    for at, (i, form) in enumerate(zip(graphs.owner[rows].tolist(), forms(graphs, rows), strict=True)):
        if i not in taken:
            request = graphs.requests[i]
            shape = shape_text(request.task, form)
            if split_of(shape) == request.split:
                taken[i] = at, shape
    found: list[Structure | None] = [None] * len(graphs.requests)
    at_taken = [at for at, _ in taken.values()]
    shapes = [shape for _, shape in taken.values()]
    for i, structure in zip(taken, structures_of(graphs, rows[at_taken], picks[at_taken], shapes), strict=True):
        found[i] = structure
    return found


def exists(request: Request) -> bool:
    """Whether any graph meets the request, as far as that is quickly known: of few nodes all graphs are listed."""
    return request.n > LISTED or bool(listed(request).rows)
