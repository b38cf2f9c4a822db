"""Generated items: exact, decided by what is displayed, balanced, in disjoint splits, and readable by the solver of
the published files, which shares no code with the generator's."""

from __future__ import annotations

import json
from collections import Counter
from fractions import Fraction
from functools import lru_cache
from itertools import islice, product
from typing import Any

import pytest

from rungwise.errors import UserError
from rungwise.ladder import TYPES, LadderItem, LadderProblem, generate
from rungwise.ladder.digits import lookup
from rungwise.ladder.families import FAMILIES
from rungwise.ladder.names import KINDS, STORIES
from rungwise.ladder.queries import NUMERIC, Query, estimand, shape
from rungwise.ladder.text import text
from rungwise.ladder.worked import exact, faults, worked
from rungwise.problems.streams import split_of
from rungwise.scoring.choice import final_choice
from rungwise.suites.published.cladder_model import counterfactual
from rungwise.suites.published.cladder_words import akin

N = 80


@lru_cache(maxsize=8)
def items(names: str = "commonsense", part: str = "train") -> tuple[LadderItem, ...]:
    return tuple(generate(N, 5, part, names=names))


def test_every_rounding_corner_has_the_answers_sign() -> None:
    for item in items():
        problem = item.problem
        if item.task not in NUMERIC:
            continue
        formula = estimand(problem.graph, problem.hidden, problem.query)
        assert formula is not None
        half, places = Fraction(1, 2 * 10 ** (2 + problem.decimals)), 2 + problem.decimals
        signs = set()
        for shifts in product((-half, half), repeat=len(problem.facts)):
            numbers = {
                f.term: min(max(Fraction(f"{f.value:.{places}f}") + shift, Fraction(0)), Fraction(1))
                for f, shift in zip(problem.facts, shifts, strict=True)
            }
            found = formula.evaluate(lambda term, numbers=numbers: Fraction(lookup(numbers, term)))
            signs.add((found > 0) - (found < 0))
        assert len(signs) == 1
        assert signs == {1 if exact(problem) > 0 else -1}
        wanted = signs.pop() if item.task != "ett" else -signs.pop()
        assert item.label.answer == ("Yes" if (wanted > 0) == problem.query.up else "No")


def test_effects_are_those_of_the_whole_model() -> None:
    for item in items():
        problem, q = item.problem, item.problem.query
        if item.task in ("ate", "ett", "nde", "nie"):
            assert problem.model is not None
            found = counterfactual(item.task, problem.model, q.x, q.y, q.x_value)
            assert problem.value == pytest.approx(found if q.y_value else -found, abs=1e-9)
            assert abs(float(exact(problem)) - problem.value) < 0.03


@pytest.mark.parametrize("part", ["train", "test"])
def test_answers_are_balanced_in_each_type_and_direction(part: str) -> None:
    cells = Counter((i.task, i.problem.query.up, i.label.answer) for i in items(part=part))
    assert set(cells.values()) == {N // len(TYPES) // 4}
    assert len(cells) == 4 * len(TYPES)


def test_not_adjusting_is_right_as_often_as_adjusting() -> None:
    right = Counter(i.problem.graph.is_backdoor_set(1 << i.problem.query.x, i.problem.query.y, 0) for i in backadj())
    assert right == {True: 20, False: 20}
    assert Counter((i.problem.direct, i.label.answer) for i in backadj()) == {
        (method, answer): 10 for method in (1, 2) for answer in ("Yes", "No")
    }


def backadj() -> list[LadderItem]:
    return list(generate(40, 5, "train", types=["backadj"]))


def test_collision_alone_is_balanced_by_the_direction() -> None:
    family = FAMILIES["collision"]
    part = split_of(shape(family.graph, 0, Query("collider_bias", family.x, family.y, third=2)))
    found = list(generate(20, 5, part, types=["collider_bias"], graphs=["collision"]))
    assert Counter((i.problem.query.up, i.label.answer) for i in found) == {(True, "No"): 10, (False, "Yes"): 10}


def test_twins_differ_in_the_direction_alone() -> None:
    groups: dict[str, list[LadderItem]] = {}
    for item in items():
        groups.setdefault(item.task + item.problem.style, []).append(item)
    assert len(groups) == N // 2
    for one, two in groups.values():
        assert one.problem.twin == two.problem.twin
        assert one.problem.id != two.problem.id
        assert {one.label.answer, two.label.answer} == {"Yes", "No"}
        words = list(zip(one.text.split(), two.text.split(), strict=False))
        assert one.text != two.text
        assert sum(a != b for a, b in words[: -6 if one.task == "collider_bias" else None]) <= 2


def test_without_twins_no_problem_comes_twice() -> None:
    found = list(generate(40, 5, "train", twins=False, types=["ate"]))
    assert len({item.problem.twin for item in found}) == len(found)
    assert set(Counter((i.problem.query.up, i.label.answer) for i in found).values()) == {10}


def test_splits_share_no_structure() -> None:
    shapes = {part: {i.problem.shape for i in items(part=part)} for part in ("train", "validation", "test")}
    for part, own in shapes.items():
        assert all(split_of(shape) == part for shape in own)
        assert len(own) > 20
    assert not shapes["train"] & shapes["test"]
    assert not (shapes["train"] | shapes["test"]) & shapes["validation"]


def test_the_same_request_makes_the_same_items() -> None:
    again = list(generate(20, 5, "train"))
    assert [i.to_dict() for i in again] == [i.to_dict() for i in islice(generate(40, 5, "train"), 20)]
    assert [i.text for i in again] == [i.text for i in items()[:20]]
    assert {i.id for i in generate(20, 6, "train")}.isdisjoint(i.id for i in again)
    assert len({i.id for i in items()}) == N


def test_names_change_nothing_but_the_words() -> None:
    plain, anti, non = (items(kind) for kind in KINDS)
    stories = [{event.name for event in story} for story in STORIES]
    for a, b, c in zip(plain, anti, non, strict=True):
        assert a.problem.id == b.problem.id == c.problem.id
        assert len({a.id, b.id, c.id}) == 3
        assert any({e.name for e in a.problem.events} <= story for story in stories)
        swapped = [v for v, (e, f) in enumerate(zip(a.problem.events, b.problem.events, strict=True)) if e != f]
        assert len(swapped) == 1
        assert swapped[0] in (a.problem.query.x, a.problem.query.y)
        assert not {e.name for e in c.problem.events} & {name for story in stories for name in story}


def test_no_noun_can_be_taken_for_another_word() -> None:
    assert len(STORIES) >= 12
    nouns = [event.name for story in STORIES for event in story]
    adjectives = {phrase.split()[0] for story in STORIES for e in story for phrase in (e.one, e.zero)}
    assert all(len(story) >= 5 for story in STORIES)
    for i, noun in enumerate(nouns):
        assert not any(akin(noun, other) for other in [*nouns[:i], *adjectives])


def test_texts_are_short_and_end_with_the_form_of_the_answer() -> None:
    lengths = [len(item.text.split()) for item in items()]
    assert sum(lengths) / N < 95
    assert max(lengths) < 170
    for item in items():
        assert item.text.endswith("Yes or No.")
        assert final_choice(str(item.label.answer), ("Yes", "No")).option == item.label.answer
        assert text(item.problem) == item.text


def test_what_is_written_is_read_back() -> None:
    for item in items()[:40]:
        data = json.loads(json.dumps(item.to_dict()))
        back = LadderItem.from_dict(data)
        assert back.to_dict() == item.to_dict()
        assert back.problem.id == item.problem.id


@pytest.mark.parametrize("change", [{"hidden": 9}, {"decimals": None}, {"parents": [1]}, {"query": {}}])
def test_changed_problems_are_refused(change: dict[str, Any]) -> None:
    data = items()[0].problem.to_dict()
    with pytest.raises(UserError):
        LadderProblem.from_dict({**data, **change})


def test_changed_items_are_refused() -> None:
    for item in items()[: 2 * len(TYPES) : 3]:
        data = item.to_dict()
        problem = data["problem"]
        turned = {"Yes": "No", "No": "Yes"}[str(item.label.answer)]
        for change in (
            {"text": "x"},
            {"answer": "Maybe"},
            {"answer": turned, "problem": {**problem, "yes": not problem["yes"]}},
            {"task": "none"},
            {"problem": 3},
            {"problem": {**problem, "parents": [0] * 40}},
            {"problem": {**problem, "facts": problem["facts"][1:], "query": {**problem["query"], "x": 7}}},
        ):
            with pytest.raises(UserError):
                LadderItem.from_dict({**data, **change})
    numeric = next(item for item in items() if item.task == "ate").to_dict()
    with pytest.raises(UserError):  # by another value the other answer would be right, but not by what is displayed
        LadderItem.from_dict({**numeric, "problem": {**numeric["problem"], "value": -numeric["problem"]["value"]}})


def test_two_decimals() -> None:
    found = list(generate(20, 5, "train", types=["ate", "nie"], decimals=2))
    assert all("." in item.text.split("%")[0][-4:] for item in found)
    assert all(not faults(i.problem, worked(i.problem)) for i in found)


@pytest.mark.parametrize("kind", ["nde", "nie"])
def test_more_numbers_reach_arrowheads_natural_effects(kind: str) -> None:
    family = FAMILIES["arrowhead"]
    part = split_of(shape(family.graph, 0, Query(kind, family.x, family.y)))
    found = list(generate(2, 1, part, types=[kind], graphs=["arrowhead"], numbers=13))
    assert [len(item.problem.facts) for item in found] == [13, 13]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"split": "dev"}, "validation"),
        ({"names": "real"}, "nonsense"),
        ({"types": ["ATE"]}, "ate"),
        ({"types": []}, "ate"),
        ({"graphs": ["triangle"]}, "random"),
        ({"decimals": 3}, "decimals"),
        ({"numbers": 1}, "numbers"),
        ({"types": ["ate"], "graphs": ["IV"]}, "random"),
        ({"types": ["nde"], "graphs": ["arrowhead"]}, "6 numbers"),
    ],
)
def test_requests_that_make_no_sense(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError, match=says):
        next(generate(1, 5, **{"split": "train", **wrong}))
