"""Canonical forms of small DAGs whose nodes carry marks: equal exactly when a relabelling maps one onto the other.

Colours are refined a few times over parents and children (Weisfeiler & Leman 1968), for many graphs at once. Where
that tells all nodes of a graph apart (but for those with the very same causes and effects), their order is the form's;
only where it does not are orders searched. The
colours are hashes, but the form spells out every edge, so a collision costs time and never makes two graphs one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain, permutations, product
from math import factorial, prod

import numpy as np
from numpy.typing import NDArray

from rungwise.causal.graph import bits, mask_of

ROUNDS = 4
"""Refinements. A pair of nodes that would need more is left to the search."""

FEW_NODES, FEW_ORDERS = 8, 24
"""Up to so many nodes and orders of them, the orders are tried one by one."""

Form = tuple[int, ...]
"""The marks in order, and then the parents of each node as bitmasks over the new order."""


@lru_cache(maxsize=8192)
def canonical_form(parents: tuple[int, ...], marks: tuple[int, ...]) -> Form:
    """The form of one graph; ``marks[v]`` is a colour (0 or more) that a relabelling must keep."""
    return forms_of([(parents, marks)])[0]


def forms_of(graphs: Sequence[tuple[Sequence[int], Sequence[int]]]) -> list[Form]:
    """The forms of many graphs of any sizes, each given as parents and marks: a tenth of the time that they take one by
    one."""
    forms: list[Form] = [()] * len(graphs)
    sizes: dict[int, list[int]] = {}
    for i, (parents, _) in enumerate(graphs):
        sizes.setdefault(len(parents), []).append(i)
    for n, own in sizes.items():
        causes = np.array([graphs[i][0] for i in own], dtype=np.int64)
        effects = (causes[:, None, :] >> np.arange(n)[:, None] & 1).astype(bool)
        marks = np.array([graphs[i][1] for i in own], dtype=np.int64)
        for i, form in zip(own, canonical_forms(effects, marks), strict=True):
            forms[i] = form
    return forms


def canonical_forms(effects: NDArray[np.bool_], marks: NDArray[np.int64]) -> list[Form]:
    """The forms of many graphs of one size.

    Args:
        effects: shape (graphs, n, n), true where the node of the second axis directly causes that of the third.
        marks: shape (graphs, n).
    """
    if effects.shape[1] == 0:
        return [()] * len(effects)
    colours = _refined(effects, marks)
    order = np.lexsort((colours, marks), axis=-1)
    in_order = np.take_along_axis(colours, order, axis=1)
    rows = np.arange(len(effects))[:, None, None]
    moved = effects[rows, order[:, :, None], order[:, None, :]]
    # Nodes of one colour with the same causes and effects may stand in any order.
    same = (moved[:, 1:] == moved[:, :-1]).all(axis=2) & (moved[:, :, 1:] == moved[:, :, :-1]).all(axis=1)
    clear = ((in_order[:, 1:] != in_order[:, :-1]) | same).all(axis=1)
    codes = (moved * (1 << np.arange(effects.shape[1]))[:, None]).sum(axis=1)
    forms = np.concatenate([np.take_along_axis(marks, order, axis=1), codes], axis=1).tolist()
    return [
        tuple(form) if told_apart else _searched(_parents(graph), tuple(own.tolist()))
        for form, told_apart, graph, own in zip(forms, clear.tolist(), effects, marks, strict=True)
    ]


def _refined(effects: NDArray[np.bool_], marks: NDArray[np.int64]) -> NDArray[np.uint64]:
    down = effects.astype(np.uint64)
    up = down.transpose(0, 2, 1)
    colours = _mixed(marks.astype(np.uint64))
    for _ in range(ROUNDS):
        from_parents = np.matmul(up, _mixed(colours)[:, :, None])[:, :, 0]
        from_children = np.matmul(down, _mixed(~colours)[:, :, None])[:, :, 0]
        colours = _mixed(colours + _mixed(from_parents) + np.uint64(3) * _mixed(from_children))
    return colours


def _mixed(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A bijection that spreads every bit (the finaliser of splitmix64, Steele, Lea & Flood 2014)."""
    x = (x + np.uint64(0x9E3779B97F4A7C15)).astype(np.uint64)
    x = (x ^ x >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ x >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
    return x ^ x >> np.uint64(31)


def _parents(effects: NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(mask_of(np.flatnonzero(causes).tolist()) for causes in effects.T)


def _searched(parents: tuple[int, ...], marks: tuple[int, ...]) -> Form:
    """The form of a graph with nodes that look alike: the smallest code over the orders that sort the marks, where
    these are few, else over those that colour refinement leaves open."""
    alike = [marks.count(mark) for mark in set(marks)]
    if len(marks) <= FEW_NODES and prod(map(factorial, alike)) <= FEW_ORDERS:
        code = min([tuple([to[parents[v]] for v in order]) for order, to in _marked_orders(marks)])
    else:
        code = refined_code(parents, marks)
    return (*sorted(marks), *code)


@lru_cache(maxsize=256)
def _marked_orders(marks: tuple[int, ...]) -> list[tuple[tuple[int, ...], list[int]]]:
    """Every order of the nodes that sorts their marks, each with the table old set of nodes -> renumbered set."""
    n = len(marks)
    groups = [[v for v in range(n) if marks[v] == mark] for mark in sorted(set(marks))]
    out = []
    for parts in product(*map(permutations, groups)):
        order = tuple(chain.from_iterable(parts))
        out.append((order, [mask_of(order.index(v) for v in bits(nodes)) for nodes in range(1 << n)]))
    return out


def refined_code(parents: Sequence[int], marks: Sequence[int]) -> tuple[int, ...]:
    """The smallest code (parents of each node) over the orders that individualisation and refinement leave open."""
    n = len(parents)
    children = [mask_of(c for c in range(n) if parents[c] >> v & 1) for v in range(n)]

    def refine(colour: list[int]) -> list[int]:
        while True:
            keys = [
                (
                    colour[v],
                    tuple(sorted(colour[p] for p in bits(parents[v]))),
                    tuple(sorted(colour[c] for c in bits(children[v]))),
                )
                for v in range(n)
            ]
            rank = {k: i for i, k in enumerate(sorted(set(keys)))}
            new = [rank[k] for k in keys]
            if len(rank) == len(set(colour)):
                return new
            colour = new

    def encode(order: list[int]) -> tuple[int, ...]:
        place = {v: i for i, v in enumerate(order)}
        return tuple(mask_of(place[p] for p in bits(parents[v])) for v in order)

    def split(colour: list[int]) -> list[list[int]]:
        """The refined colours with each node of the first colour that several have told apart; none if there is no
        such colour."""
        cells: dict[int, list[int]] = {}
        for v in range(n):
            cells.setdefault(colour[v], []).append(v)
        for _, cell in sorted(cells.items()):
            if len(cell) > 1:
                return [refine([2 * c - (u == v) for u, c in enumerate(colour)]) for v in cell]
        return []

    def first_leaf(colour: list[int]) -> tuple[int, ...]:
        while parts := split(colour):
            colour = parts[0]
        return encode(sorted(range(n), key=lambda v: colour[v]))

    def search(colour: list[int]) -> tuple[int, ...]:
        # Where two nodes lead to one code first, a symmetry of the graph takes one to the other, and with it all that
        # comes after: one of them is enough (McKay 1981). Without this, many equal parts take factorial time.
        branches: dict[tuple[int, ...], list[int]] = {}
        for part in split(colour):
            branches.setdefault(first_leaf(part), part)
        return min([search(part) for part in branches.values()]) if branches else first_leaf(colour)

    return search(refine(list(marks)))
