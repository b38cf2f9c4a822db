"""What a menu's numbers are, worked out once for each menu whatever nodes it is asked about.

A plan speaks of *roles*: variable 0 is the treatment, 1 the outcome, then come the menu's variables and the held
ones. Two problems that differ in graph, node numbers and model share a plan when question and menu are alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import prod

import numpy as np

from rungwise.causal.estimand import Assignment, Expr, Term
from rungwise.causal.scm import Array
from rungwise.problems.baselines import BASELINES, baseline_estimand
from rungwise.problems.difficulty import size
from rungwise.problems.menu import Reading, displayed_terms
from rungwise.problems.problem import Query
from rungwise.problems.tasks import task
from rungwise.wording.slots import complement


@dataclass(frozen=True, eq=False)
class Plan:
    """The numbers of a menu over k role variables.

    Attributes:
        q: the question, in roles.
        cards: number of values of each role.
        terms: the T displayed terms.
        joints, conditions: 0/1 matrices of shape (T, cells); a term is ``joints @ p / conditions @ p`` for the
            flattened joint distribution p of the role variables.
        estimands: each reading's.
    """

    q: Query
    cards: tuple[int, ...]
    terms: tuple[Term, ...]
    joints: Array
    conditions: Array
    estimands: tuple[Expr, ...]

    def numbers(self, p: Array) -> Array:
        """Each term's probability, rounded to the four decimals that are displayed: shape (T, ...) for joint
        distributions of shape (cells, ...). Of two complementary ones the second is what is left of the first, so that
        halves of the last digit are not rounded up twice."""
        shown: Array = np.rint(1e4 * (self.joints @ p) / (self.conditions @ p))
        second, first = self._complements
        shown[second] = 1e4 - shown[first]
        return shown / 1e4

    @cached_property
    def _complements(self) -> tuple[list[int], list[int]]:
        """The terms that are complements of earlier ones, and these."""
        pairs = []
        for i, term in enumerate(self.terms):
            other = complement(term, self.cards[term.target[0][0]])
            if other in self.terms[:i]:
                pairs.append((i, self.terms.index(other)))
        return [i for i, _ in pairs], [j for _, j in pairs]

    def values(self, numbers: Array) -> Array:
        """What each reading makes of displayed numbers, shape (readings, models) for numbers (T, models); not finite
        where a denominator is 0."""
        shown = dict(zip(self.terms, numbers, strict=True))
        out = np.empty((len(self.estimands), numbers.shape[1]))
        with np.errstate(divide="ignore", invalid="ignore"):
            for i, estimand in enumerate(self.estimands):
                out[i] = estimand.evaluate(shown.__getitem__, np.maximum, np.minimum)
        return out

    @cached_property
    def sides(self) -> tuple[Assignment, ...]:
        """Every target and condition of the terms, each once."""
        return tuple(dict.fromkeys([side for term in self.terms for side in term]))

    @cached_property
    def sizes(self) -> tuple[tuple[int, int], ...]:
        """Of each estimand, see ``difficulty.size``."""
        return tuple([size(e, self.terms) for e in self.estimands])

    @cached_property
    def patterns(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """Each estimand as text with %s for terms, and which terms these are."""
        out = []
        for estimand in self.estimands:
            used: list[int] = []

            def name(term: Term, used: list[int] = used) -> str:
                used.append(self.terms.index(term))
                return "%s"

            out.append((estimand.text(name), tuple(used)))
        return tuple(out)

    @cached_property
    def is_joint(self) -> bool:
        """Whether some term is about several variables."""
        return any(len(t.target) > 1 for t in self.terms)

    @cached_property
    def about_outcome(self) -> Array:
        """Which terms are about the outcome alone, shape (T,)."""
        return np.array([len(t.target) == 1 and t.target[0][0] == 1 for t in self.terms], dtype=bool)


@lru_cache(maxsize=8192)
def shortcuts(made: Plan, swapped: bool) -> tuple[tuple[str, Expr | int], ...]:
    """What each baseline that answers computes: one of the readings (its index), or another expression.

    Which of two menu variables (roles 2 and 3) has the smaller number decides the order of slots and of tries;
    ``swapped`` says that role 3 has. Held ones play no part in either.
    """
    to = [0, 1, 3, 2, *range(4, len(made.cards))] if swapped else list(range(len(made.cards)))
    terms = [renamed(t, to) for t in made.terms]
    out: list[tuple[str, Expr | int]] = []
    for name in BASELINES:
        found = baseline_estimand(name, made.q, terms, made.cards)
        if found is not None:
            # Exchanging two roles undoes itself.
            back = found.replace_terms(lambda t: Expr("term", term=renamed(t, to)))
            out.append((name, made.estimands.index(back) if back in made.estimands else back))
    return tuple(out)


@lru_cache(maxsize=4096)
def plan(q: Query, shown: tuple[Reading, ...], cards: tuple[int, ...]) -> Plan:
    """The plan of a question and a menu, both in roles; ``cards`` are those of the roles the facts speak of."""
    terms = displayed_terms(q, shown, cards)
    return Plan(
        q,
        cards,
        tuple(terms),
        np.array([_cells(t.target + t.given, cards) for t in terms]).reshape(len(terms), prod(cards)),
        np.array([_cells(t.given, cards) for t in terms]).reshape(len(terms), prod(cards)),
        tuple(task(q.task).estimand(q, *reading, cards) for reading in shown),
    )


@lru_cache(maxsize=1 << 13)
def estimand_text(made: Plan, place: int, order: tuple[int, ...]) -> tuple[str, tuple[int, ...]]:
    """An estimand as text with %s for each letter, and the roles whose letters these are.

    Args:
        place: which of the plan's estimands.
        order: the roles as their node numbers rise; in this order a term gives its variables.
    """
    pattern, used = made.patterns[place]
    rank = [order.index(role) for role in range(len(order))]
    terms = [renamed(made.terms[i], rank) for i in used]
    written = pattern % tuple([term.text(["%s"] * len(order)) for term in terms])
    return written, tuple([order[v] for target, given in terms for v, _ in target + given])


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
    target, given = term
    if len(target) == 1:
        ((v, value),) = target
        target = ((nodes[v], value),)
    else:
        target = tuple(sorted([(nodes[v], value) for v, value in target]))
    return Term(target, tuple(sorted([(nodes[v], value) for v, value in given])))
