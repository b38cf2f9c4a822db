"""The wording of ontology problems: what is told and asked, and the worked solution."""

from __future__ import annotations

from rungwise.ontology.problem import Formula, Kind, OntologyProblem, Sentence, Step
from rungwise.suites.published.prontoqa_logic import Literal

FORMS = 4
"""Wordings of a rule with one condition."""
ASKS = "True or false: "
FORMAT = "Give each step, then True or False on the last line."


def article(word: str) -> str:
    """A word with "a" or "an" before it."""
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


def says(formula: Formula, kinds: dict[str, Kind], plural: bool = False) -> str:
    """A formula after "is" or, of several, after "are"."""

    def part(literal: Literal) -> str:
        kind = kinds[literal.kind]
        said = kind.plural if plural else article(kind.name) if kind.noun else kind.name
        return said if literal.holds else f"not {said}"

    return f" {formula.op} ".join(part(literal) for literal in formula.literals)


def statement(name: str, formula: Formula, kinds: dict[str, Kind]) -> str:
    """What is said of an individual, without a full stop."""
    return f"{name} is {says(formula, kinds)}"


def sentence(told: Sentence, name: str, kinds: dict[str, Kind]) -> str:
    """A told sentence.

    A rule with one condition has four forms; "all ... are not" would be ambiguous, so where something is denied there
    is a plain plural instead.
    """
    if told.given is None:
        return f"{statement(name, told.then, kinds)}."
    if told.given.op:
        lead = "Everything" if told.form < FORMS // 2 else "Anything"
        return f"{lead} that is {says(told.given, kinds)} is {says(told.then, kinds)}."
    kind = kinds[told.given.literals[0].kind]
    if told.form < FORMS // 2:
        return f"{('Each', 'Every')[told.form]} {kind.name} is {says(told.then, kinds)}."
    denied = not all(literal.holds for literal in told.then.literals)
    subject = kind.plural.capitalize() if denied or told.form == FORMS // 2 else f"All {kind.plural}"
    return f"{subject} are {says(told.then, kinds, plural=True)}."


def question(problem: OntologyProblem) -> str:
    """What is told and asked, without the line about the answer's form: the form of the published sets."""
    kinds = {kind.name: kind for kind in problem.kinds}
    told = " ".join(sentence(one, problem.name, kinds) for one in problem.told)
    return f"{told} {ASKS}{statement(problem.name, Formula('', (problem.query,)), kinds)}."


def prompt(problem: OntologyProblem) -> str:
    """The whole text that a model gets."""
    return f"{question(problem)}\n{FORMAT}"


def solution(problem: OntologyProblem) -> str:
    """The proof, a sentence a line, and the answer on the last line."""
    kinds = {kind.name: kind for kind in problem.kinds}
    return "\n".join([*(_line(step, problem, kinds) for step in problem.proof), problem.answer])


_LEADS = {
    "suppose": "Suppose ",
    "case one": "Case one: ",
    "case two": "Case two: ",
    "both cases": "In both cases ",
    "contradiction": "This is a contradiction, so ",
}
"""How sentences begin that open or close a part of a proof."""


def _line(step: Step, problem: OntologyProblem, kinds: dict[str, Kind]) -> str:
    if step.says is None:
        return sentence(problem.told[step.told], problem.name, kinds)
    return f"{_LEADS.get(step.kind, '')}{statement(problem.name, step.says, kinds)}."


LEADS = tuple((lead.lower(), kind) for kind, lead in _LEADS.items())
