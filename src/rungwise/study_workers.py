"""Runs the cells of a study in worker processes: which one next, who is told, and how everything ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from rungwise.errors import UserError
from rungwise.study_cells import Cell

Hear = Callable[[int, Cell, dict[str, Any]], None]
"""Called with the worker's number, its cell and what it tells: "done", "of" and "note" on the way, "finished" (seconds)
at the end."""

GRACE = 10.0
"""Seconds in which a worker that was told to stop must have stopped."""


@dataclass(frozen=True)
class Worker:
    """A process of ``study_cells`` and where its words go."""

    number: int
    process: subprocess.Popen[str]
    log: Path

    def ask(self, line: dict[str, Any]) -> None:
        """Send a line; a dead worker is noticed where its answer is awaited."""
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps(line) + "\n")
            self.process.stdin.flush()


def run_cells(cells: Sequence[Cell], recipe: dict[str, Any], out: Path, workers: int, hold: int, hear: Hear) -> None:
    """Do all cells that are not finished, each after the one it starts from, ``workers`` at a time.

    Args:
        cells: in the order in which they are preferred.
        recipe: the recipe as a dictionary.
        hold: file descriptor of the study's lock; workers hold it too, so that none outlives it unnoticed.

    Raises:
        UserError: a cell failed or its worker was killed. The other workers are stopped; everything resumes.
    """
    finished = {cell.folder for cell in cells if cell.finished(out)}
    waiting = [cell for cell in cells if cell.folder not in finished]
    known = {cell.folder for cell in cells}
    busy: dict[int, Cell] = {}
    with _pool(recipe, out, min(workers, len(waiting)), hold) as (pool, words):
        while waiting or busy:
            for worker in pool:
                ready = (c for c in waiting if not c.start or c.start in finished or c.start not in known)
                if worker.number not in busy and (cell := next(ready, None)):
                    waiting.remove(cell)
                    busy[worker.number] = cell
                    worker.ask(asdict(cell))
            number, told = words.get()
            if told is None:
                where, code = busy[number].folder if number in busy else "a worker", pool[number].process.wait()
                raise UserError(f"{where}: its process ended with {code}; the same command resumes")
            cell = busy[number]
            if "error" in told:
                more = f" (see {pool[number].log})" if told.get("unexpected") else ""
                raise UserError(f"{cell.folder}: {told['error']}{more}")
            if "finished" in told:
                finished.add(busy.pop(number).folder)
            hear(number, cell, told)


@contextmanager
def _pool(
    recipe: dict[str, Any], out: Path, workers: int, hold: int
) -> Iterator[tuple[list[Worker], SimpleQueue[tuple[int, dict[str, Any] | None]]]]:
    """Workers that have their job, and the queue of (number, what it told; None at its end). All end with the block."""
    words: SimpleQueue[tuple[int, dict[str, Any] | None]] = SimpleQueue()
    environment = dict(os.environ)
    if workers > 1:  # side by side, threads of small models only wait for each other
        environment |= {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    pool: list[Worker] = []
    try:
        for number in range(workers):
            log = out / f"worker-{number + 1}.log"
            with log.open("a") as errors:
                process = subprocess.Popen(
                    [sys.executable, "-m", "rungwise.study_cells"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    text=True,
                    env=environment,
                    pass_fds=(hold,),
                )
            pool.append(Worker(number, process, log))
            pool[number].ask({"out": str(out), "recipe": recipe})
            threading.Thread(target=_listen, args=(pool[number], words), daemon=True).start()
        yield pool, words
    finally:
        for worker in pool:
            _stop(worker)


def _listen(worker: Worker, words: SimpleQueue[tuple[int, dict[str, Any] | None]]) -> None:
    assert worker.process.stdout is not None
    for line in worker.process.stdout:
        if line.endswith("\n"):  # else it died over it
            words.put((worker.number, json.loads(line)))
    words.put((worker.number, None))


def _stop(worker: Worker) -> None:
    """Close its stdin, on which it ends."""
    assert worker.process.stdin is not None
    with suppress(BrokenPipeError):
        worker.process.stdin.close()
    try:
        worker.process.wait(GRACE)
    except subprocess.TimeoutExpired:
        worker.process.kill()
        worker.process.wait()
