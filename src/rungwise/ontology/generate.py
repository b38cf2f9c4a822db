"""Ontology problems (PrOntoQA-style, Saparov & He 2023, arXiv 2210.01240) with proofs, in any number.

Everything random about item i comes from streams of its own, so that any part can be made on any machine. Theory,
order and query do not depend on the vocabulary: item i tells the same in all three, in other words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from rungwise.errors import UserError
from rungwise.ontology.naming import find_words
from rungwise.ontology.problem import ONTOLOGIES, Formula, Kind, OntologyProblem, Sentence, Step
from rungwise.ontology.shape import RULES, order_shape, theory_shape
from rungwise.ontology.text import FORMS
from rungwise.ontology.theory import DEDUCTIONS, DISTRACTORS, Theory, draw_theory
from rungwise.ontology.vocabulary import INDIVIDUALS
from rungwise.problems.streams import SPLITS, make_dice, shuffled, split_of
from rungwise.suites.published.prontoqa_logic import Literal

ORDERINGS = ("preorder", "postorder", "random")
"""preorder: from general kinds to special ones, against the proof. postorder: from special to general, as the proof
goes. In both, facts about the individual come last; in random they stand anywhere."""
MAX_HOPS = 6
_ATTEMPTS = 200


@dataclass(frozen=True)
class Options:
    """What problems are made.

    Attributes:
        names: vocabulary, one of ONTOLOGIES.
        hops: the least and the greatest number of links; all between take turns.
        distractors: one of DISTRACTORS.
        ordering: one of ORDERINGS.
        deductions: of DEDUCTIONS; they take turns.
        disjoint: what must differ between splits, one of ``shape.RULES``.
        twins: items 2j and 2j + 1 are polarity twins.
    """

    names: str = "commonsense"
    hops: tuple[int, int] = (1, MAX_HOPS)
    distractors: str = "relevant"
    ordering: str = "random"
    deductions: tuple[str, ...] = ("implication",)
    disjoint: str = "theory"
    twins: bool = False

    def __post_init__(self) -> None:
        """Raises UserError for a value that is none."""
        for what, value, allowed in (
            ("names", self.names, tuple(ONTOLOGIES)),
            ("distractors", self.distractors, DISTRACTORS),
            ("ordering", self.ordering, ORDERINGS),
            ("disjoint", self.disjoint, RULES),
            *(("deductions", one, DEDUCTIONS) for one in self.deductions or ("",)),
        ):
            if value not in allowed:
                raise UserError(f"unknown {what} {value!r}; choose from {', '.join(allowed)}")
        if not 1 <= self.hops[0] <= self.hops[1] <= MAX_HOPS:
            raise UserError(f"hops go from 1 to {MAX_HOPS}, the least first; got {self.hops}")


def generate(
    n: int, seed: int = 0, split: str = "train", options: Options | None = None, start: int = 0
) -> Iterator[OntologyProblem]:
    """Problems ``start`` to ``start + n - 1`` of a split.

    Of problems 4j to 4j + 3 of the same number of hops and deduction two are True, two ask with "not", and each of
    these two halves the other; of two twins one is True. Proofs by contradiction always conclude a "not", so there
    the query's own "not" tells the answer (for all of "contradiction", for a quarter of "mixed"). Splits are disjoint
    over all other options, as long as ``disjoint`` is the same.

    Raises:
        UserError: a negative count, an unknown split, or (when it comes to it) a split without a theory of the kind
            asked for.
    """
    options = options or Options()
    if n < 0 or start < 0:
        raise UserError(f"the number of problems must not be negative, got {min(n, start)}")
    if split not in SPLITS:
        raise UserError(f"unknown split {split!r}; splits are {', '.join(SPLITS)}")
    return (_problem(i, seed, split, options) for i in range(start, start + n))


def _problem(i: int, seed: int, split: str, options: Options) -> OntologyProblem:
    j = i // 2 if options.twins else i
    least, most = options.hops
    turn, k = divmod(j, most - least + 1)
    turn, d = divmod(turn, len(options.deductions))
    hops, deduction = least + k, options.deductions[d]
    place = (seed, "ontology", split, hops, deduction)
    block, at = divmod(turn, 4)
    plus, asks = shuffled([(p, q) for p in (True, False) for q in (True, False)], make_dice(*place, block))[at]
    key = (*place, options.distractors, options.ordering, options.disjoint, turn)
    theory, told, words = _theory(key, hops, plus, deduction, split, options)
    kinds = {old: kind.name for old, kind in words.items()}
    dice = make_dice(*key, "wording")
    named = [Sentence(s.given and _named(s.given, kinds), _named(s.then, kinds), dice.randrange(FORMS)) for s in told]
    proof = tuple(
        Step(step.kind, step.says and _named(step.says, kinds), -1)
        if step.says is not None
        else Step(step.kind, None, told.index(theory.rules[step.told]))
        for step in theory.proof
    )
    query = Literal(kinds[theory.goal.kind], asks)
    problem = OntologyProblem(
        tuple(words.values()),
        dice.choice(INDIVIDUALS),
        tuple(named),
        query,
        str(asks == theory.goal.holds),
        proof,
        tuple(sorted(kinds[kind] for kind in theory.model)),
        hops,
        deduction,
        options.names,
        options.distractors,
        options.ordering,
        split,
        seed,
        i,
    )
    return problem.twin() if options.twins and i % 2 else problem


def _theory(
    key: tuple[object, ...], hops: int, plus: bool, deduction: str, split: str, options: Options
) -> tuple[Theory, list[Sentence], dict[str, Kind]]:
    """A theory of the split, its sentences as they are told, and words for its kinds.

    One that the true taxonomies have no words for is no candidate in any vocabulary, so that all have the same.
    """
    for attempt in range(_ATTEMPTS):
        dice = make_dice(*key, attempt)
        theory = draw_theory(hops, plus, deduction, options.distractors, dice)
        told = _ordered(theory, options.ordering, dice)
        shape = (theory_shape if options.disjoint == "theory" else order_shape)(told, theory.goal.kind)
        if split_of(shape) != split:
            continue
        words = find_words(theory.rules, theory.sorts, "commonsense", make_dice(*key, attempt, "commonsense"))
        if words is not None and options.names != "commonsense":
            words = find_words(theory.rules, theory.sorts, options.names, make_dice(*key, attempt, options.names))
        if words is not None:
            return theory, told, words
    raise UserError(
        f"split {split!r} has no theory of {hops} hops by {deduction} with distractors {options.distractors!r} and "
        f"disjoint={options.disjoint!r}, or too few to find; ask for distractors, for more hops, or for splits that "
        "differ in the order of sentences only (ordering='random', disjoint='order')"
    )


def _ordered(theory: Theory, ordering: str, dice: Random) -> list[Sentence]:
    if ordering == "random":
        return shuffled([*theory.rules, *theory.facts], dice)
    rules = _bottom_up(shuffled(theory.rules, dice))
    return [*(rules if ordering == "postorder" else rules[::-1]), *shuffled(theory.facts, dice)]


def _bottom_up(rules: Sequence[Sentence]) -> list[Sentence]:
    """The rules, each after those that lead to its condition: a postorder walk of the ontology."""
    out: list[Sentence] = []

    def visit(rule: Sentence) -> None:
        if rule in out:
            return
        needed = {literal.kind for literal in rule.given.literals} if rule.given else set()
        for other in rules:
            if any(literal.holds and literal.kind in needed for literal in other.then.literals):
                visit(other)
        out.append(rule)

    for rule in rules:
        visit(rule)
    return out


def _named(formula: Formula, kinds: dict[str, str]) -> Formula:
    return Formula(formula.op, tuple(Literal(kinds[one.kind], one.holds) for one in formula.literals))
