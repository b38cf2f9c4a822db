"""What a problem's displayed numbers can be read as: every reading they suffice for, right or wrong, with its value.

Computed once a problem and kept: the samples of a group, and the methods of a study, are about the same ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import nan, prod

from rungwise.causal.estimand import Term
from rungwise.causal.graph import mask_of, members
from rungwise.problems.baselines import MOST_CASES, about_outcome
from rungwise.problems.fillings import Filling, fillings
from rungwise.problems.menu import Reading
from rungwise.problems.problem import TOLERANCE, Problem, Query
from rungwise.problems.roads import reading_value
from rungwise.problems.solve import solve
from rungwise.problems.tasks import task
from rungwise.wording.slots import numbers_of, slot_table

KEPT = 4096
"""Problems whose grounds are remembered."""

_EDGE = 1e-9
"""Rounding of floats at the edge of a tolerance."""

Values = tuple[float, ...]
"""What something comes to on the shown numbers and, in the slots view, on each fresh filling; nan where it has no
value."""


@dataclass(frozen=True, slots=True)
class Displayed:
    """A reading for which the displayed numbers suffice."""

    reading: Reading
    values: Values
    valid: bool


@dataclass(frozen=True, eq=False)
class Grounds:
    """What is known about a problem before a text is read; equal to itself alone, so cheap to look up by. Everything is
    computed when it is first asked for: a right answer needs little of it.

    Attributes:
        problem: with truth and ``meta["right"]``.
        fresh: look at fresh fillings beside the shown numbers (slots view).
    """

    problem: Problem
    fresh: bool

    @property
    def determined(self) -> bool:
        """Whether the displayed facts determine the value."""
        return self.problem.truth is not None and self.problem.truth.value is not None

    @property
    def mediators(self) -> int:
        """The mediator set of every valid reading: the held variables for CDE, all between for NDE and NIE."""
        q = self.problem.query
        if q.task == "CDE":
            return mask_of(v for v, _ in q.held)
        return self.problem.graph.mediators(q.treatment, q.outcome) if q.task in ("NDE", "NIE") else 0

    @cached_property
    def truth(self) -> Values:
        """The value on each set of numbers; empty where it is not determined."""
        assert self.problem.truth is not None
        if self.problem.truth.value is None:
            return ()
        return (self.problem.truth.value, *[filling.value for filling in self._fillings])

    @cached_property
    def numbers(self) -> tuple[Mapping[Term, float], ...]:
        """The numbers by term: the shown ones and their complements, then each fresh filling."""
        return tuple([{t: float(value) for t, value in numbers.items()} for numbers in self._exact])

    @cached_property
    def slots(self) -> tuple[Mapping[str, Fraction], ...]:
        """The same by slot name, exact."""
        table = slot_table(self.problem)
        return tuple([{name: numbers[t] for name, t in table.items()} for numbers in self._exact])

    @cached_property
    def readings(self) -> tuple[Displayed, ...]:
        """What the facts suffice for, of the problem's own question."""
        return tuple(displayed_readings(self.problem, self.problem.query, self.numbers))

    def reading(self, zs: int) -> Reading | None:
        """The valid reading with these covariates; None where there is none, where (for a value that is determined) its
        facts are not displayed, and where the value is 0 by structure: then the graph alone decides."""
        q, ms, right = self.problem.query, self.mediators, self.problem.meta["right"]
        if right is not None and right[1] == zs:
            return ms, zs
        if not self.determined:
            return (ms, zs) if task(q.task).is_valid(self.problem.graph, q, ms, zs) else None
        if right is None:
            return None
        return next((found.reading for found in self.readings if found.valid and found.reading[1] == zs), None)

    @cached_property
    def _exact(self) -> tuple[Mapping[Term, Fraction], ...]:
        return (numbers_of(self.problem), *[filling.numbers for filling in self._fillings])

    @property
    def _fillings(self) -> tuple[Filling, ...]:
        return fillings(self.problem) if self.fresh and self.determined else ()


_known: dict[tuple[object, ...], Grounds] = {}


def grounds(problem: Problem, view: str) -> Grounds:
    """The grounds of a problem, which is solved here where it does not say which reading is right; with fresh fillings
    in the slots view, where a coincidence must not count.

    Raises:
        UserError: as ``solve``.
    """
    right = problem.meta.get("right", ())
    key = (problem.id, problem.letters, problem.truth, tuple(right or ()), right is None, view == "slots")
    found = _known.get(key)
    if found is None:
        if len(_known) >= KEPT:
            _known.clear()
        solved = problem if "right" in problem.meta else solve(problem).problem
        found = _known[key] = Grounds(solved, view == "slots")
    return found


def displayed_readings(problem: Problem, q: Query, numbers: Iterable[Mapping[Term, float]]) -> Iterator[Displayed]:
    """The readings of a question (the problem's or another one) that the displayed facts suffice for, smaller sets
    first. Every reading needs the outcome's probability under treatment, mediators and covariates together, so there
    are few, and none sums over more than MOST_CASES cases."""
    rules, graph = task(q.task), problem.graph
    cards = tuple([len(v.labels) for v in problem.variables])
    terms = [fact.term for fact in problem.facts]
    held = mask_of(v for v, _ in q.held)
    own = held | 1 << q.treatment
    counted = about_outcome(terms, q)
    kinds = {(mask_of(v for v, _ in t.target), mask_of(v for v, _ in t.given)) for t in terms}
    used_sets = [nodes & ~own for nodes in counted if nodes & own == own]
    for used in sorted(used_sets, key=lambda nodes: (nodes.bit_count(), members(nodes))):
        if prod([cards[v] for v in members(used)]) > min(MOST_CASES, counted[used | own]):
            continue
        mediators = [held]
        if q.task in ("NDE", "NIE"):
            given = [ms for ms, given in kinds if ms and not ms & ~used and given == 1 << q.treatment | used & ~ms]
            mediators = sorted(set(given) | ({0} if q.task == "NDE" else set()))
        for ms in mediators:
            zs = used & ~ms
            values = [reading_value(q, ms, zs, cards, shown) for shown in numbers]
            if values[0] is not None:
                known = tuple([nan if value is None else value for value in values])
                yield Displayed((ms, zs), known, rules.is_valid(graph, q, ms, zs))


def same(a: Values, b: Values, tolerance: float = TOLERANCE) -> bool:
    """Whether two things come to the same on all numbers; never where one has no value."""
    return all(abs(x - y) <= tolerance + _EDGE for x, y in zip(a, b, strict=True))
