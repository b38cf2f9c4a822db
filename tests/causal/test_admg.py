from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rungwise.causal.admg import ADMG, Path
from rungwise.causal.graph import bits
from rungwise.errors import UserError

from .mixed import admgs, with_hidden
from .strategies import disjoint_sets

few = settings(max_examples=80, deadline=None)
X, Y, Z, W = range(4)


def is_open(graph: ADMG, path: Path, zs: int) -> bool:
    """By the definition: its edges are there, no node comes twice, colliders and no other nodes are given or cause what
    is."""
    for (a, b), arrow in zip(pairwise(path.nodes), path.arrows, strict=True):
        there = {
            "->": graph.dag.has_edge(a, b),
            "<-": graph.dag.has_edge(b, a),
            "<->": bool(graph.spouses[a] >> b & 1),
        }
        if not there[arrow]:
            return False
    if len(set(path.nodes)) < len(path.nodes):
        return False
    for v, before, after in zip(path.nodes[1:], path.arrows, path.arrows[1:], strict=False):
        if before[-1] == ">" and after[0] == "<":
            if not (zs >> v & 1 or graph.dag.descendants[v] & zs):
                return False
        elif zs >> v & 1:
            return False
    return True


@few
@given(st.data())
def test_m_separation_is_d_separation_with_the_unobserved_causes_drawn(data: st.DataObject) -> None:
    graph = data.draw(admgs())
    xs, ys, zs = disjoint_sets(data.draw, graph.n, 3)
    assert graph.m_separated(xs, ys, zs) == with_hidden(graph).d_separated(xs, ys, zs)


@few
@given(st.data())
def test_the_open_path_is_open_and_joins_the_sets(data: st.DataObject) -> None:
    graph = data.draw(admgs(most=6))
    xs, ys, zs = disjoint_sets(data.draw, graph.n, 3)
    path = graph.open_path(xs, ys, zs)
    if path is None:
        assert not graph.connected(xs, zs) & ys
        return
    assert xs >> path.nodes[0] & 1
    assert ys >> path.nodes[-1] & 1
    assert is_open(graph, path, zs)


@few
@given(st.data())
def test_connected_nodes_are_those_not_separated(data: st.DataObject) -> None:
    graph = data.draw(admgs())
    xs, zs = disjoint_sets(data.draw, graph.n, 2)
    for v in bits(graph.everything & ~(xs | zs)):
        assert graph.m_separated(xs, 1 << v, zs) == (not graph.connected(xs, zs) >> v & 1)


@few
@given(admgs(most=6), st.integers(0, 63))
def test_districts_part_a_subgraph(graph: ADMG, within: int) -> None:
    within &= graph.everything
    districts = graph.districts(within)
    assert sum(districts) == within
    for district in districts:
        for v in bits(district):
            assert graph.spouses[v] & within & ~district == 0


def test_districts_of_the_front_door_graph() -> None:
    graph = ADMG.from_edges(3, [(X, Z), (Z, Y)], [(X, Y)])
    assert graph.districts(graph.everything) == (1 << X | 1 << Y, 1 << Z)
    assert graph.districts(1 << X | 1 << Z) == (1 << X, 1 << Z)
    assert graph.district(1 << Y, graph.everything) == 1 << X | 1 << Y
    assert graph.ancestors(1 << Y, 1 << Y | 1 << Z) == 1 << Y | 1 << Z


def test_a_path_opened_by_what_its_collider_causes() -> None:
    graph = ADMG.from_edges(4, [(Z, W)], [(X, Z), (Z, Y)])
    assert graph.open_path(1 << X, 1 << Y, 0) is None
    path = graph.open_path(1 << X, 1 << Y, 1 << W)
    assert path is not None
    assert path.text("XYZW") == "X <-> Z <-> Y"
    assert path.colliders == (Z,)


def test_paths_in_words() -> None:
    graph = ADMG.from_edges(3, [(Z, X), (Z, Y)], [])
    path = graph.open_path(1 << X, 1 << Y, 0)
    assert path is not None
    assert path.text(["tea", "sleep", "stress"]) == "tea <- stress -> sleep"
    assert path.colliders == ()


@pytest.mark.parametrize("pair", [(0, 0), (0, 2), (-1, 1)])
def test_a_bidirected_edge_joins_two_nodes(pair: tuple[int, int]) -> None:
    with pytest.raises(UserError, match="bidirected edge"):
        ADMG.from_edges(2, [], [pair])


def test_directed_edges_form_no_cycle() -> None:
    with pytest.raises(UserError, match="cycle"):
        ADMG.from_edges(2, [(0, 1), (1, 0)], [])
