"""The wrong values that known mistakes lead to on a problem's displayed numbers: what ``diagnosis`` compares with.

In the slots view each mistake has a value on the shown numbers and on every fresh filling, so a wrong expression that
happens to fit the shown numbers is not taken for another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import nan

from rungwise.causal.graph import members
from rungwise.problems.baselines import baseline_estimand
from rungwise.problems.menu import Reading
from rungwise.problems.problem import EFFECTS, Problem, Query
from rungwise.problems.tasks import task
from rungwise.problems.worked import names
from rungwise.scoring.readings import KEPT, Displayed, Grounds, Values, displayed_readings, same

MOST_HELD = 3
"""Mediators for which every way to hold them is tried as another question."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """A named mistake and what it leads to.

    Attributes:
        kind: polarity, task, adjustment, mediator or shortcut.
        sentence: what was done, to be read after "the value is".
        values: see ``readings.Values``.
    """

    kind: str
    sentence: str
    values: Values


@lru_cache(maxsize=KEPT)
def mistakes(known: Grounds) -> tuple[Mistake, ...]:
    """The mistakes in order of precedence, one at a time before two at once; what leads to the right value is left out.

    One: polarity (sign, complement, the treatment's values exchanged), task (another question's right value),
    adjustment and mediator (another reading of this question), shortcut. Two: another question by a reading that is
    not valid either, the wrong sign of any of these.
    """
    told: list[Values] = [known.truth]
    found = []
    for mistake in _all(known):
        if not any(same(mistake.values, values, 1e-9) for values in told) and not same(mistake.values, known.truth):
            told.append(mistake.values)
            found.append(mistake)
    return tuple(found)


def _all(known: Grounds) -> Iterator[Mistake]:
    problem, q = known.problem, known.problem.query
    others = [(name, asked, found) for name, asked in _other_questions(problem) for found in _readings(known, asked)]
    swapped = list(_readings(known, q._replace(x=q.x_ref, x_ref=q.x)))
    own = [found for found in known.readings if not found.valid]

    yield from _polarity(known, swapped)
    for name, _, found in others:
        if found.valid:
            yield Mistake("task", name, found.values)
    for found in own:
        yield _reading_mistake(known, found)
    yield from _shortcuts(known)

    for found in own:
        mistake = _reading_mistake(known, found)
        yield Mistake(mistake.kind, f"{mistake.sentence}, with the other sign", _negative(found.values))
    for name, asked, found in others:
        if not found.valid:
            yield Mistake("task", f"{name} {_by(problem, asked, found.reading)}", found.values)
    for name, _, found in others:
        yield Mistake("task", f"{name}, with the other sign", _negative(found.values))
    for found in swapped:
        if not found.valid:
            kind = _reading_mistake(known, found).kind
            said = f"{_by(problem, q, found.reading)}, with the treatment's two values exchanged"
            yield Mistake(kind, f"the one {said}", found.values)


def _polarity(known: Grounds, swapped: list[Displayed]) -> Iterator[Mistake]:
    if known.problem.query.task in EFFECTS:
        yield Mistake("polarity", "the right one with the other sign", _negative(known.truth))
    else:
        yield Mistake("polarity", "1 less the right one", tuple([1 - value for value in known.truth]))
    for found in swapped:
        if found.valid:
            said = "the right one with the treatment's two values exchanged"
            yield Mistake("polarity", said, found.values)
            yield Mistake("polarity", f"{said} and the other sign", _negative(found.values))


def _negative(values: Values) -> Values:
    return tuple([-value for value in values])


def _readings(known: Grounds, q: Query) -> Iterator[Displayed]:
    if not task(q.task).is_zero(known.problem.graph, q):  # a 0 is no other question's answer, but a constant
        yield from displayed_readings(known.problem, q, known.numbers)


def _other_questions(problem: Problem) -> Iterator[tuple[str, Query]]:
    """Other questions about the same treatment and outcome, each with its name."""
    q = problem.query
    plain = q._replace(held=(), bound=None)
    exchanged = plain._replace(x=q.x_ref, x_ref=q.x)
    if q.task in EFFECTS:
        for name in EFFECTS:
            if name != q.task and name != "CDE":
                yield name, plain._replace(task=name)
        yield "ETT of those with the other treatment", exchanged._replace(task="ETT")
        between = members(problem.graph.mediators(q.treatment, q.outcome))
        values = [range(len(problem.variables[v].labels)) for v in between]
        for chosen in product(*values) if len(between) <= MOST_HELD else ():
            held = tuple(zip(between, chosen, strict=True))
            if held != q.held or q.task != "CDE":
                name = "CDE with the mediators held at other values" if q.task == "CDE" else "CDE"
                yield name, plain._replace(task="CDE", held=held)
        return
    for name in ("PN", "PS"):
        same_way = name == ("PS" if q.task == "PS" else "PN")  # PNS has the values of PN
        for bound, said in (("lower", "lower bound"), ("upper", "upper bound"), ("point", "value as a point")):
            if (name, bound) != (q.task, q.bound):
                asked = plain if same_way else exchanged._replace(y=1 - q.y)
                yield f"{name}, its {said}", asked._replace(task=name, bound=bound)
    for name in ("ATE", "ETT"):
        if q.task != "PNS" or name != "ATE":  # which is the same
            yield name, plain._replace(task=name)


def _by(problem: Problem, q: Query, reading: Reading) -> str:
    ms, zs = reading
    mediators = f"with mediators {names(ms, problem.letters)} " if q.task in ("NDE", "NIE") else ""
    return mediators + (f"adjusted for {names(zs, problem.letters)}" if zs else "unadjusted")


def _reading_mistake(known: Grounds, found: Displayed) -> Mistake:
    """What is wrong with a reading that is not valid, mediators first."""
    problem, q, letters = known.problem, known.problem.query, known.problem.letters
    ms, zs = found.reading
    between = problem.graph.mediators(q.treatment, q.outcome)
    said = f"the one {_by(problem, q, found.reading)}"
    if nodes := zs & between:
        return Mistake("mediator", f"{said}: {names(nodes, letters)} is a mediator, no covariate", found.values)
    if q.task in ("NDE", "NIE"):
        if nodes := ms & ~between:
            return Mistake("mediator", f"{said}: {names(nodes, letters)} is no mediator", found.values)
        if nodes := between & ~ms:
            return Mistake("mediator", f"{said}: the mediator {names(nodes, letters)} is missed", found.values)
    right = problem.meta["right"]
    if right is None:
        return Mistake("adjustment", f"{said}, but by the graph the value is 0", found.values)
    return Mistake("adjustment", f"{said} in place of adjusted for {names(right[1], letters)}", found.values)


def _shortcuts(known: Grounds) -> Iterator[Mistake]:
    """What the baselines answer, where it is no reading of the question."""
    problem = known.problem
    terms = [fact.term for fact in problem.facts]
    cards = [len(v.labels) for v in problem.variables]
    for name in ("constant", "unadjusted", "graph-blind", "lookup"):
        estimand = baseline_estimand(name, problem.query, terms, cards)
        if estimand is None:
            continue
        values = []
        for numbers in known.numbers:
            try:
                values.append(float(estimand.evaluate(numbers.__getitem__)))
            except ZeroDivisionError:
                values.append(nan)
        said = "the constant 0" if name == "constant" else f"what the {name} shortcut answers"
        yield Mistake("shortcut", said, tuple(values))
