"""The main job in one command: problems, cold start, GRPO, the control, evaluation, report; resumable at every stage.

Stages, each in its own folder of the run and skipped when done:

1. cold start: SFT of the embedded base model on a small set of worked solutions until held-out accuracy stops rising;
2. GRPO from there on fresh questions with answers only, for a fixed number of seconds;
3. control: SFT from the same cold start on the same solutions, for the same number of seconds;
4. evaluation of all three on `base` (and of GRPO on a CauGym file with --real), beside baselines and the exact solver;
5. report.md with a table, a reward curve, a bar chart and three problems before and after.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import Any

from rungwise.evaluate.quick import value_accuracy
from rungwise.evaluate.report import write_report
from rungwise.evaluate.run import PREDICTIONS, evaluate
from rungwise.evaluate.statistics import paired_difference
from rungwise.files import read_json, read_json_lines, write_json
from rungwise.language_models import local_folder
from rungwise.posttrain.common import quiet, settle
from rungwise.posttrain.run import train
from rungwise.posttrain.settings import TrainRecipe
from rungwise.posttrain.settings import recipe as named_recipe
from rungwise.problems.baselines import BASELINES
from rungwise.suites.items import generate
from rungwise.wording.answers import solution_text

Report = Callable[[str, dict[str, Any]], None]
"""Receives the stage's name and a dictionary with "seconds" and "of", or "done" and "of" items."""

STAGES = {"cold_start": "cold start", "sft_control": "SFT control", "grpo": "GRPO"}
"""Trained stages: folder (and key of the result) -> name in tables."""

ITEMS = 700
EXAMPLES = 3
KEEP_EVERY = 2.0
"""Seconds between two writings of the seconds so far."""


@quiet()
def quickstart(
    out: Path, seed: int, real: Path | None, smoke: bool, overrides: list[str], report: Report, command: str
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Run (or resume, or just report again) the main job in ``out``.

    Returns:
        INTERFACE's quickstart object, and the results of every row of the final table by name.

    Raises:
        UserError: no such model, ``out`` holds a run with other settings, or ``real`` is no CauGym file.
    """
    recipe = named_recipe("tiny", [*overrides, f"seed={seed}"], smoke)
    items = ITEMS // 10 if smoke else ITEMS
    local_folder(recipe.model)
    settle(out, {"command": "quickstart", "items": items, **asdict(recipe)})
    watch = Stopwatch(out / "seconds.json")
    report = watch.kept_by(report)
    stages = _train_all(out, recipe, report)

    def score(model: str, suite: str, folder: str, n: int | None) -> dict[str, Any]:
        return evaluate(
            model,
            suite,
            view=recipe.view,
            n=n,
            seed=recipe.seed,
            max_new_tokens=recipe.grpo.max_completion,
            out=out / "evaluate" / folder,
            progress=lambda done, of, right: report(f"evaluate {folder}", {"done": done, "of": of, "accuracy": right}),
        )

    rows = {name: score(name, "base", name, items) for name in BASELINES}
    rows |= {name: score(stages[stage]["model"], "base", stage, items) for stage, name in STAGES.items()}
    rows["exact"] = score("exact", "base", "exact", items)
    found_real = score(stages["grpo"]["model"], f"caugym:{real}", f"real-{real.stem}", None) if real else None
    seconds = watch.keep()
    curve = [row for _, row in read_json_lines(out / "grpo" / "metrics.jsonl") if "reward" in row]
    before, control, after = (_predictions(out, stage) for stage in STAGES)
    difference = paired_difference([row["value_correct"] for row in after], [row["value_correct"] for row in control])
    facts = {
        "command": command,
        "seed": seed,
        "seconds": round(seconds),
        "training seconds": {STAGES[stage]: round(result["seconds"]) for stage, result in stages.items()},
        "training steps": {STAGES[stage]: result["steps"] for stage, result in stages.items()},
        "worked solutions a task": recipe.solutions,
        "items evaluated": items,
        "difference": difference,
        "real": found_real,
    }
    path = write_report(out, rows, curve, _examples(recipe, items, before, after), facts)
    result = {
        "seconds": round(seconds, 1),
        **{stage: rows[name] for stage, name in STAGES.items()},
        "real": found_real,
        "report": str(path),
    }
    return result, rows


class Stopwatch:
    """Seconds of work over all runs of the command, kept on the way so that those of a killed run count."""

    def __init__(self, path: Path) -> None:
        self.path, self.started = path, time.monotonic()
        self.before: float = read_json(path)["seconds"] if path.exists() else 0.0
        self.kept = self.started

    def keep(self) -> float:
        """Write the seconds so far, and return them."""
        self.kept = time.monotonic()
        total = self.before + self.kept - self.started
        write_json(self.path, {"seconds": total})
        return total

    def kept_by(self, report: Report) -> Report:
        """The same report, which also keeps the seconds now and then."""

        def timed(stage: str, row: dict[str, Any]) -> None:
            if time.monotonic() - self.kept > KEEP_EVERY:
                self.keep()
            report(stage, row)

        return timed


def _train_all(out: Path, recipe: TrainRecipe, report: Report) -> dict[str, dict[str, Any]]:
    recipe = replace(recipe, sft=replace(recipe.sft, seconds=recipe.grpo.seconds))

    def run(stage: str, method: str, model: str | None) -> dict[str, Any]:
        return train(recipe, method, model, out / stage, lambda row: report(STAGES[stage], row), value_accuracy)

    cold = run("cold_start", "cold_start", None)
    # The control goes on where the cold start ended, on the same solutions in new dress, for as long as GRPO.
    control = run("sft_control", "sft", cold["model"])
    grpo = run("grpo", "grpo", cold["model"])
    return {"cold_start": cold, "sft_control": control, "grpo": grpo}


def _predictions(out: Path, stage: str) -> list[dict[str, Any]]:
    return [row for _, row in read_json_lines(out / "evaluate" / stage / PREDICTIONS)]


def _examples(
    recipe: TrainRecipe, items: int, before: list[dict[str, Any]], after: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Problems of different tasks, those first that GRPO turned from wrong to right."""
    pairs = sorted(zip(before, after, strict=True), key=lambda pair: pair[0]["score"] - pair[1]["score"])
    by_task: dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {}
    for old, new in pairs:
        by_task.setdefault(old["task"], (old, new))
    problems = list(islice(generate("base", items, recipe.seed, recipe.view), items))
    return [
        {
            "prompt": problems[old["index"]].text,
            "before": old["text"],
            "after": new["text"],
            "truth": old["truth"],
            "solution": solution_text(problems[old["index"]].problem, recipe.view),
        }
        for old, new in list(by_task.values())[:EXAMPLES]
    ]
