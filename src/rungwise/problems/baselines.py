"""The shortcuts that every table shows beside a model: what no causal reasoning at all would score."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from importlib.resources import files

from rungwise.causal.estimand import Expr, Term
from rungwise.causal.graph import mask_of, subsets
from rungwise.errors import UserError
from rungwise.problems.problem import TASKS, Problem
from rungwise.problems.sampler import Recipe, sample_problem
from rungwise.problems.streams import stream
from rungwise.problems.tasks import task
from rungwise.scoring.expression import evaluate
from rungwise.wording.answers import slot_expression
from rungwise.wording.slots import MAX_SLOTS, displayed, numbers_of, slot_table

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
    return _value(rules.estimand(q, held, 0, _cards(problem)), numbers_of(problem))


def _graph_blind(problem: Problem) -> float | None:
    q = problem.query
    seen = mask_of(v for f in problem.facts for v, _ in f.term.target + f.term.given)
    free = seen & ~(1 << q.treatment | 1 << q.outcome)
    held = mask_of(v for v, _ in q.held)
    numbers = numbers_of(problem)
    best, most = 0.0, 0
    for used in subsets(free & ~held):
        for ms in subsets(used) if q.task in ("NDE", "NIE") else [held if q.task == "CDE" else 0]:
            if q.task == "NIE" and not ms:
                continue
            estimand = task(q.task).estimand(q, ms, used & ~ms, _cards(problem))
            terms = estimand.terms()
            if len(terms) > most and (value := _value(estimand, numbers)) is not None:
                best, most = value, len(terms)
    return best


def _value(estimand: Expr, numbers: Mapping[Term, Fraction]) -> float | None:
    try:
        return float(estimand.evaluate(numbers.__getitem__))
    except (KeyError, ZeroDivisionError):
        return None


def _cards(problem: Problem) -> list[int]:
    return [len(v.labels) for v in problem.variables]


def _lookup(problem: Problem) -> float | None:
    numbers = displayed(problem)
    if len(numbers) > MAX_SLOTS:
        return None
    table = slot_table(problem)
    expression = lookup_table().get(f"{problem.query.task} {len(table)}", "0")
    return float(evaluate(expression, {name: numbers[term] for name, term in table.items()}))


@lru_cache(maxsize=1)
def lookup_table() -> dict[str, str]:
    """ "TASK FACTS" -> most frequent expression over slots, as ``count_lookup`` found them."""
    table: dict[str, str] = json.loads(files("rungwise.problems").joinpath("lookup.json").read_text("utf-8"))
    return table


def count_lookup() -> dict[str, str]:
    """The table itself, from 200 menus and 100 published-style problems a task of the training split."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for recipe, number in ((Recipe(split="train"), 200), (Recipe(split="train", menus={"published": 1.0}), 100)):
        for name in TASKS:
            for i in range(number):
                problem = sample_problem(name, recipe, stream("lookup", *recipe.menus, name, i))
                counts[f"{name} {len(slot_table(problem))}"][slot_expression(problem)] += 1
    return {key: counter.most_common(1)[0][0] for key, counter in sorted(counts.items())}
