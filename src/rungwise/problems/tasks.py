"""The task files by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, cast

from rungwise.causal.estimand import Expr
from rungwise.causal.graph import DAG
from rungwise.causal.scm import SCM
from rungwise.problems import ate, cde, ett, nde, nie, pn, pns, ps
from rungwise.problems.problem import Query


class Task(Protocol):
    """What every task file offers."""

    TITLE: str
    FIRST_STEP: str

    def is_zero(self, graph: DAG, q: Query) -> bool: ...

    def is_valid(self, graph: DAG, q: Query, ms: int, zs: int) -> bool: ...

    def estimand(self, q: Query, ms: int, zs: int, cards: Sequence[int]) -> Expr: ...

    def true_value(self, model: SCM, q: Query) -> float: ...


_TASKS = {"ATE": ate, "CDE": cde, "ETT": ett, "NDE": nde, "NIE": nie, "PN": pn, "PS": ps, "PNS": pns}


POINT_TASKS = ("PN", "PS", "PNS")
"""What is identified as a point where the treatment never lowers the outcome."""


def task(name: str) -> Task:
    """The file of a task."""
    return cast(Task, _TASKS[name])
