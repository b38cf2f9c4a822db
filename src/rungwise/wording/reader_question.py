"""Matching a sentence against a template with named holes, as in ``If {X} is changed to be {x}, will {Y} be ...?``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from rungwise.problems.problem import TASKS
from rungwise.problems.tasks import task
from rungwise.wording.reader_events import Events, Pair, unread

TITLES = {f"{task(name).TITLE} ({name})": name for name in TASKS}

# A literal may stand inside a name too; after this many places where the hole does not fit, it is no match.
_TRIES = 50


@dataclass
class Holes:
    """What stood in the holes of a template; a name that is met twice must be the same event twice."""

    X: int = -1
    Y: int = -1
    x: int = -1
    o: int | None = None
    y: int = -1
    s: int | None = None
    H: tuple[Pair, ...] = ()
    D: str = "more"
    B: str | None = None
    T: str | None = None
    O: tuple[Pair, ...] = ()


@lru_cache(maxsize=64)
def _compiled(template: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    first, *rest = re.split(r"\{(\w)\}", template)
    return first, tuple(zip(rest[::2], rest[1::2], strict=True))


def match(template: str, sentence: str, events: Events, verb: str) -> Holes:
    """The contents of the holes; ``verb`` is that of the lists in holes H and O.

    Holes: X, Y names; x, o labels of X; y, s labels of Y; H, O lists of pairs; D more or less; B lower or
    upper; T title and code of a task.

    Raises:
        Unread: the sentence does not have this form, or names an event or label that does not exist.
    """
    first, parts = _compiled(template)
    if not sentence.startswith(first):
        raise unread(f"this as {first.strip()!r} ...", sentence)
    found, at = Holes(), len(first)
    for i, (hole, literal) in enumerate(parts):
        if i == len(parts) - 1:
            ends = [len(sentence) - len(literal)] if sentence.endswith(literal) else []
        else:
            ends = []
            end = sentence.find(literal, at)
            while end >= 0 and len(ends) < _TRIES:
                ends.append(end)
                end = sentence.find(literal, end + 1)
        for end in ends:
            if end >= at and _fill(found, hole, sentence[at:end], events, verb):
                at = end + len(literal)
                break
        else:
            raise unread(f"the {_MEANING[hole]} in this sentence", sentence[at:] or sentence)
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
        v = found.X if hole in "xo" else found.Y
        number = events.label(v, content)
        if hole == "s" and number is None and content.startswith("not "):
            return events.label(v, content[4:]) is not None
        setattr(found, hole, number)
        return number is not None
    if hole in "HO":
        setattr(found, hole, tuple(events.pairs(content, verb)))
        return True
    allowed = {"D": ("more", "less"), "B": ("lower", "upper"), "T": TITLES}[hole]
    if content not in allowed:
        return False
    setattr(found, hole, TITLES[content] if hole == "T" else content)
    return True
