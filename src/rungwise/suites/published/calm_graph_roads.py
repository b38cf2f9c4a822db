"""CaLM's graph tasks once more, by other algorithms on other data than ``calm_graphs``: names, sets and pairs.

Separation by the moral graph of the causes (Lauritzen et al. 1990) instead of open paths; instruments by causes in
common; identification by fixing (Richardson, Evans, Robins & Shpitser 2023) instead of c-factors.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

Edges = Collection[tuple[str, str]]


def effects(edges: Edges, nodes: Iterable[str]) -> set[str]:
    """The nodes and all that they lead to."""
    below: dict[str, list[str]] = {}
    for a, b in edges:
        below.setdefault(a, []).append(b)
    found = set(nodes)
    todo = list(found)
    while todo:
        new = {b for b in below.get(todo.pop(), ()) if b not in found}
        found |= new
        todo += new
    return found


def causes(edges: Edges, nodes: Iterable[str]) -> set[str]:
    """The nodes and all that leads to them."""
    return effects([(b, a) for a, b in edges], nodes)


def meets_backdoor(edges: Edges, x: str, y: str, zs: frozenset[str]) -> bool:
    """Whether zs meets the back-door criterion for x and another node y."""
    if zs & (effects(edges, [x]) | {y}):
        return False
    return _separated([(a, b) for a, b in edges if a != x], {x}, {y}, zs)


def meets_frontdoor(edges: Edges, x: str, y: str, zs: frozenset[str]) -> bool:
    """Whether zs meets the front-door criterion for x and another node y."""
    if zs & {x, y} or y in effects([(a, b) for a, b in edges if a not in zs], [x]):
        return False
    from_x = [(a, b) for a, b in edges if a != x]
    from_zs = [(a, b) for a, b in edges if a not in zs]
    return _separated(from_x, {x}, zs, frozenset()) and _separated(from_zs, set(zs), {y}, frozenset({x}))


def are_instruments(edges: Edges, x: str, y: str, zs: frozenset[str]) -> bool:
    """Whether zs holds nodes and each is an instrument for x and another node y: a cause of x that has no cause in
    common with y, itself and y counted among them, when the arrows out of x are cut."""
    of_y = causes([(a, b) for a, b in edges if a != x], [y])
    return bool(zs) and all(
        z not in (x, y) and x in effects(edges, [z]) and not of_y & causes([(a, b) for a, b in edges if a != x], [z])
        for z in zs
    )


def _separated(edges: Edges, xs: set[str], ys: Iterable[str], zs: frozenset[str]) -> bool:
    kept = causes(edges, xs | set(ys) | zs)
    joined = {(a, b) for a, b in edges if b in kept}
    by_effect: dict[str, list[str]] = {}
    for a, b in joined:
        by_effect.setdefault(b, []).append(a)
    joined |= {(a, b) for parents in by_effect.values() for a in parents for b in parents}
    joined |= {(b, a) for a, b in joined}
    return not effects([(a, b) for a, b in joined if b not in zs], xs) & set(ys)


def chosen(options: list[frozenset[str]], meets: Callable[[frozenset[str]], bool], wanted: str) -> int | None:
    """The number, from 1, of the option that meets a criterion and is the only "smallest", the only "largest" or the
    "only" one to do so; None where none or several are."""
    sizes = {number: len(option) for number, option in enumerate(options, 1) if meets(option)}
    extreme = {"smallest": min, "largest": max}.get(wanted)
    if sizes and extreme:
        limit = extreme(sizes.values())
        sizes = {number: size for number, size in sizes.items() if size == limit}
    return next(iter(sizes)) if len(sizes) == 1 else None


def identified(edges: Edges, hidden: Edges, x: str, y: str) -> bool:
    """Whether P(y | do(x)) is identified: where y is x, and where each district of the causes of y, x cut out, is
    what remains after fixing nodes as long as one can be.

    A node outside the district can be fixed when none of its effects is in its own district.
    """
    if x == y:
        return True
    causing = causes([(a, b) for a, b in edges if x not in (a, b)], [y])
    nodes = {node for edge in [*edges, *hidden] for node in edge} | {x, y}
    districts = {frozenset(_district(hidden, node, causing)) for node in causing}
    return all(_fixable_down_to(edges, hidden, nodes, district) for district in districts)


def _fixable_down_to(edges: Edges, hidden: Edges, left: set[str], district: frozenset[str]) -> bool:
    # The order does not matter: what can be fixed now still can when others are.
    for node in sorted(left - district, reverse=True):
        inside = [(a, b) for a, b in edges if a in left and b in left]
        if effects(inside, [node]) & _district(hidden, node, left) == {node}:
            return _fixable_down_to(edges, hidden, left - {node}, district)
    return left == district


def _district(hidden: Edges, node: str, within: set[str]) -> set[str]:
    return effects([pair for a, b in hidden if {a, b} <= within for pair in ((a, b), (b, a))], [node])
