from __future__ import annotations

import re

import numpy as np
import pytest

from rungwise.errors import UserError
from rungwise.problems.problem import Variable
from rungwise.wording import names


def _core(name: str) -> str:
    return re.sub(r"^(the|a|an) ", "", name.casefold())


def _all_real() -> tuple[Variable, ...]:
    return names.draw("real", 80, np.random.default_rng(0))


def test_there_are_many_real_names_of_many_forms() -> None:
    events = _all_real()
    assert len({v.name for v in events}) == 80
    for part in (",", "(", "'", " and ", "the ", "a "):
        assert sum(part in v.name for v in events) >= 3, part
    assert len({v.labels for v in events}) > 40


def test_no_real_name_contains_another() -> None:
    cores = [_core(v.name) for v in _all_real()]
    assert [(a, b) for a in cores for b in cores if a != b and a in b] == []
    assert len(set(cores)) == len(cores)


def test_labels_differ_and_hold_no_separator() -> None:
    for v in _all_real():
        low, high = v.labels
        assert low != high
        assert not re.search(r"[,;.()]| and | is ", f"{low} {high}")


@pytest.mark.parametrize("kind", names.KINDS)
def test_drawn_names_differ_and_are_those_of_the_seed(kind: str) -> None:
    for seed in range(50):
        events = names.draw(kind, 9, np.random.default_rng(seed))
        assert len({v.name for v in events}) == 9
        assert events == names.draw(kind, 9, np.random.default_rng(seed))
    assert names.draw(kind, 9, np.random.default_rng(1)) != names.draw(kind, 9, np.random.default_rng(2))


def test_a_small_real_draw_keeps_to_one_theme() -> None:
    for seed in range(20):
        drawn = {v.name for v in names.draw("real", 8, np.random.default_rng(seed))}
        assert sum(drawn <= {name for name, _, _ in theme} for theme in names.THEMES) == 1


def test_nonsense_is_four_letters_and_never_runs_out() -> None:
    events = names.draw("nonsense", 63, np.random.default_rng(3))
    assert all(re.fullmatch("[a-z]{4}", v.name) for v in events)
    assert {v.labels for v in events} == {("low", "high")}


def test_unknown_kind_and_too_many_names_are_refused() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(UserError, match=r"unknown kind of names 'fake'; kinds are real, nonsense"):
        names.draw("fake", 3, rng)
    with pytest.raises(UserError, match="there are 80 real names, not 81"):
        names.draw("real", 81, rng)
