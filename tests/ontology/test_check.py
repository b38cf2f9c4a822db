"""Written proofs: ours are in order, damaged ones are not, and the first fault is found where it is."""

from __future__ import annotations

import time

import pytest

from rungwise.ontology.check import Checked, check
from rungwise.ontology.item import score, to_item
from rungwise.ontology.problem import Formula, Kind, OntologyProblem, Sentence, one
from rungwise.ontology.text import prompt, question
from rungwise.suites.published.prontoqa_logic import Literal

KINDS = [Kind(word, f"{word}s", True) for word in ("gull", "bird", "pet", "animal", "plant", "robot", "thing")]
GULL, BIRD, PET, ANIMAL, PLANT, ROBOT, THING = (Literal(kind.name) for kind in KINDS)
WARM = Literal("warm")
TOLD = (
    Sentence(one(GULL), one(BIRD), 0),  # Each gull is a bird.
    Sentence(Formula("and", (BIRD, PET)), one(ANIMAL), 0),
    Sentence(one(ANIMAL), Formula("or", (PLANT, ROBOT)), 3),
    Sentence(one(PLANT), one(THING), 1),
    Sentence(one(ROBOT), one(THING), 2),
    Sentence(one(THING), one(~WARM), 3),
    Sentence(None, one(PET)),
    Sentence(None, one(GULL)),
)
PROBLEM = OntologyProblem(
    (*KINDS, Kind("warm", "warm", False)), "Kim", TOLD, WARM, "False", (), (), 5, "mixed", "anti", "none", "random",
    "test", 0, 0,
)  # fmt: skip
PROOF = """Kim is a gull.
Each gull is a bird.
Kim is a bird.
Kim is a pet.
Kim is a bird and a pet.
Everything that is a bird and a pet is an animal.
Kim is an animal.
All animals are plants or robots.
Kim is a plant or a robot.
Case one: Kim is a plant.
Every plant is a thing.
Kim is a thing.
Case two: Kim is a robot.
Robots are things.
Kim is a thing.
In both cases Kim is a thing.
Things are not warm.
Kim is not warm.
False"""
REFUTED = OntologyProblem(
    PROBLEM.kinds, "Kim", (*TOLD[:1], TOLD[5], Sentence(one(BIRD), one(THING)), Sentence(None, one(WARM))), ~GULL,
    "True", (), (), 3, "contradiction", "anti", "none", "random", "test", 0, 0,
)  # fmt: skip
REFUTATION = """Suppose Kim is a gull.
Each gull is a bird.
Kim is a bird.
Kim is a thing.
Things are not warm.
Kim is not warm.
Kim is warm.
This is a contradiction, so Kim is not a gull.
True"""


def test_the_wording() -> None:
    assert prompt(PROBLEM) == (
        "Each gull is a bird. Everything that is a bird and a pet is an animal. All animals are plants or robots. "
        "Every plant is a thing. Robots are things. Things are not warm. Kim is a pet. Kim is a gull. "
        "True or false: Kim is warm.\nGive each step, then True or False on the last line."
    )
    assert prompt(PROBLEM).startswith(question(PROBLEM))


@pytest.mark.parametrize(("proof", "problem"), [(PROOF, PROBLEM), (REFUTATION, REFUTED)])
def test_true_proofs(proof: str, problem: OntologyProblem) -> None:
    assert check(proof, problem) == Checked(True, len(proof.split("\n")), "", "")
    again = proof.replace("\n", " ").replace("Kim is a bird.", "So Kim is a bird.").upper()
    assert check("<think>Kim is a plant.</think>" + again, problem).correct


def test_rules_need_not_be_cited_and_may_be_used_backwards() -> None:
    short = "\n".join(line for line in PROOF.split("\n") if line.split()[0] not in ("Each", "Every", "All", "Robots"))
    assert check(short, PROBLEM).correct
    assert check(
        "Kim is warm. Kim is not a thing. Kim is not a bird. Kim is not a gull. The answer is true.", REFUTED
    ).correct


@pytest.mark.parametrize(
    ("old", "new", "code", "step"),
    [
        ("Kim is a bird.\n", "", "not_following", 3),  # a step left out
        ("Each gull is a bird.", "Each gull is an animal.", "not_told", 1),
        ("Each gull is a bird.", "Each bird is a gull.", "not_told", 1),  # turned round
        ("Things are not warm.", "Things are warm.", "not_told", 16),
        ("Kim is a pet.", "Kim is a plant.", "not_following", 3),
        ("Kim is a pet.", "Kim is not a pet.", "not_following", 3),
        ("Kim is a pet.", "Kim is a cat.", "unread", 3),
        ("a bird and a pet.", "a bird or a robot and.", "unread", 4),
        ("a bird and a pet.", "a bird and a plant.", "not_following", 4),
        ("Kim is a plant or a robot.\n", "", "no_case", 8),
        ("Case one: Kim is a plant.", "Case one: Kim is a thing.", "no_case", 9),
        ("Case two: Kim is a robot.", "Case two: Kim is a plant.", "no_case", 12),
        ("Case two: Kim is a robot.\n", "", "no_case", 14),
        ("Robots are things.\nKim is a thing.\n", "", "no_case", 13),  # concluded in one case alone
        ("In both cases Kim is a thing.\n", "", "open", 17),
        ("In both cases Kim is a thing.", "In both cases Kim is a robot.", "no_case", 15),
        ("Kim is not warm.\n", "", "unsettled", 17),
        ("Kim is not warm.", "Kim is warm.", "not_following", 17),
        ("False", "True", "wrong_answer", 18),
        ("\nFalse", "", "no_answer", 18),
        ("False", "False\nKim is a gull.", "goes_on", 18),
        ("Kim is a gull.", "Tom is a gull.", "unread", 0),
        ("Kim is a gull.", "Kim is gull.", "unread", 0),
        ("Kim is a gull.", "It is well known that gulls fly.", "unread", 0),
    ],
)
def test_damaged_proofs(old: str, new: str, code: str, step: int) -> None:
    assert old in PROOF
    checked = check(PROOF.replace(old, new, 1), PROBLEM)
    assert (checked.correct, checked.fault.split(":")[0], checked.steps) == (False, code, step), checked


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("Suppose Kim is a gull.", "Kim is a gull.", "not_following"),
        ("Suppose Kim is a gull.", "Suppose Kim is a gull or a bird.", "unread"),
        ("Kim is warm.\n", "", "no_contradiction"),
        ("so Kim is not a gull", "so Kim is not a bird", "no_contradiction"),
        (
            "This is a contradiction, so Kim is not a gull.\n",
            "Kim is not a thing.\nKim is not a bird.\nKim is not a gull.\n",
            "open",
        ),
        ("This is a contradiction, so ", "", "not_following"),
        ("True", "False", "wrong_answer"),
    ],
)
def test_damaged_refutations(old: str, new: str, code: str) -> None:
    assert old in REFUTATION
    checked = check(REFUTATION.replace(old, new, 1), REFUTED)
    assert (checked.correct, checked.fault.split(":")[0]) == (False, code), checked


def test_what_was_assumed_is_forgotten() -> None:
    after = REFUTATION.replace("\nTrue", "\nKim is a bird.\nKim is not a gull.\nTrue")
    assert check(after, REFUTED).sentence == "Kim is a bird."


@pytest.mark.parametrize(
    "text",
    [
        "",
        " " * 1000,
        "is " * 30_000,
        "Kim is a gull. " * 6_000,
        "Kim is " + "not " * 20_000,
        "Everything that is " * 5_000,
        "x" * 200_000,
        "Case two: Kim is a gull.",
        "\ud800.",
    ],
)
def test_any_text_is_judged_quickly(text: str) -> None:
    start = time.perf_counter()
    assert not check(text, PROBLEM).correct
    assert time.perf_counter() - start < 1


def test_items_and_scores() -> None:
    item = to_item(PROBLEM)
    assert (item.id, item.task, item.text) == (PROBLEM.id, "ontology", prompt(PROBLEM))
    assert item.label is not None
    assert item.label.answer == "False"
    assert OntologyProblem.from_dict(item.given["problem"]) == PROBLEM
    assert score(PROOF, PROBLEM).score == 1
    assert score("The answer is true.", PROBLEM).score == 0
    assert score("True or false, who knows.", PROBLEM).status == "unparsed"
