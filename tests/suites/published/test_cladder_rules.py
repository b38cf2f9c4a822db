"""CLadder's deterministic questions, and which value of a variable words name."""

from __future__ import annotations

import random

import pytest

from rungwise.errors import UserError
from rungwise.suites.published.cladder_answers import solve
from rungwise.suites.published.cladder_rules import by_steps, by_two_worlds, premise, read_rules
from rungwise.suites.published.cladder_solved import Solved
from rungwise.suites.published.cladder_text import read
from rungwise.suites.published.cladder_words import akin, content, means, says, side
from suites.published import cladder_rows as rows

GRAPHS = [graph for graph in rows.GRAPHS if graph != "collision"]


def answer(body: str, question: str) -> Solved:
    return solve(read(body, question), {})


@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize("seed", range(8))
def test_rules_of_every_graph_give_what_plain_evaluation_gives(graph: str, seed: int) -> None:
    draw = random.Random(f"{graph}{seed}")
    nodes, names = rows.GRAPHS[graph], rows.NAMES
    signs = {v: draw.random() < 0.6 for v in nodes}
    every = {v: draw.random() < 0.5 for v in nodes}
    said = []
    for v, causes in nodes.items():
        if causes:
            left = (" and " if every[v] else " or ").join(names[c] for c in causes)
            said.append(f"{left} causes {'' if signs[v] else 'not '}{names[v]}.")
    seen = {v: draw.random() < 0.5 for v, causes in nodes.items() if not causes and v != "X"}
    action, asked = draw.random() < 0.5, draw.random() < 0.5
    state: dict[str, bool] = {}
    for v, causes in nodes.items():
        holds = (all if every[v] else any)(state[c] for c in causes)
        state[v] = action if v == "X" else seen[v] if not causes else holds == signs[v]

    def value(v: str, yes: bool) -> str:
        return names[v] if yes else f"not {names[v]}"

    body = rows.background(graph) + " We know that " + " ".join(said)
    if seen:
        body += " We observed " + " and ".join(f"an individual is {value(v, yes)}" for v, yes in seen.items()) + "."
    question = (
        f"Would an individual is {value('Y', asked)} if {value('X', action)} instead of {value('X', not action)}?"
    )
    solved = answer(body, question)
    assert (solved.yes, solved.second) == (state["Y"] == asked, state["Y"] == asked)


MILL = (
    "Imagine only this: The miller has a direct effect on sluice gate and grinding. "
    "The sluice gate has a direct effect on grinding. "
)


def test_a_cause_that_brings_the_opposite_and_a_sentence_for_an_outcome() -> None:
    body = MILL + "We know that early waking causes closed gate. early waking and open gate causes fresh flour."
    solved = answer(body, "Would the mill has no fresh flour if early waking instead of late waking?")
    assert (solved.yes, solved.second) == (True, True)  # the gate closes, so there is no flour
    assert "[open gate] = not ([early waking])" in solved.proof


def test_names_may_hold_connectives() -> None:
    body = (
        "Imagine only this: Schooling has a direct effect on craft. Luck has a direct effect on craft and pay. "
        "Craft has a direct effect on pay. "
        "We know that luck and secondary school or better causes good craft. luck or good craft causes high pay. "
        "We observed the smith is without luck."
    )
    shown = read(body, "Would the smith has high pay if secondary school or better instead of primary school?")
    rules = read_rules(shown)
    assert {one for one, _ in rules.phrases} == {"luck", "secondary school or better", "good craft", "high pay"}
    assert by_steps(rules)[0] == {0}
    assert by_two_worlds(rules) == 0.0


def test_a_premise_that_the_rules_contradict_is_remarked() -> None:
    body = (
        MILL.replace("The miller", "The owner")
        + "We know that rain causes high water. rain or high water causes grinding."
    )
    shown = read(body, "Would the mill is grinding if rain instead of no rain?")
    assert premise(read_rules(shown)) == ""
    body = (
        "Imagine only this: Snow has a direct effect on thaw. Thaw has a direct effect on flood. "
        "Snow has a direct effect on flood. "
        "We know that heavy snow causes early thaw. heavy snow and early thaw causes high flood. "
        "We observed there is heavy snow."
    )
    shown = read(body, "Would there is a high flood if early thaw instead of late thaw?")
    assert premise(read_rules(shown))


def test_what_is_not_said_leaves_the_outcome_open() -> None:
    body = (
        "Imagine only this: Seed has a direct effect on grain. Sun has a direct effect on grain. "
        "We know that good seed and strong sun causes much grain."
    )
    assert answer(body, "Would the field has much grain if good seed instead of poor seed?").yes is None
    assert answer(body, "Would the field has much grain if poor seed instead of good seed?").yes is False


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        ("good seed causes grain because of rain", "graph"),
        ("good seed helps grain.", "causes"),
        ("good seed and sun causes grain. We observed the moon is full.", "matched"),
    ],
)
def test_rules_that_do_not_fit_are_refused(rules: str, reason: str) -> None:
    body = "Seed has a direct effect on grain. Sun has a direct effect on grain. We know that " + rules
    with pytest.raises(UserError, match=reason):
        answer(body, "Would much grain if good seed instead of poor seed?")


@pytest.mark.parametrize(
    ("phrase", "first", "second", "value"),
    [
        ("sailing", "people who do not sail", "people who sail", 1),
        ("not sailing", "people who do not sail", "people who sail", 0),
        ("being able to sail", "crews who cannot sail", "crews who can sail", 1),
        ("if the crew could not sail", "crews who cannot sail", "crews who can sail", 0),
        ("steep roof", "houses with a flat roof", "houses with a steep roof", 1),
        ("a small farm", "large farm", "small farm", 1),
        ("the farm is big", "large farm", "small farm", 0),
        ("nonsailors", "nonsailors", "sailors", 0),
        ("uninsured farmers", "farmers without insurance", "insured farmers", 0),
        ("cathedral", "oak", "elm", None),
    ],
)
def test_words_tell_values_apart(phrase: str, first: str, second: str, value: int | None) -> None:
    assert side(phrase, first, second) == value


@pytest.mark.parametrize(
    ("sentence", "phrase", "said"),
    [
        ("the field is wet", "wet field", True),
        ("the field is not wet", "wet field", False),
        ("the field is dry", "wet field", False),
        ("the tide is low", "high tide", False),
        ("the guest gets admitted", "guest admission", True),
        ("the moon is full", "wet field", None),
        ("", "wet field", None),
    ],
)
def test_sentences_say_or_deny(sentence: str, phrase: str, said: bool | None) -> None:
    assert says(sentence, phrase) == said


def test_words_of_one_family_are_akin() -> None:
    assert akin("sailor", "sailing")
    assert akin("farm", "farms")
    assert not akin("company", "competitive")
    assert not akin("oak", "oats")
    assert content("non-wet unploughed fields") == (("wet", "ploughed", "fields"), False)
    assert content("fields without water") == (("fields", "water"), True)


@pytest.mark.parametrize(
    ("clause", "plainly"),
    [
        ("if the crew had sailed", True),
        ("if the crew had not sailed", False),
        ("if the crew could sail", True),
        ("if the crew had stayed ashore", False),
        ("if they", False),
    ],
)
def test_a_clause_can_plainly_suppose_what_is_so(clause: str, plainly: bool) -> None:
    assert means(clause, "crews who sail", "crews who do not sail") == plainly
    assert means("if they had not refused the job", "guests taking the job", "guests refusing the job")
