"""Estimands and exact values against an oracle that runs every unit of a model by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from suites.published import cladder_rows

from ladder import by_selectors
from rungwise.causal.graph import DAG
from rungwise.causal.scm import random_scm
from rungwise.errors import UserError
from rungwise.ladder.digits import lookup, value_range
from rungwise.ladder.families import FAMILIES, Family, random_connected
from rungwise.ladder.queries import (
    EFFECTS,
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
from rungwise.problems.problem import Fact

APPLIES = {
    kind: [
        name
        for name, family in FAMILIES.items()
        if any(settings(kind, family.graph, family.x, family.y, family.hidden))
    ]
    for kind in TYPES
}


def check(family: Family, q: Query, seed: int) -> None:
    """The estimand on exact numbers, the exact value and the oracle's are one."""
    model = random_scm(family.graph, np.random.default_rng(seed), low=0.1, high=0.9)
    formula = estimand(family.graph, family.hidden, q)
    assert formula is not None
    terms = displayed(formula, q)
    assert len(terms) <= MAX_NUMBERS
    assert not any(family.hidden >> v & 1 for t in terms for v, _ in t.target + t.given)
    numbers = dict(zip(terms, table_values(model, terms), strict=True))
    wanted = by_selectors.value(model, q)
    assert value(model, q) == pytest.approx(wanted, abs=1e-9)
    assert formula.evaluate(lambda term: lookup(numbers, term)) == pytest.approx(wanted, abs=1e-9)


def test_where_each_type_applies() -> None:
    everywhere = list(FAMILIES)
    assert APPLIES["marginal"] == everywhere
    assert APPLIES["correlation"] == [name for name in everywhere if name != "collision"]
    assert APPLIES["exp_away"] == APPLIES["collider_bias"] == ["collision"]
    # IV's effects are not identified by a formula, and a method that adjusts for what nobody sees is no method.
    assert APPLIES["ate"] == APPLIES["ett"] == [name for name in everywhere if name not in ("collision", "IV")]
    assert APPLIES["nde"] == ["mediation", "arrowhead"]
    assert APPLIES["nie"] == ["chain", "mediation", "diamond", "arrowhead", "frontdoor"]
    assert "IV" not in APPLIES["backadj"]
    assert "frontdoor" not in APPLIES["backadj"]


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in NUMERIC for name in APPLIES[kind]])
def test_values_on_every_family(kind: str, name: str) -> None:
    family = FAMILIES[name]
    for q in settings(kind, family.graph, family.x, family.y, family.hidden):
        check(family, q, 1)
        if kind not in ("nde", "nie") and family.graph.n == 3:
            check(family, replace(q, x_value=0, y_value=0, third_value=0), 2)


@pytest.mark.parametrize("kind", NUMERIC)
def test_values_on_random_graphs(kind: str) -> None:
    rng, done = np.random.default_rng(7), 0
    while done < 6:
        graph = random_connected(rng)
        if by_selectors.selectors(random_scm(graph, rng)) > 11:
            continue
        x, y = rng.permutation(graph.n)[:2].tolist()
        for q in list(settings(kind, graph, x, y, 0))[:1]:
            check(Family(graph, x, y), q, done)
            done += 1


def test_families_are_those_of_the_set() -> None:
    for name, nodes in cladder_rows.GRAPHS.items():
        names = list(nodes)
        graph = DAG.from_edges(len(names), [(names.index(c), names.index(v)) for v, cs in nodes.items() for c in cs])
        marks = [{"X": 1, "Y": 2}.get(v, 0) for v in names]
        family = FAMILIES[name]
        own = [{family.x: 1, family.y: 2}.get(v, 0) for v in range(family.graph.n)]
        assert graph.canonical(marks) == family.graph.canonical(own)


def test_shapes_ignore_the_order_of_variables_and_the_values() -> None:
    one = DAG.from_edges(4, [(0, 1), (0, 2), (2, 1), (3, 2)])
    two = DAG.from_edges(4, [(3, 2), (3, 0), (0, 2), (1, 0)])
    assert shape(one, 0, Query("ate", 0, 1)) == shape(two, 0, Query("ate", 3, 2, 0, 0, up=False))
    assert shape(one, 0, Query("ate", 0, 1)) != shape(one, 0, Query("ett", 0, 1))
    assert shape(one, 0, Query("ate", 0, 1)) != shape(one, 1 << 3, Query("ate", 0, 1))
    assert shape(one, 0, Query("ate", 0, 1)) != shape(one, 0, Query("ate", 2, 1))


def test_correlation_within_a_group_by_hand() -> None:
    family = FAMILIES["collision"]
    model = random_scm(family.graph, np.random.default_rng(3), low=0.1, high=0.9)
    q = Query("collider_bias", 0, 1, third=2)
    cells = {(a, b): 0.0 for a in (0, 1) for b in (0, 1)}
    for unit, chance in by_selectors.units(model):
        state = by_selectors.run(model, unit, {})
        if state[2] == 1:
            cells[state[0], state[1]] += chance
    total = sum(cells.values())
    x, y, both = (cells[1, 0] + cells[1, 1]) / total, (cells[0, 1] + cells[1, 1]) / total, cells[1, 1] / total
    by_hand = (both - x * y) / (x * (1 - x) * y * (1 - y)) ** 0.5
    assert correlation_within(model, q) == pytest.approx(by_hand)
    assert correlation_within(model, replace(q, x_value=0)) == pytest.approx(-by_hand)


def test_range_of_a_difference() -> None:
    family = FAMILIES["chain"]
    formula = estimand(family.graph, 0, Query("ate", 0, 1))
    assert formula is not None
    facts = [Fact(t, p) for t, p in zip(displayed(formula, Query("ate", 0, 1)), (0.30, 0.32), strict=True)]
    found = value_range(formula, facts, 0.005)
    assert (found.point, found.low, found.high) == pytest.approx((0.02, 0.01, 0.03))
    assert found.sign == 1
    assert value_range(formula, [facts[0], facts[1]._replace(value=0.31)], 0.005).sign == 0
    assert value_range(formula, [facts[0], facts[1]._replace(value=0.25)], 0.005).sign == -1


def test_too_many_numbers_are_refused() -> None:
    formula = estimand(FAMILIES["chain"].graph, 0, Query("ate", 0, 1))
    assert formula is not None
    facts = [Fact(t, 0.3) for t in displayed(formula, Query("ate", 0, 1))]
    with pytest.raises(UserError, match="numbers"):
        value_range(formula, facts * 10, 0.005)


def test_an_empty_group_decides_nothing() -> None:
    q = Query("correlation", 0, 1)
    formula = estimand(FAMILIES["fork"].graph, 0, q)
    assert formula is not None
    facts = [Fact(t, 0.0) for t in displayed(formula, q)]
    assert value_range(formula, facts, 0.005).sign == 0


@pytest.mark.parametrize("kind", EFFECTS)
def test_effects_that_the_graph_makes_zero_are_not_asked(kind: str) -> None:
    graph = DAG.from_edges(3, [(1, 0), (1, 2)])
    assert not list(settings(kind, graph, 0, 2, 0))
    assert not list(settings(kind, FAMILIES["IV"].graph, 0, 1, FAMILIES["IV"].hidden))
