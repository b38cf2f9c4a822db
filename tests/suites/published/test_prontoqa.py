"""PrOntoQA: files of our own in both of its formats, solved, judged and scored."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rungwise.errors import UserError
from rungwise.suites.published import prontoqa
from rungwise.suites.published.item import Finding, PublishedItem, Truth, refuse
from rungwise.suites.published.prontoqa_logic import Literal, World, contradiction, entailed, forward, read_world

FACTS = "Gulls are seabirds. Every seabird is a bird. Birds are not furry. Each mouse is furry. Gulls are noisy."
CLAIMS = ["Kim is a gull.", "Kim is a seabird.", "Kim is a bird.", "Kim is not furry."]
STEPS = ["Gulls are seabirds.", "Every seabird is a bird.", "Birds are not furry.", "Finish."]
CAPT = {"Facts": FACTS, "Query": "True or false: Kim is furry.", "claims": CLAIMS, "next_steps": STEPS}
CHAIN = [text for pair in zip(CLAIMS, STEPS, strict=True) for text in pair][:-1]
MADE = {"question": f"{FACTS} Kim is a gull.", "query": CAPT["Query"], "chain_of_thought": CHAIN, "answer": "False"}


def item(facts: str, query: str, label: str | None = None, chain: Sequence[str] = ()) -> PublishedItem:
    truth = None if label is None else Truth(answer=label)
    return PublishedItem("0", "1 hops", f"{facts} True or false: {query}", truth, "", {"chain": list(chain)})


def found(facts: str, query: str) -> Finding:
    return prontoqa.audit(item(facts, query))


def answer(facts: str, query: str) -> str | None:
    """The exact answer; both roads agree on it."""
    said = found(facts, query)
    assert said.truth == said.second
    assert said.outcome == ("unlabelled" if said.truth else "undetermined")
    return said.truth.answer if said.truth else None


def written(path: Path, value: Any) -> Path:
    path.write_text(json.dumps(value))
    return path


def capt(path: Path, rows: list[Any]) -> Path:
    return written(path, {"next_steps": rows})


def test_capts_file(tmp_path: Path) -> None:
    true = {**CAPT, "Query": "True or false: Kim is not furry."}
    one, two = prontoqa.load(capt(tmp_path / "a.json", [CAPT, true]), None, refuse)
    assert (one.id, one.task, one.label) == ("0", "3 hops", Truth(answer="False"))
    assert one.text == f"{FACTS} Kim is a gull. True or false: Kim is furry."
    assert one.given["chain"] == CHAIN
    assert (two.id, two.label) == ("1", Truth(answer="True"))


def test_the_generators_file(tmp_path: Path) -> None:
    shown = {**MADE, "answer": "True"}
    path = written(tmp_path / "a.json", {"example1": {"in_context_example0": shown, "test_example": MADE}})
    (one,) = prontoqa.load(path, None, refuse)
    assert (one.id, one.task, one.label) == ("example1", "3 hops", Truth(answer="False"))
    assert one.text == f"{FACTS} Kim is a gull. True or false: Kim is furry."
    assert one.given["chain"] == CHAIN


def test_lists_and_lines_of_items_are_read_too(tmp_path: Path) -> None:
    (one,) = prontoqa.load(written(tmp_path / "a.json", [CAPT]), None, refuse)
    path = tmp_path / "b.jsonl"
    path.write_text(json.dumps(MADE) + "\n")
    (two,) = prontoqa.load(path, None, refuse)
    assert one.text == two.text


def test_a_folder_needs_a_subset_where_it_holds_several_files(tmp_path: Path) -> None:
    capt(tmp_path / "plain.json", [CAPT])
    assert len(list(prontoqa.load(tmp_path, None, refuse))) == 1
    capt(tmp_path / "letters.json", [CAPT, CAPT])
    assert len(list(prontoqa.load(tmp_path, "letters", refuse))) == 2
    with pytest.raises(UserError, match="there: letters, plain"):
        list(prontoqa.load(tmp_path, None, refuse))
    with pytest.raises(UserError, match="no subset 'plain'"):
        list(prontoqa.load(tmp_path / "plain.json", "plain", refuse))


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({**CAPT, "Facts": None}, "'Facts' is missing"),
        ({**CAPT, "Facts": 3}, "'Facts' is missing"),
        ({**CAPT, "Query": ""}, "'Query' is missing"),
        ({**CAPT, "claims": "Kim is a gull."}, "'claims' is missing or no list"),
        ({**CAPT, "claims": []}, "'claims' is empty"),
        ({**CAPT, "next_steps": [1]}, "'next_steps' is missing or no list"),
        ({**MADE, "answer": "Maybe"}, "neither True nor False"),
        ({**MADE, "answer": True}, "'answer' is missing"),
        ({**CAPT, "Facts": "x" * 200_000}, "200"),
        ([CAPT], "no object"),
        ({}, "'question' is missing"),
    ],
)
def test_damaged_items_are_named_and_passed_over(tmp_path: Path, row: Any, why: str) -> None:
    path = capt(tmp_path / "a.json", [CAPT, row, CAPT])
    said: list[str] = []
    assert [one.id for one in prontoqa.load(path, None, lambda error: said.append(str(error)))] == ["0", "2"]
    assert len(said) == 1
    assert said[0].startswith(f"{path} item 1")
    assert why in said[0]


@pytest.mark.parametrize("form", ["capt", "made"])
def test_damaged_files_are_read_on(tmp_path: Path, form: str) -> None:
    items = [CAPT] * 4 if form == "capt" else [{"test_example": MADE}] * 4
    value = {"next_steps": items} if form == "capt" else {f"example{i}": one for i, one in enumerate(items, 1)}
    whole = json.dumps(value)
    path = tmp_path / "a.json"
    second = [at for at in range(len(whole)) if whole.startswith("Gulls are seabirds. Every", at)][1]

    def read(text: str | bytes) -> tuple[int, list[str]]:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        said: list[str] = []
        return len(list(prontoqa.load(path, None, lambda error: said.append(str(error))))), said

    assert read(whole) == (4, [])
    assert read("\ufeff" + json.dumps(value, indent=2)) == (4, [])
    left, (said,) = read(whole[:-40])
    assert left == 3
    assert str(path) in said
    for damage in ('"', "\n", "\\x"):
        left, (said,) = read(whole[:second] + damage + whole[second:])
        assert left == 3
        assert str(path) in said
    left, (said,) = read(whole[:second].encode() + b"\xff" + whole[second:].encode())
    assert left == 3
    assert "UTF-8" in said
    left, said_all = read(whole.replace('"Kim is a gull."', "NaN", 1))
    assert left == 3
    assert "NaN" in said_all[0]


@pytest.mark.parametrize("text", ["", "{", '{"next_steps": [', '{"next_steps": 3}', "[", "3", '{"example1": {'])
def test_what_is_no_file_of_items_gives_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    said: list[str] = []
    assert list(prontoqa.load(path, None, lambda error: said.append(str(error)))) == []
    assert all(str(path) in line for line in said)
    assert said or not text.strip("[")


def test_kinds_have_one_name_in_the_singular_and_in_the_plural() -> None:
    told = [
        "Each painted lady is a butterfly.",
        "Butterflies are not grumpy.",
        "Sheep are woolly.",
        "Every sheep is an animal.",
        "People are mammals.",
        "Every person is nervous.",
        "Foxes are nervous.",
        "A fox is an animal.",
        "No fish is a fox.",
        "Every torpus is a Real Number.",
        "Real numbers are real.",
        "Torpuses are luminous.",
        "All geese are birds.",
        "Mo is a goose.",
    ]
    world = read_world(told, "Mo is a painted lady.")
    assert [(rule.given, rule.then.kind, rule.then.holds) for rule in world.rules] == [
        ("painted lady", "butterfly", True),
        ("butterfly", "grumpy", False),
        ("sheep", "woolly", True),
        ("sheep", "animal", True),
        ("person", "mammals", True),
        ("person", "nervous", True),
        ("fox", "nervous", True),
        ("fox", "animal", True),
        ("fish", "fox", False),
        ("torpus", "real number", True),
        ("real number", "real", True),
        ("torpus", "luminous", True),
        ("goose", "birds", True),
    ]
    assert [(s.name, s.says) for s in world.statements] == [("Mo", Literal("goose"))]


@pytest.mark.parametrize(
    ("facts", "query", "expected"),
    [
        ("Cats are felines. Each feline is furry. Mo is a cat.", "Mo is furry.", "True"),
        ("Cats are felines. Each feline is furry. Mo is a cat.", "Mo is not furry.", "False"),
        ("Cats are felines. Felines are not blue. Mo is a cat.", "Mo is blue.", "False"),
        ("Cats are felines. Mo is a cat.", "Mo is a cat.", "True"),
        ("Cats are felines. Mo is a cat.", "Mo is furry.", None),
        ("Cats are felines. Mo is a feline.", "Mo is a cat.", None),
        ("Cats are felines. Bo is a cat.", "Mo is a feline.", None),
        ("Cats are furry. Mo is not furry.", "Mo is a cat.", "False"),  # backwards
        ("Cats are furry. Snakes are not furry. Mo is a snake.", "Mo is a cat.", "False"),
        ("Cats are furry. Cats are not furry.", "Mo is a cat.", "False"),  # whatever it is
        ("Cats are furry. Cats are not furry. Mo is a cat.", "Mo is a dog.", None),  # contradiction
        ("Cats are dogs. Dogs are cats.", "Mo is a cat.", None),
        ("127 is a prime number. Prime numbers are odd.", "127 is odd.", "True"),
    ],
)
def test_what_follows(facts: str, query: str, expected: str | None) -> None:
    assert answer(facts, query) == expected


def test_proofs_can_be_read() -> None:
    said = found(f"{FACTS} Kim is a gull.", "Kim is furry.")
    assert said.proof.splitlines() == [
        "Kim is a gull.",
        "Gulls are seabirds. So Kim is [seabird].",
        "Every seabird is a bird. So Kim is [bird].",
        "Birds are not furry. So Kim is not [furry].",
    ]
    said = found("Cats are furry. Cats are not furry.", "Mo is a cat.")
    assert said.proof.splitlines()[0] == "Suppose Mo is [cat]."
    assert said.proof.endswith("This contradicts itself, so Mo is not [cat].")
    said = found("Cats are furry. Mo is a cat. Mo is not furry.", "Mo is a dog.")
    assert (said.outcome, said.kinds) == ("undetermined", ("undetermined",))
    assert "contradict" in said.why


WORLDS = st.tuples(
    st.lists(st.tuples(st.sampled_from("ABCDE"), st.sampled_from("ABCDE"), st.booleans()), max_size=9),
    st.lists(st.tuples(st.sampled_from("ABCDE"), st.booleans()), max_size=2),
    st.tuples(st.sampled_from("ABCDE"), st.booleans()),
)


@settings(max_examples=300, deadline=None)
@given(WORLDS)
def test_both_roads_are_what_all_truth_assignments_say(drawn: Any) -> None:
    rules, statements, (kind, holds) = drawn

    def says(holds: bool, kind: str) -> str:
        return f"is {'' if holds else 'not '}a {kind}zor"

    told = [f"Every {a}zor {says(then, b)}." for a, b, then in rules] + [f"Mo {says(h, k)}." for k, h in statements]
    possible = [
        dict(zip("ABCDE", values, strict=True))
        for values in product((False, True), repeat=5)
        if all(not values["ABCDE".index(a)] or values["ABCDE".index(b)] == then for a, b, then in rules)
        and all(values["ABCDE".index(k)] == h for k, h in statements)
    ]
    world: World = read_world(told, f"Mo {says(holds, kind)}.")
    assert (contradiction(forward(world)) is None) == bool(possible)
    if possible:
        seen = {one[kind] == holds for one in possible}
        expected = {frozenset([True]): "True", frozenset([False]): "False"}.get(frozenset(seen))
        assert answer(" ".join(told), f"Mo {says(holds, kind)}.") == expected
        assert entailed(world, world.query.says) == (expected == "True")


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ("Cats and dogs are furry.", "no known form"),
        ("Everything that is a cat is furry.", "no known form"),
        ("Cats run.", "no known form"),
        ("Cats are, well, furry.", "no known form"),
        ("No cat is not furry.", "negated twice"),
        (" ".join(["Cats are furry."] * 3000), "at most 2000"),
        ("Cats are " + "very " * 40 + "furry.", "no known form"),
    ],
)
def test_other_sentences_are_unread(facts: str, why: str) -> None:
    said = found(facts, "Mo is furry.")
    assert (said.outcome, said.kinds) == ("unread", ("unread",))
    assert why in said.why


def test_queries_of_another_form_are_unread() -> None:
    assert found(FACTS, "Every gull is furry.").outcome == "unread"
    assert prontoqa.audit(PublishedItem("0", "1 hops", f"{FACTS} Prove: Kim is furry.", None)).outcome == "unread"


def test_labels_and_published_solutions_are_judged() -> None:
    facts, query = f"{FACTS} Kim is a gull.", "Kim is furry."

    def judged(label: str, chain: Sequence[str]) -> tuple[str, tuple[str, ...]]:
        said = prontoqa.audit(item(facts, query, label, chain))
        return said.outcome, said.kinds

    assert judged("False", CHAIN) == ("confirmed", ())
    assert judged("True", CHAIN) == ("wrong", ("own-solution", "exact"))
    for chain, why in [
        ([*CHAIN[:3], "Every seabird is a fish.", "Kim is a fish."], "not among the facts"),
        ([*CHAIN[:2], *CHAIN[4:]], "does not follow"),  # a step is left out
        (CHAIN[1:], "does not follow"),  # the start is left out
        (CHAIN[:-2], "does not settle"),
        (CHAIN[:-1], "does not settle"),
        ([], "does not settle"),
        ([*CHAIN[:-1], "Kim is furry."], "does not follow"),
        (["Kim and Mo are gulls."], "no known form"),
    ]:
        said = prontoqa.audit(item(facts, query, "False", chain))
        assert (said.outcome, said.kinds) == ("confirmed", ("own-solution",))
        assert why in said.why


def test_polarity_twins_have_one_key() -> None:
    one, two = found(f"{FACTS} Kim is a gull.", "Kim is furry."), found(f"Kim is a gull. {FACTS}", "Kim is not furry.")
    assert one.twin == two.twin != found(f"{FACTS} Kim is a gull.", "Kim is noisy.").twin


@pytest.mark.parametrize(
    ("said", "theirs", "ours"),
    [
        ("False", 1, 1),
        ("Kim is a gull. Gulls are noisy. False", 1, 1),
        ("The answer is no", 1, 0),  # theirs takes twelve words for a label
        ("The answer is False.", 0, 1),  # and no full stop
        ("False.", 0, 1),
        ("Kim is not furry.\nFalse", 1, 1),
        ("Kim is not furry\nFalse", 0, 1),  # and only a blank or a full stop before it
        ("False Q: True", 1, 0),
        ("True", 0, 0),
        ("True or false? I can't tell", 0, 0),
        ("<think>True</think>False", 0, 1),
        ("<think>False", 0, 0),
        ("True\nFalse", 0, 0),
        ("", 0, 0),
    ],
)
def test_both_scorings(said: str, theirs: int, ours: int) -> None:
    one = item(FACTS, "Kim is furry.", "False")
    verdict = prontoqa.strict(said, one)
    assert (prontoqa.official(said, one), verdict.score) == (theirs, ours)
    assert (verdict.status == "parsed") == (verdict.answer is not None)


def test_a_model_that_knows_the_answer_is_right() -> None:
    for truth in ("True", "False"):
        one = item(FACTS, "Kim is furry.", truth)
        said = prontoqa.write(one, Truth(answer=truth))
        assert (prontoqa.official(said, one), prontoqa.strict(said, one).score) == (1, 1)


def test_the_published_slice(published: Path) -> None:
    items = list(prontoqa.load(published / "prontoqa", None, refuse))
    if not items:
        pytest.skip("no slice")
    for one in items:
        said = prontoqa.audit(one)
        assert (said.outcome, said.kinds) == ("confirmed", ())
        assert said.truth == said.second == one.label
        assert "Suppose" not in said.proof
        assert "backwards" not in said.proof
        assert len(said.proof.splitlines()) == int(one.task.split()[0]) + 1
