"""Both polarities of a question: the twin asks about the other value of the outcome.

Its value is the negative of the other's (to the last digit or two: sums of displayed probabilities need not be 1). It
displays the same facts, each one about the outcome as its complement, so nothing is to be gained or lost but the sign.
"""

from __future__ import annotations

from rungwise.causal.estimand import Term
from rungwise.problems.problem import EFFECTS, Answer, Fact, Problem
from rungwise.problems.tasks import task
from rungwise.problems.worked import worked_steps
from rungwise.scoring.sign import answer_from_value
from rungwise.wording.slots import numbers_of


def twin(problem: Problem) -> Problem | None:
    """The polarity twin, with its own truth and steps where the problem has them. None for PN and PS, which ask for no
    sign, and where the outcome has more than two values."""
    if not _has_twin(problem):
        return None
    q, truth, right = problem.query._replace(y=1 - problem.query.y), problem.truth, problem.meta.get("right")
    facts = tuple([_complement(fact) if _is_about(fact, q.outcome) else fact for fact in problem.facts])
    meta = {**problem.meta, "twin": problem.id} if "twin" in problem.meta else problem.meta
    out = problem.with_(query=q, facts=facts, truth=None, steps=(), meta=meta)
    if truth is None or truth.value is None:
        if "witness" in meta:
            witness = {**meta["witness"], "value": -meta["witness"]["value"]}
            out = out.with_(meta={**meta, "witness": witness})
        out = out.with_(truth=truth)
        return out.with_(steps=worked_steps(out, (right[0], right[1]))) if problem.steps and right else out
    value = 0.0
    if right:
        estimand = task(q.task).estimand(q, right[0], right[1], [len(v.labels) for v in problem.variables])
        value = round(float(estimand.evaluate(numbers_of(out).__getitem__)), 12)
    out = out.with_(truth=Answer(value, answer_from_value(q, value)))
    return out.with_(steps=worked_steps(out, (right[0], right[1]) if right else None)) if problem.steps else out


def twin_id(problem: Problem) -> str | None:
    """The id of the polarity twin, None where there is none."""
    return problem.id_with(1 - problem.query.y) if _has_twin(problem) else None


def _has_twin(problem: Problem) -> bool:
    return problem.query.task in EFFECTS and len(problem.variables[problem.query.outcome].labels) == 2


def _is_about(fact: Fact, outcome: int) -> bool:
    return len(fact.term.target) == 1 and fact.term.target[0][0] == outcome


def _complement(fact: Fact) -> Fact:
    ((v, value),) = fact.term.target
    return Fact(Term(((v, 1 - value),), fact.term.given), round(1 - fact.value, 4))
