"""The identification of effects: by known graphs, by numbers, by the definition of a hedge."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rungwise.causal.admg import ADMG
from rungwise.causal.graph import bits, mask_of
from rungwise.causal.identification import Hedge, Identified, confounded_children, identify, smallest_hedge

from .mixed import HiddenModel, admgs, hidden_pairs
from .strategies import disjoint_sets

few = settings(max_examples=100, deadline=None)
KNOWN = {
    # name: directed edges, bidirected edges, whether P(y | do(x)) is identified
    "no confounding": ("xy", "", True),
    "bow": ("xy", "xy", False),
    "bow on the first arrow": ("xm my", "xm", False),
    "bow on the second arrow": ("xm my", "my", True),
    "front door": ("xm my", "xy", True),
    "front door with a confounded second arrow": ("xm my", "xy my", False),
    "front door with a direct effect": ("xm my xy", "xy", False),
    "instrument": ("zx xy", "xy", False),
    "back door": ("zx zy xy", "", True),
    "back door with a hidden cause on one side": ("zx zy xy", "xz", True),
    "back door with a hidden cause on the other side": ("zx zy xy", "zy", True),
    "back door with hidden causes on both sides": ("zx xy", "xz zy", False),
    "M": ("xy", "xz zy", True),
    "napkin": ("wz zx xy", "wx wy", True),
    "napkin without its first arrow": ("zx xy", "wx wy", True),
    "napkin with a bow": ("wz zx xy", "wx wy xy", False),
    "Verma": ("xm mz zy", "my", True),
    "Verma, the effect of m": ("mx xz zy", "xy", True),
    "outcome that does not descend": ("yx", "xy", True),
    "confounder of an effect that is not on the way": ("xy xm", "xm", True),
}
NODES = "xymzw"


def graph_of(directed: str, bidirected: str) -> ADMG:
    def pairs(text: str) -> list[tuple[int, int]]:
        return [(NODES.index(a), NODES.index(b)) for a, b in text.split()]

    return ADMG.from_edges(5, pairs(directed), pairs(bidirected))


@pytest.mark.parametrize("name", KNOWN)
def test_known_graphs(name: str) -> None:
    directed, bidirected, identified = KNOWN[name]
    found = identify(graph_of(directed, bidirected), 1, 2)
    assert isinstance(found, Identified) == identified


def test_the_front_door_by_its_c_factors() -> None:
    x, y, m = 1, 2, 4
    found = identify(graph_of("xm my", "xy"), x, y)
    assert isinstance(found, Identified)
    assert found.relevant == y | m
    # P(y | do(x)) = sum over m of Q[m] Q[y], where Q[y] is summed out of Q[x, y].
    assert {factor.district: factor.turns for factor in found.factors} == {y: (x | y, y, y), m: (m,)}


def test_several_treatments_and_outcomes() -> None:
    graph = graph_of("xm my", "xm my")
    assert isinstance(identify(graph, 0b001, 0b010), Hedge)
    assert isinstance(identify(graph, 0b101, 0b010), Hedge)  # m is set, its own bow with y remains
    assert isinstance(identify(graph_of("xm my", "xm"), 0b101, 0b010), Identified)
    assert isinstance(identify(graph_of("xm xy", "xm"), 0b001, 0b010), Identified)
    assert isinstance(identify(graph_of("xm xy", "xm"), 0b001, 0b110), Hedge)


def assert_hedge(graph: ADMG, xs: int, ys: int, hedge: Hedge) -> None:
    """By the definition, with the arrows that are not needed left in (Shpitser & Pearl 2006, definitions 5 and 6)."""
    assert hedge.inner & ~hedge.outer == 0
    assert hedge.outer & xs
    assert not hedge.inner & xs
    for nodes in (hedge.inner, hedge.outer):
        assert graph.districts(nodes) == (nodes,)
    assert graph.ancestors(hedge.inner, hedge.outer) == hedge.outer
    assert hedge.inner & ~graph.ancestors(ys, graph.everything & ~xs) == 0


@few
@given(st.data())
def test_every_hedge_is_one(data: st.DataObject) -> None:
    graph = data.draw(admgs(most=6))
    xs, ys = disjoint_sets(data.draw, graph.n, 2)
    found = identify(graph, xs, ys)
    smallest = smallest_hedge(graph, xs, ys)
    assert (smallest is None) == isinstance(found, Identified)
    if isinstance(found, Hedge):
        assert smallest is not None
        assert_hedge(graph, xs, ys, found)
        hedge, within = smallest
        assert_hedge(graph, xs, ys, hedge)
        assert (hedge.outer | xs | ys) & ~within == 0
        for v in bits(within & ~(xs | ys)):
            assert isinstance(identify(graph, xs, ys, within & ~(1 << v)), Identified)


@few
@given(admgs(most=6))
def test_no_confounded_child_is_enough(graph: ADMG) -> None:
    for x, y in [(x, y) for x in range(graph.n) for y in range(graph.n) if graph.dag.has_path(x, y)]:
        joined, children = confounded_children(graph, x, y)
        if not joined & children:
            assert isinstance(identify(graph, 1 << x, 1 << y), Identified)


@few
@given(admgs(most=5))
def test_without_hidden_causes_all_is_identified(graph: ADMG) -> None:
    assert isinstance(identify(ADMG.of(graph.dag), 1, 2), Identified)


def by_factors(graph: ADMG, found: Identified, observed: NDArray[np.float64], ys: int) -> NDArray[np.float64]:
    """The identified effect from the observed joint distribution (Tian & Pearl 2002, lemmas 1 to 4); axes that it does
    not depend on have length 1 or any."""

    def total(table: NDArray[np.float64], nodes: int) -> NDArray[np.float64]:
        return table.sum(axis=tuple(bits(nodes)), keepdims=True)

    def c_factor(table: NDArray[np.float64], nodes: int, district: int) -> NDArray[np.float64]:
        out, done = np.ones(()), 0
        for v in [v for v in graph.dag.order if nodes >> v & 1]:
            if district >> v & 1:
                after = done | 1 << v
                out = out * total(table, nodes & ~after) / total(table, nodes & ~done)
            done |= 1 << v
        return out

    product_of_all = np.ones(())
    for factor in found.factors:
        inside = factor.turns[0]
        table = c_factor(observed, graph.everything, inside)
        for causing, district in zip(factor.turns[1::2], factor.turns[2::2], strict=True):
            table = c_factor(total(table, inside & ~causing), causing, district)
            inside = district
        product_of_all = product_of_all * table
    return total(product_of_all, found.relevant & ~ys)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_c_factors_give_the_effect(data: st.DataObject) -> None:
    graph = data.draw(admgs(least=2, most=5))
    xs, ys = disjoint_sets(data.draw, graph.n, 2)
    assume(len(hidden_pairs(graph)) <= 6)
    found = identify(graph, xs, ys)
    assume(isinstance(found, Identified))
    assert isinstance(found, Identified)
    model = HiddenModel(graph, card=2)
    vector = model.random(np.random.default_rng(data.draw(st.integers(0, 2**32))))
    effect = np.broadcast_to(by_factors(graph, found, model.joint(vector), ys), (2,) * graph.n)
    for values in product((0, 1), repeat=xs.bit_count()):
        do = dict(zip(bits(xs), values, strict=True))
        truth = model.joint(vector, do).sum(axis=tuple(bits(graph.everything & ~ys)))
        at = tuple(do.get(v, slice(None) if ys >> v & 1 else 0) for v in range(graph.n))
        assert np.allclose(effect[at], truth, atol=1e-9)


def is_local_function(graph: ADMG, x: int, y: int, card: int, seed: int) -> bool:
    """Whether P(y = 1 | do(x = 1)) changes only with the observed distribution near a random model.

    It does where its gradient is a combination of those of the observed cells. Where it is not, moving along a
    direction that keeps all cells gives two models that agree in all that is observed and differ in the effect.
    """
    model = HiddenModel(graph, card)
    start = model.random(np.random.default_rng(seed))
    cells, effects = [], []
    for i in range(model.size):
        moved = start.astype(np.complex128)
        moved[i] += 1e-30j
        cells.append(model.joint(moved).imag.ravel() / 1e-30)
        effects.append(np.take(model.joint(moved, {x: 1}), 1, axis=y).sum().imag / 1e-30)
    gradients, wanted = np.array(cells), np.array(effects)
    off = wanted - gradients @ np.linalg.lstsq(gradients, wanted, rcond=1e-10)[0]
    size = np.abs(off).max()
    assert size < 1e-9 or size > 1e-6, size  # nothing in between, where it would be a matter of rounding
    return bool(size < 1e-9)


PAIRS = list(combinations(range(3), 2))


@pytest.mark.parametrize("directed", [mask for mask in range(8) if mask])
def test_every_graph_of_three_nodes_by_numbers(directed: int) -> None:
    edges = [pair for i, pair in enumerate(PAIRS) if directed >> i & 1]
    for hidden in range(8):
        graph = ADMG.from_edges(3, edges, [pair for i, pair in enumerate(PAIRS) if hidden >> i & 1])
        for x, y in PAIRS:
            if graph.dag.has_path(x, y):
                identified = isinstance(identify(graph, 1 << x, 1 << y), Identified)
                assert identified == is_local_function(graph, x, y, card=3, seed=hidden), (edges, hidden, x, y)


@pytest.mark.parametrize("seed", range(12))
def test_graphs_of_four_nodes_by_numbers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pairs = list(combinations(range(4), 2))
    edges = [pair for pair in pairs if rng.random() < 0.6]
    hidden = [pairs[i] for i in rng.permutation(len(pairs))[: 2 + seed % 2]]
    graph = ADMG.from_edges(4, edges, hidden)
    for x, y in [(0, 3), (1, 3), (0, 2)]:
        if graph.dag.has_path(x, y):
            identified = isinstance(identify(graph, 1 << x, 1 << y), Identified)
            assert identified == is_local_function(graph, x, y, card=4, seed=seed), (edges, hidden, x, y)


def test_two_models_of_a_bow() -> None:
    """y copies x, or y copies the hidden cause that x copies: the same is seen, another effect is had."""
    graph = ADMG.from_edges(2, [(0, 1)], [(0, 1)])
    assert identify(graph, 1, 2) == Hedge(outer=0b11, inner=0b10)
    model = HiddenModel(graph, card=2)
    copies_x = np.array([0.5, 0, 1, 0, 0, 1, 1], dtype=float)  # P(u=1), x given u, y given (x, u)
    copies_u = np.array([0.5, 0, 1, 0, 1, 0, 1], dtype=float)
    assert np.array_equal(model.joint(copies_x), model.joint(copies_u))
    effects = [model.joint(vector, {0: 1})[:, 1].sum() for vector in (copies_x, copies_u)]
    assert effects == [1, 0.5]


def test_large_graphs_take_polynomial_time() -> None:
    n = 60
    edges = [(a, b) for a in range(n) for b in range(a + 1, min(a + 6, n))]
    graph = ADMG.from_edges(n, edges, [(a, a + 2) for a in range(n - 2)])
    found = smallest_hedge(graph, 1, 1 << n - 1)
    assert found is not None
    assert_hedge(graph, 1, 1 << n - 1, found[0])
    assert isinstance(identify(ADMG.from_edges(n, edges, []), 1, mask_of([n - 1])), Identified)
