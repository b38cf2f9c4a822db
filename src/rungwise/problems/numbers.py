"""Random models for many structures at once, and what is displayed of them.

Every model is one long column of probabilities, table after table, and a structure's models stand side by side. For
each structure and each cell of the joint distribution an index says which of them to multiply; so hundreds of graphs
share a few array operations.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import product
from random import Random
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rungwise.causal.scm import Array
from rungwise.problems.structure import Structure

DIGITS = 4
"""Decimals of every probability in a model's tables: enough to spread, few enough to read."""


class Tables(NamedTuple):
    """Where the probabilities of one structure's model stand.

    Attributes:
        places: shape (relevant, cells), for each relevant role and cell of the joint of these (roles first to last,
            last fastest) the place of P(role = its value | its parents = theirs).
        start: where each role's table starts, and at last the length of all, shape (n + 1,).
    """

    places: NDArray[np.intp]
    start: list[int]


def lay_out(structures: Sequence[Structure], numbers: Sequence[Sequence[int]], cards: tuple[int, ...]) -> list[Tables]:
    """The tables of structures with the same numbers of nodes and of relevant roles.

    Args:
        numbers: for each structure the number that each role has as a node: a table's axes are a node's parents in
            the order of these, as everywhere.
        cards: number of values of each role.
    """
    m = structures[0].relevant
    effects = np.array([s.effects for s in structures])
    number = np.array(numbers)
    sizes = np.array(cards)
    parent = effects.transpose(0, 2, 1)  # graph, node, its parent
    lengths = np.where(parent, sizes, 1).prod(axis=2) * sizes
    start = np.concatenate([np.zeros((len(structures), 1), dtype=int), lengths.cumsum(axis=1)], axis=1)
    # Causes of relevant roles are relevant.
    parent, number, sizes = parent[:, :m, :m], number[:, :m], sizes[:m]
    later = number[:, None, :] > number[:, :, None]  # graph, p, q: whether q's axis comes after p's
    inner = np.where(parent[:, :, None, :] & later[:, None], sizes, 1).prod(axis=3)
    own = sizes[:, None]  # a node's own value is the last axis
    strides = np.where(parent, own * inner, 0) + np.eye(m, dtype=int)
    index = np.matmul(strides.astype(np.float32), _cells(cards[:m]).T) + start[:, :m, None]
    return [
        Tables(own_index, own_start) for own_index, own_start in zip(index.astype(np.intp), start.tolist(), strict=True)
    ]


@lru_cache(maxsize=64)
def _cells(cards: tuple[int, ...]) -> NDArray[np.float32]:
    """The values of all variables in each cell of their joint, shape (cells, n); floats, because integer matrices are
    multiplied slowly."""
    return np.array(list(product(*map(range, cards))), dtype=np.float32)


def draw_rows(
    tables: Sequence[Tables], cards: tuple[int, ...], prior: tuple[float, float], dice: Sequence[Random], models: int
) -> list[Array]:
    """Random probabilities for all tables of so many models of each structure, shape (length, models), drawn from the
    structure's own dice: of two values, P(0) is uniform over the prior; of more, the row is uniform over those whose
    entries are all at least the prior's lower end."""
    if max(cards) > 2:
        return [
            np.stack([_draw_row(t, cards, prior[0], own) for _ in range(models)], axis=1)
            for t, own in zip(tables, dice, strict=True)
        ]
    lengths = [t.start[-1] for t in tables]
    drawn = b"".join([own.randbytes(models * length) for length, own in zip(lengths, dice, strict=True)])
    uniform = (np.frombuffer(drawn, dtype="<u2") + 0.5) / 65536
    p0 = np.rint((prior[0] + (prior[1] - prior[0]) * uniform) * 10**DIGITS)
    every = np.stack([p0, 10**DIGITS - p0], axis=1).reshape(-1) / 10**DIGITS
    ends = models * np.cumsum(lengths)
    return [part.reshape(models, -1).T for part in np.split(every, ends[:-1])]


def _draw_row(tables: Tables, cards: tuple[int, ...], low: float, dice: Random) -> Array:
    parts = []
    for card, first, end in zip(cards, tables.start, tables.start[1:], strict=False):
        rows = (end - first) // card
        cuts = np.sort([[dice.random() for _ in range(card - 1)] for _ in range(rows)], axis=1)
        at = np.rint(10**DIGITS * (low * np.arange(1, card) + (1 - card * low) * cuts))
        ends = np.zeros((rows, 1)), np.full((rows, 1), 10**DIGITS)
        parts.append(np.diff(np.concatenate([ends[0], at, ends[1]], axis=1)).reshape(-1) / 10**DIGITS)
    return np.concatenate(parts)


def joint_of_roles(tables: Sequence[Tables], rows: Sequence[Array], kept: int) -> Array:
    """The joint distribution of the first roles, flattened, shape (structures, kept, models).

    Args:
        rows: for each structure its models, all of the same number.
        kept: cells of the joint of these roles.
    """
    start = np.cumsum([0, *[len(models) for models in rows[:-1]]])
    every = np.concatenate(rows)
    index = np.array([t.places for t in tables]) + start[:, None, None]
    out = every.take(index[:, 0], axis=0)
    for v in range(1, index.shape[1]):
        out *= every.take(index[:, v], axis=0)
    summed: Array = out.reshape(len(tables), kept, -1, every.shape[1]).sum(axis=2)
    return summed
