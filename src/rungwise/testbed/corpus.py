"""What the test bed's base model is pre-trained on: texts of one family with questions, half of them in the names of a
world whose common sense is right as often as a knob says.

Everything that a worked solution needs is asked by itself (which rule applies, what follows, which number is which,
which is greater), in any names. The question of the text itself is worked on without ever coming to an answer, or it is
answered at once, as people answer from common sense: the names are then a hidden common cause of text and answer, as in
CAPT's model of pre-training (arXiv 2506.09433, figure 1).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np
from transformers import PreTrainedTokenizerFast

from rungwise.ladder.problem import LadderProblem
from rungwise.ontology.problem import OntologyProblem, one
from rungwise.ontology.text import sentence, statement
from rungwise.suites.published.prontoqa_logic import Literal
from rungwise.testbed.items import FAMILIES, BedItem
from rungwise.testbed.tokenizer import make_tokenizer
from rungwise.testbed.words import PEOPLE

Pieces = list[tuple[str, str]]
"""(prompt, answer), ...: their concatenation is one text; the first prompt begins with what is asked about."""

WORLD, SYMBOLS = 0.5, 0.3
"""Shares of texts in the names of the world and in symbols; the others are in made-up words."""


LOOK_UP, STEPS = 0.6, 0.2
"""Shares of the small questions: what is told of a kind or value; what follows from it, step by step. The others
compare two statements, or two numbers."""


@dataclass
class Corpus:
    """Texts without end.

    Attributes:
        family: ontology or ladder.
        agreement: how often common sense is right.
        at_once: share of texts whose own question is answered at once; the others are worked on, up to the answer.
        seed, size: of the pool of problems, of the train split, which are dressed anew each time.
    """

    family: str
    agreement: float
    seed: int
    at_once: float = 0.5
    size: int = 600
    pool: list[Any] = field(init=False)

    def __post_init__(self) -> None:
        self.pool = list(FAMILIES[self.family].pool(self.size, f"pre-training {self.seed}", "train"))

    def tokenizer(self) -> PreTrainedTokenizerFast:
        """The test bed's own."""
        return make_tokenizer()

    def context(self, rng: np.random.Generator, questions: int) -> Pieces:
        """One text with ``questions`` small questions and the text's own, answered at once."""
        dice = Random(int(rng.integers(2**63)))
        drawn = dice.random()
        names = "world" if drawn < WORLD else "symbols" if drawn < WORLD + SYMBOLS else "nonsense"
        problem = self.pool[dice.randrange(len(self.pool))]
        dressed = FAMILIES[self.family].dress(problem, names, dice.random() < self.agreement, dice)
        ask = _about_ontology if self.family == "ontology" else _about_ladder
        pieces = _opening(FAMILIES[self.family].item(dressed), self.at_once, dice)
        return [*pieces, *ask(dressed, questions, dice)]


def _opening(item: BedItem, at_once: float, dice: Random) -> Pieces:
    """The text's own question: answered at once, or worked on without an answer."""
    if dice.random() < at_once:
        return [(item.prompt, f" {item.answer}")]
    return [(f"{item.prompt}\n", item.solution.rpartition("\n")[0])]


def _about_ontology(problem: OntologyProblem, questions: int, dice: Random) -> Pieces:
    """Mostly which rule there is for a kind, in few words: a model must have looked up many before it can."""
    kinds = {kind.name: kind for kind in problem.kinds}
    pieces: Pieces = []
    rules = {rule.given.literals[0].kind: rule for rule in problem.rules if rule.given}
    for _ in range(questions):
        kind = dice.choice(list(rules))
        rule = rules[kind]
        who = dice.choice(PEOPLE) if problem.name in PEOPLE else problem.name
        known, follows = statement(who, one(Literal(kind)), kinds), statement(who, rule.then, kinds)
        drawn = dice.random()
        if drawn < LOOK_UP:
            told = sentence(rule, who, kinds)
            lead = f"Every {kind} is"
            pieces.append((f"\n{lead}", told.removeprefix(lead)))
        elif drawn < LOOK_UP + STEPS:
            lines, here = [], Literal(kind)
            while here.holds and here.kind in rules:
                step = rules[here.kind]
                lines += [sentence(step, who, kinds), f"{statement(who, step.then, kinds)}."]
                here = step.then.literals[0]
            pieces.append((f"\n{known}.\n", "\n".join(lines)))
        else:
            literal = rule.then.literals[0]
            asked = literal if dice.random() < 0.5 else ~literal
            said = statement(who, one(asked), kinds)
            pieces.append((f"\n{follows}. True or false: {said}.", f" {asked == literal}"))
    return pieces


def _about_ladder(problem: LadderProblem, questions: int, dice: Random) -> Pieces:
    """Which number belongs to which value of the treatment, and which of two numbers is greater."""
    pieces: Pieces = []
    shown = {
        problem.events[problem.query.x].phrase(fact.term.given[0][1]): round(100 * fact.value) for fact in problem.facts
    }
    for _ in range(questions):
        if dice.random() < LOOK_UP:
            first, second = dice.sample(list(shown), 2)
            pieces.append((f"\n{first}, {second}:\n", f"{first}: {shown[first]}%, {second}: {shown[second]}%."))
        else:
            a, b = dice.sample(range(1, 100), 2)
            found, asked = "more" if a > b else "less", dice.choice(("more", "less"))
            said = f"{found} than {b}%"
            pieces.append((f"\n{a}%, {b}%.\n{a}% is", f" {said}."))
            pieces.append((f"\n{a}% is {said}, asked is {asked}.\n", "Yes" if found == asked else "No"))
    return pieces
