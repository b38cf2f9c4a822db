"""What the graph side of a sampled problem is: a graph with a question and a menu. No numbers, no names.

A structure's nodes are its *roles*: 0 is the treatment, 1 the outcome, then come the menu's variables, the held ones
and the rest. Whoever builds a problem numbers the nodes anew at random.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rungwise.problems.menu import Reading

PUBLISHED = "published"
"""The menu that shows only what the right reading needs."""


class Request(NamedTuple):
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
        relevant: so many roles are among the first k or cause one of these; they come first.
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
