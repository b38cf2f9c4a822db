"""The problems that post-training uses: few with worked solutions, many with answers only, some held out."""

from __future__ import annotations

from itertools import islice

from rungwise.problems.problem import TASKS, Problem
from rungwise.suites.items import generate

QUESTIONS_START = 1_000_000
"""Item number in the training suites from which questions for RL are taken: far from any solution's."""


def mixed(n: int, published: float, seed: int, start: int = 0) -> list[Problem]:
    """``n`` training problems, tasks in turn; a share ``published`` shows only what its solution needs, as the
    published sets do, the others show menus."""
    few = round(n * published / len(TASKS)) * len(TASKS)
    menus = generate("train", n - few, seed, "slots", "nonsense", start)
    shown = generate("published-style", few, seed, "slots", "nonsense", start)
    return [item.problem for source in (menus, shown) for item in source]


def held_out(n: int, seed: int) -> list[Problem]:
    """``n`` problems of the validation split."""
    return [item.problem for item in islice(generate("validation", n, seed, "slots", "nonsense"), n)]
