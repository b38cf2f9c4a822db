"""The graph side of a sampled problem: which graph, which question, which reading is right. No numbers, no names.

Graphs are drawn in *causal order*: node j has its causes among 0..j-1. Whoever builds a problem names the nodes at
random afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import permutations, product
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

ENUMERATED = 3
"""Up to so many nodes all graphs are looked at before any is drawn."""


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
        graph: the graph, in causal order until it is renamed.
        treatment, outcome: nodes.
        held: CDE's mediators, a set of nodes.
        shown: the menu's readings.
        right: the right one among them; None when the value is 0 by structure.
        roles: the nodes that facts speak of: treatment, outcome, the menu's in order of mention, the held ones.
    """

    graph: DAG
    treatment: int
    outcome: int
    held: int
    shown: tuple[Reading, ...]
    right: Reading | None
    roles: tuple[int, ...]

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
            tuple([names[v] for v in self.roles]),
        )


def make_structure(graph: DAG, q: Query, shown: tuple[Reading, ...], right: Reading | None) -> Structure:
    """The structure of a graph, a question (its values play no part) and a menu."""
    held = mask_of([v for v, _ in q.held])
    roles = dict.fromkeys((q.treatment, q.outcome))
    for ms, zs in shown:
        roles.update(dict.fromkeys(bits((ms | zs) & ~held)))
    return Structure(graph, q.treatment, q.outcome, held, shown, right, (*roles, *bits(held)))


def structures(request: Request, n: int, edge_share: tuple[float, float], dice: Random) -> Iterator[Structure]:
    """Random structures with n nodes that meet the request, from ATTEMPTS graphs, at most one from each."""
    if n <= ENUMERATED and not exists(replace(request, place=_middle(request)), n):
        return
    pairs = _pairs(n, request.zero)
    for _ in range(ATTEMPTS):
        graph = draw_graph(n, dice.uniform(*edge_share), dice)
        first = int(dice.random() * len(pairs))
        for x, y in pairs[first:] + pairs[:first]:
            found = fit(graph, x, y, request, dice)
            if found is not None:
                yield found
                break


def _pairs(n: int, zero: bool) -> list[tuple[int, int]]:
    """Treatments and outcomes worth trying: where the one must cause the other, it comes first."""
    return [(x, y) for x, y in permutations(range(n), 2) if zero or x < y]


@lru_cache(maxsize=1024)
def exists(request: Request, n: int) -> bool:
    """Whether any graph on n nodes meets the request (there are 2 to the n (n-1) / 2 in causal order)."""
    graphs = map(DAG, product(*(range(1 << v) for v in range(n))))
    pairs = _pairs(n, request.zero)
    return any(fit(graph, x, y, request, Random(0)) is not None for graph in graphs for x, y in pairs)


def _middle(request: Request) -> float:
    """The same place in the menu, as one number for all fractions that mean it."""
    if request.menu == PUBLISHED or request.zero:
        return 0.0
    length = len(readings(request.task, request.menu, range(MENUS[request.menu])))
    return (int(request.place * length) + 0.5) / length


def draw_graph(n: int, edge_share: float, dice: Random) -> DAG:
    """A random graph in causal order: every pair joined with this probability."""
    parents, children = [0] * n, [0] * n
    for effect in range(1, n):
        for cause in range(effect):
            if dice.random() < edge_share:
                parents[effect] |= 1 << cause
                children[cause] |= 1 << effect
    return DAG.trusted(tuple(parents), tuple(children))


def fit(graph: DAG, x: int, y: int, request: Request, dice: Random) -> Structure | None:
    """A structure of this graph, treatment and outcome that meets the request, its menu variables chosen at random.

    The canonical shape, whose split decides before any number is drawn, is looked at last because it costs most.
    """
    q = structural_query(request.task, x, y)
    if not meets(graph, q, request.zero):
        return None
    held = graph.mediators(x, y) if request.task == "CDE" else 0
    if held:
        q = structural_query(request.task, x, y, held)
    others = tuple([v for v in range(graph.n) if v not in (x, y) and not held >> v & 1])
    if request.menu == PUBLISHED:
        found = _published(graph, q, held, others, request.zero)
    else:
        menus = possible_menus(request.task, request.menu, others, held)
        if request.zero:
            found = [(shown, None) for shown in menus]
        else:
            found = _decided(graph, q, menus, int(request.place * len(menus[0])) if menus else 0)
    if not found or not _in_split(graph, q, request.split):
        return None
    return make_structure(graph, q, *found[int(dice.random() * len(found))])


def refit(like: Structure, graph: DAG, right: Reading | None, request: Request) -> Structure | None:
    """The structure that has this graph with the treatment, outcome, held nodes and menu of another one, or None
    unless ``right`` is the only valid reading there (the value 0 by structure where it is None) and task and split
    are those of the request."""
    q = structural_query(request.task, like.treatment, like.outcome, like.held)
    if not meets(graph, q, right is None):
        return None
    if request.task == "CDE" and graph.mediators(q.treatment, q.outcome) != like.held:
        return None
    if right is not None and not _decided(graph, q, [like.shown], like.shown.index(right)):
        return None
    return replace(like, graph=graph, right=right) if _in_split(graph, q, request.split) else None


def _in_split(graph: DAG, q: Query, split: str) -> bool:
    return split_of(Problem(graph, (), q, ()).shape) == split


@lru_cache(maxsize=4096)
def structural_query(name: str, x: int, y: int, held: int = 0) -> Query:
    """The question as far as a graph is concerned, which never asks for values."""
    return Query(name, x, y, 1, 0, 1, tuple([(m, 0) for m in bits(held)]))


def meets(graph: DAG, q: Query, zero: bool) -> bool:
    """Whether an effect is, or is not, 0 by structure; for PN and PS whether treatment causes outcome."""
    if q.task in EFFECTS:
        return task(q.task).is_zero(graph, q) == zero
    return graph.has_path(q.treatment, q.outcome)


@lru_cache(maxsize=4096)
def possible_menus(name: str, menu: str, others: tuple[int, ...], held: int) -> list[tuple[Reading, ...]]:
    """The menu's readings for every choice of its variables among ``others``."""
    return [tuple(readings(name, menu, nodes, held)) for nodes in permutations(others, MENUS[menu])]


Menu = tuple[tuple[Reading, ...], Reading | None]
"""The readings shown and the right one."""


def _decided(graph: DAG, q: Query, menus: Sequence[tuple[Reading, ...]], place: int) -> list[Menu]:
    """The menus whose only valid reading is the one at this place."""
    is_valid = task(q.task).is_valid
    known: dict[Reading, bool] = {}
    found: list[Menu] = []
    for shown in menus:
        right = shown[place]
        for reading in (right, *shown):
            if reading not in known:
                known[reading] = is_valid(graph, q, *reading)
            if known[reading] != (reading == right):
                break
        else:
            found.append((shown, right))
    return found


def _published(graph: DAG, q: Query, held: int, others: Sequence[int], zero: bool) -> list[Menu]:
    """The smallest valid reading alone, about two variables at most (beside those that CDE holds), as the published
    sets have it; nothing where the value is 0 by structure."""
    if zero:
        return [((), None)]
    ms = held if q.task == "CDE" else graph.mediators(q.treatment, q.outcome) if q.task in ("NDE", "NIE") else 0
    rest = [1 << v for v in others if not ms >> v & 1]
    for zs in [0, *rest, *(a | b for a in rest for b in rest if a < b)]:
        if ((ms & ~held) | zs).bit_count() > 2:
            continue
        if task(q.task).is_valid(graph, q, ms, zs):
            return [(((ms, zs),), (ms, zs))]
    return []
