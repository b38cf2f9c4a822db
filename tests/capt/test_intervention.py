"""Symbols for events: one mapping for an item, never a word of its texts, and the question stays the same."""

from __future__ import annotations

import re
from itertools import islice

import pytest

from rungwise import generate
from rungwise.capt.estimation import estimate
from rungwise.capt.exact import Texts
from rungwise.capt.forms import Event
from rungwise.capt.intervention import MODES, Intervention, in_order
from rungwise.errors import UserError
from rungwise.wording.reader import read

EVENTS = (Event("rain"), Event("wet road", values=(("dry road",), ("wet road",))), Event("skidding"))
PROMPT = "Skidding follows wet road. Rain makes wet road. Is rain, not dry road, P(Y=1) of B or C in 12%? Yes or No."
SOLUTION = "rain -> wet road -> skidding, so D: 0.12."


def test_order_goes_by_appearance_and_leaves_out_letters_in_use() -> None:
    prompt, solution = Intervention("order").texts(EVENTS, [PROMPT, SOLUTION], "1")
    # B, C and D stand in the texts, E, I and P mean something else.
    assert prompt == "A follows F. G makes F. Is G, not not F, P(Y=1) of B or C in 12%? Yes or No."
    assert solution == "G -> F -> A, so D: 0.12."


def test_order_begins_with_a_and_has_no_end() -> None:
    assert list(islice(in_order(), 28))[::13] == ["A", "N", "AA"]
    many = [Event(f"thing{chr(97 + i // 26)}{chr(97 + i % 26)}") for i in range(200)]
    text = " ".join(event.name for event in many)
    for mode in ("order", "random"):
        (changed,) = Intervention(mode).texts(many, [text], "1")
        symbols = changed.lower().split()
        assert len(set(symbols)) == 200
        assert not {symbol + "s" for symbol in symbols} & set(symbols)


def test_random_symbols_are_those_of_seed_epoch_and_item() -> None:
    def drawn(seed: int = 0, epoch: int = 0, item: str = "1") -> tuple[str, ...]:
        return Intervention("random", seed).texts(EVENTS, [PROMPT, SOLUTION], item, epoch)

    assert drawn() == drawn()
    assert len({drawn(), drawn(seed=1), drawn(epoch=1), drawn(item="2"), *(drawn(epoch=e) for e in range(30))}) > 25
    seen = set()
    for epoch in range(200):
        prompt, solution = drawn(epoch=epoch)
        found = re.fullmatch(r"(\w+) -> (\w+) -> (\w+), so D: 0\.12\.", solution)
        assert found is not None
        assert prompt.startswith(f"{found[3]} follows {found[2]}. {found[1]} makes {found[2]}.")
        seen |= set(found.groups())
    assert not seen & {"B", "C", "D", "P", "Y", "E", "I"}
    assert len(seen) > 15


def test_original_and_none_leave_the_texts_as_they_are() -> None:
    for mode in ("none", "original"):
        assert Intervention(mode).texts(EVENTS, [PROMPT, SOLUTION], "1") == (PROMPT, SOLUTION)


def test_messages_keep_their_roles() -> None:
    chat = [{"role": "system", "content": "Think of rain."}, {"role": "user", "content": PROMPT, "name": "u"}]
    changed = Intervention("order").messages(EVENTS, chat, "1")
    assert [(m["role"], m.get("name")) for m in changed] == [("system", None), ("user", "u")]
    symbol = changed[0]["content"].removeprefix("Think of ").rstrip(".")
    assert f"{symbol} makes" in changed[1]["content"]
    with pytest.raises(UserError, match="content"):
        Intervention("order").messages(EVENTS, [{"role": "user"}], "1")


@pytest.mark.parametrize("mode", ["order", "random", "original"])
def test_a_solution_that_has_no_abstraction_is_refused(mode: str) -> None:
    for solution in ("It is [E1].", "It is [E99]."):
        with pytest.raises(UserError, match=r"item 1 .*clash"):
            Intervention(mode).texts(EVENTS, [PROMPT, solution], "1")  # type: ignore[arg-type]


def test_unknown_modes_are_refused() -> None:
    with pytest.raises(UserError, match="none, order, random, original"):
        Intervention("letters")  # type: ignore[arg-type]


ONTOLOGY = (
    "Every daxen is a wug. Wugs are not luminous. Each zebra finch is a daxen. Butterflies are zebra finches. Max is "
    "an oak. Max is a zebra finch. True or false: Max is luminous."
)
PROOF = "Max is a zebra finch. Each zebra finch is a daxen. Max is a daxen. Max is a wug. Max is not luminous."


@pytest.mark.parametrize("mode", MODES)
def test_an_ontology_and_its_proof_stay_the_same_question(mode: str) -> None:
    texts = Texts({})
    before, events = texts.reading(ONTOLOGY), texts.events(ONTOLOGY)
    prompt, proof = Intervention(mode).texts(events, [ONTOLOGY, PROOF], "1")  # type: ignore[arg-type]
    after = texts.reading(prompt)
    assert before is not None
    assert after is not None
    assert after.content == before.content
    if mode in ("order", "random"):
        assert not re.search(r"max|dax|wug|lumin|zebra|finch|butterfl|oak", prompt + proof, re.IGNORECASE)


def test_our_natural_items_stay_the_same_problem() -> None:
    for suite in ("base", "rephrased"):
        for item in generate(suite, n=8, seed=11):
            found = estimate(item.text).abstraction
            assert found is not None
            for mode in ("order", "random"):
                (text,) = Intervention(mode).texts(found.events, [item.text], item.id)
                assert read(text).id == item.problem.id
