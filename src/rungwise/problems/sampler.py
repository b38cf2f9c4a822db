"""Sampling problems: a graph, a question, a menu, a model, and the checks that make the truth certain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

import numpy as np

from rungwise.causal.estimand import Term
from rungwise.causal.graph import DAG, bits
from rungwise.causal.inference import joint, probability
from rungwise.causal.scm import random_dag, random_scm
from rungwise.errors import UserError
from rungwise.problems.menu import MENUS, Reading, displayed_terms, readings
from rungwise.problems.problem import EFFECTS, TOLERANCE, Answer, Fact, Problem, Query
from rungwise.problems.streams import split_of
from rungwise.problems.tasks import task
from rungwise.problems.worked import worked_steps
from rungwise.scoring.sign import answer_from_value
from rungwise.wording.names import draw

MARGIN = 2 * TOLERANCE
"""Every wrong reading of a menu differs from the truth by more than this, and so does 0 from a nonzero value."""

ATTEMPTS = 20_000
"""Graphs tried for one problem before the request is called impossible."""


@dataclass(frozen=True)
class Recipe:
    """What kind of problems to sample.

    Attributes:
        nodes: number of nodes -> weight.
        menus: menu name -> weight; "published" shows only what the right reading needs.
        zero: share of items whose value is 0 (effects: by structure; PN, PS: a lower bound cut off at 0).
        names: vocabulary (see wording.names).
        split: train, validation or test: which canonical shapes may be used.
        edge_share: range of the edge density.
        prior: range of every P(v=0 | parents).
    """

    nodes: dict[int, float] = field(default_factory=lambda: {3: 0.15, 4: 0.35, 5: 0.5})
    menus: dict[str, float] = field(default_factory=lambda: {"single": 0.4, "either": 0.6})
    zero: float = 0.1
    names: str = "real"
    split: str = "test"
    edge_share: tuple[float, float] = (0.35, 0.85)
    prior: tuple[float, float] = (0.03, 0.97)

    def __post_init__(self) -> None:
        unknown = set(self.menus) - set(MENUS) - {"published"}
        if unknown:
            raise UserError(f"unknown menu {sorted(unknown)[0]!r}; menus are {', '.join(MENUS)}, published")
        if not 0 <= self.zero <= 1:
            raise UserError(f"the share of zero effects must be in [0, 1], got {self.zero}")
        if min(self.nodes) < 3 or max(self.nodes) > 10:
            raise UserError(f"problems have 3 to 10 nodes, got {sorted(self.nodes)}")


def sample_problem(name: str, recipe: Recipe, rng: np.random.Generator) -> Problem:
    """One problem of a task.

    Its truth is computed from the displayed numbers by the right reading's estimand and agrees with the
    full model's (``true_value``) within TOLERANCE; its sign does not hang on hidden digits; every other
    reading of the menu gives a wrong value; its canonical shape belongs to the recipe's split.

    Raises:
        UserError: no such problem was found in ATTEMPTS graphs.
    """
    zero = rng.random() < recipe.zero
    sizes, size_weights = _weights(recipe.nodes)
    menus, menu_weights = _weights(recipe.menus)
    n = int(rng.choice(sizes, p=size_weights))
    menu = str(rng.choice(menus, p=menu_weights))
    if name == "NIE" and menu != "published":
        # With one menu variable there is nothing to decide, and a pair needs a fourth node.
        n, menu = max(n, 4), "either" if menu == "single" else menu
    if menu != "published" and n < 2 + MENUS[menu]:
        menu = "single"
    bound = str(rng.choice(["lower", "upper"])) if name in ("PN", "PS") else None
    if bound and zero:
        bound = "lower"
    goal = rng.random()
    for _ in range(ATTEMPTS):
        graph = random_dag(n, rng.uniform(*recipe.edge_share), rng)
        treatment, outcome = (int(v) for v in rng.permutation(n)[:2])
        x, y = (int(v) for v in rng.integers(0, 2, 2))
        if bound:
            x = y = 0 if name == "PN" else 1
        held = ()
        if name == "CDE":
            held = tuple((m, int(rng.integers(0, 2))) for m in bits(graph.mediators(treatment, outcome)))
        q = Query(name, treatment, outcome, x, 1 - x, y, held, bound)
        if not _fits(graph, q, zero):
            continue
        found = _choose_menu(graph, q, menu, zero, goal, rng)
        if found is None:
            continue
        problem = _with_numbers(graph, q, found, menu, zero, recipe, rng)
        if problem is not None:
            return problem
    raise UserError(f"no {name} problem with {n} nodes and menu {menu!r} found in {ATTEMPTS} graphs; relax the request")


def _weights(table: dict[Any, float]) -> tuple[list[Any], list[float]]:
    total = sum(table.values())
    return list(table), [w / total for w in table.values()]


def _fits(graph: DAG, q: Query, zero: bool) -> bool:
    if q.task in ("PN", "PS"):
        return graph.has_path(q.treatment, q.outcome)
    return task(q.task).is_zero(graph, q) == zero


def _choose_menu(
    graph: DAG, q: Query, menu: str, zero: bool, goal: float, rng: np.random.Generator
) -> tuple[list[Reading], Reading | None] | None:
    """Readings to show and the right one among them (None for a structural zero), or None if it can't be had.

    The right reading's place in the menu is fixed by ``goal`` before any graph is drawn, so that no reading
    is right more often than another.
    """
    held = sum(1 << v for v, _ in q.held)
    others = [v for v in range(graph.n) if v not in (q.treatment, q.outcome) and not held >> v & 1]
    rules = task(q.task)
    if menu == "published":
        if zero and q.task in EFFECTS:
            return [], None
        ms = held if q.task == "CDE" else graph.mediators(q.treatment, q.outcome) if q.task in ("NDE", "NIE") else 0
        options = [(ms, 0)] + [(ms, 1 << v) for v in others if not ms >> v & 1]
        options += [(ms, 1 << a | 1 << b) for a in others for b in others if a < b and not ms & (1 << a | 1 << b)]
        for reading in options:
            if rules.is_valid(graph, q, *reading):
                return [reading], reading
        return None
    size = MENUS[menu]
    if len(others) < size:
        return None
    structural_zero = zero and q.task in EFFECTS
    known: dict[Reading, bool] = {}
    choices: list[tuple[list[Reading], Reading | None]] = []
    for nodes in permutations(others, size):
        shown = readings(q.task, menu, nodes, held)
        if structural_zero:
            choices.append((shown, None))
            continue
        for reading in shown:
            if reading not in known:
                known[reading] = rules.is_valid(graph, q, *reading)
        right = shown[int(goal * len(shown))]
        if [r for r in shown if known[r]] == [right]:
            choices.append((shown, right))
    return choices[int(rng.integers(len(choices)))] if choices else None


def _with_numbers(
    graph: DAG,
    q: Query,
    found: tuple[list[Reading], Reading | None],
    menu: str,
    zero: bool,
    recipe: Recipe,
    rng: np.random.Generator,
) -> Problem | None:
    """The problem with a random model's numbers, or None if a check fails."""
    shown, right = found
    model = random_scm(graph, rng, low=recipe.prior[0], high=recipe.prior[1])
    table = joint(model)
    rules = task(q.task)
    terms = displayed_terms(q, shown, model.cards)
    numbers = {t: round(probability(table, t), 4) for t in terms}
    exact = rules.true_value(model, q)
    values = {r: _value(q, r, numbers, model.cards) for r in shown}
    if right is None:
        value = 0.0
        if shown and all(abs(v) <= MARGIN for v in values.values()):
            return None  # nothing in the menu tempts: any reading would do
    else:
        value = values[right]
        if abs(value - exact) > TOLERANCE or (abs(value) <= MARGIN) != zero or (zero and value != 0):
            return None
        if any(abs(v - value) <= MARGIN for r, v in values.items() if r != right):
            return None
        if q.bound == "upper" and value == 1:
            return None
    problem = Problem(graph, draw(recipe.names, graph.n, rng), q, _shuffled(numbers, rng))
    shape = problem.shape
    if split_of(shape) != recipe.split:
        return None
    meta = {
        "split": recipe.split,
        "menu": menu,
        "zero": zero,
        "readings": [list(r) for r in shown],
        "right": list(right) if right else None,
        "shape": shape,
    }
    truth = Answer(round(value, 12), answer_from_value(q, value))
    problem = problem.with_(model=model, truth=truth, meta=meta)
    return problem.with_(steps=worked_steps(problem, right))


def _value(q: Query, reading: Reading, numbers: dict[Term, float], cards: Sequence[int]) -> float:
    return task(q.task).estimand(q, *reading, cards).evaluate(numbers.__getitem__)


def _shuffled(numbers: dict[Term, float], rng: np.random.Generator) -> tuple[Fact, ...]:
    facts = [Fact(t, v) for t, v in numbers.items()]
    return tuple(facts[i] for i in rng.permutation(len(facts)))
