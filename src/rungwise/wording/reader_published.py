"""The English of the published CauGym and CaLM items (arXiv 2602.06337, 2405.00622) -> Problem."""

from __future__ import annotations

from typing import NamedTuple

from rungwise.causal.graph import DAG
from rungwise.problems.problem import Problem, Query
from rungwise.wording.reader_events import Events, unread
from rungwise.wording.reader_facts import Style, assignment, facts, parts, raw_facts
from rungwise.wording.reader_question import Holes, agreed, match
from rungwise.wording.reader_values import numbered

OPENING = "Imagine a self-contained"
_CONNECTIVE = " has a direct effect on "
_STYLE = Style("For those with ", ", the probability of ", "The probability of ", " being ")
_INSTRUCTION = "Consider the {T} of {X} on {Y}."


class _Form(NamedTuple):
    """A question of one task; ``mark`` tells it from the others, ``verb`` is that of its lists."""

    task: str
    mark: str
    template: str
    verb: str = " being "


_LIKELY = "would {Y} have been {D} likely to be {y}?"
_BOUND = "Given that {O}, what is the {B} bound of the probability"
_WOULD = "{Y} would have been {y} if {X} had been {x}?"
_FORMS = (
    _Form("ATE", "If ", "If {X} is changed to be {x}, will {Y} be {D} likely to be {y}?"),
    _Form("CDE", "Conditioned on ", "Conditioned on {H}, if {X} had been {x}, " + _LIKELY),
    _Form("ETT", "For those with ", "For those with {X} being {o}, if their {X} had been {x}, " + _LIKELY),
    _Form(
        "NDE",
        "Suppose the mediator keeps ",
        "Suppose the mediator keeps constant when {X} is changed to be {x}, " + _LIKELY,
    ),
    _Form(
        "NIE",
        "Suppose ",
        "Suppose {X} is held constant and the mediator changes to whatever value it would have attained under {X} "
        "changing to be {x}, " + _LIKELY,
    ),
    # Where there is no instruction, this one word is all that tells PN from PS; their formula is the same.
    _Form("PN", " bound of the probability of ", f"{_BOUND} of {_WOULD}", " was "),
    _Form("PS", " bound of the probability that ", f"{_BOUND} that {_WOULD}", " was "),
)


def read_published(text: str) -> Problem:
    """The problem behind a published text of one of the seven tasks, with or without its instruction.

    Raises:
        Unread: a sentence is in no form that these sets use, or contradicts another.
        UserError: the graph is cyclic.
    """
    head, instruction, question = parts(text)
    names, edges, paragraph = _world(head)
    graph = DAG.from_edges(len(names), edges)
    events = Events(names)
    raw = raw_facts(paragraph, _STYLE, events)
    form = _form(question)
    asked = match(form.template, question, events, form.verb)
    task = form.task if instruction is None else agreed(_INSTRUCTION, instruction, form.task, asked, events)
    if asked.O:
        _observe(asked, question)
    variables, values = numbered(events, task, asked)
    x = values[asked.X][asked.x]
    return Problem(
        graph=graph,
        variables=variables,
        query=Query(
            task=task,
            treatment=asked.X,
            outcome=asked.Y,
            x=x,
            x_ref=1 - x if asked.o is None else values[asked.X][asked.o],
            y=values[asked.Y][asked.y],
            held=assignment(asked.H, values),
            bound=asked.B,
            direction=asked.D,
        ),
        facts=facts(raw, values, events),
    )


def _world(head: str) -> tuple[list[str], list[tuple[int, int]], str]:
    """Names, edges and the rest of the text, from ``...: A has a direct effect on b. B has a ...``"""
    head = head.removeprefix("Input Info:").lstrip()
    pieces = head.split(_CONNECTIVE)
    if len(pieces) < 2:
        raise unread(f"a text with no sentence of the form 'A{_CONNECTIVE}b'", head)
    opening, _, cause = pieces[0].partition(":")
    if not opening.startswith(OPENING):
        raise unread("this opening", opening)
    names: dict[str, int] = {}
    spelled: list[str] = []
    edges = []
    for i, piece in enumerate(pieces[1:], 2):
        effect, following = _end_of_graph(piece) if i == len(pieces) else _sentence_end(piece)
        a = names.setdefault(cause.strip().casefold(), len(names))
        if a == len(spelled):
            spelled.append(uncapitalised(cause.strip()))
        b = names.setdefault(effect.casefold(), len(names))
        if b == len(spelled):
            spelled.append(effect)
        spelled[b] = effect  # inside a sentence a name has its own spelling
        edges.append((a, b))
        cause = following
    if not all(spelled):
        raise unread("a direct effect without a name", head)
    return spelled, edges, cause


def _full_stops(piece: str) -> list[int]:
    """Where a sentence may end: full stops before a capital, but not in brackets, as in ``(e.g. wind)``."""
    depth, stops = 0, []
    for at, c in enumerate(piece):
        depth += (c == "(") - (c == ")")
        if c == "." and depth == 0 and piece[at + 1 : at + 50].lstrip()[:1].isupper():
            stops.append(at)
    return stops


def _sentence_end(piece: str) -> tuple[str, str]:
    """Split ``effect. Next cause`` (the space may be missing)."""
    stops = [piece.index(".")] if piece.count(".") == 1 else _full_stops(piece)
    if len(stops) != 1:
        raise unread("where a sentence of the graph ends", piece)
    return piece[: stops[0]].strip(), piece[stops[0] + 1 :].strip()


def _end_of_graph(piece: str) -> tuple[str, str]:
    """Split ``last effect. Facts``, with or without a line break between them."""
    starts = [at for start in ("\n", _STYLE.given, _STYLE.plain) if (at := piece.find(start)) >= 0]
    end = min(starts, default=len(piece))
    effect = piece[:end].strip().removesuffix(".")
    if "." in effect and _full_stops(effect):
        raise unread("this after the graph", effect)
    return effect, piece[end:].strip()


def uncapitalised(name: str) -> str:
    """A name from the start of a sentence as it would stand inside one (an acronym stays)."""
    return name if name[1:2].isupper() else name[:1].lower() + name[1:]


def _form(question: str) -> _Form:
    for form in _FORMS:
        if question.startswith(form.mark) or (form.mark.startswith(" ") and form.mark in question):
            return form
    raise unread("this as a question", question)


def _observe(asked: Holes, question: str) -> None:
    """Take the observed labels of treatment and outcome from the list ``X was a and Y was b``."""
    seen = dict(asked.O)
    if seen.keys() != {asked.X, asked.Y} or seen[asked.Y] == asked.y:
        raise unread("what was observed of treatment and outcome", question)
    asked.o, asked.s = seen[asked.X], seen[asked.Y]
