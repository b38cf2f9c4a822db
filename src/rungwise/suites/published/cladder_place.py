"""Which variable and value each phrase of a CLadder prompt names, and the displayed numbers as tables over variables.

Facts about one event and two (four, eight) groups of people show the two values of one (two, three) variables, in the
order 0, 1, as everywhere in this set. Phrases go to the variables whose names they share words with, all at once, and
those of one table to different variables. Where two placings are equally good both are kept, and an answer must not
depend on which is taken.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray

from rungwise.causal.graph import DAG
from rungwise.errors import UserError
from rungwise.suites.published.cladder_text import Fact, Shown, key
from rungwise.suites.published.cladder_words import content, found_in, overlap, side

Array = NDArray[np.float64]
Pair = tuple[str, str]
Key = tuple[int, tuple[int, ...]]
"""A variable and those it is conditioned on, in increasing order."""
MAX_PLACINGS = 4
"""Equally good placings that are kept."""
MAX_SEARCHED = 10_000
"""Placings, begun ones too, that are looked at."""
_SAME = 1e-9
_AGAINST, _ALONG = 3.0, 0.3
"""What a table loses for an event that acts on its condition, and gains for one that the condition acts on."""


@dataclass(frozen=True, slots=True)
class Table:
    """P(event | values of some variables), as displayed.

    Attributes:
        event: the phrase of the event.
        pairs: for each variable conditioned on, the phrases of its values 0 and 1.
        values: an axis for each pair.
    """

    event: str
    pairs: tuple[Pair, ...]
    values: Array


@dataclass(frozen=True)
class Numbers:
    """The displayed numbers over variables: for (v, conditions) P(v = 1 | conditions), an axis for each condition.

    Attributes:
        tables: the numbers.
        pairs: the phrases of the values 0 and 1, for variables with known ones.
        events: for variables that are an event of a table, the phrase that names value 1.
        spots: the variable of every phrase and pair of phrases that was placed.
    """

    tables: Mapping[Key, Array]
    pairs: Mapping[int, Pair]
    events: Mapping[int, str]
    spots: Mapping[str | Pair, int]

    def value_of(self, v: int, phrase: str) -> int:
        """Which value of v a phrase names; where its words do not decide, value 1, which is the one asked about
        throughout this set."""
        if v in self.pairs:
            found = side(phrase, *self.pairs[v])
            return 1 if found is None else found
        return 1


def tables(facts: tuple[Fact, ...]) -> list[Table]:
    """The displayed probabilities of events given groups, joined to tables.

    Raises:
        UserError: the groups of an event are not those of one, two or three variables.
    """
    if not facts:
        raise UserError("no probability is displayed")
    groups: dict[str, list[Fact]] = {}
    for fact in facts:
        groups.setdefault(fact.target + ("|" if fact.given else ""), []).append(fact)
    out = []
    for group in groups.values():
        event, given = group[0].target, tuple(fact.given for fact in group)
        values = np.array([fact.value for fact in group])
        if given == ("",):
            out.append(Table(event, (), values.reshape(())))
            continue
        sides = _sides(given)
        if sides is None:
            raise UserError(f"the groups for which {event[:60]!r} has a probability are not those of whole variables")
        out.append(Table(event, sides, values.reshape((2,) * len(sides))))
    return out


def _sides(given: tuple[str, ...]) -> tuple[Pair, ...] | None:
    """The phrases of the values of one, two or three variables that make these groups, last variable fastest."""
    if len(given) == 2:
        return ((given[0], given[1]),)
    if len(given) not in (4, 8):
        return None
    half = len(given) // 2
    first, start = given[0], -1
    best: tuple[Pair, ...] | None = None
    while (start := first.find(" and ", start + 1)) >= 0:
        one, rest = first[:start], first[start + 5 :]
        if not given[half].endswith(" and " + rest):
            continue
        two = given[half][: -len(" and " + rest)]
        tails = [phrase.removeprefix(lead + " and ") for lead, phrase in _led(given, one, two)]
        if any(
            lead + " and " + tail != phrase for tail, (lead, phrase) in zip(tails, _led(given, one, two), strict=True)
        ):
            continue
        if tails[:half] != tails[half:]:
            continue
        inner = _sides(tuple(tails[:half]))
        if inner is not None and (best is None or one != two):
            best = ((one, two), *inner)
    return best


def _led(given: tuple[str, ...], one: str, two: str) -> list[tuple[str, str]]:
    half = len(given) // 2
    return [(one if i < half else two, phrase) for i, phrase in enumerate(given)]


def place(
    shown: Shown, known: Mapping[int, tuple[str, ...]], fixed: Mapping[str, int], asked: tuple[str, str] = ("", "")
) -> list[Numbers]:
    """The displayed numbers over variables, for each of the best placings of phrases.

    A pair of values that the text names with the same words is taken both ways round.

    Args:
        known: further words for a variable (the values' names), where a model file gives them.
        fixed: phrases whose variable is known.
        asked: the question's phrases for a value of the treatment and for the outcome, where it names values.

    Raises:
        UserError: the facts are no tables, or no placing keeps the variables of a table apart.
    """
    found = tables(shown.facts)
    units = tuple((table.event, table.pairs) for table in found)
    vocabulary = tuple((name, *known.get(v, ())) for v, name in enumerate(shown.names))
    placings = _placings(units, vocabulary, shown.graph, tuple(fixed.items()), asked)
    if not placings:
        raise UserError("the phrases of the numbers can't be told apart by variable")
    out = []
    for placing in placings:
        numbers = _numbers(found, dict(placing))
        out.append(numbers)
        for v, pair in numbers.pairs.items():
            if pair[0] == pair[1]:
                turned = {
                    (target, given): np.flip(values, given.index(v)) if v in given else values
                    for (target, given), values in numbers.tables.items()
                }
                out.append(replace(numbers, tables=turned))
    return out


@lru_cache(maxsize=4096)
def _placings(
    units: tuple[tuple[str, tuple[Pair, ...]], ...],
    vocabulary: tuple[tuple[str, ...], ...],
    graph: DAG,
    fixed: tuple[tuple[str, int], ...],
    asked: tuple[str, str],
) -> tuple[tuple[tuple[str | Pair, int], ...], ...]:
    """The best ways to give every event and pair of values a variable."""
    things: list[str | Pair] = []
    for event, pairs in units:
        for thing in _things(event, pairs):
            if thing not in things:
                things.append(thing)
    treatment, outcome = asked
    within = next((pair for _, pairs in units for pair in pairs if treatment in pair), None)
    if treatment and within is None and treatment not in things:
        things.append(treatment)
    apart = [[things.index(thing) for thing in _things(event, pairs)] for event, pairs in units]
    groups = list(apart)
    if treatment in things and outcome in things:
        groups.append([things.index(treatment), things.index(outcome)])
    forced = dict(fixed)
    score = [[_score(thing, v, vocabulary) for v in range(len(vocabulary))] for thing in things]
    bonus = {
        (i, j): _alike(things[i], things[j])
        for i in range(len(things))
        for j in range(i)
        if not any(i in group and j in group for group in groups)
    }
    choices = [
        [forced[thing]] if isinstance(thing, str) and thing in forced else list(range(len(vocabulary)))
        for thing in things
    ]
    # What the things from the i-th on can add at most, so that a search need not go where nothing better can be.
    hope = [0.0] * (len(things) + 1)
    for i in reversed(range(len(things))):
        most = max(score[i]) + sum(bonus.get((i, j), 0.0) for j in range(i))
        hope[i] = hope[i + 1] + most + _ALONG * sum(len(group) for group in apart if i in group)
    scored: list[tuple[float, tuple[int, ...]]] = []
    best, searched = -math.inf, 0

    def search(chosen: tuple[int, ...], total: float) -> None:
        nonlocal best, searched
        i, searched = len(chosen), searched + 1
        if searched > MAX_SEARCHED:
            raise UserError("the phrases of the numbers have too many readings")
        if total + hope[i] < best - _SAME:
            return
        if i == len(things):
            best = max(best, total)
            scored.append((total, chosen))
            return
        for v in choices[i]:
            if any(i in group and any(j < i and chosen[j] == v for j in group) for group in groups):
                continue
            together = _direction(i, v, chosen, apart, graph)
            together += sum(bonus.get((i, j), 0.0) for j in range(i) if chosen[j] == v)
            search((*chosen, v), total + score[i][v] + together)

    search((), 0.0)
    out = []
    for total, chosen in scored:
        if total > best - _SAME:
            placing = dict(zip(things, chosen, strict=True))
            if within is not None:
                placing[treatment] = placing[within]
            out.append(tuple(placing.items()))
    return tuple(out[:MAX_PLACINGS])


def _things(event: str, pairs: tuple[Pair, ...]) -> list[str | Pair]:
    return [event, *pairs]


def _phrases(thing: str | Pair) -> tuple[str, ...]:
    return (thing,) if isinstance(thing, str) else thing


def _score(thing: str | Pair, v: int, vocabulary: tuple[tuple[str, ...], ...]) -> float:
    """How many of a phrase's words name a variable; a word that fits several counts a share."""
    words = dict.fromkeys(word for phrase in _phrases(thing) for word in content(phrase)[0])
    total = 0.0
    for word in words:
        fits = [any(found_in(word, content(text)[0]) for text in texts) for texts in vocabulary]
        if fits[v]:
            total += 1 / sum(fits)
    if any(key(phrase) == key(text) for phrase in _phrases(thing) for text in vocabulary[v]):
        total += 2
    return total


def _alike(a: str | Pair, b: str | Pair) -> float:
    return max(max(overlap(p, q), overlap(q, p)) for p, q in product(_phrases(a), _phrases(b)))


def _numbers(found: list[Table], placing: Mapping[str | Pair, int]) -> Numbers:
    pairs: dict[int, Pair] = {}
    for table in found:
        for pair in table.pairs:
            pairs.setdefault(placing[pair], pair)
    out: dict[Key, Array] = {}
    events: dict[int, str] = {}
    for table in found:
        v = placing[table.event]
        nodes = [placing[pair] for pair in table.pairs]
        order = sorted(range(len(nodes)), key=nodes.__getitem__)
        values = np.transpose(table.values, order) if order else table.values
        if v in pairs and side(table.event, *pairs[v]) == 0:
            values = 1 - values
        else:
            events.setdefault(v, table.event)
        out[v, tuple(sorted(nodes))] = values
    return Numbers(out, pairs, events, placing)


def _direction(i: int, v: int, chosen: tuple[int, ...], apart: list[list[int]], graph: DAG) -> float:
    """For tables of which this is the last phrase to be placed: their numbers are given along the arrows."""
    total = 0.0
    for group in apart:
        if i in group and all(j <= i for j in group):
            event, *conditions = [v if j == i else chosen[j] for j in group]
            total -= sum(_AGAINST for c in conditions if graph.ancestors[c] >> event & 1)
            total += sum(_ALONG for c in conditions if graph.ancestors[event] >> c & 1)
    return total
