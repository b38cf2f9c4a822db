"""Everything that must hold of a generated problem, recomputed from graph, model and displayed numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction

from rungwise.causal.counterfactual import nested_mean, pair_joint, pn_ps_bounds
from rungwise.causal.estimand import Term
from rungwise.causal.inference import joint, marginal, probability
from rungwise.causal.scm import SCM, Array
from rungwise.errors import UserError
from rungwise.problems.difficulty import difficulty, size
from rungwise.problems.menu import Reading
from rungwise.problems.problem import EFFECTS, LACK_CONDITION, TOLERANCE, Problem
from rungwise.problems.solve import solve
from rungwise.problems.streams import split_of
from rungwise.problems.tasks import task
from rungwise.problems.worked import worked_steps
from rungwise.scoring.sign import answer_from_value
from rungwise.wording.slots import numbers_of

HALF_UNIT = 0.5e-4 + 1e-9
"""Largest difference between a probability and its four displayed decimals."""

EXACT = 1e-9
"""Difference allowed where two roads use the same digits."""


def check_problem(problem: Problem, thorough: bool = False) -> list[str]:
    """Every violation in words; empty if there is none.

    The displayed facts are the model's probabilities, the truth is what the right reading makes of the displayed
    numbers, agrees with the full model by truncated factorisation and does not hang on hidden digits; the right
    reading is the only valid one of the menu and the others give other values; answer, flags, steps, shape, split,
    difficulty and content id are consistent.

    Args:
        thorough: check the truth by a third road too: joint distributions under do() for ATE and CDE, the pair
            factor for ETT, NDE and NIE, the linear programme over response types for PN and PS.
    """
    try:
        problem.check()
    except UserError as error:
        return [str(error)]
    if problem.model is None or problem.truth is None:
        return ["a problem without its full model and truth cannot be checked"]
    unfit = [*_meta(problem), *_model(problem, problem.model)]
    if unfit:
        return unfit
    found = [*_facts(problem, joint(problem.model)), *_records(problem)]
    if problem.truth.answer == LACK_CONDITION or problem.truth.value is None:
        return found + list(_lack(problem))
    found += [*_truth(problem, problem.model, problem.truth.value), *_readings(problem, problem.truth.value)]
    if thorough:
        found += _third_road(problem, problem.model, problem.truth.value)
    return found


def _meta(problem: Problem) -> Iterator[str]:
    """What makes the other checks impossible."""
    meta, n = problem.meta, problem.graph.n
    missing = [key for key in ("right", "readings", "zero", "split", "shape") if key not in meta]
    if missing:
        yield f"meta lacks {', '.join(missing)}"
        return
    for reading in [*meta["readings"], *([meta["right"]] if meta["right"] is not None else [])]:
        if len(reading) != 2 or not all(isinstance(nodes, int) and 0 <= nodes < 1 << n for nodes in reading):
            yield f"the reading {reading} is not two sets of the {n} nodes"
    if len(problem.letters) != n or len(set(problem.letters)) != n:
        yield f"the letters {', '.join(problem.letters)} do not name {n} variables"


def _model(problem: Problem, model: SCM) -> Iterator[str]:
    if model.graph != problem.graph:
        yield f"the model's graph has the edges {model.graph.edges}, the problem's {problem.graph.edges}"
    try:
        model.check()
    except UserError as error:
        yield f"the model is none: {error}"
    cards = tuple(_cards(problem))
    if model.cards != cards:
        yield f"the model's variables have {model.cards} values, the problem's {cards}"


def _facts(problem: Problem, table: Array) -> Iterator[str]:
    seen: set[Term] = set()
    for fact in problem.facts:
        name = fact.term.text(problem.letters)
        if fact.term in seen:
            yield f"{name} is shown twice"
        seen.add(fact.term)
        try:
            exact = probability(table, fact.term)
        except ZeroDivisionError:
            yield f"{name} has a condition of probability 0"
            continue
        if abs(fact.value - exact) > HALF_UNIT:
            yield f"{name} is shown as {fact.value}, the model has {exact:.6f}"
        if abs(fact.value - round(fact.value, 4)) > EXACT:
            yield f"{name} is shown with more than four decimals"


def _records(problem: Problem) -> Iterator[str]:
    """What is recorded about the problem: shape, split, flags, letters, steps, id."""
    meta, right = problem.meta, _right(problem)
    if meta["shape"] != problem.shape:
        yield f"the shape is {problem.shape}, not {meta['shape']}"
    if split_of(problem.shape) != meta["split"]:
        yield f"the shape belongs to the split {split_of(problem.shape)}, not {meta['split']}"
    if problem.truth is not None and problem.truth.value is not None:
        with suppress(KeyError):  # a fact that the right reading needs is not shown, see _truth
            if problem.steps != worked_steps(problem, right):
                yield "the worked steps are not those of the right reading"
        zero = task(problem.query.task).is_zero(problem.graph, problem.query)
        if problem.query.task not in EFFECTS:
            zero = problem.truth.value == 0
        if meta["zero"] != zero:
            yield f"the zero flag is {meta['zero']}, should be {zero}"
    if "difficulty" in meta:
        estimand = task(problem.query.task).estimand(problem.query, *right, _cards(problem)) if right else None
        shown = {fact.term for fact in problem.facts}
        stated = difficulty(problem.graph, right, size(estimand, shown) if estimand else (0, 0), len(problem.facts))
        if meta["difficulty"] != stated:
            yield f"the difficulty is {stated}, not {meta['difficulty']}"
    try:
        Problem.from_dict(json.loads(json.dumps(problem.to_dict())))
    except UserError as error:
        yield f"it does not survive JSON: {error}"


def _lack(problem: Problem) -> Iterator[str]:
    if problem.truth is None or problem.truth.value is not None or problem.truth.answer != LACK_CONDITION:
        yield f"a truth without a value must be {LACK_CONDITION}"
    solution = solve(problem)
    if solution.answer != LACK_CONDITION:
        yield f"the value is determined by the displayed facts: {solution.value}"
    right = _right(problem)
    if right is not None and problem.steps != worked_steps(problem, right):
        yield "the worked steps are not those of the right reading"
    if "witness" in problem.meta and problem.model is not None:
        yield from _witness(problem, problem.model)


def _witness(problem: Problem, model: SCM) -> Iterator[str]:
    """Whether the second model proves that the facts do not determine the value."""
    try:
        other, stated = SCM.from_dict(problem.graph, problem.meta["witness"]), problem.meta["witness"]["value"]
    except (UserError, KeyError, TypeError) as error:
        yield f"the witness is no model with a value: {error}"
        return
    if other.cards != model.cards:
        yield f"the witness has variables of {other.cards} values, the problem's have {model.cards}"
        return
    for fault in _facts(problem, joint(other)):
        yield f"the witness does not agree with the facts: {fault}"
    first, second = (task(problem.query.task).true_value(m, problem.query) for m in (model, other))
    if abs(second - stated) > EXACT:
        yield f"the witness gives {second:.6f}, not {stated}"
    if abs(first - second) <= 2 * TOLERANCE:
        yield f"the witness gives {second:.6f}, which is no other value than {first:.6f}"


def _truth(problem: Problem, model: SCM, value: float) -> Iterator[str]:
    q, right = problem.query, _right(problem)
    exact = task(q.task).true_value(model, q)
    shown = _value(problem, right) if right else Fraction(0)
    if shown is None:
        yield f"the facts of the right reading {right} are not all shown"
    elif abs(float(shown) - value) > EXACT:
        yield f"the truth is {value}, the right reading gives {float(shown):.6f} on the displayed numbers"
    if abs(value - exact) > TOLERANCE:
        yield f"the truth is {value}, the full model gives {exact:.6f}"
    if problem.truth is not None and problem.truth.answer != answer_from_value(q, value):
        yield f"the answer is {problem.truth.answer}, the value {value} makes it {answer_from_value(q, value)}"
    if q.task in EFFECTS:
        if right is None and abs(exact) > EXACT:
            yield f"the value is 0 by structure, the full model gives {exact:.6f}"
        if right is not None and (abs(value) <= TOLERANCE or value * exact <= 0):
            yield f"the sign of {value} hangs on hidden digits (the full model gives {exact:.6f})"


def _readings(problem: Problem, value: float) -> Iterator[str]:
    q, right, rules = problem.query, _right(problem), task(problem.query.task)
    shown: list[Reading] = [(ms, zs) for ms, zs in problem.meta["readings"]]
    if right is None and not rules.is_zero(problem.graph, q):
        yield "no reading is right, but the value is not 0 by structure"
    if right is not None:
        if right not in shown:
            yield f"the right reading {right} is not on the menu {shown}"
        if not rules.is_valid(problem.graph, q, *right):
            yield f"the right reading {right} is not valid in this graph"
        if rules.is_zero(problem.graph, q):
            yield f"the value is 0 by structure, but the reading {right} is called right"
    tempting = False
    for reading in shown:
        result = _value(problem, reading)
        if result is None:
            yield f"the facts of the reading {reading} are not all shown"
            continue
        wrong = abs(float(result) - value) > TOLERANCE
        tempting |= wrong
        if reading != right and right is not None:
            if rules.is_valid(problem.graph, q, *reading):
                yield f"the reading {reading} is valid too"
            if not wrong:
                yield f"the reading {reading} gives the right value too"
    if right is None and shown and not tempting:
        yield "every reading of the menu gives the right value"


def _third_road(problem: Problem, model: SCM, value: float) -> Iterator[str]:
    q = problem.query
    x, x_ref, y = {q.treatment: q.x}, {q.treatment: q.x_ref}, {q.outcome: q.y}
    if q.task in ("ATE", "CDE"):
        held = dict(q.held)
        result = marginal(joint(model, {**x, **held}), y) - marginal(joint(model, {**x_ref, **held}), y)
    elif q.task == "ETT":
        worlds = pair_joint(model, {}, x)
        seen = marginal(worlds, x_ref)
        other_y = {model.graph.n + q.outcome: q.y}
        result = (marginal(worlds, {**x_ref, **y}) - marginal(worlds, {**x_ref, **other_y})) / seen
    elif q.task in ("NDE", "NIE"):
        changed = nested_mean(model, x, x_ref, y) if q.task == "NDE" else nested_mean(model, x_ref, x, y)
        result = changed - nested_mean(model, x_ref, x_ref, y)
    else:
        result = _bound(problem, model)
    if abs(result - value) > TOLERANCE:
        yield f"the truth is {value}, counterfactuals give {result:.6f}"


def _bound(problem: Problem, model: SCM) -> float:
    """The asked bound by the linear programme."""
    q, n = problem.query, model.graph.n
    others = tuple(v for v in range(n) if v not in (q.treatment, q.outcome))

    def x_y(table: Array) -> Array:
        both: Array = table.sum(axis=others)
        return both if q.treatment < q.outcome else both.T

    natural = x_y(joint(model))
    effects = natural.copy()
    for value in (0, 1):
        effects[value] = x_y(joint(model, {q.treatment: value}))[value]
    lower, upper = pn_ps_bounds(natural, effects, (q.x_ref, 1 - q.y))
    return lower if q.bound == "lower" else upper


def _right(problem: Problem) -> Reading | None:
    right = problem.meta["right"]
    return None if right is None else (right[0], right[1])


def _cards(problem: Problem) -> list[int]:
    return [len(v.labels) for v in problem.variables]


def _value(problem: Problem, reading: Reading) -> Fraction | None:
    """What a reading makes of the displayed numbers; None where they are not all shown or a denominator is 0."""
    numbers = numbers_of(problem)
    try:
        estimand = task(problem.query.task).estimand(problem.query, *reading, _cards(problem))
        return Fraction(estimand.evaluate(numbers.__getitem__))
    except (KeyError, ZeroDivisionError):
        return None
