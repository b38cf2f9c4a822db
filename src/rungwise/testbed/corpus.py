"""What the test bed's base model is pre-trained on: texts of one family with questions, half of them in the names of a
world whose common sense is right as often as a knob says.

Everything that a worked solution needs is asked by itself (which rule applies, what follows, which number is which,
which is greater), in any names; a worked solution is never shown. The question of the text itself is answered at
once, as people answer from common sense: the names are then a hidden common cause of text and answer, as in CAPT's
model of pre-training (arXiv 2506.09433, figure 1).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

import numpy as np
from transformers import PreTrainedTokenizerFast

from rungwise.ladder.problem import LadderProblem
from rungwise.ladder.text import text as ladder_text
from rungwise.ontology.problem import Formula, OntologyProblem
from rungwise.ontology.text import question, sentence, statement
from rungwise.testbed.items import FAMILIES
from rungwise.testbed.tokenizer import make_tokenizer
from rungwise.testbed.words import PEOPLE

Pieces = list[tuple[str, str]]
"""(prompt, answer), ...: their concatenation is one text; the first prompt begins with what is asked about."""

WORLD, SYMBOLS = 0.5, 0.25
"""Shares of texts in the names of the world and in symbols; the others are in made-up words."""


@dataclass
class Corpus:
    """Texts without end.

    Attributes:
        family: ontology or ladder.
        agreement: how often common sense is right.
        seed, size: of the pool of problems, of the train split, which are dressed anew each time.
    """

    family: str
    agreement: float
    seed: int
    size: int = 3000
    pool: list[Any] = field(init=False)

    def __post_init__(self) -> None:
        self.pool = FAMILIES[self.family].pool(self.size, f"pre-training {self.seed}", "train")

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
        return ask(dressed, questions, names != "world", dice)


def _about_ontology(problem: OntologyProblem, questions: int, neutral: bool, dice: Random) -> Pieces:
    kinds = {kind.name: kind for kind in problem.kinds}
    told = question(problem)
    pieces: Pieces = [(told, f" {problem.answer}")]
    rules = [rule for rule in problem.rules if rule.given and len(rule.given.literals) == 1]
    for rule in dice.sample(rules, min(questions, len(rules))):
        assert rule.given is not None
        who = problem.name if neutral else dice.choice(PEOPLE)
        known, follows = statement(who, rule.given, kinds), statement(who, rule.then, kinds)
        if dice.random() < 0.5:
            pieces.append((f"\n{known}.\n", f"{sentence(rule, who, kinds)}\n{follows}."))
            continue
        literal = rule.then.literals[0]
        asked = literal if dice.random() < 0.5 else ~literal
        said = statement(who, Formula("", (asked,)), kinds)
        pieces.append((f"\n{follows}. True or false: {said}.", f" {asked == literal}"))
    return pieces


def _about_ladder(problem: LadderProblem, questions: int, neutral: bool, dice: Random) -> Pieces:
    pieces: Pieces = [(ladder_text(problem), f" {problem.answer}")]
    for _ in range(questions):
        if dice.random() < 0.5:
            fact = dice.choice(problem.facts)
            x = problem.events[problem.query.x].phrase(fact.term.given[0][1])
            pieces.append((f"\n{x}:", f" {round(100 * fact.value)}%"))
        else:
            a, b = dice.sample(range(1, 100), 2)
            pieces.append((f"\n{a}%, {b}%.\n{a}% is", f" {'more' if a > b else 'less'} than {b}%."))
    return pieces
