"""Sets of covariates by Pearl's graphical criteria, and why a set does not meet one.

Back-door criterion: Causality (2009), definition 3.3.1; front-door criterion: definition 3.3.3. Everything drawn is
observed. Time is polynomial.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal

from rungwise.causal.admg import ADMG, Path
from rungwise.causal.graph import DAG, bits, closure, mask_of

Rule = Literal["members", "descendants", "directed", "into", "onward", "no cause", "exclusion"]


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a set does not meet a criterion.

    Attributes:
        rule: of the back-door criterion, "descendants" (it holds effects of the treatment) or "into" (it leaves open a
            path that enters the treatment). Of the front-door criterion, "directed" (it misses a directed path), "into"
            (a back-door path from the treatment to the set is open) or "onward" (the treatment leaves open a back-door
            path from the set to the outcome). Of an instrument, "no cause" (it does not cause the treatment) or
            "exclusion" (it is connected with the outcome otherwise than through the treatment). "members": it holds
            the treatment or the outcome.
        nodes: the nodes at fault; empty where a path is.
        path: the path that should not be, where one is at fault.
    """

    rule: Rule
    nodes: int = 0
    path: Path | None = None


def backdoor_fault(dag: DAG, x: int, y: int, zs: int) -> Fault | None:
    """Why zs does not meet the back-door criterion for the effect of x on y, two nodes; None where it does."""
    if own := zs & (1 << x | 1 << y):
        return Fault("members", own)
    if below := zs & dag.descendants[x]:
        return Fault("descendants", below)
    path = _without_arrows_out_of(dag, 1 << x).open_path(1 << x, 1 << y, zs)
    return Fault("into", path=path) if path else None


def frontdoor_fault(dag: DAG, x: int, y: int, zs: int) -> Fault | None:
    """Why zs does not meet the front-door criterion for the effect of x on y, two nodes; None where it does."""
    if own := zs & (1 << x | 1 << y):
        return Fault("members", own)
    missed = directed_path(dag, x, y, zs)
    if missed:
        return Fault("directed", path=missed)
    into = _without_arrows_out_of(dag, 1 << x).open_path(1 << x, zs, 0)
    if into:
        return Fault("into", path=into)
    onward = _without_arrows_out_of(dag, zs).open_path(zs, 1 << y, 1 << x)
    return Fault("onward", path=onward) if onward else None


def instrument_fault(dag: DAG, z: int, x: int, y: int) -> Fault | None:
    """Why z is no instrument for the effect of x on y, two nodes; None where it is.

    An instrument causes x, and with the arrows out of x cut it is connected with y by no open path: so it affects y
    only through x and shares no cause with it: a causal instrument (Hernan & Robins 2006; a surrogate instrument need
    only depend on x).
    """
    if own := 1 << z & (1 << x | 1 << y):
        return Fault("members", own)
    if not dag.has_path(z, x):
        return Fault("no cause", 1 << z)
    path = _without_arrows_out_of(dag, 1 << x).open_path(1 << z, 1 << y, 0)
    return Fault("exclusion", path=path) if path else None


def directed_path(dag: DAG, x: int, y: int, without: int = 0) -> Path | None:
    """A shortest directed path from x to another node y with no node in ``without``, None where there is none."""
    came, todo = {x: x}, deque([x])
    while todo and y not in came:
        v = todo.popleft()
        for u in bits(dag.children[v] & ~without):
            if u not in came:
                came[u] = v
                todo.append(u)
    if y not in came:
        return None
    nodes = [y]
    while nodes[-1] != x:
        nodes.append(came[nodes[-1]])
    return Path(tuple(nodes[::-1]), ("->",) * (len(nodes) - 1))


def largest_backdoor_set(dag: DAG, x: int, y: int) -> int | None:
    """The largest set that meets the back-door criterion, of which every other is part; None where there is none.

    It holds all nodes but x, y and the effects of x. For this set blocks every path into x at the cause of x that comes
    first, unless this is y; and then no set does.
    """
    if dag.has_edge(y, x):
        return None
    return (1 << dag.n) - 1 & ~(dag.descendants[x] | 1 << x | 1 << y)


def smallest_backdoor_set(dag: DAG, x: int, y: int) -> int | None:
    """A smallest set that meets the back-door criterion, None where none does.

    A smallest vertex cut between x and y in the moral graph of their causes, the arrows out of x cut; only nodes that
    x does not cause may be cut (van der Zander, Liskiewicz & Textor 2019, section 4).
    """
    allowed = largest_backdoor_set(dag, x, y)
    if allowed is None:
        return None
    cut = dag.without_edges_out_of(1 << x)
    return _vertex_cut(_moral(cut, closure(cut.parents, 1 << x | 1 << y)), x, y, allowed)


def _without_arrows_out_of(dag: DAG, nodes: int) -> ADMG:
    return ADMG.of(dag.without_edges_out_of(nodes))


def _moral(dag: DAG, kept: int) -> list[int]:
    """The neighbours of each node in the moral graph over a set that holds all its causes."""
    near = [0] * dag.n
    for v in bits(kept):
        family = dag.parents[v] | 1 << v
        for u in bits(family):
            near[u] |= family & ~(1 << u)
    return near


def _vertex_cut(near: list[int], x: int, y: int, allowed: int) -> int:
    """A smallest set of allowed nodes without which x and y are not joined; there is one.

    By a largest flow (Menger; Ford & Fulkerson 1956): node v is an arc from 2v to 2v + 1 that carries 1 where v may be
    cut, and all other arcs carry any number.
    """
    room: dict[int, dict[int, int]] = {side: {} for side in range(2 * len(near))}
    for v, nodes in enumerate(near):
        for a, b, most in [(2 * v, 2 * v + 1, 1 if allowed >> v & 1 else len(near))] + [
            (2 * v + 1, 2 * u, len(near)) for u in bits(nodes)
        ]:
            room[a][b] = most
            room[b].setdefault(a, 0)
    while True:
        came, todo = {2 * x + 1: 2 * x + 1}, deque([2 * x + 1])
        while todo and 2 * y not in came:
            a = todo.popleft()
            for b, most in room[a].items():
                if most and b not in came:
                    came[b] = a
                    todo.append(b)
        if 2 * y not in came:
            return mask_of(v for v in bits(allowed) if 2 * v in came and 2 * v + 1 not in came)
        b = 2 * y
        while b != 2 * x + 1:
            a = came[b]
            room[a][b] -= 1
            room[b][a] += 1
            b = a
