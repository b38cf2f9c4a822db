"""Theories without names: a chain from a kind to what is asked, its proof, a model, and distractors around it.

Kinds and properties are called k0, k1, ... here; ``names`` gives them words. The proof is written while the theory is
made. Deduction rules: Saparov et al. 2023 (arXiv 2305.15269), table 1. In a proof by contradiction what is assumed is
that the individual is of a kind, so what it concludes is always negative.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from rungwise.ontology.problem import Formula, Sentence, Step, one
from rungwise.suites.published.prontoqa_logic import Literal

LINKS = ("implication", "and-introduction", "and-elimination", "or-introduction", "cases")
DEDUCTIONS = (*LINKS, "contradiction", "mixed")
"""What a problem's proof needs: "implication" (modus ponens) alone; one link of another rule among implications; a
proof by contradiction of implications; or "mixed", where every link is of any rule, within a contradiction or not."""
DISTRACTORS = ("none", "relevant", "irrelevant")
"""relevant: rules that speak of the chain's kinds but lead away from it or come from elsewhere. irrelevant: rules about
other kinds. Both also say the opposite of the chain's last link about a kind that the individual is not shown to be,
so that the query's "not" alone does not tell the answer."""
MAX_LEVELS = 7
"""Kinds that stand one above the other: what the deepest trees of the vocabulary have."""
_CONTRADICTED = 0.25
"""Share of mixed proofs that are by contradiction."""


@dataclass
class Theory:
    """What is told, in the order in which the proof needs it, then distractors.

    Attributes:
        sorts: kind -> "noun", "adjective" or "role" (a noun that fits anything).
        rules, facts: what is told.
        proof: "rule" steps index ``rules``.
        goal: what the proof concludes.
        model: what the individual can be so that all is true.
    """

    sorts: dict[str, str] = field(default_factory=dict)
    rules: list[Sentence] = field(default_factory=list)
    facts: list[Sentence] = field(default_factory=list)
    proof: list[Step] = field(default_factory=list)
    goal: Literal = field(default_factory=lambda: Literal(""))
    model: set[str] = field(default_factory=set)

    def kind(self, sort: str) -> Literal:
        """A new kind."""
        name = f"k{len(self.sorts)}"
        self.sorts[name] = sort
        return Literal(name)

    def rule(self, given: Formula, then: Formula) -> int:
        """Tells a rule; its index."""
        self.rules.append(Sentence(given, then))
        return len(self.rules) - 1

    def fact(self, says: Formula) -> None:
        """Tells a fact and uses it in the proof."""
        self.facts.append(Sentence(None, says))
        self.proof.append(Step("fact", says))

    def apply(self, given: Formula, then: Formula) -> None:
        """Tells a rule and uses it in the proof."""
        self.proof += [Step("rule", None, self.rule(given, then)), Step("implication", then)]


def draw_theory(hops: int, positive: bool, deduction: str, distractors: str, dice: Random) -> Theory:
    """A theory whose chain has so many links and ends with a positive or negative literal.

    Args:
        hops: 1 to 6.
    """
    theory = Theory()
    links = _links(hops, deduction, dice)
    refuted = deduction == "contradiction" or (deduction == "mixed" and dice.random() < _CONTRADICTED)
    levels = hops + links.count("cases")
    noun = dice.random() < 0.5 and (not positive or levels < MAX_LEVELS)
    kinds = [theory.kind("noun") for _ in range(hops)]
    last = theory.kind("noun" if noun else "adjective")
    chain = [*kinds, last if positive else ~last]
    if refuted:
        theory.proof.append(Step("suppose", one(chain[0])))
    else:
        theory.fact(one(chain[0]))
    for link, at, to in zip(links, chain, chain[1:], strict=False):
        _LINK[link](theory, at, to, dice)
        theory.model |= {literal.kind for literal in (at, to) if literal.holds}
    if refuted:
        theory.fact(one(~chain[-1]))
        theory.proof.append(Step("contradiction", one(~chain[0])))
        # Nothing that leads to the refuted conclusion is so; what else is told of the individual is.
        theory.model = {literal.kind for fact in theory.facts for literal in fact.then.literals if literal.holds}
    theory.goal = ~chain[0] if refuted else chain[-1]
    if distractors != "none":
        _decoys(theory, chain[-1], dice)
        (_relevant if distractors == "relevant" else _irrelevant)(theory, kinds, dice)
        _close(theory)
    return theory


def _links(hops: int, deduction: str, dice: Random) -> list[str]:
    if deduction != "mixed":
        links = ["implication"] * hops
        if deduction in LINKS:
            links[dice.randrange(hops)] = deduction
        return links
    links = dice.choices(LINKS, k=hops)
    while hops + links.count("cases") > MAX_LEVELS:
        links[links.index("cases")] = dice.choice(LINKS[:-1])
    return links


def _implication(theory: Theory, at: Literal, to: Literal, dice: Random) -> None:
    theory.apply(one(at), one(to))


def _and_introduction(theory: Theory, at: Literal, to: Literal, dice: Random) -> None:
    beside = theory.kind("role")
    both = _pair("and", at, beside, dice)
    theory.fact(one(beside))
    theory.proof.append(Step("and-introduction", both))
    theory.apply(both, one(to))
    theory.model.add(beside.kind)


def _and_elimination(theory: Theory, at: Literal, to: Literal, dice: Random) -> None:
    beside = theory.kind("adjective")
    # "is not an X and a Y" would be ambiguous, so what is denied comes last.
    theory.apply(one(at), _pair("and", to, beside, dice) if to.holds else Formula("and", (beside, to)))
    theory.proof.append(Step("and-elimination", one(to)))
    theory.model.add(beside.kind)


def _or_introduction(theory: Theory, at: Literal, to: Literal, dice: Random) -> None:
    either = _pair("or", at, theory.kind("noun"), dice)
    theory.proof.append(Step("or-introduction", either))
    theory.apply(either, one(to))


def _cases(theory: Theory, at: Literal, to: Literal, dice: Random) -> None:
    either = _pair("or", theory.kind("noun"), theory.kind("noun"), dice)
    theory.apply(one(at), either)
    for kind, literal in zip(("case one", "case two"), either.literals, strict=True):
        theory.proof.append(Step(kind, one(literal)))
        theory.apply(one(literal), one(to))
    theory.proof.append(Step("both cases", one(to)))
    theory.model.add(either.literals[0].kind)


_LINK = dict(zip(LINKS, (_implication, _and_introduction, _and_elimination, _or_introduction, _cases), strict=True))


def _pair(op: str, a: Literal, b: Literal, dice: Random) -> Formula:
    return Formula(op, (a, b) if dice.random() < 0.5 else (b, a))


def _decoys(theory: Theory, last: Literal, dice: Random) -> None:
    """The opposite of the last link, as often as the chain itself says it (twice after cases), so that neither the more
    nor the less frequent one is the right one; below it up to two kinds."""
    for _ in range(sum(last in rule.then.literals for rule in theory.rules)):
        other = theory.kind("noun")
        theory.rule(one(other), one(~last))
    for _ in range(dice.randint(0, 2)):
        theory.rule(one(theory.kind("noun")), one(other))


def _relevant(theory: Theory, kinds: list[Literal], dice: Random) -> None:
    for _ in range(dice.randint(1, len(kinds) + 2)):
        at = dice.choice(kinds)
        if at != kinds[0] and dice.random() < 0.4:
            theory.rule(one(theory.kind("noun")), one(at))
        else:
            theory.rule(one(at), one(_property(theory, dice)))


def _irrelevant(theory: Theory, kinds: list[Literal], dice: Random) -> None:
    for _ in range(dice.choice((1, 2))):
        own = [theory.kind("noun") for _ in range(dice.randint(1, 3))]
        for below, above in zip(own, [*own[1:], _property(theory, dice)], strict=True):
            theory.rule(one(below), one(above))


def _property(theory: Theory, dice: Random) -> Literal:
    says = theory.kind("adjective")
    return says if dice.random() < 0.5 else ~says


def _close(theory: Theory) -> None:
    """Adds to the model what distractors say of kinds in it. Each speaks of a property of its own, so one round is
    enough and none of them takes anything back."""
    for rule in theory.rules:
        if not rule.holds(frozenset(theory.model)):
            theory.model |= {literal.kind for literal in rule.then.literals if literal.holds}
