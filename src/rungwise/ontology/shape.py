"""The shape of a theory with its query: what is left of it without names, which decides its split."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from rungwise.ontology.problem import Formula, Sentence

RULES = ("theory", "order")
"""What must differ between splits: the theory, whatever the order of its sentences; or the theory as it is told, where
without distractors there are too few theories to divide (one chain for each number of hops and sign)."""


def theory_shape(told: Sequence[Sentence], asked: str) -> str:
    """The same for theories that differ in the names of kinds and the order of sentences only.

    Colour refinement (Weisfeiler & Lehman 1968): a kind's colour is where it stands in which sentences, among kinds of
    which colours. Different theories may in principle get one shape; then they are in one split, which does no harm.
    The query's "not" plays no part, so polarity twins stay together.

    Args:
        asked: the kind that the query is about.
    """
    kinds = sorted({kind for sentence in told for kind in _kinds(sentence)} | {asked})
    colours = {kind: str(kind == asked) for kind in kinds}
    for _ in kinds:
        seen: dict[str, list[str]] = {kind: [] for kind in kinds}
        for sentence in told:
            whole = _coloured(sentence, colours)
            for part, formula in (("given", sentence.given), ("then", sentence.then)):
                for literal in formula.literals if formula else ():
                    seen[literal.kind].append(f"{part} {literal.holds} {whole}")
        before = len(set(colours.values()))
        colours = {kind: _digest([colours[kind], *sorted(seen[kind])]) for kind in kinds}
        if len(set(colours.values())) == before:
            break
    return "theory:" + _digest(sorted(_coloured(sentence, colours) for sentence in told))


def order_shape(told: Sequence[Sentence], asked: str) -> str:
    """The same for theories that are told in the same order and differ in the names of kinds only."""
    numbers: dict[str, str] = {}
    for sentence in told:
        for kind in _kinds(sentence):
            numbers.setdefault(kind, str(len(numbers)))
    return "order:" + _digest([*(_coloured(sentence, numbers, False) for sentence in told), numbers[asked]])


def _kinds(sentence: Sentence) -> list[str]:
    formulas = (sentence.given, sentence.then) if sentence.given else (sentence.then,)
    return [literal.kind for formula in formulas for literal in formula.literals]


def _coloured(sentence: Sentence, colours: dict[str, str], free: bool = True) -> str:
    """A sentence with colours for kinds; ``free``: the parts of an "and" or "or" in an order of their own."""

    def said(formula: Formula | None) -> str:
        if formula is None:
            return "fact"
        parts = [f"{'' if literal.holds else '-'}{colours[literal.kind]}" for literal in formula.literals]
        return f"{formula.op}({','.join(sorted(parts) if free else parts)})"

    return f"{said(sentence.given)}>{said(sentence.then)}"


def _digest(parts: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:20]
