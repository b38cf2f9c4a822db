"""Events found by our readers: on texts of our own, on all suites, and on slices of the published sets."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import pytest

from rungwise import generate
from rungwise.capt.cladder import cladder_nouns
from rungwise.capt.estimation import estimate
from rungwise.capt.exact import Texts
from rungwise.capt.intervention import Intervention
from rungwise.suites.items import SUITES
from rungwise.suites.published import cladder_read, prontoqa
from rungwise.suites.published.item import PublishedItem, refuse

LEDGER = (
    "Imagine a closed world: Roof leak has a direct effect on damp and the ledger. Damp has a direct effect on the "
    "ledger. The overall probability of roof leak is 30%. For houses without a roof leak, the probability of legible "
    "ledger is 81%. For houses with a roof leak, the probability of legible ledger is 42%. Is legible ledger more "
    "likely than illegible ledger overall?"
)


def test_a_ladder_question_of_our_own() -> None:
    nouns = cladder_nouns({"variable_mapping": {
        "Xname": "roof leak", "X0": "no roof leak", "X1": "roof leak", "V2name": "damp", "V20": "dry wall",
        "V21": "damp wall", "Yname": "ledger", "Y0": "illegible ledger", "Y1": "legible ledger"}})  # fmt: skip
    found = estimate(LEDGER, nouns).abstraction
    assert found is not None
    (text,) = Intervention("order").texts(found.events, [LEDGER], "1")
    assert text == (
        "Imagine a closed world: B has a direct effect on C and D. C has a direct effect on D. The overall probability "
        "of B is 30%. For not B, the probability of D is 81%. For B, the probability of D is 42%. Is D more likely "
        "than not D overall?"
    )


def test_a_worked_solution_may_use_a_singular_that_the_text_lacks() -> None:
    text = "Wombats are marsupials. Marsupials are not scaly. Ada is a wombat. True or false: Ada is scaly."
    found = estimate(text).abstraction
    assert found is not None
    prompt, proof = Intervention("order").texts(found.events, [text, "Ada is a marsupial. Ada is not scaly."], "1")
    assert prompt == "Bs are Cs. Cs are not D. F is a B. True or false: F is D."
    assert proof == "F is a C. F is not D."


GARDEN = (
    "Input Info: Imagine a self-contained, hypothetical world with only the following conditions, and without any "
    "unmentioned factors or causal relationships: Shade has a direct effect on moss. Moss has a direct effect on "
    "birdsong.\nFor those with shade being thin, the probability of moss being thick is 0.4100. For those with shade "
    "being deep, the probability of moss being thick is 0.0700. \nInstruction: Consider the average treatment effect "
    "(ATE) of shade on moss.\nQuestion: If shade is changed to be deep, will moss be more likely to be thick?\nProvide "
    'the calculation result to four decimal places and a final "yes" or "no" answer in JSON format, like '
    '{"ANSWER": "Yes", "PROB": "0.1234"}:'
)


def test_a_published_text_with_an_event_of_which_no_value_is_shown() -> None:
    found = estimate(GARDEN).abstraction
    assert found is not None
    (text,) = Intervention("order").texts(found.events, [GARDEN], "1")
    assert "For those with B being low, the probability of C being high is 0.4100." in text
    assert "If B is changed to be high, will C be more likely to be high?" in text


def test_the_caugym_base_set(published: Path) -> None:
    rows = json.loads((published / "caugym" / "base_dataset.json").read_text())
    assert sum(estimate(row["problem"]).abstraction is None for row in rows[::2]) == 0


def test_a_text_that_no_reader_knows_is_reported() -> None:
    found = estimate("The cat sat on the mat.")
    assert found.abstraction is None
    assert [fault.code for fault in found.faults] == ["unread"]


def test_a_model_file_without_names_says_nothing() -> None:
    for model in (None, {}, {"variable_mapping": 3}, {"variable_mapping": {"Xname": "a", "X0": 1}}):
        assert cladder_nouns(model) == {}


@pytest.mark.parametrize("names", ["real", "nonsense"])
def test_all_of_200_generated_items_are_abstracted(names: str) -> None:
    failed = []
    for suite in SUITES:
        for item in generate(suite, n=9, seed=5, names=names):
            found = estimate(item.text)
            if found.abstraction is None:
                failed.append((suite, found.faults))
    assert failed == []


def shares(items: Iterable[PublishedItem]) -> tuple[float, Counter[tuple[str, str]]]:
    """The share of items whose abstraction holds and is read as the same question, and the classes of the others."""
    total, failed = 0, Counter[tuple[str, str]]()
    for item in items:
        total += 1
        found = estimate(item.text, cladder_nouns(item.given.get("model")))
        if found.abstraction is None:
            failed[item.task, found.faults[0].code] += 1
    return 1 - failed.total() / total, failed


def test_prontoqa(published: Path) -> None:
    share, failed = shares(islice(prontoqa.load(published / "prontoqa", None, refuse), 0, None, 3))
    assert share >= 0.95, failed


def test_prontoqa_proofs_name_nothing_either(published: Path) -> None:
    plain = {"is", "are", "a", "not", "every", "each", "all", "an"}
    for item in islice(prontoqa.load(published / "prontoqa", None, refuse), 0, None, 3):
        events, chain = Texts({}).events(item.text), " ".join(item.given["chain"])
        _, proof = Intervention("random").texts(events, [item.text, chain], item.id)
        words = [word.strip(".") for word in proof.split()]
        assert all(word.lower() in plain or word.isdigit() or word.rstrip("s").isupper() for word in words), proof


def test_probability_questions_of_cladder(published: Path) -> None:
    items = cladder_read.load(published / "cladder", None, refuse)
    share, failed = shares(item for i, item in enumerate(items) if item.task != "det-counterfactual" and i % 7 == 0)
    assert share >= 0.95, failed
