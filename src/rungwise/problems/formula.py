"""Textbook formulas of readings: sums of products of probabilities, written out without the estimand trees that
problems are made with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import prod

from rungwise.causal.estimand import Term, term
from rungwise.causal.graph import bits
from rungwise.problems.problem import Query

KEPT_CASES = 8
"""Formulas of so many cases are kept for the next problem; longer ones would fill the memory."""


@dataclass(frozen=True, slots=True)
class Formula:
    """A reading's value as a signed sum of products of probabilities, divided by ``below`` and cut at ``least`` or
    ``most`` where these are given."""

    products: tuple[tuple[int, tuple[Term, ...]], ...]
    below: Term | None = None
    least: float | None = None
    most: float | None = None

    def value(self, number: Callable[[Term], float]) -> float:
        """With ``number(term)`` for each term.

        Raises:
            ZeroDivisionError: the denominator is 0.
        """
        out = 0.0
        for sign, terms in self.products:
            part = float(sign)
            for t in terms:
                part *= number(t)
            out += part
        if self.below is not None:
            out /= number(self.below)
        if self.least is not None:
            out = max(out, self.least)
        return out if self.most is None else min(out, self.most)


def cases(q: Query, ms: int, zs: int, cards: Sequence[int]) -> int:
    """How many cases a reading sums over: values of its covariates, for nested effects also of its mediators."""
    return _values_of(ms | zs if q.task in ("NDE", "NIE") else zs, tuple(cards))


@lru_cache(maxsize=1 << 12)
def _values_of(nodes: int, cards: tuple[int, ...]) -> int:
    return prod([cards[v] for v in bits(nodes)])


@lru_cache(maxsize=1 << 13)
def formula(q: Query, ms: int, zs: int, cards: tuple[int, ...]) -> Formula:
    """The formula of a reading (mediators, covariates) of a question; its length is a few times ``cases``."""
    x, ref, y = {q.treatment: q.x}, {q.treatment: q.x_ref}, {q.outcome: q.y}
    parts: list[tuple[int, list[Term]]] = []

    def add(sign: int, *terms: tuple[Mapping[int, int], Mapping[int, int]]) -> None:
        # The probability that no variable in particular takes a value is 1.
        parts.append((sign, [term(dict(target), dict(given)) for target, given in terms if target]))

    if q.task in ("ATE", "CDE", "PNS"):
        held = dict(q.held)
        for z in _values(zs, cards):
            add(1, (y, {**x, **held, **z}), (z, {}))
            add(-1, (y, {**ref, **held, **z}), (z, {}))
    elif q.task == "ETT":
        add(1, (y, ref))
        for z in _values(zs, cards):
            add(-1, (y, {**x, **z}), (z, ref))
    elif q.task == "NDE":
        for z, m in product(_values(zs, cards), _values(ms, cards)):
            add(1, (y, {**x, **m, **z}), (m, {**ref, **z}), (z, {}))
            add(-1, (y, {**ref, **m, **z}), (m, {**ref, **z}), (z, {}))
    elif q.task == "NIE":
        for z, m in product(_values(zs, cards), _values(ms, cards) if ms else ()):
            add(1, (y, {**ref, **m, **z}), (m, {**x, **z}), (z, {}))
            add(-1, (y, {**ref, **m, **z}), (m, {**ref, **z}), (z, {}))
    else:
        return _bound_formula(q, list(_values(zs, cards)))
    return Formula(tuple([(sign, tuple(terms)) for sign, terms in parts]))


def _bound_formula(q: Query, covariates: Sequence[Mapping[int, int]]) -> Formula:
    """PN and PS: those with x_ref and the other outcome were seen (Tian & Pearl 2000, eq. 22 and 23)."""
    x, seen = {q.treatment: q.x}, {q.outcome: 1 - q.y}
    below = term({q.treatment: q.x_ref, **seen})
    sign, target = (1, {q.outcome: q.y}) if q.bound == "upper" else (-1, seen)
    first = term({**x, **target}) if q.bound == "upper" else term(seen)
    products: list[tuple[int, tuple[Term, ...]]] = [(-sign, (first,))]
    for z in covariates:
        products.append((sign, (term(target, {**x, **z}), *([term(dict(z))] if z else []))))
    if q.bound == "upper":
        return Formula(tuple(products), below, most=1.0)
    return Formula(tuple(products), below, least=0.0 if q.bound == "lower" else None)


def _values(nodes: int, cards: Sequence[int]) -> Iterator[dict[int, int]]:
    members = list(bits(nodes))
    for values in product(*(range(cards[v]) for v in members)):
        yield dict(zip(members, values, strict=True))
