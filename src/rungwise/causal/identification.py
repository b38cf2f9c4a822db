"""Whether observation identifies the effect of an intervention in a graph with unobserved common causes.

P(y | do(x)) is a sum over products of c-factors, one for each c-component of what causes y when x is cut out, and is
identified if and only if each of them is (Tian & Pearl 2002; complete: Huang & Valtorta 2006, Shpitser & Pearl 2006).
A c-factor is had from that of its whole c-component by turns: sum out what does not cause it there, keep the
c-component that it is in. Where neither changes anything, the two sets form a hedge, for which two models agree in
all that is observed and differ in the effect. Time is polynomial: at most n turns a factor, each linear in the edges.
"""

from __future__ import annotations

from dataclasses import dataclass

from rungwise.causal.admg import ADMG


@dataclass(frozen=True, slots=True)
class CFactor:
    """How the c-factor of a district is had from the joint distribution.

    Attributes:
        district: the set of nodes whose c-factor it is.
        turns: sets of nodes, each inside the one before: the c-component of the graph that holds the district, then by
            turns the ancestors of the district in the set before (a sum) and the c-component of these that holds it (a
            product of ratios). The last is the district.
    """

    district: int
    turns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Identified:
    """P(y | do(x)): the sum, over ``relevant`` without y, of the product of the c-factors.

    Attributes:
        relevant: y and what causes it when x is cut out.
        factors: one for each district of the graph over ``relevant``.
    """

    relevant: int
    factors: tuple[CFactor, ...]


@dataclass(frozen=True, slots=True)
class Hedge:
    """Why an effect is not identified (Shpitser & Pearl 2006, definition 6).

    Bidirected edges connect each of the two sets in itself; every node of ``outer`` causes ``inner`` inside ``outer``;
    ``inner`` causes y by paths that avoid x; x has a node in ``outer`` and none in ``inner``, which is part of it.
    """

    outer: int
    inner: int


def identify(graph: ADMG, xs: int, ys: int, within: int | None = None) -> Identified | Hedge:
    """Whether P(ys | do(xs)) is a function of the observed joint distribution, and how or why not.

    Args:
        xs: the nodes set; disjoint from ys.
        ys: the outcomes.
        within: only the subgraph over these nodes, which hold xs and ys, is looked at; all by default.
    """
    within = graph.everything if within is None else within
    relevant = graph.ancestors(ys, within & ~xs)
    factors = []
    for district in graph.districts(relevant):
        turns = [graph.district(district, within)]
        while turns[-1] != district:
            causing = graph.ancestors(district, turns[-1])
            if causing == turns[-1]:
                return Hedge(causing, district)
            turns += [causing, graph.district(district, causing)]
        factors.append(CFactor(district, tuple(turns)))
    return Identified(relevant, tuple(factors))


def smallest_hedge(graph: ADMG, xs: int, ys: int) -> tuple[Hedge, int] | None:
    """A hedge for P(ys | do(xs)) and the nodes of its subgraph, none of which could be left out; None where there is
    none.

    An effect that a subgraph does not identify is not identified in the whole graph either, so nodes are left out one
    by one as long as a hedge remains.
    """
    within = graph.everything
    found = identify(graph, xs, ys)
    for v in reversed(range(graph.n)):
        if isinstance(found, Identified):
            return None
        if (xs | ys) >> v & 1:
            continue
        less = identify(graph, xs, ys, within & ~(1 << v))
        if isinstance(less, Hedge):
            found, within = less, within & ~(1 << v)
    return (found, within) if isinstance(found, Hedge) else None


def confounded_children(graph: ADMG, x: int, y: int) -> tuple[int, int]:
    """Among y and its causes: the nodes that bidirected paths join with x, and the children of x.

    Where x causes y and the two sets are disjoint, the effect is identified (Tian & Pearl 2002, theorem 4, in the
    graph over the causes of y). The converse does not hold for one outcome.
    """
    causing = graph.ancestors(1 << y, graph.everything)
    joined = graph.district(1 << x, causing | 1 << x) & ~(1 << x)
    return joined, graph.dag.children[x] & causing
