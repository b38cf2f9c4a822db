"""The events of texts that our readers know, and what the readers make of such texts. Nothing here sees an answer.

Texts: our natural view, CauGym's and CaLM's English, CLadder's prompts, PrOntoQA's items.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rungwise.capt.abstraction import Reading
from rungwise.capt.cladder import cladder_events, cladder_reading
from rungwise.capt.forms import Event, inside
from rungwise.errors import UserError
from rungwise.suites.published.cladder_read import split
from rungwise.suites.published.prontoqa import ASKS
from rungwise.suites.published.prontoqa_logic import (
    Literal,
    World,
    contradiction,
    entailed,
    forward,
    plurals,
    read_world,
    sentences,
)
from rungwise.wording.reader import read

ARTICLES = ("the ", "a ", "an ")


@dataclass(frozen=True)
class Texts:
    """A reader of texts of all the kinds.

    Attributes:
        nouns: CLadder: name of a variable -> what its values 0 and 1 are called, as a model file's ``variable_mapping``
            says (see ``cladder_nouns``); {} where there is none, and phrases are then placed by their words alone.
    """

    nouns: Mapping[str, tuple[str, str]]

    def events(self, text: str) -> tuple[Event, ...]:
        """The events of a text.

        Raises:
            UserError: no reader knows it; the message says what stands in the way.
        """
        if ASKS in text:
            return _prontoqa_events(text)
        if _is_cladder(text):
            return cladder_events(*split(text), self.nouns)
        return _natural_events(text)

    def reading(self, text: str) -> Reading | None:
        """What the readers make of a text, None where they don't know it (a ``Reread``)."""
        try:
            if ASKS in text:
                return _prontoqa_reading(text)
            if _is_cladder(text):
                return cladder_reading(*split(text), self.nouns)
            problem = read(text)
        except UserError:
            return None
        return Reading(tuple(v.name for v in problem.variables), problem.id)


def _is_cladder(text: str) -> bool:
    """Whether a text speaks of effects as CLadder does and, unlike our texts and CauGym's, asks for no number."""
    return " has a direct effect on " in text and "PROB" not in text


def _natural_events(text: str) -> tuple[Event, ...]:
    out = []
    for variable in read(text).variables:
        bare = next((variable.name[len(a) :] for a in ARTICLES if variable.name.startswith(a)), "")
        before, comma, after = variable.name.rpartition(", ")
        # Published texts turn the last comma of a list into "and", wherever it stands.
        also = tuple(form for form in (bare, f"{before} and {after}" if comma else "") if form)
        out.append(Event(inside(variable.name, text), also, labels=tuple(variable.labels)))
    return tuple(out)


def _world(text: str) -> World:
    told, _, query = text.rpartition(ASKS)
    return read_world(sentences(told), query.partition("\n")[0])  # below it may stand how to answer


def _kinds(world: World) -> list[str]:
    """The kinds and properties in the order of the text."""
    said = [kind for rule in world.rules for kind in (rule.given, rule.then.kind)]
    return list(dict.fromkeys([*said, *(s.says.kind for s in (*world.statements, world.query))]))


def _prontoqa_events(text: str) -> tuple[Event, ...]:
    """Kinds, properties and individuals. A number that is an individual stays: it is no name that says anything."""
    world = _world(text)
    kinds = [_singular(kind, world) for kind in _kinds(world)]
    names = dict.fromkeys(s.name for s in (*world.statements, world.query))
    return (
        *(Event(kind, counted=True) for kind in dict.fromkeys(kinds)),
        *(Event(name) for name in names if any(c.isalpha() for c in name)),
    )


def _singular(kind: str, world: World) -> str:
    """The singular of a kind, which a worked solution may use where the text has the plural alone: then it begins a
    rule ("Cats are ..."), as a property never does."""
    first = f"{kind} "
    begins = any(
        rule.given == kind and rule.text.lower().removeprefix("all ").startswith(first) for rule in world.rules
    )
    guesses = [kind.removesuffix("ies") + "y", kind.removesuffix("es"), kind.removesuffix("s")]
    fits = [guess for guess in guesses if guess != kind and kind in plurals(guess)]
    if not begins or not fits:
        return kind
    return fits[0] if fits[0].endswith(("y", "ch", "sh", "x", "s", "z")) else fits[-1]


def _prontoqa_reading(text: str) -> Reading:
    world = _world(text)
    kinds, goal = _kinds(world), world.query.says
    names = list(dict.fromkeys(s.name for s in (*world.statements, world.query)))

    def place(literal: Literal) -> tuple[int, bool]:
        return kinds.index(literal.kind), literal.holds

    rules = tuple((kinds.index(rule.given), place(rule.then)) for rule in world.rules)
    said = tuple((names.index(s.name), place(s.says)) for s in (*world.statements, world.query))
    answer = (entailed(world, goal), entailed(world, ~goal), contradiction(forward(world)) is None)
    named = tuple(name for name in names if any(c.isalpha() for c in name))
    return Reading((*kinds, *named), (rules, said, answer))
