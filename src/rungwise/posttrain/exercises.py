"""Exercises: questions that are answered Yes or No, True or False, with worked solutions, from families and published
sets that are none of our causal problems.

A source is named as in ``data``: "ontology" or "ladder" (":NAMES" for other names than commonsense ones), generated and
without end, or a published set, NAME:PATH[#SUBSET], in which held-out items are those that are not trained on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from rungwise.capt.cladder import cladder_nouns
from rungwise.errors import UserError
from rungwise.ladder.generate import generate as generate_ladder
from rungwise.ladder.worked import worked
from rungwise.ontology.generate import Options
from rungwise.ontology.generate import generate as generate_ontology
from rungwise.ontology.item import TASK
from rungwise.ontology.text import prompt, solution
from rungwise.posttrain.settings import TrainRecipe
from rungwise.problems.streams import stream
from rungwise.scoring.choice import OPTIONS_OF
from rungwise.suites.published import is_published, open_set
from rungwise.suites.published.item import Benchmark, PublishedItem, refuse
from rungwise.testbed.items import items

ENDLESS = 10**12
BED_ITEMS = 1000
"""The test bed's items: its studies train on few."""
MAX_SOLUTION = 20_000
"""Characters of a published solution."""
PUBLISHED = ("cladder", "prontoqa")
"""The published sets whose answers are Yes or No, True or False, and whose items are worked."""


@dataclass(frozen=True)
class Exercise:
    """A question with its worked solution.

    Attributes:
        task: kind of question, to count by.
        prompt: what a model sees.
        solution: worked text whose last line is the answer.
        answer: Yes, No, True or False.
        group: equal for exercises that differ in the direction asked for alone; "" where it stands alone.
        nouns: what the values of variables are called, for CAPT on texts of the ladder and of CLadder.
    """

    id: str
    task: str
    prompt: str
    solution: str
    answer: str
    group: str = ""
    nouns: Mapping[str, tuple[str, str]] = field(default_factory=dict)


Source = Callable[[str, str, int], Iterator[Exercise]]
"""From what follows the name and a colon, a split and a seed to exercises in random order."""


def ladder_exercises(names: str, split: str, seed: int) -> Iterator[Exercise]:
    """The ladder's query types in turn (``rungwise.ladder``).

    Raises:
        UserError: unknown names.
    """
    for item in generate_ladder(ENDLESS, seed, split, names=names or "commonsense", twins=False):
        lines = [step.content for step in worked(item.problem)]
        answer = item.problem.answer
        nouns = {event.name: (event.zero, event.one) for event in item.problem.events}
        yield Exercise(item.id, item.task, item.text, "\n".join([*lines, answer]), answer, item.problem.twin, nouns)


def ontology_exercises(names: str, split: str, seed: int) -> Iterator[Exercise]:
    """Ontology reasoning of one to six hops (``rungwise.ontology``).

    Raises:
        UserError: unknown names.
    """
    for problem in generate_ontology(ENDLESS, seed, split, Options(names or "commonsense")):
        yield Exercise(problem.id, TASK, prompt(problem), solution(problem), problem.answer)


def bed_exercises(place: str, split: str, seed: int) -> Iterator[Exercise]:
    """Of the test bed (``rungwise.testbed``), in the names of its world: FAMILY:AGREEMENT.

    Raises:
        UserError: unknown family, or no such share.
    """
    family, _, share = place.partition(":")
    try:
        agreement = float(share)
    except ValueError as error:
        raise UserError(f"the test bed's data is testbed:FAMILY:AGREEMENT, got testbed:{place}") from error
    for item in items(family, "world", BED_ITEMS, f"post-training {seed}", split, agreement):
        yield Exercise(item.id, family, f"{item.prompt}\n", item.solution, item.answer)


GENERATED: dict[str, Source] = {"ladder": ladder_exercises, "ontology": ontology_exercises, "testbed": bed_exercises}
"""The sources that never end and have splits."""


def exercises(recipe: TrainRecipe) -> list[Exercise]:
    """The ``samples`` exercises whose solutions are given, no answer more often than the other.

    Raises:
        UserError: unknown source, a set that can't be read, or too few exercises with an answer.
    """
    most = -(-recipe.samples // 2)
    chosen: list[Exercise] = []
    counts: Counter[str] = Counter()
    for exercise in _source(recipe, "train"):
        if counts[exercise.answer] < most:
            counts[exercise.answer] += 1
            chosen.append(exercise)
        if len(chosen) == recipe.samples:
            return chosen
    found = ", ".join(f"{count} answered {answer}" for answer, count in counts.items()) or "none"
    raise UserError(
        f"{recipe.data} has too few exercises for samples={recipe.samples}, half of each answer ({found}): set fewer"
    )


def exercise_questions(recipe: TrainRecipe) -> list[Exercise]:
    """The exercises of which question and answer alone are given: ``questions`` others of the source, of a file and of
    the test bed the same as ``exercises``."""
    chosen = exercises(recipe)
    if is_published(recipe.data) or recipe.data.startswith("testbed:"):
        return chosen
    known = {exercise.id for exercise in chosen}
    return list(islice((one for one in _source(recipe, "train") if one.id not in known), recipe.questions))


def held_out_exercises(recipe: TrainRecipe) -> list[Exercise]:
    """Up to ``validation`` exercises of the validation split or, of a file, that are not trained on in either
    direction."""
    if not is_published(recipe.data):
        return list(islice(_source(recipe, "validation"), recipe.validation))
    chosen = exercises(recipe)
    known, groups = {one.id for one in chosen}, {one.group for one in chosen if one.group}
    left = (one for one in _source(recipe, "train") if one.id not in known and one.group not in groups)
    return list(islice(left, recipe.validation))


def _source(recipe: TrainRecipe, split: str) -> Iterator[Exercise]:
    name, _, place = recipe.data.partition(":")
    if name in PUBLISHED:
        return published_exercises(recipe.data, recipe.seed)
    if name not in GENERATED:
        names = [*GENERATED, *(f"{one}:PATH" for one in PUBLISHED)]
        raise UserError(f"unknown data {recipe.data!r}; it can be {', '.join(names)}")
    return GENERATED[name](place, split, recipe.seed)


def published_exercises(spec: str, seed: int) -> Iterator[Exercise]:
    """The items of a published set, shuffled, with the published solution or, where there is none, with what proves
    the answer. Left out are items whose label is missing or wrong, and those without either.

    Raises:
        UserError: the set can't be read.
    """
    chosen, found = open_set(spec, refuse)
    listed = list(found)
    for i in stream("exercises", seed).permutation(len(listed)):
        if exercise := _published(chosen, listed[i]):
            yield exercise


def _published(chosen: Benchmark, item: PublishedItem) -> Exercise | None:
    answer = item.label.answer if item.label else None
    finding = chosen.audit(item)
    if answer not in OPTIONS_OF or finding.outcome == "wrong":
        return None
    reasoning, chain = item.given.get("reasoning"), item.given.get("chain")
    lines = list(reasoning.values()) if isinstance(reasoning, Mapping) else chain or [finding.proof]
    said = "\n".join(line.strip() for line in lines if isinstance(line, str) and line.strip())
    if not said or len(said) > MAX_SOLUTION:
        return None
    nouns = cladder_nouns(item.given.get("model"))
    return Exercise(item.id, item.task, item.text, f"{said}\n{answer}", answer, finding.twin, nouns)
