"""Our own English (natural.py) back to a Problem, exactly."""

from __future__ import annotations

import re

from rungwise.causal.graph import DAG
from rungwise.problems.problem import Problem, Query, Variable
from rungwise.wording import natural
from rungwise.wording.reader_events import Events, unread
from rungwise.wording.reader_facts import Style, assignment, facts, parts, raw_facts
from rungwise.wording.reader_question import agreed, match

_STYLE = Style(natural.GIVEN, natural.JOIN, natural.PLAIN, natural.VERB)
_NUMBERED = re.compile(r" \((\d+)\)(?:, | or |\Z)")

_BY_OPENING = (
    ("Hold it fixed ", "CDE", natural.QUESTIONS["CDE"]),
    ("There is no mediator ", "CDE", natural.CDE_WITHOUT_MEDIATORS),
    ("Among the cases ", "ETT", natural.QUESTIONS["ETT"]),
    ("With every mediator ", "NDE", natural.QUESTIONS["NDE"]),
    ("With ", "NIE", natural.QUESTIONS["NIE"]),
    ("Suppose that ", "PN", natural.QUESTIONS["PN"]),
    ("If ", "ATE", natural.QUESTIONS["ATE"]),
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
    raw = raw_facts(paragraph, _STYLE, events)
    form, template = next(
        ((form, template) for start, form, template in _BY_OPENING if question.startswith(start)), ("", "")
    )
    if not form:
        raise unread("this as a question", question)
    asked = match(template, question, events, natural.VERB)
    if asked.s == asked.y:
        raise unread("an outcome that would have been what it was", question)
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
            bound=asked.B,
            direction=asked.D,
        ),
        facts=facts(raw, values, events),
    )


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
        pieces = _NUMBERED.split(numbered)
        if len(pieces) < 5 or pieces[-1] or pieces[1::2] != [str(i) for i in range(len(pieces) // 2)]:
            raise unread("this event and its values", item)
        if name in names or len(set(pieces[:-1:2])) < len(pieces) // 2:
            raise unread("an event or value that is stated twice", item)
        names.append(name)
        labels.append(pieces[:-1:2])
    events = Events(names, labels)
    edges = []
    for clause in causes.rstrip().removesuffix(".").split("; ") if with_causes else ():
        cause, _, effect = clause.partition(natural.AFFECTS)
        a, b = events.find(cause), events.find(effect)
        if a is None or b is None:
            raise unread("this direct cause", clause)
        edges.append((a, b))
    return events, DAG.from_edges(len(names), edges)
