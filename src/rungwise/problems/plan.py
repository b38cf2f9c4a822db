"""What a menu's numbers are, worked out once for each menu whatever nodes it is asked about.

A plan speaks of *roles*: variable 0 is the treatment, 1 the outcome, then come the menu's variables and the held
ones. Two problems that differ in graph, node numbers and model share a plan when question and menu are alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from rungwise.causal.estimand import Assignment, Expr, Term
from rungwise.causal.scm import Array
from rungwise.problems.menu import Reading, displayed_terms
from rungwise.problems.problem import Query
from rungwise.problems.tasks import task


@dataclass(frozen=True)
class Plan:
    """The numbers of a menu over k binary role variables.

    Attributes:
        terms: the T displayed terms.
        joints, conditions: 0/1 matrices of shape (T, 2**k); a term is ``joints @ p / conditions @ p`` for the
            flattened joint distribution p of the role variables.
        estimands: each reading's.
    """

    terms: tuple[Term, ...]
    joints: Array
    conditions: Array
    estimands: tuple[Expr, ...]

    def numbers(self, p: Array) -> list[float]:
        """Each term's probability, rounded to the four decimals that are displayed."""
        flat = p.reshape(-1)
        shown: list[float] = (np.rint(1e4 * (self.joints @ flat) / (self.conditions @ flat)) / 1e4).tolist()
        return shown


@lru_cache(maxsize=4096)
def plan(q: Query, shown: tuple[Reading, ...], k: int) -> Plan:
    """The plan of a question and a menu, both in roles, over k role variables."""
    cards = (2,) * k
    terms = displayed_terms(q, shown, cards)
    return Plan(
        tuple(terms),
        np.array([_cells(t.target + t.given, cards) for t in terms]).reshape(len(terms), 2**k),
        np.array([_cells(t.given, cards) for t in terms]).reshape(len(terms), 2**k),
        tuple(task(q.task).estimand(q, *reading, cards) for reading in shown),
    )


def _cells(event: Assignment, cards: tuple[int, ...]) -> Array:
    """1 for each cell of the joint table in which the event holds, flattened."""
    cells = np.zeros(cards)
    index: list[int | slice] = [slice(None)] * len(cards)
    for v, value in event:
        index[v] = value
    cells[tuple(index)] = 1.0
    return cells.reshape(-1)


def renamed(term: Term, nodes: Sequence[int]) -> Term:
    """A term over roles as one over the nodes that play them."""
    return Term(
        tuple(sorted([(nodes[v], value) for v, value in term.target])),
        tuple(sorted([(nodes[v], value) for v, value in term.given])),
    )
