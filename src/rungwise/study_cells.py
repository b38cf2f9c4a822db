"""The worker of a study: a process that trains and evaluates one cell after another.

``python -m rungwise.study_cells`` reads a job and then cells as JSON lines from stdin, and answers in JSON lines on
stdout. When its stdin ends, whoever started it has stopped or died: it ends at once, wherever it is. What it was at
goes on later, because ``train`` and ``evaluate`` keep what they did.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TextIO

from rungwise.capt.intervention import Mode
from rungwise.errors import UserError
from rungwise.evaluate.capted import capted
from rungwise.evaluate.questions import Suite, load_suite
from rungwise.evaluate.quick import value_accuracy
from rungwise.evaluate.run import PREDICTIONS, RESULTS, evaluate
from rungwise.files import read_json_lines, write_json_lines
from rungwise.language_models import load_model
from rungwise.posttrain.settings import StudySettings, TestBedSettings, TrainRecipe
from rungwise.scoring.diagnosis import diagnose

Tell = Callable[[dict[str, Any]], None]

EVERY = 0.5
"""Seconds between two lines of progress."""

REFERENCES = ("constant", "unadjusted", "graph-blind", "lookup", "exact")
"""What is no model: rows of every table, from the floor to the ceiling."""

DIAGNOSES = "diagnoses.jsonl"

BED_KINDS = ("pretrain", "answers")
"""Cells of a test bed that are no training run of ``posttrain``."""
FINISHED = "finished.json"
"""What such a cell leaves last."""


@dataclass(frozen=True)
class Cell:
    """One training run, or the evaluation of one model on all suites.

    Attributes:
        folder: below the study's; the model of a training cell is in ``folder/model``.
        kind: a method, "evaluate" or "references"; of a test bed also "pretrain" or "answers".
        seed: of data, training and items.
        start: folder of the training cell that it starts from or evaluates; "" for the recipe's model.
        solutions: worked solutions a task.
        suites: what is evaluated.
        about: of a test bed: family, strength, count, mode.
    """

    folder: str
    kind: str
    seed: int
    start: str = ""
    solutions: int = 0
    suites: tuple[str, ...] = ()
    about: dict[str, Any] = field(default_factory=dict)

    def finished(self, out: Path) -> bool:
        """Whether nothing is left to do in a study's folder."""
        folder = out / self.folder
        if self.kind == "evaluate":
            return all((folder / suite / DIAGNOSES).exists() for suite in self.suites)
        if self.kind == "references":
            return all((folder / name / suite / RESULTS).exists() for name in REFERENCES for suite in self.suites)
        return (folder / (FINISHED if self.kind in BED_KINDS else "done.json")).exists()


def work(cell: Cell, job: dict[str, Any], tell: Tell) -> None:
    """Do a cell; ``job`` holds the study's "out" and "recipe"; ``tell`` gets dictionaries with "done", "of", "note"."""
    out, recipe = Path(job["out"]), TrainRecipe(**job["recipe"])
    if cell.kind == "references":
        for suite in cell.suites:
            items = loaded_suite(suite, recipe.view, recipe.study.items, cell.seed)
            for name in REFERENCES:
                evaluate(name, items, seed=cell.seed, out=out / cell.folder / name / suite)
    elif cell.kind == "evaluate":
        _evaluate(cell, out, recipe, tell)
    elif cell.kind in BED_KINDS:
        _of_test_bed(cell, out, recipe, tell)
    else:
        _train(cell, out, recipe, tell)


def _train(cell: Cell, out: Path, recipe: TrainRecipe, tell: Tell) -> None:
    from transformers import set_seed

    from rungwise.posttrain.run import train

    def report(row: dict[str, Any]) -> None:
        shown = (f"{key} {row[key]:.3f}" for key in ("loss", "reward") if isinstance(row.get(key), float))
        tell({"done": row["seconds"], "of": row["of"], "note": row.get("warning") or ", ".join(shown)})

    # The study's own settings decide no training, so that a study can grow.
    own = replace(recipe, seed=cell.seed, study=StudySettings(), testbed=TestBedSettings())
    if cell.about:
        data = "testbed:{family}:{strength:g}".format(**cell.about)
        own = replace(own, data=data, samples=cell.about["count"], capt=cell.about["mode"])
    else:
        own = replace(own, solutions=cell.solutions)
    set_seed(cell.seed)  # no cell depends on what the process did before it
    train(
        own,
        cell.kind,
        str(out / cell.start / "model") if cell.start else None,
        out / cell.folder,
        report,
        value_accuracy,
    )


def _of_test_bed(cell: Cell, out: Path, recipe: TrainRecipe, tell: Tell) -> None:
    from rungwise.testbed.cells import evaluate_suites, pretrain_base

    about, start = cell.about, out / cell.start / "model" if cell.start else None
    if cell.kind == "pretrain":
        place = out / cell.folder
        pretrain_base(recipe.testbed, about["family"], about.get("strength"), cell.seed, start, place, tell)
        return
    assert start is not None
    evaluate_suites(
        start, about["family"], about["strength"], about["mode"], recipe.study.items, cell.seed,
        about.get("direct", False), out / cell.folder, tell,
    )  # fmt: skip


def _evaluate(cell: Cell, out: Path, recipe: TrainRecipe, tell: Tell) -> None:
    """Every suite and what is wrong with each answer; the model is loaded once."""
    settings, load = recipe.study, lru_cache(maxsize=1)(load_model)
    for number, name in enumerate(cell.suites):
        suite, place = loaded_suite(name, recipe.view, settings.items, cell.seed, recipe.capt), out / cell.folder / name

        def progress(done: int, of: int, right: float, name: str = name, number: int = number) -> None:
            tell({"done": number * of + done, "of": len(cell.suites) * of, "note": f"{name} {100 * right:.1f} % right"})

        evaluate(
            str(out / cell.start / "model"),
            suite,
            seed=cell.seed,
            samples=settings.samples,
            temperature=settings.temperature,
            max_new_tokens=recipe.grpo.max_completion,
            out=place,
            progress=progress,
            load=load,
        )
        if not (place / DIAGNOSES).exists():
            write_json_lines(place / DIAGNOSES, diagnoses(place, suite, recipe.view))


@lru_cache(maxsize=16)
def loaded_suite(name: str, view: str, items: int, seed: int, capt: Mode = "none") -> Suite:
    """The suite, made once for all models of a seed; ``capt`` for its prompts."""
    return capted(load_suite(name, view, items, seed), capt, seed)


def diagnoses(place: Path, suite: Suite, view: str) -> list[dict[str, Any]]:
    """What is wrong with each answer of an evaluation; "step" is the first wrong step, None where all are right."""
    found = []
    for _, row in read_json_lines(place / PREDICTIONS):
        diagnosis = diagnose(row["text"], suite.questions[row["index"]].problem, view)
        names = {name: row[name] for name in ("index", "sample", "task")}
        found.append({**names, "kind": diagnosis.kind, "step": diagnosis.step})
    return found


def main() -> None:
    """Work on cells until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches whoever started this, who then ends it
    lines: SimpleQueue[str] = SimpleQueue()
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever a library prints goes to the log
    threading.Thread(target=_listen, args=(sys.stdin, lines), daemon=True).start()
    job = json.loads(lines.get())
    while True:
        asked = json.loads(lines.get())
        cell = Cell(**{**asked, "suites": tuple(asked["suites"])})
        print(json.dumps(_answer(cell, job, answers)), file=answers)


def _listen(source: TextIO, lines: SimpleQueue[str]) -> None:
    for line in source:
        lines.put(line)
    os._exit(0)


def _answer(cell: Cell, job: dict[str, Any], answers: TextIO) -> dict[str, Any]:
    """Do the cell and say how it went; progress goes out on the way."""
    started = told = time.monotonic()

    def tell(row: dict[str, Any]) -> None:
        nonlocal told
        if time.monotonic() - told >= EVERY:
            told = time.monotonic()
            print(json.dumps(row), file=answers)

    try:
        work(cell, job, tell)
    except UserError as error:
        return {"error": str(error)}
    except Exception as error:  # the one who started this process has to hear of it, and the log to keep all of it
        traceback.print_exc()
        return {"error": f"{type(error).__name__}: {' '.join(str(error).split())}", "unexpected": True}
    return {"finished": time.monotonic() - started}


if __name__ == "__main__":
    main()
