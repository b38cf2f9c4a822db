"""What kind of problems to sample, and in which order their structures are looked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product
from random import Random
from typing import TypeVar

from rungwise.errors import UserError
from rungwise.problems.menu import MENUS, readings
from rungwise.problems.problem import EFFECTS, TASKS
from rungwise.problems.streams import SPLITS
from rungwise.problems.structure import PUBLISHED, Request
from rungwise.problems.tasks import POINT_TASKS
from rungwise.wording.names import KINDS

T = TypeVar("T")
SIZES, REQUESTS = 6, 20
"""Numbers of nodes drawn for one menu and right reading, and how many of these are drawn, before a recipe is
called impossible."""

MOST_VALUES = 3
"""Values that an outcome may have."""


@dataclass(frozen=True)
class Recipe:
    """What kind of problems to sample: the difficulty knobs.

    Attributes:
        nodes: number of nodes -> weight. Where no graph of the drawn size and split has the drawn right reading,
            the size is drawn again and the reading kept, so small graphs come out a little rarer.
        menus: menu name -> weight; "published" shows only what the right reading needs. Where a menu needs more
            nodes, "single" takes its place. NIE has no "single": there "either" is shown, on four nodes or more.
        zero: share of items whose value is 0 (effects: by structure; PN, PS: a lower bound cut off at 0).
        less: share of effects that are asked with "less likely".
        names: vocabulary (see wording.names).
        split: train, validation or test: which canonical shapes may be used.
        edge_share: range of the edge density.
        prior: range of every P(v=0 | parents).
        deconfounding: the right reading adjusts for something, so that the plain difference is wrong.
        redundant: range of the number of further true facts that no reading needs.
        outcome_values: number of values of the outcome (effects only).
        monotone: PN, PS and PNS as points instead of bounds, for models in which the treatment never lowers the
            outcome (see causal.monotone).
    """

    nodes: dict[int, float] = field(default_factory=lambda: {3: 0.15, 4: 0.35, 5: 0.5})
    menus: dict[str, float] = field(default_factory=lambda: {"single": 0.4, "either": 0.6})
    zero: float = 0.1
    less: float = 0.25
    names: str = "real"
    split: str = "test"
    edge_share: tuple[float, float] = (0.35, 0.85)
    prior: tuple[float, float] = (0.03, 0.97)
    deconfounding: bool = False
    redundant: tuple[int, int] = (0, 0)
    outcome_values: int = 2
    monotone: bool = False

    def __post_init__(self) -> None:
        if not self.nodes or not self.menus:
            raise UserError("name at least one number of nodes and one menu")
        if self.split not in SPLITS:
            raise UserError(f"unknown split {self.split!r}; splits are {', '.join(SPLITS)}")
        unknown = set(self.menus) - set(MENUS) - {PUBLISHED}
        if unknown:
            raise UserError(f"unknown menu {sorted(unknown)[0]!r}; menus are {', '.join(MENUS)}, {PUBLISHED}")
        if self.names not in KINDS:
            raise UserError(f"unknown kind of names {self.names!r}; kinds are {', '.join(KINDS)}")
        if not 0 <= self.zero <= 1:
            raise UserError(f"the share of zero effects must be in [0, 1], got {self.zero}")
        if not 0 <= self.less <= 1:
            raise UserError(f"the share of 'less likely' must be in [0, 1], got {self.less}")
        if min(self.nodes) < 3 or max(self.nodes) > 10:
            raise UserError(f"problems have 3 to 10 nodes, got {sorted(self.nodes)}")
        if not 2 <= self.outcome_values <= MOST_VALUES:
            raise UserError(f"an outcome has 2 to {MOST_VALUES} values, got {self.outcome_values}")

    @property
    def tasks(self) -> tuple[str, ...]:
        """What can be asked of such problems."""
        if self.monotone:
            return POINT_TASKS
        return TASKS if self.outcome_values == 2 else EFFECTS


def cards_of(n: int, recipe: Recipe) -> tuple[int, ...]:
    """The number of values of each role."""
    return (2, recipe.outcome_values, *[2] * (n - 2))


def requests(name: str, recipe: Recipe, zero: bool, dice: Random) -> Iterator[Request]:
    """What to look for, in the order to try.

    Raises:
        UserError: the recipe cannot ask this task.
    """
    if name not in recipe.tasks:
        raise UserError(f"unknown task {name!r}; tasks are {', '.join(recipe.tasks)}")
    zero = zero and name in EFFECTS
    for _ in range(REQUESTS):
        n = _pick(recipe.nodes, dice)
        menu = _pick(recipe.menus, dice)
        menu, sizes = _menu_and_sizes(name, menu, n, recipe)
        if n not in sizes:
            n = _pick(sizes, dice)
        place = _place(name, menu, recipe.deconfounding, dice.random())
        for _ in range(SIZES):
            yield Request(name, n, menu, 0 if zero else place, zero, recipe.split)
            n = _pick(sizes, dice)


def asked_for(name: str, recipe: Recipe, zero: bool) -> dict[Request, float]:
    """Everything that ``requests`` can begin with, and how likely it does."""
    found: dict[Request, float] = {}
    for (n, node_weight), (drawn, menu_weight) in product(recipe.nodes.items(), recipe.menus.items()):
        menu, sizes = _menu_and_sizes(name, drawn, n, recipe)
        own = {n: 1.0} if n in sizes else sizes
        places = [0] if zero else _places(name, menu, recipe.deconfounding)
        for (size, weight), place in product(own.items(), places):
            request = Request(name, size, menu, place, zero, recipe.split)
            share = node_weight * menu_weight * weight / sum(own.values()) / len(places)
            if share:
                found[request] = found.get(request, 0.0) + share
    return found


def _menu_and_sizes(name: str, menu: str, n: int, recipe: Recipe) -> tuple[str, Mapping[int, float]]:
    """The menu that is shown where this one is drawn, and the numbers of nodes that it has room on."""
    if name == "NIE" and menu == "single":
        menu = "either"  # with one menu variable there is nothing to decide
    sizes = {k: w for k, w in recipe.nodes.items() if menu == PUBLISHED or k >= 2 + MENUS[menu]}
    if n in sizes:
        return menu, sizes
    return (menu, sizes or {2 + MENUS[menu]: 1.0}) if name == "NIE" else ("single", recipe.nodes)


def _place(name: str, menu: str, deconfounding: bool, fraction: float) -> int:
    """The index of the reading that is to be right."""
    places = _places(name, menu, deconfounding)
    return places[int(fraction * len(places))]


@lru_cache(maxsize=128)
def _places(name: str, menu: str, deconfounding: bool) -> list[int]:
    """The indices of the readings that may be right."""
    if menu == PUBLISHED:
        return [0]
    shown = readings(name, menu, range(MENUS[menu]))
    return [i for i, (_, zs) in enumerate(shown) if zs or not deconfounding] or [0]


def _pick(weights: Mapping[T, float], dice: Random) -> T:
    """One of the keys; a third of the time that ``Random.choices`` takes."""
    point = dice.random() * sum(weights.values())
    for key, weight in weights.items():
        point -= weight
        if point < 0:
            return key
    return key  # rounding


def impossible(name: str, recipe: Recipe) -> UserError:
    """The error for a recipe that yields nothing."""
    return UserError(
        f"no {name} problem with nodes {sorted(recipe.nodes)}, menus {sorted(recipe.menus)} and zero share "
        f"{recipe.zero} found in split {recipe.split!r}; allow other nodes or menus"
    )
