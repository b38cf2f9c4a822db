"""Acyclic directed mixed graphs: a DAG and, between nodes that share an unobserved cause, bidirected edges.

Sets of nodes are bitmasks, as in ``graph``. Such a graph is what a model with independent unobserved causes of two
nodes each (a semi-Markovian one) looks like from the nodes that are observed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from rungwise.causal.graph import DAG, bits, closure, mask_of
from rungwise.errors import UserError

_State = tuple[int, bool]
"""A node that a walk is at, and whether it came in by an arrowhead."""


@dataclass(frozen=True, slots=True)
class Path:
    """A path: its nodes, and "->", "<-" or "<->" between each two."""

    nodes: tuple[int, ...]
    arrows: tuple[str, ...]

    @property
    def colliders(self) -> tuple[int, ...]:
        """The nodes at which two arrowheads meet."""
        met = zip(self.nodes[1:], pairwise(self.arrows), strict=False)
        return tuple([v for v, (before, after) in met if before.endswith(">") and after.startswith("<")])

    def text(self, names: Sequence[str]) -> str:
        """As in "A <- B -> C"."""
        rest = [f" {arrow} {names[v]}" for arrow, v in zip(self.arrows, self.nodes[1:], strict=True)]
        return "".join([names[self.nodes[0]], *rest])


@dataclass(frozen=True)
class ADMG:
    """An acyclic directed mixed graph; ``spouses[v]`` is the set of nodes that share an unobserved cause with v."""

    dag: DAG
    spouses: tuple[int, ...]

    @classmethod
    def from_edges(cls, n: int, directed: Iterable[tuple[int, int]], bidirected: Iterable[tuple[int, int]]) -> ADMG:
        """The graph with ``n`` nodes, these (cause, effect) pairs and these pairs with an unobserved cause.

        Raises:
            UserError: an edge names a node outside 0..n-1 or joins a node with itself, or causes form a cycle.
        """
        spouses = [0] * n
        for a, b in bidirected:
            if not (0 <= a < n and 0 <= b < n) or a == b:
                raise UserError(f"bidirected edge {a}<->{b} does not join two of the nodes 0..{n - 1}")
            spouses[a] |= 1 << b
            spouses[b] |= 1 << a
        return cls(DAG.from_edges(n, directed), tuple(spouses))

    @classmethod
    def of(cls, dag: DAG) -> ADMG:
        """The graph in which every common cause is observed."""
        return cls(dag, (0,) * dag.n)

    @property
    def n(self) -> int:
        """The number of nodes."""
        return self.dag.n

    @cached_property
    def everything(self) -> int:
        """The set of all nodes."""
        return (1 << self.n) - 1

    def ancestors(self, nodes: int, within: int) -> int:
        """These nodes and all their causes that reach them inside ``within``, which holds them."""
        return closure(self.dag.parents, nodes, ~within)

    def district(self, nodes: int, within: int) -> int:
        """These nodes and all that bidirected paths inside ``within`` join with them: for one node, its c-component."""
        return closure(self.spouses, nodes, ~within)

    def districts(self, within: int) -> tuple[int, ...]:
        """The c-components of the subgraph over ``within``, by their first node (Tian & Pearl 2002)."""
        out = []
        while within:
            found = self.district(within & -within, within)
            out.append(found)
            within &= ~found
        return tuple(out)

    def m_separated(self, xs: int, ys: int, zs: int) -> bool:
        """Whether zs blocks every path between xs and ys (Richardson 2003). The sets are disjoint."""
        return self.open_path(xs, ys, zs) is None

    def open_path(self, xs: int, ys: int, zs: int) -> Path | None:
        """A shortest path from xs to ys that zs leaves open, None where it m-separates them. The sets are disjoint."""
        came, end = self._walk(xs, ys, zs)
        if end is None:
            return None
        nodes, arrows = [end[0]], []
        at = end
        while (step := came[at]) is not None:
            at, arrow = step
            nodes.append(at[0])
            arrows.append(arrow)
        return Path(tuple(nodes[::-1]), tuple(arrows[::-1]))

    def connected(self, xs: int, zs: int) -> int:
        """The nodes outside xs and zs that some path from xs reaches when zs is given."""
        came, _ = self._walk(xs, 0, zs)
        return mask_of(v for v, _ in came) & ~(xs | zs)

    def _walk(self, xs: int, ys: int, zs: int) -> tuple[dict[_State, tuple[_State, str] | None], _State | None]:
        """Where each state on open walks from xs was first come from, up to the first one in ys; and that one."""
        above_z = closure(self.dag.parents, zs)
        came: dict[_State, tuple[_State, str] | None] = {(x, False): None for x in bits(xs)}
        todo = deque(came)
        while todo:
            at = todo.popleft()
            v, by_head = at
            if ys >> v & 1:
                return came, at
            # A node passed otherwise than head to head must not be given; a collider must be, or cause what is.
            passed, collided = not zs >> v & 1, bool(by_head and above_z >> v & 1)
            if not by_head and not passed:
                continue
            ways = [("->", True, self.dag.children[v])] if passed else []
            if not by_head or collided:
                ways += [("<-", False, self.dag.parents[v]), ("<->", True, self.spouses[v])]
            for arrow, head, nodes in ways:
                for u in bits(nodes):
                    if (u, head) not in came:
                        came[u, head] = at, arrow
                        todo.append((u, head))
        return came, None
