"""Mistakes that were planted are the ones that are found."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from functools import lru_cache
from math import prod

import pytest
from written_problems import CONFOUNDED, MEDIATED, asked, by, changes, other_tasks, solution, with_value

from rungwise.errors import UserError
from rungwise.problems.fillings import fillings
from rungwise.problems.problem import EFFECTS, LACK_CONDITION, Problem
from rungwise.problems.tasks import task
from rungwise.scoring.diagnosis import KINDS, diagnose
from rungwise.scoring.score import VIEWS, score
from rungwise.suites.items import SUITES, generate
from rungwise.wording.answers import solution_text
from rungwise.wording.slots import slot_table

ATE = asked("ATE", CONFOUNDED)
ETT = asked("ETT", CONFOUNDED)
NDE = asked("NDE", MEDIATED)
NIE = asked("NIE", MEDIATED)
TOTAL = asked("ATE", MEDIATED)
NO_PATH = asked("ATE", [(2, 0), (2, 1)])


def number(value: str, answer: str = "Yes") -> str:
    return f'{{"ANSWER": "{answer}", "PROB": "{value}"}}'


@pytest.mark.parametrize(
    ("problem", "text", "kind", "said"),
    [
        (ATE, number("0.32"), "right", "right"),
        (ATE, number("0.3204"), "right", "right"),
        (ATE, "0.32, yes", "format", "no_final_answer"),
        (ATE, '<think>path: yes\nadjustment: C {"PROB"', "format", "cut_off"),
        (ATE, '{"ANSWER": "Yes"}', "format", "no_value"),
        (ATE, '{"PROB": "0.32"}', "format", "no_answer"),
        (ATE, "LACK_CONDITION", "lack", "determined"),
        (ATE, number("0.32", "No"), "polarity", "answer is Yes"),
        (ATE, number("-0.32", "No"), "polarity", "other sign"),
        (ATE, number("-0.29", "No"), "task", "ETT"),
        (ATE, number("0.49"), "adjustment", "unadjusted in place of adjusted for C"),
        (ATE, number("-0.49", "No"), "adjustment", "other sign"),
        (ATE, number("0", "No"), "shortcut", "constant 0"),
        (ATE, number("32"), "arithmetic", "percent"),
        (ATE, number("0.7777"), "other", "no question"),
        (ETT, number("-0.32", "Yes"), "task", "ATE, with the other sign"),
        (ETT, number("0.32", "No"), "task", "ATE"),
        (ETT, number("-0.49", "Yes"), "adjustment", "unadjusted"),
        (NDE, number("0.49"), "task", "ATE"),
        (NDE, number("0.05"), "task", "NIE"),
        (NDE, number("0.32"), "mediator", "C is a mediator, no covariate"),
        (NIE, number("0.29"), "task", "NDE"),
        (TOTAL, number("0.32"), "mediator", "adjusted for C: C is a mediator"),
        (NO_PATH, number("0.49"), "adjustment", "by the graph the value is 0"),
    ],
)
def test_by_hand(problem: Problem, text: str, kind: str, said: str) -> None:
    found = diagnose(text, problem)
    assert (found.kind, said in found.sentence) == (kind, True), found


def test_what_is_written_tells_a_miscalculation_from_a_misunderstanding() -> None:
    def body(substitution: str, value: str) -> str:
        return f"adjustment: C\nsubstitution: {substitution}\n{number(value)}"

    right, unadjusted = "(0.5-0.3)*0.6+(0.9-0.4)*0.4", "0.82-0.33"
    assert diagnose(body(right, "0.4100"), ATE).kind == "arithmetic"
    assert diagnose(body(right, "0.4900"), ATE).kind == "arithmetic"  # the unadjusted value by chance
    found = diagnose(body(unadjusted, "0.5100"), ATE)
    assert (found.kind, found.step) == ("adjustment", "path")
    assert "the substitution is the one unadjusted" in found.sentence
    assert diagnose(body(right, "-0.3204"), ATE).kind == "polarity"
    assert diagnose(f"estimand: P(B=1|A=1)-P(B=1|A=0)\n{number('0.5')}", ATE).kind == "adjustment"
    # 0.6667-0.3333 with two decimals: 0.67-0.33 = 0.34.
    assert diagnose(body("(0.5-0.3)*0.6+(0.9-0.4)*0.4", "0.3230"), ATE).kind == "arithmetic"


def test_the_first_wrong_step() -> None:
    assert diagnose(number("0.49"), ATE).step == "path"
    text = solution(ATE)
    assert diagnose(text, ATE).step is None
    assert diagnose(text.replace("adjustment: C", "adjustment: none"), ATE).step == "adjustment"
    assert diagnose(text.replace("arithmetic: 0.3200", "arithmetic: 0.4"), ATE).step == "arithmetic"


def test_a_value_for_what_is_not_determined() -> None:
    lacking = [item.problem for item in generate("insufficient", 14, 5) if item.problem.truth.value is None]
    assert len(lacking) == 7
    for problem in lacking:
        for view in VIEWS:
            assert diagnose('{"ANSWER": "No", "PROB": "0"}', problem, view).kind == "no_lack"
            assert diagnose(LACK_CONDITION, problem, view).kind == "right"


def all_right(suite: str, n: int, seed: int) -> None:
    for view in VIEWS if suite not in ("rephrased", "omitted") else ("natural",):
        for item in generate(suite, n, seed, view):
            found = diagnose(solution_text(item.problem, view), item.problem, view)
            assert (found.kind, found.step) == ("right", None), (item.id, view, found)


@pytest.mark.parametrize("suite", sorted(SUITES))
def test_reference_solutions_are_right_in_all_steps(suite: str) -> None:
    all_right(suite, 8, 4)


@pytest.mark.slow
@pytest.mark.parametrize("suite", sorted(SUITES))
def test_many_reference_solutions_are_right_in_all_steps(suite: str) -> None:
    all_right(suite, 140, 5)


Plant = Callable[[Problem, random.Random], str | None]


def sign(problem: Problem, dice: random.Random) -> str | None:
    truth = problem.truth
    if problem.query.task not in EFFECTS or not changes(problem, -truth.value):
        return None
    return with_value(solution(problem), problem, -truth.value, "No" if truth.answer == "Yes" else "Yes")


def answer_alone(problem: Problem, dice: random.Random) -> str | None:
    truth = problem.truth
    if truth.answer is None:
        return None
    return with_value(solution(problem), problem, truth.value, "No" if truth.answer == "Yes" else "Yes")


def unadjusted(problem: Problem, dice: random.Random) -> str | None:
    right = problem.meta["right"]
    found = by(problem, problem.query, (right[0], 0)) if right and right[1] else None
    return solution(found) if found and changes(problem, found.truth.value) else None


def another_task(problem: Problem, dice: random.Random) -> str | None:
    found = [other for other in other_tasks(problem) if changes(problem, other.truth.value)]
    # ETT without covariates is ATE with the other sign: the smaller mistake is named.
    found = [other for other in found if abs(other.truth.value + problem.truth.value) > 1e-3]
    return solution(dice.choice(found)) if found else None


def miscalculated(problem: Problem, dice: random.Random) -> str | None:
    off = dice.uniform(0.01, 0.3) * dice.choice((-1, 1))
    if problem.meta["right"] is None:
        return None
    return with_value(solution(problem), problem, problem.truth.value + off)


def rounded(problem: Problem, dice: random.Random) -> str | None:
    """Each product with two or three decimals, then their sum; computed here from the written substitution."""
    text = next((step.content for step in problem.steps if step.kind == "substitution"), "")
    if problem.query.task not in EFFECTS or "*" not in text:
        return None
    digits, value, sign = dice.choice((2, 3)), 0.0, 1
    if problem.query.task == "ETT":  # 0.63-(0.19*0.34+0.66*0.66)
        first, _, rest = text.partition("-")
        value, text, sign = float(first), rest[1:-1], -1
    for written in text.split("+"):  # (0.45-0.24)*0.05 or 0.20*(0.23-0.90)
        differences = [factor.strip("()").partition("-") for factor in written.split("*")]
        value += sign * round(prod([float(a) - float(b or 0) for a, _, b in differences]), digits)
    off = abs(value - problem.truth.value)
    return with_value(solution(problem), problem, value) if 6e-4 < off <= 0.005 else None


def without_json(problem: Problem, dice: random.Random) -> str | None:
    return solution(problem).rpartition("\n")[0]


@lru_cache(maxsize=1)
def base() -> list[Problem]:
    return [item.problem for item in generate("base", 2240, 11)]


@pytest.mark.parametrize(
    ("plant", "kind", "least"),
    [
        (sign, "polarity", 200),
        (answer_alone, "polarity", 200),
        (unadjusted, "adjustment", 200),
        (another_task, "task", 200),
        (miscalculated, "arithmetic", 200),
        (rounded, "rounding", 50),
        (without_json, "format", 200),
    ],
)
def test_planted_mistakes_are_found(plant: Plant, kind: str, least: int) -> None:
    dice = random.Random(2)
    found = []
    for problem in base():
        text = plant(problem, dice) if len(found) < 200 else None
        if text is not None:
            assert score(text, problem).score == 0
            found.append(diagnose(text, problem).kind)
    assert len(found) >= least
    assert found.count(kind) >= 0.95 * len(found), {other: found.count(other) for other in KINDS}


def in_slots(problem: Problem) -> Callable[[Problem], str]:
    """Writes another problem's solution over this one's slots."""
    names = {t: name for name, t in slot_table(problem).items()}

    def text(other: Problem) -> str:
        q, right = other.query, other.meta["right"]
        estimand = task(q.task).estimand(q, *right, [len(v.labels) for v in problem.variables])
        return f'{{"PROB": "{estimand.text(names.__getitem__)}"}}'

    return text


def test_planted_mistakes_over_slots() -> None:
    problems = [item.problem for item in generate("base", 350, 12, "slots")]
    tasks, readings = [], []
    for problem in problems:
        write, right = in_slots(problem), problem.meta["right"]
        for other in other_tasks(problem):
            if changes(problem, other.truth.value) and abs(other.truth.value + problem.truth.value) > 1e-3:
                tasks.append(diagnose(write(other), problem, "slots").kind)
        if right and right[1]:
            found = by(problem, problem.query, (right[0], 0))
            if found and changes(problem, found.truth.value):
                readings.append(diagnose(write(found), problem, "slots").kind)
    assert len(tasks) > 40
    assert tasks.count("task") >= 0.95 * len(tasks)
    assert len(readings) > 50
    assert readings.count("adjustment") >= 0.95 * len(readings)


def test_over_slots_a_coincidence_is_no_diagnosis() -> None:
    slots = {t: name for name, t in slot_table(ATE).items()}
    pick = {fact.value: slots[fact.term] for fact in ATE.facts}
    assert len(fillings(ATE)) == 3
    # 0.49, the unadjusted difference, on the shown numbers alone.
    lucky = f'{{"PROB": "{pick[0.82]}-{pick[0.33]}+{pick[0.6]}-{pick[0.4]}-{pick[0.7]}+{pick[0.5]}"}}'
    assert score(lucky, ATE, "slots").value == pytest.approx(0.49)
    assert diagnose(lucky, ATE, "slots").kind == "other"
    honest = f'{{"PROB": "{pick[0.82]}-{pick[0.33]}"}}'
    assert diagnose(honest, ATE, "slots").kind == "adjustment"
    assert diagnose('{"PROB": "0.49"}', ATE, "slots").kind == "shortcut"
    assert diagnose('{"PROB": "0"}', ATE, "slots").kind == "shortcut"


def test_spoiled_solutions_never_raise() -> None:
    dice = random.Random(3)
    for suite in ("base", "insufficient", "monotone", "redundant"):
        for item in (i for view in VIEWS for i in generate(suite, 14, 6, view)):
            text = solution_text(item.problem, item.view)
            for _ in range(4):
                a, b = sorted(dice.choices(range(len(text)), k=2))
                for spoiled in (text[:a] + text[b:], text[:b] + text[a:], text.replace(text[a], text[b])):
                    found = diagnose(spoiled, item.problem, item.view)
                    assert found.kind in KINDS
                    assert (found.kind == "right") == bool(score(spoiled, item.problem, item.view).score)


def test_the_complement_of_a_bound() -> None:
    bounds = [item.problem for item in generate("base", 140, 7) if item.problem.query.task not in EFFECTS]
    values = {problem.truth.value: problem for problem in bounds if 0.01 < problem.truth.value < 0.45}
    assert len(values) > 10
    for value, problem in values.items():
        assert diagnose(f'{{"PROB": "{1 - value:.4f}"}}', problem).kind == "polarity"


def test_labels_that_the_facts_do_not_give() -> None:
    """As published sets have them: nothing is put down to the text that the label is to blame for."""
    read = {"letters": ATE.letters}  # a problem that was read does not say which reading is right
    labelled = ATE.with_(truth=ATE.truth._replace(value=0.4), meta=read, steps=())
    found = diagnose(number("0.32"), labelled)
    assert (found.kind, "stated truth" in found.sentence) == ("other", True)
    assert diagnose(number("0.49"), labelled).kind == "adjustment"
    bare = labelled.with_(facts=())
    assert diagnose(number("0.32"), bare).kind == "other"
    assert diagnose("LACK_CONDITION", bare).kind == "lack"


def test_scoring_imports_neither_training_nor_evaluation() -> None:
    code = "import sys, rungwise.scoring.diagnosis, rungwise.scoring.reward; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not [name for name in loaded if name.startswith(("torch", "rungwise.posttrain", "rungwise.evaluate"))]


def test_user_errors() -> None:
    with pytest.raises(UserError, match="unknown view"):
        diagnose("", ATE, "english")
    with pytest.raises(UserError, match="no truth"):
        diagnose("", ATE.with_(truth=None))
