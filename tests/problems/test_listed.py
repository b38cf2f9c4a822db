"""All structures of few nodes: what is drawn meets its request, and everything there is is there."""

from __future__ import annotations

from collections import Counter
from itertools import permutations, product

import pytest

from rungwise.causal.graph import DAG
from rungwise.problems.listed import from_lists, listed
from rungwise.problems.problem import TASKS, Problem, Query
from rungwise.problems.search import exists
from rungwise.problems.streams import make_dice, split_of
from rungwise.problems.structure import Request
from rungwise.problems.tasks import task


def every_graph(n: int) -> list[DAG]:
    pairs = [(a, b) for a in range(n) for b in range(a + 1, n)]
    return [
        DAG.from_edges(n, [pair for pair, there in zip(pairs, chosen, strict=True) if there])
        for chosen in product((False, True), repeat=len(pairs))
    ]


@pytest.mark.parametrize("name", ["ATE", "ETT", "PN"])
def test_adjusting_for_one_variable(name: str) -> None:
    """Brute force over all graphs of four nodes: those in which just one of the readings of "single" is valid."""
    for place, split in product((0, 1), ("train", "test")):
        shapes = set()
        for graph in every_graph(4):
            for x, y, z in permutations(range(4), 3):
                q = Query(name, x, y, 1, 0, 1)
                valid = [task(name).is_valid(graph, q, 0, zs) for zs in (0, 1 << z)]
                if graph.has_path(x, y) and valid == [place == 0, place == 1]:
                    shape = Problem(graph, (), q, ()).shape
                    if split_of(shape) == split:
                        shapes.add(shape)
        request = Request(name, 4, "single", place, False, split)
        found = from_lists([request] * 1500, [make_dice(name, place, i) for i in range(1500)], (0.35, 0.85))
        assert {one.shape for one in found if one is not None} <= shapes
        assert len({one.shape for one in found if one is not None}) > 0.7 * len(shapes)
        assert exists(request) == bool(shapes)


@pytest.mark.parametrize("name", TASKS)
def test_what_is_drawn_meets_its_request(name: str) -> None:
    for zero, split in product((False, True), ("train", "test")):
        if zero and name in ("PN", "PS"):
            continue
        request = Request(name, 5, "either", 1, zero, split)
        for one in from_lists([request] * 30, [make_dice("meets", i) for i in range(30)], (0.35, 0.85)):
            assert one is not None
            graph = DAG(tuple(sum(1 << p for p in range(5) if one.effects[p, v]) for v in range(5)))
            held = tuple((m, 0) for m in range(5) if one.held >> m & 1)
            q = Query(name, 0, 1, 1, 0, 1, held)
            assert split_of(one.shape) == split
            assert one.shape == Problem(graph, (), q, ()).shape
            assert one.right == (None if zero else one.shown[1])
            valid = [r for r in one.shown if task(name).is_valid(graph, q, *r)]
            assert task(name).is_zero(graph, q) == zero
            assert zero or valid == [one.right]


def test_denser_where_more_edges_are_asked_for() -> None:
    request = Request("ATE", 5, "either", 0, False, "train")
    edges = [
        sum(
            one.effects.sum() for one in from_lists([request] * 300, [make_dice("dense", i) for i in range(300)], share)
        )
        for share in ((0.2, 0.3), (0.7, 0.8))
    ]
    assert edges[0] < 0.8 * edges[1]


def test_chances_grow_to_one() -> None:
    request = Request("NDE", 4, "single", 1, False, "train")
    known = listed(request)
    chances = known.chances((0.35, 0.85))
    assert len(chances) == len(known.rows) - 1
    assert chances == sorted(chances)
    assert chances[-1] < 1
    drawn = from_lists([request] * 600, [make_dice("chances", i) for i in range(600)], (0.35, 0.85))
    assert len(Counter(one.shape for one in drawn if one is not None)) > 5
