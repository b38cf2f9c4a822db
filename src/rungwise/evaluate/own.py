"""Answers that need no model: the solver's and the shortcuts'."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from rungwise.errors import UserError
from rungwise.evaluate.questions import READ, Question, Suite
from rungwise.evaluate.results import Row, scored_row, truth_row, unread_row
from rungwise.problems.baselines import BASELINES, baseline_value
from rungwise.problems.problem import LACK_CONDITION, Answer
from rungwise.problems.solve import solve
from rungwise.scoring.sign import answer_from_value

UNDETERMINED = "It is not determined by what is displayed."
"""What the solver says where an item of a published set leaves its answer open."""


def own_row(model: str, question: Question, rounding: str) -> Row:
    """The row of "exact" or a shortcut."""
    if question.unread is not None:
        return unread_row(question)
    if question.published is not None and not question.is_problem:
        chosen, item = question.published
        found = chosen.audit(item)
        if found.outcome == "unread":
            return unread_row(replace(question, unread=found.why))
        return scored_row(question, chosen.write(item, found.truth) if found.truth else UNDETERMINED)
    if model == "exact":
        try:
            solved = solve(question.problem, rounding).problem
        except UserError as error:  # read, but its numbers make no sense together
            return unread_row(replace(question, unread=str(error)))
        return scored_row(question, solved.answer_text(question.view))
    return scored_row(question, _baseline_text(model, question), view="natural")


def _baseline_text(name: str, question: Question) -> str:
    """A baseline's value, written as a model would write it; LACK_CONDITION where it has none to offer."""
    problem = question.problem
    try:
        value = baseline_value(name, problem)
    except UserError:  # too many facts for its table
        value = None
    truth = Answer(None, LACK_CONDITION) if value is None else Answer(value, answer_from_value(problem.query, value))
    return problem.with_(truth=truth).answer_text("natural")


def shortcuts(suite: Suite) -> dict[str, float]:
    """Share of values right by each shortcut; where items are no problems of ours, by the most frequent label of each
    task."""
    n = len(suite.questions)
    if suite.published is not None and suite.published.name != READ:
        labels = Counter((q.task, q.truth) for q in suite.questions)
        most: dict[str, int] = {}
        for (name, _), count in labels.items():
            most[name] = max(most.get(name, 0), count)
        return {"constant": sum(most.values()) / n}
    rows = {name: [own_row(name, question, "exact") for question in suite.questions] for name in BASELINES}
    return {name: sum(bool(row["value_correct"]) for row in found) / n for name, found in rows.items()}


def misses_of(rows: list[Row], suite: Suite, rounding: str) -> list[dict[str, Any]]:
    """Every item on which the solver does not give the label (of CauGym: its value), with what it finds and why."""
    misses = []
    for row, question in zip(rows, suite.questions, strict=True):
        if row["value_correct" if question.is_problem else "score"]:
            continue
        miss = {"id": row["id"], "task": row["task"], "label": row["truth"], "reason": row["reason"]}
        if question.is_problem and row["status"] != "unread":
            solution = solve(question.problem, rounding)
            miss["computed"] = {"value": solution.value, "answer": solution.answer}
            miss["estimand"] = solution.estimand
            miss["substitution"] = next((s.content for s in solution.steps if s.kind == "substitution"), None)
        elif question.published is not None:
            found = question.published[0].audit(question.published[1])
            miss |= {"outcome": found.outcome, "why": found.why, "proof": found.proof}
            if found.truth is not None:
                miss["computed"] = truth_row(found.truth)
        misses.append(miss)
    return misses
