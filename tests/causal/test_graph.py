from __future__ import annotations

from itertools import pairwise, permutations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rungwise.causal.canonical import refined_code
from rungwise.causal.graph import DAG, bits, mask_of, subsets
from rungwise.errors import UserError

from .strategies import all_dags, dags, disjoint_sets

few = settings(max_examples=120, deadline=None)


def moral_separated(graph: DAG, xs: int, ys: int, zs: int) -> bool:
    """d-separation by the moralised ancestral graph (Lauritzen et al. 1990)."""
    kept = xs | ys | zs
    while True:
        more = kept | mask_of(p for v in bits(kept) for p in bits(graph.parents[v]))
        if more == kept:
            break
        kept = more
    joined = {frozenset((p, v)) for v in bits(kept) for p in bits(graph.parents[v])}
    joined |= {frozenset(pair) for v in bits(kept) for pair in product(bits(graph.parents[v]), repeat=2)}
    reached = set(bits(xs))
    todo = list(reached)
    while todo:
        v = todo.pop()
        for u in bits(kept & ~zs):
            if frozenset((u, v)) in joined and u not in reached:
                reached.add(u)
                todo.append(u)
    return not reached & set(bits(ys))


def simple_paths(graph: DAG, start: int, end: int, path: tuple[int, ...] = ()) -> list[tuple[int, ...]]:
    """All paths along edges of either direction."""
    path = (*path, start)
    if start == end:
        return [path]
    near = [v for v in range(graph.n) if graph.has_edge(start, v) or graph.has_edge(v, start)]
    return [found for v in near if v not in path for found in simple_paths(graph, v, end, path)]


def blocked(graph: DAG, path: tuple[int, ...], zs: int) -> bool:
    """By the definition of a path that zs blocks."""
    for a, b, c in zip(path, path[1:], path[2:], strict=False):
        if graph.has_edge(a, b) and graph.has_edge(c, b):
            if not (zs >> b & 1 or any(zs >> d & 1 for d in bits(graph.descendants[b]))):
                return True
        elif zs >> b & 1:
            return True
    return False


def causal(graph: DAG, path: tuple[int, ...]) -> bool:
    return all(graph.has_edge(a, b) for a, b in pairwise(path))


@few
@given(st.data())
def test_d_separation_agrees_with_the_moral_graph(data: st.DataObject) -> None:
    graph = data.draw(dags(2, 7))
    xs, ys, zs = disjoint_sets(data.draw, graph.n, 3)
    assert graph.d_separated(xs, ys, zs) == moral_separated(graph, xs, ys, zs)


@few
@given(st.data())
def test_a_backdoor_set_is_what_the_definition_says(data: st.DataObject) -> None:
    graph = data.draw(dags(2, 6))
    x, y = data.draw(st.permutations(range(graph.n)))[:2]
    for zs in subsets((1 << graph.n) - 1 & ~(1 << x | 1 << y)):
        back = [p for p in simple_paths(graph, x, y) if graph.has_edge(p[1], x)]
        expected = not zs & graph.descendants[x] and all(blocked(graph, p, zs) for p in back)
        assert graph.is_backdoor_set(1 << x, y, zs) == expected


@few
@given(st.data())
def test_a_backdoor_set_of_several_treatments_blocks_every_proper_path_that_is_not_causal(data: st.DataObject) -> None:
    graph = data.draw(dags(3, 6))
    xs, ys, _ = disjoint_sets(data.draw, graph.n, 3)
    y = next(bits(ys))
    below = mask_of(d for x in bits(xs) for d in bits(graph.descendants[x]))
    paths = [p for x in bits(xs) for p in simple_paths(graph, x, y) if not any(xs >> v & 1 for v in p[1:])]
    for zs in subsets((1 << graph.n) - 1 & ~(xs | 1 << y)):
        expected = not zs & below and all(causal(graph, p) or blocked(graph, p, zs) for p in paths)
        assert graph.is_backdoor_set(xs, y, zs) == expected


@few
@given(st.data())
def test_a_mediation_set_blocks_the_paths_that_confound(data: st.DataObject) -> None:
    graph = data.draw(dags(3, 6))
    x, y = data.draw(st.permutations(range(graph.n)))[:2]
    mediators = mask_of(p for path in simple_paths(graph, x, y) if causal(graph, path) for p in path[1:-1])
    assert graph.mediators(x, y) == mediators
    from_x = [p for t in bits(mediators | 1 << y) for p in simple_paths(graph, x, t) if graph.has_edge(p[1], x)]
    from_m = [
        p
        for m in bits(mediators)
        for p in simple_paths(graph, m, y)
        if graph.has_edge(p[1], m) and not any(mediators >> v & 1 for v in p[1:])
    ]
    for zs in subsets((1 << graph.n) - 1 & ~(1 << x | 1 << y | mediators)):
        expected = (
            not zs & graph.descendants[x]
            and all(blocked(graph, p, zs) for p in from_x)
            and all(blocked(graph, p, zs | 1 << x) for p in from_m)
        )
        assert graph.is_mediation_set(x, y, mediators, zs) == expected
    assert not graph.is_mediation_set(x, y, mediators ^ (mediators & -mediators or 1 << x), 0)


@few
@given(dags(1, 6))
def test_relations_agree_with_each_other(graph: DAG) -> None:
    assert sorted(graph.order) == list(range(graph.n))
    for a, b in product(range(graph.n), repeat=2):
        assert graph.has_edge(a, b) == bool(graph.children[a] >> b & 1) == ((a, b) in graph.edges)
        path = any(causal(graph, p) for p in simple_paths(graph, a, b)) and a != b
        assert graph.has_path(a, b) == path == bool(graph.ancestors[b] >> a & 1) == bool(graph.descendants[a] >> b & 1)
        if graph.has_edge(a, b):
            assert graph.order.index(a) < graph.order.index(b)
    assert DAG.from_edges(graph.n, graph.edges) == graph


@few
@given(dags(2, 6), st.integers(0, 63))
def test_cutting_edges_leaves_the_others(graph: DAG, nodes: int) -> None:
    cut = graph.without_edges_out_of(nodes & (1 << graph.n) - 1)
    assert cut.edges == [(a, b) for a, b in graph.edges if not nodes >> a & 1]
    assert cut == DAG(cut.parents)
    assert cut.children == DAG(cut.parents).children


def relabelled(graph: DAG, to: tuple[int, ...]) -> DAG:
    return DAG.from_edges(graph.n, [(to[a], to[b]) for a, b in graph.edges])


@few
@given(st.data())
def test_the_canonical_form_keeps_through_relabelling(data: st.DataObject) -> None:
    graph = data.draw(dags(2, 8))
    marks = data.draw(st.lists(st.integers(0, 2), min_size=graph.n, max_size=graph.n))
    to = tuple(data.draw(st.permutations(range(graph.n))))
    moved = [0] * graph.n
    for v, target in enumerate(to):
        moved[target] = marks[v]
    assert graph.canonical(marks) == relabelled(graph, to).canonical(moved)


@pytest.mark.parametrize(("n", "shapes"), [(1, 1), (2, 2), (3, 6), (4, 31), (5, 302)])
def test_there_are_as_many_canonical_forms_as_graphs_up_to_isomorphism(n: int, shapes: int) -> None:
    # OEIS A003087; five unmarked nodes take the road by colour refinement.
    assert len({graph.canonical([0] * n) for graph in all_dags(n)}) == shapes


@pytest.mark.parametrize("marks", [(0, 0, 0, 0), (1, 2, 0, 0), (1, 2, 3, 0), (1, 2, 3, 3)])
def test_equal_forms_mean_isomorphic_graphs(marks: tuple[int, ...]) -> None:
    orders = [to for to in permutations(range(4)) if all(marks[v] == marks[to[v]] for v in range(4))]
    form_of: dict[tuple[int, ...], tuple[int, ...]] = {}
    for graph in all_dags(4):
        brute = min(relabelled(graph, to).parents for to in orders)
        assert form_of.setdefault(brute, graph.canonical(marks)) == graph.canonical(marks)
    assert len(set(form_of.values())) == len(form_of)


def test_both_roads_to_the_canonical_form_tell_the_same_graphs_apart() -> None:
    marks = (1, 2, 0, 0, 0)
    forms = {(graph.canonical(marks), refined_code(graph.parents, marks)) for graph in all_dags(5)}
    assert len(forms) == len({a for a, _ in forms}) == len({b for _, b in forms})


def test_mistakes_are_named() -> None:
    with pytest.raises(UserError, match=r"cycle among nodes \[0, 1, 2\]"):
        DAG.from_edges(4, [(0, 1), (1, 2), (2, 0)])
    with pytest.raises(UserError, match=r"outside 0\.\.1"):
        DAG.from_edges(2, [(0, 2)])
    with pytest.raises(UserError, match="at most 63"):
        DAG((0,) * 64)
    assert DAG((0,) * 63).n == 63
