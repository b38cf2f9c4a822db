from __future__ import annotations

import re
from random import Random

import pytest

from rungwise.errors import UserError
from rungwise.problems.problem import Variable
from rungwise.wording import names


def _core(name: str) -> str:
    return re.sub(r"^(the|a|an) ", "", name.casefold())


def _all_real() -> tuple[Variable, ...]:
    return names.draw("real", 80, Random(0))


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
        events = names.draw(kind, 9, Random(seed), range(9))
        assert len({v.name for v in events}) == 9
        assert events == names.draw(kind, 9, Random(seed), range(9))
    assert names.draw(kind, 9, Random(1), range(9)) != names.draw(kind, 9, Random(2), range(9))


def test_common_sense_runs_along_the_graph_or_against_it() -> None:
    for seed in range(20):
        order = Random(seed).sample(range(6), 6)
        for kind, along in (("commonsense", True), ("anti-commonsense", False)):
            events = names.draw(kind, 6, Random(seed), order)
            (theme,) = [t for t in names.THEMES if {v.name for v in events} <= {name for name, _, _ in t}]
            places = [[name for name, _, _ in theme].index(events[v].name) for v in order]
            assert places == sorted(places, reverse=not along)


def test_a_third_value_lies_between_the_two() -> None:
    assert names.widen(Variable("a", ("dry", "wet"))).labels == ("dry", "in between", "wet")


def test_a_small_real_draw_keeps_to_one_theme() -> None:
    for seed in range(20):
        drawn = {v.name for v in names.draw("real", 8, Random(seed))}
        assert sum(drawn <= {name for name, _, _ in theme} for theme in names.THEMES) == 1


def test_nonsense_is_four_letters_and_never_runs_out() -> None:
    events = names.draw("nonsense", 63, Random(3))
    assert all(re.fullmatch("[a-z]{4}", v.name) for v in events)
    assert {v.labels for v in events} == {("low", "high")}


def test_unknown_kind_and_too_many_names_are_refused() -> None:
    rng = Random(0)
    with pytest.raises(UserError, match="unknown kind of names 'fake'; kinds are real, commonsense, anti"):
        names.draw("fake", 3, rng)
    with pytest.raises(UserError, match="there are 80 real names, not 81"):
        names.draw("real", 81, rng)
