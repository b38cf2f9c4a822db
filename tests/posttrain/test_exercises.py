"""Exercises of every source: answers, balance, splits, and what is held out."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("pydantic")

from suites.published.cladder_rows import row, write

from rungwise.errors import UserError
from rungwise.posttrain import exercises as module
from rungwise.posttrain.data import held_out, questions, solved
from rungwise.posttrain.exercises import Exercise
from rungwise.posttrain.rewording import Rewording
from rungwise.posttrain.settings import TrainRecipe, recipe
from rungwise.posttrain.subjects import stored, verdict
from rungwise.scoring.reward import Weights, make_choice_reward
from rungwise.suites.endpoint import Endpoint

FACTS = "Gulls are seabirds. Every seabird is a bird. Birds are not furry. Each mouse is furry."
CLAIMS = ["{} is a gull.", "{} is a seabird.", "{} is a bird.", "{} is not furry."]
STEPS = ["Gulls are seabirds.", "Every seabird is a bird.", "Birds are not furry.", "Finish."]


def ontologies(folder: Path) -> str:
    """Items in the form of CAPT's file, each with its polarity twin."""
    made = [
        {
            "Facts": FACTS,
            "Query": f"True or false: {name} is {says}furry.",
            "claims": [claim.format(name) for claim in CLAIMS],
            "next_steps": STEPS,
        }
        for name in ("Kim", "Lou", "Max", "Nia", "Pat", "Sam")
        for says in ("", "not ")
    ]
    (folder / "own.json").write_text(json.dumps({"next_steps": made}))
    return f"prontoqa:{folder / 'own.json'}"


def ladders(folder: Path) -> str:
    """Rows in CLadder's form, of which the first has a wrong label and every other no worked solution."""
    rows = [row("ate", "confounding", seed, up) for seed in range(8) for up in (True, False)]
    for number, one in enumerate(rows):
        one["question_id"] = number
        one["reasoning"] = {"step0": "Let X = dral; Y = foop.", "end": "0.1 > 0"} if number % 2 else None
    rows[0]["answer"] = "no" if rows[0]["answer"] == "yes" else "yes"
    return f"cladder:{write(folder, rows)}"


def of(data: str, **settings: object) -> TrainRecipe:
    return TrainRecipe(data=data, view="natural", **{"samples": 8, "validation": 6, **settings})  # type: ignore[arg-type]


@pytest.mark.parametrize("data", ["ladder", "ladder:nonsense", "ontology", "ontology:anti"])
def test_generated_exercises(data: str) -> None:
    chosen = of(data, samples=20, questions=32)
    taught, asked, kept = solved(chosen), questions(chosen, chosen.grpo), held_out(chosen)
    assert (len(taught), len(asked), len(kept)) == (20, 32, 6)
    assert sorted(Counter(one.answer for one in taught).values()) == [10, 10]
    ids = [one.id for part in (taught, asked, kept) for one in part]
    assert len(set(ids)) == len(ids)
    for one in (*taught, *asked):
        assert one.solution.splitlines()[-1] == one.answer
        assert verdict(one.solution, one, "natural").score == 1
    assert solved(chosen) == taught
    assert solved(replace(chosen, seed=1)) != taught


def test_ladder_splits_share_no_structure() -> None:
    chosen = of("ladder", samples=20, validation=20)
    # A graph with its query, as the first sentences of a solution tell them.
    taught, kept = ({one.solution.split("\n", 3)[1] + one.task for one in part(chosen)} for part in (solved, held_out))
    assert not taught & kept


@pytest.mark.parametrize("make", [ontologies, ladders])
def test_published_exercises(make: object, tmp_path: Path) -> None:
    chosen = of(make(tmp_path), samples=4)  # type: ignore[operator]
    taught, kept = solved(chosen), held_out(chosen)
    assert len(taught) == 4
    assert sorted(Counter(one.answer for one in taught).values()) == [2, 2]
    assert all(verdict(one.solution, one, "natural").score == 1 for one in (*taught, *kept))
    assert kept
    assert not {one.group for one in taught} & {one.group for one in kept}  # no twin of one that is taught
    assert questions(chosen, chosen.grpo) == taught


def test_worked_solutions_of_published_items(tmp_path: Path) -> None:
    taught = solved(of(ontologies(tmp_path)))
    said = [claim.format("Kim") for claim in CLAIMS]
    kim = next(one.solution for one in taught if "Kim is" in one.prompt)
    assert kim.splitlines()[:-1] == [said[0], STEPS[0], said[1], STEPS[1], said[2], STEPS[2], said[3]]
    every = list(module.published_exercises(ladders(tmp_path), 0))
    assert len(every) == 15  # the wrong label is left out
    plain = [one for one in every if one.solution.startswith("Let X = dral")]
    assert len(plain) == 8
    # Where none is published, ours: the numbers put into the formula.
    assert all(re.search(r"\d\.\d+", one.solution) for one in every if one not in plain)
    assert all(one.nouns["dral"] == ("not dral", "dral") for one in every)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("ladders", "unknown data 'ladders'"),
        ("caugym:x.json", "unknown data"),
        ("ladder:real", "give each once, of commonsense"),
        ("ontology:real", "choose from commonsense"),
        ("cladder:nowhere.json", "no file or folder"),
    ],
)
def test_slips(data: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        solved(of(data))


def test_too_few(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"too few exercises for samples=40, half of each answer \(6 answered"):
        solved(of(ontologies(tmp_path), samples=40))
    assert held_out(of(ontologies(tmp_path), samples=12)) == []


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["data=ladder"], "set view=natural"),
        (["capt=random"], "capt=random works in the natural view"),
        (["capt=random", "view=formal"], "capt=random works in the natural view"),
        (["capt=shuffled", "view=natural"], "capt: "),
        (["data=ladder", "view=natural", "reward.process=0.5"], "no checked steps and no value"),
        (["data=ladder", "view=natural", "reworded=a.jsonl"], "for our causal problems"),
        (["data=ladder", "view=natural", "samples=0"], "samples: "),
    ],
)
def test_settings_that_cannot_be(overrides: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        recipe("tiny", overrides)


def test_exercises_are_not_reworded() -> None:
    with pytest.raises(UserError, match="only solutions of our causal problems"):
        Rewording(of("ladder"), Endpoint("http://localhost:1", "m"))


@pytest.mark.parametrize(
    ("text", "earned", "reason"),
    [
        ("0.3 > 0\nYes", 1.0, "right"),
        ("0.3 > 0\nNo", 0.2, "wrong_answer"),
        ("Yes or No", 0.0, "mentioned_only"),
        ("<think>Yes", 0.0, "cut_off"),
        ("<think>No, wait.</think>The answer is yes.", 1.0, "right"),
    ],
)
def test_what_an_answer_earns(text: str, earned: float, reason: str) -> None:
    pay = make_choice_reward(Weights(format=0.2))
    said: dict[str, list[object]] = {}
    given = stored(Exercise("1", "ate", "?", "Yes", "Yes"))
    assert pay(completions=[text], problem=[given], log_extra=said.__setitem__) == pytest.approx([earned])
    assert (said["score"], said["value"]) == ([int(earned == 1)], [None])
    assert str(said["reason"][0]).startswith(f"{reason}:")


def test_the_length_of_an_answer_costs() -> None:
    pay = make_choice_reward(Weights(format=0.2, length=0.5), limit=10)
    given = stored(Exercise("1", "ate", "?", "Yes", "Yes"))
    assert pay(completions=["Yes"], problem=[given], completion_ids=[[0] * 4]) == pytest.approx([0.8])


@pytest.mark.parametrize("given", ["{}", "no JSON", '{"truth": {"answer": "Perhaps"}}', '{"truth": null}'])
def test_a_row_without_an_answer_fails_loudly(given: str) -> None:
    with pytest.raises(UserError, match="answer"):
        make_choice_reward()(completions=["Yes"], problem=[given])
    with pytest.raises(UserError, match="process=0"):
        make_choice_reward(Weights(process=0.1))
