"""Whether a value that is a little off comes from rounding on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rungwise.causal.estimand import Expr, Term
from rungwise.problems.tasks import task
from rungwise.scoring.readings import Grounds

MOST = 0.005
"""A value that is off by more is not put down to rounding."""

_WAYS = {
    "the displayed numbers": "term",
    "products": "*",
    "sums and differences": "+-",
    "products, sums and differences": "*+-",
    "every intermediate result": "*+-/",
}
"""What people round, and the operations after which they do."""


def by_rounding(value: float, unit: float, known: Grounds) -> str | None:
    """How rounding on the way leads from a right reading to ``value``, which is written in units of ``unit``; None
    where it does not."""
    for digits, what, found in _rounded(known):
        if abs(found - value) <= max(unit / 2, 5e-5) + 1e-9:
            return f"but {what} were rounded to {digits} decimals" if what else f"but rounded to {digits} decimals"
    return None


def _rounded(known: Grounds) -> Iterator[tuple[int, str, float]]:
    numbers, cards = known.numbers[0], [len(v.labels) for v in known.problem.variables]
    q = known.problem.query
    for digits in (2, 3):
        yield digits, "", round(known.truth[0], digits)
    for found in known.readings:
        if found.valid:
            estimand = task(q.task).estimand(q, *found.reading, cards)
            # Four decimals are too few only where a small denominator comes after.
            for digits in (3, 2, 4) if q.bound else (3, 2):
                for what, operations in _WAYS.items():
                    try:
                        yield digits, what, _evaluate(estimand, numbers.__getitem__, operations, digits)
                    except ZeroDivisionError:
                        continue


def _evaluate(e: Expr, number: Callable[[Term], float], operations: str, digits: int) -> float:
    """The value with the result of each of these operations rounded."""
    if e.term is not None:
        value = number(e.term)
        return round(value, digits) if operations == "term" else value
    if e.op == "number":
        return e.number
    a, b = (_evaluate(arg, number, operations, digits) for arg in e.args)
    value = a / b if e.op == "/" else {"+": a + b, "-": a - b, "*": a * b, "min": min(a, b), "max": max(a, b)}[e.op]
    return round(value, digits) if e.op in operations else value
