"""The words of the test bed: few and plain, so that a model of a million parameters can know them all.

Two words are *related* when they stand in one group. That is all the common sense there is in this world.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from random import Random
from typing import TypeVar

from rungwise.ladder.names import FIRST, LAST, MIDDLE, STORIES, THIRD
from rungwise.problems.streams import shuffled

T = TypeVar("T")

KINDS = tuple(
    tuple(group.split())
    for group in (
        "flute drum piano guitar harp lute",
        "car truck boat plane tram ship",
        "hammer saw chisel drill spade plough",
        "pine fir palm rose tulip fern",
        "square triangle circle kite cube cone",
        "star planet comet moon pulsar quasar",
        "spider viper duck hawk toad lizard",
        "cottage tower hut barn temple castle",
    )
)
"""Kinds for ontologies, in groups; every plural ends in s."""

EVENTS = tuple(story for story in STORIES if not any(" many " in f" {event.one} " for event in story))[:8]
"""Events for the ladder, none of them counted; a group is a story."""

PEOPLE = ("Cleo", "Dario", "Fynn", "Kira", "Lars", "Mona", "Nils", "Vera")
SYMBOLS = tuple("BCDFGHJKLMNOQRSTUVWXYZ")
"""Letters that CAPT's intervention may choose too (``capt.intervention.RESERVED``)."""

SYLLABLES = tuple(dict.fromkeys("".join(pair) for pair in (*product(FIRST, MIDDLE), *product(THIRD, LAST))))
"""Made-up words (``ladder.names.made_up``) are two of them."""


def pair_and_others(groups: Sequence[Sequence[T]], related: bool, n: int, dice: Random) -> list[T]:
    """``n`` different words of which the first two are related, or are not."""
    own, other = shuffled(groups, dice)[:2]
    first = dice.choice(own)
    second = dice.choice([word for word in (own if related else other) if word != first])
    rest = [word for group in groups for word in group if word not in (first, second)]
    return [first, second, *shuffled(rest, dice)[: n - 2]]
