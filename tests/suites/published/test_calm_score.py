"""CaLM's published scoring rules with their quirks, and ours."""

from __future__ import annotations

import time
from typing import Any

import pytest

from rungwise.errors import UserError
from rungwise.problems.problem import LACK_CONDITION
from rungwise.suites.published.calm_score import official, strict, write
from rungwise.suites.published.calm_tasks import FILES, task_of
from rungwise.suites.published.item import PublishedItem, Truth

OPTIONS = {
    **{f"option{i}": text for i, text in enumerate(("B", "C, D", "E"), 1)},
    **{f"Answer{i}": f"It would have been {text}." for i, text in enumerate(("blue", "cold", "late", "loud"), 1)},
    "hypothesis1": "The lamp was lit.",
    "hypothesis2": "The door was shut.",
}


def item(name: str, label: Truth | None, **given: Any) -> PublishedItem:
    return PublishedItem(f"{name}_EN/1", task_of(name), "Question?", label, "", {**OPTIONS, **given})


NUMBER = item("ATE-P_ATE-basic", Truth(0.38470000000000004))
SIGN = item("ATE-B_ATE-natural", Truth(None, "Yes"))
WORD = item("CEI-B_0.2-UC", Truth(None, "No"))
SET = item("BAS-C_mix-BAS", Truth(None, "2"))


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ('{"PROB": "0.3847"}', 1),
        ('{"prob": 0.38469}', 1),
        ('So {"ANSWER": "No", "PROB": "0.38474"} it is.', 1),  # ANSWER is ignored
        ('{"PROB": "0.3846"}', 0),
        ('{"PROB": "0.3847"} and then {"PROB": "0.5"}', 1),  # the first one counts
        ('{"PROB": "0.5"} and then {"PROB": "0.3847"}', 0),
        ('{"step": 1} {"PROB": "0.3847"}', 1),  # one without a prob is passed over
        ("{'PROB': '0.3847'}", 1),  # repaired
        ("{“PROB”: “0.3847”}", 1),
        ('{"ANSWER": yes, "PROB": 0.3847}', 1),  # a bare word gets quotes
        ('{{"PROB": "0.3847"}}', 1),
        ('{"PROB": "0.3847"', 1),  # cut off
        ('{"PROB": "five"}', 0),
        ('{"PROB": ["0.3847"]}', 0),
        ('{"PROB": "0.3847-0.1"}', 0),
        ("The value is 0.3847.", 0),
        ("", 0),
    ],
)
def test_numbers_officially(text: str, right: int) -> None:
    assert official(text, NUMBER) == right


def test_a_bare_zero_is_officially_no_answer() -> None:
    zero = item("ATE-P_ATE-basic", Truth(0.0))
    assert official('{"PROB": 0}', zero) == 0
    assert official('{"PROB": 0.0000}', zero) == 0
    assert official('{"PROB": "0.0000"}', zero) == 1
    assert official('{"PROB": "-0.00004"}', zero) == 1
    assert strict('{"PROB": 0}', zero).score == 1


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ('{"ANSWER": "Yes"}', 1),
        ('{"answer": "YES", "prob": "0.1"}', 1),
        ('{"ANSWER": yes}', 1),
        ('{"ANSWER": "Yes."}', 0),  # the word and nothing else
        ('{"ANSWER": "No"}', 0),
        ("Yes", 0),
        ('{"ANSWER": true}', 0),
    ],
)
def test_signs_officially(text: str, right: int) -> None:
    assert official(text, SIGN) == right


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("No", "No"),
        ("no.", "No"),
        ("Nothing is known, but yes", "No"),  # begins with "no"
        ("Yes, it is", "Yes"),
        ("- No", "No"),
        ("?): no", "No"),
        ("True", "Yes"),
        ("false", "No"),
        ("The effect can be identified.", "Yes"),
        ("The effect is not identified.", "No"),
        ("I would say yes; the answer is no", "Yes"),
        ("Some answer is no; then the answer is yes", "No"),
        ("As asked, the answer (yes or no?): no", "Yes"),  # "answer (yes" is on the list for Yes
        ("It depends.", None),
        ("", None),
    ],
)
def test_words_officially(text: str, said: str | None) -> None:
    for label in ("Yes", "No"):
        assert official(text, item("CEI-B_0.4-UC", Truth(None, label))) == (said == label)


def test_false_is_officially_no_answer_to_graph_relations() -> None:
    for name, right in (("AR-B_CaLM-AR", 0), ("CA-B_FA", 0), ("CORR-B_correlation", 1)):
        assert official("False", item(name, Truth(None, "No"))) == right
    assert official("So yes, A causes B", item("AR-B_CaLM-AR", Truth(None, "Yes"))) == 1
    assert official("Method 2 is more correct", item("BAS-B_backadj", Truth(None, "No"))) == 1
    assert official("Options: - Yes - No", item("AC-B_causal_judgement", Truth(None, "No"))) == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Option 2", "2"),
        ("2", "2"),
        ("2. C, D", "2"),
        ("C, D", "2"),
        ("d", "2"),  # a piece of what option 2 says
        ("E", "3"),
        ("I choose option 3", "3"),
        ("option two", "2"),
        ("The set is 2", "2"),
        ("Not option 1 but option 2", "1"),  # the first of the list
        ("Option 2 or option 3?", "2"),  # begins with it
        ("I think option 2 or option 3", "3"),  # the last of two others than 1
        ("Option 1, option 2, option 3", None),
        ("Either option 1 or option 2", None),
        ("None of them", None),
        ("", None),
    ],
)
def test_options_officially(text: str, said: str | None) -> None:
    for label in ("1", "2", "3"):
        assert official(text, item("BAS-C_mix-BAS", Truth(None, label))) == (said == label)


def test_options_of_everyday_events_officially() -> None:
    four = item("CR-C_CRASS", Truth(None, "3"))
    assert official("I think: It would have been late.", four) == 1
    assert official("It would have been loud.", four) == 0
    two = item("PCD-C_COPA", Truth(None, "2"))
    assert official("The door was shut.", two) == 1
    assert official("It is because the door was shut", two) == 1
    assert official("The lamp was lit, so the door was shut.", two) == 0
    assert official("Option 2", two) == 1


def test_explanations_officially() -> None:
    free = item("CEG-O_E-CARE", Truth(None, "Water softens dry soil."))
    assert official("Water softens dry soil.", free) == 1
    assert official("Soft water that softens the dry ground", free) == 3 / 4
    assert official("", free) == 0
    assert not strict("Water softens it.", free).score
    assert strict("water softens  dry soil.", free).score


@pytest.mark.parametrize(
    ("text", "score", "status", "code"),
    [
        ('{"PROB": "0.3847"}', 1, "parsed", "right"),
        ('{"PROB": "0.3851"}', 1, "parsed", "right"),  # within 5e-4
        ('{"PROB": "0.3853"}', 0, "parsed", "wrong_value"),
        ('{"PROB": "0.5 - 0.1153"}', 1, "parsed", "right"),
        ('{"PROB": "0.5"} {"PROB": "0.3847"}', 0, "unparsed", "several_answers"),
        ('<think>{"PROB": "0.5"}</think>{"PROB": "0.3847"}', 1, "parsed", "right"),
        ('{"ANSWER": "Yes"}', 0, "parsed", "no_value"),
        (LACK_CONDITION, 0, "parsed", "found"),
        ('{"PROB": "1/0"}', 0, "unparsed", "division_by_zero"),
        ("0.3847", 0, "unparsed", "no_final_answer"),
    ],
)
def test_numbers_strictly(text: str, score: int, status: str, code: str) -> None:
    verdict = strict(text, NUMBER)
    assert (verdict.score, verdict.status, verdict.reason.partition(":")[0]) == (score, status, code)
    assert verdict.value_correct == bool(score)


@pytest.mark.parametrize(
    ("text", "where", "score"),
    [
        ('{"ANSWER": "Yes"}', SIGN, 1),
        ('{"ANSWER": "Yes", "PROB": "0.1"}', SIGN, 1),
        ('{"ANSWER": "No"}', SIGN, 0),
        ("The answer is no.", WORD, 1),
        ("Yes or no.", WORD, 0),
        ("The answer is yes. The answer is no.", WORD, 0),
        ("Option 2", SET, 1),
        ("The answer is Option 3.", SET, 0),
        ("Not option 1 but option 2", SET, 0),  # mentioned, not given
    ],
)
def test_answers_strictly(text: str, where: PublishedItem, score: int) -> None:
    assert strict(text, where).score == score


def test_what_is_written_is_right_by_both_rules() -> None:
    for name, kind in FILES.items():
        truths = [Truth(0.12345678)] if kind.number else [Truth(None, option) for option in kind.options or ("Soil.",)]
        for truth in truths:
            own = item(name, truth)
            text = write(own, truth)
            assert strict(text, own).score == 1, (name, text)
            assert official(text, own) == 1, (name, text)
            if len(kind.options) > 1:
                for other in {*kind.options} - {truth.answer}:
                    assert not strict(write(own, Truth(None, other)), own).score
                    assert not official(write(own, Truth(None, other)), own)
    assert write(NUMBER, Truth(0.5, "No")) == '{"PROB": "0.5000"}'
    assert write(SIGN, Truth(0.5, "Yes")) == '{"ANSWER": "Yes"}'
    assert write(SIGN, Truth(None, LACK_CONDITION)) == LACK_CONDITION


def test_an_item_without_a_label_is_no_yardstick() -> None:
    bare = item("ATE-P_ATE-hard", None)
    for rule in (official, strict):
        with pytest.raises(UserError, match="ATE-P_ATE-hard_EN/1 has no label"):
            rule("{}", bare)


@pytest.mark.parametrize(
    "text",
    ["{" * 200_000, "{}" * 20_000, "[" * 200_000, '{"prob": ' + "[" * 100_000 + "}", '{"prob": ' + "9" * 10_000 + "}",
     ": " * 100_000, ":" + " " * 200_000, "answer (" * 30_000, '{"a":' + "x" * 200_000 + "}"],
)  # fmt: skip
def test_any_text_is_scored_in_bounded_time(text: str) -> None:
    start = time.process_time()
    for own in (
        NUMBER,
        SIGN,
        WORD,
        SET,
        item("CR-C_CRASS", Truth(None, "1")),
        item("CEG-O_E-CARE", Truth(None, "A b")),
    ):
        assert official(text, own) == 0
        assert strict(text, own).score == 0
    assert time.process_time() - start < 5
