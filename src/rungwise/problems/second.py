"""Second graphs of decisive pairs, looked for in their thousands: graphs that can bring about the first one's
distribution of the displayed variables and under which another reading of the menu is the right one.

Every displayed variable gets all the displayed ones before it as parents, but for those that the first graph proves
irrelevant (its ordered Markov property, Lauritzen 1996, section 3.2.2). Random graphs are completed so and looked at 64
a word (see ``identify``); canonical shapes, which cost most, come last and once for each graph that fits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from random import Random
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rungwise.causal.canonical import canonical_forms
from rungwise.causal.graph import bits, members
from rungwise.problems.candidates import DIRECT
from rungwise.problems.identify import ALL, KINDS, Words, closure, d_separated, pack, small_sets, unpack, valid_sets
from rungwise.problems.problem import shape_text
from rungwise.problems.recipe import Recipe
from rungwise.problems.streams import split_of
from rungwise.problems.structure import Structure

GRAPHS = 128
"""Second graphs drawn for a first problem: whole words of 64."""


class Sought(NamedTuple):
    """What a second structure must be.

    Attributes:
        task: what is asked.
        like: the first structure, whose roles and menu it shares.
        places: which readings of the menu may be the right one, by their indices; None where the value is to be 0 by
            structure.
        dice: where everything random about it comes from.
    """

    task: str
    like: Structure
    places: tuple[int, ...] | None
    dice: Random


def second_structures(sought: Sequence[Sought], recipe: Recipe) -> list[Structure | None]:
    """For each a structure under which exactly one reading of the menu is valid, one of ``places``, and whose shape
    belongs to the recipe's split; None where none of GRAPHS random graphs is like that. Where several readings can be
    had, the dice choose between these, not between the graphs, so that easy ones are not preferred."""

    def form(i: int) -> tuple[str, bool, int, int, tuple[tuple[int, int], ...]]:
        name, like, *_ = sought[i]
        return KINDS[name], name in DIRECT, like.n, like.k, like.shown

    out: list[Structure | None] = [None] * len(sought)
    for _, group in groupby(sorted(range(len(sought)), key=form), form):
        own = list(group)
        for at, structure in _found([sought[i] for i in own], recipe):
            out[own[at]] = structure
    return out


def _found(sought: Sequence[Sought], recipe: Recipe) -> Iterator[tuple[int, Structure]]:
    """The structures of those of one form for which there is one, with their places in the sequence."""
    edges, fits, valid = _looked_at(sought, recipe.edge_share)
    n, shown = sought[0].like.n, sought[0].like.shown
    total = GRAPHS * len(sought)
    rows = np.flatnonzero(unpack(fits, total))
    if not len(rows):
        return
    effects = np.ascontiguousarray(unpack(edges, total)[:, :, rows].transpose(2, 0, 1))
    places = unpack(valid, total)[:, rows].argmax(axis=0)
    _, kept, same = np.unique(
        np.packbits(effects.reshape(-1, n * n), axis=1), axis=0, return_index=True, return_inverse=True
    )
    marks = np.zeros((len(kept), n), dtype=np.int64)
    marks[:, 0], marks[:, 1], marks[:, list(bits(sought[0].like.held))] = 1, 2, 3
    forms = canonical_forms(effects[kept], marks)
    taken: dict[int, dict[int, tuple[int, str]]] = {}
    for at, (i, place, graph) in enumerate(
        zip((rows // GRAPHS).tolist(), places.tolist(), same.reshape(-1).tolist(), strict=True)
    ):
        own = taken.setdefault(i, {})
        if sought[i].places is None:
            place = -1
        if place not in own:
            shape = shape_text(sought[i].task, forms[graph])
            if _split(shape) == recipe.split:
                own[place] = at, shape
    for i, own in taken.items():
        if own:
            place = sought[i].dice.choice(sorted(own))
            at, shape = own[place]
            like, right = sought[i].like, None if place < 0 else shown[place]
            yield i, Structure(effects[at], like.k, like.held, shown, right, shape, n)


_split = lru_cache(maxsize=1 << 14)(split_of)


def _looked_at(sought: Sequence[Sought], edge_share: tuple[float, float]) -> tuple[Words, Words, Words]:
    """Random graphs for each, in words of their own: the edges (n, n, words), whether each is as sought but for its
    split (words), and which readings of the menu are valid (readings, words)."""
    name, like, *_ = sought[0]
    kind, words = KINDS[name], GRAPHS // 64

    def each(flags: Sequence[bool] | NDArray[np.bool_]) -> Words:
        """A flag for each one sought (the last axis), for all its graphs."""
        return np.repeat(np.where(flags, ALL, np.uint64(0)), words, axis=-1)

    edges = _completed(
        _drawn(sought, edge_share), each(np.array([one.like.effects for one in sought]).transpose(1, 2, 0)), like.k
    )
    above = closure(edges)
    below, between = above[0], above[0] & above[:, 1]
    most = max([zs.bit_count() for _, zs in like.shown])
    sets = small_sets(like.n, most)
    by_set = valid_sets(kind, edges, below, between, most)
    valid = np.array([by_set[sets.index(members(zs))] for _, zs in like.shown])
    if kind == "mediating":
        valid &= np.array([_equal(between, ms) for ms, _ in like.shown])
    zero = np.array([one.places is None for one in sought])
    allowed = each(np.array([[at in (one.places or ()) for one in sought] for at in range(len(like.shown))]))
    acts = edges[0, 1] if name in DIRECT else below[1]  # with NIE's mediators there is a path too
    if name == "NIE":
        acts = np.bitwise_or.reduce(between, axis=0)
    once, twice = np.zeros_like(acts), np.zeros_like(acts)
    for own in valid:
        twice |= once & own
        once |= own
    right = acts & ~twice & np.bitwise_or.reduce(valid & allowed, axis=0)
    fits = np.where(each(zero), ~acts, right)
    return edges, fits & _equal(between, like.held) if kind == "CDE" else fits, valid


def _equal(nodes: Words, members_: int) -> Words:
    """Whether ``nodes`` (n, words) is this set."""
    out: Words = np.full_like(nodes[0], ALL)
    for v, own in enumerate(nodes):
        out &= own if members_ >> v & 1 else ~own
    return out


def _drawn(sought: Sequence[Sought], edge_share: tuple[float, float]) -> tuple[Words, Words]:
    """Random edges, and which nodes come before which in the order along which they were drawn, each (n, n, words)."""
    n, pairs = sought[0].like.n, sought[0].like.n * (sought[0].like.n - 1) // 2
    size = 1 + pairs + 2 * n  # a byte for the share of edges, one an edge, two a node for the order
    raw = np.frombuffer(b"".join([one.dice.randbytes(GRAPHS * size) for one in sought]), dtype=np.uint8)
    raw = raw.reshape(-1, size)
    low, high = edge_share
    share = low + (high - low) * (raw[:, 0].astype(float) + 0.5) / 256
    joined = np.zeros((n, n, len(raw)), dtype=bool)
    joined[np.triu_indices(n, 1)] = 256 * share > raw[:, 1 : 1 + pairs].T
    nonzero = np.repeat([one.places is not None for one in sought], GRAPHS)
    if sought[0].task in DIRECT:
        joined[0, 1] = nonzero
    keys = raw[:, 1 + pairs :].astype(np.int64)
    rank = (keys[:, :n] << 8 | keys[:, n:]).argsort(axis=1, kind="stable").T
    # An effect that is not 0 needs the treatment before the outcome.
    first, last = np.minimum(rank[0], rank[1]), np.maximum(rank[0], rank[1])
    rank[0], rank[1] = np.where(nonzero, first, rank[0]), np.where(nonzero, last, rank[1])
    before = rank[:, None] < rank
    return pack(before & (joined | joined.transpose(1, 0, 2))), pack(before)


def _completed(drawn: tuple[Words, Words], first: Words, k: int) -> Words:
    """The drawn edges with those added that the joint distribution of the first k roles needs under ``first``, the
    first graphs' edges."""
    edges, before = drawn
    for v in range(k):
        needed, kept = before[:k, v], edges[:k, v]
        start, left_out, given = np.zeros_like(edges[0]), np.zeros_like(edges[0]), np.zeros_like(edges[0])
        start[v], left_out[:k], given[:k] = ALL, needed & ~kept, kept
        # A parent that is not displayed would carry dependence on the ones left out.
        free = d_separated(first, start, left_out, given[:, None])[0] & ~np.bitwise_or.reduce(edges[k:, v], axis=0)
        edges[:k, v] |= needed & ~free
    return edges
