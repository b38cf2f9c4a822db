"""Stories of our own: events with a noun and a phrase for each value, in commonsense, anti-commonsense and nonsense
versions. A phrase holds its noun, so that short texts stay unambiguous."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from re import findall
from typing import NamedTuple

from rungwise.errors import UserError
from rungwise.problems.streams import shuffled

KINDS = ("commonsense", "anti-commonsense", "nonsense")
"""commonsense: events of one story, causes first. anti-commonsense: the same, but the treatment or the outcome is
swapped for an event of another story. nonsense: made-up words."""


class Event(NamedTuple):
    """A binary variable in words: its noun, and the phrases of its values."""

    name: str
    one: str
    zero: str

    def phrase(self, value: int) -> str:
        """The phrase of a value."""
        return self.one if value else self.zero


# Nouns with their adjectives (value 1 / value 0), from what common sense takes for causes to effects. No two nouns
# begin with the same four letters; the tests check this over the whole table.
_STORIES = (
    "rain heavy/light, soil wet/dry, crop large/small, income high/low, debt small/large",
    "toll high/low, traffic heavy/light, smog thick/thin, noise high/low, cough long/short",
    "stress high/low, sleep long/short, pulse high/low, fever high/low, mood good/bad",
    "class large/small, attendance high/low, homework long/short, grade good/poor, scholarship large/small",
    "oven active/inactive, dough wet/dry, crust thick/thin, queue long/short, profit high/low",
    "sewage heavy/light, algae thick/thin, water clean/polluted, otter many/few, heron many/few",
    "rent high/low, discount large/small, crowd large/small, turnover high/low, bonus large/small",
    "grant large/small, rehearsal long/short, audience large/small, applause long/short, review good/bad",
    "drought long/short, wind increased/reduced, fire large/small, smoke thick/thin, evacuation long/short",
    "lesson long/short, speed high/low, waste high/low, delay long/short, penalty large/small",
    "frost heavy/light, heating increased/reduced, bill high/low, saving large/small, holiday long/short",
    "coach good/poor, diet healthy/unhealthy, stamina high/low, medal many/few, salary high/low",
    "storm heavy/light, wave high/low, catch large/small, market active/inactive, tax high/low",
    "nectar sufficient/deficient, bee many/few, hive active/inactive, honey thick/thin, breakfast good/poor",
)


def _parsed(story: str) -> tuple[Event, ...]:
    out = []
    for entry in story.split(", "):
        noun, values = entry.split(" ")
        one, zero = values.split("/")
        counted = noun + "s" if one == "many" else noun
        out.append(Event(noun, f"{one} {counted}", f"{zero} {counted}"))
    return tuple(out)


STORIES = tuple([_parsed(story) for story in _STORIES])
FIRST, MIDDLE, THIRD, LAST = "bdfgjklmprtvwz", "aeiou", "bdfgklmnprtvxz", "iou"
_TAKEN = frozenset(
    findall(
        r"\w+",
        "bono bozo demo dino dodo dojo fido fuji gogo guru jojo judo juju kilo kiwi kudu lido limo loco logo lulu maxi "
        "memo menu midi mini mono mumu nino peru polo pogo redo tofu togo toto tutu taxi typo veto vino wifi zebu zero "
        "zulu juno lego tiki deli bali mali fiji raki yogi ravi levi remi",
    )
)
"""English words and proper names that a made-up one must not be."""


def draw(kind: str, order: Sequence[int], swapped: Sequence[int], dice: Random) -> tuple[Event, ...]:
    """An event for each node.

    Args:
        order: the nodes, causes first.
        swapped: the nodes of which one is swapped in the anti-commonsense version.

    Raises:
        UserError: unknown kind.
    """
    if kind not in KINDS:
        raise UserError(f"unknown names {kind!r}; there are {', '.join(KINDS)}")
    if kind == "nonsense":
        return nonsense(len(order), dice)
    story, other = shuffled(STORIES, dice)[:2]
    chosen = sorted(shuffled(range(len(story)), dice)[: len(order)])
    events = {v: story[i] for v, i in zip(order, chosen, strict=True)}
    if kind == "anti-commonsense":
        events[dice.choice(swapped)] = dice.choice(other)
    return tuple([events[v] for v in range(len(order))])


def made_up(n: int, dice: Random) -> list[str]:
    """Words of no language, of four letters (one of FIRST, MIDDLE, THIRD and LAST each), with different beginnings."""
    words: dict[str, str] = {}
    while len(words) < n:
        word = dice.choice(FIRST) + dice.choice(MIDDLE) + dice.choice(THIRD) + dice.choice(LAST)
        if word not in _TAKEN:
            words.setdefault(word[0], word)
    return list(words.values())


def nonsense(n: int, dice: Random) -> tuple[Event, ...]:
    """Made-up events."""
    return tuple([Event(word, word, f"non-{word}") for word in made_up(n, dice)])
