"""Problem -> English. The templates here are also what the reader matches, so the two cannot drift apart."""

from __future__ import annotations

import re
from functools import lru_cache

from rungwise.causal.estimand import Assignment
from rungwise.errors import UserError
from rungwise.problems.problem import EFFECTS, LACK_CONDITION, Fact, Problem, Variable
from rungwise.problems.tasks import task

OPENING = (
    "Input Info: A small world is described in full: it holds the events below and nothing else, and every direct "
    "cause is stated. The events: "
)
CAN_BE = ", which can be "
CAUSES = " The direct causes: "
AFFECTS = " directly affects "
NO_CAUSES = " No event directly affects another."
GIVEN, JOIN, PLAIN, VERB = "When ", ", the chance that ", "The chance that ", " is "
INSTRUCTION = "Work out the {T} of {X} on {Y}."

# X, Y: names. x: the value asked about, o: the one it is compared with or that was seen, y: the outcome's,
# s: the outcome's as seen, H: the held mediators, D: more or less, B: lower or upper, T: title and task.
_LIKELY = "would {Y} be {D} likely to be {y}?"
_BOUND = "Suppose that {X} was {o} and {Y} was {s}. What is the {B} bound on the probability that, "
QUESTIONS = {
    "ATE": "If {X} were set to {x} rather than {o}, " + _LIKELY,
    "CDE": "Hold it fixed that {H}. If {X} were set to {x} rather than {o}, " + _LIKELY,
    "ETT": "Among the cases where {X} is {o}, had {X} been {x} instead, would {Y} have been {D} likely to be {y}?",
    "NDE": "With every mediator left as it is when {X} is {o}, if {X} were set to {x}, " + _LIKELY,
    "NIE": "With {X} left at {o}, if every mediator moved to what it is when {X} is {x}, " + _LIKELY,
    "PN": _BOUND + "had {X} been {x}, {Y} would have been {y}?",
    "PS": _BOUND + "had {X} been {x}, {Y} would have been {y}?",
}
CDE_WITHOUT_MEDIATORS = "There is no mediator to hold. If {X} were set to {x} rather than {o}, " + _LIKELY

LACK_LINE = f"If the facts and the graph do not determine the value, the whole answer is {LACK_CONDITION}."
EFFECT_LINE = (
    "Give the value as a number with four decimals or as an arithmetic expression, and whether the answer is yes or "
    'no, in JSON like {"ANSWER": "Yes", "PROB": "0.1234"}:'
)
BOUND_LINE = (
    'Give the value as a number with four decimals or as an arithmetic expression, in JSON like {"PROB": "0.1234"}:'
)

_UNWRITABLE = re.compile(r"[;\n\r]| \(\d+\)|, which can be | directly affects |Question:|Instruction:|^$|^\s|\s$")


def text(problem: Problem) -> str:
    """The problem in English, with every displayed probability to four decimals, in the problem's order.

    Raises:
        UserError: two events share a name, or a name or label could not be told from the sentence around it.
    """
    q, variables = problem.query, problem.variables
    if len({v.name for v in variables}) < len(variables):
        raise UserError("two events of the problem have the same name")
    says = [[f"{v.name}{VERB}{label}" for label in v.labels] for v in variables]
    facts = [_fact(fact, says) for fact in problem.facts]
    treatment, outcome = variables[q.treatment], variables[q.outcome]
    instruction = INSTRUCTION.format(T=f"{task(q.task).TITLE} ({q.task})", X=treatment.name, Y=outcome.name)
    return (
        f"{OPENING}{'; '.join(map(_event, variables))}.{_causes(problem)}\n{' '.join(facts)}\n"
        f"Instruction: {instruction}\nQuestion: {_question(problem, says)}\n"
        f"{LACK_LINE}\n{EFFECT_LINE if q.task in EFFECTS else BOUND_LINE}"
    )


def _listed(pairs: Assignment, says: list[list[str]]) -> str:
    """As in ``a is low, b is high and c is low``; ``says[v][value]`` is the phrase for one event."""
    phrases = [says[v][value] for v, value in pairs]
    return phrases[0] if len(phrases) == 1 else f"{', '.join(phrases[:-1])} and {phrases[-1]}"


def _fact(fact: Fact, says: list[list[str]]) -> str:
    target, given = fact.term
    if given:
        return f"{GIVEN}{_listed(given, says)}{JOIN}{_listed(target, says)} is {fact.value:.4f}."
    return f"{PLAIN}{_listed(target, says)} is {fact.value:.4f}."


@lru_cache(maxsize=4096)
def _event(v: Variable) -> str:
    """As in ``a, which can be low (0) or high (1)``: labels are stated with the values they stand for."""
    for word in (v.name, *v.labels):
        if _UNWRITABLE.search(word):
            raise UserError(f"the name or label {word[:80]!r} cannot be written in a sentence: reword it")
    if len(set(v.labels)) < len(v.labels) or len(v.labels) < 2:
        raise UserError(f"the event {v.name!r} needs two or more different labels")
    numbered = [f"{label} ({value})" for value, label in enumerate(v.labels)]
    return f"{v.name}{CAN_BE}{', '.join(numbered[:-1])} or {numbered[-1]}"


def _causes(problem: Problem) -> str:
    edges = problem.graph.edges
    if not edges:
        return NO_CAUSES
    names = [v.name for v in problem.variables]
    return f"{CAUSES}{'; '.join([f'{names[a]}{AFFECTS}{names[b]}' for a, b in edges])}."


def _question(problem: Problem, says: list[list[str]]) -> str:
    q = problem.query
    treatment, outcome = problem.variables[q.treatment], problem.variables[q.outcome]
    template = CDE_WITHOUT_MEDIATORS if q.task == "CDE" and not q.held else QUESTIONS[q.task]
    asked = outcome.labels[q.y]
    return template.format(
        X=treatment.name,
        x=treatment.labels[q.x],
        o=treatment.labels[q.x_ref],
        Y=outcome.name,
        y=asked,
        s=outcome.labels[1 - q.y] if len(outcome.labels) == 2 else f"not {asked}",
        H=_listed(q.held, says) if q.held else "",
        D=q.direction,
        B=q.bound,
    )
