"""Symbolic estimands: arithmetic over probability terms that prints and evaluates.

An estimand is a tree of numbers, probability terms, + - * / and min / max. Trees are built by the task
files; slots, letters and numbers are put in for the terms only when one is printed or evaluated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple, TypeVar

Assignment = tuple[tuple[int, int], ...]
"""Pairs (variable, value), sorted by variable."""

Number = TypeVar("Number", float, Fraction)


class Term(NamedTuple):
    """The probability P(target | given), both sorted by variable; no given makes it a marginal or joint."""

    target: Assignment
    given: Assignment = ()

    def text(self, letters: Sequence[str]) -> str:
        """As in ``P(C=1|A=0,B=1)``; ``letters[v]`` names variable v."""
        target, given = self
        if given:
            return f"P({assignments(target, letters)}|{assignments(given, letters)})"
        return f"P({assignments(target, letters)})"


def assignments(pairs: Assignment, letters: Sequence[str]) -> str:
    """As in ``A=0,B=1``."""
    return ",".join([f"{letters[v]}={value}" for v, value in pairs])


def term(target: dict[int, int], given: dict[int, int] | None = None) -> Term:
    """P(target | given) from dictionaries variable -> value."""
    return Term(tuple(sorted(target.items())), tuple(sorted((given or {}).items())))


@dataclass(frozen=True, slots=True)
class Expr:
    """A node of an estimand: ``op`` is 'term', 'number', '+', '-', '*', '/', 'min' or 'max'."""

    op: str
    args: tuple[Expr, ...] = ()
    term: Term | None = None
    number: int = 0

    def __add__(self, other: Expr) -> Expr:
        return Expr("+", (self, other))

    def __sub__(self, other: Expr) -> Expr:
        return Expr("-", (self, other))

    def __mul__(self, other: Expr) -> Expr:
        return Expr("*", (self, other))

    def __truediv__(self, other: Expr) -> Expr:
        return Expr("/", (self, other))

    def terms(self) -> list[Term]:
        """The probability terms it needs, in the order they are written, each once."""
        found: dict[Term, None] = {}
        todo = [self]
        while todo:
            e = todo.pop()
            if e.term is not None:
                found.setdefault(e.term)
            todo.extend(reversed(e.args))
        return list(found)

    def evaluate(
        self,
        value: Callable[[Term], Number],
        maximum: Callable[[Any, Any], Any] = max,
        minimum: Callable[[Any, Any], Any] = min,
    ) -> Number:
        """The value, with ``value(term)`` for each term. For whole arrays give NumPy's maximum and minimum.

        Raises:
            ZeroDivisionError: a denominator is 0.
        """
        if self.op == "term":
            assert self.term is not None
            return value(self.term)
        if self.op == "number":
            return self.number  # type: ignore[return-value]
        left, right = self.args
        a, b = left.evaluate(value, maximum, minimum), right.evaluate(value, maximum, minimum)
        if self.op == "+":
            return a + b
        if self.op == "-":
            return a - b
        if self.op == "*":
            return a * b
        if self.op == "/":
            return a / b
        return maximum(a, b) if self.op == "max" else minimum(a, b)  # type: ignore[no-any-return]

    def replace_terms(self, new: Callable[[Term], Expr]) -> Expr:
        """The same expression with ``new(term)`` in place of each term."""
        if self.term is not None:
            return new(self.term)
        return Expr(self.op, tuple([e.replace_terms(new) for e in self.args]), None, self.number)

    @property
    def operations(self) -> int:
        """How many + - * / min and max it has."""
        return bool(self.args) + sum([e.operations for e in self.args])

    def text(self, name: Callable[[Term], str]) -> str:
        """Infix with the fewest parentheses; ``name(term)`` writes a term (a slot, ``P(..)``, a number)."""
        return self._text(name, 0)

    def _text(self, name: Callable[[Term], str], above: int) -> str:
        if self.op == "term":
            assert self.term is not None
            return name(self.term)
        if self.op == "number":
            return str(self.number)
        a, b = self.args
        if self.op in ("min", "max"):
            return f"{self.op}({a._text(name, 0)},{b._text(name, 0)})"
        level = 1 if self.op in "+-" else 2
        # The right operand of - and / needs parentheses at its own level, that of + and * does not.
        inner = f"{a._text(name, level)}{self.op}{b._text(name, level + (self.op in '-/'))}"
        return f"({inner})" if level < above else inner


def prob(target: dict[int, int], given: dict[int, int] | None = None) -> Expr:
    """The leaf P(target | given)."""
    return Expr("term", term=term(target, given))


def number(value: int) -> Expr:
    """An integer leaf."""
    return Expr("number", number=value)


def total(parts: Sequence[Expr]) -> Expr:
    """The sum of one or more expressions, left to right."""
    out = parts[0]
    for part in parts[1:]:
        out = out + part
    return out
