"""Fresh numbers for the same facts: what keeps luck from paying where answers are expressions."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from rungwise.causal.estimand import Term
from rungwise.causal.inference import joint, probability
from rungwise.causal.scm import random_scm
from rungwise.errors import UserError
from rungwise.problems.menu import Reading
from rungwise.problems.problem import Problem
from rungwise.problems.streams import stream
from rungwise.problems.tasks import task
from rungwise.wording.slots import displayed

FILLINGS = 3
PRIOR = (0.03, 0.97)
KEPT = 4096
"""Problems whose fillings are remembered: a group of completions asks for the same ones again and again."""

_known: dict[tuple[str, Reading | None], tuple[Filling, ...]] = {}


@dataclass(frozen=True, slots=True)
class Filling:
    """Numbers by displayed term (complements among them) and the value they give."""

    numbers: dict[Term, Fraction]
    value: float


def fillings(problem: Problem) -> tuple[Filling, ...]:
    """FILLINGS sets of numbers for the problem's displayed terms, each from a random model of its graph.

    They depend on the problem's content alone.

    Raises:
        UserError: the problem does not say which reading is right (solve it first).
    """
    if "right" not in problem.meta:
        raise UserError("this problem has no solution yet: solve it first (rungwise.solve)")
    right = problem.meta["right"]
    key = (problem.id, None if right is None else tuple(right))
    found = _known.get(key)
    if found is None:
        if len(_known) >= KEPT:
            _known.clear()
        found = _known[key] = _fillings(problem, key[1])
    return found


def _fillings(problem: Problem, right: Reading | None) -> tuple[Filling, ...]:
    cards = [len(v.labels) for v in problem.variables]
    binary = max(cards) == 2
    # Twelve digits, not four: another valid expression must not fail by rounding alone.
    shown = {f.term for f in problem.facts}
    terms = list(displayed(problem))
    out = []
    for k in range(FILLINGS):
        rng = stream("filling", problem.id, k)
        if binary:
            model = random_scm(problem.graph, rng, low=PRIOR[0], high=PRIOR[1])
        else:
            model = random_scm(problem.graph, rng, cards, dirichlet=1.0)
        table = joint(model)
        numbers = {t: Fraction(round(probability(table, t) * 10**12), 10**12) for t in terms if t in shown}
        for t in terms:
            if t not in shown:
                ((v, shown_value),) = t.target
                numbers[t] = 1 - numbers[Term(((v, 1 - shown_value),), t.given)]
        value = 0.0
        if right is not None:
            estimand = task(problem.query.task).estimand(problem.query, *right, cards)
            given = {**numbers, **_complements(numbers, cards)}
            value = float(estimand.evaluate(given.__getitem__))
        out.append(Filling(numbers, value))
    return tuple(out)


def _complements(numbers: dict[Term, Fraction], cards: list[int]) -> dict[Term, Fraction]:
    return {
        Term(((t.target[0][0], 1 - t.target[0][1]),), t.given): 1 - value
        for t, value in numbers.items()
        if len(t.target) == 1 and cards[t.target[0][0]] == 2
    }
