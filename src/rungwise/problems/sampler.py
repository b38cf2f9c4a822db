"""Sampling problems: a structure, a question, a model, and the checks that make the truth certain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import numpy as np

from rungwise.causal.estimand import Expr
from rungwise.causal.graph import bits, mask_of
from rungwise.causal.inference import marginal_joint
from rungwise.causal.scm import SCM, Array, random_scm
from rungwise.errors import UserError
from rungwise.problems.menu import MENUS
from rungwise.problems.plan import Plan, plan, renamed
from rungwise.problems.problem import EFFECTS, TASKS, TOLERANCE, Answer, Fact, Problem, Query, Variable
from rungwise.problems.structure import PUBLISHED, Request, Structure, structures
from rungwise.problems.tasks import task
from rungwise.problems.worked import worked_steps
from rungwise.scoring.sign import answer_from_value
from rungwise.wording.names import draw
from rungwise.wording.slots import draw_letters

MARGIN = 2 * TOLERANCE
"""Every wrong reading of a menu differs from the truth by more than this, and so does 0 from a nonzero value."""

MODELS = 4
"""Models drawn for one structure before another is tried."""

SIZES, REQUESTS = 6, 20
"""Numbers of nodes drawn for one menu and right reading, and how many of these are drawn, before a recipe is
called impossible."""


@dataclass(frozen=True)
class Recipe:
    """What kind of problems to sample.

    Attributes:
        nodes: number of nodes -> weight. A menu's right reading is drawn first, evenly; where no graph of the
            drawn size and split has it, the size is drawn again, so small graphs come out a little rarer.
        menus: menu name -> weight; "published" shows only what the right reading needs. Where a menu does not fit
            (too few nodes), "single" takes its place, and for NIE "either" takes that of "single".
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
            for _ in range(MODELS):
                draft = draw_draft(found, request.task, zero, recipe, rng, dice)
                value = draft.truth(zero)
                if value is not None:
                    texts = Texts.draw(draft, recipe.names, rng)
                    return finish(draft, value, texts, {"split": recipe.split, "menu": request.menu})
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
        if menu != PUBLISHED and n < 2 + MENUS[menu]:
            n, menu = (4, "either") if name == "NIE" else (n, "single")
        request = Request(name, menu, dice.random(), zero and name in EFFECTS, recipe.split)
        sizes = {k: w for k, w in recipe.nodes.items() if menu == PUBLISHED or k >= 2 + MENUS[menu]}
        for _ in range(SIZES):
            yield request, n
            n = _pick(sizes or {n: 1.0}, dice)


def _pick(weights: Mapping[Any, float], dice: Random) -> Any:
    return dice.choices(list(weights), list(weights.values()))[0]


@dataclass(frozen=True, slots=True)
class Draft:
    """A question with a model and the numbers it displays.

    Attributes:
        structure: graph and menu, with the nodes' final numbers.
        q: the question.
        model: the full causal model.
        plan: the menu's, over ``structure.roles``.
        numbers: the displayed number of each of the plan's terms.
        values: what each reading makes of the displayed numbers; empty when a displayed denominator is 0.
        exact: the value by the full model.
    """

    structure: Structure
    q: Query
    model: SCM
    plan: Plan
    numbers: list[float]
    values: list[float]
    exact: float

    def truth(self, zero: bool) -> float | None:
        """The value, or None when a check fails."""
        s, q = self.structure, self.q
        if len(self.values) < len(s.shown):
            return None
        if s.right is None:
            # Where nothing in the menu tempts, any reading would do.
            return None if s.shown and all(abs(v) <= MARGIN for v in self.values) else 0.0
        right = s.shown.index(s.right)
        value = self.values[right]
        if abs(value - self.exact) > TOLERANCE or (value != 0 if zero else abs(value) <= MARGIN):
            return None
        if any(abs(v - value) <= MARGIN for i, v in enumerate(self.values) if i != right):
            return None
        return None if q.bound == "upper" and value == 1 else value


def draw_draft(
    found: Structure, name: str, zero: bool, recipe: Recipe, rng: np.random.Generator, dice: Random
) -> Draft:
    """A structure (in causal order) with its nodes renumbered at random, a question and a random model."""
    structure = found.renamed(rng.permutation(found.graph.n).tolist())
    bound = None
    x, y = dice.getrandbits(1), dice.getrandbits(1)
    if name not in EFFECTS:
        bound = "lower" if zero or dice.random() < 0.5 else "upper"
        x = y = 0 if name == "PN" else 1
    held = tuple([(m, dice.getrandbits(1)) for m in bits(structure.held)])
    q = Query(name, structure.treatment, structure.outcome, x, 1 - x, y, held, bound)
    model = random_scm(structure.graph, rng, low=recipe.prior[0], high=recipe.prior[1])
    return make_draft(structure, q, model, marginal_joint(model, structure.roles))


def make_draft(structure: Structure, q: Query, model: SCM, p: Array) -> Draft:
    """The draft of a question; ``p`` is the joint distribution of ``structure.roles``, an axis each."""
    roles = structure.roles
    place = {v: i for i, v in enumerate(roles)}
    q_roles = replace(q, treatment=0, outcome=1, held=tuple(sorted([(place[m], value) for m, value in q.held])))
    shown = tuple(
        [(mask_of([place[v] for v in bits(ms)]), mask_of([place[v] for v in bits(zs)])) for ms, zs in structure.shown]
    )
    known = plan(q_roles, shown, len(roles))
    numbers = known.numbers(p)
    try:
        values = known.values(numbers)
    except ZeroDivisionError:
        values = []
    return Draft(structure, q, model, known, numbers, values, task(q.task).true_value(model, q))


@dataclass(frozen=True, slots=True)
class Texts:
    """What a problem is told with: the order of the facts, the events' names and the letters."""

    facts: tuple[Fact, ...]
    variables: tuple[Variable, ...]
    letters: list[str]

    @classmethod
    def draw(cls, draft: Draft, names: str, rng: np.random.Generator) -> Texts:
        """At random, so that none of them says anything about the graph."""
        roles, n = draft.structure.roles, draft.structure.graph.n
        terms = [renamed(term, roles) for term in draft.plan.terms]
        order = rng.permutation(len(terms)).tolist()
        return cls(tuple([Fact(terms[i], draft.numbers[i]) for i in order]), draw(names, n, rng), draw_letters(n, rng))


def finish(draft: Draft, value: float, texts: Texts, meta: dict[str, Any]) -> Problem:
    """The problem with its truth, worked steps and what is known about it."""
    s, q = draft.structure, draft.q
    right = s.right
    problem = Problem(
        s.graph,
        texts.variables,
        q,
        texts.facts,
        truth=Answer(round(value, 12), answer_from_value(q, value)),
        model=draft.model,
        meta={
            **meta,
            "zero": value == 0,
            "readings": [list(r) for r in s.shown],
            "right": list(right) if right else None,
            "letters": texts.letters,
            "difficulty": {
                "nodes": s.graph.n,
                "edges": sum(pa.bit_count() for pa in s.graph.parents),
                "adjustment": s.covariates,
                "mediators": s.mediators,
                "facts": len(texts.facts),
                "operations": operations(draft.plan.estimands[s.shown.index(right)]) if right else 0,
            },
        },
    )
    problem.meta["shape"] = problem.shape
    object.__setattr__(problem, "steps", worked_steps(problem, right))
    return problem


def operations(estimand: Expr) -> int:
    """How many + - * / min and max an estimand has."""
    todo: Sequence[Expr] = (estimand,)
    count = 0
    while todo:
        count += sum(1 for e in todo if e.args)
        todo = [arg for e in todo for arg in e.args]
    return count
