"""Ontology problems as items that evaluation takes, and how answers and proofs are scored."""

from __future__ import annotations

from rungwise.ontology.problem import OntologyProblem
from rungwise.ontology.text import prompt
from rungwise.scoring.score import Verdict
from rungwise.suites.published.item import PublishedItem, Truth
from rungwise.suites.published.prontoqa import strict

TASK = "ontology"


def to_item(problem: OntologyProblem) -> PublishedItem:
    """The item that a model gets; ``given`` holds the problem for solvers."""
    where = f"{problem.split} {problem.index}"
    return PublishedItem(
        problem.id, TASK, prompt(problem), Truth(answer=problem.answer), where, {"problem": problem.to_dict()}
    )


def score(text: str, problem: OntologyProblem) -> Verdict:
    """Whether the one final answer of a text is right; its proof is ``check.check``'s matter."""
    return strict(text, to_item(problem))
