"""Worked solutions in several phrasings: each is read by the step checks as what it was."""

from __future__ import annotations

from itertools import product

import pytest

from rungwise.problems.problem import Step
from rungwise.problems.streams import stream
from rungwise.scoring.score import score
from rungwise.scoring.steps import check_steps
from rungwise.suites.items import generate
from rungwise.wording.answers import answer_text, solution_text
from rungwise.wording.solution_phrasings import HEADS, NAMES, phrasings

SUITES = ("base", "decisive", "insufficient", "hard")


@pytest.mark.parametrize("suite", SUITES)
def test_whatever_is_drawn_every_step_is_right(suite: str) -> None:
    for i, item in enumerate(generate(suite, 28, 3)):
        for k in range(6):
            text = solution_text(item.problem, "natural", stream("phrasing", suite, i, k))
            wrong = [check for check in check_steps(text, item.problem) if check.status != "right"]
            assert not wrong, text
            assert score(text, item.problem).score == 1


def test_every_phrasing_of_every_kind_under_every_head() -> None:
    """Not by chance: each in turn, the other lines as they are."""
    seen: dict[str, set[str]] = {}
    for item in [*generate("base", 14, 5), *generate("insufficient", 14, 5)]:
        problem = item.problem
        plain = [f"{step.kind}: {step.content}" for step in problem.steps]
        for place, step in enumerate(problem.steps):
            for head, kind, content in product(HEADS, NAMES.get(step.kind, (step.kind,)), phrasings(step)):
                line = head.format(kind=kind, Kind=kind.capitalize(), n=place + 1) + content
                text = "\n".join([*plain[:place], line, *plain[place + 1 :], answer_text(problem, "natural")])
                assert all(check.status == "right" for check in check_steps(text, problem)), text
                assert score(text, problem).score == 1
                seen.setdefault(step.kind, set()).add(content.replace(step.content, "@"))
    assert min(len(found) for found in seen.values()) >= 3
    kinds = {"path", "mediators", "adjustment", "estimand", "substitution", "arithmetic", "missing", "answer"}
    assert seen.keys() == kinds


def test_phrasings_differ_and_are_repeatable() -> None:
    (item,) = generate("base", 1, 0)
    texts = [solution_text(item.problem, "natural", stream("x", k)) for k in range(30)]
    assert len(set(texts)) > 20
    assert texts[3] == solution_text(item.problem, "natural", stream("x", 3))
    assert solution_text(item.problem, "slots", stream("x", 0)) == solution_text(item.problem, "slots")


def test_the_first_phrasing_is_the_steps_own() -> None:
    assert phrasings(Step("adjustment", "none"))[0] == "none"
    assert phrasings(Step("adjustment", "A,B"))[1] == "{A, B}"
    assert phrasings(Step("path", "directed path from A to B: no"))[1] == "directed path from A to B? no"
