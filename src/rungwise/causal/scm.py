"""Discrete structural causal models and how they are sampled.

Each variable has one independent selector per parent assignment (the default response semantics), so a
model is given by its conditional probability tables alone; see ``counterfactual.py`` for what follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rungwise.causal.graph import DAG, bits
from rungwise.errors import UserError

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SCM:
    """A causal model over a DAG.

    ``tables[v]`` has one axis per parent of v (in increasing order of index) and a last axis for v itself:
    ``tables[v][pa..., value] = P(v = value | parents = pa)``.
    """

    graph: DAG
    tables: tuple[Array, ...]

    @cached_property
    def cards(self) -> tuple[int, ...]:
        """The number of values of each variable."""
        return tuple(t.shape[-1] for t in self.tables)

    def check(self) -> None:
        """Refuse what is no model.

        Raises:
            UserError: a table has the wrong shape, a probability outside [0, 1], or a row that does not sum to 1.
        """
        if len(self.tables) != self.graph.n:
            raise UserError(f"{len(self.tables)} tables for {self.graph.n} variables")
        cards = self.cards
        for v, table in enumerate(self.tables):
            shape = (*(cards[p] for p in bits(self.graph.parents[v])), cards[v])
            if table.shape != shape:
                raise UserError(f"table of variable {v} has shape {table.shape}, its parents need {shape}")
            if not (table.min() >= 0 and table.max() <= 1):  # not so for NaN either
                raise UserError(f"table of variable {v} holds a probability outside [0, 1]")
            if np.abs(table.sum(axis=-1) - 1).max() > 1e-9:
                raise UserError(f"a row of the table of variable {v} does not sum to 1")

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON (full precision)."""
        return {"tables": [t.tolist() for t in self.tables]}

    @classmethod
    def from_dict(cls, graph: DAG, data: dict[str, Any]) -> SCM:
        """The model that ``to_dict`` wrote.

        Raises:
            UserError: it is no model over this graph.
        """
        try:
            model = cls(graph, tuple(np.asarray(t, dtype=np.float64) for t in data["tables"]))
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(f"not a causal model: {error}") from error
        model.check()
        return model


def random_dag(n: int, edge_share: float, rng: np.random.Generator) -> DAG:
    """A random DAG: every pair joined with this probability, along a random order of the nodes."""
    order = rng.permutation(n)
    draws = rng.random((n, n)) < edge_share
    parents = [0] * n
    for j in range(n):
        for i in range(j):
            if draws[i, j]:
                parents[order[j]] |= 1 << int(order[i])
    return DAG(tuple(parents))


def random_scm(
    graph: DAG,
    rng: np.random.Generator,
    cards: Sequence[int] | None = None,
    *,
    dirichlet: float | None = None,
    low: float = 0.0,
    high: float = 1.0,
) -> SCM:
    """A model with independent random table rows.

    With ``dirichlet=a`` every row is drawn from a symmetric Dirichlet(a). Otherwise rows are uniform on the
    simplex, restricted for binary variables to P(v = 0) in [low, high] (a range prior keeps every
    probability away from 0 and 1).

    Raises:
        UserError: a cardinality below 2, a concentration that is not positive, a range outside [0, 1], or a
            range asked for variables of more than two values.
    """
    cards = tuple(cards) if cards is not None else (2,) * graph.n
    if len(cards) != graph.n or min(cards, default=2) < 2:
        raise UserError(f"need {graph.n} cardinalities of at least 2, got {list(cards)}")
    if not 0 <= low < high <= 1:
        raise UserError(f"the range of probabilities must lie in [0, 1], got [{low}, {high}]")
    if dirichlet is not None and dirichlet <= 0:
        raise UserError(f"the Dirichlet concentration must be positive, got {dirichlet}")
    if (low, high) != (0.0, 1.0) and (dirichlet is not None or max(cards) > 2):
        raise UserError("a range prior is for binary variables; use dirichlet= for more values")
    shapes = [tuple([cards[p] for p in bits(pa)]) for pa in graph.parents]
    if dirichlet is None and max(cards, default=2) == 2:  # the common case, drawn at one stroke
        p0 = low + (high - low) * rng.random(sum(map(prod, shapes)))
        rows, binary, start = np.stack([p0, 1 - p0], axis=-1), [], 0
        for shape in shapes:
            binary.append(rows[start : start + prod(shape)].reshape(*shape, 2))
            start += prod(shape)
        return SCM(graph, tuple(binary))
    return SCM(
        graph,
        tuple(rng.dirichlet([dirichlet or 1.0] * card, size=shape) for card, shape in zip(cards, shapes, strict=True)),
    )
