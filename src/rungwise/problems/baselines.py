"""The shortcuts that every table shows beside a model: what no causal reasoning at all would score."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import lru_cache

from rungwise.causal.graph import mask_of, subsets
from rungwise.errors import UserError
from rungwise.problems.problem import TASKS, Problem
from rungwise.problems.sampler import Recipe, sample_problem
from rungwise.problems.streams import stream
from rungwise.problems.tasks import task
from rungwise.scoring.expression import evaluate
from rungwise.wording.answers import slot_expression
from rungwise.wording.slots import displayed, numbers_of, slot_table

BASELINES = ("constant", "unadjusted", "graph-blind", "lookup")
"""constant: always 0 (and No). unadjusted: the plain difference P(y|x) - P(y|x_ref), the bounds with P(y|x) for
P(y|do(x)). graph-blind: never reads the graph; of all readings whose facts are displayed it takes the one that
uses the most of them. lookup: the expression most frequent in training for this task and number of facts."""


def baseline_value(name: str, problem: Problem) -> float | None:
    """The value this baseline answers, or None where it has none to offer.

    Raises:
        UserError: unknown baseline.
    """
    if name == "constant":
        return 0.0
    if name == "unadjusted":
        return _unadjusted(problem)
    if name == "graph-blind":
        return _graph_blind(problem)
    if name == "lookup":
        return _lookup(problem)
    raise UserError(f"unknown baseline {name!r}; baselines are {', '.join(BASELINES)}")


def _unadjusted(problem: Problem) -> float | None:
    q = problem.query
    held = mask_of(v for v, _ in q.held) if q.task == "CDE" else 0
    # NIE without mediators is 0 by definition; its plain difference is the total one, ATE's.
    rules = task("ATE" if q.task == "NIE" else q.task)
    return _value(problem, rules.estimand(q, held, 0, _cards(problem)))


def _graph_blind(problem: Problem) -> float | None:
    q = problem.query
    seen = mask_of(v for f in problem.facts for v, _ in f.term.target + f.term.given)
    free = seen & ~(1 << q.treatment | 1 << q.outcome)
    held = mask_of(v for v, _ in q.held)
    best, most = 0.0, 0
    for used in subsets(free & ~held):
        for ms in subsets(used) if q.task in ("NDE", "NIE") else [held if q.task == "CDE" else 0]:
            if q.task == "NIE" and not ms:
                continue
            estimand = task(q.task).estimand(q, ms, used & ~ms, _cards(problem))
            terms = len(estimand.terms())
            if terms > most and (value := _value(problem, estimand)) is not None:
                best, most = value, terms
    return best


def _value(problem: Problem, estimand: object) -> float | None:
    numbers = numbers_of(problem)
    try:
        return float(estimand.evaluate(numbers.__getitem__))  # type: ignore[attr-defined]
    except (KeyError, ZeroDivisionError):
        return None


def _cards(problem: Problem) -> list[int]:
    return [len(v.labels) for v in problem.variables]


def _lookup(problem: Problem) -> float | None:
    table = slot_table(problem)
    expression = lookup_table().get((problem.query.task, len(table)), "0")
    numbers = displayed(problem)
    slots = {name: numbers[term] for name, term in table.items()}
    return float(evaluate(expression, slots))


@lru_cache(maxsize=1)
def lookup_table() -> dict[tuple[str, int], str]:
    """(task, number of facts) -> most frequent expression over slots, in 200 menus and 100 published-style
    problems a task of the training split."""
    counts: dict[tuple[str, int], Counter[str]] = defaultdict(Counter)
    for recipe, number in ((Recipe(split="train"), 200), (Recipe(split="train", menus={"published": 1.0}), 100)):
        for name in TASKS:
            for i in range(number):
                problem = sample_problem(name, recipe, stream("lookup", *recipe.menus, name, i))
                counts[name, len(slot_table(problem))][slot_expression(problem)] += 1
    return {key: counter.most_common(1)[0][0] for key, counter in counts.items()}
