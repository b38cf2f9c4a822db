"""The label of an item of the seven tasks (CauGym, CaLM), judged from what the item displays.

The first road is the solver's: a graph criterion finds a valid adjustment set, its estimand is evaluated exactly. The
second uses no criterion: of the sums that the displayed numbers fill, it takes one that agrees with truncated
factorisation on a random model of the graph (by chance that has probability 0), and puts the numbers into the textbook
formula.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from rungwise.causal.estimand import Expr, Term
from rungwise.causal.graph import DAG, mask_of, members, subsets
from rungwise.causal.scm import random_scm
from rungwise.errors import UserError
from rungwise.problems.baselines import BASELINES, baseline_value
from rungwise.problems.polarity import twin
from rungwise.problems.problem import EFFECTS, LACK_CONDITION, TASKS, TOLERANCE, Problem, Query, Variable
from rungwise.problems.roads import Cells, cells, event, model_value, reading_value
from rungwise.problems.solve import solve
from rungwise.problems.tasks import task
from rungwise.scoring.sign import answer_from_value
from rungwise.suites.published.item import KINDS, Finding, Outcome, PublishedItem, Truth
from rungwise.wording.reader import read

HALF_UNIT = 5e-5
"""Half a unit of the last of four displayed decimals."""
EXACT = 1e-9
SMALL = 0.001
"""Worked solutions of these sets call some effects below it "~=0", and answer No."""
SEED, TRIES, PRIOR = 7, 30, (0.1, 0.9)
"""Of the random models that the second road asks; P(v = 0) of binary variables is drawn from the prior's range."""

STANDING = {
    name: Problem(DAG.from_edges(2, [(0, 1)]), (Variable("unknown"),) * 2, Query(name, 0, 1, 1, 0, 1), ())
    for name in TASKS
}
"""Stand for items that need not be read: to be scored in the natural view a problem needs its task and truth alone."""

_LAST_STEP = re.compile(r"=\s*(-?\d+(?:\.\d+)?)\s*(?:(?:~=|[<>=])\s*0 so the answer is (Yes|No))?\.?\s*$")
_QUOTED = re.compile(r""":\s['"]""")
"""Behind it the reader quotes the item, whose text findings do not hold."""
_ZERO_STEP = re.compile(r"\bSo the answer is No\.|\bdoes not exist\b|\bno (?:mediator|indirect)")


def audit_effect(item: PublishedItem) -> Finding:
    """The finding about an item whose text ``wording.reader`` reads."""
    return audit_text(item, item.text)


def audit_text(item: PublishedItem, text: str) -> Finding:
    """The finding about an item whose content ``text`` states in the form that ``wording.reader`` reads."""
    try:
        problem = read(text)
        if problem.query.task != item.task.partition("-")[0]:
            raise UserError(f"the text asks for {problem.query.task}, the item's type is {item.task}")
        solved = solve(problem).problem
    except UserError as error:
        return Finding("unread", None, None, ("unread",), _QUOTED.split(str(error))[0], "")
    assert solved.truth is not None
    exact = Truth(*solved.truth)
    made = worked_answer(item.given.get("Reason"), exact.answer is not None)
    judged = _judged(item.label, exact, made, solved)
    kinds = {*judged.kinds}
    if exact.value == 0 and solved.meta["right"] is None:
        kinds.add("zero")
    return replace(
        judged,
        second=second_road(problem),
        kinds=tuple(kind for kind in KINDS if kind in kinds),
        twin=_twin_key(problem),
        shortcuts=_shortcuts(problem, item.label),
    )


def _judged(label: Truth | None, exact: Truth, made: Truth | None, solved: Problem) -> Finding:
    """Verdict, kinds, sentence and proof; the rest is filled in by the caller."""
    shown = _derivation(solved)

    def finding(outcome: Outcome, kinds: tuple[str, ...], why: str, proof: str = "") -> Finding:
        return Finding(outcome, exact, None, kinds, why, _joined(shown, proof))

    if label is None:
        return finding("unlabelled", (), "there is no label; the exact answer is given")
    lacks = exact.answer == LACK_CONDITION, label.answer == LACK_CONDITION
    if lacks == (True, True):
        return finding("confirmed", (), "the displayed numbers do not determine the value")
    if lacks[0]:
        return finding(
            "undetermined", ("undetermined",), f"the label is {_said(label)}, but a needed number is missing"
        )
    if lacks[1]:
        return finding(
            "wrong", ("exact",), f"the label is {LACK_CONDITION}, but the value is determined: {_said(exact)}"
        )
    assert label.value is not None
    assert exact.value is not None
    own = _contradiction(label, made)
    kinds: tuple[str, ...] = ("own-solution",) if own else ()
    off = abs(label.value - exact.value)
    if off <= TOLERANCE + EXACT:
        if off > HALF_UNIT + EXACT:
            kinds += ("rounding",)
        if label.answer == exact.answer:
            return finding("confirmed", kinds, "right within the tolerance", own)
        low, high = reachable(solved)
        if low <= 0 <= high and exact.value:
            why = f"digits that are not displayed can turn the sign of {exact.value:.6f}, and with it the answer"
            span = f"numbers that round to the displayed ones give {low:.6f} to {high:.6f}"
            return finding("rounding", tuple(dict.fromkeys((*kinds, "rounding"))), why, _joined(span, own))
        why = f"the value is right, but by its sign the answer is {exact.answer}, not {label.answer}"
        if label.answer == "No" and abs(exact.value) < SMALL:
            why += "; so small an effect may have been taken for none"
        return finding("wrong", ("exact", *kinds), why, own)
    rounded = solve(solved, "published").value
    if rounded is not None and abs(rounded - label.value) <= HALF_UNIT + EXACT:
        why = f"the label {label.value:.4f} rounds an intermediate result to four decimals; unrounded {exact.value:.4f}"
        return finding("rounding", ("rounding", *kinds), why, own)
    low, high = reachable(solved)
    near = min(max(label.value, low), high)
    span = f"numbers that round to the displayed ones give {low:.4f} to {high:.4f}"
    if abs(near - label.value) <= HALF_UNIT + EXACT:
        why = f"the label {label.value:.4f} needs more digits than are displayed, which give {exact.value:.4f}"
        return finding("rounding", ("rounding", *kinds), why, _joined(span, own))
    why = f"the label is {_said(label)}, the exact answer {_said(exact)}"
    return finding("wrong", ("exact", "unreachable", *kinds), why, _joined(f"{span}, the nearest is {near:.4f}", own))


def _joined(*parts: str) -> str:
    return "; ".join(filter(None, parts))


def _said(truth: Truth) -> str:
    if truth.value is None:
        return str(truth.answer)
    return f"{truth.value:.4f}" + (f" ({truth.answer})" if truth.answer else "")


def _derivation(solved: Problem) -> str:
    """Estimand, numbers and value, as in ``P(B=1|A=1)-P(B=1|A=0) = 0.8-0.3 = 0.5000``; the path where there is none."""
    content = {step.kind: step.content for step in solved.steps}
    assert solved.truth is not None
    if solved.truth.answer == LACK_CONDITION:
        return "no valid sum over the displayed numbers"
    if "estimand" not in content:
        return f"{content['path']}, so the value is 0" if "path" in content else "the value is 0 by the graph"
    return f"{content['estimand']} = {content['substitution']} = {solved.truth.value:.4f}"


def worked_answer(reason: Any, asks_sign: bool) -> Truth | None:
    """What the last step of an item's own worked solution says; None where it says nothing that can be read."""
    if not isinstance(reason, Mapping):
        return None
    steps = [text for text in reason.values() if isinstance(text, str) and text.strip()]
    if not steps:
        return None
    last = steps[-1].strip()
    found = _LAST_STEP.search(last[-200:])
    if found:
        return Truth(float(found[1]), found[2])
    return Truth(0.0, "No" if asks_sign else None) if _ZERO_STEP.search(last) else None


def _contradiction(label: Truth, made: Truth | None) -> str:
    """How the label contradicts its own worked solution, "" where it does not."""
    if made is None or made.value is None or label.value is None:
        return ""
    if abs(made.value - label.value) > TOLERANCE:
        return f"its own worked solution ends with {made.value:.4f}, the label is {label.value:.4f}"
    if made.answer and made.answer != label.answer:
        return f"its own worked solution ends with {made.value:.4f} and {made.answer}, the label is {label.answer}"
    return ""


def second_road(problem: Problem) -> Truth:
    """The answer without a graph criterion and without the solver's estimands."""
    q = problem.query
    cards = tuple([len(v.labels) for v in problem.variables])
    known, value = _random_case(problem, cards)
    if q.task in EFFECTS and abs(value) < EXACT:
        return Truth(0.0, "No")
    exact = {fact.term: _probability(known, fact.term, cards) for fact in problem.facts}
    displayed = {fact.term: fact.value for fact in problem.facts}
    for ms, zs in _fillable(problem):
        told = reading_value(q, ms, zs, cards, exact)
        if told is not None and abs(told - value) < EXACT:
            found = reading_value(q, ms, zs, cards, displayed)
            if found is not None:
                return Truth(found, answer_from_value(q, found))
    return Truth(None, LACK_CONDITION)


def _random_case(problem: Problem, cards: tuple[int, ...]) -> tuple[Cells, float]:
    """A random model of the graph, multiplied out, and its value; not one whose bound is cut off at 0 or 1, where sums
    that are not the bound agree too."""
    q = problem.query
    rng = np.random.default_rng(SEED)
    for _ in range(TRIES):
        model = random_scm(problem.graph, rng, cards, low=PRIOR[0], high=PRIOR[1])
        known = cells(model)
        value = model_value(model, q, known)
        if q.bound is None or EXACT < value < 1 - EXACT:
            break
    return known, value


def _probability(known: Cells, term: Term, cards: tuple[int, ...]) -> float:
    both = event(known, term.target + term.given, cards)
    return both / event(known, term.given, cards) if term.given else both


def _fillable(problem: Problem) -> Iterator[tuple[int, int]]:
    """Pairs (mediators, covariates) that some displayed number about the outcome mentions, the most variables first."""
    q = problem.query
    own = 1 << q.treatment | 1 << q.outcome
    seen = {
        mask_of(v for v, _ in (*fact.term.target, *fact.term.given)) & ~own
        for fact in problem.facts
        if any(v == q.outcome for v, _ in fact.term.target)
    }
    held = mask_of(v for v, _ in q.held)
    for others in sorted(seen, key=lambda nodes: (-nodes.bit_count(), members(nodes))):
        if q.task in ("NDE", "NIE"):
            yield from ((ms, others & ~ms) for ms in subsets(others))
        elif others & held == held:
            yield held, others & ~held


def reachable(solved: Problem) -> tuple[float, float]:
    """The least and the greatest value that numbers can give which round to the displayed ones.

    The value is monotone in each number (a sum of products, or its quotient by one), so both lie at corners; they are
    climbed to one number at a time, a few times over.
    """
    q, right = solved.query, solved.meta["right"]
    if right is None:
        return 0.0, 0.0
    cards = [len(v.labels) for v in solved.variables]
    estimand = task(q.task).estimand(q, right[0], right[1], cards)
    terms = [fact.term for fact in solved.facts]
    centre = [fact.value for fact in solved.facts]
    sides = [(max(0.0, p - HALF_UNIT), min(1.0, p + HALF_UNIT)) for p in centre]
    return _climbed(estimand, terms, centre, sides, min), _climbed(estimand, terms, centre, sides, max)


def _climbed(
    estimand: Expr,
    terms: list[Term],
    centre: list[float],
    sides: list[tuple[float, float]],
    best: Callable[..., tuple[float, float]],
) -> float:
    at = dict(zip(terms, centre, strict=True))
    complements = {
        term: Term(((term.target[0][0], 1 - term.target[0][1]),), term.given) for term in terms if len(term.target) == 1
    }
    by_complement = {other: term for term, other in complements.items() if other not in at}

    def value() -> float:
        def number(t: Term) -> float:
            return at[t] if t in at else 1 - at[by_complement[t]]

        try:
            return float(estimand.evaluate(number))
        except ZeroDivisionError:
            return 0.0

    for _ in range(3):
        for term, ends in zip(terms, sides, strict=True):
            tried = []
            for end in ends:
                at[term] = end
                tried.append((value(), end))
            at[term] = best(tried)[1]
    return value()


def _twin_key(problem: Problem) -> str:
    """Equal for the two polarities of a question, whatever the direction that it asks for."""
    plain = problem.with_(query=problem.query._replace(direction="more"))
    other = twin(plain)
    names = [variable.name for variable in problem.variables]  # ids leave them out
    return "|".join([*sorted([plain.id, other.id]), *names]) if other else ""


def _shortcuts(problem: Problem, label: Truth | None) -> tuple[str, ...]:
    """The shortcuts whose value, written with four decimals, is the label's."""
    if label is None or label.value is None:
        return ()
    found = []
    for name in BASELINES:
        try:
            value = baseline_value(name, problem)
        except UserError:  # too many facts for its table
            continue
        if value is not None and abs(round(value, 4) - label.value) <= TOLERANCE + EXACT:
            found.append(name)
    return tuple(found)
