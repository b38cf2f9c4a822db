"""A clock that makes training runs short, and the same length on every machine."""

from __future__ import annotations


class Ticks:
    """Stands for the module ``time``: a second passes whenever the time is read, two or three times a step."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        self.now += 1.0
        return self.now
