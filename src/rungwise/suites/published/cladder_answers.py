"""CLadder's ten questions answered from what is displayed, each by two roads that share no code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from rungwise.errors import UserError
from rungwise.suites.published import cladder_rules as deterministic
from rungwise.suites.published.cladder_graph import backadj, collider_bias
from rungwise.suites.published.cladder_model import counterfactual, fit
from rungwise.suites.published.cladder_place import Numbers, place, tables
from rungwise.suites.published.cladder_solve import Estimate, correlation, difference, effect, marginal
from rungwise.suites.published.cladder_solved import AGREE, Solved, decided
from rungwise.suites.published.cladder_text import Fact, Shown, key
from rungwise.suites.published.cladder_words import means, overlap, side

_STARTS = 6
"""Models that are looked for where the displayed numbers leave a range."""
_WEIGHTS = (0.05, 0.5, 0.95)


def solve(shown: Shown, nouns: Mapping[int, tuple[str, str]]) -> Solved:
    """The answer to a prompt's question.

    Args:
        nouns: the names of the values 0 and 1 of variables, where a model file gives them.

    Raises:
        UserError: the prompt can't be read; the message says what.
    """
    return _SOLVERS[shown.query.kind](shown, nouns)


def _marginal(shown: Shown, nouns: Mapping[int, tuple[str, str]]) -> Solved:
    first, other = shown.query.parts
    found = tables(shown.facts)
    overall = next((t for t in found if not t.pairs), None)
    given = next((t for t in found if len(t.pairs) == 1), None)
    if overall is None or given is None or len(found) != 2:
        raise UserError("a marginal question needs P(X) and P(Y|X)")
    if key(given.event) not in (key(first), key(other)):
        raise UserError(f"{given.event[:60]!r} is neither of the outcomes asked about")
    p_x, p_y = float(overall.values), (float(given.values[0]), float(given.values[1]))
    if side(overall.event, *given.pairs[0]) == 0:
        p_x = 1 - p_x
    estimate = marginal(p_x, p_y)
    up = shown.query.up == (key(given.event) == key(first))
    cells = np.array([[(1 - p_x) * (1 - p_y[0]), (1 - p_x) * p_y[0]], [p_x * (1 - p_y[1]), p_x * p_y[1]]])
    second = float(cells[:, 1].sum() - cells[:, 0].sum()) / 2
    legend = f"X=1: {given.pairs[0][1]}; Y=1: {given.event}"
    return decided(estimate, up, [second], legend, shown=(p_x, *p_y))  # P(X=1), P(Y=1|X=0), P(Y=1|X=1)


def _correlation(shown: Shown, nouns: Mapping[int, tuple[str, str]]) -> Solved:
    outcome, observed = shown.query.parts
    overall, joints = None, []
    for fact in shown.facts:
        if fact.target.endswith(" and " + outcome):
            joints.append(Fact(fact.target.removesuffix(" and " + outcome), "", fact.value))
        else:
            overall = fact
    if overall is None or len(joints) != 2 or len(shown.facts) != 3:
        raise UserError("a correlation question needs P(X) and two joint probabilities")
    with_x = [fact for fact in joints if key(fact.target) == key(overall.target)]
    without = [fact for fact in joints if key(fact.target) != key(overall.target)]
    if len(with_x) != 1 or len(without) != 1:
        raise UserError("the joint probabilities are not those of the two values of one variable")
    p_x, p_xy = overall.value, (without[0].value, with_x[0].value)
    estimate = correlation(p_x, p_xy)
    up = shown.query.up == (key(observed) == key(overall.target))
    rows = np.array([[1 - p_x - p_xy[0], p_xy[0]], [p_x - p_xy[1], p_xy[1]]])
    sums = rows.sum(axis=1)
    seconds = [float(rows[1, 1] / sums[1] - rows[0, 1] / sums[0])] if sums.min() > 0 else []
    legend = f"X=1: {overall.target}; Y=1: {outcome}"
    return decided(estimate, up, seconds, legend, shown=(p_x, *p_xy))  # P(X=1), P(X=0,Y=1), P(X=1,Y=1)


def _exp_away(shown: Shown, nouns: Mapping[int, tuple[str, str]]) -> Solved:
    group, outcome, treatment = shown.query.parts
    table = next((t for t in tables(shown.facts) if len(t.pairs) == 2 and key(t.event) == key(outcome)), None)
    if table is None:
        raise UserError("a question about explaining away needs P(Y|X,C)")
    fits = [max(overlap(group, phrase) + overlap(phrase, group) for phrase in pair) for pair in table.pairs]
    at = 0 if fits[0] > fits[1] else 1  # the collider stands last
    c, x = side(group, *table.pairs[at]), side(treatment, *table.pairs[1 - at])
    values = np.moveaxis(table.values, at, 0)[1 if c is None else c]  # over X
    one = 1 if x is None else x
    formula = f"P(Y=1|X={one},C) - P(Y=1|X={1 - one},C), which has the sign of P(Y=1|X={one},C) - P(Y=1|C)"
    estimate = difference(float(values[one]), float(values[1 - one]), formula)
    seconds = []
    for weight in _WEIGHTS:  # P(X=one|C), which is not displayed
        rows = np.array([[1 - values[1 - one], values[1 - one]], [1 - values[one], values[one]]])
        cells = np.array([[1 - weight], [weight]]) * rows
        seconds.append(float(values[one] - cells[:, 1].sum() / cells.sum()))
    legend = f"C: {group}; X={one}: {table.pairs[1 - at][one]}; Y=1: {outcome}"
    ordered = np.moveaxis(table.values, at, 1)  # P(Y=1|X,C), X first
    return decided(estimate, shown.query.up, seconds, legend, shown=tuple(ordered.ravel().tolist()))


def _effect(shown: Shown, nouns: Mapping[int, tuple[str, str]]) -> Solved:
    kind, parts = shown.query.kind, shown.query.parts
    known: dict[int, tuple[str, ...]] = dict(nouns.items())
    treatment = outcome = ""
    x = y = -1
    fixed: dict[str, int] = {}
    if kind == "nde":
        x, y = shown.node(parts[1]), shown.node(parts[2])
    elif kind == "nie":
        x, y = shown.node(parts[0]), shown.node(parts[1])
    else:
        treatment, outcome = parts[0], parts[1]
    by_noun = {key(noun): v for v, pair in nouns.items() for noun in pair}
    for fact in shown.facts:
        if key(fact.target) in by_noun:
            fixed[fact.target] = by_noun[key(fact.target)]
    if key(treatment) in by_noun:
        fixed[treatment] = by_noun[key(treatment)]
    solved = []
    for numbers in place(shown, known, fixed, (treatment, outcome)):
        if treatment:
            if outcome not in numbers.spots:
                raise UserError(f"no probability of {outcome[:60]!r} is displayed")
            x, y = numbers.spots[treatment], numbers.spots[outcome]
        # The set shows what an estimand needs, so of readings that words alone leave open the one with these is meant.
        needed = any(target == y and x in given for target, given in numbers.tables)
        one = _one_effect(shown, numbers, nouns, x, y, treatment)
        solved.append((needed, one.estimate is not None and one.estimate.exact, one))
    best = max((needed, exact) for needed, exact, _ in solved)
    return _together([one for needed, exact, one in solved if (needed, exact) == best])


def _one_effect(
    shown: Shown, numbers: Numbers, nouns: Mapping[int, tuple[str, str]], x: int, y: int, treatment: str
) -> Solved:
    kind, up = shown.query.kind, shown.query.up
    if x == y:
        raise UserError("treatment and outcome can't be told apart")
    treated = 1
    if treatment:
        treated = numbers.value_of(x, treatment)
        if x in nouns and key(treatment) == key(nouns[x][0]):
            treated = 0
    letters = "; ".join(
        f"{'X' if v == x else 'Y' if v == y else f'[{shown.names[v]}]'}=1: "
        + (numbers.events.get(v) or numbers.pairs.get(v, ("", shown.names[v]))[1])
        for v in range(len(shown.names))
        if v in numbers.events or v in numbers.pairs
    )
    if kind == "ett":
        up = not up  # "more likely if it were otherwise" is a negative effect of what is
        if x in numbers.pairs and means(shown.query.parts[2], numbers.pairs[x][treated], numbers.pairs[x][1 - treated]):
            estimate = Estimate(0.0, 0.0, 0.0, "0: the question supposes what is already so", "0", True)
            return decided(estimate, up, [0.0], letters, numbers.tables)
    estimate = effect(kind, shown.graph, numbers.tables, x, y, treated, shown.names)
    seconds: list[float] = []
    for start in range(_STARTS):
        model = fit(shown.graph, numbers.tables, start)
        if model is not None:
            seconds.append(counterfactual(kind, model, x, y, treated))
        if estimate.exact and len(seconds) == 2:
            break
    if not seconds:
        why = "the text contradicts itself: no model of its graph has the displayed numbers"
        return Solved(None, None, None, why, f"{letters}\nby {estimate.formula}: {estimate.point:.4f}", None, up)
    low, high = (estimate.point, estimate.point) if estimate.exact else (estimate.low, estimate.high)
    if any(not low - AGREE <= value <= high + AGREE for value in seconds):
        raise UserError(f"our two roads disagree: {estimate.point:.4f} and {seconds}")
    return decided(estimate, up, seconds, letters, numbers.tables)


def _together(solved: list[Solved]) -> Solved:
    """One answer where the phrases can be placed in several ways: it must not depend on the way."""
    if len(solved) == 1:
        return solved[0]
    if len({(s.yes, s.second) for s in solved}) == 1:
        remark = f"the text can be read in {len(solved)} ways, which have the same answer; this is the first"
        return replace(solved[0], proof=f"{solved[0].proof}\n{remark}")
    proof = "\n".join(f"reading {n}:\n{s.proof}" for n, s in enumerate(solved, 1))
    why = "the text does not say which of two readings is meant, and they have different answers"
    return Solved(None, None, None, why, proof, None, solved[0].up, solved[0].tables)


def _deterministic(shown: Shown, nouns: Mapping[int, tuple[str, str]]) -> Solved:
    rules = deterministic.read_rules(shown, tuple(nouns.values()))
    found, steps = deterministic.by_steps(rules)
    share = deterministic.by_two_worlds(rules)
    y, asked = rules.outcome
    remark = deterministic.premise(rules)
    proof = "\n".join(
        part for part in (rules.equations(), steps, f"asked: [{rules.phrases[y][0]}] = {asked}", remark) if part
    )
    if len(found) != 1 or share is None:
        return Solved(None, None, None, "the outcome depends on what is not said", proof)
    value = found.pop()
    second = {0.0: False, 1.0: True}.get(round(share, 9))
    return Solved(value == asked, second, None, f"after the change [{rules.phrases[y][0]}] is {value}", proof)


_SOLVERS: dict[str, Callable[[Shown, Mapping[int, tuple[str, str]]], Solved]] = {
    "marginal": _marginal,
    "correlation": _correlation,
    "exp_away": _exp_away,
    "ate": _effect,
    "ett": _effect,
    "nde": _effect,
    "nie": _effect,
    "backadj": backadj,
    "collider_bias": collider_bias,
    "det-counterfactual": _deterministic,
}
