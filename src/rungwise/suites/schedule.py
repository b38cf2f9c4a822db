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


@lru_cache(maxsize=1024)
def _block(key: tuple[object, ...], block: int, zero: float, opposite: float) -> list[Place]:
    before, after = (round(number * BLOCK * zero) for number in (block, block + 1))
    zeros = after - before
    unlike = round((BLOCK - zeros) * opposite)
    alike = BLOCK - zeros - unlike
    # Where their number is odd, every other stretch begins with the other answer.
    out = [Place(True, (k + block * zeros) % 2 == 0) for k in range(zeros)]
    out += [Place(False, True, True)] * unlike
    out += [Place(False, (k + block * alike) % 2 == 0) for k in range(alike)]
    make_dice(*key, "block", block).shuffle(out)
    return out
