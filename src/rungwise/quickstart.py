"""The main job in one command: problems, cold start, GRPO, the control, evaluation, report; resumable at every stage.

Stages, each in its own folder of the run and skipped when done:

1. cold start: SFT of the embedded base model on a small set of worked solutions until held-out accuracy stops rising;
2. GRPO from there on fresh questions with answers only, for a fixed number of seconds;
3. control: SFT from the same cold start on the same solutions, for the same number of seconds;
4. evaluation of all three on `base` (and on a CauGym file with --real), beside baselines and the exact solver;
5. report.md with a table, a reward curve, a bar chart and three problems before and after.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from rungwise.evaluate.report import write_report
from rungwise.evaluate.run import evaluate
from rungwise.posttrain.common import settle, write_text
from rungwise.posttrain.run import TrainRecipe, train
from rungwise.posttrain.run import recipe as named_recipe
from rungwise.problems.baselines import BASELINES

Report = Callable[[str, dict[str, Any]], None]
"""Receives the stage's name and a dictionary with "seconds" and "of", or "done" and "of" items."""

EXAMPLES = 3


def quickstart(
    out: Path, seed: int, real: Path | None, smoke: bool, overrides: list[str], report: Report, command: str
) -> dict[str, Any]:
    """Run (or resume, or just report again) the main job in ``out``; returns INTERFACE's quickstart object.

    Raises:
        UserError: ``out`` holds a run with other settings, or ``real`` is no CauGym file.
    """
    recipe = replace(named_recipe("tiny-smoke" if smoke else "tiny", overrides), seed=seed)
    recipe = replace(recipe, sft=replace(recipe.sft, seed=seed), grpo=replace(recipe.grpo, seed=seed))
    items = 70 if smoke else 700
    settle(out, {"command": "quickstart", "items": items, **asdict(recipe)})
    started = time.monotonic()
    stages = _train_all(out, recipe, report)
    models = {"cold start": "cold_start", "SFT control": "sft_control", "GRPO": "grpo"}
    rows: dict[str, dict[str, Any]] = {}
    for name in [*BASELINES, "exact"]:
        rows[name] = _evaluate(name, "base", out / "evaluate" / name, recipe, items, report)
    for title, stage in models.items():
        rows[title] = _evaluate(stages[stage]["model"], "base", out / "evaluate" / stage, recipe, items, report)
    rows["exact"] = rows.pop("exact")  # the ceiling stands last
    found_real = None
    if real is not None:
        folder = out / "evaluate" / f"real-{real.stem}"
        found_real = _evaluate(stages["grpo"]["model"], f"caugym:{real}", folder, recipe, None, report)
    spent = _add_time(out, time.monotonic() - started)
    curve = [json.loads(line) for line in (out / "grpo" / "metrics.jsonl").read_text().splitlines()]
    path = write_report(
        out,
        rows,
        [row for row in curve if "reward" in row],
        _examples(out),
        {
            "command": command,
            "seconds": round(spent),
            "seed": seed,
            "solutions a task": recipe.solutions,
            "training seconds": {stage: round(result["seconds"]) for stage, result in stages.items()},
            "real": found_real,
        },
    )
    return {
        "seconds": round(spent, 1),
        "cold_start": rows["cold start"],
        "sft_control": rows["SFT control"],
        "grpo": rows["GRPO"],
        "real": found_real,
        "report": str(path),
    }


def _train_all(out: Path, recipe: TrainRecipe, report: Report) -> dict[str, dict[str, Any]]:
    cold = train(recipe, "sft", None, out / "cold_start", lambda row: report("cold start", row))
    grpo = train(recipe, "grpo", cold["model"], out / "grpo", lambda row: report("GRPO", row))
    # The control continues where the cold start ended: its own data stream, no warm-up from scratch, no early stop.
    more = replace(recipe, sft=replace(recipe.sft, seconds=recipe.grpo.seconds, check_every=0, seed=recipe.seed + 1))
    control = train(more, "sft", cold["model"], out / "sft_control", lambda row: report("SFT control", row))
    return {"cold_start": cold, "grpo": grpo, "sft_control": control}


def _evaluate(
    model: str, suite: str, folder: Path, recipe: TrainRecipe, items: int | None, report: Report
) -> dict[str, Any]:
    return evaluate(
        model,
        suite,
        view=recipe.view,
        n=items,
        seed=recipe.seed,
        out=folder,
        progress=lambda done, of: report(f"evaluate {folder.name}", {"done": done, "of": of}),
    )


def _add_time(out: Path, seconds: float) -> float:
    """Seconds of work so far, over all runs of the command; a run that found everything done adds nothing much."""
    path = out / "seconds.json"
    before = json.loads(path.read_text())["seconds"] if path.exists() else 0.0
    write_text(path, json.dumps({"seconds": before + seconds}))
    return float(before + seconds)


def _examples(out: Path) -> list[dict[str, Any]]:
    """Problems that GRPO turned from wrong to right (then others), with what was written before and after."""
    before, after = (
        [json.loads(line) for line in (out / "evaluate" / stage / "predictions.jsonl").read_text().splitlines()]
        for stage in ("cold_start", "grpo")
    )
    pairs = sorted(zip(before, after, strict=True), key=lambda p: (p[0]["score"] - p[1]["score"], p[0]["index"]))
    chosen, tasks = [], set()
    for old, new in pairs:
        if old["task"] not in tasks:
            tasks.add(old["task"])
            chosen.append((old, new))
    return [{"index": old["index"], "before": old["text"], "after": new["text"], "truth": old["truth"]} for old, new in chosen[:EXAMPLES]]
