"""Reading the paragraph of facts, and splitting a text into its parts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from rungwise.causal.estimand import Assignment, Term
from rungwise.problems.problem import Fact
from rungwise.wording import phrasings_world
from rungwise.wording.reader_events import Events, Pair, unread


class Style(NamedTuple):
    """How facts are worded: ``{given}<list>{join}<list> is 0.1234.`` or ``{plain}<list> is 0.1234.``"""

    given: str
    join: str
    plain: str
    verb: str


RawFact = tuple[list[Pair], list[Pair], float]
"""Target, given, probability; labels still numbered as in Events."""


class Parts(NamedTuple):
    """A text cut at its markers; requests about the answer's form are checked and dropped."""

    head: str
    instruction: str | None
    question: str


# What may follow the question: requests about the form of the answer, which change nothing about the problem. Ours are
# known word for word, those of others by how they begin.
_OWN_LINES = frozenset((*phrasings_world.LACK_LINES, *phrasings_world.EFFECT_LINES, *phrasings_world.BOUND_LINES))
ANSWER_FORM = (
    "Provide ", "Present ", "Give ", "Answer ", "Output ", "Respond ", "Please ", "Let's think ", "If the condition ",
    "If the facts ",
)  # fmt: skip
_SENTENCE_END = re.compile(r"\n|(?<=[.!]) |(?<=\}:) ")


def parts(text: str) -> Parts:
    """Cut a text into world and facts, instruction (None when there is none) and question.

    Raises:
        Unread: there is no question or more than one, or something unknown follows it.
    """
    head, marker, rest = text.partition("Question:")
    if not marker or "Question:" in rest:
        raise unread("a text without one part that starts with Question:", text)
    question, mark, trailer = rest.rpartition("?")
    if not mark:
        raise unread("a question without a question mark", rest)
    foreign = "\n".join([line for line in trailer.split("\n") if line not in _OWN_LINES])
    for sentence in _SENTENCE_END.split(foreign):
        if sentence and not sentence.isspace() and not sentence.lstrip().startswith(ANSWER_FORM):
            raise unread("this after the question", sentence)
    head, marker, instruction = head.partition("Instruction:")
    return Parts(head.strip(), instruction.strip() if marker else None, question.strip() + "?")


@lru_cache(maxsize=8)
def _number(style: Style) -> re.Pattern[str]:
    """`` is 0.1234.`` where another fact or the end follows."""
    follows = "|".join(map(re.escape, (style.given, style.plain)))
    return re.compile(rf" is ([-+]?\d++(?:\.\d++)?(?:[eE][-+]?\d++)?)\.?\s*+(?={follows}|\Z)")


def raw_facts(paragraph: str, style: Style, events: Events) -> list[RawFact]:
    """Every fact of a paragraph, in order.

    Raises:
        Unread: a sentence is not a fact in this style, or names an event or label that does not exist.
    """
    *pieces, tail = _number(style).split(paragraph.strip())
    if tail:
        raise unread("this as a fact", tail)
    out: list[RawFact] = []
    for sentence, number in zip(pieces[::2], pieces[1::2], strict=True):
        if sentence.startswith(style.given):
            given, found, target = sentence[len(style.given) :].partition(style.join)
            if not found:
                raise unread("this as a fact", sentence)
            before = events.pairs(given, style.verb)  # first, so that labels are numbered in the order of the text
            out.append((events.pairs(target, style.verb), before, float(number)))
        elif sentence.startswith(style.plain):
            out.append((events.pairs(sentence[len(style.plain) :], style.verb), [], float(number)))
        else:
            raise unread("this as a fact", sentence)
    return out


def assignment(pairs: Sequence[Pair], values: Sequence[Sequence[int]]) -> Assignment:
    """The pairs sorted by event, with ``values[v][number]`` for each label."""
    return tuple(sorted([(v, values[v][number]) for v, number in pairs]))


def facts(raw: Sequence[RawFact], values: Sequence[Sequence[int]], events: Events) -> tuple[Fact, ...]:
    """Facts over values, in order; one that is repeated word for word counts once.

    Raises:
        Unread: an event has two values in one fact.
    """
    out: dict[Fact, None] = {}
    for target, given, number in raw:
        if len(dict(target + given)) < len(target) + len(given):
            said = ", ".join(events.names[v] for v, _ in target + given)
            raise unread("a fact that gives one event two values", said)
        out[Fact(Term(assignment(target, values), assignment(given, values)), number)] = None
    return tuple(out)
