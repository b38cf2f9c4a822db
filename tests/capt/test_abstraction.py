"""Placeholders: exact round trips, and every fault is named."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rungwise.capt.abstraction import Abstraction, Reading, abstract, check, neutral, outside, render, restore
from rungwise.capt.forms import Event
from rungwise.errors import UserError

EVENTS = (
    Event("the kettle", ("kettle",), (("cold kettle",), ("hot kettle", "kettles that are hot"))),
    Event("grey heron", counted=True),
    Event("Marta"),
    Event("tea, green or black", labels=("weak", "strong")),
)
FORMS = (
    "the kettle", "The kettle", "kettle", "KETTLE", "cold kettle", "Hot kettle", "kettles that are hot", "grey heron",
    "a grey heron", "A grey heron", "grey herons", "Grey herons", "Marta", "marta", "tea, green or black is weak",
    "Tea, green or black being strong",
)  # fmt: skip
FILLERS = ("If", "so", "is not", "12%", "0.4250", "weak", "on", ".", ",", "\n", "(E)", "ß", "[", "E1]", "and", "İ", "ſ")


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(FORMS + FILLERS), max_size=30))
def test_what_is_abstracted_comes_back_to_the_character(parts: list[str]) -> None:
    text = " ".join(parts)
    found = abstract(text, EVENTS)
    assert restore(found) == text
    assert check(text, found) == ()
    assert len(set(found.forms.values())) <= len(found.forms)
    left = outside(found.text).lower()
    assert not any(word in left for word in ("kettle", "heron", "marta", "tea"))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80), st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=5))
def test_no_text_and_no_form_breaks_the_round_trip(text: str, names: list[str]) -> None:
    text = names[0].join([text, " ", " x"])
    try:
        found = abstract(text, [Event(name) for name in names])
    except UserError:
        return
    assert "[E" in text or restore(found) == text


def test_each_surface_form_has_a_placeholder_of_its_own() -> None:
    text = "A grey heron is hot kettle. Grey herons: grey heron, cold kettle, KETTLE. Tea, green or black is strong."
    found = abstract(text, EVENTS)
    assert found.text == "[E2.a.cap] is [E1=1]. [E2.plural.cap]: [E2], [E1=0], [E1.2]. [E4.cap] is [E4:1]."
    assert render(found.text, ["K", "H", "M", "T"]) == "A H is K. Hs: H, not K, K. T is high."


def test_a_longer_name_wins_over_one_inside_it_and_words_are_whole() -> None:
    found = abstract("rain, rain gauge, rainy, train", [Event("rain"), Event("rain gauge")])
    assert found.text == "[E1], [E2], rainy, train"


def test_labels_are_those_of_the_last_name_and_no_other_words() -> None:
    events = (Event("the pump", labels=("off", "on")), Event("the field", labels=("dry", "wet")))
    text = "The effect of the pump on the field. If the pump is on, is the field dry? Say on or off."
    assert (
        abstract(text, events).text == "The effect of [E1] on [E2]. If [E1] is [E1:1], is [E2] [E2:0]? Say on or off."
    )


def test_every_fault_is_named() -> None:
    text = "The kettle is there. With hot kettle, grey herons come in 26% of 40 cases."
    good = abstract(text, EVENTS)
    assert check(text, good) == ()

    def codes(changed: Abstraction) -> set[str]:
        return {fault.code for fault in check(text, changed)}

    assert codes(replace(good, text=good.text.replace("[E1=1]", "[E1=9]"))) == {"unresolved", "differs"}
    assert codes(replace(good, text=good.text + "[E2")) == {"unresolved", "differs", "number"}
    assert "survives" in codes(replace(good, text=good.text.replace("[E2.plural]", "Grey Herons")))
    assert "survives" in codes(replace(good, text=good.text.replace("[E1=1]", "HOT KETTLE")))
    assert codes(replace(good, text=good.text.replace("26%", "27%"))) == {"number", "differs"}
    assert codes(replace(good, text=good.text.replace(" 40", ""))) == {"number", "differs"}
    assert codes(replace(good, text=good.text + " 7")) == {"number", "differs"}
    assert codes(replace(good, forms={**good.forms, "[E1=1]": "cold kettle"})) == {"differs"}
    assert {f.code for f in check("[E1] " + text, abstract("[E1] " + text, EVENTS))} >= {"clash"}
    bare = abstract(text, [Event("the kettle is there. With hot kettle, grey herons come in 26% of")])
    assert "number" in codes(bare)  # the name holds a number of a fact


def test_a_number_may_be_part_of_a_name() -> None:
    text = "Type 2 diabetes is seen in 2 of 10."
    assert check(text, abstract(text, [Event("type 2 diabetes")])) == ()


def test_swapped_and_merged_events_read_as_another_question() -> None:
    def reread(text: str) -> Reading | None:
        """Who follows whom, by the order of first mention."""
        words = [word.strip(".").lower() for word in text.split() if word != "follows"]
        order = list(dict.fromkeys(words))
        return Reading(tuple(order), tuple(order.index(word) for word in words))

    text = "ann follows bob. bob follows cid."
    assert check(text, abstract(text, [Event("ann"), Event("bob"), Event("cid")]), reread) == ()
    merged = abstract(text, [Event("ann", ("cid",)), Event("bob")])
    assert [fault.code for fault in check(text, merged, reread)] == ["meaning"]
    swapped = Abstraction("[E1] follows [E2]. [E1.2] follows [E2.2].", {
        "[E1]": "ann", "[E2]": "bob", "[E1.2]": "bob", "[E2.2]": "cid"}, (Event("ann"), Event("bob")))  # fmt: skip
    assert [fault.code for fault in check(text, swapped, reread)] == ["meaning"]
    left_out = abstract(text, [Event("ann"), Event("bob")])
    assert [fault.code for fault in check(text, left_out, reread)] == ["survives"]


@pytest.mark.parametrize(
    "events",
    [
        [Event("rain"), Event("wind", ("Rain",))],
        [Event("")],
        [Event("26%")],
        [Event("x" * 500)],
        [Event(f"name{i}") for i in range(201)],
        [Event("name", tuple(f"name {i}" for i in range(60)))],
    ],
)
def test_forms_that_can_not_be_used_are_refused(events: list[Event]) -> None:
    with pytest.raises(UserError):
        abstract("rain", events)


def test_neutral_words_are_new_and_different() -> None:
    made = neutral(500, "qaxu qaxa")
    assert len(set(made)) == 500
    assert not {"qaxu", "qaxa"} & set(made)
