"""Machine checks of the steps a model writes before its final answer.

Expected are the steps of the reference solution (``wording.answers.solution_text``) or, where the text adjusts for
another set that is valid as well, of the solution with that set. A step that can't be found is missing, never wrong;
of a step that is written several times the last one counts. What a text means by a step is decided by a fixed small
grammar (see docs/scoring.md), and formulas are judged by what they come to, never by their letters.

Reading is linear in the text: patterns have no nested or overlapping repetition, and of a line only the first
MAX_CONTENT characters are looked at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from rungwise.causal.graph import mask_of
from rungwise.problems.menu import Reading
from rungwise.problems.problem import LACK_CONDITION, Problem, Step
from rungwise.problems.worked import worked_steps
from rungwise.scoring.extract import extract
from rungwise.scoring.readings import KEPT, Grounds, grounds, same
from rungwise.scoring.score import Verdict, score
from rungwise.scoring.written import (
    MAX_CONTENT,
    nodes_in,
    number_in,
    read_estimand,
    read_sum,
    terms_in,
    yes_or_no,
)
from rungwise.wording.answers import solution_text

Key = tuple[str, str]
"""Kind and subject of a step: ("parents", "B") in the slots view, ("path", "") elsewhere."""

_SLOT_STEP = re.compile(r"\b(path|edge|between|parents|adjust|find) ?([A-Z]{0,26}) ?: ?([A-Za-z0-9]{1,30})\b")
_LINE_STEP = re.compile(
    r"(path|mediators?|adjustment|estimand|substitution|arithmetic|missing|answer)(?: set)?[^\w\n:{}\"]{0,6}:"
    rf"[^\w\n({{\[∅.−-]{{0,12}}([^\n]{{0,{MAX_CONTENT}}})",
    re.IGNORECASE,
)
_BEFORE_KIND = re.compile(r"(?:</?think>)?[^\w\n{}\"]{0,12}(?:(?:step )?\d{1,3}[.):]?[^\w\n{}\"]{0,6})?", re.IGNORECASE)
_MOST_BEFORE = 40
"""Characters of a line in front of a step's kind: numbers and marks."""

_ANSWER = re.compile(r"\{[^{}]*+\}|(?<!\w)LACK\\?_CONDITION(?!\w)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class StepCheck:
    """One step of the reference solution and what a text makes of it.

    Attributes:
        kind: slots view: path, edge, between, parents, adjust, find, expression; else path, mediators, adjustment,
            estimand, substitution, arithmetic, missing, answer.
        status: right, wrong or missing.
        said: what the text says, None when missing.
        expected: what the reference says.
    """

    kind: str
    status: str
    said: str | None
    expected: str


def check_steps(text: str, problem: Problem, view: str = "natural") -> tuple[StepCheck, ...]:
    """Check the steps before the final answer, in the order of the reference solution; never empty.

    Reasoning counts too: steps may stand in front of ``</think>``, the final answer is the one that scoring finds.

    Raises:
        UserError: unknown view, or the problem has no truth.
    """
    return checked(text, problem, view, score(text, problem, view))


def checked(text: str, problem: Problem, view: str, verdict: Verdict) -> tuple[StepCheck, ...]:
    """``check_steps`` with the verdict at hand."""
    known = grounds(problem, view)
    before = _before_answer(text, verdict.status == "parsed")
    return _slot_checks(text, before, known, verdict) if view == "slots" else _line_checks(before, known, problem)


def written_values(text: str, problem: Problem, view: str) -> dict[str, Fraction]:
    """What the written substitution and estimand (natural and formal view) come to, where they can be read."""
    said = _lines(_before_answer(text, True))
    formulas = {
        "substitution": read_sum(said.get("substitution", "")),
        "estimand": read_estimand(said.get("estimand", ""), problem),
    }
    numbers = grounds(problem, view).numbers[0]
    values = {kind: formula.value(numbers) for kind, formula in formulas.items() if formula is not None}
    return {kind: value for kind, value in values.items() if value is not None}


def _before_answer(text: str, answered: bool) -> str:
    """The text in front of the last answer object or LACK_CONDITION; all of it where there is no final answer."""
    if not answered:
        return text
    end = len(text)
    for match in _ANSWER.finditer(text, text.rfind("</think>") + 1):
        said = match.group().upper()
        if said[0] != "{" or "PROB" in said or "ANSWER" in said:
            end = match.start()
    return text[:end]


# The slots view: one line of compact steps.


def _slot_checks(text: str, before: str, known: Grounds, verdict: Verdict) -> tuple[StepCheck, ...]:
    said = _slot_steps(before)
    adjusted = _letters(said.get(("adjust", ""), ("", "?"))[1], known.problem)
    chosen = None if adjusted is None else known.reading(adjusted)
    steps, expression = _slot_reference(known, chosen)
    out = []
    for (kind, subject), (pair, content) in steps.items():
        expected = f"{pair}:{content}" if pair else content
        there = said.get((kind, subject))
        if there is None:
            out.append(StepCheck(kind, "missing", None, expected))
            continue
        right = there == (pair, content)
        if not right and kind in ("between", "parents", "adjust"):
            right = there[0] == pair and _letters(there[1], known.problem) == _letters(content, known.problem)
        elif not right and kind == "find":  # letters of the block in any order
            right = sorted(there[0]) == sorted(pair) and there[1] == content
        out.append(StepCheck(kind, "right" if right else "wrong", f"{there[0]}:{there[1]}".lstrip(":"), expected))
    if verdict.status == "unparsed":
        return (*out, StepCheck("expression", "missing", None, expression))
    final = extract(text)
    status = "right" if verdict.value_correct else "wrong"
    return (*out, StepCheck("expression", status, LACK_CONDITION if final.lack else final.prob, expression))


def _slot_steps(text: str) -> dict[Key, tuple[str, str]]:
    """(kind, subject) -> (pair or letters, content); the subject is the node of ``parents`` alone."""
    found = {}
    for kind, letters, content in _SLOT_STEP.findall(text):
        found[kind, letters if kind == "parents" else ""] = letters, content
    return found


@lru_cache(maxsize=KEPT)
def _slot_reference(known: Grounds, chosen: Reading | None) -> tuple[dict[Key, tuple[str, str]], str]:
    """The steps and the expression of the solution by this reading (None: by the one of the reference)."""
    problem = known.problem
    if chosen is not None:
        problem = problem.with_(meta={**problem.meta, "right": chosen})
    text = solution_text(problem, "slots")
    return _slot_steps(text), extract(text).prob or LACK_CONDITION


def _letters(text: str, problem: Problem) -> int | None:
    """A set of nodes as letters side by side, or "none"; None for anything else."""
    if text == "none":
        return 0
    letters = problem.letters
    return mask_of(letters.index(c) for c in text) if all(c in letters for c in text) else None


# The natural and the formal view: a line a step.


def _line_checks(before: str, known: Grounds, named: Problem) -> tuple[StepCheck, ...]:
    said = _lines(before)
    adjusted = nodes_in(said.get("adjustment", ""), named)
    chosen = None if adjusted is None else known.reading(adjusted)
    out = []
    for kind, expected in _line_reference(known, chosen):
        content = said.get(kind, "").strip()
        right = _is_right(kind, content, expected, known, named, chosen) if content else None
        status = "missing" if right is None else "right" if right else "wrong"
        out.append(StepCheck(kind, status, None if right is None else content, expected))
    return tuple(out)


def _lines(text: str) -> dict[str, str]:
    """Kind -> content, the last one of each kind."""
    found = {}
    for match in _LINE_STEP.finditer(text):
        start = match.start()
        line = text.rfind("\n", max(0, start - _MOST_BEFORE), start) + 1
        if start - line < _MOST_BEFORE and _BEFORE_KIND.fullmatch(text, line, start):
            kind = match.group(1).lower()
            found["mediators" if kind == "mediator" else kind] = match.group(2)
    return found


@lru_cache(maxsize=KEPT)
def _line_reference(known: Grounds, chosen: Reading | None) -> tuple[Step, ...]:
    problem = known.problem
    right = problem.meta["right"]
    if chosen is not None:
        return worked_steps(problem, chosen)
    if problem.steps:
        return problem.steps
    if right is None and not known.determined:
        return (Step("answer", LACK_CONDITION),)
    return worked_steps(problem, (right[0], right[1]) if right else None)


def _is_right(
    kind: str, content: str, expected: str, known: Grounds, named: Problem, chosen: Reading | None
) -> bool | None:
    """Whether a step's content is right; None where it can't be read."""
    if kind in ("path", "answer"):
        told = yes_or_no(content)
        return None if told is None else told == yes_or_no(expected)
    if kind in ("mediators", "adjustment"):
        nodes = nodes_in(content, named)
        if nodes is None:
            return None
        return chosen is not None if kind == "adjustment" else nodes == nodes_in(expected, known.problem)
    if kind == "missing":
        terms = terms_in(content, named)
        return terms == terms_in(expected, known.problem) if terms else None
    if kind == "estimand":
        formula = read_estimand(content, named)
        if formula is None:
            return None
        if known.determined:
            return _comes_to(formula.value(known.numbers[0]), known)
        asked = read_estimand(expected, known.problem)
        return asked is not None and formula.equals(asked)
    if kind == "substitution":
        formula = read_sum(content)
        return None if formula is None else _comes_to(formula.value({}), known)
    value = number_in(content)
    return None if value is None else _comes_to(value, known)


def _comes_to(value: Fraction | None, known: Grounds) -> bool:
    """Whether this is the truth; None is a formula without value: a term that is not displayed, a denominator of 0."""
    return value is not None and same((float(value),), known.truth[:1])
