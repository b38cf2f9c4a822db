"""One audit: every item of a published set read, solved by two roads, and its label judged."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from hashlib import blake2b
from itertools import islice
from typing import get_args

from rungwise.errors import UserError
from rungwise.suites.published import benchmark, open_set
from rungwise.suites.published.item import KINDS, Bad, Finding, Outcome, PublishedItem, refuse

OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

Progress = Callable[[int, int], None]
"""Called with (items judged, items in all)."""

Pair = tuple[PublishedItem, PublishedItem | None]
"""An item and the one that it rewords, if any."""

CHUNK = 50
"""Items that a process is given at once."""
ALONE = 300
"""Below so many items a second process costs more time than it saves."""


@dataclass(frozen=True, slots=True)
class Judged:
    """An item and the finding about it."""

    item: PublishedItem
    finding: Finding


@dataclass(frozen=True)
class Audit:
    """All findings about a set, in its order.

    Attributes:
        spec: the set as NAME:PATH[#SUBSET].
        judged: one for each item that could be used.
        skipped: what was said about rows that could not.
    """

    spec: str
    judged: tuple[Judged, ...]
    skipped: tuple[str, ...]

    def outcomes(self) -> dict[str, int]:
        """Items by verdict, in the order of OUTCOMES."""
        counted = Counter(j.finding.outcome for j in self.judged)
        return {outcome: counted[outcome] for outcome in OUTCOMES if counted[outcome]}

    def kinds(self) -> dict[str, int]:
        """Items by class, in the order of KINDS; an item can be in several."""
        counted = Counter(kind for j in self.judged for kind in j.finding.kinds)
        return {kind: counted[kind] for kind in KINDS if counted[kind]}

    def by_task(self) -> dict[str, dict[str, int]]:
        """Items by task and verdict."""
        counted: dict[str, Counter[Outcome]] = defaultdict(Counter)
        for j in self.judged:
            counted[j.item.task][j.finding.outcome] += 1
        return {task: {o: found[o] for o in OUTCOMES if found[o]} for task, found in counted.items()}


def audit(
    spec: str,
    *,
    original: str | None = None,
    limit: int | None = None,
    skip_bad: bool = False,
    workers: int | None = None,
    progress: Progress = lambda done, of: None,
) -> Audit:
    """Judge every label of a set.

    Args:
        spec: NAME:PATH[#SUBSET].
        original: the set that this one rewords, item by item in the same order, as another NAME:PATH[#SUBSET];
            numbers, names and polarity are compared with it.
        skip_bad: read on past rows that can't be used, and count them.
        workers: processes, any number gives the same audit; None: as many as there are cores, fewer for small sets.

    Raises:
        UserError: no such benchmark or set, a damaged row (unless skipped), no items, or an ``original`` that is no
            counterpart.
        OSError: a file can't be opened.
    """
    skipped: list[str] = []
    bad: Bad = (lambda error: skipped.append(str(error))) if skip_bad else refuse
    chosen, items = open_set(spec, bad)
    if original is not None and chosen.drift is None:
        raise UserError(f"{chosen.name} has no reworded sets; leave out the original")
    pairs = list(_beside(islice(items, limit), original))
    judged = []
    most = workers or min(os.cpu_count() or 1, 1 + len(pairs) // ALONE)
    with ProcessPoolExecutor(most) if most > 1 else nullcontext() as pool:
        work = partial(_finding, chosen.name)
        found = pool.map(work, pairs, chunksize=CHUNK) if pool else map(work, pairs)
        for (item, _), finding in zip(pairs, found, strict=True):
            judged.append(Judged(item, finding))
            progress(len(judged), len(pairs))
    if not judged:
        raise UserError(f"{spec} holds no items that can be used" + (f"; {skipped[0]}" if skipped else ""))
    return Audit(spec, tuple(_compared(judged)), tuple(skipped))


def _finding(name: str, pair: Pair) -> Finding:
    chosen, (item, before) = benchmark(name), pair
    finding = chosen.audit(item)
    return chosen.drift(item, before, finding) if before is not None and chosen.drift is not None else finding


def _beside(items: Iterable[PublishedItem], original: str | None) -> Iterator[Pair]:
    if original is None:
        yield from ((item, None) for item in items)
        return
    _, others = open_set(original, refuse)
    for item in items:
        other = next(others, None)
        if other is None or other.task != item.task:
            raise UserError(f"{original} is no counterpart: {item.where} ({item.task}) has no {item.task} item there")
        yield item, other


def _compared(judged: list[Judged]) -> Iterator[Judged]:
    """With the classes that only the whole set shows: duplicates and polarity twins."""
    texts = Counter(_digest(j.item.text) for j in judged)
    twins: dict[str, set[bytes]] = defaultdict(set)
    for j in judged:
        if j.finding.twin:
            twins[j.finding.twin].add(_digest(j.item.text))
    for j in judged:
        found = set(j.finding.kinds)
        if texts[_digest(j.item.text)] > 1:
            found.add("duplicate")
        if len(twins.get(j.finding.twin, ())) > 1:
            found.add("twin")
        yield Judged(j.item, replace(j.finding, kinds=tuple(kind for kind in KINDS if kind in found)))


def _digest(text: str) -> bytes:
    return blake2b(" ".join(text.split()).encode("utf-8", "surrogatepass"), digest_size=16).digest()
