"""Matching a sentence against a template with named holes, as in ``If {X} is changed to be {x}, will {Y} be ...?``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from rungwise.problems.problem import TASKS
from rungwise.problems.tasks import POINT_TASKS
from rungwise.wording.natural import title
from rungwise.wording.phrasings_causation import QUANTITIES
from rungwise.wording.phrasings_effects import DIRECTIONS
from rungwise.wording.reader_events import Events, Pair, Unread, unread

TITLES = {title(name): name for name in (*TASKS, *POINT_TASKS)}

# A literal may stand inside a name too; after this many places where the hole does not fit, it is no match.
_TRIES = 50
_ALL_TRIES = 400


@dataclass
class Holes:
    """What stood in the holes of a template; a hole that is met twice must hold the same twice.

    ``negated`` is the label in hole s where that reads "not" and a label.
    """

    X: int = -1
    Y: int = -1
    x: int = -1
    o: int | None = None
    y: int = -1
    s: int | None = None
    negated: int | None = None
    H: tuple[Pair, ...] = ()
    D: str = "more"
    B: str | None = None
    T: str | None = None
    O: tuple[Pair, ...] = ()


@lru_cache(maxsize=1024)
def _compiled(template: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    first, *rest = re.split(r"\{(\w)\}", template)
    return first, tuple(zip(rest[::2], rest[1::2], strict=True))


def match(template: str, sentence: str, events: Events, verb: str) -> Holes:
    """The contents of the holes; ``verb`` is that of the lists in holes H and O.

    Holes: X, Y names; x, o labels of X; y, s labels of Y; H, O lists of pairs, h one with the verb "being"; D more or
    less, and the other words of ``DIRECTIONS``; B lower or upper; Q one of ``QUANTITIES``; T title and code of a task.

    Raises:
        Unread: the sentence does not have this form, or names an event or label that does not exist.
    """
    first, parts = _compiled(template)
    if not sentence.startswith(first):
        raise unread(f"this as {first.strip()!r} ...", sentence)
    found, furthest, tries = Holes(), (0, len(first)), 0

    def fits(i: int, at: int) -> bool:
        nonlocal furthest, tries
        if i == len(parts):
            return True
        furthest = max(furthest, (i, at))
        hole, literal = parts[i]
        field = _FIELDS.get(hole, hole)
        before = getattr(found, field)
        last = i == len(parts) - 1
        end = len(sentence) - len(literal) if last and sentence.endswith(literal) else -1
        if not last:
            end = sentence.find(literal, at)
        here = 0
        while end >= at and here < _TRIES and tries < _ALL_TRIES:
            here, tries = here + 1, tries + 1
            if _fill(found, hole, sentence[at:end], events, verb):
                if fits(i + 1, end + len(literal)):
                    return True
                setattr(found, field, before)
                if not events.closed:  # what was taken for a label has become one
                    return False
            end = -1 if last else sentence.find(literal, end + 1)
        return False

    if not fits(0, len(first)):
        hole, at = parts[furthest[0]][0], furthest[1]
        raise unread(f"the {_MEANING[_FIELDS.get(hole, hole)]} in this sentence", sentence[at:] or sentence)
    return found


def agreed(template: str, instruction: str, form: str, asked: Holes, events: Events) -> str:
    """The task that the instruction names, where it agrees with what the question asks in the form of task ``form``.

    Raises:
        Unread: the instruction is not understood or contradicts the question.
    """
    told = match(template, instruction, events, "")
    named = told.T or ""
    same_words = ("PN", "PS")  # one question may stand for both
    if named != form and not (named in same_words and form in same_words):
        raise unread("an instruction for another task than the question's", instruction)
    if (told.X, told.Y) != (asked.X, asked.Y):
        raise unread("an instruction about other events than the question's", instruction)
    return named


def check_monotone(told: Holes, asked: Holes, statement: str) -> None:
    """Refuse a statement that the treatment never lowers the outcome where it is about other events or values than
    0 and 1 of the question's.

    Raises:
        Unread: it is.
    """
    if (told.X, told.Y, told.o, told.x, told.s, told.y) != (asked.X, asked.Y, 0, 1, 0, 1):
        raise unread("this as the question's treatment never lowering its outcome", statement)


def check_seen(asked: Holes, question: str) -> None:
    """Refuse a question whose outcome value is not another one than its other outcome value.

    Raises:
        Unread: it is not.
    """
    if asked.s == asked.y or (asked.s is None and asked.negated not in (None, asked.y)):
        raise unread("an outcome that would have been what it was", question)


_FIELDS = {**dict.fromkeys(DIRECTIONS, "D"), "Q": "B", "h": "H"}
"""Hole -> the field of Holes that it fills, where it is another one."""

_WORDS: dict[str, dict[str, str]] = {
    "B": {"lower": "lower", "upper": "upper"},
    "Q": {words: bound for bound, words in QUANTITIES.items()},
    "T": TITLES,
    **{hole: {more: "more", less: "less"} for hole, (more, less) in DIRECTIONS.items()},
}
_MEANING = {
    "X": "treatment", "Y": "outcome", "x": "treatment's value", "o": "treatment's other value",
    "y": "outcome's value", "s": "outcome's observed value", "H": "held events", "O": "observed events",
    "D": "direction (more or less)", "B": "bound (lower or upper)", "T": "task",
}  # fmt: skip


def _fill(found: Holes, hole: str, content: str, events: Events, verb: str) -> bool:
    if hole in "XY":
        v, before = events.find(content), getattr(found, hole)
        if v is None or before not in (-1, v):
            return False
        setattr(found, hole, v)
        return True
    if hole in "xoys":
        v, before = (found.X if hole in "xo" else found.Y), getattr(found, hole)
        number = events.label(v, content)
        if hole == "s" and number is None and content.startswith("not "):
            found.negated = events.label(v, content[4:])
            return found.negated is not None
        if number is None or before not in (-1, None, number):
            return False
        setattr(found, hole, number)
        return True
    if hole in "HhO":
        try:
            setattr(found, hole.upper(), tuple(events.pairs(content, " being " if hole == "h" else verb)))
        except Unread:
            if not events.closed:
                raise
            return False
        return True
    word = _WORDS[hole].get(content)
    if word is None:
        return False
    setattr(found, _FIELDS.get(hole, hole), word)
    return True
