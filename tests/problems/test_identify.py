"""64 graphs a word, held against the task files' rules and d-separation, which go graph by graph."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rungwise.causal.graph import DAG, bits, mask_of
from rungwise.causal.scm import random_dag
from rungwise.problems.identify import KINDS, closure, d_separated, pack, small_sets, unpack, valid_sets
from rungwise.problems.problem import Query
from rungwise.problems.tasks import task


def random_graphs(n: int, number: int, seed: int) -> tuple[list[DAG], np.ndarray]:
    rng = np.random.default_rng(seed)
    graphs = [random_dag(n, float(rng.uniform(0.2, 0.8)), rng) for _ in range(number)]
    effects = np.array([[[bool(g.parents[c] >> p & 1) for g in graphs] for c in range(n)] for p in range(n)])
    return graphs, pack(effects)


@given(st.integers(0, 2**32), st.integers(1, 200), st.integers(1, 3))
def test_packing_loses_nothing(seed: int, graphs: int, rows: int) -> None:
    flags = np.random.default_rng(seed).random((rows, graphs)) < 0.5
    assert (unpack(pack(flags), graphs) == flags).all()


@settings(max_examples=30)
@given(st.integers(3, 8), st.integers(0, 2**32))
def test_closure_and_separation(n: int, seed: int) -> None:
    graphs, edges = random_graphs(n, 70, seed)
    above = unpack(closure(edges), len(graphs))
    for i, graph in enumerate(graphs):
        assert [mask_of(np.flatnonzero(above[:, v, i]).tolist()) for v in range(n)] == list(graph.ancestors)
    rng = np.random.default_rng(seed)
    sets = [rng.permutation(n)[2 : 2 + rng.integers(0, n - 1)].tolist() for _ in range(4)]
    start, target = np.zeros((2, n, len(graphs)), dtype=bool)
    given_, kept = np.zeros((n, len(sets), len(graphs)), dtype=bool), []
    for k, chosen in enumerate(sets):
        given_[chosen, k] = True
        kept.append(set(chosen))
    ends = [rng.permutation([v for v in range(n) if all(v not in chosen for chosen in kept)])[:2] for _ in graphs]
    asked = [i for i, pair in enumerate(ends) if len(pair) == 2]
    for i in asked:
        start[ends[i][0], i] = target[ends[i][1], i] = True
    found = unpack(d_separated(edges, pack(start), pack(target), pack(given_)), len(graphs))
    for i in asked:
        x, y = (1 << int(v) for v in ends[i])
        for k, chosen in enumerate(sets):
            assert found[k, i] == graphs[i].d_separated(x, y, mask_of(chosen))


@pytest.mark.parametrize("name", KINDS)
def test_valid_sets_are_the_task_files(name: str) -> None:
    for n in (3, 4, 5, 7, 9):
        graphs, edges = random_graphs(n, 100, n)
        above = closure(edges)
        between = above[0] & above[:, 1]
        valid = unpack(valid_sets(KINDS[name], edges, above[0], between, 2), len(graphs))
        seen = set()
        for i, graph in enumerate(graphs):
            mediators = graph.mediators(0, 1)
            q = Query(name, 0, 1, 1, 0, 1, tuple((m, 0) for m in bits(mediators)) if name == "CDE" else ())
            ms = mediators if KINDS[name] != "adjusting" else 0
            for k, chosen in enumerate(small_sets(n, 2)):
                if mask_of(chosen) & mediators:
                    assert not valid[k, i]
                    continue
                rule = task(name).is_valid(graph, q, ms, mask_of(chosen))
                assert valid[k, i] == rule, (name, graph.edges, chosen)
                seen.add(rule)
        assert seen == {True, False}
