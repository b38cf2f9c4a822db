"""What an ontology problem is: sentences about kinds and one individual, a query, its answer and a proof.

Two certificates come with every problem: the proof shows that the query (or its negation) follows, and the model
shows that the sentences do not contradict each other, so that the opposite does not follow too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import orjson

from rungwise.errors import UserError
from rungwise.suites.published.prontoqa_logic import Literal

ONTOLOGIES = {"commonsense": "true", "anti": "false", "nonsense": "fictional"}
"""Vocabulary -> what the ontology is: true of the world, false of it, or of a world of its own."""

STEPS = (
    "fact",
    "rule",
    "implication",
    "and-introduction",
    "and-elimination",
    "or-introduction",
    "case one",
    "case two",
    "both cases",
    "suppose",
    "contradiction",
)
"""Kinds of proof steps. fact and rule repeat a told sentence; the others are Saparov et al. 2023 (arXiv 2305.15269),
table 1, with proofs by cases and by contradiction taken apart into what they assume and what they conclude."""


class Kind(NamedTuple):
    """A kind (``noun``) or a property, by its singular and plural; a property has one form."""

    name: str
    plural: str
    noun: bool


class Formula(NamedTuple):
    """What can be said of one individual: a literal (``op`` ""), or an "and" or "or" of several."""

    op: str
    literals: tuple[Literal, ...]

    def same(self, other: Formula) -> bool:
        """Whether both say the same, whatever the order of their parts."""
        return self.op == other.op and frozenset(self.literals) == frozenset(other.literals)

    def holds(self, model: frozenset[str]) -> bool:
        """Whether it is true of an individual that is of these kinds and of no others."""
        values = [(literal.kind in model) == literal.holds for literal in self.literals]
        return any(values) if self.op == "or" else all(values)


class Sentence(NamedTuple):
    """A told sentence: a rule, or where ``given`` is None a fact about the individual. ``form`` picks its wording."""

    given: Formula | None
    then: Formula
    form: int = 0

    def holds(self, model: frozenset[str]) -> bool:
        """Whether it is true where the individual is of these kinds and of no others."""
        return self.then.holds(model) or (self.given is not None and not self.given.holds(model))


class Step(NamedTuple):
    """One step of a proof: of STEPS, with what it says; "rule" has instead the index of the told sentence."""

    kind: str
    says: Formula | None
    told: int = -1


def one(literal: Literal) -> Formula:
    """A literal as a formula."""
    return Formula("", (literal,))


@dataclass(frozen=True)
class OntologyProblem:
    """A query about an individual, and all that is told to answer it.

    Attributes:
        kinds: the kinds and properties, in no particular order.
        name: the individual's.
        told: rules and facts, in the order in which they are told.
        query: what is asked about the individual.
        answer: "True" where the query follows, "False" where its negation does.
        proof: from what is told to the query or its negation.
        model: kinds that the individual can be of so that all that is told is true.
        hops: links of the chain that the proof follows; a proof by cases is one link.
        deduction: the rules of deduction that were asked for (see ``theory.DEDUCTIONS``).
        names: vocabulary, one of ONTOLOGIES.
        distractors: "none", "relevant" or "irrelevant".
        ordering: "preorder", "postorder" or "random".
        split, seed, index: where the problem comes from.
    """

    kinds: tuple[Kind, ...]
    name: str
    told: tuple[Sentence, ...]
    query: Literal
    answer: str
    proof: tuple[Step, ...]
    model: tuple[str, ...]
    hops: int
    deduction: str
    names: str
    distractors: str
    ordering: str
    split: str
    seed: int
    index: int

    @property
    def ontology(self) -> str:
        """true, false or fictional."""
        return ONTOLOGIES[self.names]

    @property
    def rules(self) -> tuple[Sentence, ...]:
        """What is told about kinds."""
        return tuple(sentence for sentence in self.told if sentence.given is not None)

    @property
    def facts(self) -> tuple[Sentence, ...]:
        """What is told about the individual."""
        return tuple(sentence for sentence in self.told if sentence.given is None)

    @cached_property
    def id(self) -> str:
        """What the problem is known by: a hash over all that a reader sees of it, the wording's forms included."""
        row = self.to_dict()
        seen = [row[key] for key in ("kinds", "name", "told", "query")]
        return hashlib.sha256(orjson.dumps(seen)).hexdigest()[:16]

    def twin(self) -> OntologyProblem:
        """The polarity twin: the same sentences, the negated query, the other answer."""
        return replace(self, query=~self.query, answer="False" if self.answer == "True" else "True")

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "kinds": [list(kind) for kind in self.kinds],
            "name": self.name,
            "told": [[s.given and _row(s.given), _row(s.then), s.form] for s in self.told],
            "query": [self.query.kind, self.query.holds],
            "answer": self.answer,
            "proof": [[step.kind, step.says and _row(step.says), step.told] for step in self.proof],
            "model": list(self.model),
            **{key: getattr(self, key) for key in _PLAIN},
        }

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> OntologyProblem:
        """The problem of ``to_dict``.

        Raises:
            UserError: a part is missing or of another type, or speaks of an unknown kind.
        """
        try:
            problem = cls(
                tuple(Kind(str(name), str(plural), bool(noun)) for name, plural, noun in row["kinds"]),
                str(row["name"]),
                tuple(Sentence(_optional(given), _formula(then), int(form)) for given, then, form in row["told"]),
                Literal(str(row["query"][0]), bool(row["query"][1])),
                row["answer"],
                tuple(Step(str(kind), _optional(says), int(told)) for kind, says, told in row["proof"]),
                tuple(str(kind) for kind in row["model"]),
                **{key: type_(row[key]) for key, type_ in _PLAIN.items()},
            )
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise UserError(f"this is no ontology problem: {type(error).__name__}: {error}") from None
        problem._check()
        return problem

    def _check(self) -> None:
        known = {kind.name for kind in self.kinds}
        formulas = [f for s in self.told for f in (s.given, s.then)] + [step.says for step in self.proof]
        used = {literal.kind for formula in formulas if formula for literal in formula.literals}
        unknown = (used | {self.query.kind, *self.model}) - known
        if unknown:
            raise UserError(f"this is no ontology problem: the kind {min(unknown)!r} is not among its kinds")
        if self.answer not in ("True", "False") or self.names not in ONTOLOGIES:
            raise UserError(f"this is no ontology problem: answer {self.answer!r}, names {self.names!r}")
        if any(step.kind not in STEPS or not -1 <= step.told < len(self.told) for step in self.proof):
            raise UserError("this is no ontology problem: its proof has a step of no known kind")
        if any((step.kind == "rule") != (step.says is None) for step in self.proof):
            raise UserError("this is no ontology problem: its proof has a step that says nothing")


_PLAIN: dict[str, Any] = {
    "hops": int,
    "deduction": str,
    "names": str,
    "distractors": str,
    "ordering": str,
    "split": str,
    "seed": int,
    "index": int,
}


def _row(formula: Formula) -> list[Any]:
    return [formula.op, [[literal.kind, literal.holds] for literal in formula.literals]]


def _optional(row: Any) -> Formula | None:
    return None if row is None else _formula(row)


def _formula(row: Sequence[Any]) -> Formula:
    op, literals = row
    if op not in ("", "and", "or") or (len(literals) == 1) != (op == "") or not literals:
        raise ValueError(f"no formula: {row!r:.60}")
    return Formula(op, tuple(Literal(str(kind), bool(holds)) for kind, holds in literals))
