"""Truncated factorisation for many models at once, held against the task files' own road for one model."""

from __future__ import annotations

from itertools import groupby
from math import prod

import pytest

from rungwise.problems.numbers import draw_rows, joint_of_roles, lay_out
from rungwise.problems.problem import EFFECTS, TASKS
from rungwise.problems.recipe import Recipe, cards_of
from rungwise.problems.sampler import Wish, settle_problems
from rungwise.problems.streams import make_dice
from rungwise.problems.tasks import task
from rungwise.problems.truth import Case, true_values


@pytest.mark.parametrize("values", [2, 3])
@pytest.mark.parametrize("name", TASKS)
def test_many_models_as_one(name: str, values: int) -> None:
    if values > 2 and name not in EFFECTS:
        return
    recipe = Recipe(nodes={4: 1.0, 5: 1.0, 7: 1.0}, zero=0.3, outcome_values=values)
    settled = settle_problems([Wish(name, make_dice("truth", name, i)) for i in range(40)], recipe)

    def form(one: object) -> tuple[int, ...]:
        s = one.asked.structure
        return s.n, s.relevant, s.k, len(one.asked.q.held), one.asked.q.bound == "upper"

    groups = 0
    for (n, relevant, k, *_), group in groupby(sorted(settled, key=form), form):
        own = list(group)
        cards = cards_of(n, recipe)
        numbers = [one.asked.number for one in own]
        tables = lay_out([one.asked.structure for one in own], numbers, cards)
        rows = draw_rows(tables, cards, (0.03, 0.97), [make_dice("rows", i) for i in range(len(own))], 1)
        # The models that were settled, read off their tables role by role.
        for one, row in zip(own, rows, strict=True):
            at = 0
            for v in one.asked.number:
                part = one.model.tables[v].reshape(-1)
                row[at : at + len(part), 0] = part
                at += len(part)
        joints = joint_of_roles(tables, rows, prod(cards[:k]))
        cases = [
            Case(one.asked.plan.q, k, t, row[:, 0], joint[:, 0])
            for one, t, row, joint in zip(own, tables, rows, joints, strict=True)
        ]
        for one, value in zip(own, true_values(cases, cards[:relevant]), strict=True):
            assert value == pytest.approx(task(name).true_value(one.model, one.asked.q), abs=1e-12)
        groups += 1
    assert groups > 2
