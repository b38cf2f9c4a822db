"""Which items of a suite are 0 and which answer the others have: balanced in every stretch of a task's items, so that
neither a constant answer nor a cut of a file gains anything, and shuffled within each stretch."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from rungwise.problems.streams import make_dice

BLOCK = 20
"""Items of a task in a stretch."""


class Place(NamedTuple):
    """What item i of a task is to be: 0, or an effect that is answered with Yes or No; of a pair: the two answers
    opposite."""

    zero: bool
    yes: bool
    opposite: bool = False


def place_of(key: tuple[object, ...], i: int, zero: float, opposite: float = 0.0) -> Place:
    """The place of item (or pair) i of a task.

    Args:
        key: what the shuffling depends on.
        zero: share of zeros.
        opposite: share of opposite pairs among the rest.
    """
    return _block(key, i // BLOCK, zero, opposite)[i % BLOCK]


def alike_before(key: tuple[object, ...], i: int, zero: float) -> int:
    """How many items of the task before item i are to be 0 (where it is to be 0), or not (where it is not)."""
    block, at = divmod(i, BLOCK)
    places = _block(key, block, zero, 0.0)
    zeros = _zeros_before(block, zero)
    before = zeros if places[at].zero else block * BLOCK - zeros
    return before + sum(place.zero == places[at].zero for place in places[:at])


def longest_start(zero: float, zeros: int, others: int) -> int:
    """So many items of a task, from the first on, never hold more than so many zeros and so many others, however the
    stretches are shuffled."""
    block = 0
    while True:
        left = zeros - _zeros_before(block, zero), others - block * BLOCK + _zeros_before(block, zero)
        in_block = _zeros_before(block + 1, zero) - _zeros_before(block, zero)
        short = [have for have, need in zip(left, (in_block, BLOCK - in_block), strict=True) if have < need]
        if short:
            return block * BLOCK + min(short)
        block += 1


def _zeros_before(block: int, zero: float) -> int:
    """Zeros in all stretches before this one."""
    return round(block * BLOCK * zero)


@lru_cache(maxsize=1024)
def _block(key: tuple[object, ...], block: int, zero: float, opposite: float) -> list[Place]:
    zeros = _zeros_before(block + 1, zero) - _zeros_before(block, zero)
    unlike = round((BLOCK - zeros) * opposite)
    alike = BLOCK - zeros - unlike
    # Where their number is odd, every other stretch begins with the other answer.
    out = [Place(True, (k + block * zeros) % 2 == 0) for k in range(zeros)]
    out += [Place(False, True, True)] * unlike
    out += [Place(False, (k + block * alike) % 2 == 0) for k in range(alike)]
    make_dice(*key, "block", block).shuffle(out)
    return out
