"""Directed acyclic graphs over nodes 0..n-1, as bitmasks.

A set of nodes is an ``int`` whose bit ``v`` is set when node ``v`` belongs to it. For graphs of the
sizes we ask about (a handful of nodes, 63 at most) this is faster than any set class and hashes for free.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import combinations

from rungwise.errors import UserError

MAX_NODES = 63


def bits(mask: int) -> Iterator[int]:
    """The nodes of a set, in increasing order."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


@lru_cache(maxsize=1 << 12)
def members(mask: int) -> tuple[int, ...]:
    """The nodes of a set, in increasing order, at once: for small sets that come up again and again."""
    return tuple(bits(mask))


def mask_of(nodes: Iterable[int]) -> int:
    """The set that holds these nodes."""
    mask = 0
    for v in nodes:
        mask |= 1 << v
    return mask


def subsets(mask: int) -> Iterator[int]:
    """Every subset of a set, smaller ones first."""
    nodes = list(bits(mask))
    for size in range(len(nodes) + 1):
        for chosen in combinations(nodes, size):
            yield mask_of(chosen)


@dataclass(frozen=True)
class DAG:
    """A directed acyclic graph; ``parents[v]`` is the set (bitmask) of v's direct causes.

    Raises:
        UserError: the edges form a cycle, or there are more than 63 nodes.
    """

    parents: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.parents) > MAX_NODES:
            raise UserError(f"a graph has at most {MAX_NODES} nodes, this one has {len(self.parents)}")
        if len(self.order) != len(self.parents):
            rest = [v for v in range(self.n) if v not in self.order]
            raise UserError(f"the graph has a cycle among nodes {rest}; remove one of its edges")

    @classmethod
    def from_edges(cls, n: int, edges: Iterable[tuple[int, int]]) -> DAG:
        """The graph with ``n`` nodes and these (cause, effect) pairs.

        Raises:
            UserError: an edge names a node outside 0..n-1, or the edges form a cycle.
        """
        parents = [0] * n
        for a, b in edges:
            if not (0 <= a < n and 0 <= b < n):
                raise UserError(f"edge {a}->{b} names a node outside 0..{n - 1}")
            parents[b] |= 1 << a
        return cls(tuple(parents))

    @classmethod
    def trusted(cls, parents: tuple[int, ...], children: tuple[int, ...]) -> DAG:
        """A graph made without the check, for callers that know it to be acyclic and have its children at hand."""
        graph = object.__new__(cls)
        graph.__dict__.update(parents=parents, children=children)
        return graph

    @property
    def n(self) -> int:
        """The number of nodes."""
        return len(self.parents)

    @cached_property
    def order(self) -> tuple[int, ...]:
        """A topological order, causes first (shorter than n when there is a cycle; see __post_init__)."""
        done, order = 0, []
        progress = True
        while progress:
            progress = False
            for v, pa in enumerate(self.parents):
                if not done >> v & 1 and pa & ~done == 0:
                    done |= 1 << v
                    order.append(v)
                    progress = True
        return tuple(order)

    @cached_property
    def children(self) -> tuple[int, ...]:
        """For each node the set of its direct effects."""
        out = [0] * self.n
        for v, pa in enumerate(self.parents):
            for p in bits(pa):
                out[p] |= 1 << v
        return tuple(out)

    @cached_property
    def causes(self) -> tuple[tuple[int, ...], ...]:
        """For each node its direct causes in order: the axes of its table."""
        return tuple([members(pa) for pa in self.parents])

    @cached_property
    def ancestors(self) -> tuple[int, ...]:
        """For each node the set of its causes, direct or not, without itself."""
        out = [0] * self.n
        for v in self.order:
            for p in bits(self.parents[v]):
                out[v] |= out[p] | 1 << p
        return tuple(out)

    @cached_property
    def descendants(self) -> tuple[int, ...]:
        """For each node the set of its effects, direct or not, without itself."""
        out = [0] * self.n
        for v in reversed(self.order):
            for c in bits(self.children[v]):
                out[v] |= out[c] | 1 << c
        return tuple(out)

    @cached_property
    def edges(self) -> list[tuple[int, int]]:
        """All (cause, effect) pairs, by cause and then effect."""
        return sorted([(p, v) for v, causes in enumerate(self.causes) for p in causes])

    def has_edge(self, a: int, b: int) -> bool:
        """Whether a is a direct cause of b."""
        return bool(self.parents[b] >> a & 1)

    def has_path(self, a: int, b: int) -> bool:
        """Whether a causes b, directly or not."""
        return a != b and bool(closure(self.children, 1 << a) >> b & 1)

    def mediators(self, x: int, y: int) -> int:
        """The set of nodes strictly between x and y on directed paths."""
        return closure(self.children, 1 << x) & closure(self.parents, 1 << y) & ~(1 << x | 1 << y)

    def without_edges_out_of(self, nodes: int) -> DAG:
        """The graph with every edge that leaves one of these nodes removed."""
        return DAG.trusted(
            tuple([pa & ~nodes for pa in self.parents]),
            tuple([0 if nodes >> v & 1 else below for v, below in enumerate(self.children)]),
        )

    def d_separated(self, xs: int, ys: int, zs: int) -> bool:
        """Whether zs d-separates xs from ys (Bayes ball, Shachter 1998; linear in the edges). The sets are disjoint."""
        return _d_separated(self.parents, self.children, xs, ys, zs)

    def is_backdoor_set(self, xs: int, y: int, zs: int) -> bool:
        """Whether zs satisfies the back-door criterion for the joint effect of the nodes xs on y.

        No node of zs descends from xs, and zs blocks every proper non-causal path from xs to y. With one
        treatment this is Pearl's criterion (Causality, 2009, def. 3.3.1); with several it is the
        adjustment criterion of Perkovic et al. (2018, def. 6) less the descendants.
        """
        if zs & (closure(self.children, xs) | 1 << y):
            return False
        if xs & (xs - 1) == 0:
            return self.without_edges_out_of(xs).d_separated(xs, 1 << y, zs)
        # Proper back-door graph: cut the first edge of every causal path that leaves xs for good.
        causal = self._causal_nodes(xs, y)
        parents = [pa & ~xs if causal >> v & 1 else pa for v, pa in enumerate(self.parents)]
        children = [ch & ~causal if xs >> v & 1 else ch for v, ch in enumerate(self.children)]
        return _d_separated(parents, children, xs, 1 << y, zs)

    def _causal_nodes(self, xs: int, y: int) -> int:
        """Nodes outside xs on directed paths from xs to y that meet xs only in their first node."""
        to_y = closure(self.parents, 1 << y, xs)
        starts = 0
        for x in bits(xs):
            starts |= self.children[x] & to_y
        return closure(self.children, starts, xs) & to_y

    def is_mediation_set(self, x: int, y: int, ms: int, zs: int) -> bool:
        """Whether NDE and NIE of x on y are identified by the mediators ms and the covariates zs.

        ms must be all mediators; zs must contain no descendant of x, block the back-door paths from x to
        y and to each mediator, and, with x, block those from the mediators to y (Pearl 2001; the
        conditions of VanderWeele 2015, section 2.3, read off the graph).
        """
        if ms != self.mediators(x, y) or zs & (closure(self.children, 1 << x) | 1 << y):
            return False
        if not self.without_edges_out_of(1 << x).d_separated(1 << x, ms | 1 << y, zs):
            return False
        return not ms or self.without_edges_out_of(ms).d_separated(ms, 1 << y, zs | 1 << x)

    def canonical(self, marks: Sequence[int]) -> tuple[int, ...]:
        """A form equal for two graphs exactly when a relabelling of nodes maps one onto the other.

        ``marks[v]`` is a colour (0 or more) that the relabelling must keep. Fine for the ten or so nodes we ask
        about (see ``canonical.py``).
        """
        from rungwise.causal.canonical import canonical_form

        return canonical_form(self.parents, tuple(marks))


def closure(neighbours: Sequence[int], start: int, without: int = 0) -> int:
    """``start`` and all that its nodes reach through ``neighbours`` (parents or children) outside ``without``."""
    found = todo = start
    while todo:
        low = todo & -todo
        new = neighbours[low.bit_length() - 1] & ~(found | without)
        found |= new
        todo = (todo ^ low) | new
    return found


def _d_separated(parents: Sequence[int], children: Sequence[int], xs: int, ys: int, zs: int) -> bool:
    above_z = closure(parents, zs)
    # up: nodes reached from one of their children (or started from), which may be left towards their parents;
    # down: nodes reached from a parent.
    up, down = xs & ~zs, 0
    seen_up = seen_down = 0
    while up or down:
        if up:
            low = up & -up
            if low & ys:
                return False
            seen_up |= low
            up ^= low
            if not low & zs:
                v = low.bit_length() - 1
                up |= parents[v] & ~seen_up
                down |= children[v] & ~seen_down
        else:
            low = down & -down
            seen_down |= low
            down ^= low
            v = low.bit_length() - 1
            if not low & zs:
                if low & ys:
                    return False
                down |= children[v] & ~seen_down
            if low & above_z:
                up |= parents[v] & ~seen_up
    return True
