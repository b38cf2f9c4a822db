"""The study: one cold start a seed, every method from it, every model on every suite, one report.

Folders below the study's own, each a run that ``train`` or ``evaluate`` could have made:

    seed-0/{cold_start,sft,dpo,...}       models
    seed-0/evaluate/{method}/{suite}      predictions, results, diagnoses
    seed-0/evaluate/references/...        shortcuts and the exact solver
    budget-8/seed-0/...                   the same with another number of worked solutions (first seed, first suite)
    report.md, report.html, results.json

Items are the same for all methods of a seed and others for each seed. Whatever is interrupted goes on with the same
command; a study may grow by methods, seeds, suites and budgets, but nothing that decides what is there may change.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from rungwise.errors import UserError
from rungwise.files import read_json
from rungwise.language_models import local_folder
from rungwise.posttrain.common import settle
from rungwise.posttrain.settings import METHODS, TrainRecipe, nearest
from rungwise.report.study import write_study
from rungwise.study_cells import Cell
from rungwise.study_workers import run_cells
from rungwise.suites.items import SUITES, generate
from rungwise.testbed.report import write_test_bed
from rungwise.testbed.study import plan as plan_test_bed

COLD = "cold_start"
BUDGET_METHODS = ("sft", "grpo")

FIRST_GUESS = {"evaluate": 60.0, "references": 15.0, "pretrain": 200.0, "answers": 20.0}
"""Seconds of the cells that have no time limit, until one is finished."""
OVERHEAD = 5.0
"""Seconds of a training cell beside its training, until one is finished."""
PATIENCE = 15.0
"""Seconds to wait for the workers of a killed study to notice it."""

Report = Callable[[str, dict[str, Any]], None]
"""Receives "study" or a worker's name, and a dictionary with "done", "of" and "note"."""


def study(recipe: TrainRecipe, out: Path, workers: int, report: Report, command: str) -> dict[str, Any]:
    """Run (or resume, or just report again) a study in ``out``.

    Returns:
        The content of ``results.json``, see ``report.study``.

    Raises:
        UserError: a suite or method that can't be part of it, no such model, ``out`` holds a study with other settings
            or is in use, or a cell failed.
    """
    recipe = same_seconds(recipe)
    check(recipe, workers)
    settle(out, deciding(recipe))
    bed = bool(recipe.testbed.families)
    cells = plan_test_bed(recipe) if bed else plan(recipe)
    with held(out / ".lock") as lock:
        forecast = Forecast(recipe, out, cells, workers)

        def hear(worker: int, cell: Cell, told: dict[str, Any]) -> None:
            report("study", forecast.heard(worker, cell, told))
            if "done" in told:
                report(f"worker {worker + 1}", {**told, "note": f"{cell.folder} {told['note']}"})

        run_cells(cells, asdict(recipe), out, workers, lock, hear)
        if bed:
            return write_test_bed(out, recipe, command)
        folders = [seed_folder(seed) for seed in seeds(recipe)]
        budgets = {budget: budget_folder(recipe, budget) for budget in recipe.study.budgets}
        return write_study(out, recipe, folders, budgets, command)


def same_seconds(recipe: TrainRecipe) -> TrainRecipe:
    """The recipe with the study's training times where it states any."""
    own = recipe.study
    times = {method: own.cold_start_seconds if method == COLD else own.seconds for method in METHODS}
    return replace(recipe, **{method: replace(getattr(recipe, method), seconds=s) for method, s in times.items() if s})


def check(recipe: TrainRecipe, workers: int) -> None:
    """Refuse now what would fail after hours.

    Raises:
        UserError: what it is.
    """
    chosen = recipe.study
    if workers < 1:
        raise UserError(f"--workers must be at least 1, got {workers}")
    for name, given in (("method", chosen.methods), ("suite", chosen.suites), ("budget", chosen.budgets)):
        if len(set(given)) < len(given):
            raise UserError(f"a {name} is named twice: {', '.join(map(str, given))}")
    if not chosen.methods or not chosen.suites:
        raise UserError("a study needs at least one method and one suite")
    if COLD in chosen.methods:
        raise UserError("every study starts with cold_start; name only the methods that follow it")
    for suite in chosen.suites:
        if suite not in SUITES:
            raise UserError(f"unknown suite {suite!r}; {nearest(suite, list(SUITES))}")
        next(iter(generate(suite, chosen.items, recipe.seed, recipe.view)))
    local_folder(recipe.model)


def deciding(recipe: TrainRecipe) -> dict[str, Any]:
    """What decides the content of any cell; not which cells there are."""
    chosen = recipe.study
    own = {"items": chosen.items, "samples": chosen.samples, "temperature": chosen.temperature}
    return {"command": "study", **asdict(recipe), "study": own}


def plan(recipe: TrainRecipe) -> list[Cell]:
    """All cells in the order in which they are preferred: the first seed is complete first."""
    chosen = recipe.study
    cells: list[Cell] = []
    for seed in seeds(recipe):
        folder = seed_folder(seed)
        cells += _cells(folder, seed, recipe.solutions, chosen.methods, chosen.suites)
        cells.append(Cell(f"{folder}/evaluate/references", "references", seed, suites=chosen.suites))
        if seed == recipe.seed:
            for budget in chosen.budgets:
                place = budget_folder(recipe, budget)
                cells += _cells(place, seed, budget, BUDGET_METHODS, chosen.suites[:1])
    return list({cell.folder: cell for cell in reversed(cells)}.values())[::-1]


def _cells(folder: str, seed: int, solutions: int, methods: tuple[str, ...], suites: tuple[str, ...]) -> list[Cell]:
    cold = f"{folder}/{COLD}"
    cells = [Cell(cold, COLD, seed, solutions=solutions)]
    cells += [Cell(f"{folder}/{method}", method, seed, cold, solutions) for method in methods]
    return cells + [
        Cell(f"{folder}/evaluate/{method}", "evaluate", seed, f"{folder}/{method}", suites=suites)
        for method in (COLD, *methods)
    ]


def seeds(recipe: TrainRecipe) -> range:
    """The seeds of a study, from the recipe's on."""
    return range(recipe.seed, recipe.seed + recipe.study.seeds)


def seed_folder(seed: int) -> str:
    """Where a seed's runs are."""
    return f"seed-{seed}"


def budget_folder(recipe: TrainRecipe, budget: int) -> str:
    """Where the first seed's runs with ``budget`` solutions a task are: the recipe's own number has them already."""
    folder = seed_folder(recipe.seed)
    return folder if budget == recipe.solutions else f"budget-{budget}/{folder}"


class Forecast:
    """How much of a study is done and when the rest will be, learnt from the cells that are finished.

    Work is counted in seconds of one worker.
    """

    def __init__(self, recipe: TrainRecipe, out: Path, cells: list[Cell], workers: int) -> None:
        self.recipe, self.workers = recipe, workers
        self.left = {cell.folder: cell for cell in cells if not cell.finished(out)}
        self.count = len(cells)
        self.took: dict[str, list[float]] = {}
        self.running: dict[int, float] = {}
        for cell in cells:
            if cell.folder not in self.left and (out / cell.folder / "done.json").exists():
                seconds = read_json(out / cell.folder / "done.json")["seconds"]
                self.took.setdefault(cell.kind, []).append(seconds + OVERHEAD)
        self.behind = sum(self.seconds(cell) for cell in cells if cell.folder not in self.left)

    def seconds(self, cell: Cell) -> float:
        """What a cell takes."""
        if known := self.took.get(cell.kind):
            return sum(known) / len(known)
        if cell.kind in FIRST_GUESS:
            return FIRST_GUESS[cell.kind]
        return float(getattr(self.recipe, cell.kind).seconds) + OVERHEAD

    def heard(self, worker: int, cell: Cell, told: dict[str, Any]) -> dict[str, Any]:
        """Take in what a worker told; "done" and "of" in seconds, and a note for people."""
        if "finished" in told:
            self.running.pop(worker, None)
            self.left.pop(cell.folder)
            self.took.setdefault(cell.kind, []).append(told["finished"])
            self.behind += told["finished"]
        else:
            self.running[worker] = self.seconds(cell) * min(1.0, told["done"] / told["of"])
        done = self.behind + sum(self.running.values())
        ahead = max(0.0, sum(map(self.seconds, self.left.values())) - sum(self.running.values()))
        minutes = ahead / min(self.workers, max(1, len(self.left))) / 60
        note = f"{self.count - len(self.left)} of {self.count} cells, about {minutes:.0f} min left"
        return {"done": done, "of": done + ahead, "note": note}


@contextmanager
def held(path: Path) -> Iterator[int]:
    """The file descriptor of a lock on a study, shared by its workers, so that two commands never write in one folder.

    Raises:
        UserError: another process holds it, and does not go away.
    """
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        give_up = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > give_up:
                    raise UserError(f"another study is running in {path.parent}; wait for it, or stop it") from error
                time.sleep(0.1)
        yield lock
    finally:
        os.close(lock)
