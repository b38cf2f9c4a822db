"""Exact inference: the joint distribution, do() and probabilities of terms; small models by enumeration, larger ones
by variable elimination."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from rungwise.causal.elimination import eliminate
from rungwise.causal.estimand import Term
from rungwise.causal.scm import SCM, Array

MAX_CELLS = 1 << 22
"""Largest table (cells) that is made: 22 binary variables, 32 MiB."""

AT_ONCE = 1 << 12
"""Joints of at most so many cells are multiplied in one go, which is faster than to sum out one by one."""


def joint(model: SCM, do: Mapping[int, int] | None = None) -> Array:
    """The joint distribution, of shape ``model.cards``; with ``do``, after those interventions.

    Truncated factorisation (Pearl, Causality, 2009, eq. 3.10): the product of all tables but those of the
    intervened variables, zero wherever a variable differs from the value it is set to.

    Raises:
        UserError: the joint has more than MAX_CELLS cells.
    """
    return marginal_joint(model, range(model.graph.n), do)


def marginal_joint(model: SCM, variables: Sequence[int], do: Mapping[int, int] | None = None) -> Array:
    """The joint distribution of some variables, with an axis for each in the order given; with ``do``, after those
    interventions.

    Raises:
        UserError: a table on the way has more than MAX_CELLS cells.
    """
    do = do or {}
    tables = [
        (indicator(do[v], model.cards[v]), [v]) if v in do else (table, [*model.graph.causes[v], v])
        for v, table in enumerate(model.tables)
    ]
    return multiply_down(tables, model.cards, variables)


def multiply_down(tables: Sequence[tuple[Array, Sequence[int]]], cards: Sequence[int], keep: Sequence[int]) -> Array:
    """``multiply`` where table v is a distribution of variable v given others: those that ``keep`` does not depend on
    sum to 1, and from a large product they are left out."""
    if prod(cards) <= AT_ONCE:
        return multiply(tables, cards, keep)
    causes, todo = set(keep), list(keep)
    while todo:
        new = set(tables[todo.pop()][1]) - causes
        causes |= new
        todo += new
    return eliminate([tables[v] for v in sorted(causes)], cards, keep, MAX_CELLS)


def multiply(factors: Sequence[tuple[Array, Sequence[int]]], cards: Sequence[int], keep: Sequence[int]) -> Array:
    """The product of tables, each given with the variable of every axis, summed over all variables but ``keep``.

    Raises:
        UserError: a table on the way has more than MAX_CELLS cells.
    """
    if prod(cards) > AT_ONCE:
        return eliminate(factors, cards, keep, MAX_CELLS)
    operands: list[Any] = [part for factor in factors for part in factor]
    out: Array = np.einsum(*operands, list(keep))
    return out


def indicator(value: int, card: int) -> Array:
    """The table of a variable that has this value for certain, of shape ``(card,)``."""
    out = np.zeros(card)
    out[value] = 1.0
    return out


def marginal(table: Array, event: Mapping[int, int] | tuple[tuple[int, int], ...]) -> float:
    """The probability that these variables take these values, under a joint table."""
    index: list[int | slice] = [slice(None)] * table.ndim
    for v, value in dict(event).items():
        index[v] = value
    return float(table[tuple(index)].sum())


def probability(table: Array, term: Term) -> float:
    """P(target | given) under a joint table.

    Raises:
        ZeroDivisionError: the condition has probability 0.
    """
    if not term.given:
        return marginal(table, term.target)
    return marginal(table, term.target + term.given) / marginal(table, term.given)
