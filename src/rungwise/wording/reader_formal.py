"""The formal view (formal.py) back to a Problem whose events are called by their letters."""

from __future__ import annotations

import re

from rungwise.causal.estimand import Assignment, Term
from rungwise.causal.graph import DAG
from rungwise.problems.problem import EFFECTS, TASKS, Fact, Problem, Query, Variable
from rungwise.problems.tasks import POINT_TASKS
from rungwise.wording import formal
from rungwise.wording.reader_events import unread

_NODE = re.compile(r"([^\W\d_]\w*)(?::(\d{1,2}))?")
_FACT = re.compile(r"P\(([^|()]+)(?:\|([^|()]+))?\)=(\d++(?:\.\d++)?(?:e-\d++)?)")
_QUERY = re.compile(
    r"(\w+) of (\w+) on (\w+): (\w+)=(\d{1,2}) vs (\w+)=(\d{1,2}), (\w+)=(\d{1,2}), "
    r"(?:(more|less) likely|(lower|upper) bound|(point), monotone (\w+)\((\w+)=0\)<=(\w+)\((\w+)=1\))(?:, held (.+))?"
)


def read_formal(text: str) -> Problem:
    """The problem behind a text that starts with ``formal.NODES``; its letters are those of the text.

    Raises:
        Unread: a line is not what ``formal.text`` writes.
        UserError: the graph is cyclic.
    """
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if len(lines) == 5 and lines.pop() not in (formal.EFFECT_LINE, formal.BOUND_LINE):
        raise unread("the last line", text.rstrip().rpartition("\n")[2])
    starts = (formal.NODES, formal.EDGES, formal.FACTS, formal.QUERY)
    if len(lines) != 4 or not all(map(str.startswith, lines, starts)):
        raise unread(f"a formal text whose lines don't start with {', '.join(s.strip() for s in starts)}", text)
    nodes, edges, facts, query = (line[len(start) :] for line, start in zip(lines, starts, strict=True))
    cards: dict[str, int] = {}
    for node in nodes.split():
        found = _NODE.fullmatch(node)
        if not found or found[1] in cards or (found[2] and int(found[2]) < 2):
            raise unread("this node", node)
        cards[found[1]] = int(found[2] or 2)
    place = {letter: v for v, letter in enumerate(cards)}
    sizes = list(cards.values())
    return Problem(
        graph=DAG.from_edges(len(cards), [_edge(e, place) for e in edges.split()] if edges != formal.NONE else []),
        variables=tuple(Variable(letter, tuple(map(str, range(card)))) for letter, card in cards.items()),
        query=_query(query, place, sizes),
        facts=tuple(dict.fromkeys(_fact(f, place, sizes) for f in facts.split("; ")) if facts != formal.NONE else ()),
        meta={"letters": list(cards)},
    )


def _edge(edge: str, place: dict[str, int]) -> tuple[int, int]:
    cause, _, effect = edge.partition("->")
    if cause not in place or effect not in place:
        raise unread("this edge", edge)
    return place[cause], place[effect]


def _pairs(text: str, place: dict[str, int], cards: list[int]) -> Assignment:
    out: dict[int, int] = {}
    for pair in text.split(","):
        letter, _, value = pair.partition("=")
        v = place.get(letter, -1)
        if v < 0 or v in out or not (value.isdecimal() and len(value) < 3 and int(value) < cards[v]):
            raise unread("these values", text)
        out[v] = int(value)
    return tuple(sorted(out.items()))


def _fact(fact: str, place: dict[str, int], cards: list[int]) -> Fact:
    found = _FACT.fullmatch(fact)
    if not found:
        raise unread("this fact", fact)
    term = Term(_pairs(found[1], place, cards), _pairs(found[2], place, cards) if found[2] else ())
    if {v for v, _ in term.target} & {v for v, _ in term.given}:
        raise unread("a fact with one event on both sides", fact)
    return Fact(term, float(found[3]))


def _query(text: str, place: dict[str, int], cards: list[int]) -> Query:
    found = _QUERY.fullmatch(text)
    if not found:
        raise unread("this query", text)
    task, x, y, x1, _, x2, _, y1, _, direction, bound, point, *monotone, held = found.groups()
    if task not in (POINT_TASKS if point else TASKS) or (direction is None) == (task in EFFECTS):
        raise unread("this query", text)
    if (x, y, x) != (x1, y1, x2) or monotone != ([y, x, y, x] if point else [None] * 4):
        raise unread("this query", text)
    (treatment, value), (_, other), (outcome, asked) = (
        pair for i in (4, 6, 8) for pair in _pairs(f"{found[i]}={found[i + 1]}", place, cards)
    )
    return Query(
        task, treatment, outcome, value, other, asked,
        held=_pairs(held, place, cards) if held else (), bound=bound or point, direction=direction or "more",
    )  # fmt: skip
