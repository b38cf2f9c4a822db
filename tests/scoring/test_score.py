"""Verdicts on the corpus, on any text, and within bounded time."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from corpus import (
    ATTACKS,
    BAD,
    BOUND,
    CASES,
    EFFECT,
    ETT,
    GOOD,
    HONEST,
    LACKING,
    NEGATIVE,
    SLOTS,
    SLOTS_LESS,
    SLOTS_ZERO,
    WAY,
    Case,
    counts,
    over,
    prob,
    slots_without_models,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from rungwise.errors import UserError
from rungwise.problems.problem import Problem
from rungwise.scoring.score import VIEWS, Verdict, score

DOCUMENT = Path(__file__).parents[2] / "docs" / "scoring.md"
MEGABYTE = 1_000_000


@pytest.fixture(autouse=True, scope="module")
def _slots() -> Iterator[None]:
    with slots_without_models():
        yield


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.kind}-{case.code}-{case.text[:20]!r}")
def test_corpus(case: Case) -> None:
    verdict = score(case.text, case.problem, case.view)
    assert verdict.reason.partition(": ")[0] == case.code
    assert verdict.score == case.score
    if verdict.status == "unparsed":
        assert verdict == Verdict(0, None, None, "unparsed", verdict.reason, False, False, False)


def test_corpus_is_large_and_no_attack_is_expected_to_pay() -> None:
    assert len(ATTACKS) >= 80
    assert len(HONEST) >= 60
    assert len({(case.text, id(case.problem), case.view) for case in CASES}) == len(CASES)
    assert not any(case.score for case in ATTACKS)


def test_the_document_states_the_measured_counts() -> None:
    stated = dict(re.findall(r"^\| ([a-z ]+?) \| (\d+) \|$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE))
    measured = counts()
    assert {name: int(count) for name, count in stated.items()} == measured
    assert measured["false positives"] == 0


def test_the_document_names_every_reason_code() -> None:
    document = DOCUMENT.read_text(encoding="utf-8")
    assert [code for code in {case.code for case in CASES} if f"`{code}`" not in document] == []


def test_value_and_answer_are_judged_apart() -> None:
    verdict = score(prob('"0.3847"', '"No"'), EFFECT)
    assert (verdict.score, verdict.value_correct, verdict.answer_correct) == (0, True, False)
    verdict = score(prob('"0.1"'), EFFECT)
    assert (verdict.score, verdict.value_correct, verdict.answer_correct) == (0, False, True)
    assert (verdict.value, verdict.answer, verdict.status) == (0.1, "Yes", "parsed")
    verdict = score('{"ANSWER": "Yes"}', EFFECT)
    assert (verdict.score, verdict.value, verdict.answer_correct) == (0, None, True)
    verdict = score(over("0.239"), BOUND)
    assert (verdict.score, verdict.answer, verdict.answer_correct) == (1, None, True)


@pytest.mark.parametrize("problem", [EFFECT, NEGATIVE, BOUND])
def test_the_tolerance_is_inclusive_and_exact(problem: Problem) -> None:
    assert problem.truth is not None
    truth = Fraction(str(problem.truth.value))
    for sign in (-1, 1):
        edge = truth + sign * Fraction("0.0005")
        beyond = edge + sign * Fraction(1, 10**20)
        assert score(over(f"{edge.numerator}/{edge.denominator}"), problem).value_correct
        assert not score(over(f"{beyond.numerator}/{beyond.denominator}"), problem).value_correct


def test_lack_condition_is_right_exactly_when_it_is_the_truth() -> None:
    for view in VIEWS:
        right = score("LACK_CONDITION", LACKING, view)
        assert (right.score, right.value, right.answer) == (1, None, "LACK_CONDITION")
        assert right.value_correct
        assert right.answer_correct
        assert score("LACK_CONDITION", EFFECT, view).score == 0
        # Neither the right sign nor any number is right where the value is not determined.
        wrong = score(prob("0", '"No"'), LACKING, view)
        assert (wrong.value_correct, wrong.answer_correct) == (False, False)


def test_plain_numbers_and_expressions_are_counted_apart() -> None:
    assert not score(GOOD, EFFECT).by_expression
    assert score(prob('"0.4358-0.0511"'), EFFECT).by_expression
    assert score(over(WAY), SLOTS, "slots").by_expression
    assert not score(over("0"), SLOTS_ZERO, "slots").by_expression


def test_in_the_slots_view_the_answer_is_derived_from_the_value() -> None:
    verdict = score(over(WAY), SLOTS, "slots")
    assert (verdict.score, verdict.value, verdict.answer) == (1, 0.44, "Yes")
    assert "derived" in verdict.reason
    assert score(over(WAY), SLOTS_LESS, "slots").answer == "No"
    # What is written as ANSWER says nothing there, not even without a value.
    assert score(f'{{"ANSWER": "No", "PROB": "{WAY}"}}', SLOTS, "slots") == verdict
    assert score('{"ANSWER": "Yes"}', SLOTS, "slots").answer is None
    assert score(over("v1"), ETT, "slots").answer == "No"


def test_slots_mean_nothing_in_the_other_views() -> None:
    for view in ("natural", "formal"):
        assert score(over(WAY), SLOTS, view).status == "unparsed"


def test_user_errors() -> None:
    with pytest.raises(UserError, match="unknown view"):
        score(GOOD, EFFECT, "english")
    with pytest.raises(UserError, match="no truth"):
        score(GOOD, EFFECT.with_(truth=None))


def test_a_failure_of_our_own_code_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(problem: Problem) -> None:
        raise RuntimeError("no fillings")

    monkeypatch.setattr(sys.modules["rungwise.problems.fillings"], "fillings", broken)
    with pytest.raises(RuntimeError, match="no fillings"):
        score(over(WAY), SLOTS, "slots")


views = st.sampled_from(VIEWS)
problems = st.sampled_from([EFFECT, BOUND, LACKING, SLOTS])
pieces = st.one_of(
    st.text(min_size=1, max_size=12),
    st.text(alphabet='{}[]":\\<>think/PROBANSWERLCK_DIT0123456789.+-*/(),v \n', min_size=1, max_size=12),
    st.sampled_from([GOOD, BAD, "<think>", "</think>", "LACK_CONDITION", '{"PROB":', '{"PROB": "v1-', '"}', "((("]),
)  # fmt: skip


@given(st.lists(pieces, max_size=10).map("".join), problems, views)
def test_no_text_makes_it_raise(text: str, problem: Problem, view: str) -> None:
    verdict = score(text, problem, view)
    assert verdict.score in (0, 1)
    assert ": " in verdict.reason


@settings(max_examples=25, deadline=None)
@given(pieces, pieces, pieces, views)
def test_a_megabyte_of_anything_is_bounded_work(start: str, middle: str, end: str, view: str) -> None:
    text = start + middle * ((MEGABYTE - len(start) - len(end)) // len(middle)) + end
    assert seconds(text, view) < 2


@pytest.mark.parametrize(
    "text",
    [
        "{" * MEGABYTE,
        '{"' * (MEGABYTE // 2),
        '{"a":' * (MEGABYTE // 5),
        "{}" * (MEGABYTE // 2),
        '"PROB"' + " " * MEGABYTE,
        '{"PROB": ' + "[" * MEGABYTE + "}",
        '{"PROB": "' + "(" * MEGABYTE + '"}',
        '{"PROB": ' + "9" * MEGABYTE + "}",
        "".join(f'{{"PROB": 0.3847{"0" * (i % 20)}}}' for i in range(MEGABYTE // 30)),
        "".join(f'{{"PROB": {i}}}' for i in range(MEGABYTE // 16)),
        "not LACK_CONDITION;" * (MEGABYTE // 19),
        "\n" * MEGABYTE + "LACK_CONDITION",
        "LACK_CONDITION" + " " * MEGABYTE + "?",
        "\\{" * (MEGABYTE // 2) + GOOD,
        "<think>" * (MEGABYTE // 7) + "</think>" + GOOD,
    ],
    ids=lambda text: repr(text[:12]),
)
def test_known_traps_of_a_megabyte(text: str) -> None:
    assert seconds(text, "natural") < 2


def seconds(text: str, view: str) -> float:
    """Processor time, so that a busy machine does not matter."""
    start = time.process_time()
    score(text, EFFECT, view)
    return time.process_time() - start
