"""Small problems with hand-made numbers, and solutions of generated ones with a mistake planted."""

from __future__ import annotations

from collections.abc import Iterator

from rungwise.causal.estimand import Assignment, term
from rungwise.causal.graph import DAG
from rungwise.problems.menu import Reading
from rungwise.problems.problem import EFFECTS, TOLERANCE, Answer, Fact, Problem, Query, Variable
from rungwise.problems.solve import solve
from rungwise.problems.tasks import task
from rungwise.problems.worked import worked_steps
from rungwise.scoring.sign import answer_from_value
from rungwise.wording.answers import solution_text
from rungwise.wording.slots import numbers_of

A, B, C = 0, 1, 2
Y = {B: 1}
NAMES = (
    Variable("Training", ("no", "yes")),
    Variable("Sales", ("low", "high")),
    Variable("The region", ("north", "south")),
)

CONFOUNDED = [(A, B), (C, A), (C, B)]
MEDIATED = [(A, B), (A, C), (C, B)]
NUMBERS = {
    term(Y, {A: 1, C: 0}): 0.5,
    term(Y, {A: 0, C: 0}): 0.3,
    term(Y, {A: 1, C: 1}): 0.9,
    term(Y, {A: 0, C: 1}): 0.4,
    term({C: 0}): 0.6,
    term({C: 1}): 0.4,
    term({C: 0}, {A: 0}): 0.7,
    term({C: 1}, {A: 0}): 0.3,
    term({C: 0}, {A: 1}): 0.2,
    term({C: 1}, {A: 1}): 0.8,
    term(Y, {A: 1}): 0.82,
    term(Y, {A: 0}): 0.33,
}
"""ATE adjusted for C: 0.2*0.6+0.5*0.4 = 0.32. Unadjusted: 0.49. ETT adjusted for C: 0.33-(0.5*0.7+0.9*0.3) = -0.29.
NDE over C: 0.2*0.7+0.5*0.3 = 0.29. NIE over C: 0.3*(0.2-0.7)+0.4*(0.8-0.3) = 0.05."""


def asked(name: str, edges: list[tuple[int, int]], held: Assignment = (), without: tuple[object, ...] = ()) -> Problem:
    """The question about A and B with these causes and NUMBERS, solved."""
    facts = tuple([Fact(t, value) for t, value in NUMBERS.items() if t not in without])
    return solve(Problem(DAG.from_edges(3, edges), NAMES, Query(name, A, B, 1, 0, 1, held), facts)).problem


def by(problem: Problem, q: Query, reading: Reading) -> Problem | None:
    """The problem as if this question were asked and this reading were right; None where a fact for it is missing."""
    cards = [len(v.labels) for v in problem.variables]
    try:
        value = float(task(q.task).estimand(q, *reading, cards).evaluate(numbers_of(problem).__getitem__))
    except (KeyError, ZeroDivisionError):
        return None
    told = problem.with_(
        query=q, truth=Answer(value, answer_from_value(q, value)), meta={**problem.meta, "right": reading}
    )
    return told.with_(steps=worked_steps(told, reading))


def other_tasks(problem: Problem) -> Iterator[Problem]:
    """The same facts as another effect's right solution reads them."""
    q = problem.query
    for name in EFFECTS:
        plain = q._replace(task=name, held=())
        if name == q.task or q.task not in EFFECTS or task(name).is_zero(problem.graph, plain):
            continue
        found = solve(problem.with_(query=plain, truth=None, steps=(), meta={"letters": problem.letters})).problem
        if name != "CDE" and found.meta["right"]:
            yield found


def with_value(text: str, problem: Problem, value: float, answer: str | None = None) -> str:
    """A worked solution whose arithmetic line and final answer say another value."""
    assert problem.truth is not None
    old, new = f"{problem.truth.value:.4f}", f"{value:.4f}"
    head, last = text.rsplit("arithmetic: ", 1)
    last = last.replace(old, new)
    return (
        head + "arithmetic: " + (last if answer is None else last.replace(f'"{problem.truth.answer}"', f'"{answer}"'))
    )


def changes(problem: Problem, value: float) -> bool:
    """Whether this is another value than the right one."""
    assert problem.truth is not None
    assert problem.truth.value is not None
    return abs(value - problem.truth.value) > 2 * TOLERANCE


def solution(problem: Problem) -> str:
    """The worked solution in the natural view."""
    return solution_text(problem, "natural")
