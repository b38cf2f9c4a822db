"""Why an answer is wrong: one kind for every wrong answer, with the step that fails first.

Kinds and what is compared are described in docs/scoring.md. What a text says is compared with what known mistakes lead
to (``mistakes``); nothing is guessed from its words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import nan

from rungwise.problems.problem import LACK_CONDITION, TOLERANCE, Problem
from rungwise.scoring.expression import ExpressionError, Parsed, parse
from rungwise.scoring.extract import extract
from rungwise.scoring.mistakes import Mistake, mistakes
from rungwise.scoring.readings import Grounds, Values, grounds, same
from rungwise.scoring.rounding import MOST, by_rounding
from rungwise.scoring.score import Verdict, score
from rungwise.scoring.steps import checked, written_values

KINDS = (
    "right",
    "format",
    "lack",
    "no_lack",
    "polarity",
    "task",
    "adjustment",
    "mediator",
    "shortcut",
    "arithmetic",
    "rounding",
    "other",
)

_EXACT = 1e-4
"""So near a number written with four decimals is to what it was computed as."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Attributes:
    kind: one of KINDS.
    step: the first step that is wrong or missing (see ``steps.StepCheck.kind``), None when all are right.
    sentence: what was found.
    """

    kind: str
    step: str | None
    sentence: str


def diagnose(text: str, problem: Problem, view: str = "natural") -> Diagnosis:
    """Why a text is right or wrong; the text itself never makes it raise.

    Raises:
        UserError: unknown view, or the problem has no truth.
    """
    verdict = score(text, problem, view)
    step = next((check.kind for check in checked(text, problem, view, verdict) if check.status != "right"), None)
    kind, sentence = _cause(text, problem, view, verdict)
    return Diagnosis(kind, step, sentence)


def _cause(text: str, problem: Problem, view: str, verdict: Verdict) -> tuple[str, str]:
    sentence = verdict.reason.partition(": ")[2]
    if verdict.score:
        return "right", sentence
    if verdict.status == "unparsed":
        return "format", verdict.reason
    if verdict.answer == LACK_CONDITION:
        return "lack", sentence
    assert problem.truth is not None
    if problem.truth.value is None:
        return "no_lack", sentence
    if verdict.value_correct and verdict.answer is not None:
        return "polarity", sentence
    final = extract(text)
    if verdict.value_correct or verdict.value is None or final.prob is None:
        return "format", verdict.reason
    known = grounds(problem, view)
    if not known.determined:
        return "other", "the stated truth is a value, but the displayed facts determine none"
    parsed = parse(final.prob)
    values = tuple([_value(parsed, slots) for slots in known.slots]) if view == "slots" else (verdict.value,)
    if same(values, known.truth):
        return "other", "this is what the displayed facts give; the stated truth is another value"
    if view == "slots":
        return _cause_over_slots(parsed, values, known)
    return _cause_of_number(final.prob, verdict.value, text, problem, view, known)


def _cause_over_slots(parsed: Parsed, values: Values, known: Grounds) -> tuple[str, str]:
    if not parsed.uses_slots and values[0]:
        return "shortcut", "a number, though none is shown"
    found = _named(values, known, TOLERANCE)
    if found is not None:
        return found.kind, f"the value is {found.sentence}"
    return "other", "the expression is right for no question and no reading of the facts"


def _value(parsed: Parsed, slots: Mapping[str, Fraction]) -> float:
    try:
        return float(parsed.evaluate(slots))
    except ExpressionError:  # a denominator that is 0 for these numbers
        return nan


def _cause_of_number(
    prob: str, value: float, text: str, problem: Problem, view: str, known: Grounds
) -> tuple[str, str]:
    truth = known.truth[0]
    for mistake in mistakes(known):
        if mistake.kind == "polarity" and same((value,), mistake.values):
            return "polarity", f"the value is {mistake.sentence}"
    rounded = by_rounding(value, _unit(prob), known) if abs(value - truth) <= MOST else None
    written = written_values(text, problem, view)
    for kind, said in written.items():
        if same((float(said),), known.truth):
            if rounded is not None:
                return "rounding", f"the {kind} is right, {rounded}"
            return "arithmetic", f"the {kind} is right and comes to {float(said):.4f}, not to {value:.4f}"
    found = _named((value,), known, _EXACT)
    if found is not None:
        return found.kind, f"the value is {found.sentence}"
    if rounded is not None:
        return "rounding", rounded
    found = _named((value,), known, max(TOLERANCE, _unit(prob) / 2))
    if found is not None:
        return found.kind, f"the value is {found.sentence}"
    for kind, said in written.items():
        found = _named((float(said),), known, _EXACT)
        if found is not None:
            return found.kind, f"the {kind} is {found.sentence}; it comes to {float(said):.4f}, not to {value:.4f}"
    if abs(value / 100 - truth) <= TOLERANCE:
        return "arithmetic", "the value is 100 times the right one: in percent"
    return "other", f"{value:.4f} is right for no question and no reading of the facts"


def _named(values: Values, known: Grounds, tolerance: float) -> Mistake | None:
    return next((mistake for mistake in mistakes(known) if same(values, mistake.values, tolerance)), None)


def _unit(prob: str) -> float:
    """The unit of the last decimal of a plain number with two decimals or more, else that of the fourth."""
    decimals = len(prob.strip().partition(".")[2])
    return 10.0 ** -(decimals if prob.strip().lstrip("+-−").replace(".", "", 1).isdigit() and decimals >= 2 else 4)
