"""Sums over several processes, here threads: each waits for the others, as in an all-reduce."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch


def together(works: list[Callable[[Callable[[torch.Tensor], torch.Tensor]], Any]]) -> list[Any]:
    """Run each work beside the others; what it is given sums a tensor over all of them."""
    held: dict[int, torch.Tensor] = {}
    barrier = threading.Barrier(len(works), timeout=30)

    def run(place: int) -> Any:
        def total(tensor: torch.Tensor) -> torch.Tensor:
            held[place] = tensor
            barrier.wait()
            summed = sum(held[i] for i in range(len(works)))
            barrier.wait()
            return summed

        return works[place](total)

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, range(len(works))))
