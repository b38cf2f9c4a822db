"""Worked solutions: the steps path, mediators, adjustment, estimand, substitution, arithmetic, answer."""

from __future__ import annotations

from collections.abc import Iterator

from rungwise.causal.estimand import assignments
from rungwise.causal.graph import members
from rungwise.problems.menu import Reading
from rungwise.problems.problem import EFFECTS, LACK_CONDITION, Problem, Step
from rungwise.problems.tasks import task
from rungwise.wording.slots import numbers_of

_CHECKS = {
    "ATE": "directed path from {} to {}",
    "ETT": "directed path from {} to {}",
    "CDE": "edge {}->{}",
    "NDE": "edge {}->{}",
    "NIE": "node between {} and {}",
}

Written = tuple[str, str]
"""An estimand over terms, and over the displayed numbers."""


def worked_steps(problem: Problem, reading: Reading | None, written: Written | None = None) -> tuple[Step, ...]:
    """The steps that lead to the truth by this reading (None: the value is 0 by structure); ``written`` saves to write
    its estimand again."""
    q, letters = problem.query, problem.letters
    x, y = letters[q.treatment], letters[q.outcome]
    assert problem.truth is not None
    steps = []
    if q.task in EFFECTS:
        found = "no" if reading is None else "yes"
        steps.append(Step("path", f"{_CHECKS[q.task].format(x, y)}: {found}"))
    if reading is not None:
        ms, zs = reading
        if q.task in ("CDE", "NDE", "NIE"):
            between = problem.graph.mediators(q.treatment, q.outcome)
            steps.append(Step("mediators", names(between, letters)))
        steps.append(Step("adjustment", names(zs, letters)))
        if problem.truth.value is None:
            return (*steps, *_lacking(problem, ms, zs))
        estimand, substitution = written or _written(problem, ms, zs)
        steps.append(Step("estimand", f"{q.task} = {estimand}"))
        steps.append(Step("substitution", substitution))
    assert problem.truth.value is not None
    steps.append(Step("arithmetic", f"{problem.truth.value:.4f}"))
    if problem.truth.answer is not None:
        likely = f"{assignments(((q.outcome, q.y),), letters)} {q.direction} likely"
        steps.append(Step("answer", f"{likely}: {problem.truth.answer}"))
    return tuple(steps)


def _lacking(problem: Problem, ms: int, zs: int) -> Iterator[Step]:
    """The last steps where a fact that the reading needs is not displayed."""
    q, letters = problem.query, problem.letters
    estimand = task(q.task).estimand(q, ms, zs, [len(v.labels) for v in problem.variables])
    shown = numbers_of(problem)
    missing = [term.text(letters) for term in estimand.terms() if term not in shown]
    yield Step("estimand", f"{q.task} = {estimand.text(lambda t: t.text(letters))}")
    yield Step("missing", ", ".join(missing))
    yield Step("answer", LACK_CONDITION)


def _written(problem: Problem, ms: int, zs: int) -> Written:
    estimand = task(problem.query.task).estimand(problem.query, ms, zs, [len(v.labels) for v in problem.variables])
    shown = {fact.term: f"{fact.value:.4f}" for fact in problem.facts}
    if not all(term in shown for term in estimand.terms()):  # some stand there only as complements
        shown = {term: f"{float(value):.4f}" for term, value in numbers_of(problem).items()}
    return estimand.text(lambda t: t.text(problem.letters)), estimand.text(shown.__getitem__)


def names(nodes: int, letters: tuple[str, ...]) -> str:
    """The letters of a set of nodes, or "none"."""
    return ",".join(letters[v] for v in members(nodes)) or "none"
