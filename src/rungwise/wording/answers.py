"""What a model should write: the reference answer and the worked solution, in each view."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np

from rungwise.causal.graph import bits, mask_of
from rungwise.errors import UserError
from rungwise.problems.problem import EFFECTS, LACK_CONDITION, Problem
from rungwise.problems.tasks import task
from rungwise.wording import slots
from rungwise.wording.solution_phrasings import phrased


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
    prob = f'"PROB": "{truth.value:.4f}"}}'
    return f'{{"ANSWER": "{truth.answer}", {prob}' if problem.query.task in EFFECTS else "{" + prob


def solution_text(problem: Problem, view: str, rng: np.random.Generator | None = None) -> str:
    """The worked solution that ends in the reference answer: what supervised fine-tuning imitates.

    In the slots view ``path BC:yes;parents B:A;adjust:A;{"PROB": "..."}``, elsewhere a line a step; with ``rng`` these
    lines are in one of several phrasings.

    Raises:
        UserError: the problem has no truth.
    """
    if view != "slots":
        plain = [f"{step.kind}: {step.content}" for step in problem.steps]
        lines = plain if rng is None else phrased(problem.steps, rng)
        return "\n".join([*lines, answer_text(problem, view)])
    return "".join([*_readings_of_the_graph(problem), answer_text(problem, view)])


def after_think(solution: str) -> str:
    """A worked solution as it goes on where the prompt has opened ``<think>``: the steps are the reasoning, which is
    closed before the last line, the answer."""
    steps, _, answer = solution.rpartition("\n")
    return f"{steps}\n</think>\n{answer}"


def _readings_of_the_graph(problem: Problem) -> Iterator[str]:
    """The steps before the expression, each worded as pre-training words it (see ``pretrain.reading``).

    The parents of what is set block every back-door path (Pearl 2009, section 3.3.1), so among the displayed
    covariates the right ones are found there first.
    """
    q, graph, rules = problem.query, problem.graph, task(problem.query.task)

    def letters(nodes: int) -> str:
        return slots.node_letters(graph, nodes, problem.letters)

    ends = problem.letters[q.treatment] + problem.letters[q.outcome]
    if rules.FIRST_STEP in ("path", "edge"):
        yield f"{rules.FIRST_STEP} {ends}:{'no' if rules.is_zero(graph, q) else 'yes'};"
    right = problem.meta.get("right")
    if q.task in ("NDE", "NIE") and (right or rules.FIRST_STEP == "mediators"):
        yield f"between {ends}:{letters(graph.mediators(q.treatment, q.outcome))};"
    if right:
        for v in (q.treatment, *(m for m, _ in q.held)):
            yield f"parents {problem.letters[v]}:{letters(graph.parents[v])};"
        yield f"adjust:{letters(right[1])};"
        own = mask_of(v for v, _ in q.held)
        if (used := (right[0] | right[1]) & ~own) and problem.truth is not None and problem.truth.value is not None:
            yield f"find {''.join(problem.letters[v] for v in bits(used))}:{slots.block(problem, used)};"


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
