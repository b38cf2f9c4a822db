"""Whether a rewording still says what a sentence of our natural view said.

The text is taken apart into its sentences: each event with its values, each direct cause, each fact, instruction and
question. A rewording is accepted sentence by sentence, and only where it is in one of the forms of
``fidelity_phrases`` for exactly this content: these names verbatim, these labels beside these names, this number to
the digit, cause and effect, condition and target, direction, new and reference value, and bound as they were. Words
that are in no form are refused, whatever they mean, so commentary, hedges and negations cannot come in. The check sees
single sentences: style, grammar and a flow that hints at something between the sentences are not judged.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from rungwise.causal.estimand import Assignment
from rungwise.errors import UserError
from rungwise.problems.problem import Fact, Problem, Variable
from rungwise.wording import natural
from rungwise.wording.fidelity_masks import (
    END_OF_PAIRS,
    FIRST_NAME,
    FIRST_PAIR,
    LAST,
    NUMBER,
    Sentence,
    Wanted,
    capital,
    mask_names,
)
from rungwise.wording.reader import Unread, read

__all__ = ["LONGER", "Refusal", "Sentence", "assemble", "check", "compare", "sentences"]

LONGER = 4
"""A rewording has at most so many times the characters of its sentence."""

_EVENTS = " The events: "
_GLUE = re.compile(r"[a-z ,.;:?'()\ue000-\uf8ff-]*")
_NEGATION = re.compile(r"\b(?:not|no|never|neither|nor|without|unless|except|hardly|barely|rarely|cannot|\w+n't)\b")
_UP = re.compile(r"\b(?:more|higher|greater|larger|increase|raise|rise)\b")
_DOWN = re.compile(r"\b(?:less|lower|smaller|decrease|reduce|fall|drop)\b")
_ADVICE = {
    "event": "state the event and all its values with their numbers, and nothing else",
    "cause": "say plainly that the cause has a direct effect on the effect, and nothing else",
    "fact": "say plainly which chance it is, under which condition, and its number, and nothing else",
    "instruction": "say plainly what is to be worked out, and nothing else",
    "question": "ask plainly, with every part of the condition in it, and nothing else",
}


class Refusal(NamedTuple):
    """Why a rewording is not taken: names, labels, numbers, polarity, structure, length, unchanged or reader."""

    code: str
    why: str


def sentences(problem: Problem) -> tuple[Sentence, ...]:
    """What of the problem's natural text is to be reworded, in its order.

    Raises:
        UserError: the problem's wording has other parts than these, or two values differ by capitals only.
    """
    q, variables = problem.query, problem.variables
    lines = natural.text(problem).split("\n")
    facts = [_fact(fact, variables) for fact in problem.facts]
    seen = q.bound is None or (q.bound != "point" and len(variables[q.outcome].labels) == 2)
    if len(lines) != 6 or not seen or _EVENTS not in lines[0] or lines[1] != " ".join(facts):
        kind = f"{q.task} as a point" if q.bound == "point" else q.task
        raise UserError(f"this kind of problem ({kind}), or labels that carry letter and value, can't be reworded")
    out = []
    for v, variable in enumerate(variables):
        if len({label.lower() for label in variable.labels}) < len(variable.labels):
            raise UserError(f"the values of {variable.name[:80]!r} differ by capitals only; they can't be told apart")
        values = [f"{label} ({value})" for value, label in enumerate(variable.labels)]
        out.append(Sentence("event", f"{capital(variable.name)} can be {', '.join(values[:-1])} or {values[-1]}.", v))
    for i, (a, b) in enumerate(problem.graph.edges):
        text = f"{capital(variables[a].name)} directly affects {variables[b].name}."
        out.append(Sentence("cause", text, i))
    out += [Sentence("fact", text, i) for i, text in enumerate(facts)]
    out.append(Sentence("instruction", lines[2].removeprefix("Instruction: ")))
    out.append(Sentence("question", lines[3].removeprefix("Question: ")))
    return tuple(out)


def assemble(problem: Problem, wordings: Sequence[str]) -> str:
    """The problem's text with its sentences (see ``sentences``) reworded; the rest stands as it did."""
    lines = natural.text(problem).split("\n")
    opening = lines[0].partition(_EVENTS)[0]
    events, edges = len(problem.variables), len(problem.graph.edges)
    world = " ".join((opening, *wordings[: events + edges], *(() if edges else (natural.NO_CAUSES.strip(),))))
    facts = " ".join(wordings[events + edges : -2])
    return "\n".join((world, facts, f"Instruction: {wordings[-2]}", f"Question: {wordings[-1]}", *lines[4:]))


def compare(problem: Problem, text: str) -> bool | None:
    """Whether the reader finds the same problem in the whole text; None where it can't read it."""
    try:
        said = read(text)
    except Unread:
        return None
    except UserError:  # understood, and no problem at all
        return False
    names = [v.name for v in said.variables] == [v.name for v in problem.variables]
    same = said.graph == problem.graph and said.query == problem.query and set(said.facts) == set(problem.facts)
    return names and same


def check(problem: Problem, sentence: Sentence, reworded: str) -> Refusal | None:
    """Why ``reworded`` is not taken for ``sentence`` (one of ``sentences(problem)``); None where it is."""
    if len(reworded) > max(LONGER * len(sentence.text), 80):
        return Refusal("length", f"it has {len(reworded)} characters, the sentence has {len(sentence.text)}")
    end = "?" if sentence.kind == "question" else "."
    if not reworded.isprintable() or reworded != " ".join(reworded.split()):
        return Refusal("structure", "it is not one line of plain text")
    if any(FIRST_NAME <= ord(letter) <= LAST for letter in reworded):
        return Refusal("structure", "it has letters of no alphabet")
    if reworded.casefold() == sentence.text.casefold():
        return Refusal("unchanged", "it is the sentence itself")
    if not reworded.endswith(end):
        return Refusal("structure", f"it does not end with {end!r}")
    masked = mask_names(reworded[:-1], problem.variables)
    wanted = Wanted.of(problem, sentence)
    seen = {ord(letter) - FIRST_NAME for letter in masked if FIRST_NAME <= ord(letter) < FIRST_PAIR}
    if seen != wanted.names:
        wrong = sorted(problem.variables[v].name for v in seen ^ wanted.names)
        return Refusal("names", f"these names are missing or too many: {'; '.join(wrong)}")
    said = wanted.tokens(masked, problem.variables)
    if wanted.pattern.fullmatch(said):
        return None
    return _explained(problem, sentence, masked, said, wanted)


def _explained(problem: Problem, sentence: Sentence, masked: str, said: str, wanted: Wanted) -> Refusal:
    """The likeliest reason why a rewording is in no known form; it is refused whatever the reason."""
    q, source = problem.query, mask_names(sentence.text[:-1], problem.variables)
    numbers = NUMBER.findall(source)
    if sorted(NUMBER.findall(masked)) != sorted(numbers) or "%" in masked or "percent" in masked:
        return Refusal("numbers", f"its numbers must be exactly these: {', '.join(numbers) or 'none'}")
    denied = set(_NEGATION.findall(masked)) - set(_NEGATION.findall(source))
    if sentence.kind == "question" and q.bound is None:
        denied |= set((_UP if q.direction == "less" else _DOWN).findall(masked))
    if sentence.kind == "question" and q.bound is not None and q.bound not in masked:
        return Refusal("polarity", f"ask for the {q.bound} bound")
    if denied:
        return Refusal("polarity", f"say it without the words {', '.join(sorted(denied))}")
    for v in wanted.names:
        for label in problem.variables[v].labels:
            word = re.compile(rf"(?<![\w-]){re.escape(label.lower())}(?![\w-])")
            if bool(word.search(masked)) != bool(word.search(source)):
                return Refusal("labels", f"the values of {problem.variables[v].name!r} must be those of the sentence")
    if any(FIRST_PAIR <= ord(letter) < END_OF_PAIRS for letter in said):
        return Refusal("labels", "each name must have the value it had, and be given or asked about as it was")
    if not _GLUE.fullmatch(said):
        return Refusal("structure", "it has signs that do not belong into such a sentence")
    return Refusal("structure", _ADVICE[sentence.kind])


def _fact(fact: Fact, variables: Sequence[Variable]) -> str:
    target, given = (_listed(pairs, variables) for pairs in fact.term)
    text = f"When {given}, the chance that {target}" if given else f"The chance that {target}"
    return f"{text} is {fact.value:.4f}."


def _listed(pairs: Assignment, variables: Sequence[Variable]) -> str:
    said = [f"{variables[v].name} is {variables[v].labels[value]}" for v, value in pairs]
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}" if said else ""
