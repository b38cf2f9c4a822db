"""Items of the ladder: exact, balanced, in polarity twins, in splits that share no structure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import permutations
from random import Random

import numpy as np

from rungwise.causal.graph import DAG
from rungwise.causal.scm import random_scm
from rungwise.errors import UserError
from rungwise.ladder import names as vocabulary
from rungwise.ladder.families import FAMILIES, GRAPHS, RANDOM, Family, random_connected
from rungwise.ladder.item import LadderItem, answered, displayed_sign
from rungwise.ladder.problem import LadderProblem
from rungwise.ladder.queries import (
    MAX_NUMBERS,
    NUMERIC,
    TYPES,
    Query,
    correlation_within,
    displayed,
    estimand,
    settings,
    shape,
    table_values,
    value,
)
from rungwise.ladder.rules import draw_rules, run
from rungwise.ladder.text import text
from rungwise.problems.problem import Fact
from rungwise.problems.streams import SPLITS, make_dice, shuffled, split_of, stream
from rungwise.suites.published.item import Truth

SHORT = 6
"""Displayed numbers of a problem at most, by default; all but arrowhead's NDE and NIE and the front door's ATE and NIE
need no more."""
_STRUCTURES, _GRAPHS, _MODELS = 400, 4000, 40
_LEAST = 0.05
"""Table entries lie between this and 1 less it."""


def generate(
    n: int,
    seed: int | str,
    split: str,
    *,
    names: str = "commonsense",
    types: Sequence[str] = TYPES,
    graphs: Sequence[str] = GRAPHS,
    decimals: int = 0,
    numbers: int = SHORT,
    twins: bool = True,
) -> Iterator[LadderItem]:
    """``n`` items, the types in turn, half of each type Yes whichever direction is asked for.

    With the same seed, other names tell the same problems; so versions can be compared item by item.

    Args:
        split: train, validation or test; a structure (graph, roles, type) belongs to exactly one of them.
        names: of names.KINDS.
        types, graphs: which of TYPES and of families.GRAPHS.
        decimals: of displayed percents, 0 to 2.
        numbers: how many numbers an item displays at most, 2 to MAX_NUMBERS.
        twins: items come in pairs that differ in the direction asked for alone.

    Raises:
        UserError: an unknown name, or no graph asked for has a type's structure in this split.
    """
    _check(n, split, names, types, graphs, decimals, numbers)
    sources = {kind: _sources(kind, tuple(graphs), split, numbers) for kind in types}
    latest: dict[str, tuple[int, LadderProblem]] = {}  # of each type, so that twins are made once
    for index in range(n):
        kind, turn = types[index % len(types)], index // len(types)
        base, up = (turn // 2, turn % 2 == 0) if twins else (turn, turn // 2 % 2 == 0)
        key = (seed, "ladder", split, kind, base, twins)
        if kind not in latest or latest[kind][0] != base:
            unnamed = _problem(key, split, sources[kind], kind, base, decimals, numbers)
            latest[kind] = base, _named(unnamed, names, key)
        problem = answered(latest[kind][1], up)
        name = hashlib.sha256(f"{split}/{names}/{kind}/{turn}/{problem.id}".encode()).hexdigest()[:16]
        yield LadderItem(name, kind, text(problem), Truth(answer=problem.answer), problem)


def _check(
    n: int, split: str, names: str, types: Sequence[str], graphs: Sequence[str], decimals: int, numbers: int
) -> None:
    for word, given, known in (
        ("split", (split,), tuple(SPLITS)),
        ("names", (names,), vocabulary.KINDS),
        ("query type", types, TYPES),
        ("graph", graphs, GRAPHS),
    ):
        unknown = [one for one in given if one not in known]
        if unknown or not given or len(set(given)) < len(given):
            raise UserError(f"{word} {', '.join(map(str, unknown or given))!r}: give each once, of {', '.join(known)}")
    if n < 0 or decimals not in (0, 1, 2) or not 2 <= numbers <= MAX_NUMBERS:
        raise UserError(f"n is 0 or more, decimals 0 to 2, numbers 2 to {MAX_NUMBERS}; got {n}, {decimals}, {numbers}")


Source = tuple[str, tuple[tuple[Family, Query], ...]]
"""A graph's name with its settings in the split; none listed for random graphs."""


def _sources(kind: str, graphs: tuple[str, ...], split: str, numbers: int) -> list[Source]:
    """The graphs that have structures of a type in a split."""
    out: list[Source] = []
    elsewhere = []
    for name in [name for name in graphs if name != RANDOM]:
        found = _allowed(kind, FAMILIES[name], numbers)
        own = tuple([(family, q) for family, q, place in found if place == split])
        elsewhere += [f"{name} ({place})" for _, _, place in found if place != split]
        if own:
            out.append((name, own))
    if RANDOM in graphs:  # the last, which at least half of the structures come from: they differ most
        out.append((RANDOM, ()))
    if not out:
        where = (
            f"they are elsewhere: {', '.join(elsewhere)}" if elsewhere else f"at most {numbers} numbers are displayed"
        )
        raise UserError(
            f"no {kind} structure of these graphs is in the {split} split ({where}); add the graph 'random'"
        )
    return out


def _allowed(kind: str, family: Family, numbers: int) -> list[tuple[Family, Query, str]]:
    """The settings of a type on a graph with treatment and outcome, each with its split."""
    if kind == "det-counterfactual":  # nothing is unobserved there: the values of all roots are told
        family = replace(family, hidden=0)
    out = []
    for q in settings(kind, family.graph, family.x, family.y, family.hidden):
        if kind in NUMERIC and _size(family, q) > numbers:
            continue
        out.append((family, q, split_of(shape(family.graph, family.hidden, q))))
    return out


@lru_cache(maxsize=1 << 12)
def _size(family: Family, q: Query) -> int:
    formula = estimand(family.graph, family.hidden, q)
    assert formula is not None
    return len(displayed(formula, q))


def _trait(q: Query, graph: DAG) -> bool:
    """What the answer of a graph's question hangs on: whether X affects Y; whether nothing need be adjusted for."""
    return graph.has_path(q.x, q.y) if q.kind == "collider_bias" else graph.is_backdoor_set(1 << q.x, q.y, 0)


def _problem(
    key: tuple[object, ...], split: str, sources: list[Source], kind: str, base: int, decimals: int, numbers: int
) -> LadderProblem:
    """The problem of a number among those of its type, without names: in turn one with a positive and one with a
    negative value (a path or none, the first or the second method). Methods that adjust and those that do not are right
    equally often too.

    Where no graph asked for has what is wanted (collider bias on collision alone), the other is taken; the direction
    asked for then balances the answers.
    """
    dice, rng = make_dice(*key, "structure"), stream(*key, "numbers")
    positive, trait = base % 2 == 0, None
    if kind in ("collider_bias", "backadj"):
        trait = positive if kind == "collider_bias" else base // 2 % 2 == 0
        traits = {_trait(q, family.graph) for _, own in sources for family, q in own}
        if sources[-1][0] != RANDOM and trait not in traits:
            trait = not trait
        kept = [(name, tuple([s for s in own if _trait(s[1], s[0].graph) == trait])) for name, own in sources]
        sources = [(name, own) for name, own in kept if own or name == RANDOM]
        positive = trait if kind == "collider_bias" else positive
    for _ in range(_STRUCTURES):
        name, own = sources[-1] if sources[-1][0] == RANDOM and dice.random() < 0.5 else dice.choice(sources)
        found = dice.choice(own) if own else _random_setting(kind, split, numbers, dice, rng, trait)
        if found is None:
            continue
        family, q = found
        q = _valued(q, dice)
        problem = LadderProblem(family.graph, family.hidden, (), q, decimals=decimals, family=name)
        filled = _filled(problem, positive, dice, rng)
        if filled is not None:
            return replace(filled, style=":".join(map(str, key)))
    raise UserError(f"no {kind} problem was found on these graphs; ask for more graphs or numbers")


def _random_setting(
    kind: str, split: str, numbers: int, dice: Random, rng: np.random.Generator, trait: bool | None
) -> tuple[Family, Query] | None:
    for _ in range(_GRAPHS):
        graph = random_connected(rng)
        for x, y in shuffled(list(permutations(range(graph.n), 2)), dice):
            if trait is not None and _trait(Query(kind, x, y), graph) != trait:
                continue
            allowed = _allowed(kind, Family(graph, x, y), numbers)
            found = [(family, q) for family, q, place in allowed if place == split]
            if found:
                return dice.choice(found)
    return None


def _valued(q: Query, dice: Random) -> Query:
    """The question about random values of its variables. Natural effects name no values: from 0 to 1, of 1."""
    if q.kind in ("nde", "nie"):
        return q
    x, y, c = (int(dice.random() < 0.5) for _ in range(3))
    return replace(q, x_value=x, y_value=1 if q.kind == "det-counterfactual" else y, third_value=c)


def _filled(problem: LadderProblem, positive: bool, dice: Random, rng: np.random.Generator) -> LadderProblem | None:
    """With numbers (methods, rules) that have the sign wanted whatever was lost by rounding; None where none do."""
    q, graph = problem.query, problem.graph
    if q.kind == "backadj":
        direct_is_right = graph.is_backdoor_set(1 << q.x, q.y, 0)
        return replace(problem, direct=1 if direct_is_right == positive else 2)
    formula = estimand(graph, problem.hidden, q)
    for _ in range(_MODELS):
        if q.kind == "det-counterfactual":
            filled = _with_rules(problem, dice)
            if filled.value == int(positive):
                return filled
            continue
        model = random_scm(graph, rng, low=_LEAST, high=1 - _LEAST)
        if q.kind == "collider_bias":
            shown = round(correlation_within(model, q), 2)
            if shown:
                return replace(problem, model=model, correlation=shown)
            continue
        assert formula is not None
        terms = displayed(formula, q)
        rounded = [round(p, 2 + problem.decimals) for p in table_values(model, terms)]
        facts = tuple([Fact(t, p) for t, p in zip(terms, rounded, strict=True)])
        filled = replace(problem, model=model, facts=facts)
        if displayed_sign(filled) == (1 if positive else -1):
            return replace(filled, value=value(model, q))
    return None


def _with_rules(problem: LadderProblem, dice: Random) -> LadderProblem:
    """Random rules and observed values of the variables without causes, but for the treatment, which is changed from
    the value that it has."""
    q, graph = problem.query, problem.graph
    rules = draw_rules(graph, dice)
    roots = {v: int(dice.random() < 0.5) for v in range(graph.n) if not graph.parents[v]}
    q = replace(q, x_value=1 - run(graph, rules, roots, {})[q.x])
    seen = tuple([(v, own) for v, own in roots.items() if v != q.x])
    outcome = run(graph, rules, roots, {q.x: q.x_value})[q.y]
    return replace(problem, query=q, rules=rules, evidence=seen, value=float(outcome))


def _named(problem: LadderProblem, names: str, key: tuple[object, ...]) -> LadderProblem:
    order, q = problem.graph.order, problem.query
    return replace(problem, events=vocabulary.draw(names, order, (q.x, q.y), make_dice(*key, "names")))
