"""Items of the test bed: problems of the two families, dressed in names that tell the answer as often as asked.

In the names of the world an item's *agreement* says whether common sense is right: whether its two main words, the
subject's kind and what is asked about it (ontology) or treatment and outcome (ladder), are related exactly when the
answer is True or Yes. Names and structure are drawn apart, so nothing else tells them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, count, islice
from random import Random
from typing import Any

from rungwise.errors import UserError
from rungwise.ladder.generate import generate as generate_ladder
from rungwise.ladder.names import Event, made_up, nonsense
from rungwise.ladder.problem import LadderProblem
from rungwise.ladder.text import text as ladder_text
from rungwise.ontology.generate import Options
from rungwise.ontology.generate import generate as generate_ontology
from rungwise.ontology.problem import Formula, Kind, OntologyProblem, Sentence, Step
from rungwise.ontology.text import question, solution
from rungwise.problems.streams import make_dice
from rungwise.suites.published.prontoqa_logic import Literal
from rungwise.testbed.words import EVENTS, KINDS, PEOPLE, SYMBOLS, pair_and_others

NAMES = ("world", "nonsense", "symbols")
"""world: words with a common sense. nonsense: made-up words. symbols: letters, as CAPT's intervention leaves them."""

OPTIONS = Options("nonsense", hops=(2, 2), distractors="irrelevant", disjoint="theory")
"""Of ontology problems: short, and test problems of other theories."""
EVERY = 1
"""The wording of all rules: a small model learns to find a rule sooner when all begin alike."""
KINDS_AT_MOST = 8
"""Few enough that one letter each is enough for CAPT's symbols."""
TYPES = ("ate", "ett")
NUMBERS = 2
"""Of ladder problems: effects that need no adjustment, so that each is a comparison of two shown numbers."""


@dataclass(frozen=True)
class BedItem:
    """An item in words.

    Attributes:
        prompt: what is told and asked.
        solution: worked, its last line the answer.
        answer: True or False, Yes or No.
        related: whether common sense says True or Yes; in names that are not the world's it says nothing.
    """

    id: str
    prompt: str
    solution: str
    answer: str
    related: bool | None = None


@dataclass(frozen=True)
class Family:
    """How a family makes problems and dresses them.

    Attributes:
        pool: (n, seed, split) -> undressed problems.
        dress: (problem, names, agrees, dice) -> the same problem in other names.
        item: problem -> item.
    """

    pool: Callable[[int, str, str], list[Any]]
    dress: Callable[[Any, str, bool, Random], Any]
    item: Callable[[Any], BedItem]


def items(family: str, names: str, n: int, seed: str, split: str, agreement: float = 0.5) -> Iterator[BedItem]:
    """``n`` items; in the names of the world a share ``agreement`` of the answers is what common sense says.

    Raises:
        UserError: unknown family or names.
    """
    if family not in FAMILIES or names not in NAMES:
        raise UserError(f"families are {', '.join(FAMILIES)}, names {', '.join(NAMES)}; got {family!r} and {names!r}")
    made = FAMILIES[family]
    for i, problem in enumerate(made.pool(n, seed, split)):
        dice = make_dice("test bed", seed, family, split, names, i)
        agrees = dice.random() < agreement
        item = made.item(made.dress(problem, names, agrees, dice))
        yield replace(item, related=(item.answer in ("True", "Yes")) == agrees) if names == "world" else item


def ontology_pool(n: int, seed: str, split: str) -> list[OntologyProblem]:
    """Undressed ontology problems."""
    number = make_dice("test bed", seed).getrandbits(48)
    endless = chain.from_iterable(generate_ontology(n, number, split, OPTIONS, n * k) for k in count())
    return list(islice((problem for problem in endless if len(problem.kinds) <= KINDS_AT_MOST), n))


def ladder_pool(n: int, seed: str, split: str) -> list[LadderProblem]:
    """Undressed ladder problems."""
    found = generate_ladder(n, seed, split, types=TYPES, numbers=NUMBERS, names="nonsense", twins=False)
    return [item.problem for item in found]


def dress_ontology(problem: OntologyProblem, names: str, agrees: bool, dice: Random) -> OntologyProblem:
    """The problem with other kinds and another person; every kind becomes a noun."""
    start = problem.facts[0].then.literals[0].kind
    goal = problem.query.kind
    others = [kind.name for kind in problem.kinds if kind.name not in (start, goal)]
    n = len(problem.kinds)
    person = dice.choice(PEOPLE)
    if names == "world":
        words = pair_and_others(KINDS, (problem.answer == "True") == agrees, n, dice)
    elif names == "nonsense":
        words = made_up(n, dice)
    else:
        person, *words = dice.sample(SYMBOLS, n + 1)
    new = dict(zip([start, goal, *others], words, strict=True))

    def literals(formula: Formula) -> Formula:
        return Formula(formula.op, tuple([Literal(new[one.kind], one.holds) for one in formula.literals]))

    def told(sentence: Sentence) -> Sentence:
        return Sentence(sentence.given and literals(sentence.given), literals(sentence.then), EVERY)

    return replace(
        problem,
        kinds=tuple([Kind(word, f"{word}s", True) for word in words]),
        name=person,
        told=tuple(map(told, problem.told)),
        query=Literal(new[goal], problem.query.holds),
        proof=tuple([Step(step.kind, step.says and literals(step.says), step.told) for step in problem.proof]),
        model=tuple(sorted(new[kind] for kind in problem.model)),
    )


def ontology_item(problem: OntologyProblem) -> BedItem:
    """The problem in words, with its proof."""
    return BedItem(problem.id, question(problem), solution(problem), problem.answer)


def dress_ladder(problem: LadderProblem, names: str, agrees: bool, dice: Random) -> LadderProblem:
    """The problem with other events."""
    q, n = problem.query, problem.graph.n
    order = [q.x, q.y, *(v for v in range(n) if v not in (q.x, q.y))]
    if names == "world":
        events = pair_and_others(EVENTS, (problem.answer == "Yes") == agrees, n, dice)
    elif names == "nonsense":
        events = [*nonsense(n, dice)]
    else:
        events = [Event(letter, letter, f"not {letter}") for letter in dice.sample(SYMBOLS, n)]
    placed = dict(zip(order, events, strict=True))
    return replace(problem, events=tuple([placed[v] for v in range(n)]), style=f"test bed:{dice.getrandbits(32)}")


def ladder_item(problem: LadderProblem) -> BedItem:
    """The problem in words, with a short solution: the two numbers, and how they compare."""
    return BedItem(problem.id, ladder_text(problem), "\n".join([*comparison(problem), problem.answer]), problem.answer)


def comparison(problem: LadderProblem) -> tuple[str, str]:
    """The two lines before the answer: the outcome's probability under the value asked about and under the other, and
    which is greater."""
    q = problem.query
    first = q.x_value if q.kind == "ate" else 1 - q.x_value  # ETT asks how it would have been otherwise
    shown = {fact.term.given[0][1]: round(100 * fact.value) for fact in problem.facts}
    a, b = shown[first], shown[1 - first]
    x = problem.events[q.x]
    return (
        f"{x.phrase(first)}: {a}%, {x.phrase(1 - first)}: {b}%.",
        f"{a}% is {'more' if a > b else 'less'} than {b}%.",
    )


FAMILIES = {
    "ontology": Family(ontology_pool, dress_ontology, ontology_item),
    "ladder": Family(ladder_pool, dress_ladder, ladder_item),
}
