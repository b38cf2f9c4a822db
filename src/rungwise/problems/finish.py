"""From a structure with numbers to a complete problem: node numbers, polarity, facts, names, worked steps, records."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from random import Random
from typing import Any, NamedTuple

import numpy as np

from rungwise.causal.estimand import Assignment, Term
from rungwise.causal.graph import DAG, members
from rungwise.causal.scm import SCM, Array
from rungwise.problems.baselines import BASELINES, baseline_value
from rungwise.problems.difficulty import difficulty
from rungwise.problems.menu import Reading
from rungwise.problems.plan import Plan, estimand_text, plan, shortcuts
from rungwise.problems.polarity import twin_id
from rungwise.problems.problem import TOLERANCE, Answer, Fact, Problem, Query, Variable
from rungwise.problems.recipe import Recipe, cards_of
from rungwise.problems.redundant import draw_redundant
from rungwise.problems.streams import shuffled
from rungwise.problems.structure import Structure
from rungwise.problems.worked import worked_steps
from rungwise.scoring.sign import answer_from_value
from rungwise.wording.names import ORDERED, draw, widen
from rungwise.wording.slots import LETTERS


class Drawn(NamedTuple):
    """A structure with a question, a model and displayed numbers that pass every check but that of the full model.

    Attributes:
        number: the node that plays each role.
        plan: the question's, asked with "more likely".
        direction, menu: how it is asked; the menu's name.
        start, row: the model's probabilities, see ``numbers.Tables``.
        numbers: what is displayed, a number a term of the plan.
        values: what each reading makes of these.
    """

    structure: Structure
    number: Sequence[int]
    plan: Plan
    direction: str
    menu: str
    start: Sequence[int]
    row: Array
    numbers: list[float]
    values: list[float]

    @property
    def value(self) -> float:
        """What the right reading makes of the numbers; 0 where there is none."""
        return self.values[self.structure.place] if self.structure.right else 0.0


class Settled(NamedTuple):
    """All of a problem but its words.

    Attributes:
        asked: structure and question.
        menu: the menu's name.
        model: the full model.
        numbers: what is displayed, a number a term of the question's plan.
        values: what each reading makes of these.
        value: the truth.
    """

    asked: Asked
    menu: str
    model: SCM
    numbers: list[float]
    values: list[float]
    value: float


def settle(drawn: Drawn, yes: bool | None, recipe: Recipe) -> Settled:
    """The problem, asked as wished.

    Args:
        yes: the answer that a nonzero effect is to have. It is asked about the other value of the outcome (of more
            than two values: in the other direction) where it has another one.
    """
    s, value = drawn.structure, drawn.value
    final = asked(s, drawn.number, drawn.plan, drawn.direction)
    model = _model(drawn, final.graph, cards_of(s.n, recipe))
    numbers, values = drawn.numbers, drawn.values
    wanted = None if yes is None or not value else "Yes" if yes else "No"
    if wanted is not None and answer_from_value(final.q, value) not in (None, wanted):
        if recipe.outcome_values == 2:
            made = drawn.plan
            other = plan(made.q._replace(y=1 - made.q.y), s.shown, made.cards)
            final = final._replace(plan=other, q=final.q._replace(y=1 - final.q.y))
            about_outcome = made.about_outcome.tolist()
            numbers = [round(1 - p, 4) if own else p for p, own in zip(numbers, about_outcome, strict=True)]
            # Sums over several mediators need not be 1 to the last displayed digit: they are worked out again.
            values = other.values(np.array(numbers)[:, None])[:, 0].tolist() if made.is_joint else [-v for v in values]
            value = values[s.place]
        else:
            final = final._replace(q=final.q._replace(direction="more" if final.q.direction == "less" else "less"))
    return Settled(final, drawn.menu, model, numbers, values, value)


def tell(settled: Settled, recipe: Recipe, dice: Random) -> Problem:
    """The problem in words of its own."""
    return complete(settled, draw_texts(settled, recipe, dice), recipe.split)


class Texts(NamedTuple):
    """What a problem is told with: the facts in their order, the events' names and the letters."""

    facts: tuple[Fact, ...]
    variables: tuple[Variable, ...]
    letters: list[str]


class Asked(NamedTuple):
    """A structure with the question about it.

    Attributes:
        number: the node that plays each role.
        plan: the question in roles, without its direction.
        q, graph: question and graph over nodes.
    """

    structure: Structure
    number: tuple[int, ...]
    plan: Plan
    q: Query
    graph: DAG


def asked(structure: Structure, number: Sequence[int], made: Plan, direction: str) -> Asked:
    """A structure with its question, over nodes."""
    q = made.q
    final = Query(
        q.task,
        number[0],
        number[1],
        q.x,
        q.x_ref,
        q.y,
        tuple(sorted([(number[m], value) for m, value in q.held])),
        q.bound,
        direction,
    )
    parents, children = [0] * structure.n, [0] * structure.n
    causes, effects = structure.effects.nonzero()
    for i, j in zip(causes.tolist(), effects.tolist(), strict=True):
        cause, effect = number[i], number[j]
        parents[effect] |= 1 << cause
        children[cause] |= 1 << effect
    return Asked(structure, tuple(number), made, final, DAG.trusted(tuple(parents), tuple(children)))


@lru_cache(maxsize=1 << 11)
def named_terms(made: Plan, number: tuple[int, ...]) -> tuple[Term, ...]:
    """A plan's terms over the nodes that play its roles."""
    sides: dict[Assignment, Assignment] = {}
    for pairs in made.sides:
        if len(pairs) == 1:
            ((v, value),) = pairs
            sides[pairs] = ((number[v], value),)
        else:
            sides[pairs] = tuple(sorted([(number[v], value) for v, value in pairs]))
    return tuple([Term._make((sides[target], sides[given])) for target, given in made.terms])


def draw_texts(settled: Settled, recipe: Recipe, dice: Random) -> Texts:
    """Order of the facts, names and letters at random, so that none of them says anything about the graph."""
    final = settled.asked
    terms = named_terms(final.plan, final.number[: final.structure.k])
    facts = [Fact._make(pair) for pair in zip(terms, settled.numbers, strict=True)]
    facts += draw_redundant(settled.model, final.q, terms, recipe.redundant, dice)
    order = final.graph.order if recipe.names in ORDERED else ()
    variables = list(draw(recipe.names, final.graph.n, dice, order))
    if recipe.outcome_values > 2:
        variables[final.q.outcome] = widen(variables[final.q.outcome])
    return Texts(tuple(shuffled(facts, dice)), tuple(variables), dice.sample(LETTERS, final.graph.n))


def complete(settled: Settled, texts: Texts, split: str, **meta: Any) -> Problem:
    """The problem with its truth, worked steps and what is known about it; ``meta`` is added to that."""
    final, value = settled.asked, settled.value
    s, number = final.structure, final.number

    node = [1 << v for v in number]

    def nodes(reading: Reading) -> list[int]:
        ms, zs = reading
        return [sum([node[v] for v in members(ms)]), sum([node[v] for v in members(zs)])]

    at, right = s.place, nodes(s.right) if s.right else None
    truth = Answer(round(float(value), 12), answer_from_value(final.q, value))
    records: dict[str, Any] = {"split": split, "menu": settled.menu, **meta, "letters": texts.letters}
    problem = Problem(final.graph, texts.variables, final.q, texts.facts, truth, (), settled.model, records)
    size = final.plan.sizes[at] if right else (0, 0)
    records |= {
        "zero": value == 0,
        "readings": [nodes(r) for r in s.shown],
        "right": right,
        "shape": s.shape,
        "difficulty": difficulty(final.graph, s.right, size, len(texts.facts)),
        "shortcuts": _right_shortcuts(settled, problem if len(texts.facts) > len(settled.numbers) else None),
        "twin": twin_id(problem),
    }
    if s.right is None or right is None:
        return problem.with_(steps=worked_steps(problem, None))
    summed = [number[v] for v in members((s.right[0] | s.right[1]) & ~s.held)]
    if summed != sorted(summed):  # sums go through the nodes in the order of their numbers
        return problem.with_(steps=worked_steps(problem, (right[0], right[1])))
    pattern, used = final.plan.patterns[at]
    estimand, roles = estimand_text(final.plan, at, tuple(sorted(range(s.k), key=number.__getitem__)))
    written = (
        estimand % tuple([texts.letters[number[role]] for role in roles]),
        pattern % tuple([f"{settled.numbers[i]:.4f}" for i in used]),
    )
    return problem.with_(steps=worked_steps(problem, (right[0], right[1]), written))


def _right_shortcuts(settled: Settled, problem: Problem | None) -> list[str]:
    """The baselines that get the value right; ``problem`` where it displays more than the plan's terms."""
    if problem is not None:
        found = {name: baseline_value(name, problem) for name in BASELINES}
        return [name for name, value in found.items() if value is not None and abs(value - settled.value) <= TOLERANCE]
    final = settled.asked
    two = final.structure.k > 3 and not final.structure.held >> 3 & 1
    swapped = two and final.number[3] < final.number[2]
    shown: dict[Term, float] = {}
    out = []
    for name, estimand in shortcuts(final.plan, swapped):
        if isinstance(estimand, int):
            value = settled.values[estimand]
        elif estimand.op == "number":
            value = estimand.number
        else:
            shown = shown or dict(zip(final.plan.terms, settled.numbers, strict=True))
            try:
                value = estimand.evaluate(shown.__getitem__)
            except ZeroDivisionError:
                continue
        if abs(value - settled.value) <= TOLERANCE:
            out.append(name)
    return out


def _model(drawn: Drawn, graph: DAG, cards: Sequence[int]) -> SCM:
    tables: list[Array] = [drawn.row] * graph.n
    of_node = dict(zip(drawn.number, cards, strict=True))
    for role, v in enumerate(drawn.number):
        shape = [of_node[p] for p in graph.causes[v]]
        tables[v] = drawn.row[drawn.start[role] : drawn.start[role + 1]].reshape(*shape, of_node[v])
    return SCM(graph, tuple(tables))
