from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rungwise.causal.graph import DAG, bits
from rungwise.causal.scm import SCM, random_dag, random_scm
from rungwise.errors import UserError

from .strategies import dags, models, rngs

few = settings(max_examples=60, deadline=None)
PAIR = DAG((0, 1))
GOOD = (np.array([0.3, 0.7]), np.array([[0.1, 0.9], [0.6, 0.4]]))


@few
@given(models(1, 5, (2, 3, 4)))
def test_a_random_model_is_a_model(model: SCM) -> None:
    model.check()
    for v, table in enumerate(model.tables):
        assert table.shape == (*(model.cards[p] for p in bits(model.graph.parents[v])), model.cards[v])
    again = SCM.from_dict(model.graph, json.loads(json.dumps(model.to_dict())))
    assert all(np.array_equal(a, b) for a, b in zip(model.tables, again.tables, strict=True))


@few
@given(st.data())
def test_a_range_prior_keeps_to_its_range(data: st.DataObject) -> None:
    graph = data.draw(dags(1, 5))
    low = data.draw(st.floats(0, 0.5))
    high = data.draw(st.floats(low + 0.1, 1))
    model = random_scm(graph, rngs(data.draw), low=low, high=high)
    model.check()
    for table in model.tables:
        assert np.all((table[..., 0] >= low - 1e-12) & (table[..., 0] <= high + 1e-12))


def test_a_range_prior_fills_its_range_and_a_dirichlet_has_its_moments() -> None:
    rng = np.random.default_rng(1)
    root = DAG((0,))
    draws = np.array([random_scm(root, rng, low=0.2, high=0.6).tables[0][0] for _ in range(2000)])
    assert draws.mean() == pytest.approx(0.4, abs=0.01)
    assert draws.std() == pytest.approx(0.4 / 12**0.5, rel=0.05)
    rows = np.array([random_scm(root, rng, [3], dirichlet=2.0).tables[0] for _ in range(2000)])
    assert rows.mean(axis=0) == pytest.approx([1 / 3] * 3, abs=0.02)
    assert rows.var(axis=0) == pytest.approx([(1 / 3) * (2 / 3) / 7] * 3, rel=0.15)


def test_the_same_stream_draws_the_same_model() -> None:
    graph = random_dag(6, 0.5, np.random.default_rng(3))
    assert graph == random_dag(6, 0.5, np.random.default_rng(3))
    a, b = (random_scm(graph, np.random.default_rng(3)) for _ in range(2))
    assert all(np.array_equal(s, t) for s, t in zip(a.tables, b.tables, strict=True))
    assert random_dag(6, 0.0, np.random.default_rng(3)).edges == []
    assert len(random_dag(6, 1.0, np.random.default_rng(3)).edges) == 15


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        (GOOD[:1], "1 tables for 2 variables"),
        ((GOOD[0], GOOD[0]), "shape"),
        ((np.array([1.2, -0.2]), GOOD[1]), r"outside \[0, 1\]"),
        ((np.array([0.3, 0.6]), GOOD[1]), "does not sum to 1"),
        ((np.array([np.nan, 0.7]), GOOD[1]), r"outside \[0, 1\]"),
    ],
)
def test_what_is_no_model_is_refused(tables: tuple[Any, ...], message: str) -> None:
    with pytest.raises(UserError, match=message):
        SCM(PAIR, tables).check()


@pytest.mark.parametrize("data", [{}, {"tables": [["a"], [1]]}, {"tables": 3}, {"tables": [[0.3, 0.7], [[0.1, 0.9]]]}])
def test_malformed_json_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(UserError):
        SCM.from_dict(PAIR, data)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"cards": [2]}, "2 cardinalities"),
        ({"cards": [2, 1]}, "at least 2"),
        ({"low": 0.5, "high": 0.5}, "range"),
        ({"low": -0.1}, "range"),
        ({"dirichlet": 0.0}, "positive"),
        ({"dirichlet": 1.0, "low": 0.1}, "binary"),
        ({"cards": [2, 3], "low": 0.1}, "binary"),
    ],
)
def test_bad_priors_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        random_scm(PAIR, np.random.default_rng(0), **arguments)
