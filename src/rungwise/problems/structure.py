"""What the graph side of a sampled problem is: a graph with a question and a menu. No numbers, no names.

A structure's nodes are its *roles*: 0 is the treatment, 1 the outcome, then come the menu's variables, the held ones
and the rest. Whoever builds a problem numbers the nodes anew at random.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rungwise.causal.graph import DAG, bits, mask_of
from rungwise.problems.menu import Reading
from rungwise.problems.problem import EFFECTS, Problem, Query
from rungwise.problems.streams import split_of
from rungwise.problems.tasks import task

PUBLISHED = "published"
"""The menu that shows only what the right reading needs."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a structure must be.

    Attributes:
        task: one of TASKS or POINT_TASKS.
        n: number of nodes.
        menu: a menu's name, or PUBLISHED.
        place: which reading of the menu is the right one (its index); fixed before any graph is drawn, so that no
            reading is right more often than another. 0 where it plays no part.
        zero: the value is 0 by structure (effects only).
        split: the split that the canonical shape belongs to.
    """

    task: str
    n: int
    menu: str
    place: int
    zero: bool
    split: str


class Structure(NamedTuple):
    """A graph with a question and a menu, over roles.

    Attributes:
        effects: shape (n, n), true where the first node directly causes the second.
        k: how many roles the facts speak of: treatment, outcome, the menu's in order of mention, the held ones.
        held: CDE's mediators, a set of roles.
        shown: the menu's readings.
        right: the right one among them; None when the value is 0 by structure.
        shape: the canonical shape.
        relevant: so many roles are among the first k or cause one of these; they come first. All, where that is not
            looked at.
    """

    effects: NDArray[np.bool_]
    k: int
    held: int
    shown: tuple[Reading, ...]
    right: Reading | None
    shape: str
    relevant: int

    @property
    def n(self) -> int:
        """The number of nodes."""
        return len(self.effects)

    @property
    def place(self) -> int:
        """The index of the right reading, -1 where there is none."""
        return self.shown.index(self.right) if self.right else -1

    @property
    def graph(self) -> DAG:
        """The graph over roles."""
        return DAG(tuple(mask_of(np.flatnonzero(causes).tolist()) for causes in self.effects.T))


def refit(like: Structure, graph: DAG, right: Reading | None, name: str, split: str) -> Structure | None:
    """The structure that has this graph with the roles and the menu of another one, or None unless ``right`` is the
    only valid reading there (the value 0 by structure where it is None) and its shape belongs to the split."""
    rules = task(name)
    q = Query(name, 0, 1, 1, 0, 1, tuple([(m, 0) for m in bits(like.held)]))
    acts = graph.has_path(0, 1) if name not in EFFECTS else not rules.is_zero(graph, q)
    if acts == (right is None) or (name == "CDE" and graph.mediators(0, 1) != like.held):
        return None
    if right is not None and any(rules.is_valid(graph, q, *r) != (r == right) for r in like.shown):
        return None
    shape = Problem(graph, (), q, ()).shape
    if split_of(shape) != split:
        return None
    effects = np.array([[bool(pa >> p & 1) for pa in graph.parents] for p in range(graph.n)])
    return Structure(effects, like.k, like.held, like.shown, right, shape, graph.n)
