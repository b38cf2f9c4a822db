"""Vocabularies: the events a problem is told with, each with its own value labels (value 0 first)."""

from __future__ import annotations

import numpy as np

from rungwise.errors import UserError
from rungwise.problems.problem import Variable

KINDS = ("real", "nonsense")

# Themes keep the events of one problem in one story. No name contains another one (articles aside), so a
# name is never ambiguous in a text that uses any of them; the tests check this over the whole table.
THEMES: tuple[tuple[tuple[str, str, str], ...], ...] = (
    (  # a farm
        ("soil moisture", "dry", "wet"),
        ("the wheat harvest", "meagre", "plentiful"),
        ("use of fertiliser", "light", "heavy"),
        ("pest damage (aphids, locusts)", "slight", "severe"),
        ("irrigation, pumped or by canal", "off", "on"),
        ("bee activity", "weak", "strong"),
        ("the farmer's debt", "small", "large"),
        ("crop rotation and fallow", "skipped", "practised"),
        ("the spring frost", "mild", "harsh"),
        ("grain storage", "empty", "full"),
    ),
    (  # a town's roads
        ("road works on the ring road", "absent", "present"),
        ("the tram service", "irregular", "regular"),
        ("parking fees", "cheap", "dear"),
        ("bicycle lanes, painted or raised", "rare", "common"),
        ("noise at the junction", "faint", "loud"),
        ("the morning rush", "calm", "hectic"),
        ("fuel duty", "low", "high"),
        ("speed cameras", "off", "on"),
        ("collisions (cars and vans)", "few", "many"),
        ("a detour through the old town", "closed", "open"),
    ),
    (  # a hospital
        ("the patient's sleep", "broken", "sound"),
        ("salt in the diet", "little", "much"),
        ("a statin prescription", "no", "yes"),
        ("arterial stiffness", "low", "high"),
        ("staffing of the night shift", "thin", "ample"),
        ("waiting time for a bed", "short", "long"),
        ("infection on the ward", "contained", "spreading"),
        ("hand washing and masks", "neglected", "observed"),
        ("the surgeon's experience", "limited", "broad"),
        ("recovery after surgery", "slow", "fast"),
    ),
    (  # a school
        ("homework help, at home or in a club", "missing", "available"),
        ("class size", "small", "large"),
        ("reading for pleasure", "rare", "frequent"),
        ("the library's opening hours", "short", "long"),
        ("attendance in winter", "poor", "good"),
        ("a quiet place to study", "no", "yes"),
        ("exam marks (written and oral)", "failing", "passing"),
        ("breakfast before lessons", "skipped", "eaten"),
        ("the pupil's confidence", "shaken", "firm"),
        ("use of tablets", "forbidden", "allowed"),
    ),
    (  # a factory
        ("machine maintenance", "overdue", "timely"),
        ("the defect rate", "low", "high"),
        ("overtime, paid or unpaid", "scarce", "abundant"),
        ("steel supply", "tight", "ample"),
        ("training of operators", "brief", "thorough"),
        ("conveyor speed", "slow", "fast"),
        ("safety checks and drills", "lax", "strict"),
        ("the warehouse's stock", "depleted", "full"),
        ("energy cost (gas, power)", "falling", "rising"),
        ("customer complaints", "few", "many"),
    ),
    (  # a lake
        ("algae bloom", "absent", "present"),
        ("nitrate run-off", "weak", "strong"),
        ("the trout stock", "sparse", "dense"),
        ("water clarity", "murky", "clear"),
        ("a fishing ban", "lifted", "in force"),
        ("boat traffic", "light", "heavy"),
        ("reeds and other shore plants", "thinned", "dense"),
        ("the heron's nest", "deserted", "occupied"),
        ("oxygen near the bottom", "short", "sufficient"),
        ("sewage treatment, old or new", "off", "on"),
    ),
    (  # a small shop
        ("footfall on the high street", "low", "high"),
        ("the shop window", "dull", "bright"),
        ("a loyalty card", "not offered", "offered"),
        ("online ratings", "bad", "good"),
        ("discounts (weekend and holiday)", "small", "deep"),
        ("the owner's mood", "gloomy", "cheerful"),
        ("delivery, by van or bicycle", "late", "on time"),
        ("monthly turnover", "weak", "strong"),
        ("rent and rates", "modest", "steep"),
        ("staff turnover at the till", "low", "high"),
    ),
    (  # a theatre
        ("rehearsal time", "short", "long"),
        ("the critic's review", "hostile", "kind"),
        ("ticket sales", "slow", "brisk"),
        ("stage lighting, fixed or moving", "plain", "lavish"),
        ("the lead actor's cold", "no", "yes"),
        ("applause at the premiere", "thin", "rousing"),
        ("posters and radio adverts", "few", "many"),
        ("a grant from the city", "refused", "granted"),
        ("seat comfort", "poor", "good"),
        ("the ensemble (singers, dancers)", "small", "large"),
    ),
)
_REAL = tuple(tuple(Variable(name, (low, high)) for name, low, high in theme) for theme in THEMES)

# Four-letter words of our own sentences: a drawn name must not look like one of them.
_RESERVED = frozenset((
    "been", "case", "from", "have", "held", "hold", "info", "less", "like", "more", "move", "room", "seen", "such",
    "that", "then", "they", "were", "what", "when", "will", "with", "work",
))  # fmt: skip


def draw(kind: str, n: int, rng: np.random.Generator) -> tuple[Variable, ...]:
    """``n`` events with different names: ``real`` ones of one theme (of several when one is too small), or
    ``nonsense`` ones, random strings of four letters that are low or high.

    Raises:
        UserError: the kind is unknown, or there are fewer than ``n`` names of it.
    """
    if kind == "real":
        return _draw_real(n, rng)
    if kind == "nonsense":
        return _draw_nonsense(n, rng)
    raise UserError(f"unknown kind of names {kind!r}; kinds are {', '.join(KINDS)}")


def _draw_real(n: int, rng: np.random.Generator) -> tuple[Variable, ...]:
    known = sum(len(theme) for theme in _REAL)
    if n > known:
        raise UserError(f"there are {known} real names, not {n}; ask for fewer nodes or for nonsense names")
    drawn: list[Variable] = []
    for theme in rng.permutation(len(_REAL)):
        if len(drawn) >= n:
            break
        events = _REAL[theme]
        drawn += [events[i] for i in rng.permutation(len(events))[: n - len(drawn)]]
    return tuple(drawn)


def _draw_nonsense(n: int, rng: np.random.Generator) -> tuple[Variable, ...]:
    names: dict[str, None] = {}
    while len(names) < n:
        for row in rng.integers(ord("a"), ord("z") + 1, size=(n - len(names), 4), dtype=np.uint8):
            name = row.tobytes().decode()
            if name not in _RESERVED:
                names.setdefault(name)
    return tuple(Variable(name) for name in names)
