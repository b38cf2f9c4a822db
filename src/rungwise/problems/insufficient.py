"""Problems that lack a needed fact, each with a control that lacks one that is not needed.

Both are made from one problem by taking away the same number of its facts, so that neither their number nor the
question tells which is which: only the graph says whether what is missing was needed. Many pairs are made side by side,
each from its own dice alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from random import Random
from typing import NamedTuple

from rungwise.causal.estimand import Term
from rungwise.causal.graph import mask_of, members
from rungwise.problems.finish import Settled, complete, draw_texts, named_terms
from rungwise.problems.plan import Plan
from rungwise.problems.polarity import twin_id
from rungwise.problems.problem import LACK_CONDITION, Answer, Fact, Problem
from rungwise.problems.recipe import Recipe, impossible
from rungwise.problems.sampler import Wish, settle_problems
from rungwise.problems.witness import Case, Witness, find_witnesses
from rungwise.problems.worked import worked_steps
from rungwise.wording.slots import complement

PROBLEMS = 60
"""Problems drawn for a pair before a recipe is called impossible."""

CHOICES = 3
"""Choices of facts that are tried with each."""

MOST_REMOVED = 2

Unit = tuple[int, ...]
"""Facts that go together, by their places among a plan's terms: one, or two complementary ones, of which either gives
back the other."""


class LackWish(NamedTuple):
    """One pair to be sampled.

    Attributes:
        task: one of the recipe's tasks.
        dice: where everything random about it comes from.
        yes: the answer of the control, where it has one; None leaves it to the dice.
    """

    task: str
    dice: Random
    yes: bool | None = None


def sample_insufficient(wishes: Sequence[LackWish], recipe: Recipe) -> Iterator[tuple[Problem, Problem]]:
    """For each wish a problem that lacks a needed fact (its answer is LACK_CONDITION) and its control, which is
    answered as ever.

    Both carry the same ``meta["pair"]`` and, in ``meta["removed"]``, the terms taken away; the first one also
    ``meta["witness"]``, a second model with the same displayed numbers and another value. The recipe's redundant facts
    are left out. The words come last, pair by pair, as they are asked for.

    Raises:
        UserError: a task that the recipe cannot ask, or no such pair was found.
    """
    recipe = replace(recipe, redundant=(0, 0))
    for wish, (settled, removal, witness) in zip(wishes, _settled(wishes, recipe), strict=True):
        yield _told(settled, removal, witness, recipe, wish.dice)


class Removal(NamedTuple):
    """What a pair lacks, by the places of the terms in the plan: the one needed facts, the control others."""

    lacking: frozenset[int]
    spared: frozenset[int]


def _settled(wishes: Sequence[LackWish], recipe: Recipe) -> list[tuple[Settled, Removal, Witness]]:
    done: dict[int, tuple[Settled, Removal, Witness]] = {}
    todo = list(range(len(wishes)))
    for _ in range(PROBLEMS):
        own = [wishes[i] for i in todo]
        problems = list(settle_problems([Wish(w.task, w.dice, zero=False, yes=w.yes) for w in own], recipe))
        at_hand = dict(zip(todo, problems, strict=True))
        for _ in range(CHOICES):
            drawn = {i: _removal(problem, wishes[i].dice) for i, problem in at_hand.items() if i not in done}
            tries = {i: removal for i, removal in drawn.items() if removal is not None}
            found = find_witnesses([_case(at_hand[i], removal) for i, removal in tries.items()])
            for (i, removal), witness in zip(tries.items(), found, strict=True):
                if witness is not None:
                    done[i] = at_hand[i], removal, witness
        todo = [i for i in todo if i not in done]
        if not todo:
            return [done[i] for i in range(len(wishes))]
    raise impossible(wishes[todo[0]].task, recipe)


def _removal(problem: Settled, dice: Random) -> Removal | None:
    """Facts to take away, their kinds chosen as evenly as the menu allows; None where this choice gives no pair."""
    final = problem.asked
    needed, others = _units(final.plan, final.structure.place)
    number = dice.randint(1, MOST_REMOVED)
    lacking, spared = (_choose(final.plan, units, number, dice) for units in (needed, others))
    return None if lacking is None or spared is None else Removal(lacking, spared)


@lru_cache(maxsize=4096)
def _units(made: Plan, place: int) -> tuple[list[Unit], list[Unit]]:
    """The units of which a reading needs something, and the others. What every reading needs is in neither: its absence
    alone would tell."""
    used = [set(terms) for _, terms in made.patterns]
    always, units, seen = set.intersection(*used), [], set()
    for i, term in enumerate(made.terms):
        other = complement(term, made.cards[term.target[0][0]])
        if i not in seen:
            unit = (i, made.terms.index(other)) if other in made.terms else (i,)
            seen |= set(unit)
            if not always & set(unit):
                units.append(unit)
    return [unit for unit in units if used[place] & set(unit)], [unit for unit in units if not used[place] & set(unit)]


def _choose(made: Plan, units: Sequence[Unit], number: int, dice: Random) -> frozenset[int] | None:
    """Units of so many terms in all, their kinds chosen evenly; None where there are none."""
    out: set[int] = set()
    while len(out) < number:
        fitting: dict[tuple[bool, int], list[Unit]] = {}
        for unit in units:
            if len(unit) + len(out) <= number and unit[0] not in out:
                target, given = made.terms[unit[0]]
                fitting.setdefault((1 in dict(target), len(given)), []).append(unit)
        if not fitting:
            return None
        out |= set(dice.choice(fitting[dice.choice(sorted(fitting))]))
    return frozenset(out)


def _case(problem: Settled, removal: Removal) -> Case:
    final = problem.asked
    shown = [i not in removal.lacking for i in range(len(final.plan.terms))]
    return Case(final.structure, final.number, problem.model, final.plan, shown, final.structure.place)


def _told(
    settled: Settled, removal: Removal, witness: Witness, recipe: Recipe, dice: Random
) -> tuple[Problem, Problem]:
    texts, pair = draw_texts(settled, recipe, dice), f"{dice.getrandbits(64):016x}"
    final = settled.asked
    terms = named_terms(final.plan, final.number[: final.structure.k])
    lacking, spared = ({terms[i] for i in removed} for removed in removal)

    def left(removed: set[Term]) -> tuple[Fact, ...]:
        return tuple([fact for fact in texts.facts if fact.term not in removed])

    said = texts._replace(facts=left(spared))
    recorded = {"pair": pair, "removed": [tuple(term) for term in sorted(spared)]}
    control = complete(_without(settled, removal.spared), said, recipe.split, **recorded)
    # The other one is like it, but for its facts and what follows from these.
    facts, readings = left(lacking), _reduced(final.plan, removal.lacking)[2]
    needed = set(final.plan.patterns[final.structure.place][1]) - removal.lacking
    problem = control.with_(facts=facts, truth=Answer(None, LACK_CONDITION))
    meta = {
        **control.meta,
        "readings": [
            [mask_of([final.number[v] for v in members(part)]) for part in final.structure.shown[i]] for i in readings
        ],
        "difficulty": {**control.meta["difficulty"], "facts": len(facts), "distractors": len(facts) - len(needed)},
        "removed": [tuple(term) for term in sorted(lacking)],
        "witness": {**witness.model.to_dict(), "value": witness.second},
        "shortcuts": [],
        "twin": twin_id(problem),
    }
    ms, zs = control.meta["right"]
    problem = problem.with_(meta=meta)
    return problem.with_(steps=worked_steps(problem, (ms, zs))), control


def _without(settled: Settled, removed: frozenset[int]) -> Settled:
    """The problem without some facts and without the readings that need these."""
    final = settled.asked
    made, terms, readings = _reduced(final.plan, removed)
    shown = tuple([final.structure.shown[i] for i in readings])
    return settled._replace(
        asked=final._replace(plan=made, structure=final.structure._replace(shown=shown)),
        numbers=[settled.numbers[i] for i in terms],
        values=[settled.values[i] for i in readings],
    )


@lru_cache(maxsize=1 << 13)
def _reduced(made: Plan, removed: frozenset[int]) -> tuple[Plan, list[int], list[int]]:
    """A plan without some terms, and which terms and readings are left."""
    terms = [i for i in range(len(made.terms)) if i not in removed]
    readings = [i for i, (_, used) in enumerate(made.patterns) if not removed & set(used)]
    plan = replace(
        made,
        terms=tuple([made.terms[i] for i in terms]),
        joints=made.joints[terms],
        conditions=made.conditions[terms],
        estimands=tuple([made.estimands[i] for i in readings]),
    )
    return plan, terms, readings
