"""Everything that must hold of a generated problem, recomputed from graph, model and displayed numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from rungwise.causal.estimand import Term
from rungwise.causal.scm import SCM
from rungwise.errors import UserError
from rungwise.problems.baselines import BASELINES, baseline_value
from rungwise.problems.checkable import Own, own_of, unfit
from rungwise.problems.menu import Reading
from rungwise.problems.polarity import twin, twin_id
from rungwise.problems.problem import EFFECTS, LACK_CONDITION, TOLERANCE, Answer, Problem
from rungwise.problems.roads import Cells, cells, event, model_value, reading_value, third_value
from rungwise.problems.solve import solve
from rungwise.problems.streams import split_of
from rungwise.problems.tasks import task
from rungwise.problems.worked import worked_steps
from rungwise.scoring.expression import evaluate
from rungwise.scoring.sign import answer_from_value

HALF_UNIT = 0.5e-4 + 1e-9
"""Largest difference between a probability and its four displayed decimals."""

EXACT = 1e-9
"""Difference allowed where two roads use the same digits."""


def check_problem(problem: Problem, thorough: bool = False) -> list[str]:
    """Every violation as "kind: sentence"; empty if there is none.

    The displayed facts are the model's probabilities, the truth is what the right reading makes of the displayed
    numbers, agrees with the full model by truncated factorisation and does not hang on hidden digits; the right
    reading is the only valid one of the menu and the others give other values; answer, flags, steps, shape, split,
    difficulty and twin are consistent. Where the answer is LACK_CONDITION a second model must show that the value is
    not determined. Numbers are recomputed by ``roads``, none of which made the problem.

    Args:
        thorough: also by a third road (two worlds, the linear programme over response types), the arithmetic of the
            worked steps, what the shortcuts answer, and the whole polarity twin.
    """
    try:
        problem.check()
    except UserError as error:
        return [f"problem: {error}"]
    if problem.model is None or problem.truth is None:
        return ["problem: without its full model and truth it cannot be checked"]
    try:
        problem.model.check()
    except UserError as error:
        return [f"model: it is none: {error}"]
    return unfit(problem, problem.model) or check_read(problem, problem.model, problem.truth, problem.shape, thorough)


def check_read(problem: Problem, model: SCM, truth: Answer, shape: str, thorough: bool = False) -> list[str]:
    """``check_problem`` where a certificate was read, so that problem and model are known to be well formed, and found
    not to be ``unfit``.

    Args:
        model, truth: the problem's.
        shape: its canonical shape.
    """
    own = own_of(problem, model, truth, shape)
    known = cells(model)
    found = [*_facts(problem, model, known), *_records(own)]
    if truth.answer == LACK_CONDITION or truth.value is None:
        return [*found, *_lack(own)]
    found += [*_truth(own, truth.value, known), *_readings(own, truth.value), *_steps(own)]
    return found + list(_thorough(own, truth.value)) if thorough else found


def _facts(problem: Problem, model: SCM, known: Cells) -> Iterator[str]:
    seen: set[Term] = set()
    for fact in problem.facts:
        target, given = fact.term
        if len({v for v, _ in target + given}) < len(target) + len(given):
            yield f"fact: {fact.term.text(problem.letters)} gives one variable twice"
            continue
        if fact.term in seen:
            yield f"fact: {fact.term.text(problem.letters)} is shown twice"
        seen.add(fact.term)
        below = event(known, given, model.cards) if given else 1.0
        if not below:
            yield f"fact: {fact.term.text(problem.letters)} has a condition of probability 0"
            continue
        exact = event(known, target + given, model.cards) / below
        if abs(fact.value - exact) > HALF_UNIT:
            yield f"fact: {fact.term.text(problem.letters)} is shown as {fact.value}, the model has {exact:.6f}"
        if abs(fact.value - round(fact.value, 4)) > EXACT:
            yield f"fact: {fact.term.text(problem.letters)} is shown with more than four decimals"


def _records(own: Own) -> Iterator[str]:
    """What is recorded about the problem: shape, split, flags, difficulty, twin."""
    problem, shape, value = own.problem, own.shape, own.truth.value
    meta, q = problem.meta, problem.query
    if meta["shape"] != shape:
        yield f"split: the shape is {shape}, not {meta['shape']}"
    if split_of(shape) != meta["split"]:
        yield f"split: the shape belongs to the split {split_of(shape)}, not {meta['split']}"
    if "twin" in meta and meta["twin"] != twin_id(problem):
        yield f"twin: the polarity twin is {twin_id(problem)}, not {meta['twin']}"
    if value is None:
        return
    zero = task(q.task).is_zero(problem.graph, q) if q.task in EFFECTS else value == 0
    if meta["zero"] != zero:
        yield f"records: the zero flag is {meta['zero']}, should be {zero}"
    stated, counted = meta.get("difficulty", {}), _difficulty(own)
    wrong = [key for key in counted if "difficulty" in meta and stated.get(key) != counted[key]]
    if wrong:
        yield f"records: the difficulty is {counted}, not {stated} ({', '.join(wrong)})"


def _difficulty(own: Own) -> dict[str, int]:
    graph, right = own.problem.graph, own.right
    estimand = own.written
    return {
        "nodes": graph.n,
        "edges": len(graph.edges),
        "adjustment": right[1].bit_count() if right else 0,
        "mediators": right[0].bit_count() if right else 0,
        "facts": len(own.problem.facts),
        "distractors": len(own.problem.facts) - (len(estimand.terms & own.shown.keys()) if estimand else 0),
        "operations": estimand.operations if estimand else 0,
    }


def _truth(own: Own, value: float, known: Cells) -> Iterator[str]:
    q, right = own.problem.query, own.right
    exact = model_value(own.model, q, known)
    read = reading_value(q, *right, own.cards, own.shown) if right else 0.0
    if read is None:
        yield f"truth: the facts of the right reading {right} are not all shown"
    elif abs(read - value) > EXACT:
        yield f"truth: the truth is {value}, the right reading gives {read:.6f} on the displayed numbers"
    if abs(value - exact) > TOLERANCE:
        yield f"truth: the truth is {value}, the full model gives {exact:.6f}"
    if own.truth.answer != answer_from_value(q, value):
        yield f"answer: the answer is {own.truth.answer}, the value {value} makes it {answer_from_value(q, value)}"
    if q.task in EFFECTS:
        if right is None and abs(exact) > EXACT:
            yield f"truth: the value is 0 by structure, the full model gives {exact:.6f}"
        if right is not None and (abs(value) <= TOLERANCE or value * exact <= 0):
            yield f"truth: the sign of {value} hangs on hidden digits (the full model gives {exact:.6f})"


def _readings(own: Own, value: float) -> Iterator[str]:
    problem, q, right = own.problem, own.problem.query, own.right
    rules = task(q.task)
    menu: list[Reading] = [(ms, zs) for ms, zs in problem.meta["readings"]]
    zero = rules.is_zero(problem.graph, q)
    if right is None and not zero:
        yield "reading: no reading is right, but the value is not 0 by structure"
    if right is not None:
        if right not in menu:
            yield f"reading: the right reading {right} is not on the menu {menu}"
        if not rules.is_valid(problem.graph, q, *right):
            yield f"reading: the right reading {right} is not valid in this graph"
        if zero:
            yield f"reading: the value is 0 by structure, but the reading {right} is called right"
    tempting = False
    for reading in menu:
        result = reading_value(q, *reading, own.cards, own.shown)
        if result is None:
            yield f"reading: the facts of the reading {reading} are not all shown"
            continue
        wrong = abs(result - value) > TOLERANCE
        tempting |= wrong
        if reading != right and right is not None:
            if rules.is_valid(problem.graph, q, *reading):
                yield f"reading: the reading {reading} is valid too"
            if not wrong:
                yield f"reading: the reading {reading} gives the right value too"
    if right is None and menu and not tempting:
        yield "reading: every reading of the menu gives the right value"


def _lack(own: Own) -> Iterator[str]:
    """Whether the displayed facts leave the value open, and the second model proves it."""
    problem, q, truth = own.problem, own.problem.query, own.truth
    if truth.value is not None or truth.answer != LACK_CONDITION:
        yield f"truth: a truth without a value must be {LACK_CONDITION}"
    solution = solve(problem)
    if solution.answer != LACK_CONDITION:
        yield f"witness: the value is determined by the displayed facts: {solution.value}"
    if own.right is not None and problem.steps != worked_steps(problem, own.right):
        yield "steps: the worked steps are not those of the right reading"
    stated = problem.meta.get("witness")
    if stated is None:
        yield "witness: there is no second model that shows that the value is not determined"
        return
    try:
        other, value = SCM.from_dict(problem.graph, stated), float(stated["value"])
    except (UserError, KeyError, TypeError, ValueError) as error:
        yield f"witness: it is no model with a value: {error}"
        return
    if other.cards != own.cards:
        yield f"witness: its variables have {other.cards} values, the problem's {own.cards}"
        return
    known = cells(other)
    for fault in _facts(problem, other, known):
        yield f"witness: it does not agree with the facts: {fault.removeprefix('fact: ')}"
    first, second = model_value(own.model, q), model_value(other, q, known)
    if abs(second - value) > EXACT:
        yield f"witness: it gives {second:.6f}, not {value}"
    if abs(first - second) <= 2 * TOLERANCE:
        yield f"witness: it gives {second:.6f}, which is no other value than {first:.6f}"


def _steps(own: Own) -> Iterator[str]:
    problem, estimand, shown = own.problem, own.written, own.shown
    with suppress(KeyError):  # a fact that the right reading needs is not shown, see _truth
        said = None
        if estimand is not None and estimand.terms <= shown.keys():
            letters = problem.letters
            over_terms = [part.text(letters) if isinstance(part, Term) else part for part in estimand.parts]
            numbers = [f"{shown[part]:.4f}" if isinstance(part, Term) else part for part in estimand.parts]
            said = "".join(over_terms), "".join(numbers)
        if problem.steps != worked_steps(problem, own.right, said):
            yield "steps: the worked steps are not those of the right reading"


def _thorough(own: Own, value: float) -> Iterator[str]:
    problem = own.problem
    third = third_value(own.model, problem.query)
    if third is not None and abs(third[1] - value) > TOLERANCE:
        yield f"truth: the truth is {value}, the {third[0]} gives {third[1]:.6f}"
    for step in problem.steps:
        if step.kind == "substitution" and abs(float(evaluate(step.content, {})) - value) > EXACT:
            yield f"steps: the substitution {step.content} is {float(evaluate(step.content, {})):.6f}, not {value}"
    if "shortcuts" in problem.meta:
        answers = {name: baseline_value(name, problem) for name in BASELINES}
        right = [name for name, said in answers.items() if said is not None and abs(said - value) <= TOLERANCE]
        if right != problem.meta["shortcuts"]:
            yield f"records: the shortcuts {problem.meta['shortcuts']} are called right, {right} are"
    other = twin(problem)
    if other is not None and "twin" in problem.meta:
        said = other.truth.value if other.truth else None
        if other.id != problem.meta["twin"] or said is None or abs(said + value) > TOLERANCE:
            yield f"twin: it is {other.id} with the value {said}, not {problem.meta['twin']} with {-value}"
