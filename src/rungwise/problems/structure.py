"""The graph side of a sampled problem: which graph, which question, which reading is right. No numbers, no names.

Graphs are drawn in *causal order*: node j has its causes among 0..j-1. Whoever builds a problem names the nodes at
random afterwards. In causal order there are only 1,024 graphs on five nodes, so what is found out about one of them
is worth remembering.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations
from random import Random

from rungwise.causal.graph import DAG, bits, mask_of
from rungwise.problems.menu import MENUS, Reading, readings
from rungwise.problems.problem import EFFECTS, Problem, Query
from rungwise.problems.streams import split_of
from rungwise.problems.tasks import task

PUBLISHED = "published"
"""The menu that shows only what the right reading needs."""

ATTEMPTS = 64
"""Graphs drawn for one request, each tried with every treatment, outcome and menu, before it is called too rare."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a structure must be.

    Attributes:
        task: one of TASKS.
        menu: a menu's name, or PUBLISHED.
        place: which reading of the menu is the right one, as a fraction of the menu's length; fixed before any
            graph is drawn, so that no reading is right more often than another.
        zero: the value is 0 by structure (effects only).
        split: the split that the canonical shape belongs to.
    """

    task: str
    menu: str
    place: float
    zero: bool
    split: str


@dataclass(frozen=True, slots=True)
class Structure:
    """A graph with a question and a menu.

    Attributes:
        graph: the graph, in causal order.
        treatment, outcome: nodes.
        held: CDE's mediators, a set of nodes.
        shown: the menu's readings.
        right: the right one among them; None when the value is 0 by structure.
    """

    graph: DAG
    treatment: int
    outcome: int
    held: int
    shown: tuple[Reading, ...]
    right: Reading | None

    @property
    def covariates(self) -> int:
        """How many variables the right reading adjusts for."""
        return self.right[1].bit_count() if self.right else 0

    @property
    def mediators(self) -> int:
        """How many mediators the right reading has, or holds."""
        return self.right[0].bit_count() if self.right else 0

    @property
    def roles(self) -> tuple[int, ...]:
        """The nodes that facts speak of: treatment, outcome, the menu's in order of mention, the held ones."""
        found = dict.fromkeys((self.treatment, self.outcome))
        for ms, zs in self.shown:
            found.update(dict.fromkeys(bits((ms | zs) & ~self.held)))
        return (*found, *bits(self.held))


    def renamed(self, names: Sequence[int]) -> Structure:
        """The same with node v called ``names[v]``."""

        def nodes(mask: int) -> int:
            return mask_of([names[v] for v in bits(mask)])

        def reading(r: Reading) -> Reading:
            return nodes(r[0]), nodes(r[1])

        parents, children = [0] * self.graph.n, [0] * self.graph.n
        for v, name in enumerate(names):
            parents[name] = nodes(self.graph.parents[v])
            children[name] = nodes(self.graph.children[v])
        return Structure(
            DAG.trusted(tuple(parents), tuple(children)),
            names[self.treatment],
            names[self.outcome],
            nodes(self.held),
            tuple([reading(r) for r in self.shown]),
            reading(self.right) if self.right else None,
        )


def structures(request: Request, n: int, edge_share: tuple[float, float], dice: Random) -> Iterator[Structure]:
    """Random structures with n nodes that meet the request, from ATTEMPTS graphs."""
    # Where the treatment must cause the outcome, it comes first.
    pairs = [(x, y) for x, y in permutations(range(n), 2) if request.zero or x < y]
    for _ in range(ATTEMPTS):
        graph = draw_graph(n, dice.uniform(*edge_share), dice)
        first = int(dice.random() * len(pairs))
        for x, y in pairs[first:] + pairs[:first]:
            found = fits(graph, x, y, request.task, request.menu, request.zero, request.split)
            menus = found[int(request.place * len(found))] if found else ()
            if menus:
                shown, right = menus[int(dice.random() * len(menus))]
                yield Structure(graph, x, y, held_nodes(graph, x, y, request.task), shown, right)
                break


def draw_graph(n: int, edge_share: float, dice: Random) -> DAG:
    """A random graph in causal order: every pair joined with this probability."""
    parents, children = [0] * n, [0] * n
    for effect in range(1, n):
        for cause in range(effect):
            if dice.random() < edge_share:
                parents[effect] |= 1 << cause
                children[cause] |= 1 << effect
    return DAG.trusted(tuple(parents), tuple(children))


def held_nodes(graph: DAG, x: int, y: int, name: str) -> int:
    """The mediators where the task holds them (CDE), else no nodes."""
    return graph.mediators(x, y) if name == "CDE" else 0


Menu = tuple[tuple[Reading, ...], Reading | None]
"""The readings shown and the right one."""


@lru_cache(maxsize=1 << 14)
def fits(graph: DAG, x: int, y: int, name: str, menu: str, zero: bool, split: str) -> tuple[tuple[Menu, ...], ...]:
    """The menus that make a problem of this graph, treatment and outcome, by the place of the right reading.

    For a structural zero and for PUBLISHED there is one place. Empty when there are no menus at all. A reading is
    right when it is the only valid one of its menu. The canonical shape, whose split decides before any number is
    drawn, is looked at last because it costs most.
    """
    held = held_nodes(graph, x, y, name)
    q = structural_query(name, x, y, held)
    if not meets(graph, q, zero):
        return ()
    others = [v for v in range(graph.n) if v not in (x, y) and not held >> v & 1]
    if menu == PUBLISHED:
        found = _published(graph, q, held, others, zero)
    else:
        found = _menus(graph, q, held, others, menu, zero)
    return found if any(found) and split_of(Problem(graph, (), q, ()).shape) == split else ()


def structural_query(name: str, x: int, y: int, held: int) -> Query:
    """The question as far as a graph is concerned: it never asks for values."""
    return Query(name, x, y, 1, 0, 1, tuple((m, 0) for m in bits(held)))


def meets(graph: DAG, q: Query, zero: bool) -> bool:
    """Whether an effect is, or is not, 0 by structure; for PN and PS whether treatment causes outcome."""
    if q.task in EFFECTS:
        return task(q.task).is_zero(graph, q) == zero
    return graph.has_path(q.treatment, q.outcome)


def only_valid(graph: DAG, q: Query, shown: Sequence[Reading]) -> int | None:
    """The place of the one valid reading; None where none or several are valid."""
    good = [i for i, reading in enumerate(shown) if task(q.task).is_valid(graph, q, *reading)]
    return good[0] if len(good) == 1 else None


def _menus(
    graph: DAG, q: Query, held: int, others: Sequence[int], menu: str, zero: bool
) -> tuple[tuple[Menu, ...], ...]:
    shown = [tuple(readings(q.task, menu, nodes, held)) for nodes in permutations(others, MENUS[menu])]
    if zero or not shown:
        return (tuple([(s, None) for s in shown]),)
    places: list[list[Menu]] = [[] for _ in shown[0]]
    for s in shown:
        right = only_valid(graph, q, s)
        if right is not None:
            places[right].append((s, s[right]))
    return tuple(map(tuple, places))


def _published(graph: DAG, q: Query, held: int, others: Sequence[int], zero: bool) -> tuple[tuple[Menu, ...], ...]:
    """The smallest valid reading alone, with at most two covariates; nothing where the value is 0 by structure."""
    if zero:
        return ((((), None),),)
    ms = held if q.task == "CDE" else graph.mediators(q.treatment, q.outcome) if q.task in ("NDE", "NIE") else 0
    rest = [1 << v for v in others if not ms >> v & 1]
    for zs in [0, *rest, *(a | b for a in rest for b in rest if a < b)]:
        if task(q.task).is_valid(graph, q, ms, zs):
            return (((((ms, zs),), (ms, zs)),),)
    return ()
