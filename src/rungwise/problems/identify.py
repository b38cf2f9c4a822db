"""Which covariate sets identify a value, for thousands of small graphs at once.

Graphs are over roles (0 the treatment, 1 the outcome) and kept bit by bit: 64 of them share a word, so an edge, or a
node's being reached, is one bit a graph, and a set operation on all graphs a few words. The rules are those of the task
files' ``is_valid``, which decide graph by graph; the tests hold the two together.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]
"""Flags of many graphs: the last axis holds words of 64 graphs each."""

ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
KINDS = dict.fromkeys(("ATE", "ETT", "PN", "PS", "PNS"), "adjusting") | {
    "CDE": "CDE",
    "NDE": "mediating",
    "NIE": "mediating",
}
"""Tasks of one kind share their rule."""


def pack(flags: NDArray[np.bool_]) -> Words:
    """Flags (..., graphs) as words (..., graphs / 64 rounded up)."""
    found = np.packbits(flags, axis=-1, bitorder="little")
    padded = np.zeros((*found.shape[:-1], -(-found.shape[-1] // 8) * 8), dtype=np.uint8)
    padded[..., : found.shape[-1]] = found
    return padded.view("<u8")


def unpack(words: Words, graphs: int) -> NDArray[np.bool_]:
    """The inverse of ``pack``."""
    flat = np.ascontiguousarray(words).view(np.uint8)
    return np.unpackbits(flat, axis=-1, count=graphs, bitorder="little").view(np.bool_)


@lru_cache(maxsize=64)
def small_sets(n: int, most: int) -> tuple[tuple[int, ...], ...]:
    """All sets of at most ``most`` of the roles 2 to n - 1, smaller ones first."""
    return tuple([chosen for size in range(most + 1) for chosen in combinations(range(2, n), size)])


@lru_cache(maxsize=64)
def _members(n: int, most: int) -> Words:
    """Whether each role is in each of the small sets, shape (n, sets, 1)."""
    out = np.zeros((n, len(small_sets(n, most)), 1), dtype=np.uint64)
    for i, chosen in enumerate(small_sets(n, most)):
        out[list(chosen), i] = ALL
    return out


def closure(edges: Words) -> Words:
    """Whether the first node causes the second, directly or not, shape (n, n, words) like the edges."""
    above = edges.copy()
    for v in range(len(edges)):  # Warshall (1962)
        above |= above[:, v, None] & above[v]
    return above


def d_separated(edges: Words, start: Words, target: Words, given: Words) -> Words:
    """Whether ``given`` separates ``start`` from ``target``, for several sets ``given``, shape (sets, words), by the
    moralised ancestral graph (Lauritzen et al. 1990): there every family (a node with its parents) is a clique.

    Args:
        edges: shape (n, n, words).
        start, target: nodes, shape (n, words).
        given: shape (n, sets, words), disjoint from the two.
    """
    n, sets, words = given.shape
    own = np.zeros((n, n, 1), dtype=np.uint64)
    own[np.arange(n), np.arange(n)] = ALL
    # Each graph once for each set, so that all that follows is about rows of words.
    above, family = (np.tile(relation | own, sets) for relation in (closure(edges), edges))
    beneath = np.ascontiguousarray(family.transpose(1, 0, 2))
    begin, end = np.tile(start, sets), np.tile(target, sets)
    closed = given.reshape(n, -1)
    kept = _related(above, closed | begin | end)
    reached = begin
    while True:
        # A family that is met in a node outside the given set is reached as a whole.
        more = reached | _related(family, _related(beneath, reached & ~closed) & kept)
        if np.array_equal(more, reached):
            separated: Words = ~np.bitwise_or.reduce(reached & end, axis=0).reshape(sets, words)
            return separated
        reached = more


def _related(relation: Words, nodes: Words) -> Words:
    """Which nodes are related to one of ``nodes``: shapes (n, n, words) and (n, words)."""
    out: Words = relation[:, 0] & nodes[0]
    for v in range(1, len(relation)):
        out |= relation[:, v] & nodes[v]
    return out


def valid_sets(kind: str, edges: Words, below: Words, between: Words, most: int) -> Words:
    """Whether each set of ``small_sets(n, most)``, as the covariates, identifies the value, shape (sets, words).

    The mediators that go with them are all nodes between (CDE holds them; elsewhere none).

    Args:
        edges: shape (n, n, words).
        below: the treatment's descendants, shape (n, words).
        between: those of them that cause the outcome, shape (n, words).
    """
    n = len(edges)
    members = _members(n, most)
    allowed: Words = ~np.bitwise_or.reduce(members & below[:, None], axis=0)
    # A set that is not allowed is replaced by none, so that what is asked about is disjoint.
    given = members & allowed
    treatment, outcome = np.zeros_like(below), np.zeros_like(below)
    treatment[0] = outcome[1] = ALL
    cut = edges.copy()
    if kind == "CDE":
        set_to = treatment | between
        # All mediators are held, so the only causal paths left are edges into the outcome (Perkovic et al. 2018).
        cut[:, 1] &= ~set_to
        return allowed & d_separated(cut, set_to, outcome, given)
    cut[0] = 0
    if kind == "adjusting":
        return allowed & d_separated(cut, treatment, outcome, given)
    allowed &= d_separated(cut, treatment, between | outcome, given)
    cut = edges & ~between[:, None]
    none: Words = ~np.bitwise_or.reduce(between, axis=0)
    return allowed & (none | d_separated(cut, between, outcome, given | treatment[:, None]))
