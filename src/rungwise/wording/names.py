"""Vocabularies: the events a problem is told with, each with its own value labels (value 0 first)."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from random import Random
from string import ascii_lowercase

from rungwise.errors import UserError
from rungwise.problems.problem import Variable
from rungwise.problems.streams import shuffled

KINDS = ("real", "commonsense", "anti-commonsense", "nonsense")
"""real: events of one story, in no relation to the graph. commonsense: the same, but what the graph calls a cause comes
first by common sense too; anti-commonsense: just the other way round. nonsense: random strings."""

ORDERED = KINDS[1:3]
"""The kinds that heed the graph."""
IN_BETWEEN = "in between"
"""The label between the two of an event."""

# Themes keep the events of one problem in one story. Each goes from what common sense takes for causes to what it takes
# for effects. No name contains another one (articles aside), so a
# name is never ambiguous in a text that uses any of them; the tests check this over the whole table.
THEMES: tuple[tuple[tuple[str, str, str], ...], ...] = (
    (  # a farm
        ("the spring frost", "mild", "harsh"),
        ("crop rotation and fallow", "skipped", "practised"),
        ("irrigation, pumped or by canal", "off", "on"),
        ("use of fertiliser", "light", "heavy"),
        ("soil moisture", "dry", "wet"),
        ("bee activity", "weak", "strong"),
        ("pest damage (aphids, locusts)", "slight", "severe"),
        ("the wheat harvest", "meagre", "plentiful"),
        ("grain storage", "empty", "full"),
        ("the farmer's debt", "small", "large"),
    ),
    (  # a town's roads
        ("fuel duty", "low", "high"),
        ("parking fees", "cheap", "dear"),
        ("road works on the ring road", "absent", "present"),
        ("a detour through the old town", "closed", "open"),
        ("bicycle lanes, painted or raised", "rare", "common"),
        ("the tram service", "irregular", "regular"),
        ("the morning rush", "calm", "hectic"),
        ("speed cameras", "off", "on"),
        ("collisions (cars and vans)", "few", "many"),
        ("noise at the junction", "faint", "loud"),
    ),
    (  # a hospital
        ("the surgeon's experience", "limited", "broad"),
        ("staffing of the night shift", "thin", "ample"),
        ("hand washing and masks", "neglected", "observed"),
        ("salt in the diet", "little", "much"),
        ("a statin prescription", "no", "yes"),
        ("arterial stiffness", "low", "high"),
        ("infection on the ward", "contained", "spreading"),
        ("waiting time for a bed", "short", "long"),
        ("the patient's sleep", "broken", "sound"),
        ("recovery after surgery", "slow", "fast"),
    ),
    (  # a school
        ("class size", "small", "large"),
        ("the library's opening hours", "short", "long"),
        ("use of tablets", "forbidden", "allowed"),
        ("breakfast before lessons", "skipped", "eaten"),
        ("homework help, at home or in a club", "missing", "available"),
        ("a quiet place to study", "no", "yes"),
        ("attendance in winter", "poor", "good"),
        ("reading for pleasure", "rare", "frequent"),
        ("the pupil's confidence", "shaken", "firm"),
        ("exam marks (written and oral)", "failing", "passing"),
    ),
    (  # a factory
        ("energy cost (gas, power)", "falling", "rising"),
        ("steel supply", "tight", "ample"),
        ("training of operators", "brief", "thorough"),
        ("machine maintenance", "overdue", "timely"),
        ("safety checks and drills", "lax", "strict"),
        ("overtime, paid or unpaid", "scarce", "abundant"),
        ("conveyor speed", "slow", "fast"),
        ("the defect rate", "low", "high"),
        ("the warehouse's stock", "depleted", "full"),
        ("customer complaints", "few", "many"),
    ),
    (  # a lake
        ("sewage treatment, old or new", "off", "on"),
        ("nitrate run-off", "weak", "strong"),
        ("a fishing ban", "lifted", "in force"),
        ("boat traffic", "light", "heavy"),
        ("algae bloom", "absent", "present"),
        ("water clarity", "murky", "clear"),
        ("reeds and other shore plants", "thinned", "dense"),
        ("oxygen near the bottom", "short", "sufficient"),
        ("the trout stock", "sparse", "dense"),
        ("the heron's nest", "deserted", "occupied"),
    ),
    (  # a small shop
        ("rent and rates", "modest", "steep"),
        ("the owner's mood", "gloomy", "cheerful"),
        ("the shop window", "dull", "bright"),
        ("discounts (weekend and holiday)", "small", "deep"),
        ("a loyalty card", "not offered", "offered"),
        ("delivery, by van or bicycle", "late", "on time"),
        ("online ratings", "bad", "good"),
        ("footfall on the high street", "low", "high"),
        ("monthly turnover", "weak", "strong"),
        ("staff turnover at the till", "low", "high"),
    ),
    (  # a theatre
        ("a grant from the city", "refused", "granted"),
        ("seat comfort", "poor", "good"),
        ("the ensemble (singers, dancers)", "small", "large"),
        ("the lead actor's cold", "no", "yes"),
        ("rehearsal time", "short", "long"),
        ("stage lighting, fixed or moving", "plain", "lavish"),
        ("posters and radio adverts", "few", "many"),
        ("the critic's review", "hostile", "kind"),
        ("ticket sales", "slow", "brisk"),
        ("applause at the premiere", "thin", "rousing"),
    ),
)
_REAL = [[(i, Variable(name, (low, high))) for i, (name, low, high) in enumerate(theme)] for theme in THEMES]
_KNOWN, _SMALLEST = sum(map(len, _REAL)), min(map(len, _REAL))

# Four-letter words of our own sentences: a drawn name must not look like one of them.
_RESERVED = frozenset((
    "been", "case", "from", "have", "held", "hold", "info", "less", "like", "more", "move", "room", "seen", "such",
    "that", "then", "they", "were", "what", "when", "will", "with", "work",
))  # fmt: skip


def draw(kind: str, n: int, dice: Random, order: Sequence[int] = ()) -> tuple[Variable, ...]:
    """``n`` events with different names: of one theme (of several when one is too small), or random strings of four
    letters that are low or high.

    Args:
        order: the nodes, causes first; needed by ORDERED kinds.

    Raises:
        UserError: the kind is unknown, or there are fewer than ``n`` names of it.
    """
    if kind == "nonsense":
        return _draw_nonsense(n, dice)
    if kind not in KINDS:
        raise UserError(f"unknown kind of names {kind!r}; kinds are {', '.join(KINDS)}")
    if n > _KNOWN:
        raise UserError(f"there are {_KNOWN} real names, not {n}; ask for fewer nodes or for nonsense names")
    drawn: list[tuple[int, Variable]] = []
    for theme in shuffled(_REAL, dice)[: -(-n // _SMALLEST)]:
        drawn += shuffled(theme, dice)[: n - len(drawn)]
    if kind == "real":
        return tuple([event for _, event in drawn])
    # Events of several stories have no order among each other; those of one keep theirs.
    drawn.sort(key=itemgetter(0), reverse=kind == "anti-commonsense")
    return tuple([event for _, (_, event) in sorted(zip(order, drawn, strict=True), key=itemgetter(0))])


def widen(event: Variable) -> Variable:
    """The event with a third value, between the two it has."""
    low, high = event.labels
    return Variable(event.name, (low, IN_BETWEEN, high))


def _draw_nonsense(n: int, dice: Random) -> tuple[Variable, ...]:
    names: dict[str, None] = {}
    while len(names) < n:
        name = "".join(dice.choices(ascii_lowercase, k=4))
        if name not in _RESERVED:
            names.setdefault(name)
    return tuple([Variable(name) for name in names])
