"""Finding the one option that a text finally chooses."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rungwise.scoring.choice import final_choice

YES_NO = ("Yes", "No")

WORDS = st.sampled_from(
    ["yes", "No", "the answer is", "answer:", ".", ",", "\n", " ", "**", "so", "if", "not", "because", "\\boxed{", "}"]
) | st.sampled_from(["</think>", "<think>", '{"ANSWER": "Yes"}', "or", "effect", "0.4", "-", "é"])
texts = st.text(max_size=40) | st.lists(WORDS, max_size=14).map(" ".join)


@pytest.mark.parametrize(
    ("text", "option"),
    [
        ("Yes", "Yes"),
        ("no.", "No"),
        ("**Yes.**\n\n---\n\nThere is no back-door path, hence no confounding.", "Yes"),
        ("P = 0.64, which is over one half.\n\n**Answer:** Yes. ", "Yes"),
        ("The answer is no, since 0.2 < 0.3.", "No"),
        ("My answer is yes because 0.4 > 0.3", "Yes"),
        ("0.4 - 0.3 = 0.1, so yes.", "Yes"),
        ("Its sign is negative.\n\nSo, no, it does not.", "No"),
        ("No effect is left. So yes.", "Yes"),
        ("### Final answer\n\nNo", "No"),
        ("so the answer is: **Yes**", "Yes"),
        (r"Thus $\boxed{\text{No}}$.", "No"),
        ('{"ANSWER": "no"}', "No"),
        ('The reason is long.\n```json\n{"answer": "Yes", "PROB": 0.2}\n```', "Yes"),
        ("If it rained, the answer is yes. It did not. The final answer is no.", "No"),
        ("<think>The answer is yes.</think>No", "No"),
        ("Yes. In other words: the answer is yes.", "Yes"),
    ],
)
def test_a_final_answer_is_found(text: str, option: str) -> None:
    assert final_choice(text, YES_NO).option == option


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        ("<think>no</think>  \n", "empty"),
        ("<think>The answer is yes.", "cut_off"),
        ('{"ANSWER": "Yes"', "cut_off"),
        ('{"ANSWER": "maybe"}', "bad_answer"),
        ('{"ANSWER": "Yes", "ANSWER": "No"}', "several_answers"),
        ('{"ANSWER": Yes}', "broken_json"),
        ("Yes. But on second thought the answer is no.", "several_answers"),
        ('{"ANSWER": "Yes"} The answer is no.', "several_answers"),
        ("yes or no", "mentioned_only"),
        ("The answer is yes or no.", "mentioned_only"),
        ("The answer is not yes.", "mentioned_only"),
        ("It is open whether the answer is yes.", "mentioned_only"),
        ("The answer is no longer clear", "mentioned_only"),
        ("I do not know.", "no_final_answer"),
    ],
)
def test_no_single_final_answer_is_told_with_its_reason(text: str, code: str) -> None:
    choice = final_choice(text, YES_NO)
    assert choice.option is None
    assert choice.reason.startswith(f"{code}: ")


@pytest.mark.parametrize(
    ("text", "options", "option"),
    [
        ("The cat is a mammal. Therefore the query is False.", ("True", "False"), "False"),
        ("As the statement is true for cats, the answer is False", ("True", "False"), "False"),
        ("True", ("True", "False"), "True"),
        ("1. Find the paths.\n2. Close them.\nThe correct option is 2.", ("1", "2", "3"), "2"),
        ("1. Find the paths.\n2. Close them.", ("1", "2", "3"), None),
        ("The sets are 1, 2", ("1", "2", "3"), None),
        ("The answer is 2.5", ("1", "2"), None),
        ("Answer: option 3", ("1", "2", "3"), "3"),
        ("(B)", ("A", "B"), "B"),
        ("The answer is a function of the noise", ("A", "B"), None),
        ("A path is open", ("A", "B"), None),
    ],
)
def test_any_options_will_do(text: str, options: tuple[str, ...], option: str | None) -> None:
    assert final_choice(text, options).option == option


@given(texts)
def test_a_text_gives_an_option_or_a_reason(text: str) -> None:
    choice = final_choice(text, YES_NO)
    assert choice.option in ("Yes", "No", None)
    assert (choice.option is None) != choice.reason.startswith("found: ")


@given(texts, texts)
def test_nothing_before_the_last_think_matters(before: str, after: str) -> None:
    assert final_choice(f"{before}</think>{after}", YES_NO) == final_choice(f"</think>{after}", YES_NO)


@given(texts.filter(lambda text: "think>" not in text))
def test_two_different_statements_of_the_answer_are_none(text: str) -> None:
    assert final_choice(f"The answer is yes.\n\n{text}\n\nThe answer is no.", YES_NO).option is None


def test_options_that_are_the_same_are_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="different"):
        final_choice("yes", ("Yes", "yes"))


@pytest.mark.parametrize(
    "piece",
    ["answer", "answer: ", "the answer is ", "yes, ", "{", "\\boxed{", "no\n", "so, ", "(", '"answer": {} '],
)
def test_time_is_linear_in_the_text(piece: str) -> None:
    began = time.process_time()
    final_choice(piece * (300_000 // len(piece)) + " ", YES_NO)
    assert time.process_time() - began < 2
