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
from rungwise.ontology.shape import order_shape
from rungwise.ontology.text import question, solution
from rungwise.problems.streams import make_dice, split_of
from rungwise.suites.published.prontoqa_logic import Literal
from rungwise.testbed.words import EVENTS, KINDS, PEOPLE, SYMBOLS, pair_and_others

NAMES = ("world", "nonsense", "symbols")
"""world: words with a common sense. nonsense: made-up words. symbols: letters, as CAPT's intervention leaves them."""

OPTIONS = Options("nonsense", hops=(2, 2), distractors="irrelevant", disjoint="order")
"""Of ontology problems."""
EVERY = 1
"""The wording of all rules: a small model learns to find a rule sooner when all begin alike."""
_BLOCK = 100
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

    pool: Callable[[int, str, str], Iterator[Any]]
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


def ontology_pool(n: int, seed: str, split: str) -> Iterator[OntologyProblem]:
    """Undressed ontology problems, of orders of sentences that are in no other split."""
    number = make_dice("test bed", seed).getrandbits(48)
    endless = chain.from_iterable(generate_ontology(_BLOCK, number, "train", OPTIONS, _BLOCK * k) for k in count())
    short = (problem for one in endless if (problem := _shortened(one)) is not None)
    return islice((p for p in short if split_of(order_shape(p.told, p.query.kind)) == split), n)


def _shortened(problem: OntologyProblem) -> OntologyProblem | None:
    """The problem without distractors but one that says the opposite of what is asked, of another kind: else the
    number of nots would tell the answer. None where there is no such."""
    needed = {step.told for step in problem.proof if step.kind == "rule"}
    goal = problem.query.kind
    against = next(
        (i for i, s in enumerate(problem.told) if s.given and i not in needed and s.then.literals[0].kind == goal), None
    )
    if against is None:
        return None
    kept = [i for i, s in enumerate(problem.told) if s.given is None or i in needed or i == against]
    told = tuple(problem.told[i] for i in kept)
    used = {one.kind for s in told for formula in (s.given, s.then) if formula for one in formula.literals}
    return replace(
        problem,
        kinds=tuple([kind for kind in problem.kinds if kind.name in used]),
        told=told,
        proof=tuple([s._replace(told=kept.index(s.told)) if s.kind == "rule" else s for s in problem.proof]),
        model=tuple(kind for kind in problem.model if kind in used),
        split=split_of(order_shape(told, goal)),
    )


def ladder_pool(n: int, seed: str, split: str) -> Iterator[LadderProblem]:
    """Undressed ladder problems."""
    found = generate_ladder(n, seed, split, types=TYPES, numbers=NUMBERS, names="nonsense", twins=False)
    return (item.problem for item in found)


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
    """The problem in words, with a short solution."""
    return BedItem(problem.id, ladder_text(problem), "\n".join([*comparison(problem), problem.answer]), problem.answer)


def comparison(problem: LadderProblem) -> tuple[str, str, str]:
    """The lines before the answer: what is compared, the value asked about first; the outcome's two probabilities;
    which is greater, and which is asked for."""
    q = problem.query
    first = q.x_value if q.kind == "ate" else 1 - q.x_value  # ETT asks how it would have been otherwise
    shown = {fact.term.given[0][1]: round(100 * fact.value) for fact in problem.facts}
    a, b = shown[first], shown[1 - first]
    x, other = (problem.events[q.x].phrase(value) for value in (first, 1 - first))
    return (
        f"{x}, {other}:",
        f"{x}: {a}%, {other}: {b}%.",
        f"{a}% is {'more' if a > b else 'less'} than {b}%, asked is {'more' if q.up else 'less'}.",
    )


FAMILIES = {
    "ontology": Family(ontology_pool, dress_ontology, ontology_item),
    "ladder": Family(ladder_pool, dress_ladder, ladder_item),
}
