"""Both polarities of a question: the twin asks about the other value of the outcome.

Its value is the negative of the other's. It displays the same facts, each one about the outcome as its complement,
so nothing is to be gained or lost but the sign.
"""

from __future__ import annotations

from dataclasses import replace

from rungwise.causal.estimand import Term
from rungwise.problems.problem import EFFECTS, Answer, Fact, Problem, Query, content_id
from rungwise.problems.worked import worked_steps
from rungwise.scoring.sign import answer_from_value


def twin(problem: Problem) -> Problem | None:
    """The polarity twin, with its own truth and steps where the problem has them. None for PN and PS, which ask for no
    sign, and where the outcome has more than two values."""
    facts = _facts(problem)
    if facts is None:
        return None
    q, truth = _query(problem.query), problem.truth
    if truth is not None and truth.value is not None:
        value = -truth.value if truth.value else 0.0
        truth = Answer(value, answer_from_value(q, value))
    meta = {**problem.meta, "twin": problem.id} if "twin" in problem.meta else problem.meta
    out = problem.with_(query=q, facts=facts, truth=truth, steps=(), meta=meta)
    if not problem.steps:
        return out
    right = problem.meta.get("right")
    return out.with_(steps=worked_steps(out, (right[0], right[1]) if right else None))


def twin_id(problem: Problem) -> str | None:
    """The id of the polarity twin, None where there is none."""
    facts = _facts(problem)
    if facts is None:
        return None
    return content_id(problem.graph, [len(v.labels) for v in problem.variables], _query(problem.query), facts)


def _query(q: Query) -> Query:
    return replace(q, y=1 - q.y)


def _facts(problem: Problem) -> tuple[Fact, ...] | None:
    q = problem.query
    if q.task not in EFFECTS or len(problem.variables[q.outcome].labels) != 2:
        return None
    return tuple([_complement(fact) if _is_about(fact, q.outcome) else fact for fact in problem.facts])


def _is_about(fact: Fact, outcome: int) -> bool:
    return len(fact.term.target) == 1 and fact.term.target[0][0] == outcome


def _complement(fact: Fact) -> Fact:
    ((v, value),) = fact.term.target
    return Fact(Term(((v, 1 - value),), fact.term.given), round(1 - fact.value, 4))
