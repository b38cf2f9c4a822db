"""English in drawn phrasings (rephrased.py) back to a Problem, exactly; the phrasings themselves are what is matched.

In the paragraph of facts every phrase such as ``a is low`` becomes one character. What is left of a sentence is then
one of the known phrasings or not, whatever the names hold.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple

from rungwise.causal.graph import DAG, MAX_NODES
from rungwise.problems.problem import Problem, Query, Variable
from rungwise.wording import phrasings_facts, phrasings_world
from rungwise.wording.reader_events import Events, Pair, Unread, unread
from rungwise.wording.reader_facts import RawFact, assignment, facts, parts
from rungwise.wording.reader_natural import annotated, closed_events, numbered_labels
from rungwise.wording.reader_question import Holes, agreed, check_monotone, check_seen, match
from rungwise.wording.rephrased import LINKS, QUESTIONS, VERBS

OPENINGS = phrasings_world.OPENINGS


def _any_of(words: Iterable[str]) -> str:
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


_HEAD = re.compile(f"(?:{_any_of(OPENINGS)}) (?:{_any_of(phrasings_world.EVENTS)})")
_EVENT = re.compile(_any_of(said for said, _ in phrasings_world.EVENT))
_CAUSES = re.compile(_any_of(phrasings_world.CAUSES))
_LINK = re.compile(_any_of(LINKS))
_CAUSE = {
    link: (template.partition("{")[0], template.index("{A}") < template.index("{B}"))
    for link, template in zip(LINKS, phrasings_world.CAUSE, strict=True)
}
"""The words between two events -> those before the first, and whether that is the cause."""

_FIRST, _LAST = "\ue000", "\uf8ff"
_MARKS = re.compile(f"[{_FIRST}-{_LAST}]")
_NOTE = re.compile(rf"([{_FIRST}-{_LAST}]) \(([^()= ]{{1,20}})=(\d{{1,3}})\)")
_CONTENT = re.compile(rf"([{_FIRST}-{_LAST}](?:(?:, | and )[{_FIRST}-{_LAST}])*+|\d++(?:\.\d++)?(?:[eE][-+]?\d++)?)")


class _Sentence(NamedTuple):
    """A phrasing of a fact: which hole stands where, and what kind of fact it tells."""

    holes: str
    kind: tuple[bool, bool]


_SENTENCES: dict[tuple[str, ...], _Sentence] = {}
for _kind, _templates in phrasings_facts.KINDS.items():
    for _template in _templates:
        _first, *_rest = re.split(r"\{(\w)\}", _template.removesuffix("."))
        _SENTENCES[_first, *_rest[1::2]] = _Sentence("".join(_rest[::2]).upper(), _kind)
"""What stands around the holes of a phrasing, the last full stop left out -> what it tells."""

Form = tuple[str, str, str]
"""Of a template: what it begins with, itself, and what it asks for."""


def _by_first_word(forms: dict[str, Sequence[str]]) -> dict[str, list[Form]]:
    out: dict[str, list[Form]] = defaultdict(list)
    for asked, templates in forms.items():
        for template in templates:
            out[template.partition(" ")[0]].append((template.partition("{")[0], template, asked))
    return dict(out)


_QUESTIONS = _by_first_word({**QUESTIONS})
_INSTRUCTIONS = _by_first_word({"": phrasings_world.INSTRUCTIONS})
_MONOTONE = _by_first_word({"": phrasings_world.MONOTONE})


def read_phrasings(text: str) -> Problem:
    """The problem behind a text that starts with one of ``OPENINGS``.

    Raises:
        Unread: a part of the text is not what ``rephrased.text`` writes.
        UserError: the graph is cyclic or too large.
    """
    if not text.isascii() and _MARKS.search(text):
        raise unread("a text with letters of no alphabet", text)
    head, instruction, question = parts(text)
    world, causes, *rest = f"{head}\n".split("\n")
    events = _events(world)
    graph = DAG.from_edges(len(events.names), _edges(causes, events))
    monotone = rest.pop(0) if rest and _begins(_MONOTONE, rest[0]) else ""
    paragraph = rest.pop(0) if rest else ""
    if any(rest):
        raise unread("this after the facts", rest[0] or rest[-1])
    shown = _facts(paragraph, events)
    asked_for, _, asked = _matched(_QUESTIONS, question, events, "this as a question")
    check_seen(asked, question)
    task = asked_for.partition(" ")[0]
    if instruction is not None:
        _, template, _ = _matched(_INSTRUCTIONS, instruction, events, "this as an instruction")
        if agreed(template, instruction, task, asked, events) != task:
            raise unread("an instruction for another task than the question's", instruction)
    bound = "point" if task == "PNS" else asked.B
    if monotone:
        check_monotone(_matched(_MONOTONE, monotone, events, "this as a statement")[2], asked, monotone)
    if (bound == "point") != bool(monotone):
        raise unread("whether the treatment may lower the outcome, which this question must know", question)
    assert asked.o is not None  # every question has this hole
    values = [list(own.values()) for own in events.labels]
    return Problem(
        graph=graph,
        variables=tuple(Variable(name, tuple(own)) for name, own in zip(events.names, events.labels, strict=True)),
        query=Query(
            task=task,
            treatment=asked.X,
            outcome=asked.Y,
            x=asked.x,
            x_ref=asked.o,
            y=asked.y,
            held=assignment(asked.H, values),
            bound=bound,
            direction=asked.D,
        ),
        facts=facts(shown, values, events),
        meta=annotated(events),
    )


def _events(world: str) -> Events:
    """Events from ``OPENING EVENTS a, which can be low (0) or high (1); b, ...``"""
    head = _HEAD.match(world)
    if not head or not world.endswith("."):
        raise unread("the list of events", world)
    items = world[head.end() : -1].split("; ")
    if len(items) > MAX_NODES:
        raise Unread(f"the text has {len(items)} events; at most {MAX_NODES} are read")
    names, labels = [], []
    for item in items:
        said = _EVENT.search(item)
        if not said:
            raise unread("this event and its values", item)
        names.append(item[: said.start()])
        labels.append(numbered_labels(item[said.end() :], item))
    if sum(map(len, labels)) > ord(_LAST) - ord(_FIRST):
        raise unread("so many values", world)
    return closed_events(names, labels)


def _edges(causes: str, events: Events) -> list[tuple[int, int]]:
    """Pairs (cause, effect) from ``CAUSES a directly affects b; c depends directly on b.``"""
    if causes in phrasings_world.NO_CAUSES:
        return []
    head = _CAUSES.match(causes)
    if not head or not causes.endswith("."):
        raise unread("the list of direct causes", causes)
    edges = []
    for clause in causes[head.end() : -1].split("; "):
        link = _LINK.search(clause)
        start, in_order = _CAUSE[link[0]] if link else ("", True)
        if not link or not clause.startswith(start):
            raise unread("this direct cause", clause)
        a, b = events.find(clause[len(start) : link.start()]), events.find(clause[link.end() :])
        if a is None or b is None:
            raise unread("this direct cause", clause)
        edges.append((a, b) if in_order else (b, a))
    return edges


def _facts(paragraph: str, events: Events) -> list[RawFact]:
    """Every fact of a paragraph, in order."""
    if not paragraph:
        return []
    phrases: dict[str, str] = {}
    meant: dict[str, Pair] = {}
    for v, (name, labels) in enumerate(zip(events.names, events.labels, strict=True)):
        for label, value in labels.items():
            mark = chr(ord(_FIRST) + len(meant))
            meant[mark] = v, value
            for verb in VERBS:
                phrases[f"{name}{verb}{label}"] = mark
    for phrase in sorted(phrases, key=len, reverse=True):  # a name or label may begin or end another one
        paragraph = paragraph.replace(phrase, phrases[phrase])
    if "=" in paragraph:
        for mark, letter, noted in _NOTE.findall(paragraph):
            events.note(*meant[mark], letter, int(noted))
        paragraph = _NOTE.sub(r"\1", paragraph)

    def said(sentence: str) -> str:
        words = {mark: phrase for phrase, mark in reversed(phrases.items())}
        return "".join([words.get(c, c) for c in sentence])

    lists: dict[str, list[Pair]] = {}
    out: list[RawFact] = []
    for sentence in paragraph.removesuffix(".").split(". "):
        pieces = _CONTENT.split(sentence)
        form = _SENTENCES.get(tuple(pieces[::2]))
        if form is None:
            raise unread("this as a fact", said(sentence))
        number = ""
        found: dict[str, list[Pair]] = {"T": [], "G": []}
        for hole, content in zip(form.holes, pieces[1::2], strict=True):
            if hole == "N":
                number = content
            else:
                if content not in lists:
                    lists[content] = [meant[mark] for mark in _MARKS.findall(content)]
                found[hole] = lists[content]
        target, given = found["T"], found["G"]
        if not number[:1].isdigit() or not target or form.kind != (len(target) > 1, bool(given)):
            raise unread("this as a fact", said(sentence))
        out.append((target, given, float(number)))
    return out


def _begins(forms: dict[str, list[Form]], sentence: str) -> bool:
    return any(sentence.startswith(first) for first, _, _ in forms.get(sentence.partition(" ")[0], ()))


def _matched(forms: dict[str, list[Form]], sentence: str, events: Events, what: str) -> tuple[str, str, Holes]:
    """What the one template asks for that the sentence fits, that template, and what is in its holes.

    Raises:
        Unread: it fits none, or several.
    """
    found = []
    for first, template, asked in forms.get(sentence.partition(" ")[0], ()):
        if sentence.startswith(first):
            with suppress(Unread):
                found.append((asked, template, match(template, sentence, events, VERBS[0])))
    if len(found) != 1:
        raise unread(what, sentence)
    return found[0]
