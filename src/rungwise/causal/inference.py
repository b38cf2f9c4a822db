"""Exact inference by enumeration: the joint distribution, do() and probabilities of terms."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

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
    cards, n = model.cards, model.graph.n
    if prod(cards) > MAX_CELLS:
        raise UserError(f"a joint of {prod(cards)} cells is too large to enumerate; use fewer nodes or values")
    out = np.ones((1,) * n)
    for v, table in enumerate(model.tables):
        shape = [1] * n
        if do and v in do:
            shape[v] = cards[v]
            factor = np.zeros(cards[v])
            factor[do[v]] = 1.0
            out = out * factor.reshape(shape)
            continue
        family = model.graph.parents[v] | 1 << v
        for u in bits(family):
            shape[u] = cards[u]
        # The table's axes are the parents in order and then v; the joint wants v at its own place.
        place = (model.graph.parents[v] & ((1 << v) - 1)).bit_count()
        out = out * np.moveaxis(table, -1, place).reshape(shape)
    return np.broadcast_to(out, cards)


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
