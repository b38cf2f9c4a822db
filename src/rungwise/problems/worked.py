"""Worked solutions: the steps path, mediators, adjustment, estimand, substitution, arithmetic, answer."""

from __future__ import annotations

from rungwise.causal.estimand import assignments
from rungwise.causal.graph import bits
from rungwise.problems.menu import Reading
from rungwise.problems.problem import EFFECTS, Problem, Step
from rungwise.problems.tasks import task
from rungwise.wording.slots import numbers_of


def worked_steps(problem: Problem, reading: Reading | None) -> tuple[Step, ...]:
    """The steps that lead to the truth by this reading (None: the value is 0 by structure)."""
    q, letters = problem.query, problem.letters
    x, y = letters[q.treatment], letters[q.outcome]
    rules = task(q.task)
    assert problem.truth is not None
    assert problem.truth.value is not None
    between = problem.graph.mediators(q.treatment, q.outcome)
    checks = {
        "ATE": f"directed path from {x} to {y}",
        "ETT": f"directed path from {x} to {y}",
        "CDE": f"edge {x}->{y}",
        "NDE": f"edge {x}->{y}",
        "NIE": f"node between {x} and {y}",
    }
    steps = []
    if q.task in EFFECTS:
        found = "no" if rules.is_zero(problem.graph, q) else "yes"
        steps.append(Step("path", f"{checks[q.task]}: {found}"))
    if reading is not None:
        ms, zs = reading
        if q.task in ("CDE", "NDE", "NIE"):
            steps.append(Step("mediators", names(between, letters)))
        steps.append(Step("adjustment", names(zs, letters)))
        estimand = rules.estimand(q, ms, zs, [len(v.labels) for v in problem.variables])
        shown = {fact.term: f"{fact.value:.4f}" for fact in problem.facts}
        if not all(term in shown for term in estimand.terms()):  # some stand there only as complements
            shown = {term: f"{float(value):.4f}" for term, value in numbers_of(problem).items()}
        steps.append(Step("estimand", f"{q.task} = {estimand.text(lambda t: t.text(letters))}"))
        steps.append(Step("substitution", estimand.text(shown.__getitem__)))
    steps.append(Step("arithmetic", f"{problem.truth.value:.4f}"))
    if problem.truth.answer is not None:
        likely = f"{assignments(((q.outcome, q.y),), letters)} {q.direction} likely"
        steps.append(Step("answer", f"{likely}: {problem.truth.answer}"))
    return tuple(steps)


def names(nodes: int, letters: tuple[str, ...]) -> str:
    """The letters of a set of nodes, or "none"."""
    return ",".join(letters[v] for v in bits(nodes)) or "none"
