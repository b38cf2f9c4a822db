"""Everything that must hold of a generated problem, recomputed from graph, model and displayed numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache

from rungwise.causal.estimand import Expr, Term
from rungwise.causal.scm import SCM
from rungwise.errors import UserError
from rungwise.problems.baselines import BASELINES, baseline_value
from rungwise.problems.menu import Reading
from rungwise.problems.polarity import twin, twin_id
from rungwise.problems.problem import EFFECTS, LACK_CONDITION, TOLERANCE, Problem, Query
from rungwise.problems.roads import cells, event, is_rising, model_value, reading_value, third_value
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
    unfit = [*_meta(problem), *_model(problem, problem.model)]
    if unfit:
        return unfit
    flat = cells(problem.model)
    found = [*_facts(problem, problem.model, flat), *_records(problem)]
    if problem.truth.answer == LACK_CONDITION or problem.truth.value is None:
        return [*found, *_lack(problem, problem.model)]
    shown = {fact.term: fact.value for fact in problem.facts}
    value = problem.truth.value
    found += [*_truth(problem, problem.model, value, shown, flat), *_readings(problem, value, shown)]
    found += _steps(problem, shown)
    return found + list(_thorough(problem, problem.model, value)) if thorough else found


def _meta(problem: Problem) -> Iterator[str]:
    """What makes the other checks impossible."""
    meta, n = problem.meta, problem.graph.n
    missing = [key for key in ("right", "readings", "zero", "split", "shape") if key not in meta]
    if missing:
        yield f"records: meta lacks {', '.join(missing)}"
        return
    for reading in [*meta["readings"], *([meta["right"]] if meta["right"] is not None else [])]:
        if len(reading) != 2 or not all(isinstance(nodes, int) and 0 <= nodes < 1 << n for nodes in reading):
            yield f"records: the reading {reading} is not two sets of the {n} nodes"
    if len(problem.letters) != n or len(set(problem.letters)) != n:
        yield f"records: the letters {', '.join(problem.letters)} do not name {n} variables"


def _model(problem: Problem, model: SCM) -> Iterator[str]:
    if model.graph != problem.graph:
        yield f"model: its graph has the edges {model.graph.edges}, the problem's {problem.graph.edges}"
    try:
        model.check()
    except UserError as error:
        yield f"model: it is none: {error}"
        return
    if model.cards != _cards(problem):
        yield f"model: its variables have {model.cards} values, the problem's {_cards(problem)}"
    elif problem.query.bound == "point" and not is_rising(model, problem.query):
        yield "model: the treatment can lower the outcome, so no point is determined"


def _facts(problem: Problem, model: SCM, flat: Sequence[float]) -> Iterator[str]:
    seen: set[Term] = set()
    for fact in problem.facts:
        target, given = fact.term
        if fact.term in seen:
            yield f"fact: {fact.term.text(problem.letters)} is shown twice"
        seen.add(fact.term)
        below = event(flat, given, model.cards) if given else 1.0
        if not below:
            yield f"fact: {fact.term.text(problem.letters)} has a condition of probability 0"
            continue
        exact = event(flat, target + given, model.cards) / below
        if abs(fact.value - exact) > HALF_UNIT:
            yield f"fact: {fact.term.text(problem.letters)} is shown as {fact.value}, the model has {exact:.6f}"
        if abs(fact.value - round(fact.value, 4)) > EXACT:
            yield f"fact: {fact.term.text(problem.letters)} is shown with more than four decimals"


def _records(problem: Problem) -> Iterator[str]:
    """What is recorded about the problem: shape, split, flags, difficulty, twin."""
    meta, q, right, shape = problem.meta, problem.query, _right(problem), problem.shape
    if meta["shape"] != shape:
        yield f"split: the shape is {shape}, not {meta['shape']}"
    if split_of(shape) != meta["split"]:
        yield f"split: the shape belongs to the split {split_of(shape)}, not {meta['split']}"
    if "twin" in meta and meta["twin"] != twin_id(problem):
        yield f"twin: the polarity twin is {twin_id(problem)}, not {meta['twin']}"
    if problem.truth is None or problem.truth.value is None:
        return
    zero = task(q.task).is_zero(problem.graph, q) if q.task in EFFECTS else problem.truth.value == 0
    if meta["zero"] != zero:
        yield f"records: the zero flag is {meta['zero']}, should be {zero}"
    stated, counted = meta.get("difficulty", {}), _difficulty(problem, right)
    wrong = [key for key in counted if "difficulty" in meta and stated.get(key) != counted[key]]
    if wrong:
        yield f"records: the difficulty is {counted}, not {stated} ({', '.join(wrong)})"


def _difficulty(problem: Problem, right: Reading | None) -> dict[str, int]:
    terms, operations = 0, 0
    if right is not None:
        estimand = _estimand(problem.query, *right, _cards(problem))
        shown = {fact.term for fact in problem.facts}
        terms = len({part for part in _parts(estimand) if isinstance(part, Term) and part in shown})
        operations = _operations(estimand)
    return {
        "nodes": problem.graph.n,
        "edges": len(problem.graph.edges),
        "adjustment": right[1].bit_count() if right else 0,
        "mediators": right[0].bit_count() if right else 0,
        "facts": len(problem.facts),
        "distractors": len(problem.facts) - terms,
        "operations": operations,
    }


def _truth(
    problem: Problem, model: SCM, value: float, shown: Mapping[Term, float], flat: Sequence[float]
) -> Iterator[str]:
    q, right = problem.query, _right(problem)
    exact = model_value(model, q, flat)
    read = reading_value(q, *right, _cards(problem), shown) if right else 0.0
    if read is None:
        yield f"truth: the facts of the right reading {right} are not all shown"
    elif abs(read - value) > EXACT:
        yield f"truth: the truth is {value}, the right reading gives {read:.6f} on the displayed numbers"
    if abs(value - exact) > TOLERANCE:
        yield f"truth: the truth is {value}, the full model gives {exact:.6f}"
    if problem.truth is not None and problem.truth.answer != answer_from_value(q, value):
        yield f"answer: the answer is {problem.truth.answer}, the value {value} makes it {answer_from_value(q, value)}"
    if q.task in EFFECTS:
        if right is None and abs(exact) > EXACT:
            yield f"truth: the value is 0 by structure, the full model gives {exact:.6f}"
        if right is not None and (abs(value) <= TOLERANCE or value * exact <= 0):
            yield f"truth: the sign of {value} hangs on hidden digits (the full model gives {exact:.6f})"


def _readings(problem: Problem, value: float, shown: Mapping[Term, float]) -> Iterator[str]:
    q, right, rules = problem.query, _right(problem), task(problem.query.task)
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
        result = reading_value(q, *reading, _cards(problem), shown)
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


def _lack(problem: Problem, model: SCM) -> Iterator[str]:
    """Whether the displayed facts leave the value open, and the second model proves it."""
    q, right = problem.query, _right(problem)
    if problem.truth is None or problem.truth.value is not None or problem.truth.answer != LACK_CONDITION:
        yield f"truth: a truth without a value must be {LACK_CONDITION}"
    solution = solve(problem)
    if solution.answer != LACK_CONDITION:
        yield f"witness: the value is determined by the displayed facts: {solution.value}"
    if right is not None and problem.steps != worked_steps(problem, right):
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
    if other.cards != model.cards:
        yield f"witness: its variables have {other.cards} values, the problem's {model.cards}"
        return
    flat = cells(other)
    for fault in _facts(problem, other, flat):
        yield f"witness: it does not agree with the facts: {fault.removeprefix('fact: ')}"
    first, second = model_value(model, q), model_value(other, q, flat)
    if abs(second - value) > EXACT:
        yield f"witness: it gives {second:.6f}, not {value}"
    if abs(first - second) <= 2 * TOLERANCE:
        yield f"witness: it gives {second:.6f}, which is no other value than {first:.6f}"


def _steps(problem: Problem, shown: Mapping[Term, float]) -> Iterator[str]:
    right = _right(problem)
    with suppress(KeyError):  # a fact that the right reading needs is not shown, see _truth
        written = None
        if right is not None:
            parts = _parts(_estimand(problem.query, *right, _cards(problem)))
            if all(part in shown for part in parts if isinstance(part, Term)):
                letters = problem.letters
                over_terms = [part.text(letters) if isinstance(part, Term) else part for part in parts]
                numbers = [f"{shown[part]:.4f}" if isinstance(part, Term) else part for part in parts]
                written = "".join(over_terms), "".join(numbers)
        if problem.steps != worked_steps(problem, right, written):
            yield "steps: the worked steps are not those of the right reading"


def _thorough(problem: Problem, model: SCM, value: float) -> Iterator[str]:
    third = third_value(model, problem.query)
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


@lru_cache(maxsize=1 << 14)
def _estimand(q: Query, ms: int, zs: int, cards: tuple[int, ...]) -> Expr:
    return task(q.task).estimand(q, ms, zs, cards)


@lru_cache(maxsize=1 << 14)
def _parts(estimand: Expr) -> list[Term | str]:
    """The written estimand, cut into its terms and what stands between them."""
    terms = estimand.terms()
    place = {term: i for i, term in enumerate(terms)}
    pieces = estimand.text(lambda term: f"\0{place[term]}\0").split("\0")
    return [terms[int(piece)] if i % 2 else piece for i, piece in enumerate(pieces)]


@lru_cache(maxsize=1 << 14)
def _operations(estimand: Expr) -> int:
    return bool(estimand.args) + sum(_operations(e) for e in estimand.args)


def _right(problem: Problem) -> Reading | None:
    right = problem.meta["right"]
    return None if right is None else (right[0], right[1])


def _cards(problem: Problem) -> tuple[int, ...]:
    return tuple([len(v.labels) for v in problem.variables])
