"""Words for the kinds of a theory: so that all that is told of kinds is true of the world, or false of it, or neither.

A rule is true of the world where everything that its condition names surely is as it says, and false where nothing is;
what only may be so is neither and is never told. Both come down to constraints on pairs of words, so the words are
found by forward checking (Haralick & Elliott 1980) on sets of words, which are bits of a number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from random import Random
from typing import NamedTuple

from rungwise.ontology.problem import Kind, Sentence
from rungwise.ontology.vocabulary import NOUNS, ROLES, adjectives, as_kind, made_up, world_says
from rungwise.suites.published.prontoqa_logic import Literal

_TRIES = 300
"""Words tried in one search."""
_TAKEN = frozenset(["true", "false", "case", "suppose", "both", "answer", "give", "either"])


class _Pair(NamedTuple):
    """A demand on two kinds of a theory: everything of ``below`` is (``holds``), or nothing of it is, an ``above``."""

    below: str
    above: str
    holds: bool


def demands(rules: Sequence[Sentence], sorts: Mapping[str, str], wanted: bool) -> list[_Pair]:
    """What makes rules true of the world (``wanted``) or false of it.

    Roles in a condition, such as "a gift", do not matter: they only make it narrower. Of an "or" in a conclusion the
    first part is the one that is true; false are all parts.
    """
    pairs = []
    for rule in rules:
        assert rule.given is not None
        then = rule.then.literals[:1] if rule.then.op == "or" and wanted else rule.then.literals
        for given in rule.given.literals:
            if sorts[given.kind] != "role":
                pairs += [_Pair(given.kind, literal.kind, literal.holds == wanted) for literal in then]
    return pairs


def find_words(rules: Sequence[Sentence], sorts: Mapping[str, str], names: str, dice: Random) -> dict[str, Kind] | None:
    """Different words for the kinds, from a vocabulary; None where the search finds none."""
    if names == "nonsense":
        words = _made_up(sorts, dice)
    else:
        found = _search(demands(rules, sorts, names == "commonsense"), sorts, dice)
        if found is None:
            return None
        words = found
    return {kind: as_kind(words[kind], sort != "adjective") for kind, sort in sorts.items()}


def _made_up(sorts: Mapping[str, str], dice: Random) -> dict[str, str]:
    words: dict[str, str] = {}
    for kind, sort in sorts.items():
        word = made_up(sort != "adjective", dice)
        while word in words.values() or word in _TAKEN:
            word = made_up(sort != "adjective", dice)
        words[kind] = word
    return words


class _Lexicon(NamedTuple):
    """Words as bits: those of each sort, and for every word those that are above it and below it, by ``holds``."""

    words: tuple[str, ...]
    sorts: dict[str, int]
    above: dict[bool, list[int]]
    below: dict[bool, list[int]]


@lru_cache(maxsize=1)
def _lexicon() -> _Lexicon:
    words = (*NOUNS, *adjectives(), *ROLES)
    n, m = len(NOUNS), len(words) - len(ROLES)
    above: dict[bool, list[int]] = {True: [0] * len(words), False: [0] * len(words)}
    below: dict[bool, list[int]] = {True: [0] * len(words), False: [0] * len(words)}
    for i, kind in enumerate(NOUNS):
        for k in range(m):
            holds = world_says(kind, Literal(words[k]))
            if holds is not None:
                above[holds][i] |= 1 << k
                below[holds][k] |= 1 << i
    sorts = {"noun": (1 << n) - 1, "adjective": (1 << m) - (1 << n), "role": (1 << len(words)) - (1 << m)}
    return _Lexicon(words, sorts, above, below)


def _search(pairs: Sequence[_Pair], sorts: Mapping[str, str], dice: Random) -> dict[str, str] | None:
    lexicon = _lexicon()
    domains = {kind: lexicon.sorts[sort] for kind, sort in sorts.items()}
    before: dict[str, int] = {}
    while domains != before:  # arc consistency, so that chains begin deep enough
        before = dict(domains)
        for pair in pairs:
            domains[pair.above] &= _union(lexicon.above[pair.holds], domains[pair.below])
        for pair in reversed(pairs):
            domains[pair.below] &= _union(lexicon.below[pair.holds], domains[pair.above])
    tries = [_TRIES]
    found = _assign(domains, {}, pairs, dice, tries)
    return None if found is None else {kind: lexicon.words[i] for kind, i in found.items()}


def _assign(
    domains: Mapping[str, int], chosen: dict[str, int], pairs: Sequence[_Pair], dice: Random, tries: list[int]
) -> dict[str, int] | None:
    if not domains:
        return chosen
    lexicon = _lexicon()
    kind = min(domains, key=lambda one: domains[one].bit_count())
    words = list(_bits(domains[kind]))
    dice.shuffle(words)
    for word in words:
        tries[0] -= 1
        if tries[0] < 0:
            return None
        left = {other: domain & ~(1 << word) for other, domain in domains.items() if other != kind}
        for pair in pairs:
            if pair.below == kind and pair.above in left:
                left[pair.above] &= lexicon.above[pair.holds][word]
            elif pair.above == kind and pair.below in left:
                left[pair.below] &= lexicon.below[pair.holds][word]
        if all(left.values()):
            found = _assign(left, {**chosen, kind: word}, pairs, dice, tries)
            if found is not None:
                return found
    return None


def _union(sets: Sequence[int], members: int) -> int:
    out = 0
    for i in _bits(members):
        out |= sets[i]
    return out


def _bits(members: int) -> Iterator[int]:
    while members:
        low = members & -members
        yield low.bit_length() - 1
        members ^= low
