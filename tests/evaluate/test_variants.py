"""Every variant of every kind of question states the same problem: read back, solved again, counted."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import caugym_rows as rows
import pytest

from rungwise.errors import UserError
from rungwise.evaluate.questions import Question, Suite, load_suite
from rungwise.evaluate.variants import PADDING, VARIANTS, exact, with_variant
from rungwise.problems.problem import TOLERANCE, Problem
from rungwise.problems.solve import solve
from rungwise.scoring.score import score
from rungwise.wording.reader import Unread, read
from rungwise.wording.slots import numbers_of

SUITES = ("base", "decisive", "insufficient", "monotone", "hard", "rephrased", "omitted")
CAUGYM = [rows.ATE, rows.ETT, rows.PN, rows.ZERO, rows.LACK, rows.WRONG_LABEL, rows.UNREADABLE]


def readable(text: str, name: str) -> str:
    """The text as our reader takes it: irrelevant lines left out, percent written as decimals; by means of its own."""
    if name == "padding":
        kept = [line for line in text.split("\n") if not any(said in line for said in PADDING)]
        assert len(kept) == len(text.split("\n")) - 1
        return "\n".join(kept)
    if name == "percent":
        return re.sub(r"(\d+(?:\.\d+)?)%", lambda found: f"{float(found[1]) / 100:.6f}", text)
    return text


def check(question: Question, other: Question, name: str) -> None:
    """The variant's text reads as the question's problem, up to what was varied, and has its exact truth."""
    problem = exact(question)
    assert problem is not None
    assert other.prompt is not None
    found = read(readable(other.prompt, name))
    assert found.graph == other.problem.graph == problem.graph
    assert found.query == other.problem.query
    assert sorted(found.facts) == sorted(other.problem.facts)
    if name == "twin":
        assert found.query == problem.query._replace(y=1 - problem.query.y)
        assert numbers_of(found) == pytest.approx({t: float(p) for t, p in numbers_of(problem).items()}, abs=1e-9)
    else:
        assert found.query == problem.query
        assert sorted(found.facts) == sorted(problem.facts)
    if name == "order":
        assert found.facts != problem.facts
    names = [[v.name.casefold() for v in p.variables] for p in (found, read_names(question, problem))]
    if name in ("names", "nonsense", "anti-commonsense"):
        assert not set(names[0]) & set(names[1])
    else:
        assert names[0] == names[1]
    truth, solved = other.problem.truth, solve(found)
    assert truth is not None
    assert truth.answer == solved.answer
    assert truth.value == (None if solved.value is None else pytest.approx(solved.value, abs=1e-9))
    assert score(other.problem.answer_text(other.view), other.problem, other.view).score == 1


def read_names(question: Question, problem: Problem) -> Problem:
    return read(question.prompt or "") if question.view == "formal" else problem


@pytest.mark.parametrize("suite", SUITES)
def test_our_suites_in_every_natural_variant(suite: str) -> None:
    loaded = load_suite(suite, n=7, seed=4)
    for name in VARIANTS["natural"]:
        if (suite, name) in {("omitted", "no-instruction"), ("monotone", "twin")}:
            continue
        varied = with_variant(loaded, name)
        for other in varied.questions:
            check(loaded.questions[other.index], other, name)
        left_out = {q.task for q in loaded.questions} - {q.task for q in varied.questions}
        if name == "twin":
            assert left_out <= {"PN", "PS", "PNS"}
        elif name not in ("short", "no-instruction"):
            assert len(varied.questions) == 7


def test_the_formal_view() -> None:
    loaded = load_suite("base", n=14, seed=4, view="formal")
    for name in VARIANTS["formal"]:
        for other in with_variant(loaded, name).questions:
            if name == "letters":
                assert other.prompt != loaded.questions[other.index].prompt
                assert other.problem.letters != loaded.questions[other.index].problem.letters
            else:
                check(loaded.questions[other.index], other, name)


def test_the_slots_view_has_right_answers() -> None:
    loaded = load_suite("base", n=14, seed=4, view="slots")
    for name in VARIANTS["slots"]:
        for other in with_variant(loaded, name).questions:
            assert other.prompt != loaded.questions[other.index].prompt
            text = solve(other.problem).problem.answer_text("slots")
            assert score(text, other.problem, "slots").score == 1


def caugym(folder: Path) -> Suite:
    return load_suite(f"caugym:{rows.write(folder / 'a.json', CAUGYM)}")


def test_published_texts_are_edited(tmp_path: Path) -> None:
    loaded = caugym(tmp_path)
    known = {"twin": {0, 1, 3, 4, 5}, "percent": {0, 1, 2, 4, 5}, "digits": {0, 1, 2, 4, 5}, "order": {0, 1, 2, 5}}
    for name in VARIANTS["natural"]:
        if name == "short":
            continue
        varied = with_variant(loaded, name)
        assert {q.index for q in varied.questions} == known.get(name, set(range(6))), name
        for other in varied.questions:
            assert other.published is None
            check(loaded.questions[other.index], other, name)
    with pytest.raises(UserError, match=r"no question of .* has the variant 'short'"):
        with_variant(loaded, "short")  # their numbers have no zeros at the end
    assert "Mud" not in (with_variant(loaded, "nonsense").questions[0].prompt or "")
    assert with_variant(loaded, "twin").questions[0].prompt == (loaded.questions[0].prompt or "").replace(
        "likely to be high?",
        "likely to be not high?",  # its text does not say what else mud can be
    )


def test_an_exact_truth_takes_the_place_of_a_wrong_label(tmp_path: Path) -> None:
    loaded = caugym(tmp_path)
    truth = {q.index: q.problem.truth for q in with_variant(loaded, "padding").questions}
    assert truth[5] == truth[0]
    assert truth[1] is not None
    assert truth[1].answer == "No"


@pytest.mark.parametrize("subset", ["base", "deconfounding", "rephrased"])
def test_the_published_slices(published: Path, subset: str) -> None:
    loaded = load_suite(f"caugym:{published / 'caugym'}#{subset}", limit=12)
    for name in ("nonsense", "percent", "padding", "digits"):
        for other in with_variant(loaded, name).questions:
            check(loaded.questions[other.index], other, name)


def test_twins_turn_the_value() -> None:
    loaded = load_suite("base", n=21, seed=4)
    for other in with_variant(loaded, "twin").questions:
        truth, twin = loaded.questions[other.index].problem.truth, other.problem.truth
        assert truth is not None
        assert twin is not None
        assert twin.value == pytest.approx(-(truth.value or 0), abs=4 * TOLERANCE)


def test_it_is_always_the_same_variant() -> None:
    loaded = load_suite("base", n=7)
    for name in VARIANTS["natural"]:
        assert with_variant(loaded, name).sha256 == with_variant(loaded, name).sha256


@pytest.mark.parametrize(("view", "name"), [("natural", "letters"), ("slots", "percent"), ("formal", "padding")])
def test_a_view_without_the_variant(view: str, name: str) -> None:
    loaded: Any = load_suite("base", n=1, view=view)
    with pytest.raises(UserError, match=f"the {view} view has no variant '{name}'; it has "):
        with_variant(loaded, name)


def test_padding_cannot_be_read_and_says_nothing_of_the_events() -> None:
    (question,) = with_variant(load_suite("base", n=1), "padding").questions
    with pytest.raises(Unread):
        read(question.prompt or "")
