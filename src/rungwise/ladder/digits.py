"""What the displayed digits of an estimand's numbers decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from rungwise.causal.estimand import Expr, Term
from rungwise.errors import UserError
from rungwise.ladder.queries import MAX_NUMBERS
from rungwise.problems.problem import Fact


class Range(NamedTuple):
    """A value: of the displayed numbers themselves, and the extremes over all numbers that round to them."""

    point: float
    low: float
    high: float

    @property
    def sign(self) -> int:
        """1 or -1 where all of the range has this sign, else 0."""
        return int(self.low > _EDGE) - int(self.high < -_EDGE)


_EDGE = 1e-9


def lookup(numbers: Mapping[Term, Any], term: Term) -> Any:
    """The number of a term; that of a single binary variable's other value is one less it.

    Raises:
        KeyError: neither is displayed.
    """
    if term in numbers or len(term.target) != 1:
        return numbers[term]
    ((v, value),) = term.target
    return 1 - numbers[Term(((v, 1 - value),), term.given)]


def value_range(estimand: Expr, facts: Sequence[Fact], half: float) -> Range:
    """The value's range; all estimands here are linear or linear-fractional in each number, so that their extremes lie
    at corners of the box of numbers that round to the displayed ones. Infinite where a denominator can be 0.

    Args:
        half: how far a displayed number can be from the one it was rounded from.

    Raises:
        UserError: more numbers than MAX_NUMBERS.
    """
    shown = np.array([fact.value for fact in facts])
    # Only what the estimand uses can move it; explaining away displays more.
    used = np.zeros(len(facts), dtype=bool)
    names = [fact.term for fact in facts]
    for term in estimand.terms():
        for i, name in enumerate(names):
            used[i] |= _same(name, term)
    moved = np.flatnonzero(used)
    if len(moved) > MAX_NUMBERS:
        raise UserError(f"{len(moved)} displayed numbers; at most {MAX_NUMBERS} are handled")
    signs = (np.arange(1 << len(moved)) >> np.arange(len(moved))[:, None] & 1) * 2 - 1
    box = np.repeat(shown[:, None], 1 + signs.shape[1], axis=1)
    box[moved, 1:] = np.clip(box[moved, 1:] + half * signs, 0, 1)
    numbers = dict(zip(names, box, strict=True))
    with np.errstate(divide="ignore", invalid="ignore"):
        values = np.asarray(estimand.evaluate(lambda term: lookup(numbers, term)))
    if not np.isfinite(values).all():
        return Range(0.0, -np.inf, np.inf)
    return Range(float(values[0]), float(values.min()), float(values.max()))


def _same(name: Term, term: Term) -> bool:
    """Whether a displayed number is that of a term, or of its complement."""
    return name == term or (
        len(name.target) == 1 == len(term.target)
        and name.given == term.given
        and name.target[0][0] == term.target[0][0]
    )
