"""Exact inference by enumeration: the joint distribution, do() and probabilities of terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from rungwise.causal.estimand import Term
from rungwise.causal.graph import bits
from rungwise.causal.scm import SCM, Array
from rungwise.errors import UserError

MAX_CELLS = 1 << 22
"""Largest joint table (cells) that is enumerated: 22 binary variables, 32 MiB."""


def joint(model: SCM, do: Mapping[int, int] | None = None) -> Array:
    """The joint distribution, of shape ``model.cards``; with ``do``, after those interventions.

    Truncated factorisation (Pearl, Causality, 2009, eq. 3.10): the product of all tables but those of the
    intervened variables, zero wherever a variable differs from the value it is set to.

    Raises:
        UserError: the joint has more than MAX_CELLS cells.
    """
    cards, do = model.cards, do or {}
    factors = [
        (indicator(do[v], cards[v]), [v]) if v in do else (table, [*bits(model.graph.parents[v]), v])
        for v, table in enumerate(model.tables)
    ]
    return multiply(factors, cards, range(model.graph.n))


def marginal_joint(model: SCM, variables: Sequence[int]) -> Array:
    """The joint distribution of some variables, with an axis for each in the order given.

    Raises:
        UserError: the joint of all variables has more than MAX_CELLS cells.
    """
    factors = [(table, [*bits(model.graph.parents[v]), v]) for v, table in enumerate(model.tables)]
    return multiply(factors, model.cards, variables)


def multiply(factors: Sequence[tuple[Array, Sequence[int]]], cards: Sequence[int], keep: Sequence[int]) -> Array:
    """The product of tables, each given with the variable of every axis, summed over all variables but ``keep``.

    Raises:
        UserError: the product has more than MAX_CELLS cells.
    """
    if prod(cards) > MAX_CELLS:
        raise UserError(f"a joint of {prod(cards)} cells is too large to enumerate; use fewer nodes or values")
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
