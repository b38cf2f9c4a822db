"""Problems that lack a needed fact, each with a control that lacks one that is not needed.

Both are made from one problem by taking away the same number of its facts, so that neither their number nor the
question tells which is which: only the graph says whether what is missing was needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

from rungwise.causal.estimand import Expr, Term
from rungwise.problems.baselines import BASELINES, baseline_value
from rungwise.problems.difficulty import difficulty, size
from rungwise.problems.menu import Reading
from rungwise.problems.polarity import twin_id
from rungwise.problems.problem import LACK_CONDITION, TOLERANCE, Answer, Problem
from rungwise.problems.recipe import Recipe, impossible
from rungwise.problems.sampler import Wish, sample_problems
from rungwise.problems.solve import solve
from rungwise.problems.tasks import task
from rungwise.problems.witness import find_witness
from rungwise.problems.worked import worked_steps
from rungwise.wording.slots import complement

PROBLEMS = 200
"""Problems drawn before a recipe is called impossible."""

MOST_REMOVED = 2

Unit = tuple[Term, ...]
"""Facts that go together: one, or two complementary ones, of which either gives back the other."""


def sample_insufficient(name: str, recipe: Recipe, dice: Random, yes: bool | None = None) -> tuple[Problem, Problem]:
    """A problem that lacks a needed fact (its answer is LACK_CONDITION) and its control, which is answered as ever.

    Both carry the same ``meta["pair"]`` and, in ``meta["removed"]``, the terms taken away; the first one also
    ``meta["witness"]``, a second model with the same displayed numbers and another value.

    Args:
        yes: the answer of the control, where it has one.

    Raises:
        UserError: a task that the recipe cannot ask, or no such pair was found.
    """
    for _ in range(PROBLEMS):
        (problem,) = sample_problems([Wish(name, dice, zero=False, yes=yes)], recipe)
        pair = make_insufficient(problem, dice)
        if pair is not None:
            return pair
    raise impossible(name, recipe)


def make_insufficient(problem: Problem, dice: Random) -> tuple[Problem, Problem] | None:
    """See ``sample_insufficient``; None where this problem gives no such pair.

    What every reading needs is never taken away, else its absence alone would tell. The kinds of facts are chosen as
    evenly as the menu allows.
    """
    q, right = problem.query, problem.meta["right"]
    if right is None or problem.model is None:
        return None
    cards = [len(v.labels) for v in problem.variables]
    shown = [fact.term for fact in problem.facts]
    estimands = {(ms, zs): task(q.task).estimand(q, ms, zs, cards) for ms, zs in problem.meta["readings"]}
    reading: Reading = (right[0], right[1])
    needed, always = set(estimands[reading].terms()), set(shown)
    for estimand in estimands.values():
        always &= set(estimand.terms())
    units = [unit for unit in _units(shown, cards) if not always & set(unit)]
    number = dice.randint(1, MOST_REMOVED)
    lacking = _choose([unit for unit in units if needed & set(unit)], number, q.outcome, dice)
    spared = _choose([unit for unit in units if not needed & set(unit)], number, q.outcome, dice)
    if lacking is None or spared is None:
        return None
    left = [term for term in shown if term not in lacking]
    proof = find_witness(problem.model, left, estimands[reading])
    if proof is None or abs(proof[1] - proof[2]) <= 2 * TOLERANCE:
        return None
    pair = f"{dice.getrandbits(64):016x}"
    second, _, value = proof
    witness = {**second.to_dict(), "value": value}
    out = _without(problem, lacking, estimands, pair).with_(truth=Answer(None, LACK_CONDITION))
    out = _recorded(out, witness=witness)
    control = _recorded(_without(problem, spared, estimands, pair))
    if solve(out).answer != LACK_CONDITION or solve(control).value is None:
        return None
    return out, control


def _units(terms: Sequence[Term], cards: Sequence[int]) -> Iterator[Unit]:
    seen: set[Term] = set()
    for term in terms:
        other = complement(term, cards[term.target[0][0]])
        if term not in seen:
            unit = (term, other) if other is not None and other in terms else (term,)
            seen |= set(unit)
            yield unit


def _choose(units: Sequence[Unit], number: int, outcome: int, dice: Random) -> set[Term] | None:
    """Units of so many terms in all, their kinds chosen evenly; None where there are none."""
    out: set[Term] = set()
    while len(out) < number:
        fitting: dict[tuple[bool, int], list[Unit]] = {}
        for unit in units:
            if len(unit) + len(out) <= number and unit[0] not in out:
                kind = outcome in dict(unit[0].target), len(unit[0].given)
                fitting.setdefault(kind, []).append(unit)
        if not fitting:
            return None
        out |= set(dice.choice(fitting[dice.choice(sorted(fitting))]))
    return out


def _without(problem: Problem, removed: set[Term], estimands: dict[Reading, Expr], pair: str) -> Problem:
    """The problem without some facts, its readings those that are left."""
    facts = tuple([fact for fact in problem.facts if fact.term not in removed])
    readings = [list(r) for r, estimand in estimands.items() if not removed & set(estimand.terms())]
    right = problem.meta["right"]
    estimand = estimands[right[0], right[1]]
    hard = difficulty(problem.graph, right, size(estimand, {fact.term for fact in facts}), len(facts))
    meta = {
        **problem.meta,
        "readings": readings,
        "difficulty": hard,
        "pair": pair,
        "removed": [tuple(t) for t in sorted(removed)],
    }
    return problem.with_(facts=facts, steps=(), meta=meta)


def _recorded(problem: Problem, **meta: object) -> Problem:
    """With its worked steps, its twin's id and what the shortcuts get right."""
    value, right = problem.truth.value if problem.truth else None, problem.meta["right"]
    found = {name: baseline_value(name, problem) for name in BASELINES} if value is not None else {}
    shortcuts = [
        name for name, v in found.items() if v is not None and value is not None and abs(v - value) <= TOLERANCE
    ]
    meta = {**problem.meta, **meta, "shortcuts": shortcuts, "twin": twin_id(problem)}
    problem = problem.with_(meta=meta)
    return problem.with_(steps=worked_steps(problem, (right[0], right[1])))
