"""What the runs of a study cost, how they went, and what their models got wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rungwise.evaluate.questions import load_suite
from rungwise.evaluate.run import PREDICTIONS
from rungwise.files import read_json, read_json_lines, read_log
from rungwise.posttrain.health import HEALTH
from rungwise.posttrain.settings import OnlineSettings, TrainRecipe, method_settings
from rungwise.study_cells import DIAGNOSES
from rungwise.wording.answers import solution_text

CURVES = ("reward", "accuracy", "rewards/accuracies", "mean_token_accuracy", "loss")
"""Metrics of a run that are worth a picture, the most telling first."""
PICTURES = 2
"""Curves shown of each method."""
EXAMPLES = 3
RIGHT = "right"
"""The kind of a diagnosis that finds nothing wrong."""

Curve = list[tuple[float, float]]
"""(seconds, value) pairs."""


def cost(out: Path, folders: Sequence[str], method: str, recipe: TrainRecipe) -> dict[str, Any]:
    """Means over the seeds of a method's seconds, steps, samples and tokens; None where it was not logged."""
    settings: Any = method_settings(recipe, method)
    online = isinstance(settings, OnlineSettings)
    a_step = settings.prompts * settings.group // settings.updates if online else settings.batch
    done = [read_json(out / folder / method / "done.json") for folder in folders]
    tokens = [_last(out / folder / method, "num_tokens") for folder in folders]
    steps = _mean([found["steps"] for found in done])
    return {
        "limit": settings.seconds,
        "seconds": _mean([found["seconds"] for found in done]),
        "steps": steps,
        "samples": steps * a_step,
        "tokens": None if None in tokens else _mean([t for t in tokens if t is not None]),
    }


def health(out: Path, folders: Sequence[str], method: str) -> list[dict[str, Any]]:
    """The warnings of a method's runs: "run", "name", "step" and "sentence" of each."""
    found = []
    for folder in folders:
        path = out / folder / method / HEALTH
        found += [{"run": f"{folder}/{method}", **warning} for warning in (read_json(path) if path.exists() else [])]
    return found


def curves(out: Path, folders: Sequence[str], method: str) -> dict[str, dict[str, Curve]]:
    """Metric -> run -> curve, of the most telling metrics that the method logs."""
    logs = {folder: read_log(out / folder / method / "metrics.jsonl") for folder in folders}
    found: dict[str, dict[str, Curve]] = {}
    for metric in CURVES:
        lines = {f: [(row["seconds"], row[metric]) for row in rows if metric in row] for f, rows in logs.items()}
        if any(lines.values()) and len(found) < PICTURES:
            found[metric] = lines
    return found


def errors(out: Path, folders: Sequence[str], model: str, suite: str) -> dict[str, Any]:
    """What is wrong with a model's answers on a suite, all seeds together: wrong answers by kind and by first wrong
    step, and how many right ones have a wrong or missing step."""
    rows = [
        row for folder in folders for _, row in read_json_lines(out / folder / "evaluate" / model / suite / DIAGNOSES)
    ]
    wrong = [row for row in rows if row["kind"] != RIGHT]
    return {
        "answers": len(rows),
        "wrong": len(wrong),
        "kinds": dict(Counter(row["kind"] for row in wrong).most_common()),
        "steps": dict(Counter(row["step"] or "none" for row in wrong).most_common()),
        "right_by_wrong_steps": sum(row["kind"] == RIGHT and row["step"] is not None for row in rows),
    }


def examples(out: Path, folder: str, models: tuple[str, str], recipe: TrainRecipe) -> list[dict[str, Any]]:
    """Problems of the first seed and suite, of different tasks, those first that ``models[1]`` has right and
    ``models[0]`` wrong."""
    suite = recipe.study.suites[0]
    before, after = (
        [
            row
            for _, row in read_json_lines(out / folder / "evaluate" / model / suite / PREDICTIONS)
            if not row["sample"]
        ]
        for model in models
    )
    by_task: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
    for pair in sorted(zip(before, after, strict=True), key=lambda pair: pair[0]["score"] - pair[1]["score"]):
        by_task.setdefault(pair[0]["task"], pair)
    questions = load_suite(suite, recipe.view, recipe.study.items, recipe.seed).questions
    return [
        {
            "prompt": questions[old["index"]].prompt,
            "before": old["text"],
            "after": new["text"],
            "truth": old["truth"],
            "solution": solution_text(questions[old["index"]].problem, recipe.view),
        }
        for old, new in list(by_task.values())[:EXAMPLES]
    ]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _last(folder: Path, metric: str) -> float | None:
    """The newest value of a metric, None where it was never logged."""
    logged = [row[metric] for row in read_log(folder / "metrics.jsonl") if metric in row]
    return logged[-1] if logged else None
