"""Planted defects: each must be found, and named."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from rungwise.causal.estimand import Term
from rungwise.causal.graph import DAG
from rungwise.causal.inference import joint, probability
from rungwise.causal.scm import SCM, random_scm
from rungwise.errors import UserError
from rungwise.problems.baselines import baseline_value
from rungwise.problems.check import check_problem
from rungwise.problems.polarity import twin_id
from rungwise.problems.problem import LACK_CONDITION, TASKS, Answer, Fact, Problem, Query, Step, Variable
from rungwise.problems.recipe import Recipe
from rungwise.problems.roads import reading_value
from rungwise.problems.sampler import sample_problem
from rungwise.problems.solve import solve
from rungwise.problems.streams import make_dice
from rungwise.problems.worked import worked_steps

Defect = Callable[[Problem], Problem]


def meta(problem: Problem, **changes: Any) -> Problem:
    return problem.with_(meta={**problem.meta, **changes})


def wrong_truth(p: Problem) -> Problem:
    assert p.truth is not None
    assert p.truth.value is not None
    return p.with_(truth=Answer(p.truth.value + 0.001, p.truth.answer))


def wrong_truth_with_steps(p: Problem) -> Problem:
    changed = wrong_truth(p)
    right = p.meta["right"]
    return changed.with_(steps=worked_steps(changed, tuple(right) if right else None))


def flipped_answer(p: Problem) -> Problem:
    assert p.truth is not None
    flipped = {"Yes": "No", "No": "Yes", None: "Yes"}[p.truth.answer]
    return p.with_(truth=Answer(p.truth.value, flipped))


def changed_fact(p: Problem) -> Problem:
    first = p.facts[0]
    value = first.value + (0.0003 if first.value < 0.5 else -0.0003)
    return p.with_(facts=(Fact(first.term, round(value, 4)), *p.facts[1:]))


def swapped_edge(p: Problem) -> Problem:
    """The first edge that can be turned round, in problem and model."""
    for a, b in p.graph.edges:
        edges = [(b, a) if edge == (a, b) else edge for edge in p.graph.edges]
        try:
            return p.with_(graph=DAG.from_edges(p.graph.n, edges))
        except ValueError:
            continue
    raise AssertionError("no edge can be turned")


def removed_edge(p: Problem) -> Problem:
    """An edge less, with a model that agrees with the graph."""
    assert p.model is not None
    v = next(v for v in range(p.graph.n) if p.graph.parents[v] and v == p.query.outcome)
    parents = list(p.graph.parents)
    parents[v] &= parents[v] - 1
    tables = list(p.model.tables)
    tables[v] = tables[v][0]
    graph = DAG(tuple(parents))
    return p.with_(graph=graph, model=SCM(graph, tuple(tables)))


def broken_model(p: Problem) -> Problem:
    assert p.model is not None
    return p.with_(model=SCM(p.graph, (p.model.tables[0] * 1.1, *p.model.tables[1:])))


def wrong_right_reading(p: Problem) -> Problem:
    other = next(r for r in p.meta["readings"] if r != p.meta["right"])
    changed = meta(p, right=other)
    return changed.with_(steps=worked_steps(changed, (other[0], other[1])))


def free(p: Problem) -> int:
    """A variable that the question does not name, as a set."""
    return next(1 << v for v in range(p.graph.n) if v not in (p.query.treatment, p.query.outcome))


def twice(p: Problem) -> Fact:
    return Fact(Term(((0, 1),), ((0, 1),)), 1.0)


DEFECTS: list[tuple[Defect, str]] = [
    (wrong_truth, "the right reading gives"),
    (wrong_truth_with_steps, "the full model gives"),
    (flipped_answer, "the answer is"),
    (changed_fact, "the model has"),
    (swapped_edge, "model: its graph"),
    (removed_edge, "the model has"),
    (broken_model, "model: it is none"),
    (wrong_right_reading, "is not valid in this graph"),
    (lambda p: meta(p, right=None), "but the value is not 0 by structure"),
    (lambda p: meta(p, split="train"), "the split test, not train"),
    (lambda p: meta(p, shape="ATE:1"), "the shape is"),
    (lambda p: meta(p, zero=True), "the zero flag is True"),
    (lambda p: meta(p, letters=["A"] * p.graph.n), "do not name"),
    (lambda p: meta(p, letters=["A", "B"]), "do not name"),
    (lambda p: meta(p, right=[0, 1 << 12]), "is not two sets"),
    (lambda p: meta(p, right=7), "is not two sets"),
    (lambda p: meta(p, readings=[[0, 1 << p.query.treatment]]), "is not two sets"),
    (lambda p: meta(p, readings=[[1 << p.query.outcome, 0]]), "is not two sets"),
    (lambda p: meta(p, readings=[[free(p), free(p)]]), "is not two sets"),
    (lambda p: p.with_(query=p.query._replace(held=((p.query.outcome, 0),))), "holds its treatment or outcome"),
    (lambda p: p.with_(facts=(*p.facts, twice(p))), "gives one variable twice"),
    (lambda p: meta(p, difficulty={}), "the difficulty is"),
    (lambda p: meta(p, readings=[r for r in p.meta["readings"] if r != p.meta["right"]]), "is not on the menu"),
    (lambda p: p.with_(steps=(*p.steps[:-1], Step("answer", "so be it"))), "the worked steps"),
    (lambda p: p.with_(steps=p.steps[1:]), "the worked steps"),
    (lambda p: p.with_(facts=(Fact(p.facts[0].term, 1.2), *p.facts[1:])), r"outside [0, 1]"),
    (lambda p: p.with_(facts=p.facts[:1]), "the right reading"),
    (lambda p: p.with_(facts=p.facts[:1]), "not all shown"),
    (lambda p: p.with_(facts=(*p.facts, p.facts[0])), "shown twice"),
    (lambda p: p.with_(truth=Answer(None, LACK_CONDITION)), "is determined"),
    (lambda p: p.with_(truth=None), "cannot be checked"),
    (lambda p: p.with_(model=None), "cannot be checked"),
    (lambda p: p.with_(meta={}), "meta lacks right"),
]


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize("number", range(len(DEFECTS)))
def test_a_planted_defect_is_found(name: str, number: int) -> None:
    defect, message = DEFECTS[number]
    problem = sample_problem(name, Recipe(zero=0.0), make_dice("defects", name))
    found = check_problem(defect(problem))
    assert any(message in violation for violation in found), found


def test_every_third_road_notices_a_wrong_value() -> None:
    for name in TASKS:
        problem = sample_problem(name, Recipe(zero=0.0), make_dice("third", name))
        assert check_problem(problem, thorough=True) == []
        found = check_problem(wrong_truth_with_steps(problem), thorough=True)
        assert any(" gives " in violation and violation.startswith("truth: ") for violation in found)


def test_a_zero_that_tempts_nobody_is_found() -> None:
    problem = sample_problem("ATE", Recipe(zero=1.0, menus={"single": 1.0}), make_dice("dull"))
    assert check_problem(problem) == []
    assert problem.model is not None
    model = SCM(problem.graph, tuple(np.full_like(table, 0.5) for table in problem.model.tables))
    facts = tuple(Fact(f.term, round(probability(joint(model), f.term), 4)) for f in problem.facts)
    dull = problem.with_(model=model, facts=facts)
    dull = meta(dull, twin=twin_id(dull))
    assert check_problem(dull.with_(steps=worked_steps(dull, None))) == [
        "reading: every reading of the menu gives the right value"
    ]


def test_facts_that_lack_what_is_needed_are_no_violation() -> None:
    problem = sample_problem("ATE", Recipe(zero=0.0, menus={"published": 1.0}), make_dice("lack"))
    bare = problem.with_(facts=(), truth=Answer(None, LACK_CONDITION), steps=())
    bare = meta(bare, difficulty={**problem.meta["difficulty"], "facts": 0, "distractors": 0})
    bare = meta(bare, twin=twin_id(bare))
    bare = bare.with_(steps=worked_steps(bare, tuple(problem.meta["right"])))
    proofless = "witness: there is no second model that shows that the value is not determined"
    assert check_problem(bare) == [proofless]
    found = check_problem(bare.with_(truth=Answer(None, "No")))
    assert f"truth: a truth without a value must be {LACK_CONDITION}" in found


def large(edges: list[tuple[int, int]], facts: list[Fact], name: str = "NDE", n: int = 16, **records: Any) -> Problem:
    """A problem of many variables with the treatment 0 and the outcome 1."""
    graph = DAG.from_edges(n, edges)
    return Problem(
        graph,
        tuple(Variable(f"v{i}") for i in range(n)),
        Query(name, 0, 1, 1, 0, 1),
        tuple(facts),
        truth=Answer(0.1, "Yes"),
        model=random_scm(graph, np.random.default_rng(0)),
        meta={"right": None, "readings": [], "zero": False, "split": "test", "shape": "", **records},
    )


MARGINALS = [Fact(Term(((v, 1),)), 0.5) for v in range(16)]
THROUGH_ALL = [(0, 1), *((0, m) for m in range(2, 16)), *((m, 1) for m in range(2, 16))]


@pytest.fixture
def within_ten_seconds() -> Iterator[None]:
    start = time.monotonic()
    yield
    assert time.monotonic() - start < 10


@pytest.mark.usefixtures("within_ten_seconds")
@pytest.mark.parametrize("reading", [[65535, 65535], [0xFFFC, 0], [0xFF00, 0x00FC], [0x3C, 0xFC0]])
def test_readings_of_many_variables_take_no_time(reading: list[int]) -> None:
    problem = large([(0, 1)], MARGINALS, right=reading, readings=[reading] * 64)
    found = check_problem(problem, thorough=True)
    assert any(str(reading) in fault or str(tuple(reading)) in fault for fault in found), found[:3]
    assert reading_value(problem.query, *reading, (2,) * 16, dict(MARGINALS)) is None  # type: ignore[arg-type]


@pytest.mark.usefixtures("within_ten_seconds")
@pytest.mark.parametrize("name", ["ATE", "CDE", "ETT", "NDE", "NIE", "PN"])
@pytest.mark.parametrize("edges", [[(0, 1), (0, 2), (2, 1)], THROUGH_ALL[: 2 + 14], THROUGH_ALL])
def test_facts_that_determine_nothing_are_soon_tried(name: str, edges: list[tuple[int, int]]) -> None:
    problem = large(edges, MARGINALS, name)
    if name == "PN":
        problem = problem.with_(query=problem.query._replace(bound="lower"))
    assert solve(problem).answer == LACK_CONDITION
    assert baseline_value("graph-blind", problem) == 0


@pytest.mark.usefixtures("within_ten_seconds")
@pytest.mark.parametrize("name", ["ATE", "NDE", "NIE"])
def test_all_cases_of_many_variables_are_soon_tried(name: str) -> None:
    """P(y|x,z) for all values of 11 variables: nothing to hold them against is displayed but one variable's."""
    facts = [
        Fact(Term(((1, 1),), ((0, x), *((v + 2, z >> v & 1) for v in range(11)))), 0.5)
        for z in range(1 << 11)
        for x in (0, 1)
    ]
    problem = large([(0, 1), (2, 0), (2, 1)], facts[:-1] + MARGINALS[2:3], name)
    assert check_problem(problem, thorough=True) != []
    assert baseline_value("graph-blind", problem) == 0
    mediated = problem.with_(graph=DAG.from_edges(16, [(0, 1), (0, 2), (2, 1)]))
    assert solve(mediated).answer == LACK_CONDITION


@pytest.mark.usefixtures("within_ten_seconds")
def test_two_stars_have_a_shape_in_no_time() -> None:
    stars = [(2, v) for v in range(3, 9)] + [(9, v) for v in range(10, 16)]
    crown = [(a, b) for a in range(2, 9) for b in range(9, 16) if b - a != 7]
    pairs = [(v, v + 7) for v in range(2, 9)]
    for edges in (stars, crown, pairs):
        assert "split" in "".join(check_problem(large([(0, 1), *edges], MARGINALS)))


@pytest.mark.usefixtures("within_ten_seconds")
def test_an_estimand_too_long_to_write_is_refused() -> None:
    values = [tuple((v + 2, z >> v & 1) for v in range(11)) for z in range(1 << 11)]
    facts = [Fact(Term(((1, 1),), ((0, x), *z)), 0.5) for z in values for x in (0, 1)]
    problem = large(
        [(0, 1), *((v, w) for v in range(2, 13) for w in (0, 1))],
        [*facts, *(Fact(Term(z), 0.1) for z in values)],
        "ATE",
    )
    with pytest.raises(UserError, match="too many"):
        solve(problem)
