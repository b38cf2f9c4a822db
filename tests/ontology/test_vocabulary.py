"""The vocabularies: true, false and made-up statements, in forms that are read back."""

from __future__ import annotations

import re
from itertools import pairwise
from random import Random

from rungwise.ontology.generate import Options, generate
from rungwise.ontology.problem import OntologyProblem
from rungwise.ontology.theory import DEDUCTIONS, MAX_LEVELS
from rungwise.ontology.vocabulary import (
    BROAD,
    INDIVIDUALS,
    NOUNS,
    PARENTS,
    PATHS,
    PROPERTIES,
    ROLES,
    ROOTS,
    above,
    adjectives,
    made_up,
    plural,
    world_says,
)
from rungwise.suites.published.prontoqa_logic import Literal, read_world


def made(names: str) -> list[OntologyProblem]:
    options = Options(names, hops=(1, 4), deductions=DEDUCTIONS, distractors="irrelevant")
    return list(generate(28, split="train", options=options))


def test_trees() -> None:
    deep = [tree for tree in PATHS if max(len(path.split(" < ")) for path in tree) >= MAX_LEVELS]
    assert len(deep) == len(PATHS) >= 6
    assert len(set(ROOTS)) == len(ROOTS)
    assert len(NOUNS) == len(set(NOUNS))
    # Each path ends at a root, or where another one goes on: so nothing has two parents.
    parents: dict[str, set[str]] = {}
    for tree in PATHS:
        for path in tree:
            kinds = path.split(" < ")
            for below, over in pairwise(kinds):
                parents.setdefault(below, set()).add(over)
    assert {kind: {over} for kind, over in PARENTS.items()} == parents
    assert all([kind, *above(kind)][-1] in ROOTS for kind in NOUNS)
    assert set(PROPERTIES) | BROAD <= set(NOUNS)


def test_nothing_is_both_true_and_false() -> None:
    for kind in NOUNS:
        for word in (*NOUNS, *adjectives()):
            said = world_says(kind, Literal(word))
            denied = world_says(kind, Literal(word, False))
            assert (said is None) == (denied is None)
            assert said is None or said != denied
    for kind in NOUNS:  # what is said of a kind holds below it
        for word in adjectives():
            said = [world_says(k, Literal(word)) for k in (kind, *above(kind))]
            assert len({one for one in said if one is not None}) <= 1, (kind, word)


def test_what_the_world_says() -> None:
    assert world_says("square", Literal("polygon")) is True
    assert world_says("square", Literal("curved")) is False
    assert world_says("square", Literal("curved", False)) is True
    assert world_says("spider", Literal("hammer")) is False
    assert world_says("surgeon", Literal("animal")) is None
    assert world_says("polygon", Literal("square")) is None
    assert world_says("pine", Literal("oak")) is None


def test_rules_are_true_or_false_of_the_world() -> None:
    for names, wanted in (("commonsense", True), ("anti", False)):
        for problem in made(names):
            for rule in problem.rules:
                assert rule.given is not None
                if not rule.given.op and rule.then.op != "or":
                    said = [world_says(rule.given.literals[0].kind, literal) for literal in rule.then.literals]
                    assert set(said) == {wanted}
                elif rule.given.op == "or":
                    assert {world_says(g.kind, then) for g in rule.given.literals for then in rule.then.literals} == {
                        wanted
                    }
                elif rule.given.op == "and":
                    (kind,) = [g.kind for g in rule.given.literals if g.kind not in ROLES]
                    assert world_says(kind, rule.then.literals[0]) is wanted
                else:
                    said = [world_says(rule.given.literals[0].kind, literal) for literal in rule.then.literals]
                    assert (True in said) if wanted else set(said) == {False}


def test_every_noun_is_read_in_singular_and_plural() -> None:
    for noun in (*NOUNS, *ROLES):
        world = read_world([f"Each thing is a {noun}.", f"All {plural(noun)} are items."], "Kim is an item.")
        assert [rule.given for rule in world.rules] == ["thing", noun]
    words = (*NOUNS, *ROLES, *adjectives())
    assert all(re.fullmatch(r"[a-z]+(?:[ -][a-z]+)*", word) for word in words)
    assert len(set(words)) == len(words)
    assert not {plural(noun) for noun in NOUNS} & set(words)
    assert len(set(INDIVIDUALS)) == len(INDIVIDUALS)


def test_made_up_words_are_regular_and_no_words_of_ours() -> None:
    dice = Random(0)
    drawn = {made_up(noun, dice) for noun in (True, False) for _ in range(2000)}
    known = {word for phrase in (*NOUNS, *ROLES, *adjectives()) for word in phrase.split()}
    assert len(drawn) > 1500
    assert not drawn & known
    for problem in made("nonsense"):
        for kind in problem.kinds:
            assert kind.plural == (kind.name + "s" if kind.noun else kind.name)
            assert kind.name[0] not in "aeiou"
