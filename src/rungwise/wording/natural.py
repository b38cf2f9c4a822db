"""Problem -> English. The templates here are also what the reader matches, so the two cannot drift apart."""

from __future__ import annotations

import re
from collections.abc import Sequence
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
_SEEN = "Suppose that {X} was {o} and {Y} was {s}. What is the "
_HAD = "probability that, had {X} been {x}, {Y} would have been {y}?"
QUESTIONS = {
    "ATE": "If {X} were set to {x} rather than {o}, " + _LIKELY,
    "CDE": "Hold it fixed that {H}. If {X} were set to {x} rather than {o}, " + _LIKELY,
    "ETT": "Among the cases where {X} is {o}, had {X} been {x} instead, would {Y} have been {D} likely to be {y}?",
    "NDE": "With every mediator left as it is when {X} is {o}, if {X} were set to {x}, " + _LIKELY,
    "NIE": "With {X} left at {o}, if every mediator moved to what it is when {X} is {x}, " + _LIKELY,
    "PN": _SEEN + "{B} bound on the " + _HAD,
    "PS": _SEEN + "{B} bound on the " + _HAD,
}
CDE_WITHOUT_MEDIATORS = "There is no mediator to hold. If {X} were set to {x} rather than {o}, " + _LIKELY

# Where the treatment never lowers the outcome, which the text must say, the probability itself is asked for.
POINTS = {
    "PN": _SEEN + _HAD,
    "PS": _SEEN + _HAD,
    "PNS": "What is the probability that {Y} would be {y} if {X} were set to {x} and would be {s} if {X} were set to "
    "{o}?",
}
# Here o, x and s, y are the values 0 and 1.
MONOTONE = "There is no case in which {Y} would be {y} with {X} set to {o} but {s} with {X} set to {x}."

LACK_LINE = f"If the facts and the graph do not determine the value, the whole answer is {LACK_CONDITION}."
EFFECT_LINE = (
    "Give the value as a number with four decimals or as an arithmetic expression, and whether the answer is yes or "
    'no, in JSON like {"ANSWER": "Yes", "PROB": "0.1234"}:'
)
BOUND_LINE = (
    'Give the value as a number with four decimals or as an arithmetic expression, in JSON like {"PROB": "0.1234"}:'
)

UNWRITABLE = r"[;\n\r]| \(\d+\)|, which can be | directly affects |Question:|Instruction:|^$|^\s|\s$"
_UNWRITABLE = re.compile(UNWRITABLE)


def text(problem: Problem) -> str:
    """The problem in English, with every displayed probability to four decimals, in the problem's order.

    Where ``meta["annotated"]`` is set, labels in facts and question carry letter and value, as in ``low (C=0)``.

    Raises:
        UserError: two events share a name, or a name or label could not be told from the sentence around it.
    """
    q, variables = problem.query, problem.variables
    check_names(variables)
    labels = said_labels(problem)
    says = [[f"{v.name}{VERB}{label}" for label in own] for v, own in zip(variables, labels, strict=True)]
    facts = [_fact(fact, says) for fact in problem.facts]
    if q.bound == "point":
        template = POINTS[q.task]
    else:
        template = CDE_WITHOUT_MEDIATORS if q.task == "CDE" and not q.held else QUESTIONS[q.task]
    held = listed(q.held, says) if q.held else ""
    question = template.format(**contents(problem, labels), H=held, D=q.direction, B=q.bound)
    instruction = INSTRUCTION.format(T=title(q.task), X=variables[q.treatment].name, Y=variables[q.outcome].name)
    monotone = f"{monotone_statement(MONOTONE, problem, labels)}\n" if q.bound == "point" else ""
    return (
        f"{OPENING}{'; '.join(map(_event, variables))}.{_causes(problem)}\n{monotone}{' '.join(facts)}\n"
        f"Instruction: {instruction}\nQuestion: {question}\n"
        f"{LACK_LINE}\n{EFFECT_LINE if q.task in EFFECTS else BOUND_LINE}"
    )


def title(name: str) -> str:
    """As in ``average treatment effect (ATE)``."""
    return f"{task(name).TITLE} ({name})"


def check_names(variables: Sequence[Variable]) -> None:
    """Refuse events that a text could not tell apart.

    Raises:
        UserError: two of them share a name.
    """
    if len({v.name for v in variables}) < len(variables):
        raise UserError("two events of the problem have the same name")


def said_labels(problem: Problem) -> Sequence[Sequence[str]]:
    """Every event's labels as facts and question say them."""
    if not problem.meta.get("annotated"):
        return [v.labels for v in problem.variables]
    return [
        [f"{label} ({letter}={value})" for value, label in enumerate(v.labels)]
        for letter, v in zip(problem.letters, problem.variables, strict=True)
    ]


def contents(problem: Problem, labels: Sequence[Sequence[str]]) -> dict[str, str]:
    """What stands in the holes X, Y, x, o, y and s of a question."""
    q = problem.query
    x, y = labels[q.treatment], labels[q.outcome]
    return {
        "X": problem.variables[q.treatment].name,
        "Y": problem.variables[q.outcome].name,
        "x": x[q.x],
        "o": x[q.x_ref],
        "y": y[q.y],
        "s": y[1 - q.y] if len(y) == 2 else f"not {problem.variables[q.outcome].labels[q.y]}",
    }


def monotone_statement(template: str, problem: Problem, labels: Sequence[Sequence[str]]) -> str:
    """That the treatment never lowers the outcome, in the words of ``template``."""
    q = problem.query
    names, x, y = problem.variables, labels[q.treatment], labels[q.outcome]
    return template.format(X=names[q.treatment].name, Y=names[q.outcome].name, o=x[0], x=x[1], s=y[0], y=y[1])


def listed(pairs: Assignment, says: Sequence[Sequence[str]]) -> str:
    """As in ``a is low, b is high and c is low``; ``says[v][value]`` is the phrase for one event."""
    if len(pairs) == 1:
        ((v, value),) = pairs
        return says[v][value]
    phrases = [says[v][value] for v, value in pairs]
    return f"{', '.join(phrases[:-1])} and {phrases[-1]}"


def _fact(fact: Fact, says: Sequence[Sequence[str]]) -> str:
    target, given = fact.term
    if given:
        return f"{GIVEN}{listed(given, says)}{JOIN}{listed(target, says)} is {fact.value:.4f}."
    return f"{PLAIN}{listed(target, says)} is {fact.value:.4f}."


@lru_cache(maxsize=4096)
def _event(v: Variable) -> str:
    check_words(v, _UNWRITABLE)
    return f"{v.name}{CAN_BE}{numbered(v, ' or ')}"


def check_words(v: Variable, unwritable: re.Pattern[str]) -> None:
    """Refuse an event whose words could not be told from the sentence around them.

    Raises:
        UserError: ``unwritable`` is found in its name or a label, or its labels are too few or not different.
    """
    for word in (v.name, *v.labels):
        if unwritable.search(word):
            raise UserError(f"the name or label {word[:80]!r} cannot be written in a sentence: reword it")
    if len(set(v.labels)) < len(v.labels) or len(v.labels) < 2:
        raise UserError(f"the event {v.name!r} needs two or more different labels")


def numbered(v: Variable, last: str) -> str:
    """As in ``low (0), fair (1) or high (2)``: labels are stated with the values they stand for."""
    said = [f"{label} ({value})" for value, label in enumerate(v.labels)]
    return f"{', '.join(said[:-1])}{last}{said[-1]}"


def _causes(problem: Problem) -> str:
    edges = problem.graph.edges
    if not edges:
        return NO_CAUSES
    names = [v.name for v in problem.variables]
    return f"{CAUSES}{'; '.join([f'{names[a]}{AFFECTS}{names[b]}' for a, b in edges])}."
