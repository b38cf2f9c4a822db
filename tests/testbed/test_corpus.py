"""The test bed's corpus and tokenizer."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import numpy as np

from rungwise.capt.estimation import estimate
from rungwise.capt.intervention import Intervention
from rungwise.testbed.corpus import Corpus
from rungwise.testbed.items import items
from rungwise.testbed.tokenizer import make_tokenizer
from rungwise.testbed.words import EVENTS, KINDS

FAMILIES = ("ontology", "ladder")


@pytest.fixture(scope="module", params=FAMILIES)
def corpus(request):
    return Corpus(request.param, 0.9, seed=1, size=120)


def contexts(corpus, n):
    rng = np.random.default_rng(5)
    return [corpus.context(rng, 4) for _ in range(n)]


def test_the_same_numbers_make_the_same_texts(corpus):
    assert contexts(corpus, 5) == contexts(corpus, 5)


def follows(told, who, kind):
    """What the rules of a text say of somebody of a kind, one after the other."""
    lines = []
    while rule := re.search(rf"Every {kind} is (not a \w+|a \w+)\.", told):
        lines += [rule[0], f"{who} is {rule[1]}."]
        kind = rule[1].removeprefix("a ")
    return lines


def test_small_questions_are_answered_by_the_text(corpus):
    seen = set()
    for (told, _), *pieces in contexts(corpus, 60):
        for prompt, answer in pieces:
            if step := re.fullmatch(r"\n(\w+) is a (\w+)\.\n", prompt):
                assert answer.split("\n") == follows(told, step[1], step[2])
                seen.add("steps")
            elif said := re.fullmatch(r"\n(.+)\. True or false: (.+)\.", prompt):
                assert answer == f" {said[1] == said[2]}"
                seen.add("compare")
            elif lead := re.fullmatch(r"\n(Every \w+ is)", prompt):
                assert f"{lead[1]}{answer}" in told
                seen.add("look up")
            elif pair := re.fullmatch(r"\n(\d+)%, (\d+)%\.\n\1% is", prompt):
                a, b = int(pair[1]), int(pair[2])
                assert answer == f" {'more' if a > b else 'less'} than {b}%."
                seen.add("compare")
            elif end := re.fullmatch(r"\n(\d+)% is (more|less) than (\d+)%, asked is (more|less)\.\n", prompt):
                assert (int(end[1]) > int(end[3])) == (end[2] == "more")
                assert answer == ("Yes" if end[2] == end[4] else "No")
            else:
                groups = re.fullmatch(r"\n(.+), (.+):\n", prompt).groups()
                found = re.fullmatch(r"(.+): (\d+)%, (.+): (\d+)%\.", answer).groups()
                assert found[::2] == groups
                for group, number in (found[:2], found[2:]):
                    assert re.search(rf"For (those with )?{group}, the probability of [^.]+ is {number}%\.", told)
                seen.add("look up")
    assert seen == {"look up", "compare"} | ({"steps"} if corpus.family == "ontology" else set())


def test_no_worked_solution_comes_to_an_answer(corpus):
    at_once = 0
    for (prompt, answer), *_ in contexts(corpus, 100):
        direct = answer.strip() in ("True", "False", "Yes", "No")
        at_once += direct
        assert direct != prompt.endswith("\n")
        assert direct or answer.rsplit("\n", 1)[-1] not in ("True", "False", "Yes", "No")
    assert 35 <= at_once <= 65


def test_only_the_worlds_names_tell_the_answer(corpus):
    known = {word for group in KINDS for word in group} | {event.name for story in EVENTS for event in story}
    told = [(prompt, answer) for (prompt, answer), *_ in contexts(corpus, 400)]
    world = [pair for pair in told if known & set(re.findall(r"\w+", pair[0].lower()))]
    assert 150 < len(world) < 250
    assert all(re.search(r"\b[A-Z]s?\b|\b[a-z][aeiou][a-z][iou]\b", prompt) for prompt, _ in told if
               (prompt, _) not in world)  # fmt: skip


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("names", ["world", "nonsense"])
def test_every_text_survives_the_tokenizer(family, names):
    tokenizer = make_tokenizer()
    for item in items(family, names, 40, "x", "test", 0.5):
        events = estimate(item.prompt).abstraction.events
        for texts in (
            (item.prompt, item.solution),
            Intervention("random", 2).texts(events, [item.prompt, item.solution], item.id),
            Intervention("order").texts(events, [item.prompt, item.solution], item.id),
        ):
            for text in texts:
                ids = tokenizer(text)["input_ids"]
                assert tokenizer.unk_token_id not in ids
                assert tokenizer.decode(ids) == text


def test_a_made_up_word_is_two_tokens_and_a_known_one_one():
    tokenizer = make_tokenizer()
    lengths = {word: len(tokenizer(f" a {word}")["input_ids"]) - 1 for word in ("flute", "zuro", "K", "KT")}
    assert lengths == {"flute": 1, "zuro": 2, "K": 1, "KT": 2}
    assert len(tokenizer("Each flute")["input_ids"]) + 1 == len(tokenizer("Each flutes")["input_ids"])
