"""An oracle that shares nothing with the package: it lists every way in which all variables can respond to their
causes, with its probability, and runs each by hand in as many worlds as a question has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

from rungwise.causal.scm import SCM
from rungwise.ladder.queries import Query

Responses = tuple[dict[tuple[int, ...], int], ...]


def selectors(model: SCM) -> int:
    """How many independent coins the model has."""
    return sum(1 << len(causes) for causes in model.graph.causes)


def units(model: SCM) -> Iterator[tuple[Responses, float]]:
    """Every response of all variables to all values of their causes, with its probability."""
    rows = [[(v, values) for values in product((0, 1), repeat=len(c))] for v, c in enumerate(model.graph.causes)]
    coins = [row for own in rows for row in own]
    for sides in product((0, 1), repeat=len(coins)):
        chance, out = 1.0, tuple({} for _ in rows)
        for (v, values), side in zip(coins, sides, strict=True):
            chance *= float(model.tables[v][(*values, side)])
            out[v][values] = side
        yield out, chance


def run(model: SCM, unit: Responses, do: Mapping[int, int]) -> dict[int, int]:
    """One unit's values in one world."""
    state: dict[int, int] = {}
    for v in model.graph.order:
        state[v] = do[v] if v in do else unit[v][tuple(state[c] for c in model.graph.causes[v])]
    return state


def value(model: SCM, q: Query) -> float:
    """The value of a numeric type by its definition, unit by unit."""
    x, x0 = q.x_value, 1 - q.x_value
    seen = {(a, c): [0.0, 0.0] for a in (0, 1) for c in (0, 1)}
    sums = {"marginal": -0.5, "ate": 0.0, "ett": 0.0, "nde": 0.0, "nie": 0.0}
    treated = 0.0
    mediators = [v for v in range(model.graph.n) if model.graph.mediators(q.x, q.y) >> v & 1]
    for unit, chance in units(model):
        actual = run(model, unit, {})
        one, none = run(model, unit, {q.x: x}), run(model, unit, {q.x: x0})
        got = {name: int(state[q.y] == q.y_value) for name, state in (("one", one), ("none", none))}
        group = (actual[q.x], actual[q.third] if q.third >= 0 else 0)
        seen[group][0] += chance
        seen[group][1] += chance * (actual[q.y] == q.y_value)
        sums["marginal"] += chance * (actual[q.y] == q.y_value)
        sums["ate"] += chance * (got["one"] - got["none"])
        if actual[q.x] == x:
            treated += chance
            sums["ett"] += chance * (got["one"] - got["none"])
        direct = run(model, unit, {q.x: x, **{m: none[m] for m in mediators}})
        indirect = run(model, unit, {q.x: x0, **{m: one[m] for m in mediators}})
        sums["nde"] += chance * ((direct[q.y] == q.y_value) - got["none"])
        sums["nie"] += chance * ((indirect[q.y] == q.y_value) - got["none"])
    if q.kind in ("correlation", "exp_away"):
        c = q.third_value if q.third >= 0 else 0
        rates = [seen[a, c][1] / seen[a, c][0] for a in (x, x0)]
        return rates[0] - rates[1]
    return sums[q.kind] / treated if q.kind == "ett" else sums[q.kind]
