"""Back-door and front-door sets and instruments: by paths listed one by one, by numbers, by trying every set."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rungwise.causal.adjustment_sets import (
    Fault,
    backdoor_fault,
    directed_path,
    frontdoor_fault,
    instrument_fault,
    largest_backdoor_set,
    smallest_backdoor_set,
)
from rungwise.causal.graph import DAG, bits, closure, mask_of, subsets
from rungwise.causal.inference import joint
from rungwise.causal.scm import random_scm

from .strategies import dags

few = settings(max_examples=100, deadline=None)
A, B, C, D, E, F = range(6)


def all_paths(graph: DAG, start: int, end: int, path: tuple[int, ...] = ()) -> list[tuple[int, ...]]:
    path = (*path, start)
    if start == end:
        return [path]
    near = [v for v in range(graph.n) if (graph.has_edge(start, v) or graph.has_edge(v, start)) and v not in path]
    return [found for v in near for found in all_paths(graph, v, end, path)]


def is_open(graph: DAG, path: tuple[int, ...], zs: int) -> bool:
    for a, b, c in zip(path, path[1:], path[2:], strict=False):
        collides = graph.has_edge(a, b) and graph.has_edge(c, b)
        if collides != bool((graph.descendants[b] | 1 << b if collides else 1 << b) & zs):
            return False
    return True


def enters(graph: DAG, path: tuple[int, ...]) -> bool:
    """Whether the path has an arrow into its first node."""
    return graph.has_edge(path[1], path[0])


def by_paths(graph: DAG, x: int, y: int, zs: int) -> bool:
    """The back-door criterion as Pearl words it."""
    backdoors = [path for path in all_paths(graph, x, y) if enters(graph, path)]
    return not zs & graph.descendants[x] and not any(is_open(graph, path, zs) for path in backdoors)


def pairs(graph: DAG) -> list[tuple[int, int]]:
    return [(x, y) for x in range(graph.n) for y in range(graph.n) if x != y]


@few
@given(dags(most=5), st.integers(0, 31))
def test_backdoor_sets(graph: DAG, zs: int) -> None:
    zs &= (1 << graph.n) - 1
    for x, y in pairs(graph):
        fault = backdoor_fault(graph, x, y, zs)
        if zs & (1 << x | 1 << y):
            assert fault is not None
            assert fault.rule == "members"
            continue
        assert (fault is None) == by_paths(graph, x, y, zs) == graph.is_backdoor_set(1 << x, y, zs)
        if fault is not None and fault.path:
            assert (fault.path.nodes[0], fault.path.nodes[-1]) == (x, y)
            assert enters(graph, fault.path.nodes)
            assert is_open(graph, fault.path.nodes, zs)
        elif fault is not None:
            assert fault.rule == "descendants"
            assert fault.nodes == zs & graph.descendants[x]


@few
@given(dags(most=6))
def test_the_largest_and_a_smallest_backdoor_set(graph: DAG) -> None:
    for x, y in pairs(graph):
        rest = (1 << graph.n) - 1 & ~(1 << x | 1 << y)
        valid = [zs for zs in subsets(rest) if graph.is_backdoor_set(1 << x, y, zs)]
        largest, smallest = largest_backdoor_set(graph, x, y), smallest_backdoor_set(graph, x, y)
        if not valid:
            assert largest is None
            assert smallest is None
            continue
        assert largest == valid[-1]
        assert all(zs & ~largest == 0 for zs in valid)
        assert smallest in valid
        assert smallest.bit_count() == valid[0].bit_count()


def test_a_smallest_set_may_be_far_from_treatment_and_outcome() -> None:
    # x has three causes and y three, all from one common cause.
    x, y, hub = 0, 1, 2
    edges = [(hub, v) for v in range(3, 9)] + [(v, x) for v in (3, 4, 5)] + [(v, y) for v in (6, 7, 8)] + [(x, y)]
    assert smallest_backdoor_set(DAG.from_edges(9, edges), x, y) == 1 << hub


@few
@given(dags(least=3, most=5), st.integers(0, 31))
def test_frontdoor_sets_by_paths(graph: DAG, zs: int) -> None:
    zs &= (1 << graph.n) - 1
    for x, y in pairs(graph):
        fault = frontdoor_fault(graph, x, y, zs)
        if zs & (1 << x | 1 << y):
            assert fault is not None
            continue
        paths = all_paths(graph, x, y)
        directed = [path for path in paths if all(graph.has_edge(a, b) for a, b in pairwise(path))]
        intercepted = all(mask_of(path) & zs for path in directed)
        unconfounded = all(by_paths(graph, x, z, 0) for z in bits(zs))
        # Of a set, the paths that leave it for good: its other members are not passed against the arrows.
        onward = all(
            not is_open(graph, path, 1 << x)
            for z in bits(zs)
            for path in all_paths(graph, z, y)
            if enters(graph, path) and not passes_out_of(graph, path, zs)
        )
        assert (fault is None) == (intercepted and unconfounded and onward)
        if fault is not None and fault.rule in ("into", "onward"):
            assert fault.path is not None
            assert enters(graph, fault.path.nodes)
            assert is_open(graph, fault.path.nodes, 1 << x if fault.rule == "onward" else 0)


def passes_out_of(graph: DAG, path: tuple[int, ...], zs: int) -> bool:
    """Whether the path follows an arrow out of a node of the set."""
    steps = [*pairwise(path), *pairwise(path[::-1])]
    return any(zs >> a & 1 and graph.has_edge(a, b) for a, b in steps)


@settings(max_examples=60, deadline=None)
@given(dags(least=3, most=5), st.integers(0, 2**32))
def test_frontdoor_sets_give_the_effect(graph: DAG, seed: int) -> None:
    """By the front-door formula (Pearl 2009, theorem 3.3.4), from a random model of the graph."""
    model = random_scm(graph, np.random.default_rng(seed), [2] * graph.n, dirichlet=2.0)
    everything = joint(model)

    def p(fixed: dict[int, int]) -> float:
        return float(everything[tuple(fixed.get(v, slice(None)) for v in range(graph.n))].sum())

    for x, y in pairs(graph):
        rest = (1 << graph.n) - 1 & ~(1 << x | 1 << y)
        for zs in subsets(rest):
            if not zs or frontdoor_fault(graph, x, y, zs):
                continue
            total = 0.0
            for values in np.ndindex(*[2] * zs.bit_count()):
                z = dict(zip(bits(zs), values, strict=True))
                given_z = sum(p({**z, x: i, y: 1}) / p({**z, x: i}) * p({x: i}) for i in (0, 1))
                total += p({**z, x: 1}) / p({x: 1}) * given_z
            truth = joint(model, {x: 1})
            assert total == pytest.approx(float(np.take(truth, 1, axis=y).sum()), abs=1e-9)


@few
@given(dags(most=5))
def test_instruments_by_paths(graph: DAG) -> None:
    """An instrument causes x, and every open path from it to y goes through x along an arrow out of x."""
    for x, y in pairs(graph):
        for z in range(graph.n):
            fault = instrument_fault(graph, z, x, y)
            if z in (x, y):
                assert fault is not None
                assert fault.rule == "members"
                continue
            others = [path for path in all_paths(graph, z, y) if not passes_out_of(graph, path, 1 << x)]
            right = graph.has_path(z, x) and not any(is_open(graph, path, 0) for path in others)
            assert (fault is None) == right
            if fault is not None and fault.rule == "no cause":
                assert not graph.has_path(z, x)


def test_faults_name_what_is_wrong() -> None:
    # B causes A and E; A -> C -> E; C -> D.
    graph = DAG.from_edges(5, [(B, A), (B, E), (A, C), (C, E), (C, D)])
    holds = backdoor_fault(graph, A, E, 1 << B | 1 << D)
    assert holds == Fault("descendants", 1 << D)
    left = backdoor_fault(graph, A, E, 0)
    assert left is not None
    assert left.path is not None
    assert left.path.text("ABCDE") == "A <- B -> E"
    assert backdoor_fault(graph, A, E, 1 << B) is None
    assert frontdoor_fault(graph, A, E, 1 << C) is None
    missed = frontdoor_fault(graph, A, E, 1 << D)
    assert missed is not None
    assert missed.path is not None
    assert (missed.rule, missed.path.text("ABCDE")) == ("directed", "A -> C -> E")
    direct = instrument_fault(graph, B, A, E)
    assert direct is not None
    assert direct.path is not None
    assert (direct.rule, direct.path.text("ABCDE")) == ("exclusion", "B -> E")


def test_a_collider_is_opened_by_an_option_that_holds_it() -> None:
    # A <- B -> D <- C -> E, A -> E: nothing is to be adjusted for, and D is not to be.
    graph = DAG.from_edges(6, [(B, A), (B, D), (C, D), (C, E), (A, E), (D, F)])
    assert backdoor_fault(graph, A, E, 0) is None
    for zs in (1 << D, 1 << F):
        fault = backdoor_fault(graph, A, E, zs)
        assert fault is not None
        assert fault.path is not None
        assert fault.path.text("ABCDEF") == "A <- B -> D <- C -> E"
    assert backdoor_fault(graph, A, E, 1 << D | 1 << C) is None
    assert smallest_backdoor_set(graph, A, E) == 0
    assert largest_backdoor_set(graph, A, E) == mask_of([B, C, D, F])


@few
@given(dags(most=6))
def test_directed_paths(graph: DAG) -> None:
    for x, y in pairs(graph):
        path = directed_path(graph, x, y)
        assert (path is not None) == graph.has_path(x, y)
        for avoided in range(graph.n):
            if avoided in (x, y):
                continue
            around = directed_path(graph, x, y, 1 << avoided)
            assert (around is not None) == bool(closure(graph.children, 1 << x, 1 << avoided) >> y & 1)
            if around is not None:
                assert avoided not in around.nodes
                assert all(graph.has_edge(a, b) for a, b in pairwise(around.nodes))
