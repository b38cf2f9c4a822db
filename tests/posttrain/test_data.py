"""The problems that training sees: a fair mix, never a test shape, solutions and questions apart."""

from __future__ import annotations

from collections import Counter

import pytest

from rungwise.posttrain.data import QUESTIONS_START, held_out, mixed
from rungwise.problems.problem import TASKS
from rungwise.problems.streams import split_of


@pytest.mark.parametrize(("n", "published", "shown"), [(42, 1 / 3, 14), (21, 0.0, 0), (14, 1.0, 14), (35, 0.25, 7)])
def test_tasks_and_menus_are_mixed_as_asked(n: int, published: float, shown: int) -> None:
    problems = mixed(n, published, 0)
    assert Counter(p.query.task for p in problems) == dict.fromkeys(TASKS, n // 7)
    assert sum(p.meta["menu"] == "published" for p in problems) == shown


def test_only_training_shapes() -> None:
    assert {split_of(p.shape) for p in mixed(70, 1 / 3, 1)} == {"train"}
    assert {split_of(p.shape) for p in held_out(28, 1)} == {"validation"}
    assert Counter(p.query.task for p in held_out(28, 1)) == dict.fromkeys(TASKS, 4)


def test_the_seed_and_the_start_decide() -> None:
    def ids(seed: int, start: int = 0) -> list[str]:
        return [p.id for p in mixed(21, 1 / 3, seed, start)]

    assert ids(0) == ids(0)
    assert not set(ids(0)) & set(ids(1))
    assert not set(ids(0)) & set(ids(0, QUESTIONS_START))
    assert [p.id for p in mixed(7, 0.0, 0)] == [p.id for p in mixed(14, 0.0, 0)][
        :7
    ]  # more solutions are the same first


def test_every_problem_can_be_taught() -> None:
    for problem in mixed(42, 1 / 3, 2):
        assert problem.truth is not None
        assert problem.truth.value is not None
        assert "right" in problem.meta
        assert problem.steps
