"""A problem that is fit to be checked: what makes the checks impossible, and what most of them need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from rungwise.causal.estimand import Expr, Term
from rungwise.causal.scm import SCM
from rungwise.problems.formula import KEPT_CASES, cases
from rungwise.problems.menu import Reading
from rungwise.problems.problem import Answer, Problem, Query
from rungwise.problems.roads import is_rising
from rungwise.problems.tasks import task

MOST_CASES = 256
"""A reading sums over so many cases at most: eight binary variables, more than any menu has."""


class Written(NamedTuple):
    """An estimand as it is written.

    Attributes:
        parts: its terms and what stands between them, in turn.
        terms: its terms.
        operations: how many + - * / min and max it has.
    """

    parts: tuple[Term | str, ...]
    terms: frozenset[Term]
    operations: int


class Own(NamedTuple):
    """A problem with what most checks need of it.

    Attributes:
        problem, model, truth, shape: see ``check_read``.
        right: the right reading, None where there is none.
        cards: the number of values of each variable.
        written: the right reading's estimand.
        shown: the displayed numbers by term.
    """

    problem: Problem
    model: SCM
    truth: Answer
    shape: str
    right: Reading | None
    written: Written | None
    cards: tuple[int, ...]
    shown: Mapping[Term, float]


def unfit(problem: Problem, model: SCM) -> list[str]:
    """What makes the other checks impossible."""
    return [*_meta(problem), *_model(problem, model)]


def _meta(problem: Problem) -> Iterator[str]:
    meta, q, n = problem.meta, problem.query, problem.graph.n
    missing = [key for key in ("right", "readings", "zero", "split", "shape") if key not in meta]
    if missing:
        yield f"records: meta lacks {', '.join(missing)}"
        return
    held = [v for v, _ in q.held]
    if len({q.treatment, q.outcome, *held}) < 2 + len(held):
        yield "problem: the question holds an event twice, or holds its treatment or outcome"
        return
    cards = _cards(problem)
    for reading in [*meta["readings"], *([meta["right"]] if meta["right"] is not None else [])]:
        if not _is_reading(reading, q, n):
            yield f"records: the reading {reading!s:.80} is not two sets of the {n} nodes, apart and without X and Y"
            return
        if (size := cases(q, reading[0], reading[1], cards)) > MOST_CASES:
            yield f"records: the reading {reading} sums over {size} cases; at most {MOST_CASES} are checked"
            return
    if len(problem.letters) != n or len(set(problem.letters)) != n:
        yield f"records: the letters {', '.join(problem.letters)} do not name {n} variables"


def _is_reading(reading: Any, q: Query, n: int) -> bool:
    if not (
        isinstance(reading, (list, tuple)) and len(reading) == 2 and all(isinstance(nodes, int) for nodes in reading)
    ):
        return False
    ms, zs = reading
    return 0 <= ms < 1 << n and 0 <= zs < 1 << n and not (ms & zs or (ms | zs) & (1 << q.treatment | 1 << q.outcome))


def _model(problem: Problem, model: SCM) -> Iterator[str]:
    if model.graph != problem.graph:
        yield f"model: its graph has the edges {model.graph.edges}, the problem's {problem.graph.edges}"
    elif model.cards != _cards(problem):
        yield f"model: its variables have {model.cards} values, the problem's {_cards(problem)}"
    elif problem.query.bound == "point" and not is_rising(model, problem.query):
        yield "model: the treatment can lower the outcome, so no point is determined"


def own_of(problem: Problem, model: SCM, truth: Answer, shape: str) -> Own:
    """The same with all of it; the problem is not ``unfit``."""
    q, right, written, cards = problem.query, None, None, model.cards
    if problem.meta["right"] is not None:
        ms, zs = problem.meta["right"]
        make = _write if cases(q, ms, zs, cards) <= KEPT_CASES else _write.__wrapped__
        written = make(q._replace(direction="more"), ms, zs, cards)  # asked with "less" it is the same
        right = (ms, zs)
    return Own(problem, model, truth, shape, right, written, cards, {fact.term: fact.value for fact in problem.facts})


@lru_cache(maxsize=1 << 13)
def _write(q: Query, ms: int, zs: int, cards: tuple[int, ...]) -> Written:
    estimand = task(q.task).estimand(q, ms, zs, cards)
    terms = estimand.terms()
    place = {term: i for i, term in enumerate(terms)}
    pieces = estimand.text(lambda term: f"\0{place[term]}\0").split("\0")
    parts = tuple([terms[int(piece)] if i % 2 else piece for i, piece in enumerate(pieces)])
    return Written(parts, frozenset(terms), _operations(estimand))


def _operations(estimand: Expr) -> int:
    return bool(estimand.args) + sum([_operations(e) for e in estimand.args])


def _cards(problem: Problem) -> tuple[int, ...]:
    return tuple([len(v.labels) for v in problem.variables])
