"""Finding the one final answer."""

from __future__ import annotations

import pytest
from corpus import GOOD
from hypothesis import given
from hypothesis import strategies as st

from rungwise.scoring.extract import MAX_SPELLINGS, extract

PIECES = st.sampled_from(["<think>", "</think>", GOOD, '{"PROB": "0.1"}', "LACK_CONDITION"]) | st.sampled_from(
    ["{", "}", '"PROB"', ":", '"0.1"', "0.2", '"ANSWER"', '"Yes"', "No", ",", "\\", "\n", " ", "not", "'"]
)
texts = st.text(max_size=30) | st.lists(PIECES, max_size=12).map("".join)


@given(texts)
def test_a_text_is_parsed_with_an_answer_or_unparsed_with_a_reason(text: str) -> None:
    found = extract(text)
    given_parts = (found.prob is not None) or (found.answer is not None)
    if found.status == "parsed":
        assert found.lack != given_parts
    else:
        assert found.status == "unparsed"
        assert not found.lack
        assert not given_parts
    assert ": " in found.reason


@given(texts, texts)
def test_nothing_before_the_last_think_matters(before: str, after: str) -> None:
    assert extract(f"{before}</think>{after}") == extract(f"</think>{after}")


@given(texts)
def test_saying_it_twice_is_saying_it_once(text: str) -> None:
    once = extract(text)
    if once.status == "parsed":
        final = text.rpartition("</think>")[2]
        assert extract(f"{final}\n.\n{final}") == once


@pytest.mark.parametrize(
    "text", [GOOD, f"So:\n```json\n{GOOD}\n```", rf"\boxed{{{GOOD}}}", f'{{"result": {GOOD}}}', f"[1, {GOOD}]"]
)
def test_cut_off_anywhere_inside_the_object_is_unparsed(text: str) -> None:
    end = text.index(GOOD) + len(GOOD)
    assert extract(text).prob == "0.3847"
    for cut in range(end):
        assert extract(text[:cut]).status == "unparsed", text[:cut]


def test_fields() -> None:
    found = extract('{"PROB": "(v1-v2)*v3", "ANSWER": "no"}')
    assert (found.prob, found.answer, found.lack) == ("(v1-v2)*v3", "No", False)
    found = extract('{"ANSWER": "Yes"}')
    assert (found.status, found.prob, found.answer) == ("parsed", None, "Yes")
    found = extract("LACK_CONDITION")
    assert (found.status, found.prob, found.answer, found.lack) == ("parsed", None, None, True)


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ('"0.10"', "0.1000", True),
        ('"-0.5"', '"− 0.5"', True),
        ('"0.1"', '"0.1001"', False),
        ('"v1 - v2"', '"v1-v2"', True),
        ('"v1-v2"', '"v1-v3"', False),
        ('"0.2"', '"0.1+0.1"', False),  # by expression and by number are counted apart
        ('"9**9"', '"9 ** 9"', False),
    ],
)
def test_identical_means_the_same_number_or_the_same_expression(first: str, second: str, same: bool) -> None:
    found = extract(f'{{"PROB": {first}}}\n{{"PROB": {second}}}')
    assert found.reason.startswith("found" if same else "several_answers")


def test_endless_spellings_of_one_answer_are_no_answer() -> None:
    spellings = ['{"PROB": 0.3847' + "0" * i + "}" for i in range(MAX_SPELLINGS + 1)]
    assert extract("".join(spellings[:-1])).prob == "0.3847"
    assert extract("".join(spellings)).reason.startswith("several_answers")
