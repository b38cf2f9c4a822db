"""Solving a problem from its graph, its question and the displayed numbers alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import prod

from rungwise.causal.estimand import Expr, Term
from rungwise.causal.graph import mask_of, members
from rungwise.errors import UserError
from rungwise.problems.adjustment import standardised_mean
from rungwise.problems.baselines import about_outcome
from rungwise.problems.menu import Reading
from rungwise.problems.problem import LACK_CONDITION, Answer, Problem, Step
from rungwise.problems.tasks import task
from rungwise.problems.worked import worked_steps
from rungwise.scoring.sign import answer_from_value
from rungwise.wording.slots import numbers_of

ROUNDINGS = ("exact", "published")


@dataclass(frozen=True, slots=True)
class Solution:
    """A solved problem.

    ``problem`` is the given one completed with truth, steps and ``meta["right"]``; ``estimand`` is text over
    ``P(..)`` terms, "0" where the value is 0 by structure, and None where graph and facts do not determine it.
    """

    problem: Problem
    value: float | None
    answer: str | None
    estimand: str | None
    steps: tuple[Step, ...]


def solve(problem: Problem, rounding: str = "exact") -> Solution:
    """The value, the answer, the estimand and the worked steps.

    Structural zeros first; then the smallest valid adjustment set (and the mediators, where the task has
    them) all of whose terms are displayed, themselves or by their complement. Where there is none the answer
    is LACK_CONDITION. ``rounding="published"`` rounds the interventional mean of PN and PS to four decimals
    before it is used, as the labels of CaLM and CauGym do.

    Raises:
        UserError: unknown rounding, a displayed denominator of 0, or an estimand of a thousand terms or more.
    """
    if rounding not in ROUNDINGS:
        raise UserError(f"unknown rounding {rounding!r}; use {' or '.join(ROUNDINGS)}")
    q = problem.query
    rules = task(q.task)
    cards = [len(v.labels) for v in problem.variables]
    if rules.is_zero(problem.graph, q):
        return _solution(problem, None, Fraction(0), "0")
    numbers = numbers_of(problem)
    for reading in _candidates(problem):
        if not rules.is_valid(problem.graph, q, *reading):
            continue
        estimand = rules.estimand(q, *reading, cards)
        if all(t in numbers for t in estimand.terms()):
            try:
                value = _evaluate(problem, reading, estimand, numbers, rounding)
                return _solution(problem, reading, value, estimand.text(lambda t: t.text(problem.letters)))
            except ZeroDivisionError as error:
                raise UserError(f"the displayed numbers make the denominator of {q.task} zero") from error
            except RecursionError as error:
                raise UserError(f"the estimand of {q.task} has {len(estimand.terms())} terms, too many") from error
    lacking = problem.with_(truth=Answer(None, LACK_CONDITION), meta={**problem.meta, "right": None})
    return Solution(lacking, None, LACK_CONDITION, None, ())


def _candidates(problem: Problem) -> Iterator[Reading]:
    """Readings that the displayed facts may suffice for: the task's mediators, and covariate sets, smaller ones first.

    Whatever the task, a reading needs the outcome's probability under treatment, mediators and covariates together. So
    there are no more candidates than facts, and none sums over more cases than these can tell apart.
    """
    q = problem.query
    cards = [len(v.labels) for v in problem.variables]
    ms = 0
    if q.task == "CDE":
        ms = mask_of(v for v, _ in q.held)
    elif q.task in ("NDE", "NIE"):
        ms = problem.graph.mediators(q.treatment, q.outcome)
    own = ms | 1 << q.treatment
    counted = about_outcome([fact.term for fact in problem.facts], q)
    covered = [nodes & ~own for nodes in counted if nodes & own == own]
    for zs in sorted(covered, key=lambda zs: (zs.bit_count(), members(zs))):
        summed = zs if q.task == "CDE" else zs | ms
        if prod([cards[v] for v in members(summed)]) <= counted[zs | own]:
            yield ms, zs


def _evaluate(
    problem: Problem, reading: Reading, estimand: Expr, numbers: dict[Term, Fraction], rounding: str
) -> Fraction:
    q = problem.query
    if rounding == "exact" or q.bound is None or not reading[1]:
        return Fraction(estimand.evaluate(numbers.__getitem__))
    cards = [len(v.labels) for v in problem.variables]
    y = 1 - q.y if q.bound == "lower" else q.y
    mean = standardised_mean({q.outcome: y}, {q.treatment: q.x}, reading[1], cards).evaluate(numbers.__getitem__)
    # The same bound with the mean as one displayed number: that of the reading without covariates.
    rounded = {**numbers, Term(((q.outcome, y),), ((q.treatment, q.x),)): Fraction(round(mean * 10_000), 10_000)}
    return Fraction(task(q.task).estimand(q, 0, 0, cards).evaluate(rounded.__getitem__))


def _solution(problem: Problem, reading: Reading | None, value: Fraction, estimand: str) -> Solution:
    answer = answer_from_value(problem.query, float(value))
    solved = problem.with_(
        truth=Answer(round(float(value), 12), answer),
        meta={**problem.meta, "right": list(reading) if reading else None},
    )
    solved = solved.with_(steps=worked_steps(solved, reading))
    return Solution(solved, float(value), answer, estimand, solved.steps)
