"""Deterministic counterfactuals: every variable with causes is their "and" or "or", or the negation of that.

"A or B causes C" is read both ways, as in CLadder: C holds exactly when A or B does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from rungwise.causal.graph import DAG


@dataclass(frozen=True, slots=True)
class Rule:
    """``child`` has ``value`` exactly when all (``every``) or any of its causes are 1."""

    child: int
    value: int
    every: bool

    def of(self, causes: list[int]) -> int:
        """The child's value from those of its causes."""
        return self.value if (all(causes) if self.every else any(causes)) else 1 - self.value


def draw_rules(graph: DAG, dice: Random) -> tuple[Rule, ...]:
    """A rule for each variable with causes, causes first; one in three is a negation."""
    return tuple([Rule(v, int(dice.random() < 2 / 3), dice.random() < 0.5) for v in graph.order if graph.parents[v]])


def run(graph: DAG, rules: tuple[Rule, ...], roots: Mapping[int, int], do: Mapping[int, int]) -> dict[int, int]:
    """The values of all variables, from those without causes, after an intervention."""
    by_child = {rule.child: rule for rule in rules}
    state: dict[int, int] = {}
    for v in graph.order:
        if v in do:
            state[v] = do[v]
        elif v in by_child:
            state[v] = by_child[v].of([state[c] for c in graph.causes[v]])
        else:
            state[v] = roots[v]
    return state
