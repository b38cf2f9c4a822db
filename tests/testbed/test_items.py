"""The test bed's items against oracles that read the texts alone."""

from __future__ import annotations

import re

import pytest

from rungwise.capt.estimation import estimate
from rungwise.capt.intervention import MODES, Intervention
from rungwise.errors import UserError
from rungwise.ontology.check import check
from rungwise.ontology.shape import order_shape
from rungwise.ontology.text import solution
from rungwise.testbed.items import NAMES, items, ontology_pool
from rungwise.testbed.words import EVENTS, KINDS

FAMILIES = ("ontology", "ladder")


def chain_answer(prompt: str) -> str:
    """True or False by walking the rules of the text from what is said of the person."""
    told, asked = prompt.split(" True or false: ")
    rules = dict(re.findall(r"Every (\w+) is (not a \w+|a \w+)\.", told))
    who, known = re.search(r"(?:^|\. )(\w+) is (a \w+)\.", told).groups()
    while known.startswith("a ") and known[2:] in rules:
        known = rules[known[2:]]
    said, query = re.fullmatch(r"(\w+) is (.+)\.", asked).groups()
    assert said == who
    assert query.removeprefix("not ") == known.removeprefix("not ")
    return str(query == known)


def comparison_answer(prompt: str) -> str:
    """Yes or No from the two percentages of the text and the words of its question."""
    numbers = dict(re.findall(r"For (?:those with )?([^,.]+), the probability of [^.]+ is (\d+)%", prompt))
    asked = re.search(r"Will (.+) (increase|decrease) the chance", prompt)
    if asked:
        first, more = asked[1], asked[2] == "increase"
    else:
        direction, first = re.search(r"would it be (more|less) likely to see .+ if it had been (.+)\?", prompt).groups()
        more = direction == "more"
    (second,) = (x for x in numbers if x != first)
    return "Yes" if (int(numbers[first]) > int(numbers[second])) == more else "No"


def related_by_text(family: str, prompt: str) -> bool:
    """Whether the two main words of a text stand in one group."""
    if family == "ontology":
        groups = [set(group) for group in KINDS]
        start = re.search(r"(?:^|\. )(?!Every)\w+ is a (\w+)\.", prompt.split(" True or false:")[0])[1]
        pair = {start, prompt.rstrip(".").rsplit(" ", 1)[1]}
    else:
        groups = [{event.name for event in story} for story in EVENTS]
        phrase = re.search(r"For (?:those with )?([^,.]+), the probability of ([^.]+) is", prompt).groups()
        pair = {one.split()[-1] for one in phrase}
    assert len(pair) == 2
    return any(pair <= group for group in groups)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("names", NAMES)
def test_answers_are_right(family, names):
    oracle = chain_answer if family == "ontology" else comparison_answer
    found = list(items(family, names, 120, "a", "test", 0.9))
    assert [oracle(item.prompt) for item in found] == [item.answer for item in found]
    assert all(item.solution.rsplit("\n", 1)[1] == item.answer for item in found)
    positive = sum(item.answer in ("True", "Yes") for item in found)
    assert 50 <= positive <= 70


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("agreement", [0.0, 0.5, 0.9, 1.0])
def test_common_sense_is_right_as_often_as_asked(family, agreement):
    found = list(items(family, "world", 300, "b", "train", agreement))
    related = [related_by_text(family, item.prompt) for item in found]
    assert related == [item.related for item in found]
    right = sum(r == (item.answer in ("True", "Yes")) for r, item in zip(related, found, strict=True))
    deviation = (300 * agreement * (1 - agreement)) ** 0.5
    assert abs(right - 300 * agreement) <= 4 * deviation


@pytest.mark.parametrize("family", FAMILIES)
def test_id_and_anti_ask_the_same_problems(family):
    one, other = (list(items(family, "world", 40, "c", "test", a)) for a in (1.0, 0.0))
    assert [item.answer for item in one] == [item.answer for item in other]
    assert all(a.related != b.related for a, b in zip(one, other, strict=True))


def test_test_orders_are_not_in_training():
    def shapes(split):
        return {order_shape(p.told, p.query.kind) for p in ontology_pool(300, "d", split)}

    train, test = shapes("train"), shapes("test")
    assert not train & test
    assert min(len(train), len(test)) >= 8


def test_proofs_still_hold_where_distractors_are_left_out():
    for problem in ontology_pool(40, "g", "test"):
        assert check(solution(problem), problem).correct
        assert len(problem.told) == 4


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("names", ["world", "nonsense"])
@pytest.mark.parametrize("mode", MODES)
def test_capt_reads_every_item_and_keeps_its_answer(family, names, mode):
    oracle = chain_answer if family == "ontology" else comparison_answer
    for item in items(family, names, 25, "e", "train", 0.8):
        found = estimate(item.prompt)
        assert found.abstraction is not None, found.faults
        prompt, solution = Intervention(mode, 3).texts(found.abstraction.events, [item.prompt, item.solution], item.id)
        if mode in ("none", "original"):
            assert (prompt, solution) == (item.prompt, item.solution)
        elif family == "ontology":
            assert oracle(prompt) == item.answer
        assert solution.endswith(item.answer)


def test_what_is_unknown_is_refused():
    with pytest.raises(UserError, match="families are"):
        next(items("poems", "world", 1, "f", "train"))
