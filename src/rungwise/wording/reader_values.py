"""Which label of an event is value 0 and which is value 1, for texts that do not say so of every label.

Any numbering gives the same answer, as it is used throughout the problem; this one is stable and, where words
such as low and high allow it, the natural one.
"""

from __future__ import annotations

from rungwise.problems.problem import Variable
from rungwise.wording.reader_events import Events, Unread
from rungwise.wording.reader_question import Holes

_OPPOSITES = (
    ("low", "high"), ("no", "yes"), ("not", "always"), ("poor", "good"), ("bad", "excellent"), ("small", "large"),
    ("little", "much"), ("few", "many"), ("scarce", "abundant"), ("limited", "plentiful"), ("weak", "strong"),
    ("cold", "hot"), ("light", "heavy"), ("short", "long"), ("negative", "positive"), ("absent", "present"),
    ("slow", "fast"), ("late", "early"), ("false", "true"), ("narrow", "wide"), ("off", "on"), ("rare", "frequent"),
    ("minimal", "ample"), ("closed", "open"), ("rejected", "accepted"), ("dry", "wet"), ("dark", "bright"),
    ("mild", "severe"), ("meager", "substantial"), ("inadequate", "adequate"), ("insufficient", "sufficient"),
)  # fmt: skip
LOW = frozenset(low for low, _ in _OPPOSITES)
HIGH = frozenset(high for _, high in _OPPOSITES)


def are_opposites(a: str, b: str) -> bool:
    """Whether two labels are known to exclude each other, rather than being two words for one value."""
    a, b = sorted((a, b), key=lambda label: label in HIGH)
    return (a in LOW and b in HIGH) or a.endswith(b) or b.endswith(a) or {a, b} == {"0", "1"}


def numbered(events: Events, task: str, asked: Holes) -> tuple[tuple[Variable, ...], list[list[int]]]:
    """The variables, and for each of them the value of every label in the order of its first appearance.

    What decides, first to last: the numbers of the text (``low (C=0)``), words such as low and high, a prefix that
    denies the other label, PN being asked of those with both values 1 and PS of those with both 0, and the order of
    appearance. A label that is never mentioned is called after the other one; an event without any label has the
    labels 0 and 1.

    Raises:
        Unread: an event has three labels, or its numbers are not 0 and 1.
    """
    seen: dict[int, int | None] = {asked.X: asked.o, asked.Y: asked.s} if task in ("PN", "PS") else {}
    variables, values = [], []
    for v, name in enumerate(events.names):
        labels = list(events.labels[v])
        notes = events.annotated[v]
        if len(labels) > 2 or len(set(notes.values()) & {0, 1}) < len(notes):
            raise Unread(f"{name[:60]!r} has other values than two, 0 and 1: {', '.join(labels)[:80]!r}")
        if len(labels) == 1:
            bare = labels[0].removeprefix("not ")
            labels.append(f"not {bare}" if bare == labels[0] else bare)
        first = _first_value(labels, notes, seen.get(v), 1 if task == "PN" else 0)
        labels = labels or ["0", "1"]
        variables.append(Variable(name, (labels[first], labels[1 - first])))
        values.append([first, 1 - first])
    return tuple(variables), values


def _first_value(labels: list[str], notes: dict[int, int], seen: int | None, seen_value: int) -> int:
    """The value of the label that appeared first."""
    if notes:
        label, value = next(iter(notes.items()))
        return value if label == 0 else 1 - value
    words = [label.split(" ", 1)[0] for label in labels] or ["", ""]
    if words[0] in LOW or words[1] in HIGH:
        return 0
    if words[0] in HIGH or words[1] in LOW:
        return 1
    for label in (0, 1):
        if labels and labels[label].endswith(labels[1 - label]):  # the longer one denies the other: unhappy, happy
            return label
    if seen is not None:
        return seen_value if seen == 0 else 1 - seen_value
    return 0
