from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rungwise.causal.counterfactual import pair_joint, pn_ps_bounds, threshold_probability
from rungwise.causal.graph import bits
from rungwise.causal.inference import joint
from rungwise.causal.monotone import monotone_scm
from rungwise.causal.scm import SCM, random_dag, random_scm
from rungwise.problems.pns import estimand as pns_estimand
from rungwise.problems.problem import Query
from rungwise.problems.tasks import task


def response_types(model: SCM, do: dict[int, int]) -> list[tuple[tuple[int, ...], float]]:
    """Outcomes of every cell of the thresholds' cube, by brute force: between two neighbouring probabilities of a node
    its response does not change."""
    cuts = [sorted({0.0, 1.0, *np.ravel(table[..., 1]).tolist()}) for table in model.tables]
    out = []
    for cells in product(*(range(len(c) - 1) for c in cuts)):
        weight, values = 1.0, [0] * model.graph.n
        for v, i in enumerate(cells):
            weight *= cuts[v][i + 1] - cuts[v][i]
        for v in model.graph.order:
            middle = (cuts[v][cells[v]] + cuts[v][cells[v] + 1]) / 2
            p1 = model.tables[v][(*(values[u] for u in bits(model.graph.parents[v])), 1)]
            values[v] = do.get(v, int(middle < p1))
        out.append((tuple(values), weight))
    return out


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_two_worlds_that_share_thresholds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    model = random_scm(random_dag(3, 0.7, rng), rng)
    do = {int(rng.integers(3)): int(rng.integers(2))}
    table = pair_joint(model, {}, do, shared=True)
    brute = np.zeros_like(table)
    for (a, p), (b, _) in zip(response_types(model, {}), response_types(model, do), strict=True):
        brute[a + b] += p
    np.testing.assert_allclose(table, brute, atol=1e-12)


def queries(x: int, y: int) -> dict[str, Query]:
    return {
        "PN": Query("PN", x, y, 0, 1, 0, bound="point"),
        "PS": Query("PS", x, y, 1, 0, 1, bound="point"),
        "PNS": Query("PNS", x, y, 1, 0, 1, bound="point"),
    }


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_points_are_what_the_counterfactuals_give(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 6))
    graph = random_dag(n, 0.6, rng)
    causes = [(a, b) for a in range(n) for b in range(n) if graph.has_path(a, b)]
    if not causes:
        return
    x, y = causes[int(rng.integers(len(causes)))]
    model = monotone_scm(graph, x, y, rng, 0.05, 0.95)
    model.check()
    # No unit's outcome falls.
    assert threshold_probability(model, ({x: 1}, {x: 0}), ({y: 0}, {y: 1})) == pytest.approx(0, abs=1e-12)
    natural = joint(model)
    axes = tuple(v for v in range(n) if v not in (x, y))
    both = natural.sum(axis=axes) if x < y else natural.sum(axis=axes).T
    effects = np.array([_outcome(model, {x: value}, y) for value in (0, 1)])
    mean = {value: float(effects[value, 1]) for value in (0, 1)}
    values = {name: task(name).true_value(model, q) for name, q in queries(x, y).items()}
    # Tian & Pearl 2000, theorem 3.
    p_y = float(both[:, 1].sum())
    assert values["PNS"] == pytest.approx(mean[1] - mean[0], abs=1e-9)
    assert values["PN"] == pytest.approx((p_y - mean[0]) / both[1, 1], abs=1e-9)
    assert values["PS"] == pytest.approx((mean[1] - p_y) / both[0, 0], abs=1e-9)
    # And their lemma: PNS = P(x, y) PN + P(x', y') PS.
    assert values["PNS"] == pytest.approx(both[1, 1] * values["PN"] + both[0, 0] * values["PS"], abs=1e-9)
    for name, seen in (("PN", (1, 1)), ("PS", (0, 0))):
        low, high = pn_ps_bounds(both, effects, seen)
        assert low - 1e-7 <= values[name] <= high + 1e-7


def _outcome(model: SCM, do: dict[int, int], y: int) -> np.ndarray:
    table = joint(model, do)
    return table.sum(axis=tuple(v for v in range(model.graph.n) if v != y))


def test_without_monotonicity_the_formula_is_wrong_somewhere() -> None:
    rng = np.random.default_rng(0)
    off = 0.0
    for _ in range(50):
        graph = random_dag(3, 1.0, rng)
        x, _, y = graph.order
        model = random_scm(graph, rng)
        q = queries(x, y)["PNS"]
        formula = float(_outcome(model, {x: 1}, y)[1] - _outcome(model, {x: 0}, y)[1])
        off = max(off, abs(formula - task("PNS").true_value(model, q)))
    assert off > 0.05


def test_the_estimand_of_pns_is_the_adjusted_difference() -> None:
    q = queries(0, 1)["PNS"]
    assert pns_estimand(q, 0, 0, [2, 2]).text(lambda t: t.text("XY")) == "P(Y=1|X=1)-P(Y=1|X=0)"
