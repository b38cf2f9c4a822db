"""The one scorer: a text and a problem in, a verdict out. Pure, bounded in time, safe in threads.

Rewards, evaluation and adapters are thin calls of ``score``. "Not parsed", "wrong" and "the scorer failed" are three
different things: the first two are verdicts, the third is an exception.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from rungwise.causal.estimand import Term
from rungwise.errors import UserError
from rungwise.problems.problem import LACK_CONDITION, TOLERANCE, Answer, Problem
from rungwise.scoring.expression import ExpressionError, Parsed, parse
from rungwise.scoring.extract import extract
from rungwise.scoring.sign import answer_from_value

VIEWS = ("natural", "formal", "slots")

_TOLERANCE = Fraction(str(TOLERANCE))
_NEAR = 1e-6
"""So near to the edge of the tolerance floats do not decide: values below ``MAX_VALUE`` are rounded by less."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a text is worth.

    Attributes:
        score: 1 when everything asked for is right, else 0.
        value: the value given (evaluated when it was an expression), None when there is none.
        answer: "Yes", "No", LACK_CONDITION or None; in the slots view derived from the value.
        status: "parsed" or "unparsed".
        reason: "code: sentence".
        by_expression: the value was written as an expression, not as a plain number.
        value_correct: the value alone is right (LACK_CONDITION where it is the truth).
        answer_correct: the answer alone is right; also true of a parsed text where no answer is asked (PN, PS).
    """

    score: int
    value: float | None
    answer: str | None
    status: str
    reason: str
    by_expression: bool
    value_correct: bool
    answer_correct: bool


def score(text: str, problem: Problem, view: str = "natural") -> Verdict:
    """Judge what a model wrote in answer to a problem; the text itself never makes it raise.

    ``text`` is everything the model produced, and where the prompt ended with a prefilled ``<think>``, that too.

    Raises:
        UserError: unknown view, or the problem has no truth.
    """
    if view not in VIEWS:
        raise UserError(f"unknown view {view!r}; views are {', '.join(VIEWS)}")
    truth = problem.truth
    if truth is None or (truth.value is None and truth.answer != LACK_CONDITION):
        raise UserError(f"problem {problem.id} has no truth to score against; solve it first")

    found = extract(text)
    if found.status == "unparsed":
        return _unparsed(found.reason)
    if found.lack:
        return _lack_verdict(truth)
    value, fault, by_expression = None, "no_value: PROB is missing", False
    if found.prob is not None:
        try:
            parsed = parse(found.prob)
            value, fault = (_judge_slots if view == "slots" else _judge_number)(parsed, problem, truth)
        except ExpressionError as error:
            return _unparsed(f"{error.code}: {error}")
        by_expression = not parsed.is_plain_number

    answer = found.answer
    if view == "slots":  # no sign can be seen there, so an ANSWER that was written anyway says nothing
        answer = None if value is None else answer_from_value(problem.query, value)
    answer_correct = truth.answer in (None, answer)
    if fault:
        reason = fault
    elif answer_correct:
        reason = "right: the value is right" + (", the answer is derived from it" if view == "slots" else "")
    elif answer is None:
        reason = "no_answer: the value is right, but ANSWER is missing"
    else:
        reason = f"wrong_answer: the value is right, but the answer is {truth.answer}"
    return Verdict(
        score=int(not fault and answer_correct),
        value=value,
        answer=answer,
        status="parsed",
        reason=reason,
        by_expression=by_expression,
        value_correct=not fault,
        answer_correct=answer_correct,
    )


def _lack_verdict(truth: Answer) -> Verdict:
    right = truth.answer == LACK_CONDITION
    reason = "right: the value is not determined" if right else f"wrong_lack: the value is determined, {truth.value}"
    return Verdict(int(right), None, LACK_CONDITION, "parsed", reason, False, right, right)


def _judge_number(parsed: Parsed, problem: Problem, truth: Answer) -> tuple[float, str]:
    """The value and what is wrong with it ("" when nothing is)."""
    value = parsed.evaluate()
    return float(value), _difference(value, truth)


def _judge_slots(parsed: Parsed, problem: Problem, truth: Answer) -> tuple[float, str]:
    """As ``_judge_number``; an expression over slots must also be right for fresh numbers, or luck would pay."""
    from rungwise.problems.fillings import fillings
    from rungwise.wording.slots import displayed, slot_table

    table = slot_table(problem)
    value = parsed.evaluate(_by_slot(table, displayed(problem)))
    fault = _difference(value, truth)
    if value and not parsed.uses_slots:
        fault = "number_for_slots: the numbers are not shown, so a number other than 0 is a guess"
    if not fault and not all(
        _right_for(parsed, _by_slot(table, filling.numbers), filling.value) for filling in fillings(problem)
    ):
        fault = "shown_only: right for the shown numbers, wrong for fresh numbers of the same graph"
    return float(value), fault


def _difference(value: Fraction, truth: Answer) -> str:
    if truth.value is None:
        return f"wrong_value: the value is not determined, the answer is {LACK_CONDITION}"
    return "" if _close(value, truth.value) else f"wrong_value: the value is {truth.value}"


def _close(value: Fraction, truth: float) -> bool:
    off = abs(float(value) - truth)
    if abs(off - TOLERANCE) > _NEAR:
        return off < TOLERANCE
    # str gives the shortest decimal that is this float, the number the data states; so the edge is exact.
    return abs(value - Fraction(str(truth))) <= _TOLERANCE


def _right_for(parsed: Parsed, numbers: Mapping[str, Fraction], truth: float) -> bool:
    try:
        return _close(parsed.evaluate(numbers), truth)
    except ExpressionError:  # a denominator that is 0 or a value that explodes for these numbers only
        return False


def _by_slot(table: Mapping[str, Term], numbers: Mapping[Term, Fraction]) -> dict[str, Fraction]:
    return {name: numbers[term] for name, term in table.items()}


def _unparsed(reason: str) -> Verdict:
    return Verdict(0, None, None, "unparsed", reason, False, False, False)
