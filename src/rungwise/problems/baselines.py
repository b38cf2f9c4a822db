"""The shortcuts that every table shows beside a model: what no causal reasoning at all would score."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from importlib.resources import files
from math import prod

from rungwise.causal.estimand import Expr, Term, number
from rungwise.causal.graph import mask_of, members
from rungwise.errors import UserError
from rungwise.problems.problem import TASKS, Problem, Query
from rungwise.problems.streams import make_dice
from rungwise.problems.tasks import task
from rungwise.scoring.expression import parse
from rungwise.wording.answers import slot_expression
from rungwise.wording.slots import MAX_SLOTS, complement, slot_order, slot_table

BASELINES = ("constant", "unadjusted", "graph-blind", "lookup")
"""constant: always 0 (and No). unadjusted: the plain difference P(y|x) - P(y|x_ref), the bounds with P(y|x) for
P(y|do(x)). graph-blind: never reads the graph; of all readings whose facts are displayed it takes the one that
uses the most of them. lookup: the expression most frequent in training for this task and number of facts."""

MOST_CASES = 256
"""graph-blind takes no reading that sums over more cases: eight binary variables, more than any menu has."""


def baseline_value(name: str, problem: Problem) -> float | None:
    """The value this baseline answers, or None where it has none to offer.

    Raises:
        UserError: unknown baseline.
    """
    shown = {fact.term: fact.value for fact in problem.facts}
    estimand = baseline_estimand(name, problem.query, list(shown), [len(v.labels) for v in problem.variables])
    if estimand is None:
        return None
    try:
        return float(estimand.evaluate(shown.__getitem__))
    except ZeroDivisionError:
        return None


def baseline_estimand(name: str, q: Query, terms: Sequence[Term], cards: Sequence[int]) -> Expr | None:
    """What this baseline computes from the displayed terms, or None where they do not give it.

    Raises:
        UserError: unknown baseline.
    """
    if name == "constant":
        return number(0)
    if name == "unadjusted":
        # NIE without mediators is 0 by definition; its plain difference is the total one, ATE's.
        rules = task("ATE" if q.task == "NIE" else q.task)
        held = mask_of(v for v, _ in q.held) if q.task == "CDE" else 0
        return _over(terms, rules.estimand(q, held, 0, cards), cards)
    if name == "graph-blind":
        return _graph_blind(q, terms, cards)
    if name == "lookup":
        return _lookup(q, terms, cards)
    raise UserError(f"unknown baseline {name!r}; baselines are {', '.join(BASELINES)}")


def _over(terms: Sequence[Term], estimand: Expr, cards: Sequence[int]) -> Expr | None:
    """The estimand over displayed terms, with 1 - P for the complement of one; None where some are missing."""
    shown = set(terms)

    def over(term: Term) -> Expr:
        if term in shown:
            return Expr("term", term=term)
        other = complement(term, cards[term.target[0][0]])
        if other not in shown:
            raise KeyError(term)
        return number(1) - Expr("term", term=other)

    try:
        return estimand.replace_terms(over)
    except KeyError:
        return None


def _graph_blind(q: Query, terms: Sequence[Term], cards: Sequence[int]) -> Expr:
    own = mask_of([q.treatment, *(v for v, _ in q.held)])
    counted = about_outcome(terms, q)
    used_sets = sorted([nodes & ~own for nodes in counted if nodes & own == own], key=_size_first)
    kinds = {(mask_of(v for v, _ in t.target), mask_of(v for v, _ in t.given)) for t in terms}
    best, most = number(0), 0
    for used in used_sets:
        if prod([cards[v] for v in members(used)]) > min(MOST_CASES, counted[used | own]):
            continue
        if q.task in ("NDE", "NIE"):
            choices = [ms for ms, given in kinds if not ms & ~used and given == 1 << q.treatment | used & ~ms]
            mediators = sorted({*choices, *([] if q.task == "NIE" else [0])}, key=_size_first)
        else:
            mediators = [own & ~(1 << q.treatment)]
        for ms in mediators:
            estimand = task(q.task).estimand(q, ms, used & ~ms, cards)
            needed = len(estimand.terms())
            if needed > most and (found := _over(terms, estimand, cards)) is not None:
                best, most = found, needed
    return best


def about_outcome(terms: Sequence[Term], q: Query) -> Counter[int]:
    """Set of variables -> how many of the terms are about the outcome alone under a condition on just these.

    A reading needs one of these for each value of its mediators and covariates, under the treatment. What they do not
    allow need not be tried: of all subsets of the variables there may be very many.
    """
    conditions = [mask_of(v for v, _ in t.given) for t in terms if len(t.target) == 1 and t.target[0][0] == q.outcome]
    return Counter([nodes for nodes in conditions if not nodes >> q.outcome & 1])


def _size_first(nodes: int) -> tuple[int, tuple[int, ...]]:
    return nodes.bit_count(), members(nodes)


def _lookup(q: Query, terms: Sequence[Term], cards: Sequence[int]) -> Expr | None:
    slots = slot_order(terms, q, cards)
    if len(slots) > MAX_SLOTS:
        return None
    expression = lookup_table().get(f"{q.task} {len(slots)}", "0")
    stack: list[Expr] = []
    for item in parse(expression).code:  # the table's expressions have slots, integers and two operands at a time
        if isinstance(item, Fraction):
            stack.append(number(int(item)))
        elif isinstance(item, str) and item[0] == "v":
            stack.append(Expr("term", term=slots[int(item[1:]) - 1]))
        else:
            right = stack.pop()
            stack[-1] = Expr(item if isinstance(item, str) else item[0], (stack[-1], right))
    return _over(terms, stack[0], cards)


@lru_cache(maxsize=1)
def lookup_table() -> dict[str, str]:
    """ "TASK FACTS" -> most frequent expression over slots, as ``count_lookup`` found them."""
    table: dict[str, str] = json.loads(files("rungwise.problems").joinpath("lookup.json").read_text("utf-8"))
    return table


def count_lookup() -> dict[str, str]:
    """The table itself, from 200 menus and 100 published-style problems a task of the training split."""
    from rungwise.problems.recipe import Recipe
    from rungwise.problems.sampler import Wish, sample_problems  # which records what the shortcuts get right

    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for recipe, count in ((Recipe(split="train"), 200), (Recipe(split="train", menus={"published": 1.0}), 100)):
        wishes = [Wish(name, make_dice("lookup", *recipe.menus, name, i)) for name in TASKS for i in range(count)]
        for problem in sample_problems(wishes, recipe):
            counts[f"{problem.query.task} {len(slot_table(problem))}"][slot_expression(problem)] += 1
    return {key: counter.most_common(1)[0][0] for key, counter in sorted(counts.items())}
