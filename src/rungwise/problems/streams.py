"""Random streams and splits from hashes, so that no two items share one and any machine makes the same item."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from random import Random
from typing import TypeVar

import numpy as np

T = TypeVar("T")
SPLITS = {"train": 0.6, "validation": 0.1, "test": 0.3}
"""Share of canonical shapes that belongs to each split."""


def stream(*key: object) -> np.random.Generator:
    """The random stream of a key such as (root seed, suite, split, task, index)."""
    return np.random.Generator(np.random.PCG64(_number(key)))


def make_dice(*key: object) -> Random:
    """A key's stream as Python's own generator: ten times as fast for many single draws."""
    return Random(_number(key))


def _number(key: tuple[object, ...]) -> int:
    # Parts are told apart by slashes, so a slash inside a part is escaped: ("a/b",) is not ("a", "b").
    parts = [str(part) for part in key]
    if any("/" in part or "\\" in part for part in parts):
        parts = [part.replace("\\", "\\\\").replace("/", "\\/") for part in parts]
    return int.from_bytes(hashlib.sha256("/".join(parts).encode()).digest()[:16], "big")


def shuffled(items: Sequence[T], dice: Random) -> list[T]:
    """The items in random order; a third of the time that ``Random.shuffle`` takes."""
    draw = dice.random
    keys = [draw() for _ in items]
    return [items[i] for i in sorted(range(len(items)), key=keys.__getitem__)]


def split_of(shape: str) -> str:
    """The one split that a canonical shape belongs to, by its hash alone."""
    point = int.from_bytes(hashlib.sha256(shape.encode()).digest()[:8], "big") / 2**64
    for name, share in SPLITS.items():
        if point < share:
            return name
        point -= share
    return "test"
