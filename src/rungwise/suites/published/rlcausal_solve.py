"""RLCausal's three levels solved by two roads, and how far the rounding of the displayed tables can move an answer.

First road: variable elimination. After an observation and then an intervention the network has two copies of every
variable and one selector for each assignment of its parents, which both copies share (the published semantics).
Second road: the joint distribution of all variables, one world; of two worlds by the pair factor, without selectors.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np

from rungwise.causal.counterfactual import pair_joint
from rungwise.causal.elimination import eliminate
from rungwise.causal.graph import DAG, bits
from rungwise.causal.inference import indicator, joint
from rungwise.causal.scm import SCM, Array
from rungwise.suites.published.rlcausal_text import Question

EDGE = 1e-9
"""Of the rounding of floats."""
MAX_PRODUCTS = 12
"""Products that a proof lists."""
_MAX_TRIED = 2_000
"""Assignments, whole or begun, that are tried in search of them: products that are 0 are left out late."""
_MAX_ROUNDS = 10
_MAX_CELLS = 1 << 18
"""Of a table on the way; ten variables with two parents each need a few hundred."""


Copy = tuple[int, int]
"""A variable in a world: 0 is the one that was observed, 1 that after the intervention."""


def by_elimination(q: Question, tables: Sequence[Array] | None = None) -> Array:
    """P(target = value, what was observed), shape (2,): unnormalised, after the intervention where there is one.

    ``tables`` stand for the displayed ones.

    Raises:
        UserError: a table on the way is too large.
    """
    tables = tables or q.model.tables
    n, graph = q.model.graph.n, q.model.graph
    copies = _needed(q, [*((v, 0) for v in q.seen), _asked(q)])
    natural = {copy for copy in copies if not _is_set(q, copy)}
    factors: list[tuple[Array, list[int]]] = [(indicator(q.seen[v], 2), [v]) for v in q.seen]
    cells = 2 * n  # variable v is on axis v in world 0, on n + v in world 1; selectors follow
    for v, world in copies:
        axes = [*(p + world * n for p in graph.causes[v]), v + world * n]
        if (v, world) not in natural:
            factors.append((indicator(q.do[v], 2), [n + v]))
        elif (v, 1 - world) not in natural:
            factors.append((tables[v], axes))
        elif world == 0:
            rows = list(product((0, 1), repeat=len(graph.causes[v])))
            selectors = list(range(cells, cells + len(rows)))
            cells += len(rows)
            factors += [(tables[v][row], [s]) for row, s in zip(rows, selectors, strict=True)]
            for shift in (0, n):
                factors.append((_selected(len(axes) - 1), [*(a + shift for a in axes[:-1]), *selectors, v + shift]))
    v, world = _asked(q)
    return eliminate(factors, [2] * cells, [v + world * n], _MAX_CELLS)


def _asked(q: Question) -> Copy:
    return q.target, int(bool(q.do))


def _is_set(q: Question, copy: Copy) -> bool:
    return copy[1] == 1 and copy[0] in q.do


def _needed(q: Question, ends: Iterable[Copy]) -> list[Copy]:
    """These copies and all that they depend on, causes first; the others sum to 1."""
    graph, needed = q.model.graph, set(ends)
    for v in reversed(graph.order):
        for world in (0, 1):
            if (v, world) in needed and not _is_set(q, (v, world)):
                needed |= {(p, world) for p in graph.causes[v]}
    return [(v, world) for v in graph.order for world in (0, 1) if (v, world) in needed]


@cache
def _selected(parents: int) -> Array:
    """1 where a variable has the value of the selector that its parents choose; axes: parents, selectors, variable."""
    rows = 1 << parents
    out = np.zeros((2,) * (parents + rows + 1))
    for chosen, values in enumerate(product((0, 1), repeat=parents)):
        for selectors in product((0, 1), repeat=rows):
            out[values + selectors + (selectors[chosen],)] = 1.0
    return out


def by_joint(q: Question) -> Array:
    """As ``by_elimination``, from the whole joint distribution.

    Raises:
        UserError: the joint of two worlds has more than MAX_CELLS cells.
    """
    if q.counterfactual:
        q = _ancestral(q)
        table, base = pair_joint(q.model, None, q.do), q.model.graph.n
    else:
        table, base = joint(q.model, q.do), 0
    keep = base + q.target
    index: list[int | slice] = [slice(None)] * table.ndim
    for v, value in q.seen.items():
        index[v] = slice(value, value + 1)
    out: Array = table[tuple(index)].sum(axis=tuple(v for v in range(table.ndim) if v != keep))
    if q.target in q.seen and not q.counterfactual:  # the slice left one value
        whole = np.zeros(2)
        whole[q.seen[q.target]] = out[0]
        return whole
    return out


def _ancestral(q: Question) -> Question:
    """The question without the variables that are neither asked about, observed, intervened on, nor causes of such."""
    graph = q.model.graph
    kept = {q.target, *q.seen, *q.do}
    for v in reversed(graph.order):
        if v in kept:
            kept.update(bits(graph.parents[v]))
    new = {v: i for i, v in enumerate(sorted(kept))}
    edges = [(new[p], new[v]) for v in kept for p in bits(graph.parents[v])]
    return Question(
        tuple(q.names[v] for v in new),
        SCM(DAG.from_edges(len(new), edges), tuple(q.model.tables[v] for v in new)),
        q.unit,
        new[q.target],
        {new[v]: value for v, value in q.seen.items()},
        {new[v]: value for v, value in q.do.items()},
    )


@dataclass(frozen=True)
class Reach:
    """How far numbers that round to the displayed ones move P(target = 1) towards a label.

    Attributes:
        value: the furthest value found, or the first one at or beyond the wanted one.
        rows: the probabilities moved, such as "P(v3=1 | v0=1)", each with where it was moved to.
        reached: the wanted value lies between that of the displayed numbers and ``value``, so some numbers give it.
        bound: no such numbers move the value further than this.
    """

    value: float
    rows: tuple[tuple[str, float], ...]
    reached: bool
    bound: float


def reach(q: Question, wanted: float) -> Reach:
    """Whether the rounding of the tables explains a value of P(target = 1); P(seen) must not be 0.

    That probability is a ratio of two functions that are linear in every single P(variable = 1 | parents), so it is
    monotone in each and its extremes lie where all are at an end of their rounding intervals. They are moved there one
    by one for as long as that helps; by continuity all values on the way are reached.

    The bound: another table for a variable changes the probability of any event by at most half a unit in each world
    that it matters in (where it uses one row). With m such copies P(target, seen) moves by at most d = m half-units
    either way, and the share of one value in it by at most d / P(seen).
    """
    natural = [copy for copy in _needed(q, [*((v, 0) for v in q.seen), _asked(q)]) if not _is_set(q, copy)]
    here = by_elimination(q)
    start = best = float(here[1] / here.sum())
    sign = 1 if wanted > start else -1
    tables = [table.copy() for table in q.model.tables]
    rows = [
        (v, values)
        for v in dict.fromkeys(v for v, _ in natural)
        for values in product((0, 1), repeat=tables[v].ndim - 1)
    ]
    moved: dict[str, float] = {}
    for _ in range(_MAX_ROUNDS):
        helped = False
        for v, values in rows:
            shown, before = q.model.tables[v][values][1], tables[v][values].copy()
            for end in (max(0.0, shown - q.unit / 2), min(1.0, shown + q.unit / 2)):
                tables[v][values] = 1 - end, end
                found = by_elimination(q, tables)
                if found.sum() > 0 and sign * (found[1] / found.sum() - best) > EDGE:
                    best, before, helped = float(found[1] / found.sum()), tables[v][values].copy(), True
                    moved[_name(q, v, values)] = end
                tables[v][values] = before
            if sign * (wanted - best) <= EDGE:
                break
        if not helped or sign * (wanted - best) <= EDGE:
            break
    bound = len(natural) * q.unit / 2 / float(here.sum())
    return Reach(best, tuple(moved.items()), sign * (wanted - best) <= EDGE, bound)


def _name(q: Question, v: int, values: tuple[int, ...]) -> str:
    given = ", ".join(f"{q.names[p]}={x}" for p, x in zip(bits(q.model.graph.parents[v]), values, strict=True))
    return f"P({q.names[v]}=1{' | ' if given else ''}{given})"


def products(q: Question, value: int | None) -> list[list[float]] | None:
    """The products of displayed numbers that sum to P(target = value, seen), to P(seen) for None; None where they are
    more than MAX_PRODUCTS.

    Each goes over one assignment of the variables that matter, in both worlds where there are two: there a variable
    whose parents agree has the same value in both, and counts once.
    """
    graph, ask = q.model.graph, _asked(q)
    fixed = {(v, 0): x for v, x in q.seen.items()} | {(v, 1): x for v, x in q.do.items()}
    if value is not None:
        if fixed.get(ask, value) != value:
            return []
        fixed[ask] = value
    copies = _needed(q, [*((v, 0) for v in q.seen), *([ask] if value is not None else [])])
    found: list[list[float]] = []
    tried = 0

    def extend(at: int, values: dict[tuple[int, int], int], factors: list[float]) -> bool:
        """Whether there is room for all that begin so."""
        nonlocal tried
        tried += 1
        if tried > _MAX_TRIED:
            return False
        if at == len(copies):
            found.append(factors)
            return len(found) <= MAX_PRODUCTS
        v, world = copies[at]
        if _is_set(q, (v, world)):
            return extend(at + 1, {**values, (v, 1): q.do[v]}, factors)
        parents = tuple(values[p, world] for p in graph.causes[v])
        same = world and (v, 0) in values and parents == tuple(values[p, 0] for p in graph.causes[v])
        for x in (0, 1):
            if fixed.get((v, world), x) != x or (same and values[v, 0] != x):
                continue
            factor = float(q.model.tables[v][parents][x])
            new = factors if same else [*factors, factor]
            if (same or factor > 0) and not extend(at + 1, {**values, (v, world): x}, new):
                return False
        return True

    return found if extend(0, {}, []) else None
