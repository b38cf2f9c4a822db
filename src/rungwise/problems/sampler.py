"""Sampling problems: a structure, a question, a model, and the checks that make the truth certain.

Many problems are sampled side by side so that they share array operations, but each draws from its own dice alone:
a problem never depends on which others are made with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice, tee
from math import prod
from random import Random
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rungwise.causal.graph import bits
from rungwise.causal.monotone import monotone_scm
from rungwise.causal.scm import Array
from rungwise.problems.finish import Drawn, Settled, asked, settle, tell
from rungwise.problems.identify import KINDS
from rungwise.problems.listed import structures_of_rows
from rungwise.problems.numbers import Tables, draw_rows, joint_of_roles, lay_out
from rungwise.problems.plan import Plan, plan
from rungwise.problems.problem import EFFECTS, TOLERANCE, Problem, Query
from rungwise.problems.recipe import Recipe, cards_of, impossible, requests
from rungwise.problems.search import exists, search
from rungwise.problems.shapes import Entry
from rungwise.problems.streams import shuffled
from rungwise.problems.structure import Request, Structure
from rungwise.problems.tasks import task
from rungwise.problems.truth import Case, true_values

MARGIN = 2 * TOLERANCE
"""Every wrong reading of a menu differs from the truth by more than this, and so does 0 from a nonzero value."""

MODELS = (4, 8, 16)
"""Models drawn for a structure at first, then, and then, before another structure is looked for."""

RARE = 8
"""So many times as many are drawn for a bound that is to be cut off at 0 where no wrong reading's is."""

PROPOSALS = (8, 16, 32, 64)
"""Graphs drawn for a request in its first search, its second one, ...; then the next request."""

ENTRIES = 200
"""Times that a wish's structure is drawn from its entries, each time with all its MODELS, before it is given up."""


POOL = 7168
"""Problems that are sampled side by side: enough to share array operations, few enough for the processor's cache."""

AHEAD = 2
"""Times POOL: so many problems that are done wait for one before them."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One problem to be sampled.

    Attributes:
        task: one of the recipe's tasks.
        dice: where everything random about it comes from.
        zero: whether the value is to be 0; None leaves it to the dice.
        yes: which answer a nonzero effect is to have; None leaves it to the dice.
        entries: the structure is one of these; where there are none, the recipe's requests lead to one.
    """

    task: str
    dice: Random
    zero: bool | None = None
    yes: bool | None = None
    entries: Sequence[Entry] = ()


def sample_problem(name: str, recipe: Recipe, dice: Random) -> Problem:
    """One problem of a task; see ``sample_problems``."""
    return next(sample_problems([Wish(name, dice)], recipe))


def sample_problems(wishes: Iterable[Wish], recipe: Recipe) -> Iterator[Problem]:
    """A problem for each wish; the words come last, one by one, as they are asked for.

    Its truth is computed from the displayed numbers by the right reading's estimand and agrees with the
    full model's (``true_value``) within TOLERANCE; its sign does not hang on hidden digits; every other
    reading of the menu gives a wrong value; its canonical shape belongs to the recipe's split.

    Raises:
        UserError: a task that the recipe cannot ask, or no such problem was found.
    """
    wishes, told = tee(wishes)
    for one, wish in zip(settle_problems(wishes, recipe), told, strict=True):
        yield tell(one, recipe, wish.dice)


def settle_problems(wishes: Iterable[Wish], recipe: Recipe) -> Iterator[Settled]:
    """``sample_problems`` without the words.

    Up to POOL wishes are worked on side by side. Where one is done the next takes its place, so that the array
    operations of every round are about many.
    """
    source = enumerate(wishes)
    todo: list[_Slot] = []
    done: dict[int, Settled] = {}
    told = 0
    while True:
        room = min(POOL, max(0, (AHEAD + 1) * POOL - len(done))) - len(todo)
        todo += [_Slot(i, wish, recipe) for i, wish in islice(source, max(0, room))]
        if not todo:
            return
        _find_structures([slot for slot in todo if slot.structure is None], recipe)
        done.update(_with_models([slot for slot in todo if slot.structure is not None], recipe))
        todo = [slot for slot in todo if slot.index not in done]
        while told in done:
            yield done.pop(told)
            told += 1


class _Slot:
    """A wish on its way."""

    __slots__ = (
        "dice",
        "direction",
        "index",
        "number",
        "q",
        "request",
        "requests",
        "rounds",
        "searches",
        "structure",
        "wish",
        "zero",
    )

    def __init__(self, index: int, wish: Wish, recipe: Recipe) -> None:
        self.index = index
        self.wish = wish
        self.dice = wish.dice
        self.zero = wish.zero if wish.zero is not None else wish.dice.random() < recipe.zero
        self.requests = requests(wish.task, recipe, self.zero, wish.dice)
        self.structure: Structure | None = None
        self.searches = self.rounds = 0
        if not wish.entries:
            self.next_request(recipe)

    def next_request(self, recipe: Recipe) -> None:
        """Go on to the next request.

        Raises:
            UserError: there is none.
        """
        request = next(self.requests, None)
        if request is None:
            raise impossible(self.wish.task, recipe)
        self.request = request
        self.searches = 0

    def draw_entry(self, recipe: Recipe) -> tuple[Request, int, int]:
        """One of the wish's structures.

        Raises:
            UserError: models that fit were looked for often enough.
        """
        if self.searches == ENTRIES:
            raise impossible(self.wish.task, recipe)
        self.searches += 1
        (entry,) = self.dice.choices(self.wish.entries, [entry.weight for entry in self.wish.entries])
        self.request = entry.request
        return entry.request, entry.row, self.dice.choice(entry.menus)

    def take(self, structure: Structure, recipe: Recipe) -> None:
        """Draw a question about a structure and the number of each node."""
        self.structure, self.rounds = structure, 0
        self.q = ask(structure, self.wish.task, self.zero, recipe, self.dice)
        self.direction = "less" if self.wish.task in EFFECTS and self.dice.random() < recipe.less else "more"
        self.number = shuffled(range(structure.n), self.dice)

    @property
    def models(self) -> int:
        """Models to be drawn next."""
        return MODELS[self.rounds] * (RARE if self.zero and self.wish.task not in EFFECTS else 1)

    def candidate(self, made: Plan, case: Case, numbers: Array, values: Array) -> Drawn:
        """What has been drawn, with one of the models."""
        assert self.structure is not None
        model = case.tables.start, case.row
        found = numbers.tolist(), values.tolist()
        return Drawn(self.structure, self.number, made, self.direction, self.request.menu, *model, *found)

    def try_again(self) -> None:
        """With other models, or, after a few rounds of them, with another structure."""
        self.rounds += 1
        if self.rounds == len(MODELS):
            self.structure = None


def ask(structure: Structure, name: str, zero: bool, recipe: Recipe, dice: Random) -> Query:
    """A random question about a structure, over its roles: values and bound."""
    bound = None
    x, y = dice.getrandbits(1), dice.randrange(recipe.outcome_values)
    if recipe.monotone:
        bound = "point"
    elif name not in EFFECTS:
        bound = "lower" if zero or dice.random() < 0.5 else "upper"
    if name not in EFFECTS:
        x = y = 0 if name == "PN" else 1
    held = tuple([(m, dice.getrandbits(1)) for m in bits(structure.held)])
    return Query(name, 0, 1, x, 1 - x, y, held, bound)


def _find_structures(slots: Sequence[_Slot], recipe: Recipe) -> None:
    """Search once for each slot; what is found stands in the slot."""

    def form(slot: _Slot) -> tuple[str, int]:
        return KINDS[slot.request.task], slot.request.n

    given = [slot for slot in slots if slot.wish.entries]
    for slot, listed in zip(given, structures_of_rows([slot.draw_entry(recipe) for slot in given]), strict=True):
        slot.take(listed, recipe)
    slots = [slot for slot in slots if not slot.wish.entries]
    for slot in slots:
        if slot.searches == len(PROPOSALS) or (slot.searches and not exists(slot.request)):
            slot.next_request(recipe)
    for _, group in groupby(sorted(slots, key=form), form):
        own = list(group)
        proposals = [PROPOSALS[slot.searches] for slot in own]
        found = search([slot.request for slot in own], [slot.dice for slot in own], proposals, recipe.edge_share)
        for slot, structure in zip(own, found, strict=True):
            slot.searches += 1
            if structure is not None:
                slot.take(structure, recipe)


def _with_models(slots: Sequence[_Slot], recipe: Recipe) -> Iterator[tuple[int, Settled]]:
    """Draw models for every slot's structure; the indices of slots whose problem is settled, with it."""
    drawn = _draw_models(slots, recipe)
    plans: dict[Plan, list[_Slot]] = {}
    for slot in slots:
        s = slot.structure
        assert s is not None
        plans.setdefault(plan(slot.q, s.shown, cards_of(s.n, recipe)[: s.k]), []).append(slot)
    found: list[tuple[_Slot, Drawn, Case]] = []
    for made, own in plans.items():
        numbers = made.numbers(np.concatenate([drawn[slot.index].joints for slot in own], axis=1))
        values = made.values(numbers)
        counts = [slot.models for slot in own]
        rights = np.repeat([slot.structure.place for slot in own if slot.structure is not None], counts)
        fits = fitting(made, values, rights, np.repeat([slot.zero for slot in own], counts))
        first = 0
        for slot, count in zip(own, counts, strict=True):
            at = first + int(fits[first : first + count].argmax())
            if fits[at]:
                models, model = drawn[slot.index], at - first
                case = Case(made.q, len(made.cards), models.tables, models.rows[:, model], models.joints[:, model])
                found.append((slot, slot.candidate(made, case, numbers[:, at], values[:, at]), case))
            else:
                slot.try_again()
            first += count
    exact = _true_values([case for *_, case in found], recipe)
    for (slot, candidate, _), true in zip(found, exact, strict=True):
        if abs(candidate.value - true) <= TOLERANCE:
            settled = settle(candidate, slot.wish.yes, recipe)
            if not recipe.monotone or _has_its_point(settled):
                yield slot.index, settled
                continue
        slot.try_again()


def _true_values(cases: Sequence[Case], recipe: Recipe) -> list[float]:
    """What the full models say of each case, by truncated factorisation."""

    def form(i: int) -> tuple[str, str, int, int, int]:
        case = cases[i]
        return case.q.task, case.q.bound or "", len(case.q.held), case.k, len(case.tables.places)

    out = [0.0] * len(cases)
    for _, group in groupby(sorted(range(len(cases)), key=form), form):
        own = list(group)
        relevant = len(cases[own[0]].tables.places)
        for i, value in zip(
            own, true_values([cases[i] for i in own], cards_of(relevant, recipe)).tolist(), strict=True
        ):
            out[i] = value
    return out


def _has_its_point(settled: Settled) -> bool:
    """Whether counterfactuals with one threshold a node give the point too."""
    q = settled.asked.q
    return abs(settled.value - task(q.task).true_value(settled.model, q)) <= TOLERANCE


class _Models(NamedTuple):
    """The models drawn for a slot: where their probabilities stand, these, shape (length, models), and the joints of
    the roles the facts speak of, shape (cells, models)."""

    tables: Tables
    rows: Array
    joints: Array


def _draw_models(slots: Sequence[_Slot], recipe: Recipe) -> dict[int, _Models]:
    """Random models for each slot's structure, by the slot's index."""

    def form(slot: _Slot) -> tuple[int, int, int, int]:
        assert slot.structure is not None
        return slot.structure.n, slot.structure.relevant, slot.structure.k, slot.models

    out: dict[int, _Models] = {}
    for (n, _, k, models), group in groupby(sorted(slots, key=form), form):
        own = list(group)
        cards = cards_of(n, recipe)
        structures = [slot.structure for slot in own if slot.structure is not None]
        tables = lay_out(structures, [slot.number for slot in own], cards)
        if recipe.monotone:
            rows = [np.stack([_monotone_rows(slot, cards, recipe) for _ in range(models)], axis=1) for slot in own]
        else:
            rows = draw_rows(tables, cards, recipe.prior, [slot.dice for slot in own], models)
        joints = joint_of_roles(tables, rows, prod(cards[:k]))
        for slot, *parts in zip(own, tables, rows, joints, strict=True):
            out[slot.index] = _Models(*parts)
    return out


def _monotone_rows(slot: _Slot, cards: tuple[int, ...], recipe: Recipe) -> Array:
    s = slot.structure
    assert s is not None
    rng = np.random.default_rng(slot.dice.getrandbits(64))
    graph = asked(s, slot.number, plan(slot.q, s.shown, cards[: s.k]), "more").graph
    model = monotone_scm(graph, slot.number[0], slot.number[1], rng, *recipe.prior)
    return np.concatenate([model.tables[v].reshape(-1) for v in slot.number])


def fitting(made: Plan, values: Array, right: NDArray[np.int64], zero: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which models make a problem as far as the displayed numbers tell.

    Args:
        values: what each reading gives, shape (readings, models).
        right: the index of the right reading, -1 where the value is 0 by structure.
        zero: whether the value is to be 0.
    """
    if not len(values):
        return np.ones(len(right), dtype=bool)
    finite = np.isfinite(values).all(axis=0)
    with np.errstate(invalid="ignore"):
        # Where nothing in the menu tempts, any reading would do.
        tempts = (np.abs(values) > MARGIN).any(axis=0)
        value = np.take_along_axis(values, np.maximum(right, 0)[None], axis=0)[0]
        others = np.arange(len(values))[:, None] != right
        clear = (~others | (np.abs(values - value) > MARGIN)).all(axis=0)
        sized = np.where(zero & (made.q.bound is not None), value == 0, np.abs(value) > MARGIN)
        if made.q.bound is not None:
            sized &= (value >= 0) & (value < 1)
    return finite & np.where(right < 0, tempts, clear & sized)
