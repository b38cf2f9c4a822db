"""Problem -> English in which every sentence is drawn from a dozen phrasings, independently of the others.

The text is ``natural``'s in another wording: a line with the events, one with the direct causes, one that says (where
it holds) that the treatment never lowers the outcome, one with the facts, the instruction, the question, and two about
the answer. Names, labels and numbers stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from random import Random

from rungwise.problems.problem import EFFECTS, Fact, Problem, Variable
from rungwise.wording import natural, phrasings_causation, phrasings_effects, phrasings_facts, phrasings_world
from rungwise.wording.natural import check_words, listed, numbered

VERBS = (" is ", " being ")
"""The verb of lists in the upper case holes T, G, H, and of those in the lower case ones."""

QUESTIONS = {
    "ATE": phrasings_effects.ATE,
    "CDE": phrasings_effects.CDE,
    "CDE without mediators": phrasings_effects.CDE_WITHOUT_MEDIATORS,
    "ETT": phrasings_effects.ETT,
    "NDE": phrasings_effects.NDE,
    "NIE": phrasings_effects.NIE,
    "PN": phrasings_causation.PN,
    "PS": phrasings_causation.PS,
    "PNS": phrasings_causation.PNS,
}

LINKS = tuple(re.split(r"\{[AB]\}", template)[1] for template in phrasings_world.CAUSE)
"""For each phrasing of a direct cause what stands between the two events."""

_MARKS = "[\ue000-\uf8ff]"  # the reader puts these for phrases
_SAID = (*LINKS, *(said for said, _ in phrasings_world.EVENT))
_UNWRITABLE = re.compile("|".join([natural.UNWRITABLE, _MARKS, *map(re.escape, _SAID)]))
_DIRECTIONS = {
    word: {hole: words[i] for hole, words in phrasings_effects.DIRECTIONS.items()}
    for i, word in enumerate(("more", "less"))
}

_FACTS = {
    kind: [
        (template.replace("{t}", "{T}").replace("{g}", "{G}"), "{t}" in template, "{g}" in template)
        for template in said
    ]
    for kind, said in phrasings_facts.KINDS.items()
}
"""Kind of fact -> its phrasings, each with the numbers of its targets' and its condition's verb."""

Says = Sequence[Sequence[Sequence[str]]]
"""For each verb, event and value the phrase for it."""


def text(problem: Problem, dice: Random, instruction: bool = True) -> str:
    """The problem in the phrasings that ``dice`` draws.

    Args:
        instruction: without it the question alone says which task it is.

    Raises:
        UserError: two events share a name, or a name or label could not be told from the sentence around it.
    """
    q, variables = problem.query, problem.variables
    natural.check_names(variables)
    labels = natural.said_labels(problem)
    both = list(zip(variables, labels, strict=True))
    says = [[[f"{v.name}{verb}{label}" for label in own] for v, own in both] for verb in VERBS]
    lines = [_world(variables, dice), _causes(problem, dice)]
    if q.bound == "point":
        lines.append(natural.monotone_statement(dice.choice(phrasings_world.MONOTONE), problem, labels))
    lines.append(" ".join([_fact(fact, says, dice) for fact in problem.facts]))
    said = natural.contents(problem, labels)
    if instruction:
        wanted = dice.choice(phrasings_world.INSTRUCTIONS).format(**said, T=natural.title(q.task))
        lines.append(f"Instruction: {wanted}")
    lines.append(f"Question: {_question(problem, said, says, dice)}")
    lines.append(dice.choice(phrasings_world.LACK_LINES))
    lines.append(dice.choice(phrasings_world.EFFECT_LINES if q.task in EFFECTS else phrasings_world.BOUND_LINES))
    return "\n".join(lines)


def _world(variables: Sequence[Variable], dice: Random) -> str:
    events = "; ".join([_event(v, *dice.choice(phrasings_world.EVENT)) for v in variables])
    return f"{dice.choice(phrasings_world.OPENINGS)} {dice.choice(phrasings_world.EVENTS)}{events}."


@lru_cache(maxsize=1 << 14)
def _event(v: Variable, said: str, last: str) -> str:
    check_words(v, _UNWRITABLE)
    return f"{v.name}{said}{numbered(v, last)}"


def _causes(problem: Problem, dice: Random) -> str:
    edges, names = problem.graph.edges, [v.name for v in problem.variables]
    if not edges:
        return dice.choice(phrasings_world.NO_CAUSES)
    said = [dice.choice(phrasings_world.CAUSE).format(A=names[a], B=names[b]) for a, b in edges]
    return f"{dice.choice(phrasings_world.CAUSES)}{'; '.join(said)}."


def _fact(fact: Fact, says: Says, dice: Random) -> str:
    target, given = fact.term
    template, verb, other = dice.choice(_FACTS[len(target) > 1, bool(given)])
    condition = listed(given, says[other]) if given else ""
    return template.format(T=listed(target, says[verb]), G=condition, N=f"{fact.value:.4f}")


def _question(problem: Problem, said: dict[str, str], says: Says, dice: Random) -> str:
    q = problem.query
    template = dice.choice(QUESTIONS["CDE without mediators" if q.task == "CDE" and not q.held else q.task])
    if q.held:
        said = {**said, "H": listed(q.held, says[0]), "h": listed(q.held, says[1])}
    quantity = phrasings_causation.QUANTITIES[q.bound] if q.bound else ""
    return template.format(**said, **_DIRECTIONS[q.direction], Q=quantity)
