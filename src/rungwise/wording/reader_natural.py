"""Our own English (natural.py) back to a Problem, exactly."""

from __future__ import annotations

import re
from itertools import count
from typing import Any

from rungwise.causal.graph import DAG
from rungwise.problems.problem import Problem, Query, Variable, letter
from rungwise.wording import natural
from rungwise.wording.reader_events import Events, unread
from rungwise.wording.reader_facts import Style, assignment, facts, parts, raw_facts
from rungwise.wording.reader_question import agreed, check_monotone, check_seen, match

_STYLE = Style(natural.GIVEN, natural.JOIN, natural.PLAIN, natural.VERB)
_NUMBERED = re.compile(r" \((\d+)\)(?:, | or | and |\Z)")
_MONOTONE = natural.MONOTONE.partition("{")[0]

_BY_OPENING = (
    ("Hold it fixed ", "CDE", natural.QUESTIONS["CDE"]),
    ("There is no mediator ", "CDE", natural.CDE_WITHOUT_MEDIATORS),
    ("Among the cases ", "ETT", natural.QUESTIONS["ETT"]),
    ("With every mediator ", "NDE", natural.QUESTIONS["NDE"]),
    ("With ", "NIE", natural.QUESTIONS["NIE"]),
    ("Suppose that ", "PN", natural.QUESTIONS["PN"]),
    ("If ", "ATE", natural.QUESTIONS["ATE"]),
)
_BY_OPENING_OF_POINTS = (
    ("Suppose that ", "PN", natural.POINTS["PN"]),
    ("What is the probability ", "PNS", natural.POINTS["PNS"]),
)


def read_natural(text: str) -> Problem:
    """The problem behind a text that starts with ``natural.OPENING``.

    Raises:
        Unread: a part of the text is not what ``natural.text`` writes.
        UserError: the graph is cyclic.
    """
    head, instruction, question = parts(text)
    world, _, paragraph = head[len(natural.OPENING) :].partition("\n")
    events, graph = _world(world)
    values = [list(own.values()) for own in events.labels]
    monotone = ""
    if paragraph.startswith(_MONOTONE):
        monotone, _, paragraph = paragraph.partition("\n")
    raw = raw_facts(paragraph, _STYLE, events)
    forms = _BY_OPENING_OF_POINTS if monotone else _BY_OPENING
    form, template = next(((form, template) for start, form, template in forms if question.startswith(start)), ("", ""))
    if not form:
        raise unread("this as a question", question)
    asked = match(template, question, events, natural.VERB)
    check_seen(asked, question)
    if monotone:
        check_monotone(match(natural.MONOTONE, monotone.rstrip(), events, ""), asked, monotone)
    assert asked.o is not None  # every template has this hole
    if form == "PN" and instruction is None and asked.o == 0:
        form = "PS"  # the same words: PN is asked of those with value 1 seen, PS of those with value 0
    return Problem(
        graph=graph,
        variables=tuple(Variable(name, tuple(own)) for name, own in zip(events.names, events.labels, strict=True)),
        query=Query(
            task=form if instruction is None else agreed(natural.INSTRUCTION, instruction, form, asked, events),
            treatment=asked.X,
            outcome=asked.Y,
            x=asked.x,
            x_ref=asked.o,
            y=asked.y,
            held=assignment(asked.H, values),
            bound="point" if monotone else asked.B,
            direction=asked.D,
        ),
        facts=facts(raw, values, events),
        meta=annotated(events),
    )


def annotated(events: Events) -> dict[str, Any]:
    """The meta of a problem whose text carries notes such as ``(C=0)``: that it does, and the letters."""
    if not events.letters:
        return {}
    spare = (letter(i) for i in count() if letter(i) not in events.letters.values())
    return {"annotated": True, "letters": [events.letters.get(v) or next(spare) for v in range(len(events.names))]}


def _world(world: str) -> tuple[Events, DAG]:
    """Events and graph from ``a, which can be low (0) or high (1); b, ... The direct causes: a ... affects b; ...``"""
    listed, with_causes, causes = world.partition(f".{natural.CAUSES}")
    if not with_causes:
        listed, none, rest = world.partition(f".{natural.NO_CAUSES}")
        if not none or rest.strip():
            raise unread("the list of direct causes", world[-80:])
    names, labels = [], []
    for item in listed.split("; "):
        name, _, numbered = item.partition(natural.CAN_BE)
        names.append(name)
        labels.append(numbered_labels(numbered, item))
    events = closed_events(names, labels)
    edges = []
    for clause in causes.rstrip().removesuffix(".").split("; ") if with_causes else ():
        cause, _, effect = clause.partition(natural.AFFECTS)
        a, b = events.find(cause), events.find(effect)
        if a is None or b is None:
            raise unread("this direct cause", clause)
        edges.append((a, b))
    return events, DAG.from_edges(len(names), edges)


def numbered_labels(numbered: str, item: str) -> list[str]:
    """The labels of ``low (0), fair (1) or high (2)``, which stands in ``item``.

    Raises:
        Unread: it has another form, or a label is stated twice.
    """
    pieces = _NUMBERED.split(numbered)
    if len(pieces) < 5 or pieces[-1] or pieces[1::2] != [str(i) for i in range(len(pieces) // 2)]:
        raise unread("this event and its values", item)
    labels = pieces[:-1:2]
    if len(set(labels)) < len(labels):
        raise unread("a value that is stated twice", item)
    return labels


def closed_events(names: list[str], labels: list[list[str]]) -> Events:
    """The events of a text that states all of them with their labels.

    Raises:
        Unread: one is stated twice.
    """
    if len(set(names)) < len(names):
        raise unread("events of which one is stated twice", ", ".join(names))
    return Events(names, labels)
