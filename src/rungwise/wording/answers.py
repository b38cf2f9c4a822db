"""What a model should write: the reference answer and the worked solution, in each view."""

from __future__ import annotations

import json

from rungwise.errors import UserError
from rungwise.problems.problem import EFFECTS, LACK_CONDITION, Problem
from rungwise.problems.tasks import task
from rungwise.problems.worked import names
from rungwise.wording import slots


def answer_text(problem: Problem, view: str) -> str:
    """The reference answer, e.g. ``{"ANSWER": "Yes", "PROB": "0.1234"}`` or ``{"PROB": "(v1-v2)*v3"}``.

    Raises:
        UserError: the problem has no truth.
    """
    truth = problem.truth
    if truth is None:
        raise UserError("this problem has no truth: solve it first (rungwise.solve)")
    if truth.answer == LACK_CONDITION or truth.value is None:
        return LACK_CONDITION
    if view == "slots":
        return json.dumps({"PROB": slot_expression(problem)})
    prob = f"{truth.value:.4f}"
    return json.dumps({"ANSWER": truth.answer, "PROB": prob} if problem.query.task in EFFECTS else {"PROB": prob})


def solution_text(problem: Problem, view: str) -> str:
    """The worked solution that ends in the reference answer: what supervised fine-tuning imitates.

    In the slots view ``path:yes;between:B;adjust:A;{"PROB": "..."}``, elsewhere a line a step.

    Raises:
        UserError: the problem has no truth.
    """
    if view != "slots":
        lines = [f"{step.kind}: {step.content}" for step in problem.steps]
        return "\n".join([*lines, answer_text(problem, view)])
    q, letters = problem.query, problem.letters
    first = task(q.task).FIRST_STEP
    parts = []
    if first in ("path", "edge"):
        parts.append(f"{first}:{'no' if task(q.task).is_zero(problem.graph, q) else 'yes'};")
    right = problem.meta.get("right")
    if first == "mediators" and not right:
        parts.append("between:none;")
    if right:
        if q.task in ("NDE", "NIE"):
            parts.append(f"between:{names(right[0], letters).replace(',', '')};")
        parts.append(f"adjust:{names(right[1], letters).replace(',', '')};")
    return "".join(parts) + answer_text(problem, view)


def slot_expression(problem: Problem) -> str:
    """The right reading's estimand over slots; ``0`` where the value is 0 by structure.

    Raises:
        UserError: the problem does not say which reading is right (solve it first).
    """
    if "right" not in problem.meta:
        raise UserError("this problem has no solution yet: solve it first (rungwise.solve)")
    right = problem.meta["right"]
    if right is None:
        return "0"
    ms, zs = right
    cards = [len(v.labels) for v in problem.variables]
    return task(problem.query.task).estimand(problem.query, ms, zs, cards).text(slots.name_terms(problem))
