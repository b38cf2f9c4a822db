"""Sampling problems: a structure, a question, a model, and the checks that make the truth certain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import numpy as np

from rungwise.causal.estimand import Expr
from rungwise.causal.graph import DAG, bits, mask_of
from rungwise.causal.inference import marginal_joint
from rungwise.causal.scm import SCM, random_scm
from rungwise.errors import UserError
from rungwise.problems.menu import MENUS, Reading
from rungwise.problems.plan import Plan, plan, renamed
from rungwise.problems.problem import EFFECTS, TASKS, TOLERANCE, Answer, Fact, Problem, Query, Variable
from rungwise.problems.streams import SPLITS
from rungwise.problems.structure import PUBLISHED, Request, Structure, structures
from rungwise.problems.tasks import task
from rungwise.problems.worked import worked_steps
from rungwise.scoring.sign import answer_from_value
from rungwise.wording.names import draw
from rungwise.wording.slots import draw_letters

MARGIN = 2 * TOLERANCE
"""Every wrong reading of a menu differs from the truth by more than this, and so does 0 from a nonzero value."""

MODELS = 8
"""Models drawn for one structure before another is tried."""

SIZES, REQUESTS = 6, 20
"""Numbers of nodes drawn for one menu and right reading, and how many of these are drawn, before a recipe is
called impossible."""


@dataclass(frozen=True)
class Recipe:
    """What kind of problems to sample.

    Attributes:
        nodes: number of nodes -> weight. Where no graph of the drawn size and split has the drawn right reading,
            the size is drawn again and the reading kept, so small graphs come out a little rarer.
        menus: menu name -> weight; "published" shows only what the right reading needs. Where a menu needs more
            nodes, "single" takes its place. NIE has no "single": there "either" is shown, on four nodes or more.
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
        if not self.nodes or not self.menus:
            raise UserError("name at least one number of nodes and one menu")
        if self.split not in SPLITS:
            raise UserError(f"unknown split {self.split!r}; splits are {', '.join(SPLITS)}")
        unknown = set(self.menus) - set(MENUS) - {PUBLISHED}
        if unknown:
            raise UserError(f"unknown menu {sorted(unknown)[0]!r}; menus are {', '.join(MENUS)}, {PUBLISHED}")
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
        UserError: unknown task, or no such problem was found.
    """
    dice = make_dice(rng)
    zero = dice.random() < recipe.zero
    for request, n in requests(name, recipe, zero, dice):
        for found in structures(request, n, recipe.edge_share, dice):
            asked = ask(found.renamed(rng.permutation(n).tolist()), name, zero, dice)
            for _ in range(MODELS):
                model = random_scm(asked.structure.graph, rng, low=recipe.prior[0], high=recipe.prior[1])
                numbers = asked.plan.numbers(marginal_joint(model, asked.structure.roles))
                value = asked.truth(model, numbers, zero)
                if value is not None:
                    texts = Texts.draw(asked, numbers, recipe.names, rng)
                    return finish(asked, model, value, texts, {"split": recipe.split, "menu": request.menu})
    raise impossible(name, recipe)


def impossible(name: str, recipe: Recipe) -> UserError:
    """The error for a recipe that yields nothing."""
    return UserError(
        f"no {name} problem with nodes {sorted(recipe.nodes)}, menus {sorted(recipe.menus)} and zero share "
        f"{recipe.zero} found in split {recipe.split!r}; allow other nodes or menus"
    )


def make_dice(rng: np.random.Generator) -> Random:
    """Python's own generator, seeded from NumPy's: ten times as fast for the many single draws of a search."""
    return Random(int(rng.integers(1 << 62)))


def requests(name: str, recipe: Recipe, zero: bool, dice: Random) -> Iterator[tuple[Request, int]]:
    """What to look for, and with how many nodes, in the order to try.

    Raises:
        UserError: unknown task.
    """
    if name not in TASKS:
        raise UserError(f"unknown task {name!r}; tasks are {', '.join(TASKS)}")
    for _ in range(REQUESTS):
        n = _pick(recipe.nodes, dice)
        menu = _pick(recipe.menus, dice)
        if name == "NIE" and menu == "single":
            menu = "either"  # with one menu variable there is nothing to decide
        sizes = {k: w for k, w in recipe.nodes.items() if menu == PUBLISHED or k >= 2 + MENUS[menu]}
        if n not in sizes and name == "NIE":
            sizes = sizes or {2 + MENUS[menu]: 1.0}
            n = _pick(sizes, dice)
        elif n not in sizes:
            menu, sizes = "single", recipe.nodes
        request = Request(name, menu, dice.random(), zero and name in EFFECTS, recipe.split)
        for _ in range(SIZES):
            yield request, n
            n = _pick(sizes, dice)


def _pick(weights: Mapping[Any, float], dice: Random) -> Any:
    return dice.choices(list(weights), list(weights.values()))[0]


@dataclass(frozen=True, slots=True)
class Asked:
    """A structure (nodes in their final numbers), a question about it, and the plan of its menu over
    ``structure.roles``."""

    structure: Structure
    q: Query
    plan: Plan

    def truth(self, model: SCM, numbers: Sequence[float], zero: bool) -> float | None:
        """The value that the plan's displayed numbers give, or None when a check fails."""
        s, q = self.structure, self.q
        shown = dict(zip(self.plan.terms, numbers, strict=True))
        readings = zip(s.shown, self.plan.estimands, strict=True)
        try:
            if s.right is None:
                # Where nothing in the menu tempts, any reading would do.
                tempting = any(abs(e.evaluate(shown.__getitem__)) > MARGIN for _, e in readings)
                return 0.0 if tempting or not s.shown else None
            value = self.plan.estimands[s.shown.index(s.right)].evaluate(shown.__getitem__)
            if (value != 0 if zero else abs(value) <= MARGIN) or (q.bound == "upper" and value == 1):
                return None
            if any(abs(e.evaluate(shown.__getitem__) - value) <= MARGIN for r, e in readings if r != s.right):
                return None
        except ZeroDivisionError:  # a displayed denominator is 0
            return None
        return value if abs(value - task(q.task).true_value(model, q)) <= TOLERANCE else None


def ask(structure: Structure, name: str, zero: bool, dice: Random) -> Asked:
    """A random question about a structure: values, bound."""
    bound = None
    x, y = dice.getrandbits(1), dice.getrandbits(1)
    if name not in EFFECTS:
        bound = "lower" if zero or dice.random() < 0.5 else "upper"
        x = y = 0 if name == "PN" else 1
    held = tuple([(m, dice.getrandbits(1)) for m in bits(structure.held)])
    q = Query(name, structure.treatment, structure.outcome, x, 1 - x, y, held, bound)
    return Asked(structure, q, plan_of(structure, q))


def plan_of(structure: Structure, q: Query) -> Plan:
    """The plan of the structure's menu, over its roles."""
    place = {v: i for i, v in enumerate(structure.roles)}

    def roles(nodes: int) -> int:
        return mask_of([place[v] for v in bits(nodes)])

    in_roles = replace(q, treatment=0, outcome=1, held=tuple(sorted([(place[m], value) for m, value in q.held])))
    return plan(in_roles, tuple([(roles(ms), roles(zs)) for ms, zs in structure.shown]), len(structure.roles))


@dataclass(frozen=True, slots=True)
class Texts:
    """What a problem is told with: the facts in their order, the events' names and the letters."""

    facts: tuple[Fact, ...]
    variables: tuple[Variable, ...]
    letters: list[str]

    @classmethod
    def draw(cls, asked: Asked, numbers: Sequence[float], names: str, rng: np.random.Generator) -> Texts:
        """At random, so that none of them says anything about the graph."""
        terms = [renamed(term, asked.structure.roles) for term in asked.plan.terms]
        n = asked.structure.graph.n
        order = rng.permutation(len(terms)).tolist()
        return cls(tuple([Fact(terms[i], numbers[i]) for i in order]), draw(names, n, rng), draw_letters(n, rng))


def finish(asked: Asked, model: SCM, value: float, texts: Texts, meta: dict[str, Any]) -> Problem:
    """The problem with its truth, worked steps and what is known about it."""
    s, q = asked.structure, asked.q
    right = s.right
    meta = {
        **meta,
        "zero": value == 0,
        "readings": [list(r) for r in s.shown],
        "right": list(right) if right else None,
        "shape": Problem(s.graph, (), q, ()).shape,
        "letters": texts.letters,
        "difficulty": difficulty(
            s.graph, right, asked.plan.estimands[s.shown.index(right)] if right else None, len(texts.facts)
        ),
    }
    truth = Answer(round(float(value), 12), answer_from_value(q, value))
    problem = Problem(s.graph, texts.variables, q, texts.facts, truth, (), model, meta)
    return problem.with_(steps=worked_steps(problem, right))


def difficulty(graph: DAG, right: Reading | None, estimand: Expr | None, facts: int) -> dict[str, int]:
    """How hard a problem is: size of graph, of the right reading and of its estimand, and facts shown."""
    return {
        "nodes": graph.n,
        "edges": sum(pa.bit_count() for pa in graph.parents),
        "adjustment": right[1].bit_count() if right else 0,
        "mediators": right[0].bit_count() if right else 0,
        "facts": facts,
        "operations": operations(estimand) if estimand else 0,
    }


def operations(estimand: Expr) -> int:
    """How many + - * / min and max an estimand has."""
    todo: Sequence[Expr] = (estimand,)
    count = 0
    while todo:
        count += sum(1 for e in todo if e.args)
        todo = [arg for e in todo for arg in e.args]
    return count
